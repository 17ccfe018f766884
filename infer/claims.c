/* SPDX-License-Identifier: MIT */
/* The claims that evidence makes, kept in the order in which they were made. Weighing them is
 * fuse.c's. */
#include "infer/claims.h"

#include <string.h>

#include "profile/strings.h"

GAP_VECTOR(claim_rows, struct infer_claim);
GAP_VECTOR(found_rows, struct infer_found_symbol);

struct found_size {
	const char *type;
	uint32_t size_bytes;
};

GAP_VECTOR(size_rows, struct found_size);

struct infer_claims {
	struct claim_rows rows;
	struct found_rows found;
	struct size_rows sizes;
	struct gap_strings classes; /* a class is the number of its name */
	struct gap_strings texts;
	bool out_of_memory;
};

enum gap_status infer_claims_create(struct infer_claims **claims)
{
	struct infer_claims *created = calloc(1, sizeof(*created));

	if (!created)
		return GAP_NO_MEMORY;
	if (!gap_strings_init(&created->classes) || !gap_strings_init(&created->texts)) {
		infer_claims_destroy(created);
		return GAP_NO_MEMORY;
	}
	*claims = created;
	return GAP_OK;
}

void infer_claims_destroy(struct infer_claims *claims)
{
	if (!claims)
		return;
	gap_strings_deinit(&claims->classes);
	gap_strings_deinit(&claims->texts);
	free(claims->rows.items);
	free(claims->found.items);
	free(claims->sizes.items);
	free(claims);
}

static uint32_t intern(struct infer_claims *claims, struct gap_strings *strings, const char *text)
{
	uint32_t id = 0;

	if (!gap_strings_intern(strings, text, strlen(text), &id))
		claims->out_of_memory = true;
	return id;
}

uint32_t infer_claims_class(struct infer_claims *claims, const char *name)
{
	return intern(claims, &claims->classes, name);
}

void infer_claims_add(struct infer_claims *claims, const struct infer_claim *claim)
{
	uint32_t text = intern(claims, &claims->texts, claim->witness ? claim->witness : "");
	struct infer_claim *row = claim_rows_push(&claims->rows);

	if (!row) {
		claims->out_of_memory = true;
		return;
	}
	*row = *claim;
	row->witness = claims->texts.rows.items[text].text;
}

void infer_claims_symbol(struct infer_claims *claims, const char *name, uint64_t address,
			 int32_t weight)
{
	uint32_t text = intern(claims, &claims->texts, name);
	struct infer_found_symbol *row = found_rows_push(&claims->found);

	if (row)
		*row = (struct infer_found_symbol){claims->texts.rows.items[text].text, address,
						   weight};
	else
		claims->out_of_memory = true;
}

uint32_t infer_claims_symbol_count(const struct infer_claims *claims)
{
	return claims->found.count;
}

const struct infer_found_symbol *infer_claims_symbol_at(const struct infer_claims *claims,
							uint32_t index)
{
	return index < claims->found.count ? &claims->found.items[index] : NULL;
}

void infer_claims_size(struct infer_claims *claims, const char *type, uint32_t size_bytes)
{
	uint32_t text = intern(claims, &claims->texts, type);
	struct found_size *row = size_rows_push(&claims->sizes);

	if (row)
		*row = (struct found_size){claims->texts.rows.items[text].text, size_bytes};
	else
		claims->out_of_memory = true;
}

uint32_t infer_claims_size_of(const struct infer_claims *claims, const char *type)
{
	uint32_t size_bytes = 0;

	for (uint32_t i = 0; i < claims->sizes.count; i++) {
		const struct found_size *row = &claims->sizes.items[i];

		if (strcmp(row->type, type) != 0)
			continue;
		if (size_bytes && size_bytes != row->size_bytes)
			return 0;
		size_bytes = row->size_bytes;
	}
	return size_bytes;
}

enum gap_status infer_claims_status(const struct infer_claims *claims)
{
	return claims->out_of_memory ? GAP_NO_MEMORY : GAP_OK;
}

uint32_t infer_claims_count(const struct infer_claims *claims)
{
	return claims->rows.count;
}

const struct infer_claim *infer_claims_at(const struct infer_claims *claims, uint32_t index)
{
	return index < claims->rows.count ? &claims->rows.items[index] : NULL;
}

const char *infer_claims_class_name(const struct infer_claims *claims, uint32_t class_id)
{
	return class_id < claims->classes.rows.count ? claims->classes.rows.items[class_id].text
						     : "";
}
