/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session of several targets: whose turn it is, what waits for which neighbour, what
 * is kept of each, and what becomes of all that at a stop, a clear and an end.
 */
#include "probe_fixture.h"
#include "../../lib/probe/schedule.h"

#define TARGETS_MAX 64

struct several {
	struct fixture *f;
	struct pp_session *s;
	pp_session_ref ref;
	unsigned int n;
	struct pp_target_spec target[TARGETS_MAX];
	struct pp_hop hop[TARGETS_MAX];
};

static void set_way(struct several *v, unsigned int i, bool usable, uint64_t failures)
{
	uint64_t word = failures << 49 | (uint64_t)usable << 48;

	for (unsigned int b = 0; usable && b < 6; b++)
		word |= (uint64_t)peer_mac.b[b] << 8 * b;
	atomic_store(&v->hop[i].word, word);
}

/* n targets, each with a neighbour of its own, all of them there. */
static struct several *make(unsigned int n, bool v6)
{
	struct several *v = calloc(1, sizeof(*v));
	struct pp_addr a = addr_of(v6 ? "2001:db8::100" : "192.0.2.100");

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	v->f = setup(1024);
	v->n = n;
	for (unsigned int i = 0; i < n; i++) {
		v->target[i] = (struct pp_target_spec){
			.addr = a, .hop = &v->hop[i], .token = (i + 1) * UINT64_C(0x1234567890abc)};
		set_way(v, i, true, 0);
		pp_addr_step(&a, 1);
	}
	return v;
}

static void start(struct several *v, struct pp_session_spec *spec)
{
	spec->targets = v->target;
	spec->n_targets = v->n;
	v->ref = add(v->f, spec);
	v->s = pp_session_get(v->f->table, v->ref);
	pp_prober_start(v->f->prober, v->ref, v->f->now);
}

static struct several *started(unsigned int n, bool v6)
{
	struct several *v = make(n, v6);
	struct pp_session_spec spec = spec_of(v->f, v6);

	spec.interval = PP_MS(10);
	start(v, &spec);
	return v;
}

static void end(struct several *v)
{
	CU_ASSERT_TRUE(pp_counts_consistent(counts(v->f, v->ref)));
	teardown(v->f);
	free(v);
}

static struct pp_target_counts target(const struct several *v, unsigned int i)
{
	struct pp_target_counts t;

	pp_session_target(v->s, i, &t);
	return t;
}

static unsigned int place(const struct several *v, unsigned int i)
{
	return (pp_batch_at(&v->f->batch, i).target & PP_REF_INDEX_MASK) -
	       (atomic_load(&v->s->target->ref) & PP_REF_INDEX_MASK);
}

/* ---- turns ---- */

static void in_turn(void)
{
	struct several *v = started(3, false);
	pp_ns t0 = v->f->now;

	for (unsigned int i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
		CU_ASSERT_EQUAL(place(v, 0), i % 3);
		CU_ASSERT_EQUAL(v->f->batch.probe[0].k, i / 3);
		CU_ASSERT_EQUAL(v->f->batch.due[0].v, t0.v + i * PP_MS(10).v);
		CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
		v->f->now.v += PP_MS(10).v;
	}
	CU_ASSERT_EQUAL(target(v, 0).received, 7);
	CU_ASSERT_EQUAL(target(v, 1).received, 7);
	CU_ASSERT_EQUAL(target(v, 2).received, 6);
	CU_ASSERT_EQUAL(pp_session_tally(v->s)->rtt.n, 20);
	end(v);
}

