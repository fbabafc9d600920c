/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of the neighbour cache: a binary heap of entries by due time, each
 * knowing its place, so that arming anew and disarming need no search.
 */
#include "cache.h"

static bool earlier(const struct pp_neigh_cache *c, uint32_t a, uint32_t b)
{
	return pp_ns_before(c->heap[a]->due, c->heap[b]->due);
}

static void put(struct pp_neigh_cache *c, uint32_t at, struct pp_neigh *n)
{
	c->heap[at] = n;
	n->heap_at = at;
}

static void swap(struct pp_neigh_cache *c, uint32_t a, uint32_t b)
{
	struct pp_neigh *n = c->heap[a];
	put(c, a, c->heap[b]);
	put(c, b, n);
}

static void sift_up(struct pp_neigh_cache *c, uint32_t at)
{
	for (; at > 1 && earlier(c, at, at / 2); at /= 2)
		swap(c, at, at / 2);
}

static void sift_down(struct pp_neigh_cache *c, uint32_t at)
{
	for (uint32_t child = 2 * at; child <= c->heap_len; child = 2 * at) {
		if (child < c->heap_len && earlier(c, child + 1, child))
			child++;
		if (!earlier(c, child, at))
			break;
		swap(c, at, child);
		at = child;
	}
}

void pp_neigh_arm(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns due)
{
	n->due = due;
	if (n->heap_at == 0)
		put(c, ++c->heap_len, n);
	sift_up(c, n->heap_at);
	sift_down(c, n->heap_at);
}

void pp_neigh_disarm(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	uint32_t at = n->heap_at;
	if (at == 0)
		return;
	struct pp_neigh *last = c->heap[c->heap_len--];
	n->heap_at = 0;
	if (last == n)
		return;
	put(c, at, last);
	sift_up(c, at);
	sift_down(c, last->heap_at);
}

struct pp_neigh *pp_neigh_earliest(const struct pp_neigh_cache *c)
{
	return c->heap_len > 0 ? c->heap[1] : NULL;
}
