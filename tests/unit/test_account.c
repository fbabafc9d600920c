/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving half of a prober: every probe in exactly one state, whatever comes back,
 * in whatever order; and nothing that a stranger makes up is believed.
 */
#include "probe_fixture.h"

/* One probe on its way, as it left. */
static struct fixture *one_probe(bool v6, unsigned int flags, pp_session_ref *ret_ref)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, v6);

	spec.flags = flags;
	*ret_ref = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	return f;
}

/* ---- answers ---- */

/* Sent within [0, 1] us, received within [10, 13] us: 9 to 13 us. */
static void round_trip_is_an_interval(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);
	struct bytes reply = reply_to(f->frame[0]);
	struct pp_span rx = {pp_ns_add(f->now, PP_US(10)), pp_ns_add(f->now, PP_US(13))};

	reply.b[8] = 57;
	fix_sums(&reply);
	CU_ASSERT_TRUE(take_within(f, &reply, rx));
	CU_ASSERT_EQUAL(f->n_events, 1);
	CU_ASSERT_EQUAL(f->event[0].kind, PP_EVENT_REPLY);
	CU_ASSERT_EQUAL(f->event[0].flags, 0);
	CU_ASSERT_EQUAL(f->event[0].rtt.lo.v, 9000);
	CU_ASSERT_EQUAL(f->event[0].rtt.hi.v, 13000);
	CU_ASSERT_EQUAL(f->event[0].ttl, 57);
	CU_ASSERT_EQUAL(f->event[0].bytes, 64);
	CU_ASSERT_EQUAL(f->event[0].k, 0);
	const struct pp_tally *t = pp_session_tally(pp_session_get(f->table, ref));
	CU_ASSERT_EQUAL(t->rtt.n, 1);
	CU_ASSERT_EQUAL(t->rtt.min, 11000);
	CU_ASSERT_EQUAL(t->rtt.bound_max, 2000);
	CU_ASSERT_EQUAL(pp_hist_total(&t->lo), 1);
	CU_ASSERT_EQUAL(pp_session_elapsed(pp_session_get(f->table, ref)).v, 13000);
	teardown(f);
}

/* Probes of one burst, whose answers another worker received in two polls; one is damaged. */
static void receipts_of_two_polls(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = spec_of(f, false);
	struct pp_receipt r[5];

	spec.interval = PP_US(1);
	spec.count = PP_ARRAY_LEN(r);
	pp_session_ref ref = add_started(f, &spec);
	f->now.v += 10000;
	CU_ASSERT_EQUAL_FATAL(burst(f), PP_ARRAY_LEN(r));
	for (unsigned int i = 0; i < PP_ARRAY_LEN(r); i++) {
		struct bytes reply = reply_to(f->frame[i]);
		struct pp_ip ip;
		struct pp_icmp icmp;
		pp_ns from = pp_ns_add(f->now, i < 2 ? PP_US(10) : PP_US(50));
		CU_ASSERT_TRUE(decode(&reply, &ip, &icmp));
		r[i] = (struct pp_receipt){.rx = {from, pp_ns_add(from, PP_US(3))}};
		CU_ASSERT_TRUE(pp_sessions_match(f->table, &ip, &icmp, &r[i]));
	}
	r[3].corrupt = true;
	CU_ASSERT_EQUAL(pp_prober_answers(f->prober, r, PP_ARRAY_LEN(r)), 0x1f);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 4);
	CU_ASSERT_EQUAL(counts(f, ref)->corrupt, 1);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	const struct pp_tally *t = pp_session_tally(pp_session_get(f->table, ref));
	CU_ASSERT_EQUAL(t->rtt.n, 4);
	CU_ASSERT_EQUAL(t->rtt.min, 11000);
	CU_ASSERT_EQUAL(t->rtt.max, 51000);
	CU_ASSERT_EQUAL((int64_t)t->rtt.sum, 2 * 11000 + 2 * 51000);
	teardown(f);
}

