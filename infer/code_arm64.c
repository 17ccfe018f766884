/* SPDX-License-Identifier: MIT */
/*
 * arm64 instructions through capstone. Those that this capstone does not know (LSE atomics, pointer
 * authentication) are stepped over, their destinations taken as unknown: instructions are four
 * bytes, so nothing else is lost.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>

#include "infer/code_ops.h"

enum { SP = 31 };

struct arm64_decoder {
	csh handle;
	cs_insn *insn;
};

struct arm64_word {
	const cs_insn *capstone;
	const cs_arm64 *detail;
	struct code_insn *insn;
};

static void arm64_close(void *decoder)
{
	struct arm64_decoder *arm64 = decoder;

	if (!arm64)
		return;
	if (arm64->insn)
		cs_free(arm64->insn, 1);
	if (arm64->handle)
		cs_close(&arm64->handle);
	free(arm64);
}

static void *arm64_open(bool wide)
{
	struct arm64_decoder *made = calloc(1, sizeof(*made));

	(void)wide;
	if (!made)
		return NULL;
	if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &made->handle) != CS_ERR_OK ||
	    cs_option(made->handle, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK ||
	    !(made->insn = cs_malloc(made->handle))) {
		arm64_close(made);
		return NULL;
	}
	return made;
}

/* ---- operands ---- */

static uint8_t register_of(arm64_reg name)
{
	if (name >= ARM64_REG_X0 && name <= ARM64_REG_X28)
		return (uint8_t)(name - ARM64_REG_X0);
	if (name >= ARM64_REG_W0 && name <= ARM64_REG_W30)
		return (uint8_t)(name - ARM64_REG_W0);
	if (name == ARM64_REG_X29)
		return 29;
	if (name == ARM64_REG_X30)
		return 30;
	if (name == ARM64_REG_SP || name == ARM64_REG_WSP)
		return SP;
	return CODE_NOREG;
}

static bool is_zero(const cs_arm64_op *operand)
{
	return operand->type == ARM64_OP_REG &&
	       (operand->reg == ARM64_REG_XZR || operand->reg == ARM64_REG_WZR);
}

static uint8_t width_of(const cs_arm64_op *operand)
{
	bool narrow = (operand->reg >= ARM64_REG_W0 && operand->reg <= ARM64_REG_W30) ||
		      operand->reg == ARM64_REG_WZR || operand->reg == ARM64_REG_WSP;

	return narrow ? 4 : 8;
}

static void add_clobber(struct arm64_word *a, uint8_t to)
{
	if (to != CODE_NOREG)
		code_insn_add(a->insn, CODE_CLOBBER)->dst = to;
}

static struct code_op *add_set(struct arm64_word *a, uint8_t to, int64_t value)
{
	struct code_op *op = code_insn_add(a->insn, CODE_SET);

	op->dst = to;
	op->value = value;
	return op;
}

/* The register an operand is in; the zero register is a temporary set to zero. */
static uint8_t source_of(struct arm64_word *a, const cs_arm64_op *operand, uint8_t temporary)
{
	if (operand->type == ARM64_OP_REG && !is_zero(operand))
		return register_of(operand->reg);
	add_set(a, temporary, operand->type == ARM64_OP_IMM ? operand->imm : 0);
	return temporary;
}

static void add_alu(struct arm64_word *a, enum code_alu alu, uint8_t to, uint8_t from,
		    int64_t value)
{
	struct code_op *op = code_insn_add(a->insn, CODE_ALU);

	op->alu = (uint8_t)alu;
	op->dst = to;
	op->src = from;
	op->value = value;
	op->width = 8;
}

static void set_address(struct code_op *op, const cs_arm64_op *operand, unsigned extra)
{
	op->base = register_of(operand->mem.base);
	op->index = register_of(operand->mem.index);
	op->scale = operand->shift.type == ARM64_SFT_LSL && operand->shift.value < 5
			    ? (uint8_t)(1u << operand->shift.value)
			    : 1;
	op->value = operand->mem.disp + (int64_t)extra;
}

