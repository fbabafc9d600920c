/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timing wheel against a heap of the same timers: nothing early, nothing late, and
 * the time of the next poll neither in the past nor too far ahead.
 */
#include <pmdping/wheel.h>

#include <stdlib.h>

#include "runner.h"

#define DAY INT64_C(86400000000000) /* ns */

/* ---- reference: a binary heap; cancelled entries go when they come up ---- */

struct entry {
	int64_t due;
	uint32_t timer;
	uint32_t gen;
};

struct ref {
	struct entry *heap;
	size_t len;
	uint32_t *gen; /* per timer; an entry of another generation is void */
};

static void ref_swap(struct ref *r, size_t a, size_t b)
{
	struct entry e = r->heap[a];

	r->heap[a] = r->heap[b];
	r->heap[b] = e;
}

static void ref_insert(struct ref *r, uint32_t timer, int64_t due)
{
	size_t i = r->len++;

	r->heap[i] = (struct entry){due, timer, r->gen[timer]};
	for (; i > 0 && r->heap[i].due < r->heap[(i - 1) / 2].due; i = (i - 1) / 2)
		ref_swap(r, i, (i - 1) / 2);
}

static void ref_pop(struct ref *r)
{
	size_t i = 0;

	r->heap[0] = r->heap[--r->len];
	for (;;) {
		size_t least = i;
		for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < r->len; c++)
			least = r->heap[c].due < r->heap[least].due ? c : least;
		if (least == i)
			return;
		ref_swap(r, i, least);
		i = least;
	}
}

/* Earliest due time, PP_NS_NEVER when nothing is armed. */
static int64_t ref_next(struct ref *r)
{
	while (r->len && r->heap[0].gen != r->gen[r->heap[0].timer])
		ref_pop(r);
	return r->len ? r->heap[0].due : PP_NS_NEVER.v;
}

/* ---- both at once ---- */

struct both {
	struct pp_wheel w;
	struct ref ref;
	struct pp_timer *timers;
	uint32_t len;
	int64_t now;
	struct pp_prng rng;
	unsigned int early, late, loose, spin, fired;
};

static struct both *both_create(uint32_t len, size_t inserts, int64_t now)
{
	struct both *b = calloc(1, sizeof(*b));

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	b->timers = calloc(len, sizeof(*b->timers));
	b->ref.heap = calloc(inserts, sizeof(*b->ref.heap));
	b->ref.gen = calloc(len, sizeof(*b->ref.gen));
	CU_ASSERT_FATAL(b->timers && b->ref.heap && b->ref.gen);
	b->len = len;
	b->now = now;
	pp_prng_seed(&b->rng, pp_test_seed());
	pp_wheel_init(&b->w, PP_NS(now));
	return b;
}

static void both_free(struct both *b)
{
	free(b->timers);
	free(b->ref.heap);
	free(b->ref.gen);
	free(b);
}

static void both_insert(struct both *b, uint32_t i, int64_t due)
{
	pp_wheel_insert(&b->w, &b->timers[i], PP_NS(due));
	ref_insert(&b->ref, i, due);
}

static void both_cancel(struct both *b, uint32_t i)
{
	pp_wheel_cancel(&b->w, &b->timers[i]);
	b->ref.gen[i]++;
}

/* The next poll: after all that is due now, before all that is left, and at the
 * very time when that is in the current tick or there is nothing. */
static void check_bound(struct both *b, int64_t next)
{
	int64_t bound = b->w.next_due.v;
	bool same_tick = next >> PP_WHEEL_SHIFT == b->now >> PP_WHEEL_SHIFT;

	b->spin += bound <= b->now;
	b->loose += bound > next;
	b->loose += (same_tick || next == PP_NS_NEVER.v) && bound != next;
	b->loose += b->w.tick != b->now >> PP_WHEEL_SHIFT; /* else inserts go too high */
}

/* Takes out what is due, and compares what is left. */
static void both_poll(struct both *b, int64_t now)
{
	bool idle = pp_wheel_idle(&b->w, PP_NS(now));
	struct pp_timer *t;

	b->now = now;
	while ((t = pp_wheel_expire(&b->w, PP_NS(now)))) {
		b->early += t->due.v > now || pp_timer_armed(t);
		b->ref.gen[t - b->timers]++;
		b->fired++;
	}
	int64_t next = ref_next(&b->ref);
	b->late += next <= now;
	b->loose += b->w.next_due.v > next;
	if (!idle) /* else it may still be the time of a cancelled timer */
		check_bound(b, next);
}

