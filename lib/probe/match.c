/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which session an answer belongs to. Any worker asks; only constant parts of the
 * sessions are read. Everything in the packet was written by a stranger.
 */
#include "session.h"

/* The bytes behind number and token are what we sent. */
static bool payload_intact(const struct pp_session *s, const struct pp_cur *body)
{
	size_t skip = s->flags & PP_SESSION_WEAK ? 0 : PP_TOKEN_SIZE;
	const uint8_t *ours = s->tmpl->frame + s->tmpl->payload_off;

	return body->left == s->size && memcmp(body->at + skip, ours + skip, s->size - skip) == 0;
}

static bool is_ours(const struct pp_session *s, const struct pp_ip *ip, const struct pp_cur *body)
{
	if (!pp_addr_eq(&s->target, &ip->src) || !pp_addr_eq(&s->source, &ip->dst))
		return false;
	if (s->flags & PP_SESSION_WEAK)
		return true;
	return body->left >= PP_TOKEN_SIZE && pp_get_be64(body->at + 8) == s->token;
}

static const struct pp_session *first_with_id(const struct pp_sessions *t, uint16_t id,
					      pp_session_ref *ret_ref)
{
	*ret_ref = atomic_load_explicit(&t->by_id[id], memory_order_acquire);
	return *ret_ref ? pp_session_at(t, *ret_ref) : NULL;
}

static const struct pp_session *next_with_id(const struct pp_sessions *t,
					     const struct pp_session *s, pp_session_ref *ret_ref)
{
	*ret_ref = atomic_load_explicit(&s->next_same_id, memory_order_acquire);
	return *ret_ref ? pp_session_at(t, *ret_ref) : NULL;
}

bool pp_sessions_match(const struct pp_sessions *t, const struct pp_ip *ip,
		       const struct pp_icmp *icmp, struct pp_receipt *ret_receipt)
{
	pp_session_ref ref;
	const struct pp_session *s = first_with_id(t, icmp->id, &ref);

	while (s && !is_ours(s, ip, &icmp->body))
		s = next_with_id(t, s, &ref);
	if (!s)
		return false;
	ret_receipt->number = s->flags & PP_SESSION_WEAK ? 0 : pp_get_be64(icmp->body.at);
	ret_receipt->session = ref;
	ret_receipt->seq = icmp->seq;
	ret_receipt->bytes = (uint16_t)(PP_ICMP_HLEN + icmp->body.left);
	ret_receipt->ttl = ip->ttl;
	ret_receipt->corrupt = !payload_intact(s, &icmp->body);
	ret_receipt->owner = s->owner;
	return true;
}

/* A quoted token must be right; none is needed, since routers may quote 8 bytes. */
static bool quotes_ours(const struct pp_session *s, const struct pp_quote *q)
{
	if (!pp_addr_eq(&s->target, &q->dst) || !pp_addr_eq(&s->source, &q->src))
		return false;
	if (!q->v6 && q->ip_id != pp_session_ip_id(s, q->seq))
		return false;
	if (s->flags & PP_SESSION_WEAK || q->payload.left < PP_TOKEN_SIZE)
		return true;
	return pp_get_be64(q->payload.at + 8) == s->token;
}

pp_session_ref pp_sessions_match_quote(const struct pp_sessions *t, const struct pp_quote *q,
				       uint8_t *ret_owner)
{
	pp_session_ref ref;
	const struct pp_session *s = first_with_id(t, q->id, &ref);

	while (s && !quotes_ours(s, q))
		s = next_with_id(t, s, &ref);
	if (!s)
		return 0;
	*ret_owner = s->owner;
	return ref;
}
