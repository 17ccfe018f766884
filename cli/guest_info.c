/* SPDX-License-Identifier: MIT */
/*
 * semgap guest info: which kernel runs there, how it was found, and whether it is the profile's. A
 * guest of another build is answered too: with what both are.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/guest_out.h"
#include "runtime/include/semgap/walks.h"

#define BANNER_BYTES 1024
#define NOTES_BYTES_MAX 65536
#define NOTE_GNU_BUILD_ID 3
#define NS_PER_SECOND 1000000000

/* Facts of a guest; what is not known stays zero. */
struct facts {
	struct gap_guest_info info;
	struct gap_target target;
	char banner[BANNER_BYTES];
	unsigned char build_id[64];
	uint32_t build_id_bytes;
	bool has_boot_ns;
	uint64_t boot_ns; /* since 1970 */
	uint32_t cpus_possible, cpus_online;
};

/* ---- finding out ---- */

static void read_banner(struct gap_guest *guest, struct facts *facts)
{
	struct gap_vaddr at;

	if (gap_guest_symbol(guest, "linux_banner", &at, NULL) ||
	    gap_guest_read_string(guest, at, facts->banner, sizeof(facts->banner)))
		facts->banner[0] = '\0';
	facts->banner[strcspn(facts->banner, "\n")] = '\0';
}

static uint32_t note_field(struct gap_guest *guest, uint64_t address)
{
	struct gap_vaddr at = {address};
	uint32_t value;

	return gap_guest_read_u32(guest, at, &value) ? UINT32_MAX : value;
}

/* The image's notes: header of three numbers, a name, a description, each padded to 4 bytes. */
static void read_build_id(struct gap_guest *guest, struct facts *facts)
{
	struct gap_vaddr at, end;

	if (gap_guest_symbol(guest, "__start_notes", &at, NULL) ||
	    gap_guest_symbol(guest, "__stop_notes", &end, NULL) ||
	    end.value - at.value > NOTES_BYTES_MAX)
		return;
	while (at.value + 12 < end.value) {
		uint64_t name_bytes = note_field(guest, at.value);
		uint64_t size_bytes = note_field(guest, at.value + 4);
		uint32_t type = note_field(guest, at.value + 8);
		struct gap_vaddr name = {at.value + 12};
		struct gap_vaddr data = {name.value + ((name_bytes + 3) & ~(uint64_t)3)};
		char owner[4];

		if (name_bytes > 256 || size_bytes > NOTES_BYTES_MAX)
			return;
		if (type == NOTE_GNU_BUILD_ID && name_bytes == 4 &&
		    size_bytes <= sizeof(facts->build_id) &&
		    !gap_guest_read(guest, name, owner, 4) && memcmp(owner, "GNU", 4) == 0 &&
		    !gap_guest_read(guest, data, facts->build_id, size_bytes)) {
			facts->build_id_bytes = (uint32_t)size_bytes;
			return;
		}
		at.value = data.value + ((size_bytes + 3) & ~(uint64_t)3);
	}
}

static bool read_clock(struct gap_guest *guest, const struct gap_symbol *symbol, const char *path,
		       uint64_t *value)
{
	struct gap_location location;
	struct gap_guest_info info;
	struct gap_vaddr at;

	if (symbol->type == GAP_NONE ||
	    gap_profile_find_member(gap_guest_profile(guest), symbol->type, path, &location, NULL))
		return false;
	gap_guest_info(guest, &info);
	at.value = symbol->address + info.virtual_slide + location.offset_bits / 8;
	return !gap_guest_read_u64(guest, at, value);
}

/* As getboottime64(): offs_real - offs_boot. One timekeeper until 22c62b9a84b8 (6.17). */
static void read_boot_time(struct gap_guest *guest, struct facts *facts)
{
	static const struct {
		const char *symbol, *real, *boot;
	} rows[] = {
		{"timekeeper_data", "[0].timekeeper.offs_real", "[0].timekeeper.offs_boot"},
		{"tk_core", "timekeeper.offs_real", "timekeeper.offs_boot"},
	};
	uint64_t real, boot;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !facts->has_boot_ns; i++) {
		struct gap_symbol symbol;

		if (gap_profile_find_symbol(gap_guest_profile(guest), rows[i].symbol, &symbol,
					    NULL) ||
		    !read_clock(guest, &symbol, rows[i].real, &real) ||
		    !read_clock(guest, &symbol, rows[i].boot, &boot))
			continue;
		facts->boot_ns = real - boot;
		facts->has_boot_ns = true;
	}
}

