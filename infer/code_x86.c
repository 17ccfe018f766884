/* SPDX-License-Identifier: MIT */
/*
 * x86-64 and i386 instructions through Zydis. Operands in memory become a load or a store of their
 * own; an instruction without a row below is told by what it reads and writes.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "infer/code_ops.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

struct x86_decoder {
	ZydisDecoder decoder;
	ZydisFormatter formatter;
	ZydisMachineMode mode;
	uint8_t pointer_bytes;
};

/* One instruction under translation. */
struct x86_insn {
	const struct x86_decoder *decoder;
	ZydisDecodedInstruction zydis;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct code_insn *insn;
};

static void *x86_open(bool wide)
{
	struct x86_decoder *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->mode = wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
	made->pointer_bytes = wide ? 8 : 4;
	ZydisDecoderInit(&made->decoder, made->mode,
			 wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
	ZydisFormatterInit(&made->formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	return made;
}

/* ---- operands ---- */

static uint8_t register_of(const struct x86_insn *x, ZydisRegister name)
{
	ZydisRegister whole;

	switch (ZydisRegisterGetClass(name)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		whole = ZydisRegisterGetLargestEnclosing(x->decoder->mode, name);
		return (uint8_t)ZydisRegisterGetId(whole);
	default:
		return CODE_NOREG;
	}
}

static bool is_high_byte(ZydisRegister name)
{
	return name == ZYDIS_REGISTER_AH || name == ZYDIS_REGISTER_BH ||
	       name == ZYDIS_REGISTER_CH || name == ZYDIS_REGISTER_DH;
}

static void set_address(const struct x86_insn *x, const ZydisDecodedOperand *operand,
			struct code_op *op)
{
	const ZydisDecodedOperandMem *mem = &operand->mem;
	bool relative = mem->base == ZYDIS_REGISTER_RIP;

	op->base = relative ? CODE_NOREG : register_of(x, mem->base);
	op->index = register_of(x, mem->index);
	op->scale = mem->scale ? mem->scale : 1;
	op->value = mem->disp.has_displacement ? mem->disp.value : 0;
	if (relative)
		op->value = (int64_t)((uint64_t)op->value + x->insn->at + x->zydis.length);
	if (x->decoder->pointer_bytes == 4)
		op->value = op->base == CODE_NOREG && op->index == CODE_NOREG
				    ? (int64_t)(uint32_t)op->value
				    : (int64_t)(int32_t)op->value;
	op->percpu = mem->segment == ZYDIS_REGISTER_GS || mem->segment == ZYDIS_REGISTER_FS;
	op->width = (uint8_t)(operand->size / 8);
}

/* The register that holds an operand's value: its own, or a temporary that it is loaded into. */
static uint8_t value_of(struct x86_insn *x, const ZydisDecodedOperand *operand, uint8_t temporary)
{
	struct code_op *op;

	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && !is_high_byte(operand->reg.value))
		return register_of(x, operand->reg.value);
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		op = code_insn_add(x->insn, CODE_LOAD);
		set_address(x, operand, op);
	} else {
		op = code_insn_add(x->insn, CODE_CLOBBER);
	}
	op->dst = temporary;
	return temporary;
}

/* Puts register @from where @operand is. */
static void put(struct x86_insn *x, const ZydisDecodedOperand *operand, uint8_t from)
{
	struct code_op *op;
	uint8_t to;

	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		op = code_insn_add(x->insn, CODE_STORE);
		set_address(x, operand, op);
		op->src = from;
		return;
	}
	to = operand->type == ZYDIS_OPERAND_TYPE_REGISTER ? register_of(x, operand->reg.value)
							  : CODE_NOREG;
	if (to == CODE_NOREG || (to == from && !is_high_byte(operand->reg.value)))
		return;
	op = code_insn_add(x->insn, is_high_byte(operand->reg.value) ? CODE_CLOBBER : CODE_MOVE);
	op->dst = to;
	op->src = from;
	op->width = (uint8_t)(operand->size / 8);
}

