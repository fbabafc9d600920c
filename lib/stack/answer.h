/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The responder: turns a checked echo request into its reply, in place.
 */
#ifndef PMDPING_STACK_ANSWER_H
#define PMDPING_STACK_ANSWER_H

#include <pmdping/stack.h>

#define PP_ANSWER_TTL 64

enum {
	PP_ICMP4_ECHO_REPLY = 0,
	PP_ICMP4_ECHO_REQUEST = 8,
	PP_ICMP6_ECHO_REQUEST = 128,
	PP_ICMP6_ECHO_REPLY = 129,
};

/* Type and code become those of the reply; a code that was not 0 is read as 0. */
static inline void pp_answer_icmp(uint8_t *icmp, uint8_t type)
{
	uint16_t from = pp_get_be16(icmp), to = (uint16_t)(type << 8);
	uint16_t check = pp_cksum_update16(pp_get_be16(icmp + 2), from, to);

	pp_put_be16(icmp, to);
	/* Of the two zeroes ffff is right also where all that is summed is zero. */
	pp_put_be16(icmp + 2, check ? check : 0xffff);
}

/* The frame ends at len; zeroes up to Ethernet's minimum, for what was there is nobody's
 * to read. False, and nothing done, when the buffer is too short. */
static inline bool pp_answer_pad(struct pp_pkt *pkt, size_t len)
{
	size_t full = len < PP_ETH_MIN ? PP_ETH_MIN : len;

	if (full > pkt->room)
		return false;
	memset(pkt->data + len, 0, full - len);
	pkt->len = (uint32_t)full;
	return true;
}

/* The reply goes back to where the request came from, carries the request's bytes cut
 * to its IP length, our TTL, its type of service, no options and no extension headers
 * (which are never reversed), padding zero. `ip` must be the decoded request. Returns
 * PP_DROP_ECHO_ANSWERED, or PP_DROP_ANSWER_UNSENT when the buffer is too short. */
enum pp_drop pp_answer_echo(struct pp_pkt *pkt, const struct pp_eth *eth, const struct pp_mac *mac,
			    const struct pp_ip *ip, uint16_t ip_id);

#endif
