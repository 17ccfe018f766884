/* SPDX-License-Identifier: MIT */
/* The beginning and the end of tests on a synthetic guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/guest_fixture.h"

void guest_fixture_init(struct guest_fixture *fixture, const struct object_profile *profile)
{
	synthetic_init(&fixture->synthetic, 4);
	objects_profile(&fixture->synthetic, profile);
	fixture->guest = synthetic_open(&fixture->synthetic);
}

void guest_fixture_deinit(struct guest_fixture *fixture)
{
	gap_guest_close(fixture->guest);
	synthetic_deinit(&fixture->synthetic);
}

int guest_fixture_make_of(void **state, const struct object_profile *profile)
{
	struct guest_fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return 1;
	guest_fixture_init(fixture, profile);
	*state = fixture;
	return 0;
}

int guest_fixture_make(void **state)
{
	return guest_fixture_make_of(state, &(struct object_profile){0});
}

int guest_fixture_drop(void **state)
{
	guest_fixture_deinit(*state);
	free(*state);
	return 0;
}

void guest_fixture_reopen(struct guest_fixture *fixture, const struct object_profile *profile)
{
	gap_guest_close(fixture->guest);
	objects_profile(&fixture->synthetic, profile);
	fixture->guest = synthetic_open(&fixture->synthetic);
}

void guest_fixture_set_image(struct guest_fixture *fixture, uint64_t linked, uint64_t value)
{
	synthetic_put64(synthetic_image(&fixture->synthetic, linked), value);
}

uint64_t guest_fixture_slid(const struct guest_fixture *fixture, uint64_t linked)
{
	return linked + fixture->synthetic.slide;
}

void guest_fixture_good(const struct guest_fixture *fixture, enum gap_status status)
{
	if (status)
		fail_msg("%s", fixture->error.text);
}

void says(const char *reason, const char *word)
{
	if (!strstr(reason, word))
		fail_msg("\"%s\" does not say \"%s\"", reason, word);
}
