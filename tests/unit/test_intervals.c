/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interval statistics: what is between two reads is in exactly one interval, whatever
 * the times of the reads are.
 */
#include "intervals.h"

#include <errno.h>

#include "runner.h"

#define DIGITS 1

/* A session that counts, and what is kept of it. */
struct world {
	struct pp_prng rng;
	struct pp_tally *t;
	struct pp_intervals *v;
	pp_ns now;
};

static struct world setup(void)
{
	struct world w = {.t = pp_tally_create(DIGITS), .v = pp_intervals_create(DIGITS)};

	CU_ASSERT_FATAL(w.t && w.v);
	pp_prng_seed(&w.rng, pp_test_seed());
	w.now = PP_SEC(1000);
	return w;
}

static void teardown(struct world *w)
{
	pp_tally_free(w->t);
	pp_intervals_free(w->v);
}

static void count_some(struct world *w)
{
	uint64_t n = pp_prng_below(&w->rng, 50);

	for (uint64_t i = 0; i < n; i++) {
		pp_ns rtt = PP_NS((int64_t)pp_prng_below(&w->rng, 1000000));
		pp_tally_record(w->t, (struct pp_rtt){rtt, pp_ns_add(rtt, PP_NS(100))});
		w->t->c.due++;
		w->t->c.sent++;
		w->t->c.received++;
	}
	w->t->c.duplicate += pp_prng_below(&w->rng, 3);
}

static void take(struct world *w)
{
	pp_intervals_add(w->v, w->now, &w->t->c, &w->t->lo, &w->t->hi);
}

/* As the control thread does, every so often. */
static void pass(struct world *w, pp_ns time)
{
	w->now = pp_ns_add(w->now, time);
	count_some(w);
	if (pp_intervals_due(w->v, w->now))
		take(w);
}

static void add_read(struct pp_read *sum, const struct pp_read *r)
{
	pp_counts_add(&sum->c, &r->c);
	pp_hist_merge(&sum->lo, &r->lo);
	pp_hist_merge(&sum->hi, &r->hi);
}

/* The first read and the intervals after it, put together again. */
static bool adds_up(const struct world *w)
{
	struct pp_read *sum = pp_read_create(DIGITS), *d = pp_read_create(DIGITS);
	unsigned int n = pp_intervals_reads(w->v);
	const struct pp_read *last = pp_intervals_read(w->v, n - 1);

	CU_ASSERT_FATAL(sum && d);
	add_read(sum, pp_intervals_read(w->v, 0));
	for (unsigned int i = 1; i < n; i++) {
		const struct pp_read *r = pp_intervals_read(w->v, i);
		pp_read_take(d, r->at, &r->c, &r->lo, &r->hi);
		CU_ASSERT_EQUAL(pp_read_diff(d, pp_intervals_read(w->v, i - 1)), 0);
		add_read(sum, d);
	}
	size_t size = sum->lo.len * sizeof(*sum->lo.counts);
	bool same = !memcmp(&sum->c, &last->c, sizeof(sum->c)) &&
		    !memcmp(sum->lo.counts, last->lo.counts, size) &&
		    !memcmp(sum->hi.counts, last->hi.counts, size);
	pp_read_free(sum);
	pp_read_free(d);
	return same;
}

static void test_adds_up(void)
{
	struct world w = setup();

	pp_intervals_begin(w.v, w.now);
	for (int i = 0; i < 2000; i++) {
		pass(&w, PP_MS(1 + (int64_t)pp_prng_below(&w.rng, 400)));
		if (i % 100 == 0)
			CU_ASSERT(adds_up(&w));
	}
	take(&w);
	CU_ASSERT(adds_up(&w));
	const struct pp_read *last = pp_intervals_read(w.v, PP_INTERVALS);
	CU_ASSERT_EQUAL(memcmp(&last->c, &w.t->c, sizeof(last->c)), 0);
	CU_ASSERT_EQUAL(pp_hist_total(&last->lo), w.t->rtt.n);
	teardown(&w);
}

