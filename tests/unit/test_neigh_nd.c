/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour cache as neighbour discovery needs it: RFC 4861 7.2 and 7.3.
 */
#include "neigh_fixture.h"

#define A "fe80::1"
#define B "2001:db8::2"

/* A reachable entry with MAC 1. */
static struct pp_neigh *reachable(void)
{
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	return n;
}

static void solicitation(void)
{
	open_cache();
	hear_request(A, 1, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	hear_request("::", 1, true);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 1);
	struct pp_neigh_heard h = heard(B, 2);
	h.for_us = true;
	h.has_mac = false;
	hear(h);
	CU_ASSERT_FALSE(known(B));
	hear_request(B, 2, false);
	CU_ASSERT_FALSE(known(B));
	close_cache();
}

static void solicitation_same_mac(void)
{
	open_cache();
	reachable();
	hear_request(A, 1, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	pp_neigh_trust_all(f.cache, true);
	hear_request(A, 2, true);
	CU_ASSERT_TRUE(has_mac(A, 2));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	close_cache();
}

static void solicit_three_times(void)
{
	open_cache();
	send_tagged(A, 1);
	send_tagged(A, 2);
	CU_ASSERT_EQUAL(f.asked, 1);
	pass(PP_MS(999));
	CU_ASSERT_EQUAL(f.asked, 1);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(f.asked, 2);
	pass(PP_SEC(1));
	CU_ASSERT_EQUAL(f.asked, 3);
	CU_ASSERT_EQUAL(f.asked_unicast, 0);
	CU_ASSERT_EQUAL(f.dropped_failed, 0);
	pass(PP_SEC(1));
	CU_ASSERT_EQUAL(f.asked, 3);
	CU_ASSERT_EQUAL(f.dropped_failed, 1);
	CU_ASSERT_EQUAL(f.dropped_tag, 2);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_FAILED);
	close_cache();
}

static void unknown_target(void)
{
	open_cache();
	hear_answer(A, 1);
	hear_unasked(B, 1);
	struct pp_neigh_heard h = heard(A, 1);
	h.reply = h.solicited = h.for_us = true;
	hear(h);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	close_cache();
}

