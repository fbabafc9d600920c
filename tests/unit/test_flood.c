/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flood, as ping has it: the next probe on each reply, a hundred a second without, and
 * never more than its rate.
 */
#include "probe_fixture.h"

static struct pp_session_spec flood_of(struct fixture *f, double rate)
{
	struct pp_session_spec spec = spec_of(f, false);

	spec.flags = PP_SESSION_FLOOD;
	spec.rate = rate;
	return spec;
}

static void flood_follows_replies(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 0);

	spec.count = 1000;
	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int i = 0; i < 1000; i++) {
		CU_ASSERT_EQUAL_FATAL(burst(f), 1);
		f->now.v += 5000;
		CU_ASSERT_EQUAL_FATAL(burst(f), 0);
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
	}
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1000);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

static void flood_without_replies(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 0);

	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_SEC(1), PP_US(100));
	CU_ASSERT_EQUAL(counts(f, ref)->sent, 100);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 100);
	teardown(f);
}

static void flood_keeps_its_rate(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 1000);
	pp_ns last = PP_NS(0);

	add_started(f, &spec);
	for (unsigned int n = 0; n < 1000;) {
		f->now.v += 10000;
		if (burst(f) == 0)
			continue;
		CU_ASSERT_TRUE(last.v == 0 || f->now.v - last.v >= PP_MS(1).v);
		last = f->now;
		n++;
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
	}
	CU_ASSERT_TRUE(f->now.v - PP_SEC(1000).v < PP_MS(1020).v);
	teardown(f);
}

/* The rate is a limit also where ping would send a hundred a second. */
static void slow_flood(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 20);

	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_MS(999), PP_US(100));
	CU_ASSERT_EQUAL(counts(f, ref)->sent, 20);
	teardown(f);
}

/* Looking for the neighbour every millisecond is no reason to take slots that often. */
static void flood_waits_for_its_neighbour(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 0);

	set_hop(f, false, 0);
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_MS(999), PP_US(100));
	CU_ASSERT_EQUAL(pp_session_held(pp_session_get(f->table, ref)), 100);
	set_hop(f, true, 0);
	CU_ASSERT_EQUAL(run(f, PP_MS(1), PP_US(100)), 1);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 100);
	CU_ASSERT_EQUAL(f->batch.due[0].v, PP_US(1000990100).v);
	CU_ASSERT_TRUE(answer(f, f->frame[0])); /* and from there on as always */
	f->now.v += 1;
	CU_ASSERT_EQUAL(burst(f), 1);
	teardown(f);
}

static void flood_without_route(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = flood_of(f, 0);

	spec.hop = NULL;
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_SEC(1), PP_MS(1));
	pp_prober_clear(f->prober, ref);
	run(f, PP_SEC(1), PP_MS(1));
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 100);
	CU_ASSERT_EQUAL(pp_session_elapsed(pp_session_get(f->table, ref)).v, PP_MS(990).v);
	teardown(f);
}

PP_TEST_MAIN("flood", {"flood follows replies", flood_follows_replies},
	     {"flood sends a hundred a second without replies", flood_without_replies},
	     {"MET-15 a flood slower than a hundred a second", slow_flood},
	     {"a flood that waits for its neighbour", flood_waits_for_its_neighbour},
	     {"a flood without a route", flood_without_route},
	     {"flood keeps below its rate", flood_keeps_its_rate})
