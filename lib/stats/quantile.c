/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quantiles as intervals. The k-th smallest of the samples lies between the k-th
 * smallest of their lower ends and the k-th smallest of their upper ends, and each
 * of these within its counter; whatever was lost comes after all of them.
 */
#include <pmdping/stats.h>

#include <math.h>

/* Samples that must lie beyond a quantile before it means anything. */
#define BEYOND 10

/* The smallest k with k/n >= p. A decimal p has no exact double, so that p * n may
 * end up just above the integer that was meant: if an error of 2^-52 in p, one unit
 * in the last place of 1, can explain the distance, it is that integer. */
static uint64_t rank_of(uint64_t n, double p)
{
	long double x = (long double)p * (long double)n;
	long double near = rintl(x);
	long double k = fabsl(x - near) <= (long double)n * 0x1p-52L ? near : ceill(x);

	if (k < 1)
		return 1;
	return k < (long double)n ? (uint64_t)k : n;
}

static struct pp_quantile at_rank(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t k,
				  double p)
{
	struct pp_quantile q = {.p = p, .defined = true, .lo = PP_NS_NEVER, .hi = PP_NS_NEVER};
	uint32_t lower = pp_hist_at_rank(lo, k);
	uint32_t upper = pp_hist_at_rank(hi, k);

	q.infinite = lower >= lo->len || upper >= hi->len;
	if (!q.infinite) {
		q.lo = pp_hist_bucket_low(lo, lower);
		q.hi = pp_hist_bucket_high(hi, upper);
	}
	return q;
}

struct pp_quantile pp_quantile(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n,
			       double p)
{
	if (n == 0 || !(p > 0 && p <= 1))
		return (struct pp_quantile){.p = p};
	return at_rank(lo, hi, rank_of(n, p), p);
}

struct pp_quantile pp_median(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n)
{
	if (n == 0)
		return (struct pp_quantile){.p = 0.5};
	struct pp_quantile a = at_rank(lo, hi, n - n / 2, 0.5);
	struct pp_quantile b = at_rank(lo, hi, n / 2 + 1, 0.5);

	if (a.infinite || b.infinite)
		return b;
	/* Rounded outwards. */
	b.lo = PP_NS(a.lo.v + (b.lo.v - a.lo.v) / 2);
	if (b.hi.v != PP_NS_NEVER.v)
		b.hi = PP_NS(a.hi.v + (b.hi.v - a.hi.v + 1) / 2);
	return b;
}

bool pp_quantile_supported(uint64_t n, double p)
{
	if (n == 0 || !(p > 0 && p <= 1))
		return false;
	return p <= 0.5 || n - rank_of(n, p) >= BEYOND;
}

struct pp_share pp_hist_below(const struct pp_hist *lo, const struct pp_hist *hi, uint64_t n,
			      pp_ns x)
{
	uint64_t surely = 0, perhaps = 0;

	if (n == 0)
		return (struct pp_share){.defined = false};
	for (uint32_t i = 0; i < lo->len && pp_hist_bucket_low(lo, i).v <= x.v; i++)
		perhaps += __atomic_load_n(&lo->counts[i], __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < hi->len && pp_hist_bucket_high(hi, i).v <= x.v; i++)
		surely += __atomic_load_n(&hi->counts[i], __ATOMIC_RELAXED);
	return (struct pp_share){.defined = true,
				 .lo = (double)surely / (double)n,
				 .hi = (double)perhaps / (double)n};
}
