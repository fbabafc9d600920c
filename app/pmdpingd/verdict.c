/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Truth and measurement, joined by probe number. Computes from the wire's logs alone what
 * the engine should have said, and compares.
 */
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SPAN_TOLERANCE 0.001
#define SPAN_MIN       PP_MS(100) /* a shorter run shows a stall, not a drift */
#define SPAN_SLACK     64	  /* periods: no slot leaves later */
#define WIRE_SIGMAS    6	  /* how far chance may carry the share of answers */
#define WIRE_OVERFLOW  0.01	  /* and a queue that overflows while the machine stalls */
#define WIRE_LAG       PP_US(500) /* of the fastest answer: the responder's poll, the line */

/* All the truth there is of one probe. */
struct probe {
	uint64_t number;
	int64_t sent, back; /* back: first answer, INT64_MAX: none */
	bool mangled;	    /* the first answer was */
	bool in_time;	    /* late in truth, but the sample's interval holds the timeout */
	uint32_t answers;
	uint32_t order; /* of the first answer among those of its time */
};

struct join {
	struct probe *probe; /* by number */
	size_t n;
	int64_t *rtt; /* true ones of received probes, sorted */
	size_t n_rtt;
};

static int by_number(const void *a, const void *b)
{
	const struct pp_truth *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int by_back(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;

	if (x->back != y->back)
		return x->back < y->back ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int probe_by_number(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The logs of all queues in one, by number, then time. */
static struct pp_truth *gather(const struct pp_truth_log *const *logs, unsigned int queues,
			       size_t *ret_n)
{
	size_t n = 0, at = 0;

	for (unsigned int q = 0; q < queues; q++)
		n += logs[q]->n;
	struct pp_truth *all = calloc(n + 1, sizeof(*all));
	for (unsigned int q = 0; all && q < queues; q++) {
		memcpy(all + at, logs[q]->entry, logs[q]->n * sizeof(*all));
		at += logs[q]->n;
	}
	if (all)
		qsort(all, n, sizeof(*all), by_number);
	*ret_n = n;
	return all;
}

/* A number that was handed over twice was refused by the port the first time. */
static size_t list_sent(struct probe *probe, const struct pp_truth *sent, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && sent[i + 1].number == sent[i].number)
			continue;
		probe[used++] = (struct probe){
			.number = sent[i].number, .sent = sent[i].at, .back = INT64_MAX};
	}
	return used;
}

static void add_answers(struct probe *probe, size_t n, const struct pp_truth *back, size_t m)
{
	for (size_t i = 0, j = 0; j < m; j++) {
		while (i < n && probe[i].number < back[j].number)
			i++;
		if (i == n || probe[i].number != back[j].number)
			continue;
		if (probe[i].answers++ == 0) {
			probe[i].back = back[j].at;
			probe[i].mangled = back[j].mangled;
			probe[i].order = back[j].order;
		}
	}
}

static int join_logs(const struct pp_verdict_input *in, struct join *j)
{
	size_t n, m;
	struct pp_truth *sent = gather(in->sent, in->queues, &n);
	struct pp_truth *back = gather(in->received, in->queues, &m);

	j->probe = calloc(n + 1, sizeof(*j->probe));
	j->rtt = calloc(n + 1, sizeof(*j->rtt));
	if (sent && back && j->probe && j->rtt) {
		j->n = list_sent(j->probe, sent, n);
		add_answers(j->probe, j->n, back, m);
	}
	bool ok = sent && back && j->probe && j->rtt;
	free(sent);
	free(back);
	return ok ? 0 : -ENOMEM;
}

/* ---- what the counters should say ------------------------------------------------- */

static void expect_probe(struct pp_counts *c, const struct probe *p, pp_ns timeout, struct join *j,
			 uint64_t *top)
{
	int64_t rtt = p->back - p->sent;

	c->sent++;
	if (p->answers == 0) {
		c->expired++;
		return;
	}
	c->duplicate += p->answers - 1;
	if (rtt > timeout.v && !p->in_time) {
		c->expired++;
		c->late++;
	} else if (p->mangled) {
		c->corrupt++;
	} else {
		c->received++;
		j->rtt[j->n_rtt++] = rtt;
		if (p->number < *top)
			c->reordered++;
		else
			*top = p->number;
	}
}

/* An engine whose interval holds the timeout may take the answer for one in time: the
 * interval is right, and nothing better is known. */
static void allow_undecided(struct join *j, const struct pp_samples *s, pp_ns timeout)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct probe key = {.number = s->at[i].number};
		struct probe *p = bsearch(&key, j->probe, j->n, sizeof(*j->probe), probe_by_number);
		if (p && s->at[i].rtt.lo.v <= timeout.v && timeout.v < s->at[i].rtt.hi.v)
			p->in_time = true;
	}
}

