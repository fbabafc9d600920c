/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one packet that may wait in an entry until its neighbour answers: the
 * newest (RFC 1122 2.3.2.2, RFC 4861 7.2.2). held = delivered + replaced + dropped
 * + waiting.
 */
#include "cache.h"

/* Empties the slot before a callback sees the frame. */
static size_t take_held(struct pp_neigh *n)
{
	size_t len = n->held;
	n->held = 0;
	return len;
}

void pp_neigh_hold(struct pp_neigh_cache *c, struct pp_neigh *n, const uint8_t *frame, size_t len)
{
	size_t old = take_held(n);
	if (old > 0) {
		c->stats.held_replaced++;
		c->ops.drop(c->arg, n->link, n->frame, old, false);
	}
	memcpy(n->frame, frame, len);
	n->held = len;
	c->stats.held++;
}

void pp_neigh_deliver(struct pp_neigh_cache *c, struct pp_neigh *n)
{
	size_t len = take_held(n);
	struct pp_mac mac = pp_neigh_mac(n);
	if (len > 0)
		c->ops.release(c->arg, n->link, &mac, n->frame, len);
}

void pp_neigh_drop_held(struct pp_neigh_cache *c, struct pp_neigh *n, bool failed)
{
	size_t len = take_held(n);
	if (len == 0)
		return;
	c->stats.held_dropped++;
	c->ops.drop(c->arg, n->link, n->frame, len, failed);
}
