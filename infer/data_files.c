/* SPDX-License-Identifier: MIT */
/*
 * Open files: a task's table of descriptors, told by its bitmap of open ones agreeing with its
 * array of pointers; the files in it; their dentries, told by a name that is as long as they say;
 * and what files and inodes have in common.
 */
#include "infer/data_solver.h"

#include <stdlib.h>

#define TABLE_BYTES 96u
#define FDS_MAX 1024u /* of one table that are looked at */
#define SAMPLES 64u
#define NAME_MAX_BYTES 256

/* ---- descriptors ---- */

struct table {
	uint32_t max, fd, open; /* offsets in struct fdtable */
};

static uint64_t word_in(const struct data_solver *solver, const unsigned char *bytes,
			uint32_t offset)
{
	uint64_t value = 0;

	memcpy(&value, bytes + offset, solver->word);
	return value;
}

static uint32_t u32_in(const unsigned char *bytes, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

/* Reads what can be open: pointers, or NULL. Returns how many slots, 0 when it is no such array. */
static uint32_t read_slots(struct data_solver *solver, uint64_t at, uint32_t max, uint64_t *slots,
			   uint32_t *open)
{
	unsigned char bytes[FDS_MAX * 8];
	uint32_t count = max < FDS_MAX ? max : FDS_MAX;

	*open = 0;
	if (!data_is_kernel(solver, at) || at % solver->word ||
	    !data_read(solver, at, bytes, count * solver->word))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		slots[i] = word_in(solver, bytes, i * solver->word);
		if (slots[i] && (!data_is_kernel(solver, slots[i]) || slots[i] % 4))
			return 0;
		*open += slots[i] != 0;
	}
	return count;
}

/* Is a bit set where there is a pointer, and nowhere else? A descriptor is taken before its file is
 * there: one that is being opened may wait for long. */
static bool agrees(struct data_solver *solver, uint64_t at, const uint64_t *slots, uint32_t count)
{
	unsigned char bits[FDS_MAX / 8];
	uint32_t taken = 0;

	if (!data_is_kernel(solver, at) || !data_read(solver, at, bits, count / 8))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		bool is_set = bits[i / 8] >> i % 8 & 1;

		if (slots[i] && !is_set)
			return false;
		taken += !slots[i] && is_set;
	}
	return taken <= 1;
}

static bool is_table(struct data_solver *solver, const unsigned char *bytes,
		     const struct table *table, uint32_t *open)
{
	uint64_t slots[FDS_MAX];
	uint32_t max = u32_in(bytes, table->max), count;

	if (max < 32 || max % 32 || max > (1u << 20))
		return false;
	count = read_slots(solver, word_in(solver, bytes, table->fd), max, slots, open);
	return count && agrees(solver, word_in(solver, bytes, table->open), slots, count);
}

/* Which members of what lies at @at are a table with something open in it. */
static bool find_table(struct data_solver *solver, uint64_t at, struct table *table)
{
	unsigned char bytes[TABLE_BYTES];
	uint32_t open, word = solver->word;

	if (!data_read(solver, at, bytes, sizeof(bytes)))
		return false;
	for (table->max = 0; table->max < 8 * word; table->max += 4) {
		uint32_t max = u32_in(bytes, table->max);

		for (table->fd = 0; table->fd < 8 * word && max >= 32 && max % 32 == 0;
		     table->fd += word)
			for (table->open = 0; table->open < 8 * word; table->open += word)
				if (table->fd != table->open &&
				    is_table(solver, bytes, table, &open) && open > 2)
					return true;
	}
	return false;
}

/* The files_structs of some programs that column @offset of tasks leads to. */
static uint32_t take_samples(struct data_solver *solver, uint32_t offset, uint64_t *samples)
{
	uint32_t count = 0;

	for (uint32_t i = solver->tasks.count; i-- > 0 && count < SAMPLES;) {
		uint64_t at = data_word(solver, &solver->tasks, i, offset);
		uint32_t k = 0;

		if (data_is_kernel_thread(solver, i) || !at)
			continue;
		if (!data_is_kernel(solver, at) || at % solver->word ||
		    data_set_around(&solver->tasks, at) != DATA_UNKNOWN)
			return 0; /* an empty list leads to the task itself, which has all */
		while (k < count && samples[k] != at)
			k++;
		if (k == count)
			samples[count++] = at;
	}
	return count;
}

