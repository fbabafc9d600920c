/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What kept a rate from being achieved, and the rate of the last second.
 */
#include <rates.h>

#include "runner.h"

static void check_one(const struct pp_counts *c, uint64_t held, enum pp_cause_kind kind,
		      uint64_t slots)
{
	struct pp_cause causes[PP_CAUSES];

	CU_ASSERT_EQUAL_FATAL(pp_rate_causes(c, held, causes), 1);
	CU_ASSERT_EQUAL(causes[0].kind, kind);
	CU_ASSERT_EQUAL(causes[0].slots, slots);
}

static void test_each(void)
{
	struct pp_counts c = {.due = 1000, .sent = 900, .missed = 100};

	check_one(&c, 0, PP_CAUSE_WORKER, 100);
	c = (struct pp_counts){.due = 1000, .sent = 900, .not_sent = 100, .refused = 100};
	check_one(&c, 0, PP_CAUSE_PORT, 100);
	c = (struct pp_counts){.due = 1000, .sent = 900, .not_sent = 100, .log_full = 100};
	check_one(&c, 0, PP_CAUSE_LOG, 100);
	c = (struct pp_counts){.due = 1000, .sent = 900, .not_sent = 100, .unreachable = 60};
	check_one(&c, 0, PP_CAUSE_NEIGHBOUR, 100);
	c = (struct pp_counts){0};
	check_one(&c, 7, PP_CAUSE_NEIGHBOUR, 7);
}

static void test_most_first(void)
{
	const struct pp_counts c = {.due = 1000,
				    .sent = 100,
				    .missed = 200,
				    .not_sent = 700,
				    .refused = 250,
				    .log_full = 300,
				    .unreachable = 50};
	struct pp_cause causes[PP_CAUSES];

	CU_ASSERT_EQUAL_FATAL(pp_rate_causes(&c, 0, causes), 4);
	CU_ASSERT_EQUAL(causes[0].kind, PP_CAUSE_LOG);
	CU_ASSERT_EQUAL(causes[1].kind, PP_CAUSE_PORT);
	CU_ASSERT_EQUAL(causes[2].kind, PP_CAUSE_WORKER);
	CU_ASSERT_EQUAL(causes[3].kind, PP_CAUSE_NEIGHBOUR);
	CU_ASSERT_EQUAL(causes[3].slots, 150); /* 50, and 100 that newer ones replaced */
	uint64_t sum = 0;
	for (unsigned int i = 0; i < 4; i++)
		sum += causes[i].slots;
	CU_ASSERT_EQUAL(sum, c.due - c.sent);
	CU_ASSERT_EQUAL(pp_rate_causes(&c, 500, causes), 4);
	CU_ASSERT_EQUAL(causes[0].kind, PP_CAUSE_NEIGHBOUR);
}

static void test_achieved(void)
{
	struct pp_counts c = {.due = 1000, .sent = 999, .missed = 1};
	struct pp_cause causes[PP_CAUSES];

	CU_ASSERT_EQUAL(pp_rate_causes(&c, 0, causes), 0);
	CU_ASSERT_EQUAL(pp_rate_causes(&c, 1, causes), 2);
	c = (struct pp_counts){.due = 1000, .sent = 998, .missed = 2};
	CU_ASSERT_EQUAL(pp_rate_causes(&c, 0, causes), 1);
	c = (struct pp_counts){0};
	CU_ASSERT_EQUAL(pp_rate_causes(&c, 0, causes), 0);
}

static void test_meter(void)
{
	struct pp_meter m;

	pp_meter_begin(&m, PP_SEC(100), 5000);
	CU_ASSERT(m.pps < 0);
	pp_meter_read(&m, PP_NS(PP_SEC(101).v - 1), 5900);
	CU_ASSERT(m.pps < 0);
	pp_meter_read(&m, PP_SEC(101), 6000);
	CU_ASSERT_DOUBLE_EQUAL(m.pps, 1000, 0);
	pp_meter_read(&m, PP_MS(101500), 9999); /* not over yet: that of the second before */
	CU_ASSERT_DOUBLE_EQUAL(m.pps, 1000, 0);
	pp_meter_read(&m, PP_MS(103000), 7000); /* late: over all of it */
	CU_ASSERT_DOUBLE_EQUAL(m.pps, 500, 0);
	pp_meter_read(&m, PP_MS(103500), 3); /* cleared */
	CU_ASSERT(m.pps < 0);
	pp_meter_read(&m, PP_MS(104500), 103);
	CU_ASSERT_DOUBLE_EQUAL(m.pps, 100, 0);
}

PP_TEST_MAIN("rates", {"each cause", test_each}, {"the most first", test_most_first},
	     {"99.9 % is enough", test_achieved}, {"the last second", test_meter})