static void incomplete_without_lla(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_na(A, 0, true, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_FALSE(usable(n));
	close_cache();
}

static void incomplete_with_lla(void)
{
	open_cache();
	send_tagged(A, 1);
	hear_na(A, 1, true, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(f.released, 1);
	send_tagged(B, 2);
	hear_na(B, 2, false, false);
	CU_ASSERT_EQUAL(state_of(B), PP_NEIGH_STALE);
	CU_ASSERT_EQUAL(f.released, 2);
	CU_ASSERT_EQUAL(stats()->learned, 2);
	close_cache();
}

static void no_override_doubts(void)
{
	open_cache();
	struct pp_neigh *n = reachable();
	release(n);
	hear_na(A, 2, true, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	CU_ASSERT_TRUE(has_mac(A, 1));
	hear_na(A, 2, true, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(stats()->moved, 0);
	close_cache();
}

static void no_override_while_probing(void)
{
	open_cache();
	reachable();
	pass(PP_SEC(35));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	hear_na(A, 2, true, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	CU_ASSERT_TRUE(has_mac(A, 1));
	hear_na(A, 2, true, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_TRUE(has_mac(A, 2));
	close_cache();
}

static void override_when_trusted(void)
{
	open_cache();
	pp_neigh_trust_all(f.cache, true);
	release(reachable());
	hear_na(A, 1, false, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	hear_na(A, 2, false, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	CU_ASSERT_TRUE(has_mac(A, 2));
	hear_na(A, 3, true, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_TRUE(has_mac(A, 3));
	hear_na(A, 4, false, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	CU_ASSERT_TRUE(has_mac(A, 3));
	close_cache();
}

static void unsolicited_refused(void)
{
	open_cache();
	reachable();
	hear_na(A, 2, false, true);
	hear_na(A, 2, false, false);
	hear_na(A, 2, true, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(stats()->refused_moves, 3);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	close_cache();
}

static void life_in_use(void)
{
	open_cache();
	struct pp_neigh *n = reachable();
	pass(PP_MS(29999));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	pass(PP_MS(4999));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	pass(PP_MS(2999));
	CU_ASSERT_EQUAL(f.asked_unicast, 3);
	CU_ASSERT_TRUE(usable(n));
	pass(PP_MS(1));
	CU_ASSERT_FALSE(usable(n));
	CU_ASSERT_EQUAL(f.changed_state, PP_NEIGH_FAILED);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(f.asked, 5);
	CU_ASSERT_EQUAL(f.asked_unicast, 3);
	close_cache();
}

static void stale_until_used(void)
{
	open_cache();
	release(reachable());
	pass(PP_SEC(300));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	send_tagged(A, 5);
	CU_ASSERT_EQUAL(f.released_tag, 5);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	pass(PP_SEC(5));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	hear_na(A, 0, true, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	close_cache();
}

static void acquire_uses(void)
{
	open_cache();
	hear_request(A, 1, true);
	struct pp_neigh *n = acquire(A);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	CU_ASSERT_EQUAL(f.asked, 0);
	close_cache();
}

/* A session whose probes are answered never makes us ask again. */
static void advice(void)
{
	open_cache();
	struct pp_neigh *n = reachable();
	for (unsigned int s = 0; s < 1000; s++) {
		pass(PP_SEC(1));
		pp_neigh_confirm(f.cache, n, f.now);
	}
	CU_ASSERT_EQUAL(f.asked, 1);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	pass(PP_SEC(30));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	pp_neigh_confirm(f.cache, n, f.now);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	pass(PP_SEC(36));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	pp_neigh_confirm(f.cache, n, f.now);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	close_cache();
}

static void advice_without_mac(void)
{
	struct pp_mac mac = mac_number(1);
	struct pp_addr a = ip(A);
	open_cache();
	struct pp_neigh *n = acquire(A);
	pp_neigh_confirm(f.cache, n, f.now);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	release(n);
	pass(PP_SEC(3));
	pp_neigh_confirm(f.cache, n, f.now);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_FAILED);
	CU_ASSERT_EQUAL(pp_neigh_add(f.cache, link0, &a, &mac, f.now), 0);
	pp_neigh_confirm(f.cache, n, f.now);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STATIC);
	close_cache();
}

PP_TEST_MAIN(
	"neigh_nd", {"ND-05 NS with a MAC enters the sender stale, from :: nobody", solicitation},
	{"ND-05 NS with the known MAC changes nothing, with another one if trusted",
	 solicitation_same_mac},
	{"ND-06 three solicitations a second apart, the newest packet fails", solicit_three_times},
	{"ND-07 NA for an unknown target makes no entry", unknown_target},
	{"ND-07 incomplete: NA without a MAC is ignored", incomplete_without_lla},
	{"ND-07 incomplete: NA with a MAC resolves, by S reachable or stale", incomplete_with_lla},
	{"ND-08 O=0 and another MAC: reachable to stale, else ignored", no_override_doubts},
	{"ND-08 probing: O=0 is ignored, O=1 moves", no_override_while_probing},
	{"ND-08 trusted: O=1 moves, reachable by S", override_when_trusted},
	{"D-12 NA that nobody asked for changes nothing", unsolicited_refused},
	{"ND-09 reachable 30 s, delay 5 s, three unicast probes, gone", life_in_use},
	{"ND-09 stale until used; an answer without a MAC confirms", stale_until_used},
	{"ND-09 acquiring a stale entry uses it", acquire_uses},
	{"ND-09 upper-layer advice keeps it reachable without requests", advice},
	{"ND-09 advice does not resolve", advice_without_mac})
