/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs: sessions from the control thread's side.
 */
#include "runs.h"

#include "intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define REF_INDEX(ref) ((ref)&0xfffffu)

struct pp_run *pp_run_of(struct pp_engine *e, pp_session_ref ref)
{
	struct pp_run *r = e->run_of[REF_INDEX(ref)];

	return r && r->ref == ref ? r : NULL;
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

/* ---- routes ---------------------------------------------------------------------- */

static int route_error(int err, const struct pp_addr *dst, struct pp_error *ret_error)
{
	char text[PP_ADDR_TEXT];

	pp_addr_text(dst, text);
	switch (err) {
	case -ENETUNREACH:
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "connect: Network is unreachable");
		break;
	case -EADDRNOTAVAIL:
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "bind: Cannot assign requested address (no usable source for %s)", text);
		break;
	case -EACCES:
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%s is a broadcast address: not a target", text);
		break;
	default:
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%s is not a unicast address: not a target", text);
		break;
	}
	return err;
}

static void release_neighbour(struct pp_run *r)
{
	if (r->neigh)
		pp_neigh_release(pp_host_neighbours(r->engine->host), r->neigh, pp_clock_now());
	r->neigh = NULL;
}

/* Pins the neighbour that hop names; NULL in r->neigh when the table is full. */
static void acquire_neighbour(struct pp_run *r, const struct pp_nexthop *hop)
{
	r->hop = *hop;
	r->neigh = pp_neigh_acquire(pp_host_neighbours(r->engine->host), hop->link, &hop->hop,
				    pp_clock_now());
}

static int find_route(struct pp_run *r, const struct pp_addr *source, struct pp_error *ret_error)
{
	struct pp_nexthop hop;
	int err = pp_route_lookup(pp_host_routes(r->engine->host), &r->spec.target, source, r->port,
				  &hop);

	if (err)
		return route_error(err, &r->spec.target, ret_error);
	const struct pp_ifaddr *own =
		pp_ifaddr_find(pp_host_routes(r->engine->host), &r->spec.target);
	if (own && pp_link_eq(own->link, hop.link)) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "this is the engine's own address on port %u: no frame would come back",
			 own->link.port);
		return -EINVAL;
	}
	r->spec.source = hop.src;
	r->spec.link = hop.link;
	r->spec.src_mac = *pp_host_mac(r->engine->host, hop.link.port);
	r->spec.mtu = pp_host_mtu(r->engine->host, hop.link.port);
	acquire_neighbour(r, &hop);
	if (r->neigh)
		return 0;
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "the neighbour table is full of entries in use");
	return -ENOSPC;
}

/* A session keeps its source and its port: a route by another port is none for it. */
static void reroute(struct pp_run *r)
{
	struct pp_nexthop hop;
	int err = pp_route_lookup(pp_host_routes(r->engine->host), &r->spec.target, &r->spec.source,
				  r->spec.link.port, &hop);

	if (!err && r->neigh && pp_link_eq(hop.link, r->hop.link) &&
	    pp_addr_eq(&hop.hop, &r->hop.hop))
		return;
	struct pp_neigh *old = r->neigh;
	r->neigh = NULL;
	if (!err && pp_link_eq(hop.link, r->spec.link))
		acquire_neighbour(r, &hop);
	pp_session_set_hop(r->session, r->neigh ? pp_neigh_hop(r->neigh) : NULL);
	if (old)
		pp_neigh_release(pp_host_neighbours(r->engine->host), old, pp_clock_now());
}

void pp_runs_reroute(struct pp_engine *e)
{
	for (struct pp_run *r = e->runs; r; r = r->next)
		if (!r->deleted)
			reroute(r);
}

void pp_runs_confirm(struct pp_engine *e, pp_ns now)
{
	for (struct pp_run *r = e->runs; r; r = r->next) {
		uint64_t received = __atomic_load_n(&pp_session_tally(r->session)->c.received,
						    __ATOMIC_RELAXED);
		if (r->neigh && received != r->confirmed)
			pp_neigh_confirm(pp_host_neighbours(e->host), r->neigh, now);
		r->confirmed = received;
	}
}

/* ---- making ------------------------------------------------------------------------ */

static int add_session(struct pp_run *r, struct pp_error *ret_error)
{
	struct pp_engine *e = r->engine;
	int owner = pp_dp_pick_owner(e->dp, r->spec.link.port);

	if (owner < 0) {
		snprintf(ret_error->text, sizeof(ret_error->text), "port %u has no worker",
			 r->spec.link.port);
		return owner;
	}
	r->spec.owner = (uint8_t)owner;
	r->spec.hop = pp_neigh_hop(r->neigh);
	if (getrandom(&r->spec.token, sizeof(r->spec.token), 0) != sizeof(r->spec.token))
		r->spec.token = (uint64_t)pp_clock_now().v; /* never: 8 bytes are not cut short */
	int err = pp_session_add(e->sessions, &r->spec, &r->ref);
	if (!err) {
		r->session = pp_session_get(e->sessions, r->ref);
		return 0;
	}
	pp_dp_drop_owner(e->dp, r->spec.owner);
	if (err == -EMSGSIZE)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "local error: message too long, mtu=%u", r->spec.mtu);
	else
		snprintf(ret_error->text, sizeof(ret_error->text), "no session: %s",
			 strerror(-err));
	return err;
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

