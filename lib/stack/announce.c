/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Claims to our addresses: duplicate address detection before use, where asked
 * for, announcements at the start, and what to do when somebody else uses one
 * (RFC 5227 for IPv4; RFC 4862 5.4 and RFC 4861 7.2.6 for IPv6).
 */
#include "host.h"

#define PROBE_NUM	    3
#define PROBE_WAIT	    PP_SEC(1) /* at most, before the first probe */
#define PROBE_MIN	    PP_SEC(1)
#define PROBE_MAX	    PP_SEC(2)
#define ANNOUNCE_WAIT	    PP_SEC(2)
#define ANNOUNCE_NUM	    2
#define ANNOUNCE_INTERVAL   PP_SEC(2)
#define MAX_CONFLICTS	    10
#define RATE_LIMIT_INTERVAL PP_SEC(60)
#define DEFEND_INTERVAL	    PP_SEC(10)
#define ND_PROBE_NUM	    1	      /* DupAddrDetectTransmits, RFC 4862 5.1 */
#define ND_RETRANS	    PP_SEC(1) /* RetransTimer, RFC 4861 10 */

static bool is_v4(const struct pp_claim *c)
{
	return pp_addr_is4(&c->addr);
}

static struct pp_claim *find(struct pp_host *h, const struct pp_addr *addr)
{
	for (size_t i = 0; i < PP_IFADDR_MAX; i++)
		if (h->claims[i].used && pp_addr_eq(&h->claims[i].addr, addr))
			return &h->claims[i];
	return NULL;
}

static struct pp_claim *find_free(struct pp_host *h)
{
	for (size_t i = 0; i < PP_IFADDR_MAX; i++)
		if (!h->claims[i].used)
			return &h->claims[i];
	return NULL;
}

/* Uniform in [from, to). */
static pp_ns between(struct pp_host *h, pp_ns from, pp_ns to)
{
	return PP_NS(from.v + (int64_t)pp_prng_below(&h->rng, (uint64_t)(to.v - from.v)));
}

/* ---- steps in time ---- */

static void announce(struct pp_host *h, struct pp_claim *c, pp_ns now)
{
	c->left--;
	c->phase = c->left ? PP_CLAIM_ANNOUNCE : PP_CLAIM_QUIET;
	c->due = PP_NS_NEVER;
	if (c->left)
		c->due = pp_ns_add(now, is_v4(c) ? ANNOUNCE_INTERVAL : ND_RETRANS);
	pp_host_announce(h, c->link, &c->addr);
}

static void start_announcing(struct pp_host *h, struct pp_claim *c, pp_ns now)
{
	c->left = ANNOUNCE_NUM;
	announce(h, c, now);
}

static void probe(struct pp_host *h, struct pp_claim *c, pp_ns now)
{
	pp_ns wait = is_v4(c) ? ANNOUNCE_WAIT : ND_RETRANS;

	c->left--;
	if (c->left)
		wait = between(h, PROBE_MIN, PROBE_MAX);
	else
		c->phase = PP_CLAIM_WAIT;
	c->due = pp_ns_add(now, wait);
	pp_host_probe(h, c->link, &c->addr);
}

static void win(struct pp_host *h, struct pp_claim *c, pp_ns now)
{
	h->claim_ports[c->link.port].conflicts = 0;
	pp_ifaddr_set_state(h->routes, &c->addr, PP_IFADDR_PREFERRED);
	pp_host_changed(h);
	start_announcing(h, c, now);
}

static void step(struct pp_host *h, struct pp_claim *c, pp_ns now)
{
	switch ((enum pp_claim_phase)c->phase) {
	case PP_CLAIM_QUIET:
		c->due = PP_NS_NEVER;
		break;
	case PP_CLAIM_PROBE:
		probe(h, c, now);
		break;
	case PP_CLAIM_WAIT:
		win(h, c, now);
		break;
	case PP_CLAIM_ANNOUNCE:
		announce(h, c, now);
		break;
	}
}

pp_ns pp_claims_tick(struct pp_host *h, pp_ns now)
{
	pp_ns next = PP_NS_NEVER;

	for (size_t i = 0; i < PP_IFADDR_MAX; i++) {
		struct pp_claim *c = &h->claims[i];
		if (!c->used)
			continue;
		if (!pp_ns_before(now, c->due))
			step(h, c, now);
		next = pp_ns_min(next, c->due);
	}
	return next;
}

/* ---- start and stop ---- */

/* RFC 5227 2.1.1: a random wait, so that hosts powered on together do not ask
 * together; and where candidate after candidate is taken, one a minute. */
