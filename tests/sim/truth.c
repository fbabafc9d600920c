/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pings in the simulation, and the truth about each of their probes, kept from
 * what the harness itself did to the frames.
 */
#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>

#define TOKEN UINT64_C(0x0123456789abcdef)

struct pp_session_spec sim_spec(const char *target)
{
	return (struct pp_session_spec){
		.target = sim_parse(target),
		.size = 56,
		.ttl = 64,
		.df = true,
		.interval = PP_MS(1),
		.timeout = PP_SEC(1),
		.flags = PP_SESSION_VOICE,
		.digits = 2,
	};
}

/* ---- next hops ---- */

static struct pp_neigh *resolve(struct sim_node *n, const struct pp_addr *target,
				struct pp_nexthop *ret_hop)
{
	if (pp_route_lookup(pp_host_routes(n->host), target, NULL, -1, ret_hop))
		return NULL;
	return pp_neigh_acquire(pp_host_neighbours(n->host), ret_hop->link, &ret_hop->hop,
				n->sim->now);
}

static void reroute(struct sim_ping *p)
{
	struct sim_node *n = p->node;
	struct pp_neigh *old = p->neigh;
	struct pp_nexthop hop;

	p->neigh = resolve(n, &p->spec.target, &hop);
	if (p->neigh != old)
		pp_session_set_hop(p->session, 0, p->neigh ? pp_neigh_hop(p->neigh) : NULL);
	if (old)
		pp_neigh_release(pp_host_neighbours(n->host), old, n->sim->now);
}

void sim_reroute(struct sim_node *n)
{
	for (unsigned int i = 0; i < n->sim->pings; i++)
		if (n->sim->ping[i].node == n)
			reroute(&n->sim->ping[i]);
}

struct sim_ping *sim_ping(struct sim_node *n, const struct pp_session_spec *spec)
{
	struct sim *s = n->sim;
	struct pp_nexthop hop;

	CU_ASSERT_FATAL(s->pings < SIM_PINGS_MAX && spec->count > 0);
	struct sim_ping *p = &s->ping[s->pings];
	*p = (struct sim_ping){.node = n, .spec = *spec};
	p->neigh = resolve(n, &spec->target, &hop);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->neigh);
	p->spec.source = hop.src;
	p->spec.link = hop.link;
	p->spec.src_mac = n->mac;
	p->spec.mtu = pp_host_mtu(n->host, hop.link.port);
	p->spec.hop = pp_neigh_hop(p->neigh);
	p->spec.token = TOKEN + s->pings;
	p->probe = calloc(spec->count, sizeof(*p->probe));
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->probe);
	CU_ASSERT_EQUAL_FATAL(pp_session_add(n->sessions, &p->spec, &p->ref), 0);
	p->session = pp_session_get(n->sessions, p->ref);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->session);
	pp_prober_start(n->prober, p->ref, s->now);
	n->host_due = s->now;
	s->pings++;
	return p;
}

/* ---- the truth ---- */

void sim_truth_sent(struct sim_ping *p, uint64_t k, pp_ns departs)
{
	struct sim *s = p->node->sim;

	if (k >= p->spec.count || p->probe[k].fate != SIM_NOT_SENT) {
		sim_wrong(s, "slot %" PRIu64 " sent twice, or not asked for", k);
		return;
	}
	p->probe[k].fate = SIM_LOST; /* until we hear of it */
	p->probe[k].tx = departs;
	p->truth.sent++;
}

/* The first answer decides: by its age, then by its bytes. */
static void decide(struct sim_ping *p, uint64_t k, const struct sim_frame *f)
{
	struct sim_probe *pr = &p->probe[k];

	pr->rtt = f->at.v - pr->tx.v;
	if (pr->rtt > p->spec.timeout.v) {
		pr->fate = SIM_LATE;
		p->truth.late++;
	} else if (f->harm == SIM_CORRUPT) {
		pr->fate = SIM_WRONG;
		p->truth.corrupt++;
	} else {
		pr->fate = SIM_RECEIVED;
		p->truth.received++;
		pr->reordered = k + 1 < p->top;
		p->truth.reordered += pr->reordered;
		p->top = k + 1 > p->top ? k + 1 : p->top;
	}
}

/* An error decides what nothing else has decided in time. */
static void decide_error(struct sim_ping *p, uint64_t k, const struct sim_frame *f)
{
	struct sim_probe *pr = &p->probe[k];

	if (pr->fate != SIM_LOST || f->at.v - pr->tx.v > p->spec.timeout.v)
		return;
	pr->fate = SIM_ERROR;
	p->truth.error++;
}

