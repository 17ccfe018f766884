/* SPDX-License-Identifier: MIT */
/* What tests of walks and views begin with: a synthetic guest with kernel objects, opened. */
#ifndef SEMGAP_TESTS_GUEST_FIXTURE_H
#define SEMGAP_TESTS_GUEST_FIXTURE_H

#include "tests/support/objects.h"

struct guest_fixture {
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_error error;
};

/** Fills one in, of the kernel that the profile is of, and opens its guest. */
void guest_fixture_init(struct guest_fixture *fixture, const struct object_profile *profile);
void guest_fixture_deinit(struct guest_fixture *fixture);

/** One of the common objects, for cmocka's set-up; and the tear-down of any that it made. */
int guest_fixture_make(void **state);
int guest_fixture_make_of(void **state, const struct object_profile *profile);
int guest_fixture_drop(void **state);

/** Opens the guest anew as one of another kernel. */
void guest_fixture_reopen(struct guest_fixture *fixture, const struct object_profile *profile);

/** A number in the image, at a linked address; and where that address is in the guest. */
void guest_fixture_set_image(struct guest_fixture *fixture, uint64_t linked, uint64_t value);
uint64_t guest_fixture_slid(const struct guest_fixture *fixture, uint64_t linked);

/** Fails the test when @status is none that is good, with the words of fixture->error. */
void guest_fixture_good(const struct guest_fixture *fixture, enum gap_status status);

/** Fails the test unless @reason says @word. */
void says(const char *reason, const char *word);

#endif
