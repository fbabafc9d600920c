/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The neighbour cache's contract apart from the protocols: configuration, hand-made
 * entries, deletion, sizes, what show gets, callbacks that call back.
 */
#include "neigh_fixture.h"

#include <errno.h>

#define A "192.0.2.1"
#define B "192.0.2.2"

static int add(const char *addr, struct pp_mac mac)
{
	struct pp_addr a = ip(addr);
	return pp_neigh_add(f.cache, link0, &a, &mac, f.now);
}

static int del(const char *addr)
{
	struct pp_addr a = ip(addr);
	return pp_neigh_del(f.cache, link0, &a, f.now);
}

static bool creates(struct pp_neigh_config config)
{
	struct pp_neigh_cache *c = pp_neigh_create(&config, &fixture_ops, &f);
	bool made = c != NULL;
	pp_neigh_free(c);
	return made;
}

static void configuration(void)
{
	struct pp_neigh_config d = pp_neigh_defaults(), bad;
	CU_ASSERT_EQUAL(d.capacity, 1024);
	CU_ASSERT_FALSE(d.trust_all);
	CU_ASSERT_TRUE(creates(d));
	CU_ASSERT_FALSE((bad = d, bad.capacity = 0, creates(bad)));
	CU_ASSERT_FALSE((bad = d, bad.capacity = 65537, creates(bad)));
	CU_ASSERT_FALSE((bad = d, bad.retrans = PP_NS(0), creates(bad)));
	CU_ASSERT_FALSE((bad = d, bad.tries = 0, creates(bad)));
	CU_ASSERT_TRUE((bad = d, bad.capacity = 65536, creates(bad)));
	CU_ASSERT_TRUE((bad = d, bad.capacity = 1, creates(bad)));
	pp_neigh_free(NULL);
}

static void never_expires(void)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	config.gc = config.reachable = config.holddown = PP_NS_NEVER;
	open_with(&config);
	acquire(A);
	hear_answer(A, 1);
	hear_unasked(A, 2);
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, PP_NS_NEVER.v);
	close_cache();
}

static void names(void)
{
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_INCOMPLETE), "incomplete");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_REACHABLE), "reachable");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_STALE), "stale");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_DELAY), "delay");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_PROBE), "probe");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_FAILED), "failed");
	CU_ASSERT_STRING_EQUAL(pp_neigh_state_name(PP_NEIGH_STATIC), "static");
}

static void acquire_asks_at_once(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	CU_ASSERT_EQUAL(f.asked, 1);
	CU_ASSERT_EQUAL(f.asked_unicast, 0);
	CU_ASSERT_FALSE(usable(n));
	CU_ASSERT_PTR_EQUAL(acquire(A), n);
	CU_ASSERT_EQUAL(f.asked, 1);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 1);
	close_cache();
}

/* The same address on another port or VLAN is another neighbour. */
static void links_apart(void)
{
	const struct pp_link vlan = {.port = 0, .vlan = 7}, port = {.port = 1};
	struct pp_addr a = ip(A);
	open_cache();
	struct pp_neigh *n = acquire(A);
	struct pp_neigh *v = pp_neigh_acquire(f.cache, vlan, &a, f.now);
	struct pp_neigh *p = pp_neigh_acquire(f.cache, port, &a, f.now);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 3);
	hear_answer(A, 1);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_FALSE(usable(v));
	CU_ASSERT_FALSE(usable(p));
	close_cache();
}

