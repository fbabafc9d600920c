/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sending half of a prober: which slots leave when, what becomes of those that
 * cannot, and when a session is done.
 */
#include "probe_fixture.h"

#include <math.h>
#include <time.h>

/* ---- the schedule ---- */

/* Every slot up to n, in bursts at random times within the slack; the largest distance
 * of a due time from t0 + k / rate. */
static long double worst_slot(double rate, uint64_t n, struct pp_prng *rng)
{
	struct fixture *f = setup(1 << 16);
	struct pp_session_spec spec = spec_of(f, false);
	long double worst = 0;
	uint64_t expected = 0;

	spec.rate = rate;
	spec.timeout = PP_US(10);
	pp_ns t0 = f->now;
	pp_session_ref ref = add_started(f, &spec);
	while (expected < n) {
		f->now.v += 1 + (int64_t)pp_prng_below(
					rng, (uint64_t)((rate > 1000 ? 30e9 : 1e9) / rate));
		plan(f);
		for (unsigned int i = 0; i < f->batch.n; i++, expected++) {
			if (pp_batch_at(&f->batch, i).k != (uint32_t)expected)
				CU_FAIL_FATAL("a slot was left out");
			long double due = (long double)expected * 1e9L / (long double)rate;
			worst = fmaxl(worst, fabsl((long double)(f->batch.due[i].v - t0.v) - due));
		}
		if (f->batch.n)
			pp_prober_commit(f->prober, &f->batch, f->batch.n,
					 (struct pp_span){f->now, f->now});
	}
	CU_ASSERT_EQUAL(counts(f, ref)->sent, expected);
	CU_ASSERT_EQUAL(counts(f, ref)->due, expected);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	teardown(f);
	return worst;
}

/* The period is kept to 2^-22 ns, so that slot 10^7 is 2.4 ns off, and in whole ns. */
static void schedule_is_exact(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	CU_ASSERT_TRUE(worst_slot(14880952.380952, 10000000, &rng) < 3.5L);
	CU_ASSERT_TRUE(worst_slot(333333.333333, 10000000, &rng) < 3.5L);
	CU_ASSERT_TRUE(worst_slot(1e9 / 7.3, 10000000, &rng) < 3.5L);
	CU_ASSERT_TRUE(worst_slot(0.7, 100000, &rng) < 3.5L);
}

static void nothing_before_its_time(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	pp_session_ref ref = add(f, &spec);
	pp_prober_start(f->prober, ref, pp_ns_add(f->now, PP_MS(5)));
	CU_ASSERT_TRUE(pp_prober_idle(f->prober, pp_ns_add(f->now, PP_MS(4))));
	f->now.v += PP_MS(5).v - 1;
	CU_ASSERT_EQUAL(burst(f), 0);
	f->now.v += 1;
	CU_ASSERT_FALSE(pp_prober_idle(f->prober, f->now));
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(burst(f), 0);
	f->now.v += PP_SEC(1).v - 1;
	CU_ASSERT_EQUAL(burst(f), 0);
	f->now.v += 1;
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 1);
	teardown(f);
}

/* A burst's limit is no reason to lose a slot or to send one twice. */
static void many_sessions_at_once(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, true);
	pp_session_ref ref[60];

	for (unsigned int i = 0; i < 60; i++)
		ref[i] = add_started(f, &spec);
	CU_ASSERT_EQUAL(burst(f), 32);
	CU_ASSERT_EQUAL(burst(f), 28);
	CU_ASSERT_EQUAL(burst(f), 0);
	for (unsigned int i = 0; i < 60; i++)
		CU_ASSERT_EQUAL(counts(f, ref[i])->sent, 1);
	teardown(f);
}

static void slip_is_measured(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	pp_session_ref ref = add_started(f, &spec);
	f->now.v += 12345;
	burst(f);
	CU_ASSERT_EQUAL(pp_session_tally(pp_session_get(f->table, ref))->slip_max.v, 12345);
	f->now.v += PP_SEC(1).v; /* the schedule did not move by what we were late */
	burst(f);
	CU_ASSERT_EQUAL(f->batch.due[0].v, PP_SEC(1001).v);
	CU_ASSERT_EQUAL(pp_session_tally(pp_session_get(f->table, ref))->slip_max.v, 12345);
	teardown(f);
}

/* ---- slots that cannot leave ---- */

static void hold(struct fixture *f, unsigned int slots, pp_ns interval)
{
	set_hop(f, false, 0);
	for (unsigned int i = 0; i < slots; i++) {
		CU_ASSERT_EQUAL(burst(f), 0);
		f->now.v += interval.v;
	}
}

