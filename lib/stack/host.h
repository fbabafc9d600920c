/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host from the inside: what host.c, announce.c, gateway.c and solicit.c
 * share. Control thread only. Internal to lib/stack.
 */
#ifndef PMDPING_STACK_HOST_H
#define PMDPING_STACK_HOST_H

#include "view.h"

enum pp_claim_phase {
	PP_CLAIM_QUIET,	   /* nothing to do but to defend it */
	PP_CLAIM_PROBE,	   /* asking whether somebody has it */
	PP_CLAIM_WAIT,	   /* asked often enough, listening */
	PP_CLAIM_ANNOUNCE, /* ours: telling everybody */
};

/* Our claim to one interface address. */
struct pp_claim {
	bool used;
	uint8_t phase; /* enum pp_claim_phase */
	uint8_t left;  /* probes or announcements still to send */
	bool defended; /* at some time, which is: */
	pp_ns defence;
	pp_ns due; /* of the next step; PP_NS_NEVER: none */
	struct pp_addr addr;
	struct pp_link link;
};

/* Duplicate detection of IPv4 slows down where it keeps failing (RFC 5227 2.1.1). */
struct pp_claim_port {
	unsigned int conflicts; /* candidates lost since the last one won */
	pp_ns next;		/* when the next candidate may be tried if they are many */
};

struct pp_host {
	struct pp_routes *routes;
	struct pp_neigh_cache *neigh;
	struct pp_host_ops ops;
	void *arg;
	struct pp_prng rng;
	pp_ns now; /* of the call that is running, for callbacks */
	bool respond;
	bool stale;	     /* the published view is not what it should be: no memory */
	pp_ns gateway_retry; /* PP_NS_NEVER while no gateway is dead */
	uint64_t conflicts;
	struct pp_view_port ports[PP_PORT_MAX];
	struct pp_claim_port claim_ports[PP_PORT_MAX];
	struct pp_claim claims[PP_IFADDR_MAX];
};

/* ---- host.c ---- */

/* Addresses, their states or routes changed: new view, sessions look again. */
void pp_host_changed(struct pp_host *h);
PP_PRINTF(2, 3) void pp_host_log(struct pp_host *h, const char *format, ...);
#define PP_LINK_TEXT 32
/* "port 0", "port 0 vlan 12"; returns buf. */
const char *pp_link_text(struct pp_link link, char buf[PP_LINK_TEXT]);

/* ---- solicit.c: frames of our own ---- */

/* Asks for addr: of `mac`, or of everybody when NULL. Nothing without an address
 * of that family on the link. */
void pp_host_solicit(struct pp_host *h, struct pp_link link, const struct pp_addr *addr,
		     const struct pp_mac *mac);
/* Asks whether anybody has addr, without claiming it. */
void pp_host_probe(struct pp_host *h, struct pp_link link, const struct pp_addr *addr);
/* Tells everybody that addr is ours. */
void pp_host_announce(struct pp_host *h, struct pp_link link, const struct pp_addr *addr);

/* ---- announce.c: claims to addresses ---- */

/* There are as many claims as there can be addresses. */
void pp_claim_start(struct pp_host *h, const struct pp_ifaddr *a, pp_ns now);
void pp_claim_stop(struct pp_host *h, const struct pp_addr *addr);
pp_ns pp_claims_tick(struct pp_host *h, pp_ns now);
/* Somebody spoke. True when it was about an address of ours, and is no news for
 * the neighbour cache. */
bool pp_claims_hear(struct pp_host *h, const struct pp_neigh_heard *heard,
		    const struct pp_addr *target, pp_ns now);

/* ---- gateway.c: which gateways are alive ---- */

void pp_gateway_changed(struct pp_host *h, const struct pp_neigh *n);
/* Routes were added: through a gateway that is known to be dead, maybe. */
void pp_gateways_check(struct pp_host *h);
pp_ns pp_gateways_tick(struct pp_host *h, pp_ns now);

#endif
