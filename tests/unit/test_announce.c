/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Claims to addresses: announcements, duplicate address detection of both
 * families, and what happens when somebody else uses an address of ours.
 */
#include "host_fixture.h"

/* ---- announcements ---- */

static void test_announce4(void)
{
	struct fixture *f = setup(1);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	CU_ASSERT_EQUAL(f->frames, 1);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.1"), PP_DST_OURS);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL_FATAL(f->frames, 2);
	CU_ASSERT_TRUE(is_announcement4(&f->frame[0], "192.0.2.1"));
	CU_ASSERT_TRUE(is_announcement4(&f->frame[1], "192.0.2.1"));
	CU_ASSERT_EQUAL(gap(f, 1), PP_SEC(2).v);
	teardown(f);
}

static void test_announce6(void)
{
	struct fixture *f = setup(1);

	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, false), 0);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL_FATAL(f->frames, 2);
	CU_ASSERT_TRUE(is_announcement6(&f->frame[0], "2001:db8::1"));
	CU_ASSERT_TRUE(is_announcement6(&f->frame[1], "2001:db8::1"));
	CU_ASSERT_EQUAL(gap(f, 1), PP_SEC(1).v);
	teardown(f);
}

static void test_announce_vlan(void)
{
	struct fixture *f = setup(1);
	struct pp_eth eth;

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", (struct pp_link){.port = 0, .vlan = 7}, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", (struct pp_link){.port = 0, .vlan = 7}, false), 0);
	CU_ASSERT_EQUAL_FATAL(f->frames, 2);
	for (unsigned int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(pp_eth_decode(f->frame[i].data, f->frame[i].len, &eth), PP_OK);
		CU_ASSERT_EQUAL(eth.vlan, 7);
	}
	teardown(f);
}

static void test_quiet(void)
{
	struct fixture *f = setup(1);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, true), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, true), 0);
	run(f, PP_SEC(60));
	unsigned int before = f->frames;
	run(f, PP_SEC(24 * 3600));
	CU_ASSERT_EQUAL(f->frames, before);
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_PREFERRED);
	teardown(f);
}

static void test_del_silences(void)
{
	struct fixture *f = setup(1);
	struct pp_addr a = addr("192.0.2.1"), b = addr("2001:db8::1");

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, true), 0);
	unsigned int before = f->frames, rerouted = f->rerouted;
	CU_ASSERT_EQUAL(pp_host_addr_del(f->host, &a, f->now), 0);
	CU_ASSERT_EQUAL(pp_host_addr_del(f->host, &b, f->now), 0);
	CU_ASSERT_EQUAL(pp_host_addr_del(f->host, &b, f->now), -ENOENT);
	CU_ASSERT_EQUAL(f->rerouted, rerouted + 2);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL(f->frames, before);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.1"), PP_DST_OTHER);
	teardown(f);
}

/* ---- duplicate address detection ---- */

/* One run with the random times of that seed. */
static void detect4(uint64_t seed)
{
	struct fixture *f = setup(seed);
	pp_ns start = f->now;

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, true), 0);
	CU_ASSERT_EQUAL(f->frames, 0);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.1"), PP_DST_TENTATIVE);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL_FATAL(f->frames, 5);
	for (unsigned int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(is_probe4(&f->frame[i], "192.0.2.1"));
	CU_ASSERT_TRUE(f->frame[0].at.v - start.v < PP_SEC(1).v);
	for (unsigned int i = 1; i < 3; i++)
		CU_ASSERT_TRUE(gap(f, i) >= PP_SEC(1).v && gap(f, i) <= PP_SEC(2).v);
	CU_ASSERT_EQUAL(gap(f, 3), PP_SEC(2).v);
	CU_ASSERT_TRUE(is_announcement4(&f->frame[3], "192.0.2.1"));
	CU_ASSERT_TRUE(is_announcement4(&f->frame[4], "192.0.2.1"));
	CU_ASSERT_EQUAL(gap(f, 4), PP_SEC(2).v);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.1"), PP_DST_OURS);
	teardown(f);
}

static void test_dad4(void)
{
	uint64_t seed = pp_test_seed();

	for (unsigned int i = 0; i < 50; i++)
		detect4(seed + i);
}