/* A burst across all targets is one record, found by each of its answers. */
static void sweep(bool v6)
{
	struct several *v = make(40, v6);
	struct pp_session_spec spec = spec_of(v->f, v6);

	spec.interval = PP_US(1);
	spec.link.vlan = v6 ? 7 : 0;
	start(v, &spec);
	v->f->now.v += 31999;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 32);
	CU_ASSERT_TRUE(v->f->batch.sweep);
	CU_ASSERT_FALSE(v->f->batch.run);
	for (unsigned int i = 32; i-- > 0;)
		CU_ASSERT_TRUE(answer(v->f, v->f->frame[i]));
	v->f->now.v += 32000;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 32); /* ends in the next round */
	CU_ASSERT_FALSE(v->f->batch.sweep);
	for (unsigned int i = 0; i < 32; i++) {
		CU_ASSERT_EQUAL(place(v, i), (32 + i) % 40);
		CU_ASSERT_TRUE(answer(v->f, v->f->frame[i]));
		CU_ASSERT_TRUE(answer(v->f, v->f->frame[i]));
	}
	for (unsigned int i = 0; i < 40; i++) {
		CU_ASSERT_EQUAL(target(v, i).sent, i < 24 ? 2 : 1);
		CU_ASSERT_EQUAL(target(v, i).received, i < 24 ? 2 : 1);
		CU_ASSERT_EQUAL(target(v, i).duplicate, i < 24 || i >= 32);
	}
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->reordered, 0); /* of one target, none was */
	end(v);
}

static void sweeps(void)
{
	sweep(false);
	sweep(true);
}

static void refused_of_a_sweep(void)
{
	struct several *v = make(40, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_US(1);
	start(v, &spec);
	v->f->now.v += 31999;
	CU_ASSERT_EQUAL_FATAL(burst_taken(v->f, 20), 32);
	for (unsigned int i = 0; i < 32; i++) {
		CU_ASSERT_EQUAL(answer(v->f, v->f->frame[i]), i < 20);
		CU_ASSERT_EQUAL(target(v, i).not_sent, i >= 20);
		CU_ASSERT_EQUAL(target(v, i).sent, i < 20);
	}
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->refused, 12);
	end(v);
}

/* Too late for 50 slots of 3 targets: whose turn it is follows from the schedule. */
static void missed_turns(void)
{
	struct several *v = make(3, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_MS(10);
	spec.slack = PP_MS(5);
	start(v, &spec);
	pp_ns t0 = v->f->now;
	v->f->now.v += PP_MS(500).v;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->missed, 50);
	CU_ASSERT_EQUAL(place(v, 0), 50 % 3);
	CU_ASSERT_EQUAL(v->f->batch.probe[0].k, 50 / 3);
	CU_ASSERT_EQUAL(v->f->batch.due[0].v, t0.v + PP_MS(500).v);
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
	end(v);
}

/* Half a million slots that wait are looked at over many polls, not in one. */
static void a_poll_is_bounded(void)
{
	struct several *v = make(64, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.pacing = PP_PACING_BURST;
	spec.burst = 500000;
	for (unsigned int i = 0; i < 64; i++)
		set_way(v, i, false, 0);
	start(v, &spec);
	CU_ASSERT_EQUAL(burst(v->f), 0);
	CU_ASSERT_TRUE(v->s->next_k > 0);
	CU_ASSERT_TRUE(v->s->next_k <= 4096);
	CU_ASSERT_FALSE(pp_prober_idle(v->f->prober, v->f->now));
	uint64_t before = v->s->next_k;
	CU_ASSERT_EQUAL(burst(v->f), 0);
	CU_ASSERT_TRUE(v->s->next_k > before);
	end(v);
}

/* ---- neighbours ---- */

static void others_do_not_wait(void)
{
	struct several *v = started(3, false);

	set_way(v, 1, false, 0);
	run(v->f, PP_MS(89), PP_MS(1)); /* slots 0 to 8, three of each */
	CU_ASSERT_EQUAL(target(v, 0).sent, 3);
	CU_ASSERT_EQUAL(target(v, 2).sent, 3);
	CU_ASSERT_EQUAL(target(v, 1).sent, 0);
	CU_ASSERT_EQUAL(target(v, 1).not_sent, 2); /* the newest still waits */
	CU_ASSERT_EQUAL(target(v, 1).unreachable, 0);
	CU_ASSERT_EQUAL(pp_session_held(v->s), 1);
	set_way(v, 1, true, 0);
	v->f->now.v += PP_MS(2).v;
	while (burst(v->f) == 0)
		v->f->now.v += PP_MS(1).v;
	CU_ASSERT_EQUAL(place(v, 0), 1);
	CU_ASSERT_EQUAL(v->f->batch.probe[0].k, 2);
	CU_ASSERT_EQUAL(v->f->batch.due[0].v, PP_SEC(1000).v + 7 * PP_MS(10).v);
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
	CU_ASSERT_EQUAL(pp_session_held(v->s), 0);
	end(v);
}

/* Each slot of a target that nobody has is unreachable, once. */
static void nobody_there(void)
{
	struct several *v = started(2, false);

	set_way(v, 1, false, 0);
	run(v->f, PP_MS(5), PP_MS(1)); /* slot 0 */
	for (uint64_t i = 0; i < 5; i++) {
		run(v->f, PP_MS(10), PP_MS(1)); /* a slot of target 1 */
		CU_ASSERT_EQUAL(pp_session_held(v->s), 1);
		set_way(v, 1, false, i + 1);
		run(v->f, PP_MS(10), PP_MS(1));
		CU_ASSERT_EQUAL(target(v, 1).unreachable, i + 1);
		CU_ASSERT_EQUAL(target(v, 1).not_sent, i + 1);
		CU_ASSERT_EQUAL(pp_session_held(v->s), 0);
	}
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->unreachable, 5);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->not_sent, 5);
	end(v);
}

