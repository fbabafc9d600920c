/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The snapshot that workers read: whose a destination is on which link, VLANs,
 * prefixes; and against a plain search over random configurations.
 */
#include "runner.h"
#include "../../lib/stack/view.h"

static const struct pp_link untagged = {.port = 0}, tagged = {.port = 0, .vlan = 7},
			    other = {.port = 1};
static struct pp_view_port ports[PP_PORT_MAX];

static struct pp_addr addr(const char *text)
{
	struct pp_addr a = {0};

	CU_ASSERT_EQUAL_FATAL(pp_addr_parse(text, &a), 0);
	return a;
}

static void add(struct pp_routes *r, const char *prefix, struct pp_link link,
		enum pp_ifaddr_state state)
{
	struct pp_ifaddr a = {.link = link, .state = state};
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a.addr, &plen), 0);
	a.plen = (uint8_t)plen;
	CU_ASSERT_EQUAL_FATAL(pp_ifaddr_add(r, &a), 0);
}

static void add_all(struct pp_routes *r, const char *prefix, struct pp_link link,
		    enum pp_ifaddr_state state)
{
	struct pp_ifaddr a = {.link = link, .state = state, .all = true};
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a.addr, &plen), 0);
	a.plen = (uint8_t)plen;
	CU_ASSERT_EQUAL_FATAL(pp_ifaddr_add(r, &a), 0);
}

static struct pp_view *build(struct pp_routes *r)
{
	struct pp_view *v = pp_view_build(r, ports, true);

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	return v;
}

static enum pp_view_dst classify(const struct pp_view *v, struct pp_link link, const char *text)
{
	struct pp_addr a = addr(text);

	return pp_view_classify(v, link, &a);
}

static bool onlink(const struct pp_view *v, struct pp_link link, const char *text)
{
	struct pp_addr a = addr(text);

	return pp_view_onlink(v, link, &a);
}

static struct pp_view *example(void)
{
	struct pp_routes *r = pp_routes_create();

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	add(r, "192.0.2.1/24", untagged, PP_IFADDR_PREFERRED);
	add(r, "2001:db8::1/64", untagged, PP_IFADDR_PREFERRED);
	add(r, "198.51.100.9/30", tagged, PP_IFADDR_TENTATIVE);
	add(r, "203.0.113.1/31", other, PP_IFADDR_PREFERRED);
	add(r, "10.0.0.1/8", other, PP_IFADDR_DUPLICATE);
	struct pp_view *v = build(r);
	pp_routes_free(r);
	return v;
}

static void test_empty(void)
{
	struct pp_routes *r = pp_routes_create();
	struct pp_view *v = build(r);

	CU_ASSERT_EQUAL(classify(v, untagged, "192.0.2.1"), PP_DST_OTHER);
	CU_ASSERT_EQUAL(classify(v, untagged, "255.255.255.255"), PP_DST_BROADCAST);
	CU_ASSERT_EQUAL(classify(v, untagged, "224.0.0.1"), PP_DST_GROUP);
	CU_ASSERT_EQUAL(classify(v, untagged, "ff02::1"), PP_DST_GROUP);
	CU_ASSERT_TRUE(pp_view_has_vlan(v, untagged));
	CU_ASSERT_FALSE(pp_view_has_vlan(v, tagged));
	CU_ASSERT_FALSE(onlink(v, untagged, "192.0.2.1"));
	CU_ASSERT_PTR_NULL(pp_view_port(v, 0));
	pp_view_free(v);
	pp_routes_free(r);
	pp_view_free(NULL);
}

