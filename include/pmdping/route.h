/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine's own host configuration: interface addresses, routes, gateways with
 * preference, longest prefix, source selection. Both families in one table.
 * Control thread only; a measuring host has tens of routes, so a sorted array.
 */
#ifndef PMDPING_ROUTE_H
#define PMDPING_ROUTE_H

#include <pmdping/proto.h>

#define PP_IFADDR_MAX 256
#define PP_ROUTE_MAX  256

enum pp_ifaddr_state {
	PP_IFADDR_PREFERRED, /* in use */
	PP_IFADDR_TENTATIVE, /* duplicate address detection is running: not used */
	PP_IFADDR_DUPLICATE, /* somebody else has it: not used */
};

struct pp_ifaddr {
	struct pp_addr addr;
	uint8_t plen; /* 0..128; IPv4 /24 is 120 */
	struct pp_link link;
	enum pp_ifaddr_state state;
	bool all; /* while it is preferred, every host address of the prefix is ours */
};

struct pp_route {
	struct pp_addr prefix; /* host bits zero */
	uint8_t plen;	       /* 0..128; the IPv4 default route is 96 */
	bool onlink;	       /* made by an address: no gateway */
	bool dead; /* its gateway does not answer ARP or ND: others are preferred (RFC 1122 3.3.1.5)
		    */
	uint16_t preference; /* lower wins among equal prefixes */
	struct pp_addr gateway;
	struct pp_link link;
};

struct pp_routes;

struct pp_routes *pp_routes_create(void);
void pp_routes_free(struct pp_routes *r);

/* Adds an address and its on-link route. 0, -EEXIST (the address is there on any
 * link, or is one of those that another link has all of), -EINVAL (not unicast; network
 * or broadcast address of its own prefix for IPv4 with a prefix of /30 or shorter; all of
 * a prefix with others than unicast addresses in it), -ENOSPC. */
int pp_ifaddr_add(struct pp_routes *r, const struct pp_ifaddr *a);
/* Deletes it, its on-link route, and the routes whose gateway is no longer
 * on-link. 0 or -ENOENT. */
int pp_ifaddr_del(struct pp_routes *r, const struct pp_addr *addr);
int pp_ifaddr_set_state(struct pp_routes *r, const struct pp_addr *addr,
			enum pp_ifaddr_state state);
/* What makes it ours: an entry for it alone, in whatever state, else one in use for all of
 * its prefix, whose addr is another. NULL when we do not have it. The pointer holds until the
 * next change. */
const struct pp_ifaddr *pp_ifaddr_find(const struct pp_routes *r, const struct pp_addr *addr);
size_t pp_ifaddr_count(const struct pp_routes *r);
const struct pp_ifaddr *pp_ifaddr_at(const struct pp_routes *r, size_t i);
/* Of all addresses of a prefix, the one that is announced: addr, or the first host's where
 * addr is the prefix itself ("198.18.1.0/24"). */
struct pp_addr pp_ifaddr_first(const struct pp_addr *addr, unsigned int plen);
/* IPv4 subnet broadcast (all ones, or all zeros: both forms of RFC 1122 3.3.6)
 * of one of our prefixes of /30 or shorter. */
bool pp_ifaddr_is_broadcast(const struct pp_routes *r, const struct pp_addr *addr);

/* The gateway must be on-link and not ours. 0, -EEXIST (same prefix, gateway),
 * -ENETUNREACH (gateway not on-link), -EINVAL (host bits set, mixed families,
 * gateway is ours), -ENOSPC. */
int pp_route_add(struct pp_routes *r, const struct pp_addr *prefix, unsigned int plen,
		 const struct pp_addr *gateway, uint16_t preference);
/* gateway NULL: all of that prefix. Never deletes on-link routes. 0 or -ENOENT. */
int pp_route_del(struct pp_routes *r, const struct pp_addr *prefix, unsigned int plen,
		 const struct pp_addr *gateway);
size_t pp_route_count(const struct pp_routes *r);
/* In order of lookup: longest prefix first, then preference. */
const struct pp_route *pp_route_at(const struct pp_routes *r, size_t i);
/* Marks every route through this gateway. Returns how many changed. */
unsigned int pp_route_set_dead(struct pp_routes *r, struct pp_link link,
			       const struct pp_addr *gateway, bool dead);

/* Where a packet to `dst` goes. */
struct pp_nexthop {
	struct pp_link link;
	struct pp_addr hop; /* to be resolved: dst itself when on-link */
	struct pp_addr src;
	bool onlink;
};
/* `src` NULL: chosen (RFC 6724 in what applies to a host with few addresses: the
 * link's address whose prefix holds the next hop, same scope first, longest match with
 * dst). `port` < 0: any, else only routes of that port. 0; -ENETUNREACH: no route;
 * -EADDRNOTAVAIL: no usable source address, or `src` is not ours; -EINVAL: dst is
 * multicast, any, or loopback; -EACCES: subnet broadcast. */
int pp_route_lookup(const struct pp_routes *r, const struct pp_addr *dst, const struct pp_addr *src,
		    int port, struct pp_nexthop *ret_hop);
/* Whether dst is in a prefix of one of our links (and not through a gateway). */
bool pp_route_is_onlink(const struct pp_routes *r, const struct pp_addr *dst);

#endif
