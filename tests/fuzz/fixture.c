/* SPDX-License-Identifier: MIT */
/*
 * A little of everything that debug information has words for; compiled only to be mutated.
 */
#include <stdint.h>

enum colour { RED = 1, GREEN = -2, BLUE = 3 };
enum huge { HUGE_ONES = 0xffffffffffffffffULL };

struct forward;
typedef int (*handler)(struct forward *, const char *, ...);

union word {
	uint32_t whole;
	uint8_t parts[4];
};

struct links {
	struct links *next, *previous;
};

struct fixture {
	const volatile int *pointer;
	unsigned low : 3, : 5, high : 24;
	union {
		union word word;
		struct {
			short first;
			signed char second;
		};
	};
	enum colour colour;
	_Bool truth;
	double number;
	uint16_t grid[3][5];
	handler call;
	struct links links;
	struct forward *unknown;
	enum huge huge;
	char text[];
};

extern struct fixture fuzz_fixture;
struct fixture fuzz_fixture = {.low = 1};
extern const char linux_banner[];
const char linux_banner[] = "Linux version 6.1.0-fixture (nobody@nowhere) #1 SMP\n";

int fuzz_fixture_call(struct fixture *fixture, int count);

int fuzz_fixture_call(struct fixture *fixture, int count)
{
	static int calls;
	struct local {
		int value;
	} local = {count};

	return fixture->colour == RED ? local.value + calls++ : HUGE_ONES == fixture->huge;
}
