/* SPDX-License-Identifier: MIT */
/*
 * The mappings of an address space, in the order and with the words of show_map_vma()
 * (fs/proc/task_mmu.c). Mappings do not overlap and rise: what does not is broken, and a list that
 * loops is found by it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/maps.h"

/* include/linux/mm.h */
#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_MAYSHARE 0x80u

#define ANON_NAME_BYTES 80 /* the kernel's ANON_VMA_NAME_MAX_LEN */
#define SPECIAL_NAME_BYTES 64
#define MM_CONTEXT_HAS_VSYSCALL 0x2u /* 5b28617085f6 (5.11) */
#define VSYSCALL_MODE_NONE 2         /* the last of EMULATE, XONLY, NONE */

enum slot {
	MT,
	MMAP,
	MM_RB,
	START_BRK,
	BRK,
	START_STACK,
	CONTEXT_FLAGS,
	MAP_COUNT,
	START,
	END,
	MM,
	FLAGS,
	PGOFF,
	FILE_,
	OPS,
	PRIVATE,
	NEXT,
	RB,
	ANON_NAME,
	ANON_TEXT,
	SHARED,
	OPS_NAME,
	STRICT_HEAP, /* only its presence counts */
	SPECIAL_NAME,
	SLOT_COUNT
};

static const struct gap_wanted wanted[SLOT_COUNT] = {
	[MT] = {GAP_FIELD_MM_MT, 1},
	[MMAP] = {GAP_FIELD_MM_MMAP, 1},
	[MM_RB] = {GAP_FIELD_MM_RB, 1},
	[START_BRK] = {GAP_FIELD_MM_START_BRK, 1},
	[BRK] = {GAP_FIELD_MM_BRK, 1},
	[START_STACK] = {GAP_FIELD_MM_START_STACK, 1},
	[CONTEXT_FLAGS] = {GAP_FIELD_MM_CONTEXT_FLAGS, 1},
	[MAP_COUNT] = {GAP_FIELD_MM_MAP_COUNT, 1},
	[START] = {GAP_FIELD_VMA_START, 0},
	[END] = {GAP_FIELD_VMA_END, 0},
	[MM] = {GAP_FIELD_VMA_MM, 1},
	[FLAGS] = {GAP_FIELD_VMA_FLAGS, 1},
	[PGOFF] = {GAP_FIELD_VMA_PGOFF, 1},
	[FILE_] = {GAP_FIELD_VMA_FILE, 1},
	[OPS] = {GAP_FIELD_VMA_OPS, 1},
	[PRIVATE] = {GAP_FIELD_VMA_PRIVATE, 1},
	[NEXT] = {GAP_FIELD_VMA_NEXT, 1},
	[RB] = {GAP_FIELD_VMA_RB, 1},
	[ANON_NAME] = {GAP_FIELD_VMA_ANON_NAME, 1},
	[ANON_TEXT] = {GAP_FIELD_ANON_NAME_TEXT, 1},
	[SHARED] = {GAP_FIELD_VMA_SHARED, 1},
	[STRICT_HEAP] = {GAP_FIELD_INODE_CTIME_PRIVATE, 1},
	[OPS_NAME] = {GAP_FIELD_VMA_OPS_NAME, 1},
	[SPECIAL_NAME] = {GAP_FIELD_SPECIAL_NAME, 1},
};

_Static_assert(SLOT_COUNT <= sizeof(((struct gap_maps *)0)->fields) / sizeof(struct gap_field),
	       "struct gap_maps has no room for all fields");

#define NOTE(maps, ...)                                                                            \
	gap_note(&(maps)->status, (maps)->reason, sizeof((maps)->reason), __VA_ARGS__)

static int has(const struct gap_maps *maps, enum slot slot)
{
	return maps->fields[slot].present;
}

/* ---- binding ---- */

/* Where the kernel keeps mappings: a maple tree has taken the place of both others. */
static enum gap_status choose_source(struct gap_maps *maps, struct gap_error *error)
{
	if (has(maps, MT)) {
		maps->source = GAP_MAPS_MAPLE;
		return gap_maple_bind(&maps->maple_layout, maps->guest, error);
	}
	if (has(maps, MMAP) && has(maps, NEXT)) {
		maps->source = GAP_MAPS_LIST;
		return GAP_OK;
	}
	if (has(maps, MM_RB) && has(maps, RB)) {
		maps->source = GAP_MAPS_RBTREE;
		return gap_rbtree_bind(&maps->rbtree_layout, maps->guest, error);
	}
	return gap_fail(
		error, GAP_NOT_FOUND,
		"the profile has none of mm_struct.mm_mt, mmap (with vm_area_struct.vm_next) "
		"and mm_rb (with vm_rb)");
}

