/* SPDX-License-Identifier: MIT */
/*
 * Mappings of no file that have a name all the same ("[vdso]" and its like): what they lead to has
 * that name, and what tells it is one function that the kernel knows by its own name.
 */
#include "infer/data_solver.h"

#include <elf.h>

#define NAME_BYTES 32
#define MAPPING_WORDS 8u /* of what a special mapping leads to */
#define OPERATIONS_WORDS 32u
#define VSYSCALL_START UINT64_C(0xffffffffff600000) /* VSYSCALL_ADDR, as programs know it */
#define VSYSCALL_END UINT64_C(0xffffffffff601000)

struct special {
	uint32_t private_data, name; /* members of the mapping, and of what it leads to */
	uint32_t found;
};

static bool is_known_name(const char *name)
{
	static const char *const known[] = {"[vdso]", "[vvar]", "[sigpage]", "[vectors]",
					    "[vvar_vclock]"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static bool leads_to_name(struct data_solver *solver, uint64_t at, uint32_t name)
{
	char text[NAME_BYTES];
	uint64_t place;

	return data_is_kernel(solver, at) && at % solver->word == 0 &&
	       data_read_word(solver, at + name, &place) && data_is_kernel(solver, place) &&
	       data_read_text(solver, place, text, sizeof(text)) > 2 && is_known_name(text);
}

static bool has_no_file(const struct data_solver *solver, uint32_t vma)
{
	return !data_word(solver, &solver->vmas, vma, solver->at.vma_file);
}

static bool is_special(struct data_solver *solver, const struct special *special, uint32_t vma)
{
	return has_no_file(solver, vma) &&
	       leads_to_name(solver, data_word(solver, &solver->vmas, vma, special->private_data),
			     special->name);
}

static uint32_t count_special(struct data_solver *solver, const struct special *special)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < solver->vmas.count; i++)
		count += is_special(solver, special, i);
	return count;
}

/* Programs have their own, all at one place; elsewhere may be the name of the next thing, but not for
 * as many. */
static bool find_names(struct data_solver *solver, struct special *special)
{
	struct special tried;
	uint32_t ways = 0;

	special->found = 0;
	for (tried.private_data = 0; tried.private_data < solver->vmas.end;
	     tried.private_data += solver->word)
		for (tried.name = 0; tried.name < MAPPING_WORDS * solver->word;
		     tried.name += solver->word) {
			tried.found = count_special(solver, &tried);
			if (tried.found < 4 || tried.found * 2 < solver->mms.count ||
			    tried.found < special->found)
				continue;
			ways = tried.found == special->found ? ways + 1 : 1;
			*special = tried;
		}
	return ways == 1;
}

/* In the image for special mappings; for others of no file there is none as a rule. */
static int is_operations(struct data_solver *solver, const struct data_set *set, uint32_t index,
			 uint32_t offset, void *context)
{
	uint64_t at = data_word(solver, set, index, offset);

	if (is_special(solver, context, index))
		return data_in_image(solver, at) ? 1 : -1;
	if (!at)
		return has_no_file(solver, index) ? 1 : 0;
	return data_in_image(solver, at) ? 0 : -1;
}

static uint64_t operations_of(struct data_solver *solver, const struct special *special,
			      uint32_t offset)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < solver->vmas.count; i++) {
		uint64_t other = data_word(solver, &solver->vmas, i, offset);

		if (!is_special(solver, special, i))
			continue;
		if (at && at != other)
			return 0;
		at = other;
	}
	return at;
}

static void claim_name(struct data_solver *solver, uint64_t operations)
{
	const struct infer_symbol *function =
		infer_symbols_named(solver->kernel->symbols, "special_mapping_name", NULL);
	struct data_columns columns = {0};
	uint32_t known = 0;
	uint64_t value;

	infer_symbols_named(solver->kernel->symbols, "special_mapping_vmops", &known);
	if (!known)
		infer_claims_symbol(solver->claims, "special_mapping_vmops", operations, 0);
	for (uint32_t at = 0; function && at < OPERATIONS_WORDS * solver->word; at += solver->word)
		if (data_read_word(solver, operations + at, &value) && value == function->address)
			data_columns_push(&columns, &(struct data_column){at, 1, 0});
	data_claim_columns(solver, DATA_RULE_special_name, "vm_operations_struct", "name",
			   solver->word, &columns);
}

/* ---- x86's page for calls of old programs ---- */

static bool is_gate(struct data_solver *solver, uint64_t at, uint64_t value, const void *context)
{
	uint64_t end;

	(void)context;
	return value == VSYSCALL_START &&
	       data_read_word(solver, at - solver->at.vma_start + solver->at.vma_end, &end) &&
	       end == VSYSCALL_END;
}

/* The mapping at the end of the address space is the kernel's own, in the image; whether programs have it,
 * vsyscall_mode tells. */
static void find_gate(struct data_solver *solver)
{
	uint64_t place, mode;

	if (solver->kernel->machine != EM_X86_64 || data_symbol(solver, "gate_vma", &place) ||
	    !data_symbol(solver, "vsyscall_mode", &mode) || solver->at.vma_start == DATA_UNKNOWN ||
	    solver->at.vma_end == DATA_UNKNOWN)
		return;
	if (data_scan_image(solver, is_gate, NULL, &place, 1) == 1)
		infer_claims_symbol(solver->claims, "gate_vma", place - solver->at.vma_start, 0);
}

void data_solve_special(struct data_solver *solver)
{
	struct data_columns columns;
	struct special special;
	uint64_t operations;

	find_gate(solver);
	if (solver->at.vma_file == DATA_UNKNOWN || !find_names(solver, &special))
		return;
	data_claim(solver, DATA_RULE_special_mapping, "vm_area_struct", "vm_private_data",
		   solver->word, &(struct data_column){special.private_data, special.found, 0}, 0);
	data_claim(solver, DATA_RULE_special_mapping, "vm_special_mapping", "name", solver->word,
		   &(struct data_column){special.name, special.found, 0}, 0);
	data_search(solver, &solver->vmas, &(struct data_search){.support_min = special.found},
		    is_operations, &special, &columns);
	data_columns_remove(&columns, special.private_data);
	data_claim_columns(solver, DATA_RULE_special_operations, "vm_area_struct", "vm_ops",
			   solver->word, &columns);
	operations =
		columns.count == 1 ? operations_of(solver, &special, columns.rows[0].offset) : 0;
	if (operations)
		claim_name(solver, operations);
}