/* A clock that may be 2^-10 off widens 1 ms by 977 ns and the rounding, outwards. */
static void clock_error_widens(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(true, PP_SESSION_VOICE, &ref);

	pp_prober_set_rate_error(f->prober, 1u << 30);
	f->now.v += PP_MS(1).v;
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(f->event[0].rtt.lo.v, 999000 - 976 - 1);
	CU_ASSERT_EQUAL(f->event[0].rtt.hi.v, 1000000 + 976 + 1);
	teardown(f);
}

static void answer_before_it_could_be(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);

	CU_ASSERT_TRUE(answer(f, f->frame[0])); /* received while it was being sent */
	CU_ASSERT_EQUAL(f->event[0].rtt.lo.v, 0);
	CU_ASSERT_EQUAL(f->event[0].rtt.hi.v, 0);
	teardown(f);
}

/* A virtual machine was frozen while the driver had the frames: when in those 10 s they
 * left is not known. */
static void wide_transmit_span(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.flags = PP_SESSION_VOICE;
	spec.timeout = PP_SEC(60);
	add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(plan(f), 1);
	pp_prober_write(f->prober, &f->batch, &(uint8_t *){f->frame[0]});
	pp_prober_commit(f->prober, &f->batch, 1,
			 (struct pp_span){f->now, pp_ns_add(f->now, PP_SEC(10))});
	f->now.v += PP_MS(10001).v;
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(f->event[0].rtt.lo.v, PP_MS(1).v);
	CU_ASSERT_EQUAL(f->event[0].rtt.hi.v, PP_MS(10001).v);
	teardown(f);
}

static void late_is_not_received(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);
	struct bytes reply = reply_to(f->frame[0]);

	f->now.v += PP_SEC(1).v + 1000; /* exactly in time: sent within 1 us */
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(burst(f), 1);
	reply = reply_to(f->frame[0]);
	f->now.v += PP_SEC(1).v + 1001; /* one nanosecond late */
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(f->event[1].flags, PP_EVENT_LATE);
	CU_ASSERT_EQUAL(counts(f, ref)->late, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->expired, 1);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 0);
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->late, 1);
	teardown(f);
}

static void late_after_it_was_lost(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(true, 0, &ref);
	struct bytes reply = reply_to(f->frame[0]);

	pp_prober_stop(f->prober, ref, false, f->now);
	run(f, PP_MS(1100), PP_MS(100));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 1);
	CU_ASSERT_EQUAL(f->n_done, 1);
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 0);
	CU_ASSERT_EQUAL(counts(f, ref)->late, 1);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

/* The worker stood still for 3 s with the answer in its queue. What `safe` says was
 * not read yet keeps the probe in flight; then its stamps decide. */
static void stalled_answer_is_in_time(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, 0, &ref);
	struct bytes reply = reply_to(f->frame[0]);
	struct pp_span rx = {pp_ns_add(f->now, PP_MS(1)), pp_ns_add(f->now, PP_SEC(3))};

	pp_prober_stop(f->prober, ref, false, f->now);
	f->safe = pp_ns_add(f->now, PP_MS(1));
	f->now = rx.to;
	burst(f);
	CU_ASSERT_EQUAL(pp_counts_in_flight(counts(f, ref)), 1);
	CU_ASSERT_TRUE(take_within(f, &reply, rx));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->expired, 0);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

/* The same when it was given up already: another worker handed it over late. */
static void answer_takes_back_its_loss(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, 0, &ref);
	struct bytes reply = reply_to(f->frame[0]);
	struct pp_span rx = {pp_ns_add(f->now, PP_MS(900)), pp_ns_add(f->now, PP_MS(950))};

	run(f, PP_MS(1010), PP_MS(1));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 1);
	CU_ASSERT_TRUE(take_within(f, &reply, rx));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 0);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->late, 0);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	teardown(f);
}