/* The mapping at the end of x86's address space that is in no process: absent where it is off. */
static void find_gate(struct gap_maps *maps)
{
	struct gap_vaddr mode;
	uint32_t value = 0;

	if (gap_guest_symbol(maps->guest, "gate_vma", &maps->gate, NULL) ||
	    (!gap_guest_symbol(maps->guest, "vsyscall_mode", &mode, NULL) &&
	     (gap_guest_read_u32(maps->guest, mode, &value) || value == VSYSCALL_MODE_NONE)))
		maps->gate.value = 0;
}

enum gap_status gap_maps_init(struct gap_maps *maps, struct gap_guest *guest,
			      struct gap_error *error)
{
	enum gap_status status;

	*maps = (struct gap_maps){.guest = guest};
	status = gap_record_bind(guest, wanted, SLOT_COUNT, maps->fields, error);
	if (!status)
		status = choose_source(maps, error);
	if (!status)
		status = gap_paths_init(&maps->paths, guest, error);
	if (status)
		return status;
	gap_guest_refresh(guest);
	if (gap_guest_symbol(guest, "special_mapping_vmops", &maps->special_ops, NULL))
		maps->special_ops.value = 0;
	find_gate(maps);
	return GAP_OK;
}

/* ---- members ---- */

static int number_of(struct gap_maps *maps, struct gap_vaddr base, enum slot slot, uint64_t *number)
{
	enum gap_status status = gap_record_number(maps->guest, base, &maps->fields[slot], number);

	if (status == GAP_UNREADABLE)
		NOTE(maps, "the memory at 0x%" PRIx64 " cannot be read",
		     gap_record_at(base, &maps->fields[slot]).value);
	return status == GAP_OK;
}

static uint64_t pointer_or_null(struct gap_maps *maps, struct gap_vaddr base, enum slot slot)
{
	struct gap_vaddr pointer;

	return gap_record_pointer(maps->guest, base, &maps->fields[slot], &pointer) ? 0
										    : pointer.value;
}

/* ---- names of what is no file ---- */

static int named(struct gap_map *map, const char *format, const char *name)
{
	int length = snprintf(map->path.bytes, sizeof(map->path.bytes), format, name);

	map->path.length = length < 0 ? 0 : (size_t)length;
	return 1;
}

/* "[vdso]" and its like: mappings whose operations tell a name, all of one kind. */
static int name_special(struct gap_maps *maps, struct gap_map *map)
{
	struct gap_vaddr operations = {pointer_or_null(maps, map->address, OPS)}, mapping, at;
	char name[SPECIAL_NAME_BYTES];

	if (!operations.value)
		return 0;
	if (maps->special_ops.value ? operations.value != maps->special_ops.value
				    : !pointer_or_null(maps, operations, OPS_NAME))
		return 0;
	mapping.value = pointer_or_null(maps, map->address, PRIVATE);
	at.value = mapping.value ? pointer_or_null(maps, mapping, SPECIAL_NAME) : 0;
	if (!at.value || gap_guest_read_string(maps->guest, at, name, sizeof(name)))
		return NOTE(maps, "the name of the mapping at 0x%" PRIx64 " cannot be read",
			    map->start);
	return named(map, "%s", name);
}

/* Does the heap begin or end in it? Until 68f48381d7fd (6.6) to touch it was enough. */
static int is_heap(const struct gap_maps *maps, const struct gap_map *map)
{
	if (has(maps, STRICT_HEAP))
		return map->start < maps->brk && map->end > maps->start_brk;
	return map->start <= maps->brk && map->end >= maps->start_brk;
}

static int name_heap_or_stack(const struct gap_maps *maps, struct gap_map *map)
{
	if (!maps->has_heap)
		return 0;
	if (is_heap(maps, map))
		return named(map, "%s", "[heap]");
	if (map->start <= maps->start_stack && map->end >= maps->start_stack)
		return named(map, "%s", "[stack]");
	return 0;
}

