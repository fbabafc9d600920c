/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dead gateways make way, are asked again now and then, and come back.
 */
#include "host_fixture.h"

/* ---- gateways ---- */

struct family {
	const char *ours, *prefix, *far, *gateway[2];
};
static const struct family families[] = {
	{"192.0.2.1/24", "0.0.0.0/0", "198.51.100.7", {"192.0.2.254", "192.0.2.253"}},
	{"2001:db8::1/64", "::/0", "2001:db8:9::7", {"2001:db8::fe", "2001:db8::fd"}},
};

static void answer(struct fixture *f, const char *text)
{
	if (strchr(text, ':'))
		hear_na(f, &peer_mac, text);
	else
		hear_arp(f, true, &peer_mac, text, "192.0.2.1");
}

static bool goes_by(struct fixture *f, const struct family *fam, unsigned int gateway)
{
	struct pp_addr far = addr(fam->far);
	struct pp_nexthop hop;
	int err = pp_route_lookup(pp_host_routes(f->host), &far, NULL, -1, &hop);

	return err == 0 && is(&hop.hop, fam->gateway[gateway]);
}

static unsigned int asked_for(const struct fixture *f, const struct family *fam, unsigned int from)
{
	unsigned int n = 0;
	struct pp_eth eth;
	struct pp_ip ip;

	for (unsigned int i = from; i < f->frames; i++)
		if (strchr(fam->ours, ':')) {
			struct pp_nd nd = nd_of(&f->frame[i], &eth, &ip);
			n += is(&nd.target, fam->gateway[0]) && !nd.advert;
		} else {
			struct pp_arp arp = arp_of(&f->frame[i], &eth);
			n += is(&arp.tpa, fam->gateway[0]);
		}
	return n;
}

static struct fixture *two_gateways(const struct family *fam)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, fam->ours, link0, false), 0);
	route(f, fam->prefix, fam->gateway[0], 1);
	route(f, fam->prefix, fam->gateway[1], 2);
	run(f, PP_SEC(10));
	return f;
}

static void failover(const struct family *fam)
{
	struct fixture *f = two_gateways(fam);

	CU_ASSERT_TRUE(goes_by(f, fam, 0));
	struct pp_neigh *n = acquire(f, link0, fam->gateway[0]);
	unsigned int before = f->rerouted;
	run(f, PP_MS(2999));
	CU_ASSERT_TRUE(goes_by(f, fam, 0));
	run(f, PP_MS(2));
	CU_ASSERT_TRUE(goes_by(f, fam, 1));
	CU_ASSERT_EQUAL(f->rerouted, before + 1);
	/* The session moves over, as rerouted tells it to. */
	pp_neigh_release(pp_host_neighbours(f->host), n, f->now);
	struct pp_addr second = addr(fam->gateway[1]);
	CU_ASSERT_EQUAL(
		pp_neigh_add(pp_host_neighbours(f->host), link0, &second, &peer_mac, f->now), 0);
	unsigned int frames = f->frames;
	run(f, PP_SEC(99));
	unsigned int asks = asked_for(f, fam, frames);
	CU_ASSERT_TRUE(asks >= 9 && asks <= 33);
	CU_ASSERT_TRUE(goes_by(f, fam, 1));
	answer(f, fam->gateway[0]);
	CU_ASSERT_FALSE(goes_by(f, fam, 0)); /* nobody was asking just then */
	run(f, PP_SEC(2));
	answer(f, fam->gateway[0]);
	CU_ASSERT_TRUE(goes_by(f, fam, 0));
	CU_ASSERT_EQUAL(f->rerouted, before + 2);
	frames = f->frames;
	run(f, PP_SEC(100));
	CU_ASSERT_EQUAL(asked_for(f, fam, frames), 0);
	teardown(f);
}

static void test_failover(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(families); i++)
		failover(&families[i]);
}

static void test_dead_before_route(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(families); i++) {
		const struct family *fam = &families[i];
		struct fixture *f = setup(7);
		CU_ASSERT_EQUAL(add(f, fam->ours, link0, false), 0);
		acquire(f, link0, fam->gateway[0]);
		run(f, PP_SEC(20));
		route(f, fam->prefix, fam->gateway[0], 1);
		route(f, fam->prefix, fam->gateway[1], 2);
		CU_ASSERT_TRUE(goes_by(f, fam, 1));
		answer(f, fam->gateway[0]);
		CU_ASSERT_TRUE(goes_by(f, fam, 0));
		teardown(f);
	}
}

static void test_healthy_gateway(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(families); i++) {
		struct fixture *f = two_gateways(&families[i]);
		unsigned int before = f->frames;
		run(f, PP_SEC(3600));
		CU_ASSERT_EQUAL(f->frames, before);
		teardown(f);
	}
}

PP_TEST_MAIN("gateway",
	     {"IP-13 a dead gateway makes way, and comes back when it answers", test_failover},
	     {"IP-13 a route through a gateway known to be dead starts dead",
	      test_dead_before_route},
	     {"IP-13 gateways nobody uses are never asked", test_healthy_gateway})
