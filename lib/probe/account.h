/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an answer is worth: for one at a time (account.c) and for many (together.c).
 * Internal to lib/probe.
 */
#ifndef PMDPING_ACCOUNT_H
#define PMDPING_ACCOUNT_H

#include "prober.h"
#include "schedule.h"

/* What the clock's rate may be off, of a time up to hi, rounded up. */
static inline int64_t pp_rate_error(const struct pp_prober *p, int64_t hi)
{
	/* Beyond five minutes everything is late by more than that. */
	const int64_t most = INT64_C(1) << 38;

	if (p->rate_error == 0)
		return 0;
	return (int64_t)((uint64_t)((hi < most ? hi : most) / 256 + 1) * p->rate_error >> 32) + 1;
}

static inline struct pp_rtt pp_burst_rtt(const struct pp_prober *p, const struct pp_burst *b,
					 struct pp_span rx)
{
	int64_t lo = rx.from.v - pp_burst_tx_to(b), hi = rx.to.v - b->tx_from;
	int64_t error = pp_rate_error(p, hi);

	return (struct pp_rtt){PP_NS(lo > error ? lo - error : 0), PP_NS(hi + error)};
}

/* From the slot to the answer. A flood has no slots but its transmissions. */
static inline struct pp_rtt pp_intended(const struct pp_session *s, const struct pp_target *g,
					const struct pp_burst *b, uint64_t k, struct pp_span rx,
					struct pp_rtt rtt)
{
	int64_t due = pp_slot_due(s, pp_target_slot(s, g, k)).v;

	if (s->flags & PP_SESSION_FLOOD || due > b->tx_from || due < s->started)
		return rtt;
	return (struct pp_rtt){PP_NS(rx.from.v > due ? rx.from.v - due : 0), PP_NS(rx.to.v - due)};
}

static inline void pp_keep_sample(struct pp_samples *x, const struct pp_burst *b, uint64_t slot,
				  uint64_t number, struct pp_rtt rtt)
{
	if (x->n == x->capacity)
		x->dropped++;
	else
		x->at[x->n++] = (struct pp_sample){
			.slot = slot, .number = number, .tx = PP_NS(b->tx_from), .rtt = rtt};
}

static inline void pp_target_count(struct pp_target *g, pp_ns mid)
{
	uint32_t rtt = mid.v < UINT32_MAX ? (uint32_t)mid.v : UINT32_MAX;

	g->rtt_min = g->received == 0 || rtt < g->rtt_min ? rtt : g->rtt_min;
	g->rtt_max = g->received == 0 || rtt > g->rtt_max ? rtt : g->rtt_max;
	g->rtt_sum += (uint64_t)mid.v;
	g->received++;
}

#endif
