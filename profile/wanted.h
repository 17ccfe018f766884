/* SPDX-License-Identifier: MIT */
/*
 * What a monitor wants of a kernel, as scan found it in the monitor's source: a selection file's
 * content. scan fills and writes it; emit reads it and makes headers and blobs. No kernel is in it:
 * only names, what the monitor declares them to be, and where it uses them.
 */
#ifndef SEMGAP_PROFILE_WANTED_H
#define SEMGAP_PROFILE_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/include/semgap/plan.h"

struct gap_wanted_use {
	char *file;
	unsigned line;
};

struct gap_wanted_item {
	enum gap_want_kind kind;
	char *name;     /* the kernel's name: of the type (field, type), symbol or enumerator */
	char *declared; /* field, type: the monitor's C type, "struct task_struct___old"; else "" */
	char *base;     /* field: path to the nameless structure that has it; "" */
	char *member;   /* field */
	char *also;     /* its other names, separated by '|'; "" */
	char *c_type;   /* field: as declared, for messages; else "" */
	enum gap_want_form form;
	uint32_t size_bytes, count; /* as in struct gap_want */
	uint32_t declared_bytes;    /* sizeof where it is one value; 0 */
	uint8_t width;
	bool is_signed;
	bool optional, widen, whole, percpu;
	bool read; /* not only asked for, or pointed to */
	struct gap_wanted_use *uses;
	size_t use_count;
};

/** Sorted by kind, declared type, base, member and name. */
struct gap_wanted {
	struct gap_wanted_item *items;
	size_t count, capacity;
};

/**
 * Adds an item, used at @use; copies all texts. One that is there already takes on what the new use
 * demands. GAP_MISMATCH: the two declare it differently (both places are told); GAP_NO_MEMORY.
 */
enum gap_status gap_wanted_add(struct gap_wanted *wanted, const struct gap_wanted_item *item,
			       const struct gap_wanted_use *use,
			       struct gap_error *error) GAP_MUST_CHECK;
void gap_wanted_deinit(struct gap_wanted *wanted);

/** Writes the selection file. */
enum gap_status gap_wanted_write(const struct gap_wanted *wanted, FILE *stream,
				 struct gap_error *error) GAP_MUST_CHECK;

/**
 * Reads one into @wanted, zeroed before. Everything in it is checked, for it becomes C source.
 * GAP_IO; GAP_INVALID, naming the row; GAP_UNSUPPORTED (another version); GAP_NO_MEMORY.
 */
enum gap_status gap_wanted_read(const char *path, struct gap_wanted *wanted,
				struct gap_error *error) GAP_MUST_CHECK;
/** The same from memory; @name is for messages. */
enum gap_status gap_wanted_parse(const char *text, size_t length, const char *name,
				 struct gap_wanted *wanted, struct gap_error *error) GAP_MUST_CHECK;

#endif
