/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours in the simulation: hosts that are dead, come up, claim what is not
 * theirs; gateways that fail and return.
 */
#include "sim.h"

static struct sim_ping *start(struct sim_node *n, const char *target, pp_ns interval,
			      uint64_t count)
{
	struct pp_session_spec spec = sim_spec(target);

	spec.interval = interval;
	spec.count = count;
	return sim_ping(n, &spec);
}

static void run(struct sim *s, pp_ns span)
{
	sim_run(s, pp_ns_add(s->now, span));
}

/* ---- hosts that do not answer ---- */

static void dead(const struct sim_family *fam, pp_ns interval, uint64_t count)
{
	struct sim *s = sim_create(pp_test_seed());
	struct sim_node *client = sim_node(s);

	sim_addr(client, fam->client);
	run(s, PP_SEC(5));
	struct sim_ping *p = start(client, fam->target, interval, count);
	run(s, PP_MS(2999));
	CU_ASSERT_EQUAL(p->unreachable, 0);
	CU_ASSERT_EQUAL(client->asks, 3);
	sim_run_done(s);
	sim_check(p);
	CU_ASSERT_TRUE(p->unreachable == count || p->unreachable >= 1024);
	CU_ASSERT_EQUAL(sim_counts(p)->unreachable, count);
	CU_ASSERT_EQUAL(sim_counts(p)->not_sent, count);
	CU_ASSERT_EQUAL(sim_counts(p)->sent, 0);
	CU_ASSERT_TRUE(client->ask_gap >= PP_SEC(1).v);
	sim_free(s);
}

static void test_dead(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++)
		dead(&sim_families[i], PP_MS(100), 100);
}

static void test_dead_fast(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++)
		dead(&sim_families[i], PP_US(50), 100000);
}

/* The newest of the slots that waited leaves, the older ones never do. */
static void test_comes_up(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s);
		sim_addr(client, sim_families[i].client);
		run(s, PP_SEC(5));
		struct sim_ping *p = start(client, sim_families[i].target, PP_MS(100), 50);
		run(s, PP_MS(2500));
		CU_ASSERT_EQUAL(pp_session_held(p->session), 26);
		sim_addr(server, sim_families[i].server); /* announces itself */
		sim_run_done(s);
		sim_check(p);
		CU_ASSERT_EQUAL(sim_counts(p)->not_sent, 25);
		CU_ASSERT_EQUAL(sim_counts(p)->unreachable, 0);
		CU_ASSERT_EQUAL(sim_counts(p)->received, 25);
		CU_ASSERT_EQUAL(p->probe[24].fate, SIM_NOT_SENT);
		CU_ASSERT_EQUAL(p->probe[25].fate, SIM_RECEIVED);
		sim_free(s);
	}
}

/* Up after 1.5 s without a word: found by the third request, 2 s after the first. */
static void test_comes_up_silently(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s);
		sim_addr(client, sim_families[i].client);
		sim_addr(server, sim_families[i].server);
		run(s, PP_SEC(5));
		server->up = false;
		struct sim_ping *p = start(client, sim_families[i].target, PP_MS(100), 50);
		run(s, PP_MS(1500));
		server->up = true;
		sim_run_done(s);
		sim_check(p);
		CU_ASSERT_EQUAL(sim_counts(p)->not_sent, 20);
		CU_ASSERT_EQUAL(sim_counts(p)->received, 30);
		sim_free(s);
	}
}

/* Gone for a while in the middle: lost while the entry is believed, unreachable
 * once it failed, received again afterwards. */
static void test_goes_away(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s);
		sim_addr(client, sim_families[i].client);
		sim_addr(server, sim_families[i].server);
		run(s, PP_SEC(5));
		struct sim_ping *p = start(client, sim_families[i].target, PP_MS(10), 12000);
		run(s, PP_SEC(10));
		server->up = false;
		run(s, PP_SEC(60));
		server->up = true;
		sim_run_done(s);
		sim_check(p);
		const struct pp_counts *c = sim_counts(p);
		CU_ASSERT_EQUAL(c->unreachable + pp_counts_lost(c) + c->received +
					(c->not_sent - c->unreachable),
				12000);
		CU_ASSERT_TRUE(pp_counts_lost(c) > 2500 && pp_counts_lost(c) < 3000);
		CU_ASSERT_TRUE(c->unreachable > 2000);
		CU_ASSERT_EQUAL(p->probe[11999].fate, SIM_RECEIVED);
		CU_ASSERT_TRUE(client->ask_gap >= PP_SEC(1).v);
		sim_free(s);
	}
}

/* ---- gateways ---- */

struct routed {
	const char *client, *far, *far_prefix, *prefix;
	const char *gateway[2], *gateway_prefix[2];
};
static const struct routed routed[] = {
	{"192.0.2.1/24",
	 "198.51.100.7",
	 "198.51.100.7/32",
	 "0.0.0.0/0",
	 {"192.0.2.254", "192.0.2.253"},
	 {"192.0.2.254/24", "192.0.2.253/24"}},
	{"2001:db8::1/64",
	 "2001:db8:9::7",
	 "2001:db8:9::7/128",
	 "::/0",
	 {"2001:db8::fe", "2001:db8::fd"},
	 {"2001:db8::fe/64", "2001:db8::fd/64"}},
};

