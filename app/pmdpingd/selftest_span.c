/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A case of the selftest that looks at departures alone: whether the schedule took as
 * long as it should, and how late its slots were.
 */
#include "selftest.h"

#include "runs.h"

static json_t *slip_json(const struct pp_hist *slip, double p)
{
	uint64_t n = pp_hist_total(slip);

	if (!pp_quantile_supported(n, p))
		return json_null();
	return json_integer(pp_quantile(slip, slip, n, p).hi.v);
}

static json_t *row(const struct pp_selftest_case *c, struct pp_run *r,
		   const struct pp_span_input *in, const struct pp_span_verdict *v)
{
	const struct pp_tally *t = pp_run_tally(r);

	return json_pack(
		"{s:s, s:s, s:f, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o, s:I, "
		"s:o, s:s}",
		"case", c->name, "wire", c->wire, "pps", c->pps, "size", (int)c->size, "slots",
		(json_int_t)in->slots, "sent", (json_int_t)in->counts.sent, "not_sent",
		(json_int_t)in->counts.not_sent, "missed", (json_int_t)in->counts.missed,
		"span_programmed_ns", (json_int_t)v->programmed, "span_ns", (json_int_t)v->achieved,
		"span_error_percent", v->error * 100, "slip_p50_ns", slip_json(&t->slip, 0.5),
		"slip_p99_ns", slip_json(&t->slip, 0.99), "slip_max_ns", (json_int_t)t->slip_max.v,
		"faults", pp_selftest_faults(v->faults), "verdict", v->faults ? "FAIL" : "pass");
}

json_t *pp_selftest_span(const struct pp_selftest_case *c, struct pp_run *r, struct pp_wire *w,
			 uint64_t slots, uint64_t needed)
{
	const struct pp_truth_log *sent[PP_WIRE_QUEUES];
	uint16_t queues = pp_wire_spec_now(w)->queues;

	for (uint16_t q = 0; q < queues; q++)
		sent[q] = pp_wire_sent(w, q);
	struct pp_span_input in = {
		.sent = sent,
		.queues = queues,
		.counts = r->counts,
		.slots = slots,
		.needed = needed,
		.period = 1e9 / c->pps,
	};
	struct pp_span_verdict v = pp_verdict_span(&in);

	return row(c, r, &in, &v);
}
