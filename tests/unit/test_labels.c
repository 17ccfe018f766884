/* SPDX-License-Identifier: MIT */
/* Functions told by a text, in images made in code: tables of /proc/PID, and who uses a text. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/function_labels.h"

#define BASE UINT64_C(0xffffffff81000000)
#define IMAGE_BYTES 0x20000u
#define TEXT_BYTES 0x10000u
#define NAMES_AT 0x11000u
#define TABLE_AT 0x14000u
#define TEXT_AT 0x18000u
#define HEADER_AT 0x19000u
#define FUNCTION_AT 0x2000u
#define CALLER_AT 0x4000u

static struct infer_image make_image(void)
{
	struct infer_image image = {BASE, calloc(1, IMAGE_BYTES), IMAGE_BYTES};

	assert_non_null(image.bytes);
	memset(image.bytes, 0xcc, TEXT_BYTES);
	return image;
}

static const struct infer_window text = {BASE, BASE + TEXT_BYTES};

static struct infer_symbols *make_symbols(void)
{
	struct infer_symbols *symbols;

	assert_int_equal(infer_symbols_create(&symbols), GAP_OK);
	return symbols;
}

static uint64_t address_of(struct infer_symbols *symbols, const char *name)
{
	const struct infer_symbol *symbol = infer_symbols_named(symbols, name, NULL);

	return symbol ? symbol->address : 0;
}

/* ---- /proc/PID ---- */

static const char *const process_names[] = {"task", "fd",     "fdinfo", "ns",   "net",    "environ",
					    "auxv", "status", "limits", "comm", "stat",   "maps",
					    "mem",  "cwd",    "root",   "exe",  "mounts", "statm"};
static const char *const thread_names[] = {
	"fd",   "fdinfo", "ns",  "net", "environ", "auxv", "status", "limits", "comm",
	"stat", "maps",   "mem", "cwd", "root",    "exe",  "mounts", "statm",  "oom_adj"};

enum { ENTRIES = 18 };

static void put(struct infer_image *image, uint32_t at, uint64_t value, unsigned width)
{
	memcpy(image->bytes + at, &value, width);
}

/* One table; its functions begin at @functions. Returns where it ends. */
static uint32_t put_entries(struct infer_image *image, uint32_t at, const char *const names[],
			    uint32_t functions, unsigned width)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint32_t name = NAMES_AT + i * 32 + (at & 0x1000);

		strcpy((char *)image->bytes + name, names[i]);
		put(image, at, BASE + name, width);
		put(image, at + width, strlen(names[i]), 4);
		put(image, at + width + 4, 0100444, 2);
		put(image, at + 2 * width + 8 + width, 0, width);
		put(image, at + 3 * width + 8, BASE + functions + i * 64, width);
		at += 4 * width + 8;
	}
	return at;
}

static void both_tables_tell_functions(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();
	uint32_t end;

	(void)state;
	end = put_entries(&image, TABLE_AT, thread_names, 0x1000, 8);
	memset(image.bytes + end, 0, 64);
	put_entries(&image, TABLE_AT + 0x1000, process_names, 0x5000, 8);
	assert_true(infer_proc_entries_read(&image, 8, &text, symbols) > 8);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_int_equal(address_of(symbols, "proc_tid_stat"), BASE + 0x1000 + 9 * 64);
	assert_int_equal(address_of(symbols, "proc_tgid_stat"), BASE + 0x5000 + 10 * 64);
	infer_symbols_destroy(symbols);
	free(image.bytes);
}

static void tables_side_by_side_are_two(void **state)
{
	for (int threads_first = 0; threads_first < 2; threads_first++) {
		struct infer_image image = make_image();
		struct infer_symbols *symbols = make_symbols();
		uint32_t next;

		(void)state;
		next = put_entries(&image, TABLE_AT, threads_first ? thread_names : process_names,
				   threads_first ? 0x1000 : 0x5000, 8);
		/* names of the second lie elsewhere */
		put_entries(&image, next | 0x1000, threads_first ? process_names : thread_names,
			    threads_first ? 0x5000 : 0x1000, 8);
		memmove(image.bytes + next, image.bytes + (next | 0x1000), ENTRIES * 40);
		memset(image.bytes + (next | 0x1000), 0, ENTRIES * 40);
		assert_true(infer_proc_entries_read(&image, 8, &text, symbols) > 8);
		assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
		assert_int_equal(address_of(symbols, "proc_tid_stat"), BASE + 0x1000 + 9 * 64);
		assert_int_equal(address_of(symbols, "proc_tgid_stat"), BASE + 0x5000 + 10 * 64);
		infer_symbols_destroy(symbols);
		free(image.bytes);
	}
}

