/* SPDX-License-Identifier: MIT */
/*
 * The rules of ISF 6.2.0 that Volatility 3 and LibVMI hold a Linux table to, checked by us:
 * Volatility's own schema does not look whether references resolve, and without python3-jsonschema
 * it accepts anything.
 */
#ifndef SEMGAP_TESTS_ISF_RULES_H
#define SEMGAP_TESTS_ISF_RULES_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/**
 * Says on @complaints what breaks a rule (at most 50 lines) and returns how many things do. @whole:
 * the table describes a whole kernel, so what Volatility requires of one must be there.
 */
unsigned isf_check(struct json_object *document, bool whole, FILE *complaints);

#endif
