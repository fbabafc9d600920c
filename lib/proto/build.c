/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole frames of the packets that the engine starts: echo requests, and neighbour
 * solicitations and advertisements. What is behind a short packet is zeroed up to
 * the smallest frame, so that no buffer's past goes out on the wire.
 */
#include <pmdping/proto.h>

enum { ECHO_REQUEST4 = 8, ECHO_REQUEST6 = 128, ND_NS = 135, ND_NA = 136 };
enum { OPT_SOURCE_LLA = 1, OPT_TARGET_LLA = 2, OPT_LLA_LEN = 8 };

#define IP4_DF	  0x4000
#define IP_MAX	  65535
#define ND_LEN	  (PP_ICMP_HLEN + 16)
#define ND_HLIMIT 255

static size_t eth_hlen(const struct pp_l3 *l3)
{
	return PP_ETH_HLEN + (l3->vlan == PP_VLAN_NONE ? 0 : PP_VLAN_HLEN);
}

static size_t pad(uint8_t *frame, size_t len)
{
	if (len >= PP_ETH_MIN)
		return len;
	memset(frame + len, 0, PP_ETH_MIN - len);
	return PP_ETH_MIN;
}

/* `len` is that of the ICMP message. Returns where it starts. */
static uint8_t *put_ip4(uint8_t *frame, const struct pp_l3 *l3, size_t len)
{
	uint8_t *h = frame + pp_eth_put(frame, &l3->dst_mac, &l3->src_mac, l3->vlan, PP_ETHER_IP4);

	h[0] = 0x45;
	h[1] = l3->tos;
	pp_put_be16(h + 2, (uint16_t)(PP_IP4_HLEN + len));
	pp_put_be16(h + 4, l3->ip_id);
	pp_put_be16(h + 6, l3->df ? IP4_DF : 0);
	h[8] = l3->ttl;
	h[9] = PP_IPPROTO_ICMP;
	pp_put_be16(h + 10, 0);
	memcpy(h + 12, l3->src.b + 12, 4);
	memcpy(h + 16, l3->dst.b + 12, 4);
	pp_put_be16(h + 10, pp_cksum_finish(pp_cksum_add(0, h, PP_IP4_HLEN)));
	return h + PP_IP4_HLEN;
}

static uint8_t *put_ip6(uint8_t *frame, const struct pp_l3 *l3, uint8_t hlimit, size_t len)
{
	uint8_t *h = frame + pp_eth_put(frame, &l3->dst_mac, &l3->src_mac, l3->vlan, PP_ETHER_IP6);

	pp_put_be32(h, 6u << 28 | (uint32_t)l3->tos << 20);
	pp_put_be16(h + 4, (uint16_t)len);
	h[6] = PP_IPPROTO_ICMP6;
	h[7] = hlimit;
	memcpy(h + 8, l3->src.b, 16);
	memcpy(h + 24, l3->dst.b, 16);
	return h + PP_IP6_HLEN;
}

/* The checksum field has to be zero when the sum is taken. */
static void put_check6(uint8_t *icmp, const struct pp_l3 *l3, size_t len)
{
	uint32_t sum = pp_cksum_pseudo6(l3->src.b, l3->dst.b, (uint32_t)len, PP_IPPROTO_ICMP6);

	pp_put_be16(icmp + 2, pp_cksum_finish(pp_cksum_add(sum, icmp, len)));
}

size_t pp_echo_payload_offset(const struct pp_l3 *l3)
{
	size_t hlen = pp_addr_is4(&l3->src) ? PP_IP4_HLEN : PP_IP6_HLEN;

	return eth_hlen(l3) + hlen + PP_ICMP_HLEN;
}

size_t pp_echo_frame(bool v6, bool tagged, size_t size)
{
	size_t len = (size_t)PP_ETH_HLEN + (tagged ? PP_VLAN_HLEN : 0) +
		     (v6 ? PP_IP6_HLEN : PP_IP4_HLEN) + PP_ICMP_HLEN + size;

	return (len < PP_ETH_MIN ? PP_ETH_MIN : len) + PP_ETH_FCS;
}

/* Whether a packet of these addresses and this length can be written at all: one
 * family, within the 16-bit length, within the room. */
static bool echo_fits(const struct pp_l3 *l3, size_t room, size_t size)
{
	bool v4 = pp_addr_is4(&l3->src);
	size_t most = IP_MAX - PP_ICMP_HLEN - (v4 ? PP_IP4_HLEN : 0);

	if (v4 != pp_addr_is4(&l3->dst) || size > most || room < PP_ETH_MIN)
		return false;
	return pp_echo_payload_offset(l3) + size <= room;
}

size_t pp_echo_build(uint8_t *frame, size_t room, const struct pp_l3 *l3, uint16_t id, uint16_t seq,
		     size_t size)
{
	bool v4 = pp_addr_is4(&l3->src);
	size_t len = PP_ICMP_HLEN + size;

	if (!echo_fits(l3, room, size))
		return 0;
	uint8_t *icmp = v4 ? put_ip4(frame, l3, len) : put_ip6(frame, l3, l3->ttl, len);
	icmp[0] = v4 ? ECHO_REQUEST4 : ECHO_REQUEST6;
	icmp[1] = 0;
	pp_put_be16(icmp + 2, 0);
	pp_put_be16(icmp + 4, id);
	pp_put_be16(icmp + 6, seq);
	if (v4)
		pp_put_be16(icmp + 2, pp_cksum_finish(pp_cksum_add(0, icmp, len)));
	else
		put_check6(icmp, l3, len);
	return pad(frame, (size_t)(icmp - frame) + len);
}

static uint32_t nd_flags(const struct pp_nd *nd)
{
	if (!nd->advert)
		return 0;
	return (uint32_t)nd->router << 31 | (uint32_t)nd->solicited << 30 |
	       (uint32_t)nd->override << 29;
}

size_t pp_nd_build(uint8_t *frame, size_t room, const struct pp_l3 *l3, const struct pp_nd *nd)
{
	size_t len = ND_LEN + (nd->has_lla ? OPT_LLA_LEN : 0);
	size_t whole = eth_hlen(l3) + PP_IP6_HLEN + len;

	if (pp_addr_is4(&l3->src) || pp_addr_is4(&l3->dst) || room < whole)
		return 0;
	uint8_t *icmp = put_ip6(frame, l3, ND_HLIMIT, len);
	icmp[0] = nd->advert ? ND_NA : ND_NS;
	icmp[1] = 0;
	pp_put_be16(icmp + 2, 0);
	pp_put_be32(icmp + 4, nd_flags(nd));
	memcpy(icmp + PP_ICMP_HLEN, nd->target.b, sizeof(nd->target.b));
	if (nd->has_lla) {
		icmp[ND_LEN] = nd->advert ? OPT_TARGET_LLA : OPT_SOURCE_LLA;
		icmp[ND_LEN + 1] = 1;
		memcpy(icmp + ND_LEN + 2, nd->lla.b, sizeof(nd->lla.b));
	}
	put_check6(icmp, l3, len);
	return whole;
}
