/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread asks of the neighbour cache: pins, packets without a
 * session, entries by hand, and what `show neigh` prints. States are in machine.c.
 */
#include "cache.h"

#include <assert.h>
#include <errno.h>

void pp_neigh_trust_all(struct pp_neigh_cache *c, bool on)
{
	c->config.trust_all = on;
}

struct pp_neigh *pp_neigh_acquire(struct pp_neigh_cache *c, struct pp_link link,
				  const struct pp_addr *addr, pp_ns now)
{
	struct pp_neigh *known = pp_neigh_find(c, link, addr);
	struct pp_neigh *n = known ? known : pp_neigh_take(c, link, addr);
	if (!n)
		return NULL;
	n->pins++;
	pp_neigh_use(c, n, now);
	if (!known)
		pp_neigh_start(c, n, now);
	return n;
}

void pp_neigh_release(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	assert(n->pins > 0);
	(void)now;
	n->pins--;
	pp_neigh_place(c, n);
}

const struct pp_hop *pp_neigh_hop(const struct pp_neigh *n)
{
	return n->hop;
}

int pp_neigh_send(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		  const uint8_t *frame, size_t len, pp_ns now)
{
	assert(len >= PP_ETH_HLEN);
	if (len > PP_NEIGH_HOLD_MAX)
		return -EMSGSIZE;
	/* Pinned meanwhile: nothing that a callback does may take it away. */
	struct pp_neigh *n = pp_neigh_acquire(c, link, addr, now);
	if (!n)
		return -ENOSPC;
	if (pp_neigh_resolved(n)) {
		memcpy(n->frame, frame, len);
		struct pp_mac mac = pp_neigh_mac(n);
		c->ops.release(c->arg, n->link, &mac, n->frame, len);
	} else {
		pp_neigh_hold(c, n, frame, len);
	}
	pp_neigh_release(c, n, now);
	return 0;
}

int pp_neigh_add(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		 const struct pp_mac *mac, pp_ns now)
{
	if (!pp_addr_is_unicast(addr) || !pp_mac_is_unicast(mac))
		return -EINVAL;
	struct pp_neigh *n = pp_neigh_find(c, link, addr);
	if (!n)
		n = pp_neigh_take(c, link, addr);
	if (!n)
		return -ENOSPC;
	(void)now;
	pp_neigh_make_static(c, n, mac);
	return 0;
}

static void drop_entry(struct pp_neigh_cache *c, struct pp_neigh *n, pp_ns now)
{
	if (n->pins > 0)
		pp_neigh_restart(c, n, now);
	else
		pp_neigh_forget(c, n);
}

int pp_neigh_del(struct pp_neigh_cache *c, struct pp_link link, const struct pp_addr *addr,
		 pp_ns now)
{
	struct pp_neigh *n = pp_neigh_find(c, link, addr);
	if (!n)
		return -ENOENT;
	drop_entry(c, n, now);
	return 0;
}

unsigned int pp_neigh_flush(struct pp_neigh_cache *c, int port, pp_ns now)
{
	unsigned int flushed = 0;
	for (uint32_t i = 0; i < c->config.capacity; i++) {
		struct pp_neigh *n = &c->entries[i];
		if (!n->live || n->state == PP_NEIGH_STATIC || (port >= 0 && n->link.port != port))
			continue;
		drop_entry(c, n, now);
		flushed++;
	}
	return flushed;
}

void pp_neigh_info(const struct pp_neigh *n, pp_ns now, struct pp_neigh_info *ret_info)
{
	bool never = n->confirmed.v == PP_NS_NEVER.v;
	*ret_info = (struct pp_neigh_info){
		.link = n->link,
		.addr = n->addr,
		.mac = pp_neigh_mac(n),
		.state = n->state,
		.age = never ? PP_NS_NEVER : pp_ns_sub(now, n->confirmed),
		.pins = n->pins,
		.holding = n->held > 0,
		.failed = n->told == PP_NEIGH_TOLD_DOWN,
	};
}

const struct pp_neigh *pp_neigh_next(const struct pp_neigh_cache *c, const struct pp_neigh *after)
{
	const struct pp_neigh *end = c->entries + c->config.capacity;
	for (const struct pp_neigh *n = after ? after + 1 : c->entries; n < end; n++)
		if (n->live)
			return n;
	return NULL;
}

const struct pp_neigh_stats *pp_neigh_stats(const struct pp_neigh_cache *c)
{
	return &c->stats;
}

uint32_t pp_neigh_count(const struct pp_neigh_cache *c)
{
	return c->count;
}