static void word_layout(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	pass(PP_SEC(6));
	struct pp_neigh_heard h = heard(A, 0);
	h.mac = (struct pp_mac){{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
	h.reply = h.solicited = true;
	hear(h);
	CU_ASSERT_EQUAL(word_of(n), UINT64_C(2) << 49 | UINT64_C(1) << 48 | 0x554433221102);
	struct pp_mac m = pp_hop_mac(word_of(n));
	CU_ASSERT_TRUE(pp_mac_eq(&m, &h.mac));
	close_cache();
}

static void sizes(void)
{
	static uint8_t frame[1519];
	struct pp_addr a = ip(A);
	open_cache();
	CU_ASSERT_EQUAL(pp_neigh_send(f.cache, link0, &a, frame, 1519, f.now), -EMSGSIZE);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	CU_ASSERT_EQUAL(pp_neigh_send(f.cache, link0, &a, frame, 1518, f.now), 0);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(f.released_len, 1518);
	CU_ASSERT_EQUAL(frame[0], 0);
	CU_ASSERT_EQUAL(pp_neigh_send(f.cache, link0, &a, frame, 1518, f.now), 0);
	CU_ASSERT_EQUAL(f.released, 2);
	CU_ASSERT_EQUAL(pp_neigh_send(f.cache, link0, &a, frame, 1519, f.now), -EMSGSIZE);
	close_cache();
}

static void hand_made(void)
{
	open_cache();
	CU_ASSERT_EQUAL(add("224.0.0.1", mac_number(1)), -EINVAL);
	CU_ASSERT_EQUAL(add("0.0.0.0", mac_number(1)), -EINVAL);
	CU_ASSERT_EQUAL(add(A, pp_mac_broadcast), -EINVAL);
	CU_ASSERT_EQUAL(add(A, (struct pp_mac){{0}}), -EINVAL);
	CU_ASSERT_EQUAL(pp_neigh_count(f.cache), 0);
	CU_ASSERT_EQUAL(add(A, mac_number(1)), 0);
	CU_ASSERT_EQUAL(f.changed, 1);
	CU_ASSERT_EQUAL(add(A, mac_number(1)), 0);
	CU_ASSERT_EQUAL(f.changed, 1);
	CU_ASSERT_EQUAL(add(A, mac_number(2)), 0);
	CU_ASSERT_EQUAL(f.changed, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	CU_ASSERT_EQUAL(send_tagged(A, 1), 0);
	CU_ASSERT_EQUAL(f.released, 1);
	CU_ASSERT_EQUAL(f.asked, 0);
	close_cache();
}

static void turned_static(void)
{
	open_cache();
	struct pp_neigh *n = acquire(A);
	send_tagged(A, 9);
	CU_ASSERT_EQUAL(add(A, mac_number(1)), 0);
	CU_ASSERT_TRUE(usable(n));
	CU_ASSERT_EQUAL(f.released_tag, 9);
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, PP_NS_NEVER.v);
	CU_ASSERT_EQUAL(pp_neigh_flush(f.cache, -1, f.now), 0);
	release(n);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_STATIC);
	CU_ASSERT_EQUAL(del(A), 0);
	CU_ASSERT_FALSE(known(A));
	close_cache();
}

static void deleted(void)
{
	open_cache();
	CU_ASSERT_EQUAL(del(A), -ENOENT);
	hear_request(A, 1, true);
	CU_ASSERT_EQUAL(del(A), 0);
	CU_ASSERT_EQUAL(del(A), -ENOENT);
	struct pp_neigh *n = acquire(A);
	hear_answer(A, 1);
	CU_ASSERT_EQUAL(del(A), 0);
	CU_ASSERT_EQUAL(state_of(A), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(pp_hop_failures(word_of(n)), 0);
	CU_ASSERT_EQUAL(f.asked, 1);
	pass(PP_SEC(1));
	CU_ASSERT_EQUAL(f.asked, 2);
	hear_answer(A, 2);
	CU_ASSERT_TRUE(has_mac(A, 2));
	close_cache();
}

static void deleted_while_holding(void)
{
	open_cache();
	send_tagged(A, 1);
	CU_ASSERT_EQUAL(del(A), 0);
	CU_ASSERT_EQUAL(f.dropped, 1);
	CU_ASSERT_EQUAL(f.dropped_failed, 0);
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, PP_NS_NEVER.v);
	acquire(B);
	send_tagged(B, 2);
	CU_ASSERT_EQUAL(del(B), 0);
	CU_ASSERT_EQUAL(f.dropped, 2);
	CU_ASSERT_EQUAL(stats()->held_dropped, 2);
	close_cache();
}

static void shown(void)
{
	struct pp_neigh_info info;
	open_cache();
	CU_ASSERT_PTR_NULL(pp_neigh_next(f.cache, NULL));
	acquire(A);
	acquire(A);
	send_tagged(A, 1);
	CU_ASSERT_TRUE(info_of(A, &info));
	CU_ASSERT_EQUAL(info.age.v, PP_NS_NEVER.v);
	CU_ASSERT_EQUAL(info.pins, 2);
	CU_ASSERT_TRUE(info.holding);
	hear_answer(A, 1);
	pass(PP_SEC(3));
	CU_ASSERT_TRUE(info_of(A, &info));
	CU_ASSERT_EQUAL(info.age.v, PP_SEC(3).v);
	CU_ASSERT_FALSE(info.holding);
	CU_ASSERT_TRUE(pp_link_eq(info.link, link0));
	close_cache();
}

static void tick_says_when(void)
{
	open_cache();
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, PP_NS_NEVER.v);
	pp_ns start = f.now;
	acquire(A);
	f.now = pp_ns_add(start, PP_MS(300));
	acquire(B);
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, pp_ns_add(start, PP_SEC(1)).v);
	f.now = pp_ns_add(start, PP_SEC(1));
	CU_ASSERT_EQUAL(pp_neigh_tick(f.cache, f.now).v, pp_ns_add(start, PP_MS(1300)).v);
	CU_ASSERT_EQUAL(f.asked, 3);
	close_cache();
}

