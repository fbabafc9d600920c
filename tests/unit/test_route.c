/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes and sources: RFC 1122 3.3.1, RFC 4291 2.5.6, RFC 6724 in small.
 */
#include <pmdping/route.h>

#include "runner.h"

#include <errno.h>

static struct pp_routes *r;

static const struct pp_link p0 = {.port = 0}, p1 = {.port = 1}, p0v7 = {.port = 0, .vlan = 7};

static struct pp_addr ip(const char *text)
{
	struct pp_addr a = {0};
	CU_ASSERT_EQUAL_FATAL(pp_addr_parse(text, &a), 0);
	return a;
}

static bool is(const struct pp_addr *a, const char *text)
{
	struct pp_addr b = ip(text);
	return pp_addr_eq(a, &b);
}

/* Address with prefix, as a user writes it. */
static int add(const char *prefix, struct pp_link link)
{
	struct pp_ifaddr a = {.link = link};
	unsigned int plen = 0;
	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a.addr, &plen), 0);
	a.plen = (uint8_t)plen;
	return pp_ifaddr_add(r, &a);
}

static int add_all(const char *prefix, struct pp_link link)
{
	struct pp_ifaddr a = {.link = link, .all = true};
	unsigned int plen = 0;
	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a.addr, &plen), 0);
	a.plen = (uint8_t)plen;
	return pp_ifaddr_add(r, &a);
}

/* The address of the entry that makes it ours; "" when it is not. */
static const char *entry_of(const char *text)
{
	static char buf[PP_ADDR_TEXT];
	struct pp_addr a = ip(text);
	const struct pp_ifaddr *i = pp_ifaddr_find(r, &a);
	return i ? pp_addr_text(&i->addr, buf) : "";
}

static int del(const char *addr)
{
	struct pp_addr a = ip(addr);
	return pp_ifaddr_del(r, &a);
}

static int set_state(const char *addr, enum pp_ifaddr_state state)
{
	struct pp_addr a = ip(addr);
	return pp_ifaddr_set_state(r, &a, state);
}

static int route(const char *prefix, const char *gateway, uint16_t preference)
{
	struct pp_addr p = {0}, g = ip(gateway);
	unsigned int plen = 0;
	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &p, &plen), 0);
	return pp_route_add(r, &p, plen, &g, preference);
}

static int unroute(const char *prefix, const char *gateway)
{
	struct pp_addr p = {0}, g = {0};
	unsigned int plen = 0;
	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &p, &plen), 0);
	if (gateway)
		g = ip(gateway);
	return pp_route_del(r, &p, plen, gateway ? &g : NULL);
}

static struct pp_nexthop hop;

static int lookup_on(const char *dst, const char *src, int port)
{
	struct pp_addr d = ip(dst), s = {0};
	if (src)
		s = ip(src);
	return pp_route_lookup(r, &d, src ? &s : NULL, port, &hop);
}

static int lookup(const char *dst)
{
	return lookup_on(dst, NULL, -1);
}

/* dst goes to `next` with source `src` on `link`. */
static bool goes(const char *dst, const char *next, const char *src, struct pp_link link)
{
	return lookup(dst) == 0 && is(&hop.hop, next) && is(&hop.src, src) &&
	       pp_link_eq(hop.link, link);
}

static bool is_broadcast(const char *addr)
{
	struct pp_addr a = ip(addr);
	return pp_ifaddr_is_broadcast(r, &a);
}

static bool is_onlink(const char *addr)
{
	struct pp_addr a = ip(addr);
	return pp_route_is_onlink(r, &a);
}

static unsigned int set_dead(const char *gateway, struct pp_link link, bool dead)
{
	struct pp_addr g = ip(gateway);
	return pp_route_set_dead(r, link, &g, dead);
}

static void open_table(void)
{
	r = pp_routes_create();
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
}

static void close_table(void)
{
	pp_routes_free(r);
	r = NULL;
}

/* ---- addresses ---- */

