/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The selftest's judge: made-up runs, sound ones and such with a single fault. It must
 * find each fault, call it by its name, and find none where there is none.
 */
#include "verdict.h"

#include <stdlib.h>

#include "runner.h"

#define PROBES	  20000
#define QUEUES	  2
#define PERIOD	  10000 /* ns: 100 kpps */
#define LEAST	  20000 /* the wire, both ways */
#define HALF	  300	/* of an interval's width */
#define TIMEOUT	  PP_MS(1)
#define T0	  1000000000
#define LATE_BY	  2000000
#define EVERY(n)  (k % (n) == (n)-1)
#define NUMBER(k) ((uint64_t)((k) + 1) << 5)

/* What the wire does in a made-up run, as often as its spec says it does. */
enum fate { PLAIN, LOST, LATE, MANGLED, TWICE, OVERTAKEN };

static struct run {
	struct pp_truth_log sent[QUEUES], received[QUEUES];
	const struct pp_truth_log *sent_of[QUEUES], *received_of[QUEUES];
	struct pp_samples samples;
	struct pp_tally *tally;
	struct pp_wire_spec wire;
	struct pp_verdict_input in;
	struct pp_prng rng;
} run;

static void put_truth(struct pp_truth_log *log, uint64_t number, int64_t at, bool mangled)
{
	log->entry[log->n] = (struct pp_truth){
		.number = number, .at = at, .order = (uint32_t)log->n, .mangled = mangled};
	log->n++;
}

static void put_sample(uint64_t k, int64_t rtt)
{
	struct pp_rtt r = {PP_NS(rtt - HALF), PP_NS(rtt + HALF)};

	run.samples.at[run.samples.n++] = (struct pp_sample){
		.slot = k, .number = NUMBER(k), .tx = PP_NS(T0 + (int64_t)k * PERIOD), .rtt = r};
	pp_tally_record(run.tally, r);
	pp_tally_intended(run.tally, r);
	run.in.counts.received++;
}

static void make_probe(uint64_t k, enum fate fate)
{
	struct pp_truth_log *back = &run.received[k % QUEUES];
	int64_t sent = T0 + (int64_t)k * PERIOD;
	int64_t rtt = LEAST + 500 + (int64_t)pp_prng_below(&run.rng, 4000);

	rtt += fate == LATE ? LATE_BY : fate == OVERTAKEN ? 5 * PERIOD : 0;
	put_truth(&run.sent[k % QUEUES], NUMBER(k), sent, false);
	run.in.counts.due++;
	run.in.counts.sent++;
	pp_hist_record(&run.tally->slip, PP_NS(0));
	run.in.counts.expired += fate == LOST || fate == LATE;
	run.in.counts.late += fate == LATE;
	run.in.counts.corrupt += fate == MANGLED;
	run.in.counts.duplicate += fate == TWICE;
	run.in.counts.reordered += fate == OVERTAKEN;
	if (fate != LOST)
		put_truth(back, NUMBER(k), sent + rtt, fate == MANGLED);
	if (fate == TWICE)
		put_truth(back, NUMBER(k), sent + rtt + 100, false);
	if (fate == PLAIN || fate == TWICE || fate == OVERTAKEN)
		put_sample(k, rtt);
}

static void make_logs(void)
{
	run = (struct run){0};
	for (unsigned int q = 0; q < QUEUES; q++) {
		run.sent[q].capacity = run.received[q].capacity = 2 * PROBES;
		run.sent[q].entry = calloc(2 * PROBES, sizeof(struct pp_truth));
		run.received[q].entry = calloc(2 * PROBES, sizeof(struct pp_truth));
		run.sent_of[q] = &run.sent[q];
		run.received_of[q] = &run.received[q];
	}
	run.samples.at = calloc(2 * PROBES, sizeof(struct pp_sample));
	run.samples.capacity = 2 * PROBES;
	run.tally = pp_tally_create(2);
	pp_prng_seed(&run.rng, pp_test_seed());
}

