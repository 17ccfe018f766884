/* SPDX-License-Identifier: MIT */
/*
 * What the macros of monitor.h are made of: a monitor, reads through its table, and the steps of a
 * path. Nothing here is for a monitor's author. A step is one declaration in a statement expression, so
 * that its cost and its text grow with the path's length and not with its square.
 */
#ifndef SEMGAP_MONITOR_STEPS_H
#define SEMGAP_MONITOR_STEPS_H

#include "guest.h"
#include "hot.h"
#include "plan.h"
#include "walks.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A monitor of one guest. @guest, @failures and @status are for reading. */
struct gap_monitor {
	struct gap_guest *guest;
	const struct gap_plan *plan;
	uint64_t failures; /* reads that failed since gap_monitor_begin() */
	enum gap_status status;
	uint8_t pointer_bytes;
	struct gap_error error; /* of the first of them */
#ifndef __cplusplus             /* which has no such members; monitors are written in C */
	struct gap_slot slots[];
#endif
};

/**
 * Binds what the generated header names to the guest's kernel: GAP_PLAN is its name for that. The
 * guest must outlive the monitor. All that is missing is one error, which names each thing, the
 * kernel and the line of its use: GAP_NOT_FOUND, GAP_AMBIGUOUS, GAP_MISMATCH (of another form or
 * width; or the header was made for one other build). GAP_NO_MEMORY.
 */
GAP_API enum gap_status gap_monitor_open(struct gap_guest *guest, const struct gap_plan *plan,
					 struct gap_monitor **monitor,
					 struct gap_error *error) GAP_MUST_CHECK;
GAP_API void gap_monitor_close(struct gap_monitor *monitor);

/** Begins a look at the guest: forgets translations and failures. */
GAP_API void gap_monitor_begin(struct gap_monitor *monitor);
/** How it went since then: the first failure, which @error (may be NULL) tells. Reads that fail
 * answer 0. */
GAP_API enum gap_status gap_monitor_end(const struct gap_monitor *monitor,
					struct gap_error *error) GAP_MUST_CHECK;

/* ---- behind the macros; not to be called by hand ---- */

/** Reads where no page was at hand. 0 and a failure when that cannot be. @slot NULL: no field. */
GAP_API uint64_t gap_monitor_missed(struct gap_monitor *monitor, const struct gap_slot *slot,
				    uint64_t address, uint32_t size_bytes);
/** A field of any width, or a bit-field, extended by its own sign. */
GAP_API uint64_t gap_monitor_widen(struct gap_monitor *monitor, const struct gap_slot *slot,
				   uint64_t object);
GAP_API enum gap_status gap_monitor_string(struct gap_monitor *monitor, const struct gap_slot *slot,
					   uint64_t object, int is_pointer, char *text,
					   size_t capacity);
GAP_API enum gap_status gap_monitor_copy(struct gap_monitor *monitor, const struct gap_slot *slot,
					 uint64_t object, void *buffer, size_t size_bytes);
GAP_API uint64_t gap_monitor_percpu(struct gap_monitor *monitor, const struct gap_slot *slot,
				    uint32_t cpu);

struct gap_monitor_list {
	struct gap_monitor *monitor;
	uint64_t offset_bytes; /* of the links in their elements */
	uint64_t element;
	struct gap_list list;
};
struct gap_monitor_hlist {
	struct gap_monitor *monitor;
	uint64_t offset_bytes, element;
	struct gap_hlist list;
};
GAP_API struct gap_monitor_list gap_monitor_list_begin(struct gap_monitor *monitor,
						       const struct gap_slot *slot, uint64_t head);
GAP_API int gap_monitor_list_next(struct gap_monitor_list *list);
GAP_API struct gap_monitor_hlist gap_monitor_hlist_begin(struct gap_monitor *monitor,
							 const struct gap_slot *slot,
							 uint64_t head);
GAP_API int gap_monitor_hlist_next(struct gap_monitor_hlist *list);

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus

_Static_assert(sizeof(void *) == 8,
	       "guest addresses are kept in pointers: a 64-bit host is needed");

