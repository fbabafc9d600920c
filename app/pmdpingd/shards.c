/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shards of a run: its part of the schedule in each worker that sends it, and the sums of
 * what they say. Targets are dealt to the shards in turn; a run of one target has it in
 * all of them, which send its slots in turn. Of several sources each has a shard, and each
 * shard all targets.
 */
#include "cross.h"
#include "runs.h"

#include <errno.h>
#include <stdlib.h>

unsigned int pp_shards_of(const struct pp_sources *sources, unsigned int workers)
{
	return sources->n > 1 ? sources->n : workers;
}

bool pp_run_is_dealt(const struct pp_run *r)
{
	return r->spec.n_targets > 1 && r->n_sources <= 1;
}

struct pp_session_spec pp_shard_spec(const struct pp_session_spec *all, bool dealt, unsigned int n,
				     unsigned int i)
{
	uint32_t share = dealt ? (all->n_targets + n - 1 - i) / n : all->n_targets;
	double part = dealt ? (double)share / all->n_targets : 1.0 / n;
	struct pp_session_spec spec = *all;

	if (n == 1)
		return spec;
	spec.n_targets = share;
	spec.count = dealt ? all->count / all->n_targets * share : (all->count + n - 1 - i) / n;
	spec.seed = all->seed + i;
	if (all->rate > 0)
		spec.rate = all->rate * part;
	else
		spec.interval.v = (int64_t)((double)all->interval.v / part);
	return spec;
}

/* Slots of the whole run follow each other by that. */
static double period(const struct pp_session_spec *spec)
{
	return spec->rate > 0 ? 1e9 / spec->rate : (double)spec->interval.v;
}

/* ---- making ----------------------------------------------------------------------------- */

static bool has_owner(const struct pp_run *r, int owner)
{
	for (unsigned int i = 0; i < r->n_shards; i++)
		if (r->shard[i].owner == owner)
			return true;
	return false;
}

static int no_session(const struct pp_run *r, int err, struct pp_error *ret_error)
{
	if (err == -EMSGSIZE)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "local error: message too long, mtu=%u", r->spec.mtu);
	else
		snprintf(ret_error->text, sizeof(ret_error->text), "no session: %s",
			 strerror(-err));
	return err;
}

/* The first n shards have one each, the others share them. */
static int pick_owner(struct pp_run *r, unsigned int n, struct pp_error *ret_error)
{
	struct pp_dp *dp = r->engine->dp;
	if (r->n_shards >= n) {
		uint8_t shared = r->shard[r->n_shards % n].owner;
		pp_dp_share_owner(dp, shared);
		return shared;
	}
	int owner = pp_dp_pick_owner(dp, r->spec.link.port);

	if (owner >= 0 && !has_owner(r, owner))
		return owner;
	if (owner >= 0)
		pp_dp_drop_owner(dp, (uint8_t)owner);
	if (r->n_shards == 0)
		snprintf(ret_error->text, sizeof(ret_error->text), "port %u has no worker",
			 r->spec.link.port);
	else
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "workers %u: port %u has %u queue%s that send", n, r->spec.link.port,
			 r->n_shards, r->n_shards > 1 ? "s" : "");
	return -ENODEV;
}

/* The next of n. */
static int add_shard(struct pp_run *r, const struct pp_target_spec *targets, unsigned int n,
		     unsigned int workers, struct pp_error *ret_error)
{
	struct pp_engine *e = r->engine;
	struct pp_shard *s = &r->shard[r->n_shards];
	struct pp_session_spec spec = pp_shard_spec(&r->spec, pp_run_is_dealt(r), n, r->n_shards);
	int owner = pick_owner(r, workers, ret_error);

	if (owner < 0)
		return owner;
	spec.targets = targets;
	spec.source = s->source;
	spec.owner = (uint8_t)owner;
	int err = pp_session_add(e->sessions, &spec, &s->ref);
	if (err) {
		pp_dp_drop_owner(e->dp, (uint8_t)owner);
		return no_session(r, err, ret_error);
	}
	s->owner = (uint8_t)owner;
	s->session = pp_session_get(e->sessions, s->ref);
	pp_dp_place(e->dp, s->owner, s->session);
	r->n_shards++;
	return 0;
}

/* Targets of shard i of n, in its order. */
static void deal(const struct pp_run *r, const struct pp_target_spec *targets, unsigned int n,
		 unsigned int i, struct pp_target_spec *ret)
{
	uint32_t all = r->spec.n_targets;

	if (pp_run_is_dealt(r))
		for (uint32_t at = i; at < all; at += n)
			*ret++ = targets[at];
	else
		for (uint32_t turn = 0; turn < all; turn++)
			*ret++ = targets[pp_cross_target(all, n, i, turn)];
}

int pp_run_add_shards(struct pp_run *r, const struct pp_target_spec *targets,
		      const struct pp_sources *sources, unsigned int workers,
		      struct pp_error *ret_error)
{
	struct pp_target_spec *dealt = calloc(r->spec.n_targets, sizeof(*dealt));
	unsigned int n = pp_shards_of(sources, workers);
	int err = dealt ? 0 : -ENOMEM;

	if (n > 1 && !err)
		r->sum = pp_tally_create(r->spec.digits);
	if (!err && n > 1 && !r->sum)
		err = -ENOMEM;
	if (err)
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	for (unsigned int i = 0; !err && i < n; i++) {
		deal(r, targets, n, i, dealt);
		r->shard[i].source = sources->n > 1 ? sources->addr[i] : r->spec.source;
		err = add_shard(r, dealt, n, workers, ret_error);
	}
	free(dealt);
	return err;
}