static void make_input(void)
{
	run.in.sent = run.sent_of;
	run.in.received = run.received_of;
	run.in.queues = QUEUES;
	run.in.samples = &run.samples;
	run.in.tally = run.tally;
	run.in.timeout = TIMEOUT;
	run.in.period = PERIOD;
	run.in.needed = PROBES;
	run.in.wire = &run.wire;
	run.in.least = PP_NS(LEAST);
}

/* A run of probes that all come back. */
static void make_plain(void)
{
	make_logs();
	for (uint64_t k = 0; k < PROBES; k++)
		make_probe(k, PLAIN);
	make_input();
}

/* A run in which everything happens; 2 % are lost, as the wire was told. */
static void make_mixed(void)
{
	make_logs();
	for (uint64_t k = 0; k < PROBES; k++) {
		enum fate fate = EVERY(50)   ? LOST
				 : EVERY(47) ? LATE
				 : EVERY(43) ? MANGLED
				 : EVERY(41) ? TWICE
				 : EVERY(37) ? OVERTAKEN
					     : PLAIN;
		make_probe(k, fate);
	}
	make_input();
	run.wire.dir[0].loss = 0.02;
}

static void free_run(void)
{
	for (unsigned int q = 0; q < QUEUES; q++) {
		free(run.sent[q].entry);
		free(run.received[q].entry);
	}
	free(run.samples.at);
	pp_tally_free(run.tally);
}

static struct pp_verdict judged(void)
{
	struct pp_verdict v = {0};

	CU_ASSERT_EQUAL(pp_verdict(&run.in, &v), 0);
	return v;
}

/* These faults and no others, then the run is gone. */
static void expect_faults(unsigned int faults)
{
	struct pp_verdict v = judged();

	if (v.faults != faults)
		for (unsigned int i = 0; i < PP_VERDICT_FAULTS; i++)
			if ((v.faults ^ faults) & 1u << i)
				printf("%s: %s\n", v.faults & 1u << i ? "wrongly" : "not found",
				       pp_verdict_fault_name[i]);
	CU_ASSERT_EQUAL(v.faults, faults);
	free_run();
}

/* ---- sound runs ----------------------------------------------------------------------- */

static void test_sound(void)
{
	make_plain();
	struct pp_verdict v = judged();
	CU_ASSERT_EQUAL(v.samples, PROBES);
	CU_ASSERT_EQUAL(v.covered, PROBES);
	CU_ASSERT_EQUAL(v.untrue, 0);
	CU_ASSERT_EQUAL(v.worst, 0);
	CU_ASSERT_EQUAL(v.width_p50, 2 * HALF);
	CU_ASSERT_EQUAL(v.width_p99, 2 * HALF);
	CU_ASSERT(v.span_checked);
	expect_faults(0);
}

static void test_everything_sound(void)
{
	make_mixed();
	struct pp_verdict v = judged();
	CU_ASSERT(v.counts_held);
	CU_ASSERT_EQUAL(v.expected.expired - v.expected.late, PROBES / 50);
	CU_ASSERT_EQUAL(v.expected.late, run.in.counts.late);
	CU_ASSERT_EQUAL(v.expected.corrupt, run.in.counts.corrupt);
	CU_ASSERT_EQUAL(v.expected.duplicate, run.in.counts.duplicate);
	CU_ASSERT_EQUAL(v.expected.reordered, run.in.counts.reordered);
	CU_ASSERT(v.expected.reordered > 0 && v.expected.late > 0);
	CU_ASSERT(v.q[2].checked && v.q[2].infinite && v.q[2].held);
	expect_faults(0);
}

static void test_edges_belong_to_the_interval(void)
{
	make_plain();
	for (uint32_t i = 0; i < run.samples.n; i += 2) {
		struct pp_sample *s = &run.samples.at[i];
		s->rtt.lo.v += HALF;
		s[1].rtt.hi.v -= HALF;
	}
	expect_faults(0);
}

/* ---- samples -------------------------------------------------------------------------------- */

