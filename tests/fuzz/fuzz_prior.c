/* SPDX-License-Identifier: MIT */
/*
 * Profiles of near kernels: whatever opens is asked, and claims lie between members that are known. What is known here is
 * every second field that the profile has, moved by some bytes of the input.
 */
#include <string.h>

#include "infer/prior.h"
#include "runtime/digest.h"
#include "runtime/format.h"
#include "tests/fuzz/fuzz.h"

unsigned long fuzz_accepted;

/* What seeds.c gives the structure. */
static const char list[] =
	"fixture.a\nfixture.b\nfixture.c\nfixture.d\nfixture.e\nfixture.f\nfixture.g\nfixture.h\n"
	"fixture.links\nfixture.grid\nlinks.next\nlinks.previous\nmissing.x\n";

static void set_checksum(uint8_t *image, size_t size_bytes)
{
	uint32_t file_size = (uint32_t)size_bytes;
	uint64_t checksum;

	memcpy(image + offsetof(struct gap_format_header, file_size), &file_size, 4);
	checksum = gap_image_checksum(image, size_bytes);
	memcpy(image + offsetof(struct gap_format_header, checksum), &checksum, 8);
}

static void know(struct infer_verdict *verdict, const struct gap_profile *prior,
		 const struct infer_field *field, uint32_t moved)
{
	struct gap_location location;
	gap_type_id type;

	if (gap_profile_find_type(prior, field->type, &type, NULL) ||
	    gap_profile_find_member(prior, type, field->names[0], &location, NULL))
		return;
	verdict->answer = INFER_CLAIMED;
	verdict->confidence = 1;
	verdict->offset_bits = (uint32_t)location.offset_bits + 8 * moved;
}

static void ask(const struct gap_profile *prior, const struct infer_fields *fields, uint32_t moved)
{
	struct infer_verdict verdicts[16] = {0};
	struct infer_claims *claims;
	struct gap_target target;

	for (uint32_t i = 0; i < fields->count; i += 2)
		know(&verdicts[i], prior, &fields->rows[i], i < 4 ? 0 : moved);
	if (infer_claims_create(&claims))
		return;
	gap_profile_target(prior, &target);
	FUZZ_CHECK(infer_prior_claims(prior, target.pointer_bytes, fields, verdicts, claims) ==
		   GAP_OK);
	for (uint32_t i = 0; i < infer_claims_count(claims); i++) {
		const struct infer_claim *claim = infer_claims_at(claims, i);
		unsigned below = 0, above = 0;

		FUZZ_CHECK(claim->field < fields->count && claim->field % 2 == 1 && !claim->absent);
		for (uint32_t k = 0; k < fields->count; k += 2)
			if (verdicts[k].answer == INFER_CLAIMED &&
			    strcmp(fields->rows[k].type, fields->rows[claim->field].type) == 0) {
				below += verdicts[k].offset_bits < claim->offset_bits;
				above += verdicts[k].offset_bits > claim->offset_bits;
			}
		FUZZ_CHECK(below && above);
		fuzz_accepted++;
	}
	infer_claims_destroy(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct infer_fields fields;
	struct gap_profile *prior = NULL;
	uint8_t *image;

	if (size_bytes < sizeof(struct gap_format_header))
		return 0;
	if (!fields.count)
		FUZZ_CHECK(infer_fields_parse(&fields, list, sizeof(list) - 1, "list", NULL) ==
			   GAP_OK);
	image = aligned_alloc(8, (size_bytes + 8) & ~(size_t)7);
	if (!image)
		return 0;
	memcpy(image, data, size_bytes);
	set_checksum(image, size_bytes);
	if (gap_profile_open_image(image, size_bytes, &prior, NULL) == GAP_OK) {
		ask(prior, &fields, 0);
		ask(prior, &fields, data[size_bytes - 1]);
		gap_profile_close(prior);
	}
	free(image);
	return 0;
}
