/* SPDX-License-Identifier: MIT */
/*
 * check_isf [--part] FILE: whether an ISF file keeps the rules of isf_rules.c. Status 0 it does, 1
 * it does not, 2 it cannot be read. --part: it need not describe a whole kernel.
 */
#include <string.h>

#include "tests/isf/isf_rules.h"

int main(int argc, char **argv)
{
	bool part = argc > 1 && strcmp(argv[1], "--part") == 0;
	struct json_object *document;
	unsigned breaches;

	if (argc != 2 + part) {
		fprintf(stderr, "usage: check_isf [--part] FILE\n");
		return 2;
	}
	document = json_object_from_file(argv[1 + part]);
	if (!document) {
		fprintf(stderr, "check_isf: %s", json_util_get_last_err());
		return 2;
	}
	breaches = isf_check(document, !part, stderr);
	json_object_put(document);
	if (breaches)
		fprintf(stderr, "check_isf: %u breaches\n", breaches);
	return breaches != 0;
}
