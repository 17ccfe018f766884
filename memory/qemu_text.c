/* SPDX-License-Identifier: MIT */
/*
 * Parsing the human monitor's texts. Their forms, unchanged in what is used here from QEMU 2.9 on:
 * mtree_print_flatview (softmmu/memory.c), x86_cpu_dump_state (target/i386/cpu-dump.c),
 * aarch64_cpu_dump_state (target/arm/cpu.c), hmp_gpa2hva.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/qemu_text.h"

/* ---- the memory map ---- */

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* The view that the address space of the machine has. Each begins with "FlatView", then has the
 * names of the spaces that share it. */
static const char *find_view(const char *text)
{
	const char *space = strstr(text, "AS \"memory\",");
	const char *region = space ? strstr(space, "Root memory region") : NULL;

	return region ? next_line(region) : NULL;
}

/* "pc.ram", "pc.ram @0000000000100000" and perhaps more, up to the line's end. */
static void take_block(const char *at, struct gap_qemu_region *region)
{
	const char *offset = strstr(at, " @");
	size_t length = offset ? (size_t)(offset - at) : strlen(at);

	if (offset)
		region->block_offset = strtoull(offset + 2, NULL, 16);
	if (length >= sizeof(region->block))
		length = sizeof(region->block) - 1;
	memcpy(region->block, at, length);
	region->block[length] = '\0';
}

/* "  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000"; a "rom" of a RAM
 * block is RAM that the guest may not write at the moment. */
static int take_line(const char *text, struct gap_qemu_region *region)
{
	unsigned long long first, last;
	char line[2 * GAP_QEMU_NAME_BYTES], kind[8];
	int length = 0;

	/* sscanf measures what it is given: not the whole text at every line. */
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\r\n"), text);
	if (sscanf(line, " %16llx-%16llx (prio %*d, %7[a-z/-]): %n", &first, &last, kind,
		   &length) != 3 ||
	    length == 0 || last < first || last - first == UINT64_MAX)
		return 0;
	if (strcmp(kind, "ram") != 0 && strcmp(kind, "rom") != 0)
		return 0;
	*region = (struct gap_qemu_region){.start = first, .size_bytes = last - first + 1};
	take_block(line + length, region);
	return 1;
}

/* QEMU's are sorted and do not overlap. */
static int follows(const struct gap_qemu_region *last, const struct gap_qemu_region *next)
{
	return next->start > last->start && next->start - last->start >= last->size_bytes;
}

static int joins(const struct gap_qemu_region *last, const struct gap_qemu_region *next)
{
	return next->start == last->start + last->size_bytes &&
	       next->block_offset == last->block_offset + last->size_bytes &&
	       strcmp(next->block, last->block) == 0;
}

size_t gap_qemu_regions(const char *text, struct gap_qemu_region *regions, size_t capacity)
{
	const char *line = find_view(text);
	size_t count = 0;

	for (; line && *line == ' '; line = next_line(line)) {
		struct gap_qemu_region next;

		if (!take_line(line, &next))
			continue;
		if (count > 0 && !follows(&regions[count - 1], &next))
			continue;
		if (count > 0 && joins(&regions[count - 1], &next))
			regions[count - 1].size_bytes += next.size_bytes;
		else if (count < capacity)
			regions[count++] = next;
	}
	return count;
}

int gap_qemu_is_backend(const char *block, const char *id)
{
	static const char objects[] = "/objects/";
	size_t length = strlen(id);

	if (strncmp(block, objects, sizeof(objects) - 1) == 0)
		block += sizeof(objects) - 1;
	/* Behind the name may stand that KVM knows it. */
	return strncmp(block, id, length) == 0 && (block[length] == '\0' || block[length] == ' ');
}

uint64_t gap_qemu_host_address(const char *text)
{
	const char *address = strstr(text, " is 0x");

	return address ? strtoull(address + 4, NULL, 16) : 0;
}

/* ---- registers ---- */

