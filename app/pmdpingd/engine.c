/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's heartbeat: events from the workers, the host's timers, limits,
 * and an orderly end.
 */
#include "commands.h"
#include "runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define CONFIRM_EVERY	     PP_MS(100)
#define LOG_LINES_PER_SECOND 10
#define END_PATIENCE	     PP_MS(500)

/* ---- log ---------------------------------------------------------------------------- */

void pp_engine_log(void *arg, const char *text)
{
	struct pp_engine *e = arg;
	pp_ns now = pp_clock_now();

	if (now.v - e->log_window.v >= PP_SEC(1).v) {
		e->log_window = now;
		e->log_lines = 0;
	}
	if (e->log_lines++ < LOG_LINES_PER_SECOND)
		fprintf(stderr, "pmdpingd: %s\n", text);
}

/* ---- heartbeat ------------------------------------------------------------------------ */

void pp_engine_event(void *arg, const struct pp_event *ev)
{
	struct pp_engine *e = arg;

	if (ev->kind == PP_EVENT_HEARD) {
		pp_host_hear(e->host, ev, pp_clock_now());
		return;
	}
	struct pp_run *r = pp_run_of(e, ev->session);
	if (!r)
		return;
	if (ev->kind == PP_EVENT_DONE)
		pp_run_finished(r);
	else
		pp_ping_event(r, ev);
}

static void check_end(struct pp_engine *e, pp_ns now)
{
	if (!e->ending)
		return;
	if (e->ends_awaited == 0 || now.v >= e->end_deadline.v)
		pp_loop_stop(e->loop);
}

void pp_engine_tick(void *arg)
{
	struct pp_engine *e = arg;

	pp_dp_poll(e->dp);
	pp_ns now = pp_clock_now();
	pp_host_tick(e->host, now);
	pp_selftest_tick(e);
	if (now.v >= e->confirm_due.v) {
		e->confirm_due = pp_ns_add(now, CONFIRM_EVERY);
		pp_runs_confirm(e, now);
		pp_runs_meter(e, now);
		pp_ping_tick(e);
		pp_wait_tick(e);
		pp_clock_refine();
		pp_stalls_blame(e->dp);
	}
	pp_runs_intervals(e, now);
	check_end(e, now);
}

/* ---- the end --------------------------------------------------------------------------- */

static void print_session(const struct pp_run *r)
{
	const struct pp_counts *c = &r->counts;

	printf("session %s: due %" PRIu64 ", sent %" PRIu64 ", not sent %" PRIu64
	       ", missed %" PRIu64 ", received %" PRIu64 ", late %" PRIu64 ", corrupt %" PRIu64
	       ", errors %" PRIu64 ", lost %" PRIu64 ", in flight %" PRIu64 ", duplicate %" PRIu64
	       "%s\n",
	       r->name, c->due, c->sent, c->not_sent, c->missed, c->received, c->late, c->corrupt,
	       c->error, pp_counts_lost(c), pp_counts_in_flight(c), c->duplicate,
	       pp_counts_consistent(c) ? "" : " (INCONSISTENT: please report)");
}

static void print_port(struct pp_engine *e, uint16_t port)
{
	struct pp_port_stats s;

	if (pp_dp_port_stats(e->dp, port, &s) == 0)
		printf("port %u: received %" PRIu64 " frames, sent %" PRIu64 ", missed %" PRIu64
		       ", errors %" PRIu64 "\n",
		       port, s.ipackets, s.opackets, s.imissed, s.ierrors + s.oerrors);
}

static void ended(struct pp_run *r)
{
	struct pp_engine *e = r->engine;

	r->done = NULL;
	print_session(r);
	e->ends_awaited--;
}

/* Runs that somebody listens to end with their own summary. */
static void end_run(struct pp_engine *e, struct pp_run *r)
{
	if (!r->name[0]) {
		pp_run_stop(r, true);
		return;
	}
	if (r->state == PP_RUN_IDLE) {
		print_session(r);
		return;
	}
	r->done = ended;
	e->ends_awaited++;
	pp_run_stop(r, true);
}

void pp_engine_end(struct pp_engine *e, int exit)
{
	if (e->ending) {
		pp_loop_stop(e->loop); /* asked twice: now */
		return;
	}
	e->ending = true;
	e->exit = exit;
	e->end_deadline = pp_ns_add(pp_clock_now(), END_PATIENCE);
	for (struct pp_run *r = e->runs, *next; r; r = next) {
		next = r->next;
		end_run(e, r);
	}
	for (uint16_t port = 0; !e->options.n_execute && port < pp_dp_ports(e->dp); port++)
		print_port(e, port);
}
