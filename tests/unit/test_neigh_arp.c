/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour cache as ARP needs it: RFC 826, RFC 1122 2.3.2, and what it
 * refuses to believe.
 */
#include "neigh_fixture.h"

#define A "192.0.2.1"
#define B "192.0.2.2"

/* ---- RFC 826 ---- */

static void request_for_others(void)
{
	open_cache();
	hear_request(A, 1, false);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	pp_neigh_trust_all(f.cache, true);
	hear_request(A, 1, true);
	hear_request(A, 2, false);
	CU_ASSERT_TRUE(has_mac(A, 2));
	CU_ASSERT_EQUAL(stats()->moved, 1);
	close_cache();
}

static void request_for_us(void)
{
	open_cache();
	hear_request(A, 1, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(stats()->learned, 1);
	CU_ASSERT_EQUAL(f.asked, 0);
	close_cache();
}

static void off_subnet(void)
{
	open_cache();
	struct pp_neigh_heard h = heard("198.51.100.1", 1);
	h.for_us = true;
	h.onlink = false;
	hear(h);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	h.onlink = true;
	hear(h);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 1);
	close_cache();
}

static void moved_when_trusted(void)
{
	open_cache();
	pp_neigh_trust_all(f.cache, true);
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	CU_ASSERT_EQUAL(stats()->moved, 1);
	hear_request(A, 3, false);
	CU_ASSERT_TRUE(has_mac(A, 3));
	CU_ASSERT_EQUAL(stats()->moved, 2);
	CU_ASSERT_EQUAL(stats()->refused_moves, 0);
	CU_ASSERT_TRUE(usable(n));
	close_cache();
}

static void gratuitous(void)
{
	open_cache();
	hear_unasked(B, 1);
	CU_ASSERT_FALSE(known(B));
	acquire(A);
	hear_answer(A, 1);
	hear_unasked(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 1));
	pp_neigh_trust_all(f.cache, true);
	hear_unasked(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	close_cache();
}

static void probe_without_sender(void)
{
	open_cache();
	hear_request("0.0.0.0", 1, true);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	close_cache();
}

static void group_mac(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	struct pp_neigh_heard h = heard(A, 1);
	h.reply = h.solicited = h.for_us = true;
	h.mac = pp_mac_broadcast;
	hear(h);
	CU_ASSERT_FALSE(usable(n));
	h.mac = (struct pp_mac){{0}};
	hear(h);
	CU_ASSERT_FALSE(usable(n));
	h.mac = mac_number(1);
	hear(h);
	CU_ASSERT_TRUE(usable(n));
	close_cache();
}

/* ---- RFC 1122 2.3.2 ---- */

static void unconfirmed_goes(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	release(n);
	pass(PP_SEC(30));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	pass(PP_SEC(599));
	CU_ASSERT_TRUE(known(A));
	pass(PP_SEC(1));
	CU_ASSERT_FALSE(known(A));
	CU_ASSERT_EQUAL(f.asked, 1);
	close_cache();
}

static void timeout_settable(void)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	config.reachable = PP_SEC(2);
	config.gc = PP_SEC(3);
	open_with(&config);
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	release(n);
	pass(PP_MS(4999));
	CU_ASSERT_TRUE(known(A));
	pass(PP_MS(1));
	CU_ASSERT_FALSE(known(A));
	close_cache();
}

static void used_is_polled(void)
{
	struct pp_mac first = mac_number(1);
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	pass(PP_SEC(30));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	CU_ASSERT_EQUAL(f.asked_unicast, 0);
	pass(PP_SEC(5));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	CU_ASSERT_EQUAL(f.asked_unicast, 1);
	CU_ASSERT_TRUE(pp_mac_eq(&f.asked_mac, &first));
	CU_ASSERT_TRUE(usable(n));
	release(n);
	pass(PP_MS(2999));
	CU_ASSERT_EQUAL(f.asked_unicast, 3);
	CU_ASSERT_TRUE(usable(n));
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_FAILED);
	CU_ASSERT_FALSE(usable(n));
	pass(PP_SEC(600));
	CU_ASSERT_FALSE(known(A));
	CU_ASSERT_EQUAL(f.asked_unicast, 3);
	close_cache();
}

static void link_down(void)
{
	const struct pp_link other = {.port = 1};
	struct pp_addr b = ip(B);
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	CU_ASSERT_PTR_NOT_NULL(pp_neigh_acquire(f.cache, other, &b, f.now));
	CU_ASSERT_EQUAL(pp_neigh_flush(f.cache, 0, f.now), 1);
	CU_ASSERT_FALSE(usable(n));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(f.changed, 2);
	pp_neigh_release(f.cache, n, f.now);
	CU_ASSERT_EQUAL(pp_neigh_flush(f.cache, -1, f.now), 2);
	CU_ASSERT_FALSE(known(A));
	CU_ASSERT_TRUE(known(B));
	close_cache();
}