static void test_one_truth_outside(void)
{
	for (int64_t side = -1; side <= 1; side += 2) {
		make_plain();
		struct pp_sample *s = &run.samples.at[PROBES / 3];
		s->rtt.lo.v += side * (HALF + 1);
		s->rtt.hi.v += side * (HALF + 1);
		struct pp_verdict v = judged();
		CU_ASSERT_EQUAL(v.covered, PROBES - 1);
		CU_ASSERT_EQUAL(v.worst, 1);
		expect_faults(PP_FAULT_INTERVALS);
	}
}

static void test_inverted_interval(void)
{
	make_plain();
	struct pp_sample *s = &run.samples.at[7];
	s->rtt = (struct pp_rtt){s->rtt.hi, s->rtt.lo};
	expect_faults(PP_FAULT_INTERVALS);
}

static void test_sample_of_nothing(void)
{
	make_plain();
	run.samples.at[7].number = NUMBER(PROBES + 5);
	CU_ASSERT_EQUAL(judged().untrue, 1);
	expect_faults(PP_FAULT_INTERVALS);
}

static void test_sample_dropped(void)
{
	make_plain();
	run.samples.at[0] = run.samples.at[--run.samples.n];
	expect_faults(PP_FAULT_SAMPLES);
}

static void forget(struct pp_hist *h, pp_ns value)
{
	h->counts[pp_hist_index(h, value)]--;
}

static void test_dropped_from_a_histogram(void)
{
	make_plain();
	forget(&run.tally->lo, run.samples.at[0].rtt.lo);
	expect_faults(PP_FAULT_SAMPLES);
	make_plain();
	forget(&run.tally->hi, run.samples.at[0].rtt.hi);
	expect_faults(PP_FAULT_SAMPLES);
	make_plain();
	forget(&run.tally->intended_lo, run.samples.at[0].rtt.lo);
	expect_faults(PP_FAULT_SAMPLES);
	make_plain();
	forget(&run.tally->intended_hi, run.samples.at[0].rtt.hi);
	expect_faults(PP_FAULT_SAMPLES);
	make_plain();
	forget(&run.tally->slip, PP_NS(0));
	expect_faults(PP_FAULT_SAMPLES);
	make_plain();
	run.tally->rtt.n--;
	expect_faults(PP_FAULT_SAMPLES);
}

static void test_too_many_samples(void)
{
	make_plain();
	run.samples.dropped = 1;
	expect_faults(PP_FAULT_TRUTH);
}

/* ---- distributions ------------------------------------------------------------------------------
 */

/* All counters of a histogram one place up or down. */
static void shift(struct pp_hist *h, int by)
{
	uint64_t *was = calloc(h->len, sizeof(*was));

	memcpy(was, h->counts, h->len * sizeof(*was));
	memset(h->counts, 0, h->len * sizeof(*was));
	for (int64_t i = 0; i < h->len; i++)
		if (was[i] && i + by >= 0 && i + by < h->len)
			h->counts[i + by] = was[i];
	free(was);
}

static void test_histogram_off_by_some(void)
{
	/* An interval here is five counters wide: they must be off by more than that. */
	make_plain();
	shift(&run.tally->lo, 6);
	shift(&run.tally->hi, 6);
	expect_faults(PP_FAULT_QUANTILES);
	make_plain();
	shift(&run.tally->lo, -6);
	shift(&run.tally->hi, -6);
	expect_faults(PP_FAULT_QUANTILES);
}

/* Where an interval is narrower than a counter, one place is enough. */
static void test_histogram_off_by_one(void)
{
	for (int by = -1; by <= 1; by += 2) {
		make_plain();
		pp_hist_clear(&run.tally->lo);
		pp_hist_clear(&run.tally->hi);
		run.tally->rtt.n = 0;
		for (uint32_t i = 0; i < run.samples.n; i++) {
			struct pp_rtt *r = &run.samples.at[i].rtt;
			int64_t truth = r->lo.v + HALF;
			*r = (struct pp_rtt){PP_NS(truth), PP_NS(truth)};
			pp_tally_record(run.tally, *r);
		}
		CU_ASSERT_EQUAL(judged().faults, 0);
		shift(&run.tally->lo, by);
		shift(&run.tally->hi, by);
		expect_faults(PP_FAULT_QUANTILES);
	}
}