static inline uint64_t gap_monitor_load_1(struct gap_monitor *monitor, const struct gap_slot *slot,
					  uint64_t address)
{
	const unsigned char *data = gap_hot_bytes(monitor->guest, (struct gap_vaddr){address}, 1);

	return data ? *data : gap_monitor_missed(monitor, slot, address, 1);
}

static inline uint64_t gap_monitor_load_2(struct gap_monitor *monitor, const struct gap_slot *slot,
					  uint64_t address)
{
	const unsigned char *data = gap_hot_bytes(monitor->guest, (struct gap_vaddr){address}, 2);
	uint16_t value;

	if (!data)
		return gap_monitor_missed(monitor, slot, address, 2);
	memcpy(&value, data, sizeof(value));
	return value;
}

static inline uint64_t gap_monitor_load_4(struct gap_monitor *monitor, const struct gap_slot *slot,
					  uint64_t address)
{
	const unsigned char *data = gap_hot_bytes(monitor->guest, (struct gap_vaddr){address}, 4);
	uint32_t value;

	if (!data)
		return gap_monitor_missed(monitor, slot, address, 4);
	memcpy(&value, data, sizeof(value));
	return value;
}

static inline uint64_t gap_monitor_load_8(struct gap_monitor *monitor, const struct gap_slot *slot,
					  uint64_t address)
{
	const unsigned char *data = gap_hot_bytes(monitor->guest, (struct gap_vaddr){address}, 8);
	uint64_t value;

	if (!data)
		return gap_monitor_missed(monitor, slot, address, 8);
	memcpy(&value, data, sizeof(value));
	return value;
}

/* @declared_bytes is constant: the monitor's declaration. What is a word there has 4 bytes in a 32-bit
 * guest; binding saw to it that everything else is as wide as declared. */
static inline uint64_t gap_monitor_load(struct gap_monitor *monitor, const struct gap_slot *slot,
					uint64_t object, size_t declared_bytes)
{
	uint64_t address = object + slot->value, value;

	switch (declared_bytes) {
	case 1:
		return gap_monitor_load_1(monitor, slot, address);
	case 2:
		return gap_monitor_load_2(monitor, slot, address);
	case 4:
		return gap_monitor_load_4(monitor, slot, address);
	default:
		if (slot->size_bytes == 8)
			return gap_monitor_load_8(monitor, slot, address);
		value = gap_monitor_load_4(monitor, slot, address);
		return slot->is_signed ? (uint64_t)(int64_t)(int32_t)value : value;
	}
}

/* @is_word: 1 unsigned, 2 signed. */
static inline uint64_t gap_monitor_load_at(struct gap_monitor *monitor, uint64_t address,
					   size_t declared_bytes, int is_word)
{
	struct gap_slot here = {0, (uint32_t)declared_bytes, 0, 0, is_word == 2, 1};

	if (is_word)
		here.size_bytes = monitor->pointer_bytes;
	return gap_monitor_load(monitor, &here, address, declared_bytes);
}

/* ---- where a use finds its slot: in the generated header; under scan it only leaves a mark ---- */

enum gap_use {
	GAP_USE_READ = 0,
	GAP_USE_OPTIONAL = 1,
	GAP_USE_WIDEN = 2,
	GAP_USE_WHOLE = 4,
	GAP_USE_PERCPU = 8,
	GAP_USE_ASK = 16,   /* whether it is there */
	GAP_USE_BITS = 32,  /* a bit-field is meant */
	GAP_USE_PLACE = 64, /* of a field only where it is */
	GAP_USE_TEXT = 128
};

#ifdef SEMGAP_SCAN

#define GAP_ALSO(name) __attribute__((annotate("semgap:also:" #name)))
#define GAP_PLAN ((const struct gap_plan *)0)

const struct gap_slot *gap_scan_field(int use, int member);
const struct gap_slot *gap_scan_symbol(int use, const void *symbol);
const struct gap_slot *gap_scan_enumerator(int use, long long value);
const struct gap_slot *gap_scan_type(int use, const void *object);
uintptr_t gap_scan_optional(uintptr_t object);
uintptr_t gap_scan_element(const void *element);

