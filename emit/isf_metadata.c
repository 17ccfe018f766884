/* SPDX-License-Identifier: MIT */
/* ISF's metadata: who made the document, of what. */
#include <string.h>

#include "emit/isf_writer.h"

/* ISF's words for sources; it has none for BTF. */
static const char *source_word(enum gap_source_kind kind)
{
	switch (kind) {
	case GAP_SOURCE_DWARF:
		return "dwarf";
	case GAP_SOURCE_SYMTAB:
		return "symtab";
	case GAP_SOURCE_SYSTEM_MAP:
	case GAP_SOURCE_KALLSYMS:
		return "system-map";
	default:
		return NULL;
	}
}

static void write_source(struct isf *isf, const struct gap_source *source)
{
	static const char sha256[] = "sha256:";

	gap_json_open(&isf->json, '{');
	gap_isf_write_kind(isf, source_word(source->kind));
	gap_json_key(&isf->json, "name");
	gap_json_name(&isf->json, source->kind == GAP_SOURCE_SYSTEM_MAP ? "System.map"
				  : source->kind == GAP_SOURCE_KALLSYMS ? "kallsyms"
									: "vmlinux");
	if (strncmp(source->digest, sha256, sizeof(sha256) - 1) == 0) {
		gap_json_key(&isf->json, "hash_type");
		gap_json_name(&isf->json, "sha256");
		gap_json_key(&isf->json, "hash_value");
		gap_json_name(&isf->json, source->digest + sizeof(sha256) - 1);
	}
	gap_json_close(&isf->json, '}');
}

static void write_sources(struct isf *isf, const char *key, bool of_types)
{
	struct gap_source source;

	gap_json_key(&isf->json, key);
	gap_json_open(&isf->json, '[');
	for (uint32_t i = 0; gap_profile_source(isf->profile, i, &source); i++)
		if (source_word(source.kind) && (source.kind == GAP_SOURCE_DWARF) == of_types)
			write_source(isf, &source);
	gap_json_close(&isf->json, ']');
}

void gap_isf_write_metadata(struct isf *isf)
{
	gap_json_key(&isf->json, "metadata");
	gap_json_open(&isf->json, '{');
	gap_json_key_name(&isf->json, "format", "6.2.0");
	gap_json_key(&isf->json, "producer");
	gap_json_open(&isf->json, '{');
	gap_json_key_name(&isf->json, "name", "semgap");
	gap_json_key_name(&isf->json, "version", SEMGAP_VERSION);
	if (isf->target.build_id_bytes) {
		gap_json_key(&isf->json, "build_id");
		gap_json_digits(&isf->json, isf->target.build_id, isf->target.build_id_bytes);
	}
	gap_json_close(&isf->json, '}');
	gap_json_key(&isf->json, "linux");
	gap_json_open(&isf->json, '{');
	write_sources(isf, "symbols", false);
	write_sources(isf, "types", true);
	gap_json_close(&isf->json, '}');
	gap_json_close(&isf->json, '}');
}
