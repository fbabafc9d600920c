/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judgement of a selftest case: the engine's samples and counters against what the
 * wire knows to be true. Pure: arrays in, verdict out.
 */
#ifndef PMDPINGD_VERDICT_H
#define PMDPINGD_VERDICT_H

#include <pmdping/probe.h>
#include <pmdping/wire.h>

#define PP_VERDICT_QUANTILES 5
extern const double pp_verdict_p[PP_VERDICT_QUANTILES]; /* 0.5 .. 0.9999 */

struct pp_verdict_quantile {
	bool checked;  /* N says something of it */
	bool infinite; /* truth is a lost probe */
	pp_ns truth, lo, hi;
	bool held; /* lo <= truth <= hi, or both are among the lost */
};

struct pp_verdict {
	uint64_t samples;	      /* compared one by one */
	uint64_t covered;	      /* truth inside the interval */
	uint64_t untrue;	      /* samples of probes the wire never delivered */
	int64_t worst;		      /* ns by which truth was outside, at most */
	int64_t width_p50, width_p99; /* of the intervals, ns */
	struct pp_counts expected;    /* states as the truth has them */
	bool counts_held;
	struct pp_verdict_quantile q[PP_VERDICT_QUANTILES];
	double span_error; /* of the schedule: (achieved - programmed) / programmed */
	bool span_checked;
	bool truth_complete;
	bool pass;
};

struct pp_verdict_input {
	const struct pp_truth_log *const *sent, *const *received; /* per queue */
	unsigned int queues;
	const struct pp_samples *samples;
	const struct pp_tally *tally; /* histograms */
	struct pp_counts counts;
	pp_ns timeout;
	double period; /* ns between slots; 0: not periodic, the span is not looked at */
};
/* 0 or -ENOMEM. */
int pp_verdict(const struct pp_verdict_input *in, struct pp_verdict *ret_verdict);

#endif