static void test_classes(void)
{
	static const struct {
		const char *dst;
		struct pp_link link;
		enum pp_view_dst want;
	} cases[] = {
		{"192.0.2.1", {0, 0}, PP_DST_OURS},
		{"192.0.2.1", {0, 7}, PP_DST_OTHER},
		{"192.0.2.1", {1, 0}, PP_DST_OTHER},
		{"192.0.2.2", {0, 0}, PP_DST_OTHER},
		{"2001:db8::1", {0, 0}, PP_DST_OURS},
		{"2001:db8::1", {1, 0}, PP_DST_OTHER},
		{"198.51.100.9", {0, 7}, PP_DST_TENTATIVE},
		{"203.0.113.1", {1, 0}, PP_DST_OURS},
		{"10.0.0.1", {1, 0}, PP_DST_OTHER},
		{"0.0.0.0", {0, 0}, PP_DST_OTHER},
		{"::", {0, 0}, PP_DST_OTHER},
	};

	struct pp_view *v = example();
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++)
		CU_ASSERT_EQUAL(classify(v, cases[i].link, cases[i].dst), cases[i].want);
	pp_view_free(v);
}

static void test_broadcasts(void)
{
	static const struct {
		const char *dst;
		struct pp_link link;
		bool subnet, any;
	} cases[] = {
		{"192.0.2.255", {0, 0}, true, true},
		{"192.0.2.0", {0, 0}, true, true},
		{"192.0.2.255", {1, 0}, false, false},
		{"198.51.100.11", {0, 7}, true, true},
		{"198.51.100.8", {0, 7}, true, true},
		{"203.0.113.0", {1, 0}, false, false}, /* /31 has none (RFC 3021) */
		{"10.255.255.255", {1, 0}, false, false},
		{"255.255.255.255", {1, 0}, false, true},
		{"192.0.2.1", {0, 0}, false, false},
	};

	struct pp_view *v = example();
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		struct pp_addr a = addr(cases[i].dst);
		CU_ASSERT_EQUAL(pp_view_is_subnet_broadcast(v, cases[i].link, &a), cases[i].subnet);
		CU_ASSERT_EQUAL(pp_view_classify(v, cases[i].link, &a) == PP_DST_BROADCAST,
				cases[i].any);
	}
	pp_view_free(v);
}

static void test_ours_before_broadcast(void)
{
	struct pp_routes *r = pp_routes_create();

	add(r, "10.1.0.1/16", untagged, PP_IFADDR_PREFERRED);
	add(r, "10.1.255.255/8", untagged, PP_IFADDR_PREFERRED);
	struct pp_view *v = build(r);
	CU_ASSERT_EQUAL(classify(v, untagged, "10.1.255.255"), PP_DST_OURS);
	pp_view_free(v);
	pp_routes_free(r);
}

static void test_groups(void)
{
	struct pp_routes *r = pp_routes_create();

	add(r, "2001:db8::12:3456/64", untagged, PP_IFADDR_PREFERRED);
	add(r, "2001:db8::ab:cdef/64", tagged, PP_IFADDR_TENTATIVE);
	add(r, "2001:db8::77:7777/64", other, PP_IFADDR_DUPLICATE);
	struct pp_view *v = build(r);
	CU_ASSERT_EQUAL(classify(v, untagged, "ff02::1"), PP_DST_GROUP_JOINED);
	CU_ASSERT_EQUAL(classify(v, untagged, "ff02::1:ff12:3456"), PP_DST_GROUP_JOINED);
	CU_ASSERT_EQUAL(classify(v, untagged, "ff02::1:ffab:cdef"), PP_DST_GROUP);
	CU_ASSERT_EQUAL(classify(v, tagged, "ff02::1:ffab:cdef"), PP_DST_GROUP_JOINED);
	CU_ASSERT_EQUAL(classify(v, other, "ff02::1:ff77:7777"), PP_DST_GROUP);
	CU_ASSERT_EQUAL(classify(v, other, "ff02::1"), PP_DST_GROUP);
	CU_ASSERT_EQUAL(classify(v, untagged, "ff02::2"), PP_DST_GROUP);
	CU_ASSERT_EQUAL(classify(v, untagged, "224.0.0.1"), PP_DST_GROUP);
	pp_view_free(v);
	pp_routes_free(r);
}