static void expect(struct pp_counts *c, struct join *j, pp_ns timeout)
{
	uint64_t top = 0;

	/* In the order in which the answers came, to see which were overtaken. */
	qsort(j->probe, j->n, sizeof(*j->probe), by_back);
	for (size_t i = 0; i < j->n; i++)
		expect_probe(c, &j->probe[i], timeout, j, &top);
	qsort(j->probe, j->n, sizeof(*j->probe), probe_by_number);
	qsort(j->rtt, j->n_rtt, sizeof(*j->rtt), by_value);
}

static bool same_counts(const struct pp_counts *a, const struct pp_counts *b)
{
	return a->sent == b->sent && a->received == b->received && a->late == b->late &&
	       a->corrupt == b->corrupt && a->expired == b->expired &&
	       a->duplicate == b->duplicate && a->reordered == b->reordered;
}

/* ---- sample by sample ---------------------------------------------------------------- */

static const struct probe *find(const struct join *j, uint64_t number)
{
	struct probe key = {.number = number};

	return bsearch(&key, j->probe, j->n, sizeof(*j->probe), probe_by_number);
}

static void judge_sample(struct pp_verdict *v, const struct join *j, const struct pp_sample *s)
{
	const struct probe *p = find(j, s->number);

	v->samples++;
	if (!p || p->answers == 0) {
		v->untrue++;
		return;
	}
	int64_t truth = p->back - p->sent;
	int64_t below = s->rtt.lo.v - truth, above = truth - s->rtt.hi.v;
	int64_t outside = below > above ? below : above;
	if (outside <= 0)
		v->covered++;
	else if (outside > v->worst)
		v->worst = outside;
}

static int judge_widths(struct pp_verdict *v, const struct pp_samples *s)
{
	int64_t *width = calloc(s->n + 1u, sizeof(*width));

	if (!width)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		width[i] = s->at[i].rtt.hi.v - s->at[i].rtt.lo.v;
	qsort(width, s->n, sizeof(*width), by_value);
	if (s->n) {
		v->width_p50 = width[s->n / 2];
		v->width_p99 = width[(uint64_t)s->n * 99 / 100];
	}
	free(width);
	return 0;
}

/* ---- distributions ---------------------------------------------------------------------- */

static void judge_quantile(struct pp_verdict_quantile *q, const struct join *j,
			   const struct pp_tally *t, double p)
{
	struct pp_quantile ours = pp_quantile(&t->lo, &t->hi, j->n, p);
	uint64_t rank = (uint64_t)ceil(p * (double)j->n - 1e-9);

	q->checked = true;
	q->infinite = rank > j->n_rtt;
	q->truth = PP_NS(q->infinite || rank == 0 ? 0 : j->rtt[rank - 1]);
	q->lo = ours.lo;
	q->hi = ours.hi;
	if (q->infinite || ours.infinite)
		q->held = q->infinite == ours.infinite;
	else
		q->held = ours.defined && ours.lo.v <= q->truth.v && q->truth.v <= ours.hi.v;
}

static bool judge_quantiles(struct pp_verdict *v, const struct join *j, const struct pp_tally *t)
{
	bool held = true;

	for (unsigned int i = 0; i < PP_VERDICT_QUANTILES; i++) {
		if (!pp_quantile_supported(j->n, pp_verdict_p[i]))
			continue;
		judge_quantile(&v->q[i], j, t, pp_verdict_p[i]);
		held &= v->q[i].held;
	}
	return held;
}

/* How far departures lie behind their slots, at best, among slots [from, to): what a
 * stall of the machine delayed says nothing of the schedule. *ret_n: how many left. */
