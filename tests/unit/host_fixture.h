/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host on a virtual clock, for its unit tests: keeps what it sends, logs and
 * publishes, says what others say to it, and judges frames by lib/proto.
 */
#ifndef PMDPING_TEST_HOST_FIXTURE_H
#define PMDPING_TEST_HOST_FIXTURE_H

#include "runner.h"

#include <pmdping/stack.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../lib/stack/view.h"

#define FRAMES_MAX 256
#define LOGS_MAX   64

struct frame {
	pp_ns at;
	uint16_t port;
	size_t len;
	uint8_t data[1518];
};

struct fixture {
	struct pp_host *host;
	struct pp_view *view;
	pp_ns now;
	unsigned int frames, logs, rerouted;
	struct frame frame[FRAMES_MAX];
	char log[LOGS_MAX][200];
};

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 1}};
static const struct pp_mac peer_mac = {.b = {2, 0, 0, 0, 0, 2}};
static const struct pp_mac thief_mac = {.b = {2, 0, 0, 0, 0, 0x66}};
static const struct pp_link link0 = {.port = 0};

/* ---- the world around the host ---- */

static inline void on_send(void *arg, uint16_t port, const uint8_t *data, size_t len)
{
	struct fixture *f = arg;

	CU_ASSERT_FATAL(f->frames < FRAMES_MAX && len <= sizeof(f->frame[0].data));
	struct frame *to = &f->frame[f->frames++];
	to->at = f->now;
	to->port = port;
	to->len = len;
	memcpy(to->data, data, len);
}

static inline void on_publish(void *arg, struct pp_view *view)
{
	struct fixture *f = arg;

	pp_view_free(f->view);
	f->view = view;
}

static inline void on_rerouted(void *arg)
{
	struct fixture *f = arg;

	f->rerouted++;
}

static inline void on_log(void *arg, const char *text)
{
	struct fixture *f = arg;

	CU_ASSERT_FATAL(f->logs < LOGS_MAX);
	snprintf(f->log[f->logs++], sizeof(f->log[0]), "%s", text);
}

static const struct pp_host_ops ops = {
	.send = on_send, .publish = on_publish, .rerouted = on_rerouted, .log = on_log};

static inline struct fixture *setup(uint64_t seed)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct pp_neigh_config config = pp_neigh_defaults();

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->now = PP_SEC(1000);
	f->host = pp_host_create(&config, &ops, f, seed);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->host);
	CU_ASSERT_EQUAL_FATAL(pp_host_set_port(f->host, 0, &our_mac, 1500), 0);
	return f;
}

static inline void teardown(struct fixture *f)
{
	pp_host_free(f->host);
	pp_view_free(f->view);
	free(f);
}

static inline void run(struct fixture *f, pp_ns span)
{
	pp_ns end = pp_ns_add(f->now, span);

	for (;;) {
		pp_ns next = pp_host_tick(f->host, f->now);
		CU_ASSERT_TRUE_FATAL(pp_ns_before(f->now, next));
		if (pp_ns_before(end, next))
			break;
		f->now = next;
	}
	f->now = end;
}

static inline struct pp_addr addr(const char *text)
{
	struct pp_addr a = {0};

	CU_ASSERT_EQUAL_FATAL(pp_addr_parse(text, &a), 0);
	return a;
}

static inline int add_any(struct fixture *f, const char *prefix, struct pp_link link, bool dad,
			  bool all)
{
	struct pp_addr a = {0};
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a, &plen), 0);
	return pp_host_addr_add(f->host, &a, plen, link, dad, all, f->now);
}

static inline int add(struct fixture *f, const char *prefix, struct pp_link link, bool dad)
{
	return add_any(f, prefix, link, dad, false);
}

static inline void route(struct fixture *f, const char *prefix, const char *gateway,
			 uint16_t preference)
{
	struct pp_addr a = {0}, g = addr(gateway);
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a, &plen), 0);
	CU_ASSERT_EQUAL_FATAL(pp_host_route_add(f->host, &a, plen, &g, preference), 0);
}

/* An ARP packet; spa NULL: a probe. */
static inline void hear_arp(struct fixture *f, bool reply, const struct pp_mac *mac,
			    const char *spa, const char *tpa)
{
	struct pp_event e = {.kind = PP_EVENT_HEARD, .target = addr(tpa)};

	e.heard = (struct pp_neigh_heard){.link = link0,
					  .addr = addr(spa ? spa : "0.0.0.0"),
					  .mac = *mac,
					  .has_mac = true,
					  .reply = reply,
					  .solicited = reply,
					  .override = true,
					  .for_us = !reply,
					  .onlink = spa != NULL};
	pp_host_hear(f->host, &e, f->now);
}

static inline void hear_na(struct fixture *f, const struct pp_mac *mac, const char *target)
{
	struct pp_event e = {.kind = PP_EVENT_HEARD, .v6 = true, .target = addr(target)};

	e.heard = (struct pp_neigh_heard){.link = link0,
					  .addr = addr(target),
					  .mac = *mac,
					  .has_mac = true,
					  .reply = true,
					  .solicited = true,
					  .override = true,
					  .onlink = true};
	pp_host_hear(f->host, &e, f->now);
}