/* ---- loads and stores ---- */

struct arm64_access {
	unsigned id;
	uint8_t width; /* 0: of the register */
	bool store, is_signed, atomic;
};

static const struct arm64_access accesses[] = {
	{ARM64_INS_LDR, 0, false, false, false},    {ARM64_INS_LDUR, 0, false, false, false},
	{ARM64_INS_LDRB, 1, false, false, false},   {ARM64_INS_LDURB, 1, false, false, false},
	{ARM64_INS_LDRH, 2, false, false, false},   {ARM64_INS_LDURH, 2, false, false, false},
	{ARM64_INS_LDRSB, 1, false, true, false},   {ARM64_INS_LDURSB, 1, false, true, false},
	{ARM64_INS_LDRSH, 2, false, true, false},   {ARM64_INS_LDURSH, 2, false, true, false},
	{ARM64_INS_LDRSW, 4, false, true, false},   {ARM64_INS_LDURSW, 4, false, true, false},
	{ARM64_INS_LDAR, 0, false, false, false},   {ARM64_INS_LDARB, 1, false, false, false},
	{ARM64_INS_LDARH, 2, false, false, false},  {ARM64_INS_LDXR, 0, false, false, false},
	{ARM64_INS_LDAXR, 0, false, false, false},  {ARM64_INS_LDXRB, 1, false, false, false},
	{ARM64_INS_LDAXRB, 1, false, false, false}, {ARM64_INS_LDXRH, 2, false, false, false},
	{ARM64_INS_LDAXRH, 2, false, false, false}, {ARM64_INS_LDP, 0, false, false, false},
	{ARM64_INS_LDNP, 0, false, false, false},   {ARM64_INS_LDTR, 0, false, false, false},
	{ARM64_INS_STR, 0, true, false, false},     {ARM64_INS_STUR, 0, true, false, false},
	{ARM64_INS_STRB, 1, true, false, false},    {ARM64_INS_STURB, 1, true, false, false},
	{ARM64_INS_STRH, 2, true, false, false},    {ARM64_INS_STURH, 2, true, false, false},
	{ARM64_INS_STLR, 0, true, false, false},    {ARM64_INS_STLRB, 1, true, false, false},
	{ARM64_INS_STLRH, 2, true, false, false},   {ARM64_INS_STP, 0, true, false, false},
	{ARM64_INS_STNP, 0, true, false, false},    {ARM64_INS_STXR, 0, true, false, true},
	{ARM64_INS_STLXR, 0, true, false, true},    {ARM64_INS_STXRB, 1, true, false, true},
	{ARM64_INS_STLXRB, 1, true, false, true},   {ARM64_INS_STXRH, 2, true, false, true},
	{ARM64_INS_STLXRH, 2, true, false, true},
};

static const struct arm64_access *access_of(unsigned id)
{
	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++)
		if (accesses[i].id == id)
			return &accesses[i];
	return NULL;
}

static void add_access(struct arm64_word *a, const struct arm64_access *access,
		       const cs_arm64_op *value, const cs_arm64_op *place, unsigned extra,
		       uint8_t width)
{
	uint8_t other = access->store ? source_of(a, value, CODE_TEMP) : register_of(value->reg);
	struct code_op *op = code_insn_add(a->insn, access->store ? CODE_STORE : CODE_LOAD);

	set_address(op, place, extra);
	op->width = width;
	op->is_signed = access->is_signed;
	if (access->store)
		op->src = other;
	else
		op->dst = other == CODE_NOREG ? CODE_TEMP_2 : other;
}

