/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack: frames in, verdicts and frames out. Its fast half runs in the
 * workers on bursts and answers in place; its slow half, the host, runs in the
 * control thread: addresses, routes, neighbours, announcements, duplicate address
 * detection. Neither reads a clock or touches DPDK, so a simulation runs them too.
 */
#ifndef PMDPING_STACK_H
#define PMDPING_STACK_H

#include <pmdping/neigh.h>
#include <pmdping/probe.h>
#include <pmdping/proto.h>
#include <pmdping/route.h>

#define PP_PORT_MAX 32

/* ---- what workers see of the host ----------------------------------------------
 * An immutable snapshot, replaced as a whole. Writer: control thread, before
 * publication. Readers: workers, until their next quiescent point. */
struct pp_view;
void pp_view_free(struct pp_view *v);

/* ---- fast half ------------------------------------------------------------------ */

struct pp_pkt {
	uint8_t *data;
	uint32_t len;  /* in: as received; out: of the reply */
	uint32_t room; /* bytes that may be written from data */
	uint16_t port;
	bool answer;  /* out: transmit in place on the same port */
	uint8_t fate; /* out: enum pp_drop it was counted in */
};

struct pp_stack_ops {
	/* To the control thread; false when the ring is full. */
	bool (*event)(void *arg, const struct pp_event *e);
	/* To the worker that owns the sessions of all n; how many its ring had room for. */
	unsigned int (*receipts)(void *arg, const struct pp_receipt *r, unsigned int n);
	bool (*error)(void *arg, const struct pp_error_receipt *e);
};

/* One per worker. */
struct pp_stack {
	struct pp_sessions *sessions;
	struct pp_prober **probers; /* by owner number; NULL where another worker owns it */
	const struct pp_stack_ops *ops;
	void *arg;
	uint64_t drops[PP_DROP_COUNT]; /* writer: the worker; readers: control, relaxed */
	uint64_t delivered;	       /* frames that came in; the sum of drops */
	pp_ns stalled;		       /* end of the worker's last stall */
	uint64_t reply_counter;	       /* IPv4 identification of what we answer */
	uint8_t replied;	       /* owner whose probe was answered last */
};
/* Every packet of the burst, all of which arrived within rx. Sets .answer and .len,
 * and counts each in exactly one of drops. */
void pp_stack_receive(struct pp_stack *s, const struct pp_view *view, struct pp_pkt *pkts,
		      unsigned int n, struct pp_span rx);
/* An answer that the port did not take: moves it from its .fate to a counter of its own. */
void pp_stack_unsent(struct pp_stack *s, const struct pp_pkt *pkt);
/* A frame that did not get as far as pp_stack_receive. */
void pp_stack_drop(struct pp_stack *s, enum pp_drop why);

/* ---- slow half -------------------------------------------------------------------- */

struct pp_host_ops {
	/* Transmit a frame on a port; may be lost. */
	void (*send)(void *arg, uint16_t port, const uint8_t *frame, size_t len);
	/* A new snapshot: takes it over, frees the old one when no reader is left. */
	void (*publish)(void *arg, struct pp_view *view);
	/* Routes or addresses changed: sessions look up their next hop again. */
	void (*rerouted)(void *arg);
	/* Something an operator should read, rate-limited by the receiver. */
	void (*log)(void *arg, const char *text);
};
struct pp_host;
struct pp_host *pp_host_create(const struct pp_neigh_config *neigh, const struct pp_host_ops *ops,
			       void *arg, uint64_t seed);
void pp_host_free(struct pp_host *h);

/* A port with its MAC and MTU (IP packet bytes); before any address on it. 0,
 * -EINVAL. Again for a changed MTU. */
int pp_host_set_port(struct pp_host *h, uint16_t port, const struct pp_mac *mac, uint16_t mtu);
const struct pp_mac *pp_host_mac(const struct pp_host *h, uint16_t port);
uint16_t pp_host_mtu(const struct pp_host *h, uint16_t port);

/* As pp_ifaddr_add, then announces it (RFC 5227 2.3, RFC 4861 7.2.6), or with dad
 * first makes sure that nobody has it (RFC 5227 2.1, RFC 4862 5.4). `all`: so are all hosts
 * of the prefix, of which nobody is asked and told but of addr; addr may be the prefix
 * itself then, as in pp_ifaddr_first. */
int pp_host_addr_add(struct pp_host *h, const struct pp_addr *addr, unsigned int plen,
		     struct pp_link link, bool dad, bool all, pp_ns now);
int pp_host_addr_del(struct pp_host *h, const struct pp_addr *addr, pp_ns now);
int pp_host_route_add(struct pp_host *h, const struct pp_addr *prefix, unsigned int plen,
		      const struct pp_addr *gateway, uint16_t preference);
int pp_host_route_del(struct pp_host *h, const struct pp_addr *prefix, unsigned int plen,
		      const struct pp_addr *gateway);
void pp_host_respond(struct pp_host *h, bool on);
bool pp_host_responds(const struct pp_host *h);
/* For show, and for lookups. */
const struct pp_routes *pp_host_routes(const struct pp_host *h);
struct pp_neigh_cache *pp_host_neighbours(struct pp_host *h);

/* An event of kind HEARD from a worker. */
void pp_host_hear(struct pp_host *h, const struct pp_event *e, pp_ns now);
/* Timers; returns when to be called again. */
pp_ns pp_host_tick(struct pp_host *h, pp_ns now);
/* Addresses claimed by others while in use, seen so far. */
uint64_t pp_host_conflicts(const struct pp_host *h);

#endif