static void no_route(void)
{
	struct several *v = started(2, false);

	pp_session_set_hop(v->s, 0, NULL);
	run(v->f, PP_MS(39), PP_MS(1));
	CU_ASSERT_EQUAL(target(v, 0).unreachable, 2);
	CU_ASSERT_EQUAL(target(v, 1).sent, 2);
	pp_session_set_hop(v->s, 0, &v->hop[0]);
	run(v->f, PP_MS(20), PP_MS(1));
	CU_ASSERT_EQUAL(target(v, 0).sent, 1);
	end(v);
}

/* The due time of a slot that waited while thousands of others had theirs is still known. */
static void random_gaps_remember(void)
{
	struct pp_sessions *table = pp_sessions_create(8192, 1);
	struct pp_target_spec *many = calloc(8000, sizeof(*many));
	struct several *v = make(1, false);
	struct pp_session_spec spec = spec_of(v->f, false);
	pp_session_ref ref;

	CU_ASSERT_TRUE_FATAL(table && many);
	for (unsigned int i = 0; i < 8000; i++)
		many[i] = v->target[0];
	spec.pacing = PP_PACING_POISSON;
	spec.rate = 10000;
	spec.timeout = spec.slack = PP_MS(1);
	spec.targets = many;
	spec.n_targets = 8000;
	CU_ASSERT_EQUAL_FATAL(pp_session_add(table, &spec, &ref), 0);
	const struct pp_session *s = pp_session_get(table, ref);
	int64_t first = pp_slot_offset(s, 1);
	CU_ASSERT_TRUE(pp_slot_offset(s, 8000) > first);
	CU_ASSERT_EQUAL(pp_slot_offset(s, 1), first);
	pp_sessions_free(table);
	free(many);
	teardown(v->f);
	free(v);
}

/* ---- endings ---- */

static void stop_while_held(void)
{
	struct several *v = started(3, false);

	set_way(v, 0, false, 0);
	set_way(v, 2, false, 0);
	run(v->f, PP_MS(25), PP_MS(1));
	CU_ASSERT_EQUAL(pp_session_held(v->s), 2);
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
	pp_prober_stop(v->f->prober, v->ref, false, v->f->now);
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_EQUAL(pp_session_held(v->s), 0);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->unreachable, 2);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->due, 3);
	CU_ASSERT_TRUE(pp_session_elapsed(v->s).v >= PP_MS(10).v);
	end(v);
}

/* When nothing ever left, the time is that from the first slot that was unreachable on. */
static void nothing_ever_left(void)
{
	struct several *v = started(2, false);

	set_way(v, 0, false, 0);
	set_way(v, 1, false, 0);
	run(v->f, PP_MS(5), PP_MS(1));
	set_way(v, 0, false, 1);
	run(v->f, PP_MS(95), PP_MS(1));
	pp_prober_stop(v->f->prober, v->ref, true, v->f->now);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->due, 11);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->not_sent, 11);
	CU_ASSERT_TRUE(pp_session_elapsed(v->s).v >= PP_MS(99).v);
	CU_ASSERT_TRUE(pp_session_elapsed(v->s).v <= PP_MS(100).v);
	end(v);
}