static void both_check(const struct both *b)
{
	CU_ASSERT_EQUAL(b->early, 0);
	CU_ASSERT_EQUAL(b->late, 0);
	CU_ASSERT_EQUAL(b->loose, 0);
	CU_ASSERT_EQUAL(b->spin, 0);
}

static bool all_idle(const struct pp_wheel *w)
{
	uint64_t any = 0;

	for (size_t i = 0; i < PP_WHEEL_LEVELS * PP_WHEEL_SLOTS / 64; i++)
		any |= w->busy[i / (PP_WHEEL_SLOTS / 64)][i % (PP_WHEEL_SLOTS / 64)];
	return any == 0 && !w->ready;
}

/* As likely nanoseconds as days: uniform in the exponent. */
static int64_t any_delay(struct pp_prng *rng)
{
	uint64_t delay = pp_prng_next(rng) >> (64 - 1 - pp_prng_below(rng, 52));

	return (int64_t)(delay % (uint64_t)(40 * DAY));
}

/* Inserts, cancels and re-inserts one timer at random, now and then in the past. */
static void stir(struct both *b)
{
	uint32_t i = (uint32_t)pp_prng_below(&b->rng, b->len);
	int64_t due = b->now + any_delay(&b->rng);

	if (pp_timer_armed(&b->timers[i]))
		both_cancel(b, i);
	if (pp_prng_below(&b->rng, 20) == 0)
		due = b->now - any_delay(&b->rng);
	if (pp_prng_below(&b->rng, 4))
		both_insert(b, i, due);
}

/* To the time of a timer, just before it, to where the wheel wants, or anywhere. */
static int64_t step(struct both *b)
{
	int64_t next = ref_next(&b->ref);
	int64_t to = b->now;

	switch (pp_prng_below(&b->rng, 6)) {
	case 0:
		to = next == PP_NS_NEVER.v ? b->now : next;
		break;
	case 1:
		to = next - 1;
		break;
	case 2:
		to = b->w.next_due.v;
		break;
	case 3:
		to = b->now + (int64_t)pp_prng_below(&b->rng, 5000);
		break;
	case 4:
		to = b->now + (any_delay(&b->rng) >> pp_prng_below(&b->rng, 40));
		break;
	}
	return to > b->now && to < PP_NS_NEVER.v - 1 ? to : b->now;
}

static void run_random(int64_t start)
{
	enum { TIMERS = 100000, OPS = 300000 };
	struct both *b = both_create(TIMERS, OPS, start);

	for (int i = 0; i < OPS; i++) {
		stir(b);
		if (pp_prng_below(&b->rng, 8) == 0)
			both_poll(b, step(b));
	}
	while (ref_next(&b->ref) != PP_NS_NEVER.v && b->late == 0)
		both_poll(b, b->now + DAY / 4);
	both_check(b);
	CU_ASSERT(b->fired > TIMERS && all_idle(&b->w));
	both_free(b);
}

static void test_random(void)
{
	run_random(0);
}

/* Each level carries within the run. */
static void test_random_at_carry(void)
{
	run_random((INT64_C(1) << 50) - 500);
	run_random((INT64_C(3) << 42) - 1);
}

static void test_random_from_negative(void)
{
	run_random(-30 * DAY - 12345);
}

/* Many timers in few ticks, polled every few nanoseconds. */
static void test_crowded_ticks(void)
{
	enum { TIMERS = 2000 };
	struct both *b = both_create(TIMERS, 2 * TIMERS, 1000);

	for (uint32_t i = 0; i < TIMERS; i++)
		both_insert(b, i, 1000 + (int64_t)pp_prng_below(&b->rng, 4096));
	for (uint32_t i = 0; i < TIMERS; i += 3)
		both_cancel(b, i);
	for (int64_t now = 1000; now < 6000; now += 1 + (int64_t)pp_prng_below(&b->rng, 20))
		both_poll(b, now);
	both_check(b);
	CU_ASSERT(b->fired == TIMERS - (TIMERS + 2) / 3 && all_idle(&b->w));
	both_free(b);
}

