/* SPDX-License-Identifier: MIT */
/* The process view: what is read of a task, the state letters of ps, and lists and pointers that a
 * guest has bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/tasks.h"
#include "tests/support/synthetic.h"

#define PF_KTHREAD 0x00200000u

struct fixture {
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint64_t init, kthreadd, shell;
};

static unsigned char *task_at(struct fixture *fixture, uint64_t address)
{
	return synthetic_heap(&fixture->synthetic, address);
}

/* init, a kernel thread, and a shell of user 1000 whose parent is init. */
static int make_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct synthetic *synthetic;
	unsigned char *shell;
	uint64_t cred, idle;

	if (!fixture)
		return 1;
	synthetic = &fixture->synthetic;
	synthetic_init(synthetic, 4);
	idle = SYNTHETIC_INIT_TASK + synthetic->slide;
	fixture->init = synthetic_task(synthetic, 1, idle, "init");
	fixture->kthreadd = synthetic_task(synthetic, 2, idle, "kthreadd");
	fixture->shell = synthetic_task(synthetic, 4194303, fixture->init, "sixteen bytes!!");
	synthetic_put32(task_at(fixture, fixture->kthreadd) + TASK_FLAGS, PF_KTHREAD | 0x40);
	shell = task_at(fixture, fixture->shell);
	synthetic_put64(shell + TASK_START, 0x123456789abcu);
	synthetic_put64(shell + TASK_MM, 0xffff888000001000u);
	memcpy(&cred, shell + TASK_REAL_CRED, sizeof(cred));
	synthetic_put32(task_at(fixture, cred) + CRED_UID, 1000);
	synthetic_put32(task_at(fixture, cred) + CRED_GID, 4294967294u);
	fixture->guest = synthetic_open(synthetic);
	*state = fixture;
	return 0;
}

static int drop_fixture(void **state)
{
	struct fixture *fixture = *state;

	gap_guest_close(fixture->guest);
	synthetic_deinit(&fixture->synthetic);
	free(fixture);
	return 0;
}

/* Opens the guest again with another profile. */
static void take_profile(struct fixture *fixture, const struct synthetic_profile *profile)
{
	gap_guest_close(fixture->guest);
	synthetic_profile(&fixture->synthetic, profile);
	fixture->guest = synthetic_open(&fixture->synthetic);
}

static struct gap_tasks begin(struct fixture *fixture)
{
	struct gap_tasks tasks;
	struct gap_error error = {""};
	enum gap_status status = gap_tasks_init(&tasks, fixture->guest, &error);

	if (status)
		fail_msg("%s", error.text);
	return tasks;
}

/* Walks to the end; @last is the last task. */
static int count_tasks(struct gap_tasks *tasks, struct gap_task *last)
{
	int count = 0;

	while (gap_tasks_next(tasks, last))
		count++;
	return count;
}

static void partial(struct fixture *fixture, int expected, const char *word)
{
	struct gap_tasks tasks = begin(fixture);
	struct gap_task task;

	assert_int_equal(count_tasks(&tasks, &task), expected);
	assert_int_equal(tasks.status, GAP_PARTIAL);
	if (!strstr(tasks.reason, word))
		fail_msg("\"%s\" does not say \"%s\"", tasks.reason, word);
}

static void every_member_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct gap_tasks tasks = begin(fixture);
	struct gap_task task;

	assert_true(gap_tasks_next(&tasks, &task));
	assert_int_equal(task.address.value, fixture->init);
	assert_true(task.pid == 1 && task.tgid == 1 && task.ppid == 0);
	assert_string_equal(task.comm, "init");
	assert_int_equal(task.kernel_thread, 0);
	assert_true(gap_tasks_next(&tasks, &task));
	assert_true(task.pid == 2 && task.ppid == 0 && task.kernel_thread == 1);
	assert_true(gap_tasks_next(&tasks, &task));
	assert_true(task.pid == 4194303 && task.ppid == 1);
	assert_true(task.uid == 1000 && task.gid == 4294967294u);
	assert_string_equal(task.comm, "sixteen bytes!!");
	assert_int_equal(task.start_ns, 0x123456789abcu);
	assert_int_equal(task.mm.value, 0xffff888000001000u);
	assert_int_equal(task.state, 'R');
	assert_int_equal(task.known, GAP_TASK_TGID | GAP_TASK_PPID | GAP_TASK_UID | GAP_TASK_GID |
					     GAP_TASK_COMM | GAP_TASK_STATE | GAP_TASK_KERNEL |
					     GAP_TASK_START);
	assert_false(gap_tasks_next(&tasks, &task));
	assert_int_equal(tasks.status, GAP_OK);
}

static void a_name_without_an_end_has_one_here(void **state)
{
	struct fixture *fixture = *state;
	struct gap_tasks tasks = begin(fixture);
	struct gap_task task;

	memset(task_at(fixture, fixture->shell) + TASK_COMM, 'x', 16);
	assert_int_equal(count_tasks(&tasks, &task), 3);
	assert_string_equal(task.comm, "xxxxxxxxxxxxxxxx");
}

