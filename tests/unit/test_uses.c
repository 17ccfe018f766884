/* SPDX-License-Identifier: MIT */
/* Scanning monitors: which uses are found in which C, with what they demand; which uses are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfront/cfront.h"
#include "tests/support/making.h"
#include "tests/unit/cfront_here.h"

/* Ten lines; what a case adds begins on the eleventh. */
static const char declarations[] =
	"#include <semgap/monitor.h>\n"
	"typedef struct { unsigned val; } kuid_t; struct list_head { struct list_head *next; };\n"
	"struct mm { void *pgd; long words[2]; }; struct mm___old { struct mm *mmap; };\n"
	"enum colour { GREEN = 99 }; struct cred { kuid_t uid; };\n"
	"struct task { int pid; unsigned char tiny; unsigned flag : 1; char comm[16]; long state\n"
	"GAP_ALSO(old_state) GAP_ALSO(older_state); uint64_t start; struct mm *mm; struct "
	"list_head\n"
	"tasks; struct cred *cred; unsigned numbers[4]; union { int inside; struct { int deep; }; "
	"};\n"
	"struct { struct { int nested GAP_ALSO(nest); } far; } nameless; char tail[]; };\n"
	"extern struct task init_task; extern struct task *current_task; extern long table[];\n"
	"#include \"absent.gap.h\"\n";

static char path[] = "/tmp/semgap-uses-XXXXXX.c";

static enum gap_status scan(const char *text, struct gap_wanted *wanted, struct gap_error *error)
{
	static const char *const arguments[] = {"-DSEMGAP_SCAN",
						"-I" SEMGAP_SOURCE_DIR "/runtime/include"};
	struct gap_cfront_options options = {
		.arguments = arguments, .argument_count = 2, .absent_ending = ".gap.h"};
	struct gap_cfront_unit *unit = NULL;
	FILE *file = fopen(path, "w");
	enum gap_status status;

	assert_non_null(file);
	fprintf(file, "%s%s\n", declarations, text);
	assert_int_equal(fclose(file), 0);
	status = gap_cfront_open(path, &options, &unit, error);
	if (!status)
		status = gap_cfront_uses(unit, wanted, NULL, NULL, error);
	gap_cfront_close(unit);
	return status;
}

/* "struct task.pid int4", then the demands in single letters, then "@LINE" of each use. */
static void describe(const struct gap_wanted *wanted, char *text, size_t capacity)
{
	static const char *const forms[] = {"any", "int", "word", "ptr", "struct", "array", "bits"};
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < wanted->count; i++) {
		const struct gap_wanted_item *item = &wanted->items[i];

		used += (size_t)snprintf(text + used, capacity - used, "%s", i ? "; " : "");
		if (item->kind == GAP_WANT_FIELD)
			used += (size_t)snprintf(text + used, capacity - used, "%s%s%s.%s %s%u",
						 item->declared, *item->base ? "/" : "", item->base,
						 item->member, forms[item->form], item->size_bytes);
		else
			used += (size_t)snprintf(text + used, capacity - used, "%s %s",
						 item->kind == GAP_WANT_SYMBOL ? "symbol"
						 : item->kind == GAP_WANT_TYPE ? "type"
									       : "enumerator",
						 item->name);
		used += (size_t)snprintf(text + used, capacity - used, "%s%s%s%s%s%s%s%s",
					 item->is_signed ? "s" : "", *item->also ? "|" : "",
					 item->also, item->optional ? " optional" : "",
					 item->widen ? " widen" : "", item->whole ? " whole" : "",
					 item->percpu ? " percpu" : "",
					 item->read ? "" : " unread");
		for (size_t u = 0; u < item->use_count; u++)
			used += (size_t)snprintf(text + used, capacity - used, " @%u",
						 item->uses[u].line);
	}
}

