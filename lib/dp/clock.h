/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock from inside: stamps, and the line from cycles to nanoseconds that each
 * worker carries as its own copy.
 */
#ifndef PMDPING_DP_CLOCK_H
#define PMDPING_DP_CLOCK_H

#include <pmdping/dp.h>
#include <rte_cycles.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* ns = ns0 + ((tsc - tsc0) * mult >> PP_CLOCK_SHIFT) */
#define PP_CLOCK_SHIFT 32
struct pp_clock_line {
	uint64_t tsc0;
	int64_t ns0;
	uint64_t mult;
	uint32_t rate_error; /* per 2^40 */
	uint32_t version;    /* changes when the line does */
};

/* The current line; cheap, lock-free. Writer: control thread. */
void pp_clock_read(struct pp_clock_line *ret_line);
uint32_t pp_clock_version(void);

/* No later than what comes after it: nothing of that has begun. What came before may still
 * be under way, which makes the stamp earlier, never later. */
static inline pp_tsc pp_stamp_before(void)
{
#if defined(__x86_64__)
	uint64_t t = __rdtsc();

	_mm_lfence();
	return (pp_tsc){t};
#else
	return (pp_tsc){rte_rdtsc_precise()};
#endif
}

/* No earlier than what came before it: its loads have completed. What comes after may have
 * begun, which makes the stamp later, never earlier. */
static inline pp_tsc pp_stamp_after(void)
{
#if defined(__x86_64__)
	unsigned int aux;

	return (pp_tsc){__rdtscp(&aux)};
#else
	return (pp_tsc){rte_rdtsc_precise()};
#endif
}

/* Rounded down. Stamps from before the line's origin count as its origin's
 * neighbourhood too: the difference is signed. */
static inline pp_ns pp_clock_ns(const struct pp_clock_line *line, pp_tsc t)
{
	__int128 cycles = (__int128)(int64_t)(t.v - line->tsc0) * (__int128)line->mult;

	return PP_NS(line->ns0 + (int64_t)(cycles >> PP_CLOCK_SHIFT));
}

/* The interval between two stamps, rounded outwards. */
static inline struct pp_span pp_clock_span(const struct pp_clock_line *line, pp_tsc from, pp_tsc to)
{
	return (struct pp_span){pp_clock_ns(line, from), PP_NS(pp_clock_ns(line, to).v + 1)};
}

#endif