static uint32_t count_tables(struct data_solver *solver, const uint64_t *samples, uint32_t count,
			     uint32_t offset, const struct table *table)
{
	uint32_t good = 0, open;

	for (uint32_t i = 0; i < count; i++) {
		unsigned char bytes[TABLE_BYTES];
		uint64_t at;

		good += data_read_word(solver, samples[i] + offset, &at) &&
			data_is_kernel(solver, at) && data_read(solver, at, bytes, sizeof(bytes)) &&
			is_table(solver, bytes, table, &open);
	}
	return good;
}

/* One place where a pointer to a table may be, in what tasks point to. */
struct place {
	uint32_t files, fdt;
	struct table table;
	uint32_t support;
};

/* A list head points to itself or to what is beside it, where a table may lie embedded. */
static bool is_list_head(const struct data_solver *solver, const unsigned char *bytes,
			 uint32_t offset, uint64_t base)
{
	uint64_t value = word_in(solver, bytes, offset);

	return value == base + offset ||
	       (offset >= solver->word && value == base + offset - solver->word);
}

/* Every place whose pointer leads to a table for all samples: as a rule one. */
static uint32_t find_places(struct data_solver *solver, const uint64_t *samples, uint32_t count,
			    struct place *places, uint32_t places_max)
{
	unsigned char bytes[256];
	uint32_t found = 0;

	if (!data_read(solver, samples[0], bytes, sizeof(bytes)))
		return 0;
	for (uint32_t fdt = 0; fdt < sizeof(bytes) && found < places_max; fdt += solver->word) {
		struct place place = {.fdt = fdt, .support = count};
		uint64_t at;
		bool good = false;

		if (!data_is_kernel(solver, word_in(solver, bytes, fdt)) ||
		    is_list_head(solver, bytes, fdt, samples[0]))
			continue;
		for (uint32_t i = 0; i < count && i < 4 && !good; i++)
			good = data_read_word(solver, samples[i] + fdt, &at) &&
			       at % solver->word == 0 && find_table(solver, at, &place.table);
		if (good &&
		    count_tables(solver, samples, count, fdt, &place.table) * 50 >= count * 49)
			places[found++] = place;
	}
	return found;
}

static void claim_places(struct data_solver *solver, const struct place *places, uint32_t count)
{
	struct data_columns files = {0}, fdts = {0}, maxima = {0}, fds = {0}, bits = {0};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t support = places[i].support;

		if (i == 0)
			data_columns_push(&files,
					  &(struct data_column){places[i].files, support, 0});
		data_columns_push(&fdts, &(struct data_column){places[i].fdt, support, 0});
		data_columns_push(&maxima, &(struct data_column){places[i].table.max, support, 0});
		data_columns_push(&fds, &(struct data_column){places[i].table.fd, support, 0});
		data_columns_push(&bits, &(struct data_column){places[i].table.open, support, 0});
	}
	data_claim_columns(solver, DATA_RULE_fdtable, "task_struct", "files", solver->word, &files);
	data_claim_columns(solver, DATA_RULE_fdtable, "files_struct", "fdt", solver->word, &fdts);
	data_claim_columns(solver, DATA_RULE_fdtable, "fdtable", "max_fds", 4, &maxima);
	data_claim_columns(solver, DATA_RULE_fdtable, "fdtable", "fd", solver->word, &fds);
	data_claim_columns(solver, DATA_RULE_descriptor_bits, "fdtable", "open_fds", solver->word,
			   &bits);
}

static void add_open_files(struct data_solver *solver, uint32_t files, uint32_t fdt,
			   const struct table *table)
{
	uint64_t slots[FDS_MAX];
	uint32_t open;

	data_set_follow(solver, &solver->filesets, &solver->tasks, files);
	for (uint32_t i = 0; i < solver->filesets.count; i++) {
		unsigned char bytes[TABLE_BYTES];
		uint64_t at = data_word(solver, &solver->filesets, i, fdt);
		uint32_t count;

		if (!data_read(solver, at, bytes, sizeof(bytes)))
			continue;
		count = read_slots(solver, word_in(solver, bytes, table->fd),
				   u32_in(bytes, table->max), slots, &open);
		for (uint32_t k = 0; k < count; k++)
			if (slots[k])
				data_set_add(solver, &solver->files, slots[k],
					     solver->filesets.at[i]);
	}
}

