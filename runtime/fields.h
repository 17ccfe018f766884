/* SPDX-License-Identifier: MIT */
/* The rows of kernels/fields.def as requests for binding. */
#ifndef SEMGAP_FIELDS_H
#define SEMGAP_FIELDS_H

#include "semgap/bind.h"

enum gap_field_id {
#define GAP_FIELD(id, types, members) GAP_FIELD_##id,
#include "kernels/fields.def"
	GAP_FIELD_COUNT
};

/** The request that stands for a semantic field, of any width. */
struct gap_field_request gap_field_request_of(enum gap_field_id id, int optional);

#endif
