/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Histogram: the counters are a partition of the time line, as fine as promised,
 * and no value is lost.
 */
#include <pmdping/stats.h>

#include <errno.h>
#include <stdlib.h>

#include "runner.h"

static struct pp_hist hist_of(unsigned int digits)
{
	struct pp_hist h = {0};
	uint64_t *counts = calloc(pp_hist_len(digits), sizeof(*counts));

	CU_ASSERT_FATAL(counts && pp_hist_init(&h, digits, counts) == 0);
	return h;
}

static int64_t power_of_ten(unsigned int digits)
{
	return digits ? 10 * power_of_ten(digits - 1) : 1;
}

/* True when v is inside the counter it is put in. */
static bool holds(const struct pp_hist *h, int64_t v)
{
	uint32_t i = pp_hist_index(h, PP_NS(v));

	return i < h->len && pp_hist_bucket_low(h, i).v <= v && v <= pp_hist_bucket_high(h, i).v;
}

static void test_digits(void)
{
	static const uint32_t sub_buckets[] = {[1] = 32, [2] = 256, [3] = 2048};
	struct pp_hist h = {.len = 7};
	uint64_t word = 0;

	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist g = hist_of(d);
		CU_ASSERT(UINT32_C(2) << g.sub_bits == sub_buckets[d] && g.len == pp_hist_len(d));
		free(g.counts);
	}
	CU_ASSERT(pp_hist_len(0) == 0 && pp_hist_len(4) == 0 && pp_hist_len(UINT32_MAX) == 0);
	CU_ASSERT(pp_hist_init(&h, 0, &word) == -EINVAL && pp_hist_init(&h, 4, &word) == -EINVAL);
	CU_ASSERT(pp_hist_init(&h, 1, NULL) == -EINVAL);
	CU_ASSERT(h.len == 7 && h.counts == NULL);
}

static void test_every_small_value(void)
{
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist h = hist_of(d);
		uint32_t last = 0;
		unsigned int wrong = 0;
		for (int64_t v = 0; v <= 100000; v++) {
			uint32_t i = pp_hist_index(&h, PP_NS(v));
			wrong += !holds(&h, v) || i < last || i > last + 1;
			last = i;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		free(h.counts);
	}
}

/* Counters side by side, without gap or overlap, each found by both its ends. */
static void test_partition(void)
{
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist h = hist_of(d);
		int64_t next = 0;
		unsigned int wrong = 0;
		for (uint32_t i = 0; i < h.len; i++) {
			pp_ns low = pp_hist_bucket_low(&h, i), high = pp_hist_bucket_high(&h, i);
			wrong += low.v != next || high.v < low.v;
			wrong += pp_hist_index(&h, low) != i || pp_hist_index(&h, high) != i;
			next = (int64_t)((uint64_t)high.v + 1);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(next, INT64_MIN); /* one past PP_NS_NEVER */
		free(h.counts);
	}
}

static void test_relative_width(void)
{
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist h = hist_of(d);
		unsigned int wrong = 0;
		for (uint32_t i = 0; i < h.len - 1; i++) {
			int64_t low = pp_hist_bucket_low(&h, i).v;
			int64_t width = pp_hist_bucket_high(&h, i).v - low + 1;
			wrong += width != 1 && width * power_of_ten(d) > low;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		free(h.counts);
	}
}

static void test_random_values(void)
{
	struct pp_prng rng;
	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist h = hist_of(d);
		unsigned int wrong = 0;
		for (int i = 0; i < 200000; i++) {
			uint64_t r = pp_prng_next(&rng) >> pp_prng_below(&rng, 64);
			int64_t a = (int64_t)r, b = (int64_t)(r + pp_prng_below(&rng, 1000));
			wrong += a < 0 ? pp_hist_index(&h, PP_NS(a)) != 0 : !holds(&h, a);
			wrong +=
				a <= b && pp_hist_index(&h, PP_NS(a)) > pp_hist_index(&h, PP_NS(b));
		}
		CU_ASSERT_EQUAL(wrong, 0);
		free(h.counts);
	}
}

