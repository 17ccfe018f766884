/* SPDX-License-Identifier: MIT */
/* Sets of live objects, columns of them, lists and claims: the tools of the rules, which are in the
 * other data_*.c. */
#include "infer/data_solver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 4096u
#define RIGHT_BEFORE 3.0
#define AMBIGUOUS_MAX 4
#define WEIGHT_AMBIGUOUS 60 /* hundredths of a nat: tips nothing alone */

static const struct {
	const char *name, *says;
	unsigned right, wrong;
} rules[DATA_RULE_COUNT] = {
#define DATA_RULE(id, says, right, wrong) {"data:" #id, says, right, wrong},
#include "infer/data_rules.def"
#undef DATA_RULE
};

/* ---- reading ---- */

bool data_read(struct data_solver *solver, uint64_t at, void *buffer, size_t size_bytes)
{
	if (solver->reads >= solver->kernel->reads_max)
		return false;
	solver->reads++;
	return gap_guest_read(solver->kernel->guest, (struct gap_vaddr){at}, buffer, size_bytes) ==
	       GAP_OK;
}

/* Both byte orders that count are little-endian, as is the reader. */
bool data_read_word(struct data_solver *solver, uint64_t at, uint64_t *value)
{
	uint64_t read = 0;

	if (!data_read(solver, at, &read, solver->word))
		return false;
	*value = read;
	return true;
}

bool data_read_u32(struct data_solver *solver, uint64_t at, uint32_t *value)
{
	return data_read(solver, at, value, sizeof(*value));
}

int data_read_text(struct data_solver *solver, uint64_t at, char *text, size_t capacity)
{
	if (solver->reads >= solver->kernel->reads_max)
		return -1;
	solver->reads++;
	if (gap_guest_read_string(solver->kernel->guest, (struct gap_vaddr){at}, text, capacity))
		return -1;
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return -1;
	return (int)strlen(text);
}

bool data_is_kernel(const struct data_solver *solver, uint64_t value)
{
	return value >= solver->kernel_start && value < UINT64_MAX - PAGE &&
	       (solver->word == 8 || value < UINT32_MAX - PAGE);
}

bool data_in_image(const struct data_solver *solver, uint64_t value)
{
	return value >= solver->kernel->image.start && value < solver->kernel->image.end;
}

bool data_is_user(const struct data_solver *solver, uint64_t value)
{
	return value >= PAGE &&
	       value < (solver->word == 8 ? (uint64_t)1 << 56 : solver->kernel_start);
}

bool data_is_part_of_pointer(const struct data_solver *solver, const struct data_set *set,
			     uint32_t index, uint32_t offset)
{
	uint64_t value = data_word(solver, set, index, offset & ~(solver->word - 1));

	return data_is_kernel(solver, value) &&
	       (value >> 32 != UINT32_MAX || data_in_image(solver, value));
}

/* ---- sets ---- */

static uint64_t value_at(const struct data_set *set, uint32_t index, uint32_t offset,
			 uint32_t width)
{
	uint64_t value = 0;

	if (offset <= set->size_bytes && width <= set->size_bytes - offset)
		memcpy(&value, set->bytes + (size_t)index * set->size_bytes + offset, width);
	return value;
}

uint64_t data_word(const struct data_solver *solver, const struct data_set *set, uint32_t index,
		   uint32_t offset)
{
	return value_at(set, index, offset, solver->word);
}

uint64_t data_u64(const struct data_set *set, uint32_t index, uint32_t offset)
{
	return value_at(set, index, offset, 8);
}

uint32_t data_u32(const struct data_set *set, uint32_t index, uint32_t offset)
{
	return (uint32_t)value_at(set, index, offset, 4);
}

uint16_t data_u16(const struct data_set *set, uint32_t index, uint32_t offset)
{
	return (uint16_t)value_at(set, index, offset, 2);
}

const unsigned char *data_bytes(const struct data_set *set, uint32_t index)
{
	return set->bytes + (size_t)index * set->size_bytes;
}

void data_set_init(struct data_set *set, uint32_t size_bytes, uint32_t max)
{
	*set = (struct data_set){.size_bytes = size_bytes, .end = size_bytes, .max = max};
}