/* The second operand of an operation: a register, or a number in the operation itself. */
static void set_other(struct x86_insn *x, const ZydisDecodedOperand *operand, uint8_t *other,
		      int64_t *value)
{
	if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		*other = CODE_NOREG;
		*value = operand->imm.value.s;
		return;
	}
	*other = value_of(x, operand, CODE_TEMP_2);
	*value = 0;
}

/* ---- instructions ---- */

static void do_move(struct x86_insn *x)
{
	const ZydisDecodedOperand *to = &x->operands[0], *from = &x->operands[1];
	struct code_op *op;
	bool is_signed = x->zydis.mnemonic == ZYDIS_MNEMONIC_MOVSX ||
			 x->zydis.mnemonic == ZYDIS_MNEMONIC_MOVSXD;

	if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		if (to->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			op = code_insn_add(x->insn, CODE_SET);
			op->dst = CODE_TEMP;
			op->value = from->imm.value.s;
			put(x, to, CODE_TEMP);
			return;
		}
		op = code_insn_add(x->insn, CODE_SET);
		op->dst = register_of(x, to->reg.value);
		op->value = from->imm.value.s;
		if (to->size == 32)
			op->value = (int64_t)(uint32_t)op->value;
		return;
	}
	if (to->type == ZYDIS_OPERAND_TYPE_REGISTER && from->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	    register_of(x, to->reg.value) != CODE_NOREG && !is_high_byte(to->reg.value)) {
		op = code_insn_add(x->insn, CODE_LOAD);
		set_address(x, from, op);
		op->dst = register_of(x, to->reg.value);
		op->is_signed = is_signed;
		return;
	}
	put(x, to, value_of(x, from, CODE_TEMP));
}

/* lea esi, [esi]: what fills the room between functions. */
static bool does_nothing(const struct x86_insn *x)
{
	const ZydisDecodedOperand *from = &x->operands[1];

	return from->mem.base == x->operands[0].reg.value &&
	       from->mem.index == ZYDIS_REGISTER_NONE && !from->mem.disp.value &&
	       x->operands[0].size / 8 == x->decoder->pointer_bytes;
}

static void do_lea(struct x86_insn *x)
{
	struct code_op *op = does_nothing(x) ? NULL : code_insn_add(x->insn, CODE_LEA);

	if (!op)
		return;
	set_address(x, &x->operands[1], op);
	op->percpu = false;
	op->dst = register_of(x, x->operands[0].reg.value);
	op->width = (uint8_t)(x->operands[0].size / 8);
}

static enum code_alu alu_of(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_XADD:
	case ZYDIS_MNEMONIC_INC:
		return CODE_ADD;
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_DEC:
		return CODE_SUB;
	case ZYDIS_MNEMONIC_AND:
		return CODE_AND;
	case ZYDIS_MNEMONIC_OR:
		return CODE_OR;
	case ZYDIS_MNEMONIC_XOR:
		return CODE_XOR;
	case ZYDIS_MNEMONIC_SHL:
		return CODE_SHIFT_LEFT;
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SAR:
		return CODE_SHIFT_RIGHT;
	case ZYDIS_MNEMONIC_IMUL:
		return CODE_MULTIPLY;
	default:
		return CODE_OTHER;
	}
}

static bool same_register(const ZydisDecodedOperand *one, const ZydisDecodedOperand *other)
{
	return one->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       other->type == ZYDIS_OPERAND_TYPE_REGISTER && one->reg.value == other->reg.value;
}