/* Found taken `after` the start: given up, and never heard of again. */
static void expect_duplicate(struct fixture *f, const char *text)
{
	unsigned int before = f->frames;

	CU_ASSERT_EQUAL(state_of(f, text), PP_IFADDR_DUPLICATE);
	CU_ASSERT_EQUAL(seen(f, text), PP_DST_OTHER);
	CU_ASSERT_EQUAL(f->logs, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(f->log[0], text));
	CU_ASSERT_PTR_NOT_NULL(strstr(f->log[0], "02:00:00:00:00:66"));
	CU_ASSERT_EQUAL(pp_host_conflicts(f->host), 0);
	run(f, PP_SEC(600));
	CU_ASSERT_EQUAL(f->frames, before);
	CU_ASSERT_EQUAL(state_of(f, text), PP_IFADDR_DUPLICATE);
}

static void test_dad4_taken(void)
{
	static const int64_t after_ms[] = {0, 500, 1500, 3900};

	for (unsigned int i = 0; i < 2 * PP_ARRAY_LEN(after_ms); i++) {
		struct fixture *f = setup(7);
		CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, true), 0);
		run(f, PP_MS(after_ms[i / 2]));
		CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_TENTATIVE);
		hear_arp(f, i & 1, &thief_mac, "192.0.2.1", i & 1 ? "192.0.2.1" : "192.0.2.77");
		expect_duplicate(f, "192.0.2.1");
		teardown(f);
	}
}

static void test_dad4_rival(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, true), 0);
	run(f, PP_MS(1500));
	hear_arp(f, false, &our_mac, NULL, "192.0.2.1"); /* our own, looped back */
	hear_arp(f, false, &thief_mac, NULL, "192.0.2.2");
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_TENTATIVE);
	hear_arp(f, false, &thief_mac, NULL, "192.0.2.1");
	expect_duplicate(f, "192.0.2.1");
	teardown(f);
}

static void test_dad4_other_link(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(pp_host_set_port(f->host, 1, &peer_mac, 1500), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", (struct pp_link){.port = 1}, true), 0);
	hear_arp(f, false, &thief_mac, "192.0.2.1", "192.0.2.1");
	hear_arp(f, false, &thief_mac, NULL, "192.0.2.1");
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_TENTATIVE);
	teardown(f);
}

static void lose_candidate(struct fixture *f, unsigned int i)
{
	char text[32], bare[16];

	snprintf(bare, sizeof(bare), "192.0.2.%u", i + 1);
	snprintf(text, sizeof(text), "%s/24", bare);
	CU_ASSERT_EQUAL(add(f, text, link0, true), 0);
	hear_arp(f, true, &thief_mac, bare, bare);
	CU_ASSERT_EQUAL(state_of(f, bare), PP_IFADDR_DUPLICATE);
}

static void test_dad4_rate(void)
{
	struct fixture *f = setup(7);

	for (unsigned int i = 0; i < 9; i++)
		lose_candidate(f, i);
	CU_ASSERT_EQUAL(add(f, "192.0.2.10/24", link0, true), 0);
	run(f, PP_MS(1000));
	CU_ASSERT_EQUAL(f->frames, 1); /* the tenth still starts at once */
	hear_arp(f, true, &thief_mac, "192.0.2.10", "192.0.2.10");
	CU_ASSERT_EQUAL(add(f, "192.0.2.11/24", link0, true), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.12/24", link0, true), 0);
	run(f, PP_MS(58900));
	CU_ASSERT_EQUAL(f->frames, 1);
	run(f, PP_MS(1200));
	CU_ASSERT_EQUAL_FATAL(f->frames, 2);
	CU_ASSERT_TRUE(is_probe4(&f->frame[1], "192.0.2.11"));
	run(f, PP_MS(300 * 1000));
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.11"), PP_IFADDR_PREFERRED);
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.12"), PP_IFADDR_PREFERRED);
	CU_ASSERT_EQUAL_FATAL(f->frames, 11);
	CU_ASSERT_TRUE(is_probe4(&f->frame[6], "192.0.2.12"));
	CU_ASSERT_TRUE(f->frame[6].at.v - f->frame[1].at.v >= PP_SEC(59).v);
	/* The count starts anew: two at once. */
	CU_ASSERT_EQUAL(add(f, "192.0.2.13/24", link0, true), 0);
	CU_ASSERT_EQUAL(add(f, "192.0.2.14/24", link0, true), 0);
	run(f, PP_MS(1000));
	CU_ASSERT_EQUAL(f->frames, 13);
	teardown(f);
}

static void test_dad6(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, true), 0);
	CU_ASSERT_EQUAL(seen(f, "2001:db8::1"), PP_DST_TENTATIVE);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL_FATAL(f->frames, 3);
	CU_ASSERT_TRUE(is_probe6(&f->frame[0], "2001:db8::1"));
	CU_ASSERT_EQUAL(gap(f, 1), PP_SEC(1).v);
	CU_ASSERT_TRUE(is_announcement6(&f->frame[1], "2001:db8::1"));
	CU_ASSERT_TRUE(is_announcement6(&f->frame[2], "2001:db8::1"));
	CU_ASSERT_EQUAL(seen(f, "2001:db8::1"), PP_DST_OURS);
	teardown(f);
}