struct pair {
	struct sim *s;
	struct sim_node *client, *gateway[2];
};

/* Each gateway answers for the far address itself. */
static struct pair two_gateways(const struct routed *r)
{
	struct sim *s = sim_create(pp_test_seed());
	struct pair p = {.s = s, .client = sim_node(s)};

	for (unsigned int i = 0; i < 2; i++) {
		p.gateway[i] = sim_node(s);
		sim_addr(p.gateway[i], r->far_prefix);
		sim_addr(p.gateway[i], r->gateway_prefix[i]);
	}
	run(s, PP_SEC(5));
	sim_addr(p.client, r->client);
	sim_route(p.client, r->prefix, r->gateway[0], 1);
	sim_route(p.client, r->prefix, r->gateway[1], 2);
	run(s, PP_SEC(5));
	return p;
}

static uint64_t answered(const struct sim_node *n)
{
	return n->stack.drops[PP_DROP_ECHO_ANSWERED];
}

static void failover(const struct routed *r)
{
	struct pair p = two_gateways(r);
	struct sim_ping *ping = start(p.client, r->far, PP_MS(10), 12000);

	run(p.s, PP_SEC(10));
	CU_ASSERT_EQUAL(answered(p.gateway[1]), 0);
	p.gateway[0]->up = false; /* noticed by 30 + 5 + 3 s after it was last heard */
	run(p.s, PP_SEC(30));
	uint64_t first = answered(p.gateway[0]), second = answered(p.gateway[1]);
	CU_ASSERT_TRUE(first >= 998 && second > 0);
	run(p.s, PP_SEC(20));
	CU_ASSERT_TRUE(answered(p.gateway[1]) - second >= 1998);
	p.gateway[0]->up = true; /* tried again every 10 s */
	run(p.s, PP_SEC(11));
	second = answered(p.gateway[1]);
	run(p.s, PP_SEC(10));
	CU_ASSERT_EQUAL(answered(p.gateway[1]), second);
	CU_ASSERT_TRUE(answered(p.gateway[0]) - first >= 998);
	sim_run_done(p.s);
	sim_check(ping);
	CU_ASSERT_TRUE(pp_counts_lost(sim_counts(ping)) < 3000);
	CU_ASSERT_EQUAL(sim_counts(ping)->unreachable, 0);
	CU_ASSERT_EQUAL_FATAL(p.client->logs, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.client->log[0], "does not answer"));
	CU_ASSERT_PTR_NOT_NULL(strstr(p.client->log[1], "answers"));
	sim_free(p.s);
}

static void test_failover(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(routed); i++)
		failover(&routed[i]);
}

/* Both dead from the start: unreachable, until the worse one comes. */
static void test_second_gateway_returns(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(routed); i++) {
		struct pair p = two_gateways(&routed[i]);
		p.gateway[0]->up = p.gateway[1]->up = false;
		struct sim_ping *ping = start(p.client, routed[i].far, PP_MS(10), 6000);
		run(p.s, PP_SEC(20));
		CU_ASSERT_TRUE(sim_counts(ping)->unreachable > 0);
		p.gateway[1]->up = true;
		run(p.s, PP_SEC(15));
		uint64_t before = answered(p.gateway[1]);
		run(p.s, PP_SEC(10));
		CU_ASSERT_TRUE(answered(p.gateway[1]) - before >= 998);
		sim_run_done(p.s);
		sim_check(ping);
		CU_ASSERT_TRUE(p.client->ask_gap >= 0);
		sim_free(p.s);
	}
}

/* ---- addresses that two want ---- */

static enum pp_ifaddr_state state_of(const struct sim_node *n, const char *text)
{
	struct pp_addr a = sim_parse(text);
	const struct pp_ifaddr *i = pp_ifaddr_find(pp_host_routes(n->host), &a);

	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	return i->state;
}

static void test_detects_duplicate(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i];
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s), *rival = sim_node(s);
		sim_addr(client, fam->client);
		sim_addr_dad(server, fam->server);
		run(s, PP_SEC(10));
		CU_ASSERT_EQUAL(state_of(server, fam->target), PP_IFADDR_PREFERRED);
		struct sim_ping *p = start(client, fam->target, PP_MS(10), 2000);
		sim_addr_dad(rival, fam->server);
		run(s, PP_SEC(10));
		CU_ASSERT_EQUAL(state_of(rival, fam->target), PP_IFADDR_DUPLICATE);
		CU_ASSERT_EQUAL(pp_host_conflicts(server->host), 0);
		sim_run_done(s);
		sim_check(p);
		CU_ASSERT_EQUAL(sim_counts(p)->received, 2000);
		CU_ASSERT_EQUAL(answered(rival), 0);
		sim_free(s);
	}
}

