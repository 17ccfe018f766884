/* SPDX-License-Identifier: MIT */
/* Mappings, open files, paths and mounts of a guest, honest ones and such as a guest has bent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/include/semgap/files.h"
#include "runtime/include/semgap/maps.h"
#include "runtime/include/semgap/mounts.h"
#include "tests/support/guest_fixture.h"

#define WILD 0xdead000000000100u
#define UNMAPPED 0xffffffff00000000u
#define USER 0x400000u

/* "/" holds "folder", on which another file system with "file" is mounted. */
struct fixture {
	struct guest_fixture base;
	uint64_t root, folder, mounted, file; /* dentries */
	uint64_t below, above;                /* mounts */
	uint64_t task;
};

static int make_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct synthetic *synthetic;

	if (!fixture)
		return 1;
	guest_fixture_init(&fixture->base, &(struct object_profile){0});
	synthetic = &fixture->base.synthetic;
	fixture->root = make_dentry(synthetic, "/", 0);
	fixture->folder = make_dentry(synthetic, "folder", fixture->root);
	fixture->mounted = make_dentry(synthetic, "/", 0);
	fixture->file = make_dentry(synthetic, "file", fixture->mounted);
	fixture->below = make_mount(synthetic, fixture->root, 0, 0);
	fixture->above = make_mount(synthetic, fixture->mounted, fixture->below, fixture->folder);
	fixture->task =
		synthetic_task(synthetic, 1, SYNTHETIC_INIT_TASK + synthetic->slide, "init");
	*state = fixture;
	return 0;
}

/* ---- paths ---- */

static struct gap_path place(uint64_t mount, uint64_t dentry)
{
	struct gap_path path = {.mount = {mount + MOUNT_MNT}, .dentry = {dentry}};

	return path;
}

static struct gap_path_text print_path(struct fixture *fixture, uint64_t mount, uint64_t dentry,
				       const struct gap_path *root, const char *word)
{
	struct gap_path path = place(mount, dentry);
	struct gap_path_text text;
	struct gap_paths paths;
	enum gap_status status;

	assert_int_equal(gap_paths_init(&paths, fixture->base.guest, &fixture->base.error), GAP_OK);
	status = gap_path_print(&paths, &path, root, &text);
	assert_int_equal(status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(paths.reason, word);
	assert_int_equal(strlen(text.bytes), text.length);
	return text;
}

static void path(struct fixture *fixture, uint64_t mount, uint64_t dentry, const char *expected)
{
	struct gap_path_text text = print_path(fixture, mount, dentry, NULL, NULL);

	assert_string_equal(text.bytes, expected);
	assert_true(text.reachable);
}

static void paths_cross_mounts(void **state)
{
	struct fixture *fixture = *state;

	path(fixture, fixture->below, fixture->root, "/");
	path(fixture, fixture->below, fixture->folder, "/folder");
	path(fixture, fixture->above, fixture->mounted, "/folder");
	path(fixture, fixture->above, fixture->file, "/folder/file");
}

static void paths_are_seen_from_a_root(void **state)
{
	struct fixture *fixture = *state;
	struct gap_path root = place(fixture->above, fixture->mounted);
	struct gap_path_text text = print_path(fixture, fixture->above, fixture->file, &root, NULL);

	assert_string_equal(text.bytes, "/file");
	assert_true(text.reachable);
	text = print_path(fixture, fixture->below, fixture->folder, &root, NULL);
	assert_false(text.reachable);
}

static void what_is_deleted_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct gap_path_text text;

	put64(&fixture->base.synthetic, fixture->file, DENTRY_HASH + 8, 0);
	text = print_path(fixture, fixture->above, fixture->file, NULL, NULL);
	assert_string_equal(text.bytes, "/folder/file (deleted)");
	assert_true(text.deleted);
	put64(&fixture->base.synthetic, fixture->root, DENTRY_HASH + 8, 0); /* roots never are */
	text = print_path(fixture, fixture->below, fixture->root, NULL, NULL);
	assert_false(text.deleted);
}

