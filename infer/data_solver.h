/* SPDX-License-Identifier: MIT */
/*
 * What all rules over live objects share: copies of objects of one type (a set), the search for the
 * offsets at which a property holds for all of them (a column), lists, and claims. A rule sees an
 * object as words at offsets and never assumes an order of members.
 */
#ifndef SEMGAP_INFER_DATA_SOLVER_H
#define SEMGAP_INFER_DATA_SOLVER_H

#include <string.h>

#include "infer/kernel.h"

#define DATA_UNKNOWN UINT32_MAX
#define DATA_COLUMNS 16
#define DATA_LIST_MAX 65536u /* elements of one list */

/** Copies of objects of one type, in the order in which they were met; an address is in it once. */
struct data_set {
	uint32_t
		size_bytes; /* copied of each; more than an object has, where its size is unknown */
	uint32_t end;       /* no member lies past it: two objects do not overlap */
	uint32_t count, capacity, max;
	uint64_t *at;
	uint64_t *owner;    /* what led here: another object's address */
	uint32_t *readable; /* bytes of the copy that could be read; the rest is zero */
	unsigned char *bytes;
	uint32_t *slots; /* hash of at */
	uint32_t slot_count;
	uint32_t *order; /* by address, as data_set_bound() left it */
	uint32_t order_count;
};

/** A column: an offset at which a property holds. */
struct data_column {
	uint32_t offset, support, dissent;
};

struct data_columns {
	struct data_column rows[DATA_COLUMNS];
	uint32_t count; /* how many there were: may exceed DATA_COLUMNS */
};

/** The rules, by which claims are classed and weighed. */
enum data_rule {
#define DATA_RULE(id, says, right, wrong) DATA_RULE_##id,
#include "infer/data_rules.def"
#undef DATA_RULE
	DATA_RULE_COUNT
};

/** Offsets found so far that later rules build on; DATA_UNKNOWN until then. Named as members are,
 * which keeps the rules readable. */
struct data_layout {
#define DATA_OFFSET(name) uint32_t name;
#include "infer/data_offsets.def"
#undef DATA_OFFSET
};

struct data_solver {
	struct infer_kernel *kernel;
	const struct infer_fields *fields;
	struct infer_claims *claims;
	uint32_t word; /* bytes of a pointer */
	uint64_t kernel_start;
	uint64_t reads;
	bool no_memory;
	uint64_t init_task, kthreadd, pid_ns, uts_ns; /* 0: not found */
	uint32_t class_ids[DATA_RULE_COUNT];
	struct data_layout at;
	struct data_columns pid_columns; /* of tasks: what may be their pid, where several may */
	struct data_set tasks;           /* threads; the first one is init_task */
	uint32_t *vma_order;             /* mappings by address space and start */
	struct data_set signals, mms, vmas, creds, pids, nsproxies, filesets, files;
	struct data_set dentries, inodes, supers, mounts, types, sockets, socks, modules, nets;
};

bool data_read(struct data_solver *solver, uint64_t at, void *buffer, size_t size_bytes);
bool data_read_word(struct data_solver *solver, uint64_t at, uint64_t *value);
bool data_read_u32(struct data_solver *solver, uint64_t at, uint32_t *value);
/** Reads a string of printable ASCII that ends within @capacity; its length, or -1. */
int data_read_text(struct data_solver *solver, uint64_t at, char *text, size_t capacity);

/** Could it be an address in the kernel's half? Says nothing on what is there. */
bool data_is_kernel(const struct data_solver *solver, uint64_t value);
bool data_in_image(const struct data_solver *solver, uint64_t value);
bool data_is_user(const struct data_solver *solver, uint64_t value);

/** Does the number at @offset look like half of a pointer? A number beside one that is -1 is none. */
bool data_is_part_of_pointer(const struct data_solver *solver, const struct data_set *set,
			     uint32_t index, uint32_t offset);

/** Members of @bytes at @offset; 0 beyond the copy. */
uint64_t data_word(const struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset);
uint32_t data_u32(const struct data_set *set, uint32_t index, uint32_t offset);
uint64_t data_u64(const struct data_set *set, uint32_t index, uint32_t offset);
uint16_t data_u16(const struct data_set *set, uint32_t index, uint32_t offset);
const unsigned char *data_bytes(const struct data_set *set, uint32_t index);

void data_set_init(struct data_set *set, uint32_t size_bytes, uint32_t max);
/** Empties it as well: it may be filled anew. */
void data_set_deinit(struct data_set *set);
/** Drops the objects that @keep has false for. */
void data_set_keep(struct data_set *set, const bool *keep);
/** Index of the object at @at, copied when it is new; DATA_UNKNOWN when nothing can be read there,
 * or the set is full. */
uint32_t data_set_add(struct data_solver *solver, struct data_set *set, uint64_t at,
		      uint64_t owner);
uint32_t data_set_find(const struct data_set *set, uint64_t at);
/** Adds what column @offset of @from points to; skips what is no kernel address. */
void data_set_follow(struct data_solver *solver, struct data_set *set, const struct data_set *from,
		     uint32_t offset);

/** Bounds what is searched by the least distance of two objects: past it lie others of its kind. */
void data_set_bound(struct data_solver *solver, struct data_set *set);
/** Objects of one kind lie side by side in pages of their own: adds those beside the ones that are
 * there which @is_one accepts, at the distance that data_set_bound() found. */
void data_set_add_neighbours(struct data_solver *solver, struct data_set *set,
			     bool (*is_one)(struct data_solver *solver, uint64_t at));

/** The object around @at, of those that were there when the set was bounded; DATA_UNKNOWN. */
uint32_t data_set_around(const struct data_set *set, uint64_t at);

