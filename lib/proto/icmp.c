/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP of both families: what kind of message it is, and what an error quotes of
 * the packet that caused it (RFC 792, 4443, 4861 8). A quote is a second packet
 * inside the first, written by a stranger and often cut short: its lengths are
 * believed only as far as there are bytes.
 */
#include "ip.h"

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO_REQUEST = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12,
};
enum {
	ICMP6_INFORMATIONAL = 128, /* below: errors, known or not (RFC 4443 2.4 (a)) */
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_NS = 135,
	ICMP6_NA = 136,
	ICMP6_REDIRECT = 137,
};

#define REDIRECT6_ADDRESSES 32 /* target and destination, before the options */
#define ND_OPT_REDIRECTED   4
#define IP4_OFFSET_MASK	    0x1fff

static enum pp_icmp_kind kind4(uint8_t type)
{
	switch (type) {
	case ICMP4_ECHO_REQUEST:
		return PP_ICMP_ECHO_REQUEST;
	case ICMP4_ECHO_REPLY:
		return PP_ICMP_ECHO_REPLY;
	case ICMP4_UNREACHABLE:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER:
		return PP_ICMP_ERROR;
	case ICMP4_REDIRECT:
		return PP_ICMP_REDIRECT;
	case ICMP4_QUENCH:
		return PP_ICMP_QUENCH;
	default:
		return PP_ICMP_OTHER;
	}
}

static enum pp_icmp_kind kind6(uint8_t type)
{
	switch (type) {
	case ICMP6_ECHO_REQUEST:
		return PP_ICMP_ECHO_REQUEST;
	case ICMP6_ECHO_REPLY:
		return PP_ICMP_ECHO_REPLY;
	case ICMP6_NS:
		return PP_ICMP_NS;
	case ICMP6_NA:
		return PP_ICMP_NA;
	case ICMP6_REDIRECT:
		return PP_ICMP_REDIRECT;
	default:
		return type < ICMP6_INFORMATIONAL ? PP_ICMP_ERROR : PP_ICMP_OTHER;
	}
}

static bool checksum_good(const struct pp_ip *ip)
{
	uint32_t sum = 0;

	if (ip->v6)
		sum = pp_cksum_pseudo6(ip->src.b, ip->dst.b, (uint32_t)ip->pay.left,
				       PP_IPPROTO_ICMP6);
	return pp_cksum_finish(pp_cksum_add(sum, ip->pay.at, ip->pay.left)) == 0;
}

static enum pp_drop check_packet(const struct pp_ip *ip)
{
	if (ip->proto != (ip->v6 ? PP_IPPROTO_ICMP6 : PP_IPPROTO_ICMP))
		return PP_DROP_IP_PROTO;
	if (ip->fragment)
		return PP_DROP_IP_FRAGMENT;
	if (ip->pay.left < PP_ICMP_HLEN)
		return PP_DROP_ICMP_SHORT;
	return checksum_good(ip) ? PP_OK : PP_DROP_ICMP_CHECKSUM;
}

static bool is_echo(enum pp_icmp_kind kind)
{
	return kind == PP_ICMP_ECHO_REQUEST || kind == PP_ICMP_ECHO_REPLY;
}

enum pp_drop pp_icmp_decode(const struct pp_ip *ip, struct pp_icmp *ret_icmp)
{
	enum pp_drop drop = check_packet(ip);

	if (drop)
		return drop;
	const uint8_t *h = ip->pay.at;
	struct pp_icmp icmp = {
		.kind = ip->v6 ? kind6(h[0]) : kind4(h[0]),
		.v6 = ip->v6,
		.type = h[0],
		.code = h[1],
		.check = pp_get_be16(h + 2),
		.rest = pp_get_be32(h + 4),
		.body = pp_cur(h + PP_ICMP_HLEN, ip->pay.left - PP_ICMP_HLEN),
	};
	if (is_echo(icmp.kind)) {
		icmp.id = pp_get_be16(h + 4);
		icmp.seq = pp_get_be16(h + 6);
	}
	/* Somebody without an address may solicit, and say what we ignore anyway. */
	if (ip->v6 && icmp.kind != PP_ICMP_NS && icmp.kind != PP_ICMP_OTHER &&
	    pp_addr_is_any(&ip->src))
		return PP_DROP_IP_SOURCE;
	*ret_icmp = icmp;
	return PP_OK;
}

