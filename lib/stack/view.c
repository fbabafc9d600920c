/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building the snapshot: one allocation that holds the view, its hash table and
 * its prefixes. Addresses go in first, so that an address of ours which looks like
 * some other prefix's broadcast stays ours.
 */
#include "view.h"

#include <stdlib.h>

#define ENTRIES_PER_ADDR  5   /* itself, two broadcasts or two groups, anycast, its link */
#define PREFIXES_PER_ADDR 2   /* its own, and IPv6 link-local */
#define BROADCAST_PLEN	  126 /* IPv4 /30: longer prefixes have no broadcast (RFC 3021) */
#define RANGES_PER_ADDR	  2   /* all of its prefix, and their groups */
#define MIN_BITS	  3
#define GROUPS_PLEN	  104 /* of the solicited-node groups */

static const struct pp_addr any;
static const struct pp_addr all_nodes = {.b = {0xff, 0x02, [15] = 1}};
static const struct pp_addr linklocal = {.b = {0xfe, 0x80}};
#define LINKLOCAL_PLEN 10

static void insert(struct pp_view *v, struct pp_link link, const struct pp_addr *addr,
		   enum pp_view_dst dst)
{
	uint64_t hash = pp_view_hash(link, addr);
	uint32_t i = (uint32_t)(hash >> v->shift);

	if (pp_view_find(v, link, addr))
		return;
	v->taken[hash / PP_VIEW_TAKEN_UNIT / 64] |= UINT64_C(1) << hash / PP_VIEW_TAKEN_UNIT % 64;
	while (v->table[i & v->mask].used)
		i++;
	v->table[i & v->mask] = (struct pp_view_entry){
		.addr = *addr, .link = link, .used = true, .dst = (uint8_t)dst};
}

static void insert_prefix(struct pp_view *v, struct pp_link link, const struct pp_addr *addr,
			  uint8_t plen)
{
	v->prefixes[v->n_prefixes++] =
		(struct pp_view_prefix){.addr = *addr, .link = link, .plen = plen};
}

/* All ones, and all zeros, behind the prefix. */
static void insert_broadcasts(struct pp_view *v, const struct pp_ifaddr *a)
{
	struct pp_addr ones = a->addr, zeros = a->addr;

	if (a->plen > BROADCAST_PLEN)
		return;
	for (unsigned int bit = a->plen; bit < 128; bit++) {
		ones.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		zeros.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	insert(v, a->link, &ones, PP_DST_BROADCAST);
	insert(v, a->link, &zeros, PP_DST_BROADCAST);
}

/* A tentative address listens to its groups as well, or nobody could object to it
 * (RFC 4862 5.4.2). */
static void insert_around(struct pp_view *v, const struct pp_ifaddr *a)
{
	insert(v, a->link, &any, PP_DST_OTHER);
	insert_prefix(v, a->link, &a->addr, a->plen);
	if (pp_addr_is4(&a->addr)) {
		insert_broadcasts(v, a);
		return;
	}
	struct pp_addr group = pp_addr_solicited_node(&a->addr);
	insert(v, a->link, &group, PP_DST_GROUP_JOINED);
	insert(v, a->link, &all_nodes, PP_DST_GROUP_JOINED);
	insert_prefix(v, a->link, &linklocal, LINKLOCAL_PLEN);
}

static struct pp_addr mask_of(unsigned int plen)
{
	struct pp_addr m = {.w = {0, 0}};

	for (unsigned int bit = 0; bit < plen; bit++)
		m.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return m;
}

static void insert_range(struct pp_view *v, struct pp_link link, const struct pp_addr *addr,
			 unsigned int plen, enum pp_view_dst dst)
{
	v->ranges[v->n_ranges++] = (struct pp_view_range){
		.addr = *addr, .mask = mask_of(plen), .link = link, .dst = (uint8_t)dst};
}

/* What no host of the prefix has is in the table: IPv4's broadcasts are already, IPv6's
 * anycast address of the routers (RFC 4291 2.6.1) is not. */
static void insert_all(struct pp_view *v, const struct pp_ifaddr *a)
{
	struct pp_addr zeros = a->addr, mask = mask_of(a->plen);

	insert_range(v, a->link, &a->addr, a->plen, PP_DST_OURS);
	if (pp_addr_is4(&a->addr))
		return;
	zeros.w[0] &= mask.w[0];
	zeros.w[1] &= mask.w[1];
	if (a->plen <= BROADCAST_PLEN)
		insert(v, a->link, &zeros, PP_DST_OTHER);
	struct pp_addr group = pp_addr_solicited_node(&a->addr);
	insert_range(v, a->link, &group, a->plen > GROUPS_PLEN ? a->plen : GROUPS_PLEN,
		     PP_DST_GROUP_JOINED);
}

static void fill(struct pp_view *v, const struct pp_routes *routes)
{
	size_t n = pp_ifaddr_count(routes);

	for (size_t i = 0; i < n; i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(routes, i);
		if (a->state == PP_IFADDR_PREFERRED)
			insert(v, a->link, &a->addr, PP_DST_OURS);
		else if (a->state == PP_IFADDR_TENTATIVE)
			insert(v, a->link, &a->addr, PP_DST_TENTATIVE);
		else /* all others of its prefix may be ours */
			insert(v, a->link, &a->addr, PP_DST_OTHER);
	}
	for (size_t i = 0; i < n; i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(routes, i);
		if (a->state != PP_IFADDR_DUPLICATE)
			insert_around(v, a);
		if (a->all && a->state == PP_IFADDR_PREFERRED)
			insert_all(v, a);
	}
}

struct pp_view *pp_view_build(const struct pp_routes *routes,
			      const struct pp_view_port ports[PP_PORT_MAX], bool respond)
{
	size_t n = pp_ifaddr_count(routes);
	unsigned int bits = MIN_BITS;

	while ((UINT64_C(1) << bits) < 2 * ENTRIES_PER_ADDR * n)
		bits++;
	size_t size = (size_t)1 << bits;
	size_t table_bytes = size * sizeof(struct pp_view_entry);
	size_t prefix_bytes = PREFIXES_PER_ADDR * n * sizeof(struct pp_view_prefix);
	size_t range_bytes = RANGES_PER_ADDR * n * sizeof(struct pp_view_range);
	struct pp_view *v = calloc(1, sizeof(*v) + table_bytes + prefix_bytes + range_bytes);

	if (!v)
		return NULL;
	v->table = (struct pp_view_entry *)(v + 1);
	v->prefixes = (struct pp_view_prefix *)(v->table + size);
	v->ranges = (struct pp_view_range *)(v->prefixes + PREFIXES_PER_ADDR * n);
	v->mask = (uint32_t)(size - 1);
	v->shift = (uint8_t)(64 - bits);
	v->respond = respond;
	memcpy(v->ports, ports, sizeof(v->ports));
	fill(v, routes);
	return v;
}

void pp_view_free(struct pp_view *v)
{
	free(v);
}
