/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP for IPv4 over Ethernet (RFC 826), with the address probes of RFC 5227.
 */
#include <pmdping/proto.h>

#define HRD_ETHERNET 1

/* A sender is a host, or has no address yet and asks whether one is taken (the
 * probe of RFC 5227 2.1.1: a request from 0.0.0.0). */
static bool sender_valid(const struct pp_arp *arp)
{
	if (!pp_mac_is_unicast(&arp->sha))
		return false;
	if (pp_addr_is_any(&arp->spa))
		return arp->op == PP_ARP_REQUEST;
	return pp_addr_is_unicast(&arp->spa);
}

static bool format_valid(const uint8_t *p)
{
	return pp_get_be16(p) == HRD_ETHERNET && pp_get_be16(p + 2) == PP_ETHER_IP4 && p[4] == 6 &&
	       p[5] == 4;
}

enum pp_drop pp_arp_decode(struct pp_cur body, struct pp_arp *ret_arp)
{
	const uint8_t *p = pp_cur_take(&body, PP_ARP_LEN);
	struct pp_arp arp;

	if (!p)
		return PP_DROP_ARP_SHORT;
	if (!format_valid(p))
		return PP_DROP_ARP_FORMAT;
	arp.op = pp_get_be16(p + 6);
	if (arp.op != PP_ARP_REQUEST && arp.op != PP_ARP_REPLY)
		return PP_DROP_ARP_OP;
	memcpy(arp.sha.b, p + 8, sizeof(arp.sha.b));
	arp.spa = pp_addr_from4(p + 14);
	memcpy(arp.tha.b, p + 18, sizeof(arp.tha.b));
	arp.tpa = pp_addr_from4(p + 24);
	if (!sender_valid(&arp))
		return PP_DROP_ARP_SENDER;
	*ret_arp = arp;
	return PP_OK;
}

size_t pp_arp_build(uint8_t *frame, size_t room, const struct pp_mac *dst, uint16_t vlan,
		    const struct pp_arp *arp)
{
	if (room < PP_ETH_MIN)
		return 0;
	memset(frame, 0, PP_ETH_MIN);
	uint8_t *p = frame + pp_eth_put(frame, dst, &arp->sha, vlan, PP_ETHER_ARP);
	pp_put_be16(p, HRD_ETHERNET);
	pp_put_be16(p + 2, PP_ETHER_IP4);
	p[4] = 6;
	p[5] = 4;
	pp_put_be16(p + 6, arp->op);
	memcpy(p + 8, arp->sha.b, sizeof(arp->sha.b));
	memcpy(p + 14, arp->spa.b + 12, 4);
	memcpy(p + 18, arp->tha.b, sizeof(arp->tha.b));
	memcpy(p + 24, arp->tpa.b + 12, 4);
	return PP_ETH_MIN;
}
