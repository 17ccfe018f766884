/* SPDX-License-Identifier: MIT */
/* What the readers and mirrors of a generated header (the golden one) make of memory. */
#include "tests/unit/emit_fixture.h"

/* A guest of one object, for the golden header below to be compiled against. */
static unsigned char memory[256];

struct gap_guest;
#define SEMGAP_GUEST_H /* the functions of semgap/guest.h that readers use, over @memory */
#include "runtime/include/semgap/memory.h"

static enum gap_status gap_guest_read(struct gap_guest *guest, struct gap_vaddr address,
				      void *buffer, size_t size_bytes)
{
	(void)guest;
	if (address.value < 0x1000 || address.value + size_bytes > 0x1000 + sizeof(memory))
		return GAP_UNREADABLE;
	memcpy(buffer, memory + (address.value - 0x1000), size_bytes);
	return GAP_OK;
}

#define READ_OF(bits)                                                                              \
	__attribute__((unused)) static enum gap_status gap_guest_read_u##bits(                     \
		struct gap_guest *guest, struct gap_vaddr address, uint##bits##_t *value)          \
	{                                                                                          \
		return gap_guest_read(guest, address, value, sizeof(*value));                      \
	}
READ_OF(8)
READ_OF(16)
READ_OF(32)
READ_OF(64)

static enum gap_status gap_guest_read_pointer(struct gap_guest *guest, struct gap_vaddr address,
					      struct gap_vaddr *value)
{
	return gap_guest_read(guest, address, &value->value, 8);
}

#include "tests/golden/fixture64.select.h.golden"

static void readers_read(void **state)
{
	struct gap_vaddr object = {0x1000}, pointer = {0};
	int32_t pid = 0;
	uint16_t wide = 0;
	int8_t jobctl = 0;
	uint8_t one = 0, kind = 0;
	uint64_t sp = 0;
	char comm[16];

	(void)state;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (unsigned char)(i * 37 + 11);
	memcpy(memory + 48, &(int32_t){-5}, 4);
	memcpy(memory + 64, "0123456789abcdef", 16);
	memcpy(memory + 32, &(uint64_t){0xffff888000001234}, 8);
	/* in_execve 1 at bit 0, jobctl -3 at 1, wide 0x1555 at 6, kind 2 at 19 */
	memcpy(memory + 40, &(uint32_t){1u | 5u << 1 | 0x1555u << 6 | 2u << 19}, 4);
	memcpy(memory + 144, &(uint64_t){0x1122334455667788}, 8);
	assert_int_equal(gap_read_task_struct__pid(NULL, object, &pid), GAP_OK);
	assert_int_equal(pid, -5);
	assert_int_equal(gap_read_task_struct__comm(NULL, object, &comm), GAP_OK);
	assert_memory_equal(comm, "0123456789abcdef", 16);
	assert_int_equal(gap_read_task_struct__mm(NULL, object, &pointer), GAP_OK);
	assert_true(pointer.value == 0xffff888000001234);
	assert_int_equal(gap_read_task_struct__in_execve(NULL, object, &one), GAP_OK);
	assert_int_equal(one, 1);
	assert_int_equal(gap_read_task_struct__jobctl(NULL, object, &jobctl), GAP_OK);
	assert_int_equal(jobctl, -3);
	assert_int_equal(gap_read_task_struct__wide(NULL, object, &wide), GAP_OK);
	assert_int_equal(wide, 0x1555);
	assert_int_equal(gap_read_task_struct__kind(NULL, object, &kind), GAP_OK);
	assert_int_equal(kind, 2);
	assert_int_equal(gap_read_task_struct__thread__sp(NULL, object, &sp), GAP_OK);
	assert_true(sp == 0x1122334455667788);
	/* nothing is written on failure */
	object.value = 0x10;
	assert_int_equal(gap_read_task_struct__pid(NULL, object, &pid), GAP_UNREADABLE);
	assert_int_equal(pid, -5);
}

static void bits_cross_nine_bytes(void **state)
{
	uint64_t value = 0;

	(void)state;
	memset(memory, 0, sizeof(memory));
	for (unsigned bit = 7; bit < 71; bit += 2)
		memory[bit / 8] |= (unsigned char)(1u << bit % 8);
	assert_int_equal(gap_header_bits(NULL, (struct gap_vaddr){0x1000}, 7, 64, &value), GAP_OK);
	assert_true(value == 0x5555555555555555);
	assert_int_equal(gap_header_bits(NULL, (struct gap_vaddr){0x1000}, 0, 8, &value), GAP_OK);
	assert_int_equal(value, 0x80);
}

static void mirror_overlays(void **state)
{
	struct gap_layout_task_struct mirror;

	(void)state;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (unsigned char)i;
	memcpy(&mirror, memory, sizeof(mirror));
	assert_int_equal(mirror.pid, 0x33323130);
	assert_int_equal(mirror.class_, 85);
	assert_int_equal(mirror.grid[0][0], 0x5b5a5958);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_read),
		cmocka_unit_test(bits_cross_nine_bytes),
		cmocka_unit_test(mirror_overlays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