static void test_exact(void)
{
	static const int64_t delays[] = {1,	     2,		  1023,	   1024,     1025,
					 262143,     262144,	  262145,  67108863, 67108864,
					 1000000000, 17179869184, 4 * DAY, 13 * DAY, 26 * DAY,
					 20 * DAY,   40 * DAY};

	for (size_t i = 0; i < PP_ARRAY_LEN(delays); i++) {
		for (int64_t start = 0; start < 3000; start += 333) {
			struct pp_wheel w;
			struct pp_timer t = {0};
			pp_ns due = PP_NS(start + delays[i]);
			pp_wheel_init(&w, PP_NS(start));
			pp_wheel_insert(&w, &t, due);
			CU_ASSERT(pp_timer_armed(&t) && pp_wheel_idle(&w, PP_NS(due.v - 1)));
			CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_NS(start)));
			CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_NS(due.v - 1)));
			CU_ASSERT(w.next_due.v >= due.v - 1 && !pp_wheel_idle(&w, due));
			CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, due), &t);
			CU_ASSERT(!pp_timer_armed(&t) && w.next_due.v <= due.v);
			CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, due));
			CU_ASSERT_EQUAL(w.next_due.v, PP_NS_NEVER.v);
		}
	}
}

static void test_past(void)
{
	struct pp_wheel w;
	struct pp_timer t = {0}, u = {0};

	pp_wheel_init(&w, PP_SEC(10));
	pp_wheel_insert(&w, &t, PP_SEC(3));
	pp_wheel_insert(&w, &u, PP_NS(INT64_MIN));
	CU_ASSERT(!pp_wheel_idle(&w, PP_SEC(10)));
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_SEC(10)), &t);
	pp_wheel_insert(&w, &t, PP_SEC(4));
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_SEC(10)), &u);
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_SEC(10)), &t);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_SEC(10)));
	CU_ASSERT(pp_wheel_idle(&w, PP_SEC(10)) && all_idle(&w));
}

/* What a caller may do between two expires: cancel what is ready, or far away. */
static void test_cancel_between(void)
{
	struct pp_wheel w;
	struct pp_timer t[4] = {{0}};

	pp_wheel_init(&w, PP_NS(0));
	for (int i = 0; i < 3; i++)
		pp_wheel_insert(&w, &t[i], PP_MS(5));
	pp_wheel_insert(&w, &t[3], PP_SEC(5));
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_MS(6)), &t[0]);
	pp_wheel_cancel(&w, &t[1]);
	pp_wheel_cancel(&w, &t[3]);
	pp_wheel_cancel(&w, &t[0]); /* in no wheel any more */
	CU_ASSERT(!pp_timer_armed(&t[1]) && !pp_timer_armed(&t[3]));
	pp_wheel_insert(&w, &t[1], PP_MS(6));
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_MS(6)), &t[2]);
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_MS(6)), &t[1]);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_MS(6)));
	CU_ASSERT(all_idle(&w) && w.next_due.v == PP_NS_NEVER.v);
}

static void test_cancel_all_ready(void)
{
	struct pp_wheel w;
	struct pp_timer t[3] = {{0}};

	pp_wheel_init(&w, PP_NS(0));
	for (int i = 0; i < 3; i++)
		pp_wheel_insert(&w, &t[i], PP_NS(i));
	CU_ASSERT_PTR_NOT_NULL(pp_wheel_expire(&w, PP_NS(5)));
	for (int i = 0; i < 3; i++)
		pp_wheel_cancel(&w, &t[i]);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_NS(5)));
	CU_ASSERT(all_idle(&w) && w.next_due.v == PP_NS_NEVER.v);
}

/* By tick, and as inserted within a tick, however many slots they came through. */
static void test_order(void)
{
	static struct pp_timer t[1000];
	struct pp_wheel w;
	unsigned int wrong = 0;

	pp_wheel_init(&w, PP_NS(777));
	for (size_t i = 0; i < PP_ARRAY_LEN(t); i++)
		pp_wheel_insert(&w, &t[i], PP_MS(6000 - 1000 * (int64_t)(i / 200)));
	for (size_t i = 0; i < PP_ARRAY_LEN(t); i++) {
		size_t want = 800 - i / 200 * 200 + i % 200;
		wrong += pp_wheel_expire(&w, PP_SEC(8)) != &t[want];
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_SEC(8)));
}

