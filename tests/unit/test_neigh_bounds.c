/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the neighbour cache promises under attack and under random use: bounded
 * size, pinned entries kept, one request per address and second, one packet held.
 */
#include "neigh_fixture.h"

#include <errno.h>

#define A "192.0.2.1"

/* ---- flood ---- */

static void hear_number(uint32_t i)
{
	struct pp_neigh_heard h = {
		.link = link0,
		.addr = ip_number(i),
		.mac = mac_number(i),
		.has_mac = true,
		.for_us = true,
		.override = true,
		.onlink = true,
	};
	pp_neigh_hear(f.cache, &h, f.now);
}

static void flood(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	struct pp_addr fixed = ip("192.0.2.9");
	struct pp_mac mac = mac_number(9);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(pp_neigh_add(f.cache, link0, &fixed, &mac, f.now), 0);
	uint32_t largest = 0;
	for (uint32_t i = 0; i < 1000000; i++) {
		hear_number(i);
		if (pp_neigh_count(f.cache) > largest)
			largest = pp_neigh_count(f.cache);
	}
	CU_ASSERT_EQUAL(largest, 1024);
	CU_ASSERT_EQUAL(stats()->evicted, 1000000 - 1022);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_TRUE(has_mac(A, 1));
	CU_ASSERT_EQUAL(state_of("192.0.2.9"), PP_NEIGH_STATIC);
	CU_ASSERT_EQUAL(f.asked, 1);
	close_cache();
}

static void open_small(uint32_t capacity)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	config.capacity = capacity;
	open_with(&config);
}

static void least_recently_used(void)
{
	open_small(3);
	hear_request("192.0.2.1", 1, true);
	hear_request("192.0.2.2", 2, true);
	hear_request("192.0.2.3", 3, true);
	send_tagged("192.0.2.1", 0);
	hear_request("192.0.2.4", 4, true);
	CU_ASSERT_FALSE(known("192.0.2.2"));
	CU_ASSERT_TRUE(known("192.0.2.1"));
	hear_request("192.0.2.5", 5, true);
	CU_ASSERT_FALSE(known("192.0.2.3"));
	CU_ASSERT_TRUE(known("192.0.2.1"));
	CU_ASSERT_EQUAL(stats()->evicted, 2);
	close_cache();
}

static void full_of_pinned(void)
{
	struct pp_addr d = ip("192.0.2.4");
	struct pp_mac mac = mac_number(4);
	open_small(3);
	struct pp_neigh *n = acquire("192.0.2.1");
	acquire("192.0.2.2");
	CU_ASSERT_EQUAL(pp_neigh_add(f.cache, link0, &d, &mac, f.now), 0);
	struct pp_addr e = ip("192.0.2.5");
	CU_ASSERT_PTR_NULL(pp_neigh_acquire(f.cache, link0, &e, f.now));
	CU_ASSERT_EQUAL(send_tagged("192.0.2.5", 0), -ENOSPC);
	CU_ASSERT_EQUAL(pp_neigh_add(f.cache, link0, &e, &mac, f.now), -ENOSPC);
	hear_request("192.0.2.5", 5, true);
	CU_ASSERT_EQUAL(stats()->table_full, 4);
	CU_ASSERT_EQUAL(stats()->evicted, 0);
	release(n);
	CU_ASSERT_PTR_NOT_NULL(pp_neigh_acquire(f.cache, link0, &e, f.now));
	CU_ASSERT_EQUAL(stats()->evicted, 1);
	close_cache();
}

/* The packet of an entry that must go is given back, not failed. */
static void evicted_while_holding(void)
{
	open_small(1);
	send_tagged("192.0.2.1", 1);
	send_tagged("192.0.2.2", 2);
	CU_ASSERT_EQUAL(f.dropped, 1);
	CU_ASSERT_EQUAL(f.dropped_failed, 0);
	CU_ASSERT_EQUAL(f.dropped_tag, 1);
	CU_ASSERT_EQUAL(f.asked, 1);
	pass(PP_SEC(1));
	CU_ASSERT_EQUAL(f.asked, 2);
	close_cache();
}

