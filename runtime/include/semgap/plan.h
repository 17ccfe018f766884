/* SPDX-License-Identifier: MIT */
/*
 * A monitor's plan: what it wants of a kernel, one row for each name, and the table of slots that binding
 * makes of it. Headers that `semgap emit` writes hold plans; monitor.h reads through the slots.
 */
#ifndef SEMGAP_PLAN_H
#define SEMGAP_PLAN_H

#include "profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What one name is in the guest's kernel: where a field lies, or a symbol, or how much it is. */
struct gap_slot {
	/** Field: offset in bytes; symbol: address in the guest; enumerator: value; type: its size.
	 * GAP_SLOT_ABSENT when the kernel does not have it. */
	uint64_t value;
	uint32_t size_bytes;
	uint8_t shift; /* bit-field: bits below it in the byte at the offset */
	uint8_t width; /* bit-field: bits; 0 is none */
	uint8_t is_signed;
	uint8_t present;
};

/* No guest has memory there, with any object's address added: reading an absent field fails. */
#define GAP_SLOT_ABSENT UINT64_C(0x4040000000000000)

enum gap_want_kind {
	GAP_WANT_FIELD = 1,
	GAP_WANT_SYMBOL,
	GAP_WANT_ENUMERATOR,
	GAP_WANT_TYPE /* its size */
};

/** What a field must be, by its declaration in the monitor. */
enum gap_want_form {
	GAP_FORM_ANY = 0, /* is only asked for */
	GAP_FORM_INT,
	GAP_FORM_WORD, /* long: as wide as the guest's */
	GAP_FORM_POINTER,
	GAP_FORM_STRUCT, /* or union */
	GAP_FORM_ARRAY,  /* size_bytes: of one element; 0 any */
	GAP_FORM_BITS
};

enum gap_want_flag {
	GAP_WANT_OPTIONAL = 1, /* may be absent */
	GAP_WANT_WIDEN = 2,    /* may be narrower than declared */
	GAP_WANT_WHOLE = 4,    /* array: count must be the declared one */
	GAP_WANT_PERCPU = 8    /* symbol: each CPU has its own */
};

/** One line of what a monitor wants; the generated header holds them. */
struct gap_want {
	uint8_t kind, form, flags;
	uint8_t width; /* BITS */
	uint32_t size_bytes, count;
	const char *name;   /* field: its type */
	const char *base;   /* field: offsets count from there in the type; NULL: its start */
	const char *member; /* field; alternatives separated by '|' */
	const char *use;    /* "ps.c:12" */
};

struct gap_plan {
	const struct gap_want *wants;
	uint32_t count;
	/** Of one build only: what the wants are there, and which build that is. NULL: any kernel. */
	const struct gap_slot *constants;
	const char *build_id; /* hexadecimal digits */
};

/** Binds a table without a monitor. Outputs are untouched on failure. Symbols are as linked. */
GAP_API enum gap_status gap_bind_slots(const struct gap_profile *profile,
				       const struct gap_plan *plan, struct gap_slot *slots,
				       struct gap_error *error) GAP_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