/* [base, #n]! moves the base before, [base], #n after the access. */
static void do_access(struct arm64_word *a, const struct arm64_access *access)
{
	unsigned first = access->atomic ? 1 : 0, count = a->detail->op_count, at = first;
	const cs_arm64_op *operands = a->detail->operands;
	cs_arm64_op place;
	uint8_t width;
	int64_t after = 0;

	while (at < count && operands[at].type != ARM64_OP_MEM)
		at++;
	if (at == first || at == count) { /* a literal pool */
		add_clobber(a, count ? register_of(operands[0].reg) : CODE_NOREG);
		return;
	}
	place = operands[at];
	width = access->width ? access->width : width_of(&operands[first]);
	if (a->detail->writeback && at + 1 < count && operands[at + 1].type == ARM64_OP_IMM) {
		after = operands[at + 1].imm;
		place.mem.disp = 0;
	} else if (a->detail->writeback) {
		add_alu(a, CODE_ADD, register_of(place.mem.base), register_of(place.mem.base),
			place.mem.disp);
		place.mem.disp = 0;
	}
	/* A pair may load its own base: that one comes last. */
	if (!access->store && at - first == 2 &&
	    register_of(operands[first].reg) == register_of(place.mem.base)) {
		add_access(a, access, &operands[first + 1], &place, width, width);
		add_access(a, access, &operands[first], &place, 0, width);
	} else {
		for (unsigned i = first; i < at; i++)
			add_access(a, access, &operands[i], &place, (i - first) * width, width);
	}
	if (after)
		add_alu(a, CODE_ADD, register_of(place.mem.base), register_of(place.mem.base),
			after);
	if (access->atomic)
		add_set(a, register_of(operands[0].reg), 0);
}

/* ---- arithmetic ---- */

static enum code_alu alu_of(unsigned id)
{
	switch (id) {
	case ARM64_INS_ADD:
		return CODE_ADD;
	case ARM64_INS_SUB:
		return CODE_SUB;
	case ARM64_INS_AND:
		return CODE_AND;
	case ARM64_INS_ORR:
		return CODE_OR;
	case ARM64_INS_EOR:
		return CODE_XOR;
	case ARM64_INS_LSL:
		return CODE_SHIFT_LEFT;
	case ARM64_INS_LSR:
	case ARM64_INS_ASR:
		return CODE_SHIFT_RIGHT;
	case ARM64_INS_MUL:
		return CODE_MULTIPLY;
	default:
		return CODE_OTHER;
	}
}

/* dst = a op (b shifted): the shift goes first, into a temporary; an address takes it as a scale. */
static void do_alu(struct arm64_word *a, enum code_alu alu)
{
	const cs_arm64_op *to = &a->detail->operands[0], *left = &a->detail->operands[1];
	const cs_arm64_op *right = &a->detail->operands[a->detail->op_count > 2 ? 2 : 1];
	struct code_op *op;
	uint8_t from, other;
	bool shifted = right->type == ARM64_OP_REG &&
		       (right->shift.type != ARM64_SFT_INVALID && right->shift.value);
	int64_t value = right->type == ARM64_OP_IMM ? right->imm : 0;

	if (is_zero(to) || register_of(to->reg) == CODE_NOREG)
		return;
	from = source_of(a, left, CODE_TEMP);
	if (a->detail->op_count == 2) { /* neg, mvn, rev */
		add_alu(a, CODE_OTHER, register_of(to->reg), from, 0);
		return;
	}
	if (alu == CODE_ADD && shifted && right->shift.type == ARM64_SFT_LSL &&
	    right->shift.value < 5) {
		op = code_insn_add(a->insn, CODE_LEA);
		op->dst = register_of(to->reg);
		op->base = from;
		op->index = register_of(right->reg);
		op->scale = (uint8_t)(1u << right->shift.value);
		op->width = 8;
		return;
	}
	if (right->type == ARM64_OP_IMM && right->shift.type == ARM64_SFT_LSL)
		value = (int64_t)((uint64_t)value << (right->shift.value & 63));
	other = right->type == ARM64_OP_IMM ? CODE_NOREG : source_of(a, right, CODE_TEMP_2);
	if (shifted) {
		add_alu(a, right->shift.type == ARM64_SFT_LSL ? CODE_SHIFT_LEFT : CODE_SHIFT_RIGHT,
			CODE_TEMP_2, other, right->shift.value);
		other = CODE_TEMP_2;
	}
	op = code_insn_add(a->insn, CODE_ALU);
	op->alu = (uint8_t)alu;
	op->dst = register_of(to->reg);
	op->src = from;
	op->other = other;
	op->value = value;
	op->width = width_of(to);
}

