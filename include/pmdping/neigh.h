/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour cache: ARP and neighbour discovery as one state machine (RFC 826,
 * RFC 1122 2.3.2, RFC 4861 7.2 and 7.3). Control thread only, except the hop word,
 * which workers read. Sends nothing itself: it asks through callbacks.
 */
#ifndef PMDPING_NEIGH_H
#define PMDPING_NEIGH_H

#include <pmdping/proto.h>
#include <stdatomic.h>

/* What workers see of a neighbour: one 64-bit word, so that it is read whole.
 * Bits 0..47 the MAC (first byte lowest), bit 48 set when it may be used, bits
 * 49..63 count failed resolutions, so that a worker that waits sees a failure.
 * Writer: control thread. Readers: workers, relaxed. */
struct pp_hop {
	_Atomic uint64_t word;
};
static inline bool pp_hop_usable(uint64_t word)
{
	return word >> 48 & 1;
}
static inline unsigned int pp_hop_failures(uint64_t word)
{
	return (unsigned int)(word >> 49);
}
static inline struct pp_mac pp_hop_mac(uint64_t word)
{
	const uint64_t bytes = PP_BE64(__builtin_bswap64(word)); /* lowest first */
	struct pp_mac m;

	memcpy(m.b, &bytes, sizeof(m.b));
	return m;
}

enum pp_neigh_state {
	PP_NEIGH_INCOMPLETE, /* asked, no answer yet; may hold one packet */
	PP_NEIGH_REACHABLE,
	PP_NEIGH_STALE,
	PP_NEIGH_DELAY,
	PP_NEIGH_PROBE,	 /* unicast requests */
	PP_NEIGH_FAILED, /* three tries without answer; tried again while in use */
	PP_NEIGH_STATIC,
};
const char *pp_neigh_state_name(enum pp_neigh_state s);

struct pp_neigh; /* one entry */
struct pp_neigh_cache;

struct pp_neigh_config {
	uint32_t capacity;  /* entries over all links; 1..65536, default 1024 */
	pp_ns reachable;    /* 30 s (RFC 4861 10) */
	pp_ns delay;	    /* 5 s */
	pp_ns retrans;	    /* 1 s: at most one request per address in this time */
	unsigned int tries; /* 3 multicast, then 3 unicast when probing */
	pp_ns gc;	    /* unused stale or failed entries older than this go; 10 min */
	pp_ns holddown;	    /* between two reports of an unasked change of one entry; 60 s */
	bool trust_all;	    /* obey changes that nobody asked for (RFC 826, ARP-05, ARP-24) */
};
/* The defaults above. */
struct pp_neigh_config pp_neigh_defaults(void);

/* Each is called when the entry is whole again, and may call acquire, release and
 * send; never del, flush or free. */
struct pp_neigh_ops {
	/* Send a request for addr: to `mac` (unicast) or, when NULL, to all. */
	void (*solicit)(void *arg, struct pp_link link, const struct pp_addr *addr,
			const struct pp_mac *mac);
	/* Resolution succeeded: the held packet goes out to mac. `frame` has a zero
	 * destination MAC to be filled in, and belongs to the callee for the call. */
	void (*release)(void *arg, struct pp_link link, const struct pp_mac *mac, uint8_t *frame,
			size_t len);
	/* The held packet was given up: replaced by a newer one, or unresolved. */
	void (*drop)(void *arg, struct pp_link link, const uint8_t *frame, size_t len, bool failed);
	/* Entry became usable, unusable or moved; for gateways and the log. A neighbour
	 * that stays dead is reported once. Entries that are evicted or collected are
	 * not reported: nobody uses them. May be NULL. */
	void (*changed)(void *arg, const struct pp_neigh *n);
	/* Unasked change refused: old and new MAC differ. Held down. May be NULL. */
	void (*conflict)(void *arg, const struct pp_neigh *n, const struct pp_mac *claimed);
};

