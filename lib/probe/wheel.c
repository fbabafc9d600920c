/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timing wheel. A slot of level l is 256^l ticks wide; a timer waits
 * on the lowest level that reaches it, and when time enters its slot it moves down,
 * until the slot is one tick and its exact time decides. A bit per slot says which
 * are occupied, so that time jumps from one to the next and empty ones cost nothing.
 *
 * Slots are found by their distance from the current one, circularly: on the finest
 * level 0..511 ticks ahead, on the others 1..511 slots, because a slot is emptied on
 * entering it. The next slot's timers are within reach of the level below already:
 * polls with time to spare move some of them, so that no single poll has to move the
 * thousands that a wide slot may hold.
 *
 * New timers go to the head of a slot; moving a slot elsewhere turns it round, which
 * keeps the order of insertion.
 */
#include <pmdping/wheel.h>

#include <assert.h>

#define LEVEL_BITS 8
#define SLOT_MASK  (PP_WHEEL_SLOTS - 1)
#define NO_TICK	   INT64_MAX

/* Timers of each level that one poll moves ahead of time, and ns between such polls
 * while there are more: a million timers a second. */
#define AHEAD_TIMERS 4
#define AHEAD_GAP    4000

_Static_assert(PP_WHEEL_SLOTS == 2 << LEVEL_BITS, "a slot and the next, one level down");

void pp_wheel_init(struct pp_wheel *w, pp_ns now)
{
	memset(w, 0, sizeof(*w));
	w->next_due = PP_NS_NEVER;
	w->tick = now.v >> PP_WHEEL_SHIFT;
}

static void push(struct pp_timer **head, struct pp_timer *t)
{
	t->next = *head;
	t->link = head;
	if (t->next)
		t->next->link = &t->next;
	*head = t;
}

static void unlink_timer(struct pp_timer *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->link = NULL;
}

static void mark(struct pp_wheel *w, unsigned int level, unsigned int slot)
{
	w->busy[level][slot / 64] |= UINT64_C(1) << slot % 64;
}

