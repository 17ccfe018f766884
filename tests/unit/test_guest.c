/* SPDX-License-Identifier: MIT */
/*
 * Opening guests and reading their virtual memory: honest ones of four and five levels, and hostile
 * ones with forged VMCOREINFO, other builds, tables that map themselves, entries that lead out of
 * memory, edits under the software TLB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/synthetic.h"

#define OUTSIDE 0x40000000u /* physical, beyond the RAM */

static struct gap_vaddr at(uint64_t address)
{
	return (struct gap_vaddr){address};
}

static enum gap_status open_with(struct synthetic *synthetic,
				 const struct gap_guest_options *options, struct gap_guest **guest,
				 struct gap_error *error)
{
	error->text[0] = '\0';
	return gap_guest_open(&synthetic->memory, synthetic->profile, options, guest, error);
}

/* Opening fails with @expected, and the error has all of the words. */
static void refuses(struct synthetic *synthetic, const struct gap_guest_options *options,
		    enum gap_status expected, const char *word, const char *other_word)
{
	struct gap_guest *guest = NULL;
	struct gap_error error;
	enum gap_status status = open_with(synthetic, options, &guest, &error);

	if (status != expected || !strstr(error.text, word) || !strstr(error.text, other_word))
		fail_msg("%s (not %s): \"%s\" lacks \"%s\" or \"%s\"", gap_status_name(status),
			 gap_status_name(expected), error.text, word, other_word);
	assert_null(guest);
}

static struct gap_guest_info info_of(struct gap_guest *guest)
{
	struct gap_guest_info info;

	gap_guest_info(guest, &info);
	return info;
}

static void forget_vmcoreinfo(struct synthetic *synthetic)
{
	memset(synthetic_physical(synthetic, 0x10000), 0, 0x20000);
}

static void forget_image(struct synthetic *synthetic)
{
	synthetic_profile(synthetic, &(struct synthetic_profile){.without_root = 1});
}

/* ---- opening ---- */

