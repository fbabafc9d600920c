/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per operation of what every probe goes through: a histogram record, a
 * tally record, a timer armed and fired. Prints the median slice, which no
 * interrupt moves, and the 99th of 100. Not a test: it judges nothing.
 */
#include <pmdping/stats.h>
#include <pmdping/wheel.h>

#include "cycles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SLICES	   2001
#define SLICE_OPS  1024
#define MAX_TIMERS 100000

struct bench {
	uint64_t slice[SLICES];
	struct pp_rtt rtt[SLICE_OPS];
	struct pp_timer timers[MAX_TIMERS];
	struct pp_wheel wheel;
	struct pp_prng rng;
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(struct bench *b, const char *name, double ops)
{
	qsort(b->slice, SLICES, sizeof(b->slice[0]), by_value);
	printf("%-44s %7.1f cycles median, %7.1f p99 of slices\n", name,
	       (double)b->slice[SLICES / 2] / ops, (double)b->slice[SLICES * 99 / 100] / ops);
}

/* Around 10 us, one in eight far out: no branch could learn it. */
static void fill_rtts(struct bench *b)
{
	for (size_t i = 0; i < SLICE_OPS; i++) {
		uint64_t v = 8000 + pp_prng_below(&b->rng, 4000);
		if (pp_prng_below(&b->rng, 8) == 0)
			v <<= pp_prng_below(&b->rng, 12);
		b->rtt[i] = (struct pp_rtt){PP_NS(v), PP_NS(v + pp_prng_below(&b->rng, 500))};
	}
}

static void bench_nothing(struct bench *b)
{
	for (size_t s = 0; s < SLICES; s++) {
		uint64_t start = cycles();
		for (size_t i = 0; i < SLICE_OPS; i++)
			__asm__ volatile("" : : "r"(b->rtt[i].lo.v) : "memory");
		b->slice[s] = cycles() - start;
	}
	report(b, "the loop alone", SLICE_OPS);
}

static void bench_hist(struct bench *b, struct pp_tally *t, const char *name)
{
	for (size_t s = 0; s < SLICES; s++) {
		uint64_t start = cycles();
		for (size_t i = 0; i < SLICE_OPS; i++)
			pp_hist_record(&t->lo, b->rtt[i].lo);
		b->slice[s] = cycles() - start;
	}
	report(b, name, SLICE_OPS);
}

static void bench_tally(struct bench *b, struct pp_tally *t, const char *name)
{
	for (size_t s = 0; s < SLICES; s++) {
		uint64_t start = cycles();
		for (size_t i = 0; i < SLICE_OPS; i++)
			pp_tally_record(t, b->rtt[i]);
		b->slice[s] = cycles() - start;
	}
	report(b, name, SLICE_OPS);
}

/* A poll that finds nothing due. */
static void bench_idle(struct bench *b)
{
	unsigned int fired = 0;

	pp_wheel_init(&b->wheel, PP_NS(0));
	for (size_t s = 0; s < SLICES; s++) {
		uint64_t start = cycles();
		for (int i = 0; i < SLICE_OPS; i++) {
			__asm__ volatile("" : : : "memory");
			if (!pp_wheel_idle(&b->wheel, PP_NS(i)))
				fired += pp_wheel_expire(&b->wheel, PP_NS(i)) != NULL;
		}
		b->slice[s] = cycles() - start;
	}
	report(b, "wheel, poll with nothing due", SLICE_OPS);
	if (fired)
		puts("wheel: fired without a timer");
}

/* Fires what is due and arms it again; returns how many. */
static uint64_t turn(struct pp_wheel *w, int64_t now, pp_ns interval)
{
	uint64_t fired = 0;
	struct pp_timer *t;

	while ((t = pp_wheel_expire(w, PP_NS(now)))) {
		pp_wheel_insert(w, t, pp_ns_add(t->due, interval));
		fired++;
	}
	return fired;
}

/* `n` sessions with one interval, spread over it, polled twice as often as one
 * fires on average. Moves from slot to slot are in the figure. */
static void bench_wheel(struct bench *b, size_t n, pp_ns interval)
{
	char name[64];
	int64_t now = 0, step = interval.v / (int64_t)n / 2;

	memset(b->timers, 0, sizeof(b->timers));
	pp_wheel_init(&b->wheel, PP_NS(0));
	for (size_t i = 0; i < n; i++)
		pp_wheel_insert(&b->wheel, &b->timers[i],
				PP_NS(pp_prng_below(&b->rng, (uint64_t)interval.v)));
	for (size_t s = 0; s < SLICES; s++) {
		uint64_t fired = 0, start = cycles();
		for (size_t i = 0; i < 2 * SLICE_OPS; i++, now += step)
			fired += turn(&b->wheel, now, interval);
		b->slice[s] = (cycles() - start) * SLICE_OPS / (fired + 1);
	}
	snprintf(name, sizeof(name), "wheel, expire + insert, %zu every %" PRId64 " us", n,
		 interval.v / 1000);
	report(b, name, SLICE_OPS);
}

int main(void)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct pp_tally *two = pp_tally_create(2), *three = pp_tally_create(3);

	if (!b || !two || !three)
		return 1;
	pp_prng_seed(&b->rng, 1);
	fill_rtts(b);
	bench_nothing(b);
	bench_hist(b, two, "pp_hist_record, 2 digits");
	bench_hist(b, three, "pp_hist_record, 3 digits");
	bench_tally(b, two, "pp_tally_record, 2 digits");
	bench_tally(b, three, "pp_tally_record, 3 digits");
	bench_idle(b);
	bench_wheel(b, 100, PP_MS(1));
	bench_wheel(b, 1000, PP_SEC(1));
	bench_wheel(b, MAX_TIMERS, PP_SEC(1));
	pp_tally_free(two);
	pp_tally_free(three);
	free(b);
	return 0;
}