static void delete_while_held(void)
{
	struct several *v = started(3, false);

	set_way(v, 1, false, 0);
	run(v->f, PP_MS(40), PP_MS(1));
	CU_ASSERT_EQUAL(pp_session_held(v->s), 1);
	pp_session_unlink(v->f->table, v->ref);
	for (unsigned int i = 0; i < 3; i++)
		pp_session_set_hop(v->s, i, NULL);
	run(v->f, PP_MS(5), PP_MS(1));
	pp_prober_stop(v->f->prober, v->ref, true, v->f->now);
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_TRUE(pp_counts_consistent(&v->f->at_done));
	pp_session_reclaim(v->f->table, v->ref);
	CU_ASSERT_EQUAL(run(v->f, PP_SEC(3), PP_MS(10)), 0);
	teardown(v->f);
	free(v);
}

/* What waits at a clear is forgotten with what was sent before: what is counted then was
 * due, sent and answered after it. */
static void clear_while_held(void)
{
	struct several *v = started(3, false);

	set_way(v, 1, false, 0);
	run(v->f, PP_MS(45), PP_MS(1));
	CU_ASSERT_EQUAL(pp_session_held(v->s), 1);
	pp_prober_clear(v->f->prober, v->ref);
	CU_ASSERT_EQUAL(pp_session_held(v->s), 0);
	set_way(v, 1, true, 0);
	run(v->f, PP_MS(60), PP_MS(1));
	pp_prober_stop(v->f->prober, v->ref, false, v->f->now);
	run(v->f, PP_SEC(2), PP_MS(10));
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_EQUAL(pp_counts_in_flight(counts(v->f, v->ref)), 0);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->sent, 6);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->expired, 6);
	for (unsigned int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(target(v, i).expired, 2);
	end(v);
}

/* So is it when all slots were taken: the session is done. */
static void clear_ends_a_draining_one(void)
{
	struct several *v = make(2, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_MS(10);
	spec.count = 2;
	set_way(v, 1, false, 0);
	start(v, &spec);
	run(v->f, PP_MS(30), PP_MS(1));
	CU_ASSERT_EQUAL(v->f->n_done, 0);
	pp_prober_clear(v->f->prober, v->ref);
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->due, 0);
	end(v);
}

