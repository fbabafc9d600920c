/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interface addresses. Each prefix on a link has one on-link route, however many
 * of our addresses are in it; it goes with the last of them, and so do the routes
 * whose gateway it made reachable.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>

#define IP4_PLEN       96  /* 0.0.0.0/0 among the 128 bits */
#define IP4_PLEN_BCAST 126 /* /30: the longest prefix with a broadcast address */
#define ALL_PLEN4      104 /* the shortest prefixes of which all can be ours: /8, ... */
#define ALL_PLEN6      16

struct pp_routes *pp_routes_create(void)
{
	return calloc(1, sizeof(struct pp_routes));
}

void pp_routes_free(struct pp_routes *r)
{
	free(r);
}

/* All host bits one, or all zero: the second is the form of 4.2BSD, which RFC
 * 1122 3.3.6 wants recognized. */
static bool is_broadcast_of(const struct pp_addr *a, const struct pp_addr *prefix,
			    unsigned int plen)
{
	if (!pp_addr_is4(a) || plen > IP4_PLEN_BCAST || !pp_route_covers(prefix, plen, a))
		return false;
	uint32_t host = UINT32_MAX >> (plen - IP4_PLEN);
	uint32_t bits = pp_get_be32(a->b + 12) & host;
	return bits == 0 || bits == host;
}

static bool plen_ok(const struct pp_addr *a, unsigned int plen)
{
	return plen <= 128 && (!pp_addr_is4(a) || plen >= IP4_PLEN);
}

