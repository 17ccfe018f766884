/* SPDX-License-Identifier: MIT */
/* semgap guest translate: from a virtual address of the kernel or of a process to a physical one.
 */
#include <stdio.h>

#include "cli/guest_out.h"
#include "cli/guest_place.h"

static void print_json(uint64_t address, const struct guest_request *request, bool mapped,
		       struct gap_paddr physical)
{
	struct gap_json json;

	json_begin(&json, "semgap/translate/1", false, NULL, "translations");
	gap_json_open(&json, '{');
	out_json_hex(&json, "virtual", true, address);
	out_json_hex(&json, "physical", mapped, physical.value);
	out_json_number(&json, "pid", request->given & GUEST_OPTION_PID, request->pid);
	gap_json_close(&json, '}');
	json_end(&json);
}

static enum gap_status translate(struct gap_guest *guest, const struct guest_request *request,
				 struct gap_vaddr address, struct gap_paddr *physical,
				 struct gap_error *error)
{
	struct gap_address_space space;
	enum gap_status status;

	if (!(request->given & GUEST_OPTION_PID))
		return gap_guest_translate(guest, address, physical);
	status = place_open_space(guest, request->pid, &space, error);
	return status ? status : gap_space_translate(&space, address, physical);
}

static int run(struct gap_guest *guest, const struct guest_request *request)
{
	struct gap_vaddr address;
	struct gap_paddr physical = {0};
	struct gap_error error = {{0}};
	enum gap_status status;

	if (!guest_parse_number(request->operands[0], &address.value)) {
		say("guest translate: \"%s\" is not an address", request->operands[0]);
		return EXIT_UNUSABLE;
	}
	gap_guest_refresh(guest);
	status = translate(guest, request, address, &physical, &error);
	if (status && (status != GAP_UNREADABLE || error.text[0]))
		return say_failure(status, &error);
	if (request->json)
		print_json(address.value, request, !status, physical);
	else if (!status)
		printf("0x%llx\n", (unsigned long long)physical.value);
	if (!status)
		return EXIT_DONE;
	if (request->given & GUEST_OPTION_PID && !gap_guest_translate(guest, address, &physical))
		say("0x%llx is an address of the kernel, not of process %llu: leave out --pid",
		    (unsigned long long)address.value, (unsigned long long)request->pid);
	else
		say("0x%llx is not mapped", (unsigned long long)address.value);
	return EXIT_FINDING;
}

const struct guest_view guest_view_translate = {
	.name = "translate",
	.operands = "ADDR",
	.summary = "the physical address of a virtual one",
	.help = "  --pid N   ADDR is in the memory of this process\n"
		"\n"
		"Status 1: it is not mapped.\n",
	.operand_min = 1,
	.operand_max = 1,
	.options = GUEST_OPTION_PID,
	.run = run,
};
