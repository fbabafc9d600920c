/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo replies in place (RFC 792, RFC 1122 3.2.2.6, RFC 4443 4.2): addresses swapped,
 * the ICMP checksum updated by its one changed word.
 */
#include "answer.h"

/* A whole new header of 20 bytes: an atomic datagram (RFC 6864), no options. */
static void put_ip4(uint8_t *h, const struct pp_ip *ip, uint16_t ip_id)
{
	h[0] = 0x45;
	h[1] = ip->tos;
	pp_put_be16(h + 2, (uint16_t)(PP_IP4_HLEN + ip->pay.left));
	pp_put_be16(h + 4, ip_id);
	pp_put_be16(h + 6, 0x4000);
	h[8] = PP_ANSWER_TTL;
	h[9] = PP_IPPROTO_ICMP;
	pp_put_be16(h + 10, 0);
	memcpy(h + 12, ip->dst.b + 12, 4);
	memcpy(h + 16, ip->src.b + 12, 4);
	pp_put_be16(h + 10, pp_cksum_finish(pp_cksum_add(0, h, PP_IP4_HLEN)));
}

static void put_ip6(uint8_t *h, const struct pp_ip *ip)
{
	pp_put_be32(h, 6u << 28 | (uint32_t)ip->tos << 20);
	pp_put_be16(h + 4, (uint16_t)ip->pay.left);
	h[6] = PP_IPPROTO_ICMP6;
	h[7] = PP_ANSWER_TTL;
	memcpy(h + 8, ip->dst.b, 16);
	memcpy(h + 24, ip->src.b, 16);
}

enum pp_drop pp_answer_echo(struct pp_pkt *pkt, const struct pp_eth *eth, const struct pp_mac *mac,
			    const struct pp_ip *ip, uint16_t ip_id)
{
	size_t hlen = ip->v6 ? PP_IP6_HLEN : PP_IP4_HLEN;
	uint8_t *h = pkt->data + eth->hlen, *icmp = h + hlen;

	/* Before padding, which may cover where the bytes are now. */
	if (ip->hlen != hlen)
		memmove(icmp, h + ip->hlen, ip->pay.left);
	if (!pp_answer_pad(pkt, eth->hlen + hlen + ip->pay.left))
		return PP_DROP_ANSWER_UNSENT;
	pp_answer_icmp(icmp, ip->v6 ? PP_ICMP6_ECHO_REPLY : PP_ICMP4_ECHO_REPLY);
	if (ip->v6)
		put_ip6(h, ip);
	else
		put_ip4(h, ip, ip_id);
	memcpy(pkt->data, eth->src.b, 6);
	memcpy(pkt->data + 6, mac->b, 6);
	pkt->answer = true;
	return PP_DROP_ECHO_ANSWERED;
}
