/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the neighbour cache, shared by its files: table.c (who is in it), timers.c
 * (what is due next), machine.c (states), hop.c (the word that workers read),
 * hold.c (packets that wait), cache.c (the rest of the contract).
 * Everything is allocated when the cache is created; nothing afterwards.
 */
#ifndef PMDPING_NEIGH_CACHE_H
#define PMDPING_NEIGH_CACHE_H

#include <pmdping/neigh.h>

#define PP_NEIGH_CAPACITY_MAX 65536
#define PP_NEIGH_HOLD_MAX     1518

/* Doubly linked ring; an element that is in none points at itself. */
struct pp_ring {
	struct pp_ring *prev, *next;
};

/* What ops->changed was last told, so that a neighbour that stays dead is
 * reported once and not after every round of tries. */
enum pp_neigh_told {
	PP_NEIGH_TOLD_NOTHING,
	PP_NEIGH_TOLD_UP,
	PP_NEIGH_TOLD_LOST, /* forgotten on demand, being asked for again */
	PP_NEIGH_TOLD_DOWN,
};

struct pp_neigh {
	struct pp_ring ring;	/* idle or evictable; alone when pinned or static */
	struct pp_neigh *chain; /* next in the hash bucket */
	struct pp_hop *hop;	/* apart from the rest, which workers never touch */
	uint8_t *frame;		/* PP_NEIGH_HOLD_MAX bytes of its own */
	size_t held;		/* bytes that wait in `frame`; 0: none */
	struct pp_addr addr;
	struct pp_link link;
	enum pp_neigh_state state;
	enum pp_neigh_told told;
	bool live;	   /* else idle, and remembered for `quiet` alone */
	bool hashed;	   /* in a bucket, live or not */
	unsigned int pins; /* acquired and not released */
	unsigned int asks; /* requests sent in this round of INCOMPLETE or PROBE */
	uint32_t heap_at;  /* place among the timers, from 1; 0: none */
	pp_ns due;	   /* of the timer */
	pp_ns quiet;	   /* no request before this time */
	pp_ns mute;	   /* no report of a refused change before this time */
	pp_ns confirmed;   /* PP_NS_NEVER: never */
};

struct pp_neigh_cache {
	struct pp_neigh_config config;
	struct pp_neigh_ops ops;
	void *arg;
	struct pp_neigh_stats stats;
	uint32_t count;	     /* live entries */
	uint32_t buckets;    /* a power of two */
	uint32_t heap_len;   /* armed timers */
	pp_ns quiet;	     /* the latest `quiet` of any address that was forgotten for room */
	struct pp_ring idle; /* not live, longest idle first */
	struct pp_ring evictable; /* live, neither pinned nor static, least recently used first */
	struct pp_neigh *entries;
	struct pp_hop *hops;
	struct pp_neigh **bucket;
	struct pp_neigh **heap; /* [1..heap_len], earliest first */
	uint8_t *frames;
};

/* A time `d` after `t`, which may be never. */
static inline pp_ns pp_neigh_after(pp_ns t, pp_ns d)
{
	return t.v > 0 && d.v > INT64_MAX - t.v ? PP_NS_NEVER : pp_ns_add(t, d);
}

static inline uint64_t pp_neigh_word(const struct pp_neigh *n)
{
	return atomic_load_explicit(&n->hop->word, memory_order_relaxed);
}

static inline bool pp_neigh_resolved(const struct pp_neigh *n)
{
	return pp_hop_usable(pp_neigh_word(n));
}

static inline struct pp_mac pp_neigh_mac(const struct pp_neigh *n)
{
	return pp_hop_mac(pp_neigh_word(n));
}

/* ---- table.c ---- */

/* The live entry, or NULL. */
struct pp_neigh *pp_neigh_find(const struct pp_neigh_cache *c, struct pp_link link,
			       const struct pp_addr *addr);
/* A fresh live entry for an address that has none, INCOMPLETE, without a timer,
 * evictable. Evicts when full; NULL (counted) when nobody may go. */
struct pp_neigh *pp_neigh_take(struct pp_neigh_cache *c, struct pp_link link,
			       const struct pp_addr *addr);
/* Makes it idle; the held packet is dropped as not failed. */
void pp_neigh_forget(struct pp_neigh_cache *c, struct pp_neigh *n);
/* Puts it where its pins and state say, as the most recently used. */
void pp_neigh_place(struct pp_neigh_cache *c, struct pp_neigh *n);

/* ---- hop.c ---- */

/* Usable with this MAC; failures are kept, also by the next one. */
void pp_neigh_set_mac(struct pp_neigh *n, const struct pp_mac *mac);
void pp_neigh_clear_mac(struct pp_neigh *n);
/* One failure more, and no MAC. */
void pp_neigh_count_failure(struct pp_neigh *n);

/* ---- timers.c ---- */

void pp_neigh_arm(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns due);
void pp_neigh_disarm(struct pp_neigh_cache *c, struct pp_neigh *n);
/* The entry whose timer is next, or NULL. */
struct pp_neigh *pp_neigh_earliest(const struct pp_neigh_cache *c);

/* ---- hold.c ---- */

/* Keeps a copy, in place of what was held before. */
void pp_neigh_hold(struct pp_neigh_cache *c, struct pp_neigh *n, const uint8_t *frame, size_t len);
/* Sends what is held, if anything, to the entry's MAC. */
void pp_neigh_deliver(struct pp_neigh_cache *c, struct pp_neigh *n);
void pp_neigh_drop_held(struct pp_neigh_cache *c, struct pp_neigh *n, bool failed);

/* ---- machine.c ---- */

/* Asks for an entry that has no MAC, as soon as its quiet time allows. */
void pp_neigh_start(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
/* Somebody will send to it: a stale one is checked, a failed one asked for. */
void pp_neigh_use(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
/* Forgets what is known of an entry that stays, and asks. */
void pp_neigh_restart(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now);
void pp_neigh_make_static(struct pp_neigh_cache *c, struct pp_neigh *n, const struct pp_mac *mac);

#endif