void data_set_deinit(struct data_set *set)
{
	free(set->at);
	free(set->owner);
	free(set->readable);
	free(set->bytes);
	free(set->slots);
	free(set->order);
	data_set_init(set, set->size_bytes, set->max);
}

static uint32_t *slot_of(const struct data_set *set, uint64_t at)
{
	uint32_t slot = (uint32_t)((at >> 3) * 0x9e3779b97f4a7c15u >> 40);

	for (;; slot++) {
		uint32_t *entry = &set->slots[slot & (set->slot_count - 1)];

		if (*entry == DATA_UNKNOWN || set->at[*entry] == at)
			return entry;
	}
}

uint32_t data_set_find(const struct data_set *set, uint64_t at)
{
	return set->slot_count ? *slot_of(set, at) : DATA_UNKNOWN;
}

static bool grow_array(void *array, size_t size_bytes)
{
	void **items = array;
	void *grown = realloc(*items, size_bytes);

	if (grown)
		*items = grown;
	return grown != NULL;
}

static void rehash(struct data_set *set)
{
	memset(set->slots, 0xff, set->slot_count * sizeof(*set->slots));
	for (uint32_t i = 0; i < set->count; i++)
		*slot_of(set, set->at[i]) = i;
}

static bool grow(struct data_set *set)
{
	uint32_t capacity = set->capacity ? set->capacity * 2 : 64;

	if (!grow_array(&set->at, capacity * sizeof(*set->at)) ||
	    !grow_array(&set->owner, capacity * sizeof(*set->owner)) ||
	    !grow_array(&set->readable, capacity * sizeof(*set->readable)) ||
	    !grow_array(&set->bytes, (size_t)capacity * set->size_bytes) ||
	    !grow_array(&set->slots, capacity * 2 * sizeof(*set->slots)))
		return false;
	set->capacity = capacity;
	set->slot_count = capacity * 2;
	rehash(set);
	return true;
}

/* As much as can be read: the copy may reach past the object into a page that is not there. */
static uint32_t copy(struct data_solver *solver, uint64_t at, unsigned char *bytes, uint32_t size)
{
	uint32_t done = 0;

	memset(bytes, 0, size);
	while (done < size) {
		uint32_t part = (uint32_t)(PAGE - (at + done) % PAGE);

		if (part > size - done)
			part = size - done;
		if (!data_read(solver, at + done, bytes + done, part)) {
			memset(bytes + done, 0, part);
			break;
		}
		done += part;
	}
	return done;
}

uint32_t data_set_add(struct data_solver *solver, struct data_set *set, uint64_t at, uint64_t owner)
{
	uint32_t index = data_set_find(set, at), readable;

	if (index != DATA_UNKNOWN || set->count == set->max)
		return index;
	if (set->count == set->capacity && !grow(set)) {
		solver->no_memory = true;
		return DATA_UNKNOWN;
	}
	index = set->count;
	readable = copy(solver, at, set->bytes + (size_t)index * set->size_bytes, set->size_bytes);
	if (!readable)
		return DATA_UNKNOWN;
	set->at[index] = at;
	set->owner[index] = owner;
	set->readable[index] = readable;
	set->count++;
	*slot_of(set, at) = index;
	return index;
}

void data_set_follow(struct data_solver *solver, struct data_set *set, const struct data_set *from,
		     uint32_t offset)
{
	for (uint32_t i = 0; i < from->count; i++) {
		uint64_t at = data_word(solver, from, i, offset);

		if (data_is_kernel(solver, at) && at % 4 == 0)
			data_set_add(solver, set, at, from->at[i]);
	}
}

void data_set_keep(struct data_set *set, const bool *keep)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		if (!keep[i])
			continue;
		set->at[kept] = set->at[i];
		set->owner[kept] = set->owner[i];
		set->readable[kept] = set->readable[i];
		memmove(set->bytes + (size_t)kept * set->size_bytes,
			set->bytes + (size_t)i * set->size_bytes, set->size_bytes);
		kept++;
	}
	set->count = kept;
	set->order_count = 0;
	if (set->slots)
		rehash(set);
}

