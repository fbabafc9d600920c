/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers: the published sequence, repeatability, and evenness.
 */
#include "runner.h"

#include <pmdping/base.h>

static void known_sequence(void)
{
	static const uint64_t expected[] = {
		11520,
		0,
		1509978240,
		1215971899390074240,
		1216172134540287360,
		607988272756665600,
		16172922978634559625u,
		8476171486693032832,
		10595114339597558777u,
		2904607092377533576,
	};
	struct pp_prng rng = {.s = {1, 2, 3, 4}};

	for (size_t i = 0; i < PP_ARRAY_LEN(expected); i++)
		CU_ASSERT_EQUAL(pp_prng_next(&rng), expected[i]);
}

/* splitmix64 of 1234567, as its reference implementation prints it. */
static void known_seeding(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, 1234567);
	CU_ASSERT_EQUAL(rng.s[0], 6457827717110365317);
	CU_ASSERT_EQUAL(rng.s[1], 3203168211198807973);
	CU_ASSERT_EQUAL(rng.s[2], 9817491932198370423u);
	CU_ASSERT_EQUAL(rng.s[3], 4593380528125082431);
}

static void repeatable(void)
{
	uint64_t seed = pp_test_seed();
	struct pp_prng a, b, zero;

	pp_prng_seed(&a, seed);
	pp_prng_seed(&b, seed);
	pp_prng_seed(&zero, 0);
	CU_ASSERT_NOT_EQUAL(zero.s[0] | zero.s[1] | zero.s[2] | zero.s[3], 0);
	for (int i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(pp_prng_next(&a), pp_prng_next(&b));
	pp_prng_seed(&b, seed + 1);
	CU_ASSERT_NOT_EQUAL(pp_prng_next(&a), pp_prng_next(&b));
}

static void below_bound(void)
{
	static const uint64_t bounds[] = {1, 2, 3, 10, 65536, UINT64_C(1) << 63, UINT64_MAX};
	struct pp_prng rng;
	bool within = true;

	pp_prng_seed(&rng, pp_test_seed());
	for (size_t b = 0; b < PP_ARRAY_LEN(bounds); b++)
		for (int i = 0; i < 10000; i++)
			within &= pp_prng_below(&rng, bounds[b]) < bounds[b];
	CU_ASSERT_TRUE(within);
	CU_ASSERT_EQUAL(pp_prng_below(&rng, 1), 0);
}

/* With a bound of 3/4 of the range, a modulo would make the first third twice as
 * likely as the rest, and a plain multiplication every third number. 6 sigma of a
 * binomial with n = 90,000 and p = 1/3 is 849. */
static void below_unbiased(void)
{
	const uint64_t third = UINT64_C(1) << 62;
	struct pp_prng rng;
	int count[6] = {0};

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 90000; i++) {
		uint64_t r = pp_prng_below(&rng, 3 * third);
		count[r / third]++;
		count[3 + r % 3]++;
	}
	for (int i = 0; i < 6; i++) {
		CU_ASSERT_TRUE(count[i] > 30000 - 849);
		CU_ASSERT_TRUE(count[i] < 30000 + 849);
	}
}

static void unit_interval(void)
{
	struct pp_prng rng;
	double sum = 0;
	bool within = true;

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 100000; i++) {
		double u = pp_prng_unit(&rng);
		within &= u >= 0 && u < 1;
		sum += u;
	}
	CU_ASSERT_TRUE(within);
	/* Mean of 100,000: sigma 0.00091. */
	CU_ASSERT_TRUE(sum / 100000 > 0.4945 && sum / 100000 < 0.5055);
}

PP_TEST_MAIN("prng", {"the published sequence", known_sequence},
	     {"the published seeding", known_seeding}, {"same seed, same numbers", repeatable},
	     {"below its bound", below_bound}, {"no modulo bias", below_unbiased},
	     {"unit in [0, 1)", unit_interval})
