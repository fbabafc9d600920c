/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One door to the IP decoders of both families.
 */
#include "ip.h"

enum pp_drop pp_ip_decode(struct pp_cur body, uint16_t type, struct pp_ip *ret_ip)
{
	if (type == PP_ETHER_IP4)
		return pp_ip4_decode(body, ret_ip);
	if (type == PP_ETHER_IP6)
		return pp_ip6_decode(body, ret_ip);
	return PP_DROP_IP_VERSION;
}
