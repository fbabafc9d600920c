/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a reply is a target's answer, for those who have a candidate. Internal to
 * lib/probe.
 */
#ifndef PMDPING_MATCH_H
#define PMDPING_MATCH_H

#include "session.h"

/* The bytes behind number and token are those of a probe of that template. The shortest
 * frames' two are not worth a call. */
static inline bool pp_reply_is_whole(const struct pp_template *t, const struct pp_reply *r)
{
	size_t skip = t->weak ? 0 : PP_TOKEN_SIZE;
	const uint8_t *ours = t->frame + t->payload_off;

	if (r->body.left != t->size)
		return false;
	if (t->size == skip + 2)
		return pp_get_be16(r->body.at + skip) == pp_get_be16(ours + skip);
	return memcmp(r->body.at + skip, ours + skip, t->size - skip) == 0;
}

/* By addresses and token, which the session has. */
static inline bool pp_reply_is_from(const struct pp_session *s, const struct pp_target *g,
				    const struct pp_reply *r)
{
	return pp_addr_eq(&g->addr, &r->src) && pp_addr_eq(&s->source, &r->dst) &&
	       r->body.left >= PP_TOKEN_SIZE && pp_get_be64(r->body.at + 8) == g->token;
}

#endif