static void duplicates_are_apart(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);

	f->now.v += 5000;
	for (unsigned int i = 0; i < 10; i++)
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 9);
	CU_ASSERT_EQUAL(f->event[0].flags, 0);
	CU_ASSERT_EQUAL(f->event[9].flags, PP_EVENT_DUPLICATE);
	CU_ASSERT_EQUAL(pp_session_tally(pp_session_get(f->table, ref))->rtt.n, 1);
	teardown(f);
}

/* Of 0 3 1 2 4 the second and third of the late-comers are out of order. */
static void reordered(void)
{
	static const unsigned int order[] = {0, 3, 1, 2, 4};
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, true);

	spec.rate = 1e6;
	spec.flags = PP_SESSION_VOICE;
	pp_session_ref ref = add_started(f, &spec);
	f->now.v += 4000;
	CU_ASSERT_EQUAL_FATAL(burst(f), 5);
	f->now.v += 1000;
	for (unsigned int i = 0; i < 5; i++)
		CU_ASSERT_TRUE(answer(f, f->frame[order[i]]));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 5);
	CU_ASSERT_EQUAL(counts(f, ref)->reordered, 2);
	for (unsigned int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(f->event[i].flags, i == 2 || i == 3 ? PP_EVENT_REORDERED : 0);
	teardown(f);
}

static void corrupt_is_not_received(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);
	struct bytes reply = reply_to(f->frame[0]);

	reply.b[PP_IP4_HLEN + PP_ICMP_HLEN + 40] ^= 1;
	fix_sums(&reply);
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(counts(f, ref)->corrupt, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 0);
	CU_ASSERT_EQUAL(f->event[0].flags, PP_EVENT_CORRUPT);
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 1);
	CU_ASSERT_EQUAL(pp_session_tally(pp_session_get(f->table, ref))->rtt.n, 0);
	teardown(f);
}

/* Whoever answers one session knows its token, and may write what number he likes. */
static void number_of_another_session(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	pp_session_ref ref[2];

	ref[0] = add_started(f, &spec);
	spec.token++;
	ref[1] = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 2);
	uint8_t *number = f->frame[0] + PP_ETH_HLEN + PP_IP4_HLEN + PP_ICMP_HLEN;
	pp_put_be64(number, pp_get_be64(number) ^ 1);
	CU_ASSERT_FALSE(answer(f, f->frame[0]));
	pp_put_be64(number, pp_get_be64(number) ^ 1);
	f->frame[0][PP_ETH_HLEN + PP_IP4_HLEN + 7] ^= 4; /* nor another sequence */
	CU_ASSERT_FALSE(answer(f, f->frame[0]));
	for (unsigned int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(pp_counts_in_flight(counts(f, ref[i])), 1);
	teardown(f);
}

/* The log keeps the low half of slot numbers. */
static void slots_past_32_bits(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 1e9;
	spec.flags = PP_SESSION_VOICE;
	set_hop(f, false, 0);
	add_started(f, &spec);
	burst(f);
	f->now.v += (INT64_C(1) << 32) - 3;
	burst(f);
	set_hop(f, true, 0);
	static uint8_t kept[8][FRAME_MAX];
	for (unsigned int n = 0; n < 6;) {
		f->now.v++;
		for (unsigned int sent = burst(f), i = 0; i < sent; i++, n++)
			memcpy(kept[pp_batch_at(&f->batch, i).k % 8], f->frame[i], FRAME_MAX);
	}
	for (uint64_t k = (UINT64_C(1) << 32) - 3; k < (UINT64_C(1) << 32) + 3; k++) {
		CU_ASSERT_TRUE(answer(f, kept[k % 8]));
		CU_ASSERT_EQUAL(f->event[f->n_events - 1].k, k);
		CU_ASSERT_EQUAL(f->event[f->n_events - 1].flags, 0);
	}
	teardown(f);
}

/* ICMP-31: 200,000 probes, answered 20,000 at a time in reverse, pass the 16-bit
 * sequence three times. */
