/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A neighbour cache on a clock that the test owns, with callbacks that write
 * down what happened. Shared by the test_neigh_* programs.
 */
#ifndef PMDPING_TEST_NEIGH_FIXTURE_H
#define PMDPING_TEST_NEIGH_FIXTURE_H

#include <pmdping/neigh.h>

#include "runner.h"

struct fixture {
	struct pp_neigh_cache *cache;
	pp_ns now;
	unsigned int asked, asked_unicast, released, dropped, dropped_failed, changed, conflicts;
	pp_ns asked_at;
	struct pp_mac asked_mac, released_mac, claimed, old_mac;
	enum pp_neigh_state changed_state; /* at the last call of changed */
	uint8_t released_tag, dropped_tag; /* last byte of the frame */
	size_t released_len;
};

static struct fixture f;
static const struct pp_link link0 = {.port = 0, .vlan = PP_VLAN_NONE};

static inline void on_solicit(void *arg, struct pp_link link, const struct pp_addr *addr,
			      const struct pp_mac *mac)
{
	struct fixture *x = arg;
	(void)link;
	(void)addr;
	x->asked++;
	x->asked_at = x->now;
	if (mac) {
		x->asked_unicast++;
		x->asked_mac = *mac;
	}
}

static inline void on_release(void *arg, struct pp_link link, const struct pp_mac *mac,
			      uint8_t *frame, size_t len)
{
	struct fixture *x = arg;
	(void)link;
	x->released++;
	x->released_mac = *mac;
	x->released_tag = frame[len - 1];
	x->released_len = len;
	memcpy(frame, mac->b, sizeof(mac->b));
}

static inline void on_drop(void *arg, struct pp_link link, const uint8_t *frame, size_t len,
			   bool failed)
{
	struct fixture *x = arg;
	(void)link;
	x->dropped++;
	x->dropped_failed += failed;
	x->dropped_tag = frame[len - 1];
}

static inline void on_changed(void *arg, const struct pp_neigh *n)
{
	struct fixture *x = arg;
	struct pp_neigh_info info;
	pp_neigh_info(n, x->now, &info);
	x->changed++;
	x->changed_state = info.state;
}

static inline void on_conflict(void *arg, const struct pp_neigh *n, const struct pp_mac *claimed)
{
	struct fixture *x = arg;
	struct pp_neigh_info info;
	pp_neigh_info(n, x->now, &info);
	x->conflicts++;
	x->old_mac = info.mac;
	x->claimed = *claimed;
}

static const struct pp_neigh_ops fixture_ops = {
	.solicit = on_solicit,
	.release = on_release,
	.drop = on_drop,
	.changed = on_changed,
	.conflict = on_conflict,
};

static inline void open_with(const struct pp_neigh_config *config)
{
	f = (struct fixture){.now = PP_SEC(1000)};
	f.cache = pp_neigh_create(config, &fixture_ops, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f.cache);
}

static inline void open_cache(void)
{
	struct pp_neigh_config config = pp_neigh_defaults();
	open_with(&config);
}

static inline void close_cache(void)
{
	pp_neigh_free(f.cache);
	f.cache = NULL;
}

/* Lets time pass, calling tick exactly when it asks for it. */
static inline void pass(pp_ns d)
{
	pp_ns end = pp_ns_add(f.now, d);
	pp_ns next = pp_neigh_tick(f.cache, f.now);
	while (!pp_ns_before(end, next)) {
		f.now = next;
		next = pp_neigh_tick(f.cache, f.now);
	}
	f.now = end;
}

static inline struct pp_addr ip(const char *text)
{
	struct pp_addr a = {0};
	CU_ASSERT_EQUAL_FATAL(pp_addr_parse(text, &a), 0);
	return a;
}

/* 10.x.y.z of a number. */
static inline struct pp_addr ip_number(uint32_t i)
{
	uint8_t b[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	return pp_addr_from4(b);
}

static inline struct pp_mac mac_number(uint32_t i)
{
	return (struct pp_mac){
		.b = {2, 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
}

/* What the cache hears; the tests set the flags they mean. */
static inline struct pp_neigh_heard heard(const char *addr, uint32_t mac)
{
	return (struct pp_neigh_heard){
		.link = link0,
		.addr = ip(addr),
		.mac = mac_number(mac),
		.has_mac = true,
		.override = true,
		.onlink = true,
	};
}

static inline void hear(struct pp_neigh_heard h)
{
	pp_neigh_hear(f.cache, &h, f.now);
}

/* ARP reply to us, or NA with S=1 O=1. */
static inline void hear_answer(const char *addr, uint32_t mac)
{
	struct pp_neigh_heard h = heard(addr, mac);
	h.reply = h.solicited = true;
	hear(h);
}

/* Request or NS, for us or for somebody else. */
static inline void hear_request(const char *addr, uint32_t mac, bool for_us)
{
	struct pp_neigh_heard h = heard(addr, mac);
	h.for_us = for_us;
	hear(h);
}

/* Gratuitous ARP reply by broadcast, or NA with S=0 O=1. */
static inline void hear_unasked(const char *addr, uint32_t mac)
{
	struct pp_neigh_heard h = heard(addr, mac);
	h.reply = true;
	hear(h);
}

/* NA with the flags given, without a MAC when mac is 0. */
static inline void hear_na(const char *addr, uint32_t mac, bool solicited, bool override)
{
	struct pp_neigh_heard h = heard(addr, mac);
	h.reply = true;
	h.has_mac = mac != 0;
	h.solicited = solicited;
	h.override = override;
	hear(h);
}

static inline struct pp_neigh *acquire(const char *addr)
{
	struct pp_addr a = ip(addr);
	struct pp_neigh *n = pp_neigh_acquire(f.cache, link0, &a, f.now);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	return n;
}

static inline void release(struct pp_neigh *n)
{
	pp_neigh_release(f.cache, n, f.now);
}

/* A frame whose last byte tells it from others. */
static inline int send_tagged(const char *addr, uint8_t tag)
{
	struct pp_addr a = ip(addr);
	uint8_t frame[60] = {[59] = tag};
	return pp_neigh_send(f.cache, link0, &a, frame, sizeof(frame), f.now);
}

/* The entry as show has it; false when there is none. */
static inline bool info_of(const char *addr, struct pp_neigh_info *ret_info)
{
	struct pp_addr a = ip(addr);
	const struct pp_neigh *n = pp_neigh_next(f.cache, NULL);
	for (; n; n = pp_neigh_next(f.cache, n)) {
		pp_neigh_info(n, f.now, ret_info);
		if (pp_addr_eq(&ret_info->addr, &a))
			return true;
	}
	return false;
}

static inline bool known(const char *addr)
{
	struct pp_neigh_info info;
	return info_of(addr, &info);
}

static inline int state_of(const char *addr)
{
	struct pp_neigh_info info;
	return info_of(addr, &info) ? (int)info.state : -1;
}

static inline bool has_mac(const char *addr, uint32_t mac)
{
	struct pp_neigh_info info;
	struct pp_mac m = mac_number(mac);
	return info_of(addr, &info) && pp_mac_eq(&info.mac, &m);
}

static inline uint64_t word_of(const struct pp_neigh *n)
{
	return atomic_load(&pp_neigh_hop(n)->word);
}

static inline bool usable(const struct pp_neigh *n)
{
	return pp_hop_usable(word_of(n));
}

static inline const struct pp_neigh_stats *stats(void)
{
	return pp_neigh_stats(f.cache);
}

#endif