static void do_move(struct arm64_word *a)
{
	const cs_arm64_op *to = &a->detail->operands[0], *from = &a->detail->operands[1];
	struct code_op *op;

	if (is_zero(to) || register_of(to->reg) == CODE_NOREG)
		return;
	if (from->type == ARM64_OP_IMM || is_zero(from)) {
		int64_t value = from->type == ARM64_OP_IMM ? from->imm : 0;

		if (from->shift.type == ARM64_SFT_LSL)
			value = (int64_t)((uint64_t)value << (from->shift.value & 63));
		if (width_of(to) == 4)
			value = (int64_t)(uint32_t)value;
		add_set(a, register_of(to->reg),
			a->capstone->id == ARM64_INS_MOVN ? ~value : value);
		return;
	}
	if (register_of(from->reg) == CODE_NOREG) {
		add_clobber(a, register_of(to->reg));
		return;
	}
	op = code_insn_add(a->insn, CODE_MOVE);
	op->dst = register_of(to->reg);
	op->src = register_of(from->reg);
	op->width = width_of(to);
}

/* movk: sixteen bits of what is there. Only its own bits are known to the value that comes out. */
static void do_move_keep(struct arm64_word *a)
{
	const cs_arm64_op *to = &a->detail->operands[0], *from = &a->detail->operands[1];
	unsigned shift = from->shift.type == ARM64_SFT_LSL ? from->shift.value & 63 : 0;
	uint8_t reg = register_of(to->reg);

	add_alu(a, CODE_AND, reg, reg, (int64_t) ~((uint64_t)0xffff << shift));
	add_alu(a, CODE_OR, reg, reg, (int64_t)((uint64_t)from->imm << shift));
}

static void do_compare(struct arm64_word *a, enum code_alu alu)
{
	const cs_arm64_op *left = &a->detail->operands[0], *right = &a->detail->operands[1];
	uint8_t from = source_of(a, left, CODE_TEMP), other = CODE_NOREG;
	struct code_op *op;

	if (right->type != ARM64_OP_IMM)
		other = source_of(a, right, CODE_TEMP_2);
	op = code_insn_add(a->insn, CODE_COMPARE);
	op->src = from;
	op->other = other;
	op->value = right->type == ARM64_OP_IMM ? right->imm : 0;
	op->width = width_of(left);
	op->alu = (uint8_t)alu;
}

static void do_select(struct arm64_word *a)
{
	const cs_arm64_op *operands = a->detail->operands;
	uint8_t to = register_of(operands[0].reg);
	uint8_t one = source_of(a, &operands[1], CODE_TEMP);
	uint8_t other = source_of(a, &operands[2], CODE_TEMP_2);
	struct code_op *op;

	if (to == CODE_NOREG)
		return;
	if (other == to) { /* keep it from being lost before it is chosen */
		uint8_t swap = one;

		one = other;
		other = swap;
	}
	op = code_insn_add(a->insn, CODE_MOVE);
	op->dst = to;
	op->src = one;
	op->width = width_of(&operands[0]);
	op = code_insn_add(a->insn, CODE_SELECT);
	op->dst = to;
	op->src = other;
	op->width = width_of(&operands[0]);
}