static void unmark(struct pp_wheel *w, unsigned int level, unsigned int slot)
{
	w->busy[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

static int64_t tick_of(pp_ns time)
{
	return time.v >> PP_WHEEL_SHIFT;
}

/* A level's slots, counted without end: modulo PP_WHEEL_SLOTS the place. */
static int64_t slot_number(int64_t tick, unsigned int level)
{
	return tick >> level * LEVEL_BITS;
}

static void place(struct pp_wheel *w, struct pp_timer *t)
{
	int64_t tick = tick_of(t->due) > w->tick ? tick_of(t->due) : w->tick;
	uint64_t ahead = (uint64_t)(tick - w->tick);
	unsigned int level = (63 - (unsigned int)__builtin_clzll(ahead >> 1 | 1)) / LEVEL_BITS;

	/* 511.9 slots ahead may be the 512th, which is the current one again. */
	if (level < PP_WHEEL_LEVELS &&
	    slot_number(tick, level) - slot_number(w->tick, level) > SLOT_MASK)
		level++;
	if (level >= PP_WHEEL_LEVELS) {
		level = PP_WHEEL_LEVELS - 1;
		tick = w->tick + ((int64_t)SLOT_MASK << level * LEVEL_BITS);
	}
	unsigned int slot = (unsigned int)slot_number(tick, level) & SLOT_MASK;
	push(&w->slot[level][slot], t);
	mark(w, level, slot);
}

void pp_wheel_insert(struct pp_wheel *w, struct pp_timer *t, pp_ns due)
{
	assert(!t->link);
	t->due = due;
	w->next_due = pp_ns_min(w->next_due, due);
	place(w, t);
}

void pp_wheel_cancel(struct pp_wheel *w, struct pp_timer *t)
{
	if (!t->link)
		return;
	/* Only the first of a slot is linked from the array, and can leave it empty. */
	size_t i = ((uintptr_t)t->link - (uintptr_t)w->slot) / sizeof(w->slot[0][0]);
	if (i < PP_WHEEL_LEVELS * PP_WHEEL_SLOTS && !t->next)
		unmark(w, (unsigned int)i / PP_WHEEL_SLOTS, (unsigned int)i % PP_WHEEL_SLOTS);
	unlink_timer(t);
}

/* Slots from `from` on to the first occupied one, circularly; PP_WHEEL_SLOTS when
 * there is none. */
static unsigned int distance(const uint64_t *busy, unsigned int from)
{
	unsigned int word = from / 64, off = from % 64;
	uint64_t bits = busy[word] >> off;

	if (bits)
		return (unsigned int)__builtin_ctzll(bits);
	for (unsigned int i = 1; i <= PP_WHEEL_SLOTS / 64; i++) {
		bits = busy[(word + i) % (PP_WHEEL_SLOTS / 64)];
		if (bits)
			return i * 64 - off + (unsigned int)__builtin_ctzll(bits);
	}
	return PP_WHEEL_SLOTS;
}

/* The first tick, from the current one on, that is or enters an occupied slot. */
static int64_t next_busy(const struct pp_wheel *w)
{
	unsigned int ahead = distance(w->busy[0], (unsigned int)w->tick & SLOT_MASK);
	int64_t carry = (slot_number(w->tick, 1) + 1) * (INT64_C(1) << LEVEL_BITS);
	int64_t first = ahead < PP_WHEEL_SLOTS ? w->tick + ahead : NO_TICK;

	/* No slot of another level begins before the next of level 1. */
	if (first < carry)
		return first;
	for (unsigned int level = 1; level < PP_WHEEL_LEVELS; level++) {
		int64_t at = slot_number(w->tick, level);
		ahead = distance(w->busy[level], (unsigned int)at & SLOT_MASK);
		int64_t tick = (at + ahead) * (INT64_C(1) << level * LEVEL_BITS);
		if (ahead < PP_WHEEL_SLOTS && tick < first)
			first = tick;
	}
	return first;
}

/* Moves the timers of the current slot of a level to where they belong now. */
static void cascade(struct pp_wheel *w, unsigned int level)
{
	unsigned int slot = (unsigned int)slot_number(w->tick, level) & SLOT_MASK;
	struct pp_timer *next, *turned = NULL;

	for (struct pp_timer *t = w->slot[level][slot]; t; t = next) {
		next = t->next;
		t->next = turned;
		turned = t;
	}
	w->slot[level][slot] = NULL;
	unmark(w, level, slot);
	for (struct pp_timer *t = turned; t; t = next) {
		next = t->next;
		place(w, t);
	}
}

/* Makes `tick` the current one; nothing occupied may lie between. */
static void enter(struct pp_wheel *w, int64_t tick)
{
	w->tick = tick;
	for (unsigned int level = PP_WHEEL_LEVELS - 1; level > 0; level--) {
		if (slot_number(tick, level) * (INT64_C(1) << level * LEVEL_BITS) == tick)
			cascade(w, level);
	}
}

/* Makes ready what is due in the current tick. False, with next_due set, when
 * something is in it but nothing of that is due yet. */
static bool collect(struct pp_wheel *w, pp_ns now)
{
	unsigned int slot = (unsigned int)w->tick & SLOT_MASK;
	pp_ns earliest = PP_NS_NEVER;
	struct pp_timer *next;

	for (struct pp_timer *t = w->slot[0][slot]; t; t = next) {
		next = t->next;
		if (pp_ns_before(now, t->due)) {
			earliest = pp_ns_min(earliest, t->due);
			continue;
		}
		unlink_timer(t);
		push(&w->ready, t);
	}
	if (!w->slot[0][slot])
		unmark(w, 0, slot);
	else if (!w->ready)
		w->next_due = earliest;
	return w->ready || !w->slot[0][slot];
}

/* Moves some timers of each level's next slot down. True when there are more. */
static bool move_ahead(struct pp_wheel *w)
{
	bool more = false;

	for (unsigned int level = 1; level < PP_WHEEL_LEVELS; level++) {
		unsigned int slot = (unsigned int)(slot_number(w->tick, level) + 1) & SLOT_MASK;
		struct pp_timer *t;
		for (int n = 0; (t = w->slot[level][slot]) && n < AHEAD_TIMERS; n++) {
			pp_wheel_cancel(w, t);
			place(w, t);
		}
		more |= t != NULL;
	}
	return more;
}

/* Nothing is due before the tick after `now`: time goes on to it, and what is to be
 * done next is found. */
static void settle(struct pp_wheel *w, pp_ns now)
{
	if (tick_of(now) > w->tick)
		w->tick = tick_of(now);
	bool more = move_ahead(w);
	int64_t tick = next_busy(w);

	w->next_due = tick == NO_TICK ? PP_NS_NEVER : PP_NS(tick * (INT64_C(1) << PP_WHEEL_SHIFT));
	if (more)
		w->next_due = pp_ns_min(w->next_due, pp_ns_add(now, PP_NS(AHEAD_GAP)));
}

/* One step towards `now`. False, with next_due ahead of now, when there is nothing
 * to do before it. */
static bool advance(struct pp_wheel *w, pp_ns now)
{
	int64_t tick = next_busy(w);

	if (tick > tick_of(now)) {
		settle(w, now);
		return false;
	}
	if (tick > w->tick)
		enter(w, tick);
	return collect(w, now);
}

struct pp_timer *pp_wheel_expire(struct pp_wheel *w, pp_ns now)
{
	if (pp_wheel_idle(w, now))
		return NULL;
	while (!w->ready) {
		if (!advance(w, now))
			return NULL;
	}
	struct pp_timer *t = w->ready;
	unlink_timer(t);
	return t;
}