/* ---- asking the workers ------------------------------------------------------------------- */

/* One request to all shards. */
struct asked {
	unsigned int awaited;
	void (*done)(void *arg);
	void *arg;
};

static void answered(void *arg)
{
	struct asked a = *(struct asked *)arg;

	if (--((struct asked *)arg)->awaited)
		return;
	free(arg);
	a.done(a.arg);
}

static int ask(struct pp_run *r, unsigned int i, struct pp_dp_request q)
{
	q.session = r->shard[i].ref;
	q.owner = r->shard[i].owner;
	if (q.counts)
		q.counts += i;
	/* The first slot of each is that of the whole, a period of the whole after the
	 * shard's before. */
	q.at.v += (int64_t)(period(&r->spec) * i);
	return pp_dp_request(r->engine->dp, &q);
}

int pp_run_request(struct pp_run *r, struct pp_dp_request q, void (*done)(void *arg), void *arg)
{
	struct asked *a = done ? malloc(sizeof(*a)) : NULL;
	unsigned int i;
	int err = 0;

	if (done && !a)
		return -ENOMEM;
	q.done = done ? answered : NULL;
	q.arg = a;
	for (i = 0; !err && i < r->n_shards; i++) {
		if (a)
			*a = (struct asked){.awaited = i + 1, .done = done, .arg = arg};
		err = ask(r, i, q);
	}
	if (!err)
		return 0;
	/* The shards before this one answer, to nobody; then no more is written to counts. */
	void *unused = q.counts ? arg : NULL;
	if (a && i > 1) {
		*a = (struct asked){.awaited = i - 1, .done = free, .arg = unused};
		return err;
	}
	free(a);
	free(unused);
	return err;
}

/* ---- sums ----------------------------------------------------------------------------------- */

const struct pp_tally *pp_run_tally(struct pp_run *r)
{
	if (r->n_shards == 1)
		return pp_session_tally(r->shard[0].session);
	pp_tally_clear(r->sum);
	for (unsigned int i = 0; i < r->n_shards; i++)
		pp_tally_merge(r->sum, pp_session_tally(r->shard[i].session));
	return r->sum;
}

static uint64_t read_counter(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

uint64_t pp_run_sent(const struct pp_run *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < r->n_shards; i++)
		sum += read_counter(&pp_session_tally(r->shard[i].session)->c.sent);
	return sum;
}

uint64_t pp_run_received(const struct pp_run *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < r->n_shards; i++)
		sum += read_counter(&pp_session_tally(r->shard[i].session)->c.received);
	return sum;
}

uint64_t pp_run_held(const struct pp_run *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < r->n_shards; i++)
		sum += pp_session_held(r->shard[i].session);
	return sum;
}

uint64_t pp_run_pipe(const struct pp_run *r)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < r->n_shards; i++)
		sum += pp_session_pipe(r->shard[i].session);
	return sum;
}

pp_ns pp_run_elapsed(const struct pp_run *r)
{
	struct pp_span all = {PP_NS_NEVER, PP_NS(0)};

	for (unsigned int i = 0; i < r->n_shards; i++) {
		struct pp_span one = pp_session_span(r->shard[i].session);
		if (one.from.v == 0)
			continue;
		all.from = pp_ns_min(all.from, one.from);
		all.to = pp_ns_before(all.to, one.to) ? one.to : all.to;
	}
	return pp_ns_before(all.from, all.to) ? pp_ns_sub(all.to, all.from) : PP_NS(0);
}

/* ---- targets -------------------------------------------------------------------------------- */

/* Where target i is in that shard, which has it. */
static uint32_t place_of(const struct pp_run *r, unsigned int shard, uint32_t i)
{
	return pp_run_is_dealt(r) ? i / r->n_shards
				  : pp_cross_turn(r->spec.n_targets, r->n_shards, shard, i);
}

static void add_target(struct pp_target_counts *sum, const struct pp_target_counts *t)
{
	if (t->received && (sum->received == 0 || t->min < sum->min))
		sum->min = t->min;
	if (t->received && (sum->received == 0 || t->max > sum->max))
		sum->max = t->max;
	sum->sent += t->sent;
	sum->received += t->received;
	sum->not_sent += t->not_sent;
	sum->expired += t->expired;
	sum->errors += t->errors;
	sum->duplicate += t->duplicate;
	sum->unreachable += t->unreachable;
	sum->sum += t->sum;
}

void pp_run_target(const struct pp_run *r, uint32_t i, struct pp_target_counts *ret)
{
	unsigned int first = pp_run_is_dealt(r) ? i % r->n_shards : 0;

	pp_session_target(r->shard[first].session, place_of(r, first, i), ret);
	for (unsigned int s = 1; s < r->n_shards && !pp_run_is_dealt(r); s++) {
		struct pp_target_counts t;
		pp_session_target(r->shard[s].session, place_of(r, s, i), &t);
		add_target(ret, &t);
	}
}

void pp_run_set_hop(struct pp_run *r, uint32_t i, const struct pp_hop *hop)
{
	for (unsigned int s = 0; s < r->n_shards; s++)
		if (!pp_run_is_dealt(r) || i % r->n_shards == s)
			pp_session_set_hop(r->shard[s].session, place_of(r, s, i),
					   r->shard[s].no_source ? NULL : hop);
}