/** Does an object have the property at an offset: > 0 yes, < 0 no, 0 it says nothing. */
typedef int data_test(struct data_solver *solver, const struct data_set *set, uint32_t index,
		      uint32_t offset, void *context);

/** How the members that are looked for may lie, and how many objects must agree. */
struct data_search {
	uint32_t step;        /* 0: of a pointer */
	uint32_t width;       /* bytes; 0: of a pointer */
	uint32_t support_min; /* 0: two, and half of the objects */
	uint32_t first, end;  /* bytes of the object; end 0: the set's */
};

/** All offsets of @set at which @test holds: dissent of one object in twenty is forgiven, as they
 * change under the reader. */
void data_search(struct data_solver *solver, const struct data_set *set,
		 const struct data_search *search, data_test *test, void *context,
		 struct data_columns *columns);
/** The same for one offset. */
bool data_check(struct data_solver *solver, const struct data_set *set, uint32_t support_min,
		uint32_t offset, data_test *test, void *context, struct data_column *column);
/** Adds a column that a rule found by its own means. */
void data_columns_push(struct data_columns *columns, const struct data_column *column);
/** Sorts out one offset. */
void data_columns_remove(struct data_columns *columns, uint32_t offset);
/** Where several columns hold, those with exceptions make room for those without that are not much poorer. */
void data_columns_remove_dissenting(struct data_columns *columns);
/** Those that not half as many objects show as another one go. */
void data_columns_remove_poor(struct data_columns *columns);
/** The one offset, or DATA_UNKNOWN when there are none or several. */
uint32_t data_columns_only(const struct data_columns *columns);

/** The addresses of a circular list of two-word links, @head left out. */
struct data_list {
	uint64_t *at;
	uint32_t count;
	bool closed; /* came back to the head, each element pointing back to the one before */
};

/** Walks at most @count_max elements. @list is to be released whatever came. */
void data_list_walk(struct data_solver *solver, uint64_t head, uint32_t count_max,
		    struct data_list *list);
void data_list_deinit(struct data_list *list);

/** Claims that @type.@member is at @column. */
void data_claim(struct data_solver *solver, enum data_rule rule, const char *type,
		const char *member, uint32_t width_bytes, const struct data_column *column,
		uint64_t witness);
/** The same by a witness who knows that of all names of the field it is this one. */
void data_claim_named(struct data_solver *solver, enum data_rule rule, const char *type,
		      const char *member, uint32_t width_bytes, const struct data_column *column);
/** Claims the only column; of a few equal ones each, too weakly to decide alone. Returns the only
 * one, or DATA_UNKNOWN. */
uint32_t data_claim_columns(struct data_solver *solver, enum data_rule rule, const char *type,
			    const char *member, uint32_t width_bytes,
			    const struct data_columns *columns);
/** A member of @width_bits at bit @bit of @column's byte. */
void data_claim_bits(struct data_solver *solver, enum data_rule rule, const char *type,
		     const char *member, uint32_t bit, uint32_t width_bits,
		     const struct data_column *column);
/** Where witnesses in code, all of them alike, have a member: what rules may build on that did not
 * meet it themselves. DATA_UNKNOWN: code was not read, or tells nothing. */
uint32_t data_told_by_code(const struct data_solver *solver, const char *type, const char *member);
/** Where a symbol is: as the kernel's tables have it, or as functions tell; false: neither knows. */
bool data_symbol(const struct data_solver *solver, const char *name, uint64_t *address);
void data_claim_absent(struct data_solver *solver, enum data_rule rule, const char *type,
		       const char *member, uint32_t support);

/** Of those that are known by their descent; needs kthreadd. */
bool data_is_kernel_thread(const struct data_solver *solver, uint32_t index);

/** Does it have a name as long as it says? Needs the layout of names. */
bool data_is_dentry(struct data_solver *solver, uint64_t at);

/** Two sets, objects of one leading to the other's, in which columns with the same values are
 * looked for. */
struct data_pair {
	const struct data_set *set, *other;
	uint32_t link; /* column of @set that leads to @other */
	uint32_t distinct_min, dissent_percent;
	bool (*accept)(const struct data_solver *solver, uint64_t value);
};

/** All pairs of columns that agree, the two at the same index. */
uint32_t data_pair_columns(struct data_solver *solver, const struct data_pair *pair,
			   struct data_columns *firsts, struct data_columns *seconds);

/** Whether the word @value at @at is one that is looked for. */
typedef bool data_word_test(struct data_solver *solver, uint64_t at, uint64_t value,
			    const void *context);
/** The first @max words of the image that are looked for, by rising address; how many there are. */
uint32_t data_scan_image(struct data_solver *solver, data_word_test *test, const void *context,
			 uint64_t *places, uint32_t max);

/* The parts, in the order in which they build on each other. */
void data_find_tasks(struct data_solver *solver);
void data_solve_tasks(struct data_solver *solver);
void data_solve_states(struct data_solver *solver);
void data_solve_memory(struct data_solver *solver);
void data_solve_mappings(struct data_solver *solver);
void data_solve_ids(struct data_solver *solver);
void data_solve_files(struct data_solver *solver);
void data_solve_operations(struct data_solver *solver);
void data_solve_inodes(struct data_solver *solver);
void data_solve_mounts(struct data_solver *solver);
void data_solve_namespaces(struct data_solver *solver);
void data_solve_sockets(struct data_solver *solver);
void data_solve_modules(struct data_solver *solver);
/** Of the modules that data_solve_modules() found, newest first, copied from their start. */
void data_solve_module_uses(struct data_solver *solver);
void data_solve_chains(struct data_solver *solver);
void data_solve_netlink(struct data_solver *solver);
void data_solve_special(struct data_solver *solver);
void data_solve_kinds(struct data_solver *solver);
void data_solve_log(struct data_solver *solver);

#endif
