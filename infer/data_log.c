/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: an array of records numbered one after the other, an array of descriptors whose
 * ids count with them, and a ring of texts in which each text stands behind its descriptor's id.
 * That is what the algorithm needs; where in the three structures it is, is learnt. A ring of fewer
 * records than RECORDS_MIN says nothing.
 */
#include "infer/data_solver.h"

#include <ctype.h>
#include <stdlib.h>

#define RING_BYTES 128u
#define RECORDS_MIN 32u
#define RECORDS_MAX 1024u
#define INFO_BYTES_MAX 256u
#define DESC_WORDS_MAX 8u
#define BITS_MIN 5u
#define BITS_MAX 25u
#define TEXT_BYTES 1024u
#define FLAG_NEWLINE 2u
#define LEVEL_SHIFT 5u
#define LEVEL_BANNER 5u   /* KERN_NOTICE */
#define FACILITY_LAST 23u /* LOG_LOCAL7 */
#define PROGRAMS_MIN 3u
#define PLACES_MAX 256u
#define TEXTS_BEFORE 1024u /* the banner */

static const char banner[] = "Linux version ";

/* Where things are; offsets in struct printk_ringbuffer, printk_info and prb_desc. */
struct log {
	unsigned char ring[RING_BYTES];
	unsigned char *infos, *descs; /* copies */
	uint32_t infos_at, info_bytes, seq;
	uint32_t descs_at, desc_bytes, state;
	uint32_t data_at, begin, next;
	uint32_t max;        /* elements that were copied */
	uint32_t count;      /* records that are looked at */
	uint32_t count_bits; /* by bit: how large the array of descriptors may be */
	uint32_t size_bits;  /* by bit: how large the ring of texts may be */
	uint64_t data;       /* the ring of texts */
	char (*texts)[TEXT_BYTES];
	uint32_t *room; /* bytes that a record's text has */
};

static uint64_t number_in(const unsigned char *bytes, uint32_t width)
{
	uint64_t value = 0;

	memcpy(&value, bytes, width);
	return value;
}

static uint64_t ring_word(const struct data_solver *solver, const struct log *log, uint32_t offset)
{
	return number_in(log->ring + offset, solver->word);
}

static uint64_t desc_word(const struct data_solver *solver, const struct log *log, uint32_t index,
			  uint32_t offset)
{
	return number_in(log->descs + (size_t)index * log->desc_bytes + offset, solver->word);
}

static const unsigned char *info_at(const struct log *log, uint32_t index)
{
	return log->infos + (size_t)index * log->info_bytes;
}

/* ---- records ---- */

/* How many of the elements from the first on count upwards. */
static uint32_t run_of(const unsigned char *bytes, uint32_t max, uint32_t stride, uint32_t width,
		       uint64_t mask)
{
	uint64_t first = number_in(bytes, width) & mask;
	uint32_t run = 1;

	while (run < max &&
	       (number_in(bytes + (size_t)run * stride, width) & mask) == ((first + run) & mask))
		run++;
	return run;
}

/* Numbers of records are 64 bits wide, and no log had 2^40. */
static uint32_t find_numbers(const unsigned char *bytes, struct log *log)
{
	for (uint32_t stride = 16; stride <= INFO_BYTES_MAX; stride += 4)
		for (uint32_t offset = 0; offset + 8 <= stride; offset += 4) {
			uint32_t run =
				number_in(bytes + offset, 8) >> 40
					? 0
					: run_of(bytes + offset, log->max, stride, 8, UINT64_MAX);

			if (run < RECORDS_MIN)
				continue;
			log->info_bytes = stride;
			log->seq = offset;
			log->count = run;
			return run;
		}
	return 0;
}

/* Copies so many elements as can be read, a power of two, of the size that they have at most. */
static bool copy_array(struct data_solver *solver, struct log *log, uint64_t at,
		       unsigned char *bytes, uint32_t element_bytes)
{
	if (!data_is_kernel(solver, at) || at % 4)
		return false;
	for (log->max = RECORDS_MAX; log->max >= 4 * RECORDS_MIN; log->max /= 2)
		if (data_read(solver, at, bytes, (size_t)log->max * element_bytes))
			return true;
	return false;
}

