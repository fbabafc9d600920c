/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames that the host itself sends: ARP requests, neighbour solicitations,
 * probes for duplicates and announcements, each with the right source address of
 * its link.
 */
#include "host.h"

#define ND_HOP_LIMIT 255
#define FRAME_MAX    128 /* a tagged NS with its option is 90 */

static const struct pp_addr any6;
static const struct pp_addr all_nodes = {.b = {0xff, 0x02, [15] = 1}};

/* How well an address of ours suits a question for `target`: same prefix, then
 * same scope (RFC 6724 5 rule 2), then any of the family. 0: not at all. */
static unsigned int suits(const struct pp_ifaddr *a, struct pp_link link,
			  const struct pp_addr *target)
{
	if (a->state != PP_IFADDR_PREFERRED || !pp_link_eq(a->link, link) ||
	    pp_addr_is4(&a->addr) != pp_addr_is4(target))
		return 0;
	if (pp_addr_in_prefix(target, &a->addr, a->plen))
		return 3;
	return pp_addr_is_linklocal(&a->addr) == pp_addr_is_linklocal(target) ? 2 : 1;
}

static const struct pp_addr *source_for(const struct pp_host *h, struct pp_link link,
					const struct pp_addr *target)
{
	const struct pp_ifaddr *best = NULL;
	unsigned int most = 0;

	for (size_t i = 0; i < pp_ifaddr_count(h->routes); i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(h->routes, i);
		unsigned int fit = suits(a, link, target);
		if (fit > most) {
			most = fit;
			best = a;
		}
	}
	return best ? &best->addr : NULL;
}

static void send_arp(struct pp_host *h, struct pp_link link, const struct pp_addr *spa,
		     const struct pp_addr *tpa, const struct pp_mac *dst)
{
	uint8_t frame[FRAME_MAX];
	struct pp_arp arp = {
		.op = PP_ARP_REQUEST, .sha = h->ports[link.port].mac, .spa = *spa, .tpa = *tpa};
	size_t len = pp_arp_build(frame, sizeof(frame), dst, link.vlan, &arp);

	if (len)
		h->ops.send(h->arg, link.port, frame, len);
}

/* dst_mac NULL: that of the group dst. */
static void send_nd(struct pp_host *h, struct pp_link link, const struct pp_addr *src,
		    const struct pp_addr *dst, const struct pp_mac *dst_mac, struct pp_nd *nd)
{
	uint8_t frame[FRAME_MAX];
	const struct pp_mac *ours = &h->ports[link.port].mac;
	struct pp_l3 l3 = {
		.dst_mac = dst_mac ? *dst_mac : pp_mac_of_group(dst),
		.src_mac = *ours,
		.vlan = link.vlan,
		.src = *src,
		.dst = *dst,
		.ttl = ND_HOP_LIMIT,
	};

	nd->lla = *ours;
	size_t len = pp_nd_build(frame, sizeof(frame), &l3, nd);
	if (len)
		h->ops.send(h->arg, link.port, frame, len);
}

void pp_host_solicit(struct pp_host *h, struct pp_link link, const struct pp_addr *addr,
		     const struct pp_mac *mac)
{
	const struct pp_addr *src = source_for(h, link, addr);

	if (!src)
		return;
	if (pp_addr_is4(addr)) {
		send_arp(h, link, src, addr, mac ? mac : &pp_mac_broadcast);
		return;
	}
	struct pp_addr group = pp_addr_solicited_node(addr);
	struct pp_nd nd = {.has_lla = true, .target = *addr};
	send_nd(h, link, src, mac ? addr : &group, mac, &nd);
}

void pp_host_probe(struct pp_host *h, struct pp_link link, const struct pp_addr *addr)
{
	static const uint8_t zero[4];

	if (pp_addr_is4(addr)) {
		struct pp_addr any4 = pp_addr_from4(zero);
		send_arp(h, link, &any4, addr, &pp_mac_broadcast);
		return;
	}
	struct pp_addr group = pp_addr_solicited_node(addr);
	struct pp_nd nd = {.target = *addr};
	send_nd(h, link, &any6, &group, NULL, &nd);
}

void pp_host_announce(struct pp_host *h, struct pp_link link, const struct pp_addr *addr)
{
	if (pp_addr_is4(addr)) {
		send_arp(h, link, addr, addr, &pp_mac_broadcast);
		return;
	}
	struct pp_nd nd = {.advert = true, .override = true, .has_lla = true, .target = *addr};
	send_nd(h, link, addr, &all_nodes, NULL, &nd);
}