static void address_errors(void)
{
	static const char *const bad[] = {
		"0.0.0.0/8",	"127.0.0.1/8",	  "224.0.0.1/4",  "255.255.255.255/32",
		"192.0.2.0/24", "192.0.2.255/24", "192.0.2.4/30", "192.0.2.7/30",
		"240.0.0.1/8",	"ff02::1/64",	  "::/64",	  "::1/128",
	};
	open_table();
	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++)
		CU_ASSERT_EQUAL(add(bad[i], p0), -EINVAL);
	struct pp_ifaddr a = {.addr = ip("192.0.2.1"), .plen = 24, .link = p0};
	CU_ASSERT_EQUAL(pp_ifaddr_add(r, &a), -EINVAL);
	a.plen = 129;
	CU_ASSERT_EQUAL(pp_ifaddr_add(r, &a), -EINVAL);
	CU_ASSERT_EQUAL(pp_ifaddr_count(r), 0);
	CU_ASSERT_EQUAL(pp_route_count(r), 0);
	CU_ASSERT_EQUAL(add("192.0.2.1/24", p0), 0);
	CU_ASSERT_EQUAL(add("192.0.2.1/24", p0), -EEXIST);
	CU_ASSERT_EQUAL(add("192.0.2.1/25", p1), -EEXIST);
	CU_ASSERT_EQUAL(del("192.0.2.2"), -ENOENT);
	CU_ASSERT_EQUAL(set_state("192.0.2.2", PP_IFADDR_DUPLICATE), -ENOENT);
	close_table();
	pp_routes_free(NULL);
}

/* /31 and /32 have neither network nor broadcast address (RFC 3021). */
static void short_prefixes(void)
{
	open_table();
	CU_ASSERT_EQUAL(add("192.0.2.0/31", p0), 0);
	CU_ASSERT_EQUAL(add("192.0.2.3/31", p1), 0);
	CU_ASSERT_EQUAL(add("198.51.100.0/32", p0), 0);
	CU_ASSERT_FALSE(is_broadcast("192.0.2.1"));
	CU_ASSERT_FALSE(is_broadcast("192.0.2.2"));
	CU_ASSERT_FALSE(is_broadcast("198.51.100.0"));
	CU_ASSERT_TRUE(goes("192.0.2.1", "192.0.2.1", "192.0.2.0", p0));
	CU_ASSERT_TRUE(goes("192.0.2.2", "192.0.2.2", "192.0.2.3", p1));
	close_table();
}

static void found(void)
{
	open_table();
	add("192.0.2.1/24", p0v7);
	add("2001:db8::1/64", p1);
	struct pp_addr a = ip("192.0.2.1"), b = ip("192.0.2.2");
	const struct pp_ifaddr *i = pp_ifaddr_find(r, &a);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	CU_ASSERT_EQUAL(i->plen, 120);
	CU_ASSERT_TRUE(pp_link_eq(i->link, p0v7));
	CU_ASSERT_PTR_NULL(pp_ifaddr_find(r, &b));
	CU_ASSERT_EQUAL(pp_ifaddr_count(r), 2);
	CU_ASSERT_TRUE(is(&pp_ifaddr_at(r, 1)->addr, "2001:db8::1"));
	CU_ASSERT_PTR_NULL(pp_ifaddr_at(r, 2));
	close_table();
}

static void broadcast_forms(void)
{
	open_table();
	add("192.0.2.130/25", p0);
	add("10.1.2.3/8", p1);
	add("2001:db8::1/120", p0);
	CU_ASSERT_TRUE(is_broadcast("192.0.2.255"));
	CU_ASSERT_TRUE(is_broadcast("192.0.2.128"));
	CU_ASSERT_TRUE(is_broadcast("10.255.255.255"));
	CU_ASSERT_TRUE(is_broadcast("10.0.0.0"));
	CU_ASSERT_FALSE(is_broadcast("192.0.2.127"));
	CU_ASSERT_FALSE(is_broadcast("192.0.2.0"));
	CU_ASSERT_FALSE(is_broadcast("10.1.2.255"));
	CU_ASSERT_FALSE(is_broadcast("2001:db8::ff"));
	CU_ASSERT_EQUAL(lookup("192.0.2.255"), -EACCES);
	CU_ASSERT_EQUAL(lookup("192.0.2.128"), -EACCES);
	CU_ASSERT_EQUAL(lookup("10.255.255.255"), -EACCES);
	CU_ASSERT_EQUAL(lookup("2001:db8::ff"), 0);
	close_table();
}