static void test_edges(void)
{
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_hist h = hist_of(d);
		uint32_t last = h.len - 1;
		CU_ASSERT_EQUAL(pp_hist_index(&h, PP_HIST_MAX), last - 1);
		CU_ASSERT_EQUAL(pp_hist_index(&h, PP_NS(PP_HIST_MAX.v + 1)), last);
		CU_ASSERT_EQUAL(pp_hist_index(&h, PP_NS_NEVER), last);
		CU_ASSERT_EQUAL(pp_hist_index(&h, PP_NS(-1)), 0);
		CU_ASSERT_EQUAL(pp_hist_index(&h, PP_NS(INT64_MIN)), 0);
		CU_ASSERT_EQUAL(pp_hist_bucket_high(&h, last - 1).v, PP_HIST_MAX.v);
		CU_ASSERT_EQUAL(pp_hist_bucket_low(&h, last).v, PP_HIST_MAX.v + 1);
		CU_ASSERT_EQUAL(pp_hist_bucket_high(&h, last).v, PP_NS_NEVER.v);
		CU_ASSERT_EQUAL(pp_hist_bucket_low(&h, UINT32_MAX).v, PP_HIST_MAX.v + 1);
		CU_ASSERT_EQUAL(pp_hist_bucket_high(&h, UINT32_MAX).v, PP_NS_NEVER.v);
		free(h.counts);
	}
}

static void test_record_keeps_all(void)
{
	struct pp_hist h = hist_of(2);
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 10000; i++)
		pp_hist_record(&h, PP_NS((int64_t)(pp_prng_next(&rng) >> pp_prng_below(&rng, 64))));
	CU_ASSERT_EQUAL(pp_hist_total(&h), 10000);
	pp_hist_clear(&h);
	CU_ASSERT_EQUAL(pp_hist_total(&h), 0);
	pp_hist_record(&h, PP_NS(-5));
	pp_hist_record(&h, PP_US(100));
	pp_hist_record(&h, PP_US(100));
	pp_hist_record(&h, PP_SEC(61));
	CU_ASSERT_EQUAL(h.counts[0], 1);
	CU_ASSERT_EQUAL(h.counts[pp_hist_index(&h, PP_US(100))], 2);
	CU_ASSERT_EQUAL(h.counts[h.len - 1], 1);
	CU_ASSERT_EQUAL(pp_hist_total(&h), 4);
	free(h.counts);
}

static void test_merge_and_read(void)
{
	struct pp_hist a = hist_of(3), b = hist_of(3), other = hist_of(2);

	pp_hist_record(&a, PP_NS(7));
	pp_hist_record(&b, PP_NS(7));
	pp_hist_record(&b, PP_SEC(100));
	pp_hist_record(&other, PP_NS(1));
	CU_ASSERT_EQUAL(pp_hist_merge(&a, &b), 0);
	CU_ASSERT(a.counts[7] == 2 && a.counts[a.len - 1] == 1 && pp_hist_total(&a) == 3);
	CU_ASSERT_EQUAL(pp_hist_total(&b), 2);
	CU_ASSERT_EQUAL(pp_hist_read(&a, &b), 0);
	CU_ASSERT_EQUAL(memcmp(a.counts, b.counts, a.len * sizeof(*a.counts)), 0);
	CU_ASSERT_EQUAL(pp_hist_merge(&a, &other), -EINVAL);
	CU_ASSERT_EQUAL(pp_hist_read(&other, &a), -EINVAL);
	CU_ASSERT(pp_hist_total(&a) == 2 && pp_hist_total(&other) == 1);
	free(a.counts);
	free(b.counts);
	free(other.counts);
}

/* A sequence of reads: the differences add up to the last one, with nothing between. */
static void test_differences(void)
{
	struct pp_hist live = hist_of(2), before = hist_of(2), now = hist_of(2), sum = hist_of(2);
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (int read = 0; read < 50; read++) {
		uint64_t n = pp_prng_below(&rng, 200);
		for (uint64_t i = 0; i < n; i++)
			pp_hist_record(&live, PP_NS((int64_t)pp_prng_below(&rng, 100000)));
		pp_hist_read(&now, &live);
		CU_ASSERT_EQUAL(pp_hist_diff(&now, &before), 0);
		CU_ASSERT_EQUAL(pp_hist_total(&now), n);
		pp_hist_merge(&sum, &now);
		pp_hist_read(&before, &live);
	}
	CU_ASSERT_EQUAL(memcmp(sum.counts, live.counts, sum.len * sizeof(*sum.counts)), 0);
	free(live.counts);
	free(before.counts);
	free(now.counts);
	free(sum.counts);
}

