/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The snapshot of the host that workers read: ports, and whose address a packet
 * was sent to. Built by the control thread from the routes, immutable afterwards;
 * every question a worker asks is one probe of an open-addressing hash, and a look at the
 * few prefixes of which all addresses are ours, where there are any. Internal
 * to lib/stack.
 */
#ifndef PMDPING_STACK_VIEW_H
#define PMDPING_STACK_VIEW_H

#include <pmdping/route.h>
#include <pmdping/stack.h>

/* What a destination address is to us, on the link it came in by (the strong host
 * model of RFC 1122 3.3.4.2: an address of another link is OTHER). */
enum pp_view_dst {
	PP_DST_OTHER,	     /* somebody else's, or ours but found to be a duplicate */
	PP_DST_OURS,	     /* a preferred address of ours */
	PP_DST_TENTATIVE,    /* ours if duplicate address detection finds nobody: no answers */
	PP_DST_GROUP_JOINED, /* ff02::1, or the solicited-node group of an address of ours */
	PP_DST_BROADCAST,    /* 255.255.255.255, or subnet broadcast of that link, both forms */
	PP_DST_GROUP,	     /* any other multicast group */
};

struct pp_view_port {
	struct pp_mac mac;
	uint16_t mtu; /* IP packet bytes */
	bool present;
};

struct pp_view_entry {
	struct pp_addr addr;
	struct pp_link link;
	bool used;
	uint8_t dst; /* enum pp_view_dst */
};

struct pp_view_prefix {
	struct pp_addr addr;
	struct pp_link link;
	uint8_t plen;
};

/* Addresses without an entry of their own: all hosts of a prefix are ours, or their
 * solicited-node groups are joined. */
struct pp_view_range {
	struct pp_addr addr, mask;
	struct pp_link link;
	uint8_t dst; /* enum pp_view_dst */
};

/* Many more than there are addresses. */
#define PP_VIEW_TAKEN	   8192
#define PP_VIEW_TAKEN_UNIT (UINT64_C(1) << 51) /* 2^64 / PP_VIEW_TAKEN */

struct pp_view {
	struct pp_view_port ports[PP_PORT_MAX];
	bool respond;			    /* answer echo requests */
	uint8_t shift;			    /* 64 - log2 of the table's size */
	uint32_t mask;			    /* size - 1; at most half of the table is used */
	uint32_t n_prefixes;		    /* on-link prefixes */
	struct pp_view_entry *table;	    /* in the same allocation */
	uint64_t taken[PP_VIEW_TAKEN / 64]; /* a bit per address in the table */
	struct pp_view_prefix *prefixes;
	uint32_t n_ranges; /* few, mostly none */
	struct pp_view_range *ranges;
};

/* Control thread. NULL when out of memory. */
struct pp_view *pp_view_build(const struct pp_routes *routes,
			      const struct pp_view_port ports[PP_PORT_MAX], bool respond);

/* ---- questions of the fast half -------------------------------------------------- */

