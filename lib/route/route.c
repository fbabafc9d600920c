/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: prefixes in order of lookup, gateways, and where a packet goes with
 * which source (RFC 1122 3.3.1 and 3.3.4, RFC 6724). A gateway's death is told by
 * the neighbour cache; nothing here sends to find out (RFC 1122 3.3.1.4).
 */
#include "table.h"

#include <errno.h>

bool pp_route_covers(const struct pp_addr *prefix, unsigned int plen, const struct pp_addr *a)
{
	return pp_addr_is4(prefix) == pp_addr_is4(a) && pp_addr_in_prefix(a, prefix, plen);
}

struct pp_addr pp_route_mask(const struct pp_addr *a, unsigned int plen)
{
	struct pp_addr m = *a;
	for (unsigned int bit = plen; bit < 128; bit++)
		m.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return m;
}

/* ---- the array ---- */

/* Whether a stands before b: prefix length, then what needs no gateway, then
 * preference. Different prefixes of one length never match the same address. */
static bool before(const struct pp_route *a, const struct pp_route *b)
{
	if (a->plen != b->plen)
		return a->plen > b->plen;
	if (a->onlink != b->onlink)
		return a->onlink;
	return a->preference < b->preference;
}

int pp_route_insert(struct pp_routes *r, const struct pp_route *route)
{
	if (r->routes == PP_ROUTE_MAX)
		return -ENOSPC;
	size_t at = r->routes;
	for (; at > 0 && before(route, &r->route[at - 1]); at--)
		r->route[at] = r->route[at - 1];
	r->route[at] = *route;
	r->routes++;
	return 0;
}

size_t pp_route_purge(struct pp_routes *r,
		      bool (*unwanted)(const struct pp_routes *r, const struct pp_route *route,
				       const void *arg),
		      const void *arg)
{
	size_t count = r->routes;
	for (size_t i = 0; i < r->routes;) {
		if (!unwanted(r, &r->route[i], arg)) {
			i++;
			continue;
		}
		size_t behind = r->routes - i - 1;
		memmove(&r->route[i], &r->route[i + 1], behind * sizeof(r->route[i]));
		r->routes--;
	}
	return count - r->routes;
}

const struct pp_route *pp_route_onlink_of(const struct pp_routes *r, const struct pp_addr *a,
					  const struct pp_link *link)
{
	for (size_t i = 0; i < r->routes; i++) {
		const struct pp_route *route = &r->route[i];
		if (route->onlink && pp_route_covers(&route->prefix, route->plen, a) &&
		    (!link || pp_link_eq(route->link, *link)))
			return route;
	}
	return NULL;
}

/* ---- routes through gateways ---- */

struct wanted {
	const struct pp_addr *prefix, *gateway;
	unsigned int plen;
};

static bool is_wanted(const struct pp_routes *r, const struct pp_route *route, const void *arg)
{
	const struct wanted *w = arg;
	(void)r;
	return !route->onlink && route->plen == w->plen && pp_addr_eq(&route->prefix, w->prefix) &&
	       (!w->gateway || pp_addr_eq(&route->gateway, w->gateway));
}

static bool exists(const struct pp_routes *r, const struct wanted *w)
{
	for (size_t i = 0; i < r->routes; i++)
		if (is_wanted(r, &r->route[i], w))
			return true;
	return false;
}

static bool prefix_ok(const struct pp_addr *prefix, unsigned int plen)
{
	if (plen > 128 || (pp_addr_is4(prefix) && plen < 96))
		return false;
	struct pp_addr masked = pp_route_mask(prefix, plen);
	return pp_addr_eq(&masked, prefix);
}

static bool gateway_ok(const struct pp_routes *r, const struct pp_addr *gateway)
{
	return pp_addr_is_unicast(gateway) && !pp_ifaddr_find(r, gateway) &&
	       !pp_ifaddr_is_broadcast(r, gateway);
}

int pp_route_add(struct pp_routes *r, const struct pp_addr *prefix, unsigned int plen,
		 const struct pp_addr *gateway, uint16_t preference)
{
	struct wanted w = {prefix, gateway, plen};
	if (!prefix_ok(prefix, plen) || pp_addr_is4(prefix) != pp_addr_is4(gateway) ||
	    !gateway_ok(r, gateway))
		return -EINVAL;
	const struct pp_route *via = pp_route_onlink_of(r, gateway, NULL);
	if (!via)
		return -ENETUNREACH;
	if (exists(r, &w))
		return -EEXIST;
	struct pp_route route = {
		.prefix = *prefix,
		.plen = (uint8_t)plen,
		.preference = preference,
		.gateway = *gateway,
		.link = via->link,
	};
	return pp_route_insert(r, &route);
}

int pp_route_del(struct pp_routes *r, const struct pp_addr *prefix, unsigned int plen,
		 const struct pp_addr *gateway)
{
	struct wanted w = {prefix, gateway, plen};
	return pp_route_purge(r, is_wanted, &w) > 0 ? 0 : -ENOENT;
}

size_t pp_route_count(const struct pp_routes *r)
{
	return r->routes;
}

const struct pp_route *pp_route_at(const struct pp_routes *r, size_t i)
{
	return i < r->routes ? &r->route[i] : NULL;
}

unsigned int pp_route_set_dead(struct pp_routes *r, struct pp_link link,
			       const struct pp_addr *gateway, bool dead)
{
	unsigned int changed = 0;
	for (size_t i = 0; i < r->routes; i++) {
		struct pp_route *route = &r->route[i];
		if (route->onlink || route->dead == dead || !pp_link_eq(route->link, link) ||
		    !pp_addr_eq(&route->gateway, gateway))
			continue;
		route->dead = dead;
		changed++;
	}
	return changed;
}