/* A dentry with a name of its own, in a file system of that type. */
static uint64_t make_placeless(struct fixture *fixture, const char *type, const char *name)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t dentry = make_dentry(synthetic, name, 0), sb = synthetic_alloc(synthetic, 24);
	uint64_t ops = synthetic_alloc(synthetic, 16), fs = synthetic_alloc(synthetic, 8);
	uint64_t inode = synthetic_alloc(synthetic, 16);

	put64(synthetic, ops, OPS_DNAME, SYNTHETIC_TEXT);
	put64(synthetic, dentry, DENTRY_OPS, ops);
	put64(synthetic, dentry, DENTRY_SB, sb);
	put64(synthetic, sb, SB_TYPE, fs);
	put64(synthetic, fs, 0, make_string(synthetic, type));
	put64(synthetic, inode, INODE_NUMBER, 4026531840u);
	put64(synthetic, dentry, DENTRY_INODE, inode);
	return dentry;
}

static void files_without_a_place_have_names(void **state)
{
	static const struct {
		const char *type, *name, *path;
	} cases[] = {
		{"sockfs", "TCP", "socket:[4026531840]"},
		{"pipefs", "", "pipe:[4026531840]"},
		{"anon_inodefs", "[eventfd]", "anon_inode:[eventfd]"},
		{"pidfs", "", "anon_inode:[pidfd]"},
		{"tmpfs", "memfd:x", "/memfd:x (deleted)"},
		{"hugetlbfs", "anon_hugepage", "/anon_hugepage (deleted)"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		path(fixture, fixture->below, make_placeless(fixture, cases[i].type, cases[i].name),
		     cases[i].path);
}

static void namespaces_say_their_kind(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t dentry = make_placeless(fixture, "nsfs", "mnt");
	uint64_t common = synthetic_alloc(synthetic, 16), ops = synthetic_alloc(synthetic, 8);

	put64(synthetic, ops, 0, make_string(synthetic, "mnt"));
	put64(synthetic, common, 8, ops);
	put64(synthetic, get64(synthetic, dentry, DENTRY_INODE), INODE_PRIVATE, common);
	path(fixture, fixture->below, dentry, "mnt:[4026531840]");
	put64(synthetic, common, 8, WILD);
	print_path(fixture, fixture->below, dentry, NULL, "cannot be read");
}

static void bent_dentries_end(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;

	put64(synthetic, fixture->mounted, DENTRY_PARENT, fixture->file);
	put64(synthetic, fixture->above, MOUNT_MNT + VFSMOUNT_ROOT, fixture->root);
	print_path(fixture, fixture->above, fixture->file, NULL, "loop");
	put64(synthetic, fixture->mounted, DENTRY_PARENT, WILD);
	print_path(fixture, fixture->above, fixture->file, NULL, "cannot be read");
	put32(synthetic, fixture->file, DENTRY_NAME + 4, 0xffffffff);
	print_path(fixture, fixture->above, fixture->file, NULL, "4294967295 bytes");
	put32(synthetic, fixture->file, DENTRY_NAME + 4, 4);
	put64(synthetic, fixture->file, DENTRY_NAME + 8, UNMAPPED);
	print_path(fixture, fixture->above, fixture->file, NULL, "cannot be read");
	print_path(fixture, fixture->above, WILD, NULL, "cannot be read");
}

static void names_without_a_byte_loop_too(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;

	put32(synthetic, fixture->file, DENTRY_NAME + 4, 0);
	put64(synthetic, fixture->file, DENTRY_PARENT, fixture->folder);
	put64(synthetic, fixture->folder, DENTRY_PARENT, fixture->file);
	put32(synthetic, fixture->folder, DENTRY_NAME + 4, 0);
	print_path(fixture, fixture->above, fixture->file, NULL, "loop");
}

static void mounts_that_loop_end(void **state)
{
	struct fixture *fixture = *state;

	put64(&fixture->base.synthetic, fixture->below, MOUNT_PARENT, fixture->above);
	put64(&fixture->base.synthetic, fixture->below, MOUNT_MOUNTPOINT, fixture->mounted);
	put64(&fixture->base.synthetic, fixture->above, MOUNT_MOUNTPOINT, fixture->root);
	print_path(fixture, fixture->below, fixture->root, NULL, "mounts");
}

static void paths_need_dentries(void **state)
{
	struct fixture *fixture = *state;
	struct gap_paths paths;

	guest_fixture_reopen(&fixture->base, &(struct object_profile){.without_dentry = 1});
	assert_int_equal(gap_paths_init(&paths, fixture->base.guest, &fixture->base.error),
			 GAP_NOT_FOUND);
	says(fixture->base.error.text, "dentry");
}

/* ---- mappings ---- */

#define MAPPINGS 5

struct space {
	uint64_t mm;
	uint64_t vmas[MAPPINGS];
};

/* Text from a file, an anonymous one, heap, stack, and a shared one. */
static struct space make_space(struct fixture *fixture)
{
	static const uint64_t flags[] = {5, 3, 3, 3, 0x83};
	struct synthetic *synthetic = &fixture->base.synthetic;
	struct space space = {.mm = synthetic_alloc(synthetic, MM_BYTES)};

	for (unsigned i = 0; i < MAPPINGS; i++)
		space.vmas[i] = make_mapping(synthetic, space.mm, USER + i * 0x10000u,
					     USER + i * 0x10000u + 0x1000, flags[i]);
	put64(synthetic, space.vmas[0], VMA_FILE,
	      make_file(synthetic, fixture->above, fixture->file));
	put64(synthetic, space.vmas[0], VMA_PGOFF, 7);
	put64(synthetic, space.mm, MM_START_BRK, USER + 0x20000);
	put64(synthetic, space.mm, MM_BRK, USER + 0x20800);
	put64(synthetic, space.mm, MM_START_STACK, USER + 0x30800);
	put64(synthetic, space.mm, MM_MAP_COUNT, MAPPINGS);
	return space;
}

static void link_list(struct fixture *fixture, const struct space *space)
{
	put64(&fixture->base.synthetic, space->mm, MM_MT, space->vmas[0]);
	for (unsigned i = 0; i + 1 < MAPPINGS; i++)
		put64(&fixture->base.synthetic, space->vmas[i], VMA_NEXT, space->vmas[i + 1]);
}

/* The second is the top, the others hang to its right. */
static void link_rbtree(struct fixture *fixture, const struct space *space)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	const uint64_t *vmas = space->vmas;

	put64(synthetic, space->mm, MM_MT, vmas[1] + VMA_RB);
	put64(synthetic, vmas[1], VMA_RB + RB_LEFT, vmas[0] + VMA_RB);
	put64(synthetic, vmas[0], VMA_RB + RB_PARENT, vmas[1] + VMA_RB);
	for (unsigned i = 2; i < MAPPINGS; i++) {
		put64(synthetic, vmas[i - 1], VMA_RB + RB_RIGHT, vmas[i] + VMA_RB);
		put64(synthetic, vmas[i], VMA_RB + RB_PARENT, vmas[i - 1] + VMA_RB);
	}
}

static void link_maple(struct fixture *fixture, const struct space *space)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t leaf = make_aligned(synthetic, 256, 256);

	put64(synthetic, space->mm, MM_MT + MAPLE_ROOT, leaf | 1 << 3 | 4 | 2);
	put64(synthetic, leaf, 0, (space->mm + MM_MT) | 1);
	for (unsigned i = 0; i < MAPPINGS; i++) {
		uint64_t start = get64(synthetic, space->vmas[i], VMA_START);
		uint64_t end = get64(synthetic, space->vmas[i], VMA_END);

		put64(synthetic, leaf, MAPLE_RANGE_PIVOTS + 16u * i, start - 1);
		put64(synthetic, leaf, MAPLE_RANGE_PIVOTS + 16u * i + 8, end - 1);
		put64(synthetic, leaf, MAPLE_RANGE_SLOTS + 16u * i + 8, space->vmas[i]);
	}
}