static void names_must_be_as_long_as_they_say(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();

	(void)state;
	put_entries(&image, TABLE_AT, process_names, 0x5000, 8);
	for (unsigned i = 0; i < ENTRIES; i += 4)
		image.bytes[TABLE_AT + i * 40 + 8]++;
	assert_int_equal(infer_proc_entries_read(&image, 8, &text, symbols), 0);
	infer_symbols_destroy(symbols);
	free(image.bytes);
}

static void what_shows_an_entry_is_code(void **state)
{
	struct infer_image image = make_image();
	struct infer_symbols *symbols = make_symbols();

	(void)state;
	put_entries(&image, TABLE_AT, process_names, TEXT_BYTES, 8);
	assert_int_equal(infer_proc_entries_read(&image, 8, &text, symbols), 0);
	infer_symbols_destroy(symbols);
	free(image.bytes);
}

/* ---- who uses a text ---- */

static const uint8_t own_return[] = {0xc3};

static void put_call(struct infer_image *image, uint32_t at, uint32_t target)
{
	image->bytes[at] = 0xe8;
	put(image, at + 1, (uint32_t)(target - (at + 5)), 4);
	image->bytes[at + 5] = 0xc3;
}

/* mov $address, %rsi; or lea address(%rip), %rsi; then a return. */
static void put_user(struct infer_image *image, uint32_t at, uint32_t used, bool relative)
{
	static const uint8_t absolute_code[] = {0x48, 0xc7, 0xc6},
			     relative_code[] = {0x48, 0x8d, 0x35};

	memcpy(image->bytes + at, relative ? relative_code : absolute_code, 3);
	put(image, at + 3, relative ? (uint32_t)(used - (at + 7)) : (uint32_t)(BASE + used), 4);
	memcpy(image->bytes + at + 7, own_return, 1);
}

static uint64_t find_user(struct infer_image *image, const char *name)
{
	struct infer_symbols *symbols = make_symbols();
	uint64_t address;

	infer_text_users_read(image, EM_X86_64, &text, symbols);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	address = address_of(symbols, name);
	infer_symbols_destroy(symbols);
	return address;
}

static struct infer_image make_users(const char *string)
{
	struct infer_image image = make_image();

	strcpy((char *)image.bytes + TEXT_AT, string);
	put_call(&image, CALLER_AT, FUNCTION_AT);
	return image;
}

static void the_only_user_of_a_text_has_its_name(void **state)
{
	for (int relative = 0; relative < 2; relative++) {
		struct infer_image image = make_users("VmPeak:\t");

		(void)state;
		put_user(&image, FUNCTION_AT, TEXT_AT, relative);
		assert_int_equal(find_user(&image, "task_mem"), BASE + FUNCTION_AT);
		free(image.bytes);
	}
}

static void what_tells_a_level_belongs_to_the_text(void **state)
{
	struct infer_image image = make_users("\001"
					      "6task:%-15.15s state:%c");

	(void)state;
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	assert_int_equal(find_user(&image, "sched_show_task"), BASE + FUNCTION_AT);
	free(image.bytes);
}

static void a_function_that_is_only_pointed_to_begins_there(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");

	(void)state;
	memset(image.bytes + CALLER_AT, 0xcc, 16);
	put(&image, TABLE_AT, BASE + FUNCTION_AT, 8);
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	assert_int_equal(find_user(&image, "task_mem"), BASE + FUNCTION_AT);
	free(image.bytes);
}

static void two_users_are_none(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");

	(void)state;
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	put_user(&image, FUNCTION_AT + 64, TEXT_AT, false);
	put_call(&image, CALLER_AT + 16, FUNCTION_AT + 64);
	assert_int_equal(find_user(&image, "task_mem"), 0);
	free(image.bytes);
}

static void a_text_that_is_there_twice_tells_nobody(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");

	(void)state;
	strcpy((char *)image.bytes + HEADER_AT, "VmPeak:\t");
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	assert_int_equal(find_user(&image, "task_mem"), 0);
	free(image.bytes);
}

/* Parts of functions that are seldom run lie behind others. */
static void a_function_that_ends_before_is_not_the_user(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");

	(void)state;
	memcpy(image.bytes + FUNCTION_AT, own_return, 1);
	put_user(&image, FUNCTION_AT + 32, TEXT_AT, false);
	assert_int_equal(find_user(&image, "task_mem"), 0);
	free(image.bytes);
}

