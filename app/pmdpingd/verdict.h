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

/* What may be wrong. */
enum pp_verdict_fault {
	PP_FAULT_TRUTH = 1 << 0,     /* a log was too short: nothing is proved */
	PP_FAULT_WIRE = 1 << 1,	     /* the wire did not do what it was told */
	PP_FAULT_STATES = 1 << 2,    /* a counter differs from the truth */
	PP_FAULT_SAMPLES = 1 << 3,   /* received, samples and histograms are not as many */
	PP_FAULT_INTERVALS = 1 << 4, /* a truth is outside its interval */
	PP_FAULT_QUANTILES = 1 << 5, /* a true quantile is outside the printed one */
	PP_FAULT_SCHEDULE = 1 << 6,  /* departures drift away from their slots */
	PP_FAULT_LOAD = 1 << 7,	     /* the machine had time for too few probes */
};
#define PP_VERDICT_FAULTS 8
extern const char *const pp_verdict_fault_name[PP_VERDICT_FAULTS];

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
	unsigned int faults; /* 0: pass */
};

struct pp_verdict_input {
	const struct pp_truth_log *const *sent, *const *received; /* per queue */
	unsigned int queues;
	const struct pp_samples *samples;
	const struct pp_tally *tally; /* histograms */
	struct pp_counts counts;
	pp_ns timeout;
	uint64_t needed; /* probes at least, or nothing is proved */
	double period;	 /* ns between slots; 0: not periodic, the span is not looked at */
	const struct pp_wire_spec *wire; /* as programmed; NULL: not looked at */
	pp_ns least; /* the wire takes this, both ways, and seldom more; 0: not looked at */
};
/* The schedule alone, of a run of more probes than the truth is kept of: from the first
 * departure to the last. Off by more than 0.1 % is a fault of the schedule, or of the load when
 * slots that did not leave explain it. */
struct pp_span_input {
	const struct pp_truth_log *const *sent; /* per queue */
	unsigned int queues;
	struct pp_counts counts;
	uint64_t slots; /* >= 2 */
	uint64_t needed;
	double period;
};
struct pp_span_verdict {
	double programmed, achieved; /* ns, to the last slot and to the last departure */
	double error;		     /* (achieved - programmed) / programmed */
	unsigned int faults;
};
struct pp_span_verdict pp_verdict_span(const struct pp_span_input *in);

/* 0 or -ENOMEM. */
int pp_verdict(const struct pp_verdict_input *in, struct pp_verdict *ret_verdict);

#endif