/* Recycled memory must not look usable to a worker that still reads it. */
static void word_of_recycled(void)
{
	open_small(1);
	struct pp_neigh *n = acquire("192.0.2.1");
	const struct pp_hop *hop = pp_neigh_hop(n);
	pass(PP_SEC(3));
	hear_answer("192.0.2.1", 1);
	CU_ASSERT_TRUE(pp_hop_usable(atomic_load(&hop->word)));
	release(n);
	acquire("192.0.2.2");
	struct pp_neigh_info info;
	CU_ASSERT_TRUE(info_of("192.0.2.2", &info));
	CU_ASSERT_FALSE(info.failed);
	CU_ASSERT_FALSE(pp_hop_usable(atomic_load(&hop->word)));
	CU_ASSERT_EQUAL(pp_hop_failures(atomic_load(&hop->word)), 1);
	close_cache();
}

/* What was reported of one neighbour says nothing of the next in its place. */
static void recycled_starts_anew(void)
{
	open_small(1);
	hear_request("192.0.2.1", 1, true);
	hear_unasked("192.0.2.1", 2);
	CU_ASSERT_EQUAL(f.changed, 1);
	CU_ASSERT_EQUAL(f.conflicts, 1);
	hear_request("192.0.2.2", 3, true);
	hear_unasked("192.0.2.2", 4);
	CU_ASSERT_EQUAL(f.changed, 2);
	CU_ASSERT_EQUAL(f.conflicts, 2);
	close_cache();
}

/* A sweep of dead hosts, far more than there is room for. */
static void sweep(void)
{
	uint8_t frame[60] = {0};
	open_small(64);
	for (uint32_t i = 0; i < 65536; i++) {
		struct pp_addr a = ip_number(i);
		if (pp_neigh_send(f.cache, link0, &a, frame, sizeof(frame), f.now))
			CU_FAIL("an unpinned entry may always go");
		pass(PP_MS(1));
	}
	pass(PP_SEC(10));
	/* 65 s: each entry of the table asks at most once a second */
	CU_ASSERT_TRUE(f.asked <= 64 * 76);
	CU_ASSERT_EQUAL(stats()->held, 65536);
	CU_ASSERT_EQUAL(stats()->held_dropped, 65536);
	CU_ASSERT_EQUAL(f.dropped, 65536);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 64);
	close_cache();
}

/* ---- timers ---- */

#define TIMED 200

static struct {
	struct pp_neigh *entry[TIMED];
	pp_ns asked_at[TIMED]; /* in this pin; PP_NS_NEVER: not yet */
	unsigned int off;      /* requests that came at another time than they should */
} timed;

static void timed_solicit(void *arg, struct pp_link link, const struct pp_addr *addr,
			  const struct pp_mac *mac)
{
	pp_ns *last = &timed.asked_at[addr->b[15]];
	(void)arg;
	(void)link;
	(void)mac;
	if (last->v != PP_NS_NEVER.v && pp_ns_sub(f.now, *last).v != PP_SEC(1).v)
		timed.off++;
	*last = f.now;
}

static void toggle(uint32_t i)
{
	struct pp_addr a = ip_number(i);
	if (timed.entry[i]) {
		pp_neigh_release(f.cache, timed.entry[i], f.now);
		pp_neigh_del(f.cache, link0, &a, f.now);
		timed.entry[i] = NULL;
	} else {
		timed.asked_at[i] = PP_NS_NEVER;
		timed.entry[i] = pp_neigh_acquire(f.cache, link0, &a, f.now);
	}
}

