/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session add|start|stop|clear|del|show, show sessions: probes that run by themselves.
 */
#include "commands.h"
#include "intervals.h"
#include "runs.h"

#include <errno.h>
#include <stdlib.h>

static void done(struct pp_call *c)
{
	pp_call_done(c, json_object());
}

static void added(struct pp_call *c, struct pp_run *r)
{
	struct pp_error error;

	if (pp_call_flag(c, "intervals") && pp_run_keep_intervals(r, &error)) {
		pp_run_delete(r);
		pp_call_fail(c, PP_ERR_FAILED, "intervals", "%s", error.text);
		return;
	}
	pp_call_done(c, json_pack("{s:I}", "memory_bytes", (json_int_t)r->memory));
}

void pp_cmd_session_add(struct pp_call *c)
{
	const char *name = pp_call_text(c, "name");
	const int64_t *samples = pp_call_int(c, "samples");

	if (pp_run_find(pp_call_engine(c), name)) {
		pp_call_fail(c, PP_ERR_FAILED, "name", "there is a session %s already", name);
		return;
	}
	struct pp_run *r = pp_run_from_call(c, name, 0, samples ? (uint32_t)*samples : 0);
	if (r)
		added(c, r);
}

void pp_cmd_session_start(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);
	struct pp_error error;
	int err;

	if (!r)
		return;
	if (r->state != PP_RUN_IDLE)
		pp_call_fail(c, PP_ERR_FAILED, "name", "session %s is running", r->name);
	else if ((err = pp_run_start(r, &error)))
		pp_call_fail(c, err == -EPERM ? PP_ERR_FAILED : PP_ERR_BUSY, NULL, "%s",
			     error.text);
	else
		done(c);
}

void pp_cmd_session_stop(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);

	if (!r)
		return;
	pp_run_stop(r, false);
	done(c);
}

/* It may be gone by now, and another of its name have begun. */
static void cleared(void *arg)
{
	struct pp_run *r = pp_run_find(pp_call_engine(arg), pp_call_text(arg, "name"));

	if (r && r->intervals)
		pp_intervals_clear(r->intervals);
	if (r)
		pp_run_losses_clear(r);
	done(arg);
}

void pp_cmd_session_clear(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);

	if (!r)
		return;
	for (uint32_t i = 0; i < r->spec.n_targets; i++)
		r->target[i].confirmed = 0;
	if (pp_run_request(r, (struct pp_dp_request){.command = PP_DP_CLEAR}, cleared, c))
		pp_call_fail(c, PP_ERR_BUSY, NULL, "the worker has too much to do already");
}

void pp_cmd_session_del(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);

	if (!r)
		return;
	pp_run_delete(r);
	done(c);
}

/* ---- show ------------------------------------------------------------------------ */

static const char *state_name(const struct pp_run *r)
{
	static const char *const names[] = {[PP_RUN_IDLE] = "stopped",
					    [PP_RUN_RUNNING] = "running",
					    [PP_RUN_STOPPING] = "stopping"};

	return names[r->state];
}

struct show {
	struct pp_call *call;
	struct pp_run *run;
	struct list *list; /* show sessions, or NULL */
};

static void show_one(void *arg)
{
	struct show *s = arg;
	json_t *o = pp_run_summary(s->run);

	json_object_set_new(o, "name", json_string(s->run->name));
	json_object_set_new(o, "state", json_string(state_name(s->run)));
	json_object_set_new(o, "own_losses", pp_run_losses_json(s->run));
	json_object_set_new(o, "consistent", json_boolean(pp_counts_consistent(&s->run->counts)));
	pp_call_done(s->call, o);
	free(s);
}

void pp_cmd_session_show(struct pp_call *c)
{
	struct pp_run *r = pp_run_named(c);
	bool intervals = r && pp_call_flag(c, "intervals");
	struct show *s = r && !intervals ? calloc(1, sizeof(*s)) : NULL;

	if (intervals)
		pp_show_intervals(c, r);
	if (!r || intervals)
		return;
	if (!s) {
		pp_call_fail(c, PP_ERR_INTERNAL, NULL, "out of memory");
		return;
	}
	*s = (struct show){.call = c, .run = r};
	pp_run_counts(r, show_one, s);
}

/* All sessions: one row each, when the last owner has answered. */
struct list {
	struct pp_call *call;
	json_t *rows;
	unsigned int awaited;
};

static json_t *row(struct pp_run *r)
{
	json_t *sum = pp_run_summary(r), *o = json_object();
	static const char *const keys[] = {"address", "targets", "sent", "received",
					   "loss_percent"};

	json_object_set_new(o, "name", json_string(r->name));
	json_object_set_new(o, "state", json_string(state_name(r)));
	for (size_t i = 0; i < PP_ARRAY_LEN(keys); i++)
		json_object_set(o, keys[i], json_object_get(sum, keys[i]));
	json_t *median = json_array_get(json_object_get(sum, "quantiles"), 0);
	json_object_set_new(o, "p50_lo_ns",
			    median ? json_incref(json_object_get(median, "lo_ns")) : json_null());
	json_object_set_new(o, "p50_hi_ns",
			    median ? json_incref(json_object_get(median, "hi_ns")) : json_null());
	json_object_set_new(o, "pps", json_real(r->pps));
	json_decref(sum);
	return o;
}

static void finish_list(struct list *l)
{
	if (--l->awaited)
		return;
	pp_call_done(l->call, json_pack("{s:o}", "sessions", l->rows));
	free(l);
}

static void list_one(void *arg)
{
	struct show *s = arg;
	struct list *l = s->list;

	json_array_append_new(l->rows, row(s->run));
	free(s);
	finish_list(l);
}

void pp_cmd_show_sessions(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	struct list *l = calloc(1, sizeof(*l));

	if (!l) {
		pp_call_fail(c, PP_ERR_INTERNAL, NULL, "out of memory");
		return;
	}
	*l = (struct list){.call = c, .rows = json_array(), .awaited = 1};
	for (struct pp_run *r = e->runs; r; r = r->next) {
		struct show *s = r->name[0] ? calloc(1, sizeof(*s)) : NULL;
		if (!s)
			continue;
		*s = (struct show){.run = r, .list = l};
		l->awaited++;
		pp_run_counts(r, list_one, s);
	}
	finish_list(l);
}