static void states_are_those_of_ps(void **state)
{
	static const struct {
		uint32_t state, exit_state;
		char letter;
	} cases[] = {
		{0, 0, 'R'},       {1, 0, 'S'},       {2, 0, 'D'},      {0x102, 0, 'D'},
		{0x104, 0, 'T'},   {0x108, 0, 't'},   {0x40, 0, 'P'},   {0x402, 0, 'I'},
		{0x2402, 0, 'I'},  {0x2001, 0, 'S'},  {0x1000, 0, 'D'}, {0x8000, 0, 'D'},
		{0x80, 0x20, 'Z'}, {0x80, 0x10, 'X'}, {0, 0x20, 'Z'},   {0x40, 0x20, 'Z'},
		{0x80, 0x30, 'Z'}, {0x200, 0, 'R'},   {0x800, 0, 'R'},
	};
	struct fixture *fixture = *state;
	unsigned char *shell = task_at(fixture, fixture->shell);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gap_tasks tasks = begin(fixture);
		struct gap_task task;

		synthetic_put32(shell + TASK_STATE, cases[i].state);
		synthetic_put32(shell + TASK_EXIT_STATE, cases[i].exit_state);
		count_tasks(&tasks, &task);
		if (task.state != cases[i].letter)
			fail_msg("state 0x%x, exit 0x%x: %c, not %c", cases[i].state,
				 cases[i].exit_state, task.state, cases[i].letter);
	}
}

static void old_names_serve_too(void **state)
{
	struct fixture *fixture = *state;
	struct gap_tasks tasks;
	struct gap_task task;

	synthetic_put64(task_at(fixture, fixture->shell) + TASK_STATE, 2);
	take_profile(fixture, &(struct synthetic_profile){.old_state = 1});
	tasks = begin(fixture);
	assert_int_equal(count_tasks(&tasks, &task), 3);
	assert_int_equal(task.state, 'D');
	assert_false(task.known & GAP_TASK_KERNEL); /* that profile has no flags */
}

static void what_the_profile_lacks_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	struct gap_tasks tasks;
	struct gap_error error;
	struct gap_task task;

	take_profile(fixture, &(struct synthetic_profile){.without_comm = 1});
	tasks = begin(fixture);
	assert_int_equal(count_tasks(&tasks, &task), 3);
	assert_int_equal(tasks.status, GAP_OK);
	assert_false(task.known & GAP_TASK_COMM);
	assert_string_equal(task.comm, "");
	take_profile(fixture, &(struct synthetic_profile){.without_tasks_member = 1});
	assert_int_equal(gap_tasks_init(&tasks, fixture->guest, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "tasks"));
	take_profile(fixture, &(struct synthetic_profile){.without_init_task = 1});
	assert_int_equal(gap_tasks_init(&tasks, fixture->guest, &error), GAP_NOT_FOUND);
	assert_non_null(strstr(error.text, "init_task"));
}

static void wild_pointers_make_the_view_partial(void **state)
{
	struct fixture *fixture = *state;
	unsigned char *shell = task_at(fixture, fixture->shell);
	struct gap_tasks tasks;
	struct gap_task task;

	synthetic_put64(shell + TASK_REAL_CRED, 0xdead000000000100u);
	partial(fixture, 3, "cannot be read");
	synthetic_put64(shell + TASK_REAL_PARENT, UINT64_MAX - 2);
	tasks = begin(fixture);
	assert_int_equal(count_tasks(&tasks, &task), 3);
	assert_int_equal(tasks.status, GAP_PARTIAL);
	assert_int_equal(task.pid, 4194303);
	assert_false(task.known & (GAP_TASK_PPID | GAP_TASK_UID | GAP_TASK_GID));
	assert_true(task.known & GAP_TASK_COMM);
}

static void what_is_no_task_is_told(void **state)
{
	struct fixture *fixture = *state;
	unsigned char *shell = task_at(fixture, fixture->shell);

	synthetic_put32(shell + TASK_PID, (uint32_t)-5);
	partial(fixture, 3, "pid -5");
	synthetic_put32(shell + TASK_PID, 0x7fffffff);
	partial(fixture, 3, "is no task");
}

static void bent_lists_make_the_view_partial(void **state)
{
	struct fixture *fixture = *state;
	unsigned char *shell = task_at(fixture, fixture->shell);

	synthetic_put64(shell + TASK_TASKS, fixture->kthreadd + TASK_TASKS);
	partial(fixture, 3, "loops back");
	synthetic_put64(shell + TASK_TASKS, 0);
	partial(fixture, 3, "null");
	/* The last element lies in the last bytes that are mapped: its members are not. */
	synthetic_put64(shell + TASK_TASKS,
			0xffff888000000000u + SYNTHETIC_HEAP_AT + SYNTHETIC_HEAP_BYTES - 8);
	partial(fixture, 4, "cannot be read");
}

static void the_tables_are_read_afresh(void **state)
{
	struct fixture *fixture = *state;
	struct gap_tasks tasks = begin(fixture);
	struct gap_task task;

	assert_int_equal(count_tasks(&tasks, &task), 3);
	*synthetic_entry(&fixture->synthetic, fixture->init, 3) = 0;
	partial(fixture, 0, "unmapped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)
		TEST(every_member_is_read),
		TEST(a_name_without_an_end_has_one_here),
		TEST(states_are_those_of_ps),
		TEST(old_names_serve_too),
		TEST(what_the_profile_lacks_is_unknown),
		TEST(wild_pointers_make_the_view_partial),
		TEST(what_is_no_task_is_told),
		TEST(bent_lists_make_the_view_partial),
		TEST(the_tables_are_read_afresh),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
