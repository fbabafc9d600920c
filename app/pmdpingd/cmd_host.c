/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addr, route, neigh, respond: the engine's own host configuration, and its display.
 */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void done(struct pp_call *c)
{
	pp_call_done(c, json_object());
}

/* 0 ends the call well; else the words for err, or its own. */
struct words {
	int err;
	const char *text;
};

static void end(struct pp_call *c, int err, const char *param, const struct words *words, size_t n)
{
	if (err >= 0) {
		done(c);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (words[i].err == err) {
			pp_call_fail(c, PP_ERR_FAILED, param, "%s: %s", pp_call_text(c, param),
				     words[i].text);
			return;
		}
	}
	pp_call_fail(c, PP_ERR_FAILED, param, "%s: %s", pp_call_text(c, param), strerror(-err));
}

/* The link that port and vlan name; false when the call has failed. */
static bool take_link(struct pp_call *c, struct pp_link *ret_link)
{
	struct pp_engine *e = pp_call_engine(c);
	const int64_t *port = pp_call_int(c, "port"), *vlan = pp_call_int(c, "vlan");

	if (port && *port >= pp_dp_ports(e->dp)) {
		pp_call_fail(c, PP_ERR_FAILED, "port", "no port %lld: there are %u",
			     (long long)*port, pp_dp_ports(e->dp));
		return false;
	}
	ret_link->port = port ? (uint16_t)*port : 0;
	ret_link->vlan = vlan ? (uint16_t)*vlan : PP_VLAN_NONE;
	return true;
}

/* ---- addr --------------------------------------------------------------------------- */

void pp_cmd_addr_add(struct pp_call *c)
{
	static const struct words words[] = {
		{-EEXIST, "is there already"},
		{-EINVAL, "not a unicast host address of that prefix"},
		{-ENOSPC, "too many addresses"},
	};
	struct pp_engine *e = pp_call_engine(c);
	const int64_t *dad = pp_call_int(c, "dad");
	struct pp_link link;

	if (!take_link(c, &link))
		return;
	end(c,
	    pp_host_addr_add(e->host, pp_call_addr(c, "address"), *pp_call_plen(c, "address"), link,
			     dad && *dad == 0, pp_call_flag(c, "all"), pp_clock_now()),
	    "address", words, PP_ARRAY_LEN(words));
}

void pp_cmd_addr_del(struct pp_call *c)
{
	static const struct words words[] = {
		{-ENOENT, "not an address of ours, or only with all of its prefix"}};
	struct pp_engine *e = pp_call_engine(c);
	struct pp_addr a = *pp_call_addr(c, "address");
	unsigned int plen = *pp_call_plen(c, "address");

	/* By the prefix, if it was added so. */
	struct pp_addr first = pp_ifaddr_first(&a, plen);
	const struct pp_ifaddr *own = pp_ifaddr_find(pp_host_routes(e->host), &first);
	if (own && own->all && own->plen == plen)
		a = first;
	end(c, pp_host_addr_del(e->host, &a, pp_clock_now()), "address", words,
	    PP_ARRAY_LEN(words));
}

void pp_cmd_addr_flush(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_routes *routes = pp_host_routes(e->host);

	while (pp_ifaddr_count(routes)) {
		struct pp_addr a = pp_ifaddr_at(routes, 0)->addr;
		pp_host_addr_del(e->host, &a, pp_clock_now());
	}
	done(c);
}

static const char *ifaddr_state(enum pp_ifaddr_state s)
{
	return s == PP_IFADDR_PREFERRED	  ? "preferred"
	       : s == PP_IFADDR_TENTATIVE ? "tentative"
					  : "duplicate";
}

static const char *prefix_text(const struct pp_addr *a, unsigned int plen, char *buf, size_t size)
{
	char text[PP_ADDR_TEXT];

	snprintf(buf, size, "%s/%u", pp_addr_text(a, text),
		 pp_addr_is4(a) && plen >= 96 ? plen - 96 : plen);
	return buf;
}

