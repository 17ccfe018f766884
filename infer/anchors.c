/* SPDX-License-Identifier: MIT */
/* Walking the paths of kernels/anchors.def. What their outcome means is for others to weigh. */
#include "infer/anchors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct infer_anchor table[] = {
#define GAP_ANCHOR(symbol, path, test, argument) {symbol, path, #test, argument, 0},
#include "kernels/anchors.def"
};

#define ANCHOR_COUNT (sizeof(table) / sizeof(table[0]))

struct check {
	struct gap_guest *guest;
	const struct gap_profile *profile;
	uint64_t slide;
	uint8_t pointer_bytes;
};

static bool symbol_address(const struct check *check, const char *name, uint64_t *address)
{
	struct gap_symbol symbol;

	if (gap_profile_find_symbol(check->profile, name, &symbol, NULL) ||
	    symbol.flags & GAP_SYMBOL_PERCPU)
		return false;
	*address = symbol.address + check->slide;
	return true;
}

/* "type.member" as bytes. */
static bool member_offset(const struct check *check, const char *text, size_t length,
			  uint64_t *offset)
{
	struct gap_location location;
	char name[128], *dot;
	gap_type_id type;

	if (length >= sizeof(name))
		return false;
	memcpy(name, text, length);
	name[length] = '\0';
	dot = strchr(name, '.');
	*dot = '\0';
	if (gap_profile_find_type(check->profile, name, &type, NULL) ||
	    gap_profile_find_member(check->profile, type, dot + 1, &location, NULL))
		return false;
	*offset = location.offset_bits / 8;
	return true;
}

static bool read_pointer(const struct check *check, uint64_t at, uint64_t *value)
{
	struct gap_vaddr pointer;

	if (gap_guest_read_pointer(check->guest, (struct gap_vaddr){at}, &pointer))
		return false;
	*value = pointer.value;
	return true;
}

enum walked { WALKED, NOT_KNOWN, LOST };

static enum walked walk(const struct check *check, const char *path, uint64_t *address)
{
	while (*path) {
		size_t length = strcspn(path, " ");
		uint64_t offset;

		if (*path == '>') {
			if (!read_pointer(check, *address, address))
				return LOST;
		} else if (!member_offset(check, path + 1, length - 1, &offset)) {
			return NOT_KNOWN;
		} else {
			*address += *path == '+' ? offset : 0 - offset;
		}
		path += length;
		path += strspn(path, " ");
	}
	return WALKED;
}

static bool points_back(const struct check *check, uint64_t at)
{
	uint64_t next, prev, back, forth;

	return read_pointer(check, at, &next) &&
	       read_pointer(check, at + check->pointer_bytes, &prev) &&
	       read_pointer(check, next + check->pointer_bytes, &back) &&
	       read_pointer(check, prev, &forth) && back == at && forth == at;
}

static bool holds_text(const struct check *check, uint64_t at, const char *text)
{
	char seen[64];
	enum gap_status status =
		gap_guest_read_string(check->guest, (struct gap_vaddr){at}, seen, sizeof(seen));

	return (!status || status == GAP_PARTIAL) && strncmp(seen, text, strlen(text)) == 0;
}

static bool holds_name(const struct check *check, uint64_t at)
{
	char seen[64];
	size_t length = 0;

	if (gap_guest_read_string(check->guest, (struct gap_vaddr){at}, seen, sizeof(seen)))
		return false;
	while (seen[length] > ' ' && seen[length] <= '~')
		length++;
	return length > 0 && seen[length] == '\0';
}

static bool is_mapped(const struct check *check, uint64_t at)
{
	struct gap_paddr physical;
	uint64_t value;

	return read_pointer(check, at, &value) &&
	       !gap_guest_translate(check->guest, (struct gap_vaddr){value}, &physical);
}

static bool holds(const struct check *check, const struct infer_anchor *anchor, uint64_t start,
		  uint64_t at, bool *known)
{
	uint64_t expected, value;
	uint32_t number;

	if (strcmp(anchor->test, "TEXT") == 0)
		return holds_text(check, at, anchor->argument);
	if (strcmp(anchor->test, "NAME") == 0)
		return holds_name(check, at);
	if (strcmp(anchor->test, "BACK") == 0)
		return points_back(check, at);
	if (strcmp(anchor->test, "MAPPED") == 0)
		return is_mapped(check, at);
	if (strcmp(anchor->test, "SYMBOL") == 0) {
		*known = symbol_address(check, anchor->argument, &expected);
		return read_pointer(check, at, &value) && *known && value == expected;
	}
	if (strcmp(anchor->test, "SELF") == 0)
		return read_pointer(check, at, &value) && value == start;
	if (strcmp(anchor->test, "ZERO") == 0)
		return read_pointer(check, at, &value) && value == 0;
	if (gap_guest_read_u32(check->guest, (struct gap_vaddr){at}, &number))
		return false;
	expected = strtoull(anchor->argument, NULL, 10);
	return strcmp(anchor->test, "BIT") == 0 ? number >> expected & 1 : number == expected;
}

static void try_anchor(const struct check *check, struct infer_anchor *anchor)
{
	uint64_t start = 0, at;
	bool known = true, agrees;

	if (!symbol_address(check, anchor->symbol, &start))
		return;
	at = start;
	switch (walk(check, anchor->path, &at)) {
	case NOT_KNOWN:
		return;
	case LOST:
		agrees = false;
		break;
	default:
		agrees = holds(check, anchor, start, at, &known);
	}
	if (known)
		anchor->outcome = agrees ? INFER_ANCHOR_AGREES : INFER_ANCHOR_DISAGREES;
}

enum gap_status infer_anchors_check(struct infer_anchors *anchors, struct gap_guest *guest,
				    const struct gap_profile *profile, uint64_t slide,
				    struct gap_error *error)
{
	struct check check = {.guest = guest, .profile = profile, .slide = slide};
	struct gap_target target;

	*anchors = (struct infer_anchors){.rows = malloc(sizeof(table)), .count = ANCHOR_COUNT};
	if (!anchors->rows)
		return gap_fail(error, GAP_NO_MEMORY, "out of memory");
	memcpy(anchors->rows, table, sizeof(table));
	gap_profile_target(profile, &target);
	check.pointer_bytes = target.pointer_bytes;
	for (unsigned i = 0; i < anchors->count; i++) {
		try_anchor(&check, &anchors->rows[i]);
		anchors->agree += anchors->rows[i].outcome == INFER_ANCHOR_AGREES;
		anchors->disagree += anchors->rows[i].outcome == INFER_ANCHOR_DISAGREES;
	}
	return GAP_OK;
}

void infer_anchors_deinit(struct infer_anchors *anchors)
{
	free(anchors->rows);
	*anchors = (struct infer_anchors){0};
}
