/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timing wheel: due times of sessions and timeouts of probes, for one worker.
 * Insert, cancel and expire in constant time; a poll with nothing due costs one
 * comparison. Intrusive, never allocates, one thread. Times are exact: nothing
 * fires before its time, and everything due at `now` fires in that call.
 */
#ifndef PMDPING_WHEEL_H
#define PMDPING_WHEEL_H

#include <pmdping/base.h>

struct pp_timer {
	struct pp_timer *next;
	struct pp_timer **link; /* what points at us; NULL: not in a wheel */
	pp_ns due;
};

/* 256 slots on each of 5 levels, the finest 1024 ns wide: 13 days ahead; what is
 * due later waits in the last slot and is put back. */
#define PP_WHEEL_SHIFT	10
#define PP_WHEEL_LEVELS 5
#define PP_WHEEL_SLOTS	256
struct pp_wheel {
	pp_ns next_due; /* nothing is due before: the early out of a poll */
	int64_t tick;	/* all ticks before this one are done */
	uint64_t busy[PP_WHEEL_LEVELS][PP_WHEEL_SLOTS / 64];
	struct pp_timer *slot[PP_WHEEL_LEVELS][PP_WHEEL_SLOTS];
};

void pp_wheel_init(struct pp_wheel *w, pp_ns now);
/* A timer not in a wheel; due in the past means at the next expire. */
void pp_wheel_insert(struct pp_wheel *w, struct pp_timer *t, pp_ns due);
/* A timer in the wheel or in none. */
void pp_wheel_cancel(struct pp_wheel *w, struct pp_timer *t);
static inline bool pp_timer_armed(const struct pp_timer *t)
{
	return t->link != NULL;
}
/* Takes one timer that is due at `now` out of the wheel, or NULL. Order among
 * those due in one call is by tick, within a tick by insertion at best effort.
 * Call until NULL; inserting in between is allowed. */
struct pp_timer *pp_wheel_expire(struct pp_wheel *w, pp_ns now);

static inline bool pp_wheel_idle(const struct pp_wheel *w, pp_ns now)
{
	return now.v < w->next_due.v;
}

#endif
