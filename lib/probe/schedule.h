/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a session's slots are due, by its pacing. Absolute: nothing is computed from
 * "now".
 */
#ifndef PMDPING_SCHEDULE_H
#define PMDPING_SCHEDULE_H

#include "session.h"

/* Laws that are not a constant period. */
struct pp_pace {
	enum pp_pacing law;
	uint32_t burst;	    /* BURST */
	int64_t on, cycle;  /* ONOFF: ns */
	uint64_t per_on;    /* ONOFF: slots in one on-time */
	uint32_t n_gaps;    /* TRACE */
	struct pp_prng rng; /* POISSON */
	uint64_t known;	    /* POISSON: slots whose offsets were drawn */
	uint64_t mask;
	int64_t *offset; /* POISSON: by slot & mask; TRACE: sums of gaps, n_gaps + 1 */
};

/* NULL for periodic sessions, with 0; or -ENOMEM, -EINVAL. */
int pp_pace_create(const struct pp_session_spec *spec, uint64_t period, uint64_t outstanding,
		   struct pp_pace **ret_pace);
void pp_pace_free(struct pp_pace *p);
/* Bytes that it takes. */
size_t pp_pace_memory(const struct pp_session_spec *spec, uint64_t outstanding);
/* Slot k after the origin, ns. Poisson slots are remembered as long as they can be
 * outstanding; older ones are -1. */
int64_t pp_pace_offset(struct pp_pace *p, uint64_t period, uint64_t k);

static inline int64_t pp_slot_offset(const struct pp_session *s, uint64_t k)
{
	if (__builtin_expect(s->pace != NULL, 0))
		return pp_pace_offset(s->pace, s->period, k);
	return (int64_t)((unsigned __int128)k * s->period >> PP_PERIOD_SHIFT);
}

/* A flood has no schedule: its t0 is the time of its last slot. */
static inline pp_ns pp_slot_due(const struct pp_session *s, uint64_t k)
{
	if (s->flags & PP_SESSION_FLOOD)
		return PP_NS(s->t0);
	return PP_NS(s->t0 + pp_slot_offset(s, k));
}

/* How many slots are due before `at`. */
uint64_t pp_slots_before(const struct pp_session *s, int64_t at);

#endif
