/* SPDX-License-Identifier: MIT */
/*
 * The names that definitions go by where a format has one flat name space: structures and unions,
 * or enums. An anonymous one that a typedef names goes by the typedef; that row stands for it here.
 */
#ifndef SEMGAP_EMIT_LABELS_H
#define SEMGAP_EMIT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "emit/emit.h"

struct gap_label {
	gap_type_id row;        /* the tag, or the typedef */
	gap_type_id definition; /* the tag, or the anonymous type behind the typedef */
	const char *name;
	uint32_t number; /* N of NAME#N; 0: the only definition of its name */
	uint32_t units;  /* that define it, as far as known */
	bool leads;      /* of several: the one that most units use */
	bool repeats;    /* says again what a row before it said */
};

/** Sorted by name, then number. */
struct gap_labels {
	struct gap_label *items;
	size_t count;
	size_t *by_row; /* items by rising row */
};

enum gap_label_space { GAP_LABEL_AGGREGATES, GAP_LABEL_ENUMS };

enum gap_status gap_labels_init(struct gap_labels *labels, const struct gap_profile *profile,
				enum gap_label_space space, struct gap_error *error) GAP_MUST_CHECK;
void gap_labels_deinit(struct gap_labels *labels);
/** The label of a row, or NULL. */
const struct gap_label *gap_labels_find(const struct gap_labels *labels, gap_type_id row);

#endif