/* A register's name, the field behind the "=" that counts, and where it goes. */
static const struct text_register {
	const char *name;
	int field;
	uint32_t known;
	size_t offset;
} text_registers[] = {
#define AT(member) offsetof(struct gap_vcpu, member)
	{"RIP", 0, GAP_VCPU_PC, AT(pc)},          {"EIP", 0, GAP_VCPU_PC, AT(pc)},
	{"PC", 0, GAP_VCPU_PC, AT(pc)},           {"RSP", 0, GAP_VCPU_SP, AT(sp)},
	{"ESP", 0, GAP_VCPU_SP, AT(sp)},          {"SP", 0, GAP_VCPU_SP, AT(sp)},
	{"RBP", 0, GAP_VCPU_FP, AT(fp)},          {"EBP", 0, GAP_VCPU_FP, AT(fp)},
	{"X29", 0, GAP_VCPU_FP, AT(fp)},          {"RFL", 0, GAP_VCPU_FLAGS, AT(flags)},
	{"EFL", 0, GAP_VCPU_FLAGS, AT(flags)},    {"PSTATE", 0, GAP_VCPU_FLAGS, AT(flags)},
	{"CR0", 0, GAP_VCPU_CR0, AT(cr0)},        {"CR3", 0, GAP_VCPU_CR3, AT(cr3)},
	{"CR4", 0, GAP_VCPU_CR4, AT(cr4)},        {"EFER", 0, GAP_VCPU_EFER, AT(efer)},
	{"FS", 1, GAP_VCPU_FS_BASE, AT(fs_base)}, {"GS", 1, GAP_VCPU_GS_BASE, AT(gs_base)},
	{"IDT", 0, GAP_VCPU_IDTR, AT(idtr_base)},
#undef AT
};

/* The place behind "NAME=" or "NAME =" in [text, end), where NAME is a word of its own. */
static const char *find_register(const char *text, const char *end, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = text; (at = memmem(at, (size_t)(end - at), name, length)); at++) {
		const char *behind = at + length;

		if (at > text && !strchr(" \n\r", at[-1]))
			continue;
		while (behind < end && *behind == ' ')
			behind++;
		if (behind < end && *behind == '=')
			return behind + 1;
	}
	return NULL;
}

/* Number @field of those separated by blanks, on one line; false when it is none. */
static int take_number(const char *at, int field, uint64_t *number)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (;; field--) {
		at += strspn(at, " ");
		if (field == 0)
			break;
		at += strspn(at, digits);
	}
	if (strspn(at, digits) == 0)
		return 0;
	*number = strtoull(at, NULL, 16);
	return 1;
}

/* What is not a number of its own. */
static void derive(const char *text, const char *end, struct gap_vcpu *vcpu)
{
	const char *idt = find_register(text, end, "IDT"), *cpl = find_register(text, end, "CPL");
	const char *pstate = find_register(text, end, "PSTATE");
	uint64_t value;

	if (idt && take_number(idt, 1, &value))
		vcpu->idtr_limit = (uint32_t)value;
	else
		vcpu->known &= ~(uint32_t)GAP_VCPU_IDTR;
	if (cpl && take_number(cpl, 0, &value)) {
		vcpu->user_mode = value == 3;
		vcpu->known |= GAP_VCPU_USER_MODE;
	} else if (pstate && take_number(pstate, 0, &value)) {
		vcpu->user_mode = (value & 0xf) == 0;
		vcpu->known |= GAP_VCPU_USER_MODE;
	}
}

static void take_registers(const char *text, const char *end, struct gap_vcpu *vcpu)
{
	for (size_t i = 0; i < sizeof(text_registers) / sizeof(text_registers[0]); i++) {
		const struct text_register *row = &text_registers[i];
		const char *at = find_register(text, end, row->name);
		uint64_t value;

		if (!at || vcpu->known & row->known || !take_number(at, row->field, &value))
			continue;
		memcpy((char *)vcpu + row->offset, &value, sizeof(value));
		vcpu->known |= row->known;
	}
	derive(text, end, vcpu);
}

size_t gap_qemu_registers(const char *text, struct gap_vcpu *vcpus, size_t capacity)
{
	const char *at = strstr(text, "CPU#");
	size_t count = 0;

	while (at && count < capacity) {
		const char *end = strstr(at + 1, "CPU#");
		struct gap_vcpu vcpu = {.index = (uint32_t)strtoul(at + 4, NULL, 10)};

		take_registers(at, end ? end : at + strlen(at), &vcpu);
		vcpus[count++] = vcpu;
		at = end;
	}
	return count;
}