static void read_cpus(struct gap_guest *guest, struct facts *facts)
{
	struct gap_vaddr mask;
	uint32_t count = 0;

	if (gap_guest_cpu_count(guest, &count, NULL))
		return;
	for (uint32_t cpu = 0; cpu < count; cpu++) {
		int possible = 0;

		if (!gap_guest_cpu_possible(guest, cpu, &possible, NULL))
			facts->cpus_possible += possible != 0;
	}
	if (gap_guest_symbol(guest, "__cpu_online_mask", &mask, NULL))
		return;
	for (uint32_t cpu = 0; cpu < count; cpu++) {
		struct gap_vaddr at = {mask.value + cpu / 8};
		uint8_t bits;

		if (!gap_guest_read_u8(guest, at, &bits))
			facts->cpus_online += bits >> cpu % 8 & 1;
	}
}

static bool same_build(const struct facts *facts)
{
	return !facts->build_id_bytes || !facts->target.build_id_bytes ||
	       (facts->build_id_bytes == facts->target.build_id_bytes &&
		memcmp(facts->build_id, facts->target.build_id, facts->build_id_bytes) == 0);
}

/* ---- registers ---- */

/* In the order in which they are printed; what is not known is left out. */
static const struct register_row {
	const char *name;
	uint32_t known;
	size_t offset;
} register_rows[] = {
#define ROW(bit, member)                                                                           \
	{                                                                                          \
#member, GAP_VCPU_##bit, offsetof(struct gap_vcpu, member)                         \
	}
	ROW(PC, pc),
	ROW(SP, sp),
	ROW(FP, fp),
	ROW(FLAGS, flags),
	ROW(CR0, cr0),
	ROW(CR3, cr3),
	ROW(CR4, cr4),
	ROW(EFER, efer),
	ROW(LSTAR, lstar),
	ROW(FS_BASE, fs_base),
	ROW(GS_BASE, gs_base),
	ROW(KERNEL_GS_BASE, kernel_gs_base),
	ROW(IDTR, idtr_base),
	ROW(SCTLR_EL1, sctlr_el1),
	ROW(TTBR0_EL1, ttbr0_el1),
	ROW(TTBR1_EL1, ttbr1_el1),
	ROW(TCR_EL1, tcr_el1),
	ROW(VBAR_EL1, vbar_el1),
	ROW(TPIDR_EL1, tpidr_el1),
	ROW(SP_EL0, sp_el0),
#undef ROW
};

#define REGISTER_COUNT (sizeof(register_rows) / sizeof(register_rows[0]))

static uint64_t register_value(const struct gap_vcpu *vcpu, const struct register_row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)vcpu + row->offset, sizeof(value));
	return value;
}

static void print_registers(const struct gap_vcpu *vcpu)
{
	for (size_t i = 0; i < REGISTER_COUNT; i++)
		if (vcpu->known & register_rows[i].known)
			printf("cpu %-12u %-14s 0x%016llx\n", vcpu->index, register_rows[i].name,
			       (unsigned long long)register_value(vcpu, &register_rows[i]));
}

static void json_registers(struct gap_json *json, const struct gap_memory *memory)
{
	gap_json_key(json, "registers");
	gap_json_open(json, '[');
	for (size_t cpu = 0; cpu < memory->vcpu_count; cpu++) {
		const struct gap_vcpu *vcpu = &memory->vcpus[cpu];

		gap_json_line(json);
		gap_json_open(json, '{');
		gap_json_key_number(json, "cpu", vcpu->index);
		for (size_t i = 0; i < REGISTER_COUNT; i++)
			if (vcpu->known & register_rows[i].known)
				out_json_hex(json, register_rows[i].name, true,
					     register_value(vcpu, &register_rows[i]));
		gap_json_close(json, '}');
	}
	gap_json_close(json, ']');
}

/* ---- printing ---- */

