/* SPDX-License-Identifier: MIT */
/*
 * Paths and mounts: the pair of a mount and a dentry that files, roots and working directories
 * have; struct vfsmount, which knows its root and its super block; struct mount around it, in a
 * tree and in the list of its namespace.
 */
#include "infer/data_solver.h"

#define MOUNT_DEPTH 64
#define BEFORE 256u /* bytes before a vfsmount in which the start of its mount lies */

/* ---- struct path and struct vfsmount ---- */

struct mount_layout {
	uint32_t root, super; /* in struct vfsmount */
};

/* The super block of an inode, where that is known to be told; else @expected. */
static bool has_inode_of(struct data_solver *solver, uint64_t dentry, uint64_t expected)
{
	uint64_t inode, super;

	return data_read_word(solver, dentry + solver->at.dentry_inode, &inode) &&
	       data_is_kernel(solver, inode) &&
	       (solver->at.inode_sb == DATA_UNKNOWN ||
		(data_read_word(solver, inode + solver->at.inode_sb, &super) && super == expected));
}

static bool is_vfsmount(struct data_solver *solver, uint64_t at, const struct mount_layout *layout)
{
	uint64_t root, super, expected;

	return data_is_kernel(solver, at) && at % solver->word == 0 &&
	       data_read_word(solver, at + layout->root, &root) && data_is_dentry(solver, root) &&
	       data_read_word(solver, at + layout->super, &super) &&
	       data_is_kernel(solver, super) &&
	       data_read_word(solver, root + solver->at.dentry_sb, &expected) &&
	       super == expected && has_inode_of(solver, root, super);
}

/* The neighbour of a file's dentry leads to a pair of a dentry and that dentry's super block. */
static bool try_mounts(struct data_solver *solver, uint32_t offset, struct mount_layout *layout,
		       struct data_column *column)
{
	uint32_t end = 8 * solver->word;

	for (layout->root = 0; layout->root < end; layout->root += solver->word)
		for (layout->super = 0; layout->super < end; layout->super += solver->word) {
			*column = (struct data_column){offset, 0, 0};
			for (uint32_t i = 0; i < solver->files.count; i++) {
				uint64_t at = data_word(solver, &solver->files, i, offset);
				bool good = layout->root != layout->super &&
					    is_vfsmount(solver, at, layout);

				*(good ? &column->support : &column->dissent) += 1;
				if (column->dissent * 20 > solver->files.count)
					break;
			}
			if (column->support > 3 && column->dissent * 20 <= column->support)
				return true;
		}
	return false;
}

static bool find_path(struct data_solver *solver, struct mount_layout *layout)
{
	uint32_t dentry = solver->at.file_dentry, word = solver->word;

	for (int side = -1; side <= 1; side += 2) {
		uint32_t mount = side < 0 ? dentry - word : dentry + word;
		uint32_t first = side < 0 ? mount : dentry;
		struct data_column column;

		if ((side < 0 && dentry < word) || !try_mounts(solver, mount, layout, &column))
			continue;
		solver->at.path_mnt = mount - first;
		solver->at.path_dentry = dentry - first;
		solver->at.file_mnt = mount;
		column.offset = first;
		data_claim(solver, DATA_RULE_path, "file", "f_path", 2 * word, &column, 0);
		column.offset = mount - first;
		data_claim(solver, DATA_RULE_path, "path", "mnt", word, &column, 0);
		column.offset = dentry - first;
		data_claim(solver, DATA_RULE_path, "path", "dentry", word, &column, 0);
		column.offset = layout->root;
		data_claim(solver, DATA_RULE_path, "vfsmount", "mnt_root", word, &column, 0);
		column.offset = layout->super;
		data_claim(solver, DATA_RULE_path, "vfsmount", "mnt_sb", word, &column, 0);
		return true;
	}
	return false;
}

/* ---- fs_struct ---- */

static bool is_path(struct data_solver *solver, uint64_t at, const struct mount_layout *layout)
{
	uint64_t mount, dentry;

	return data_read_word(solver, at + solver->at.path_mnt, &mount) &&
	       data_read_word(solver, at + solver->at.path_dentry, &dentry) &&
	       is_vfsmount(solver, mount, layout) && data_is_dentry(solver, dentry);
}