/* What a process itself called a mapping (prctl PR_SET_VMA). */
static int name_anonymous(struct gap_maps *maps, struct gap_map *map, const char *format)
{
	struct gap_vaddr name = {pointer_or_null(maps, map->address, ANON_NAME)};
	char text[ANON_NAME_BYTES];

	if (!name.value || !has(maps, ANON_TEXT))
		return 0;
	name.value += maps->fields[ANON_TEXT].offset_bytes;
	if (gap_guest_read_string(maps->guest, name, text, sizeof(text)))
		return NOTE(maps, "the name at 0x%" PRIx64 " cannot be read", name.value);
	return named(map, format, text);
}

static void read_path(struct gap_maps *maps, struct gap_map *map)
{
	struct gap_vaddr file;
	struct gap_path place;

	if (!has(maps, FILE_) || !number_of(maps, map->address, FILE_, &file.value))
		return;
	map->known |= GAP_MAP_PATH;
	if (!file.value) {
		if (!name_special(maps, map) && !name_heap_or_stack(maps, map))
			name_anonymous(maps, map, "[anon:%s]");
		return;
	}
	/* Shared memory may have a name since 2220e3a8953e (6.2), which took it out of the union. */
	if (has(maps, SHARED) &&
	    maps->fields[SHARED].offset_bytes != maps->fields[ANON_NAME].offset_bytes &&
	    name_anonymous(maps, map, "[anon_shmem:%s]"))
		return;
	if (gap_path_of_file(&maps->paths, file, &place)) {
		NOTE(maps, "the file at 0x%" PRIx64 " cannot be read", file.value);
		map->known &= ~(uint32_t)GAP_MAP_PATH;
	} else if (gap_path_print(&maps->paths, &place, NULL, &map->path)) {
		NOTE(maps, "%s", maps->paths.reason);
	}
}

/* ---- one mapping ---- */

static void read_flags(struct gap_maps *maps, struct gap_map *map)
{
	uint64_t flags, pages, file;

	if (number_of(maps, map->address, FLAGS, &flags)) {
		map->vm_flags = flags;
		map->flags[0] = flags & VM_READ ? 'r' : '-';
		map->flags[1] = flags & VM_WRITE ? 'w' : '-';
		map->flags[2] = flags & VM_EXEC ? 'x' : '-';
		map->flags[3] = flags & VM_MAYSHARE ? 's' : 'p';
		map->known |= GAP_MAP_FLAGS;
	}
	if (number_of(maps, map->address, PGOFF, &pages) &&
	    number_of(maps, map->address, FILE_, &file)) {
		map->offset = file ? pages * maps->guest->info.page_bytes : 0;
		map->known |= GAP_MAP_OFFSET;
	}
}

/* Reads the mapping at @at: false when what is there is none. */
static int read_map(struct gap_maps *maps, struct gap_vaddr at, struct gap_map *map)
{
	uint64_t mm;

	map->address = at;
	map->known = 0;
	map->offset = map->vm_flags = 0;
	memset(map->flags, 0, sizeof(map->flags));
	map->path.bytes[0] = '\0';
	map->path.length = 0;
	map->path.deleted = map->path.reachable = 0;
	if (!number_of(maps, at, START, &map->start) || !number_of(maps, at, END, &map->end))
		return 0;
	if (map->start >= map->end || map->start < maps->last_end)
		return NOTE(maps,
			    "the mapping at 0x%" PRIx64 " (0x%" PRIx64 "-0x%" PRIx64
			    ") does not lie behind the one before",
			    at.value, map->start, map->end);
	if (has(maps, MM) && number_of(maps, at, MM, &mm) && mm != maps->mm.value)
		return NOTE(maps, "the mapping at 0x%" PRIx64 " is of another address space",
			    at.value);
	maps->last_end = map->end;
	read_flags(maps, map);
	return 1;
}

/* ---- the walk ---- */

static void begin_source(struct gap_maps *maps)
{
	struct gap_vaddr mm = maps->mm;

	if (maps->source == GAP_MAPS_MAPLE)
		gap_maple_init(&maps->walk.maple, maps->guest, &maps->maple_layout,
			       gap_record_at(mm, &maps->fields[MT]));
	else if (maps->source == GAP_MAPS_RBTREE)
		gap_rbtree_init(&maps->walk.rbtree, maps->guest, &maps->rbtree_layout,
				gap_record_at(mm, &maps->fields[MM_RB]));
	else
		number_of(maps, mm, MMAP, &maps->next.value);
}

