/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs: sessions from the control thread's side.
 */
#include "runs.h"

#include "intervals.h"
#include "limits.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define REF_INDEX(ref) ((ref)&0xfffffu)
#define START_LEAD     PP_MS(2)

struct pp_run *pp_run_of(struct pp_engine *e, pp_session_ref ref)
{
	struct pp_run *r = e->run_of[REF_INDEX(ref)];

	for (unsigned int i = 0; r && i < r->n_shards; i++)
		if (r->shard[i].ref == ref)
			return r;
	return NULL;
}

struct pp_run *pp_run_named(struct pp_call *c)
{
	struct pp_run *r = pp_run_find(pp_call_engine(c), pp_call_text(c, "name"));

	if (!r)
		pp_call_fail(c, PP_ERR_FAILED, "name", "no session of that name: %s",
			     pp_call_text(c, "name"));
	return r;
}

struct pp_run *pp_run_find(struct pp_engine *e, const char *name)
{
	for (struct pp_run *r = e->runs; r; r = r->next)
		if (r->name[0] && !strcmp(r->name, name))
			return r;
	return NULL;
}

/* ---- making ------------------------------------------------------------------------ */

static void complete(struct pp_target_spec *t, struct pp_neigh *neigh)
{
	t->hop = pp_neigh_hop(neigh);
	if (getrandom(&t->token, sizeof(t->token), 0) != sizeof(t->token))
		t->token = (uint64_t)pp_clock_now().v; /* never: 8 bytes are not cut short */
}

static int take_memory(struct pp_run *r, uint64_t size, struct pp_error *ret_error)
{
	uint64_t *all = &r->engine->memory;
	const double mib = 1 << 20;

	if (size > PP_SESSION_MEMORY - *all) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "this takes %.1f MiB; of the %.0f MiB for sessions %.1f are taken",
			 (double)size / mib, (double)PP_SESSION_MEMORY / mib, (double)*all / mib);
		return -ENOSPC;
	}
	*all += size;
	r->memory += size;
	return 0;
}

static void free_run(struct pp_run *r)
{
	r->engine->memory -= r->memory;
	pp_intervals_free(r->intervals);
	pp_tally_free(r->sum);
	free(r->target);
	free(r);
}

int pp_run_keep_intervals(struct pp_run *r, struct pp_error *ret_error)
{
	int err = take_memory(r, pp_intervals_memory(r->spec.digits), ret_error);

	if (err)
		return err;
	r->intervals = pp_intervals_create(r->spec.digits);
	if (r->intervals)
		return 0;
	snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	return -ENOMEM;
}

/* The spec's targets, or its one, as an array that may shrink. */
static struct pp_target_spec *copy_targets(struct pp_session_spec *spec)
{
	const struct pp_target_spec one = {.addr = spec->target};

	if (spec->n_targets == 0) {
		spec->targets = &one;
		spec->n_targets = 1;
	}
	struct pp_target_spec *copy = calloc(spec->n_targets, sizeof(*copy));
	if (copy)
		memcpy(copy, spec->targets, spec->n_targets * sizeof(*copy));
	spec->targets = NULL;
	return copy;
}

static uint64_t memory_of(const struct pp_run *r, unsigned int shards)
{
	const struct pp_session_spec *spec = &r->spec;
	uint64_t sum = sizeof(struct pp_run_target) * spec->n_targets;

	if (shards > 1)
		sum += 7 * sizeof(uint64_t) * pp_hist_len(spec->digits);
	for (unsigned int i = 0; i < shards; i++) {
		struct pp_session_spec shard = pp_shard_spec(spec, pp_run_is_dealt(r), shards, i);
		sum += pp_session_memory(&shard);
	}
	return sum;
}

static int make(struct pp_run *r, struct pp_target_spec *targets, const struct pp_sources *sources,
		unsigned int workers, struct pp_error *ret_error)
{
	int err = take_memory(r, memory_of(r, pp_shards_of(sources, workers)), ret_error);

	r->spec.targets = targets;
	r->limited = pp_limit_is_any(r->engine, &r->spec);
	if (!err)
		err = pp_run_find_routes(r, targets, sources, ret_error);
	for (uint32_t i = 0; !err && i < r->spec.n_targets; i++)
		complete(&targets[i], r->target[i].neigh);
	if (!err)
		err = pp_run_add_shards(r, targets, sources, workers, ret_error);
	r->spec.targets = NULL;
	return err;
}

