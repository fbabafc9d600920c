/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet II with at most one 802.1Q tag. IEEE 802.3 frames (a length where the
 * EtherType is) are named, and never read as if the length were a type (RFC 1122
 * 2.3.3).
 */
#include <pmdping/proto.h>

#define TYPE_MIN     0x0600 /* below: an 802.3 length, or undefined */
#define ETHER_QINQ   0x88a8
#define VID_MASK     0x0fff
#define VID_RESERVED 0x0fff /* IEEE 802.1Q 9.6 */

static enum pp_drop classify_type(uint16_t type, bool tagged)
{
	if (type < TYPE_MIN)
		return PP_DROP_ETH_8023;
	if (type == PP_ETHER_IP4 || type == PP_ETHER_ARP || type == PP_ETHER_IP6)
		return PP_OK;
	if (tagged && (type == PP_ETHER_VLAN || type == ETHER_QINQ))
		return PP_DROP_VLAN_STACKED;
	return PP_DROP_ETH_TYPE;
}

static enum pp_drop take_tag(struct pp_eth *eth)
{
	const uint8_t *tag = pp_cur_take(&eth->body, PP_VLAN_HLEN);

	if (!tag)
		return PP_DROP_VLAN_SHORT;
	eth->vlan = pp_get_be16(tag) & VID_MASK;
	eth->type = pp_get_be16(tag + 2);
	eth->hlen = PP_ETH_HLEN + PP_VLAN_HLEN;
	return eth->vlan == VID_RESERVED ? PP_DROP_VLAN_OTHER : PP_OK;
}

enum pp_drop pp_eth_decode(const uint8_t *frame, size_t len, struct pp_eth *ret_eth)
{
	struct pp_eth eth = {.hlen = PP_ETH_HLEN, .vlan = PP_VLAN_NONE, .body = pp_cur(frame, len)};
	const uint8_t *h = pp_cur_take(&eth.body, PP_ETH_HLEN);
	enum pp_drop drop = PP_OK;

	if (!h)
		return PP_DROP_ETH_SHORT;
	memcpy(eth.dst.b, h, sizeof(eth.dst.b));
	memcpy(eth.src.b, h + 6, sizeof(eth.src.b));
	eth.type = pp_get_be16(h + 12);
	eth.group = eth.dst.b[0] & 1;
	if (eth.src.b[0] & 1)
		return PP_DROP_ETH_SOURCE;
	bool tagged = eth.type == PP_ETHER_VLAN;
	if (tagged)
		drop = take_tag(&eth);
	if (!drop)
		drop = classify_type(eth.type, tagged);
	if (!drop)
		*ret_eth = eth;
	return drop;
}

size_t pp_eth_put(uint8_t *frame, const struct pp_mac *dst, const struct pp_mac *src, uint16_t vlan,
		  uint16_t type)
{
	uint8_t *at = frame + 12;

	memcpy(frame, dst->b, sizeof(dst->b));
	memcpy(frame + 6, src->b, sizeof(src->b));
	if (vlan != PP_VLAN_NONE) {
		pp_put_be16(at, PP_ETHER_VLAN);
		pp_put_be16(at + 2, vlan & VID_MASK);
		at += PP_VLAN_HLEN;
	}
	pp_put_be16(at, type);
	return (size_t)(at + 2 - frame);
}
