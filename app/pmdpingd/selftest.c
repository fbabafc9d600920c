/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * selftest: the whole path from schedule to histogram against the virtual wire, case by
 * case, and the certificate that comes of it.
 */
#include "commands.h"
#include "runs.h"
#include "selftest.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#define WIRE_SETTLES PP_MS(5)  /* the workers have seen the new wire */
#define WIRE_EMPTIES PP_MS(60) /* longest that a frame of any case outlives its timeout */

#define SLOTS_PER_SAMPLE 32    /* given up then: most were missed */
#define OVERSHOOT	 20000 /* samples that come before a full case has stopped */
#define ENOUGH		 20    /* a case proves something when one slot of so many was sent */

static struct selftest {
	struct pp_call *call;
	struct pp_engine *engine;
	const struct pp_selftest_plan *plan;
	const struct pp_selftest_case *at;
	uint32_t limit;	  /* of samples in a case */
	uint32_t seconds; /* of a case of spans, at most */
	unsigned int failed;
	bool cancelled;
	enum { WAIT_NONE, WAIT_SETTLE, WAIT_EMPTY } wait;
	struct pp_wire_spec spec, before;
	struct pp_run *run;
	pp_ns started, settle;
	json_t *rows;
} * active;

static void next_case(struct selftest *t);

/* ---- certificate ------------------------------------------------------------------- */

static json_t *quantiles_json(const struct pp_verdict *v)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < PP_VERDICT_QUANTILES; i++) {
		const struct pp_verdict_quantile *q = &v->q[i];
		if (!q->checked)
			continue;
		if (q->infinite)
			json_array_append_new(a, json_pack("{s:f, s:n, s:b}", "p", pp_verdict_p[i],
							   "truth_ns", "held", q->held));
		else
			json_array_append_new(a, json_pack("{s:f, s:I, s:I, s:I, s:b}", "p",
							   pp_verdict_p[i], "truth_ns",
							   (json_int_t)q->truth.v, "lo_ns",
							   (json_int_t)q->lo.v, "hi_ns",
							   (json_int_t)q->hi.v, "held", q->held));
	}
	return a;
}

static json_t *states_json(const struct pp_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t)c->sent,
			 "received", (json_int_t)c->received, "late", (json_int_t)c->late,
			 "corrupt", (json_int_t)c->corrupt, "lost", (json_int_t)pp_counts_lost(c),
			 "duplicate", (json_int_t)c->duplicate, "reordered",
			 (json_int_t)c->reordered);
}

static void add_median(json_t *o, const struct pp_verdict *v)
{
	const struct pp_verdict_quantile *q = &v->q[0];
	bool known = q->checked && !q->infinite;

	json_object_set_new(o, "truth_p50_ns", known ? json_integer(q->truth.v) : json_null());
	json_object_set_new(o, "p50_lo_ns", known ? json_integer(q->lo.v) : json_null());
	json_object_set_new(o, "p50_hi_ns", known ? json_integer(q->hi.v) : json_null());
}

json_t *pp_selftest_faults(unsigned int faults)
{
	json_t *a = json_array();

	for (unsigned int i = 0; i < PP_VERDICT_FAULTS; i++)
		if (faults & 1u << i)
			json_array_append_new(a, json_string(pp_verdict_fault_name[i]));
	return a;
}

static json_t *case_json(const struct pp_selftest_case *c, const struct pp_run *r,
			 const struct pp_verdict *v)
{
	json_t *o = json_pack(
		"{s:s, s:s, s:f, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o, s:o, "
		"s:o}",
		"case", c->name, "wire", c->wire, "pps", c->pps, "size", (int)c->size, "family",
		c->v6 ? 6 : 4, "sent", (json_int_t)r->counts.sent, "missed",
		(json_int_t)r->counts.missed, "samples", (json_int_t)v->samples, "covered",
		(json_int_t)v->covered, "worst_outside_ns", (json_int_t)v->worst, "width_p50_ns",
		(json_int_t)v->width_p50, "width_p99_ns", (json_int_t)v->width_p99, "states_held",
		v->counts_held, "states", states_json(&r->counts), "states_expected",
		states_json(&v->expected), "quantiles", quantiles_json(v), "span_error_percent",
		v->span_checked ? json_real(v->span_error * 100) : json_null());

	add_median(o, v);
	json_object_set_new(o, "lost", json_integer((json_int_t)pp_counts_lost(&r->counts)));
	json_object_set_new(o, "faults", pp_selftest_faults(v->faults));
	json_object_set_new(o, "verdict", json_string(v->faults ? "FAIL" : "pass"));
	return o;
}

static json_t *machine_json(const struct selftest *t)
{
	struct pp_clock_info clock;
	struct utsname u = {0};

	uname(&u);
	pp_clock_info(&clock);
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:b, s:I}", "kernel", u.release,
			 "machine", u.machine, "version", PMDPING_VERSION, "dpdk", pp_eal_version(),
			 "tsc_hz", clock.hz, "tsc_uncertainty_ppm", clock.uncertainty * 1e6,
			 "eal_tsc_error_ppm", (clock.eal_hz / clock.hz - 1) * 1e6, "invariant_tsc",
			 clock.invariant, "wire_seed", (json_int_t)t->before.seed);
}

