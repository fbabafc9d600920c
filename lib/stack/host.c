/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host: the slow half of the stack. Owns addresses, routes and neighbours,
 * publishes a fresh view after every change, and hands what workers heard to the
 * claims (announce.c) or to the neighbour cache.
 */
#include "host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MTU_MIN	 68 /* RFC 791 */
#define VLAN_MAX 4094
#define LOG_MAX	 192

void pp_host_log(struct pp_host *h, const char *format, ...)
{
	char text[LOG_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	h->ops.log(h->arg, text);
}

const char *pp_link_text(struct pp_link link, char buf[PP_LINK_TEXT])
{
	if (link.vlan == PP_VLAN_NONE)
		snprintf(buf, PP_LINK_TEXT, "port %u", link.port);
	else
		snprintf(buf, PP_LINK_TEXT, "port %u vlan %u", link.port, link.vlan);
	return buf;
}

/* Without memory the old view stays, and the next tick tries again. */
static void publish(struct pp_host *h)
{
	struct pp_view *view = pp_view_build(h->routes, h->ports, h->respond);

	h->stale = !view;
	if (view)
		h->ops.publish(h->arg, view);
}

void pp_host_changed(struct pp_host *h)
{
	publish(h);
	h->ops.rerouted(h->arg);
}

/* ---- what the neighbour cache asks for ---- */

static void on_solicit(void *arg, struct pp_link link, const struct pp_addr *addr,
		       const struct pp_mac *mac)
{
	pp_host_solicit(arg, link, addr, mac);
}

static void on_release(void *arg, struct pp_link link, const struct pp_mac *mac, uint8_t *frame,
		       size_t len)
{
	struct pp_host *h = arg;

	memcpy(frame, mac->b, sizeof(mac->b));
	h->ops.send(h->arg, link.port, frame, len);
}

/* The cache counts them. */
static void on_drop(void *arg, struct pp_link link, const uint8_t *frame, size_t len, bool failed)
{
	(void)arg;
	(void)link;
	(void)frame;
	(void)len;
	(void)failed;
}

static void on_changed(void *arg, const struct pp_neigh *n)
{
	pp_gateway_changed(arg, n);
}

static void on_conflict(void *arg, const struct pp_neigh *n, const struct pp_mac *claimed)
{
	struct pp_host *h = arg;
	struct pp_neigh_info info;
	char addr[PP_ADDR_TEXT], old[PP_MAC_TEXT], new[PP_MAC_TEXT], link[PP_LINK_TEXT];

	pp_neigh_info(n, h->now, &info);
	pp_host_log(h, "neighbour %s on %s: %s claims it, keeping %s",
		    pp_addr_text(&info.addr, addr), pp_link_text(info.link, link),
		    pp_mac_text(claimed, new), pp_mac_text(&info.mac, old));
}

static const struct pp_neigh_ops neigh_ops;

/* ---- life ---- */

struct pp_host *pp_host_create(const struct pp_neigh_config *neigh, const struct pp_host_ops *ops,
			       void *arg, uint64_t seed)
{
	struct pp_host *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ops = *ops;
	h->arg = arg;
	h->respond = true;
	h->gateway_retry = PP_NS_NEVER;
	pp_prng_seed(&h->rng, seed);
	h->routes = pp_routes_create();
	h->neigh = pp_neigh_create(neigh, &neigh_ops, h);
	if (!h->routes || !h->neigh) {
		pp_host_free(h);
		return NULL;
	}
	return h;
}

void pp_host_free(struct pp_host *h)
{
	if (!h)
		return;
	if (h->neigh)
		pp_neigh_free(h->neigh);
	if (h->routes)
		pp_routes_free(h->routes);
	free(h);
}

/* ---- ports ---- */

int pp_host_set_port(struct pp_host *h, uint16_t port, const struct pp_mac *mac, uint16_t mtu)
{
	if (port >= PP_PORT_MAX || !pp_mac_is_unicast(mac) || mtu < MTU_MIN)
		return -EINVAL;
	h->ports[port] = (struct pp_view_port){.mac = *mac, .mtu = mtu, .present = true};
	pp_host_changed(h);
	return 0;
}

static bool port_present(const struct pp_host *h, uint16_t port)
{
	return port < PP_PORT_MAX && h->ports[port].present;
}

const struct pp_mac *pp_host_mac(const struct pp_host *h, uint16_t port)
{
	return port_present(h, port) ? &h->ports[port].mac : NULL;
}

uint16_t pp_host_mtu(const struct pp_host *h, uint16_t port)
{
	return port_present(h, port) ? h->ports[port].mtu : 0;
}

/* ---- addresses and routes ---- */

int pp_host_addr_add(struct pp_host *h, const struct pp_addr *addr, unsigned int plen,
		     struct pp_link link, bool dad, bool all, pp_ns now)
{
	struct pp_ifaddr a = {
		.addr = all && plen <= 128 ? pp_ifaddr_first(addr, plen) : *addr,
		.plen = (uint8_t)plen,
		.link = link,
		.state = dad ? PP_IFADDR_TENTATIVE : PP_IFADDR_PREFERRED,
		.all = all,
	};

	if (!port_present(h, link.port) || link.vlan > VLAN_MAX || plen > 128)
		return -EINVAL;
	h->now = now;
	int err = pp_ifaddr_add(h->routes, &a);
	if (err)
		return err;
	pp_host_changed(h);
	pp_claim_start(h, &a, now);
	return 0;
}

int pp_host_addr_del(struct pp_host *h, const struct pp_addr *addr, pp_ns now)
{
	h->now = now;
	int err = pp_ifaddr_del(h->routes, addr);
	if (err)
		return err;
	pp_claim_stop(h, addr);
	pp_host_changed(h);
	return 0;
}

int pp_host_route_add(struct pp_host *h, const struct pp_addr *prefix, unsigned int plen,
		      const struct pp_addr *gateway, uint16_t preference)
{
	int err = pp_route_add(h->routes, prefix, plen, gateway, preference);

	if (err)
		return err;
	pp_gateways_check(h);
	pp_host_changed(h);
	return 0;
}

int pp_host_route_del(struct pp_host *h, const struct pp_addr *prefix, unsigned int plen,
		      const struct pp_addr *gateway)
{
	int err = pp_route_del(h->routes, prefix, plen, gateway);

	if (!err)
		pp_host_changed(h);
	return err;
}

void pp_host_respond(struct pp_host *h, bool on)
{
	h->respond = on;
	publish(h);
}

bool pp_host_responds(const struct pp_host *h)
{
	return h->respond;
}

const struct pp_routes *pp_host_routes(const struct pp_host *h)
{
	return h->routes;
}

struct pp_neigh_cache *pp_host_neighbours(struct pp_host *h)
{
	return h->neigh;
}

uint64_t pp_host_conflicts(const struct pp_host *h)
{
	return h->conflicts;
}

/* ---- what workers heard, and time ---- */

void pp_host_hear(struct pp_host *h, const struct pp_event *e, pp_ns now)
{
	const struct pp_neigh_heard *heard = &e->heard;

	if (!port_present(h, heard->link.port))
		return;
	h->now = now;
	if (pp_claims_hear(h, heard, &e->target, now) || !pp_addr_is_unicast(&heard->addr))
		return;
	pp_neigh_hear(h->neigh, heard, now);
}

pp_ns pp_host_tick(struct pp_host *h, pp_ns now)
{
	h->now = now;
	if (h->stale)
		publish(h);
	pp_ns claims = pp_claims_tick(h, now);
	pp_ns gateways = pp_gateways_tick(h, now);
	/* Last: what the others did may have set an earlier time here. */
	return pp_ns_min(pp_neigh_tick(h->neigh, now), pp_ns_min(claims, gateways));
}

static const struct pp_neigh_ops neigh_ops = {
	.solicit = on_solicit,
	.release = on_release,
	.drop = on_drop,
	.changed = on_changed,
	.conflict = on_conflict,
};