static pp_ns first_probe(struct pp_host *h, struct pp_link link, pp_ns now)
{
	struct pp_claim_port *port = &h->claim_ports[link.port];
	pp_ns start = now;

	if (port->conflicts >= MAX_CONFLICTS && pp_ns_before(now, port->next))
		start = port->next;
	port->next = pp_ns_add(start, RATE_LIMIT_INTERVAL);
	return pp_ns_add(start, between(h, PP_NS(0), PROBE_WAIT));
}

void pp_claim_start(struct pp_host *h, const struct pp_ifaddr *a, pp_ns now)
{
	struct pp_claim *c = find_free(h);

	if (!c)
		return;
	*c = (struct pp_claim){.used = true, .addr = a->addr, .link = a->link};
	if (a->state == PP_IFADDR_PREFERRED) {
		start_announcing(h, c, now);
		return;
	}
	c->phase = PP_CLAIM_PROBE;
	c->left = is_v4(c) ? PROBE_NUM : ND_PROBE_NUM;
	if (is_v4(c))
		c->due = first_probe(h, a->link, now);
	else
		probe(h, c, now);
}

void pp_claim_stop(struct pp_host *h, const struct pp_addr *addr)
{
	struct pp_claim *c = find(h, addr);

	if (c)
		c->used = false;
}

/* ---- somebody else ---- */

static void lose(struct pp_host *h, struct pp_claim *c, const struct pp_neigh_heard *heard)
{
	char addr[PP_ADDR_TEXT], mac[PP_MAC_TEXT], link[PP_LINK_TEXT];

	c->phase = PP_CLAIM_QUIET;
	c->due = PP_NS_NEVER;
	if (is_v4(c))
		h->claim_ports[c->link.port].conflicts++;
	pp_ifaddr_set_state(h->routes, &c->addr, PP_IFADDR_DUPLICATE);
	pp_host_log(h, "address %s on %s: %s has it, not used", pp_addr_text(&c->addr, addr),
		    pp_link_text(c->link, link), pp_mac_text(&heard->mac, mac));
	pp_host_changed(h);
}

/* Policy (c) of RFC 5227 2.4: a measurement goes on. One announcement per
 * DEFEND_INTERVAL, so that two hosts which both defend do not fill the link; all addresses
 * of a prefix that is ours as a whole share one claim. */
static void defend(struct pp_host *h, struct pp_claim *c, const struct pp_neigh_heard *heard,
		   pp_ns now)
{
	char addr[PP_ADDR_TEXT], mac[PP_MAC_TEXT], link[PP_LINK_TEXT];

	h->conflicts++;
	if (c->defended && pp_ns_before(now, pp_ns_add(c->defence, DEFEND_INTERVAL)))
		return;
	c->defended = true;
	c->defence = now;
	pp_host_log(h, "address %s on %s: %s uses it too, keeping it",
		    pp_addr_text(&heard->addr, addr), pp_link_text(c->link, link),
		    pp_mac_text(&heard->mac, mac));
	pp_host_announce(h, c->link, &heard->addr);
}

/* Ours by address and link, in whatever state. */
static const struct pp_ifaddr *ours(const struct pp_host *h, struct pp_link link,
				    const struct pp_addr *addr)
{
	const struct pp_ifaddr *a = pp_ifaddr_find(h->routes, addr);

	return a && pp_link_eq(a->link, link) ? a : NULL;
}

/* A probe for duplicates claims nothing yet, but two who probe for one address
 * must both give it up (RFC 5227 2.1.1, RFC 4862 5.4.3). */
static bool hear_probe(struct pp_host *h, const struct pp_neigh_heard *heard,
		       const struct pp_addr *target)
{
	const struct pp_ifaddr *a = ours(h, heard->link, target);
	struct pp_claim *c = a ? find(h, target) : NULL;

	if (c && a->state == PP_IFADDR_TENTATIVE && !heard->reply)
		lose(h, c, heard);
	return true;
}

bool pp_claims_hear(struct pp_host *h, const struct pp_neigh_heard *heard,
		    const struct pp_addr *target, pp_ns now)
{
	/* Our own, come back by a loop: told by the MAC where we send such things
	 * ourselves, but a MAC alone proves nothing: the kernel's end of a net_tap port
	 * has ours. */
	bool own_mac = pp_mac_eq(&heard->mac, &h->ports[heard->link.port].mac);
	if (pp_addr_is_any(&heard->addr))
		return own_mac || hear_probe(h, heard, target);
	const struct pp_ifaddr *a = ours(h, heard->link, &heard->addr);
	struct pp_claim *c = a ? find(h, &a->addr) : NULL;
	if (!c || a->state == PP_IFADDR_DUPLICATE)
		return false;
	if (a->state == PP_IFADDR_TENTATIVE)
		lose(h, c, heard); /* we never claim what we are still asking for */
	else if (!own_mac)
		defend(h, c, heard, now);
	return true;
}