static struct code_op *add_flow(struct arm64_word *a, enum code_op_kind kind, int64_t target,
				uint8_t from)
{
	struct code_op *op = code_insn_add(a->insn, kind);

	op->value = target;
	op->src = from;
	return op;
}

/* cbz, cbnz, tbz, tbnz: the target is the last operand. */
static void do_test_branch(struct arm64_word *a)
{
	const cs_arm64_op *operands = a->detail->operands;
	struct code_op *op;
	uint8_t from = source_of(a, &operands[0], CODE_TEMP);

	op = code_insn_add(a->insn, CODE_COMPARE);
	op->src = from;
	op->alu = a->detail->op_count == 3 ? CODE_AND : CODE_SUB;
	op->value = a->detail->op_count == 3 ? (int64_t)(1ull << (operands[1].imm & 63)) : 0;
	op->width = width_of(&operands[0]);
	op = add_flow(a, CODE_BRANCH, operands[a->detail->op_count - 1].imm, CODE_NOREG);
	if (a->capstone->id == ARM64_INS_CBZ)
		op->alu = CODE_IF_EQUAL;
	else if (a->capstone->id == ARM64_INS_CBNZ)
		op->alu = CODE_IF_UNEQUAL;
}

static void do_branch(struct arm64_word *a)
{
	arm64_cc cc = a->detail->cc;
	bool always = cc == ARM64_CC_INVALID || cc == ARM64_CC_AL || cc == ARM64_CC_NV;
	struct code_op *op = add_flow(a, always ? CODE_JUMP : CODE_BRANCH,
				      a->detail->operands[0].imm, CODE_NOREG);

	if (!always)
		op->alu = cc == ARM64_CC_EQ   ? CODE_IF_EQUAL
			  : cc == ARM64_CC_NE ? CODE_IF_UNEQUAL
					      : CODE_IF_ANY;
}

static void do_other(struct arm64_word *a)
{
	if (a->detail->update_flags || a->capstone->id == ARM64_INS_CCMP ||
	    a->capstone->id == ARM64_INS_CCMN)
		code_insn_add(a->insn, CODE_FLAGS);
	for (unsigned i = 0; i < a->detail->op_count; i++) {
		const cs_arm64_op *operand = &a->detail->operands[i];

		if (operand->type == ARM64_OP_REG && (operand->access & CS_AC_WRITE || i == 0))
			add_clobber(a, register_of(operand->reg));
		else if (operand->type == ARM64_OP_MEM && a->detail->writeback)
			add_clobber(a, register_of(operand->mem.base));
	}
}

/* ---- one handler an instruction ---- */

static bool is_general(const struct arm64_word *a)
{
	return a->detail->op_count && a->detail->operands[0].type == ARM64_OP_REG &&
	       register_of(a->detail->operands[0].reg) != CODE_NOREG;
}

static void do_copy(struct arm64_word *a)
{
	if (a->detail->operands[0].type == ARM64_OP_REG && a->detail->operands[0].vas == 0)
		do_move(a);
}

static void do_place(struct arm64_word *a)
{
	if (is_general(a))
		add_set(a, register_of(a->detail->operands[0].reg), a->detail->operands[1].imm);
}

static void do_arithmetic(struct arm64_word *a)
{
	if (is_general(a))
		do_alu(a, alu_of(a->capstone->id));
}

static void do_subtract(struct arm64_word *a)
{
	do_compare(a, CODE_SUB);
}

static void do_mask(struct arm64_word *a)
{
	do_compare(a, CODE_AND);
}

static void do_call(struct arm64_word *a)
{
	add_flow(a, CODE_CALL, a->detail->operands[0].imm, CODE_NOREG);
}

static void do_call_register(struct arm64_word *a)
{
	add_flow(a, CODE_CALL, 0, register_of(a->detail->operands[0].reg));
}

static void do_jump_register(struct arm64_word *a)
{
	add_flow(a, CODE_JUMP, 0, register_of(a->detail->operands[0].reg));
}