static void newest_held_is_sent(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(100);
	pp_session_ref ref = add_started(f, &spec);
	hold(f, 11, PP_MS(100));
	CU_ASSERT_EQUAL(pp_session_held(pp_session_get(f->table, ref)), 11);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 0);
	f->now.v -= PP_MS(50).v;
	set_hop(f, true, 0);
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 10);
	CU_ASSERT_EQUAL(counts(f, ref)->sent, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->not_sent, 10);
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 0);
	CU_ASSERT_EQUAL(counts(f, ref)->refused + counts(f, ref)->log_full, 0);
	CU_ASSERT_EQUAL(pp_session_held(pp_session_get(f->table, ref)), 0);
	f->now.v += PP_MS(50).v;
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 11);
	teardown(f);
}

static void failed_neighbour(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(100);
	spec.flags = PP_SESSION_VOICE;
	pp_session_ref ref = add_started(f, &spec);
	hold(f, 5, PP_MS(100));
	f->now.v -= 1;
	set_hop(f, false, 1);
	CU_ASSERT_EQUAL(burst(f), 0);
	CU_ASSERT_EQUAL(f->n_events, 5);
	for (unsigned int i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(f->event[i].kind, PP_EVENT_UNREACHABLE);
		CU_ASSERT_EQUAL(f->event[i].k, i);
	}
	CU_ASSERT_EQUAL(counts(f, ref)->due, 5);
	CU_ASSERT_EQUAL(counts(f, ref)->not_sent, 5);
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 5);
	run(f, PP_MS(250), PP_MS(10)); /* the next three wait for the next verdict */
	CU_ASSERT_EQUAL(f->n_events, 5);
	CU_ASSERT_EQUAL(pp_session_held(pp_session_get(f->table, ref)), 3);
	set_hop(f, false, 2);
	f->now.v += PP_MS(1).v;
	burst(f);
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 8);
	teardown(f);
}

static void failed_neighbour_ends_the_run(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	spec.count = 3;
	add_started(f, &spec);
	hold(f, 10, PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 0);
	set_hop(f, false, 1);
	run(f, PP_MS(20), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.unreachable, 3);
	CU_ASSERT_EQUAL(f->at_done.due, 3);
	teardown(f);
}

/* The last slot waits, leaves when the neighbour speaks, and is awaited. */
static void last_slot_was_held(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.count = 1;
	pp_session_ref ref = add_started(f, &spec);
	hold(f, 3, PP_MS(1));
	set_hop(f, true, 0);
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(f->n_done, 0);
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	teardown(f);
}

static void no_route(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.hop = NULL;
	spec.flags = PP_SESSION_VOICE;
	spec.count = 4;
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_SEC(5), PP_MS(100));
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 4);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 4);
	CU_ASSERT_EQUAL(f->n_events, 5);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

static void route_lost_and_found(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	pp_session_ref ref = add_started(f, &spec);
	struct pp_session *s = pp_session_get(f->table, ref);
	hold(f, 1, PP_SEC(1));
	pp_session_set_hop(s, 0, NULL);
	CU_ASSERT_EQUAL(burst(f), 0); /* the held one and the one due now */
	CU_ASSERT_EQUAL(counts(f, ref)->unreachable, 2);
	pp_session_set_hop(s, 0, &f->hop);
	set_hop(f, true, 7);
	f->now.v += PP_SEC(1).v;
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 2);
	teardown(f);
}

/* 14.88 Mpps wait for 3 s: 44 million slots, of which none costs the worker a step, also
 * when all of them fail. */
static void millions_wait(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 14880952;
	spec.count = UINT64_C(1) << 40;
	pp_session_ref ref = add_started(f, &spec);
	set_hop(f, false, 0);
	clock_t before = clock();
	for (unsigned int i = 0; i < 1000; i++) {
		f->now.v += 1000;
		CU_ASSERT_EQUAL(burst(f), 0); /* the first that waits */
		f->now.v += PP_SEC(3).v;
		CU_ASSERT_EQUAL(burst(f), 0);
		CU_ASSERT_TRUE(pp_session_held(pp_session_get(f->table, ref)) > 44000000);
		set_hop(f, false, i + 1);
		f->now.v += PP_US(1).v;
		CU_ASSERT_EQUAL(burst(f), 0);
		CU_ASSERT_TRUE(counts(f, ref)->unreachable > i * UINT64_C(44000000));
		CU_ASSERT_EQUAL(counts(f, ref)->missed, 0);
	}
	CU_ASSERT_TRUE(clock() - before < CLOCKS_PER_SEC);
	set_hop(f, true, 0);
	f->now.v += PP_US(1).v;
	CU_ASSERT_TRUE(burst(f) > 1); /* past 2^32 */
	CU_ASSERT_TRUE(answer(f, f->frame[1]));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	teardown(f);
}