static struct gap_maps begin_maps(struct fixture *fixture, uint64_t mm)
{
	struct gap_vaddr at = {mm};
	struct gap_maps maps;

	if (gap_maps_init(&maps, fixture->base.guest, &fixture->base.error))
		fail_msg("%s", fixture->base.error.text);
	gap_maps_begin(&maps, at);
	return maps;
}

static void check_space(struct fixture *fixture, const struct space *space)
{
	static const char *const paths[] = {"/folder/file", "", "[heap]", "[stack]", ""};
	static const char *const flags[] = {"r-xp", "rw-p", "rw-p", "rw-p", "rw-s"};
	struct gap_maps maps = begin_maps(fixture, space->mm);
	struct gap_map map;

	for (unsigned i = 0; i < MAPPINGS; i++) {
		assert_true(gap_maps_next(&maps, &map));
		assert_int_equal(map.address.value, space->vmas[i]);
		assert_int_equal(map.start, USER + i * 0x10000u);
		assert_int_equal(map.end, USER + i * 0x10000u + 0x1000);
		assert_string_equal(map.flags, flags[i]);
		assert_string_equal(map.path.bytes, paths[i]);
		assert_int_equal(map.offset, i ? 0 : 0x7000);
		assert_int_equal(map.known, GAP_MAP_FLAGS | GAP_MAP_OFFSET | GAP_MAP_PATH);
	}
	assert_false(gap_maps_next(&maps, &map));
	if (maps.status)
		fail_msg("%s", maps.reason);
}