/* ---- all of a prefix ---- */

static void test_all(void)
{
	static const struct {
		const char *dst;
		struct pp_link link;
		enum pp_view_dst want;
	} cases[] = {
		{"198.18.1.1", {1, 0}, PP_DST_OURS},
		{"198.18.1.2", {1, 0}, PP_DST_OURS},
		{"198.18.1.254", {1, 0}, PP_DST_OURS},
		{"198.18.1.255", {1, 0}, PP_DST_BROADCAST},
		{"198.18.1.0", {1, 0}, PP_DST_BROADCAST},
		{"198.18.1.2", {0, 0}, PP_DST_OTHER},
		{"198.18.1.2", {1, 7}, PP_DST_OTHER},
		{"198.18.2.2", {1, 0}, PP_DST_OTHER},
		{"198.18.1.7", {1, 0}, PP_DST_TENTATIVE},
		{"198.18.1.8", {1, 0}, PP_DST_OTHER}, /* a duplicate */
		{"2001:db8:1::abcd:1", {1, 0}, PP_DST_OURS},
		{"2001:db8:1::", {1, 0}, PP_DST_OTHER}, /* all routers' */
		{"2001:db8:2::1", {1, 0}, PP_DST_OTHER},
		{"ff02::1:ff12:3456", {1, 0}, PP_DST_GROUP_JOINED},
		{"ff02::1:fe12:3456", {1, 0}, PP_DST_GROUP},
		{"ff02::1:ff12:3456", {0, 0}, PP_DST_GROUP},
		{"ff02::1:ff00:11", {0, 7}, PP_DST_GROUP_JOINED}, /* of a /124 */
		{"ff02::1:ff00:21", {0, 7}, PP_DST_GROUP},
		{"203.0.113.6", {0, 0}, PP_DST_OURS},
		{"203.0.113.7", {0, 0}, PP_DST_OURS},
		{"10.0.0.1", {0, 0}, PP_DST_TENTATIVE},
		{"10.0.0.2", {0, 0}, PP_DST_OTHER},
	};
	struct pp_routes *r = pp_routes_create();

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	add_all(r, "198.18.1.1/24", other, PP_IFADDR_PREFERRED);
	add(r, "198.18.1.7/24", other, PP_IFADDR_TENTATIVE);
	add(r, "198.18.1.8/24", other, PP_IFADDR_DUPLICATE);
	add_all(r, "2001:db8:1::1/64", other, PP_IFADDR_PREFERRED);
	add_all(r, "2001:db8:7::15/124", tagged, PP_IFADDR_PREFERRED);
	add_all(r, "203.0.113.6/31", untagged, PP_IFADDR_PREFERRED);
	add_all(r, "10.0.0.1/24", untagged, PP_IFADDR_TENTATIVE);
	struct pp_view *v = build(r);
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		struct pp_addr a = addr(cases[i].dst);
		enum pp_view_dst got = pp_view_classify(v, cases[i].link, &a);
		if (got != cases[i].want)
			printf("%s: %d\n", cases[i].dst, (int)got);
		CU_ASSERT_EQUAL(got, cases[i].want);
		if (got == PP_DST_OURS || got == PP_DST_BROADCAST)
			CU_ASSERT_FALSE(pp_view_is_stranger(v, cases[i].link, &a));
	}
	pp_view_free(v);
	pp_routes_free(r);
}