static void port_refuses(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 1e6;
	spec.count = 1000;
	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int i = 0; i < 100; i++) {
		f->now.v += 10000;
		burst_taken(f, i % 11);
	}
	const struct pp_counts *c = counts(f, ref);
	CU_ASSERT_EQUAL(c->due, 1000);
	CU_ASSERT_TRUE(c->sent > 300 && c->not_sent > 300);
	CU_ASSERT_EQUAL(c->missed, 0);
	CU_ASSERT_EQUAL(c->unreachable, 0);
	CU_ASSERT_EQUAL(c->refused, c->not_sent);
	CU_ASSERT_EQUAL(c->log_full, 0);
	teardown(f);
}

/* ---- stalls ---- */

/* 64 periods late is not too late, one nanosecond more is. */
static void missed_slots(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL(burst(f), 1);
	f->now.v += PP_MS(200).v + 1;
	CU_ASSERT_EQUAL(burst(f), 32);
	CU_ASSERT_EQUAL(counts(f, ref)->missed, 136);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 137);
	CU_ASSERT_EQUAL(burst(f), 32);
	CU_ASSERT_EQUAL(burst(f), 0);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 201);
	CU_ASSERT_EQUAL(counts(f, ref)->sent, 65);
	teardown(f);
}

/* Exactly the slack late is still in time. */
static void missed_slots_at_the_edge(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL(burst(f), 1);
	f->now.v += PP_MS(200).v;
	CU_ASSERT_EQUAL(burst(f), 32);
	CU_ASSERT_EQUAL(counts(f, ref)->missed, 135);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 136);
	teardown(f);
}

/* Against the rule itself: slot by slot, at any rate. */
static void missed_slots_at_any_rate(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int i = 0; i < 300; i++) {
		struct fixture *f = setup(1024);
		struct pp_session_spec spec = spec_of(f, false);
		spec.rate = 1000.0 + 1e6 * pp_prng_unit(&rng);
		uint64_t period = (uint64_t)(1e9 / spec.rate * (1 << 22)), missed = 0;
		int64_t one = (int64_t)(period >> 22), slack = 64 * one, t0 = f->now.v;
		pp_session_ref ref = add_started(f, &spec);
		f->now.v += slack + (int64_t)pp_prng_below(&rng, 10000000);
		burst(f);
		while (t0 + (int64_t)(missed * (unsigned __int128)period >> 22) < f->now.v - slack)
			missed++;
		CU_ASSERT_EQUAL(counts(f, ref)->missed, missed);
		CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, missed);
		teardown(f);
	}
}

static void everything_missed(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(10);
	spec.count = 100;
	add_started(f, &spec);
	f->now.v += PP_SEC(100).v;
	CU_ASSERT_EQUAL(burst(f), 0);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.missed, 100);
	CU_ASSERT_EQUAL(f->at_done.due, 100);
	teardown(f);
}

/* ---- the end ---- */

static void done_when_answered(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	spec.count = 3;
	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(f->n_done, 0);
		CU_ASSERT_EQUAL(burst(f), 1);
		f->now.v += PP_MS(1).v;
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
		CU_ASSERT_TRUE(answer(f, f->frame[0])); /* a duplicate says it no second time */
	}
	CU_ASSERT_EQUAL(f->n_done, 1);
	run(f, PP_SEC(10), PP_MS(100));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 3);
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 3);
	CU_ASSERT_EQUAL(pp_session_pipe(pp_session_get(f->table, ref)), 1);
	teardown(f);
}

static void done_when_timed_out(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	spec.count = 10;
	add_started(f, &spec);
	run(f, PP_MS(1005), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 0);
	run(f, PP_MS(10), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(pp_counts_lost(&f->at_done), 10);
	CU_ASSERT_EQUAL(pp_counts_in_flight(&f->at_done), 0);
	teardown(f);
}

static void done_when_refused(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 1e6;
	spec.count = 20;
	add_started(f, &spec);
	f->now.v += 30000;
	CU_ASSERT_EQUAL(burst_taken(f, 0), 20);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.not_sent, 20);
	CU_ASSERT_EQUAL(f->at_done.due, 20);
	teardown(f);
}

