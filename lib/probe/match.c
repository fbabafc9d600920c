/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which target an answer belongs to. Any worker asks; only constant parts of the
 * sessions are read. Everything in the packet was written by a stranger.
 */
#include "match.h"

/* Of a mix it may be any: the owner knows which size it sent. */
static bool is_intact(const struct pp_session *s, const struct pp_reply *r)
{
	for (size_t i = 1; s->mix && i < PP_MIX_SIZES; i++)
		if (pp_reply_is_whole(s->mix->tmpl[i], r))
			return true;
	return pp_reply_is_whole(s->tmpl, r);
}

static bool is_ours(const struct pp_session *s, const struct pp_target *g, const struct pp_reply *r)
{
	if (s->flags & PP_SESSION_WEAK)
		return pp_addr_eq(&g->addr, &r->src) && pp_addr_eq(&s->source, &r->dst);
	return pp_reply_is_from(s, g, r);
}

static const struct pp_target *first_with_id(const struct pp_sessions *t, uint16_t id,
					     pp_target_ref *ret_ref)
{
	*ret_ref = atomic_load_explicit(&t->by_id[id], memory_order_acquire);
	return *ret_ref ? pp_target_at(t, *ret_ref) : NULL;
}

static const struct pp_target *next_with_id(const struct pp_sessions *t, const struct pp_target *g,
					    pp_target_ref *ret_ref)
{
	*ret_ref = atomic_load_explicit(&g->next_same_id, memory_order_acquire);
	return *ret_ref ? pp_target_at(t, *ret_ref) : NULL;
}

bool pp_reply_match(const struct pp_sessions *t, const struct pp_reply *r,
		    struct pp_receipt *ret_receipt)
{
	pp_target_ref ref;
	const struct pp_target *g = first_with_id(t, r->id, &ref);

	while (g && !is_ours(pp_session_at(t, g->session), g, r))
		g = next_with_id(t, g, &ref);
	if (!g)
		return false;
	const struct pp_session *s = pp_session_at(t, g->session);
	ret_receipt->number = s->flags & PP_SESSION_WEAK ? 0 : pp_get_be64(r->body.at);
	ret_receipt->session = g->session;
	ret_receipt->target = ref;
	ret_receipt->seq = r->seq;
	ret_receipt->bytes = (uint16_t)(PP_ICMP_HLEN + r->body.left);
	ret_receipt->ttl = r->ttl;
	ret_receipt->corrupt = !is_intact(s, r);
	ret_receipt->owner = s->owner;
	return true;
}

/* A quoted token must be right; none is needed, since routers may quote 8 bytes. */
static bool quotes_ours(const struct pp_session *s, const struct pp_target *g,
			const struct pp_quote *q)
{
	if (!pp_addr_eq(&g->addr, &q->dst) || !pp_addr_eq(&s->source, &q->src))
		return false;
	if (!q->v6 && q->ip_id != pp_target_ip_id(g, q->seq))
		return false;
	if (s->flags & PP_SESSION_WEAK || q->payload.left < PP_TOKEN_SIZE)
		return true;
	return pp_get_be64(q->payload.at + 8) == g->token;
}

pp_session_ref pp_sessions_match_quote(const struct pp_sessions *t, const struct pp_quote *q,
				       struct pp_error_receipt *ret_error)
{
	pp_target_ref ref;
	const struct pp_target *g = first_with_id(t, q->id, &ref);

	while (g && !quotes_ours(pp_session_at(t, g->session), g, q))
		g = next_with_id(t, g, &ref);
	if (!g)
		return 0;
	ret_error->session = g->session;
	ret_error->target = ref;
	ret_error->owner = pp_session_at(t, g->session)->owner;
	return g->session;
}