static void mappings_are_those_of_proc(void **state)
{
	struct fixture *fixture = *state;
	struct space space = make_space(fixture);

	link_maple(fixture, &space);
	check_space(fixture, &space);
	space = make_space(fixture);
	guest_fixture_reopen(&fixture->base, &(struct object_profile){.mappings_in_list = 1});
	link_list(fixture, &space);
	check_space(fixture, &space);
	space = make_space(fixture);
	guest_fixture_reopen(&fixture->base, &(struct object_profile){.mappings_in_rbtree = 1});
	link_rbtree(fixture, &space);
	check_space(fixture, &space);
}

static void no_mm_has_no_mappings(void **state)
{
	struct gap_maps maps = begin_maps(*state, 0);
	struct gap_map map;

	assert_false(gap_maps_next(&maps, &map));
	assert_int_equal(maps.status, GAP_OK);
}

static void partial_maps(struct fixture *fixture, uint64_t mm, int expected, const char *word)
{
	struct gap_maps maps = begin_maps(fixture, mm);
	struct gap_map map;
	int count = 0;

	while (gap_maps_next(&maps, &map))
		count++;
	assert_int_equal(maps.status, GAP_PARTIAL);
	says(maps.reason, word);
	assert_int_equal(count, expected);
}

static void bent_mappings_end(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	struct space space = make_space(fixture);

	guest_fixture_reopen(&fixture->base, &(struct object_profile){.mappings_in_list = 1});
	link_list(fixture, &space);
	put64(synthetic, space.vmas[4], VMA_NEXT, space.vmas[0]);
	partial_maps(fixture, space.mm, 5, "does not lie behind");
	put64(synthetic, space.vmas[2], VMA_NEXT, space.vmas[2]);
	partial_maps(fixture, space.mm, 3, "does not lie behind");
	put64(synthetic, space.vmas[2], VMA_NEXT, WILD);
	partial_maps(fixture, space.mm, 3, "not an address");
	put64(synthetic, space.vmas[2], VMA_NEXT, UNMAPPED);
	partial_maps(fixture, space.mm, 3, "cannot be read");
	put64(synthetic, space.vmas[2], VMA_NEXT, 0);
	put64(synthetic, space.vmas[1], VMA_MM, space.mm + 64);
	partial_maps(fixture, space.mm, 1, "another address space");
	put64(synthetic, space.vmas[0], VMA_FILE, WILD);
	partial_maps(fixture, space.mm, 1, "file at");
	partial_maps(fixture, UNMAPPED, 0, "cannot be read");
}

/* What was taken out of the tree is still counted. */
static void hidden_mappings_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct space space = make_space(fixture);

	partial_maps(fixture, space.mm, 0, "counts 5 mappings, and 0 are found");
	guest_fixture_reopen(&fixture->base, &(struct object_profile){.mappings_in_list = 1});
	link_list(fixture, &space);
	put64(&fixture->base.synthetic, space.vmas[3], VMA_NEXT, 0);
	partial_maps(fixture, space.mm, 4, "counts 5 mappings, and 4 are found");
}

/* ---- executable and arguments ---- */

/* Maps a page of arguments at USER through page tables of the process's own. */
static uint64_t make_arguments(struct fixture *fixture, uint64_t mm, const char *bytes,
			       size_t length)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t page = make_aligned(synthetic, 4096, 4096);
	uint64_t heap = synthetic->levels == 5 ? 0xff11000000000000u : 0xffff888000000000u;

	memcpy(synthetic_heap(synthetic, page), bytes, length);
	synthetic_map(synthetic, USER, page - heap, 0x1000);
	put64(synthetic, mm, MM_PGD, SYNTHETIC_ROOT + synthetic->slide);
	put64(synthetic, mm, MM_ARG_START, USER);
	put64(synthetic, mm, MM_ARG_END, USER + length);
	put64(synthetic, mm, MM_ENV_START, USER + length);
	put64(synthetic, mm, MM_ENV_END, USER + length + 16);
	return page;
}