/* Places of paths in what column @offset leads to, for all programs. */
static uint32_t find_paths(struct data_solver *solver, uint32_t offset,
			   const struct mount_layout *layout, struct data_columns *columns)
{
	columns->count = 0;
	for (uint32_t inside = 0; inside < 32 * solver->word; inside += solver->word) {
		struct data_column column = {inside, 0, 0};

		for (uint32_t i = 0; i < solver->tasks.count && !column.dissent; i++) {
			uint64_t at = data_word(solver, &solver->tasks, i, offset);

			if (!at || data_is_kernel_thread(solver, i))
				continue;
			*(data_is_kernel(solver, at) && at % solver->word == 0 &&
					  is_path(solver, at + inside, layout)
				  ? &column.support
				  : &column.dissent) += 1;
		}
		if (column.support >= 2 && !column.dissent)
			data_columns_push(columns, &column);
	}
	return columns->count;
}

/* How many programs have the path at @inside that most of them have. */
static uint32_t count_at_most_common(struct data_solver *solver, uint32_t offset, uint32_t inside)
{
	struct data_set seen;
	uint32_t counts[64] = {0}, most = 0;

	data_set_init(&seen, 8, 64);
	inside += solver->at.path_dentry;
	for (uint32_t i = 0; i < solver->tasks.count; i++) {
		uint64_t at = data_word(solver, &solver->tasks, i, offset), dentry;
		uint32_t index;

		if (!at || data_is_kernel_thread(solver, i) ||
		    !data_read_word(solver, at + inside, &dentry))
			continue;
		index = data_set_add(solver, &seen, dentry, 0);
		if (index != DATA_UNKNOWN && ++counts[index] > most)
			most = counts[index];
	}
	data_set_deinit(&seen);
	return most;
}

/* Whoever changed their root went there; most who went somewhere else kept it. */
static void claim_fs(struct data_solver *solver, uint32_t offset, struct data_columns *columns)
{
	uint32_t counts[2];
	int root;

	for (int i = 0; i < 2; i++)
		counts[i] = count_at_most_common(solver, offset, columns->rows[i].offset);
	if (counts[0] == counts[1]) {
		data_claim_columns(solver, DATA_RULE_root, "fs_struct", "root", 2 * solver->word,
				   columns);
		data_claim_columns(solver, DATA_RULE_root, "fs_struct", "pwd", 2 * solver->word,
				   columns);
		return;
	}
	root = counts[1] > counts[0];
	data_claim(solver, DATA_RULE_root, "fs_struct", "root", 2 * solver->word,
		   &columns->rows[root], 0);
	data_claim(solver, DATA_RULE_root, "fs_struct", "pwd", 2 * solver->word,
		   &columns->rows[!root], 0);
}

static void solve_fs(struct data_solver *solver, const struct mount_layout *layout)
{
	struct data_columns places = {0}, columns, found = {0};

	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word)
		if (data_is_kernel(solver, data_word(solver, &solver->tasks, 0, offset)) &&
		    find_paths(solver, offset, layout, &columns) == 2) {
			data_columns_push(
				&places, &(struct data_column){offset, columns.rows[0].support, 0});
			found = columns;
		}
	data_claim_columns(solver, DATA_RULE_fs, "task_struct", "fs", solver->word, &places);
	/* Several lead to the same objects, or it is not known to what. */
	if (places.count > 0 && places.count <= 2)
		claim_fs(solver, places.rows[0].offset, &found);
}

/* ---- struct mount ---- */

/* Copies around each vfsmount: the start of the mount is at an unknown distance before. */
static void add_mount(struct data_solver *solver, uint64_t vfsmount)
{
	if (data_is_kernel(solver, vfsmount))
		data_set_add(solver, &solver->mounts, vfsmount - BEFORE, 0);
}

static uint64_t vfsmount_of(const struct data_solver *solver, uint32_t index)
{
	return solver->mounts.at[index] + BEFORE;
}

struct tree {
	const struct mount_layout *layout;
	uint32_t before; /* how far a vfsmount is after the start of its mount */
	uint32_t roots, others;
};

/* To the start of the mount that this one is on: itself, for the first one. */
static int is_parent_mount(struct data_solver *solver, const struct data_set *set, uint32_t index,
			   uint32_t offset, void *context)
{
	struct tree *tree = context;
	uint64_t at = data_word(solver, set, index, offset) + tree->before;

	if (!data_is_kernel(solver, at))
		return -1;
	if (at == vfsmount_of(solver, index))
		tree->roots++;
	else if (is_vfsmount(solver, at, tree->layout))
		tree->others++;
	else
		return -1;
	return 1;
}

struct place {
	struct tree tree;
	uint32_t parent; /* column of the parent */
};

