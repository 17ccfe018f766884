/* SPDX-License-Identifier: MIT */
/* Walking an array whose length the guest tells, as flexible members have it: a length that memory
 * cannot hold is not believed. */
#include <inttypes.h>

#include "runtime/record.h"
#include "runtime/translate.h"
#include "semgap/walks.h"

void gap_array_init(struct gap_array *array, struct gap_guest *guest, struct gap_vaddr first,
		    uint64_t stride_bytes, uint64_t count)
{
	*array = (struct gap_array){
		.guest = guest, .at = first, .stride_bytes = stride_bytes, .left = count};
	if (stride_bytes == 0 || count >= gap_guest_holds(guest, stride_bytes)) {
		gap_note(&array->status, array->reason, sizeof(array->reason),
			 "an array of %" PRIu64 " elements is more than memory can hold", count);
		array->left = 0;
	}
}

int gap_array_next(struct gap_array *array, struct gap_vaddr *element)
{
	uint8_t byte;

	if (array->left == 0)
		return 0;
	if (gap_guest_read_u8(array->guest, array->at, &byte)) {
		array->left = 0;
		return gap_note(&array->status, array->reason, sizeof(array->reason),
				"the array's element at 0x%" PRIx64 " cannot be read",
				array->at.value);
	}
	*element = array->at;
	array->at.value += array->stride_bytes;
	array->left--;
	return 1;
}
