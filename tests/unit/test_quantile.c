/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quantiles: the vectors of RFC 2681 4.1 and RFC 2330 11.3, ranks that rounding
 * must not move, and against sorted arrays: the truth is between both ends.
 */
#include <pmdping/stats.h>

#include <stdlib.h>

#include "runner.h"

#define LOST INT64_MAX

/* `n` probes, of which the LOST are in neither histogram. */
static struct pp_tally *tally_of(const int64_t *v, size_t n)
{
	struct pp_tally *t = pp_tally_create(3);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (size_t i = 0; i < n; i++) {
		if (v[i] != LOST)
			pp_tally_record(t, (struct pp_rtt){PP_NS(v[i]), PP_NS(v[i])});
	}
	return t;
}

static bool is(struct pp_quantile q, int64_t v)
{
	if (v == LOST)
		return q.defined && q.infinite && q.lo.v == PP_NS_NEVER.v &&
		       q.hi.v == PP_NS_NEVER.v;
	return q.defined && !q.infinite && q.lo.v == v && q.hi.v == v;
}

static void test_lost_is_infinite(void)
{
	static const int64_t v[] = {100, 110, LOST, 90, 500};
	struct pp_tally *t = tally_of(v, 5);

	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 5, 0.5), 110));
	CU_ASSERT(is(pp_median(&t->lo, &t->hi, 5), 110));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 5, 0.2), 90));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 5, 0.8), 500));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 5, 0.81), LOST));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 5, 1), LOST));
	CU_ASSERT_EQUAL(t->rtt.min, 90);
	pp_tally_free(t);
}

static void test_even_median(void)
{
	static const int64_t v[] = {100, 110, LOST, 90}, w[] = {100, LOST, LOST, 90};
	struct pp_tally *t = tally_of(v, 4), *u = tally_of(w, 4);

	CU_ASSERT(is(pp_median(&t->lo, &t->hi, 4), 105));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 4, 0.5), 100));
	CU_ASSERT(is(pp_quantile(&u->lo, &u->hi, 4, 0.5), 100));
	CU_ASSERT(is(pp_median(&u->lo, &u->hi, 4), LOST));
	pp_tally_free(t);
	pp_tally_free(u);
}

static void test_undefined(void)
{
	struct pp_tally *t = tally_of(NULL, 0);

	CU_ASSERT(!pp_quantile(&t->lo, &t->hi, 0, 0.5).defined);
	CU_ASSERT(!pp_median(&t->lo, &t->hi, 0).defined);
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 3, 0.5), LOST));
	pp_tally_record(t, (struct pp_rtt){PP_NS(4), PP_NS(4)});
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 1, 0.5), 4));
	CU_ASSERT(is(pp_median(&t->lo, &t->hi, 1), 4));
	CU_ASSERT(!pp_quantile(&t->lo, &t->hi, 1, 0).defined);
	CU_ASSERT(!pp_quantile(&t->lo, &t->hi, 1, -0.1).defined);
	CU_ASSERT(!pp_quantile(&t->lo, &t->hi, 1, 1.01).defined);
	CU_ASSERT(!pp_quantile(&t->lo, &t->hi, 1, 0.0 / 0.0).defined);
	pp_tally_free(t);
}

/* The RFC's {-2, 7, 7, 4, 18, -5}, 10 later: delays here are not negative. */
static void test_empirical_distribution(void)
{
	static const int64_t v[] = {8, 17, 17, 14, 28, 5};
	struct pp_tally *t = tally_of(v, 6);

	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 0.5), 14));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 0.25), 8));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 1), 28));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 1.0 / 6), 5));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 5.0 / 6), 17));
	CU_ASSERT(is(pp_quantile(&t->lo, &t->hi, 6, 0.84), 28));
	pp_tally_free(t);
}

