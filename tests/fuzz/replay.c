/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer: every file of a folder as it is, then a number of mutations
 * of each, the same ones in every run. A case that takes over twenty seconds fails; the case that
 * failed is named.
 *
 *     fuzz_TARGET MUTATIONS FOLDER
 *
 * `FUZZ_CASE=seed:number` in the environment runs that one case only, to look at it in a debugger.
 */
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { CASE_SECONDS = 20, MUTANT_GROWTH = 64, SEED_BYTES_MAX = 1 << 24 };

/* For the signal handler alone. */
static char current_case[512];

static void on_death(int number)
{
	static const char text[] = "failed at case ";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDERR_FILENO, current_case, strlen(current_case)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(1);
	signal(number, SIG_DFL);
	raise(number);
}

/* xorshift64*: small, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static size_t below(uint64_t *state, size_t bound)
{
	return bound ? (size_t)(next_random(state) % bound) : 0;
}

/* Values at which counts, sizes and offsets go wrong. */
static uint32_t interesting(uint64_t *state)
{
	static const uint32_t values[] = {
		0,          1,          2,          3,          7,          8,         0x7f,
		0x80,       0xff,       0x100,      0x7fff,     0x8000,     0xffff,    0x10000,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x01000000, 0x3fffffff};

	return values[below(state, sizeof(values) / sizeof(values[0]))];
}

static void mutate_once(uint8_t *data, size_t *size_bytes, size_t capacity, uint64_t *state)
{
	size_t at = below(state, *size_bytes), from = below(state, *size_bytes), run;
	uint32_t value = interesting(state);

	if (*size_bytes < 8)
		return;
	switch (below(state, 7)) {
	case 0:
		data[at] ^= (uint8_t)(1u << below(state, 8));
		break;
	case 1:
		data[at] = (uint8_t)next_random(state);
		break;
	case 2: /* a whole word, where words lie */
		at = below(state, *size_bytes / 4) * 4;
		memcpy(data + at, &value, 4);
		break;
	case 3:
		at = below(state, *size_bytes / 2) * 2;
		memcpy(data + at, &value, 2);
		break;
	case 4: /* one part over another */
		run = below(state, *size_bytes - (at > from ? at : from)) % 64;
		memmove(data + at, data + from, run);
		break;
	case 5:
		*size_bytes = at;
		break;
	default:
		run = below(state, MUTANT_GROWTH);
		if (*size_bytes + run <= capacity) {
			memset(data + *size_bytes, (int)value, run);
			*size_bytes += run;
		}
	}
}

static void run_case(const uint8_t *data, size_t size_bytes)
{
	alarm(CASE_SECONDS);
	LLVMFuzzerTestOneInput(data, size_bytes);
	alarm(0);
}

static uint8_t *read_file(const char *path, size_t *size_bytes)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;

	if (!file)
		return NULL;
	data = malloc(SEED_BYTES_MAX);
	if (data)
		*size_bytes = fread(data, 1, SEED_BYTES_MAX, file);
	fclose(file);
	return data;
}

/* Runs a seed and its mutations; the random numbers start anew at each, so that one case can be run
 * alone. */
static unsigned long run_seed(const char *name, const uint8_t *seed, size_t seed_bytes,
			      unsigned long mutations, const char *only)
{
	size_t capacity = seed_bytes + 4 * MUTANT_GROWTH;
	uint8_t *copy = malloc(capacity);
	unsigned long run = 0;

	if (!copy)
		abort();
	for (unsigned long number = 0; number <= mutations; number++) {
		uint64_t state = 0x9e3779b97f4a7c15ULL + number * 0xbf58476d1ce4e5b9ULL;
		size_t size_bytes = seed_bytes;

		memcpy(copy, seed, seed_bytes);
		if (number > 0)
			for (size_t i = 1 + below(&state, 4); i > 0; i--)
				mutate_once(copy, &size_bytes, capacity, &state);
		snprintf(current_case, sizeof(current_case), "%s:%lu", name, number);
		if (only && strcmp(only, current_case) != 0)
			continue;
		run_case(copy, size_bytes);
		run++;
	}
	free(copy);
	return run;
}

int main(int argc, char **argv)
{
	static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
	unsigned long cases = 0;
	struct dirent **entries = NULL;
	int count;

	if (argc != 3) {
		fprintf(stderr, "usage: %s MUTATIONS FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], on_death);
	count = scandir(argv[2], &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[4096];
		size_t size_bytes = 0;
		uint8_t *seed;

		snprintf(path, sizeof(path), "%s/%s", argv[2], entries[i]->d_name);
		seed = entries[i]->d_name[0] == '.' ? NULL : read_file(path, &size_bytes);
		if (seed)
			cases += run_seed(entries[i]->d_name, seed, size_bytes,
					  strtoul(argv[1], NULL, 10), getenv("FUZZ_CASE"));
		free(seed);
		free(entries[i]);
	}
	free(entries);
	printf("%lu cases, %lu inputs taken\n", cases, fuzz_accepted);
	return cases > 0 && fuzz_accepted > 0 ? 0 : 1;
}