/* The last ones may wait; the run is over when the neighbour has failed. */
static void count_ends_while_held(void)
{
	struct several *v = make(2, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_MS(10);
	spec.count = 6;
	spec.timeout = PP_MS(50);
	set_way(v, 1, false, 0);
	start(v, &spec);
	run(v->f, PP_MS(200), PP_MS(1));
	CU_ASSERT_EQUAL(v->f->n_done, 0);
	CU_ASSERT_EQUAL(target(v, 0).sent, 3);
	CU_ASSERT_EQUAL(target(v, 1).not_sent, 2);
	set_way(v, 1, false, 1);
	run(v->f, PP_MS(5), PP_MS(1));
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_EQUAL(v->f->at_done.due, 6);
	CU_ASSERT_EQUAL(target(v, 1).not_sent, 3);
	CU_ASSERT_EQUAL(target(v, 1).unreachable, 1);
	end(v);
}

static void deadline_while_held(void)
{
	struct several *v = make(2, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_MS(10);
	spec.deadline = PP_MS(55);
	set_way(v, 1, false, 0);
	start(v, &spec);
	run(v->f, PP_MS(80), PP_MS(1));
	CU_ASSERT_EQUAL(v->f->n_done, 1);
	CU_ASSERT_EQUAL(v->f->at_done.due, 6);
	CU_ASSERT_EQUAL(v->f->at_done.not_sent, 3);
	CU_ASSERT_EQUAL(v->f->at_done.unreachable, 1);
	CU_ASSERT_EQUAL(pp_session_held(v->s), 0);
	end(v);
}

/* A run that ended within a round: the next goes on with the target whose turn it is. */
static void next_run_goes_on(void)
{
	struct several *v = make(3, false);
	struct pp_session_spec spec = spec_of(v->f, false);

	spec.interval = PP_MS(10);
	spec.count = 4;
	start(v, &spec);
	for (unsigned int i = 0; i < 8; i++) {
		while (burst(v->f) == 0)
			v->f->now.v += PP_MS(1).v;
		CU_ASSERT_EQUAL(place(v, 0), i % 3);
		CU_ASSERT_EQUAL(v->f->batch.probe[0].k, i / 3);
		CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
		if (i == 3)
			pp_prober_start(v->f->prober, v->ref, v->f->now);
	}
	CU_ASSERT_EQUAL(v->f->n_done, 2);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->received, 8);
	end(v);
}

/* ---- answers ---- */

static void kept_of_each(void)
{
	struct several *v = started(2, false);
	uint8_t first[FRAME_MAX];

	CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
	memcpy(first, v->f->frame[0], sizeof(first));
	v->f->now.v += PP_MS(20).v;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 2); /* target 1, and target 0 again */
	CU_ASSERT_EQUAL(place(v, 1), 0);
	v->f->now.v += 1000 + PP_US(500).v;
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[1]));
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->reordered, 0);
	CU_ASSERT_TRUE(answer(v->f, first));
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->reordered, 1);
	CU_ASSERT_TRUE(answer(v->f, first));
	struct pp_target_counts t = target(v, 0);
	CU_ASSERT_EQUAL(t.sent, 2);
	CU_ASSERT_EQUAL(t.received, 2);
	CU_ASSERT_EQUAL(t.duplicate, 1);
	CU_ASSERT_TRUE(t.min > 500000 && t.min < 501000);
	CU_ASSERT_TRUE(t.max > 20500000 && t.max < 20502000);
	CU_ASSERT_EQUAL(t.sum, (uint64_t)t.min + t.max);
	CU_ASSERT_EQUAL(target(v, 1).max, target(v, 1).min);
	end(v);
}

/* A router that quotes 8 bytes names the newest probe of the target, or none. */
static void short_quotes(void)
{
	struct several *v = started(3, false);

	for (unsigned int i = 0; i < 4; i++) {
		while (burst(v->f) == 0)
			v->f->now.v += PP_MS(1).v;
		struct bytes e = error_about(v->f->frame[0], 3, 1, 8);
		if (i != 2)
			CU_ASSERT_TRUE(take(v->f, &e));
	}
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->error, 3);
	CU_ASSERT_EQUAL(target(v, 0).errors, 2);
	CU_ASSERT_EQUAL(target(v, 1).errors, 1);
	CU_ASSERT_EQUAL(target(v, 2).errors, 0);
	end(v);
}

static void weak_ones(void)
{
	struct several *v = make(2, false);
	struct pp_session_spec spec = spec_of(v->f, false);
	uint8_t older[FRAME_MAX];

	spec.size = 8;
	spec.interval = PP_MS(10);
	start(v, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
	memcpy(older, v->f->frame[0], sizeof(older));
	v->f->now.v += PP_MS(20).v;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 2);
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[0]));
	CU_ASSERT_TRUE(answer(v->f, v->f->frame[1]));
	CU_ASSERT_TRUE(answer(v->f, older)); /* in time: it is no loss */
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->received, 3);
	end(v);
}

/* Slot numbers of 64 bits from the 32 in the log, on both sides of 2^32. */
static void after_four_billion(unsigned int n)
{
	struct several *v = make(n, false);
	struct pp_session_spec spec = spec_of(v->f, false);
	const uint64_t round = (UINT64_C(1) << 32) - 2;
	uint8_t frame[6 * TARGETS_MAX][128];

	spec.interval = PP_MS(1);
	spec.flags = PP_SESSION_VOICE;
	spec.targets = v->target;
	spec.n_targets = n;
	v->ref = add(v->f, &spec);
	v->s = pp_session_get(v->f->table, v->ref);
	v->s->next_k = v->s->held_from = round * n;
	v->s->round = round;
	pp_prober_start(v->f->prober, v->ref, v->f->now);
	for (unsigned int i = 0; i < 4 * n; i++) {
		CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
		memcpy(frame[i], v->f->frame[0], sizeof(frame[i]));
		v->f->now.v += PP_MS(1).v;
	}
	for (unsigned int i = 0; i < 4 * n; i++) {
		CU_ASSERT_TRUE(answer(v->f, frame[i]));
		CU_ASSERT_EQUAL(v->f->event[i].k, round + i / n);
	}
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->reordered, 0);
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->received, 4 * n);
	end(v);
}