static int compare_objects(const void *a, const void *b, void *context)
{
	const struct data_set *set = context;
	uint64_t x = set->at[*(const uint32_t *)a], y = set->at[*(const uint32_t *)b];

	return (x > y) - (x < y);
}

void data_set_bound(struct data_solver *solver, struct data_set *set)
{
	uint32_t *order = realloc(set->order, (set->count + 1) * sizeof(*order));

	if (!order) {
		solver->no_memory = true;
		return;
	}
	set->order = order;
	set->order_count = set->count;
	for (uint32_t i = 0; i < set->count; i++)
		order[i] = i;
	qsort_r(order, set->count, sizeof(*order), compare_objects, set);
	for (uint32_t i = 1; i < set->count; i++) {
		uint64_t far = set->at[order[i]] - set->at[order[i - 1]];

		if (far < set->end)
			set->end = (uint32_t)far;
	}
}

/* Both ways from the object, to the ends of its page: a slab has at least one. */
void data_set_add_neighbours(struct data_solver *solver, struct data_set *set,
			     bool (*is_one)(struct data_solver *solver, uint64_t at))
{
	uint32_t before = set->count, step = set->end;

	if (before < 2 || step == set->size_bytes)
		return; /* the distance is not known */
	for (uint32_t i = 0; i < before; i++) {
		uint64_t page = set->at[i] & ~(uint64_t)(PAGE - 1);
		uint64_t first = page + (set->at[i] - page) % step;

		for (uint64_t at = first; at < page + PAGE && set->count < set->max; at += step)
			if (data_set_find(set, at) == DATA_UNKNOWN && is_one(solver, at))
				data_set_add(solver, set, at, 0);
	}
}

uint32_t data_set_around(const struct data_set *set, uint64_t at)
{
	uint32_t low = 0, high = set->order_count;

	while (low < high) { /* the first one past @at */
		uint32_t middle = low + (high - low) / 2;

		if (set->at[set->order[middle]] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || at - set->at[set->order[low - 1]] >= set->end)
		return DATA_UNKNOWN;
	return set->order[low - 1];
}

/* ---- columns ---- */

bool data_check(struct data_solver *solver, const struct data_set *set, uint32_t support_min,
		uint32_t offset, data_test *test, void *context, struct data_column *column)
{
	uint32_t forgiven = set->count / 20, votes[2] = {0, 0};

	for (uint32_t i = 0; i < set->count && votes[0] <= forgiven; i++) {
		int vote = offset < set->readable[i] ? test(solver, set, i, offset, context) : 0;

		if (vote)
			votes[vote > 0]++;
	}
	*column = (struct data_column){offset, votes[1], votes[0]};
	if (!support_min)
		support_min = set->count / 2 > 2 ? set->count / 2 : 2;
	return votes[1] >= support_min && votes[0] * 20 <= votes[1];
}

void data_search(struct data_solver *solver, const struct data_set *set,
		 const struct data_search *search, data_test *test, void *context,
		 struct data_columns *columns)
{
	uint32_t step = search->step ? search->step : solver->word;
	uint32_t width = search->width ? search->width : solver->word;
	uint32_t end = search->end ? search->end : set->end;

	columns->count = 0;
	if (set->count == 0)
		return;
	for (uint32_t offset = search->first; offset + width <= end; offset += step) {
		struct data_column column;

		if (!data_check(solver, set, search->support_min, offset, test, context, &column))
			continue;
		data_columns_push(columns, &column);
	}
}

void data_columns_push(struct data_columns *columns, const struct data_column *column)
{
	if (columns->count < DATA_COLUMNS)
		columns->rows[columns->count] = *column;
	columns->count++;
}

void data_columns_remove(struct data_columns *columns, uint32_t offset)
{
	uint32_t kept = 0;

	if (columns->count > DATA_COLUMNS)
		return;
	for (uint32_t i = 0; i < columns->count; i++)
		if (columns->rows[i].offset != offset)
			columns->rows[kept++] = columns->rows[i];
	columns->count = kept;
}

/* Of those without exceptions, the one that most objects agree on; 0 none. */
static uint32_t support_without_dissent(const struct data_columns *columns)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < columns->count && i < DATA_COLUMNS; i++)
		if (columns->rows[i].dissent == 0 && columns->rows[i].support > most)
			most = columns->rows[i].support;
	return most;
}