static void opens_by_every_way(void **state)
{
	static const struct gap_guest_options only[] = {
		{.no_vmcoreinfo = 1}, {.no_search = 1}, {.no_vmcoreinfo = 1}};
	static const char *const ways[] = {"image", "vmcoreinfo", "page tables"};

	(void)state;
	for (int i = 0; i < 6; i++) {
		int levels = 4 + i % 2, way = i / 2;
		struct synthetic synthetic;
		struct gap_guest_info info;
		struct gap_guest *guest;
		struct gap_error error;

		synthetic_init(&synthetic, levels);
		if (way == 2)
			forget_image(&synthetic);
		/* An image of 8 MiB is large enough to be known by its form. */
		for (uint64_t j = SYNTHETIC_IMAGE_BYTES; j < 0x800000; j += 0x200000)
			synthetic_map(&synthetic, SYNTHETIC_TEXT + SYNTHETIC_SLIDE + j,
				      SYNTHETIC_IMAGE_AT + j, 0x200000);
		if (open_with(&synthetic, &only[way], &guest, &error))
			fail_msg("%s: %s", ways[way], error.text);
		info = info_of(guest);
		assert_string_equal(info.found_by, ways[way]);
		assert_int_equal(info.root.value, synthetic.root);
		assert_int_equal(info.virtual_slide, SYNTHETIC_SLIDE);
		assert_int_equal(info.phys_base, synthetic.phys_base);
		assert_int_equal(info.paging_levels, levels);
		assert_int_equal(info.page_bytes, 4096);
		assert_int_equal(info.va_bits, levels == 5 ? 57 : 48);
		assert_int_equal(info.candidates, way == 2 ? levels - 3 : 1);
		assert_int_equal(info.candidates_refused, 0);
		assert_ptr_equal(gap_guest_profile(guest), synthetic.profile);
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

static void opens_by_what_is_given(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_error error;
	struct gap_guest_options options = {.has_root = 1, .has_virtual_slide = 1};

	(void)state;
	for (int levels = 4; levels <= 5; levels++) {
		synthetic_init(&synthetic, levels);
		forget_vmcoreinfo(&synthetic);
		options.root.value = synthetic.root | 0x5; /* a CR3 with a PCID */
		options.virtual_slide = SYNTHETIC_SLIDE;
		assert_int_equal(open_with(&synthetic, &options, &guest, &error), GAP_OK);
		assert_int_equal(info_of(guest).paging_levels, levels);
		assert_int_equal(info_of(guest).root.value, synthetic.root);
		assert_int_equal(info_of(guest).phys_base, synthetic.phys_base);
		assert_string_equal(info_of(guest).found_by, "given");
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

static void finds_the_slide_of_a_given_root_or_base(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_error error;
	struct gap_guest_options options = {.has_root = 1};

	(void)state;
	synthetic_init(&synthetic, 5);
	forget_vmcoreinfo(&synthetic);
	options.root.value = synthetic.root;
	assert_int_equal(open_with(&synthetic, &options, &guest, &error), GAP_OK);
	assert_int_equal(info_of(guest).virtual_slide, SYNTHETIC_SLIDE);
	gap_guest_close(guest);
	options = (struct gap_guest_options){.has_phys_base = 1, .phys_base = synthetic.phys_base};
	assert_int_equal(open_with(&synthetic, &options, &guest, &error), GAP_OK);
	assert_int_equal(info_of(guest).root.value, synthetic.root);
	gap_guest_close(guest);
	synthetic_profile(&synthetic, &(struct synthetic_profile){.without_root = 1});
	refuses(&synthetic, &options, GAP_NOT_FOUND, "--root", "init_top_pgt");
	synthetic_deinit(&synthetic);
}

static void refuses_what_is_given_wrongly(void **state)
{
	struct synthetic synthetic;
	struct gap_guest_options options = {.has_root = 1, .has_virtual_slide = 1};

	(void)state;
	synthetic_init(&synthetic, 4);
	options.root.value = synthetic.root;
	options.virtual_slide = SYNTHETIC_SLIDE + 0x200000;
	refuses(&synthetic, &options, GAP_NOT_FOUND, "--root", "--slide");
	options.has_virtual_slide = 0;
	options.root.value = OUTSIDE;
	refuses(&synthetic, &options, GAP_NOT_FOUND, "--root", "0 combinations");
	options.paging_levels = 7;
	refuses(&synthetic, &options, GAP_INVALID, "7 levels", "x86-64");
	synthetic_deinit(&synthetic);
}

/* Where no tables lead to a kernel, texts still say which one it is: the one most often met, if not the profile's. */
static void names_another_kernel(void **state)
{
	static const char other[] = "Linux version 9.8.7-other (who@where) (a compiler) #3 SMP\n",
			  weak[] = "Linux version 1.2.3-weak (who@where) (a compiler) # SMP\n",
			  once[] = "Linux version 4.5.6-once (who@where) (a compiler) #1 SMP\n";
	struct synthetic synthetic;

	(void)state;
	synthetic_init(&synthetic, 4);
	for (uint64_t at = 0; at + 14 < SYNTHETIC_RAM_BYTES; at++)
		if (memcmp(synthetic.ram + at, "Linux version ", 14) == 0)
			synthetic.ram[at] = 'l';
	memcpy(synthetic.ram + 0x5000, once, sizeof(once));
	memcpy(synthetic.ram + 0x6000, weak, sizeof(weak));
	memcpy(synthetic.ram + 0x7000, weak, sizeof(weak));
	memcpy(synthetic.ram + 0x8000, other, sizeof(other));
	memcpy(synthetic.ram + 0x9000, other, sizeof(other));
	memset(synthetic.ram + synthetic.root, 0, 4096);
	refuses(&synthetic, NULL, GAP_MISMATCH, "9.8.7-other", "profile");
	synthetic_deinit(&synthetic);
}

static void opens_by_a_minimal_profile(void **state)
{
	static const struct synthetic_profile profiles[] = {
		{.minimal = 1},
		{.minimal = 1, .without_root = 1},
		{.minimal = 1, .without_init_task = 1},
		{.minimal = 1, .without_banner = 1},
		{.minimal = 1, .without_banner = 1, .without_tasks_member = 1, .build_id = ""},
	};
	struct synthetic synthetic;

	(void)state;
	synthetic_init(&synthetic, 4);
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		synthetic_profile(&synthetic, &profiles[i]);
		gap_guest_close(synthetic_open(&synthetic));
	}
	/* The hash, too, tells banners apart. */
	memcpy(synthetic_image(&synthetic, SYNTHETIC_BANNER), "M", 1);
	synthetic_profile(&synthetic, &profiles[0]);
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "candidates", "--root");
	synthetic_profile(&synthetic,
			  &(struct synthetic_profile){.without_banner = 1, .without_comm = 1});
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "linux_banner", "init_task");
	synthetic_deinit(&synthetic);
}

static void says_that_there_is_no_kernel(void **state)
{
	struct synthetic synthetic;

	(void)state;
	synthetic_init(&synthetic, 4);
	forget_vmcoreinfo(&synthetic);
	memset(synthetic_image(&synthetic, SYNTHETIC_BANNER), 0, 64);
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "no VMCOREINFO", "--root");
	synthetic.memory.range_count = 0;
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "no VMCOREINFO", "--slide");
	synthetic_profile(&synthetic, &(struct synthetic_profile){.machine = 243});
	refuses(&synthetic, NULL, GAP_UNSUPPORTED, "riscv", "not read");
	synthetic_deinit(&synthetic);
}