static void on_time(void)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	struct pp_neigh_ops ops = fixture_ops;
	struct pp_prng rng;
	ops.solicit = timed_solicit;
	memset(&timed, 0, sizeof(timed));
	pp_prng_seed(&rng, pp_test_seed());
	f = (struct fixture){.now = PP_SEC(1)};
	f.cache = pp_neigh_create(&config, &ops, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.cache);
	for (unsigned int i = 0; i < 20000; i++) {
		toggle((uint32_t)pp_prng_below(&rng, TIMED));
		pass(PP_US(pp_prng_below(&rng, 20000)));
	}
	CU_ASSERT_EQUAL(timed.off, 0);
	CU_ASSERT_TRUE(stats()->requests > 10000);
	close_cache();
}

/* ---- random use ---- */

#define PEERS 24
#define STEPS 200000

static struct {
	struct pp_prng rng;
	pp_ns asked_at[PEERS];
	bool asked[PEERS];
	unsigned int asked_often, pins[PEERS];
	struct pp_neigh *pinned[PEERS];
	uint64_t sent, released, dropped; /* of frames */
} model;

static uint32_t peer_of(const struct pp_addr *addr)
{
	return addr->b[15];
}

static void model_solicit(void *arg, struct pp_link link, const struct pp_addr *addr,
			  const struct pp_mac *mac)
{
	uint32_t i = peer_of(addr);
	(void)arg;
	(void)link;
	(void)mac;
	if (model.asked[i] && f.now.v - model.asked_at[i].v < PP_SEC(1).v)
		model.asked_often++;
	model.asked[i] = true;
	model.asked_at[i] = f.now;
}

static void model_release(void *arg, struct pp_link link, const struct pp_mac *mac, uint8_t *frame,
			  size_t len)
{
	(void)arg;
	(void)link;
	memcpy(frame, mac->b, sizeof(mac->b));
	memset(frame + sizeof(mac->b), 0xff, len - sizeof(mac->b));
	model.released++;
}

static void model_drop(void *arg, struct pp_link link, const uint8_t *frame, size_t len,
		       bool failed)
{
	(void)arg;
	(void)link;
	(void)frame;
	(void)len;
	(void)failed;
	model.dropped++;
}

static void do_hear(uint32_t i)
{
	uint64_t bits = pp_prng_next(&model.rng);
	struct pp_neigh_heard h = {
		.link = link0,
		.addr = ip_number(i),
		.mac = mac_number(bits >> 32 & 3),
		.has_mac = bits & 1 || bits & 2,
		.reply = bits & 4,
		.for_us = bits & 8,
		.solicited = bits & 16,
		.override = bits & 32,
		.onlink = bits & 64,
	};
	pp_neigh_hear(f.cache, &h, f.now);
}

static void do_acquire(uint32_t i)
{
	struct pp_addr a = ip_number(i);
	struct pp_neigh *n = pp_neigh_acquire(f.cache, link0, &a, f.now);
	if (!n)
		return;
	model.pinned[i] = n;
	model.pins[i]++;
}

static void do_release(uint32_t i)
{
	if (model.pins[i] == 0)
		return;
	pp_neigh_release(f.cache, model.pinned[i], f.now);
	model.pins[i]--;
}

static void do_confirm(uint32_t i)
{
	if (model.pins[i] > 0)
		pp_neigh_confirm(f.cache, model.pinned[i], f.now);
}

static void do_send(uint32_t i)
{
	static const uint8_t frame[1518];
	struct pp_addr a = ip_number(i);
	size_t len = 14 + pp_prng_below(&model.rng, sizeof(frame) - 13);
	model.sent += pp_neigh_send(f.cache, link0, &a, frame, len, f.now) == 0;
}

static void do_del(uint32_t i)
{
	struct pp_addr a = ip_number(i);
	pp_neigh_del(f.cache, link0, &a, f.now);
}

static void do_add(uint32_t i)
{
	struct pp_addr a = ip_number(i);
	struct pp_mac mac = mac_number(i);
	if (pp_prng_below(&model.rng, 8) == 0)
		pp_neigh_add(f.cache, link0, &a, &mac, f.now);
}

static void do_flush(uint32_t i)
{
	if (i == 0)
		pp_neigh_flush(f.cache, -1, f.now);
}