static void sequence_wraps(void)
{
	enum { ROUND = 20000 };
	static struct bytes reply[ROUND];
	struct fixture *f = setup(1 << 16);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 1e6;
	spec.size = 16;
	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int round = 0; round < 10; round++) {
		unsigned int n = 0;
		while (n < ROUND) {
			f->now.v += 10000;
			unsigned int sent = burst(f);
			for (unsigned int i = 0; i < sent && n < ROUND; i++)
				reply[n++] = reply_to(f->frame[i]);
		}
		while (n--) {
			if (!take(f, &reply[n]))
				CU_FAIL_FATAL("an answer is not known");
		}
	}
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 0);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 10 * ROUND);
	CU_ASSERT_TRUE(counts(f, ref)->sent > 3 * 65536);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	teardown(f);
}

/* An answer of an older lap of the sequence is its own probe's: late, no match for the
 * newer one. */
static void older_lap_is_late(void)
{
	struct fixture *f = setup(1 << 16);
	struct pp_session_spec spec = spec_of(f, false);

	spec.rate = 1e6;
	spec.timeout = PP_MS(10);
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	struct bytes reply = reply_to(f->frame[0]);
	while (counts(f, ref)->sent < 65537) {
		f->now.v += 10000;
		burst(f);
	}
	CU_ASSERT_TRUE(take(f, &reply));
	CU_ASSERT_EQUAL(counts(f, ref)->late, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 0);
	teardown(f);
}

/* Without room for the token the newest probe of that sequence is the one. */
static void weak_matching(void)
{
	struct fixture *f = setup(4096);
	struct pp_session_spec spec = spec_of(f, true);

	spec.size = 15;
	spec.rate = 1000;
	spec.timeout = PP_MS(100);
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_TRUE(pp_session_is_weak(pp_session_get(f->table, ref)));
	for (unsigned int i = 0; i < 66000; i++) {
		if (burst(f) != 1)
			CU_FAIL_FATAL("no probe");
		if (i % 3 && !answer(f, f->frame[0]))
			CU_FAIL_FATAL("an answer is not known");
		f->now.v += PP_MS(1).v;
	}
	CU_ASSERT_EQUAL(counts(f, ref)->received, 44000);
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 0);
	run(f, PP_MS(1), PP_MS(1));
	CU_ASSERT_TRUE(counts(f, ref)->expired >= 21960);
	teardown(f);
}

/* After a stall the slots of the slack leave at once, on top of what is outstanding: all
 * of them can be found by sequence. */
static void weak_after_a_stall(void)
{
	static struct bytes reply[200];
	struct fixture *f = setup(4096);
	struct pp_session_spec spec = spec_of(f, false);
	unsigned int n = 0, answered = 0;

	spec.size = 0;
	spec.rate = 1000;
	spec.timeout = PP_MS(30);
	add_started(f, &spec);
	burst(f);
	f->now.v += PP_MS(500).v;
	for (unsigned int round = 0; round < 28; round++, f->now.v += PP_MS(1).v) {
		for (unsigned int sent = burst(f), i = 0; i < sent; i++)
			reply[n++] = reply_to(f->frame[i]);
	}
	CU_ASSERT_TRUE(n > 80);
	for (unsigned int i = 0; i < n; i++)
		answered += take(f, &reply[i]);
	CU_ASSERT_EQUAL(answered, n);
	teardown(f);
}

/* ---- ICMP errors ---- */

static void error_of(bool v6, unsigned int flags, size_t quoted)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(v6, flags | PP_SESSION_VOICE, &ref);
	struct bytes e = error_about(f->frame[0], v6 ? 1 : 11, v6 ? 3 : 0, quoted);

	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 1);
	CU_ASSERT_EQUAL(f->n_events, 1);
	CU_ASSERT_EQUAL(f->event[0].kind, PP_EVENT_ERROR);
	CU_ASSERT_EQUAL(f->event[0].type, v6 ? 1 : 11);
	CU_ASSERT_EQUAL(f->event[0].code, v6 ? 3 : 0);
	CU_ASSERT_EQUAL(f->event[0].v6, v6);
	CU_ASSERT_EQUAL(f->event[0].rest, 1400);
	CU_ASSERT_EQUAL(f->event[0].from.b[15], 9);
	CU_ASSERT_TRUE(take(f, &e)); /* it is about a probe of ours, whose fate is known */
	CU_ASSERT_EQUAL(counts(f, ref)->error, 1);
	CU_ASSERT_EQUAL(f->n_events, 1);
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(counts(f, ref)->duplicate, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 0);
	run(f, PP_SEC(2), PP_MS(100));
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	teardown(f);
}

