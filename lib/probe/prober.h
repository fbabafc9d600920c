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
	struct pp_wheel dues;	  /* sessions, by their next slot */
	struct pp_wheel timeouts; /* records of the log, by their next timeout */
	uint32_t rate_error;	  /* per 2^40 */
};

static inline struct pp_burst *pp_burst_of(struct pp_timer *t)
{
	return (struct pp_burst *)(void *)((char *)t - offsetof(struct pp_burst, timer));
}

/* Every probe of the record was answered, timed out, or its session is gone. */
bool pp_burst_decided(const struct pp_prober *p, struct pp_burst *b);
/* Times out what is due at safe, arms the timer for what is not. */
void pp_burst_expire(struct pp_prober *p, struct pp_burst *b, pp_ns safe);
/* A draining session with nothing in flight is done. */
void pp_prober_finish_if_decided(struct pp_prober *p, struct pp_session *s, pp_ns now);

#endif
