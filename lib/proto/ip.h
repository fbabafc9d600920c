/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the IP decoders share with each other and with the reader of quotes in
 * ICMP errors. Private to lib/proto.
 */
#ifndef PP_PROTO_IP_H
#define PP_PROTO_IP_H

#include <pmdping/proto.h>

/* Extension headers walked before a packet is given up as hostile. */
#define PP_IP6_EXT_MAX 8

/* Next-header numbers that are extension headers (RFC 8200 4). */
enum { PP_IP6_HBH = 0, PP_IP6_ROUTING = 43, PP_IP6_FRAGMENT = 44, PP_IP6_DSTOPTS = 60 };

enum pp_drop pp_ip4_decode(struct pp_cur body, struct pp_ip *ret_ip);
enum pp_drop pp_ip6_decode(struct pp_cur body, struct pp_ip *ret_ip);

/* Walks extension headers from ip->proto on and leaves ip->proto, .pay, .fragment,
 * .frag_header, .options at what follows. Ends at a fragment that is not atomic. */
enum pp_drop pp_ip6_walk(struct pp_ip *ip, bool *ret_first_fragment);

#endif