static void error_by_eight_bytes(void)
{
	error_of(false, 0, 8);
	error_of(true, 0, 8);
}

static void error_by_the_whole(void)
{
	error_of(false, 0, 1400);
	error_of(true, 0, 1400);
	error_of(false, 0, 23); /* cut within the token */
	error_of(true, 0, 24);	/* behind it */
}

static void error_after_the_answer(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, 0, &ref);
	struct bytes e = error_about(f->frame[0], 3, 1, 8);

	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 0);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	teardown(f);
}

/* As with answers the stamps decide, not the order in which we looked. */
static void error_after_the_timeout(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, 0, &ref);
	struct bytes e = error_about(f->frame[0], 3, 1, 8);

	pp_prober_stop(f->prober, ref, false, f->now);
	f->now.v += PP_SEC(1).v + 1001;
	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 0);
	burst(f);
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 1);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

static void error_takes_back_a_loss(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(true, 0, &ref);
	struct bytes e = error_about(f->frame[0], 1, 3, 8);
	struct pp_span rx = {pp_ns_add(f->now, PP_MS(900)), pp_ns_add(f->now, PP_MS(950))};

	run(f, PP_MS(1010), PP_MS(1));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 1);
	CU_ASSERT_TRUE(take_within(f, &e, rx));
	CU_ASSERT_EQUAL(pp_counts_lost(counts(f, ref)), 0);
	CU_ASSERT_EQUAL(counts(f, ref)->error, 1);
	CU_ASSERT_TRUE(pp_counts_consistent(counts(f, ref)));
	teardown(f);
}

static void redirect_is_no_verdict(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, PP_SESSION_VOICE, &ref);
	struct bytes e = error_about(f->frame[0], 5, 1, 8);

	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->redirect, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->error, 0);
	CU_ASSERT_EQUAL(f->event[0].kind, PP_EVENT_ERROR);
	CU_ASSERT_EQUAL(f->event[0].flags, PP_EVENT_INFORMATIVE);
	CU_ASSERT_EQUAL(pp_counts_in_flight(counts(f, ref)), 1);
	CU_ASSERT_TRUE(answer(f, f->frame[0]));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	teardown(f);
}

/* Of two sessions with one id the token tells answers apart, and the half of it that is in
 * the IPv4 identification tells quotes of eight bytes apart. */
static void two_sessions_with_one_id(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	pp_session_ref ref[2];

	spec.id = 99;
	ref[0] = add_started(f, &spec);
	spec.token ^= UINT64_C(0x1234000000005678);
	ref[1] = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 2);
	for (unsigned int i = 0; i < 2; i++) {
		struct bytes e = error_about(f->frame[i], 3, 1, 8);
		pp_session_ref whose = pp_batch_at(&f->batch, i).ref;
		CU_ASSERT_TRUE(take(f, &e));
		CU_ASSERT_EQUAL(counts(f, whose)->error, 1);
		CU_ASSERT_TRUE(answer(f, f->frame[i]));
		CU_ASSERT_EQUAL(counts(f, whose)->duplicate, 1);
	}
	CU_ASSERT_EQUAL(counts(f, ref[0])->error, 1);
	CU_ASSERT_EQUAL(counts(f, ref[1])->error, 1);
	teardown(f);
}

