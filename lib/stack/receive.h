/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The general way of a received frame through the stack, which burst.c takes for what is
 * not plain. Internal to lib/stack.
 */
#ifndef PMDPING_STACK_RECEIVE_H
#define PMDPING_STACK_RECEIVE_H

#include "view.h"

/* Any frame: the counter that it ends in, which the caller counts. Sets pkt->answer where
 * there is one, and leaves it alone where not. */
enum pp_drop pp_receive_frame(struct pp_stack *s, const struct pp_view *view, struct pp_pkt *pkt,
			      struct pp_span rx);

/* A decoded echo reply to us: to the session it belongs to, or to that session's worker. */
enum pp_drop pp_receive_echo_reply(struct pp_stack *s, struct pp_span rx, const struct pp_ip *ip,
				   const struct pp_icmp *icmp);

#endif
