/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session export, show histogram, the intervals of show session: what a session has
 * measured, in other forms than the summary.
 */
#include "commands.h"
#include "export.h"
#include "intervals.h"
#include "runs.h"

#include <stdlib.h>

#define ROWS 20

/* ---- a call that waits for the counts ------------------------------------------------ */

struct asked {
	struct pp_call *call;
	struct pp_run *run;
};

/* Calls then(struct asked *) with the run's counts fresh; the callee frees it. */
static void ask(struct pp_call *c, struct pp_run *r, void (*then)(void *arg))
{
	struct asked *a = r ? calloc(1, sizeof(*a)) : NULL;

	if (!r)
		return;
	if (!a) {
		pp_call_fail(c, PP_ERR_INTERNAL, NULL, "out of memory");
		return;
	}
	*a = (struct asked){.call = c, .run = r};
	pp_run_counts(r, then, a);
}

/* What the run has counted by now; NULL when out of memory. */
static struct pp_read *read_run(struct pp_run *r)
{
	const struct pp_tally *t = pp_run_tally(r);
	struct pp_read *now = pp_read_create(r->spec.digits);

	if (now)
		pp_read_take(now, pp_clock_now(), &r->counts, &t->lo, &t->hi);
	return now;
}

/* Decided, but not received in time: infinite. Answers may have come since the counts. */
static uint64_t not_received(const struct pp_read *r)
{
	uint64_t n = pp_counts_decided(&r->c);

	return n - pp_min_u64(n, r->c.received);
}

/* ---- histogram ------------------------------------------------------------------------ */

static json_t *rows_json(const struct pp_read *r)
{
	struct pp_hist_row row[ROWS];
	unsigned int n = pp_hist_rows(&r->hi, row, ROWS);
	double all = (double)(pp_hist_total(&r->hi) + not_received(r)), seen = 0;
	json_t *array = json_array();

	for (unsigned int i = 0; i < n; i++) {
		seen += (double)row[i].count;
		json_array_append_new(array, json_pack("{s:I, s:I, s:I, s:f}", "lo_ns",
						       (json_int_t)row[i].low.v, "hi_ns",
						       (json_int_t)row[i].high.v, "count",
						       (json_int_t)row[i].count,
						       "cumulative_percent", 100 * seen / all));
	}
	return array;
}

static void show_histogram(void *arg)
{
	struct asked a = *(struct asked *)arg;
	struct pp_read *r = read_run(a.run);

	free(arg);
	if (!r) {
		pp_call_fail(a.call, PP_ERR_INTERNAL, NULL, "out of memory");
		return;
	}
	pp_call_done(a.call, json_pack("{s:s, s:o, s:I, s:I}", "name", a.run->name, "rows",
				       rows_json(r), "received", (json_int_t)pp_hist_total(&r->hi),
				       "not_received", (json_int_t)not_received(r)));
	pp_read_free(r);
}

void pp_cmd_show_histogram(struct pp_call *c)
{
	ask(c, pp_run_named(c), show_histogram);
}

/* ---- intervals ------------------------------------------------------------------------ */

static void take_interval(void *arg)
{
	struct pp_run *r = arg;
	const struct pp_tally *t = pp_run_tally(r);

	pp_intervals_add(r->intervals, pp_clock_now(), &r->counts, &t->lo, &t->hi);
	r->interval_asked = false;
}

void pp_runs_intervals(struct pp_engine *e, pp_ns now)
{
	for (struct pp_run *r = e->runs; r; r = r->next) {
		if (!r->intervals || r->state == PP_RUN_IDLE || r->interval_asked)
			continue;
		if (pp_intervals_reads(r->intervals) == 0)
			pp_intervals_begin(r->intervals, now);
		if (!pp_intervals_due(r->intervals, now))
			continue;
		r->interval_asked = true;
		pp_run_counts(r, take_interval, r);
	}
}

static void add_span(json_t *o, const char *lo, const char *hi, bool known, pp_ns from, pp_ns to)
{
	json_object_set_new(o, lo, known ? json_integer(from.v) : json_null());
	json_object_set_new(o, hi, known ? json_integer(to.v) : json_null());
}