/* From ::, that is a probe for duplicates, when src is NULL. */
static inline void hear_ns(struct fixture *f, const struct pp_mac *mac, const char *src,
			   const char *target)
{
	struct pp_event e = {.kind = PP_EVENT_HEARD, .v6 = true, .target = addr(target)};

	e.heard = (struct pp_neigh_heard){.link = link0,
					  .addr = addr(src ? src : "::"),
					  .mac = *mac,
					  .has_mac = src != NULL,
					  .onlink = src != NULL};
	pp_host_hear(f->host, &e, f->now);
}

/* ---- judging what was sent ---- */

static inline struct pp_arp arp_of(const struct frame *fr, struct pp_eth *ret_eth)
{
	struct pp_arp arp = {0};

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(fr->data, fr->len, ret_eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(ret_eth->type, PP_ETHER_ARP);
	CU_ASSERT_EQUAL_FATAL(pp_arp_decode(ret_eth->body, &arp), PP_OK);
	CU_ASSERT_EQUAL(arp.op, PP_ARP_REQUEST);
	CU_ASSERT_TRUE(pp_mac_eq(&arp.sha, &our_mac));
	CU_ASSERT_TRUE(pp_mac_eq(&ret_eth->src, &our_mac));
	return arp;
}

static inline struct pp_nd nd_of(const struct frame *fr, struct pp_eth *ret_eth,
				 struct pp_ip *ret_ip)
{
	struct pp_icmp icmp;
	struct pp_nd nd = {0};

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(fr->data, fr->len, ret_eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(ret_eth->type, PP_ETHER_IP6);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(ret_eth->body, ret_eth->type, ret_ip), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(ret_ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_nd_decode(ret_ip, &icmp, &nd), PP_OK);
	CU_ASSERT_TRUE(pp_mac_eq(&ret_eth->src, &our_mac));
	return nd;
}

static inline bool is(const struct pp_addr *a, const char *text)
{
	struct pp_addr b = addr(text);

	return pp_addr_eq(a, &b);
}

static inline bool is_announcement4(const struct frame *fr, const char *text)
{
	static const struct pp_mac zero;
	struct pp_eth eth;
	struct pp_arp arp = arp_of(fr, &eth);

	return pp_mac_eq(&eth.dst, &pp_mac_broadcast) && is(&arp.spa, text) && is(&arp.tpa, text) &&
	       pp_mac_eq(&arp.tha, &zero);
}

static inline bool is_probe4(const struct frame *fr, const char *text)
{
	static const struct pp_mac zero;
	struct pp_eth eth;
	struct pp_arp arp = arp_of(fr, &eth);

	return pp_mac_eq(&eth.dst, &pp_mac_broadcast) && is(&arp.spa, "0.0.0.0") &&
	       is(&arp.tpa, text) && pp_mac_eq(&arp.tha, &zero);
}

static inline bool is_announcement6(const struct frame *fr, const char *text)
{
	static const struct pp_mac group = {.b = {0x33, 0x33, 0, 0, 0, 1}};
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_nd nd = nd_of(fr, &eth, &ip);

	return nd.advert && nd.override && !nd.solicited && nd.has_lla &&
	       pp_mac_eq(&nd.lla, &our_mac) && is(&nd.target, text) && is(&ip.src, text) &&
	       is(&ip.dst, "ff02::1") && pp_mac_eq(&eth.dst, &group);
}

static inline bool is_probe6(const struct frame *fr, const char *text)
{
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_nd nd = nd_of(fr, &eth, &ip);
	struct pp_addr target = addr(text), group = pp_addr_solicited_node(&target);
	struct pp_mac group_mac = pp_mac_of_group(&group);

	return !nd.advert && !nd.has_lla && pp_addr_is_any(&ip.src) && is(&nd.target, text) &&
	       pp_addr_eq(&ip.dst, &group) && pp_mac_eq(&eth.dst, &group_mac);
}

static inline enum pp_ifaddr_state state_of(const struct fixture *f, const char *text)
{
	struct pp_addr a = addr(text);
	const struct pp_ifaddr *i = pp_ifaddr_find(pp_host_routes(f->host), &a);

	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	return i->state;
}

static inline enum pp_view_dst seen(const struct fixture *f, const char *text)
{
	struct pp_addr a = addr(text);

	return pp_view_classify(f->view, link0, &a);
}

static inline int64_t gap(const struct fixture *f, unsigned int i)
{
	return f->frame[i].at.v - f->frame[i - 1].at.v;
}

static inline struct pp_neigh *acquire(struct fixture *f, struct pp_link link, const char *text)
{
	struct pp_addr a = addr(text);
	struct pp_neigh *n = pp_neigh_acquire(pp_host_neighbours(f->host), link, &a, f->now);

	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	return n;
}

#endif
