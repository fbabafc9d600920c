/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * xoshiro256** (Blackman and Vigna), seeded by splitmix64 so that any seed, zero
 * included, gives a full state. The same seed gives the same run everywhere.
 */
#include <pmdping/base.h>

static uint64_t rotl(uint64_t x, unsigned int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void pp_prng_seed(struct pp_prng *rng, uint64_t seed)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(rng->s); i++)
		rng->s[i] = splitmix64(&seed);
}

uint64_t pp_prng_next(struct pp_prng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* The high half of next * bound is uniform once the low halves below
 * 2^64 mod bound are thrown away (Lemire 2019); a division only when one is near. */
uint64_t pp_prng_below(struct pp_prng *rng, uint64_t bound)
{
	unsigned __int128 m = (unsigned __int128)pp_prng_next(rng) * bound;

	if ((uint64_t)m < bound) {
		uint64_t reject = -bound % bound;
		while ((uint64_t)m < reject)
			m = (unsigned __int128)pp_prng_next(rng) * bound;
	}
	return (uint64_t)(m >> 64);
}

double pp_prng_unit(struct pp_prng *rng)
{
	return (double)(pp_prng_next(rng) >> 11) * 0x1p-53;
}