static void address_deleted(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("192.0.2.2/24", p0);
	add("198.51.100.1/24", p1);
	CU_ASSERT_EQUAL(pp_route_count(r), 2);
	CU_ASSERT_EQUAL(route("0.0.0.0/0", "192.0.2.254", 0), 0);
	CU_ASSERT_EQUAL(route("0.0.0.0/0", "198.51.100.254", 5), 0);
	CU_ASSERT_EQUAL(del("192.0.2.1"), 0);
	CU_ASSERT_EQUAL(pp_route_count(r), 4);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.254", "192.0.2.2", p0));
	CU_ASSERT_EQUAL(del("192.0.2.2"), 0);
	CU_ASSERT_EQUAL(pp_route_count(r), 2);
	CU_ASSERT_TRUE(goes("203.0.113.1", "198.51.100.254", "198.51.100.1", p1));
	CU_ASSERT_EQUAL(del("198.51.100.1"), 0);
	CU_ASSERT_EQUAL(pp_route_count(r), 0);
	CU_ASSERT_EQUAL(lookup("203.0.113.1"), -ENETUNREACH);
	close_table();
}

static void address_limit(void)
{
	struct pp_ifaddr a = {.plen = 104, .link = p0};
	open_table();
	for (unsigned int i = 0; i < PP_IFADDR_MAX; i++) {
		uint8_t b[4] = {10, 1, 0, (uint8_t)i};
		a.addr = pp_addr_from4(b);
		CU_ASSERT_EQUAL_FATAL(pp_ifaddr_add(r, &a), 0);
	}
	CU_ASSERT_EQUAL(add("192.0.2.1/24", p0), -ENOSPC);
	CU_ASSERT_EQUAL(pp_ifaddr_count(r), PP_IFADDR_MAX);
	CU_ASSERT_EQUAL(pp_route_count(r), 1);
	close_table();
}

static void route_limit(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	struct pp_addr g = ip("192.0.2.254");
	for (unsigned int i = 1; i < PP_ROUTE_MAX; i++) {
		uint8_t b[4] = {10, 0, (uint8_t)i, 0};
		struct pp_addr p = pp_addr_from4(b);
		CU_ASSERT_EQUAL_FATAL(pp_route_add(r, &p, 120, &g, 0), 0);
	}
	CU_ASSERT_EQUAL(route("11.0.0.0/8", "192.0.2.254", 0), -ENOSPC);
	CU_ASSERT_EQUAL(add("198.51.100.1/24", p0), -ENOSPC);
	CU_ASSERT_EQUAL(pp_ifaddr_count(r), 1);
	CU_ASSERT_EQUAL(add("192.0.2.2/24", p0), 0);
	close_table();
}

/* ---- routes ---- */

static void route_errors(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("2001:db8::1/64", p0);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "198.51.100.1", 0), -ENETUNREACH);
	CU_ASSERT_EQUAL(route("10.0.0.1/8", "192.0.2.254", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("2001:db8:1::1/48", "2001:db8::2", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "2001:db8::2", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("2001:db8:1::/48", "192.0.2.254", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "192.0.2.1", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "192.0.2.255", 0), -EINVAL);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "224.0.0.1", 0), -EINVAL);
	struct pp_addr any4 = ip("0.0.0.0"), g = ip("192.0.2.254");
	CU_ASSERT_EQUAL(pp_route_add(r, &any4, 0, &g, 0), -EINVAL);
	CU_ASSERT_EQUAL(pp_route_add(r, &any4, 129, &g, 0), -EINVAL);
	CU_ASSERT_EQUAL(pp_route_count(r), 2);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "192.0.2.254", 0), 0);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "192.0.2.254", 9), -EEXIST);
	CU_ASSERT_EQUAL(route("10.0.0.0/8", "192.0.2.253", 0), 0);
	CU_ASSERT_EQUAL(route("10.0.0.0/9", "192.0.2.254", 0), 0);
	CU_ASSERT_EQUAL(unroute("10.0.0.0/10", NULL), -ENOENT);
	CU_ASSERT_EQUAL(unroute("10.0.0.0/8", "192.0.2.252"), -ENOENT);
	CU_ASSERT_EQUAL(unroute("10.0.0.0/8", "192.0.2.253"), 0);
	CU_ASSERT_EQUAL(unroute("10.0.0.0/8", NULL), 0);
	CU_ASSERT_EQUAL(unroute("10.0.0.0/8", NULL), -ENOENT);
	CU_ASSERT_EQUAL(unroute("192.0.2.0/24", NULL), -ENOENT);
	CU_ASSERT_EQUAL(pp_route_count(r), 3);
	close_table();
}