static bool find_infos(struct data_solver *solver, struct log *log)
{
	uint32_t found = 0;

	for (uint32_t at = 0; at < RING_BYTES; at += solver->word) {
		uint64_t infos = ring_word(solver, log, at);

		if (!copy_array(solver, log, infos, log->infos, INFO_BYTES_MAX) ||
		    !find_numbers(log->infos, log))
			continue;
		log->infos_at = at;
		found++;
	}
	return found == 1 && copy_array(solver, log, ring_word(solver, log, log->infos_at),
					log->infos, INFO_BYTES_MAX);
}

/* ---- descriptors ---- */

static uint64_t id_mask(const struct data_solver *solver)
{
	return (solver->word == 8 ? UINT64_MAX : UINT32_MAX) >> 2;
}

/* The state of a record that is there: committed or final, in the two highest bits. */
static bool is_written(const struct data_solver *solver, uint64_t state)
{
	uint64_t bits = state >> (solver->word * 8 - 2);

	return bits == 1 || bits == 2;
}

static uint32_t find_ids(const struct data_solver *solver, const unsigned char *bytes,
			 struct log *log)
{
	for (uint32_t words = 3; words <= DESC_WORDS_MAX; words++)
		for (uint32_t offset = 0; offset < words * solver->word; offset += solver->word) {
			uint32_t stride = words * solver->word, written = 0;
			uint32_t run = run_of(bytes + offset, log->max, stride, solver->word,
					      id_mask(solver));

			for (uint32_t i = 0; i < run; i++)
				written += is_written(solver,
						      number_in(bytes + (size_t)i * stride + offset,
								solver->word));
			if (written < RECORDS_MIN || written + 2 < run ||
			    number_in(bytes + offset, 4) % (1u << BITS_MIN))
				continue;
			log->desc_bytes = stride;
			log->state = offset;
			log->count = written < log->count ? written : log->count;
			return run;
		}
	return 0;
}

static bool find_descs(struct data_solver *solver, struct log *log)
{
	uint32_t size = DESC_WORDS_MAX * solver->word, found = 0;

	for (uint32_t at = 0; at < RING_BYTES; at += solver->word) {
		uint64_t descs = ring_word(solver, log, at);

		if (at == log->infos_at || descs % solver->word ||
		    !copy_array(solver, log, descs, log->descs, size) ||
		    !find_ids(solver, log->descs, log))
			continue;
		log->descs_at = at;
		found++;
	}
	return found == 1 &&
	       copy_array(solver, log, ring_word(solver, log, log->descs_at), log->descs, size);
}

static uint64_t id_of(const struct data_solver *solver, const struct log *log, uint32_t index)
{
	return desc_word(solver, log, index, log->state) & id_mask(solver);
}

/* Sizes of the array for which each id is at its own place. */
static void bound_count(const struct data_solver *solver, struct log *log)
{
	log->count_bits = 0;
	for (uint32_t bits = BITS_MIN; bits < BITS_MAX; bits++)
		if ((id_of(solver, log, 0) & (((uint64_t)1 << bits) - 1)) == 0)
			log->count_bits |= 1u << bits;
}

/* ---- texts ---- */

/* Before each text its descriptor's id stands; odd positions stand for no text. */
static bool are_begins(struct data_solver *solver, const struct log *log, uint64_t data,
		       uint32_t begin, uint32_t bits)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < log->count; i++) {
		uint64_t position = desc_word(solver, log, i, begin), id;

		if (position & 1)
			continue;
		if (position % solver->word ||
		    !data_read_word(solver, data + (position & (((uint64_t)1 << bits) - 1)), &id) ||
		    id != id_of(solver, log, i))
			return false;
		good++;
	}
	return good * 2 > log->count;
}

static uint32_t sizes_of(struct data_solver *solver, const struct log *log, uint64_t data,
			 uint32_t begin)
{
	uint32_t sizes = 0;

	for (uint32_t bits = 10; bits < 32; bits++)
		if (are_begins(solver, log, data, begin, bits))
			sizes |= 1u << bits;
	return sizes;
}

/* Where a text ends the next one begins. */
static bool are_ends(const struct data_solver *solver, const struct log *log, uint32_t next)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i + 1 < log->count; i++)
		good += desc_word(solver, log, i, next) ==
			desc_word(solver, log, i + 1, log->begin);
	return good * 10 >= (log->count - 1) * 8;
}