/* Counted for `show neigh` and the tests; monotonic. */
struct pp_neigh_stats {
	uint64_t requests, learned, moved, refused_moves, failed, evicted, table_full, held,
		held_replaced, held_dropped;
};

/* NULL without memory, or when capacity, retrans or tries is out of range. */
struct pp_neigh_cache *pp_neigh_create(const struct pp_neigh_config *config,
				       const struct pp_neigh_ops *ops, void *arg);
void pp_neigh_free(struct pp_neigh_cache *c);
void pp_neigh_trust_all(struct pp_neigh_cache *c, bool on);

/* A neighbour that spoke: an ARP packet or an ND message that passed the checks. */
struct pp_neigh_heard {
	struct pp_link link;
	struct pp_addr addr; /* sender protocol address; NA: the target */
	struct pp_mac mac;
	bool has_mac;	/* NA without target link-layer option has none */
	bool reply;	/* ARP reply or NA; else a request or NS */
	bool for_us;	/* a request whose target is ours (ARP-04), an NS for us (ND-05) */
	bool solicited; /* ND S flag; ARP replies sent to us by unicast count as solicited */
	bool override;	/* ND O flag; ARP: true */
	bool onlink;	/* sender is in a prefix of that link: others are not cached (D-5) */
};
void pp_neigh_hear(struct pp_neigh_cache *c, const struct pp_neigh_heard *h, pp_ns now);

/* Entry for a next hop that somebody will send to; creates it INCOMPLETE and
 * solicits. Pinned entries are never evicted and are kept resolved. NULL when the
 * table is full of entries that may not go. Each acquire needs a release. */
struct pp_neigh *pp_neigh_acquire(struct pp_neigh_cache *c, struct pp_link link,
				  const struct pp_addr *addr, pp_ns now);
void pp_neigh_release(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
/* The word that workers read. Its memory lives as long as the cache. */
const struct pp_hop *pp_neigh_hop(const struct pp_neigh *n);
/* Upper-layer advice (RFC 4861 7.3.1): an answer came through this neighbour. */
void pp_neigh_confirm(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
/* Sends a packet that has no session: now if resolved (by ops->release), else held
 * (one per neighbour, the newest, at most 1518 bytes) until the answer. 0,
 * -ENOSPC table full, -EMSGSIZE. */
int pp_neigh_send(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		  const uint8_t *frame, size_t len, pp_ns now);

/* Static entry, or turns one static. 0, -EINVAL (not unicast), -ENOSPC. */
int pp_neigh_add(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		 const struct pp_mac *mac, pp_ns now);
/* Forgets an entry; a pinned one goes back to INCOMPLETE. 0 or -ENOENT. */
int pp_neigh_del(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		 pp_ns now);
/* Forgets all that are not static, on one port or (port < 0) on all. How many. */
unsigned int pp_neigh_flush(struct pp_neigh_cache *c, int port, pp_ns now);

/* Runs the timers; call when `now` reaches the last returned time, or earlier, and
 * after other calls here, which may have set an earlier time.
 * Returns when it wants to be called again, PP_NS_NEVER for never. */
pp_ns pp_neigh_tick(struct pp_neigh_cache *c, pp_ns now);

/* A copy for show. */
struct pp_neigh_info {
	struct pp_link link;
	struct pp_addr addr;
	struct pp_mac mac;
	enum pp_neigh_state state;
	pp_ns age;	   /* since last confirmed; PP_NS_NEVER: never */
	unsigned int pins; /* sessions and routes that use it */
	bool holding;	   /* a packet waits */
	bool failed;	   /* its last round of requests had no answer; may be asked again now */
};
void pp_neigh_info(const struct pp_neigh *n, pp_ns now, struct pp_neigh_info *ret_info);
/* Entries in unspecified order; NULL ends. */
const struct pp_neigh *pp_neigh_next(const struct pp_neigh_cache *c, const struct pp_neigh *after);
const struct pp_neigh_stats *pp_neigh_stats(const struct pp_neigh_cache *c);
uint32_t pp_neigh_count(const struct pp_neigh_cache *c);

#endif
