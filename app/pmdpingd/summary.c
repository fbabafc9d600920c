/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a run has to say of itself: counts, moments, quantiles, as numbers.
 */
#include "runs.h"

#include <math.h>
#include <stdlib.h>

/* Infinite is null. */
static json_t *time_json(pp_ns t)
{
	return t.v == PP_NS_NEVER.v ? json_null() : json_integer(t.v);
}

static json_t *quantile_json(const struct pp_quantile *q, const struct pp_confidence *c)
{
	return json_pack("{s:f, s:o, s:o, s:b, s:o, s:o}", "p", q->p, "lo_ns",
			 q->infinite ? json_null() : json_integer(q->lo.v), "hi_ns",
			 q->infinite ? json_null() : json_integer(q->hi.v), "lost", q->infinite,
			 "ci_lo_ns", time_json(c->lo), "ci_hi_ns", time_json(c->hi));
}

/* From copies: the owner may be recording. Only what the number of samples supports. `n`
 * is the number of decided probes. */
static json_t *quantiles_json(uint64_t n, const struct pp_tally *copy)
{
	static const double wanted[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999};
	uint64_t recorded = pp_hist_total(&copy->lo);
	json_t *array = json_array();

	if (n < recorded)
		n = recorded;
	for (size_t i = 0; i < PP_ARRAY_LEN(wanted); i++) {
		if (!pp_quantile_supported(n, wanted[i]))
			continue;
		struct pp_quantile q = pp_quantile(&copy->lo, &copy->hi, n, wanted[i]);
		struct pp_confidence c = pp_quantile_confidence(&copy->lo, &copy->hi, n, wanted[i]);
		json_array_append_new(array, quantile_json(&q, &c));
	}
	return array;
}

static json_t *rtt_json(const struct pp_moments *m)
{
	if (m->n == 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "min_ns", (json_int_t)m->min, "avg_ns",
			 (json_int_t)llround(pp_moments_mean(m)), "max_ns", (json_int_t)m->max,
			 "mdev_ns", (json_int_t)llround(pp_moments_mdev(m)), "bound_ns",
			 (json_int_t)m->bound_max);
}

static json_t *counts_json(const struct pp_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I}",
			 "due", (json_int_t)c->due, "sent", (json_int_t)c->sent, "not_sent",
			 (json_int_t)c->not_sent, "unreachable", (json_int_t)c->unreachable,
			 "refused", (json_int_t)c->refused, "log_full", (json_int_t)c->log_full,
			 "missed", (json_int_t)c->missed, "received", (json_int_t)c->received,
			 "late", (json_int_t)c->late, "corrupt", (json_int_t)c->corrupt, "error",
			 (json_int_t)c->error, "lost", (json_int_t)pp_counts_lost(c), "in_flight",
			 (json_int_t)pp_counts_in_flight(c), "duplicate", (json_int_t)c->duplicate,
			 "reordered", (json_int_t)c->reordered, "redirect", (json_int_t)c->redirect,
			 "suspect", (json_int_t)c->suspect, "transmitted",
			 (json_int_t)(c->sent + c->unreachable), "errors",
			 (json_int_t)(c->error + c->unreachable));
}

/* ping's figure: of what was transmitted and has met its fate, how much was not received. */
static json_t *loss_json(const struct pp_counts *c)
{
	uint64_t decided = pp_counts_decided(c) + c->unreachable;

	if (decided == 0)
		return json_null();
	return json_real(100.0 * (double)(decided - c->received) / (double)decided);
}

/* The distribution without what a stall of ours touched. */
static void take_suspects_away(struct pp_tally *copy, const struct pp_tally *t)
{
	for (uint32_t i = 0; i < copy->lo.len; i++) {
		uint64_t lo = __atomic_load_n(&t->suspect_lo.counts[i], __ATOMIC_RELAXED);
		uint64_t hi = __atomic_load_n(&t->suspect_hi.counts[i], __ATOMIC_RELAXED);
		copy->lo.counts[i] -= pp_min_u64(lo, copy->lo.counts[i]);
		copy->hi.counts[i] -= pp_min_u64(hi, copy->hi.counts[i]);
	}
}