static void discard(struct pp_run *r);

/* Out of what answers are looked up in, and of the workers' shares. */
static void unlink_shards(struct pp_run *r)
{
	struct pp_engine *e = r->engine;

	for (unsigned int i = 0; i < r->n_shards; i++) {
		e->run_of[REF_INDEX(r->shard[i].ref)] = NULL;
		pp_session_unlink(e->sessions, r->shard[i].ref);
		pp_dp_drop_owner(e->dp, r->shard[i].owner);
	}
}

int pp_run_create(struct pp_engine *e, const struct pp_session_spec *spec,
		  const struct pp_sources *sources, int port, const char *name,
		  unsigned int workers, struct pp_run **ret_run, struct pp_error *ret_error)
{
	struct pp_run *r = calloc(1, sizeof(*r));
	struct pp_session_spec full = *spec;
	struct pp_target_spec *targets = copy_targets(&full);

	if (r)
		r->target = calloc(full.n_targets, sizeof(*r->target));
	if (!r || !targets || !r->target) {
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		free(targets);
		free(r);
		return -ENOMEM;
	}
	r->engine = e;
	r->spec = full;
	r->port = port;
	r->n_sources = sources->n;
	snprintf(r->name, sizeof(r->name), "%s", name);
	int err = make(r, targets, sources, workers, ret_error);
	free(targets);
	if (err) {
		unlink_shards(r);
		pp_run_release_routes(r);
		discard(r);
		return err;
	}
	for (unsigned int i = 0; i < r->n_shards; i++)
		e->run_of[REF_INDEX(r->shard[i].ref)] = r;
	r->next = e->runs;
	e->runs = r;
	*ret_run = r;
	return 0;
}

/* ---- asking the worker --------------------------------------------------------------- */

void pp_runs_meter(struct pp_engine *e, pp_ns now)
{
	for (struct pp_run *r = e->runs; r; r = r->next)
		if (r->state == PP_RUN_RUNNING)
			pp_meter_read(&r->meter, now, pp_run_sent(r));
}

int pp_run_start(struct pp_run *r, struct pp_error *ret_error)
{
	int err = pp_limit_take(r, ret_error);

	if (err)
		return err;
	pp_ns at = pp_clock_now();
	/* Shards begin together: none of them may be late for its first slot. */
	if (r->n_shards > 1)
		at = pp_ns_add(at, START_LEAD);
	r->awaited = r->n_shards;
	r->at_once = false;
	err = pp_run_request(r, (struct pp_dp_request){.command = PP_DP_START, .at = at}, NULL,
			     NULL);
	if (!err) {
		r->state = PP_RUN_RUNNING;
		pp_run_losses_begin(r);
		pp_meter_begin(&r->meter, pp_clock_now(), pp_run_sent(r));
		return 0;
	}
	pp_run_request(r, (struct pp_dp_request){.command = PP_DP_STOP_NOW}, NULL, NULL);
	pp_limit_release(r);
	snprintf(ret_error->text, sizeof(ret_error->text), "the worker has too much to do already");
	return err;
}

static void free_if_unused(struct pp_run *r);

/* Asked until they take it. */
static void stop_owners(void *arg)
{
	struct pp_run *r = arg;
	struct pp_dp_request q = {.command = r->at_once ? PP_DP_STOP_NOW : PP_DP_STOP};
	int err = pp_run_request(r, q, NULL, NULL);

	if (err && err != -ESHUTDOWN) {
		pp_dp_defer(r->engine->dp, stop_owners, r);
		return;
	}
	pp_limit_release(r);
	r->users--;
	free_if_unused(r);
}

void pp_run_stop(struct pp_run *r, bool at_once)
{
	if (r->state == PP_RUN_IDLE)
		return;
	r->state = PP_RUN_STOPPING;
	r->at_once |= at_once;
	r->users++;
	stop_owners(r);
}

/* The workers fill `counts`; the run's change when all have. */
struct counting {
	struct pp_run *run;
	void (*then)(void *arg);
	void *arg;
	struct pp_counts counts[]; /* of each shard */
};

