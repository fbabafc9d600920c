/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * States of a neighbour (RFC 4861 7.3.2, used for ARP as well): what time does to
 * an entry, and what a neighbour that speaks does to it. Where RFC 826 and RFC 4861
 * let anybody move an entry, ours moves only as the answer to a request that is
 * open; other claims are counted and reported, unless trust_all is set.
 *
 * Callbacks come last in each step, when the entry is whole again.
 */
#include "cache.h"

/* Reports an entry whose standing changed, or that moved. */
static void tell(struct pp_neigh_cache *c, struct pp_neigh *n, enum pp_neigh_told what, bool moved)
{
	if (n->told == what && !moved)
		return;
	n->told = what;
	if (c->ops.changed)
		c->ops.changed(c->arg, n);
}

/* ---- time passes ---- */

static void ask(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	struct pp_mac mac = pp_neigh_mac(n);
	n->quiet = pp_neigh_after(now, c->config.retrans);
	n->asks++;
	c->stats.requests++;
	pp_neigh_arm(c, n, n->quiet);
	c->ops.solicit(c->arg, n->link, &n->addr, n->state == PP_NEIGH_PROBE ? &mac : NULL);
}

static void fail(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	pp_neigh_count_failure(n);
	c->stats.failed++;
	n->state = PP_NEIGH_FAILED;
	pp_neigh_arm(c, n, pp_neigh_after(now, c->config.gc));
	pp_neigh_drop_held(c, n, true);
	tell(c, n, PP_NEIGH_TOLD_DOWN, false);
	if (n->state == PP_NEIGH_FAILED && n->pins > 0)
		pp_neigh_start(c, n, now);
}

/* INCOMPLETE and PROBE: the next request, or the end of patience. */
static void pursue(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	if (pp_ns_before(now, n->quiet))
		pp_neigh_arm(c, n, n->quiet);
	else if (n->asks < c->config.tries)
		ask(c, n, now);
	else
		fail(c, n, now);
}

void pp_neigh_start(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	n->state = PP_NEIGH_INCOMPLETE;
	n->asks = 0;
	pursue(c, n, now);
}

static void probe(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	n->state = PP_NEIGH_PROBE;
	n->asks = 0;
	pursue(c, n, now);
}

static void become_stale(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	n->state = PP_NEIGH_STALE;
	pp_neigh_arm(c, n, pp_neigh_after(now, c->config.gc));
	if (n->pins > 0)
		pp_neigh_use(c, n, now);
}

static void become_reachable(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	n->confirmed = now;
	if (n->state == PP_NEIGH_REACHABLE)
		return; /* its timer looks at `confirmed` when it fires */
	n->state = PP_NEIGH_REACHABLE;
	pp_neigh_arm(c, n, pp_neigh_after(now, c->config.reachable));
}

static void reachable_expired(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	pp_ns end = pp_neigh_after(n->confirmed, c->config.reachable);
	if (pp_ns_before(now, end))
		pp_neigh_arm(c, n, end);
	else
		become_stale(c, n, now);
}

/* STALE and FAILED: nobody used it since, or it would be in another state. */
static void collect(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	(void)now;
	pp_neigh_forget(c, n);
}

void pp_neigh_use(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	pp_neigh_place(c, n);
	if (n->state == PP_NEIGH_STALE) {
		n->state = PP_NEIGH_DELAY;
		pp_neigh_arm(c, n, pp_neigh_after(now, c->config.delay));
	} else if (n->state == PP_NEIGH_FAILED) {
		pp_neigh_start(c, n, now);
	}
}

void pp_neigh_restart(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	n->state = PP_NEIGH_INCOMPLETE;
	n->confirmed = PP_NS_NEVER;
	pp_neigh_clear_mac(n);
	pp_neigh_drop_held(c, n, false);
	if (n->told == PP_NEIGH_TOLD_UP)
		tell(c, n, PP_NEIGH_TOLD_LOST, false);
	pp_neigh_start(c, n, now);
}

void pp_neigh_confirm(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	if (n->state != PP_NEIGH_STATIC && pp_neigh_resolved(n))
		become_reachable(c, n, now);
}

/* ---- a neighbour speaks ---- */

static bool same_mac(const struct pp_neigh *n, const struct pp_mac *mac)
{
	struct pp_mac known = pp_neigh_mac(n);
	return pp_mac_eq(&known, mac);
}

void pp_neigh_make_static(struct pp_neigh_cache *c, struct pp_neigh *n, const struct pp_mac *mac)
{
	bool moved = pp_neigh_resolved(n) && !same_mac(n, mac);
	n->state = PP_NEIGH_STATIC;
	n->confirmed = PP_NS_NEVER;
	pp_neigh_set_mac(n, mac);
	pp_neigh_disarm(c, n);
	pp_neigh_place(c, n);
	pp_neigh_deliver(c, n);
	tell(c, n, PP_NEIGH_TOLD_UP, moved);
}

