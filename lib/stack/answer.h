/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The responder: turns a checked echo request into its reply, in place.
 */
#ifndef PMDPING_STACK_ANSWER_H
#define PMDPING_STACK_ANSWER_H

#include <pmdping/stack.h>

#define PP_ANSWER_TTL 64

/* The reply goes back to where the request came from, carries the request's bytes cut
 * to its IP length, our TTL, its type of service, no options and no extension headers
 * (which are never reversed), padding zero. `ip` must be the decoded request. Returns
 * PP_DROP_ECHO_ANSWERED, or PP_DROP_ANSWER_UNSENT when the buffer is too short. */
enum pp_drop pp_answer_echo(struct pp_pkt *pkt, const struct pp_eth *eth, const struct pp_mac *mac,
			    const struct pp_ip *ip, uint16_t ip_id);

#endif
