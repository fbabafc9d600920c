/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interval statistics: the last minute of a session as cumulative reads, one a second.
 * An interval is the difference of two reads that follow each other, so that nothing lies
 * between intervals and they add up to the counters. Control thread only.
 */
#ifndef PMDPINGD_INTERVALS_H
#define PMDPINGD_INTERVALS_H

#include <pmdping/stats.h>

#define PP_INTERVALS	  60
#define PP_INTERVAL_EVERY PP_SEC(1)

/* What a session had counted at a time; as a difference: what came since. */
struct pp_read {
	pp_ns at;
	struct pp_counts c;
	struct pp_hist lo, hi;
};
/* Zeroes; NULL when out of memory or digits is not 1..3. */
struct pp_read *pp_read_create(unsigned int digits);
void pp_read_free(struct pp_read *r);
/* Copies them, while the owner of the histograms may be recording; same digits. */
void pp_read_take(struct pp_read *r, pp_ns at, const struct pp_counts *c, const struct pp_hist *lo,
		  const struct pp_hist *hi);
/* Takes `before` away; `at` stays. -ERANGE when the session was cleared in between. */
int pp_read_diff(struct pp_read *r, const struct pp_read *before);

struct pp_intervals;
struct pp_intervals *pp_intervals_create(unsigned int digits);
void pp_intervals_free(struct pp_intervals *v);
size_t pp_intervals_memory(unsigned int digits);
/* The session has counted nothing yet, now. Before that no read is kept. */
void pp_intervals_begin(struct pp_intervals *v, pp_ns now);
/* The reads are forgotten until the next begin. */
void pp_intervals_clear(struct pp_intervals *v);
/* Whether a read is due. Times are PP_INTERVAL_EVERY from each other and from the begin. */
bool pp_intervals_due(const struct pp_intervals *v, pp_ns now);
/* Keeps a read, and forgets the oldest when there are PP_INTERVALS + 1 already. */
void pp_intervals_add(struct pp_intervals *v, pp_ns at, const struct pp_counts *c,
		      const struct pp_hist *lo, const struct pp_hist *hi);
/* How many reads are kept: 0 before the begin, then 1 and the intervals. */
unsigned int pp_intervals_reads(const struct pp_intervals *v);
/* The i-th, oldest first. The first is the begin, or all that is forgotten. */
const struct pp_read *pp_intervals_read(const struct pp_intervals *v, unsigned int i);
pp_ns pp_intervals_began(const struct pp_intervals *v);

#endif