/* A few objects without exception say less than many with one, which memory may have lost a bit of. */
void data_columns_remove_dissenting(struct data_columns *columns)
{
	uint32_t most = support_without_dissent(columns);

	for (uint32_t i = columns->count; i-- > 0 && columns->count <= DATA_COLUMNS;)
		if (columns->rows[i].dissent > 0 && columns->rows[i].support <= 2 * most)
			data_columns_remove(columns, columns->rows[i].offset);
}

void data_columns_remove_poor(struct data_columns *columns)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < columns->count && i < DATA_COLUMNS; i++)
		if (columns->rows[i].support > most)
			most = columns->rows[i].support;
	for (uint32_t i = columns->count; i-- > 0 && columns->count <= DATA_COLUMNS;)
		if (columns->rows[i].support < most / 2)
			data_columns_remove(columns, columns->rows[i].offset);
}

uint32_t data_columns_only(const struct data_columns *columns)
{
	return columns->count == 1 ? columns->rows[0].offset : DATA_UNKNOWN;
}

/* ---- lists ---- */

static bool list_push(struct data_solver *solver, struct data_list *list, uint64_t at)
{
	if ((list->count & (list->count - 1)) == 0 &&
	    !grow_array(&list->at, (list->count ? list->count * 2 : 1) * sizeof(*list->at))) {
		solver->no_memory = true;
		return false;
	}
	list->at[list->count++] = at;
	return true;
}

/* A cycle that misses the head shows in its first element: nobody points back to two. */
void data_list_walk(struct data_solver *solver, uint64_t head, uint32_t count_max,
		    struct data_list *list)
{
	uint64_t at, before = head, links[2] = {0};

	*list = (struct data_list){0};
	if (!data_read_word(solver, head, &at))
		return;
	while (at != head && list->count < count_max && data_is_kernel(solver, at)) {
		if (at % solver->word || !data_read_word(solver, at, &links[0]) ||
		    !data_read_word(solver, at + solver->word, &links[1]) || links[1] != before ||
		    !list_push(solver, list, at))
			return;
		before = at;
		at = links[0];
	}
	list->closed = at == head && data_read_word(solver, head + solver->word, &links[1]) &&
		       links[1] == before;
}

void data_list_deinit(struct data_list *list)
{
	free(list->at);
	*list = (struct data_list){0};
}

/* ---- the image ---- */

