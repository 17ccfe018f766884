/* SPDX-License-Identifier: MIT */
/* --fields FILE and --require FILE of infer and score. */
#ifndef SEMGAP_FIELDS_FILE_H
#define SEMGAP_FIELDS_FILE_H

#include "infer/field_list.h"

/** Reads the list in @path. GAP_IO, GAP_CORRUPT, GAP_NO_MEMORY. */
enum gap_status read_fields_file(const char *path, struct infer_fields *fields,
				 struct gap_error *error) GAP_MUST_CHECK;

#endif