static double least_lag(const struct pp_verdict_input *in, const struct join *j, uint64_t from,
			uint64_t to, uint64_t *ret_n)
{
	double least = INFINITY;

	*ret_n = 0;
	for (uint32_t i = 0; i < in->samples->n; i++) {
		const struct pp_sample *s = &in->samples->at[i];
		const struct probe *p = s->slot >= from && s->slot < to ? find(j, s->number) : NULL;
		*ret_n += p != NULL;
		if (p)
			least = fmin(least, (double)(p->sent - j->probe[0].sent) -
						    (double)s->slot * in->period);
	}
	return least;
}

/* When the machine had no time for most of a tenth, the best of the rest may be late, too: by
 * no more than the slack, which matters in a short run. */
static bool is_starved(uint64_t n, uint64_t last)
{
	return n * 2 < last / 10 && (double)last * 0.9 * SPAN_TOLERANCE < SPAN_SLACK;
}

/* Drift of the schedule: lag in its last tenth against lag in its first. */
static void judge_span(struct pp_verdict *v, const struct pp_verdict_input *in,
		       const struct join *j)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < in->samples->n; i++)
		last = in->samples->at[i].slot > last ? in->samples->at[i].slot : last;
	if (last < 100 || (double)last * in->period < (double)SPAN_MIN.v || j->n == 0)
		return;
	uint64_t n_first, n_last, tenth = last / 10;
	double first_lag = least_lag(in, j, 0, tenth, &n_first),
	       last_lag = least_lag(in, j, last - tenth, last + 1, &n_last);
	if (!isfinite(first_lag) || !isfinite(last_lag) || is_starved(n_first, last) ||
	    is_starved(n_last, last))
		return;
	v->span_checked = true;
	v->span_error = (last_lag - first_lag) / ((double)last * in->period * 0.9);
}

/* ---- the wire itself --------------------------------------------------------------------- */

/* Chance that of one frame at least one good copy comes out. A copy of a corrupt frame
 * is good: it was made before. */
static double good_of_one(const struct pp_wire_dir *d)
{
	return (1 - d->loss) * (1 - d->corrupt * (1 - d->dup));
}

/* Chance that a probe has an answer: the far end may get one copy of it, or two. */
static double chance_of_answer(const struct pp_wire_spec *w)
{
	const struct pp_wire_dir *d = &w->dir[0];
	double back = good_of_one(&w->dir[1]);
	double one = (1 - d->dup) * (1 - d->corrupt) + d->dup * d->corrupt;
	double two = d->dup * (1 - d->corrupt);

	return (1 - d->loss) * (one * back + two * (1 - (1 - back) * (1 - back)));
}

/* Whether as many were answered as the wire was told to let through. */
static bool judge_answers(const struct pp_wire_spec *w, const struct join *j)
{
	double p = chance_of_answer(w), n = (double)j->n, answered = 0;
	double slack = WIRE_SIGMAS * sqrt(n * p * (1 - p)) + WIRE_OVERFLOW * n + 1;

	for (size_t i = 0; i < j->n; i++)
		answered += j->probe[i].answers > 0;
	return fabs(answered - n * p) <= slack;
}

/* Whether the fastest answer took what the wire was told to take. */
static bool judge_fastest(pp_ns least, const struct join *j)
{
	int64_t fastest = INT64_MAX;

	for (size_t i = 0; i < j->n; i++)
		if (j->probe[i].answers && j->probe[i].back - j->probe[i].sent < fastest)
			fastest = j->probe[i].back - j->probe[i].sent;
	return least.v == 0 || fastest == INT64_MAX ||
	       (fastest >= least.v && fastest <= least.v + least.v / 2 + WIRE_LAG.v);
}

static bool judge_wire(const struct pp_verdict_input *in, const struct join *j)
{
	return !in->wire || (judge_answers(in->wire, j) && judge_fastest(in->least, j));
}

/* ---- all together ------------------------------------------------------------------------- */

static bool logs_complete(const struct pp_verdict_input *in)
{
	for (unsigned int q = 0; q < in->queues; q++)
		if (in->sent[q]->dropped || in->received[q]->dropped)
			return false;
	return in->samples->dropped == 0;
}

/* Every received probe is a sample, in all four histograms and in the moments; every slot that
 * was sent has its slip. */
