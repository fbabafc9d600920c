/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour solicitations and advertisements, with the validity checks of RFC 4861
 * 7.1.1 and 7.1.2 and RFC 6980 (never in a fragment, an atomic one included).
 */
#include <pmdping/proto.h>

enum { OPT_SOURCE_LLA = 1, OPT_TARGET_LLA = 2 };

#define TARGET_LEN 16
#define HOP_LIMIT  255 /* proves that no router has forwarded it */

static const struct pp_addr solicited_prefix = {.b = {0xff, 0x02, [11] = 1, [12] = 0xff}};

/* An Ethernet address fills exactly one unit of 8 bytes (RFC 2464 6). The first
 * of several wins. */
static bool read_lla(const uint8_t *option, struct pp_nd *nd)
{
	struct pp_mac lla;

	if (option[1] != 1)
		return false;
	memcpy(lla.b, option + 2, sizeof(lla.b));
	if (!pp_mac_is_unicast(&lla))
		return false;
	if (!nd->has_lla)
		nd->lla = lla;
	nd->has_lla = true;
	return true;
}

static bool walk_options(struct pp_cur options, struct pp_nd *nd)
{
	const uint8_t wanted = nd->advert ? OPT_TARGET_LLA : OPT_SOURCE_LLA;

	while (options.left) {
		const uint8_t *option = pp_cur_take(&options, 8);
		if (!option || option[1] == 0 || !pp_cur_take(&options, option[1] * 8u - 8u))
			return false;
		if (option[0] == wanted && !read_lla(option, nd))
			return false;
	}
	return true;
}

/* From :: comes only the question whether an address is taken: to the group that
 * its owner listens to, and without a link-layer address to answer to. */
static bool unspecified_valid(const struct pp_ip *ip, const struct pp_nd *nd)
{
	if (!pp_addr_is_any(&ip->src))
		return true;
	return !nd->advert && !nd->has_lla && pp_addr_in_prefix(&ip->dst, &solicited_prefix, 104);
}

static bool header_valid(const struct pp_ip *ip, const struct pp_icmp *icmp)
{
	return ip->v6 && ip->ttl == HOP_LIMIT && !ip->frag_header && icmp->code == 0 &&
	       icmp->body.left >= TARGET_LEN;
}

static bool target_valid(const struct pp_addr *target)
{
	return pp_addr_is_unicast(target) && !pp_addr_is4(target);
}

enum pp_drop pp_nd_decode(const struct pp_ip *ip, const struct pp_icmp *icmp, struct pp_nd *ret_nd)
{
	struct pp_cur body = icmp->body;
	struct pp_nd nd = {.advert = icmp->kind == PP_ICMP_NA};

	if (icmp->kind != PP_ICMP_NS && icmp->kind != PP_ICMP_NA)
		return PP_DROP_ND_OTHER;
	if (!header_valid(ip, icmp))
		return PP_DROP_ND_INVALID;
	nd.target = pp_addr_from6(pp_cur_take(&body, TARGET_LEN));
	if (nd.advert) {
		nd.router = icmp->rest >> 31 & 1;
		nd.solicited = icmp->rest >> 30 & 1;
		nd.override = icmp->rest >> 29 & 1;
	}
	if (!target_valid(&nd.target) || !walk_options(body, &nd) || !unspecified_valid(ip, &nd))
		return PP_DROP_ND_INVALID;
	if (nd.solicited && pp_addr_is_multicast(&ip->dst))
		return PP_DROP_ND_INVALID;
	*ret_nd = nd;
	return PP_OK;
}