static void another_text_may_be_needed(void **state)
{
	static const char line[] = "%5d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X";
	struct infer_image image = make_users(line);

	(void)state;
	strcpy((char *)image.bytes + HEADER_AT, "   sl  local_address");
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	assert_int_equal(find_user(&image, "udp4_seq_show"), 0);
	put_user(&image, FUNCTION_AT, HEADER_AT, false);
	put_user(&image, FUNCTION_AT + 7, TEXT_AT, false);
	assert_int_equal(find_user(&image, "udp4_seq_show"), BASE + FUNCTION_AT);
	free(image.bytes);
}

static void words_in_the_middle_are_no_text(void **state)
{
	struct infer_image image = make_users("now VmPeak:\t");

	(void)state;
	put_user(&image, FUNCTION_AT, TEXT_AT + 4, false);
	assert_int_equal(find_user(&image, "task_mem"), 0);
	free(image.bytes);
}

static void a_name_that_is_known_is_kept(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");
	struct infer_symbols *symbols = make_symbols();

	(void)state;
	put_user(&image, FUNCTION_AT, TEXT_AT, false);
	infer_symbols_add(symbols, "task_mem", 8, 'T', BASE + 64);
	assert_int_equal(infer_text_users_read(&image, EM_X86_64, &text, symbols), 0);
	infer_symbols_destroy(symbols);
	free(image.bytes);
}

static void arm64_makes_addresses_of_two_parts(void **state)
{
	struct infer_image image = make_users("VmPeak:\t");
	struct infer_symbols *symbols = make_symbols();

	(void)state;
	memset(image.bytes, 0, TEXT_BYTES);
	put(&image, CALLER_AT, 0x94000000 | ((FUNCTION_AT - CALLER_AT) / 4 & 0x3ffffff), 4);
	/* adrp x1, page; add x1, x1, #0; ret */
	put(&image, FUNCTION_AT,
	    0x90000001 | ((TEXT_AT - FUNCTION_AT) >> 12 >> 2) << 5 |
		    ((TEXT_AT - FUNCTION_AT) >> 12 & 3) << 29,
	    4);
	put(&image, FUNCTION_AT + 4, 0x91000021, 4);
	put(&image, FUNCTION_AT + 8, 0xd65f03c0, 4);
	infer_text_users_read(&image, EM_AARCH64, &text, symbols);
	assert_int_equal(infer_symbols_finish(symbols), GAP_OK);
	assert_int_equal(address_of(symbols, "task_mem"), BASE + FUNCTION_AT);
	infer_symbols_destroy(symbols);
	free(image.bytes);
}

static void noise_is_survived(void **state)
{
	static const uint16_t elf[] = {EM_X86_64, EM_386, EM_AARCH64, EM_RISCV};
	struct infer_image image = make_image();
	uint32_t random = 1;

	(void)state;
	for (uint32_t i = 0; i < IMAGE_BYTES; i++) {
		random = random * 1664525 + 1013904223;
		image.bytes[i] = (uint8_t)(random >> 24);
	}
	strcpy((char *)image.bytes + IMAGE_BYTES - 12, "\001"
						       "6VmPeak:\t");
	for (size_t i = 0; i < sizeof(elf) / sizeof(elf[0]); i++) {
		struct infer_symbols *symbols = make_symbols();

		assert_int_equal(infer_text_users_read(&image, elf[i], &text, symbols), 0);
		assert_int_equal(
			infer_proc_entries_read(&image, elf[i] == EM_386 ? 4 : 8, &text, symbols),
			0);
		infer_symbols_destroy(symbols);
	}
	free(image.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_tables_tell_functions),
		cmocka_unit_test(tables_side_by_side_are_two),
		cmocka_unit_test(names_must_be_as_long_as_they_say),
		cmocka_unit_test(what_shows_an_entry_is_code),
		cmocka_unit_test(the_only_user_of_a_text_has_its_name),
		cmocka_unit_test(what_tells_a_level_belongs_to_the_text),
		cmocka_unit_test(a_function_that_is_only_pointed_to_begins_there),
		cmocka_unit_test(two_users_are_none),
		cmocka_unit_test(a_text_that_is_there_twice_tells_nobody),
		cmocka_unit_test(a_function_that_ends_before_is_not_the_user),
		cmocka_unit_test(another_text_may_be_needed),
		cmocka_unit_test(words_in_the_middle_are_no_text),
		cmocka_unit_test(a_name_that_is_known_is_kept),
		cmocka_unit_test(arm64_makes_addresses_of_two_parts),
		cmocka_unit_test(noise_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