static void order(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("0.0.0.0/0", "192.0.2.9", 20);
	route("0.0.0.0/0", "192.0.2.8", 10);
	route("10.0.0.0/8", "192.0.2.7", 99);
	route("10.1.0.0/16", "192.0.2.6", 5);
	route("192.0.2.0/24", "192.0.2.5", 0);
	CU_ASSERT_EQUAL(pp_route_count(r), 6);
	CU_ASSERT_TRUE(pp_route_at(r, 0)->onlink);
	static const char *const gateways[] = {"192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8",
					       "192.0.2.9"};
	for (size_t i = 0; i < PP_ARRAY_LEN(gateways); i++)
		CU_ASSERT_TRUE(is(&pp_route_at(r, i + 1)->gateway, gateways[i]));
	CU_ASSERT_PTR_NULL(pp_route_at(r, 6));
	close_table();
}

static void onlink_or_gateway(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	CU_ASSERT_EQUAL(lookup("198.51.100.1"), -ENETUNREACH);
	route("0.0.0.0/0", "192.0.2.254", 0);
	CU_ASSERT_TRUE(goes("192.0.2.77", "192.0.2.77", "192.0.2.1", p0));
	CU_ASSERT_TRUE(hop.onlink);
	CU_ASSERT_TRUE(goes("198.51.100.1", "192.0.2.254", "192.0.2.1", p0));
	CU_ASSERT_FALSE(hop.onlink);
	CU_ASSERT_TRUE(goes("192.0.3.1", "192.0.2.254", "192.0.2.1", p0));
	close_table();
}

static void no_route_for(void)
{
	static const char *const bad[] = {"224.0.0.1", "255.255.255.255", "0.0.0.0",
					  "127.0.0.1", "ff02::1",	  "::",
					  "::1",       "240.0.0.1"};
	open_table();
	add("192.0.2.1/24", p0);
	add("2001:db8::1/64", p0);
	route("0.0.0.0/0", "192.0.2.254", 0);
	route("::/0", "2001:db8::ff", 0);
	memset(&hop, 0x5a, sizeof(hop));
	struct pp_nexthop before = hop;
	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++)
		CU_ASSERT_EQUAL(lookup(bad[i]), -EINVAL);
	CU_ASSERT_EQUAL(memcmp(&hop, &before, sizeof(hop)), 0);
	close_table();
}

static void without_gateway(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	CU_ASSERT_TRUE(goes("192.0.2.2", "192.0.2.2", "192.0.2.1", p0));
	CU_ASSERT_EQUAL(lookup("203.0.113.1"), -ENETUNREACH);
	CU_ASSERT_EQUAL(lookup("2001:db8::1"), -ENETUNREACH);
	close_table();
}

static void preference(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("0.0.0.0/0", "192.0.2.253", 20);
	route("0.0.0.0/0", "192.0.2.254", 10);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.254", "192.0.2.1", p0));
	unroute("0.0.0.0/0", "192.0.2.254");
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.253", "192.0.2.1", p0));
	close_table();
}

static void dead_gateway(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("0.0.0.0/0", "192.0.2.254", 10);
	route("0.0.0.0/0", "192.0.2.253", 20);
	route("10.0.0.0/8", "192.0.2.254", 0);
	CU_ASSERT_EQUAL(set_dead("192.0.2.254", p1, true), 0);
	CU_ASSERT_EQUAL(set_dead("192.0.2.254", p0, true), 2);
	CU_ASSERT_EQUAL(set_dead("192.0.2.254", p0, true), 0);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.253", "192.0.2.1", p0));
	/* no other gateway for that prefix: a shorter one is another network's */
	CU_ASSERT_TRUE(goes("10.0.0.1", "192.0.2.254", "192.0.2.1", p0));
	CU_ASSERT_EQUAL(set_dead("192.0.2.253", p0, true), 1);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.254", "192.0.2.1", p0));
	CU_ASSERT_EQUAL(set_dead("192.0.2.253", p0, false), 1);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.253", "192.0.2.1", p0));
	CU_ASSERT_EQUAL(set_dead("192.0.2.254", p0, false), 2);
	CU_ASSERT_TRUE(goes("203.0.113.1", "192.0.2.254", "192.0.2.1", p0));
	close_table();
}

static void longest_prefix(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("0.0.0.0/0", "192.0.2.250", 0);
	route("10.0.0.0/8", "192.0.2.251", 9);
	route("10.1.0.0/16", "192.0.2.252", 9);
	route("10.1.1.1/32", "192.0.2.253", 9);
	CU_ASSERT_TRUE(goes("10.1.1.1", "192.0.2.253", "192.0.2.1", p0));
	CU_ASSERT_TRUE(goes("10.1.1.2", "192.0.2.252", "192.0.2.1", p0));
	CU_ASSERT_TRUE(goes("10.2.0.1", "192.0.2.251", "192.0.2.1", p0));
	CU_ASSERT_TRUE(goes("11.0.0.1", "192.0.2.250", "192.0.2.1", p0));
	close_table();
}