static bool find_next(const struct data_solver *solver, struct log *log)
{
	uint32_t found = 0;

	for (uint32_t next = 0; next < log->desc_bytes; next += solver->word)
		if (next != log->begin && next != log->state && are_ends(solver, log, next)) {
			log->next = next;
			found++;
		}
	return found == 1;
}

static bool find_data(struct data_solver *solver, struct log *log)
{
	uint32_t found = 0;

	for (uint32_t at = 0; at < RING_BYTES; at += solver->word)
		for (uint32_t begin = 0; begin < log->desc_bytes; begin += solver->word) {
			uint64_t data = ring_word(solver, log, at);
			uint32_t sizes;

			if (at == log->infos_at || at == log->descs_at || begin == log->state ||
			    !data_is_kernel(solver, data) || data % solver->word)
				continue;
			sizes = sizes_of(solver, log, data, begin);
			if (!sizes)
				continue;
			log->data_at = at;
			log->data = data;
			log->begin = begin;
			log->size_bits = sizes;
			found++;
		}
	return found == 1 && find_next(solver, log);
}

static void read_texts(struct data_solver *solver, struct log *log)
{
	uint64_t mask = ((uint64_t)1 << (31 - __builtin_clz(log->size_bits))) - 1;

	for (uint32_t i = 0; i < log->count; i++) {
		uint64_t begin = desc_word(solver, log, i, log->begin);
		uint64_t room = desc_word(solver, log, i, log->next) - begin - solver->word;

		log->room[i] = 0;
		if (begin & 1 || room > TEXT_BYTES ||
		    !data_read(solver, log->data + (begin & mask) + solver->word, log->texts[i],
			       (size_t)room))
			continue;
		log->room[i] = (uint32_t)room;
	}
}

/* ---- what the ring says ---- */

static void claim(struct data_solver *solver, const struct log *log, enum data_rule rule,
		  const char *type, const char *member, uint32_t width, uint32_t offset)
{
	data_claim(solver, rule, type, member, width, &(struct data_column){offset, log->count, 0},
		   0);
}

/* A number of bits that fits, and only one. */
static void claim_bits(struct data_solver *solver, const struct log *log, enum data_rule rule,
		       const char *member, uint32_t allowed)
{
	struct data_columns columns = {0};

	for (uint32_t at = 0; at < RING_BYTES; at += 4) {
		uint64_t bits = number_in(log->ring + at, 4);

		if (bits < 32 && allowed >> bits & 1)
			data_columns_push(&columns, &(struct data_column){at, log->count, 0});
	}
	data_claim_columns(solver, rule, "printk_ringbuffer", member, 4, &columns);
}

/* The state of the descriptor with this id; 0: another is at its place, or it cannot be read. */
static uint64_t state_of(struct data_solver *solver, const struct log *log, uint64_t id,
			 uint32_t bits)
{
	uint64_t index = id & (((uint64_t)1 << bits) - 1), state;
	uint64_t descs = ring_word(solver, log, log->descs_at);

	if (!data_read_word(solver, descs + index * log->desc_bytes + log->state, &state) ||
	    (state & id_mask(solver)) != id)
		return 0;
	return state;
}

/* Is @id the last one of the ring (@step 1), or the first? That may have lost its record. */
static bool is_end(struct data_solver *solver, const struct log *log, uint64_t id, int step,
		   uint32_t bits)
{
	uint64_t beyond = (id + (uint64_t)step) & id_mask(solver);
	uint64_t before = (id - (uint64_t)step) & id_mask(solver);
	uint64_t state = state_of(solver, log, id, bits);

	return (is_written(solver, state) || (step < 0 && state >> (solver->word * 8 - 2) == 3)) &&
	       !is_written(solver, state_of(solver, log, beyond, bits)) &&
	       is_written(solver, state_of(solver, log, before, bits));
}

static void claim_end(struct data_solver *solver, const struct log *log, const char *member,
		      int step)
{
	uint32_t bits = 31 - (uint32_t)__builtin_clz(log->count_bits);
	struct data_columns columns = {0};

	for (uint32_t at = 0; at < RING_BYTES; at += solver->word) {
		uint64_t value = ring_word(solver, log, at);

		if (value && value <= id_mask(solver) && is_end(solver, log, value, step, bits))
			data_columns_push(&columns, &(struct data_column){at, log->count, 0});
	}
	data_claim_columns(solver, DATA_RULE_log_ends, "printk_ringbuffer", member, solver->word,
			   &columns);
}

