/* SPDX-License-Identifier: MIT */
/* BTF of the modules that are loaded: their own types, which stand upon the kernel's. */
#ifndef SEMGAP_INFER_MODULE_TYPES_H
#define SEMGAP_INFER_MODULE_TYPES_H

#include "infer/field_list.h"
#include "infer/image_copy.h"
#include "profile/btf.h"
#include "runtime/include/semgap/guest.h"

struct infer_module_types {
	/** Opened with a profile that has the kernel's own types. */
	struct gap_guest *guest;
	/** What the kernel's BTF left for its modules. */
	const struct gap_btf_base *base;
	/** No module may say another word on the structures of these; NULL none. */
	const struct infer_fields *fields[2];
	/** Where the list is looked for if no symbol tells; NULL nowhere. */
	const struct infer_image *image;
	void (*warn)(void *context, const char *text); /* told of each that is refused */
	void *context;
	uint32_t taken, refused; /* out */
};

/**
 * Adds to @builder, which has the kernel's types, those of every loaded module, each under its name. A kernel that keeps no
 * list of them (before 5.11, or configured so) has none. What is damaged or does not fit is refused by name, and is no error.
 * GAP_NO_MEMORY.
 */
enum gap_status infer_module_types_add(struct infer_module_types *modules,
				       struct gap_builder *builder,
				       struct gap_error *error) GAP_MUST_CHECK;

#endif