/* Copies of a constant size, as there are millions. */
static uint64_t load(const struct data_solver *solver, const unsigned char *bytes)
{
	uint64_t wide;
	uint32_t narrow;

	if (solver->word == 4) {
		memcpy(&narrow, bytes, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, bytes, sizeof(wide));
	return wide;
}

uint32_t data_scan_image(struct data_solver *solver, data_word_test *test, const void *context,
			 uint64_t *places, uint32_t max)
{
	const struct infer_window *image = &solver->kernel->image;
	unsigned char bytes[PAGE];
	uint32_t count = 0;

	for (uint64_t at = image->start & ~(uint64_t)(PAGE - 1); at < image->end; at += PAGE) {
		if (!data_read(solver, at, bytes, sizeof(bytes)))
			continue;
		for (uint32_t i = 0; i < PAGE; i += solver->word) {
			uint64_t value = load(solver, bytes + i);

			if (!value || !test(solver, at + i, value, context))
				continue;
			if (count < max)
				places[count] = at + i;
			count++;
		}
	}
	return count;
}

/* ---- claims ---- */

/* Counted: how often the rule was right, on all kernels where it was held against the truth; rules
 * of this kind hardly ever are not, so that a new one begins as if it had been. */
static int32_t weigh(enum data_rule rule)
{
	return (int32_t)lround(100 *
			       log((rules[rule].right + RIGHT_BEFORE) / (rules[rule].wrong + 1.0)));
}

static void add_claim(struct data_solver *solver, enum data_rule rule, struct infer_claim *claim,
		      const char *type, const char *member)
{
	char text[256];
	unsigned name = 0;

	claim->field = infer_fields_find(solver->fields, type, member, &name);
	if (claim->field == INFER_NONE)
		return;
	claim->name_index = (uint8_t)name;
	if (solver->class_ids[rule] == DATA_UNKNOWN)
		solver->class_ids[rule] = infer_claims_class(solver->claims, rules[rule].name);
	snprintf(text, sizeof(text), "%s (%u objects agree, %u do not)", rules[rule].says,
		 claim->support, claim->dissent);
	claim->kind = INFER_DATA;
	claim->class_id = solver->class_ids[rule];
	claim->witness = text;
	infer_claims_add(solver->claims, claim);
}

static void claim_column(struct data_solver *solver, enum data_rule rule, const char *type,
			 const char *member, uint32_t width_bytes, const struct data_column *column,
			 uint64_t witness, int32_t weight)
{
	struct infer_claim claim = {.offset_bits = column->offset * 8,
				    .width_bits = width_bytes * 8,
				    .weight = weight,
				    .at = witness,
				    .support = column->support,
				    .dissent = column->dissent};

	add_claim(solver, rule, &claim, type, member);
}

void data_claim(struct data_solver *solver, enum data_rule rule, const char *type,
		const char *member, uint32_t width_bytes, const struct data_column *column,
		uint64_t witness)
{
	claim_column(solver, rule, type, member, width_bytes, column, witness, weigh(rule));
}

void data_claim_named(struct data_solver *solver, enum data_rule rule, const char *type,
		      const char *member, uint32_t width_bytes, const struct data_column *column)
{
	struct infer_claim claim = {.named = true,
				    .offset_bits = column->offset * 8,
				    .width_bits = width_bytes * 8,
				    .weight = weigh(rule),
				    .support = column->support,
				    .dissent = column->dissent};

	add_claim(solver, rule, &claim, type, member);
}

uint32_t data_claim_columns(struct data_solver *solver, enum data_rule rule, const char *type,
			    const char *member, uint32_t width_bytes,
			    const struct data_columns *columns)
{
	if (columns->count == 0 || columns->count > AMBIGUOUS_MAX)
		return DATA_UNKNOWN;
	for (uint32_t i = 0; i < columns->count; i++)
		claim_column(solver, rule, type, member, width_bytes, &columns->rows[i], 0,
			     columns->count == 1 ? weigh(rule) : WEIGHT_AMBIGUOUS);
	return data_columns_only(columns);
}

void data_claim_bits(struct data_solver *solver, enum data_rule rule, const char *type,
		     const char *member, uint32_t bit, uint32_t width_bits,
		     const struct data_column *column)
{
	struct infer_claim claim = {.offset_bits = column->offset * 8 + bit,
				    .width_bits = width_bits,
				    .weight = weigh(rule),
				    .support = column->support,
				    .dissent = column->dissent};

	add_claim(solver, rule, &claim, type, member);
}

void data_claim_absent(struct data_solver *solver, enum data_rule rule, const char *type,
		       const char *member, uint32_t support)
{
	struct infer_claim claim = {.absent = true, .weight = weigh(rule), .support = support};

	add_claim(solver, rule, &claim, type, member);
}

bool data_symbol(const struct data_solver *solver, const char *name, uint64_t *address)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, name, NULL);
	const struct infer_found_symbol *found;

	if (symbol)
		*address = symbol->address;
	for (uint32_t i = 0; !symbol && (found = infer_claims_symbol_at(solver->claims, i)); i++)
		if (strcmp(found->name, name) == 0) {
			*address = found->address;
			return true;
		}
	return symbol != NULL;
}

uint32_t data_told_by_code(const struct data_solver *solver, const char *type, const char *member)
{
	uint32_t field = infer_fields_find(solver->fields, type, member, NULL);
	uint32_t told = DATA_UNKNOWN;

	for (uint32_t i = 0; i < infer_claims_count(solver->claims); i++) {
		const struct infer_claim *claim = infer_claims_at(solver->claims, i);

		if (claim->field != field || claim->kind != INFER_CODE || field == INFER_NONE)
			continue;
		if (claim->absent || claim->offset_bits % 8 ||
		    (told != DATA_UNKNOWN && told != claim->offset_bits / 8))
			return DATA_UNKNOWN;
		told = claim->offset_bits / 8;
	}
	return told;
}
