/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tally: the two histograms and the moments see the same samples.
 */
#include <pmdping/stats.h>

#include "runner.h"

static void test_create(void)
{
	CU_ASSERT_PTR_NULL(pp_tally_create(0));
	CU_ASSERT_PTR_NULL(pp_tally_create(4));
	pp_tally_free(NULL);
	for (unsigned int d = 1; d <= 3; d++) {
		struct pp_tally *t = pp_tally_create(d);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		CU_ASSERT(t->lo.len == pp_hist_len(d) && t->hi.len == t->lo.len);
		CU_ASSERT(pp_hist_total(&t->lo) == 0 && pp_hist_total(&t->hi) == 0);
		CU_ASSERT(t->c.due == 0 && t->rtt.n == 0 && t->slip_max.v == 0);
		CU_ASSERT(((uintptr_t)t->lo.counts | (uintptr_t)t->hi.counts | (uintptr_t)t) %
				  PP_CACHE_LINE ==
			  0);
		size_t end = (size_t)((uint8_t *)&t->slip.counts[t->slip.len] - (uint8_t *)t);
		CU_ASSERT(end <= pp_tally_size(t) && pp_tally_size(t) < end + PP_CACHE_LINE);
		pp_tally_free(t);
	}
}

/* The last counter of each is inside the allocation and not shared. */
static void test_ends(void)
{
	struct pp_tally *t = pp_tally_create(2);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	pp_tally_record(t, (struct pp_rtt){PP_NS(-1), PP_SEC(70)});
	pp_tally_record(t, (struct pp_rtt){PP_SEC(61), PP_SEC(61)});
	pp_tally_record(t, (struct pp_rtt){PP_US(10), PP_US(12)});
	CU_ASSERT(t->lo.counts[0] == 1 && t->lo.counts[t->lo.len - 1] == 1);
	CU_ASSERT(t->hi.counts[0] == 0 && t->hi.counts[t->hi.len - 1] == 2);
	CU_ASSERT(t->lo.counts[pp_hist_index(&t->lo, PP_US(10))] == 1);
	CU_ASSERT(t->hi.counts[pp_hist_index(&t->hi, PP_US(12))] == 1);
	CU_ASSERT(pp_hist_total(&t->lo) == 3 && pp_hist_total(&t->hi) == 3 && t->rtt.n == 3);
	CU_ASSERT(t->rtt.min == 11000 && t->rtt.max == PP_SEC(61).v);
	pp_tally_free(t);
}

static void test_clear(void)
{
	struct pp_tally *t = pp_tally_create(1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	t->c.due = t->c.sent = t->c.received = 1;
	t->slip_max = PP_NS(5);
	pp_tally_record(t, (struct pp_rtt){PP_US(10), PP_US(12)});
	pp_tally_clear(t);
	CU_ASSERT(t->c.due == 0 && t->rtt.n == 0 && t->rtt.sum2 == 0 && t->slip_max.v == 0);
	CU_ASSERT(pp_hist_total(&t->lo) == 0 && pp_hist_total(&t->hi) == 0);
	pp_tally_record(t, (struct pp_rtt){PP_US(3), PP_US(3)});
	CU_ASSERT(t->rtt.min == 3000 && pp_hist_total(&t->hi) == 1);
	pp_tally_free(t);
}

PP_TEST_MAIN("tally", {"one zeroed allocation, on cache lines, for 1 to 3 digits", test_create},
	     {"lower ends, upper ends and midpoints are kept apart", test_ends},
	     {"a cleared tally starts anew", test_clear})
