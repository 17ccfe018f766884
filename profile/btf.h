/* SPDX-License-Identifier: MIT */
/* The BTF decoder (BPF Type Format; the kernel's Documentation/bpf/btf.rst), used by extract and
 * infer. */
#ifndef SEMGAP_BTF_H
#define SEMGAP_BTF_H

#include "profile/builder.h"

/** Whether @data begins like little-endian BTF. */
bool gap_btf_probe(const void *data, size_t size_bytes);

/** How many bytes the BTF at @data has by its header, as far as that makes sense; 0: none, or more than @room. */
size_t gap_btf_extent(const void *data, size_t room);

/**
 * Adds all types of @data to @builder. Functions become typings only where symbols are at hand,
 * which is the caller's:
 * @on_function (may be NULL) is called for each FUNC and VAR with its name and the builder's type.
 * The pointer size is the builder's target's; where that is unknown, the width of `unsigned long`
 * tells it. Errors: GAP_CORRUPT naming the byte or type; GAP_UNSUPPORTED (big-endian, split BTF
 * without base, a kind that this version does not know).
 */
enum gap_status gap_btf_read(struct gap_builder *builder, const void *data, size_t size_bytes,
			     void (*on_function)(void *context, gap_text name, gap_type_id type),
			     void *context, struct gap_error *error) GAP_MUST_CHECK;

/** What split BTF (a module's) needs of the BTF that it was split from: its strings, and its types as the builder has
 * them. */
struct gap_btf_base {
	char *strings;
	uint32_t strings_bytes, type_count;
	gap_type_id *ids; /* of types 1 … type_count; GAP_NONE: no type */
};

/** As gap_btf_read(), and keeps in @base what split BTF needs. */
enum gap_status gap_btf_read_base(struct gap_builder *builder, const void *data, size_t size_bytes,
				  void (*on_function)(void *context, gap_text name,
						      gap_type_id type),
				  void *context, struct gap_btf_base *base,
				  struct gap_error *error) GAP_MUST_CHECK;
/** Adds the types of split BTF, whose ids and strings go on where @base's end. */
enum gap_status gap_btf_read_split(struct gap_builder *builder, const struct gap_btf_base *base,
				   const void *data, size_t size_bytes,
				   void (*on_function)(void *context, gap_text name,
						       gap_type_id type),
				   void *context, struct gap_error *error) GAP_MUST_CHECK;
void gap_btf_base_deinit(struct gap_btf_base *base);

#endif
