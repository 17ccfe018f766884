/* SPDX-License-Identifier: MIT */
/*
 * Dentries, inodes, super blocks and file system types: trees, lists and names that lead from one
 * to the other, and what is known of the contents of each: kinds of files, sizes of programs,
 * numbers that no two share.
 */
#include "infer/data_solver.h"

#include <elf.h>
#include <stdlib.h>

#include "runtime/include/semgap/space.h"

#define SB_ACTIVE_BORN 0x60000000u /* every mounted one is both (e462ec50, 4.15) */
#define SB_FLAGS_MAX 14            /* that one has at once; else it is a limit, all ones */
#define HASHED_MIN 16              /* links that show a chain: a few may be those of another list */
#define ROUNDS_MAX 32

/* ---- the tree of names ---- */

static int is_parent(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint64_t parent = data_word(solver, set, index, offset);
	uint32_t *others = context, length;

	if (parent == set->at[index])
		return 1;
	/* A name that is kept inside may itself look like a dentry. */
	if (parent - set->at[index] < set->end || !data_is_dentry(solver, parent))
		return -1;
	/* Zeroes may look like a dentry of no name, but those have no children. */
	if (!data_read_u32(solver, parent + solver->at.dentry_length, &length) || length == 0)
		return -1;
	++*others;
	return 1;
}

/* Parents of what is known, up to the roots. */
static void add_parents(struct data_solver *solver, uint32_t parent)
{
	for (uint32_t round = 0, before = 0; round < ROUNDS_MAX && before < solver->dentries.count;
	     round++) {
		before = solver->dentries.count;
		data_set_follow(solver, &solver->dentries, &solver->dentries, parent);
	}
}

/* In use, that is with an inode, and in a place. */
static bool is_live_dentry(struct data_solver *solver, uint64_t at)
{
	uint64_t inode, parent;

	return data_is_dentry(solver, at) &&
	       data_read_word(solver, at + solver->at.dentry_inode, &inode) &&
	       data_is_kernel(solver, inode) &&
	       data_read_word(solver, at + solver->at.dentry_parent, &parent) &&
	       (parent == at || data_is_dentry(solver, parent));
}

static void solve_parent(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset < solver->dentries.end; offset += solver->word) {
		struct data_column column;
		uint32_t others = 0;

		if (data_check(solver, &solver->dentries, 0, offset, is_parent, &others, &column) &&
		    others > 0)
			data_columns_push(&columns, &column);
	}
	solver->at.dentry_parent = data_claim_columns(solver, DATA_RULE_dentry_parent, "dentry",
						      "d_parent", solver->word, &columns);
	if (solver->at.dentry_parent == DATA_UNKNOWN)
		return;
	add_parents(solver, solver->at.dentry_parent);
	data_set_bound(solver, &solver->dentries);
	data_set_add_neighbours(solver, &solver->dentries, is_live_dentry);
	add_parents(solver, solver->at.dentry_parent);
}

/* NULL, or operations: of few kinds, all in the image or in modules. */
static int is_operations(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);
	uint32_t *some = context;

	if (!value)
		return 0;
	*some += data_in_image(solver, value);
	return data_in_image(solver, value) ? 1 : -1;
}

/* d_hash.pprev: the word before the link of a chain leads to the link; its lowest bit is a lock. */
static int is_before(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint64_t before = data_word(solver, set, index, offset), link;
	uint32_t *outside = context;

	if (!before)
		return 0;
	if (!data_is_kernel(solver, before) || before % solver->word || offset < solver->word ||
	    !data_read_word(solver, before, &link) ||
	    (link & ~(uint64_t)1) != set->at[index] + offset - solver->word)
		return -1;
	*outside += before - set->at[index] >= set->end;
	/* Lists of an inode's names and of a directory's entries begin in the inode and the parent. */
	return before - data_word(solver, set, index, solver->at.dentry_inode) <
				       solver->inodes.size_bytes ||
			       before - data_word(solver, set, index, solver->at.dentry_parent) <
				       set->end
		       ? -1
		       : 1;
}

