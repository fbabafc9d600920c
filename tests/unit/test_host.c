/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host: requests with the right source, what the neighbour cache tells it, its
 * configuration.
 */
#include "host_fixture.h"

/* ---- neighbours ---- */

static void test_solicit4(void)
{
	struct fixture *f = setup(7);
	struct pp_eth eth;

	CU_ASSERT_EQUAL(add(f, "10.0.0.1/8", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	run(f, PP_SEC(60));
	unsigned int before = f->frames;
	acquire(f, link0, "192.0.2.2");
	CU_ASSERT_EQUAL_FATAL(f->frames, before + 1);
	struct pp_arp arp = arp_of(&f->frame[before], &eth);
	CU_ASSERT_TRUE(is(&arp.spa, "192.0.2.1") && is(&arp.tpa, "192.0.2.2"));
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &pp_mac_broadcast));
	hear_arp(f, true, &peer_mac, "192.0.2.2", "192.0.2.1");
	run(f, PP_SEC(40)); /* 30 s reachable, 5 s delay, then asked by unicast */
	CU_ASSERT_TRUE_FATAL(f->frames > before + 1);
	arp = arp_of(&f->frame[before + 1], &eth);
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &peer_mac));
	CU_ASSERT_EQUAL(gap(f, before + 1), PP_SEC(35).v);
	teardown(f);
}

static void test_solicit6(void)
{
	static const struct {
		const char *target, *src;
	} cases[] = {
		{"2001:db8:2::5", "2001:db8:2::1"},
		{"2001:db8:1::5", "2001:db8:1::1"},
		{"2001:db8:9::5", "2001:db8:1::1"}, /* same scope at least */
		{"fe80::5", "fe80::1"},
	};
	struct fixture *f = setup(7);
	struct pp_eth eth;
	struct pp_ip ip;

	CU_ASSERT_EQUAL(add(f, "fe80::1/64", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8:1::1/64", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8:2::1/64", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	for (size_t i = 0; i < PP_ARRAY_LEN(cases); i++) {
		unsigned int before = f->frames;
		acquire(f, link0, cases[i].target);
		CU_ASSERT_EQUAL_FATAL(f->frames, before + 1);
		struct pp_nd nd = nd_of(&f->frame[before], &eth, &ip);
		struct pp_addr target = addr(cases[i].target),
			       group = pp_addr_solicited_node(&target);
		CU_ASSERT_TRUE(!nd.advert && nd.has_lla && pp_mac_eq(&nd.lla, &our_mac));
		CU_ASSERT_TRUE(is(&nd.target, cases[i].target) && is(&ip.src, cases[i].src));
		CU_ASSERT_TRUE(pp_addr_eq(&ip.dst, &group) && eth.group);
	}
	teardown(f);
}

static void test_solicit6_unicast(void)
{
	struct fixture *f = setup(7);
	struct pp_eth eth;
	struct pp_ip ip;

	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, false), 0);
	run(f, PP_SEC(60));
	acquire(f, link0, "2001:db8::2");
	hear_na(f, &peer_mac, "2001:db8::2");
	unsigned int before = f->frames;
	run(f, PP_MS(35500));
	CU_ASSERT_EQUAL_FATAL(f->frames, before + 1);
	struct pp_nd nd = nd_of(&f->frame[before], &eth, &ip);
	CU_ASSERT_TRUE(is(&nd.target, "2001:db8::2") && is(&ip.dst, "2001:db8::2"));
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &peer_mac));
	teardown(f);
}

static void test_no_source(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, true), 0); /* tentative: not to be used */
	acquire(f, link0, "192.0.2.2");
	acquire(f, link0, "2001:db8::2");
	CU_ASSERT_EQUAL(f->frames, 0);
	teardown(f);
}

static void test_held(void)
{
	struct fixture *f = setup(7);
	struct pp_addr to = addr("192.0.2.2");
	uint8_t frame[80] = {[12] = 0x08, [79] = 0x5a};

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	struct pp_neigh_cache *cache = pp_host_neighbours(f->host);
	CU_ASSERT_EQUAL(pp_neigh_send(cache, link0, &to, frame, sizeof(frame), f->now), 0);
	unsigned int before = f->frames;
	hear_arp(f, true, &peer_mac, "192.0.2.2", "192.0.2.1");
	CU_ASSERT_EQUAL_FATAL(f->frames, before + 1);
	CU_ASSERT_EQUAL(f->frame[before].len, sizeof(frame));
	CU_ASSERT_EQUAL(memcmp(f->frame[before].data, peer_mac.b, 6), 0);
	CU_ASSERT_EQUAL(memcmp(f->frame[before].data + 6, frame + 6, sizeof(frame) - 6), 0);
	teardown(f);
}