static void test_no_difference(void)
{
	struct pp_hist a = hist_of(2), b = hist_of(2), other = hist_of(3);

	pp_hist_record(&a, PP_NS(7));
	pp_hist_record(&a, PP_NS(9));
	pp_hist_record(&b, PP_NS(9));
	pp_hist_record(&b, PP_NS(9));
	CU_ASSERT_EQUAL(pp_hist_diff(&a, &other), -EINVAL);
	CU_ASSERT_EQUAL(pp_hist_diff(&a, &b), -ERANGE);
	CU_ASSERT(a.counts[7] == 1 && a.counts[9] == 1 && b.counts[9] == 2);
	free(a.counts);
	free(b.counts);
	free(other.counts);
}

static void test_rank(void)
{
	struct pp_hist h = hist_of(2);

	CU_ASSERT_EQUAL(pp_hist_at_rank(&h, 1), h.len);
	pp_hist_record(&h, PP_NS(3));
	pp_hist_record(&h, PP_NS(3));
	pp_hist_record(&h, PP_SEC(100));
	CU_ASSERT(pp_hist_at_rank(&h, 1) == 3 && pp_hist_at_rank(&h, 2) == 3);
	CU_ASSERT(pp_hist_at_rank(&h, 3) == h.len - 1 && pp_hist_at_rank(&h, 4) == h.len);
	free(h.counts);
}

/* From the lowest to the highest without gaps, and every value is in one. */
static bool rows_are_whole(const struct pp_hist *h, unsigned int max)
{
	struct pp_hist_row row[32];
	unsigned int n = pp_hist_rows(h, row, max);
	uint64_t total = 0;

	if (n == 0 || n > max || row[0].low.v != pp_hist_bucket_low(h, pp_hist_at_rank(h, 1)).v)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		total += row[i].count;
		if (row[i].low.v > row[i].high.v || (i && row[i].low.v != row[i - 1].high.v + 1))
			return false;
	}
	return total == pp_hist_total(h) && row[n - 1].count > 0;
}

static void test_rows(void)
{
	struct pp_hist h = hist_of(2);
	struct pp_hist_row row[20];
	struct pp_prng rng;

	CU_ASSERT_EQUAL(pp_hist_rows(&h, row, 20), 0);
	pp_hist_record(&h, PP_NS(50));
	CU_ASSERT_EQUAL(pp_hist_rows(&h, row, 0), 0);
	CU_ASSERT_EQUAL(pp_hist_rows(&h, row, 20), 1);
	CU_ASSERT(row[0].low.v == 50 && row[0].high.v == 50 && row[0].count == 1);
	pp_hist_record(&h, PP_NS(52));
	CU_ASSERT_EQUAL(pp_hist_rows(&h, row, 20), 3);
	CU_ASSERT(row[1].low.v == 51 && row[1].count == 0 && row[2].count == 1);
	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 200; i++) {
		pp_hist_record(&h, PP_NS((int64_t)(pp_prng_next(&rng) >> (24 + i % 40))));
		CU_ASSERT(rows_are_whole(&h, 1 + (unsigned int)pp_prng_below(&rng, 32)));
	}
	free(h.counts);
}

PP_TEST_MAIN("hist",
	     {"1, 2 and 3 digits have 32, 256 and 2048 sub-buckets, nothing else is taken",
	      test_digits},
	     {"every value up to 100 us is in its counter, in order", test_every_small_value},
	     {"the counters are a partition of all times", test_partition},
	     {"no counter is wider than 10^-digits of its value", test_relative_width},
	     {"random 64-bit values are in their counter, in order", test_random_values},
	     {"below 0 counts in the first, above 60 s in the last", test_edges},
	     {"every recorded value is counted once", test_record_keeps_all},
	     {"merge adds, read copies, other digits are refused", test_merge_and_read},
	     {"differences of reads add up to the last read", test_differences},
	     {"no difference to what is not earlier", test_no_difference},
	     {"the k-th smallest is where the k-th is", test_rank},
	     {"rows hold every value once, without gaps", test_rows})