static void end_selftest(struct selftest *t)
{
	double seconds = (double)(pp_clock_now().v - t->started.v) / 1e9;
	bool pass = t->failed == 0 && !t->cancelled;
	bool whole = t->limit == UINT32_MAX && t->seconds == UINT32_MAX;

	pp_wire_set(pp_dp_wire(t->engine->dp), &t->before);
	active = NULL;
	pp_call_done(t->call,
		     json_pack("{s:s, s:b, s:o, s:o, s:f, s:i, s:i, s:s, s:i}", "plan",
			       t->plan->name, "certificate", t->plan->certificate && whole, "cases",
			       t->rows, "machine", machine_json(t), "seconds", seconds, "passed",
			       (int)(json_array_size(t->rows) - t->failed), "failed",
			       (int)t->failed, "verdict",
			       t->cancelled ? "cancelled"
			       : pass	    ? "pass"
					    : "FAIL",
			       "exit", pass ? 0 : 1));
	free(t);
}

/* ---- one case ------------------------------------------------------------------------- */

/* Slots or samples. */
static uint32_t wanted(const struct selftest *t)
{
	if (t->plan->span)
		return (uint32_t)(t->at->pps *
				  (t->at->count < t->seconds ? t->at->count : t->seconds));
	return t->at->count < t->limit ? t->at->count : t->limit;
}

static void add_row(struct selftest *t, json_t *row)
{
	json_array_append(t->rows, row);
	pp_call_notify(t->call, "case", row);
}

static void judge_span(struct selftest *t)
{
	json_t *row = pp_selftest_span(t->at, t->run, pp_dp_wire(t->engine->dp), wanted(t),
				       wanted(t) / ENOUGH);

	t->failed += json_array_size(json_object_get(row, "faults")) != 0;
	add_row(t, row);
}

static void judge(struct selftest *t)
{
	const struct pp_selftest_case *c = t->at;
	struct pp_wire *w = pp_dp_wire(t->engine->dp);
	const struct pp_truth_log *sent[PP_WIRE_QUEUES], *received[PP_WIRE_QUEUES];
	struct pp_verdict v;

	for (uint16_t q = 0; q < t->before.queues; q++) {
		sent[q] = pp_wire_sent(w, q);
		received[q] = pp_wire_received(w, q);
	}
	struct pp_verdict_input in = {
		.sent = sent,
		.received = received,
		.queues = t->before.queues,
		.samples = pp_session_samples(t->run->shard[0].session),
		.tally = pp_session_tally(t->run->shard[0].session),
		.counts = t->run->counts,
		.timeout = c->timeout,
		.needed = t->plan->fill ? wanted(t) : wanted(t) / ENOUGH,
		.period = 1e9 / c->pps,
		.wire = &t->spec,
		.least = c->least,
	};
	if (pp_verdict(&in, &v)) {
		t->cancelled = true;
		return;
	}
	t->failed += v.faults != 0;
	add_row(t, case_json(c, t->run, &v));
}

static void case_quiet(void *arg)
{
	struct selftest *t = arg;

	if (t->plan->span)
		judge_span(t);
	else
		judge(t);
	pp_run_delete(t->run);
	t->run = NULL;
	pp_wire_spec_free(&t->spec);
	t->at++;
	next_case(t);
}

static void counted_again(void *arg)
{
	struct selftest *t = arg;

	pp_dp_defer(t->engine->dp, case_quiet, t);
}

/* What is still on the wire comes home, late, before the books are compared. */
static void case_done(struct pp_run *r)
{
	struct selftest *t = active;

	r->done = NULL;
	t->settle = pp_ns_add(pp_clock_now(), WIRE_EMPTIES);
	t->wait = WAIT_EMPTY;
}

/* A case that fills up is stopped within some milliseconds of having enough. */
static int case_target(const struct selftest *t, struct pp_session_spec *spec)
{
	static const uint16_t imix[PP_MIX_SIZES] = {18, 548, 1472}; /* IPv4 */
	const struct pp_selftest_case *c = t->at;
	uint32_t n = wanted(t);

	*spec = (struct pp_session_spec){
		.size = c->size,
		.ttl = 64,
		.df = true,
		.rate = c->pps,
		.interval = PP_SEC(1),
		.count = t->plan->fill ? (uint64_t)n * SLOTS_PER_SAMPLE : n,
		.timeout = c->timeout,
		.digits = 2,
		.samples = t->plan->span   ? 0
			   : t->plan->fill ? n + n / 4 + OVERSHOOT
					   : n,
	};
	for (unsigned int i = 0; c->size == 0 && i < PP_MIX_SIZES; i++)
		spec->mix[i] = imix[i];
	if (c->size == 0)
		spec->size = imix[0];
	return pp_addr_parse(c->v6 ? "2001:2::2" : "198.18.0.2", &spec->target);
}

static void fail_case(struct selftest *t, const char *why)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "case", t->at->name, "wire", t->at->wire,
				"error", why, "verdict", "FAIL");

	t->failed++;
	add_row(t, row);
	t->at++;
	next_case(t);
}