static void test_rivals(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i];
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *a = sim_node(s), *b = sim_node(s);
		sim_addr_dad(a, fam->server);
		sim_addr_dad(b, fam->server);
		run(s, PP_SEC(10));
		CU_ASSERT_FALSE(state_of(a, fam->target) == PP_IFADDR_PREFERRED &&
				state_of(b, fam->target) == PP_IFADDR_PREFERRED);
		sim_free(s);
	}
}

static void test_own_loop(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i];
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *a = sim_node(s);
		a->loop = true;
		sim_addr_dad(a, fam->server);
		run(s, PP_SEC(20));
		CU_ASSERT_EQUAL(state_of(a, fam->target), PP_IFADDR_PREFERRED);
		CU_ASSERT_EQUAL(pp_host_conflicts(a->host), 0);
		sim_free(s);
	}
}

static void test_conflict_in_use(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i];
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s), *thief = sim_node(s);
		sim_addr(client, fam->client);
		sim_addr(server, fam->server);
		run(s, PP_SEC(10));
		struct sim_ping *p = start(client, fam->target, PP_MS(10), 2000);
		run(s, PP_SEC(1));
		sim_addr(thief, fam->server);
		run(s, PP_SEC(5));
		CU_ASSERT_TRUE(pp_host_conflicts(server->host) > 0);
		CU_ASSERT_TRUE_FATAL(server->logs > 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(server->log[0], "uses it too"));
		CU_ASSERT_EQUAL(state_of(server, fam->target), PP_IFADDR_PREFERRED);
		sim_run_done(s);
		sim_check(p);
		CU_ASSERT_EQUAL(sim_counts(p)->received, 2000);
		CU_ASSERT_TRUE(pp_neigh_stats(pp_host_neighbours(client->host))->refused_moves > 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(client->log[0], "keeping 02:00:00:00:00:02"));
		sim_free(s);
	}
}

/* ---- spoofing ---- */

static void spoof(struct sim_node *thief, const struct sim_family *fam)
{
	struct pp_addr victim = sim_parse(fam->target);
	uint8_t frame[128];
	size_t len;

	if (pp_addr_is4(&victim)) {
		struct pp_arp arp = {
			.op = PP_ARP_REPLY, .sha = thief->mac, .spa = victim, .tpa = victim};
		len = pp_arp_build(frame, sizeof(frame), &pp_mac_broadcast, 0, &arp);
	} else {
		struct pp_nd nd = {.advert = true,
				   .override = true,
				   .has_lla = true,
				   .lla = thief->mac,
				   .target = victim};
		struct pp_l3 l3 = {.src_mac = thief->mac,
				   .src = sim_parse("2001:db8::3"),
				   .dst = sim_parse("ff02::1")};
		l3.dst_mac = pp_mac_of_group(&l3.dst);
		len = pp_nd_build(frame, sizeof(frame), &l3, &nd);
	}
	CU_ASSERT_TRUE_FATAL(len > 0);
	sim_transmit(thief, sim_frame(frame, len), thief->sim->now);
}

static void test_spoof(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(sim_families); i++) {
		const struct sim_family *fam = &sim_families[i];
		struct sim *s = sim_create(pp_test_seed());
		struct sim_node *client = sim_node(s), *server = sim_node(s), *thief = sim_node(s);
		sim_addr(client, fam->client);
		sim_addr(server, fam->server);
		sim_addr(thief, fam->rival);
		run(s, PP_SEC(10));
		struct sim_ping *p = start(client, fam->target, PP_MS(1), 2000);
		run(s, PP_MS(10));
		for (unsigned int k = 0; k < 10000; k++) {
			spoof(thief, fam);
			run(s, PP_US(100));
		}
		sim_run_done(s);
		sim_check(p);
		CU_ASSERT_TRUE(sim_counts(p)->received >= 1999);
		const struct pp_neigh_stats *st = pp_neigh_stats(pp_host_neighbours(client->host));
		CU_ASSERT_EQUAL(st->refused_moves, 10000);
		CU_ASSERT_EQUAL(st->moved, 0);
		CU_ASSERT_EQUAL(client->logs, 1);
		sim_free(s);
	}
}

PP_TEST_MAIN(
	"sim_neigh",
	{"ARP-13 ND-06 a dead host: every slot unreachable after three requests", test_dead},
	{"ARP-11 20,000 probes a second to nobody: one request a second", test_dead_fast},
	{"ARP-12 a host that announces itself gets the newest slot that waited", test_comes_up},
	{"ARP-12 a host that comes up silently is found by the next request",
	 test_comes_up_silently},
	{"a host that goes away and returns", test_goes_away},
	{"IP-13 a dead gateway makes way, and comes back", test_failover},
	{"IP-13 with both gateways dead, the first to return is used", test_second_gateway_returns},
	{"ARP-15 ND-12 an address in use is found out, its owner undisturbed",
	 test_detects_duplicate},
	{"ARP-16 ND-12 two who probe for one address do not both get it", test_rivals},
	{"a loop on the wire is no duplicate", test_own_loop},
	{"ARP-19 a conflict in use is seen by the owner, and moves nobody", test_conflict_in_use},
	{"D-12 10,000 unasked claims change nothing", test_spoof})
