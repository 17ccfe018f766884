/* SPDX-License-Identifier: MIT */
/* Timing for the benches, on machines that do other things as well. */
#ifndef SEMGAP_BENCH_MEASURE_H
#define SEMGAP_BENCH_MEASURE_H

/** One operation, repeated; @context is the caller's. It does @parts things of one kind. */
struct bench_operation {
	void (*run)(void *context);
	void *context;
	unsigned long parts;
};

/** Two operations side by side: the middle times, and how the ratio spreads from round to round. */
struct bench_pair {
	double floor_ns, ours_ns;
	double ratio, ratio_low, ratio_high; /* median, 5th and 95th percentile */
};

double bench_now(void);

/** Sorts @values. */
double bench_median(double *values, unsigned long count);

/** Nanoseconds for each part, the median of many short rounds. */
double bench_alone(struct bench_operation operation);

/**
 * Rounds of some tens of microseconds, floor and ours by turns, so that what disturbs one disturbs
 * the other: what counts is the ratio within a round, and of all rounds the median.
 */
struct bench_pair bench_beside(struct bench_operation floor, struct bench_operation ours);

#endif