static void solve_dentry_chain(struct data_solver *solver)
{
	struct data_columns columns = {0};

	if (solver->at.dentry_parent == DATA_UNKNOWN || solver->at.dentry_inode == DATA_UNKNOWN)
		return;
	for (uint32_t offset = 0; offset < solver->dentries.end; offset += solver->word) {
		struct data_column column;
		uint32_t outside = 0;

		/* A list that is empty leads to itself. */
		if (data_check(solver, &solver->dentries, HASHED_MIN, offset, is_before, &outside,
			       &column) &&
		    outside == column.support)
			data_columns_push(&columns, &column);
	}
	data_columns_remove_poor(&columns);
	data_columns_remove_dissenting(&columns);
	data_claim_columns(solver, DATA_RULE_dentry_chain, "dentry", "d_hash.pprev", solver->word,
			   &columns);
}

static void solve_dentry_operations(struct data_solver *solver)
{
	uint32_t some = 0;
	struct data_columns columns;

	data_search(solver, &solver->dentries,
		    &(struct data_search){.support_min = solver->dentries.count / 4 + 2},
		    is_operations, &some, &columns);
	data_claim_columns(solver, DATA_RULE_dentry_operations, "dentry", "d_op", solver->word,
			   &columns);
}

static void solve_super_links(struct data_solver *solver)
{
	struct data_pair pair = {.set = &solver->dentries,
				 .other = &solver->inodes,
				 .link = solver->at.dentry_inode,
				 .distinct_min = 3,
				 .dissent_percent = 5,
				 .accept = data_is_kernel};
	struct data_columns dentries, inodes;

	data_pair_columns(solver, &pair, &dentries, &inodes);
	solver->at.dentry_sb = data_claim_columns(solver, DATA_RULE_super_block, "dentry", "d_sb",
						  solver->word, &dentries);
	solver->at.inode_sb = data_claim_columns(solver, DATA_RULE_super_block, "inode", "i_sb",
						 solver->word, &inodes);
}

/* ---- kinds of files ---- */

/* What is known of inodes from elsewhere, by their index. */
struct known {
	bool *directory;
	uint64_t *program_size; /* as the program's own header tells; 0 unknown */
	bool *program;
};

static void mark_directories(const struct data_solver *solver, struct known *known)
{
	const struct data_set *dentries = &solver->dentries;

	for (uint32_t i = 0; i < dentries->count; i++) {
		uint64_t up = data_word(solver, dentries, i, solver->at.dentry_parent);
		uint32_t parent = data_set_find(dentries, up), inode;

		if (up == dentries->at[i] || parent == DATA_UNKNOWN)
			continue;
		inode = data_set_find(&solver->inodes,
				      data_word(solver, dentries, parent, solver->at.dentry_inode));
		if (inode != DATA_UNKNOWN)
			known->directory[inode] = true;
	}
}

/* Tables of sections are the last thing in a program's file. */
static uint64_t size_of_elf(const unsigned char *bytes)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	memcpy(&wide, bytes, sizeof(wide));
	memcpy(&narrow, bytes, sizeof(narrow));
	if (memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return 0;
	if (bytes[EI_CLASS] == ELFCLASS64)
		return wide.e_shoff + (uint64_t)wide.e_shnum * wide.e_shentsize;
	return narrow.e_shoff + (uint64_t)narrow.e_shnum * narrow.e_shentsize;
}

/* The header of the program that address space @mm runs: in the lowest mapping of its file. */
static uint64_t read_program_size(struct data_solver *solver, uint32_t mm, uint64_t file)
{
	unsigned char bytes[sizeof(Elf64_Ehdr)];
	struct gap_address_space space;
	struct gap_vaddr pgd = {data_word(solver, &solver->mms, mm, solver->at.mm_pgd)};
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < solver->vmas.count; i++) {
		uint64_t start = data_word(solver, &solver->vmas, i, solver->at.vma_start);

		if (solver->vmas.owner[i] == solver->mms.at[mm] && start < lowest &&
		    data_word(solver, &solver->vmas, i, solver->at.vma_file) == file)
			lowest = start;
	}
	if (gap_guest_user_space(solver->kernel->guest, pgd, &space, NULL) ||
	    gap_space_read(&space, (struct gap_vaddr){lowest}, bytes, sizeof(bytes)))
		return 0;
	return size_of_elf(bytes);
}

static void mark_programs(struct data_solver *solver, struct known *known)
{
	for (uint32_t i = 0; i < solver->mms.count; i++) {
		uint64_t at = data_word(solver, &solver->mms, i, solver->at.mm_exe_file);
		uint32_t file = data_set_find(&solver->files, at), inode;

		if (file == DATA_UNKNOWN)
			continue;
		inode = data_set_find(&solver->inodes, data_word(solver, &solver->files, file,
								 solver->at.file_inode));
		if (inode == DATA_UNKNOWN)
			continue;
		known->program[inode] = true;
		if (!known->program_size[inode])
			known->program_size[inode] = read_program_size(solver, i, at);
	}
}