static bool samples_complete(const struct pp_verdict_input *in)
{
	const struct pp_tally *t = in->tally;
	uint64_t n = in->counts.received;

	return in->samples->n == n && pp_hist_total(&t->lo) == n && pp_hist_total(&t->hi) == n &&
	       t->rtt.n == n && pp_hist_total(&t->intended_lo) == n &&
	       pp_hist_total(&t->intended_hi) == n && pp_hist_total(&t->slip) == in->counts.sent;
}

static unsigned int fault(bool good, enum pp_verdict_fault bit)
{
	return good ? 0 : bit;
}

static int judge(const struct pp_verdict_input *in, struct join *j, struct pp_verdict *v)
{
	int err = judge_widths(v, in->samples);

	if (err)
		return err;
	allow_undecided(j, in->samples, in->timeout);
	expect(&v->expected, j, in->timeout);
	v->counts_held =
		same_counts(&v->expected, &in->counts) && pp_counts_consistent(&in->counts);
	for (uint32_t i = 0; i < in->samples->n; i++)
		judge_sample(v, j, &in->samples->at[i]);
	judge_span(v, in, j);
	v->faults = fault(logs_complete(in), PP_FAULT_TRUTH) |
		    fault(judge_wire(in, j), PP_FAULT_WIRE) |
		    fault(v->counts_held, PP_FAULT_STATES) |
		    fault(samples_complete(in), PP_FAULT_SAMPLES) |
		    fault(v->covered == v->samples, PP_FAULT_INTERVALS) |
		    fault(judge_quantiles(v, j, in->tally), PP_FAULT_QUANTILES) |
		    fault(fabs(v->span_error) <= SPAN_TOLERANCE, PP_FAULT_SCHEDULE) |
		    fault(j->n >= in->needed, PP_FAULT_LOAD);
	return 0;
}

int pp_verdict(const struct pp_verdict_input *in, struct pp_verdict *ret_verdict)
{
	struct pp_verdict v = {0};
	struct join j = {0};
	int err = join_logs(in, &j);

	if (!err)
		err = judge(in, &j, &v);
	free(j.probe);
	free(j.rtt);
	if (!err)
		*ret_verdict = v;
	return err;
}

/* ---- the schedule alone -------------------------------------------------------------------- */

/* Every slot in one of its states, and what was sent on the wire. */
static bool span_counts_held(const struct pp_span_input *in, uint64_t departed)
{
	return in->counts.due == in->slots && in->counts.sent == departed &&
	       pp_counts_consistent(&in->counts);
}

/* Too short by no more than the slots that did not leave: they were the first or the last. */
static bool is_cut(const struct pp_span_input *in, const struct pp_span_verdict *v)
{
	double unsent = (double)(in->counts.missed + in->counts.not_sent);

	return v->achieved < v->programmed &&
	       v->programmed * (1 - SPAN_TOLERANCE) - v->achieved <= unsent * in->period;
}

struct pp_span_verdict pp_verdict_span(const struct pp_span_input *in)
{
	struct pp_span_verdict v = {.programmed = (double)(in->slots - 1) * in->period};
	int64_t first = INT64_MAX, last = INT64_MIN;
	uint64_t departed = 0;

	for (unsigned int q = 0; q < in->queues; q++) {
		if (in->sent[q]->seen == 0)
			continue;
		first = in->sent[q]->first < first ? in->sent[q]->first : first;
		last = in->sent[q]->last > last ? in->sent[q]->last : last;
		departed += in->sent[q]->seen;
	}
	v.achieved = departed ? (double)(last - first) : 0;
	v.error = (v.achieved - v.programmed) / v.programmed;
	bool held = fabs(v.error) <= SPAN_TOLERANCE, cut = is_cut(in, &v);
	v.faults = fault(span_counts_held(in, departed), PP_FAULT_STATES) |
		   fault(held || cut, PP_FAULT_SCHEDULE) |
		   fault(departed >= in->needed && (held || !cut), PP_FAULT_LOAD);
	return v;
}

const double pp_verdict_p[PP_VERDICT_QUANTILES] = {0.5, 0.9, 0.99, 0.999, 0.9999};

const char *const pp_verdict_fault_name[PP_VERDICT_FAULTS] = {
	"truth", "wire", "states", "samples", "intervals", "quantiles", "schedule", "load",
};
