/* SPDX-License-Identifier: MIT */
/*
 * Finding and decoding the kernel's symbol table by its structure.
 *
 * A name is a length (one byte, or two when bit 7 of the first is set) and as many bytes, each standing for one of 256
 * tokens; the first character that comes out is the symbol's type. Beside the names lie the tokens, an index of where
 * each begins, and markers: where every 256th name begins. Around these stand the number of symbols and their
 * addresses. No two kernels need agree on more, so the search goes by what must hold in any of them:
 *
 *   tokens   a character that names use stands for itself: ten digits in a row, and an exact index behind them
 *   markers  0, then rising, in front of the tokens (with, in some kernels, the order of the names between them)
 *   names    begin behind their number, agree with every marker, and end where the markers begin
 *   addresses  in front of the number or behind the token index; rising, in one of four encodings
 *
 * Nothing asks for a version: stable branches take over layouts of later ones.
 */
#include <string.h>

#include "profile/kallsyms.h"

#define TOKENS 256
#define TOKENS_BYTES_MAX 65536
#define NAMES_PER_MARKER 256
#define PADDING_MAX 7
#define NAME_ENTRY_BYTES_MAX 514 /* KSYM_NAME_LEN is 512 since 6.1 */
#define NAME_ENTRY_BYTES_MIN 2
#define NAME_CHARACTERS_MAX 1023
#define SYMBOLS_MAX (1u << 22)
/* What a search may cost in looked-at words and names, so that imitations cannot keep us for ever. */
#define WORK_BYTES_PER_BYTE 8
#define WORK_MIN (1u << 26)

/* A table in the finding. */
struct table {
	const struct gap_kallsyms_input *input;
	const uint8_t *bytes;
	uint64_t size_bytes;
	uint64_t tokens, token_index, tables_end; /* the end of the token index */
	uint64_t markers, markers_end;
	uint8_t marker_bytes;
	uint32_t marker_count;
	uint64_t number, names, names_end; /* @number: where the number of symbols stands */
	uint32_t count;
	bool sequences_between; /* the order of the names lies between markers and tokens */
	uint64_t *work;         /* what is left of it */
};