static void cmdline(struct fixture *fixture, uint64_t mm, size_t capacity, enum gap_status expected,
		    const char *bytes, size_t size_bytes)
{
	struct gap_vaddr at = {mm};
	struct gap_process process;
	char buffer[8192];
	size_t length = 0;

	assert_int_equal(gap_process_init(&process, fixture->base.guest, &fixture->base.error),
			 GAP_OK);
	assert_int_equal(gap_process_cmdline(&process, at, buffer, capacity, &length), expected);
	assert_int_equal(length, size_bytes);
	assert_memory_equal(buffer, bytes, size_bytes);
}

static void arguments_are_read_from_the_process(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t mm = synthetic_alloc(synthetic, MM_BYTES);
	uint64_t page = make_arguments(fixture, mm, "one\0\0two", 9);

	cmdline(fixture, 0, 64, GAP_OK, "", 0);
	cmdline(fixture, mm, 64, GAP_OK, "one\0\0two\0", 9);
	cmdline(fixture, mm, 4, GAP_PARTIAL, "one", 4);
	/* A title that runs over the environment, up to its zero byte. */
	memcpy(synthetic_heap(synthetic, page), "a longer title", 15);
	cmdline(fixture, mm, 64, GAP_OK, "a longer title", 15);
	put64(synthetic, mm, MM_ENV_START, USER + 4096);
	cmdline(fixture, mm, 64, GAP_OK, "a longer ", 9);
	put64(synthetic, mm, MM_ARG_END, USER + 0x7fffffff);
	cmdline(fixture, mm, 8192, GAP_UNREADABLE, "", 0);
	put64(synthetic, mm, MM_ARG_START, UINT64_MAX - 1);
	put64(synthetic, mm, MM_ARG_END, UINT64_MAX);
	cmdline(fixture, mm, 64, GAP_UNREADABLE, "", 0);
	put64(synthetic, mm, MM_ARG_END, 5);
	cmdline(fixture, mm, 64, GAP_OK, "", 0);
}

static void executables_have_paths(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	struct gap_vaddr mm = {synthetic_alloc(synthetic, MM_BYTES)}, none = {0};
	struct gap_process process;
	struct gap_path_text text;

	put64(synthetic, mm.value, MM_EXE_FILE,
	      make_file(synthetic, fixture->above, fixture->file));
	assert_int_equal(gap_process_init(&process, fixture->base.guest, &fixture->base.error),
			 GAP_OK);
	assert_int_equal(gap_process_exe(&process, mm, &text), GAP_OK);
	assert_string_equal(text.bytes, "/folder/file");
	assert_int_equal(gap_process_exe(&process, none, &text), GAP_OK);
	assert_string_equal(text.bytes, "");
	put64(synthetic, mm.value, MM_EXE_FILE, WILD);
	assert_int_equal(gap_process_exe(&process, mm, &text), GAP_UNREADABLE);
	says(process.reason, "cannot be read");
}

/* ---- files ---- */

struct table {
	uint64_t files, fdt, fd;
};

/* A table of 256 descriptors of which 0, 63, 64 and 255 are open. */
static struct table make_table(struct fixture *fixture)
{
	static const unsigned open[] = {0, 63, 64, 255};
	struct synthetic *synthetic = &fixture->base.synthetic;
	struct table table = {synthetic_alloc(synthetic, 8), synthetic_alloc(synthetic, 24),
			      synthetic_alloc(synthetic, 256 * 8)};
	uint64_t cloexec = synthetic_alloc(synthetic, 32);

	put64(synthetic, fixture->task, TASK_FILES, table.files);
	put64(synthetic, table.files, FILES_FDT, table.fdt);
	put32(synthetic, table.fdt, FDT_MAX, 256);
	put64(synthetic, table.fdt, FDT_FD, table.fd);
	put64(synthetic, table.fdt, FDT_CLOEXEC, cloexec);
	put64(synthetic, cloexec, 8, 1); /* of 64 */
	for (unsigned i = 0; i < 4; i++) {
		uint64_t file = make_file(synthetic, fixture->above, fixture->file);

		put32(synthetic, file, FILE_FLAGS, 02100002);
		put64(synthetic, file, FILE_POS, 1000 + i);
		put64(synthetic, table.fd, 8 * open[i], file);
	}
	return table;
}

static struct gap_files begin_files(struct fixture *fixture)
{
	struct gap_vaddr task = {fixture->task};
	struct gap_files files;

