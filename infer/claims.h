/* SPDX-License-Identifier: MIT */
/*
 * What evidence says. A claim is one witness's word on one field: at this offset, or not there at
 * all. Evidence only adds claims; it never decides. fuse.c weighs them.
 */
#ifndef SEMGAP_INFER_CLAIMS_H
#define SEMGAP_INFER_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/include/semgap/status.h"

enum infer_kind {
	INFER_BTF,
	INFER_VMCOREINFO,
	INFER_CODE,
	INFER_DATA,
	INFER_PRIOR,
	INFER_KIND_COUNT
};

/**
 * Witnesses of one class share what could mislead them (a function, a caller, a rule) and have one
 * vote together.
 */
struct infer_claim {
	uint32_t field;
	uint8_t name_index; /* which of the field's names: the guest may not tell; then 0 */
	bool named;         /* the witness does tell which of the names it is */
	bool absent;        /* this kernel has no such field; offset means nothing */
	enum infer_kind kind;
	uint32_t offset_bits; /* from the start of the field's type */
	uint32_t width_bits;  /* 0 unknown */
	/**
	 * Weight for it, in hundredths of a nat (log-odds against the best rival): what counted,
	 * smoothed tallies of this kind of witness give (infer/weights.def), never a guess made
	 * for one kernel.
	 */
	int32_t weight;
	uint32_t class_id;   /* of infer_claims_class() */
	uint64_t at;         /* the deciding instruction or object's address; 0 none */
	uint32_t support;    /* objects or places that agree */
	uint32_t dissent;    /* and that do not */
	const char *witness; /* one line for a person; interned */
};

struct infer_claims;

enum gap_status infer_claims_create(struct infer_claims **claims) GAP_MUST_CHECK;
void infer_claims_destroy(struct infer_claims *claims);
/** The number of a class by its name, as "code:get_task_mm" or "data:closed list". */
uint32_t infer_claims_class(struct infer_claims *claims, const char *name);
/** Copies @claim and its text. Running out of memory is sticky; infer_claims_status() tells. */
void infer_claims_add(struct infer_claims *claims, const struct infer_claim *claim);
/**
 * Names an address that evidence has found, as "init_task": where the kernel's own tables do not
 * tell it, the profile gets the symbol. @weight as of a claim.
 */
void infer_claims_symbol(struct infer_claims *claims, const char *name, uint64_t address,
			 int32_t weight);
struct infer_found_symbol {
	const char *name;
	uint64_t address;
	int32_t weight;
};
uint32_t infer_claims_symbol_count(const struct infer_claims *claims);
const struct infer_found_symbol *infer_claims_symbol_at(const struct infer_claims *claims,
							uint32_t index);
/** The size of a structure, as the distance of its elements in an array shows it. */
void infer_claims_size(struct infer_claims *claims, const char *type, uint32_t size_bytes);
/** 0: nobody knows, or they disagree. */
uint32_t infer_claims_size_of(const struct infer_claims *claims, const char *type);
enum gap_status infer_claims_status(const struct infer_claims *claims) GAP_MUST_CHECK;
uint32_t infer_claims_count(const struct infer_claims *claims);
const struct infer_claim *infer_claims_at(const struct infer_claims *claims, uint32_t index);
const char *infer_claims_class_name(const struct infer_claims *claims, uint32_t class_id);

#endif