int pp_run_create(struct pp_engine *e, const struct pp_session_spec *spec,
		  const struct pp_addr *source, int port, const char *name, struct pp_run **ret_run,
		  struct pp_error *ret_error)
{
	struct pp_run *r = calloc(1, sizeof(*r));

	if (!r) {
		snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	r->engine = e;
	r->spec = *spec;
	r->port = port;
	r->source_given = source != NULL;
	snprintf(r->name, sizeof(r->name), "%s", name);
	int err = take_memory(r, pp_session_memory(spec), ret_error);
	if (!err)
		err = find_route(r, source, ret_error);
	if (!err)
		err = add_session(r, ret_error);
	if (err) {
		release_neighbour(r);
		free_run(r);
		return err;
	}
	e->run_of[REF_INDEX(r->ref)] = r;
	r->next = e->runs;
	e->runs = r;
	*ret_run = r;
	return 0;
}

/* ---- asking the worker --------------------------------------------------------------- */

static int request(struct pp_run *r, enum pp_dp_command command, void (*done)(void *), void *arg)
{
	struct pp_dp_request q = {
		.command = command,
		.session = r->ref,
		.owner = r->spec.owner,
		.at = pp_clock_now(),
		.done = done,
		.arg = arg,
	};

	return pp_dp_request(r->engine->dp, &q);
}

int pp_run_start(struct pp_run *r)
{
	int err = request(r, PP_DP_START, NULL, NULL);

	if (!err)
		r->state = PP_RUN_RUNNING;
	return err;
}

void pp_run_stop(struct pp_run *r, bool at_once)
{
	if (r->state == PP_RUN_IDLE)
		return;
	r->state = PP_RUN_STOPPING;
	request(r, at_once ? PP_DP_STOP_NOW : PP_DP_STOP, NULL, NULL);
}

/* The worker fills `counts`; the run's change when it has. */
struct counting {
	struct pp_run *run;
	struct pp_counts counts;
	void (*then)(void *arg);
	void *arg;
};

static void free_if_unused(struct pp_run *r);

static void counted(void *arg)
{
	struct counting c = *(struct counting *)arg;

	free(arg);
	c.run->counts = c.counts;
	c.then(c.arg);
	c.run->users--;
	free_if_unused(c.run);
}

static int request_counts(struct counting *c)
{
	struct pp_dp_request q = {.command = PP_DP_COUNTS,
				  .session = c->run->ref,
				  .owner = c->run->spec.owner,
				  .counts = &c->counts,
				  .done = counted,
				  .arg = c};

	return pp_dp_request(c->run->engine->dp, &q);
}

void pp_run_counts(struct pp_run *r, void (*then)(void *arg), void *arg)
{
	struct counting *c = malloc(sizeof(*c));

	if (c) {
		*c = (struct counting){.run = r, .counts = r->counts, .then = then, .arg = arg};
		r->users++;
		if (request_counts(c) == 0)
			return;
		r->users--;
		free(c);
	}
	then(arg); /* with the counts of the last time */
}

static void final_counts(void *arg)
{
	struct pp_run *r = arg;

	r->state = PP_RUN_IDLE;
	if (r->done)
		r->done(r);
}

void pp_run_finished(struct pp_run *r)
{
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

	pp_session_reclaim(r->engine->sessions, r->ref);
	unlist(&r->engine->deleted_runs, r);
	free_run(r);
}

static void free_if_unused(struct pp_run *r)
{
	if (r->deleted && r->users == 0)
		pp_dp_defer(r->engine->dp, reclaim, r);
}

/* The owner has let go of it. */
static void forgotten(void *arg)
{
	struct pp_run *r = arg;

	r->users--;
	free_if_unused(r);
}

void pp_run_delete(struct pp_run *r)
{
	struct pp_engine *e = r->engine;

	unlist(&e->runs, r);
	r->next = e->deleted_runs;
	e->deleted_runs = r;
	e->run_of[REF_INDEX(r->ref)] = NULL;
	pp_session_unlink(e->sessions, r->ref);
	pp_session_set_hop(r->session, NULL);
	release_neighbour(r);
	pp_dp_drop_owner(e->dp, r->spec.owner);
	r->deleted = true;
	r->users++;
	if (request(r, PP_DP_STOP_NOW, forgotten, r))
		pp_dp_defer(e->dp, forgotten,
			    r); /* its ring is full: it takes what is there first */
}

void pp_engine_free_runs(struct pp_engine *e)
{
	while (e->runs) {
		struct pp_run *r = e->runs;
		e->runs = r->next;
		release_neighbour(r);
		free_run(r);
	}
	while (e->deleted_runs) {
		struct pp_run *r = e->deleted_runs;
		e->deleted_runs = r->next;
		free_run(r);
	}
}
