/* SPDX-License-Identifier: MIT */
/* Structures that test_cfront.c compiles, and reads through libclang: both must agree. */
#ifndef SEMGAP_CFRONT_SHAPES_H
#define SEMGAP_CFRONT_SHAPES_H

#include <stdint.h>

struct shape_list {
	struct shape_list *next, *prev;
};

enum shape_colour { SHAPE_RED = -3, SHAPE_GREEN, SHAPE_BLUE = 7 };

typedef struct {
	uint32_t val;
} shape_kuid_t;

struct shape_task {
	volatile long state;
	void *stack;
	union {
		struct {
			uint16_t low;
			uint8_t middle;
		};
		uint32_t whole;
	};
	unsigned in_execve : 1;
	unsigned : 3;
	int signed_bits : 5;
	uint64_t wide_bits : 40;
	char comm[16];
	int grid[3][2];
	struct shape_list tasks;
	shape_kuid_t uid;
	const struct shape_task *parent;
	enum shape_colour colour;
	int (*hook)(struct shape_task *, char);
	struct shape_inner {
		int a;
		union {
			int b;
			char c;
		} named;
	} inner;
	struct {
		int nameless;
	} outer;
	unsigned char tail[];
} __attribute__((aligned(32)));

#endif