static void claim_ring(struct data_solver *solver, const struct log *log)
{
	const char *ring = "printk_ringbuffer";

	claim(solver, log, DATA_RULE_log_records, ring, "desc_ring.infos", solver->word,
	      log->infos_at);
	claim(solver, log, DATA_RULE_log_records, "printk_info", "seq", 8, log->seq);
	claim(solver, log, DATA_RULE_log_descriptors, ring, "desc_ring.descs", solver->word,
	      log->descs_at);
	claim(solver, log, DATA_RULE_log_descriptors, "prb_desc", "state_var", solver->word,
	      log->state);
	claim(solver, log, DATA_RULE_log_texts, ring, "text_data_ring.data", solver->word,
	      log->data_at);
	claim(solver, log, DATA_RULE_log_texts, "prb_desc", "text_blk_lpos.begin", solver->word,
	      log->begin);
	claim(solver, log, DATA_RULE_log_texts, "prb_desc", "text_blk_lpos.next", solver->word,
	      log->next);
	infer_claims_size(solver->claims, "prb_desc", log->desc_bytes);
	infer_claims_size(solver->claims, "printk_info", log->info_bytes);
	claim_bits(solver, log, DATA_RULE_log_descriptors, "desc_ring.count_bits", log->count_bits);
	claim_bits(solver, log, DATA_RULE_log_texts, "text_data_ring.size_bits", log->size_bits);
	if (log->count_bits) {
		claim_end(solver, log, "desc_ring.head_id", 1);
		claim_end(solver, log, "desc_ring.tail_id", -1);
	}
}

/* ---- what a record says ---- */

static bool are_times(const struct log *log, uint32_t offset)
{
	uint32_t rises = 0, falls = 0;
	uint64_t last = 0;

	for (uint32_t i = 0; i < log->count; i++) {
		uint64_t time = number_in(info_at(log, i) + offset, 8);

		if (time >> 56)
			return false;
		rises += time > last + 1000;
		falls += time < last; /* CPUs are not quite as one */
		last = time;
	}
	return rises >= RECORDS_MIN / 2 && falls * 20 <= log->count;
}

static bool is_printable(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\t' && text[i] != '\n')
			return false;
	return true;
}

/* A text has no more room than it needs, but for what is rounded up and a line's end. */
static bool are_lengths(const struct data_solver *solver, const struct log *log, uint32_t offset)
{
	uint32_t good = 0, tight = 0;

	for (uint32_t i = 0; i < log->count; i++) {
		uint64_t length = number_in(info_at(log, i) + offset, 2);

		if (log->room[i] == 0)
			continue;
		if (length > log->room[i] || !is_printable(log->texts[i], (uint32_t)length))
			return false;
		good++;
		tight += length + 2 * solver->word >= log->room[i];
	}
	return good >= RECORDS_MIN && tight * 4 >= good * 3;
}

/* The banner is a notice; all records have a level and, most of them, the end of a line. */
static bool are_levels(const struct log *log, uint32_t offset)
{
	uint32_t seen = 0, lines = 0;
	bool known = false;

	for (uint32_t i = 0; i < log->count; i++) {
		uint8_t byte = info_at(log, i)[offset];

		seen |= 1u << (byte >> LEVEL_SHIFT);
		lines += (byte & FLAG_NEWLINE) != 0;
		if (log->room[i] < sizeof(banner) ||
		    memcmp(log->texts[i], banner, sizeof(banner) - 1) != 0)
			continue;
		if (byte >> LEVEL_SHIFT != LEVEL_BANNER)
			return false;
		known = true;
	}
	return known && __builtin_popcount(seen) >= 3 && lines * 2 > log->count;
}

typedef bool record_test(const struct data_solver *solver, const struct log *log, uint32_t offset);

static bool test_times(const struct data_solver *solver, const struct log *log, uint32_t offset)
{
	(void)solver;
	return (offset >= log->seq + 8 || offset + 8 <= log->seq) && are_times(log, offset);
}