/* Its number was quoted as well, so that it is found 65536 probes later. */
static void error_about_an_older_lap(void)
{
	struct fixture *f = setup(1 << 16);
	struct pp_session_spec spec = spec_of(f, true);

	spec.rate = 1e6;
	pp_session_ref ref = add_started(f, &spec);
	CU_ASSERT_EQUAL_FATAL(burst(f), 1);
	struct bytes e = error_about(f->frame[0], 3, 0, 24),
		     small = error_about(f->frame[0], 3, 0, 23);
	while (counts(f, ref)->sent < 65537) {
		f->now.v += 10000;
		burst(f);
	}
	CU_ASSERT_FALSE(take(f, &small));
	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 1);
	CU_ASSERT_TRUE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 1);
	teardown(f);
}

/* ---- forgeries ---- */

struct forger {
	struct fixture *f;
	struct pp_prng rng;
	pp_session_ref ref;
	struct bytes reply; /* to one probe out of `n` in flight */
	struct pp_ip ip;
	struct pp_icmp icmp;
	struct pp_quote quote; /* of the same probe */
};

enum { FORGERIES = 1000000, IN_FLIGHT = 1024 };

static void setup_forger(struct forger *g, bool v6)
{
	struct fixture *f = setup(1 << 12);
	struct pp_session_spec spec = spec_of(f, v6);
	struct bytes e;
	struct pp_ip ip;
	struct pp_icmp icmp;

	pp_prng_seed(&g->rng, pp_test_seed());
	spec.rate = 1e6;
	spec.timeout = PP_SEC(60);
	spec.token = pp_prng_next(&g->rng);
	g->f = f;
	g->ref = add_started(f, &spec);
	while (counts(f, g->ref)->sent < IN_FLIGHT) {
		f->now.v += 10000;
		burst(f);
	}
	g->reply = reply_to(f->frame[0]);
	CU_ASSERT_TRUE_FATAL(decode(&g->reply, &g->ip, &g->icmp));
	e = error_about(f->frame[0], 3, 1, 8);
	CU_ASSERT_TRUE_FATAL(decode(&e, &ip, &icmp));
	CU_ASSERT_EQUAL_FATAL(pp_icmp_quote(&icmp, &g->quote), PP_OK);
}

/* Everything right but the token: one of 2^64 would be believed. */
static unsigned int forge_tokens(struct forger *g)
{
	uint8_t *token = &g->reply.b[g->ip.hlen + PP_ICMP_HLEN + 8];
	unsigned int believed = 0;

	for (unsigned int i = 0; i < FORGERIES; i++) {
		pp_put_be64(token, pp_prng_next(&g->rng));
		believed +=
			take_reply(g->f, &g->ip, &g->icmp, (struct pp_span){g->f->now, g->f->now});
	}
	return believed;
}

/* Right addresses only. */
static unsigned int forge_replies(struct forger *g)
{
	uint8_t *payload = &g->reply.b[g->ip.hlen + PP_ICMP_HLEN];
	unsigned int believed = 0;

	for (unsigned int i = 0; i < FORGERIES; i++) {
		uint64_t r = pp_prng_next(&g->rng);
		g->icmp.id = (uint16_t)r;
		g->icmp.seq = (uint16_t)(r >> 16);
		pp_put_be64(payload, r >> 40);
		pp_put_be64(payload + 8, pp_prng_next(&g->rng));
		believed +=
			take_reply(g->f, &g->ip, &g->icmp, (struct pp_span){g->f->now, g->f->now});
	}
	return believed;
}

/* Eight bytes quoted, with the right addresses and, when `knows`, id and a sequence in
 * flight. */
static unsigned int forge_quotes(struct forger *g, bool knows)
{
	struct pp_quote q = g->quote;
	unsigned int believed = 0;

	for (unsigned int i = 0; i < FORGERIES; i++) {
		uint64_t r = pp_prng_next(&g->rng);
		q.check = (uint16_t)r;
		q.ip_id = (uint16_t)(r >> 16);
		if (!knows) {
			q.id = (uint16_t)(r >> 32);
			q.seq = (uint16_t)(r >> 48);
		}
		believed += take_quote(g->f, &q, (struct pp_span){g->f->now, g->f->now});
	}
	return believed;
}