static void find_files(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->tasks.end; offset += solver->word) {
		uint64_t samples[SAMPLES];
		struct place places[4];
		uint32_t count = take_samples(solver, offset, samples), found;

		if (count == 0)
			continue;
		found = find_places(solver, samples, count, places, 4);
		if (!found)
			continue;
		for (uint32_t i = 0; i < found; i++)
			places[i].files = offset;
		claim_places(solver, places, found);
		add_open_files(solver, offset, places[0].fdt, &places[0].table);
		return;
	}
}

/* Programs' files are as good, and there are some even where nothing else is open. */
static void add_mapped_files(struct data_solver *solver, const struct data_set *from,
			     uint32_t column)
{
	if (column != DATA_UNKNOWN)
		data_set_follow(solver, &solver->files, from, column);
}

/* ---- dentries ---- */

struct name {
	uint32_t pointer, length; /* offsets in a dentry */
	uint64_t lengths;         /* that were seen, but for zero: a set, modulo its size */
	uint32_t inside;          /* where short names are kept; DATA_UNKNOWN */
};

static int has_name(struct data_solver *solver, const struct data_set *set, uint32_t index,
		    uint32_t offset, void *context)
{
	struct name *name = context;
	uint64_t at = data_word(solver, set, index, offset);
	uint32_t length = data_u32(set, index, name->length);
	unsigned char text[NAME_MAX_BYTES];

	if (!data_is_kernel(solver, at) || length >= NAME_MAX_BYTES ||
	    !data_read(solver, at, text, length + 1) || text[length] || memchr(text, 0, length))
		return -1;
	if (length == 0)
		return 0;
	name->lengths |= UINT64_C(1) << length % 64;
	if (at - set->at[index] < set->end) {
		if (name->inside == DATA_UNKNOWN)
			name->inside = (uint32_t)(at - set->at[index]);
		else if (at - set->at[index] != name->inside)
			return -1;
	}
	return 1;
}

/* A number that is always the same may by chance be how far it is to the next zero byte. */
static bool are_lengths(const struct name *name)
{
	return __builtin_popcountll(name->lengths) >= 2;
}

/* A name and its length beside it, in struct qstr. */
static bool find_name(struct data_solver *solver, const struct data_set *dentries,
		      struct name *name, struct data_column *column)
{
	uint32_t word = solver->word;

	for (uint32_t pointer = 8; pointer + word <= dentries->end; pointer += word)
		for (uint32_t length = pointer - 8;
		     length <= pointer + word + 4 && length + 4 <= dentries->end; length += 4) {
			*name = (struct name){pointer, length, 0, DATA_UNKNOWN};
			if (length >= pointer && length < pointer + word)
				continue;
			if (data_check(solver, dentries, dentries->count / 4 + 2, pointer, has_name,
				       name, column) &&
			    name->inside != DATA_UNKNOWN && are_lengths(name))
				return true;
		}
	return false;
}

/* The hash shares eight bytes with the length: struct qstr begins with them, or with the name. */
static void claim_name(struct data_solver *solver, const struct name *name,
		       const struct data_column *found)
{
	struct data_column column = *found;
	uint32_t pair = name->length - (name->length > name->pointer ? 0 : 4);
	uint32_t first = pair < name->pointer ? pair : name->pointer;

	column.offset = first;
	data_claim(solver, DATA_RULE_name, "dentry", "d_name", 0, &column, 0);
	column.offset = name->pointer - first;
	data_claim(solver, DATA_RULE_name, "qstr", "name", solver->word, &column, 0);
	column.offset = name->length - first;
	data_claim(solver, DATA_RULE_name, "qstr", "len", 4, &column, 0);
	column.offset = name->inside;
	data_claim(solver, DATA_RULE_name, "dentry", "d_iname", 0, &column, 0);
	solver->at.dentry_name = name->pointer;
	solver->at.dentry_length = name->length;
}

static bool find_dentries(struct data_solver *solver)
{
	for (uint32_t offset = 0; offset < solver->files.end; offset += solver->word) {
		struct data_column column;
		struct name name;

		data_set_deinit(&solver->dentries);
		data_set_follow(solver, &solver->dentries, &solver->files, offset);
		if (solver->dentries.count * 8 < solver->files.count || solver->dentries.count < 4)
			continue;
		data_set_bound(solver, &solver->dentries);
		if (!find_name(solver, &solver->dentries, &name, &column))
			continue;
		claim_name(solver, &name, &column);
		solver->at.file_dentry = offset;
		return true;
	}
	data_set_deinit(&solver->dentries);
	return false;
}