static bool test_levels(const struct data_solver *solver, const struct log *log, uint32_t offset)
{
	(void)solver;
	return are_levels(log, offset);
}

static uint32_t find_member(const struct data_solver *solver, const struct log *log, uint32_t step,
			    uint32_t width, record_test *test, struct data_columns *columns)
{
	columns->count = 0;
	for (uint32_t at = 0; at + width <= log->info_bytes; at += step)
		if (test(solver, log, at))
			data_columns_push(columns, &(struct data_column){at, log->count, 0});
	return data_columns_only(columns);
}

/* ---- the facility ---- */

/* Marks the bytes that are a part of something that not all records have alike: what is zero behind
 * may be its rest. */
static void mark_parts(const struct log *log, bool *known)
{
	bool inside = false;

	for (uint32_t at = 0; at < log->info_bytes; at++) {
		bool zero = true;

		for (uint32_t i = 0; i < log->count && zero; i++)
			zero = info_at(log, i)[at] == 0;
		inside = !known[at] && (!zero || inside);
		known[at] |= inside;
	}
}

/* Does a program that calls itself NAME[NUMBER] say so? That is how services write to the log. */
static bool is_program(const struct log *log, uint32_t record)
{
	const char *text = log->texts[record];
	uint32_t at = 0, digits = 0, room = log->room[record];

	while (at < room && (isalnum((unsigned char)text[at]) || strchr("-_.@:()", text[at])) &&
	       text[at])
		at++;
	if (at == 0 || at >= room || text[at++] != '[')
		return false;
	for (; at < room && isdigit((unsigned char)text[at]); at++)
		digits++;
	return digits && at + 1 < room && text[at] == ']' && text[at + 1] == ':';
}

/* Zero in what the kernel says, one of the facilities in what programs say; and some do. */
static bool is_facility(const struct log *log, uint32_t offset)
{
	uint32_t programs = 0, told = 0;

	for (uint32_t i = 0; i < log->count; i++) {
		uint8_t byte = info_at(log, i)[offset];
		bool program = log->room[i] && is_program(log, i);

		if (byte && (byte > FACILITY_LAST || !program))
			return false;
		programs += program;
		told += byte != 0;
	}
	return told >= PROGRAMS_MIN && told * 4 >= programs * 3;
}

static bool test_facility(const struct data_solver *solver, const struct log *log, uint32_t offset)
{
	(void)solver;
	return is_facility(log, offset);
}

/* What the kernel says is of facility 0: where no program wrote to the log, the one byte that nothing
 * else needs. */
static void solve_silent_facility(struct data_solver *solver, const struct log *log, uint32_t time,
				  uint32_t length, uint32_t level)
{
	bool known[INFO_BYTES_MAX] = {false};
	struct data_columns columns = {0};

	memset(known + log->seq, true, 8);
	memset(known + time, true, 8);
	memset(known + length, true, 2);
	known[level] = true;
	mark_parts(log, known);
	for (uint32_t at = 0; at < log->info_bytes; at++)
		if (!known[at])
			data_columns_push(&columns, &(struct data_column){at, log->count, 0});
	data_claim_columns(solver, DATA_RULE_log_facility, "printk_info", "facility", 1, &columns);
}

static void solve_record(struct data_solver *solver, const struct log *log)
{
	struct data_columns times, lengths, levels, facilities;
	uint32_t time = find_member(solver, log, 4, 8, test_times, &times);
	uint32_t length = find_member(solver, log, 2, 2, are_lengths, &lengths);
	uint32_t level = find_member(solver, log, 1, 1, test_levels, &levels);

	data_claim_columns(solver, DATA_RULE_log_times, "printk_info", "ts_nsec", 8, &times);
	data_claim_columns(solver, DATA_RULE_log_lengths, "printk_info", "text_len", 2, &lengths);
	if (level != DATA_UNKNOWN)
		data_claim_bits(solver, DATA_RULE_log_level, "printk_info", "level", LEVEL_SHIFT,
				8 - LEVEL_SHIFT, &levels.rows[0]);
	if (find_member(solver, log, 1, 1, test_facility, &facilities) != DATA_UNKNOWN)
		data_claim_columns(solver, DATA_RULE_log_facility, "printk_info", "facility", 1,
				   &facilities);
	else if (time != DATA_UNKNOWN && length != DATA_UNKNOWN && level != DATA_UNKNOWN)
		solve_silent_facility(solver, log, time, length, level);
}