#define IN_FUNCTION(body)                                                                          \
	"long f(struct gap_monitor *m, struct task *task) { long x = 0; char text[17]; "           \
	"(void)text; "                                                                             \
	"(void)task; (void)m; " body " return x; }"

static const struct {
	const char *text, *wanted;
} found[] = {
	/* one value, by its declaration */
	{IN_FUNCTION("x = GAP_READ(m, task, pid);"), "struct task.pid int4s @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, tiny);"), "struct task.tiny int1 @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, state);"),
	 "struct task.state word8s|old_state|older_state @11"},
	{IN_FUNCTION("x = (long)GAP_READ(m, task, start);"), "struct task.start int8 @11"},
	{IN_FUNCTION("x = GAP_BITS(m, task, flag);"), "struct task.flag bits4 @11"},
	{IN_FUNCTION("x = GAP_WIDEN(m, task, pid);"), "struct task.pid int4s widen @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, inside);"), "struct task.inside int4s @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, deep);"), "struct task.deep int4s @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, nameless, far, nested);"),
	 "struct task.nameless struct0 @11; struct task/nameless.far struct0 @11; "
	 "struct task/nameless.far.nested int4s|nameless.far.nest @11"},
	/* paths */
	{IN_FUNCTION("x = (long)GAP_READ(m, task, mm, pgd);"),
	 "struct mm.pgd ptr8 @11; struct task.mm ptr8 @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, cred, uid, val);"),
	 "kuid_t.val int4 @11; struct cred.uid struct0 @11; struct task.cred ptr8 @11"},
	{IN_FUNCTION("x = (long)GAP_READ(m, GAP_READ(m, task, mm), pgd);"),
	 "struct mm.pgd ptr8 @11; struct task.mm ptr8 @11"},
	/* places, arrays, texts */
	{IN_FUNCTION("x = (long)GAP_ADDRESS(m, task, tasks);"), "struct task.tasks struct0 @11"},
	{IN_FUNCTION("x = (long)GAP_ADDRESS(m, task, pid);"), "struct task.pid int4s unread @11"},
	{IN_FUNCTION("x = (long)GAP_ADDRESS(m, task, tail);"), "struct task.tail array1 @11"},
	{IN_FUNCTION("GAP_STRING(m, text, task, comm);"), "struct task.comm array1 @11"},
	{IN_FUNCTION("unsigned n[4]; GAP_COPY(m, n, task, numbers);"),
	 "struct task.numbers array4 whole @11"},
	{IN_FUNCTION("x = GAP_LOAD(m, GAP_INDEX(m, GAP_ADDRESS(m, task, mm, words), 1));"),
	 "struct mm.words array0 @11; struct task.mm ptr8 @11"},
	{IN_FUNCTION("x = GAP_READ(m, GAP_INDEX(m, task, 3), pid);"),
	 "struct task.pid int4s @11; type task @11"},
	/* what may be absent */
	{IN_FUNCTION("x = GAP_HAS(m, struct task, pid);"),
	 "struct task.pid int4s optional unread @11"},
	{IN_FUNCTION("x = GAP_READ_OR(m, -1, task, pid);"), "struct task.pid int4s optional @11"},
	{IN_FUNCTION("x = (long)GAP_READ_OR(m, NULL, task, mm, pgd);"),
	 "struct mm.pgd ptr8 optional @11; struct task.mm ptr8 optional @11"},
	{IN_FUNCTION("x = GAP_READ(m, GAP_OPTIONAL(task), pid);"),
	 "struct task.pid int4s optional @11"},
	{IN_FUNCTION("x = GAP_READ(m, GAP_OPTIONAL(task), pid) + GAP_READ(m, task, pid);"),
	 "struct task.pid int4s @11"},
	{IN_FUNCTION("x = GAP_READ(m, GAP_OPTIONAL(GAP_READ(m, task, mm)), pgd) != 0;"),
	 "struct mm.pgd ptr8 optional @11; struct task.mm ptr8 @11"},
	{IN_FUNCTION("x = (long)GAP_READ(m, GAP_OPTIONAL((struct mm___old *)0), mmap);"),
	 "struct mm___old.mmap ptr8 optional @11"},
	{IN_FUNCTION("x = (long)GAP_INDEX(m, GAP_OPTIONAL(task), 3);"), "type task optional @11"},
	/* symbols, enumerators, types */
	{IN_FUNCTION("x = (long)GAP_SYMBOL(m, init_task);"), "symbol init_task @11"},
	{IN_FUNCTION("x = (long)GAP_SYMBOL(m, table);"), "symbol table @11"},
	{IN_FUNCTION("x = (long)GAP_SYMBOL_OR_NULL(m, init_task);"),
	 "symbol init_task optional @11"},
	{IN_FUNCTION("x = GAP_HAS_SYMBOL(m, init_task);"), "symbol init_task optional unread @11"},
	{IN_FUNCTION("x = (long)GAP_LOAD(m, GAP_PERCPU(m, 1, current_task));"),
	 "symbol current_task percpu @11"},
	{IN_FUNCTION("x = GAP_ENUM(m, GREEN);"), "enumerator GREEN @11"},
	{IN_FUNCTION("x = GAP_ENUM_OR(m, 3, GREEN);"), "enumerator GREEN optional @11"},
	{IN_FUNCTION("x = (long)GAP_SIZE(m, struct task);"), "type task @11"},
	{IN_FUNCTION("x = GAP_HAS_TYPE(m, kuid_t);"), "type kuid_t optional unread @11"},
	{IN_FUNCTION("char own[sizeof(task->comm) + 1]; GAP_STRING(m, own, task, comm);"),
	 "struct task.comm array1 @11"},
	{IN_FUNCTION("x = GAP_READ(m, task, pid) + (long)sizeof(struct task *);"),
	 "struct task.pid int4s @11"},
	/* lists */
	{IN_FUNCTION("struct task *t; GAP_LIST_FOR_EACH(t, m, GAP_ADDRESS(m, task, tasks), tasks)\n"
		     "x += GAP_READ(m, t, pid);"),
	 "struct task.pid int4s @12; struct task.tasks struct0 @11"},
	{IN_FUNCTION(
		 "x = (long)GAP_CONTAINER(m, GAP_ADDRESS(m, task, tasks), struct task, tasks);"),
	 "struct task.tasks struct0 @11"},
	/* wherever C lets one write */
	{"#define PID(t) GAP_READ(m, t, pid)\n" IN_FUNCTION("x = PID(task) +\nPID(task);"),
	 "struct task.pid int4s @12 @13"},
	{"typedef struct task *handle;\n" IN_FUNCTION("handle h = task; x = GAP_READ(m, h, pid);"),
	 "struct task.pid int4s @12"},
	{IN_FUNCTION("x = m ? 1 + (int)sizeof(int) * GAP_READ(m, task + 0, pid) : 0;"),
	 "struct task.pid int4s @11"},
	{"static inline int g(struct gap_monitor *m, const struct task *t)\n"
	 "{ return GAP_READ(m, t, pid); }",
	 "struct task.pid int4s @12"},
	{"struct gap_monitor *own; struct own { int pid; };\nint g(struct own *o) { return o->pid; "
	 "}",
	 ""},
};

