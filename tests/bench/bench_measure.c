/* SPDX-License-Identifier: MIT */
/*
 * Timing for the benches. A round is short enough that most rounds see no interruption, and long
 * enough that the clock costs nothing; medians make the others not count.
 */
#include <stdlib.h>
#include <time.h>

#include "tests/bench/bench_measure.h"

#define ROUND_SECONDS 30e-6
#define SECONDS_MAX 0.5
#define ROUNDS_MAX 4001
#define ROUNDS_MIN 3

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double run(const struct bench_operation *operation, unsigned long count)
{
	double begin = bench_now();

	for (unsigned long i = 0; i < count; i++)
		operation->run(operation->context);
	return bench_now() - begin;
}

/* How often an operation must be run to fill a round; it is warm then. */
static unsigned long count_of(const struct bench_operation *operation)
{
	unsigned long count = 1;

	while (run(operation, count) < ROUND_SECONDS && count < 1ul << 30)
		count *= 2;
	return count;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Of sorted values. */
static double quantile(const double *values, unsigned long count, double part)
{
	return values[(unsigned long)(part * (double)(count - 1) + 0.5)];
}

double bench_median(double *values, unsigned long count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return quantile(values, count, 0.5);
}

static double ns_each(double seconds, const struct bench_operation *operation, unsigned long count)
{
	return seconds * 1e9 / (double)count / (double)operation->parts;
}

double bench_alone(struct bench_operation operation)
{
	double times[ROUNDS_MAX], begin = bench_now();
	unsigned long count = count_of(&operation), rounds = 0;

	while (rounds < ROUNDS_MAX && (rounds < ROUNDS_MIN || bench_now() - begin < SECONDS_MAX))
		times[rounds++] = run(&operation, count);
	return ns_each(bench_median(times, rounds), &operation, count);
}

struct bench_pair bench_beside(struct bench_operation floor, struct bench_operation ours)
{
	static double bare[ROUNDS_MAX], own[ROUNDS_MAX], ratios[ROUNDS_MAX];
	unsigned long floor_count = count_of(&floor), count = count_of(&ours), rounds;
	double begin = bench_now();

	for (rounds = 0; rounds < ROUNDS_MAX && bench_now() - begin < 2 * SECONDS_MAX; rounds++) {
		if (rounds & 1)
			own[rounds] = run(&ours, count);
		bare[rounds] = run(&floor, floor_count);
		if (!(rounds & 1))
			own[rounds] = run(&ours, count);
		ratios[rounds] = ns_each(own[rounds], &ours, count) /
				 ns_each(bare[rounds], &floor, floor_count);
	}
	qsort(ratios, rounds, sizeof(ratios[0]), compare);
	return (struct bench_pair){
		.floor_ns = ns_each(bench_median(bare, rounds), &floor, floor_count),
		.ours_ns = ns_each(bench_median(own, rounds), &ours, count),
		.ratio = quantile(ratios, rounds, 0.5),
		.ratio_low = quantile(ratios, rounds, 0.05),
		.ratio_high = quantile(ratios, rounds, 0.95),
	};
}