static void do_alu(struct x86_insn *x)
{
	const ZydisDecodedOperand *to = &x->operands[0];
	unsigned visible = x->zydis.operand_count_visible;
	const ZydisDecodedOperand *left = visible == 3 ? &x->operands[1] : to;
	const ZydisDecodedOperand *right = visible == 3 ? &x->operands[2] : &x->operands[1];
	enum code_alu alu = alu_of(x->zydis.mnemonic);
	struct code_op *op;
	uint8_t src, other = CODE_NOREG;
	int64_t value = 1;

	if (alu == CODE_XOR && same_register(to, right)) {
		op = code_insn_add(x->insn, CODE_SET);
		op->dst = register_of(x, to->reg.value);
		return;
	}
	src = value_of(x, left, CODE_TEMP);
	if (visible >= 2)
		set_other(x, right, &other, &value);
	op = code_insn_add(x->insn, CODE_ALU);
	op->alu = (uint8_t)alu;
	op->dst = to->type == ZYDIS_OPERAND_TYPE_REGISTER && !is_high_byte(to->reg.value)
			  ? register_of(x, to->reg.value)
			  : CODE_TEMP;
	op->src = src;
	op->other = other;
	op->value = value;
	op->width = (uint8_t)(to->size / 8);
	if (op->dst == CODE_TEMP)
		put(x, to, CODE_TEMP);
}

static void do_compare(struct x86_insn *x)
{
	uint8_t src = value_of(x, &x->operands[0], CODE_TEMP), other;
	int64_t value;
	struct code_op *op;

	if (x->zydis.mnemonic == ZYDIS_MNEMONIC_TEST &&
	    same_register(&x->operands[0], &x->operands[1])) {
		other = CODE_NOREG;
		value = 0;
	} else {
		set_other(x, &x->operands[1], &other, &value);
	}
	op = code_insn_add(x->insn, CODE_COMPARE);
	op->src = src;
	op->other = other;
	op->value = value;
	op->width = (uint8_t)(x->operands[0].size / 8);
	op->alu = x->zydis.mnemonic == ZYDIS_MNEMONIC_CMP || (other == CODE_NOREG && !value)
			  ? CODE_SUB
			  : CODE_AND;
}

/* bt with a number: one bit of the operand, which the carry flag then holds. */
static void do_bit_test(struct x86_insn *x)
{
	uint8_t src = value_of(x, &x->operands[0], CODE_TEMP);
	struct code_op *op = code_insn_add(x->insn, CODE_COMPARE);

	op->src = src;
	op->value = (int64_t)(1ull << (x->operands[1].imm.value.u % x->operands[0].size & 63));
	op->width = (uint8_t)(x->operands[0].size / 8);
	op->alu = CODE_AND;
}

static void do_select(struct x86_insn *x)
{
	uint8_t from = value_of(x, &x->operands[1], CODE_TEMP);
	struct code_op *op = code_insn_add(x->insn, CODE_SELECT);

	op->dst = register_of(x, x->operands[0].reg.value);
	op->src = from;
	op->width = (uint8_t)(x->operands[0].size / 8);
}

static void do_push(struct x86_insn *x)
{
	uint8_t bytes = x->decoder->pointer_bytes;
	uint8_t from = CODE_TEMP;
	struct code_op *op;

	if (x->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		op = code_insn_add(x->insn, CODE_SET);
		op->dst = CODE_TEMP;
		op->value = x->operands[0].imm.value.s;
		if (bytes == 4)
			op->value = (int64_t)(uint32_t)op->value;
	} else {
		from = value_of(x, &x->operands[0], CODE_TEMP);
	}
	op = code_insn_add(x->insn, CODE_ALU);
	op->alu = CODE_SUB;
	op->dst = op->src = RSP;
	op->value = bytes;
	op->width = bytes;
	op = code_insn_add(x->insn, CODE_STORE);
	op->base = RSP;
	op->src = from;
	op->width = bytes;
}

static void add_pop(struct x86_insn *x, uint8_t to)
{
	uint8_t bytes = x->decoder->pointer_bytes;
	struct code_op *op = code_insn_add(x->insn, CODE_LOAD);

	op->dst = to;
	op->base = RSP;
	op->width = bytes;
	op = code_insn_add(x->insn, CODE_ALU);
	op->alu = CODE_ADD;
	op->dst = op->src = RSP;
	op->value = bytes;
	op->width = bytes;
}

