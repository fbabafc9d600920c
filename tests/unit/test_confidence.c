/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Confidence intervals of quantiles: the textbook's ranks, the binomial distribution
 * summed in another way, and how often the truth is inside.
 */
#include <pmdping/stats.h>

#include <math.h>
#include <stdlib.h>

#include "runner.h"

/* By exact fractions; that of 20 and 100 are in every table of the sign test. */
static void test_vectors(void)
{
	static const struct {
		uint64_t n;
		double p;
		struct pp_ranks want;
	} v[] = {
		{1, 0.5, {0, 2}},	    {5, 0.5, {0, 6}},
		{6, 0.5, {1, 6}},	    {10, 0.5, {2, 9}},
		{20, 0.5, {6, 15}},	    {100, 0.5, {40, 61}},
		{100, 0.9, {84, 96}},	    {1000, 0.99, {983, 997}},
		{2000, 0.99, {1971, 1989}}, {2500, 0.999, {2494, 2501}},
		{500, 0.1, {37, 65}},	    {1500, 0.25, {342, 409}},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(v); i++) {
		struct pp_ranks r = pp_quantile_ranks(v[i].n, v[i].p);
		CU_ASSERT_EQUAL(r.lower, v[i].want.lower);
		CU_ASSERT_EQUAL(r.upper, v[i].want.upper);
	}
}

/* P(B <= k), from logarithms of factorials. */
static long double up_to(long double n, long double p, long double k)
{
	long double sd = sqrtl(n * p * (1 - p)), sum = 0;

	for (long double i = fmaxl(0, floorl(n * p - 20 * sd - 20)); i <= k; i++)
		sum += expl(lgammal(n + 1) - lgammal(i + 1) - lgammal(n - i + 1) + i * logl(p) +
			    (n - i) * log1pl(-p));
	return sum;
}

/* At most 2.5 % beyond either rank; more when moved inwards by `slack`, so that the
 * interval is no wider than it must be. */
static bool is_tight(uint64_t n, double p, uint64_t slack)
{
	struct pp_ranks r = pp_quantile_ranks(n, p);
	long double N = (long double)n, l = (long double)r.lower, u = (long double)r.upper;
	long double s = (long double)slack;

	return (r.lower == 0 || up_to(N, p, l - 1) <= 0.025L) && up_to(N, p, l - 1 + s) > 0.025L &&
	       (r.upper > n || 1 - up_to(N, p, u - 1) <= 0.025L) &&
	       1 - up_to(N, p, u - 1 - s) > 0.025L;
}

static void test_exact(void)
{
	struct pp_prng rng;
	unsigned int wrong = 0;

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 300; i++) {
		uint64_t n = 1 + pp_prng_below(&rng, 30000);
		double p = (1 + (double)pp_prng_below(&rng, 9999)) / 10001;
		wrong += !is_tight(n, p, 1);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void test_many_samples(void)
{
	CU_ASSERT(is_tight(40000, 0.5, 1) && is_tight(41000, 0.5, 3));
	CU_ASSERT(is_tight(UINT64_C(10000000), 0.999, 1) && is_tight(UINT64_C(11000000), 0.999, 3));
	CU_ASSERT(is_tight(UINT64_C(100000000), 0.999999, 1));
	CU_ASSERT(is_tight(UINT64_C(100000000), 0.5, 3));
	struct pp_ranks r = pp_quantile_ranks(UINT64_C(1) << 56, 0.999999);
	CU_ASSERT(r.lower > 0 && r.lower < r.upper && r.upper < UINT64_C(1) << 56);
}

static void test_extremes(void)
{
	struct pp_ranks r = pp_quantile_ranks(1000, 1);

	CU_ASSERT(r.lower == 1000 && r.upper == 1001);
	r = pp_quantile_ranks(1, 0.999999);
	CU_ASSERT(r.lower == 1 && r.upper == 2);
	r = pp_quantile_ranks(20, 1e-300);
	CU_ASSERT(r.lower == 0 && r.upper == 1);
}

/* n samples, of [i, i + 1] ns each. */
static struct pp_tally *ladder(uint64_t n)
{
	struct pp_tally *t = pp_tally_create(3);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (uint64_t i = 1; i <= n; i++)
		pp_tally_record(t, (struct pp_rtt){PP_NS((int64_t)i), PP_NS((int64_t)i + 1)});
	return t;
}

static void test_edges(void)
{
	struct pp_tally *t = ladder(100);
	struct pp_confidence c = pp_quantile_confidence(&t->lo, &t->hi, 100, 0.5);

	CU_ASSERT(c.ranks.lower == 40 && c.ranks.upper == 61);
	CU_ASSERT(c.lo.v == 40 && c.hi.v == 62); /* the ends of the 40th and the 61st */
	c = pp_quantile_confidence(&t->lo, &t->hi, 100, 0.9);
	CU_ASSERT(c.lo.v == 84 && c.hi.v == 97);
	pp_tally_free(t);
}

static void test_lost(void)
{
	struct pp_tally *t = ladder(50);
	struct pp_confidence c = pp_quantile_confidence(&t->lo, &t->hi, 100, 0.5);

	CU_ASSERT(c.lo.v == 40 && c.hi.v == PP_NS_NEVER.v);
	c = pp_quantile_confidence(&t->lo, &t->hi, 100, 0.9);
	CU_ASSERT(c.lo.v == PP_NS_NEVER.v && c.hi.v == PP_NS_NEVER.v);
	pp_tally_free(t);
	t = ladder(5);
	c = pp_quantile_confidence(&t->lo, &t->hi, 5, 0.5);
	CU_ASSERT(c.lo.v == 0 && c.hi.v == PP_NS_NEVER.v);
	pp_tally_free(t);
}

/* Uniform below 10 ms: quantile p is p * 10 ms. */
static bool covers(struct pp_prng *rng, uint64_t n, double p)
{
	struct pp_tally *t = pp_tally_create(2);
	double truth = p * 1e7;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (uint64_t i = 0; i < n; i++) {
		pp_ns v = PP_NS((int64_t)pp_prng_below(rng, 10000000));
		pp_tally_record(t, (struct pp_rtt){v, v});
	}
	struct pp_confidence c = pp_quantile_confidence(&t->lo, &t->hi, n, p);
	pp_tally_free(t);
	return (double)c.lo.v <= truth && truth <= (double)c.hi.v;
}

/* 95 % of 1000; fewer than 920 would be a chance of 1 in 30,000. */
static void test_coverage(void)
{
	struct pp_prng rng;
	unsigned int inside[2] = {0};

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 1000; i++) {
		inside[0] += covers(&rng, 200, 0.5);
		inside[1] += covers(&rng, 1000, 0.99);
	}
	CU_ASSERT(inside[0] >= 920 && inside[1] >= 920);
}

PP_TEST_MAIN("confidence", {"ranks are the binomial's", test_vectors},
	     {"2.5 % at most beyond either rank, and no wider", test_exact},
	     {"the same of many samples", test_many_samples},
	     {"p = 1 and p next to 0 and 1", test_extremes},
	     {"edges are those of the ranks' samples", test_edges},
	     {"a rank among the lost is infinite, none below is 0", test_lost},
	     {"the truth is inside 95 times of 100", test_coverage})
