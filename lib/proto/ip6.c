/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 headers and their chains of extension headers (RFC 8200), with a bound on
 * the chain's length. Nothing in a chain is acted on: what asks for action or for
 * reassembly is dropped or marked.
 */
#include "ip.h"

enum { OPT_PAD1 = 0 };

#define FRAGMENT_HLEN	 8
#define OPT_ACTION_MASK	 0xc0 /* RFC 8200 4.2: 00 means skip when unknown */
#define FRAG_OFFSET_MASK 0xfff8
#define FRAG_MORE	 0x0001

/* Options of a hop-by-hop or destination header. We know PadN by its action bits
 * alone, and no option whose bits ask for more than being skipped. */
static enum pp_drop walk_options(struct pp_cur options)
{
	while (options.left) {
		uint8_t kind = *pp_cur_take(&options, 1);
		if (kind == OPT_PAD1)
			continue;
		const uint8_t *len = pp_cur_take(&options, 1);
		if (!len || !pp_cur_take(&options, *len))
			return PP_DROP_IP_EXTENSION;
		if (kind & OPT_ACTION_MASK)
			return PP_DROP_IP_EXTENSION;
	}
	return PP_OK;
}

/* Segments left 0: we are the end of the route, whatever its type (4.4). */
static enum pp_drop check_routing(struct pp_cur rest)
{
	return rest.at[1] == 0 ? PP_OK : PP_DROP_IP_EXTENSION;
}

/* A header with a length byte: next header, length in 8-byte units after the
 * first, then the rest, 6 bytes at least. */
static enum pp_drop take_header(struct pp_ip *ip)
{
	const uint8_t *h = pp_cur_take(&ip->pay, 8);
	uint8_t kind = ip->proto;

	if (!h || !pp_cur_take(&ip->pay, h[1] * 8u))
		return PP_DROP_IP_EXTENSION;
	struct pp_cur rest = pp_cur(h + 2, 6 + h[1] * 8u);
	ip->proto = h[0];
	return kind == PP_IP6_ROUTING ? check_routing(rest) : walk_options(rest);
}

/* Offset 0 and no more to come is a whole packet in itself (RFC 6946). */
static enum pp_drop take_fragment(struct pp_ip *ip, bool *ret_first)
{
	const uint8_t *h = pp_cur_take(&ip->pay, FRAGMENT_HLEN);

	if (!h)
		return PP_DROP_IP_EXTENSION;
	uint16_t offset = pp_get_be16(h + 2);
	ip->proto = h[0];
	ip->frag_header = true;
	ip->fragment = offset & (FRAG_OFFSET_MASK | FRAG_MORE);
	*ret_first = (offset & FRAG_OFFSET_MASK) == 0;
	return PP_OK;
}

static bool is_extension(uint8_t next)
{
	return next == PP_IP6_HBH || next == PP_IP6_ROUTING || next == PP_IP6_FRAGMENT ||
	       next == PP_IP6_DSTOPTS;
}

enum pp_drop pp_ip6_walk(struct pp_ip *ip, bool *ret_first_fragment)
{
	bool first = true;

	for (unsigned int n = 0; is_extension(ip->proto); n++) {
		/* Hop-by-hop options come right behind the IPv6 header or not at all (4.1). */
		if (n == PP_IP6_EXT_MAX || (n > 0 && ip->proto == PP_IP6_HBH))
			return PP_DROP_IP_EXTENSION;
		enum pp_drop drop =
			ip->proto == PP_IP6_FRAGMENT ? take_fragment(ip, &first) : take_header(ip);
		if (drop)
			return drop;
		ip->options = true;
		if (ip->fragment)
			break;
	}
	*ret_first_fragment = first;
	return PP_OK;
}

/* :: may be a source only of a neighbour solicitation, which is seen later, by
 * pp_icmp_decode. A mapped address would pass for IPv4. */
static enum pp_drop check_addresses(const struct pp_ip *ip)
{
	if (pp_addr_is4(&ip->src))
		return PP_DROP_IP_SOURCE;
	if (!pp_addr_is_unicast(&ip->src) && !pp_addr_is_any(&ip->src))
		return PP_DROP_IP_SOURCE;
	return pp_addr_is4(&ip->dst) ? PP_DROP_IP_OTHER_DST : PP_OK;
}

static void read_header(const uint8_t *h, struct pp_ip *ip)
{
	*ip = (struct pp_ip){
		.src = pp_addr_from6(h + 8),
		.dst = pp_addr_from6(h + 24),
		.v6 = true,
		.tos = (uint8_t)(pp_get_be16(h) >> 4),
		.ttl = h[7],
		.proto = h[6],
		.pay = pp_cur(h + PP_IP6_HLEN, pp_get_be16(h + 4)),
	};
}

/* Payload length 0 would be a jumbogram (RFC 2675), or have nothing in it. */
enum pp_drop pp_ip6_decode(struct pp_cur body, struct pp_ip *ret_ip)
{
	const uint8_t *h = body.at;
	struct pp_ip ip;
	bool first;

	if (body.left < PP_IP6_HLEN)
		return PP_DROP_IP_SHORT;
	if (h[0] >> 4 != 6)
		return PP_DROP_IP_VERSION;
	read_header(h, &ip);
	if (ip.pay.left == 0 || ip.pay.left > body.left - PP_IP6_HLEN)
		return PP_DROP_IP_LENGTH;
	enum pp_drop drop = check_addresses(&ip);
	if (!drop)
		drop = pp_ip6_walk(&ip, &first);
	if (drop)
		return drop;
	ip.hlen = (size_t)(ip.pay.at - h);
	*ret_ip = ip;
	return PP_OK;
}