static void do_pop(struct x86_insn *x)
{
	add_pop(x, CODE_TEMP);
	put(x, &x->operands[0], CODE_TEMP);
}

static void do_leave(struct x86_insn *x)
{
	struct code_op *op = code_insn_add(x->insn, CODE_MOVE);

	op->dst = RSP;
	op->src = RBP;
	op->width = x->decoder->pointer_bytes;
	add_pop(x, RBP);
}

static void do_exchange(struct x86_insn *x)
{
	uint8_t one = value_of(x, &x->operands[0], CODE_TEMP);
	uint8_t other = value_of(x, &x->operands[1], CODE_TEMP_2);
	struct code_op *op;

	if (one != CODE_TEMP) {
		op = code_insn_add(x->insn, CODE_MOVE);
		op->dst = CODE_TEMP;
		op->src = one;
		op->width = x->decoder->pointer_bytes;
	}
	put(x, &x->operands[0], other);
	put(x, &x->operands[1], CODE_TEMP);
}

static void do_flow(struct x86_insn *x, enum code_op_kind kind)
{
	const ZydisDecodedOperand *to = &x->operands[0];
	struct code_op *op;
	uint8_t from = CODE_NOREG;
	int64_t target = 0;

	if (to->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && to->imm.is_relative) {
		target = (int64_t)(x->insn->at + x->zydis.length + to->imm.value.u);
		if (x->decoder->pointer_bytes == 4)
			target = (int64_t)(uint32_t)target;
	} else {
		from = value_of(x, to, CODE_TEMP);
	}
	op = code_insn_add(x->insn, kind);
	op->value = target;
	op->src = from;
	if (kind == CODE_BRANCH)
		op->alu = x->zydis.mnemonic == ZYDIS_MNEMONIC_JZ    ? CODE_IF_EQUAL
			  : x->zydis.mnemonic == ZYDIS_MNEMONIC_JNZ ? CODE_IF_UNEQUAL
								    : CODE_IF_ANY;
}

/* What has no row: its loads, its stores of what nobody knows, and the registers that it changes. */
static void do_other(struct x86_insn *x)
{
	if (x->zydis.cpu_flags && (x->zydis.cpu_flags->modified | x->zydis.cpu_flags->set_0 |
				   x->zydis.cpu_flags->set_1 | x->zydis.cpu_flags->undefined) &
					  ZYDIS_CPUFLAG_ZF)
		code_insn_add(x->insn, CODE_FLAGS);
	for (unsigned i = 0; i < x->zydis.operand_count; i++) {
		const ZydisDecodedOperand *operand = &x->operands[i];
		bool writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    operand->mem.type == ZYDIS_MEMOP_TYPE_MEM) {
			if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
				value_of(x, operand, CODE_TEMP);
			if (writes) {
				code_insn_add(x->insn, CODE_CLOBBER)->dst = CODE_TEMP;
				put(x, operand, CODE_TEMP);
			}
		}
	}
	for (unsigned i = 0; i < x->zydis.operand_count; i++) {
		const ZydisDecodedOperand *operand = &x->operands[i];
		uint8_t to = operand->type == ZYDIS_OPERAND_TYPE_REGISTER
				     ? register_of(x, operand->reg.value)
				     : CODE_NOREG;

		if (to != CODE_NOREG && operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			code_insn_add(x->insn, CODE_CLOBBER)->dst = to;
	}
}

