/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mean and deviation from exact sums. Recording a sample is in the header.
 */
#include <pmdping/stats.h>

#include <math.h>

typedef unsigned __int128 u128;

double pp_moments_mean(const struct pp_moments *m)
{
	return m->n ? (double)((long double)m->sum / (long double)m->n) : 0;
}

/* The integer next to the mean, halves away from zero. */
static __int128 whole_mean(const struct pp_moments *m)
{
	__int128 n = (__int128)m->n;
	__int128 half = m->sum < 0 ? -(n / 2) : n / 2;

	return (m->sum + half) / n;
}

/* E[x^2] - E[x]^2 cancels when the samples are far from zero and close together.
 * So the origin moves to the integer q next to the mean, exactly: the sum of
 * (x - q)^2 is sum2 - 2 q sum + n q^2 modulo 2^128, and the intermediate overflows
 * cancel. The mean is then at most 1/2 off the origin, and as the deviations are
 * integers its square is at most half of theirs: one bit is lost, not all. */
double pp_moments_mdev(const struct pp_moments *m)
{
	if (m->n == 0)
		return 0;
	__int128 q = whole_mean(m);
	u128 dev2 = m->sum2 - 2 * (u128)q * (u128)m->sum + (u128)m->n * (u128)q * (u128)q;
	long double n = (long double)m->n;
	long double mean = (long double)(m->sum - q * (__int128)m->n) / n;

	return (double)sqrtl((long double)dev2 / n - mean * mean);
}
