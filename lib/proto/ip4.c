/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 headers as a host has to read them (RFC 791, RFC 1122 3.2.1). Options are
 * walked to see that they are well formed and then ignored: none is ever acted on.
 */
#include "ip.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_LSRR = 131, OPT_SSRR = 137 };
enum { FLAG_DF = 0x4000, FLAG_MF = 0x2000, OFFSET_MASK = 0x1fff };

/* A source route, finished or not, is refused: reversing one for the answer is how
 * a host is made to send to a third party. */
static enum pp_drop walk_options(struct pp_cur options)
{
	while (options.left) {
		uint8_t kind = *pp_cur_take(&options, 1);
		if (kind == OPT_END)
			return PP_OK;
		if (kind == OPT_NOP)
			continue;
		if (kind == OPT_LSRR || kind == OPT_SSRR)
			return PP_DROP_IP_OPTION;
		const uint8_t *len = pp_cur_take(&options, 1);
		if (!len || *len < 2 || !pp_cur_take(&options, *len - 2u))
			return PP_DROP_IP_OPTION;
	}
	return PP_OK;
}

/* Version and lengths: afterwards hlen <= total <= available. */
static enum pp_drop check_lengths(const uint8_t *h, size_t available)
{
	size_t hlen = (h[0] & 0xfu) * 4, total = pp_get_be16(h + 2);

	if (h[0] >> 4 != 4)
		return PP_DROP_IP_VERSION;
	if (hlen < PP_IP4_HLEN || hlen > available)
		return PP_DROP_IP_HLEN;
	if (total < hlen || total > available)
		return PP_DROP_IP_LENGTH;
	return PP_OK;
}

static void read_header(const uint8_t *h, struct pp_ip *ip)
{
	uint16_t flags = pp_get_be16(h + 6);

	*ip = (struct pp_ip){
		.src = pp_addr_from4(h + 12),
		.dst = pp_addr_from4(h + 16),
		.tos = h[1],
		.ttl = h[8],
		.proto = h[9],
		.id = pp_get_be16(h + 4),
		.df = flags & FLAG_DF,
		.fragment = flags & (FLAG_MF | OFFSET_MASK),
		.hlen = (h[0] & 0xfu) * 4,
	};
	ip->options = ip->hlen > PP_IP4_HLEN;
	ip->pay = pp_cur(h + ip->hlen, pp_get_be16(h + 2) - ip->hlen);
}

enum pp_drop pp_ip4_decode(struct pp_cur body, struct pp_ip *ret_ip)
{
	const uint8_t *h = body.at;
	struct pp_ip ip;
	enum pp_drop drop;

	if (body.left < PP_IP4_HLEN)
		return PP_DROP_IP_SHORT;
	drop = check_lengths(h, body.left);
	if (drop)
		return drop;
	read_header(h, &ip);
	if (pp_cksum_finish(pp_cksum_add(0, h, ip.hlen)) != 0)
		return PP_DROP_IP_CHECKSUM;
	if (ip.options) {
		drop = walk_options(pp_cur(h + PP_IP4_HLEN, ip.hlen - PP_IP4_HLEN));
		if (drop)
			return drop;
	}
	if (!pp_addr_is_unicast(&ip.src))
		return PP_DROP_IP_SOURCE;
	*ret_ip = ip;
	return PP_OK;
}
