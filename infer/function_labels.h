/* SPDX-License-Identifier: MIT */
/*
 * Functions that the kernel's own data tells by a text (kernels/labels.def), where there is no table of symbols:
 * those behind the files of /proc/PID, and those that alone print something.
 */
#ifndef SEMGAP_INFER_FUNCTION_LABELS_H
#define SEMGAP_INFER_FUNCTION_LABELS_H

#include "infer/image_copy.h"
#include "infer/kernel.h"

/** From the tables of struct pid_entry, by their structure. Returns how many were added. */
uint32_t infer_proc_entries_read(const struct infer_image *image, uint8_t pointer_bytes,
				 const struct infer_window *text, struct infer_symbols *symbols);
/** From who uses which text. Returns how many were added. */
uint32_t infer_text_users_read(const struct infer_image *image, uint16_t machine,
			       const struct infer_window *text, struct infer_symbols *symbols);

#endif