/* A gateway that died: its session goes over to another, from the callback. */
static struct pp_neigh *gateway;

static void change_gateway(void *arg, const struct pp_neigh *n)
{
	struct pp_addr b = ip(B);
	on_changed(arg, n);
	if (n != gateway || usable(n))
		return;
	pp_neigh_release(f.cache, gateway, f.now);
	gateway = pp_neigh_acquire(f.cache, link0, &b, f.now);
}

static void called_back(void)
{
	struct pp_neigh_ops ops = fixture_ops;
	struct pp_neigh_config config = pp_neigh_defaults();
	config.capacity = 1;
	ops.changed = change_gateway;
	f = (struct fixture){.now = PP_SEC(1)};
	f.cache = pp_neigh_create(&config, &ops, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.cache);
	gateway = acquire(A);
	pass(PP_SEC(3));
	CU_ASSERT_FALSE(known(A));
	CU_ASSERT_EQUAL(state_of(B), PP_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(f.asked, 4);
	pass(PP_MS(2999));
	CU_ASSERT_EQUAL(stats()->failed, 1);
	pass(PP_MS(1));
	CU_ASSERT_EQUAL(stats()->failed, 2);
	hear_answer(B, 2);
	CU_ASSERT_TRUE(usable(gateway));
	close_cache();
}

static void without_optional_callbacks(void)
{
	struct pp_neigh_ops ops = fixture_ops;
	struct pp_neigh_config config = pp_neigh_defaults();
	ops.changed = NULL;
	ops.conflict = NULL;
	f = (struct fixture){.now = PP_SEC(1)};
	f.cache = pp_neigh_create(&config, &ops, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.cache);
	acquire(A);
	hear_answer(A, 1);
	hear_unasked(A, 2);
	CU_ASSERT_EQUAL(stats()->refused_moves, 1);
	close_cache();
}

PP_TEST_MAIN("neigh_cache", {"create refuses what is out of range", configuration},
	     {"times of never do not overflow", never_expires}, {"states have names", names},
	     {"acquire asks at once, and once", acquire_asks_at_once},
	     {"an address on another link is another neighbour", links_apart},
	     {"the hop word has MAC, usable bit and failures in their places", word_layout},
	     {"frames up to 1518 bytes are taken, and not written to", sizes},
	     {"hand-made entries: what is refused, changed, used", hand_made},
	     {"an entry that is turned static sends what it held", turned_static},
	     {"a deleted entry goes, a pinned one asks again", deleted},
	     {"a deleted entry gives its packet back", deleted_while_holding},
	     {"show gets state, age, pins and holding", shown},
	     {"tick says when it wants to be called", tick_says_when},
	     {"IP-13 the changed callback may go over to another gateway", called_back},
	     {"changed and conflict may be absent", without_optional_callbacks})