static int is_mode(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	const struct known *known = context;
	uint16_t mode = data_u16(set, index, offset), kind = mode >> 12;

	(void)solver;
	if (known->program[index])
		return kind == 8 && mode & 0111 ? 1 : -1;
	if (known->directory[index])
		return kind == 4 ? 1 : -1;
	/* Some inodes of no place are of no kind. */
	return 1 << kind & (1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 12)
		       ? 0
		       : -1;
}

static int is_size(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	const struct known *known = context;
	uint64_t size = data_u64(set, index, offset);

	(void)solver;
	if (known->program_size[index])
		return size == known->program_size[index] ? 1 : -1;
	return size >> 56 ? -1 : 0;
}

static uint32_t count_marks(const bool *marks, uint32_t count)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += marks[i];
	return sum;
}

static void solve_kinds(struct data_solver *solver, const struct known *known)
{
	struct data_set *inodes = &solver->inodes;
	uint32_t programs = count_marks(known->program, inodes->count);
	uint32_t directories = count_marks(known->directory, inodes->count), sized = 0;
	struct data_search search = {.step = 2, .width = 2};
	struct data_columns columns;
	struct known copy = *known;

	for (uint32_t i = 0; i < inodes->count; i++)
		sized += known->program_size[i] != 0;
	search.support_min = (programs + directories) * 9 / 10;
	if (programs > 0 && directories > 0) {
		data_search(solver, inodes, &search, is_mode, &copy, &columns);
		solver->at.inode_mode =
			data_claim_columns(solver, DATA_RULE_mode, "inode", "i_mode", 2, &columns);
	}
	if (sized == 0)
		return;
	search = (struct data_search){.step = 4, .width = 8, .support_min = sized};
	data_search(solver, inodes, &search, is_size, &copy, &columns);
	solver->at.inode_size =
		data_claim_columns(solver, DATA_RULE_size, "inode", "i_size", 8, &columns);
}

static void solve_known(struct data_solver *solver)
{
	uint32_t count = solver->inodes.count + 1;
	struct known known = {calloc(count, sizeof(bool)), calloc(count, sizeof(uint64_t)),
			      calloc(count, sizeof(bool))};

	if (known.directory && known.program_size && known.program) {
		mark_directories(solver, &known);
		if (solver->at.mm_exe_file != DATA_UNKNOWN && solver->at.mm_pgd != DATA_UNKNOWN)
			mark_programs(solver, &known);
		solve_kinds(solver, &known);
	} else {
		solver->no_memory = true;
	}
	free(known.directory);
	free(known.program_size);
	free(known.program);
}

/* ---- other members of inodes ---- */

struct mapping {
	uint32_t inside; /* where the embedded address_space is */
};

/* Almost always to i_data in the inode itself, which points back to its host. */
static int is_mapping(struct data_solver *solver, const struct data_set *set, uint32_t index,
		      uint32_t offset, void *context)
{
	struct mapping *mapping = context;
	uint64_t at = data_word(solver, set, index, offset), far = at - set->at[index];

	if (far >= set->end)
		return data_is_kernel(solver, at) ? 0 : -1; /* a device's */
	if (mapping->inside == DATA_UNKNOWN)
		mapping->inside = (uint32_t)far;
	return far == mapping->inside ? 1 : -1;
}

/* The column that leads to @mapping is not in it: a host leads to the inode as well. */
static bool has_host(const struct data_solver *solver, uint32_t mapping, uint32_t column)
{
	for (uint32_t offset = mapping; offset < mapping + 256; offset += solver->word) {
		uint32_t good = 0;

		if (offset == column)
			continue;
		for (uint32_t i = 0; i < solver->inodes.count; i++)
			good += data_word(solver, &solver->inodes, i, offset) ==
				solver->inodes.at[i];
		if (good * 20 >= solver->inodes.count * 19)
			return true;
	}
	return false;
}