bool data_is_dentry(struct data_solver *solver, uint64_t at)
{
	unsigned char text[NAME_MAX_BYTES];
	uint64_t name;
	uint32_t length;

	return data_is_kernel(solver, at) && at % solver->word == 0 &&
	       data_read_word(solver, at + solver->at.dentry_name, &name) &&
	       data_is_kernel(solver, name) &&
	       data_read_u32(solver, at + solver->at.dentry_length, &length) &&
	       length < NAME_MAX_BYTES && data_read(solver, name, text, length + 1) &&
	       !text[length] && !memchr(text, 0, length);
}

/* ---- columns of files and of what they lead to that agree ---- */

/* Values that were met, up to a few: columns that are always the same say nothing. */
struct values {
	uint64_t seen[4];
	uint32_t count;
};

static void remember(struct values *values, uint64_t value)
{
	for (uint32_t i = 0; i < values->count; i++)
		if (values->seen[i] == value)
			return;
	if (values->count < 4)
		values->seen[values->count++] = value;
}

static bool agree(struct data_solver *solver, const struct data_pair *pair, const uint32_t *links,
		  struct data_column *first, uint32_t second)
{
	struct values values = {{0}, 0};

	for (uint32_t i = 0; i < pair->set->count; i++) {
		uint64_t value = data_word(solver, pair->set, i, first->offset);

		if (links[i] == DATA_UNKNOWN)
			continue;
		if (value && value == data_word(solver, pair->other, links[i], second)) {
			first->support++;
			remember(&values, value);
		} else if (++first->dissent * 100 > pair->set->count * pair->dissent_percent) {
			return false;
		}
	}
	return first->support >= 4 && values.count >= pair->distinct_min &&
	       first->dissent * 100 <= first->support * pair->dissent_percent &&
	       pair->accept(solver, values.seen[0]);
}

static bool may_be_pointer(const struct data_solver *solver, const struct data_set *set,
			   uint32_t offset)
{
	return data_is_kernel(solver, data_word(solver, set, 0, offset)) ||
	       data_is_kernel(solver, data_word(solver, set, set->count - 1, offset));
}

uint32_t data_pair_columns(struct data_solver *solver, const struct data_pair *pair,
			   struct data_columns *firsts, struct data_columns *seconds)
{
	uint32_t *links = calloc(pair->set->count + 1, sizeof(*links));

	firsts->count = seconds->count = 0;
	solver->no_memory |= !links;
	for (uint32_t i = 0; links && i < pair->set->count; i++)
		links[i] = data_set_find(pair->other, data_word(solver, pair->set, i, pair->link));
	for (uint32_t a = 0; links && pair->set->count && a < pair->set->end; a += solver->word) {
		if (a == pair->link || !may_be_pointer(solver, pair->set, a))
			continue;
		for (uint32_t b = 0; b < pair->other->end; b += solver->word) {
			struct data_column column = {a, 0, 0};

			if (!agree(solver, pair, links, &column, b))
				continue;
			data_columns_push(firsts, &column);
			column.offset = b;
			data_columns_push(seconds, &column);
		}
	}
	free(links);
	return firsts->count;
}

static void solve_file_inode(struct data_solver *solver)
{
	struct data_pair pair = {.set = &solver->files,
				 .other = &solver->dentries,
				 .link = solver->at.file_dentry,
				 .distinct_min = 4,
				 .dissent_percent = 5,
				 .accept = data_is_kernel};
	struct data_columns files, dentries;

	data_pair_columns(solver, &pair, &files, &dentries);
	solver->at.file_inode = data_claim_columns(solver, DATA_RULE_file_inode, "file", "f_inode",
						   solver->word, &files);
	solver->at.dentry_inode = data_claim_columns(solver, DATA_RULE_file_inode, "dentry",
						     "d_inode", solver->word, &dentries);
}

/* Most files keep the operations that their inode gave them. */
static bool pair_operations(struct data_solver *solver)
{
	struct data_pair pair = {.set = &solver->files,
				 .other = &solver->inodes,
				 .link = solver->at.file_inode,
				 .distinct_min = 3,
				 .dissent_percent = 200,
				 .accept = data_in_image};
	struct data_columns files, inodes;

	data_pair_columns(solver, &pair, &files, &inodes);
	solver->at.file_op = data_claim_columns(solver, DATA_RULE_file_operations, "file", "f_op",
						solver->word, &files);
	solver->at.inode_fop = data_claim_columns(solver, DATA_RULE_file_operations, "inode",
						  "i_fop", solver->word, &inodes);
	return files.count > 0;
}