static json_t *vlan_json(uint16_t vlan)
{
	return vlan ? json_integer(vlan) : json_null();
}

void pp_cmd_show_addr(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_routes *r = pp_host_routes(e->host);
	json_t *rows = json_array();
	char text[PP_ADDR_TEXT + 4];

	for (size_t i = 0; i < pp_ifaddr_count(r); i++) {
		const struct pp_ifaddr *a = pp_ifaddr_at(r, i);
		json_array_append_new(
			rows, json_pack("{s:s, s:i, s:o, s:b, s:s}", "address",
					prefix_text(&a->addr, a->plen, text, sizeof(text)), "port",
					(int)a->link.port, "vlan", vlan_json(a->link.vlan), "all",
					a->all, "state", ifaddr_state(a->state)));
	}
	pp_call_done(c, json_pack("{s:o}", "addresses", rows));
}

/* ---- route ---------------------------------------------------------------------------- */

/* "default" takes the family of the gateway. */
static void take_prefix(const struct pp_call *c, const struct pp_addr *via,
			struct pp_addr *ret_prefix, unsigned int *ret_plen)
{
	*ret_prefix = *pp_call_addr(c, "prefix");
	*ret_plen = *pp_call_plen(c, "prefix");
	if (!strcmp(pp_call_text(c, "prefix"), "default") && via && !pp_addr_is4(via)) {
		*ret_prefix = (struct pp_addr){.w = {0, 0}};
		*ret_plen = 0;
	}
}

void pp_cmd_route_add(struct pp_call *c)
{
	static const struct words words[] = {
		{-EEXIST, "is there already"},
		{-ENETUNREACH, "its gateway is not on-link"},
		{-EINVAL, "host bits are set, families differ, or the gateway is ourselves"},
		{-ENOSPC, "too many routes"},
	};
	struct pp_engine *e = pp_call_engine(c);
	const int64_t *preference = pp_call_int(c, "preference");
	const struct pp_addr *via = pp_call_addr(c, "via");
	struct pp_addr prefix;
	unsigned int plen;

	take_prefix(c, via, &prefix, &plen);
	end(c,
	    pp_host_route_add(e->host, &prefix, plen, via, preference ? (uint16_t)*preference : 0),
	    "prefix", words, PP_ARRAY_LEN(words));
}

void pp_cmd_route_del(struct pp_call *c)
{
	static const struct words words[] = {{-ENOENT, "no such route"}};
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_addr *via = pp_call_addr(c, "via");
	struct pp_addr prefix;
	unsigned int plen;

	take_prefix(c, via, &prefix, &plen);
	end(c, pp_host_route_del(e->host, &prefix, plen, via), "prefix", words,
	    PP_ARRAY_LEN(words));
}

static const struct pp_route *first_gateway_route(const struct pp_routes *r)
{
	for (size_t i = 0; i < pp_route_count(r); i++)
		if (!pp_route_at(r, i)->onlink)
			return pp_route_at(r, i);
	return NULL;
}

void pp_cmd_route_flush(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_route *r;

	while ((r = first_gateway_route(pp_host_routes(e->host)))) {
		struct pp_route copy = *r;
		pp_host_route_del(e->host, &copy.prefix, copy.plen, &copy.gateway);
	}
	done(c);
}

static json_t *route_json(const struct pp_route *r)
{
	char text[PP_ADDR_TEXT + 4], via[PP_ADDR_TEXT];

	return json_pack("{s:s, s:o, s:i, s:o, s:i, s:s}", "prefix",
			 prefix_text(&r->prefix, r->plen, text, sizeof(text)), "via",
			 r->onlink ? json_null() : json_string(pp_addr_text(&r->gateway, via)),
			 "port", (int)r->link.port, "vlan", vlan_json(r->link.vlan), "preference",
			 (int)r->preference, "state",
			 r->onlink ? "onlink"
			 : r->dead ? "dead"
				   : "up");
}