/* Two million empty ticks at a time: visiting them would take hours. */
static void test_stall(void)
{
	struct pp_wheel w;
	struct pp_timer t[2] = {{0}};
	int64_t now = 0;
	unsigned int wrong = 0;

	pp_wheel_init(&w, PP_NS(0));
	pp_wheel_insert(&w, &t[1], PP_NS_NEVER);
	for (int i = 0; i < 100000; i++) {
		pp_wheel_insert(&w, &t[0], PP_NS(now + 1000000));
		now += PP_SEC(2).v + i;
		wrong += pp_wheel_expire(&w, PP_NS(now)) != &t[0];
		wrong += pp_wheel_expire(&w, PP_NS(now)) != NULL;
		wrong += w.next_due.v <= now;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(pp_timer_armed(&t[1]));
}

/* Polls that follow next_due, until a lone timer `delay` ahead has fired. */
static unsigned int polls_until(int64_t start, int64_t delay)
{
	struct pp_wheel w;
	struct pp_timer t = {0}, other = {0};
	unsigned int polls = 0;

	pp_wheel_init(&w, PP_NS(start));
	pp_wheel_insert(&w, &t, PP_NS(start + delay));
	pp_wheel_insert(&w, &other, PP_NS(start)); /* its expiry makes next_due a bound */
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_NS(start)), &other);
	for (int64_t now = start; pp_timer_armed(&t) && polls < 100; polls++) {
		struct pp_timer *fired = pp_wheel_expire(&w, PP_NS(now));
		CU_ASSERT((fired != NULL) == (now == t.due.v));
		now = w.next_due.v;
	}
	return polls;
}

static void test_polls_are_few(void)
{
	struct pp_prng rng;
	unsigned int most = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 20000; i++) {
		int64_t delay = any_delay(&rng) + 1;
		unsigned int n = polls_until((int64_t)(pp_prng_next(&rng) >> 8), delay);
		unsigned int back = delay >= 25 * DAY; /* put back once */
		most = n > most + back ? n - back : most;
	}
	/* The first, one for each slot on the way down, one for the time itself. */
	CU_ASSERT(most <= 2 + PP_WHEEL_LEVELS);
}

/* 20,000 timers within a second, polled as often as the wheel asks: their slots of
 * 67 ms are empty before their time, so that no poll has to move 1,300 at once. */
static void test_moved_ahead(void)
{
	enum { TIMERS = 20000, WIDE_BITS = PP_WHEEL_SHIFT + 16 };
	struct both *b = both_create(TIMERS, TIMERS, 0);
	unsigned int entered = 0, full = 0;

	for (uint32_t i = 0; i < TIMERS; i++)
		both_insert(b, i, PP_MS(150).v + (int64_t)pp_prng_below(&b->rng, 1000000000));
	for (int64_t next = b->w.next_due.v; next != PP_NS_NEVER.v; next = b->w.next_due.v) {
		if (next >> WIDE_BITS != b->now >> WIDE_BITS) {
			entered++;
			full += b->w.slot[2][next >> WIDE_BITS & (PP_WHEEL_SLOTS - 1)] != NULL;
		}
		both_poll(b, next);
	}
	both_check(b);
	CU_ASSERT(b->fired == TIMERS && entered > 14);
	CU_ASSERT(full <= 1); /* the first, before which nothing was polled */
	both_free(b);
}

static void test_bound_in_tick(void)
{
	struct pp_wheel w;
	struct pp_timer t[3] = {{0}};

	pp_wheel_init(&w, PP_NS(0));
	pp_wheel_insert(&w, &t[0], PP_NS(2048 + 900));
	pp_wheel_insert(&w, &t[1], PP_NS(2048 + 300));
	pp_wheel_insert(&w, &t[2], PP_NS(2048 + 100));
	CU_ASSERT_PTR_EQUAL(pp_wheel_expire(&w, PP_NS(2048 + 100)), &t[2]);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_NS(2048 + 100)));
	CU_ASSERT_EQUAL(w.next_due.v, 2048 + 300);
	pp_wheel_cancel(&w, &t[1]);
	CU_ASSERT_PTR_NULL(pp_wheel_expire(&w, PP_NS(2048 + 300)));
	CU_ASSERT_EQUAL(w.next_due.v, 2048 + 900);
	pp_wheel_insert(&w, &t[1], PP_NS(2048 + 301));
	CU_ASSERT_EQUAL(w.next_due.v, 2048 + 301);
}

PP_TEST_MAIN("wheel", {"300,000 random operations from 0 agree with a heap", test_random},
	     {"... when every level carries", test_random_at_carry},
	     {"... from negative times", test_random_from_negative},
	     {"thousands in a tick fire each at its nanosecond", test_crowded_ticks},
	     {"due exactly, 1 ns to 40 days ahead", test_exact},
	     {"due in the past fires at the next expire", test_past},
	     {"cancel and insert between expires", test_cancel_between},
	     {"nothing fires when all that was ready is cancelled", test_cancel_all_ready},
	     {"order is by tick, then by insertion", test_order},
	     {"a stall over millions of ticks costs nothing", test_stall},
	     {"a distant timer costs a poll per level", test_polls_are_few},
	     {"a wide slot has been emptied when time enters it", test_moved_ahead},
	     {"next_due is exact within the current tick", test_bound_in_tick})