static void forged_replies(void)
{
	struct forger g;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		setup_forger(&g, v6);
		struct pp_counts before = *counts(g.f, g.ref);
		CU_ASSERT_EQUAL(forge_tokens(&g), 0);
		CU_ASSERT_EQUAL(forge_replies(&g), 0);
		CU_ASSERT_EQUAL(memcmp(&before, counts(g.f, g.ref), sizeof(before)), 0);
		teardown(g.f);
	}
}

/* Of a million with guessed id, sequence (1024 of 65536 in flight), checksum and IPv4
 * identification, chance would accept 3.6e-6 over IPv6, 5.5e-11 over IPv4; with id and
 * sequence known 15.3 over IPv6, where the checksum alone is left to guess (54 or more:
 * once in 10^13 runs), 2.3e-4 over IPv4. */
static void forged_errors(void)
{
	struct forger g;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		setup_forger(&g, v6);
		CU_ASSERT_EQUAL(forge_quotes(&g, false), 0);
		CU_ASSERT_EQUAL(counts(g.f, g.ref)->error, 0);
		CU_ASSERT_TRUE(forge_quotes(&g, true) <= (v6 ? 53 : 0));
		CU_ASSERT_TRUE(counts(g.f, g.ref)->error <= 1);
		CU_ASSERT_TRUE(take_quote(g.f, &g.quote, (struct pp_span){g.f->now, g.f->now}));
		teardown(g.f);
	}
}

/* A token that is quoted and wrong is not ours, whatever the rest says. */
static void quote_with_wrong_token(void)
{
	pp_session_ref ref;
	struct fixture *f = one_probe(false, 0, &ref);

	f->frame[0][PP_ETH_HLEN + PP_IP4_HLEN + PP_ICMP_HLEN + 15] ^= 1;
	struct bytes e = error_about(f->frame[0], 3, 1, 100);
	CU_ASSERT_FALSE(take(f, &e));
	CU_ASSERT_EQUAL(counts(f, ref)->error, 0);
	teardown(f);
}

PP_TEST_MAIN("account",
	     {"a round trip is an interval that holds the truth", round_trip_is_an_interval},
	     {"receipts of two polls, one damaged", receipts_of_two_polls},
	     {"the clock's error widens it", clock_error_widens},
	     {"a round trip is never negative", answer_before_it_could_be},
	     {"a transmission of many seconds", wide_transmit_span},
	     {"late by one nanosecond is late", late_is_not_received},
	     {"late after it was lost", late_after_it_was_lost},
	     {"read late but stamped in time is received", stalled_answer_is_in_time},
	     {"an answer in time takes back its loss", answer_takes_back_its_loss},
	     {"duplicates are in no other counter", duplicates_are_apart},
	     {"MET-12 answers out of order", reordered},
	     {"a changed payload is corrupt", corrupt_is_not_received},
	     {"a number of another session", number_of_another_session},
	     {"slot numbers past 32 bits", slots_past_32_bits},
	     {"ICMP-31 200,000 probes without a false duplicate", sequence_wraps},
	     {"ICMP-31 a reply of an older wrap is late, not a match", older_lap_is_late},
	     {"short payloads match by sequence", weak_matching},
	     {"short payloads after a stall", weak_after_a_stall},
	     {"ICMP-17 V6-07 an error is matched by eight quoted bytes", error_by_eight_bytes},
	     {"ICMP-17 an error that quotes more", error_by_the_whole},
	     {"an error after the answer changes nothing", error_after_the_answer},
	     {"an error after the timeout changes nothing", error_after_the_timeout},
	     {"an error in time takes back a loss", error_takes_back_a_loss},
	     {"ICMP-20 a redirect is no verdict", redirect_is_no_verdict},
	     {"ICMP-17 quotes and answers of two sessions with one id", two_sessions_with_one_id},
	     {"ICMP-31 an error about a probe of an older wrap", error_about_an_older_lap},
	     {"a million forged replies", forged_replies},
	     {"PMTU-06 a million forged errors", forged_errors},
	     {"a quoted token must be right", quote_with_wrong_token})