void pp_cmd_show_route(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_routes *r = pp_host_routes(e->host);
	json_t *rows = json_array();

	for (size_t i = 0; i < pp_route_count(r); i++)
		json_array_append_new(rows, route_json(pp_route_at(r, i)));
	pp_call_done(c, json_pack("{s:o}", "routes", rows));
}

/* ---- neigh ------------------------------------------------------------------------------ */

void pp_cmd_neigh_add(struct pp_call *c)
{
	static const struct words words[] = {
		{-EINVAL, "address and MAC must be unicast"},
		{-ENOSPC, "the table is full of entries in use"},
	};
	struct pp_engine *e = pp_call_engine(c);
	struct pp_link link;

	if (!take_link(c, &link))
		return;
	end(c,
	    pp_neigh_add(pp_host_neighbours(e->host), link, pp_call_addr(c, "address"),
			 pp_call_mac(c, "mac"), pp_clock_now()),
	    "address", words, PP_ARRAY_LEN(words));
}

void pp_cmd_neigh_del(struct pp_call *c)
{
	static const struct words words[] = {{-ENOENT, "not in the table"}};
	struct pp_engine *e = pp_call_engine(c);
	struct pp_link link;

	if (!take_link(c, &link))
		return;
	end(c,
	    pp_neigh_del(pp_host_neighbours(e->host), link, pp_call_addr(c, "address"),
			 pp_clock_now()),
	    "address", words, PP_ARRAY_LEN(words));
}

void pp_cmd_neigh_flush(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const int64_t *port = pp_call_int(c, "port");
	unsigned int n =
		pp_neigh_flush(pp_host_neighbours(e->host), port ? (int)*port : -1, pp_clock_now());

	pp_call_done(c, json_pack("{s:i}", "flushed", (int)n));
}

void pp_cmd_neigh_trust(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);

	pp_neigh_trust_all(pp_host_neighbours(e->host), *pp_call_int(c, "which") == 0);
	done(c);
}

static json_t *neigh_json(const struct pp_neigh *n, pp_ns now)
{
	char text[PP_ADDR_TEXT], mac[PP_MAC_TEXT];
	struct pp_neigh_info i;

	pp_neigh_info(n, now, &i);
	bool known = i.state != PP_NEIGH_INCOMPLETE && i.state != PP_NEIGH_FAILED;
	return json_pack("{s:s, s:i, s:o, s:o, s:s, s:o, s:i, s:b}", "address",
			 pp_addr_text(&i.addr, text), "port", (int)i.link.port, "vlan",
			 vlan_json(i.link.vlan), "mac",
			 known ? json_string(pp_mac_text(&i.mac, mac)) : json_null(), "state",
			 pp_neigh_state_name(i.state), "age_ns",
			 i.age.v == PP_NS_NEVER.v ? json_null() : json_integer(i.age.v), "users",
			 (int)i.pins, "holding", i.holding);
}

static json_t *neigh_stats_json(const struct pp_neigh_stats *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "requests", (json_int_t)s->requests,
			 "learned", (json_int_t)s->learned, "moved", (json_int_t)s->moved,
			 "refused_moves", (json_int_t)s->refused_moves, "failed",
			 (json_int_t)s->failed, "evicted", (json_int_t)s->evicted, "table_full",
			 (json_int_t)s->table_full);
}

void pp_cmd_show_neigh(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_neigh_cache *cache = pp_host_neighbours(e->host);
	json_t *rows = json_array();
	pp_ns now = pp_clock_now();

	for (const struct pp_neigh *n = pp_neigh_next(cache, NULL); n; n = pp_neigh_next(cache, n))
		json_array_append_new(rows, neigh_json(n, now));
	pp_call_done(c, json_pack("{s:o, s:o, s:I}", "neighbours", rows, "stats",
				  neigh_stats_json(pp_neigh_stats(cache)), "address_conflicts",
				  (json_int_t)pp_host_conflicts(e->host)));
}

/* ---- respond ---------------------------------------------------------------------------- */

void pp_cmd_respond(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);

	pp_host_respond(e->host, *pp_call_int(c, "state") == 0);
	done(c);
}
