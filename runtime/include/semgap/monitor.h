/* SPDX-License-Identifier: MIT */
/*
 * Monitors in kernel C. Declare of the kernel's structures what you need, in any order, read them
 * through the macros here, and let `semgap scan` and `semgap emit` write the header that knows where
 * everything is:
 *
 *     #include <semgap/monitor.h>
 *     struct list_head { struct list_head *next, *prev; };
 *     struct task_struct { struct list_head tasks; int pid; struct mm_struct *mm; };
 *     extern struct task_struct init_task;
 *     #include "ps.gap.h"
 *     …
 *     struct task_struct *task = GAP_SYMBOL(m, init_task);
 *     int pid = GAP_READ(m, task, pid);
 *
 * Pointers to kernel structures hold guest addresses. They are passed on, compared and cast, never
 * followed by C itself: task->pid compiles, but scan refuses it. docs/guides/monitors.md is the
 * tutorial.
 *
 * Kernels differ. A structure called NAME___anything is the kernel's NAME as another kernel has it;
 * behind a member, GAP_ALSO(name) gives a name that it has in others; around the object of a use,
 * GAP_OPTIONAL(p) says that not every kernel has the fields that the use reads.
 *
 * One monitor is for one thread at a time, as its guest is. C only (gcc, clang), and for a 64-bit
 * host.
 */
#ifndef SEMGAP_MONITOR_H
#define SEMGAP_MONITOR_H

#include "monitor_steps.h"

#ifndef __cplusplus

/*
 * Every macro takes the monitor first but where noted. A path has a comma wherever C has '.' or '->':
 * GAP_READ(m, task, mm, pgd). What is read must be in the kernel, or gap_monitor_open() fails; what is
 * asked for with GAP_HAS, GAP_READ_OR or through GAP_OPTIONAL need not be. Reads that fail answer 0
 * and are counted in m->failures.
 */

/** The value at the end of a path: an integer, enum or pointer, of the declared type. */
#define GAP_READ(m, p, ...)                                                                        \
	GAP_EXPAND_(GAP_WALK_, __COUNTER__, GAP_USE_READ, m, p, , GAP_STEP_, GAP_LAST_READ_,       \
		    __VA_ARGS__)

/** The same, or @fallback in a kernel that lacks a field of the path. */
#define GAP_READ_OR(m, fallback, p, ...)                                                           \
	GAP_EXPAND_(GAP_READ_OR_, __COUNTER__, m, fallback, p, __VA_ARGS__)

/** The same as GAP_READ, from a last field that may be narrower than declared, or a bit-field. */
#define GAP_WIDEN(m, p, ...)                                                                       \
	GAP_EXPAND_(GAP_WALK_, __COUNTER__, GAP_USE_READ, m, p, , GAP_STEP_, GAP_LAST_WIDEN_,      \
		    __VA_ARGS__)

/** The value of a bit-field, as wide as declared. */
#define GAP_BITS(m, p, ...)                                                                        \
	GAP_EXPAND_(GAP_WALK_, __COUNTER__, GAP_USE_READ, m, p, , GAP_STEP_, GAP_LAST_BITS_,       \
		    __VA_ARGS__)

/** Where the end of a path is, as &task->tasks in C: a pointer to it; of an array, to its first
 * element. */
#define GAP_ADDRESS(m, p, ...)                                                                     \
	GAP_EXPAND_(GAP_WALK_, __COUNTER__, GAP_USE_READ, m, p, , GAP_STEP_, GAP_LAST_ADDRESS_,    \
		    __VA_ARGS__)

/**
 * Text, from an array of char or through a pointer to char, into the array @text, which then always
 * ends in a zero byte. GAP_OK; GAP_PARTIAL: cut, as no zero byte came; GAP_UNREADABLE: empty.
 */
#define GAP_STRING(m, text, p, ...) GAP_EXPAND_(GAP_STRING_, __COUNTER__, m, text, p, __VA_ARGS__)

/** All of an array of integers into @buffer, an array of the same size. An enum gap_status. */
#define GAP_COPY(m, buffer, p, ...) GAP_EXPAND_(GAP_COPY_, __COUNTER__, m, buffer, p, __VA_ARGS__)

/** What a pointer points to: an integer or a pointer. long is as wide as the guest's; what always has
 * 64 bits must be long long. */
#define GAP_LOAD(m, p) GAP_EXPAND_(GAP_LOAD_, __COUNTER__, m, p)

/** Element @i behind a pointer, as p + i in C, with the guest's sizes. */
#define GAP_INDEX(m, p, i) GAP_EXPAND_(GAP_INDEX_, __COUNTER__, m, p, i)

/** The T whose member @x is at @link: container_of(). */
#define GAP_CONTAINER(m, link, T, x) GAP_EXPAND_(GAP_CONTAINER_, __COUNTER__, m, link, T, x)

/**
 * A loop over what hangs on a struct list_head (or hlist_head), @x being the links in @item's type. It
 * ends in any guest: a list that is broken or endless counts as a failure.
 */
#define GAP_LIST_FOR_EACH(item, m, head, x)                                                        \
	GAP_EXPAND_(GAP_EACH_, __COUNTER__, list, item, m, head, x)
#define GAP_HLIST_FOR_EACH(item, m, head, x)                                                       \
	GAP_EXPAND_(GAP_EACH_, __COUNTER__, hlist, item, m, head, x)

/** The address of a global variable or function that is declared extern; of an array, its first
 * element's. */
#define GAP_SYMBOL(m, x) GAP_SYMBOL_ADDRESS_(m, GAP_USE_READ, x)
/** The same; NULL in a kernel without it. */
#define GAP_SYMBOL_OR_NULL(m, x) GAP_SYMBOL_ADDRESS_(m, GAP_USE_OPTIONAL, x)
/** The address of a CPU's own copy of a per-CPU variable. */
#define GAP_PERCPU(m, cpu, x)                                                                      \
	((__typeof__(&(x)))(uintptr_t)gap_monitor_percpu(                                          \
		m, GAP_SYMBOL_SLOT_(m, GAP_USE_PERCPU, x), cpu))

/** The kernel's value of an enumerator, whatever the local one is: a long long. */
#define GAP_ENUM(m, x) ((long long)GAP_ENUMERATOR_SLOT_(m, GAP_USE_READ, x)->value)
#define GAP_ENUM_OR(m, fallback, x)                                                                \
	(GAP_HAS_ENUM(m, x) ? (long long)GAP_ENUMERATOR_SLOT_(m, GAP_USE_OPTIONAL, x)->value       \
			    : (fallback))

/** The kernel's sizeof. */
#define GAP_SIZE(m, T) ((size_t)GAP_TYPE_SLOT_(m, GAP_USE_READ, (T *)0)->value)

/** Whether this kernel has it. */
#define GAP_HAS(m, T, x) (GAP_FIELD_(m, GAP_USE_ASK, (T *)0, x)->present != 0)
#define GAP_HAS_TYPE(m, T) (GAP_TYPE_SLOT_(m, GAP_USE_ASK, (T *)0)->present != 0)
#define GAP_HAS_SYMBOL(m, x) (GAP_SYMBOL_SLOT_(m, GAP_USE_ASK, x)->present != 0)
#define GAP_HAS_ENUM(m, x) (GAP_ENUMERATOR_SLOT_(m, GAP_USE_ASK, x)->present != 0)

#endif /* !__cplusplus */

#endif