static uint16_t load16(const uint8_t *bytes, uint64_t at)
{
	uint16_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static uint32_t load32(const uint8_t *bytes, uint64_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static uint64_t load(const uint8_t *bytes, uint64_t at, uint8_t width)
{
	uint64_t value = 0;

	memcpy(&value, bytes + at, width);
	return value;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Whether from @at to @end there is nothing but the zeros that align what follows. */
static bool is_padding(const struct table *table, uint64_t at, uint64_t end)
{
	if (at > end || end - at > PADDING_MAX)
		return false;
	for (; at < end; at++)
		if (table->bytes[at])
			return false;
	return true;
}

static bool spend(const struct table *table, uint64_t amount)
{
	if (*table->work < amount) {
		*table->work = 0;
		return false;
	}
	*table->work -= amount;
	return true;
}

/* ---- tokens ---- */

static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

/* The end of token 255, walking from the digit 0; 0 when there is none. */
static uint64_t end_of_tokens(const struct table *table, uint64_t zero_digit)
{
	uint64_t end = zero_digit + TOKENS_BYTES_MAX;
	uint64_t at = zero_digit;

	if (end > table->size_bytes)
		end = table->size_bytes;
	for (unsigned token = '0'; token < TOKENS; token++) {
		const uint8_t *zero = memchr(table->bytes + at, 0, end - at);

		if (!zero)
			return 0;
		at = (uint64_t)(zero - table->bytes) + 1;
	}
	return at;
}

static uint16_t index_entry(const struct table *table, uint64_t index, unsigned token, bool swapped)
{
	uint16_t value = load16(table->bytes, index + 2 * (uint64_t)token);

	return swapped ? (uint16_t)(value << 8 | value >> 8) : value;
}

/* Whether @index says where each token begins; sets where the first does. */
static bool index_fits(struct table *table, uint64_t zero_digit, uint64_t index, bool swapped)
{
	uint64_t start = index_entry(table, index, '0', swapped);

	if (start > zero_digit || index_entry(table, index, 0, swapped) != 0)
		return false;
	start = zero_digit - start;
	for (unsigned token = 0; token < TOKENS; token++) {
		uint64_t at = start + index_entry(table, index, token, swapped);
		uint64_t next = token + 1 < TOKENS
					? start + index_entry(table, index, token + 1, swapped)
					: 0;
		const uint8_t *zero = at < index ? memchr(table->bytes + at, 0, index - at) : NULL;

		if (!zero || (next && zero + 1 != table->bytes + next))
			return false;
	}
	table->tokens = start;
	table->token_index = index;
	table->tables_end = index + 2 * TOKENS;
	return true;
}

/* Tokens around the digits at @zero_digit, and their index. */
static bool find_token_index(struct table *table, uint64_t zero_digit, bool *big_endian)
{
	uint64_t end = end_of_tokens(table, zero_digit);

	for (uint64_t index = end; end && index <= end + PADDING_MAX; index++) {
		if (index + 2 * TOKENS > table->size_bytes || !is_padding(table, end, index))
			return false;
		if (index_fits(table, zero_digit, index, false))
			return true;
		if (index_fits(table, zero_digit, index, true)) {
			*big_endian = true;
			return false;
		}
	}
	return false;
}

/* ---- names and their markers ---- */

static uint64_t marker(const struct table *table, uint32_t number)
{
	return load(table->bytes, table->markers + (uint64_t)number * table->marker_bytes,
		    table->marker_bytes);
}

/* How many markers may stand at table->markers. */
static uint32_t count_markers(const struct table *table)
{
	uint64_t room = (table->tokens - table->markers) / table->marker_bytes;
	uint64_t before = 0;
	uint32_t count = 1;

	while (count < room && count < SYMBOLS_MAX / NAMES_PER_MARKER) {
		uint64_t value = marker(table, count);

		if (value < before + NAMES_PER_MARKER * NAME_ENTRY_BYTES_MIN ||
		    value > before + NAMES_PER_MARKER * NAME_ENTRY_BYTES_MAX)
			break;
		before = value;
		count++;
	}
	return count;
}

/* Length of the name entry at @at with what it takes to say it; 0 when it is cut. */
static uint64_t entry_bytes(const struct table *table, uint64_t at, uint64_t end)
{
	uint64_t length;

	if (at >= end)
		return 0;
	length = table->bytes[at];
	if (length & 0x80) {
		if (at + 1 >= end)
			return 0;
		return 2 + ((length & 0x7f) | (uint64_t)table->bytes[at + 1] << 7);
	}
	return length ? 1 + length : 0;
}

/* The strongest test: as many names as the number says agree with every marker, and end at the markers. */
static bool names_fit(struct table *table)
{
	uint64_t at = table->names;

	for (uint32_t i = 0; i < table->count; i++) {
		uint64_t entry = entry_bytes(table, at, table->markers);

		if (i % NAMES_PER_MARKER == 0 &&
		    (at - table->names != marker(table, i / NAMES_PER_MARKER) ||
		     !spend(table, NAMES_PER_MARKER)))
			return false;
		if (entry == 0 || entry > table->markers - at)
			return false;
		at += entry;
	}
	table->names_end = at;
	return is_padding(table, at, table->markers);
}

/* Whether the order of the names, a number of three or four bytes for each, fills what is between @at and @end, each end
 * padded. */
static bool sequences_fill(const struct table *table, uint64_t at, uint64_t end)
{
	uint64_t padded = at + (end - at) % 8; /* aligned as the tokens are */

	for (uint64_t each = 3; each <= 4; each++) {
		uint64_t size = each * table->count;

		if (at + size <= end && is_padding(table, at + size, end))
			return true;
		if (padded + size <= end && is_padding(table, at, padded) &&
		    is_padding(table, padded + size, end))
			return true;
	}
	return false;
}

/* The number of symbols stands in front of their names: as a pointer (aligned to it), or in four bytes. */
static bool find_names_behind(struct table *table, uint64_t names)
{
	static const uint8_t widths[] = {8, 4};

	for (size_t i = 0; i < sizeof(widths); i++) {
		uint64_t count = load(table->bytes, names - widths[i], widths[i]);

		if (count > SYMBOLS_MAX ||
		    (count + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER != table->marker_count)
			continue;
		table->count = (uint32_t)count;
		table->number = names - widths[i];
		table->names = names;
		if (names_fit(table))
			return true;
	}
	return false;
}

/* Names end at the markers, and the last marker tells how long they are but for the last 256. */
static bool find_names(struct table *table)
{
	uint64_t last = marker(table, table->marker_count - 1);
	uint64_t span = last + NAMES_PER_MARKER * NAME_ENTRY_BYTES_MAX + PADDING_MAX;
	uint64_t first = table->markers > span + 8 ? table->markers - span : 8;

	if (table->markers < last + 8)
		return false;
	first += (table->markers - first) % 4;
	for (uint64_t names = first; names + last < table->markers; names += 4)
		if (find_names_behind(table, names))
			return true;
	return spend(table, (table->markers - last - first) / 4) && false;
}

/* Everything between the numbers and the tokens, if the markers begin at @at and are of this width. */
static bool markers_fit(struct table *table, uint64_t at, uint8_t width)
{
	uint32_t most;

	table->markers = at;
	table->marker_bytes = width;
	most = count_markers(table);
	/* What follows the markers may by chance continue them. */
	for (uint32_t count = most; count >= 2 && count + 1 >= most; count--) {
		table->marker_count = count;
		table->markers_end = at + (uint64_t)count * width;
		if (!find_names(table))
			continue;
		if (is_padding(table, table->markers_end, table->tokens)) {
			table->sequences_between = false;
			return true;
		}
		table->sequences_between = true;
		if (sequences_fill(table, table->markers_end, table->tokens))
			return true;
	}
	return false;
}

/* Markers begin with a zero; each zero in front of the tokens is tried, the nearest first. */
static bool find_markers(struct table *table)
{
	uint64_t most = 4ull * SYMBOLS_MAX, at = table->tokens;
	uint64_t lowest = at > most ? at - most : 8;

	for (; at >= lowest + 8; at -= 4) {
		uint64_t here = at - 8;

		if (load32(table->bytes, here) != 0)
			continue;
		if (markers_fit(table, here, 4))
			return spend(table, table->tokens - at);
		if (table->input->pointer_bytes != 4 && load32(table->bytes, here + 4) == 0 &&
		    here + 8 < table->tokens && markers_fit(table, here, 8))
			return spend(table, table->tokens - at);
		if (*table->work == 0)
			return false;
	}
	return spend(table, table->tokens - at) && false;
}

/* ---- addresses ---- */

static uint64_t address_mask(uint8_t pointer_bytes)
{
	return pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
}

static uint64_t address_at(const struct gap_kallsyms_input *input,
			   const struct gap_kallsyms_found *found, uint32_t number)
{
	uint64_t place = found->addresses_offset + 4 * (uint64_t)number, value;
	uint32_t distance;

	if (found->addressing == GAP_KALLSYMS_ABSOLUTE)
		return load(input->bytes,
			    found->addresses_offset + (uint64_t)number * found->pointer_bytes,
			    found->pointer_bytes);
	distance = load32(input->bytes, place);
	if (found->addressing == GAP_KALLSYMS_BASE)
		value = found->base + distance;
	else if (found->addressing == GAP_KALLSYMS_PLACE)
		value = (input->address_known ? input->address : 0) + place +
			(uint64_t)(int64_t)(int32_t)distance;
	else if ((int32_t)distance >= 0)
		value = distance;
	else
		value = found->base - 1 - (uint64_t)(int64_t)(int32_t)distance;
	return value & address_mask(found->pointer_bytes);
}

/* Counted from bytes[0], places in front of it are negative: the order is that of the distance to the first place. */
static uint64_t sort_key(const struct gap_kallsyms_input *input,
			 const struct gap_kallsyms_found *found, uint32_t number)
{
	uint64_t address = address_at(input, found, number);

	if (found->addressing == GAP_KALLSYMS_PLACE && !input->address_known)
		address ^= (address_mask(found->pointer_bytes) >> 1) + 1;
	return address;
}

/* Binary search needs rising addresses; a table that is read wrongly falls all the time. */
static bool is_in_order(const struct gap_kallsyms_input *input, struct gap_kallsyms_found *found)
{
	uint64_t first = sort_key(input, found, 0), before = first;

	found->disorder = 0;
	for (uint32_t i = 1; i < found->count; i++) {
		uint64_t address = sort_key(input, found, i);

		found->disorder += address < before;
		before = address;
	}
	return before > first && found->disorder <= found->count / 256;
}

/* The base is the lowest address that hangs on it (record_relative_base): its distance is 0, the next ones are near. */
static bool base_is_lowest(const struct gap_kallsyms_input *input,
			   const struct gap_kallsyms_found *found)
{
	uint64_t first = found->addresses_offset;
	uint32_t second = load32(input->bytes, first + 4);
	uint32_t last = load32(input->bytes, first + 4 * ((uint64_t)found->count - 1));

	if (found->addressing == GAP_KALLSYMS_BASE)
		return load32(input->bytes, first) == 0 && second <= last / 2 &&
		       last <= address_mask(found->pointer_bytes) - found->base;
	for (uint32_t i = 0; i < found->count; i++) {
		uint32_t distance = load32(input->bytes, first + 4 * (uint64_t)i);

		if ((int32_t)distance < 0)
			return distance == UINT32_MAX;
	}
	return false;
}

/* A list of all numbers below the count, three bytes each, the high one first. */
static bool is_sequence_list(const struct table *table, uint64_t at)
{
	uint64_t sum = 0;

	if (at > table->size_bytes || table->size_bytes - at < 3 * (uint64_t)table->count)
		return false;
	for (uint32_t i = 0; i < table->count; i++, at += 3) {
		uint32_t number = (uint32_t)table->bytes[at] << 16 |
				  (uint32_t)table->bytes[at + 1] << 8 | table->bytes[at + 2];

		if (number >= table->count)
			return false;
		sum += number;
	}
	return sum == (uint64_t)table->count * (table->count - 1) / 2;
}

/* An arrangement of the addresses: how they are encoded, and on which side of the names they lie. */
struct arrangement {
	enum gap_kallsyms_addressing addressing;
	bool behind; /* the token index (6.4 and later), else in front of the number of symbols */
	const char *layout;
};

static const struct arrangement arrangements[] = {
	{GAP_KALLSYMS_BASE_PERCPU, true,
	 "distances from a base but for per-CPU symbols, behind the tokens (6.4 on)"},
	{GAP_KALLSYMS_BASE, true, "distances from a base, behind the tokens (6.4 on)"},
	{GAP_KALLSYMS_ABSOLUTE, true, "addresses, behind the tokens (6.4 on)"},
	{GAP_KALLSYMS_PLACE, true, "distances from their own place, behind the tokens (7.0 on)"},
	{GAP_KALLSYMS_BASE_PERCPU, false,
	 "distances from a base but for per-CPU symbols, before the names (4.6 on)"},
	{GAP_KALLSYMS_BASE, false, "distances from a base, before the names (4.6 on)"},
	{GAP_KALLSYMS_ABSOLUTE, false, "addresses, before the names (2.6.10 on)"},
};

static uint64_t entries_bytes(const struct table *table, const struct gap_kallsyms_found *found)
{
	uint64_t each = found->addressing == GAP_KALLSYMS_ABSOLUTE ? found->pointer_bytes : 4;

	return each * table->count;
}

static bool has_base(const struct gap_kallsyms_found *found)
{
	return found->addressing == GAP_KALLSYMS_BASE ||
	       found->addressing == GAP_KALLSYMS_BASE_PERCPU;
}

/* Places of the addresses and their base behind the token index; the order of the names must follow. */
static bool place_behind(const struct table *table, struct gap_kallsyms_found *found)
{
	uint64_t end = table->tables_end + entries_bytes(table, found);

	found->addresses_offset = table->tables_end;
	if (has_base(found)) {
		/* Aligned in memory as the tokens are, wherever the span begins. */
		found->base_offset =
			table->tokens + round_up(end - table->tokens, found->pointer_bytes);
		end = found->base_offset + found->pointer_bytes;
	}
	return !table->sequences_between && end <= table->size_bytes &&
	       is_sequence_list(table, end);
}

static bool place_before(const struct table *table, struct gap_kallsyms_found *found)
{
	uint64_t end = table->number, size = entries_bytes(table, found);

	if (has_base(found)) {
		if (end < found->pointer_bytes)
			return false;
		end -= found->pointer_bytes;
		found->base_offset = end;
		size = round_up(size, found->pointer_bytes);
	}
	if (size > end)
		return false;
	found->addresses_offset = end - size;
	return true;
}

static bool arrangement_fits(const struct table *table, const struct arrangement *arrangement,
			     uint8_t pointer_bytes, struct gap_kallsyms_found *found)
{
	struct gap_kallsyms_found tried = {
		.count = table->count,
		.names_offset = table->names,
		.names_bytes = table->names_end - table->names,
		.markers_offset = table->markers,
		.tokens_offset = table->tokens,
		.token_index_offset = table->token_index,
		.pointer_bytes = pointer_bytes,
		.addressing = arrangement->addressing,
		.layout = arrangement->layout,
	};

	if (!spend(table, table->count))
		return false;
	if (!(arrangement->behind ? place_behind(table, &tried) : place_before(table, &tried)))
		return false;
	if (has_base(&tried)) {
		tried.base = load(table->bytes, tried.base_offset, pointer_bytes);
		if (!base_is_lowest(table->input, &tried))
			return false;
	}
	if (!is_in_order(table->input, &tried))
		return false;
	*found = tried;
	return true;
}

/* Whether a table of these markers may be one of pointers this wide. */
static bool width_fits(const struct table *table, uint8_t pointer_bytes)
{
	uint8_t asked = table->input->pointer_bytes;

	return (asked == 0 || asked == pointer_bytes) && table->marker_bytes <= pointer_bytes;
}

/*
 * The arrangement that leaves the least disorder. Equal ones: the earlier. (In 32 bits distances from their own place
 * read as addresses fall at every second name of one thing, while addresses read as such distances rise.)
 */
static bool find_addresses(const struct table *table, struct gap_kallsyms_found *found)
{
	static const uint8_t widths[] = {8, 4};
	const size_t tries = 2 * sizeof(arrangements) / sizeof(arrangements[0]);
	struct gap_kallsyms_found tried = {0};
	bool any = false;

	for (size_t i = 0; i < tries; i++) {
		uint8_t width = widths[i % 2];

		if (!width_fits(table, width) ||
		    !arrangement_fits(table, &arrangements[i / 2], width, &tried) ||
		    (any && tried.disorder >= found->disorder))
			continue;
		*found = tried;
		any = true;
	}
	return any;
}

/* ---- decoding ---- */

#define SHORT_TOKEN_BYTES 16

struct tokens {
	const uint8_t *text[TOKENS];
	uint32_t length[TOKENS];
	uint8_t copy[TOKENS][SHORT_TOKEN_BYTES]; /* of short ones, to be copied in one go */
};

static void load_tokens(const struct gap_kallsyms_input *input,
			const struct gap_kallsyms_found *found, struct tokens *tokens)
{
	for (unsigned i = 0; i < TOKENS; i++) {
		tokens->text[i] = input->bytes + found->tokens_offset +
				  load16(input->bytes, found->token_index_offset + 2 * i);
		tokens->length[i] = (uint32_t)strlen((const char *)tokens->text[i]);
		memset(tokens->copy[i], 0, SHORT_TOKEN_BYTES);
		if (tokens->length[i] <= SHORT_TOKEN_BYTES)
			memcpy(tokens->copy[i], tokens->text[i], tokens->length[i]);
	}
}

/* Writes type and name; 0 when they are longer than any kernel's. */
static size_t decode_name(const struct tokens *tokens, const uint8_t *entry, size_t entry_length,
			  char text[NAME_CHARACTERS_MAX + 1 + SHORT_TOKEN_BYTES])
{
	size_t length = 0;

	for (size_t i = 0; i < entry_length; i++) {
		uint32_t bytes = tokens->length[entry[i]];

		if (length + bytes > NAME_CHARACTERS_MAX)
			return 0;
		if (bytes <= SHORT_TOKEN_BYTES)
			memcpy(text + length, tokens->copy[entry[i]], SHORT_TOKEN_BYTES);
		else
			memcpy(text + length, tokens->text[entry[i]], bytes);
		length += bytes;
	}
	text[length] = '\0';
	return length;
}

enum gap_status gap_kallsyms_each(const struct gap_kallsyms_input *input,
				  const struct gap_kallsyms_found *found, gap_kallsyms_visit *visit,
				  void *context, struct gap_error *error)
{
	const uint8_t *at = input->bytes + found->names_offset;
	char text[NAME_CHARACTERS_MAX + 1 + SHORT_TOKEN_BYTES];
	struct tokens tokens;

	load_tokens(input, found, &tokens);
	for (uint32_t i = 0; i < found->count; i++) {
		size_t entry = *at++, length;

		if (entry & 0x80)
			entry = (entry & 0x7f) | (size_t)*at++ << 7;
		length = decode_name(&tokens, at, entry, text);
		if (length < 2)
			return gap_fail(
				error, GAP_CORRUPT,
				"kernel symbol %u of %u has a name that no kernel could hold", i,
				found->count);
		if (!visit(context, text + 1, length - 1, text[0], address_at(input, found, i)))
			return gap_fail(error, GAP_CANCELLED, "ended by the visitor");
		at += entry;
	}
	return GAP_OK;
}

/* ---- the search ---- */

struct banner_search {
	uint64_t address;
	bool seen;
};

static bool look_for_banner(void *context, const char *name, size_t length, char type,
			    uint64_t address)
{
	struct banner_search *search = context;

	(void)type;
	if (length != 12 || memcmp(name, "linux_banner", 12) != 0)
		return true;
	search->address = address;
	search->seen = true;
	return false;
}

/* Where linux_banner is in the span, a banner must be there. False: a name cannot be decoded. */
static bool check_banner(const struct gap_kallsyms_input *input, struct gap_kallsyms_found *found)
{
	static const char prefix[] = "Linux version ";
	struct banner_search search = {0, false};
	enum gap_status status = gap_kallsyms_each(input, found, look_for_banner, &search, NULL);
	uint64_t offset = search.address - input->address;

	found->banner_checked = found->banner_agrees = false;
	if (status == GAP_CORRUPT)
		return false;
	if (!search.seen || !input->address_known || offset >= input->size_bytes ||
	    input->size_bytes - offset < sizeof(prefix))
		return true;
	found->banner_checked = true;
	found->banner_agrees = memcmp(input->bytes + offset, prefix, sizeof(prefix) - 1) == 0;
	return true;
}

/* What a search has seen: for the words when it finds nothing. */
struct search {
	uint64_t work;
	uint64_t token_tables; /* 1 + offset of the last whose surroundings did not fit */
	bool big_endian;
};

static bool table_at(const struct gap_kallsyms_input *input, uint64_t digit, struct search *search,
		     struct gap_kallsyms_found *found)
{
	struct table table = {.input = input,
			      .bytes = input->bytes,
			      .size_bytes = input->size_bytes,
			      .work = &search->work};

	if (!find_token_index(&table, digit, &search->big_endian))
		return false;
	if (find_markers(&table) && find_addresses(&table, found) && check_banner(input, found))
		return true;
	search->token_tables = 1 + table.tokens;
	return false;
}

/* The next table from *@position on, which moves behind it. */
static bool search_from(const struct gap_kallsyms_input *input, uint64_t *position,
			struct search *search, struct gap_kallsyms_found *found)
{
	while (*position < input->size_bytes && search->work > 0) {
		const uint8_t *digit =
			memmem(input->bytes + *position, input->size_bytes - *position, digits,
			       sizeof(digits));

		if (!digit) {
			*position = input->size_bytes;
			return false;
		}
		*position = (uint64_t)(digit - input->bytes) + 1;
		if (table_at(input, *position - 1, search, found))
			return true;
	}
	return false;
}

static struct search begin_search(const struct gap_kallsyms_input *input)
{
	return (struct search){.work = WORK_MIN +
				       (uint64_t)input->size_bytes * WORK_BYTES_PER_BYTE};
}

static enum gap_status say_nothing_found(const struct search *search, struct gap_error *error)
{
	if (search->work == 0)
		return gap_fail(error, GAP_PARTIAL,
				"too many imitations of a kernel symbol table: the search was "
				"given up");
	if (search->token_tables)
		return gap_fail(error, GAP_CORRUPT,
				"the tokens of a kernel symbol table are at offset 0x%llx, but "
				"the names, markers or addresses around them do not fit together",
				(unsigned long long)search->token_tables - 1);
	if (search->big_endian)
		return gap_fail(error, GAP_UNSUPPORTED,
				"a big-endian kernel symbol table; semgap reads little-endian "
				"kernels only");
	return gap_fail(error, GAP_NOT_FOUND,
			"no kernel symbol table (built without CONFIG_KALLSYMS?)");
}

enum gap_status gap_kallsyms_next(const struct gap_kallsyms_input *input, uint64_t *position,
				  struct gap_kallsyms_found *found, struct gap_error *error)
{
	struct search search = begin_search(input);
	uint64_t at = *position;

	if (!search_from(input, &at, &search, found))
		return say_nothing_found(&search, error);
	*position = at;
	return GAP_OK;
}

enum gap_status gap_kallsyms_find(const struct gap_kallsyms_input *input,
				  struct gap_kallsyms_found *found, struct gap_error *error)
{
	struct search search = begin_search(input);
	struct gap_kallsyms_found best = {0}, each = {0};
	uint32_t candidates = 0;
	uint64_t at = 0;

	while (search_from(input, &at, &search, &each)) {
		bool better = best.banner_checked && !best.banner_agrees &&
			      (!each.banner_checked || each.banner_agrees);

		if (candidates++ == 0 || better)
			best = each;
	}
	if (candidates == 0)
		return say_nothing_found(&search, error);
	*found = best;
	found->candidates = candidates;
	return GAP_OK;
}