static void do_tick(uint32_t i)
{
	pp_ns d = PP_NS(pp_prng_below(&model.rng, (uint64_t)(i < 2 ? PP_SEC(40) : PP_SEC(1)).v));
	if (i % 2)
		f.now = pp_ns_add(f.now, d);
	else
		pass(d);
	if (!pp_ns_before(f.now, pp_neigh_tick(f.cache, f.now)))
		CU_FAIL("tick asks to be called in the past");
}

/* What holds after every step. */
static void check_invariants(void)
{
	uint32_t count = 0, holding = 0, wrong = 0;
	const struct pp_neigh *n = pp_neigh_next(f.cache, NULL);
	for (; n; n = pp_neigh_next(f.cache, n), count++) {
		struct pp_neigh_info info;
		pp_neigh_info(n, f.now, &info);
		bool up = info.state != PP_NEIGH_INCOMPLETE && info.state != PP_NEIGH_FAILED;
		holding += info.holding;
		wrong += usable(n) != up;
		wrong += info.holding && info.state != PP_NEIGH_INCOMPLETE;
		wrong += info.pins != model.pins[peer_of(&info.addr)];
		wrong += info.pins > 0 && n != model.pinned[peer_of(&info.addr)];
		wrong += info.pins > 0 &&
			 (info.state == PP_NEIGH_FAILED || info.state == PP_NEIGH_STALE);
	}
	wrong += count != pp_neigh_count(f.cache) || count > 16;
	wrong += model.sent != model.released + model.dropped + holding;
	if (wrong || model.asked_often)
		CU_FAIL_FATAL("an invariant does not hold");
}

/* More peers than room, so that all kinds of eviction are among it. */
static void random_use(void)
{
	static void (*const act[])(uint32_t i) = {
		do_hear, do_hear, do_acquire, do_release, do_release, do_confirm, do_send, do_send,
		do_del,	 do_add,  do_flush,   do_tick,	  do_tick,    do_confirm, do_hear,
	};
	static const struct pp_neigh_ops ops = {
		.solicit = model_solicit, .release = model_release, .drop = model_drop};
	struct pp_neigh_config config = pp_neigh_defaults();
	config.capacity = 16;
	config.gc = PP_SEC(20);
	memset(&model, 0, sizeof(model));
	pp_prng_seed(&model.rng, pp_test_seed());
	f = (struct fixture){.now = PP_SEC(1)};
	f.cache = pp_neigh_create(&config, &ops, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.cache);
	for (unsigned int i = 0; i < STEPS; i++) {
		uint32_t peer = (uint32_t)pp_prng_below(&model.rng, PEERS);
		act[pp_prng_below(&model.rng, PP_ARRAY_LEN(act))](peer);
		if (i % 5000 == 0)
			pp_neigh_trust_all(f.cache, i % 10000 == 0);
		check_invariants();
	}
	CU_ASSERT_TRUE(stats()->requests > 1000);
	CU_ASSERT_TRUE(stats()->failed > 10);
	CU_ASSERT_TRUE(stats()->evicted > 10);
	CU_ASSERT_TRUE(stats()->moved > 10);
	CU_ASSERT_TRUE(model.released > 1000);
	close_cache();
}

PP_TEST_MAIN("neigh_bounds",
	     {"D-9 a million senders: size stays within capacity, pinned and static are kept",
	      flood},
	     {"D-9 the least recently used goes first", least_recently_used},
	     {"D-9 full of pinned and static entries: refused and counted", full_of_pinned},
	     {"ARP-12 an evicted entry gives its packet back", evicted_while_holding},
	     {"a recycled entry is not usable and keeps its failures", word_of_recycled},
	     {"a recycled entry is reported like a new one", recycled_starts_anew},
	     {"ARP-11 each request comes exactly when its second is over", on_time},
	     {"ARP-11 a sweep of dead hosts is bounded in requests and packets", sweep},
	     {"ARP-11 ARP-12 random use: one request per second, one packet, accounts even",
	      random_use})
