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

/* Each level's slots are 256 times as wide as those of the level below, the finest
 * 1024 ns. There are twice as many, so that a wide slot can be moved down little by
 * little before its time. 26 days ahead; what is due later is put back then. */
#define PP_WHEEL_SHIFT	10
#define PP_WHEEL_LEVELS 5
#define PP_WHEEL_SLOTS	512
struct pp_wheel {
	pp_ns next_due;		/* nothing is due before; ahead of now when expire says NULL */
	int64_t tick;		/* all ticks before this one are done */
	struct pp_timer *ready; /* due, out of their slots, not handed out yet */
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
