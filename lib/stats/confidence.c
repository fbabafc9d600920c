/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far from a quantile of the samples the quantile of what they were taken from may
 * be. Order statistics, no assumption about the distribution: how many of n samples lie
 * up to quantile p is binomial.
 */
#include <pmdping/stats.h>

#include <math.h>

#define TAIL	   0.025L    /* on either side */
#define TAIL_Z	   1.959964L /* of the normal distribution */
#define EXACT_UPTO 1e4L	     /* variance; the sums take 2000 steps there */
#define NOTHING	   1e-22L    /* of the mode's probability */

struct binomial {
	long double n, p, q;
};

/* The probability of k+1 over that of k. */
static long double step_up(const struct binomial *b, long double k)
{
	return (b->n - k) / (k + 1) * (b->p / b->q);
}

static long double mode(const struct binomial *b)
{
	return fminl(floorl((b->n + 1) * b->p), b->n);
}

/* The sum of all probabilities where the mode's is 1, and the lowest k that counts. */
static long double sum_from_mode(const struct binomial *b, long double *ret_k, long double *ret_at)
{
	long double k = mode(b), at = 1, sum = 1;

	for (long double i = k, w = 1; i < b->n && w > NOTHING; i++) {
		w *= step_up(b, i);
		sum += w;
	}
	while (k > 0 && at > NOTHING) {
		k--;
		at /= step_up(b, k);
		sum += at;
	}
	*ret_k = k;
	*ret_at = at;
	return sum;
}

static long double exact_rank(const struct binomial *b)
{
	long double k, at, below = 0;
	long double tail = TAIL * sum_from_mode(b, &k, &at);

	while (k < b->n && below + at <= tail) {
		below += at;
		at *= step_up(b, k);
		k++;
	}
	return k;
}

/* Normal, with the first correction for skewness and one rank to be safe: beyond
 * EXACT_UPTO the error is a small part of one. */
static long double approximate_rank(const struct binomial *b)
{
	long double skew = (TAIL_Z * TAIL_Z - 1) * (b->q - b->p) / 6;
	long double k = b->n * b->p - TAIL_Z * sqrtl(b->n * b->p * b->q) + skew;

	return floorl(k - 0.5L);
}

/* The highest l with P(B < l) <= TAIL. */
static uint64_t lower_rank(uint64_t n, long double p, long double q)
{
	struct binomial b = {.n = (long double)n, .p = p, .q = q};

	if (p <= 0 || q <= 0)
		return p <= 0 ? 0 : n;
	return (uint64_t)(b.n * p * q <= EXACT_UPTO ? exact_rank(&b) : approximate_rank(&b));
}

/* The upper rank is the lower one of the samples beyond, counted from the other end. */
struct pp_ranks pp_quantile_ranks(uint64_t n, double p)
{
	long double q = 1 - (long double)p;

	return (struct pp_ranks){.lower = lower_rank(n, p, q),
				 .upper = n + 1 - lower_rank(n, q, p)};
}

struct pp_confidence pp_quantile_confidence(const struct pp_hist *lo, const struct pp_hist *hi,
					    uint64_t n, double p)
{
	struct pp_confidence c = {.ranks = pp_quantile_ranks(n, p), .hi = PP_NS_NEVER};
	uint32_t lower = pp_hist_at_rank(lo, c.ranks.lower);
	uint32_t upper = pp_hist_at_rank(hi, c.ranks.upper);

	if (c.ranks.lower)
		c.lo = lower < lo->len ? pp_hist_bucket_low(lo, lower) : PP_NS_NEVER;
	if (upper < hi->len)
		c.hi = pp_hist_bucket_high(hi, upper);
	return c;
}