static void solve_mapping(struct data_solver *solver)
{
	struct data_columns columns = {0};

	for (uint32_t offset = 0; offset < solver->inodes.end; offset += solver->word) {
		struct mapping mapping = {DATA_UNKNOWN};
		struct data_column column;

		if (!data_check(solver, &solver->inodes, 0, offset, is_mapping, &mapping,
				&column) ||
		    mapping.inside == DATA_UNKNOWN || mapping.inside == offset ||
		    mapping.inside + solver->word == offset ||
		    !has_host(solver, mapping.inside, offset))
			continue;
		data_columns_push(&columns, &column);
		solver->at.inode_data = mapping.inside;
	}
	data_claim_columns(solver, DATA_RULE_mapping, "inode", "i_mapping", solver->word, &columns);
}

/* Operations of every inode. Those of the embedded address_space lie past its start. */
static int is_some_operations(struct data_solver *solver, const struct data_set *set,
			      uint32_t index, uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);

	(void)context;
	return data_in_image(solver, value) ? 1 : data_is_kernel(solver, value) ? 0 : -1;
}

static void solve_inode_operations(struct data_solver *solver)
{
	struct data_columns columns;

	data_search(solver, &solver->inodes, &(struct data_search){0}, is_some_operations, NULL,
		    &columns);
	data_columns_remove(&columns, solver->at.inode_fop);
	if (columns.count > DATA_COLUMNS || solver->at.inode_fop == DATA_UNKNOWN ||
	    solver->at.inode_data == DATA_UNKNOWN)
		return;
	for (uint32_t i = columns.count; i-- > 0;)
		if (columns.count > 1 && columns.rows[i].offset > solver->at.inode_data &&
		    columns.rows[0].offset < solver->at.inode_data)
			data_columns_remove(&columns, columns.rows[i].offset);
	data_claim_columns(solver, DATA_RULE_inode_operations, "inode", "i_op", solver->word,
			   &columns);
}

/* No two inodes of a file system share a number. */
static int is_number(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint64_t number = data_word(solver, set, index, offset);

	(void)context;
	if (number == 0 || data_is_kernel(solver, number) || number >> 32)
		return -1;
	for (uint32_t i = 0; i < index; i++)
		if (data_word(solver, set, i, offset) == number &&
		    data_word(solver, set, i, solver->at.inode_sb) ==
			    data_word(solver, set, index, solver->at.inode_sb))
			return -1;
	return 1;
}

static void solve_numbers(struct data_solver *solver)
{
	struct data_columns columns;

	if (solver->inodes.count < 16)
		return;
	data_search(solver, &solver->inodes, &(struct data_search){0}, is_number, NULL, &columns);
	data_claim_columns(solver, DATA_RULE_inode_number, "inode", "i_ino", solver->word,
			   &columns);
}

/* ---- super blocks ---- */

/* A list of all super blocks, whose head is in the image: counts those that are known. */
static bool try_super_list(struct data_solver *solver, uint32_t offset, struct data_list *list)
{
	uint32_t heads = 0, known = 0;

	data_list_walk(solver, solver->supers.at[0] + offset, DATA_LIST_MAX, list);
	for (uint32_t i = 0; i < list->count; i++) {
		heads += data_in_image(solver, list->at[i]);
		known += data_set_find(&solver->supers, list->at[i] - offset) != DATA_UNKNOWN;
	}
	return list->closed && heads == 1 && known + 1 == solver->supers.count;
}

static void solve_super_list(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->supers.end; offset += solver->word) {
		struct data_list list;
		struct data_column column = {offset, solver->supers.count, 0};

		if (!try_super_list(solver, offset, &list)) {
			data_list_deinit(&list);
			continue;
		}
		data_claim(solver, DATA_RULE_super_list, "super_block", "s_list", 2 * solver->word,
			   &column, solver->supers.at[0]);
		for (uint32_t i = 0; i < list.count; i++)
			if (!data_in_image(solver, list.at[i]))
				data_set_add(solver, &solver->supers, list.at[i] - offset, 0);
		data_list_deinit(&list);
		data_set_bound(solver, &solver->supers);
		return;
	}
}

static int is_root(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	uint64_t root = data_word(solver, set, index, offset), parent, super;

	(void)context;
	if (!root)
		return 0;
	return data_is_dentry(solver, root) &&
			       data_read_word(solver, root + solver->at.dentry_parent, &parent) &&
			       parent == root &&
			       data_read_word(solver, root + solver->at.dentry_sb, &super) &&
			       super == set->at[index]
		       ? 1
		       : -1;
}

