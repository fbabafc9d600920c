/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A prober from inside, for its two halves: prober.c sends, account.c takes answers.
 */
#ifndef PMDPING_PROBER_H
#define PMDPING_PROBER_H

#include "flight.h"
#include "session.h"

struct pp_prober {
	struct pp_prober_config config;
	struct pp_wheel dues; /* sessions, by their next slot */
	/* Records are looked at in the order of the log, each as soon as the shortest timeout
	 * has passed since: most have been answered by then. Those that have not wait in the
	 * wheel for their next timeout. */
	int64_t shortest; /* timeout of any session that was sent, ns */
	uint64_t unseen;  /* number of the first record that was not looked at */
	pp_ns unseen_due; /* when it has to be; PP_NS_NEVER: there is none */
	struct pp_wheel timeouts;
	uint32_t rate_error; /* per 2^40 */
};

static inline struct pp_burst *pp_burst_of(struct pp_timer *t)
{
	return (struct pp_burst *)(void *)((char *)t - offsetof(struct pp_burst, timer));
}

/* The target's first slot that was not looked at yet. */
static inline uint64_t pp_target_next_k(const struct pp_session *s, const struct pp_target *g)
{
	return s->round + (pp_target_place(s, g) < s->turn);
}

/* The slot's full number, from its low half: the newest that is not ahead. */
static inline uint64_t pp_target_full_k(const struct pp_session *s, const struct pp_target *g,
					uint32_t low)
{
	uint64_t next = pp_target_next_k(s, g);
	uint64_t k = (next & ~(uint64_t)UINT32_MAX) | low;

	return k >= next && k > UINT32_MAX ? k - ((uint64_t)1 << 32) : k;
}

/* Its number among all of the session's. */
static inline uint64_t pp_target_slot(const struct pp_session *s, const struct pp_target *g,
				      uint64_t k)
{
	return k * s->n_targets + pp_target_place(s, g);
}

/* When there is something to do next. */
static inline pp_ns pp_prober_next(const struct pp_prober *p)
{
	return pp_ns_min(p->unseen_due, pp_ns_min(p->dues.next_due, p->timeouts.next_due));
}

/* Finds out when the first unseen record is due. */
void pp_prober_set_unseen_due(struct pp_prober *p);
/* Every probe of the record was answered, timed out, or its session is gone. */
bool pp_burst_decided(const struct pp_prober *p, struct pp_burst *b);
/* Times out what is due at safe, arms the timer for what is not. */
void pp_burst_expire(struct pp_prober *p, struct pp_burst *b, pp_ns safe);
/* The batch's probes from `from` on were not sent. Counted all before any session is found
 * to be done: it may have several here. What the port did not refuse, the log has no room
 * for. */
void pp_prober_leave_unsent(struct pp_prober *p, const struct pp_batch *batch, unsigned int from,
			    bool refused, pp_ns now);
/* A draining session with nothing in flight is done. */
void pp_prober_finish_if_decided(struct pp_prober *p, struct pp_session *s, pp_ns now);

#endif