/* Its first and its last address, of one kind: unicast, of one family. */
static bool all_unicast(const struct pp_ifaddr *a)
{
	struct pp_addr first = pp_route_mask(&a->addr, a->plen), last = first;

	if (a->plen < (pp_addr_is4(&a->addr) ? ALL_PLEN4 : ALL_PLEN6))
		return false;
	first = pp_ifaddr_first(&first, a->plen);
	for (unsigned int bit = a->plen; bit < 128; bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return pp_addr_is_unicast(&first) && pp_addr_is_unicast(&last) &&
	       pp_addr_is4(&first) == pp_addr_is4(&last);
}

static int check(const struct pp_ifaddr *a)
{
	if (!pp_addr_is_unicast(&a->addr))
		return -EINVAL;
	if (!plen_ok(&a->addr, a->plen) || is_broadcast_of(&a->addr, &a->addr, a->plen))
		return -EINVAL;
	return a->all && !all_unicast(a) ? -EINVAL : 0;
}

/* Whether both make one address ours: on two links, nobody could say on which. */
static bool overlap(const struct pp_ifaddr *a, const struct pp_ifaddr *b)
{
	if (pp_addr_eq(&a->addr, &b->addr))
		return true;
	if (pp_link_eq(a->link, b->link))
		return false;
	return (a->all && pp_route_covers(&a->addr, a->plen, &b->addr)) ||
	       (b->all && pp_route_covers(&b->addr, b->plen, &a->addr));
}

static bool exists(const struct pp_routes *r, const struct pp_ifaddr *a)
{
	for (size_t i = 0; i < r->addrs; i++)
		if (overlap(&r->addr[i], a))
			return true;
	return false;
}

static bool makes(const struct pp_ifaddr *a, const struct pp_route *route)
{
	return a->plen == route->plen && pp_link_eq(a->link, route->link) &&
	       pp_route_covers(&route->prefix, route->plen, &a->addr);
}

static bool has_onlink(const struct pp_routes *r, const struct pp_ifaddr *a)
{
	for (size_t i = 0; i < r->routes; i++)
		if (r->route[i].onlink && makes(a, &r->route[i]))
			return true;
	return false;
}

static int add_onlink(struct pp_routes *r, const struct pp_ifaddr *a)
{
	struct pp_route route = {
		.prefix = pp_route_mask(&a->addr, a->plen),
		.plen = a->plen,
		.onlink = true,
		.link = a->link,
	};
	return has_onlink(r, a) ? 0 : pp_route_insert(r, &route);
}

int pp_ifaddr_add(struct pp_routes *r, const struct pp_ifaddr *a)
{
	int err = check(a);
	if (err)
		return err;
	if (exists(r, a))
		return -EEXIST;
	if (r->addrs == PP_IFADDR_MAX)
		return -ENOSPC;
	err = add_onlink(r, a);
	if (err)
		return err;
	r->addr[r->addrs++] = *a;
	return 0;
}

static bool onlink_without_addr(const struct pp_routes *r, const struct pp_route *route,
				const void *arg)
{
	(void)arg;
	for (size_t i = 0; i < r->addrs; i++)
		if (makes(&r->addr[i], route))
			return false;
	return route->onlink;
}

static bool gateway_without_link(const struct pp_routes *r, const struct pp_route *route,
				 const void *arg)
{
	(void)arg;
	return !route->onlink && !pp_route_onlink_of(r, &route->gateway, &route->link);
}

static struct pp_ifaddr *find(struct pp_routes *r, const struct pp_addr *addr)
{
	for (size_t i = 0; i < r->addrs; i++)
		if (pp_addr_eq(&r->addr[i].addr, addr))
			return &r->addr[i];
	return NULL;
}

int pp_ifaddr_del(struct pp_routes *r, const struct pp_addr *addr)
{
	struct pp_ifaddr *a = find(r, addr);
	if (!a)
		return -ENOENT;
	size_t behind = (size_t)(r->addr + r->addrs - (a + 1));
	memmove(a, a + 1, behind * sizeof(*a));
	r->addrs--;
	pp_route_purge(r, onlink_without_addr, NULL);
	pp_route_purge(r, gateway_without_link, NULL);
	return 0;
}

int pp_ifaddr_set_state(struct pp_routes *r, const struct pp_addr *addr, enum pp_ifaddr_state state)
{
	struct pp_ifaddr *a = find(r, addr);
	if (!a)
		return -ENOENT;
	a->state = state;
	return 0;
}

/* Neither the network nor the broadcast address; of IPv6 not the routers' anycast address. */
static bool is_host_of(const struct pp_addr *addr, const struct pp_ifaddr *a)
{
	if (!pp_route_covers(&a->addr, a->plen, addr) || is_broadcast_of(addr, &a->addr, a->plen))
		return false;
	struct pp_addr zeros = pp_route_mask(addr, a->plen);
	return a->plen > IP4_PLEN_BCAST || !pp_addr_eq(addr, &zeros);
}

const struct pp_ifaddr *pp_ifaddr_find(const struct pp_routes *r, const struct pp_addr *addr)
{
	for (size_t i = 0; i < r->addrs; i++)
		if (pp_addr_eq(&r->addr[i].addr, addr))
			return &r->addr[i];
	for (size_t i = 0; i < r->addrs; i++)
		if (r->addr[i].all && r->addr[i].state == PP_IFADDR_PREFERRED &&
		    is_host_of(addr, &r->addr[i]))
			return &r->addr[i];
	return NULL;
}

struct pp_addr pp_ifaddr_first(const struct pp_addr *addr, unsigned int plen)
{
	struct pp_addr zeros = pp_route_mask(addr, plen), first = *addr;

	if (plen <= IP4_PLEN_BCAST && pp_addr_eq(addr, &zeros))
		pp_addr_step(&first, 1);
	return first;
}

size_t pp_ifaddr_count(const struct pp_routes *r)
{
	return r->addrs;
}

const struct pp_ifaddr *pp_ifaddr_at(const struct pp_routes *r, size_t i)
{
	return i < r->addrs ? &r->addr[i] : NULL;
}

bool pp_ifaddr_is_broadcast(const struct pp_routes *r, const struct pp_addr *addr)
{
	for (size_t i = 0; i < r->addrs; i++)
		if (is_broadcast_of(addr, &r->addr[i].addr, r->addr[i].plen))
			return true;
	return false;
}