/* The mapped form must not let one family's default route match the other. */
static void families_apart(void)
{
	open_table();
	add("2001:db8::1/64", p0);
	route("::/0", "2001:db8::ff", 0);
	CU_ASSERT_EQUAL(lookup("203.0.113.1"), -ENETUNREACH);
	CU_ASSERT_FALSE(is_onlink("203.0.113.1"));
	CU_ASSERT_TRUE(goes("2001:db8:9::1", "2001:db8::ff", "2001:db8::1", p0));
	close_table();
}

static void onlink_question(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("2001:db8::1/64", p0);
	route("0.0.0.0/0", "192.0.2.254", 0);
	route("192.0.2.128/25", "192.0.2.2", 0);
	CU_ASSERT_TRUE(is_onlink("192.0.2.9"));
	CU_ASSERT_FALSE(is_onlink("192.0.2.200"));
	CU_ASSERT_FALSE(is_onlink("203.0.113.1"));
	CU_ASSERT_TRUE(is_onlink("2001:db8::9"));
	CU_ASSERT_FALSE(is_onlink("2001:db8:1::9"));
	close_table();
}

static void by_port(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("198.51.100.1/24", p1);
	route("0.0.0.0/0", "192.0.2.254", 0);
	route("0.0.0.0/0", "198.51.100.254", 9);
	CU_ASSERT_EQUAL(lookup_on("203.0.113.1", NULL, 1), 0);
	CU_ASSERT_TRUE(is(&hop.hop, "198.51.100.254"));
	CU_ASSERT_EQUAL(lookup_on("203.0.113.1", NULL, 0), 0);
	CU_ASSERT_TRUE(is(&hop.hop, "192.0.2.254"));
	CU_ASSERT_EQUAL(lookup_on("203.0.113.1", NULL, 2), -ENETUNREACH);
	close_table();
}

static void onlink_before_gateway(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("198.51.100.0/24", "192.0.2.254", 0);
	CU_ASSERT_TRUE(goes("198.51.100.9", "192.0.2.254", "192.0.2.1", p0));
	add("198.51.100.1/24", p1);
	CU_ASSERT_TRUE(goes("198.51.100.9", "198.51.100.9", "198.51.100.1", p1));
	CU_ASSERT_TRUE(is_onlink("198.51.100.9"));
	close_table();
}

/* A gateway's prefix on another link does not keep its routes. */
static void gateway_link_gone(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	route("0.0.0.0/0", "192.0.2.254", 0);
	add("192.0.2.2/24", p1);
	CU_ASSERT_EQUAL(del("192.0.2.1"), 0);
	CU_ASSERT_EQUAL(lookup("203.0.113.1"), -ENETUNREACH);
	CU_ASSERT_TRUE(goes("192.0.2.9", "192.0.2.9", "192.0.2.2", p1));
	close_table();
}

/* ---- sources ---- */

static void source_of_next_hop(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("198.51.100.1/24", p0);
	add("192.0.2.2/24", p0);
	route("0.0.0.0/0", "198.51.100.254", 0);
	CU_ASSERT_TRUE(goes("203.0.113.1", "198.51.100.254", "198.51.100.1", p0));
	CU_ASSERT_TRUE(goes("192.0.2.9", "192.0.2.9", "192.0.2.1", p0));
	close_table();
}

static void source_longest_match(void)
{
	open_table();
	add("2001:db8:0:1::1/32", p0);
	add("2001:db8:0:2::1/32", p0);
	CU_ASSERT_TRUE(goes("2001:db8:0:2::9", "2001:db8:0:2::9", "2001:db8:0:2::1", p0));
	CU_ASSERT_TRUE(goes("2001:db8:0:1::9", "2001:db8:0:1::9", "2001:db8:0:1::1", p0));
	close_table();
}

static void source_scope(void)
{
	open_table();
	add("169.254.0.1/8", p0);
	add("169.1.1.1/8", p0);
	CU_ASSERT_TRUE(goes("169.200.0.1", "169.200.0.1", "169.1.1.1", p0));
	CU_ASSERT_TRUE(goes("169.254.0.9", "169.254.0.9", "169.254.0.1", p0));
	close_table();
}