static void names_both_builds(void **state)
{
	static const struct synthetic_profile other_release = {
		.release = "6.1.0-other", .banner = "Linux version 6.1.0-other (x@y) #1\n"};
	static const struct synthetic_profile other_build = {.build_id = "fedcba9876543210"};
	struct gap_guest_options options = {.has_root = 1, .has_virtual_slide = 1};
	struct synthetic synthetic;

	(void)state;
	synthetic_init(&synthetic, 4);
	synthetic_profile(&synthetic, &other_release);
	refuses(&synthetic, NULL, GAP_MISMATCH, "(semgap@test) #1 SMP",
		"Linux version 6.1.0-other");
	/* A reproducible build under another configuration: the banner is the same. */
	synthetic_profile(&synthetic, &other_build);
	refuses(&synthetic, NULL, GAP_MISMATCH, SYNTHETIC_BUILD_ID, "fedcba9876543210");
	memset(synthetic_image(&synthetic, SYNTHETIC_NOTES), 0, 64);
	refuses(&synthetic, NULL, GAP_MISMATCH, SYNTHETIC_BUILD_ID, "fedcba9876543210");
	synthetic_profile(&synthetic, &other_release);
	options.root.value = synthetic.root;
	options.virtual_slide = SYNTHETIC_SLIDE;
	refuses(&synthetic, &options, GAP_MISMATCH, "(semgap@test) #1 SMP", "6.1.0-other");
	synthetic_deinit(&synthetic);
}

static const struct gap_guest_options only_texts = {.no_search = 1};

static struct gap_guest *open_by_text(struct synthetic *synthetic)
{
	struct gap_guest *guest = NULL;
	struct gap_error error;

	if (open_with(synthetic, &only_texts, &guest, &error))
		fail_msg("%s", error.text);
	assert_string_equal(info_of(guest).found_by, "vmcoreinfo");
	return guest;
}