static void start_case(struct selftest *t)
{
	struct pp_session_spec spec;
	struct pp_error error = {"no target"};
	const struct pp_sources chosen = {.n = 0};

	if (case_target(t, &spec) ||
	    pp_run_create(t->engine, &spec, &chosen, 0, "", 1, &t->run, &error)) {
		fail_case(t, error.text);
		return;
	}
	t->run->done = case_done;
	if (pp_run_start(t->run, &error)) {
		pp_run_delete(t->run);
		fail_case(t, error.text);
	}
}

static void next_case(struct selftest *t)
{
	char error[256];

	if (t->cancelled || !t->at->name) {
		end_selftest(t);
		return;
	}
	if (pp_wire_parse(t->at->wire, &t->spec, error, sizeof(error))) {
		fail_case(t, error);
		return;
	}
	t->spec.seed = t->before.seed;
	t->spec.truth = true;
	pp_wire_set(pp_dp_wire(t->engine->dp), &t->spec);
	t->settle = pp_ns_add(pp_clock_now(), WIRE_SETTLES);
	t->wait = WAIT_SETTLE;
}

static void stop_when_full(struct selftest *t)
{
	if (!t->plan->fill || !t->run || t->run->state != PP_RUN_RUNNING)
		return;
	const struct pp_samples *x = pp_session_samples(t->run->shard[0].session);
	if (__atomic_load_n(&x->n, __ATOMIC_RELAXED) >= wanted(t))
		pp_run_stop(t->run, false);
}

void pp_selftest_tick(struct pp_engine *e)
{
	struct selftest *t = active;

	if (!t || t->engine != e)
		return;
	if (t->wait == WAIT_NONE)
		stop_when_full(t);
	if (t->wait == WAIT_NONE || pp_clock_now().v < t->settle.v)
		return;
	bool empty = t->wait == WAIT_EMPTY;
	t->wait = WAIT_NONE;
	if (empty)
		pp_run_counts(t->run, counted_again, t);
	else
		start_case(t);
}

/* ---- the command --------------------------------------------------------------------------- */

/* Both ends know each other: an ARP request that the wire loses is not what is tested. */
static void join_neighbours(struct pp_engine *e)
{
	static const char *const far[] = {"198.18.0.2", "2001:2::2"};
	struct pp_port_info info;
	struct pp_addr addr;

	if (pp_dp_port_info(e->dp, 1, &info))
		return;
	for (size_t i = 0; i < PP_ARRAY_LEN(far); i++)
		if (pp_addr_parse(far[i], &addr) == 0)
			pp_neigh_add(pp_host_neighbours(e->host), (struct pp_link){.port = 0},
				     &addr, &info.mac, pp_clock_now());
}

static void cancel(struct pp_call *c, void *arg)
{
	struct selftest *t = arg;

	(void)c;
	t->cancelled = true;
	if (t->run)
		pp_run_stop(t->run, true);
}

/* NULL: nothing does. */
static const char *what_prevents(const struct pp_wire *w)
{
	if (!w)
		return "there is no wire: start the engine with --wire, or run "
		       "pmdpingd -- --selftest";
	if (pp_wire_spec_now(w)->direct)
		return "the wire is direct: it has no delay, and no truth to compare with; start "
		       "the engine with another --wire, such as delay=10us";
	return active ? "a selftest is running" : NULL;
}

/* NULL, or the word that does not go with the plan. */
static const char *what_is_idle(const struct pp_call *c, const struct pp_selftest_plan *plan)
{
	const char *word = plan->span ? "samples" : "seconds";

	return pp_call_int(c, word) ? word : NULL;
}

static uint32_t limit_of(const struct pp_call *c, const char *word)
{
	const int64_t *v = pp_call_int(c, word);

	return v ? (uint32_t)*v : UINT32_MAX;
}

void pp_cmd_selftest(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_wire *w = pp_dp_wire(e->dp);
	const struct pp_selftest_plan *plan = pp_selftest_plan(pp_call_text(c, "plan"));
	const char *reason = what_prevents(w), *idle = what_is_idle(c, plan);

	if (idle) {
		pp_call_fail(c, PP_ERR_PARAMS, idle, "%s limits %s", idle,
			     plan->span ? "plans with samples, not span" : "the plan span");
		return;
	}
	struct selftest *t = reason ? NULL : calloc(1, sizeof(*t));
	if (!t) {
		pp_call_fail(c, PP_ERR_FAILED, NULL, "%s", reason ? reason : "out of memory");
		return;
	}
	*t = (struct selftest){
		.call = c,
		.engine = e,
		.plan = plan,
		.limit = limit_of(c, "samples"),
		.seconds = limit_of(c, "seconds"),
		.started = pp_clock_now(),
		.rows = json_array(),
	};
	t->at = t->plan->cases;
	t->before = *pp_wire_spec_now(w);
	active = t;
	join_neighbours(e);
	pp_call_on_cancel(c, cancel, t);
	pp_call_notify(c, "start", json_pack("{s:s}", "plan", plan->name));
	next_case(t);
}