static int is_super_flags(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	uint64_t flags = data_word(solver, set, index, offset);

	(void)context;
	/* SB_NOUSER was the sign once, and has its extension. */
	if (flags >> 32 && flags >> 31 != UINT64_C(0x1ffffffff))
		return -1;
	return (flags & SB_ACTIVE_BORN) == SB_ACTIVE_BORN &&
			       __builtin_popcount((uint32_t)flags) <= SB_FLAGS_MAX
		       ? 1
		       : -1;
}

/* Most have no device: their number is a small one, and each has another. */
static int is_device(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint32_t device = data_u32(set, index, offset);

	(void)solver;
	(void)context;
	for (uint32_t i = 0; i < index; i++)
		if (data_u32(set, i, offset) == device)
			return -1;
	if (device == 0 || device >> 20 > 511)
		return -1;
	/* The lowest free one is taken. */
	return device < 1u << 20 ? (device < 4 * set->count + 64 ? 1 : -1) : 0;
}

/* ---- file system types ---- */

static bool read_type_name(struct data_solver *solver, uint64_t type, uint32_t offset, char *text,
			   size_t capacity)
{
	uint64_t at;

	return data_is_kernel(solver, type) && type % solver->word == 0 &&
	       data_read_word(solver, type + offset, &at) && data_is_kernel(solver, at) &&
	       data_read_text(solver, at, text, capacity) > 1;
}