static void test_dad6_taken(void)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct fixture *f = setup(7);
		CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, true), 0);
		run(f, PP_MS(900));
		hear_ns(f, &thief_mac, "2001:db8::9", "2001:db8::1"); /* only looks for it */
		hear_ns(f, &our_mac, NULL, "2001:db8::1");
		CU_ASSERT_EQUAL(state_of(f, "2001:db8::1"), PP_IFADDR_TENTATIVE);
		if (i == 0)
			hear_na(f, &thief_mac, "2001:db8::1");
		else if (i == 1)
			hear_ns(f, &thief_mac, NULL, "2001:db8::1");
		else
			hear_ns(f, &thief_mac, "2001:db8::1", "2001:db8::7");
		expect_duplicate(f, "2001:db8::1");
		teardown(f);
	}
}

/* ---- conflicts in use ---- */

static void claim(struct fixture *f, const char *text)
{
	if (strchr(text, ':'))
		hear_na(f, &thief_mac, text);
	else
		hear_arp(f, false, &thief_mac, text, "192.0.2.99");
}

static void defend(const char *prefix, const char *text, bool all)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add_any(f, prefix, link0, false, all), 0);
	run(f, PP_SEC(60));
	unsigned int before = f->frames;
	for (unsigned int i = 0; i < 100; i++) {
		claim(f, text);
		run(f, PP_MS(99));
	}
	CU_ASSERT_EQUAL(f->frames, before + 1);
	CU_ASSERT_EQUAL(f->logs, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(f->log[0], "02:00:00:00:00:66 uses it too, keeping it"));
	CU_ASSERT_EQUAL(pp_host_conflicts(f->host), 100);
	run(f, PP_MS(100));
	claim(f, text);
	CU_ASSERT_EQUAL_FATAL(f->frames, before + 2);
	CU_ASSERT_EQUAL(gap(f, before + 1), PP_SEC(10).v);
	CU_ASSERT_EQUAL(state_of(f, text), PP_IFADDR_PREFERRED);
	CU_ASSERT_EQUAL(seen(f, text), PP_DST_OURS);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 0);
	if (strchr(text, ':'))
		CU_ASSERT_TRUE(is_announcement6(&f->frame[before], text))
	else
		CU_ASSERT_TRUE(is_announcement4(&f->frame[before], text))
	teardown(f);
}

static void test_defend(void)
{
	defend("192.0.2.1/24", "192.0.2.1", false);
	defend("2001:db8::1/64", "2001:db8::1", false);
}

static void test_defend_all(void)
{
	defend("192.0.2.1/26", "192.0.2.33", true);
	defend("2001:db8::1/64", "2001:db8::abcd", true);
}