/* A dentry of the file system that the parent mounts. */
static int is_mountpoint(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	const struct place *place = context;
	uint64_t dentry = data_word(solver, set, index, offset), super, expected;
	uint64_t parent = data_word(solver, set, index, place->parent) + place->tree.before;

	if (offset == BEFORE + place->tree.layout->root && parent != vfsmount_of(solver, index))
		return -1;
	return data_is_dentry(solver, dentry) &&
			       data_read_word(solver, dentry + solver->at.dentry_sb, &super) &&
			       data_read_word(solver, parent + place->tree.layout->super,
					      &expected) &&
			       super == expected
		       ? 1
		       : -1;
}

/* From each mount the way up ends at one that is on itself. */
static bool leads_up(struct data_solver *solver, const struct place *place)
{
	for (uint32_t i = 0; i < solver->mounts.count; i++) {
		uint64_t at = vfsmount_of(solver, i), before = 0;

		for (int depth = 0; depth < MOUNT_DEPTH && at != before; depth++) {
			before = at;
			if (!data_read_word(solver, at + place->parent - BEFORE, &at))
				return false;
			at += place->tree.before;
			if (!is_vfsmount(solver, at, place->tree.layout))
				return false;
		}
		if (at != before)
			return false;
	}
	return true;
}

/* Is there a column of parents at @place, and one column of the places where they are? */
static bool check_parent(struct data_solver *solver, struct place *place,
			 struct data_column *parents, struct data_columns *points)
{
	uint32_t start = BEFORE - place->tree.before;

	if (!data_check(solver, &solver->mounts, 0, place->parent, is_parent_mount, &place->tree,
			parents) ||
	    place->tree.others == 0 || !leads_up(solver, place))
		return false;
	data_search(solver, &solver->mounts, &(struct data_search){0}, is_mountpoint, place,
		    points);
	return points->count == 1 && points->rows[0].offset >= start;
}

static void claim_tree(struct data_solver *solver, const struct place *place,
		       const struct data_column *parents, const struct data_column *points)
{
	uint32_t start = BEFORE - place->tree.before;
	struct data_column column = *parents, point = *points;

	solver->at.mount_mnt = place->tree.before;
	solver->at.mount_parent = place->parent;
	column.offset -= start;
	data_claim(solver, DATA_RULE_mount_tree, "mount", "mnt_parent", solver->word, &column, 0);
	point.offset -= start;
	data_claim(solver, DATA_RULE_mount_tree, "mount", "mnt_mountpoint", solver->word, &point,
		   0);
	column.offset = place->tree.before;
	data_claim(solver, DATA_RULE_mount_tree, "mount", "mnt", 0, &column, 0);
}

/* Mounts lie side by side, and links of their lists lead to other mounts as well: where more than
 * one place would do, none is believed. */
static bool solve_tree(struct data_solver *solver, const struct mount_layout *layout)
{
	struct place found;
	struct data_column parents;
	struct data_columns points;
	uint32_t count = 0;

	for (uint32_t before = 0; before < BEFORE; before += solver->word)
		for (uint32_t offset = BEFORE - before; offset < solver->mounts.size_bytes;
		     offset += solver->word) {
			struct place place = {.tree = {.layout = layout, .before = before},
					      .parent = offset};
			struct data_column column;
			struct data_columns columns;

			if (!check_parent(solver, &place, &column, &columns) || count++)
				continue;
			found = place;
			parents = column;
			points = columns;
		}
	if (count != 1)
		return false;
	claim_tree(solver, &found, &parents, &points.rows[0]);
	return true;
}

static void add_parents(struct data_solver *solver)
{
	for (uint32_t i = 0; i < solver->mounts.count; i++) /* grows */
		add_mount(solver, data_word(solver, &solver->mounts, i, solver->at.mount_parent) +
					  solver->at.mount_mnt);
}

/* No further than the next mount may begin. */
static void bound_mounts(struct data_solver *solver)
{
	struct data_set *mounts = &solver->mounts;

	data_set_bound(solver, mounts);
	mounts->end += BEFORE - solver->at.mount_mnt;
	if (mounts->end > mounts->size_bytes)
		mounts->end = mounts->size_bytes;
}

static int is_device_name(struct data_solver *solver, const struct data_set *set, uint32_t index,
			  uint32_t offset, void *context)
{
	uint64_t at = data_word(solver, set, index, offset);
	char text[256];

	(void)context;
	if (!at)
		return 0;
	/* Other objects may begin with a text. */
	if (data_set_find(&solver->dentries, at) != DATA_UNKNOWN ||
	    data_set_find(&solver->supers, at) != DATA_UNKNOWN)
		return -1;
	return data_is_kernel(solver, at) && data_read_text(solver, at, text, sizeof(text)) > 1
		       ? 1
		       : -1;
}