static void source_given(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("192.0.2.2/24", p0);
	add("198.51.100.1/24", p1);
	add("2001:db8::1/64", p0);
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "192.0.2.2", -1), 0);
	CU_ASSERT_TRUE(is(&hop.src, "192.0.2.2"));
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "198.51.100.1", -1), 0);
	CU_ASSERT_TRUE(is(&hop.src, "198.51.100.1"));
	CU_ASSERT_TRUE(pp_link_eq(hop.link, p0));
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "192.0.2.3", -1), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "127.0.0.1", -1), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "2001:db8::1", -1), -EADDRNOTAVAIL);
	close_table();
}

/* One prefix on two ports: the given source says which. */
static void source_names_link(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	add("192.0.2.2/24", p1);
	CU_ASSERT_EQUAL(pp_route_count(r), 2);
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "192.0.2.2", -1), 0);
	CU_ASSERT_TRUE(pp_link_eq(hop.link, p1));
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "192.0.2.1", -1), 0);
	CU_ASSERT_TRUE(pp_link_eq(hop.link, p0));
	close_table();
}

static void source_state(void)
{
	open_table();
	add("192.0.2.1/24", p0);
	CU_ASSERT_EQUAL(set_state("192.0.2.1", PP_IFADDR_TENTATIVE), 0);
	CU_ASSERT_EQUAL(lookup("192.0.2.9"), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(lookup_on("192.0.2.9", "192.0.2.1", -1), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(set_state("192.0.2.1", PP_IFADDR_DUPLICATE), 0);
	CU_ASSERT_EQUAL(lookup("192.0.2.9"), -EADDRNOTAVAIL);
	add("192.0.2.2/24", p0);
	CU_ASSERT_TRUE(goes("192.0.2.9", "192.0.2.9", "192.0.2.2", p0));
	set_state("192.0.2.2", PP_IFADDR_TENTATIVE);
	add("192.0.2.3/24", p1);
	CU_ASSERT_TRUE(goes("192.0.2.9", "192.0.2.9", "192.0.2.3", p1));
	CU_ASSERT_EQUAL(set_state("192.0.2.1", PP_IFADDR_PREFERRED), 0);
	CU_ASSERT_TRUE(goes("192.0.2.9", "192.0.2.9", "192.0.2.1", p0));
	close_table();
}

static void source_linklocal(void)
{
	open_table();
	add("fe80::1/64", p0);
	CU_ASSERT_EQUAL(route("::/0", "fe80::ff", 0), 0);
	CU_ASSERT_TRUE(goes("fe80::9", "fe80::9", "fe80::1", p0));
	CU_ASSERT_EQUAL(lookup("2001:db8::9"), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(lookup_on("2001:db8::9", "fe80::1", -1), -EADDRNOTAVAIL);
	add("2001:db8::1/64", p0);
	CU_ASSERT_TRUE(goes("2001:db8:1::9", "fe80::ff", "2001:db8::1", p0));
	CU_ASSERT_EQUAL(lookup_on("fe80::9", "2001:db8::1", -1), -EADDRNOTAVAIL);
	CU_ASSERT_TRUE(goes("fe80::9", "fe80::9", "fe80::1", p0));
	CU_ASSERT_EQUAL(lookup("fe80:0:0:1::9"), -ENETUNREACH);
	close_table();
}

/* fe80::/64 is on every link: source or port must say which one is meant. */
static void linklocal_links(void)
{
	open_table();
	add("fe80::1/64", p0);
	add("fe80::2/64", p1);
	CU_ASSERT_EQUAL(lookup_on("fe80::9", "fe80::2", -1), 0);
	CU_ASSERT_TRUE(pp_link_eq(hop.link, p1));
	CU_ASSERT_EQUAL(lookup_on("fe80::9", NULL, 1), 0);
	CU_ASSERT_TRUE(is(&hop.src, "fe80::2"));
	CU_ASSERT_EQUAL(lookup_on("fe80::9", "fe80::2", 0), -EADDRNOTAVAIL);
	close_table();
}

static struct pp_addr random_addr(uint64_t bits)
{
	uint8_t b[4] = {10, bits & 3, bits >> 8 & 3, bits >> 16 & 15};
	return pp_addr_from4(b);
}

static void random_change(struct pp_prng *rng)
{
	uint64_t x = pp_prng_next(rng);
	struct pp_addr a = random_addr(x), any = ip("0.0.0.0");
	struct pp_ifaddr ifaddr = {
		.addr = a,
		.plen = (uint8_t)(104 + 8 * (x >> 24 & 3)),
		.link = {.port = x >> 32 & 1},
	};
	switch (x >> 40 & 3) {
	case 0:
		pp_ifaddr_add(r, &ifaddr);
		break;
	case 1:
		pp_ifaddr_del(r, &a);
		break;
	case 2:
		pp_route_add(r, &any, 96, &a, x >> 48 & 3);
		break;
	default:
		pp_route_set_dead(r, ifaddr.link, &a, x >> 48 & 1);
	}
}

/* Whether there was a route; that it may be one is checked. */
static bool random_lookup(struct pp_prng *rng)
{
	uint64_t x = pp_prng_next(rng);
	struct pp_addr dst = random_addr(x), src = random_addr(x >> 24);
	if (pp_route_lookup(r, &dst, x >> 48 & 1 ? &src : NULL, -1, &hop))
		return false;
	if (!pp_ifaddr_find(r, &hop.src))
		CU_FAIL_FATAL("a source that is not ours");
	if (hop.onlink && !pp_addr_eq(&hop.hop, &dst))
		CU_FAIL_FATAL("on-link, but not to the destination");
	return true;
}

static void check_table(void)
{
	for (size_t i = 0; i < pp_route_count(r); i++) {
		const struct pp_route *at = pp_route_at(r, i);
		if (i > 0 && pp_route_at(r, i - 1)->plen < at->plen)
			CU_FAIL_FATAL("routes out of order");
		bool backed = false;
		for (size_t k = 0; k < pp_ifaddr_count(r); k++) {
			const struct pp_ifaddr *a = pp_ifaddr_at(r, k);
			backed |= pp_link_eq(a->link, at->link) &&
				  pp_addr_in_prefix(at->onlink ? &at->prefix : &at->gateway,
						    &a->addr, a->plen);
		}
		if (!backed)
			CU_FAIL_FATAL("a route that no address makes reachable");
	}
}

/* ---- all of a prefix ---- */

static void all_found(void)
{
	open_table();
	CU_ASSERT_EQUAL(add_all("198.18.1.1/24", p1), 0);
	CU_ASSERT_EQUAL(add_all("2001:db8:1::1/64", p1), 0);
	CU_ASSERT_EQUAL(add_all("203.0.113.6/31", p0), 0);
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.1"), "198.18.1.1");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.2"), "198.18.1.1");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.254"), "198.18.1.1");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.255"), "");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.0"), "");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.0.9"), "");
	CU_ASSERT_STRING_EQUAL(entry_of("2001:db8:1::ffff"), "2001:db8:1::1");
	CU_ASSERT_STRING_EQUAL(entry_of("2001:db8:1:0:ffff:ffff:ffff:ffff"), "2001:db8:1::1");
	CU_ASSERT_STRING_EQUAL(entry_of("2001:db8:1::"), ""); /* all routers' */
	CU_ASSERT_STRING_EQUAL(entry_of("2001:db8:2::1"), "");
	CU_ASSERT_STRING_EQUAL(entry_of("203.0.113.7"), "203.0.113.6");
	CU_ASSERT_STRING_EQUAL(entry_of("203.0.113.8"), "");
	/* One of them by itself, with its own state. */
	CU_ASSERT_EQUAL(add("198.18.1.7/24", p1), 0);
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.7"), "198.18.1.7");
	CU_ASSERT_EQUAL(del("198.18.1.8"), -ENOENT);
	CU_ASSERT_EQUAL(del("198.18.1.1"), 0);
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.8"), "");
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.7"), "198.18.1.7");
	close_table();
}