/* The echo request at the front of `inner`, which belongs to the quoted packet
 * as far as `claimed` bytes. Routers are known to mangle the quoted length, so a
 * claim below the ICMP header costs the payload only. */
static enum pp_drop quote_echo(struct pp_cur inner, size_t claimed, uint8_t type,
			       struct pp_quote *quote)
{
	const uint8_t *h = pp_cur_take(&inner, PP_ICMP_HLEN);

	if (!h || h[0] != type)
		return PP_DROP_ICMP_QUOTE;
	quote->check = pp_get_be16(h + 2);
	quote->id = pp_get_be16(h + 4);
	quote->seq = pp_get_be16(h + 6);
	size_t payload = claimed > PP_ICMP_HLEN ? claimed - PP_ICMP_HLEN : 0;
	quote->payload = pp_cur(inner.at, pp_min_u64(inner.left, payload));
	return PP_OK;
}

static enum pp_drop quote4(struct pp_cur body, struct pp_quote *quote)
{
	const uint8_t *h = pp_cur_take(&body, PP_IP4_HLEN);

	if (!h || h[0] >> 4 != 4)
		return PP_DROP_ICMP_QUOTE;
	size_t hlen = (h[0] & 0xfu) * 4, total = pp_get_be16(h + 2);
	if (hlen < PP_IP4_HLEN || !pp_cur_take(&body, hlen - PP_IP4_HLEN))
		return PP_DROP_ICMP_QUOTE;
	if (h[9] != PP_IPPROTO_ICMP || pp_get_be16(h + 6) & IP4_OFFSET_MASK)
		return PP_DROP_ICMP_QUOTE;
	quote->src = pp_addr_from4(h + 12);
	quote->dst = pp_addr_from4(h + 16);
	quote->ip_id = pp_get_be16(h + 4);
	return quote_echo(body, total > hlen ? total - hlen : 0, ICMP4_ECHO_REQUEST, quote);
}

static enum pp_drop quote6(struct pp_cur body, struct pp_quote *quote)
{
	const uint8_t *h = pp_cur_take(&body, PP_IP6_HLEN);
	bool first;

	if (!h || h[0] >> 4 != 6)
		return PP_DROP_ICMP_QUOTE;
	struct pp_ip ip = {.v6 = true, .proto = h[6], .pay = body};
	if (pp_ip6_walk(&ip, &first) || !first || ip.proto != PP_IPPROTO_ICMP6)
		return PP_DROP_ICMP_QUOTE;
	quote->v6 = true;
	quote->src = pp_addr_from6(h + 8);
	quote->dst = pp_addr_from6(h + 24);
	if (pp_addr_is4(&quote->src) || pp_addr_is4(&quote->dst))
		return PP_DROP_ICMP_QUOTE;
	size_t walked = (size_t)(ip.pay.at - body.at), claimed = pp_get_be16(h + 4);
	return quote_echo(ip.pay, claimed > walked ? claimed - walked : 0, ICMP6_ECHO_REQUEST,
			  quote);
}

/* RFC 4861 4.6.3: the quote of an IPv6 redirect is an option of its own, behind
 * 6 reserved bytes. Empty when there is none. */
static struct pp_cur redirected_packet(struct pp_cur body)
{
	const struct pp_cur none = {0};

	pp_cur_take(&body, REDIRECT6_ADDRESSES);
	while (!body.fail && body.left) {
		const uint8_t *option = pp_cur_take(&body, 8);
		if (!option || option[1] == 0)
			return none;
		struct pp_cur data = body;
		if (!pp_cur_take(&body, option[1] * 8u - 8u))
			return none;
		data.left = option[1] * 8u - 8u;
		if (option[0] == ND_OPT_REDIRECTED)
			return data;
	}
	return none;
}

enum pp_drop pp_icmp_quote(const struct pp_icmp *icmp, struct pp_quote *ret_quote)
{
	struct pp_cur body = icmp->body;
	struct pp_quote quote = {0};

	if (icmp->kind != PP_ICMP_ERROR && icmp->kind != PP_ICMP_REDIRECT &&
	    icmp->kind != PP_ICMP_QUENCH)
		return PP_DROP_ICMP_QUOTE;
	if (icmp->v6 && icmp->kind == PP_ICMP_REDIRECT)
		body = redirected_packet(body);
	enum pp_drop drop = icmp->v6 ? quote6(body, &quote) : quote4(body, &quote);
	if (!drop)
		*ret_quote = quote;
	return drop;
}
