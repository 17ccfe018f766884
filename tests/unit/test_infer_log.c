/* SPDX-License-Identifier: MIT */
/* The kernel's log is found by its records, whatever the order of its members; a broken one is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/data_solver.h"
#include "tests/support/object_graph.h"

#define RECORDS 60u
#define COUNT_BITS 7u
#define SIZE_BITS 14u
#define AREA (SYNTHETIC_TEXT + 0x300000)

static const char wanted[] =
	"printk_ringbuffer.desc_ring.count_bits\nprintk_ringbuffer.desc_ring.descs\n"
	"printk_ringbuffer.desc_ring.infos\nprintk_ringbuffer.desc_ring.head_id\n"
	"printk_ringbuffer.desc_ring.tail_id\nprintk_ringbuffer.text_data_ring.size_bits\n"
	"printk_ringbuffer.text_data_ring.data\nprb_desc.state_var\n"
	"prb_desc.text_blk_lpos.begin\nprb_desc.text_blk_lpos.next\nprintk_info.seq\n"
	"printk_info.ts_nsec\nprintk_info.text_len\nprintk_info.facility\nprintk_info.level\n";

#define WANTED 15u

/* Where the seed put what @wanted names, in that order; and where the objects are. */
struct log {
	uint32_t offset[WANTED];
	uint32_t caller[2], device, info_bytes, desc_bytes;
	uint64_t prb, ring, descs, infos, data;
	bool programs;
};

static uint32_t choose(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

static void shuffle(uint64_t *state, uint32_t *rows, uint32_t count)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t k = choose(state, i), swap = rows[k];

		rows[k] = rows[i - 1];
		rows[i - 1] = swap;
	}
}

static void lay_out(struct log *log, const struct graph *graph, uint64_t seed)
{
	static const uint32_t widths[] = {8, 8, 4, 4, 4, 32}; /* the third has three members */
	uint32_t slots[8] = {0, 1, 2, 3, 4, 5, 6, 7}, order[6] = {0, 1, 2, 3, 4, 5};
	uint32_t words[3] = {0, 1, 2}, place[6], at = 0;
	uint64_t state = seed;

	shuffle(&state, slots, 8);
	for (uint32_t i = 0; i < 7; i++)
		log->offset[i] = slots[i] * 8;
	shuffle(&state, words, 3);
	for (uint32_t i = 0; i < 3; i++)
		log->offset[7 + i] = words[i] * 8;
	shuffle(&state, order, 5); /* texts come last, as they are followed by zero bytes */
	for (uint32_t i = 0; i < 6; i++) {
		place[order[i]] = at;
		at += widths[order[i]];
	}
	log->offset[10] = place[0];
	log->offset[11] = place[1];
	log->offset[12] = place[2];
	log->offset[13] = place[2] + 2;
	log->offset[14] = place[2] + 3;
	log->caller[0] = place[3];
	log->caller[1] = place[4];
	log->device = place[5];
	log->info_bytes = (at + 7) & ~7u;
	log->desc_bytes = 24;
	log->prb = AREA + graph->guest.slide;
	log->ring = log->prb + 0x1000;
	log->descs = log->prb + 0x2000;
	log->infos = log->prb + 0x10000;
	log->data = log->prb + 0x30000;
	log->programs = seed % 2;
}

static uint64_t id_of(uint32_t record)
{
	return (((uint64_t)0 - (1u << COUNT_BITS)) + record) & (UINT64_MAX >> 2);
}

/* Some guests have programs that write to the log, all of one facility but the kernel's. */
static bool is_program(const struct log *log, uint32_t record)
{
	return log->programs && record > 20 && record % 6 == 0;
}

static void put_record(struct graph *graph, const struct log *log, uint32_t i, uint64_t *position)
{
	uint64_t desc = log->descs + i * log->desc_bytes, info = log->infos + i * log->info_bytes;
	uint64_t text = log->data + (*position & ((1u << SIZE_BITS) - 1)), begin = *position;
	char words[64];
	uint32_t length;

	if (i == 1)
		snprintf(words, sizeof(words), "Linux version 9.8.7-test #1");
	else if (is_program(log, i))
		snprintf(words, sizeof(words), "service-%u[%u]: started", i % 7, i);
	else
		snprintf(words, sizeof(words), "record %u of the log, %.*s", i, (int)(i % 13),
			 "and some more");
	length = (uint32_t)strlen(words);
	*position += 8 + ((length + 7) & ~7u);
	graph_put(graph, text, id_of(i), 8);
	for (uint32_t k = 0; k < length; k++)
		graph_put(graph, text + 8 + k, (unsigned char)words[k], 1);
	graph_put(graph, desc + log->offset[7], id_of(i) | (uint64_t)(i % 5 ? 2 : 1) << 62, 8);
	graph_put(graph, desc + log->offset[8], begin, 8);
	graph_put(graph, desc + log->offset[9], *position, 8);
	graph_put(graph, info + log->offset[10], i, 8);
	graph_put(graph, info + log->offset[11], i < 8 ? 0 : i * 1000003u, 8);
	graph_put(graph, info + log->offset[12], length, 2);
	graph_put(graph, info + log->offset[13], is_program(log, i) ? 3 : 0, 1);
	graph_put(graph, info + log->offset[14], (i == 1 ? 5u : 3 + i % 4) << 5 | 2, 1);
	graph_put(graph, info + log->caller[0], 0x81000001u + i % 3, 4);
	graph_put(graph, info + log->caller[1], 0x82000001u + i % 5, 4);
	graph_put(graph, info + log->device, i % 4 ? 0 : 'a' + i % 7, 1);
}

