/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways of a run's targets: routes and neighbours, found when it is made, again when
 * routes change, and confirmed by what comes back.
 */
#include "runs.h"

#include <errno.h>
#include <stdio.h>

#define CONFIRM_LOOK 256 /* targets of a run that one look takes in */

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

int pp_run_route(struct pp_engine *e, const struct pp_addr *target, const struct pp_addr *source,
		 int port, struct pp_nexthop *ret_hop, struct pp_error *ret_error)
{
	const struct pp_routes *routes = pp_host_routes(e->host);
	struct pp_nexthop hop;
	int err = pp_route_lookup(routes, target, source, port, &hop);

	if (err)
		return route_error(err, target, ret_error);
	const struct pp_ifaddr *own = pp_ifaddr_find(routes, target);
	if (own && pp_link_eq(own->link, hop.link)) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "this is the engine's own address on port %u: no frame would come back",
			 own->link.port);
		return -EINVAL;
	}
	*ret_hop = hop;
	return 0;
}

static struct pp_neigh_cache *neighbours(const struct pp_run *r)
{
	return pp_host_neighbours(r->engine->host);
}

static void release(struct pp_run *r, struct pp_neigh *n)
{
	if (n)
		pp_neigh_release(neighbours(r), n, pp_clock_now());
}

void pp_run_release_routes(struct pp_run *r)
{
	for (uint32_t i = 0; i < r->spec.n_targets; i++) {
		release(r, r->target[i].neigh);
		r->target[i].neigh = NULL;
	}
}

/* Pins the neighbour that hop names; NULL when the table is full. */
static struct pp_neigh *acquire(struct pp_run *r, const struct pp_nexthop *hop)
{
	return pp_neigh_acquire(neighbours(r), hop->link, &hop->hop, pp_clock_now());
}

/* The first target's way is the session's: one link for all, and the first source. */
static int take_first(struct pp_run *r, const struct pp_target_spec *targets,
		      const struct pp_addr *source, struct pp_error *ret_error)
{
	const struct pp_host *host = r->engine->host;
	struct pp_nexthop hop;
	int err = pp_run_route(r->engine, &targets[0].addr, source, r->port, &hop, ret_error);

	if (err)
		return err;
	r->spec.target = targets[0].addr;
	r->spec.source = hop.src;
	r->spec.link = hop.link;
	r->spec.src_mac = *pp_host_mac(host, hop.link.port);
	r->spec.mtu = pp_host_mtu(host, hop.link.port);
	return 0;
}

static int take_target(struct pp_run *r, const struct pp_addr *addr, struct pp_run_target *t,
		       struct pp_error *ret_error)
{
	char text[PP_ADDR_TEXT];
	int err = pp_run_route(r->engine, addr, &r->spec.source, r->spec.link.port, &t->hop,
			       ret_error);

	if (err)
		return err;
	if (!pp_link_eq(t->hop.link, r->spec.link)) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%s is on another link than the first target: make two sessions",
			 pp_addr_text(addr, text));
		return -EINVAL;
	}
	t->neigh = acquire(r, &t->hop);
	if (t->neigh)
		return 0;
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "the neighbour table is full of entries in use");
	return -ENOSPC;
}

/* Ours, in use, on the run's link: there the answers come in. */
static bool is_source(const struct pp_run *r, const struct pp_addr *source)
{
	const struct pp_ifaddr *own = pp_ifaddr_find(pp_host_routes(r->engine->host), source);

	return own && own->state == PP_IFADDR_PREFERRED && pp_link_eq(own->link, r->spec.link) &&
	       pp_addr_is4(source) == pp_addr_is4(&r->spec.target);
}

static int check_sources(const struct pp_run *r, const struct pp_sources *sources,
			 struct pp_error *ret_error)
{
	char text[PP_ADDR_TEXT];