/* ---- where the ring is ---- */

static bool take_ring(struct data_solver *solver, struct log *log, uint64_t ring)
{
	if (!data_is_kernel(solver, ring) || ring % solver->word ||
	    !data_read(solver, ring, log->ring, RING_BYTES) || !find_infos(solver, log) ||
	    !find_descs(solver, log))
		return false;
	bound_count(solver, log);
	return find_data(solver, log);
}

static bool begins_banner(struct data_solver *solver, uint64_t at, uint64_t value,
			  const void *context)
{
	char text[sizeof(banner) - 1];

	(void)context;
	return memcmp(&value, banner, solver->word) == 0 &&
	       data_read(solver, at, text, sizeof(text)) && memcmp(text, banner, sizeof(text)) == 0;
}

/* A word that leads to a place, or less than so many bytes before it. */
struct near {
	const uint64_t *places;
	uint32_t count, bytes;
};

static bool is_near(struct data_solver *solver, uint64_t at, uint64_t value, const void *context)
{
	const struct near *near = context;

	(void)at;
	for (uint32_t i = 0; i < near->count && value >= solver->kernel_start; i++)
		if (near->places[i] - value < near->bytes)
			return true;
	return false;
}

/* Which of the words leads to a ring: of several the last, as others lead to what lies before it. */
static uint64_t choose_ring(struct data_solver *solver, struct log *log, const uint64_t *pointers,
			    uint32_t count)
{
	uint64_t best = 0, prb = 0, ring;
	uint32_t same = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!data_read_word(solver, pointers[i], &ring) || ring < best ||
		    !take_ring(solver, log, ring))
			continue;
		same = ring == best ? same + 1 : 1;
		best = ring;
		prb = pointers[i];
	}
	return same == 1 && take_ring(solver, log, best) ? prb : 0;
}

/*
 * Without a symbol: the banner is among the first texts of a ring that has not come round. What
 * points to where they begin lies in the structure that prb points to.
 */
static bool search_ring(struct data_solver *solver, struct log *log)
{
	uint64_t texts[PLACES_MAX], members[PLACES_MAX], pointers[PLACES_MAX];
	struct near near = {texts, data_scan_image(solver, begins_banner, NULL, texts, PLACES_MAX),
			    TEXTS_BEFORE};
	uint64_t prb;
	uint32_t count;

	if (near.count == 0 || near.count > PLACES_MAX)
		return false;
	count = data_scan_image(solver, is_near, &near, members, PLACES_MAX);
	near = (struct near){members, count, RING_BYTES};
	if (count == 0 || count > PLACES_MAX)
		return false;
	count = data_scan_image(solver, is_near, &near, pointers, PLACES_MAX);
	prb = count > PLACES_MAX ? 0 : choose_ring(solver, log, pointers, count);
	if (prb)
		infer_claims_symbol(solver->claims, "prb", prb, 0);
	return prb != 0;
}

static bool find_ring(struct data_solver *solver, struct log *log)
{
	const struct infer_symbol *symbol =
		infer_symbols_named(solver->kernel->symbols, "prb", NULL);
	uint64_t ring;

	if (!symbol)
		return search_ring(solver, log);
	return data_read_word(solver, symbol->address, &ring) && take_ring(solver, log, ring);
}

void data_solve_log(struct data_solver *solver)
{
	struct log log = {.infos = malloc((size_t)RECORDS_MAX * INFO_BYTES_MAX),
			  .descs = malloc((size_t)RECORDS_MAX * DESC_WORDS_MAX * 8),
			  .texts = malloc((size_t)RECORDS_MAX * TEXT_BYTES),
			  .room = malloc(RECORDS_MAX * sizeof(uint32_t))};

	if (!log.infos || !log.descs || !log.texts || !log.room) {
		solver->no_memory = true;
	} else if (find_ring(solver, &log)) {
		read_texts(solver, &log);
		claim_ring(solver, &log);
		solve_record(solver, &log);
	}
	free(log.infos);
	free(log.descs);
	free(log.texts);
	free(log.room);
}