static void print_digits(const char *label, const unsigned char *bytes, uint32_t count)
{
	printf("%-16s ", label);
	for (uint32_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
	printf("%s\n", count ? "" : "unknown");
}

static void print_text(const struct facts *facts, const struct gap_memory *memory)
{
	printf("%-16s ", "banner");
	out_text(facts->banner, strlen(facts->banner));
	printf("\n%-16s %s\n", "profile", facts->target.release);
	print_digits("build-id", facts->build_id, facts->build_id_bytes);
	printf("%-16s %s\n", "matches", same_build(facts) ? "yes" : "no");
	if (facts->has_boot_ns)
		printf("%-16s %llu s since 1970\n", "booted",
		       (unsigned long long)(facts->boot_ns / NS_PER_SECOND));
	printf("%-16s %u online, %u possible\n", "cpus", facts->cpus_online, facts->cpus_possible);
	printf("%-16s 0x%llx\n", "virtual slide", (unsigned long long)facts->info.virtual_slide);
	printf("%-16s 0x%llx\n", "phys_base", (unsigned long long)facts->info.phys_base);
	printf("%-16s 0x%llx, %d levels\n", "page tables",
	       (unsigned long long)facts->info.root.value, facts->info.paging_levels);
	printf("%-16s %s (%u candidates, %u refused)\n", "found by", facts->info.found_by,
	       facts->info.candidates, facts->info.candidates_refused);
	for (size_t i = 0; i < memory->vcpu_count; i++)
		print_registers(&memory->vcpus[i]);
}

static void json_digits(struct gap_json *json, const char *key, const unsigned char *bytes,
			uint32_t count)
{
	gap_json_key(json, key);
	if (count)
		gap_json_digits(json, bytes, count);
	else
		gap_json_null(json);
}

static void print_json(const struct facts *facts, const struct gap_memory *memory)
{
	struct gap_json json;

	json_begin(&json, "semgap/guest-info/1", false, NULL, "guests");
	gap_json_open(&json, '{');
	gap_json_key(&json, "matches");
	gap_json_bool(&json, same_build(facts));
	out_json_text(&json, "banner", *facts->banner, facts->banner);
	json_digits(&json, "build_id", facts->build_id, facts->build_id_bytes);
	out_json_text(&json, "profile_release", *facts->target.release, facts->target.release);
	json_digits(&json, "profile_build_id", facts->target.build_id,
		    facts->target.build_id_bytes);
	out_json_hex(&json, "boot_ns", facts->has_boot_ns, facts->boot_ns);
	out_json_number(&json, "cpus_online", facts->cpus_online, facts->cpus_online);
	out_json_number(&json, "cpus_possible", facts->cpus_possible, facts->cpus_possible);
	out_json_hex(&json, "virtual_slide", true, facts->info.virtual_slide);
	out_json_hex(&json, "phys_base", true, facts->info.phys_base);
	out_json_hex(&json, "root", true, facts->info.root.value);
	gap_json_key_number(&json, "paging_levels", (uint64_t)facts->info.paging_levels);
	gap_json_key_name(&json, "found_by", facts->info.found_by);
	gap_json_key_number(&json, "candidates", facts->info.candidates);
	gap_json_key_number(&json, "candidates_refused", facts->info.candidates_refused);
	json_registers(&json, memory);
	gap_json_close(&json, '}');
	json_end(&json);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct facts facts = {0};

	gap_guest_refresh(guest);
	gap_guest_info(guest, &facts.info);
	gap_profile_target(gap_guest_profile(guest), &facts.target);
	read_banner(guest, &facts);
	read_build_id(guest, &facts);
	read_boot_time(guest, &facts);
	read_cpus(guest, &facts);
	if (request->json)
		print_json(&facts, request->memory);
	else
		print_text(&facts, request->memory);
	return same_build(&facts) ? EXIT_DONE : EXIT_FINDING;
}

/* The error names both kernels. */
static int run_mismatched(const struct gap_profile *profile, const struct guest_request *request,
			  const struct gap_error *error)
{
	struct gap_target target;
	struct gap_json json;

	gap_profile_target(profile, &target);
	if (!request->json) {
		printf("%-16s %s\n%-16s no\n%-16s %s\n", "profile", target.release, "matches",
		       "difference", error->text);
		return EXIT_FINDING;
	}
	json_begin(&json, "semgap/guest-info/1", false, NULL, "guests");
	gap_json_open(&json, '{');
	gap_json_key(&json, "matches");
	gap_json_bool(&json, false);
	out_json_text(&json, "profile_release", *target.release, target.release);
	json_digits(&json, "profile_build_id", target.build_id, target.build_id_bytes);
	gap_json_key_name(&json, "difference", error->text);
	gap_json_close(&json, '}');
	json_end(&json);
	return EXIT_FINDING;
}

const struct guest_view guest_view_info = {
	.name = "info",
	.operands = "",
	.summary = "which kernel runs there, where it lies, how it was found",
	.help = "Status 1: the guest is not of the build that the profile describes.\n",
	.run = run,
	.run_mismatched = run_mismatched,
};