static void passes_over_forged_candidates(void **state)
{
	struct synthetic synthetic, forged;
	struct gap_guest *guest;

	(void)state;
	synthetic_init(&synthetic, 5);
	forged = synthetic;
	forged.slide = 0x1000000;
	synthetic_vmcoreinfo(&synthetic, 0x8000, &forged, SYNTHETIC_RELEASE, SYNTHETIC_BUILD_ID);
	forged.phys_base = 0x7fffffffffffffff;
	synthetic_vmcoreinfo(&synthetic, 0x9003, &forged, SYNTHETIC_RELEASE, SYNTHETIC_BUILD_ID);
	synthetic_vmcoreinfo(&synthetic, 0xa000, &synthetic, "9.9.9", "ff");
	guest = open_by_text(&synthetic);
	assert_int_equal(info_of(guest).candidates, 4);
	assert_int_equal(info_of(guest).candidates_refused, 3);
	assert_int_equal(info_of(guest).virtual_slide, SYNTHETIC_SLIDE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* The text that a forger ends without a line end runs into the true one behind it. */
static void is_not_swallowed_by_a_neighbour(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	char *text;

	(void)state;
	synthetic_init(&synthetic, 4);
	memset(synthetic_physical(&synthetic, 0x20000), 0, 4096);
	text = synthetic_physical(&synthetic, 0xf000);
	memset(text, 'x', 4096);
	memcpy(text, "OSRELEASE=\nKERNELOFFSET=0\nOSRELEASE=", 36);
	guest = open_by_text(&synthetic);
	assert_int_equal(info_of(guest).candidates, 1);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void survives_a_memory_full_of_beginnings(void **state)
{
	struct synthetic synthetic;

	(void)state;
	synthetic_init(&synthetic, 4);
	for (uint64_t i = 0; i + 10 <= SYNTHETIC_RAM_BYTES; i += 10)
		memcpy(synthetic.ram + i, "OSRELEASE=", 10);
	refuses(&synthetic, &only_texts, GAP_NOT_FOUND, "no VMCOREINFO", "");
	for (uint64_t i = 0; i + 512 <= SYNTHETIC_RAM_BYTES; i += 512)
		synthetic_vmcoreinfo(&synthetic, i, &synthetic, SYNTHETIC_RELEASE,
				     SYNTHETIC_BUILD_ID);
	refuses(&synthetic, &only_texts, GAP_NOT_FOUND, "4096 candidates", "there are more");
	synthetic_deinit(&synthetic);
}

static void survives_absurd_numbers(void **state)
{
	static const char *const texts[] = {
		"OSRELEASE=x\nSYMBOL(swapper_pg_dir)=ffffffffffffffffff\n",
		"OSRELEASE=x\nSYMBOL(swapper_pg_dir)=\n",
		"OSRELEASE=x\nSYMBOL(swapper_pg_dir)=ffffffff81200000\nNUMBER(phys_base)=-\n"
		"NUMBER(sme_mask)=-1\nKERNELOFFSET=-1\nBUILD-ID=0\n",
		"OSRELEASE=x\nSYMBOL(swapper_pg_dir)=0\nNUMBER(phys_base)=-9223372036854775808\n"
		"NUMBER(pgtable_l5_enabled)=99999999999999999999999\nBUILD-ID=xyz!\n",
		"OSRELEASE=\nSYMBOL(swapper_pg_dir)=ffffffff81200000\n",
	};
	struct synthetic synthetic;
	struct gap_guest *guest;

	(void)state;
	synthetic_init(&synthetic, 4);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		memcpy(synthetic_physical(&synthetic, 0x1000 * (i + 1)), texts[i],
		       strlen(texts[i]));
	/* And one that has no end, in the last page of memory. */
	memset(synthetic.ram + SYNTHETIC_RAM_BYTES - 4096, '\n', 4096);
	memcpy(synthetic.ram + SYNTHETIC_RAM_BYTES - 4096, "OSRELEASE=x", 11);
	guest = open_by_text(&synthetic);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* An earlier boot left its kernel behind, whole: two answers are no answer. */
static void says_that_two_kernels_are_there(void **state)
{
	struct synthetic synthetic, old;
	struct gap_guest_options options = {.has_root = 1};
	struct gap_guest *guest;
	struct gap_error error;
	struct gap_vcpu vcpu = {.known = GAP_VCPU_CR3};
	const uint64_t moved = 0x400000; /* in RAM, behind the image */
	uint64_t head;

	(void)state;
	synthetic_init(&synthetic, 4);
	memcpy(synthetic.ram + SYNTHETIC_IMAGE_AT + moved, synthetic.ram + SYNTHETIC_IMAGE_AT,
	       SYNTHETIC_IMAGE_BYTES);
	old = synthetic;
	old.root += moved;
	old.slide = 0x8000000;
	old.phys_base = synthetic.phys_base + moved + SYNTHETIC_SLIDE - old.slide;
	memset(old.ram + old.root, 0, 4096);
	for (uint64_t i = 0; i < SYNTHETIC_IMAGE_BYTES; i += 0x200000)
		synthetic_map(&old, SYNTHETIC_TEXT + old.slide + i, SYNTHETIC_IMAGE_AT + moved + i,
			      0x200000);
	head = synthetic_head(&old);
	for (int i = 0; i < 2; i++)
		synthetic_put64(old.ram + SYNTHETIC_IMAGE_AT + moved + 0x1000 + TASK_TASKS + 8 * i,
				head);
	synthetic_vmcoreinfo(&synthetic, 0x8000, &old, SYNTHETIC_RELEASE, SYNTHETIC_BUILD_ID);
	refuses(&synthetic, NULL, GAP_AMBIGUOUS, "0xa00000", "0x600000");
	refuses(&synthetic, &only_texts, GAP_AMBIGUOUS, "0xa00000", "0x600000");
	/* The register tells which one runs. */
	vcpu.cr3 = old.root | 0x1;
	synthetic.memory.vcpus = &vcpu;
	synthetic.memory.vcpu_count = 1;
	assert_int_equal(open_with(&synthetic, NULL, &guest, &error), GAP_OK);
	assert_string_equal(info_of(guest).found_by, "registers");
	assert_int_equal(info_of(guest).virtual_slide, old.slide);
	gap_guest_close(guest);
	options.root.value = synthetic.root;
	assert_int_equal(open_with(&synthetic, &options, &guest, &error), GAP_OK);
	assert_int_equal(info_of(guest).virtual_slide, SYNTHETIC_SLIDE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* A process's root, which dies with it, leads to the kernel's own. */
static void registers_lead_to_the_kernels_root(void **state)
{
	struct gap_vcpu vcpus[3] = {{.known = GAP_VCPU_CR3}, /* not started yet */
				    {.known = GAP_VCPU_CR0 | GAP_VCPU_CR3, .cr3 = 0x5000},
				    {.known = GAP_VCPU_CR3}};
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_error error;
	uint64_t pgd;

	(void)state;
	synthetic_init(&synthetic, 5);
	pgd = synthetic.next_heap = (synthetic.next_heap + 0x1fff) & ~(uint64_t)0x1fff;
	synthetic.next_heap += 0x2000;
	memcpy(synthetic.ram + pgd, synthetic.ram + synthetic.root, 4096);
	vcpus[2].cr3 = (pgd + 0x1000) | 0x805; /* the user's, under KPTI, with a PCID */
	synthetic.memory.vcpus = vcpus;
	synthetic.memory.vcpu_count = 3;
	assert_int_equal(open_with(&synthetic, NULL, &guest, &error), GAP_OK);
	assert_string_equal(info_of(guest).found_by, "registers");
	assert_int_equal(info_of(guest).root.value, synthetic.root);
	gap_guest_close(guest);
	forget_image(&synthetic); /* without the symbol the process's has to do */
	assert_int_equal(open_with(&synthetic, NULL, &guest, &error), GAP_OK);
	assert_int_equal(info_of(guest).root.value, pgd);
	gap_guest_close(guest);
	assert_int_equal(open_with(&synthetic,
				   &(struct gap_guest_options){.no_registers = 1, .no_search = 1},
				   &guest, &error),
			 GAP_OK);
	assert_string_equal(info_of(guest).found_by, "vmcoreinfo");
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* What the decompressor leaves behind: an image whose tables were never filled. */
static void a_leftover_copy_is_refused(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;

	(void)state;
	synthetic_init(&synthetic, 4);
	memcpy(synthetic.ram + 0xa00000, synthetic.ram + SYNTHETIC_IMAGE_AT, 0x200000);
	memcpy(synthetic.ram + 0x20000, synthetic.ram + SYNTHETIC_IMAGE_AT, 0x4000);
	guest = synthetic_open(&synthetic);
	assert_string_equal(info_of(guest).found_by, "image");
	assert_int_equal(info_of(guest).root.value, synthetic.root);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* Marks wherever an image could be, and pages that look like roots: the search ends, and finds the
 * true one if it is there. */
static void survives_a_memory_full_of_images(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;

	(void)state;
	synthetic_init(&synthetic, 4);
	for (uint64_t i = 0; i < SYNTHETIC_RAM_BYTES; i += 4096) {
		if (i >= SYNTHETIC_TABLES_AT && i < SYNTHETIC_IMAGE_AT + SYNTHETIC_IMAGE_BYTES)
			continue;
		memcpy(synthetic.ram + i + (SYNTHETIC_BANNER & 4095), "Linux version ", 14);
		synthetic_put64(synthetic.ram + i + 511 * 8, i | 0x67);
		synthetic_put64(synthetic.ram + i + 510 * 8, i | 0x67);
		for (uint64_t j = 0; j < 8; j++)
			synthetic_put64(synthetic.ram + i + 0x800 + j * 8,
					(j << 21) | 0xe3); /* four large pages and more */
	}
	guest = synthetic_open(&synthetic);
	assert_int_equal(info_of(guest).root.value, synthetic.root);
	gap_guest_close(guest);
	memset(synthetic_image(&synthetic, SYNTHETIC_BANNER), 0, 64);
	refuses(&synthetic, NULL, GAP_MISMATCH, "another build", "");
	synthetic_deinit(&synthetic);
}

/* With memory encryption every entry has a bit that is no address. */
static void masks_the_encryption_bit(void **state)
{
	(void)state;
	for (int bit = 47; bit <= 51; bit += 4) {
		struct synthetic synthetic;
		struct gap_guest *guest;
		uint64_t pid_page;
		uint8_t byte;

		synthetic_init(&synthetic, 4);
		for (uint64_t table = SYNTHETIC_TABLES_AT; table < synthetic.next_table; table += 8)
			if (*(uint64_t *)(synthetic.ram + table))
				*(uint64_t *)(synthetic.ram + table) |= UINT64_C(1) << bit;
		for (uint64_t i = 0; i < 512; i++)
			if (((uint64_t *)(synthetic.ram + synthetic.root))[i])
				((uint64_t *)(synthetic.ram + synthetic.root))[i] |= UINT64_C(1)
										     << bit;
		guest = synthetic_open(&synthetic);
		assert_string_equal(info_of(guest).found_by, "image");
		assert_int_equal(info_of(guest).encryption_mask, UINT64_C(1) << bit);
		pid_page = SYNTHETIC_INIT_TASK + SYNTHETIC_SLIDE;
		assert_int_equal(gap_guest_read_u8(guest, at(pid_page), &byte), GAP_OK);
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

static void init_task_must_look_like_itself(void **state)
{
	struct synthetic synthetic;
	unsigned char *task;

	(void)state;
	synthetic_init(&synthetic, 4);
	task = synthetic_image(&synthetic, SYNTHETIC_INIT_TASK);
	task[TASK_COMM] = 'S';
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "banner", "init_task.comm is not");
	task[TASK_COMM] = 's';
	synthetic_put64(task + TASK_TASKS, 0x1234);
	refuses(&synthetic, NULL, GAP_NOT_FOUND, "banner", "the list of tasks is broken");
	synthetic_deinit(&synthetic);
}

/* ---- reading ---- */

static void reads_across_pages(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint64_t block, value = 7;
	unsigned char bytes[0x3000];

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	block = synthetic_alloc(&synthetic, 0x4000);
	for (int i = 0; i < 0x4000; i++)
		((unsigned char *)synthetic_heap(&synthetic, block))[i] = (unsigned char)(i / 7);
	assert_int_equal(gap_guest_read(guest, at(block + 5), bytes, sizeof(bytes)), GAP_OK);
	assert_memory_equal(bytes, (unsigned char *)synthetic_heap(&synthetic, block) + 5,
			    sizeof(bytes));
	/* A number on the border of two pages that are not neighbours in memory. */
	synthetic_map(&synthetic, 0xffffc90000000000u, SYNTHETIC_HEAP_AT + 0x5000, 0x1000);
	synthetic_map(&synthetic, 0xffffc90000001000u, SYNTHETIC_HEAP_AT + 0x9000, 0x1000);
	synthetic_put32(synthetic_physical(&synthetic, SYNTHETIC_HEAP_AT + 0x5ffc), 0x44332211);
	synthetic_put32(synthetic_physical(&synthetic, SYNTHETIC_HEAP_AT + 0x9000), 0x88776655);
	assert_int_equal(gap_guest_read_u64(guest, at(0xffffc90000000ffcu), &value), GAP_OK);
	assert_int_equal(value, 0x8877665544332211u);
	value = 7;
	assert_int_equal(gap_guest_read_u64(guest, at(0xffffc90000001ffcu), &value),
			 GAP_UNREADABLE);
	assert_int_equal(value, 7); /* untouched */
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void reads_numbers_of_every_width(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_vaddr pointer, number;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	synthetic_init(&synthetic, 5);
	guest = synthetic_open(&synthetic);
	number = at(synthetic_alloc(&synthetic, 8));
	synthetic_put64(synthetic_heap(&synthetic, number.value), 0x8877665544332211u);
	for (int warm = 0; warm < 2; warm++) {
		assert_int_equal(gap_guest_read_u8(guest, number, &u8), GAP_OK);
		assert_int_equal(gap_guest_read_u16(guest, number, &u16), GAP_OK);
		assert_int_equal(gap_guest_read_u32(guest, number, &u32), GAP_OK);
		assert_int_equal(gap_guest_read_u64(guest, number, &u64), GAP_OK);
		assert_int_equal(gap_guest_read_pointer(guest, number, &pointer), GAP_OK);
		assert_true(u8 == 0x11 && u16 == 0x2211 && u32 == 0x44332211);
		assert_true(u64 == 0x8877665544332211u && pointer.value == u64);
	}
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void translates_pages_of_every_size(void **state)
{
	static const uint64_t sizes[] = {0x1000, 0x200000, 0x40000000};
	static const uint64_t pages[] = {0xffffc90000003000u, 0xffffc90040200000u,
					 0xffffc90080000000u};

	(void)state;
	for (int levels = 4; levels <= 5; levels++) {
		struct synthetic synthetic;
		struct gap_guest *guest;
		struct gap_paddr physical;

		synthetic_init(&synthetic, levels);
		guest = synthetic_open(&synthetic);
		for (int i = 0; i < 3; i++) {
			uint64_t target = sizes[i] * 3;

			synthetic_map(&synthetic, pages[i], target, sizes[i]);
			/* The PAT bit of large pages and a protection key are no address. */
			*synthetic_entry(&synthetic, pages[i], i + 1) |=
				(i ? 0x1000 : 0) | 0x7800000000000000u;
			assert_int_equal(
				gap_guest_translate(guest, at(pages[i] + sizes[i] - 9), &physical),
				GAP_OK);
			assert_int_equal(physical.value, target + sizes[i] - 9);
		}
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

static void refuses_what_is_not_mapped(void **state)
{
	static const uint64_t addresses[] = {0,
					     8,
					     0x0000800000000000u,
					     0x8000000000000000u,
					     0xffff7fffffffffffu,
					     0xffffc90000000000u,
					     UINT64_MAX};
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_paddr physical;
	unsigned char bytes[64];

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_int_equal(gap_guest_translate(guest, at(addresses[i]), &physical),
				 GAP_UNREADABLE);
		assert_int_equal(gap_guest_read(guest, at(addresses[i]), bytes, sizeof(bytes)),
				 GAP_UNREADABLE);
	}
	assert_int_equal(gap_guest_read(guest, at(8), bytes, SIZE_MAX), GAP_UNREADABLE);
	assert_int_equal(gap_guest_read(guest, at(8), bytes, 0), GAP_OK);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* Five levels give addresses that four do not have. */
static void knows_the_canonical_addresses_of_its_depth(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_paddr physical;

	(void)state;
	synthetic_init(&synthetic, 5);
	guest = synthetic_open(&synthetic);
	synthetic_map(&synthetic, 0xff11000000000000u + 0x5000, 0x5000, 0x1000);
	assert_int_equal(gap_guest_translate(guest, at(0xff11000000005000u), &physical), GAP_OK);
	synthetic_map(&synthetic, 0x0100000000000000u, 0x5000, 0x1000);
	assert_int_equal(gap_guest_translate(guest, at(0x0100000000000000u), &physical),
			 GAP_UNREADABLE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void hostile_tables_end(void **state)
{
	const uint64_t page = 0xffffc90000000000u;
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_paddr physical;
	uint64_t value;

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	/* The root maps itself at every level. */
	*synthetic_entry(&synthetic, page, 4) = synthetic.root | 1;
	assert_int_equal(gap_guest_translate(guest, at(page), &physical), GAP_UNREADABLE);
	*synthetic_entry(&synthetic, 0xffff800000000000u, 4) = synthetic.root | 1;
	assert_int_equal(gap_guest_translate(guest, at(0xffff804020100804u), &physical), GAP_OK);
	assert_int_equal(physical.value, synthetic.root + 0x804);
	/* A table and a page outside memory, and a large page where there is none. */
	*synthetic_entry(&synthetic, page, 4) = OUTSIDE | 1;
	assert_int_equal(gap_guest_read_u64(guest, at(page), &value), GAP_UNREADABLE);
	*synthetic_entry(&synthetic, page, 4) = 0x5000 | 0x81;
	assert_int_equal(gap_guest_translate(guest, at(page), &physical), GAP_UNREADABLE);
	*synthetic_entry(&synthetic, page, 4) = 0;
	synthetic_map(&synthetic, page, 0xffffffffff000u, 0x1000);
	assert_int_equal(gap_guest_translate(guest, at(page), &physical), GAP_OK);
	assert_int_equal(gap_guest_read_u64(guest, at(page), &value), GAP_UNREADABLE);
	assert_int_equal(gap_guest_read_u64(guest, at(page), &value), GAP_UNREADABLE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void sees_edits_of_the_tables(void **state)
{
	const uint64_t page = 0xffffc90000000000u;
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint32_t value;

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	synthetic_put32(synthetic_physical(&synthetic, 0x5000), 5);
	synthetic_put32(synthetic_physical(&synthetic, 0x6000), 6);
	synthetic_map(&synthetic, page, 0x5000, 0x1000);
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_OK);
	assert_int_equal(value, 5);
	/* The leaf: seen at once. */
	synthetic_map(&synthetic, page, 0x6000, 0x1000);
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_OK);
	assert_int_equal(value, 6);
	*synthetic_entry(&synthetic, page, 1) = 0;
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_UNREADABLE);
	/* Above the leaf: seen after a refresh. */
	synthetic_map(&synthetic, page, 0x6000, 0x1000);
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_OK);
	*synthetic_entry(&synthetic, page, 3) = 0;
	gap_guest_refresh(guest);
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_UNREADABLE);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void pages_that_share_a_slot_do_not_mix(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint32_t value;

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	for (uint64_t i = 0; i < 16; i++) {
		synthetic_put32(synthetic_physical(&synthetic, 0x40000 + i * 0x1000), (uint32_t)i);
		synthetic_map(&synthetic, 0xffffc90000000000u + (i << 39), 0x40000 + i * 0x1000,
			      0x1000);
	}
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < 16; i++) {
			assert_int_equal(gap_guest_read_u32(guest,
							    at(0xffffc90000000000u + (i << 39)),
							    &value),
					 GAP_OK);
			assert_int_equal(value, i);
		}
	}
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

static void strings_are_bounded(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	uint64_t block;
	char text[0x1800], *bytes;

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	block = (synthetic_alloc(&synthetic, 0x4000) | 0xfff) - 0xf;
	bytes = synthetic_heap(&synthetic, block);
	memset(bytes, 'a', 0x2000);
	assert_int_equal(gap_guest_read_string(guest, at(block), text, 1), GAP_PARTIAL);
	assert_string_equal(text, "");
	assert_int_equal(gap_guest_read_string(guest, at(block), text, 0), GAP_INVALID);
	assert_int_equal(gap_guest_read_string(guest, at(block), text, sizeof(text)), GAP_PARTIAL);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	bytes[20] = '\0'; /* in the second page */
	assert_int_equal(gap_guest_read_string(guest, at(block), text, sizeof(text)), GAP_OK);
	assert_int_equal(strlen(text), 20);
	assert_int_equal(gap_guest_read_string(guest, at(block), text, 21), GAP_PARTIAL);
	assert_int_equal(strlen(text), 20);
	*synthetic_entry(&synthetic, block + 0x10, 1) = 0;
	assert_int_equal(gap_guest_read_string(guest, at(block), text, sizeof(text)),
			 GAP_UNREADABLE);
	assert_int_equal(strlen(text), 16);
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* ---- memory that is not mapped here ---- */

static unsigned distant_reads;

static enum gap_status read_distant(void *context, struct gap_paddr address, void *buffer,
				    size_t size_bytes)
{
	const unsigned char *ram = context;

	distant_reads++;
	memcpy(buffer, ram + address.value, size_bytes);
	return GAP_OK;
}

static void distant_memory_reads_the_same(void **state)
{
	const uint64_t page = 0xffffc90000000000u;
	struct synthetic synthetic;
	struct gap_guest *guest;
	char text[16];
	uint32_t value;

	(void)state;
	synthetic_init(&synthetic, 5);
	synthetic.range.data = NULL;
	synthetic.memory.read = read_distant;
	synthetic.memory.context = synthetic.ram;
	guest = synthetic_open(&synthetic);
	synthetic_map(&synthetic, page, 0x5000, 0x1000);
	memcpy(synthetic.ram + 0x5000, "five", 5);
	memcpy(synthetic.ram + 0x6000, "six", 4);
	assert_int_equal(gap_guest_read_u32(guest, at(page), &value), GAP_OK);
	distant_reads = 0;
	assert_int_equal(gap_guest_read_string(guest, at(page), text, sizeof(text)), GAP_OK);
	assert_string_equal(text, "five");
	assert_int_equal(distant_reads, 2); /* the leaf again, and the text */
	synthetic_map(&synthetic, page, 0x6000, 0x1000);
	assert_int_equal(gap_guest_read_string(guest, at(page), text, sizeof(text)), GAP_OK);
	assert_string_equal(text, "six");
	gap_guest_close(guest);
	synthetic_deinit(&synthetic);
}

/* Walks are short where memory from 0 on is mapped: elsewhere they find the same. */
static void memory_in_pieces_reads_the_same(void **state)
{
	static const uint64_t splits[] = {0x1000, SYNTHETIC_TABLES_AT + 0x2800, SYNTHETIC_HEAP_AT,
					  SYNTHETIC_IMAGE_AT + 0x201000};
	const uint64_t page = 0xffffc90000000000u;

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(splits) / sizeof(splits[0]); i++) {
		const uint64_t split = splits[i / 4];
		struct gap_memory_range ranges[2] = {{.size_bytes = split},
						     {{split}, SYNTHETIC_RAM_BYTES - split, NULL}};
		struct synthetic synthetic;
		struct gap_guest *guest;
		struct gap_paddr physical;
		uint64_t value = 0;

		synthetic_init(&synthetic, i & 2 ? 5 : 4);
		ranges[0].data = i & 1 ? synthetic.ram : NULL;
		ranges[1].data = synthetic.ram + split;
		synthetic.memory.ranges = ranges;
		synthetic.memory.range_count = 2;
		synthetic.memory.read = read_distant;
		synthetic.memory.context = synthetic.ram;
		synthetic_map(&synthetic, page, 0x5000, 0x1000);
		memcpy(synthetic.ram + 0x5008, "in parts", 8);
		guest = synthetic_open(&synthetic);
		assert_int_equal(gap_guest_translate(guest, at(page + 8), &physical), GAP_OK);
		assert_int_equal(physical.value, 0x5008);
		for (int warm = 0; warm < 2; warm++)
			assert_int_equal(gap_guest_read_u64(guest, at(page + 8), &value), GAP_OK);
		assert_memory_equal(&value, "in parts", 8);
		assert_int_equal(gap_guest_translate(guest, at(page + 0x1000), &physical),
				 GAP_UNREADABLE);
		assert_int_equal(physical.value, 0x5008);
		gap_guest_close(guest);
		synthetic_deinit(&synthetic);
	}
}

/* ---- symbols ---- */

static void symbols_move_with_the_kernel(void **state)
{
	struct synthetic synthetic;
	struct gap_guest *guest;
	struct gap_vaddr address;

	(void)state;
	synthetic_init(&synthetic, 4);
	guest = synthetic_open(&synthetic);
	assert_int_equal(gap_guest_symbol(guest, "init_task", &address, NULL), GAP_OK);
	assert_int_equal(address.value, SYNTHETIC_INIT_TASK + SYNTHETIC_SLIDE);
	assert_int_equal(gap_guest_symbol(guest, "nothing", &address, NULL), GAP_NOT_FOUND);
	assert_int_equal(gap_guest_symbol(guest, "runqueues", &address, NULL), GAP_INVALID);
	gap_guest_close(guest);
	gap_guest_close(NULL);
	synthetic_deinit(&synthetic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_by_every_way),
		cmocka_unit_test(opens_by_what_is_given),
		cmocka_unit_test(finds_the_slide_of_a_given_root_or_base),
		cmocka_unit_test(refuses_what_is_given_wrongly),
		cmocka_unit_test(names_another_kernel),
		cmocka_unit_test(opens_by_a_minimal_profile),
		cmocka_unit_test(says_that_there_is_no_kernel),
		cmocka_unit_test(names_both_builds),
		cmocka_unit_test(passes_over_forged_candidates),
		cmocka_unit_test(is_not_swallowed_by_a_neighbour),
		cmocka_unit_test(survives_a_memory_full_of_beginnings),
		cmocka_unit_test(survives_absurd_numbers),
		cmocka_unit_test(says_that_two_kernels_are_there),
		cmocka_unit_test(registers_lead_to_the_kernels_root),
		cmocka_unit_test(a_leftover_copy_is_refused),
		cmocka_unit_test(survives_a_memory_full_of_images),
		cmocka_unit_test(masks_the_encryption_bit),
		cmocka_unit_test(init_task_must_look_like_itself),
		cmocka_unit_test(reads_across_pages),
		cmocka_unit_test(reads_numbers_of_every_width),
		cmocka_unit_test(translates_pages_of_every_size),
		cmocka_unit_test(refuses_what_is_not_mapped),
		cmocka_unit_test(knows_the_canonical_addresses_of_its_depth),
		cmocka_unit_test(hostile_tables_end),
		cmocka_unit_test(sees_edits_of_the_tables),
		cmocka_unit_test(pages_that_share_a_slot_do_not_mix),
		cmocka_unit_test(strings_are_bounded),
		cmocka_unit_test(distant_memory_reads_the_same),
		cmocka_unit_test(memory_in_pieces_reads_the_same),
		cmocka_unit_test(symbols_move_with_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