static void counted(void *arg)
{
	struct counting *c = arg;
	struct pp_run *r = c->run;

	r->counts = c->counts[0];
	for (unsigned int i = 1; i < r->n_shards; i++)
		pp_counts_add(&r->counts, &c->counts[i]);
	c->then(c->arg);
	free(c);
	r->users--;
	free_if_unused(r);
}

/* The workers have too much to do: once more when they have done some of it. */
struct later {
	struct pp_run *run;
	void (*then)(void *arg);
	void *arg;
};

static void count_again(void *arg)
{
	struct later l = *(struct later *)arg;

	free(arg);
	pp_run_counts(l.run, l.then, l.arg);
	l.run->users--;
	free_if_unused(l.run);
}

static void count_later(struct pp_run *r, void (*then)(void *arg), void *arg)
{
	struct later *l = malloc(sizeof(*l));

	if (!l) {
		then(arg); /* with the counts of the last time */
		return;
	}
	*l = (struct later){.run = r, .then = then, .arg = arg};
	r->users++;
	pp_dp_defer(r->engine->dp, count_again, l);
}

void pp_run_counts(struct pp_run *r, void (*then)(void *arg), void *arg)
{
	struct counting *c = calloc(1, sizeof(*c) + r->n_shards * sizeof(c->counts[0]));
	int err = -ENOMEM;

	if (c) {
		*c = (struct counting){.run = r, .then = then, .arg = arg};
		struct pp_dp_request q = {.command = PP_DP_COUNTS, .counts = c->counts};
		r->users++;
		err = pp_run_request(r, q, counted, c);
		if (!err)
			return;
		r->users--;
	}
	if (err == -ESHUTDOWN)
		then(arg); /* with the counts of the last time */
	else
		count_later(r, then, arg);
}

static void final_counts(void *arg)
{
	struct pp_run *r = arg;

	r->state = PP_RUN_IDLE;
	pp_run_losses_end(r);
	pp_limit_release(r);
	if (r->done)
		r->done(r);
}

void pp_run_finished(struct pp_run *r)
{
	if (r->awaited && --r->awaited)
		return;
	pp_run_counts(r, final_counts, r);
}

/* ---- ending --------------------------------------------------------------------------- */

static void unlist(struct pp_run **at, const struct pp_run *r)
{
	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		*at = r->next;
}

/* No worker can see the session any more. */
static void reclaim(void *arg)
{
	struct pp_run *r = arg;

	for (unsigned int i = 0; i < r->n_shards; i++)
		pp_session_reclaim(r->engine->sessions, r->shard[i].ref);
	unlist(&r->engine->deleted_runs, r);
	free_run(r);
}

static void free_if_unused(struct pp_run *r)
{
	if (r->deleted && r->users == 0)
		pp_dp_defer(r->engine->dp, reclaim, r);
}

/* What no worker was told of, but may have seen by way of an answer. */
static void discard(struct pp_run *r)
{
	r->next = r->engine->deleted_runs;
	r->engine->deleted_runs = r;
	r->deleted = true;
	free_if_unused(r);
}

/* The owner has let go of it. */
static void forgotten(void *arg)
{
	struct pp_run *r = arg;

	r->users--;
	free_if_unused(r);
}

/* Not before each owner has said that it is out of its schedule: asked until they take it. */
static void forget(void *arg)
{
	struct pp_run *r = arg;
	struct pp_dp_request q = {.command = PP_DP_STOP_NOW};

	int err = pp_run_request(r, q, forgotten, r);

	if (err == -ESHUTDOWN)
		forgotten(r);
	else if (err)
		pp_dp_defer(r->engine->dp, forget, r);
}

void pp_run_delete(struct pp_run *r)
{
	struct pp_engine *e = r->engine;

	pp_limit_release(r);
	unlist(&e->runs, r);
	r->next = e->deleted_runs;
	e->deleted_runs = r;
	unlink_shards(r);
	for (uint32_t i = 0; i < r->spec.n_targets; i++)
		pp_run_set_hop(r, i, NULL);
	pp_run_release_routes(r);
	r->deleted = true;
	r->users++;
	forget(r);
}

void pp_engine_free_runs(struct pp_engine *e)
{
	while (e->runs) {
		struct pp_run *r = e->runs;
		e->runs = r->next;
		pp_run_release_routes(r);
		free_run(r);
	}
	while (e->deleted_runs) {
		struct pp_run *r = e->deleted_runs;
		e->deleted_runs = r->next;
		free_run(r);
	}
}