static void claim_member(struct data_solver *solver, enum data_rule rule, const char *member,
			 uint32_t width, struct data_columns *columns)
{
	uint32_t start = BEFORE - solver->at.mount_mnt;

	for (uint32_t i = columns->count; i-- > 0 && columns->count <= DATA_COLUMNS;)
		if (columns->rows[i].offset < start)
			data_columns_remove(columns, columns->rows[i].offset);
	for (uint32_t i = 0; i < columns->count && i < DATA_COLUMNS; i++)
		columns->rows[i].offset -= start;
	data_claim_columns(solver, rule, "mount", member, width, columns);
}

/* ---- the namespace of mounts ---- */

static bool is_mount_ns(const struct data_solver *solver, uint64_t value, uint32_t member)
{
	for (uint32_t i = 0; i < solver->nsproxies.count; i++)
		if (data_is_kernel(solver, value) &&
		    value == data_word(solver, &solver->nsproxies, i, member))
			return true;
	return false;
}

/* One of those that tasks see, and for a part of the mounts init_task's; others are the kernel's. */
static int is_in_ns(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	uint32_t *member = context;
	uint64_t value = data_word(solver, set, index, offset);

	if (is_mount_ns(solver, value, member[0])) {
		member[1]++;
		return 1;
	}
	return 0;
}

/* What lies past an nsproxy is something else. */
static bool all_have(const struct data_solver *solver, uint32_t member)
{
	for (uint32_t i = 0; i < solver->nsproxies.count; i++)
		if (!data_is_kernel(solver, data_word(solver, &solver->nsproxies, i, member)))
			return false;
	return true;
}

static void solve_mount_ns(struct data_solver *solver)
{
	struct data_columns mounts = {0}, members = {0};

	for (uint32_t member = 0; member < 16 * solver->word; member += solver->word)
		for (uint32_t offset = BEFORE - solver->at.mount_mnt; offset < solver->mounts.end;
		     offset += solver->word) {
			uint32_t context[2] = {member, 0};
			struct data_column column;

			if (!all_have(solver, member) ||
			    !data_check(solver, &solver->mounts, 2, offset, is_in_ns, context,
					&column))
				continue;
			data_columns_push(&mounts, &column);
			column.offset = member;
			data_columns_remove(&members, member);
			data_columns_push(&members, &column);
		}
	if (mounts.count == 1)
		solver->at.mount_ns = mounts.rows[0].offset;
	data_claim_columns(solver, DATA_RULE_mount_ns, "nsproxy", "mnt_ns", solver->word, &members);
	claim_member(solver, DATA_RULE_mount_ns, "mnt_ns", solver->word, &mounts);
}

#define NAMESPACE_BYTES 512
#define TREE_DEPTH 64

/* Where in the namespace what leads to all of its mounts is, as those tell that were asked. */
struct ns_anchor {
	uint32_t offset;
	bool known, several;
};

static void note_anchor(struct ns_anchor *anchor, uint64_t offset)
{
	anchor->several |= anchor->known && anchor->offset != offset;
	anchor->offset = (uint32_t)offset;
	anchor->known = true;
}

/* A list whose head is in the namespace. Where mounts are in a tree there (2eea9ce4), mnt_list is
 * still a member, of other lists: nothing is said then. */
static int is_in_list(struct data_solver *solver, const struct data_set *set, uint32_t index,
		      uint32_t offset, void *context)
{
	uint64_t space = data_word(solver, set, index, solver->at.mount_ns);
	struct data_list list;
	uint32_t heads = 0;

	if (!data_is_kernel(solver, space))
		return 0;
	data_list_walk(solver, set->at[index] + offset, 4096, &list);
	for (uint32_t i = 0; i < list.count; i++)
		if (list.at[i] - space < NAMESPACE_BYTES && list.closed && list.count >= 2) {
			note_anchor(context, list.at[i] - space);
			heads++;
		}
	data_list_deinit(&list);
	return heads == 1 ? 1 : -1;
}