static void test_loss_hidden_from_quantiles(void)
{
	make_mixed();
	/* As if lost probes had been given the best of times. */
	for (unsigned int i = 0; i < PROBES / 10; i++)
		pp_tally_record(run.tally, (struct pp_rtt){PP_NS(LEAST), PP_NS(LEAST)});
	struct pp_verdict v = judged();
	CU_ASSERT(!v.q[2].held);
	expect_faults(PP_FAULT_SAMPLES | PP_FAULT_QUANTILES);
}

/* ---- states
 * ----------------------------------------------------------------------------------------- */

static void test_each_counter(void)
{
	static const size_t offset[] = {
		offsetof(struct pp_counts, sent),      offsetof(struct pp_counts, received),
		offsetof(struct pp_counts, late),      offsetof(struct pp_counts, corrupt),
		offsetof(struct pp_counts, expired),   offsetof(struct pp_counts, duplicate),
		offsetof(struct pp_counts, reordered), offsetof(struct pp_counts, due),
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(offset); i++) {
		for (int by = -1; by <= 1; by += 2) {
			make_mixed();
			uint64_t *c = (uint64_t *)(void *)((char *)&run.in.counts + offset[i]);
			*c += (uint64_t)by;
			bool recorded = offset[i] == offsetof(struct pp_counts, received) ||
					offset[i] == offsetof(struct pp_counts, sent);
			unsigned int more = recorded ? PP_FAULT_SAMPLES : 0;
			expect_faults(PP_FAULT_STATES | more);
		}
	}
}

static void test_late_counted_as_received(void)
{
	make_mixed();
	run.in.counts.received += run.in.counts.late;
	run.in.counts.expired -= run.in.counts.late;
	run.in.counts.late = 0;
	CU_ASSERT(judged().faults & PP_FAULT_STATES);
	expect_faults(PP_FAULT_STATES | PP_FAULT_SAMPLES);
}

/* A stall of ours: the truth is late, but the interval holds the timeout. */
static void test_timeout_undecided(void)
{
	make_plain();
	struct pp_truth *t = &run.received[0].entry[0];
	t->at = run.sent[0].entry[0].at + TIMEOUT.v + 1;
	run.samples.at[0].rtt.hi.v += 2 * TIMEOUT.v;
	struct pp_verdict v = judged();
	CU_ASSERT_EQUAL(v.expected.late, 0);
	CU_ASSERT_EQUAL(v.expected.received, PROBES);
	free_run();
}

static void test_timeout_to_the_nanosecond(void)
{
	for (int64_t over = 0; over <= 1; over++) {
		make_plain();
		struct pp_truth *t = &run.received[0].entry[0];
		t->at = run.sent[0].entry[0].at + TIMEOUT.v + over;
		run.samples.at[0].rtt =
			(struct pp_rtt){PP_NS(TIMEOUT.v + over), PP_NS(TIMEOUT.v + over)};
		struct pp_verdict v = judged();
		CU_ASSERT_EQUAL(v.expected.late, (uint64_t)over);
		CU_ASSERT_EQUAL(v.expected.received, PROBES - (uint64_t)over);
		free_run();
	}
}

/* ---- the wire
 * ------------------------------------------------------------------------------------------- */

static void test_wire_that_does_not_lose(void)
{
	make_plain();
	run.wire.dir[1].loss = 0.03;
	expect_faults(PP_FAULT_WIRE);
	make_plain();
	run.wire.dir[0].corrupt = 0.03;
	expect_faults(PP_FAULT_WIRE);
	/* Copies make good for it. */
	make_plain();
	run.wire.dir[0].corrupt = 0.03;
	run.wire.dir[0].dup = 1;
	expect_faults(0);
}

static void test_wire_that_loses_unasked(void)
{
	make_mixed();
	run.wire.dir[0].loss = 0;
	expect_faults(PP_FAULT_WIRE);
}