static void add_quantile(json_t *o, const struct pp_read *r, uint64_t n, double p, const char *lo,
			 const char *hi)
{
	struct pp_quantile q = pp_quantile(&r->lo, &r->hi, n, p);

	add_span(o, lo, hi, q.defined && !q.infinite && pp_quantile_supported(n, p), q.lo, q.hi);
}

/* Of what was received; the two histograms may differ by what came between their reads. */
static void add_highest(json_t *o, const struct pp_read *r)
{
	uint64_t n = pp_hist_total(&r->lo), m = pp_hist_total(&r->hi);

	add_span(o, "max_lo_ns", "max_hi_ns", n && m,
		 pp_hist_bucket_low(&r->lo, pp_hist_at_rank(&r->lo, n)),
		 pp_hist_bucket_high(&r->hi, pp_hist_at_rank(&r->hi, m)));
}

/* The distribution of what was received or given up within the interval. */
static void add_quantiles(json_t *o, const struct pp_read *r, int64_t decided)
{
	uint64_t recorded = pp_hist_total(&r->lo);
	uint64_t n = decided > (int64_t)recorded ? (uint64_t)decided : recorded;

	add_quantile(o, r, n, 0.5, "p50_lo_ns", "p50_hi_ns");
	add_quantile(o, r, n, 0.99, "p99_lo_ns", "p99_hi_ns");
	add_highest(o, r);
}

/* Differences are signed: what was given up may turn out to have come. */
static json_t *interval_json(const struct pp_read *r, const char *kind, pp_ns from, pp_ns began)
{
	const struct pp_counts *c = &r->c;
	int64_t decided = (int64_t)(c->received + c->corrupt + c->error + c->expired);
	json_t *o = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"kind", kind, "start_ns", (json_int_t)(from.v - began.v), "length_ns",
		(json_int_t)(r->at.v - from.v), "due", (json_int_t)c->due, "sent",
		(json_int_t)c->sent, "not_sent", (json_int_t)c->not_sent, "missed",
		(json_int_t)c->missed, "received", (json_int_t)c->received, "late",
		(json_int_t)c->late, "corrupt", (json_int_t)c->corrupt, "error",
		(json_int_t)c->error, "lost", (json_int_t)(c->expired - c->late), "duplicate",
		(json_int_t)c->duplicate, "reordered", (json_int_t)c->reordered, "suspect",
		(json_int_t)c->suspect);

	json_object_set_new(o, "loss_percent",
			    decided > 0
				    ? json_real(100.0 * (double)(decided - (int64_t)c->received) /
						(double)decided)
				    : json_null());
	add_quantiles(o, r, decided);
	return o;
}

/* `r` is overwritten with the difference. */
static void append(json_t *rows, struct pp_read *r, const struct pp_read *before, const char *kind,
		   pp_ns began)
{
	if (pp_read_diff(r, before) == 0)
		json_array_append_new(rows, interval_json(r, kind, before->at, began));
}

static void copy_read(struct pp_read *into, const struct pp_read *from)
{
	pp_read_take(into, from->at, &from->c, &from->lo, &from->hi);
}

/* What is forgotten in one row, the intervals that are kept, and what has come since. */
static json_t *intervals_json(const struct pp_intervals *v, struct pp_read *now,
			      struct pp_read *scratch)
{
	unsigned int n = pp_intervals_reads(v);
	pp_ns began = pp_intervals_began(v);
	json_t *rows = json_array();

	if (n && pp_intervals_read(v, 0)->at.v > began.v) {
		copy_read(scratch, pp_intervals_read(v, 0));
		json_array_append_new(rows, interval_json(scratch, "earlier", began, began));
	}
	for (unsigned int i = 1; i < n; i++) {
		copy_read(scratch, pp_intervals_read(v, i));
		append(rows, scratch, pp_intervals_read(v, i - 1), "whole", began);
	}
	if (n)
		append(rows, now, pp_intervals_read(v, n - 1), "running", began);
	return rows;
}

static void show_intervals(void *arg)
{
	struct asked a = *(struct asked *)arg;
	struct pp_read *now = read_run(a.run), *scratch = pp_read_create(a.run->spec.digits);

	free(arg);
	if (now && scratch)
		pp_call_done(a.call, json_pack("{s:o}", "intervals",
					       intervals_json(a.run->intervals, now, scratch)));
	else
		pp_call_fail(a.call, PP_ERR_INTERNAL, NULL, "out of memory");
	pp_read_free(now);
	pp_read_free(scratch);
}

