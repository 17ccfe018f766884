/* SPDX-License-Identifier: MIT */
/* The module view: what is loaded into the kernel, as /proc/modules lists it. */
#ifndef SEMGAP_MODULES_H
#define SEMGAP_MODULES_H

#include "bind.h"
#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GAP_MODULE_NAME_BYTES 64 /* MODULE_NAME_LEN is less */
#define GAP_MODULE_PARTS 8
#define GAP_MODULE_USERS 64 /* of one module, that are told */

/** Which members of struct gap_module are known: the others are zero. */
enum gap_module_known {
	GAP_MODULE_PLACE = 1, /* parts */
	GAP_MODULE_STATE = 2,
	GAP_MODULE_REFERENCES = 4,
	GAP_MODULE_TAINTS = 8,
	GAP_MODULE_USED_BY = 16
};

/** A run of memory that a module occupies. */
struct gap_module_part {
	struct gap_vaddr base;
	uint32_t size_bytes;
};

struct gap_module {
	struct gap_vaddr address;             /* of struct module */
	uint32_t known;                       /* enum gap_module_known */
	char name[GAP_MODULE_NAME_BYTES + 1]; /* raw bytes up to the first zero */
	struct gap_vaddr base;                /* of its code */
	uint64_t size_bytes;                  /* of all parts together */
	/** Those that are not empty; the first is the code's, unless a module has none. */
	struct gap_module_part parts[GAP_MODULE_PARTS];
	uint32_t part_count;
	const char *state; /* as in /proc: "Live", "Loading", "Unloading"; "Unformed" it does not
			      list. A static string */
	int32_t references;
	uint64_t taints; /* TAINT_ bits of the kernel */
	/** Addresses of the struct modules that use it: at most so many, of @user_count. */
	struct gap_vaddr users[GAP_MODULE_USERS];
	uint32_t user_count;
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_modules {
	struct gap_guest *guest;
	struct gap_list list;
	struct gap_field fields[24];
	uint32_t part_stride_bytes, part_count; /* of module.mem[]; 0: the older layouts */
	uint64_t steps_left;                    /* of all lists of users together */
	enum gap_status status;
	char reason[160];
};

/**
 * Begins the list of modules. Errors: GAP_NOT_FOUND when the profile lacks the symbol modules or
 * module.list (a kernel without modules has neither); GAP_UNREADABLE.
 */
GAP_API enum gap_status gap_modules_init(struct gap_modules *modules, struct gap_guest *guest,
					 struct gap_error *error) GAP_MUST_CHECK;

/** Next module, the youngest first, or false at the end. */
GAP_API int gap_modules_next(struct gap_modules *modules, struct gap_module *module);

/** Reads the name of the struct module at @address. GAP_UNREADABLE; GAP_NOT_FOUND: the profile has
 * no module.name. */
GAP_API enum gap_status gap_module_name(const struct gap_modules *modules, struct gap_vaddr address,
					char name[GAP_MODULE_NAME_BYTES + 1]) GAP_MUST_CHECK;

#define GAP_MODULE_SYMBOL_BYTES 512 /* KSYM_NAME_LEN */

/** A symbol of a module, as its kallsyms has it. */
struct gap_module_symbol {
	struct gap_vaddr address;
	uint64_t size_bytes; /* 0: not known */
	int is_function;
	char name[GAP_MODULE_SYMBOL_BYTES + 1];
};

/** Caller-owned iterator; read @status and @reason at the end. */
struct gap_module_symbols {
	struct gap_guest *guest;
	struct gap_field fields[4];
	struct gap_vaddr table, names;
	uint64_t next, count;
	uint32_t pointer_bytes;
	enum gap_status status;
	char reason[160];
};

/** Binds its fields. GAP_NOT_FOUND: the profile does not lead to symbols of modules. */
GAP_API enum gap_status gap_module_symbols_init(struct gap_module_symbols *symbols,
						struct gap_guest *guest,
						struct gap_error *error) GAP_MUST_CHECK;
/** Begins with the module whose struct module is at @module. */
GAP_API void gap_module_symbols_begin(struct gap_module_symbols *symbols, struct gap_vaddr module);
/** Next symbol that has a name and a place, in the order of the table; false at the end. */
GAP_API int gap_module_symbols_next(struct gap_module_symbols *symbols,
				    struct gap_module_symbol *symbol);
/**
 * The symbol of that module that lies nearest below @address, or there. GAP_NOT_FOUND: none;
 * GAP_PARTIAL: none in what could be read.
 */
GAP_API enum gap_status gap_module_symbol_at(struct gap_module_symbols *symbols,
					     struct gap_vaddr module, struct gap_vaddr address,
					     struct gap_module_symbol *symbol) GAP_MUST_CHECK;

/** Letters of the taints that modules bring, as /proc/modules shows them ("OE"); "" none. */
GAP_API void gap_module_taint_letters(uint64_t taints, char letters[16]);

#ifdef __cplusplus
}
#endif
#endif
