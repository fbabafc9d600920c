/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is in the neighbour cache: a bounded table, hashed by link and address. An
 * entry that goes stays hashed while idle, so that its address is not asked for
 * twice within a second when it comes back; if its memory is needed before that,
 * the cache keeps the latest such time, and strangers wait until then. So the
 * limit of one request per address and second holds without unbounded memory.
 */
#include "cache.h"

#include <assert.h>
#include <stdlib.h>

/* ---- rings ---- */

static void ring_init(struct pp_ring *r)
{
	r->prev = r->next = r;
}

static void ring_remove(struct pp_ring *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	ring_init(r);
}

static void ring_append(struct pp_ring *head, struct pp_ring *r)
{
	r->prev = head->prev;
	r->next = head;
	head->prev->next = r;
	head->prev = r;
}

static struct pp_neigh *ring_first(struct pp_ring *head)
{
	static_assert(offsetof(struct pp_neigh, ring) == 0, "an entry starts with its ring");
	return head->next == head ? NULL : (struct pp_neigh *)head->next;
}

/* ---- hash ---- */

/* The cache's own address is the seed: collisions cannot be prepared from afar. */
static struct pp_neigh **bucket_of(const struct pp_neigh_cache *c, struct pp_link link,
				   const struct pp_addr *addr)
{
	uint64_t h = (uint64_t)(uintptr_t)c ^ ((uint64_t)link.port << 16 | link.vlan);
	for (unsigned int i = 0; i < PP_ARRAY_LEN(addr->w); i++) {
		h = (h ^ addr->w[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xd6e8feb86659fd93);
	return &c->bucket[(h >> 32) & (c->buckets - 1)];
}

static struct pp_neigh *lookup(const struct pp_neigh_cache *c, struct pp_link link,
			       const struct pp_addr *addr)
{
	struct pp_neigh *n = *bucket_of(c, link, addr);
	while (n && !(pp_link_eq(n->link, link) && pp_addr_eq(&n->addr, addr)))
		n = n->chain;
	return n;
}

static void hash_in(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	struct pp_neigh **at = bucket_of(c, n->link, &n->addr);
	n->chain = *at;
	*at = n;
	n->hashed = true;
}

static void hash_out(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	struct pp_neigh **at = bucket_of(c, n->link, &n->addr);
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	n->hashed = false;
}

/* ---- entries ---- */

void pp_neigh_place(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	ring_remove(&n->ring);
	if (n->pins == 0 && n->state != PP_NEIGH_STATIC)
		ring_append(&c->evictable, &n->ring);
}

void pp_neigh_forget(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	pp_neigh_drop_held(c, n, false);
	pp_neigh_disarm(c, n);
	pp_neigh_clear_mac(n);
	n->live = false;
	ring_remove(&n->ring);
	ring_append(&c->idle, &n->ring);
	c->count--;
}

struct pp_neigh *pp_neigh_find(const struct pp_neigh_cache *c, struct pp_link link,
			       const struct pp_addr *addr)
{
	struct pp_neigh *n = lookup(c, link, addr);
	return n && n->live ? n : NULL;
}

static void evict(struct pp_neigh_cache *c)
{
	struct pp_neigh *victim = ring_first(&c->evictable);
	if (!victim)
		return;
	c->stats.evicted++;
	pp_neigh_forget(c, victim);
}

/* Gives the entry that has been idle longest to another address. */
static struct pp_neigh *recycle(struct pp_neigh_cache *c, struct pp_link link,
				const struct pp_addr *addr)
{
	if (!ring_first(&c->idle))
		evict(c);
	struct pp_neigh *n = ring_first(&c->idle);
	if (!n)
		return NULL;
	if (n->hashed)
		hash_out(c, n);
	if (pp_ns_before(c->quiet, n->quiet))
		c->quiet = n->quiet;
	n->quiet = c->quiet;
	n->link = link;
	n->addr = *addr;
	hash_in(c, n);
	return n;
}

struct pp_neigh *pp_neigh_take(struct pp_neigh_cache *c, struct pp_link link,
			       const struct pp_addr *addr)
{
	struct pp_neigh *n = lookup(c, link, addr);
	if (!n)
		n = recycle(c, link, addr);
	if (!n) {
		c->stats.table_full++;
		return NULL;
	}
	n->live = true;
	n->state = PP_NEIGH_INCOMPLETE;
	n->told = PP_NEIGH_TOLD_NOTHING;
	n->asks = 0;
	n->mute = PP_NS(INT64_MIN);
	n->confirmed = PP_NS_NEVER;
	pp_neigh_place(c, n);
	c->count++;
	return n;
}

/* ---- the cache ---- */

struct pp_neigh_config pp_neigh_defaults(void)
{
	return (struct pp_neigh_config){
		.capacity = 1024,
		.reachable = PP_SEC(30),
		.delay = PP_SEC(5),
		.retrans = PP_SEC(1),
		.tries = 3,
		.gc = PP_SEC(600),
		.holddown = PP_SEC(60),
	};
}

static bool config_ok(const struct pp_neigh_config *f)
{
	return f->capacity >= 1 && f->capacity <= PP_NEIGH_CAPACITY_MAX && f->tries >= 1 &&
	       f->retrans.v > 0 && f->reachable.v >= 0 && f->delay.v >= 0 && f->gc.v >= 0 &&
	       f->holddown.v >= 0;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t p = 1;
	while (p < at_least)
		p *= 2;
	return p;
}

static bool allocate(struct pp_neigh_cache *c)
{
	size_t n = c->config.capacity;
	size_t hops = (n * sizeof(*c->hops) + PP_CACHE_LINE - 1) / PP_CACHE_LINE * PP_CACHE_LINE;
	c->buckets = power_of_two(c->config.capacity);
	c->entries = calloc(n, sizeof(*c->entries));
	c->hops = aligned_alloc(PP_CACHE_LINE, hops);
	c->bucket = calloc(c->buckets, sizeof(*c->bucket));
	c->heap = calloc(n + 1, sizeof(*c->heap));
	c->frames = calloc(n, PP_NEIGH_HOLD_MAX);
	return c->entries && c->hops && c->bucket && c->heap && c->frames;
}

static void make_idle(struct pp_neigh_cache *c, uint32_t i)
{
	struct pp_neigh *n = &c->entries[i];
	n->hop = &c->hops[i];
	atomic_init(&n->hop->word, 0);
	n->frame = c->frames + (size_t)i * PP_NEIGH_HOLD_MAX;
	n->quiet = PP_NS(INT64_MIN);
	ring_append(&c->idle, &n->ring);
}

struct pp_neigh_cache *pp_neigh_create(const struct pp_neigh_config *config,
				       const struct pp_neigh_ops *ops, void *arg)
{
	struct pp_neigh_cache *c = config_ok(config) ? calloc(1, sizeof(*c)) : NULL;
	if (!c)
		return NULL;
	c->config = *config;
	c->ops = *ops;
	c->arg = arg;
	c->quiet = PP_NS(INT64_MIN);
	ring_init(&c->idle);
	ring_init(&c->evictable);
	if (!allocate(c)) {
		pp_neigh_free(c);
		return NULL;
	}
	for (uint32_t i = 0; i < c->config.capacity; i++)
		make_idle(c, i);
	return c;
}

void pp_neigh_free(struct pp_neigh_cache *c)
{
	if (!c)
		return;
	free(c->entries);
	free(c->hops);
	free(c->bucket);
	free(c->heap);
	free(c->frames);
	free(c);
}