static void all_errors(void)
{
	static const char *const bad[] = {"198.18.1.0/24", "198.18.1.255/24", "200.0.0.1/7",
					  "10.0.0.1/0",	   "2001:db8::1/15",  "::fffe:0:1/95",
					  "::1:0:0/64",	   "::5/112"};
	open_table();
	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++)
		CU_ASSERT_EQUAL(add_all(bad[i], p0), -EINVAL);
	CU_ASSERT_EQUAL(add_all("10.0.0.1/8", p0), 0);
	CU_ASSERT_EQUAL(add("10.9.9.9/24", p1), -EEXIST); /* on which of the two? */
	CU_ASSERT_EQUAL(add("192.0.2.9/24", p1), 0);
	CU_ASSERT_EQUAL(add_all("192.0.2.1/28", p0), -EEXIST);
	CU_ASSERT_EQUAL(add_all("192.0.2.17/28", p0), 0);
	CU_ASSERT_EQUAL(pp_ifaddr_count(r), 3);
	close_table();
}

static void all_first(void)
{
	static const struct {
		const char *named, *first;
	} cases[] = {{"198.18.1.0/24", "198.18.1.1"},	{"198.18.1.7/24", "198.18.1.7"},
		     {"203.0.113.6/31", "203.0.113.6"}, {"203.0.113.6/32", "203.0.113.6"},
		     {"2001:db8::/64", "2001:db8::1"},	{"2001:db8::/127", "2001:db8::"}};
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		struct pp_addr a = {0};
		unsigned int plen = 0;
		CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(cases[i].named, &a, &plen), 0);
		a = pp_ifaddr_first(&a, plen);
		CU_ASSERT_TRUE(is(&a, cases[i].first));
	}
}