static inline uint64_t pp_view_hash(struct pp_link link, const struct pp_addr *addr)
{
	uint64_t h = addr->w[0] * UINT64_C(0xd6e8feb86659fd93);

	return (h ^ (h >> 32) ^ addr->w[1] ^ ((uint64_t)link.port << 16 | link.vlan)) *
	       UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint32_t pp_view_slot(const struct pp_view *v, struct pp_link link,
				    const struct pp_addr *addr)
{
	return (uint32_t)(pp_view_hash(link, addr) >> v->shift);
}

/* For an address that the table does not have; or NULL. */
static inline const struct pp_view_range *
pp_view_range(const struct pp_view *v, struct pp_link link, const struct pp_addr *addr)
{
	for (uint32_t i = 0; i < v->n_ranges; i++) {
		const struct pp_view_range *r = &v->ranges[i];
		if ((((addr->w[0] ^ r->addr.w[0]) & r->mask.w[0]) |
		     ((addr->w[1] ^ r->addr.w[1]) & r->mask.w[1])) == 0 &&
		    pp_link_eq(r->link, link))
			return r;
	}
	return NULL;
}

/* True of nothing that the table has, and of nearly everything else: no search. */
static inline bool pp_view_is_unlisted(const struct pp_view *v, struct pp_link link,
				       const struct pp_addr *addr)
{
	uint64_t bit = pp_view_hash(link, addr) / PP_VIEW_TAKEN_UNIT;

	return (v->taken[bit / 64] >> bit % 64 & 1) == 0;
}

/* True of no address that is ours or a subnet's broadcast on that link, and of nearly all
 * others: no branch that depends on who sends, but where there are ranges. */
static inline bool pp_view_is_stranger(const struct pp_view *v, struct pp_link link,
				       const struct pp_addr *addr)
{
	return pp_view_is_unlisted(v, link, addr) && !pp_view_range(v, link, addr);
}

/* True of nearly all addresses that a range makes ours, and of no other. */
static inline bool pp_view_is_ranged(const struct pp_view *v, struct pp_link link,
				     const struct pp_addr *addr)
{
	const struct pp_view_range *r = pp_view_range(v, link, addr);

	return r && r->dst == PP_DST_OURS && pp_view_is_unlisted(v, link, addr);
}

/* NULL when the table knows nothing of that address on that link. */
static inline const struct pp_view_entry *pp_view_find(const struct pp_view *v, struct pp_link link,
						       const struct pp_addr *addr)
{
	for (uint32_t i = pp_view_slot(v, link, addr);; i++) {
		const struct pp_view_entry *e = &v->table[i & v->mask];
		if (!e->used)
			return NULL;
		if (pp_addr_eq(&e->addr, addr) && pp_link_eq(e->link, link))
			return e;
	}
}

static inline enum pp_view_dst pp_view_classify(const struct pp_view *v, struct pp_link link,
						const struct pp_addr *dst)
{
	static const uint8_t limited[4] = {255, 255, 255, 255};
	const struct pp_view_entry *e = pp_view_find(v, link, dst);

	if (e)
		return (enum pp_view_dst)e->dst;
	const struct pp_view_range *range = pp_view_range(v, link, dst);
	if (range)
		return (enum pp_view_dst)range->dst;
	if (!pp_addr_is_multicast(dst))
		return PP_DST_OTHER;
	return pp_addr_is4(dst) && memcmp(dst->b + 12, limited, 4) == 0 ? PP_DST_BROADCAST
									: PP_DST_GROUP;
}

/* NULL when there is no such port. */
static inline const struct pp_view_port *pp_view_port(const struct pp_view *v, uint16_t port)
{
	return port < PP_PORT_MAX && v->ports[port].present ? &v->ports[port] : NULL;
}

/* Whether we listen on that VLAN: we have an address there. Untagged always. Each
 * link with an address has an entry for the unspecified address. */
static inline bool pp_view_has_vlan(const struct pp_view *v, struct pp_link link)
{
	static const struct pp_addr any;

	return link.vlan == PP_VLAN_NONE || pp_view_find(v, link, &any);
}

/* Subnet broadcast of that link, both forms of RFC 1122 3.3.6: no host's source. */
static inline bool pp_view_is_subnet_broadcast(const struct pp_view *v, struct pp_link link,
					       const struct pp_addr *addr)
{
	const struct pp_view_entry *e = pp_view_find(v, link, addr);

	return e && e->dst == PP_DST_BROADCAST;
}

/* Whether addr is in one of that link's prefixes; IPv6 link-local is on every link
 * where we speak IPv6 (RFC 4861 5.1). For packets that speak of neighbours: linear. */
static inline bool pp_view_onlink(const struct pp_view *v, struct pp_link link,
				  const struct pp_addr *addr)
{
	for (uint32_t i = 0; i < v->n_prefixes; i++) {
		const struct pp_view_prefix *p = &v->prefixes[i];
		if (pp_link_eq(p->link, link) && pp_addr_in_prefix(addr, &p->addr, p->plen))
			return true;
	}
	return false;
}

#endif
