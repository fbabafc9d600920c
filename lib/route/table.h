/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the routing table, shared by ifaddr.c (addresses and their on-link
 * routes) and route.c (gateways, lookup).
 */
#ifndef PMDPING_ROUTE_TABLE_H
#define PMDPING_ROUTE_TABLE_H

#include <pmdping/route.h>

struct pp_routes {
	size_t addrs, routes;		      /* how many are used */
	struct pp_ifaddr addr[PP_IFADDR_MAX]; /* as they were added */
	struct pp_route route[PP_ROUTE_MAX];  /* in order of lookup */
};

/* Whether `a` is in the prefix: of its family, and by its bits. */
bool pp_route_covers(const struct pp_addr *prefix, unsigned int plen, const struct pp_addr *a);
/* Host bits to zero. */
struct pp_addr pp_route_mask(const struct pp_addr *a, unsigned int plen);
/* Puts it behind its equals. 0 or -ENOSPC. */
int pp_route_insert(struct pp_routes *r, const struct pp_route *route);
/* Deletes the routes for which `unwanted` says so; returns how many. */
size_t pp_route_purge(struct pp_routes *r,
		      bool (*unwanted)(const struct pp_routes *r, const struct pp_route *route,
				       const void *arg),
		      const void *arg);
/* The on-link route that holds a gateway, on one link or (NULL) on any. */
const struct pp_route *pp_route_onlink_of(const struct pp_routes *r, const struct pp_addr *a,
					  const struct pp_link *link);

#endif