static void test_links(void)
{
	struct pp_view *v = example();

	CU_ASSERT_TRUE(pp_view_has_vlan(v, tagged));
	CU_ASSERT_TRUE(pp_view_has_vlan(v, (struct pp_link){.port = 5}));
	CU_ASSERT_FALSE(pp_view_has_vlan(v, (struct pp_link){.port = 0, .vlan = 8}));
	CU_ASSERT_FALSE(pp_view_has_vlan(v, (struct pp_link){.port = 1, .vlan = 7}));
	CU_ASSERT_TRUE(onlink(v, untagged, "192.0.2.200"));
	CU_ASSERT_FALSE(onlink(v, untagged, "192.0.3.1"));
	CU_ASSERT_FALSE(onlink(v, tagged, "192.0.2.200"));
	CU_ASSERT_TRUE(onlink(v, untagged, "2001:db8::ffff"));
	CU_ASSERT_TRUE(onlink(v, untagged, "fe80::1"));
	CU_ASSERT_FALSE(onlink(v, tagged, "fe80::1"));
	CU_ASSERT_FALSE(onlink(v, other, "10.1.1.1"));
	pp_view_free(v);
}

static void test_ports(void)
{
	struct pp_routes *r = pp_routes_create();
	struct pp_mac mac = {.b = {2, 0, 0, 0, 0, 9}};
	struct pp_view_port set[PP_PORT_MAX] = {[31] = {.mac = mac, .mtu = 9000, .present = true}};
	struct pp_view *v = pp_view_build(r, set, false);

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	CU_ASSERT_FALSE(v->respond);
	CU_ASSERT_PTR_NULL(pp_view_port(v, 0));
	CU_ASSERT_PTR_NULL(pp_view_port(v, PP_PORT_MAX));
	CU_ASSERT_PTR_NOT_NULL_FATAL(pp_view_port(v, 31));
	CU_ASSERT_EQUAL(pp_view_port(v, 31)->mtu, 9000);
	CU_ASSERT_TRUE(pp_mac_eq(&pp_view_port(v, 31)->mac, &mac));
	pp_view_free(v);
	pp_routes_free(r);
}

/* ---- against a plain search ---- */

static struct pp_link random_link(struct pp_prng *rng)
{
	return (struct pp_link){.port = (uint16_t)pp_prng_below(rng, 3),
				.vlan = (uint16_t)pp_prng_below(rng, 3)};
}

static void add_random(struct pp_routes *r, struct pp_prng *rng, bool all)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)pp_prng_below(rng, 256)};
	struct pp_ifaddr a = {.link = random_link(rng), .plen = 64};

	bytes[14] = (uint8_t)pp_prng_below(rng, 4);
	a.state = (enum pp_ifaddr_state)pp_prng_below(rng, 3);
	a.all = all && pp_prng_below(rng, 4) == 0;
	a.addr = pp_addr_from6(bytes);
	if (pp_prng_below(rng, 2)) {
		uint8_t four[4] = {10, 0, bytes[14], bytes[15]};
		a.addr = pp_addr_from4(four);
		a.plen = all ? (uint8_t)(120 + pp_prng_below(rng, 9)) : 120;
	}
	(void)pp_ifaddr_add(r, &a);
}

/* Of a prefix that one of our addresses in use has there. */
static bool is_broadcast(const struct pp_routes *r, struct pp_link link, const struct pp_addr *dst)
{
	for (size_t i = 0; i < pp_ifaddr_count(r); i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(r, i);
		struct pp_addr zeros = *dst, ones = *dst;
		for (unsigned int bit = a->plen; bit < 128; bit++) {
			ones.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			zeros.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
		}
		if (a->state != PP_IFADDR_DUPLICATE && pp_link_eq(a->link, link) &&
		    a->plen <= 126 && pp_addr_is4(dst) && pp_addr_is4(&a->addr) &&
		    pp_addr_in_prefix(dst, &a->addr, a->plen) &&
		    (pp_addr_eq(dst, &zeros) || pp_addr_eq(dst, &ones)))
			return true;
	}
	return false;
}

static enum pp_view_dst expect(const struct pp_routes *r, struct pp_link link,
			       const struct pp_addr *dst)
{
	const struct pp_ifaddr *a = pp_ifaddr_find(r, dst);

	if (a && !pp_addr_eq(&a->addr, dst) && is_broadcast(r, link, dst))
		return PP_DST_BROADCAST;
	if (!a || !pp_link_eq(a->link, link) || a->state == PP_IFADDR_DUPLICATE)
		return PP_DST_OTHER;
	return a->state == PP_IFADDR_PREFERRED ? PP_DST_OURS : PP_DST_TENTATIVE;
}