/* Names that some file system of every kernel has. */
static bool is_known_type(const char *text)
{
	static const char *const names[] = {"proc",   "sysfs",      "tmpfs",  "devtmpfs", "ramfs",
					    "pipefs", "sockfs",     "bdev",   "rootfs",   "devpts",
					    "cgroup", "securityfs", "debugfs"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

struct type_name {
	uint32_t name;
	uint32_t known; /* how many have a name that is expected */
	uint32_t image; /* how many are in the image, where those of no module are */
};

static int is_type(struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset, void *context)
{
	struct type_name *name = context;
	char text[32];

	if (!read_type_name(solver, data_word(solver, set, index, offset), name->name, text,
			    sizeof(text)))
		return -1;
	name->known += is_known_type(text);
	name->image += data_in_image(solver, data_word(solver, set, index, offset));
	return 1;
}

/* How many of the types that have a next one are met on the way from @type. */
static uint32_t follow_types(struct data_solver *solver, uint32_t from, uint32_t next,
			     uint32_t name)
{
	uint64_t at = solver->types.at[from];
	uint32_t met = 0;
	char text[32];

	for (uint32_t steps = 0; at && steps < 1024; steps++) {
		uint32_t index = data_set_find(&solver->types, at);

		if (!read_type_name(solver, at, name, text, sizeof(text)))
			return 0;
		met += index != DATA_UNKNOWN && data_word(solver, &solver->types, index, next);
		if (!data_read_word(solver, at + next, &at))
			return 0;
	}
	return at ? 0 : met;
}

/* Nodes of a list with a single head (hlist): what leads to a node holds its address, and the node
 * leads to that of another type. Counts those that do; 0 when one does otherwise. */
static uint32_t count_nodes(struct data_solver *solver, uint32_t node)
{
	uint32_t nodes = 0;
	char text[32];

	for (uint32_t i = 0; i < solver->types.count; i++) {
		uint64_t next = data_word(solver, &solver->types, i, node), held;
		uint64_t holder = data_word(solver, &solver->types, i, node + solver->word);

		if (!next)
			continue;
		if (!data_read_word(solver, holder, &held) || held != solver->types.at[i] + node ||
		    !read_type_name(solver, next - node, solver->at.type_name, text, sizeof(text)))
			return 0;
		nodes++;
	}
	return nodes;
}

/* Types that are linked so have no pointer to the next one besides. */
static void claim_no_next_type(struct data_solver *solver)
{
	uint32_t found = 0, support = 0;

	for (uint32_t node = 0; node + solver->word < solver->types.end; node += solver->word) {
		uint32_t nodes = count_nodes(solver, node);

		if (nodes < 3)
			continue;
		found++;
		support = nodes;
	}
	if (found == 1)
		data_claim_absent(solver, DATA_RULE_file_system_nodes, "file_system_type", "next",
				  support);
}

/* One list has all that are registered: from its first one, all others are met. */
static void solve_next_type(struct data_solver *solver)
{
	struct data_columns columns = {0};

	data_set_bound(solver, &solver->types);
	for (uint32_t next = 0; next < solver->types.end; next += solver->word) {
		uint32_t linked = 0, most = 0;

		for (uint32_t i = 0; i < solver->types.count; i++) {
			uint32_t met = follow_types(solver, i, next, solver->at.type_name);

			linked += data_word(solver, &solver->types, i, next) != 0;
			most = met > most ? met : most;
		}
		if (linked >= 3 && most == linked)
			data_columns_push(&columns, &(struct data_column){next, linked, 0});
	}
	data_claim_columns(solver, DATA_RULE_file_system, "file_system_type", "next", solver->word,
			   &columns);
	if (columns.count == 0)
		claim_no_next_type(solver);
}

static bool solve_types(struct data_solver *solver)
{
	struct data_columns types = {0}, names = {0};

	for (uint32_t offset = 0; offset < solver->supers.end; offset += solver->word)
		for (uint32_t inside = 0; inside < 256; inside += solver->word) {
			struct type_name name = {.name = inside};
			struct data_column column;

			if (!data_is_kernel(solver, data_word(solver, &solver->supers, 0, offset)))
				break;
			if (!data_check(solver, &solver->supers, 0, offset, is_type, &name,
					&column) ||
			    name.known * 3 < solver->supers.count ||
			    name.image * 2 < solver->supers.count)
				continue;
			data_columns_push(&types, &column);
			column.offset = inside;
			data_columns_push(&names, &column);
		}
	solver->at.super_type = data_claim_columns(solver, DATA_RULE_file_system, "super_block",
						   "s_type", solver->word, &types);
	solver->at.type_name = data_claim_columns(solver, DATA_RULE_file_system, "file_system_type",
						  "name", solver->word, &names);
	return types.count == 1;
}

/* File systems of no device are called like their type. */
static int is_super_name(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	char text[32];
	const char *own = (const char *)data_bytes(set, index) + offset;

	(void)context;
	if (!read_type_name(solver, data_word(solver, set, index, solver->at.super_type),
			    solver->at.type_name, text, sizeof(text)))
		return 0;
	return strncmp(own, text, sizeof(text)) == 0 ? 1 : *own > ' ' && *own <= '~' ? 0 : -1;
}

static void solve_supers(struct data_solver *solver)
{
	const struct data_set *supers = &solver->supers;
	struct data_columns columns;

	data_set_bound(solver, &solver->supers);
	solve_super_list(solver);
	data_search(solver, supers, &(struct data_search){0}, is_root, NULL, &columns);
	data_claim_columns(solver, DATA_RULE_super_root, "super_block", "s_root", solver->word,
			   &columns);
	data_search(solver, supers, &(struct data_search){0}, is_super_flags, NULL, &columns);
	data_claim_columns(solver, DATA_RULE_super_flags, "super_block", "s_flags", solver->word,
			   &columns);
	if (supers->count >= 5) {
		data_search(solver, supers, &(struct data_search){.step = 4, .width = 4}, is_device,
			    NULL, &columns);
		data_columns_remove_dissenting(&columns);
		data_claim_columns(solver, DATA_RULE_super_device, "super_block", "s_dev", 4,
				   &columns);
	}
	if (!solve_types(solver))
		return;
	data_set_follow(solver, &solver->types, supers, solver->at.super_type);
	solve_next_type(solver);
	data_search(solver, supers, &(struct data_search){.step = 1, .width = 32}, is_super_name,
		    NULL, &columns);
	data_claim_columns(solver, DATA_RULE_super_name, "super_block", "s_id", 32, &columns);
}

void data_solve_inodes(struct data_solver *solver)
{
	if (solver->at.dentry_inode == DATA_UNKNOWN)
		return;
	solve_parent(solver);
	if (solver->at.dentry_parent == DATA_UNKNOWN)
		return;
	data_set_follow(solver, &solver->inodes, &solver->dentries, solver->at.dentry_inode);
	data_set_bound(solver, &solver->inodes);
	solve_super_links(solver);
	solve_dentry_operations(solver);
	solve_dentry_chain(solver);
	solve_known(solver);
	data_solve_operations(solver);
	solve_mapping(solver);
	solve_inode_operations(solver);
	if (solver->at.inode_sb != DATA_UNKNOWN)
		solve_numbers(solver);
	if (solver->at.dentry_sb == DATA_UNKNOWN)
		return;
	data_set_follow(solver, &solver->supers, &solver->dentries, solver->at.dentry_sb);
	if (solver->supers.count >= 2)
		solve_supers(solver);
}