	for (unsigned int i = 0; i < sources->n && sources->n > 1; i++) {
		if (is_source(r, &sources->addr[i]))
			continue;
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "source %s: not an address of ours on port %u",
			 pp_addr_text(&sources->addr[i], text), r->spec.link.port);
		return -EADDRNOTAVAIL;
	}
	return 0;
}

int pp_run_find_routes(struct pp_run *r, const struct pp_target_spec *targets,
		       const struct pp_sources *sources, struct pp_error *ret_error)
{
	int err = take_first(r, targets, sources->n ? sources->addr : NULL, ret_error);
	if (!err)
		err = check_sources(r, sources, ret_error);
	for (uint32_t i = 0; !err && i < r->spec.n_targets; i++)
		err = take_target(r, &targets[i].addr, &r->target[i], ret_error);
	return err;
}

/* ---- changes ------------------------------------------------------------------------- */

/* A session keeps its sources and its port: a route by another port is none for it.
 * again: some source came or went. */
static void reroute(struct pp_run *r, uint32_t i, const struct pp_addr *source, bool again)
{
	struct pp_run_target *t = &r->target[i];
	struct pp_target_counts target;
	struct pp_nexthop hop;

	pp_run_target(r, i, &target);
	int err = pp_route_lookup(pp_host_routes(r->engine->host), &target.addr, source,
				  r->spec.link.port, &hop);
	if (!err && !again && t->neigh && pp_link_eq(hop.link, t->hop.link) &&
	    pp_addr_eq(&hop.hop, &t->hop.hop))
		return;
	struct pp_neigh *old = t->neigh;
	t->neigh = NULL;
	if (!err && pp_link_eq(hop.link, r->spec.link)) {
		t->neigh = acquire(r, &hop);
		t->hop = hop;
	}
	pp_run_set_hop(r, i, t->neigh ? pp_neigh_hop(t->neigh) : NULL);
	release(r, old);
}

/* Looks which of several are still ours; one that is, or the first. */
static const struct pp_addr *look_at_sources(struct pp_run *r, bool *ret_changed)
{
	const struct pp_addr *any = NULL;

	*ret_changed = false;
	for (unsigned int i = 0; i < r->n_shards && r->n_sources > 1; i++) {
		struct pp_shard *s = &r->shard[i];
		bool gone = !is_source(r, &s->source);
		*ret_changed |= gone != s->no_source;
		s->no_source = gone;
		if (!gone && !any)
			any = &s->source;
	}
	return any ? any : &r->spec.source;
}

void pp_runs_reroute(struct pp_engine *e)
{
	for (struct pp_run *r = e->runs; r; r = r->next) {
		bool again;
		const struct pp_addr *source = look_at_sources(r, &again);
		for (uint32_t i = 0; !r->deleted && i < r->spec.n_targets; i++)
			reroute(r, i, source, again);
	}
}

/* ---- upper-layer advice (RFC 4861 7.3.1) ------------------------------------------------ */

static uint64_t received_of(const struct pp_run *r, uint32_t i)
{
	struct pp_target_counts target;

	if (r->spec.n_targets == 1)
		return pp_run_received(r);
	pp_run_target(r, i, &target);
	return target.received;
}

static void confirm(struct pp_run *r, uint32_t i, pp_ns now)
{
	struct pp_run_target *t = &r->target[i];
	uint64_t received = received_of(r, i);

	if (t->neigh && received != t->confirmed)
		pp_neigh_confirm(neighbours(r), t->neigh, now);
	t->confirmed = received;
}

void pp_runs_confirm(struct pp_engine *e, pp_ns now)
{
	for (struct pp_run *r = e->runs; r; r = r->next) {
		uint32_t n = r->spec.n_targets < CONFIRM_LOOK ? r->spec.n_targets : CONFIRM_LOOK;
		for (; n; n--) {
			r->confirm_at =
				r->confirm_at + 1 < r->spec.n_targets ? r->confirm_at + 1 : 0;
			confirm(r, r->confirm_at, now);
		}
	}
}
