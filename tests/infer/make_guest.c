/* SPDX-License-Identifier: MIT */
/*
 * Writes the memory of a guest that is made in code, and the true profile of its kernel, for tests of the command line.
 *
 *     make_guest RAM TRUTH.gap [kallsyms|exports|types|coreinfo]... [forged=TYPE.MEMBER]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/met_kernel.h"

static void write_file(const char *path, const void *data, size_t size_bytes)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(data, 1, size_bytes, file) != size_bytes || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static bool take_word(struct met_kernel_options *options, const char *word)
{
	const struct {
		const char *name;
		bool *wished;
	} parts[] = {{"kallsyms", &options->kallsyms},
		     {"exports", &options->exports},
		     {"types", &options->types},
		     {"coreinfo", &options->coreinfo}};

	if (strncmp(word, "forged=", 7) == 0) {
		options->forged = word + 7;
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strcmp(word, parts[i].name) == 0)
			return *parts[i].wished = true;
	return false;
}

int main(int argc, char **argv)
{
	struct met_kernel_options options = {.graph = {.seed = 5, .mappings_in_tree = 1}};
	struct met_kernel kernel;
	bool good = argc > 2;

	for (int i = 3; i < argc; i++)
		good &= take_word(&options, argv[i]);
	if (!good) {
		fprintf(stderr, "usage: %s RAM TRUTH.gap [WORD]...\n", argv[0]);
		return 2;
	}
	met_kernel_init(&kernel, &options);
	write_file(argv[1], kernel.graph.guest.ram, SYNTHETIC_RAM_BYTES);
	write_file(argv[2], kernel.truth.image, kernel.truth.size_bytes);
	met_kernel_deinit(&kernel);
	return 0;
}