#define GAP_FIELD_(m, use, p, x) ((void)(m), gap_scan_field(use, ((void)(p)->x, 0)))
#define GAP_SYMBOL_SLOT_(m, use, x) ((void)(m), gap_scan_symbol(use, &(x)))
#define GAP_ENUMERATOR_SLOT_(m, use, x) ((void)(m), gap_scan_enumerator(use, x))
#define GAP_TYPE_SLOT_(m, use, p) ((void)(m), gap_scan_type(use, p))
#define GAP_OPTIONAL(p) ((__typeof__(p))gap_scan_optional((uintptr_t)(p)))
#define GAP_ELEMENT_(p) (gap_scan_element(p))
#define GAP_FRESH_(p, x)
#define GAP_KNOWN_(p)

#else

/** On a member's declaration: the name it has in other kernels, `long __state GAP_ALSO(state);`. */
#define GAP_ALSO(name)
/** Around the object of a use: the fields of the path need not be in every kernel. Where one is not,
 * reading it fails; test with GAP_HAS(), or use GAP_READ_OR(). */
#define GAP_OPTIONAL(p) (p)

/* GAP_FIELD_pid() and its like, and GAP_AT_(), are the generated header's. */
#define GAP_FIELD_(m, use, p, x) GAP_AT_(m, GAP_FIELD_##x(p))
/* The only ones that move, with the guest's slide. */
#define GAP_SYMBOL_SLOT_(m, use, x) (&(m)->slots[GAP_SLOT_symbol__##x])
#define GAP_ENUMERATOR_SLOT_(m, use, x) GAP_AT_(m, GAP_SLOT_enumerator__##x)
#define GAP_TYPE_SLOT_(m, use, p) GAP_AT_(m, GAP_TYPE_OF(p))
#define GAP_ELEMENT_(p) ((uintptr_t)(p))
#define GAP_FRESH_(p, x)                                                                           \
	_Static_assert(GAP_DECLARED_##x(p) == GAP_BYTES_((p)->x),                                  \
		       #x " is declared otherwise than when the header was made: scan again");
#define GAP_KNOWN_(p)                                                                              \
	_Static_assert(!GAP_IS_AGGREGATE_(*(p)) || GAP_TYPE_OF(p) < GAP_SLOT_COUNT,                \
		       "the size of this structure is not in the generated header: scan again");

#endif

/* ---- kinds of members ---- */

#define GAP_IS_AGGREGATE_(x) (__builtin_classify_type(x) == 12 || __builtin_classify_type(x) == 13)
#define GAP_IS_ARRAY_(x) (!__builtin_types_compatible_p(__typeof__(x), __typeof__(((void)0, (x)))))
#define GAP_IS_POINTER_(x) (__builtin_classify_type(x) == 5 && !GAP_IS_ARRAY_(x))
/* A structure is handed on by its address, an array by that of its first element. */
#define GAP_HANDED_(x) __typeof__(((void)0, __builtin_choose_expr(GAP_IS_AGGREGATE_(x), &(x), (x))))
#define GAP_IS_PLACE_(x) (GAP_IS_AGGREGATE_(x) || GAP_IS_ARRAY_(x))
/* Of what is read as one value; 0 of everything else, which may be of no size at all. */
#define GAP_BYTES_(x)                                                                              \
	(GAP_IS_PLACE_(x) ? 0 : sizeof(__typeof__(__builtin_choose_expr(GAP_IS_PLACE_(x), 0, (x)))))
#define GAP_NUMBER_(p) ((uint64_t)(uintptr_t)(p))
#define GAP_WORD_(x)                                                                               \
	(GAP_IS_POINTER_(x) ? 1 : _Generic((x), unsigned long : 1, long : 2, default : 0))

/* ---- paths: one step for each '.' or '->' of C ---- */

#define GAP_JOIN_(a, b) GAP_JOIN_NOW_(a, b)
#define GAP_JOIN_NOW_(a, b) a##b
#define GAP_COUNT_(...) GAP_COUNT_AT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define GAP_COUNT_AT_(a, b, c, d, e, f, g, h, n, ...) n

#define GAP_PATH_1(id, use, STEP, LAST, a) LAST(id, use, gap_0_##id, a)
#define GAP_PATH_2(id, use, STEP, LAST, a, b)                                                      \
	STEP(id, use, gap_0_##id, gap_1_##id, a) LAST(id, use, gap_1_##id, b)
#define GAP_PATH_3(id, use, STEP, LAST, a, b, c)                                                   \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b) LAST(id, use, gap_2_##id, c)
#define GAP_PATH_4(id, use, STEP, LAST, a, b, c, d)                                                \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b)                                                   \
	STEP(id, use, gap_2_##id, gap_3_##id, c) LAST(id, use, gap_3_##id, d)
#define GAP_PATH_5(id, use, STEP, LAST, a, b, c, d, e)                                             \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b)                                                   \
	STEP(id, use, gap_2_##id, gap_3_##id, c)                                                   \
	STEP(id, use, gap_3_##id, gap_4_##id, d) LAST(id, use, gap_4_##id, e)
#define GAP_PATH_6(id, use, STEP, LAST, a, b, c, d, e, f)                                          \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b)                                                   \
	STEP(id, use, gap_2_##id, gap_3_##id, c)                                                   \
	STEP(id, use, gap_3_##id, gap_4_##id, d)                                                   \
	STEP(id, use, gap_4_##id, gap_5_##id, e) LAST(id, use, gap_5_##id, f)
#define GAP_PATH_7(id, use, STEP, LAST, a, b, c, d, e, f, g)                                       \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b)                                                   \
	STEP(id, use, gap_2_##id, gap_3_##id, c)                                                   \
	STEP(id, use, gap_3_##id, gap_4_##id, d)                                                   \
	STEP(id, use, gap_4_##id, gap_5_##id, e)                                                   \
	STEP(id, use, gap_5_##id, gap_6_##id, f) LAST(id, use, gap_6_##id, g)
#define GAP_PATH_8(id, use, STEP, LAST, a, b, c, d, e, f, g, h)                                    \
	STEP(id, use, gap_0_##id, gap_1_##id, a)                                                   \
	STEP(id, use, gap_1_##id, gap_2_##id, b)                                                   \
	STEP(id, use, gap_2_##id, gap_3_##id, c)                                                   \
	STEP(id, use, gap_3_##id, gap_4_##id, d)                                                   \
	STEP(id, use, gap_4_##id, gap_5_##id, e)                                                   \
	STEP(id, use, gap_5_##id, gap_6_##id, f)                                                   \
	STEP(id, use, gap_6_##id, gap_7_##id, g) LAST(id, use, gap_7_##id, h)

/* The id keeps the variables of nested uses apart. scan knows a use by gap_0_ and its id. */
#define GAP_WALK_(id, use, m, p, first, STEP, LAST, ...)                                           \
	__extension__({                                                                            \
		__auto_type gap_0_##id = (p);                                                      \
		struct gap_monitor *const gap_m_##id = (m);                                        \
		first GAP_JOIN_(GAP_PATH_, GAP_COUNT_(__VA_ARGS__))(id, use, STEP, LAST,           \
								    __VA_ARGS__);                  \
	})
/* Expands the id before it is pasted. */
#define GAP_EXPAND_(NAME, id, ...) NAME(id, __VA_ARGS__)

#define GAP_FOLLOW_(id, use, from, x)                                                              \
	((GAP_HANDED_((from)->x))(                                                                 \
		uintptr_t)(GAP_IS_PLACE_((from)->x)                                                \
				   ? GAP_NUMBER_(from) +                                           \
					     GAP_FIELD_(gap_m_##id, use, from, x)->value           \
				   : gap_monitor_load(gap_m_##id,                                  \
						      GAP_FIELD_(gap_m_##id, use, from, x),        \
						      GAP_NUMBER_(from), GAP_BYTES_((from)->x))))

#define GAP_STEP_(id, use, from, to, x)                                                            \
	GAP_FRESH_(from, x)                                                                        \
	__auto_type to = GAP_FOLLOW_(id, use, from, x);

#define GAP_STEP_OR_(id, use, from, to, x)                                                         \
	GAP_FRESH_(from, x)                                                                        \
	gap_has_##id &= GAP_FIELD_(gap_m_##id, use, from, x)->present;                             \
	__auto_type to = gap_has_##id ? GAP_FOLLOW_(id, use, from, x) : 0;

#define GAP_ONE_VALUE_(from, x)                                                                    \
	_Static_assert(!GAP_IS_AGGREGATE_((from)->x),                                              \
		       #x " is a structure: name one of its members, or take GAP_ADDRESS()");      \
	_Static_assert(!GAP_IS_ARRAY_((from)->x),                                                  \
		       #x " is an array: GAP_STRING(), GAP_COPY() or GAP_ADDRESS() take those");

#define GAP_LAST_READ_(id, use, from, x)                                                           \
	GAP_ONE_VALUE_(from, x)                                                                    \
	GAP_FRESH_(from, x)                                                                        \
	GAP_FOLLOW_(id, use, from, x)

#define GAP_LAST_READ_OR_(id, use, from, x)                                                        \
	GAP_ONE_VALUE_(from, x)                                                                    \
	GAP_FRESH_(from, x)                                                                        \
	gap_has_##id &= GAP_FIELD_(gap_m_##id, use, from, x)->present;                             \
	gap_has_##id ? GAP_FOLLOW_(id, use, from, x) : 0

#define GAP_LAST_ADDRESS_(id, use, from, x)                                                        \
	((__typeof__(((void)0, __builtin_choose_expr(                                              \
				       GAP_IS_ARRAY_((from)->x), (from)->x,                        \
				       &(from)->x))))(uintptr_t)(GAP_NUMBER_(from) +               \
								 GAP_FIELD_(gap_m_##id,            \
									    (use) | GAP_USE_PLACE, \
									    from, x)               \
									 ->value))

#define GAP_LAST_STRING_(id, use, from, x)                                                         \
	_Static_assert(GAP_IS_ARRAY_((from)->x) || GAP_IS_POINTER_((from)->x),                     \
		       #x " is neither an array of char nor a pointer to char");                   \
	_Static_assert(sizeof(*(from)->x) == 1, #x " is not made of char");                        \
	gap_monitor_string(gap_m_##id, GAP_FIELD_(gap_m_##id, (use) | GAP_USE_TEXT, from, x),      \
			   GAP_NUMBER_(from), GAP_IS_POINTER_((from)->x), gap_text_##id,           \
			   gap_bytes_##id)

#define GAP_LAST_COPY_(id, use, from, x)                                                           \
	_Static_assert(GAP_IS_ARRAY_((from)->x),                                                   \
		       #x " is no array: GAP_READ() takes single values");                         \
	_Static_assert(sizeof((from)->x) == sizeof(*gap_buffer_##id),                              \
		       "the buffer is not as large as " #x);                                       \
	gap_monitor_copy(gap_m_##id, GAP_FIELD_(gap_m_##id, (use) | GAP_USE_WHOLE, from, x),       \
			 GAP_NUMBER_(from), gap_buffer_##id, sizeof(*gap_buffer_##id))

#define GAP_LAST_BITS_(id, use, from, x)                                                           \
	((__typeof__((from)->x + 0))gap_monitor_widen(                                             \
		gap_m_##id, GAP_FIELD_(gap_m_##id, (use) | GAP_USE_BITS, from, x),                 \
		GAP_NUMBER_(from)))

#define GAP_LAST_WIDEN_(id, use, from, x)                                                          \
	GAP_ONE_VALUE_(from, x)                                                                    \
	GAP_FRESH_(from, x)                                                                        \
	((GAP_HANDED_((from)->x))gap_monitor_widen(                                                \
		gap_m_##id, GAP_FIELD_(gap_m_##id, (use) | GAP_USE_WIDEN, from, x),                \
		GAP_NUMBER_(from)))

#define GAP_LAST_LOAD_(id, from)                                                                   \
	_Static_assert(!GAP_IS_PLACE_(*(from)), "GAP_LOAD() reads one value");                     \
	(GAP_HANDED_(*(from)))(uintptr_t) gap_monitor_load_at(gap_m_##id, GAP_ELEMENT_(from),      \
							      sizeof(*(from)), GAP_WORD_(*(from)))

/* Bytes from one element of an array to the next, in the guest. */
#define GAP_STRIDE_(m, p)                                                                          \
	__builtin_choose_expr(GAP_IS_AGGREGATE_(*(p)), GAP_TYPE_SLOT_(m, GAP_USE_READ, p)->value,  \
			      GAP_WORD_(*(p)) ? (m)->pointer_bytes : sizeof(*(p)))

#define GAP_SAME_TYPE_(a, b, text)                                                                 \
	_Static_assert(__builtin_types_compatible_p(__typeof__(a), __typeof__(b)), text);

#define GAP_OBJECT_(id, m, p)                                                                      \
	__auto_type gap_0_##id = (p);                                                              \
	struct gap_monitor *const gap_m_##id = (m);

#define GAP_READ_OR_(id, m, fallback, p, ...)                                                      \
	__extension__({                                                                            \
		int gap_has_##id = 1;                                                              \
		__auto_type gap_value_##id = GAP_WALK_(id, GAP_USE_OPTIONAL, m, p, , GAP_STEP_OR_, \
						       GAP_LAST_READ_OR_, __VA_ARGS__);            \
		gap_has_##id ? gap_value_##id : (fallback);                                        \
	})

#define GAP_STRING_(id, m, text, p, ...)                                                           \
	GAP_WALK_(id, GAP_USE_READ, m, p,                                                          \
		  _Static_assert(GAP_IS_ARRAY_(text) && sizeof((text)[0]) == 1,                    \
				 "the text must be an array of char, not a pointer");              \
		  char *gap_text_##id = (text); size_t gap_bytes_##id = sizeof(text);              \
		  , GAP_STEP_, GAP_LAST_STRING_, __VA_ARGS__)

#define GAP_COPY_(id, m, buffer, p, ...)                                                           \
	GAP_WALK_(id, GAP_USE_READ, m, p, __typeof__(buffer) *gap_buffer_##id = &(buffer);         \
		  , GAP_STEP_, GAP_LAST_COPY_, __VA_ARGS__)

#define GAP_LOAD_(id, m, p) __extension__({ GAP_OBJECT_(id, m, p) GAP_LAST_LOAD_(id, gap_0_##id); })

#define GAP_INDEX_(id, m, p, i)                                                                    \
	__extension__({                                                                            \
		GAP_OBJECT_(id, m, p)                                                              \
		GAP_KNOWN_(gap_0_##id)                                                             \
		(__typeof__(gap_0_##id))(uintptr_t)(GAP_NUMBER_(gap_0_##id) +                      \
						    (uint64_t)(i)*GAP_STRIDE_(gap_m_##id,          \
									      gap_0_##id));        \
	})

#define GAP_CONTAINER_(id, m, link, T, x)                                                          \
	__extension__({                                                                            \
		GAP_OBJECT_(id, m, link)                                                           \
		GAP_SAME_TYPE_(*gap_0_##id, ((T *)0)->x,                                           \
			       "GAP_CONTAINER(): the pointer is to something else than " #x)       \
		(T *)(uintptr_t)(GAP_NUMBER_(gap_0_##id) -                                         \
				 GAP_FIELD_(gap_m_##id, GAP_USE_PLACE, (T *)0, x)->value);         \
	})

/* Of an absent one 0, whatever the slide. */
#define GAP_SYMBOL_ADDRESS_(m, use, x)                                                             \
	((__typeof__(((void)0,                                                                     \
		      __builtin_choose_expr(                                                       \
			      GAP_IS_ARRAY_(x), (x),                                               \
			      &(x)))))(uintptr_t)(GAP_SYMBOL_SLOT_(m, use, x)->present             \
							  ? GAP_SYMBOL_SLOT_(m, use, x)->value     \
							  : 0))

#define GAP_EACH_(id, kind, item, m, head, x)                                                      \
	for (struct gap_monitor_##kind gap_each_##id = __extension__({                             \
		     GAP_OBJECT_(id, m, head)                                                      \
		     gap_monitor_##kind##_begin(gap_m_##id,                                        \
						GAP_FIELD_(gap_m_##id, GAP_USE_PLACE, item, x),    \
						GAP_NUMBER_(gap_0_##id));                          \
	     });                                                                                   \
	     gap_monitor_##kind##_next(&gap_each_##id) &&                                          \
	     ((item) = (__typeof__(item))(uintptr_t)gap_each_##id.element, 1);)

#endif /* !__cplusplus */

#endif