static unsigned int compare(const struct pp_routes *r, const struct pp_view *v)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < pp_ifaddr_count(r); i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(r, i);
		struct pp_addr near = a->addr;
		near.b[13] ^= 1; /* in no prefix broadcast's and nobody's place */
		wrong += pp_view_classify(v, a->link, &a->addr) != expect(r, a->link, &a->addr);
		wrong += pp_view_classify(v, a->link, &near) != expect(r, a->link, &near);
	}
	return wrong;
}

/* Any address between those that may be ours. */
static void compare_between(const struct pp_routes *r, const struct pp_view *v, struct pp_prng *rng)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < 200; i++) {
		uint8_t four[4] = {10, 0, (uint8_t)pp_prng_below(rng, 4),
				   (uint8_t)pp_prng_below(rng, 256)};
		struct pp_link link = random_link(rng);
		struct pp_addr a = pp_addr_from4(four);
		enum pp_view_dst want = expect(r, link, &a), got = pp_view_classify(v, link, &a);
		if (want == PP_DST_OTHER && is_broadcast(r, link, &a))
			want = PP_DST_BROADCAST;
		wrong += got != want;
		if (want == PP_DST_OURS || want == PP_DST_BROADCAST)
			wrong += pp_view_is_stranger(v, link, &a);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static unsigned int used(const struct pp_view *v)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i <= v->mask; i++)
		n += v->table[i].used;
	return n;
}

/* No address that is ours or a subnet's broadcast passes for a stranger, and few others
 * do not. */
static void check_strangers(const struct pp_view *v, struct pp_prng *rng, bool all)
{
	unsigned int wrong = 0, taken = 0;

	for (uint32_t i = 0; i <= v->mask; i++) {
		const struct pp_view_entry *e = &v->table[i];
		if (e->used && (e->dst == PP_DST_OURS || e->dst == PP_DST_BROADCAST))
			wrong += pp_view_is_stranger(v, e->link, &e->addr);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	for (unsigned int i = 0; i < 10000; i++) {
		struct pp_addr a = addr("198.18.0.0");
		pp_put_be16(a.b + 14, (uint16_t)pp_prng_next(rng));
		taken += !pp_view_is_stranger(v, untagged, &a);
	}
	CU_ASSERT_TRUE(all || taken < 2000);
}

static void test_random(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int round = 0; round < 50; round++) {
		struct pp_routes *r = pp_routes_create();
		uint64_t want = pp_prng_below(&rng, 2 * PP_IFADDR_MAX);
		for (uint64_t i = 0; i < want; i++)
			add_random(r, &rng, round % 2);
		struct pp_view *v = build(r);
		CU_ASSERT_EQUAL(compare(r, v), 0);
		CU_ASSERT_TRUE(2 * used(v) <= v->mask + 1);
		compare_between(r, v, &rng);
		check_strangers(v, &rng, round % 2);
		pp_view_free(v);
		pp_routes_free(r);
	}
}

PP_TEST_MAIN("view",
	     {"a host without addresses knows the limited broadcast and nothing else", test_empty},
	     {"IP-05 a destination is ours on its own link only", test_classes},
	     {"IP-15 all broadcast forms of a link are recognized", test_broadcasts},
	     {"an address of ours is not taken for another prefix's broadcast",
	      test_ours_before_broadcast},
	     {"ND-11 joined: all nodes and the solicited-node groups", test_groups},
	     {"all of a prefix: its hosts, and their solicited-node groups", test_all},
	     {"VLANs and prefixes belong to their link", test_links},
	     {"ports are copied, with the responder's switch", test_ports},
	     {"agrees with a plain search, at most half full", test_random})