static void test_refused_move(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	acquire(f, link0, "192.0.2.2");
	hear_arp(f, true, &peer_mac, "192.0.2.2", "192.0.2.1");
	for (unsigned int i = 0; i < 1000; i++)
		hear_arp(f, false, &thief_mac, "192.0.2.2", "192.0.2.2");
	CU_ASSERT_EQUAL_FATAL(f->logs, 1);
	CU_ASSERT_STRING_EQUAL(f->log[0], "neighbour 192.0.2.2 on port 0: 02:00:00:00:00:66 claims "
					  "it, keeping 02:00:00:00:00:02");
	CU_ASSERT_EQUAL(pp_neigh_stats(pp_host_neighbours(f->host))->refused_moves, 1000);
	teardown(f);
}

/* ---- configuration ---- */

static void test_ports(void)
{
	struct fixture *f = setup(7);
	static const struct pp_mac zero;

	CU_ASSERT_EQUAL(pp_host_set_port(f->host, PP_PORT_MAX, &our_mac, 1500), -EINVAL);
	CU_ASSERT_EQUAL(pp_host_set_port(f->host, 1, &zero, 1500), -EINVAL);
	CU_ASSERT_EQUAL(pp_host_set_port(f->host, 1, &pp_mac_broadcast, 1500), -EINVAL);
	CU_ASSERT_EQUAL(pp_host_set_port(f->host, 1, &our_mac, 67), -EINVAL);
	CU_ASSERT_PTR_NULL(pp_host_mac(f->host, 1));
	CU_ASSERT_EQUAL(pp_host_mtu(f->host, 1), 0);
	CU_ASSERT_EQUAL(pp_host_set_port(f->host, 0, &our_mac, 9000), 0);
	CU_ASSERT_EQUAL(pp_host_mtu(f->host, 0), 9000);
	CU_ASSERT_EQUAL(f->view->ports[0].mtu, 9000);
	CU_ASSERT_TRUE(pp_mac_eq(pp_host_mac(f->host, 0), &our_mac));
	teardown(f);
}

static void test_addr_errors(void)
{
	struct fixture *f = setup(7);
	struct pp_addr a = addr("192.0.2.1");

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", (struct pp_link){.port = 1}, false), -EINVAL);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", (struct pp_link){.port = 99}, false), -EINVAL);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", (struct pp_link){.vlan = 4095}, false), -EINVAL);
	CU_ASSERT_EQUAL(pp_host_addr_add(f->host, &a, 129, link0, false, false, f->now), -EINVAL);
	CU_ASSERT_EQUAL(add(f, "192.0.2.255/24", link0, false), -EINVAL);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), -EEXIST);
	teardown(f);
}

static void test_respond(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_TRUE(pp_host_responds(f->host) && f->view->respond);
	pp_host_respond(f->host, false);
	CU_ASSERT_FALSE(pp_host_responds(f->host) || f->view->respond);
	teardown(f);
}

static void test_strange_port(void)
{
	struct fixture *f = setup(7);
	struct pp_event e = {.kind = PP_EVENT_HEARD, .target = addr("192.0.2.1")};

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	e.heard = (struct pp_neigh_heard){
		.link = {.port = 99}, .addr = addr("192.0.2.2"), .mac = peer_mac, .has_mac = true};
	e.heard.for_us = e.heard.onlink = true;
	pp_host_hear(f->host, &e, f->now);
	e.heard.link.port = 3;
	pp_host_hear(f->host, &e, f->now);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 0);
	e.heard.link.port = 0;
	pp_host_hear(f->host, &e, f->now);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 1);
	teardown(f);
}

PP_TEST_MAIN("host", {"ARP requests: source by prefix, broadcast, then unicast", test_solicit4},
	     {"ND-06 solicitations: source by prefix, then by scope", test_solicit6},
	     {"ND-09 a stale neighbour is asked by unicast", test_solicit6_unicast},
	     {"nothing is asked without a usable source address", test_no_source},
	     {"ARP-12 a held packet goes out to the answer's MAC", test_held},
	     {"ARP-24 D-12 a move nobody asked for is refused and logged once", test_refused_move},
	     {"ports: checked, and replaced for a new MTU", test_ports},
	     {"addresses: port, VLAN and prefix are checked", test_addr_errors},
	     {"the responder's switch reaches the view", test_respond},
	     {"what was heard on a port that we do not have changes nothing", test_strange_port})