/* Named by the prefix; announced and probed for is the first host's address alone. */
static void test_announce_all(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add_any(f, "192.0.2.0/24", link0, false, true), 0);
	run(f, PP_SEC(60));
	CU_ASSERT_EQUAL_FATAL(f->frames, 2);
	CU_ASSERT_TRUE(is_announcement4(&f->frame[0], "192.0.2.1"));
	CU_ASSERT_TRUE(is_announcement4(&f->frame[1], "192.0.2.1"));
	CU_ASSERT_EQUAL(seen(f, "192.0.2.200"), PP_DST_OURS);
	hear_arp(f, false, &thief_mac, NULL, "192.0.2.200"); /* a probe: answered, no conflict */
	CU_ASSERT_EQUAL(pp_host_conflicts(f->host), 0);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 0);
	teardown(f);
}

/* Somebody has the first one: none of the prefix is ours. Until it is known, neither. */
static void test_dad_all(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add_any(f, "192.0.2.0/24", link0, true, true), 0);
	run(f, PP_SEC(3));
	CU_ASSERT_EQUAL(seen(f, "192.0.2.1"), PP_DST_TENTATIVE);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.2"), PP_DST_OTHER);
	hear_arp(f, false, &thief_mac, "192.0.2.2", "192.0.2.99");
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_TENTATIVE);
	hear_arp(f, false, &thief_mac, "192.0.2.1", "192.0.2.99");
	run(f, PP_SEC(10));
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_DUPLICATE);
	CU_ASSERT_EQUAL(seen(f, "192.0.2.3"), PP_DST_OTHER);
	teardown(f);
}

static void test_probe_in_use(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, false), 0);
	hear_arp(f, false, &thief_mac, NULL, "192.0.2.1");
	hear_ns(f, &thief_mac, NULL, "2001:db8::1");
	CU_ASSERT_EQUAL(pp_host_conflicts(f->host), 0);
	CU_ASSERT_EQUAL(state_of(f, "192.0.2.1"), PP_IFADDR_PREFERRED);
	CU_ASSERT_EQUAL(state_of(f, "2001:db8::1"), PP_IFADDR_PREFERRED);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 0);
	teardown(f);
}

static void test_own_loop(void)
{
	struct fixture *f = setup(7);

	CU_ASSERT_EQUAL(add(f, "192.0.2.1/24", link0, false), 0);
	CU_ASSERT_EQUAL(add(f, "2001:db8::1/64", link0, false), 0);
	hear_arp(f, false, &our_mac, "192.0.2.1", "192.0.2.1");
	hear_na(f, &our_mac, "2001:db8::1");
	CU_ASSERT_EQUAL(pp_host_conflicts(f->host), 0);
	CU_ASSERT_EQUAL(pp_neigh_count(pp_host_neighbours(f->host)), 0);
	teardown(f);
}

PP_TEST_MAIN("announce", {"ARP-18 two announcements, 2 s apart", test_announce4},
	     {"IPv6: two unsolicited advertisements, 1 s apart", test_announce6},
	     {"announcements carry the link's VLAN tag", test_announce_vlan},
	     {"ARP-22 a healthy address is never probed again", test_quiet},
	     {"a deleted address is not announced any more", test_del_silences},
	     {"ARP-14 three probes at random times, then the announcements", test_dad4},
	     {"ARP-15 a sender with the candidate's address makes it a duplicate", test_dad4_taken},
	     {"ARP-16 a foreign probe for the candidate is a conflict, our echo is not",
	      test_dad4_rival},
	     {"a conflict on another link is none", test_dad4_other_link},
	     {"ARP-17 after ten conflicts one candidate a minute", test_dad4_rate},
	     {"ND-12 one solicitation from ::, then 1 s of silence", test_dad6},
	     {"ND-12 advertisement, rival or sender makes the address a duplicate",
	      test_dad6_taken},
	     {"ARP-19 ARP-20 in use: kept, logged, defended once in 10 s", test_defend},
	     {"ARP-19 ARP-20 any of a prefix that is ours: the same", test_defend_all},
	     {"all of a prefix: one of them is announced", test_announce_all},
	     {"all of a prefix: one of them is probed for", test_dad_all},
	     {"ARP-21 a probe for our address is no conflict and no neighbour", test_probe_in_use},
	     {"our own packets looped back are no conflict", test_own_loop})