static void uses_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		struct gap_wanted wanted = {NULL, 0, 0};
		struct gap_error error = {""};
		char text[2048];

		if (scan(found[i].text, &wanted, &error))
			fail_msg("%s: %s", found[i].text, error.text);
		describe(&wanted, text, sizeof(text));
		if (strcmp(text, found[i].wanted) != 0)
			fail_msg("%s:\n\"%s\"\nin place of\n\"%s\"", found[i].text, text,
				 found[i].wanted);
		gap_wanted_deinit(&wanted);
	}
}

static const struct {
	const char *text;
	enum gap_status status;
	const char *words;
} wrong[] = {
	{IN_FUNCTION("x = GAP_READ(m, task, pid) + task->pid;"), GAP_INVALID,
	 ":11: struct task.pid is read by C itself"},
	{IN_FUNCTION("x = (long)GAP_READ(m, task->mm, pgd) + GAP_READ(m, task, pid);"), GAP_INVALID,
	 "struct task.mm is read by C itself"},
	{"#define BAD(t) ((t)->pid)\n" IN_FUNCTION("x = GAP_READ(m, task, pid) + BAD(task);"),
	 GAP_INVALID, ":12: struct task.pid is read by C itself"},
	{IN_FUNCTION("x = GAP_READ(m, task, pid) + init_task.pid;"), GAP_INVALID,
	 "struct task.pid is read by C itself"},
	{IN_FUNCTION("x = GAP_READ(m, task, pid) + (long)sizeof(struct task);"), GAP_INVALID,
	 ":11: this is the size of the monitor's own struct task"},
	{IN_FUNCTION("x = GAP_BITS(m, task, pid);"), GAP_INVALID, "is no bit-field"},
	{IN_FUNCTION("long w[2]; GAP_COPY(m, w, task, mm, words);"), GAP_INVALID,
	 "only arrays of integers of fixed width"},
	{IN_FUNCTION("x = (long)GAP_LOAD(m, (uint64_t *)0);"), GAP_INVALID, "long long"},
	{"struct task mine;\nstruct task *g(struct gap_monitor *m) { return GAP_SYMBOL(m, mine); }",
	 GAP_INVALID, "mine is the monitor's own"},
	{IN_FUNCTION("x = (long)GAP_SYMBOL(m, current_task);\n"
		     "x = (long)GAP_PERCPU(m, 0, current_task);"),
	 GAP_MISMATCH, "per CPU for one of"},
	/* what C itself finds wrong */
	{IN_FUNCTION("x = GAP_READ(m, task, ghost);"), GAP_INVALID, "'ghost'"},
	{IN_FUNCTION("x = GAP_READ(m, task, tasks);"), GAP_INVALID, "tasks is a structure"},
	{IN_FUNCTION("x = GAP_READ(m, task, comm);"), GAP_INVALID, "comm is an array"},
	{IN_FUNCTION("x = GAP_READ(m, task, flag);"), GAP_INVALID, "bit-field"},
	{IN_FUNCTION("x = GAP_READ(m, task, pid, val);"), GAP_INVALID, "not a pointer"},
	{IN_FUNCTION("char *p = text; GAP_STRING(m, p, task, comm);"), GAP_INVALID,
	 "must be an array of char"},
	{IN_FUNCTION("GAP_STRING(m, text, task, mm);"), GAP_INVALID, "mm is not made of char"},
	{IN_FUNCTION("unsigned n[3]; GAP_COPY(m, n, task, numbers);"), GAP_INVALID,
	 "not as large as numbers"},
	{IN_FUNCTION("x = (long)GAP_CONTAINER(m, task, struct task, tasks);"), GAP_INVALID,
	 "something else than tasks"},
};

static void wrong_uses_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct gap_wanted wanted = {NULL, 0, 0};
		struct gap_error error = {""};
		enum gap_status status = scan(wrong[i].text, &wanted, &error);

		if (status != wrong[i].status || !strstr(error.text, wrong[i].words))
			fail_msg("%s: %s: %s", wrong[i].text, gap_status_name(status), error.text);
		gap_wanted_deinit(&wanted);
	}
}

static int make_path(void **state)
{
	int file = mkstemps(path, 2);

	(void)state;
	return file < 0 || close(file) != 0;
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uses_are_found),
		cmocka_unit_test(wrong_uses_are_told),
	};

	if (!cfront_is_here(SEMGAP_SOURCE_DIR "/tests/unit/cfront_shapes.h"))
		return CFRONT_SKIPPED;
	return cmocka_run_group_tests(tests, make_path, drop_path);
}