void sim_truth_arrived(const struct sim_frame *f)
{
	struct sim_ping *p = f->ping;

	if (f->harm == SIM_BROKEN)
		f->to->broken++;
	if (!p || f->to != p->node || f->harm == SIM_BROKEN || f->harm == SIM_UNKNOWN)
		return;
	if (f->error)
		decide_error(p, f->k, f);
	else if (p->probe[f->k].fate == SIM_LOST)
		decide(p, f->k, f);
	else
		p->truth.duplicate++;
}

/* ---- what the session says ---- */

static struct sim_ping *ping_of(struct sim_node *n, pp_session_ref ref)
{
	for (unsigned int i = 0; i < n->sim->pings; i++)
		if (n->sim->ping[i].node == n && n->sim->ping[i].ref == ref)
			return &n->sim->ping[i];
	return NULL;
}

static uint8_t flags_of(const struct sim_probe *pr)
{
	if (pr->fate == SIM_LATE)
		return PP_EVENT_LATE;
	if (pr->fate == SIM_WRONG)
		return PP_EVENT_CORRUPT;
	return pr->reordered ? PP_EVENT_REORDERED : 0;
}

static void check_reply(struct sim *s, const struct sim_ping *p, const struct pp_event *e)
{
	const struct sim_probe *pr = &p->probe[e->k];

	if (e->flags & PP_EVENT_DUPLICATE)
		return;
	if (e->flags != flags_of(pr))
		sim_wrong(s, "slot %" PRIu64 ": flags %x, fate %u", e->k, e->flags, pr->fate);
	if (pr->rtt < e->rtt.lo.v || pr->rtt > e->rtt.hi.v)
		sim_wrong(s,
			  "slot %" PRIu64 ": %" PRId64 " ns is not in [%" PRId64 ", %" PRId64 "]",
			  e->k, pr->rtt, e->rtt.lo.v, e->rtt.hi.v);
}

void sim_truth_event(struct sim_node *n, const struct pp_event *e)
{
	struct sim_ping *p = ping_of(n, e->session);

	if (!p || e->k >= p->spec.count) {
		sim_wrong(n->sim, "event %u of an unknown session or slot", e->kind);
		return;
	}
	if (e->kind == PP_EVENT_REPLY)
		check_reply(n->sim, p, e);
	else if (e->kind == PP_EVENT_UNREACHABLE)
		p->unreachable++;
	else if (e->kind == PP_EVENT_ERROR && p->probe[e->k].fate != SIM_ERROR)
		sim_wrong(n->sim, "slot %" PRIu64 ": error, but fate %u", e->k,
			  p->probe[e->k].fate);
	else if (e->kind == PP_EVENT_DONE && p->done)
		sim_wrong(n->sim, "done twice");
	else if (e->kind == PP_EVENT_DONE)
		p->done = true;
}

const struct pp_counts *sim_counts(const struct sim_ping *p)
{
	return &pp_session_tally(p->session)->c;
}

void sim_check(const struct sim_ping *p)
{
	const struct pp_tally *t = pp_session_tally(p->session);
	const struct pp_counts *c = &t->c, *truth = &p->truth;
	uint64_t lost = truth->sent - truth->received - truth->late - truth->corrupt - truth->error;

	CU_ASSERT_TRUE(p->done);
	CU_ASSERT_TRUE(pp_counts_consistent(c));
	CU_ASSERT_EQUAL(c->due, p->spec.count);
	CU_ASSERT_EQUAL(c->sent, truth->sent);
	CU_ASSERT_EQUAL(c->received, truth->received);
	CU_ASSERT_EQUAL(c->late, truth->late);
	CU_ASSERT_EQUAL(c->corrupt, truth->corrupt);
	CU_ASSERT_EQUAL(c->error, truth->error);
	CU_ASSERT_EQUAL(c->duplicate, truth->duplicate);
	CU_ASSERT_EQUAL(c->reordered, truth->reordered);
	CU_ASSERT_EQUAL(pp_counts_lost(c), lost);
	CU_ASSERT_EQUAL(pp_counts_in_flight(c), 0);
	/* Each is said, up to 1024 at once. */
	CU_ASSERT_EQUAL(p->unreachable, c->unreachable < 1024 ? c->unreachable : p->unreachable);
	CU_ASSERT_TRUE(p->unreachable <= c->unreachable);
	CU_ASSERT_EQUAL(pp_hist_total(&t->lo), truth->received);
	CU_ASSERT_EQUAL(pp_hist_total(&t->hi), truth->received);
	CU_ASSERT_EQUAL(t->rtt.n, truth->received);
}
