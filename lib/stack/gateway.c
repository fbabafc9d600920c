/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dead gateways (RFC 1122 3.3.1.4 and 3.3.1.5): one that no longer answers ARP or
 * ND makes way for the next by preference, and is asked again now and then, for
 * as long as a route through it waits. Nothing is ever pinged for it.
 */
#include "host.h"

#define RETRY PP_SEC(10) /* up to three requests each time */

/* Marks its routes, if it is a gateway. */
static void mark(struct pp_host *h, struct pp_link link, const struct pp_addr *addr, bool dead)
{
	char text[PP_ADDR_TEXT], where[PP_LINK_TEXT];

	if (!pp_route_set_dead(h->routes, link, addr, dead))
		return;
	if (dead)
		h->gateway_retry = pp_ns_min(h->gateway_retry, pp_ns_add(h->now, RETRY));
	pp_host_log(h, "gateway %s on %s: %s", pp_addr_text(addr, text), pp_link_text(link, where),
		    dead ? "does not answer" : "answers");
	h->ops.rerouted(h->arg);
}

void pp_gateway_changed(struct pp_host *h, const struct pp_neigh *n)
{
	struct pp_neigh_info info;

	pp_neigh_info(n, h->now, &info);
	if (pp_hop_usable(atomic_load_explicit(&pp_neigh_hop(n)->word, memory_order_relaxed)))
		mark(h, info.link, &info.addr, false);
	else if (info.state == PP_NEIGH_FAILED)
		mark(h, info.link, &info.addr, true);
}

/* A neighbour that stays dead is reported once, before the route was there. */
void pp_gateways_check(struct pp_host *h)
{
	for (const struct pp_neigh *n = pp_neigh_next(h->neigh, NULL); n;
	     n = pp_neigh_next(h->neigh, n)) {
		struct pp_neigh_info info;
		pp_neigh_info(n, h->now, &info);
		if (info.failed)
			mark(h, info.link, &info.addr, true);
	}
}

/* An unpinned entry is asked for until it fails again. Where the table is full of
 * entries in use the gateway waits another turn. */
static void ask(struct pp_host *h, struct pp_link link, const struct pp_addr *gateway, pp_ns now)
{
	struct pp_neigh *n = pp_neigh_acquire(h->neigh, link, gateway, now);

	if (n)
		pp_neigh_release(h->neigh, n, now);
}

/* Asking sends, which changes no route before an answer comes in. */
pp_ns pp_gateways_tick(struct pp_host *h, pp_ns now)
{
	bool dead = false;

	if (pp_ns_before(now, h->gateway_retry))
		return h->gateway_retry;
	for (size_t i = 0; i < pp_route_count(h->routes); i++) {
		const struct pp_route *r = pp_route_at(h->routes, i);
		if (r->onlink || !r->dead)
			continue;
		struct pp_addr gateway = r->gateway;
		ask(h, r->link, &gateway, now);
		dead = true;
	}
	h->gateway_retry = dead ? pp_ns_add(now, RETRY) : PP_NS_NEVER;
	return h->gateway_retry;
}