static void begin_gate(struct gap_maps *maps)
{
	uint64_t flags;

	maps->gate_due = maps->gate.value != 0;
	if (has(maps, CONTEXT_FLAGS) && number_of(maps, maps->mm, CONTEXT_FLAGS, &flags) &&
	    !(flags & MM_CONTEXT_HAS_VSYSCALL))
		maps->gate_due = 0;
}

void gap_maps_begin(struct gap_maps *maps, struct gap_vaddr mm)
{
	maps->mm = mm;
	maps->next.value = 0;
	maps->last_end = 0;
	maps->status = GAP_OK;
	maps->reason[0] = '\0';
	maps->gate_due = 0;
	if (!mm.value)
		return;
	maps->has_heap = number_of(maps, mm, START_BRK, &maps->start_brk) &&
			 number_of(maps, mm, BRK, &maps->brk) &&
			 number_of(maps, mm, START_STACK, &maps->start_stack);
	maps->count = 0;
	maps->has_counted = has(maps, MAP_COUNT) && number_of(maps, mm, MAP_COUNT, &maps->counted);
	begin_source(maps);
	begin_gate(maps);
}

/* At the end: mappings that were taken out of their container are still counted. A count that has
 * changed meanwhile is of a process that runs, and proves nothing. */
static void check_count(struct gap_maps *maps)
{
	uint64_t counted;

	if (maps->has_counted && maps->mm.value && !maps->status && maps->count != maps->counted &&
	    number_of(maps, maps->mm, MAP_COUNT, &counted) && counted == maps->counted)
		NOTE(maps, "the process counts %" PRIu64 " mappings, and %" PRIu64 " are found",
		     counted, maps->count);
	maps->has_counted = 0;
}

static int next_of_maple(struct gap_maps *maps, struct gap_vaddr *at)
{
	struct gap_maple *maple = &maps->walk.maple;
	uint64_t first, last;

	if (gap_maple_next(maple, &first, &last, &at->value))
		return 1;
	return maple->status ? NOTE(maps, "%s", maple->reason) : 0;
}

static int next_of_rbtree(struct gap_maps *maps, struct gap_vaddr *at)
{
	struct gap_rbtree *tree = &maps->walk.rbtree;

	if (!gap_rbtree_next(tree, at))
		return tree->status ? NOTE(maps, "%s", tree->reason) : 0;
	at->value -= maps->fields[RB].offset_bytes;
	return 1;
}

/* The list ends at null; that mappings rise is its cycle check. */
static int next_of_list(struct gap_maps *maps, struct gap_vaddr *at)
{
	if (!maps->next.value)
		return 0;
	*at = maps->next;
	maps->next.value = 0;
	return 1;
}

static int next_of_source(struct gap_maps *maps, struct gap_vaddr *at)
{
	if (!maps->mm.value)
		return 0;
	if (maps->source == GAP_MAPS_MAPLE)
		return next_of_maple(maps, at);
	if (maps->source == GAP_MAPS_RBTREE)
		return next_of_rbtree(maps, at);
	return next_of_list(maps, at);
}

/* x86's "[vsyscall]", which is in no mm. */
static int next_gate(struct gap_maps *maps, struct gap_map *map)
{
	if (!maps->gate_due)
		return 0;
	maps->gate_due = 0;
	maps->mm.value = 0;
	if (!read_map(maps, maps->gate, map))
		return 0;
	map->known |= GAP_MAP_PATH;
	return named(map, "%s", "[vsyscall]");
}

int gap_maps_next(struct gap_maps *maps, struct gap_map *map)
{
	struct gap_vaddr at;

	while (next_of_source(maps, &at)) {
		const char *fault = gap_pointer_fault(maps->guest, at.value);

		if (fault) {
			NOTE(maps, "a pointer to a mapping is %s (0x%" PRIx64 ")", fault, at.value);
			continue;
		}
		if (!read_map(maps, at, map))
			continue; /* a tree goes on behind it; a list has ended */
		if (maps->source == GAP_MAPS_LIST)
			number_of(maps, at, NEXT, &maps->next.value);
		read_path(maps, map);
		maps->count++;
		return 1;
	}
	check_count(maps);
	return next_gate(maps, map);
}
