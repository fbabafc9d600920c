/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Moments against two passes in long double, and where careless formulas fail.
 */
#include <pmdping/stats.h>

#include <math.h>

#include "runner.h"

static struct pp_rtt exactly(int64_t ns)
{
	return (struct pp_rtt){PP_NS(ns), PP_NS(ns)};
}

static void test_midpoint(void)
{
	struct pp_rtt even = {PP_NS(100), PP_NS(110)}, odd = {PP_NS(-3), PP_NS(4)};

	CU_ASSERT(pp_rtt_mid(even).v == 105 && pp_rtt_bound(even).v == 5);
	CU_ASSERT(pp_rtt_mid(odd).v == 0 && pp_rtt_bound(odd).v == 4);
	CU_ASSERT(pp_rtt_mid(exactly(7)).v == 7 && pp_rtt_bound(exactly(7)).v == 0);
}

static void test_empty_and_single(void)
{
	struct pp_moments m = {0};

	CU_ASSERT_EQUAL(pp_moments_mean(&m), 0);
	CU_ASSERT_EQUAL(pp_moments_mdev(&m), 0);
	pp_moments_record(&m, (struct pp_rtt){PP_NS(100), PP_NS(111)});
	CU_ASSERT(m.n == 1 && m.min == 105 && m.max == 105 && m.bound_max == 6);
	CU_ASSERT_EQUAL(pp_moments_mean(&m), 105);
	CU_ASSERT_EQUAL(pp_moments_mdev(&m), 0);
}

static void test_extremes_kept(void)
{
	struct pp_moments m = {0};

	pp_moments_record(&m, exactly(50));
	pp_moments_record(&m, (struct pp_rtt){PP_NS(10), PP_NS(30)});
	pp_moments_record(&m, exactly(-4));
	CU_ASSERT(m.min == -4 && m.max == 50 && m.bound_max == 10);
	CU_ASSERT_EQUAL(pp_moments_mean(&m), 22);
}

static void test_constant(void)
{
	static const int64_t values[] = {0, 1, 8123, 999999937, 59999999999, 60000000000, -77};

	for (size_t i = 0; i < PP_ARRAY_LEN(values); i++) {
		struct pp_moments m = {0};
		for (int k = 0; k < 100003; k++)
			pp_moments_record(&m, exactly(values[i]));
		CU_ASSERT_EQUAL(pp_moments_mean(&m), (double)values[i]);
		CU_ASSERT_EQUAL(pp_moments_mdev(&m), 0.0);
	}
}

/* 2^20 samples of 60 s and one a nanosecond off: mdev = sqrt(n) / (n + 1). */
static void test_large_and_close(void)
{
	struct pp_moments m = {0};
	const double n = 1 << 20;

	for (int i = 0; i < 1 << 20; i++)
		pp_moments_record(&m, exactly(PP_HIST_MAX.v));
	CU_ASSERT(m.sum2 == (unsigned __int128)PP_HIST_MAX.v * (uint64_t)PP_HIST_MAX.v << 20);
	CU_ASSERT_EQUAL(pp_moments_mdev(&m), 0.0);
	pp_moments_record(&m, exactly(PP_HIST_MAX.v - 1));
	CU_ASSERT_DOUBLE_EQUAL(pp_moments_mdev(&m), sqrt(n) / (n + 1), 1e-15);
}

/* 7 * 10^16 times 60 s and once 60 s + off, off being 1 or -1 ns: sqrt(n - 1) / n,
 * with the mean just above an integer or just below. */
static void check_single_outlier(int64_t off)
{
	const int64_t x = PP_HIST_MAX.v;
	const uint64_t n = UINT64_C(70000000000000001);
	struct pp_moments m = {.n = n, .min = x, .max = x};
	double want = sqrt((double)(n - 1)) / (double)n;

	m.sum = (__int128)x * (int64_t)n + off;
	m.sum2 = (unsigned __int128)x * (uint64_t)x * n + (unsigned __int128)(2 * x * off + 1);
	CU_ASSERT_DOUBLE_EQUAL(pp_moments_mdev(&m) / want, 1.0, 1e-14);
}

/* The sums of 2^56 samples, half of them 0 and half 60 s: both products in the
 * formula are beyond 2^128. */
static void test_largest_sums(void)
{
	struct pp_moments m = {.n = UINT64_C(1) << 56, .max = PP_HIST_MAX.v};

	m.sum = (__int128)PP_HIST_MAX.v << 55;
	m.sum2 = (unsigned __int128)PP_HIST_MAX.v * (uint64_t)PP_HIST_MAX.v << 55;
	CU_ASSERT_EQUAL(pp_moments_mean(&m), 3e10);
	CU_ASSERT_EQUAL(pp_moments_mdev(&m), 3e10);
	check_single_outlier(1);
	check_single_outlier(-1);
}

static void check_against_reference(const int64_t *v, size_t n)
{
	struct pp_moments m = {0};
	long double mean = 0, dev2 = 0;

	for (size_t i = 0; i < n; i++) {
		pp_moments_record(&m, exactly(v[i]));
		mean += (long double)(v[i] - v[0]);
	}
	mean = mean / (long double)n + (long double)v[0];
	for (size_t i = 0; i < n; i++)
		dev2 += ((long double)v[i] - mean) * ((long double)v[i] - mean);
	double want = (double)sqrtl(dev2 / (long double)n);
	CU_ASSERT_DOUBLE_EQUAL(pp_moments_mean(&m), (double)mean,
			       1e-12 * fabs((double)mean) + 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(pp_moments_mdev(&m), want, 1e-9 * want + 1e-7);
}

static void test_random(void)
{
	static int64_t v[4096];
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + pp_prng_below(&rng, PP_ARRAY_LEN(v));
		int64_t base = (int64_t)pp_prng_below(&rng, 60000000000);
		uint64_t spread = UINT64_C(1) << pp_prng_below(&rng, 36);
		for (size_t i = 0; i < n; i++)
			v[i] = base + (int64_t)pp_prng_below(&rng, spread);
		check_against_reference(v, n);
	}
}

PP_TEST_MAIN("moments", {"midpoint and bound hold both ends", test_midpoint},
	     {"no sample gives zero, one gives itself", test_empty_and_single},
	     {"smallest, largest and widest are kept", test_extremes_kept},
	     {"constant samples deviate by exactly 0", test_constant},
	     {"one nanosecond in 2^20 samples of 60 s shows", test_large_and_close},
	     {"2^56 samples of 60 s do not overflow", test_largest_sums},
	     {"random samples agree with two passes in long double", test_random})