/* p = k% of the samples 1..n has rank k n / 100, a billionth more the next. */
static void test_rank_is_exact(void)
{
	static int64_t v[1000];
	unsigned int wrong = 0;

	for (size_t i = 0; i < PP_ARRAY_LEN(v); i++)
		v[i] = (int64_t)i + 1;
	for (size_t n = 100; n <= 1000; n += 100) {
		struct pp_tally *t = tally_of(v, n);
		for (int k = 1; k <= 100; k++) {
			int64_t want = (int64_t)n / 100 * k;
			wrong += !is(pp_quantile(&t->lo, &t->hi, n, k / 100.0), want);
			wrong += !is(pp_quantile(&t->lo, &t->hi, n, 1 - (100 - k) / 100.0), want);
			wrong += k < 100 &&
				 !is(pp_quantile(&t->lo, &t->hi, n, k / 100.0 + 1e-9), want + 1);
		}
		pp_tally_free(t);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void test_above_range(void)
{
	struct pp_tally *t = pp_tally_create(3);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	pp_tally_record(t, (struct pp_rtt){PP_SEC(59), PP_SEC(75)});
	pp_tally_record(t, (struct pp_rtt){PP_SEC(61), PP_SEC(75)});
	struct pp_quantile q = pp_quantile(&t->lo, &t->hi, 2, 0.5);
	CU_ASSERT(q.defined && !q.infinite && q.lo.v <= PP_SEC(59).v && q.hi.v == PP_NS_NEVER.v);
	q = pp_quantile(&t->lo, &t->hi, 2, 1);
	CU_ASSERT(q.lo.v == PP_SEC(60).v + 1 && q.hi.v == PP_NS_NEVER.v);
	q = pp_median(&t->lo, &t->hi, 2);
	CU_ASSERT(q.lo.v <= PP_SEC(60).v && q.hi.v == PP_NS_NEVER.v);
	pp_tally_free(t);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* True values, some lost, each measured as an interval around it. */
static struct pp_tally *measure(struct pp_prng *rng, int64_t *truth, size_t n, unsigned int digits)
{
	struct pp_tally *t = pp_tally_create(digits);
	uint64_t scale = UINT64_C(2) << pp_prng_below(rng, 36);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (size_t i = 0; i < n; i++) {
		truth[i] = LOST;
		if (pp_prng_below(rng, 8) == 0)
			continue;
		truth[i] = (int64_t)pp_prng_below(rng, scale);
		int64_t before = (int64_t)pp_prng_below(rng, 1000);
		int64_t after = (int64_t)pp_prng_below(rng, 1000);
		pp_tally_record(t,
				(struct pp_rtt){PP_NS(truth[i] - before), PP_NS(truth[i] + after)});
	}
	qsort(truth, n, sizeof(*truth), by_value);
	return t;
}

/* The k-th of the sorted truth, k being the smallest with k >= p * n, p = num/den. */
static bool contains(const struct pp_tally *t, const int64_t *truth, uint64_t n, uint64_t num,
		     uint64_t den)
{
	int64_t want = truth[(num * n + den - 1) / den - 1];
	struct pp_quantile q = pp_quantile(&t->lo, &t->hi, n, (double)num / (double)den);

	if (!q.defined || q.infinite != (want == LOST))
		return false;
	return q.infinite || (q.lo.v <= want && want <= q.hi.v);
}

static bool median_contains(const struct pp_tally *t, const int64_t *truth, uint64_t n)
{
	int64_t a = truth[(n - 1) / 2], b = truth[n / 2];
	struct pp_quantile q = pp_median(&t->lo, &t->hi, n);

	if (q.infinite || b == LOST)
		return q.infinite && b == LOST;
	return 2 * (__int128)q.lo.v <= a + b && a + b <= 2 * (__int128)q.hi.v;
}

static void test_truth_inside(void)
{
	static int64_t truth[2000];
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int round = 0; round < 300; round++) {
		size_t n = 1 + pp_prng_below(&rng, round % 2 ? PP_ARRAY_LEN(truth) : 20);
		struct pp_tally *t = measure(&rng, truth, n, 1 + round % 3);
		for (int i = 0; i < 30; i++) {
			uint64_t den = 1 + pp_prng_below(&rng, 100000);
			wrong += !contains(t, truth, n, 1 + pp_prng_below(&rng, den), den);
		}
		wrong += !median_contains(t, truth, n);
		pp_tally_free(t);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* No wider than the samples' own width and a counter at each end. */
static void test_interval_is_tight(void)
{
	struct pp_tally *t = pp_tally_create(3);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (int i = 0; i < 10000; i++)
		pp_tally_record(t, (struct pp_rtt){PP_NS(10000), PP_NS(10040)});
	struct pp_quantile q = pp_quantile(&t->lo, &t->hi, 10000, 0.9999);
	CU_ASSERT(q.lo.v <= 10000 && q.lo.v > 9990 && q.hi.v >= 10040 && q.hi.v < 10050);
	pp_tally_free(t);
}

static void test_supported(void)
{
	CU_ASSERT(!pp_quantile_supported(0, 0.5) && pp_quantile_supported(1, 0.5));
	CU_ASSERT(pp_quantile_supported(1, 0.01));
	CU_ASSERT(!pp_quantile_supported(99, 0.9) && pp_quantile_supported(100, 0.9));
	CU_ASSERT(!pp_quantile_supported(999, 0.99) && pp_quantile_supported(1000, 0.99));
	CU_ASSERT(!pp_quantile_supported(9999, 0.999) && pp_quantile_supported(10000, 0.999));
	CU_ASSERT(!pp_quantile_supported(99999, 0.9999) && pp_quantile_supported(100000, 0.9999));
	CU_ASSERT(!pp_quantile_supported(UINT64_MAX, 1) && !pp_quantile_supported(100, 0));
}

static void test_inverse(void)
{
	static const int64_t v[] = {100, 110, LOST, 90};
	struct pp_tally *t = tally_of(v, 4), *u = pp_tally_create(3);
	struct pp_share s = pp_hist_below(&t->lo, &t->hi, 4, PP_NS(103));

	CU_ASSERT(s.defined && s.lo == 0.5 && s.hi == 0.5);
	s = pp_hist_below(&t->lo, &t->hi, 4, PP_NS_NEVER);
	CU_ASSERT(s.lo == 0.75 && s.hi == 0.75);
	CU_ASSERT(!pp_hist_below(&t->lo, &t->hi, 0, PP_NS(103)).defined);
	CU_ASSERT_PTR_NOT_NULL_FATAL(u);
	pp_tally_record(u, (struct pp_rtt){PP_NS(10), PP_NS(20)});
	s = pp_hist_below(&u->lo, &u->hi, 1, PP_NS(15)); /* perhaps */
	CU_ASSERT(s.lo == 0 && s.hi == 1);
	s = pp_hist_below(&u->lo, &u->hi, 1, PP_NS(20));
	CU_ASSERT(s.lo == 1 && s.hi == 1);
	pp_tally_free(t);
	pp_tally_free(u);
}

PP_TEST_MAIN("quantile", {"MET-06 lost is plus infinity", test_lost_is_infinite},
	     {"MET-06 MET-07 an even median is the mean of the central two", test_even_median},
	     {"MET-06 a quantile of nothing is undefined", test_undefined},
	     {"MET-07 smallest x with F(x) >= p", test_empirical_distribution},
	     {"rounding of p moves no rank", test_rank_is_exact},
	     {"above 60 s the upper end is open", test_above_range},
	     {"both ends contain the truth, whatever n and p", test_truth_inside},
	     {"the interval is the samples' own and a counter each side", test_interval_is_tight},
	     {"ten samples beyond support a quantile", test_supported},
	     {"MET-06 the inverse percentile of 103 is 50 %", test_inverse})