static void do_return(struct arm64_word *a)
{
	code_insn_add(a->insn, CODE_RETURN);
}

static void do_stop(struct arm64_word *a)
{
	code_insn_add(a->insn, CODE_STOP);
}

static void do_nothing(struct arm64_word *a)
{
	(void)a;
}

static const struct {
	unsigned id;
	void (*translate)(struct arm64_word *a);
} handlers[] = {
	{ARM64_INS_MOV, do_copy},         {ARM64_INS_MOVZ, do_copy},
	{ARM64_INS_MOVN, do_copy},        {ARM64_INS_SXTW, do_copy},
	{ARM64_INS_UXTW, do_copy},        {ARM64_INS_UXTB, do_copy},
	{ARM64_INS_UXTH, do_copy},        {ARM64_INS_MOVK, do_move_keep},
	{ARM64_INS_ADRP, do_place},       {ARM64_INS_ADR, do_place},
	{ARM64_INS_ADD, do_arithmetic},   {ARM64_INS_SUB, do_arithmetic},
	{ARM64_INS_AND, do_arithmetic},   {ARM64_INS_ORR, do_arithmetic},
	{ARM64_INS_EOR, do_arithmetic},   {ARM64_INS_LSL, do_arithmetic},
	{ARM64_INS_LSR, do_arithmetic},   {ARM64_INS_ASR, do_arithmetic},
	{ARM64_INS_MUL, do_arithmetic},   {ARM64_INS_BIC, do_arithmetic},
	{ARM64_INS_ORN, do_arithmetic},   {ARM64_INS_NEG, do_arithmetic},
	{ARM64_INS_MVN, do_arithmetic},   {ARM64_INS_REV, do_arithmetic},
	{ARM64_INS_REV16, do_arithmetic}, {ARM64_INS_UBFX, do_arithmetic},
	{ARM64_INS_SBFX, do_arithmetic},  {ARM64_INS_UBFIZ, do_arithmetic},
	{ARM64_INS_SBFIZ, do_arithmetic}, {ARM64_INS_CMP, do_subtract},
	{ARM64_INS_CMN, do_subtract},     {ARM64_INS_TST, do_mask},
	{ARM64_INS_CSEL, do_select},      {ARM64_INS_CBZ, do_test_branch},
	{ARM64_INS_CBNZ, do_test_branch}, {ARM64_INS_TBZ, do_test_branch},
	{ARM64_INS_TBNZ, do_test_branch}, {ARM64_INS_B, do_branch},
	{ARM64_INS_BL, do_call},          {ARM64_INS_BLR, do_call_register},
	{ARM64_INS_BR, do_jump_register}, {ARM64_INS_RET, do_return},
	{ARM64_INS_ERET, do_return},      {ARM64_INS_BRK, do_stop},
	{ARM64_INS_HINT, do_nothing},     {ARM64_INS_NOP, do_nothing},
	{ARM64_INS_MSR, do_nothing},      {ARM64_INS_DMB, do_nothing},
	{ARM64_INS_DSB, do_nothing},      {ARM64_INS_ISB, do_nothing},
	{ARM64_INS_PRFM, do_nothing},
};

static void translate(struct arm64_word *a)
{
	const cs_arm64_op *operands = a->detail->operands;
	const struct arm64_access *access = access_of(a->capstone->id);

	if (access && operands[0].type == ARM64_OP_REG &&
	    (is_general(a) || is_zero(&operands[0]))) {
		do_access(a, access);
		return;
	}
	for (size_t i = 0; !access && i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].id == a->capstone->id) {
			handlers[i].translate(a);
			return;
		}
	do_other(a); /* vectors too */
}

/*
 * A word that capstone does not know. LSE atomics are size:111000:A:R:1:Rs:o3:opc:00:Rn:Rt (and
 * swp, o3=1; Arm ARM, C4.1.4): Rt is loaded from [Rn], which is then stored to. Of the rest all
 * three registers that such a word can name as destinations are unknown.
 */
