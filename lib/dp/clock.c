/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate of the TSC against CLOCK_MONOTONIC_RAW: bracketed pairs, the narrowest of
 * several kept, the base line ever longer. rte_get_tsc_hz() is not used: DPDK 22.11
 * rounds it to 10 MHz.
 */
#include "clock.h"

#include <math.h>
#include <stdatomic.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define PAIR_TRIES	  16
#define START_BASELINE	  PP_MS(20)
#define REFINE_EVERY	  PP_SEC(1)
#define VARIANT_TSC_DRIFT 0.01 /* without a promise of the CPU: one percent, and a warning */

/* One reading of both clocks: raw was read between two stamps `width` cycles apart. */
struct pair {
	uint64_t tsc; /* middle of the bracket */
	uint64_t width;
	int64_t raw;
};

static struct {
	struct pair first, last;
	double hz, uncertainty, start_hz;
	double drift; /* relative; what the rate may change by between two looks at it */
	struct pp_clock_line line; /* writer: control thread */
	_Atomic uint32_t seq;	   /* odd while line changes */
} clk;

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* CPUID 80000007h, EDX bit 8: the TSC runs at a constant rate in all states. */
static bool tsc_invariant(void)
{
#if defined(__x86_64__)
	unsigned int a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
#else
	return true; /* other architectures' counters are, by definition */
#endif
}

static struct pair take_pair(void)
{
	struct pair best = {.width = UINT64_MAX};

	for (int i = 0; i < PAIR_TRIES; i++) {
		pp_tsc a = pp_stamp_before();
		int64_t raw = clock_ns(CLOCK_MONOTONIC_RAW);
		pp_tsc b = pp_stamp_after();
		if (b.v - a.v < best.width)
			best = (struct pair){
				.tsc = a.v + (b.v - a.v) / 2, .width = b.v - a.v, .raw = raw};
	}
	return best;
}

/* Rate over the base line; the brackets' half widths at both ends bound its error. */
static void measure(void)
{
	double cycles = (double)(clk.last.tsc - clk.first.tsc);
	double ns = (double)(clk.last.raw - clk.first.raw);

	clk.hz = cycles / ns * 1e9;
	clk.uncertainty =
		clk.drift + (double)(clk.first.width + clk.last.width) / 2 / cycles + 1 / ns;
}

/* The new line meets the old one at `tsc`, so that time never jumps. */
static void publish(uint64_t tsc, int64_t ns)
{
	struct pp_clock_line line = {
		.tsc0 = tsc,
		.ns0 = ns,
		.mult = (uint64_t)llround(1e9 / clk.hz * 4294967296.0),
		.rate_error = (uint32_t)ceil(fmin(clk.uncertainty * 1099511627776.0, 4e9)),
		.version = clk.line.version + 1,
	};
	uint32_t seq = atomic_load_explicit(&clk.seq, memory_order_relaxed);

	atomic_store_explicit(&clk.seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	clk.line = line;
	atomic_store_explicit(&clk.seq, seq + 2, memory_order_release);
}

void pp_clock_start(void)
{
	clk.drift = tsc_invariant() ? 0 : VARIANT_TSC_DRIFT;
	clk.first = take_pair();
	int64_t until = clk.first.raw + START_BASELINE.v;

	while (clock_ns(CLOCK_MONOTONIC_RAW) < until)
		;
	clk.last = take_pair();
	measure();
	clk.start_hz = clk.hz;
	publish(clk.last.tsc, clk.last.raw);
}

void pp_clock_refine(void)
{
	if (clock_ns(CLOCK_MONOTONIC_RAW) - clk.last.raw < REFINE_EVERY.v)
		return;
	struct pair p = take_pair();
	/* A bracket that was interrupted says less than what is known. */
	if (p.width > 8 * clk.first.width)
		return;
	clk.last = p;
	measure();
	publish(p.tsc, pp_clock_ns(&clk.line, (pp_tsc){p.tsc}).v);
}

uint32_t pp_clock_version(void)
{
	return atomic_load_explicit(&clk.seq, memory_order_relaxed);
}

void pp_clock_read(struct pp_clock_line *ret_line)
{
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&clk.seq, memory_order_acquire);
		*ret_line = clk.line;
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&clk.seq, memory_order_relaxed);
	} while (before != after || before & 1);
	ret_line->version = before;
}

pp_ns pp_clock_now(void)
{
	struct pp_clock_line line;

	pp_clock_read(&line);
	return pp_clock_ns(&line, pp_stamp_after());
}

int64_t pp_clock_unix(pp_ns t)
{
	return clock_ns(CLOCK_REALTIME) - (pp_clock_now().v - t.v);
}

void pp_clock_info(struct pp_clock_info *ret_info)
{
	*ret_info = (struct pp_clock_info){
		.hz = clk.hz,
		.uncertainty = clk.uncertainty,
		.eal_hz = (double)rte_get_tsc_hz(),
		.cpu_hz = clk.start_hz,
		.invariant = tsc_invariant(),
	};
}