/* A day of a dead host, with everything that might tempt the cache. */
static void one_request_per_second(void)
{
	struct pp_addr a = ip(A);
	open_cache();
	struct pp_neigh *n = acquire(A);
	for (unsigned int s = 0; s < 86400; s++) {
		unsigned int before = f.asked;
		send_tagged(A, 1);
		pp_neigh_del(f.cache, link0, &a, f.now);
		release(n);
		pp_neigh_del(f.cache, link0, &a, f.now);
		n = acquire(A);
		pass(PP_MS(500));
		pp_neigh_flush(f.cache, -1, f.now);
		pass(PP_MS(500));
		if (f.asked - before > 1)
			CU_FAIL_FATAL("more than one request in a second");
	}
	CU_ASSERT_TRUE(f.asked > 80000);
	CU_ASSERT_EQUAL(stats()->requests, f.asked);
	close_cache();
}

static void kept_across_failure(void)
{
	open_cache();
	acquire(A);
	pp_ns start = f.now;
	pass(PP_SEC(100));
	CU_ASSERT_EQUAL(f.asked, 101);
	CU_ASSERT_EQUAL(stats()->failed, 33);
	CU_ASSERT_EQUAL(pp_ns_sub(f.asked_at, start).v, PP_SEC(100).v);
	close_cache();
}

static void late_tick(void)
{
	open_cache();
	acquire(A);
	f.now = pp_ns_add(f.now, PP_SEC(60));
	pp_ns next = pp_neigh_tick(f.cache, f.now);
	CU_ASSERT_EQUAL(f.asked, 2);
	CU_ASSERT_EQUAL(next.v, pp_ns_add(f.now, PP_SEC(1)).v);
	close_cache();
}

static void first_packet_kept(void)
{
	struct pp_mac first = mac_number(1);
	open_cache();
	CU_ASSERT_EQUAL(send_tagged(A, 7), 0);
	CU_ASSERT_EQUAL(f.asked, 1);
	CU_ASSERT_EQUAL(f.released, 0);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(f.released, 1);
	CU_ASSERT_EQUAL(f.released_tag, 7);
	CU_ASSERT_EQUAL(f.released_len, 60);
	CU_ASSERT_TRUE(pp_mac_eq(&f.released_mac, &first));
	CU_ASSERT_EQUAL(send_tagged(A, 8), 0);
	CU_ASSERT_EQUAL(f.released, 2);
	CU_ASSERT_EQUAL(f.released_tag, 8);
	CU_ASSERT_EQUAL(stats()->held, 1);
	close_cache();
}

static void newest_packet_kept(void)
{
	open_cache();
	send_tagged(A, 1);
	send_tagged(A, 2);
	CU_ASSERT_EQUAL(f.dropped, 1);
	CU_ASSERT_EQUAL(f.dropped_tag, 1);
	CU_ASSERT_EQUAL(f.dropped_failed, 0);
	CU_ASSERT_EQUAL(stats()->held_replaced, 1);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(f.released, 1);
	CU_ASSERT_EQUAL(f.released_tag, 2);
	close_cache();
}

static void unreachable_after_three(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	send_tagged(A, 1);
	pass(PP_MS(2999));
	CU_ASSERT_EQUAL(f.asked, 3);
	CU_ASSERT_EQUAL(f.dropped, 0);
	CU_ASSERT_EQUAL(pp_hop_failures(word_of(n)), 0);
	CU_ASSERT_EQUAL(f.changed, 0);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(f.dropped_failed, 1);
	CU_ASSERT_EQUAL(stats()->held_dropped, 1);
	CU_ASSERT_EQUAL(pp_hop_failures(word_of(n)), 1);
	CU_ASSERT_EQUAL(f.changed, 1);
	CU_ASSERT_EQUAL(f.changed_state, PP_NEIGH_FAILED);
	close_cache();
}

static void host_comes_up(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	struct pp_neigh_info info;
	pp_neigh_info(n, f.now, &info);
	CU_ASSERT_FALSE(info.failed);
	pass(PP_MS(10500));
	pp_neigh_info(n, f.now, &info);
	CU_ASSERT_TRUE(info.failed);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(f.changed, 1);
	hear_answer(A, 1);
	pp_neigh_info(n, f.now, &info);
	CU_ASSERT_FALSE(info.failed);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_EQUAL(pp_hop_failures(word_of(n)), 3);
	CU_ASSERT_EQUAL(f.changed, 2);
	CU_ASSERT_EQUAL(f.changed_state, PP_NEIGH_REACHABLE);
	close_cache();
}

static void request_resolves(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	send_tagged(A, 1);
	hear_request(A, 1, false);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_EQUAL(f.released, 1);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_DELAY);
	send_tagged(B, 2);
	hear_request(B, 2, true);
	CU_ASSERT_EQUAL(f.released, 2);
	CU_ASSERT_EQUAL(state_of(B), PP_NEIGH_STALE);
	close_cache();
}

/* ---- changes nobody asked for ---- */

static void spoofed(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	for (unsigned int i = 0; i < 10000; i++) {
		pass(PP_MS(1));
		if (i % 3 == 0)
			hear_unasked(A, 1000 + i);
		else if (i % 3 == 1)
			hear_request(A, 1000 + i, true);
		else
			hear_answer(A, 1000 + i);
	}
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(stats()->refused_moves, 10000);
	CU_ASSERT_EQUAL(stats()->moved, 0);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	CU_ASSERT_EQUAL(f.changed, 1);
	close_cache();
}