static void translate_unknown(struct arm64_word *a, uint32_t word)
{
	uint8_t rt = word & 31, rn = word >> 5 & 31, rs = word >> 16 & 31;
	struct code_op *op;

	if ((word & 0x3f200c00) == 0x38200000) {
		op = code_insn_add(a->insn, CODE_LOAD);
		op->dst = rt == 31 ? CODE_TEMP : rt;
		op->base = rn;
		op->width = (uint8_t)(1u << (word >> 30));
		code_insn_add(a->insn, CODE_CLOBBER)->dst = CODE_TEMP_2;
		op = code_insn_add(a->insn, CODE_STORE);
		op->base = rn;
		op->src = CODE_TEMP_2;
		op->width = (uint8_t)(1u << (word >> 30));
		return;
	}
	if (rt != 31)
		add_clobber(a, rt);
	if (rs != 31 && (word & 0x3fa07c00) == 0x08a07c00) /* cas */
		add_clobber(a, rs);
}

/* ldapr and its narrower forms, which Armv8.3 added: the same as ldar to us. */
static bool is_ldapr(uint32_t word)
{
	return (word & 0x3ffffc00) == 0x38bfc000;
}

/* mrs xt, sp_el0: the running task, in the kernel. */
static bool is_current(uint32_t word)
{
	return (word & 0xffffffe0) == 0xd5384100 && (word & 31) != 31;
}

static bool arm64_decode(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
			 struct code_insn *insn)
{
	struct arm64_decoder *arm64 = decoder;
	struct arm64_word a = {.insn = insn};
	uint32_t word;
	struct code_op *op;

	if (size_bytes < 4)
		return false;
	memcpy(&word, code, 4);
	if (!(word >> 16)) /* udf: will never be an instruction, as zeros are not */
		return false;
	insn->at = at;
	insn->length = 4;
	insn->count = 0;
	size_bytes = 4;
	if (is_current(word)) {
		code_insn_add(insn, CODE_CURRENT)->dst = word & 31;
		return true;
	}
	if (is_ldapr(word)) {
		op = code_insn_add(insn, CODE_LOAD);
		op->dst = (word & 31) == 31 ? CODE_TEMP : word & 31;
		op->base = word >> 5 & 31;
		op->width = (uint8_t)(1u << (word >> 30));
		return true;
	}
	if (!cs_disasm_iter(arm64->handle, &code, &size_bytes, &at, arm64->insn)) {
		translate_unknown(&a, word);
		return true;
	}
	a.capstone = arm64->insn;
	a.detail = &arm64->insn->detail->arm64;
	translate(&a);
	return true;
}

static bool arm64_format(void *decoder, const uint8_t *code, size_t size_bytes, uint64_t at,
			 char *text, size_t capacity, uint8_t *length)
{
	struct arm64_decoder *arm64 = decoder;
	uint32_t word;

	if (size_bytes < 4)
		return false;
	memcpy(&word, code, 4);
	size_bytes = 4;
	*length = 4;
	if (cs_disasm_iter(arm64->handle, &code, &size_bytes, &at, arm64->insn))
		snprintf(text, capacity, "%s %s", arm64->insn->mnemonic, arm64->insn->op_str);
	else
		snprintf(text, capacity, ".inst 0x%08x", word);
	return true;
}

const struct code_machine code_arm64 = {
	.machine = EM_AARCH64,
	.pointer_bytes = 8,
	.stack_pointer = SP,
	.result = 0,
	.argument_count = 8,
	.arguments = {0, 1, 2, 3, 4, 5, 6, 7},
	.kept = 0xbff80000, /* x19 to x29, sp */
	.shortest = 4,
	.decode = arm64_decode,
	.open = arm64_open,
	.close = arm64_close,
	.format = arm64_format,
};