static void all_sources(void)
{
	struct pp_nexthop to = {0};
	struct pp_addr dst = ip("198.18.0.9"), src = ip("198.18.1.77"), not = ip("198.18.1.255");
	open_table();
	add_all("198.18.1.1/23", p0);
	CU_ASSERT_EQUAL(pp_route_lookup(r, &dst, &src, -1, &to), 0);
	CU_ASSERT_TRUE(pp_addr_eq(&to.src, &src));
	CU_ASSERT_EQUAL(pp_route_lookup(r, &dst, NULL, -1, &to), 0);
	CU_ASSERT_TRUE(is(&to.src, "198.18.1.1"));
	CU_ASSERT_EQUAL(pp_route_lookup(r, &dst, &not, -1, &to), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(route("0.0.0.0/0", "198.18.0.5", 0), -EINVAL); /* ourselves */
	set_state("198.18.1.1", PP_IFADDR_DUPLICATE);
	CU_ASSERT_STRING_EQUAL(entry_of("198.18.1.77"), "");
	CU_ASSERT_EQUAL(pp_route_lookup(r, &dst, &src, -1, &to), -EADDRNOTAVAIL);
	close_table();
}

static void random_tables(void)
{
	struct pp_prng rng;
	unsigned int routed = 0;
	pp_prng_seed(&rng, pp_test_seed());
	open_table();
	for (unsigned int i = 0; i < 5000; i++) {
		random_change(&rng);
		routed += random_lookup(&rng);
		check_table();
	}
	CU_ASSERT_TRUE(routed > 500);
	close_table();
}

PP_TEST_MAIN("route", {"addresses that may not be: every error", address_errors},
	     {"IP-15 /31 and /32 have no broadcast address", short_prefixes},
	     {"addresses are found and listed", found},
	     {"IP-15 broadcast forms of our prefixes, ones and zeros", broadcast_forms},
	     {"deleting an address takes its routes along", address_deleted},
	     {"a full table of addresses is refused", address_limit},
	     {"a full table of routes is refused, nothing half done", route_limit},
	     {"routes that may not be: every error", route_errors},
	     {"routes stand in order of lookup", order},
	     {"IP-11 on-link to the destination, else to the gateway", onlink_or_gateway},
	     {"IP-11 no route for groups, any and loopback", no_route_for},
	     {"IP-12 works without a gateway", without_gateway},
	     {"IP-12 default gateways by preference", preference},
	     {"IP-13 a dead gateway gives way to a living one", dead_gateway},
	     {"longest prefix wins over preference", longest_prefix},
	     {"a default route serves its own family only", families_apart},
	     {"on-link is what no gateway stands before", onlink_question},
	     {"a link of our own goes before a gateway to it", onlink_before_gateway},
	     {"routes through a link go with its address", gateway_link_gone},
	     {"a port narrows the choice", by_port},

	     {"source: the one whose prefix holds the next hop", source_of_next_hop},
	     {"source: longest match with the destination", source_longest_match},
	     {"source: same scope before longest match", source_scope},
	     {"IP-10 a given source must be ours", source_given},

	     {"a given source chooses between links", source_names_link},
	     {"tentative and duplicate addresses are no source", source_state},
	     {"all of a prefix: its hosts are found, no others", all_found},
	     {"all of a prefix: every error", all_errors},
	     {"all of a prefix: the one that is announced", all_first},
	     {"all of a prefix: each may be the source", all_sources},
	     {"link-local sources for link-local destinations only", source_linklocal},
	     {"link-local destinations on several links", linklocal_links},
	     {"IP-10 random tables: the source is always ours", random_tables})