static int is_of_image(struct data_solver *solver, const struct data_set *set, uint32_t index,
		       uint32_t offset, void *context)
{
	uint64_t value = data_word(solver, set, index, offset);

	(void)context;
	return data_in_image(solver, value) ? 1 : data_is_kernel(solver, value) ? 0 : -1;
}

/* Whether files have the operations of their inode in its member @offset: counts those. */
static uint32_t count_same_operations(const struct data_solver *solver, uint32_t offset)
{
	uint32_t same = 0;

	for (uint32_t i = 0; i < solver->files.count; i++) {
		uint64_t own = data_word(solver, &solver->files, i, solver->at.file_op);
		uint32_t inode = data_set_find(&solver->inodes, data_word(solver, &solver->files, i,
									  solver->at.file_inode));

		same += inode != DATA_UNKNOWN &&
			data_word(solver, &solver->inodes, inode, offset) == own;
	}
	return same;
}

/* With few kinds of files: every file has operations, and points to nothing else in the image; no
 * inode has them as another kind of operations. */
static void find_operations(struct data_solver *solver)
{
	struct data_columns files, inodes;

	data_search(solver, &solver->files,
		    &(struct data_search){.support_min = solver->files.count * 9 / 10}, is_of_image,
		    NULL, &files);
	if (files.count != 1)
		return;
	solver->at.file_op = data_claim_columns(solver, DATA_RULE_file_operations, "file", "f_op",
						solver->word, &files);
	data_search(solver, &solver->inodes, &(struct data_search){0}, is_of_image, NULL, &inodes);
	for (uint32_t i = inodes.count; i-- > 0 && inodes.count <= DATA_COLUMNS;)
		if (count_same_operations(solver, inodes.rows[i].offset) < 2)
			data_columns_remove(&inodes, inodes.rows[i].offset);
	solver->at.inode_fop = data_claim_columns(solver, DATA_RULE_file_operations, "inode",
						  "i_fop", solver->word, &inodes);
}

/** When as many inodes are known as will be. */
void data_solve_operations(struct data_solver *solver)
{
	if (!pair_operations(solver))
		find_operations(solver);
}

/* ---- flags and mode ---- */

/* FMODE_READ and WRITE are the access mode of the flags, plus one; open since 4.19 (f5d11409) and
 * O_PATH have no access. */
static int is_access(struct data_solver *solver, const struct data_set *set, uint32_t index,
		     uint32_t offset, void *context)
{
	uint32_t mode = data_u32(set, index, offset), *flags = context;
	uint32_t access = data_u32(set, index, flags[0]);

	if (data_is_part_of_pointer(solver, set, index, offset))
		return -1;      /* half of a pointer */
	if (access & 010000000) /* O_PATH */
		return 0;
	flags[1] |= 1u << (access & 3);
	return (mode & 3) == ((access + 1) & 3) && mode > 3 ? 1 : -1;
}

static void solve_access(struct data_solver *solver)
{
	struct data_columns modes = {0}, flags = {0};

	for (uint32_t flag = 0; flag + 4 <= solver->files.end; flag += 4)
		for (uint32_t mode = 0; mode + 4 <= solver->files.end; mode += 4) {
			uint32_t context[2] = {flag, 0};
			struct data_column column;

			if (mode == flag ||
			    !data_check(solver, &solver->files, 0, mode, is_access, context,
					&column) ||
			    __builtin_popcount(context[1]) < 2)
				continue;
			data_columns_push(&modes, &column);
			column.offset = flag;
			data_columns_push(&flags, &column);
		}
	data_claim_columns(solver, DATA_RULE_access, "file", "f_mode", 4, &modes);
	data_claim_columns(solver, DATA_RULE_access, "file", "f_flags", 4, &flags);
}

void data_solve_files(struct data_solver *solver)
{
	if (!solver->kthreadd)
		return;
	add_mapped_files(solver, &solver->mms, solver->at.mm_exe_file);
	find_files(solver);
	add_mapped_files(solver, &solver->vmas, solver->at.vma_file);
	if (solver->files.count < 8)
		return;
	data_set_bound(solver, &solver->files);
	solve_access(solver);
	if (!find_dentries(solver))
		return;
	solve_file_inode(solver);
	if (solver->at.file_inode == DATA_UNKNOWN)
		return;
	data_set_follow(solver, &solver->inodes, &solver->files, solver->at.file_inode);
	data_set_bound(solver, &solver->inodes);
}