static void translate(struct x86_insn *x)
{
	switch (x->zydis.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		do_move(x);
		return;
	case ZYDIS_MNEMONIC_LEA:
		do_lea(x);
		return;
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SAR:
	case ZYDIS_MNEMONIC_NEG:
	case ZYDIS_MNEMONIC_NOT:
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
	case ZYDIS_MNEMONIC_BSWAP:
		do_alu(x);
		return;
	case ZYDIS_MNEMONIC_IMUL:
		if (x->zydis.operand_count_visible >= 2)
			do_alu(x);
		else
			do_other(x);
		return;
	case ZYDIS_MNEMONIC_CMP:
	case ZYDIS_MNEMONIC_TEST:
		do_compare(x);
		return;
	case ZYDIS_MNEMONIC_BT:
		if (x->operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
			do_bit_test(x);
		else
			do_other(x);
		return;
	case ZYDIS_MNEMONIC_PUSH:
		do_push(x);
		return;
	case ZYDIS_MNEMONIC_POP:
		do_pop(x);
		return;
	case ZYDIS_MNEMONIC_LEAVE:
		do_leave(x);
		return;
	case ZYDIS_MNEMONIC_XCHG:
		do_exchange(x);
		return;
	case ZYDIS_MNEMONIC_CALL:
		do_flow(x, CODE_CALL);
		return;
	case ZYDIS_MNEMONIC_JMP:
		do_flow(x, CODE_JUMP);
		return;
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
	case ZYDIS_MNEMONIC_SYSRET:
		code_insn_add(x->insn, CODE_RETURN);
		return;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_HLT:
		code_insn_add(x->insn, CODE_STOP);
		return;
	case ZYDIS_MNEMONIC_NOP:
	case ZYDIS_MNEMONIC_ENDBR32:
	case ZYDIS_MNEMONIC_ENDBR64:
		return;
	default:
		break;
	}
	if (x->zydis.meta.category == ZYDIS_CATEGORY_COND_BR)
		do_flow(x, CODE_BRANCH);
	else if (x->zydis.meta.category == ZYDIS_CATEGORY_CMOV)
		do_select(x);
	else
		do_other(x);
}

/* What zeros say, a sum stored over whatever the accumulator leads to: nobody writes that, it is
 * memory without content. */
static bool is_blank(const uint8_t *code, size_t size_bytes)
{
	return size_bytes >= 2 && !code[0] && !code[1];
}

static bool x86_decode(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
		       struct code_insn *insn)
{
	struct x86_insn x;

	if (is_blank(code, size_bytes))
		return false;
	x.decoder = decoder;
	x.insn = insn;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&x.decoder->decoder, code, size_bytes, &x.zydis,
						 x.operands)))
		return false;
	insn->at = at;
	insn->length = x.zydis.length;
	insn->count = 0;
	translate(&x);
	return true;
}

static bool x86_format(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
		       char *text, size_t capacity, uint8_t *length)
{
	const struct x86_decoder *x86 = decoder;
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&x86->decoder, code, size_bytes, &insn, operands)))
		return false;
	*length = insn.length;
	return ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&x86->formatter, &insn, operands,
							    insn.operand_count_visible, text,
							    capacity, at, NULL));
}

#define KEPT_BOTH (1u << RBX | 1u << RSP | 1u << RBP)

const struct code_machine code_x86_64 = {
	.machine = EM_X86_64,
	.pointer_bytes = 8,
	.stack_pointer = RSP,
	.result = RAX,
	.argument_count = 6,
	.arguments = {RDI, RSI, RDX, RCX, 8, 9},
	.call_pushes = 8,
	.kept = KEPT_BOTH | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 15,
	.shortest = 1,
	.decode = x86_decode,
	.open = x86_open,
	.close = free,
	.format = x86_format,
};

/* -mregparm=3, as every i386 kernel since 2.6.20. */
const struct code_machine code_i386 = {
	.machine = EM_386,
	.pointer_bytes = 4,
	.stack_pointer = RSP,
	.result = RAX,
	.argument_count = 3,
	.arguments = {RAX, RDX, RCX},
	.call_pushes = 4,
	.variadic_on_stack = true,
	.kept = KEPT_BOTH | 1u << RSI | 1u << RDI,
	.shortest = 1,
	.decode = x86_decode,
	.open = x86_open,
	.close = free,
	.format = x86_format,
};