/* Takes a MAC that the entry did not have: its first, or another one. */
static void adopt(struct pp_neigh_cache *c, struct pp_neigh *n, const struct pp_neigh_heard *h,
		  pp_ns now)
{
	bool moved = pp_neigh_resolved(n);
	if (moved)
		c->stats.moved++;
	else
		c->stats.learned++;
	pp_neigh_set_mac(n, &h->mac);
	if (h->reply && h->solicited)
		become_reachable(c, n, now);
	else
		become_stale(c, n, now);
	pp_neigh_deliver(c, n);
	tell(c, n, PP_NEIGH_TOLD_UP, moved);
}

static void refuse(struct pp_neigh_cache *c, struct pp_neigh *n, const struct pp_neigh_heard *h,
		   pp_ns now)
{
	c->stats.refused_moves++;
	if (pp_ns_before(now, n->mute))
		return;
	n->mute = pp_neigh_after(now, c->config.holddown);
	if (c->ops.conflict)
		c->ops.conflict(c->arg, n, &h->mac);
}

/* Nobody we know, or somebody who did not answer: entered when he asks for us
 * from our own prefix (ARP-04, ND-05, D-5), never because he says so himself. */
static void hear_stranger(struct pp_neigh_cache *c, struct pp_neigh *n,
			  const struct pp_neigh_heard *h, pp_ns now)
{
	if (h->reply || !h->for_us || !h->onlink || !h->has_mac)
		return;
	if (!n)
		n = pp_neigh_take(c, h->link, &h->addr);
	if (n)
		adopt(c, n, h, now);
}

/* There is no MAC to defend yet: a request or an unsolicited reply will do, but
 * does not prove that he hears us, so that the entry is stale. */
static void hear_incomplete(struct pp_neigh_cache *c, struct pp_neigh *n,
			    const struct pp_neigh_heard *h, pp_ns now)
{
	if (h->has_mac)
		adopt(c, n, h, now);
}

static void hear_static(struct pp_neigh_cache *c, struct pp_neigh *n,
			const struct pp_neigh_heard *h, pp_ns now)
{
	if (h->has_mac && !same_mac(n, &h->mac))
		refuse(c, n, h, now);
}

static void hear_other_mac(struct pp_neigh_cache *c, struct pp_neigh *n,
			   const struct pp_neigh_heard *h, pp_ns now)
{
	bool answer = h->reply && h->solicited;
	bool open = n->state == PP_NEIGH_PROBE && n->asks > 0;
	bool obey = c->config.trust_all || (answer && open);
	if (h->reply && !h->override && (answer || obey)) {
		/* RFC 4861 7.2.5 I: a doubt, not a move */
		if (n->state == PP_NEIGH_REACHABLE)
			become_stale(c, n, now);
	} else if (obey) {
		adopt(c, n, h, now);
	} else {
		refuse(c, n, h, now);
	}
}

static void hear_resolved(struct pp_neigh_cache *c, struct pp_neigh *n,
			  const struct pp_neigh_heard *h, pp_ns now)
{
	if (h->has_mac && !same_mac(n, &h->mac))
		hear_other_mac(c, n, h, now);
	else if (h->reply && h->solicited)
		become_reachable(c, n, now);
}

/* ---- the states ---- */

static const struct {
	const char *name;
	void (*expired)(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
	void (*hear)(struct pp_neigh_cache *c, struct pp_neigh *n, const struct pp_neigh_heard *h,
		     pp_ns now);
} states[] = {
	[PP_NEIGH_INCOMPLETE] = {"incomplete", pursue, hear_incomplete},
	[PP_NEIGH_REACHABLE] = {"reachable", reachable_expired, hear_resolved},
	[PP_NEIGH_STALE] = {"stale", collect, hear_resolved},
	[PP_NEIGH_DELAY] = {"delay", probe, hear_resolved},
	[PP_NEIGH_PROBE] = {"probe", pursue, hear_resolved},
	[PP_NEIGH_FAILED] = {"failed", collect, hear_stranger},
	[PP_NEIGH_STATIC] = {"static", NULL, hear_static},
};

const char *pp_neigh_state_name(enum pp_neigh_state s)
{
	return states[s].name;
}

/* A probe for duplicates has no sender address (RFC 5227 2.1.1, ND from ::), and
 * a MAC that is a group would make one neighbour's packets everybody's. */
void pp_neigh_hear(struct pp_neigh_cache *c, const struct pp_neigh_heard *h, pp_ns now)
{
	if (!pp_addr_is_unicast(&h->addr) || (h->has_mac && !pp_mac_is_unicast(&h->mac)))
		return;
	struct pp_neigh *n = pp_neigh_find(c, h->link, &h->addr);
	if (n)
		states[n->state].hear(c, n, h, now);
	else
		hear_stranger(c, NULL, h, now);
}

pp_ns pp_neigh_tick(struct pp_neigh_cache *c, pp_ns now)
{
	struct pp_neigh *n = pp_neigh_earliest(c);
	for (; n && !pp_ns_before(now, n->due); n = pp_neigh_earliest(c))
		states[n->state].expired(c, n, now);
	return n ? n->due : PP_NS_NEVER;
}