/* ---- source ---- */

static unsigned int common_bits(const struct pp_addr *a, const struct pp_addr *b)
{
	unsigned int bits = 0;
	while (bits < 128 && pp_addr_in_prefix(a, b, bits + 1))
		bits++;
	return bits;
}

static bool is_linklocal6(const struct pp_addr *a)
{
	return !pp_addr_is4(a) && pp_addr_is_linklocal(a);
}

/* An fe80:: address means nothing beyond its link (RFC 4291 2.5.6). */
static bool may_be_source(const struct pp_ifaddr *a, const struct pp_addr *dst)
{
	return a->state == PP_IFADDR_PREFERRED && pp_addr_is4(&a->addr) == pp_addr_is4(dst) &&
	       is_linklocal6(&a->addr) == is_linklocal6(dst);
}

/* Greater is better: prefix holds the next hop, scope of dst, bits shared with dst. */
static unsigned int source_score(const struct pp_ifaddr *a, const struct pp_addr *hop,
				 const struct pp_addr *dst)
{
	bool holds = pp_route_covers(&a->addr, a->plen, hop);
	bool scope = pp_addr_is_linklocal(&a->addr) == pp_addr_is_linklocal(dst);
	return (unsigned int)holds << 16 | (unsigned int)scope << 8 | common_bits(&a->addr, dst);
}

static const struct pp_ifaddr *best_source(const struct pp_routes *r, struct pp_link link,
					   const struct pp_addr *hop, const struct pp_addr *dst)
{
	const struct pp_ifaddr *best = NULL;
	unsigned int best_score = 0;
	for (size_t i = 0; i < r->addrs; i++) {
		const struct pp_ifaddr *a = &r->addr[i];
		if (!pp_link_eq(a->link, link) || !may_be_source(a, dst))
			continue;
		unsigned int score = source_score(a, hop, dst);
		if (best && score <= best_score)
			continue;
		best = a;
		best_score = score;
	}
	return best;
}

/* ---- lookup ---- */

static const struct pp_addr *hop_of(const struct pp_route *route, const struct pp_addr *dst)
{
	return route->onlink ? dst : &route->gateway;
}

/* The source on this route: the one asked for if it may be it, else the best. */
static const struct pp_ifaddr *source_on(const struct pp_routes *r, const struct pp_route *route,
					 const struct pp_addr *dst, const struct pp_addr *src)
{
	if (!src)
		return best_source(r, route->link, hop_of(route, dst), dst);
	const struct pp_ifaddr *a = pp_ifaddr_find(r, src);
	if (!a || !may_be_source(a, dst))
		return NULL;
	return is_linklocal6(src) && !pp_link_eq(a->link, route->link) ? NULL : a;
}

/* Smaller is better: a living gateway before a dead one, then the link that a
 * given source is on before the others (RFC 1122 3.3.4.2). */
static unsigned int rank_of(const struct pp_route *route, const struct pp_ifaddr *source)
{
	return (unsigned int)route->dead << 1 | !pp_link_eq(route->link, source->link);
}

static bool matches(const struct pp_route *route, const struct pp_addr *dst, int port)
{
	return (port < 0 || route->link.port == port) && (route->onlink || !is_linklocal6(dst)) &&
	       pp_route_covers(&route->prefix, route->plen, dst);
}

static int refuse_dst(const struct pp_routes *r, const struct pp_addr *dst)
{
	if (!pp_addr_is_unicast(dst))
		return -EINVAL;
	return pp_ifaddr_is_broadcast(r, dst) ? -EACCES : 0;
}

struct choice {
	const struct pp_route *route;
	const struct pp_ifaddr *source;
	unsigned int rank;
};

static void consider(const struct pp_routes *r, const struct pp_route *route,
		     const struct pp_addr *dst, const struct pp_addr *src, struct choice *best)
{
	const struct pp_ifaddr *source = source_on(r, route, dst, src);
	if (!source)
		return;
	unsigned int rank = rank_of(route, source);
	if (!best->route || rank < best->rank)
		*best = (struct choice){route, source, rank};
}

/* The best route among those of the longest prefix that matches. */
static int choose(const struct pp_routes *r, const struct pp_addr *dst, const struct pp_addr *src,
		  int port, struct choice *best)
{
	int longest = -1;
	for (size_t i = 0; i < r->routes; i++) {
		const struct pp_route *route = &r->route[i];
		if (!matches(route, dst, port))
			continue;
		if (longest >= 0 && route->plen != longest)
			break;
		longest = route->plen;
		consider(r, route, dst, src, best);
	}
	if (longest < 0)
		return -ENETUNREACH;
	return best->route ? 0 : -EADDRNOTAVAIL;
}

int pp_route_lookup(const struct pp_routes *r, const struct pp_addr *dst, const struct pp_addr *src,
		    int port, struct pp_nexthop *ret_hop)
{
	struct choice best = {0};
	int err = refuse_dst(r, dst);
	if (!err)
		err = choose(r, dst, src, port, &best);
	if (err)
		return err;
	*ret_hop = (struct pp_nexthop){
		.link = best.route->link,
		.hop = *hop_of(best.route, dst),
		.src = src ? *src : best.source->addr,
		.onlink = best.route->onlink,
	};
	return 0;
}

/* The first match is the longest, and on-link comes first among equals. */
bool pp_route_is_onlink(const struct pp_routes *r, const struct pp_addr *dst)
{
	for (size_t i = 0; i < r->routes; i++)
		if (pp_route_covers(&r->route[i].prefix, r->route[i].plen, dst))
			return r->route[i].onlink;
	return false;
}