static void test_last_minute(void)
{
	struct world w = setup();

	pp_intervals_begin(w.v, w.now);
	for (int i = 0; i < 200; i++) {
		unsigned int want = i < PP_INTERVALS ? (unsigned int)i + 1 : PP_INTERVALS + 1;
		CU_ASSERT_EQUAL(pp_intervals_reads(w.v), want);
		pass(&w, PP_SEC(1));
	}
	CU_ASSERT_EQUAL(pp_intervals_read(w.v, PP_INTERVALS)->at.v, w.now.v);
	CU_ASSERT_EQUAL(pp_intervals_read(w.v, 0)->at.v, w.now.v - PP_SEC(PP_INTERVALS).v);
	CU_ASSERT_EQUAL(pp_intervals_began(w.v).v, PP_SEC(1000).v);
	teardown(&w);
}

/* Late reads do not shift those that follow, and none is made up for. */
static void test_due(void)
{
	struct world w = setup();
	pp_ns t0 = w.now;

	CU_ASSERT(!pp_intervals_due(w.v, w.now));
	pp_intervals_begin(w.v, t0);
	CU_ASSERT(!pp_intervals_due(w.v, PP_NS(t0.v + PP_SEC(1).v - 1)));
	CU_ASSERT(pp_intervals_due(w.v, pp_ns_add(t0, PP_SEC(1))));
	w.now = pp_ns_add(t0, PP_MS(1003));
	take(&w);
	CU_ASSERT(!pp_intervals_due(w.v, pp_ns_add(t0, PP_MS(1999))));
	CU_ASSERT(pp_intervals_due(w.v, pp_ns_add(t0, PP_SEC(2))));
	w.now = pp_ns_add(t0, PP_MS(7200));
	take(&w);
	CU_ASSERT_EQUAL(pp_intervals_reads(w.v), 3);
	CU_ASSERT(!pp_intervals_due(w.v, pp_ns_add(t0, PP_MS(7999))));
	CU_ASSERT(pp_intervals_due(w.v, pp_ns_add(t0, PP_SEC(8))));
	teardown(&w);
}

static void test_clear(void)
{
	struct world w = setup();

	pp_intervals_begin(w.v, w.now);
	pass(&w, PP_SEC(1));
	pass(&w, PP_SEC(1));
	pp_intervals_clear(w.v);
	pp_tally_clear(w.t);
	CU_ASSERT_EQUAL(pp_intervals_reads(w.v), 0);
	take(&w); /* was under way */
	CU_ASSERT_EQUAL(pp_intervals_reads(w.v), 0);
	pp_intervals_begin(w.v, w.now);
	CU_ASSERT_EQUAL(pp_intervals_read(w.v, 0)->c.sent, 0);
	CU_ASSERT_EQUAL(pp_hist_total(&pp_intervals_read(w.v, 0)->hi), 0);
	pass(&w, PP_SEC(1));
	CU_ASSERT(adds_up(&w));
	teardown(&w);
}

static void test_not_earlier(void)
{
	struct pp_read *a = pp_read_create(DIGITS), *b = pp_read_create(DIGITS);

	CU_ASSERT_FATAL(a && b);
	a->c.sent = 5;
	pp_hist_record(&a->lo, PP_NS(3));
	pp_hist_record(&a->hi, PP_NS(3));
	pp_hist_record(&b->lo, PP_NS(3));
	pp_hist_record(&b->hi, PP_NS(4));
	CU_ASSERT_EQUAL(pp_read_diff(a, b), -ERANGE);
	CU_ASSERT(a->c.sent == 5 && a->lo.counts[3] == 1 && a->hi.counts[3] == 1);
	pp_read_free(a);
	pp_read_free(b);
	CU_ASSERT_PTR_NULL(pp_read_create(0));
	CU_ASSERT_PTR_NULL(pp_intervals_create(4));
	CU_ASSERT(pp_intervals_memory(2) > 120 * sizeof(uint64_t) * pp_hist_len(2));
}

PP_TEST_MAIN("intervals", {"intervals add up to the counters, at all times", test_adds_up},
	     {"the last sixty are kept", test_last_minute},
	     {"reads are due every second from the begin", test_due},
	     {"cleared, it begins anew", test_clear},
	     {"a read is not the difference to a later one", test_not_earlier})