static void conflict_held_down(void)
{
	struct pp_mac old = mac_number(1), new = mac_number(2);
	open_cache();
	acquire(A);
	hear_answer(A, 1);
	hear_unasked(A, 2);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	CU_ASSERT_TRUE(pp_mac_eq(&f.old_mac, &old));
	CU_ASSERT_TRUE(pp_mac_eq(&f.claimed, &new));
	f.now = pp_ns_add(f.now, PP_MS(59999));
	hear_unasked(A, 2);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	f.now = pp_ns_add(f.now, PP_MS(1));
	hear_unasked(A, 2);
	CU_ASSERT_EQUAL(f.conflicts, 2);
	acquire(B);
	hear_answer(B, 3);
	hear_unasked(B, 4);
	CU_ASSERT_EQUAL(f.conflicts, 3);
	close_cache();
}

static void first_answer_wins(void)
{
	open_cache();
	acquire(A);
	hear_answer(A, 1);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(stats()->refused_moves, 1);
	close_cache();
}

static void asked_again_moves(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	pass(PP_SEC(35));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	hear_request(A, 3, true);
	hear_unasked(A, 3);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(stats()->refused_moves, 2);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(stats()->moved, 1);
	CU_ASSERT_EQUAL(f.changed, 2);
	CU_ASSERT_TRUE(usable(n));
	close_cache();
}

/* In PROBE, but the request must still wait its second: nothing is open. */
static void probe_not_yet_asked(void)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	config.delay = PP_NS(0);
	config.reachable = PP_NS(0);
	open_with(&config);
	acquire(A);
	hear_answer(A, 1);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_PROBE);
	CU_ASSERT_EQUAL(f.asked, 1);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 1));
	pass(PP_SEC(1));
	CU_ASSERT_EQUAL(f.asked_unicast, 1);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	close_cache();
}

static void static_stays(void)
{
	struct pp_addr a = ip(A);
	struct pp_mac mac = mac_number(1);
	open_cache();
	pp_neigh_trust_all(f.cache, true);
	CU_ASSERT_EQUAL(pp_neigh_add(f.cache, link0, &a, &mac, f.now), 0);
	hear_unasked(A, 2);
	hear_answer(A, 3);
	hear_request(A, 4, true);
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STATIC);
	CU_ASSERT_EQUAL(stats()->refused_moves, 3);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	pass(PP_SEC(100000));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STATIC);
	CU_ASSERT_EQUAL(f.asked, 0);
	close_cache();
}

static void failed_is_nobody(void)
{
	open_cache();
	send_tagged(A, 1);
	pass(PP_SEC(3));
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_FAILED);
	hear_answer(A, 1);
	hear_unasked(A, 1);
	hear_request(A, 1, false);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_FAILED);
	hear_request(A, 1, true);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STALE);
	close_cache();
}

PP_TEST_MAIN("neigh_arp",
	     {"ARP-03 a request for others makes no entry, and moves one when trusted",
	      request_for_others},
	     {"ARP-04 a request for us enters the sender, stale", request_for_us},
	     {"D-5 a sender from another subnet is not cached", off_subnet},
	     {"ARP-05 another MAC replaces the entry when trusted, counted as moved",
	      moved_when_trusted},
	     {"ARP-24 gratuitous ARP: unknown ignored, known refused, moved when trusted",
	      gratuitous},
	     {"ARP-21 a probe from 0.0.0.0 makes no entry", probe_without_sender},
	     {"a group or zero MAC is never taken", group_mac},
	     {"ARP-08 an entry that is unused goes", unconfirmed_goes},
	     {"ARP-08 the timeouts are settable", timeout_settable},
	     {"ARP-09 an expiring entry in use is polled by unicast, then given up",
	      used_is_polled},
	     {"ARP-10 link down invalidates the entries of that port", link_down},
	     {"ARP-11 at most one request per second whatever is done", one_request_per_second},
	     {"ARP-11 rounds of tries follow each other at one per second", kept_across_failure},
	     {"ARP-11 a late tick does not catch up", late_tick},
	     {"ARP-12 the first packet waits and goes with the answer", first_packet_kept},
	     {"ARP-12 the newest packet replaces the older, counted", newest_packet_kept},
	     {"ARP-13 unreachable only after three tries", unreachable_after_three},
	     {"ARP-13 a pinned host that comes up is found", host_comes_up},
	     {"ARP-04 a request from whom we ask resolves him too, stale", request_resolves},
	     {"D-12 10,000 unasked changes: cache unchanged, counted, one report", spoofed},
	     {"D-12 refused changes are reported once per hold-down and entry", conflict_held_down},
	     {"D-12 the first answer to a request wins", first_answer_wins},
	     {"D-12 asked again, the entry follows the answer and nothing else", asked_again_moves},
	     {"D-12 probing opens nothing before its request is sent", probe_not_yet_asked},
	     {"D-12 a static entry never changes", static_stays},
	     {"D-12 a failed entry is as good as unknown", failed_is_nobody})