static void put_log(struct graph *graph, const struct log *log)
{
	uint64_t position = (uint64_t)0 - (1u << SIZE_BITS);
	const uint64_t values[] = {COUNT_BITS,   log->descs, log->infos, id_of(RECORDS - 1),
				   id_of(0) - 1, SIZE_BITS,  log->data};

	graph_put(graph, log->prb, log->ring, 8);
	for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		graph_put(graph, log->ring + log->offset[i], values[i], 8);
	for (uint32_t i = 0; i < RECORDS; i++)
		put_record(graph, log, i, &position);
	/* The last descriptor of the array is as it was made: it can be used. */
	graph_put(graph, log->descs + ((1u << COUNT_BITS) - 1) * log->desc_bytes + log->offset[7],
		  (id_of(0) - 1) | (uint64_t)3 << 62, 8);
}

struct outcome {
	struct infer_fields fields;
	struct infer_claims *claims;
};

static void learn(struct graph *graph, struct outcome *outcome)
{
	assert_int_equal(
		infer_fields_parse(&outcome->fields, wanted, strlen(wanted), "wanted", NULL),
		GAP_OK);
	assert_int_equal(outcome->fields.count, WANTED);
	assert_int_equal(infer_claims_create(&outcome->claims), GAP_OK);
	assert_int_equal(
		infer_data_evidence(&graph->kernel, &outcome->fields, outcome->claims, NULL),
		GAP_OK);
}

static void forget(struct outcome *outcome)
{
	infer_claims_destroy(outcome->claims);
	infer_fields_deinit(&outcome->fields);
}

static void check_claims(const struct outcome *outcome, const struct log *log, uint64_t seed)
{
	for (uint32_t field = 0; field < WANTED; field++) {
		uint32_t bits = log->offset[field] * 8 + (field == WANTED - 1 ? 5 : 0), right = 0;

		for (uint32_t i = 0; i < infer_claims_count(outcome->claims); i++) {
			const struct infer_claim *claim = infer_claims_at(outcome->claims, i);

			if (claim->field == field && claim->offset_bits != bits)
				fail_msg("seed %llu: %s is claimed at bit %u, not %u",
					 (unsigned long long)seed, outcome->fields.rows[field].line,
					 claim->offset_bits, bits);
			right += claim->field == field;
		}
		if (!right)
			fail_msg("seed %llu: %s is not found", (unsigned long long)seed,
				 outcome->fields.rows[field].line);
	}
}

/* Others may be found as well: the graph has more than a log. */
static void check_symbol(const struct outcome *outcome, uint64_t prb)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < infer_claims_symbol_count(outcome->claims); i++) {
		const struct infer_found_symbol *symbol =
			infer_claims_symbol_at(outcome->claims, i);

		if (strcmp(symbol->name, "prb") != 0)
			continue;
		assert_int_equal(symbol->address, prb);
		found++;
	}
	assert_int_equal(found, 1);
}

static void every_order_is_found(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct outcome outcome;
		struct graph graph;
		struct log log;

		graph_init(&graph, &(struct graph_options){.seed = seed, .quiet = 1});
		lay_out(&log, &graph, seed);
		put_log(&graph, &log);
		learn(&graph, &outcome);
		check_claims(&outcome, &log, seed);
		assert_int_equal(infer_claims_size_of(outcome.claims, "prb_desc"), log.desc_bytes);
		assert_int_equal(infer_claims_size_of(outcome.claims, "printk_info"),
				 log.info_bytes);
		check_symbol(&outcome, log.prb);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

/* A program that says what it is of no known facility, or a kernel that says what only programs do:
 * the byte is none. */
static void a_strange_facility_says_nothing(void **state)
{
	static const struct {
		uint32_t record;
		uint8_t value;
	} bent[] = {{24, 24}, {25, 3}, {1, 3}};

	(void)state;
	for (size_t k = 0; k < sizeof(bent) / sizeof(bent[0]); k++) {
		struct outcome outcome;
		struct graph graph;
		struct log log;

		graph_init(&graph, &(struct graph_options){.seed = 5, .quiet = 1});
		lay_out(&log, &graph, 5);
		put_log(&graph, &log);
		graph_put(&graph, log.infos + bent[k].record * log.info_bytes + log.offset[13],
			  bent[k].value, 1);
		learn(&graph, &outcome);
		for (uint32_t i = 0; i < infer_claims_count(outcome.claims); i++)
			assert_int_not_equal(infer_claims_at(outcome.claims, i)->field, 13);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

/* What is not as the algorithm has it is no log: nothing is said, of any member. */
static void a_broken_log_says_nothing(void **state)
{
	(void)state;
	for (int broken = 0; broken < 4; broken++) {
		struct outcome outcome;
		struct graph graph;
		struct log log;

		graph_init(&graph, &(struct graph_options){.seed = 3, .quiet = 1});
		lay_out(&log, &graph, 3);
		put_log(&graph, &log);
		for (uint32_t i = 4; i < RECORDS; i += 9) {
			if (broken == 0) /* records without numbers */
				graph_put(&graph, log.infos + i * log.info_bytes + log.offset[10],
					  7, 8);
			else if (broken == 1) /* ids of others */
				graph_put(&graph, log.descs + i * log.desc_bytes + log.offset[7],
					  id_of(1), 8);
			else if (broken == 2) /* texts elsewhere */
				graph_put(&graph, log.descs + i * log.desc_bytes + log.offset[8],
					  64 * i, 8);
			else /* a pointer to nowhere */
				graph_put(&graph, log.ring + log.offset[2], 0xffff880000000000u, 8);
		}
		learn(&graph, &outcome);
		assert_int_equal(infer_claims_count(outcome.claims), 0);
		forget(&outcome);
		graph_deinit(&graph);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_is_found),
		cmocka_unit_test(a_strange_facility_says_nothing),
		cmocka_unit_test(a_broken_log_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