	if (gap_files_init(&files, fixture->base.guest, &fixture->base.error))
		fail_msg("%s", fixture->base.error.text);
	gap_files_begin(&files, task);
	return files;
}

static void files_are_those_of_proc(void **state)
{
	static const unsigned open[] = {0, 63, 64, 255};
	struct fixture *fixture = *state;
	struct gap_files files;
	struct gap_file file;

	make_table(fixture);
	files = begin_files(fixture);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(gap_files_next(&files, &file));
		assert_int_equal(file.fd, open[i]);
		assert_int_equal(file.flags, open[i] == 64 ? 02100002 : 0100002);
		assert_int_equal(file.pos, 1000 + i);
		assert_string_equal(file.path.bytes, "/folder/file");
	}
	assert_false(gap_files_next(&files, &file));
	assert_int_equal(files.status, GAP_OK);
}

static void partial_files(struct fixture *fixture, int expected, const char *word)
{
	struct gap_files files = begin_files(fixture);
	struct gap_file file;
	int count = 0;

	while (gap_files_next(&files, &file))
		count++;
	assert_int_equal(files.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(files.reason, word);
	assert_int_equal(count, expected);
}

static void bent_tables_end(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	struct table table = make_table(fixture);
	uint64_t file = get64(synthetic, table.fd, 0);

	put32(synthetic, table.fdt, FDT_MAX, 0xffffffff);
	partial_files(fixture, 0, "absurd");
	put32(synthetic, table.fdt, FDT_MAX, 0x7fffffc0);
	partial_files(fixture, 0, "absurd");
	put32(synthetic, table.fdt, FDT_MAX, 256);
	put64(synthetic, table.fd, 0, WILD);
	partial_files(fixture, 3, "not an address");
	put64(synthetic, table.fd, 0, UNMAPPED);
	partial_files(fixture, 4, "cannot be read");
	put64(synthetic, table.fd, 0, file);
	put64(synthetic, file, FILE_PATH, WILD);
	partial_files(fixture, 4, "cannot be read");
	put64(synthetic, table.fdt, FDT_FD, UNMAPPED);
	partial_files(fixture, 0, "cannot be read");
	put64(synthetic, table.files, FILES_FDT, UNMAPPED);
	partial_files(fixture, 0, "cannot be read");
	put64(synthetic, fixture->task, TASK_FILES, 0);
	partial_files(fixture, 0, NULL);
}

/* ---- mounts ---- */

/* Both mounts, in a namespace of the task, whose root is "/" of the lower one. */
static uint64_t make_namespace(struct fixture *fixture, int in_tree)
{
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t fs = synthetic_alloc(synthetic, 16), proxy = synthetic_alloc(synthetic, 8);
	uint64_t space = synthetic_alloc(synthetic, 32), sb = synthetic_alloc(synthetic, 24);
	uint64_t type = synthetic_alloc(synthetic, 8);
	uint64_t below = fixture->below + MOUNT_LIST, above = fixture->above + MOUNT_LIST;

	put64(synthetic, fixture->task, TASK_FS, fs);
	put64(synthetic, fixture->task, TASK_NSPROXY, proxy);
	put64(synthetic, proxy, NSPROXY_MNT, space);
	put64(synthetic, fs, FS_ROOT, fixture->below + MOUNT_MNT);
	put64(synthetic, fs, FS_ROOT + 8, fixture->root);
	put64(synthetic, type, 0, make_string(synthetic, "fuse"));
	put64(synthetic, sb, SB_TYPE, type);
	put64(synthetic, sb, SB_SUBTYPE, make_string(synthetic, "sub"));
	put64(synthetic, sb, SB_FLAGS, 0x11);
	put64(synthetic, fixture->below, MOUNT_MNT + VFSMOUNT_SB, sb);
	put64(synthetic, fixture->above, MOUNT_MNT + VFSMOUNT_SB, sb);
	put32(synthetic, fixture->above, MOUNT_MNT + VFSMOUNT_FLAGS, 0x1 | 0x20);
	put64(synthetic, fixture->above, MOUNT_DEVICE, make_string(synthetic, "a device"));
	if (in_tree) {
		put64(synthetic, space, MNT_NS_LIST, below);
		put64(synthetic, below, RB_PARENT, 1);
		put64(synthetic, below, RB_RIGHT, above);
		put64(synthetic, above, RB_PARENT, below);
	} else {
		put64(synthetic, space, MNT_NS_LIST, below);
		put64(synthetic, below, 0, above);
		put64(synthetic, above, 0, space + MNT_NS_LIST);
	}
	return space;
}

static struct gap_mounts begin_mounts(struct fixture *fixture)
{
	struct gap_vaddr task = {fixture->task};
	struct gap_mounts mounts;

	if (gap_mounts_init(&mounts, fixture->base.guest, &fixture->base.error))
		fail_msg("%s", fixture->base.error.text);
	gap_mounts_begin(&mounts, task);
	return mounts;
}

static void mounts_are_those_of_proc(void **state)
{
	struct fixture *fixture = *state;

	for (int in_tree = 0; in_tree < 2; in_tree++) {
		struct gap_mounts mounts;
		struct gap_mount mount;

		guest_fixture_reopen(&fixture->base,
				     &(struct object_profile){.mounts_in_tree = in_tree});
		make_namespace(fixture, in_tree);
		mounts = begin_mounts(fixture);
		assert_true(gap_mounts_next(&mounts, &mount));
		assert_string_equal(mount.source, "none");
		assert_string_equal(mount.target.bytes, "/");
		assert_string_equal(mount.fstype, "fuse.sub");
		assert_string_equal(mount.flags, "ro,sync");
		assert_true(gap_mounts_next(&mounts, &mount));
		assert_string_equal(mount.source, "a device");
		assert_string_equal(mount.target.bytes, "/folder");
		assert_string_equal(mount.flags, "ro,sync,nosuid,relatime");
		assert_false(gap_mounts_next(&mounts, &mount));
		assert_int_equal(mounts.status, GAP_OK);
	}
}

static void partial_mounts(struct fixture *fixture, int expected, const char *word)
{
	struct gap_mounts mounts = begin_mounts(fixture);
	struct gap_mount mount;
	int count = 0;

	while (gap_mounts_next(&mounts, &mount))
		count++;
	assert_int_equal(mounts.status, word ? GAP_PARTIAL : GAP_OK);
	if (word)
		says(mounts.reason, word);
	if (count != expected)
		fail_msg("%d mounts, not %d (%s)", count, expected, mounts.reason);
}

static void bent_mounts_end(void **state)
{
	struct fixture *fixture = *state;
	struct synthetic *synthetic = &fixture->base.synthetic;
	uint64_t space = make_namespace(fixture, 0);
	uint64_t below = fixture->below + MOUNT_LIST, above = fixture->above + MOUNT_LIST;

	put32(synthetic, fixture->above, MOUNT_MNT + VFSMOUNT_FLAGS, 0x10000000); /* a cursor */
	partial_mounts(fixture, 1, NULL);
	put32(synthetic, fixture->above, MOUNT_MNT + VFSMOUNT_FLAGS, 0);
	put64(synthetic, above, 0, below);
	partial_mounts(fixture, 3, "loops"); /* as soon as it is seen to */
	put64(synthetic, below, 0, WILD);
	partial_mounts(fixture, 1, "not an address");
	put64(synthetic, below, 0, space + MNT_NS_LIST);
	put64(synthetic, fixture->below, MOUNT_DEVICE, UNMAPPED);
	partial_mounts(fixture, 1, "cannot be read");
	put64(synthetic, fixture->below, MOUNT_MNT + VFSMOUNT_SB, WILD);
	partial_mounts(fixture, 1, "cannot be read");
	put64(synthetic, fixture->task, TASK_NSPROXY, 0); /* as a zombie's */
	partial_mounts(fixture, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_fixture, guest_fixture_drop)
		TEST(paths_cross_mounts),
		TEST(paths_are_seen_from_a_root),
		TEST(what_is_deleted_says_so),
		TEST(files_without_a_place_have_names),
		TEST(namespaces_say_their_kind),
		TEST(bent_dentries_end),
		TEST(names_without_a_byte_loop_too),
		TEST(mounts_that_loop_end),
		TEST(paths_need_dentries),
		TEST(mappings_are_those_of_proc),
		TEST(no_mm_has_no_mappings),
		TEST(bent_mappings_end),
		TEST(hidden_mappings_are_told),
		TEST(arguments_are_read_from_the_process),
		TEST(executables_have_paths),
		TEST(files_are_those_of_proc),
		TEST(bent_tables_end),
		TEST(mounts_are_those_of_proc),
		TEST(bent_mounts_end),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
