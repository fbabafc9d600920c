/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The responder: turns a checked echo request into its reply, in place.
 */
#ifndef PMDPING_STACK_ANSWER_H
#define PMDPING_STACK_ANSWER_H

#include <pmdping/stack.h>

#include <arpa/inet.h>

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
	const uint16_t to = htons((uint16_t)(type << 8));
	/* RFC 1624: HC + m + ~m'. Not 0, since m is not; of the two zeroes ffff is right also
	 * where all that is summed is zero. */
	uint32_t check = (uint32_t)pp_load16(icmp + 2) + pp_load16(icmp);
	if (to)
		check += (uint16_t)~to;
	check = (check & 0xffff) + (check >> 16);
	check = (check & 0xffff) + (check >> 16);
	pp_store16(icmp, to);
	pp_store16(icmp + 2, (uint16_t)check);
}

/* The frame ends at len; zeroes up to Ethernet's minimum, for what was there is nobody's
 * to read. False, and nothing done, when the buffer is too short. */
static inline bool pp_answer_pad(struct pp_pkt *pkt, size_t len)
{
	size_t full = len < PP_ETH_MIN ? PP_ETH_MIN : len;

	if (full > pkt->room)
		return false;
	if (full > len)
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