/* The root of the tree in which a node is; 0: it is in none. The colour is in a parent's low bits. */
static uint64_t tree_root(struct data_solver *solver, uint64_t node)
{
	for (int depth = 0; depth < TREE_DEPTH; depth++) {
		uint64_t up, right, left;

		if (!data_read_word(solver, node, &up))
			return 0;
		up &= ~(uint64_t)3;
		if (up == 0)
			return node;
		if (!data_is_kernel(solver, up) ||
		    !data_read_word(solver, up + solver->word, &right) ||
		    !data_read_word(solver, up + (uint64_t)2 * solver->word, &left) ||
		    (right == node) == (left == node))
			return 0;
		node = up;
	}
	return 0;
}

/* A node of a tree whose root the namespace has. */
static int is_in_tree(struct data_solver *solver, const struct data_set *set, uint32_t index,
		      uint32_t offset, void *context)
{
	uint64_t space = data_word(solver, set, index, solver->at.mount_ns), value;
	uint64_t root = tree_root(solver, set->at[index] + offset);
	uint32_t found = 0;

	if (!data_is_kernel(solver, space))
		return 0;
	for (uint32_t at = 0; root && at < NAMESPACE_BYTES; at += solver->word)
		if (data_read_word(solver, space + at, &value) && value == root) {
			note_anchor(context, at);
			found++;
		}
	return found == 1 ? 1 : -1;
}

/* The member by which mounts are linked, and what the namespace has for it. */
static void solve_linked(struct data_solver *solver, data_test *test, const char *member,
			 uint32_t width, const char *ns_member, uint32_t ns_width)
{
	struct ns_anchor anchor = {0};
	struct data_columns columns, anchors = {0};
	struct data_column column;
	unsigned name = 0;

	data_search(solver, &solver->mounts, &(struct data_search){.support_min = 2}, test, &anchor,
		    &columns);
	if (columns.count != 1)
		return;
	anchor = (struct ns_anchor){0}; /* other places have left theirs */
	if (data_check(solver, &solver->mounts, 2, columns.rows[0].offset, test, &anchor,
		       &column) &&
	    !anchor.several) {
		column.offset = anchor.offset;
		data_columns_push(&anchors, &column);
		data_claim_columns(solver, DATA_RULE_mount_list, "mnt_namespace", ns_member,
				   ns_width, &anchors);
	}
	/* Where mnt_node is asked for as a second name, mnt_list is meant, which every kernel has. */
	if (infer_fields_find(solver->fields, "mount", member, &name) != INFER_NONE && name == 0)
		claim_member(solver, DATA_RULE_mount_list, member, width, &columns);
}

static void solve_mount_list(struct data_solver *solver)
{
	solve_linked(solver, is_in_list, "mnt_list", 2 * solver->word, "list", 2 * solver->word);
	solve_linked(solver, is_in_tree, "mnt_node", 3 * solver->word, "mounts", solver->word);
}

/* Where most mounts have the one that maps no ids. */
static int is_no_idmap(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	const uint64_t *none = context;

	return data_word(solver, set, index, offset) == *none ? 1 : -1;
}

static void solve_idmap(struct data_solver *solver)
{
	const struct infer_symbol *none =
		infer_symbols_named(solver->kernel->symbols, "nop_mnt_idmap", NULL);
	struct data_columns columns;
	uint64_t address = none ? none->address : 0;

	if (!none)
		return;
	data_search(solver, &solver->mounts,
		    &(struct data_search){.first = BEFORE, .end = BEFORE + 16 * solver->word},
		    is_no_idmap, &address, &columns);
	for (uint32_t i = 0; i < columns.count && i < DATA_COLUMNS; i++)
		columns.rows[i].offset -= BEFORE;
	data_claim_columns(solver, DATA_RULE_no_idmap, "vfsmount", "mnt_idmap", solver->word,
			   &columns);
}

void data_solve_mounts(struct data_solver *solver)
{
	struct mount_layout layout;
	struct data_columns columns;

	if (solver->at.dentry_sb == DATA_UNKNOWN || !find_path(solver, &layout))
		return;
	solve_fs(solver, &layout);
	for (uint32_t i = 0; i < solver->files.count; i++)
		add_mount(solver, data_word(solver, &solver->files, i, solver->at.file_mnt));
	if (!solve_tree(solver, &layout))
		return;
	add_parents(solver);
	bound_mounts(solver);
	solve_idmap(solver);
	data_search(solver, &solver->mounts, &(struct data_search){0}, is_device_name, NULL,
		    &columns);
	claim_member(solver, DATA_RULE_mount_device, "mnt_devname", solver->word, &columns);
	if (solver->nsproxies.count)
		solve_mount_ns(solver);
	if (solver->at.mount_ns != DATA_UNKNOWN)
		solve_mount_list(solver);
}