static void test_wire_of_another_delay(void)
{
	make_plain();
	run.in.least = PP_NS(LEAST + 1000);
	expect_faults(PP_FAULT_WIRE);
	make_plain();
	run.in.least = PP_NS(1);
	expect_faults(0); /* a lag of the far end is allowed for */
	make_plain();
	for (unsigned int q = 0; q < QUEUES; q++)
		for (size_t i = 0; i < run.received[q].n; i++)
			run.received[q].entry[i].at += 990 * LEAST;
	run.in.timeout = PP_SEC(1);
	CU_ASSERT(judged().faults & PP_FAULT_WIRE); /* milliseconds for microseconds */
	free_run();
}

static void test_wire_not_looked_at(void)
{
	make_plain();
	run.wire.dir[0].loss = 0.5;
	run.in.wire = NULL;
	expect_faults(0);
}

/* ---- truth, schedule, load
 * --------------------------------------------------------------------------------- */

static void test_short_logs(void)
{
	for (unsigned int q = 0; q < QUEUES; q++) {
		make_plain();
		run.sent[q].dropped = 1;
		expect_faults(PP_FAULT_TRUTH);
		make_plain();
		run.received[q].dropped = 1;
		expect_faults(PP_FAULT_TRUTH);
	}
}

static void test_schedule_that_drifts(void)
{
	static const struct {
		double share; /* of the period, too long */
		unsigned int faults;
	} cases[] = {{0.0009, 0}, {0.0012, PP_FAULT_SCHEDULE}, {-0.0012, PP_FAULT_SCHEDULE}};

	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		make_plain();
		run.in.period = PERIOD / (1 + cases[i].share);
		expect_faults(cases[i].faults);
	}
}

/* Late departures now and then are slip, not drift. */
static void test_slip_is_no_drift(void)
{
	make_plain();
	for (unsigned int q = 0; q < QUEUES; q++) {
		for (size_t i = 0; i < run.sent[q].n; i++) {
			int64_t slip = i % 3 ? (int64_t)pp_prng_below(&run.rng, 500000) : 0;
			run.sent[q].entry[i].at += slip;
			run.received[q].entry[i].at += slip;
		}
	}
	CU_ASSERT_EQUAL(judged().faults & PP_FAULT_SCHEDULE, 0);
	free_run();
}

/* Of the last slots the machine had time for few, and was late for these. */
static void test_starved_is_no_drift(void)
{
	for (uint64_t kept = 900; kept <= 1100; kept += 200) {
		make_logs();
		for (uint64_t k = 0; k < PROBES - PROBES / 10 + kept; k++)
			make_probe(k, PLAIN);
		make_input();
		run.in.needed = 0;
		run.samples.at[run.samples.n - 1].slot = PROBES - 1;
		for (unsigned int q = 0; q < QUEUES; q++) {
			for (size_t i = (PROBES - PROBES / 10) / QUEUES; i < run.sent[q].n; i++) {
				run.sent[q].entry[i].at += 300000;
				run.received[q].entry[i].at += 300000;
			}
		}
		expect_faults(kept < 1000 ? 0 : PP_FAULT_SCHEDULE);
	}
}

/* ---- the schedule alone ---- */

/* A million slots of 1 Mpps on two queues, all sent, `off` ns too late at the end. */
static struct pp_span_input span_of(struct pp_truth_log *log, const struct pp_truth_log **sent,
				    int64_t off)
{
	log[0] = (struct pp_truth_log){.seen = 400000, .first = T0 + 5000, .last = T0 + 900000000};
	log[1] = (struct pp_truth_log){
		.seen = 600000, .first = T0, .last = T0 + 999999000 + off, .dropped = 600000};
	sent[0] = &log[0];
	sent[1] = &log[1];
	return (struct pp_span_input){
		.sent = sent,
		.queues = 2,
		.counts = {.due = 1000000, .sent = 1000000, .received = 1000000},
		.slots = 1000000,
		.needed = 50000,
		.period = 1000,
	};
}