static void stop_waits_for_answers(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_MS(10), PP_MS(1));
	pp_prober_stop(f->prober, ref, false, f->now);
	CU_ASSERT_EQUAL(f->n_done, 0);
	CU_ASSERT_EQUAL(run(f, PP_MS(2000), PP_MS(1)), 0);
	pp_prober_stop(f->prober, ref, false, f->now);
	pp_prober_stop(f->prober, ref, true, f->now);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(pp_counts_lost(&f->at_done), 11);
	teardown(f);
}

static void stop_at_once(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	burst(f);
	pp_prober_stop(f->prober, ref, true, f->now);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(pp_counts_in_flight(&f->at_done), 1);
	run(f, PP_SEC(2), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 1);
	teardown(f);
}

static void stop_before_anything_left(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	pp_session_ref ref = add_started(f, &spec);
	hold(f, 3, PP_SEC(1));
	pp_prober_stop(f->prober, ref, false, f->now);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.due, 3);
	CU_ASSERT_EQUAL(f->at_done.unreachable, 3);
	CU_ASSERT_EQUAL(pp_session_held(pp_session_get(f->table, ref)), 0);
	set_hop(f, true, 0);
	CU_ASSERT_EQUAL(run(f, PP_SEC(2), PP_MS(100)), 0);
	teardown(f);
}

/* A second run goes on with the numbers, from its own origin, for as long again. */
static void start_again(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(10);
	spec.count = 2;
	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int runs = 1; runs <= 3; runs++) {
		CU_ASSERT_EQUAL(burst(f), 1);
		CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 2 * runs - 2);
		CU_ASSERT_EQUAL(f->batch.due[0].v, f->now.v);
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
		f->now.v += PP_MS(10).v;
		CU_ASSERT_EQUAL(burst(f), 1);
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
		CU_ASSERT_EQUAL(f->n_done, runs);
		f->now.v += 777777;
		pp_prober_start(f->prober, ref, f->now);
	}
	CU_ASSERT_EQUAL(counts(f, ref)->received, 6);
	teardown(f);
}

static void clear_forgets(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	pp_session_ref ref = add_started(f, &spec);
	burst(f);
	struct bytes reply = reply_to(f->frame[0]);
	pp_prober_clear(f->prober, ref);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 0);
	CU_ASSERT_FALSE(take(f, &reply));
	f->now.v += PP_SEC(1).v;
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(pp_batch_at(&f->batch, 0).k, 1);
	f->now.v += 1000;
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	run(f, PP_MS(900), PP_MS(100));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->due, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->expired, 0);
	CU_ASSERT_EQUAL(pp_session_elapsed(pp_session_get(f->table, ref)).v, 1000);
	teardown(f);
}

/* Nothing is awaited any more, so nothing is left to wait for. */
static void clear_while_draining(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.samples = 8;
	pp_session_ref ref = add_started(f, &spec);
	burst(f);
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	f->now.v += PP_SEC(1).v;
	burst(f);
	pp_prober_stop(f->prober, ref, false, f->now);
	CU_ASSERT_EQUAL(f->n_done, 0);
	pp_prober_clear(f->prober, ref);
	CU_ASSERT_EQUAL(pp_session_samples(pp_session_get(f->table, ref))->n, 0);
	run(f, PP_SEC(2), PP_MS(100));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.due, 0);
	teardown(f);
}

static void deadline_ends_the_run(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(100);
	spec.deadline = PP_SEC(1);
	add_started(f, &spec);
	burst(f);
	run(f, PP_MS(999), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 0);
	run(f, PP_SEC(2), PP_MS(1));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->event[0].at.v, PP_SEC(1001).v);
	CU_ASSERT_EQUAL(f->at_done.sent, 10);
	CU_ASSERT_EQUAL(f->at_done.due, 10);
	CU_ASSERT_EQUAL(pp_counts_in_flight(&f->at_done), 10);
	teardown(f);
}

/* The worker stood still from 0.35 s to 1.5 s: six slots of the ten are missed. */
static void stall_over_the_deadline(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(100);
	spec.deadline = PP_SEC(1);
	add_started(f, &spec);
	burst(f);
	run(f, PP_MS(350), PP_MS(1));
	f->now.v += PP_MS(1150).v;
	CU_ASSERT_EQUAL(burst(f), 0);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->at_done.sent, 4);
	CU_ASSERT_EQUAL(f->at_done.missed, 6);
	CU_ASSERT_EQUAL(f->at_done.due, 10);
	teardown(f);
}