void pp_show_intervals(struct pp_call *c, struct pp_run *r)
{
	if (r->intervals)
		ask(c, r, show_intervals);
	else
		pp_call_fail(c, PP_ERR_FAILED, "name",
			     "session %s keeps no intervals: add it with the word intervals",
			     r->name);
}

/* ---- export ----------------------------------------------------------------------------- */

enum format { HGRM, CSV, JSON }; /* as in the command table */

static enum format format_of(const struct pp_call *c)
{
	return (enum format) * pp_call_int(c, "format");
}

struct text {
	FILE *f;
	char *at;
	size_t size;
};

static bool open_text(struct text *t)
{
	t->f = open_memstream(&t->at, &t->size);
	return t->f != NULL;
}

/* Ends the call with what was written. */
static void answer(struct asked *a, struct text *t, json_t *next)
{
	static const char *const names[] = {[HGRM] = "hgrm", [CSV] = "csv", [JSON] = "json"};

	fclose(t->f);
	json_t *o = json_pack("{s:s, s:s, s:s%, s:o}", "name", a->run->name, "format",
			      names[format_of(a->call)], "text", t->at, t->size, "next", next);
	free(t->at);
	pp_call_done(a->call, o);
}

static void put_json(FILE *f, const struct pp_read *r, const char *name)
{
	json_t *o = pp_export_json(&r->lo, &r->hi, name, not_received(r));

	json_dumpf(o, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(o);
}

static bool put_distribution(const struct asked *a, FILE *f)
{
	struct pp_read *r = read_run(a->run);

	if (!r)
		return false;
	if (format_of(a->call) == HGRM)
		pp_export_hgrm(f, &r->hi, a->run->name, not_received(r));
	else
		put_json(f, r, a->run->name);
	pp_read_free(r);
	return true;
}

static uint32_t int_or(const struct pp_call *c, const char *name, uint32_t otherwise)
{
	const int64_t *v = pp_call_int(c, name);

	return v ? (uint32_t)*v : otherwise;
}

static struct pp_addr target_addr(const void *arg, uint32_t i)
{
	struct pp_target_counts t;

	pp_run_target(arg, i, &t);
	return t.addr;
}

/* Of the samples that the owner had written when it gave the counts: one for each that
 * was received, as long as there is room. The head is with the first of them, the tail
 * with the last, so that the pieces put together are the file. */
static json_t *put_samples(const struct asked *a, FILE *f)
{
	const struct pp_samples *s = pp_session_samples(a->run->shard[0].session);
	uint64_t received = a->run->counts.received;
	uint32_t n = (uint32_t)pp_min_u64(received, s->capacity);
	uint32_t from = (uint32_t)pp_min_u64(int_or(a->call, "from", 0), n);
	uint32_t count = (uint32_t)pp_min_u64(int_or(a->call, "count", PP_EXPORT_PIECE), n - from);

	const struct pp_export_targets targets = {a->run->spec.n_targets, target_addr, a->run};

	if (from == 0)
		pp_export_csv_head(f, &targets);
	pp_export_csv(f, s->at + from, count, &targets);
	if (from + count == n)
		pp_export_csv_tail(f, n, received - n);
	/* Who says how many wants no more. */
	bool more = from + count < n && !pp_call_int(a->call, "count");
	return more ? json_integer(from + count) : json_null();
}

static void export(void *arg)
{
	struct asked a = *(struct asked *)arg;
	struct text t = {0};
	json_t *next = NULL;

	free(arg);
	if (open_text(&t)) {
		if (format_of(a.call) == CSV)
			next = put_samples(&a, t.f);
		else if (put_distribution(&a, t.f))
			next = json_null();
	}
	if (next) {
		answer(&a, &t, next);
		return;
	}
	if (t.f)
		fclose(t.f);
	free(t.at);
	pp_call_fail(a.call, PP_ERR_INTERNAL, NULL, "out of memory");
}

void pp_cmd_session_export(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);

	if (r && format_of(c) == CSV && !pp_session_samples(r->shard[0].session))
		pp_call_fail(c, PP_ERR_FAILED, "name",
			     "session %s keeps no samples: add it with samples N", r->name);
	else
		ask(c, r, export);
}