static void add_samples(json_t *o, struct pp_run *r)
{
	const struct pp_tally *t = pp_run_tally(r);
	struct pp_tally *copy = pp_tally_create(r->spec.digits);

	if (!copy)
		return;
	pp_hist_read(&copy->lo, &t->lo);
	pp_hist_read(&copy->hi, &t->hi);
	json_object_set_new(o, "rtt", rtt_json(&t->rtt));
	uint64_t n = pp_counts_decided(&r->counts), suspect = r->counts.suspect;
	json_object_set_new(o, "quantiles", quantiles_json(n, copy));
	take_suspects_away(copy, t);
	json_object_set_new(o, "quantiles_without_suspect",
			    quantiles_json(n - pp_min_u64(suspect, n), copy));
	json_object_set_new(o, "slip_max_ns", json_integer(t->slip_max.v));
	pp_hist_read(&copy->lo, &t->intended_lo);
	pp_hist_read(&copy->hi, &t->intended_hi);
	json_object_set_new(o, "quantiles_intended", quantiles_json(n, copy));
	pp_hist_read(&copy->lo, &t->slip);
	pp_hist_read(&copy->hi, &t->slip);
	json_object_set_new(o, "quantiles_slip", quantiles_json(pp_hist_total(&copy->lo), copy));
	pp_tally_free(copy);
}

/* ---- the rate --------------------------------------------------------------------- */

static json_t *real_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *causes_json(const struct pp_run *r, uint64_t held)
{
	static const char *const names[PP_CAUSES] = {[PP_CAUSE_WORKER] = "worker",
						     [PP_CAUSE_PORT] = "port",
						     [PP_CAUSE_NEIGHBOUR] = "neighbour",
						     [PP_CAUSE_LOG] = "log"};
	struct pp_cause causes[PP_CAUSES];
	unsigned int n = pp_rate_causes(&r->counts, held, causes);
	json_t *array = json_array();

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(array, json_pack("{s:s, s:I}", "cause", names[causes[i].kind],
						       "slots", (json_int_t)causes[i].slots));
	return array;
}

static json_t *flood_cause(const struct pp_run *r, double pps)
{
	return json_pack("[{s:s, s:n}]", "cause", pps >= 0.99 * r->pps ? "max_rate" : "replies",
			 "slots");
}

/* A flood has no slots of its own: each answer lets the next probe go. */
static void add_achieved(json_t *rate, const struct pp_run *r, bool flood)
{
	uint64_t held = pp_run_held(r);
	double slots = (double)pp_rate_slots(&r->counts, held), sent = (double)r->counts.sent;
	double share = slots > 0 ? sent / slots : NAN;
	double seconds = (double)pp_run_elapsed(r).v / 1e9;
	double pps = !flood ? r->pps * share : seconds > 0 ? sent / seconds : NAN;
	json_t *causes = causes_json(r, held);

	if (flood && json_array_size(causes) == 0) {
		json_decref(causes);
		causes = flood_cause(r, pps);
	}
	json_object_set_new(rate, "achieved_pps", real_json(pps));
	json_object_set_new(rate, "achieved_percent", flood ? json_null() : real_json(100 * share));
	json_object_set_new(rate, "limits", causes);
}

static json_t *rate_json(const struct pp_run *r)
{
	bool flood = r->spec.flags & PP_SESSION_FLOOD;
	bool last = r->state == PP_RUN_RUNNING && r->meter.pps >= 0;
	struct pp_port_info info = {0};

	if (!(r->pps > 0))
		return json_null();
	pp_dp_port_info(r->engine->dp, r->spec.link.port, &info);
	json_t *rate =
		json_pack("{s:b, s:f, s:f, s:o, s:b, s:o}", "asked", r->spec.rate > 0,
			  "programmed_pps", r->pps, "frame", pp_spec_frame(&r->spec), "link_bps",
			  info.link_bps > 0 ? json_real(info.link_bps) : json_null(), "flood",
			  flood, "last_pps", last ? json_real(r->meter.pps) : json_null());
	add_achieved(rate, r, flood);
	return rate;
}

json_t *pp_run_summary(struct pp_run *r)
{
	char text[PP_ADDR_TEXT];
	json_t *o = counts_json(&r->counts);

	json_object_set_new(o, "address", json_string(pp_addr_text(&r->spec.target, text)));
	json_object_set_new(o, "targets", json_integer((json_int_t)r->spec.n_targets));
	json_object_set_new(o, "sources", json_integer(r->n_sources ? r->n_sources : 1));
	json_object_set_new(o, "family", json_integer(pp_addr_is4(&r->spec.target) ? 4 : 6));
	json_object_set_new(o, "size", json_integer(r->spec.size));
	json_object_set_new(o, "loss_percent", loss_json(&r->counts));
	json_object_set_new(o, "time_ns", json_integer(pp_run_elapsed(r).v));
	json_object_set_new(o, "clock", json_string("sw/sw"));
	json_object_set_new(o, "timeout_ns", json_integer(r->spec.timeout.v));
	json_object_set_new(o, "pipe", json_integer((json_int_t)pp_run_pipe(r)));
	json_object_set_new(o, "weak", json_boolean(pp_session_is_weak(r->shard[0].session)));
	json_object_set_new(o, "rate", rate_json(r));
	add_samples(o, r);
	return o;
}