/* What could have been sent still is nobody's, what was too late is missed. */
static void stall_before_a_stop(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	burst(f);
	f->now.v += PP_MS(164).v + 1;
	pp_prober_stop(f->prober, ref, true, f->now);
	CU_ASSERT_EQUAL(f->at_done.sent, 1);
	CU_ASSERT_EQUAL(f->at_done.missed, 100);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

/* Also while answers are awaited, and while a neighbour is. */
static void deadline_while_waiting(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.count = 1;
	spec.deadline = PP_MS(500);
	add_started(f, &spec);
	run(f, PP_MS(600), PP_MS(10));
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_EQUAL(f->event[0].at.v, PP_MS(1000500).v);
	set_hop(f, false, 0);
	add_started(f, &spec);
	run(f, PP_MS(600), PP_MS(10));
	CU_ASSERT_EQUAL(f->n_done, 2);
	CU_ASSERT_EQUAL(f->at_done.due, 1);
	CU_ASSERT_EQUAL(f->at_done.unreachable, 1);
	teardown(f);
}

/* ---- the log ---- */

/* 64 lines, of which a burst must find six free: 59 bursts, the first of two probes. */
static void log_full(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_MS(100), PP_MS(1));
	CU_ASSERT_EQUAL(counts(f, ref)->sent, 60);
	CU_ASSERT_EQUAL(counts(f, ref)->not_sent, 41);
	CU_ASSERT_EQUAL(counts(f, ref)->log_full, 41);
	CU_ASSERT_EQUAL(counts(f, ref)->refused, 0);
	run(f, PP_MS(980), PP_MS(1)); /* the first ones' time is over */
	CU_ASSERT_EQUAL(counts(f, ref)->due, 1081);
	CU_ASSERT_TRUE(counts(f, ref)->expired >= 60 && counts(f, ref)->sent > 100);
	teardown(f);
}

static void log_full_of_the_gone(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.interval = PP_MS(1);
	pp_session_ref ref = add_started(f, &spec);
	run(f, PP_MS(100), PP_MS(1));
	pp_prober_stop(f->prober, ref, true, f->now);
	pp_session_unlink(f->table, ref);
	pp_session_reclaim(f->table, ref);
	pp_session_ref again = add_started(f, &spec); /* the same place */
	CU_ASSERT_NOT_EQUAL(again, ref);
	CU_ASSERT_EQUAL(burst(f), 1);
	CU_ASSERT_EQUAL(counts(f, again)->sent, 1);
	run(f, PP_SEC(2), PP_MS(50)); /* what the former owner sent is nobody's loss */
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, again)));
	teardown(f);
}

PP_TEST_MAIN("prober",
	     {"MET-13 slot k is due at t0 + k T, 10^7 slots of odd rates", schedule_is_exact},
	     {"nothing leaves before its time", nothing_before_its_time},
	     {"many sessions due at once all send", many_sessions_at_once},
	     {"slip is measured and does not move the schedule", slip_is_measured},
	     {"ARP-12 the newest held slot is sent, the older not", newest_held_is_sent},
	     {"ARP-13 held slots fail when the neighbour did, once each", failed_neighbour},
	     {"a failed neighbour decides the last slots", failed_neighbour_ends_the_run},
	     {"the last slot may have been held", last_slot_was_held},
	     {"without a route every slot is unreachable", no_route},
	     {"a route that goes and comes back", route_lost_and_found},
	     {"millions of slots wait without a step each", millions_wait},
	     {"what the port refuses is not sent", port_refuses},
	     {"slots later than the slack are missed, to the slot", missed_slots},
	     {"exactly the slack late is not too late", missed_slots_at_the_edge},
	     {"missed slots are exact at any rate", missed_slots_at_any_rate},
	     {"a stall over the whole run", everything_missed},
	     {"done when the last answer came", done_when_answered},
	     {"done when the last timeout passed", done_when_timed_out},
	     {"done when every refused probe is counted", done_when_refused},
	     {"stop waits for what is in flight", stop_waits_for_answers},
	     {"stop at once leaves it in flight", stop_at_once},
	     {"what was held is unreachable after a stop", stop_before_anything_left},
	     {"start again goes on counting slots", start_again},
	     {"clear forgets what is in flight", clear_forgets},
	     {"clear while answers are awaited ends the waiting", clear_while_draining},
	     {"the deadline ends the run", deadline_ends_the_run},
	     {"a stall over the deadline hides no slot", stall_over_the_deadline},
	     {"a stall before a stop hides no slot", stall_before_a_stop},
	     {"the deadline ends waiting", deadline_while_waiting},
	     {"a full log holds back, and says so", log_full},
	     {"probes of a session that is gone leave the log", log_full_of_the_gone})