static void four_billion(void)
{
	after_four_billion(1);
	after_four_billion(3);
}

/* The places of a deleted session's targets are another's now: what was in flight is
 * nobody's, whether it times out or is answered. */
static void places_used_again(void)
{
	struct several *v = make(40, false);
	struct pp_session_spec spec = spec_of(v->f, false);
	struct bytes reply[32];
	struct pp_receipt r[32];

	spec.interval = PP_US(1);
	spec.count = 32;
	start(v, &spec);
	v->f->now.v += 31999;
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 32);
	CU_ASSERT_TRUE(v->f->batch.sweep);
	for (unsigned int i = 0; i < 32; i++) {
		struct pp_ip ip;
		struct pp_icmp icmp;
		reply[i] = reply_to(v->f->frame[i]);
		CU_ASSERT_TRUE(decode(&reply[i], &ip, &icmp));
		r[i] = (struct pp_receipt){.rx = {v->f->now, v->f->now}};
		CU_ASSERT_TRUE(pp_sessions_match(v->f->table, &ip, &icmp, &r[i]));
	}
	const struct pp_target *was = v->s->target;
	pp_prober_stop(v->f->prober, v->ref, true, v->f->now);
	pp_session_unlink(v->f->table, v->ref);
	pp_session_reclaim(v->f->table, v->ref);
	spec.count = 0;
	start(v, &spec);
	CU_ASSERT_PTR_EQUAL(v->s->target, was);
	CU_ASSERT_EQUAL_FATAL(burst(v->f), 1);
	for (unsigned int i = 0; i < 32; i++) {
		CU_ASSERT_FALSE(pp_prober_answer(v->f->prober, &r[i]));
		CU_ASSERT_FALSE(take(v->f, &reply[i]));
	}
	pp_prober_stop(v->f->prober, v->ref, false, v->f->now);
	run(v->f, PP_SEC(2), PP_MS(10));
	CU_ASSERT_EQUAL(counts(v->f, v->ref)->expired, 1);
	CU_ASSERT_EQUAL(target(v, 0).expired, 1);
	CU_ASSERT_EQUAL(target(v, 31).expired, 0);
	end(v);
}

PP_TEST_MAIN("turns", {"targets are probed in turn, on one schedule", in_turn},
	     {"a burst across targets, over IPv4 and tagged IPv6", sweeps},
	     {"what the port did not take of it", refused_of_a_sweep},
	     {"the schedule says whose turn was missed", missed_turns},
	     {"no poll looks at all that wait", a_poll_is_bounded},
	     {"a target that waits for its neighbour holds up no other", others_do_not_wait},
	     {"a target that nobody has", nobody_there}, {"a target without a route", no_route},
	     {"due times of random gaps outlive a long wait", random_gaps_remember},
	     {"stop while some wait", stop_while_held},
	     {"stop before anything left", nothing_ever_left},
	     {"delete while some wait", delete_while_held},
	     {"clear while some wait", clear_while_held},
	     {"clear when only what waits is left", clear_ends_a_draining_one},
	     {"the last slots may wait", count_ends_while_held},
	     {"a deadline while some wait", deadline_while_held},
	     {"a run after a run, within a round", next_run_goes_on},
	     {"counters, extremes and order are each target's own", kept_of_each},
	     {"errors that quote 8 bytes", short_quotes}, {"payloads without a token", weak_ones},
	     {"slots beyond 2^32", four_billion},
	     {"places of deleted targets, used again", places_used_again})