static void test_span(void)
{
	static const struct {
		int64_t off;
		unsigned int faults;
	} cases[] = {{0, 0},
		     {999998, 0},
		     {1000001, PP_FAULT_SCHEDULE},
		     {-999998, 0},
		     {-1000001, PP_FAULT_SCHEDULE}};
	struct pp_truth_log log[2];
	const struct pp_truth_log *sent[2];

	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		struct pp_span_input in = span_of(log, sent, cases[i].off);
		struct pp_span_verdict v = pp_verdict_span(&in);
		CU_ASSERT_EQUAL(v.faults, cases[i].faults);
		CU_ASSERT_DOUBLE_EQUAL(v.programmed, 999999000, 0.5);
		CU_ASSERT_DOUBLE_EQUAL(v.achieved, 999999000 + (double)cases[i].off, 0.5);
		CU_ASSERT_DOUBLE_EQUAL(v.error, (double)cases[i].off / 999999000, 1e-12);
	}
}

/* Slots that were missed are the machine's affair, but each must be in a state, and what
 * was sent on the wire. */
static void test_span_counts(void)
{
	struct pp_truth_log log[2];
	const struct pp_truth_log *sent[2];
	struct pp_span_input in = span_of(log, sent, 0);

	in.counts.sent = in.counts.received = log[1].seen = 100000;
	in.counts.missed = 900000;
	log[0].seen = 0;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, 0);
	log[1].last -= 900000000;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_LOAD);
	log[1].last -= 1100000;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_SCHEDULE);
	log[1].last += 901100000;
	in.needed = 100001;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_LOAD);
	in.needed = 100000;
	log[1].seen++;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_STATES);
	log[1].seen--;
	in.counts.missed--;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_STATES);
	in.counts.due--;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults, PP_FAULT_STATES);
	in.counts = (struct pp_counts){0};
	log[1].seen = 0;
	CU_ASSERT_EQUAL(pp_verdict_span(&in).faults,
			PP_FAULT_STATES | PP_FAULT_SCHEDULE | PP_FAULT_LOAD);
}

static void test_nothing_proved(void)
{
	make_plain();
	run.in.needed = PROBES + 1;
	expect_faults(PP_FAULT_LOAD);
	make_logs();
	make_input();
	expect_faults(PP_FAULT_LOAD);
}

/* A number that a refused probe left behind is used again: the second counts. */
static void test_number_used_again(void)
{
	make_plain();
	put_truth(&run.sent[0], NUMBER(4), T0, false);
	expect_faults(0);
}

PP_TEST_MAIN("verdict", {"a sound run has no fault", test_sound},
	     {"a run in which everything happens has none either", test_everything_sound},
	     {"the edges belong to the interval", test_edges_belong_to_the_interval},
	     {"one truth of twenty thousand outside, by 1 ns", test_one_truth_outside},
	     {"an interval from right to left holds nothing", test_inverted_interval},
	     {"a sample of a probe that was not sent", test_sample_of_nothing},
	     {"one sample dropped", test_sample_dropped},
	     {"one sample dropped from a histogram", test_dropped_from_a_histogram},
	     {"samples that did not fit", test_too_many_samples},
	     {"histograms off by more than an interval", test_histogram_off_by_some},
	     {"histograms off by one counter", test_histogram_off_by_one},
	     {"MET-06 loss that quantiles do not show", test_loss_hidden_from_quantiles},
	     {"each counter off by one, either way", test_each_counter},
	     {"late counted as received", test_late_counted_as_received},
	     {"MET-02 an interval that holds the timeout decides nothing", test_timeout_undecided},
	     {"the timeout counts to the nanosecond", test_timeout_to_the_nanosecond},
	     {"a wire that does not lose what it should", test_wire_that_does_not_lose},
	     {"a wire that loses what it should not", test_wire_that_loses_unasked},
	     {"a wire of another delay", test_wire_of_another_delay},
	     {"a wire that is not looked at", test_wire_not_looked_at},
	     {"truth that did not fit", test_short_logs},
	     {"a schedule that drifts by more than 0.1 %", test_schedule_that_drifts},
	     {"slip is no drift", test_slip_is_no_drift},
	     {"nor is a machine without time", test_starved_is_no_drift},
	     {"a span off by more than 0.1 %", test_span},
	     {"a span of which slots are missing", test_span_counts},
	     {"a run without load proves nothing", test_nothing_proved},
	     {"a number that was used again", test_number_used_again})
