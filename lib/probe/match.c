/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which target an answer belongs to. Any worker asks; only constant parts of the
 * sessions are read. Everything in the packet was written by a stranger.
 */
#include "session.h"

/* The shortest frames' are not worth a call. */
static bool equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (len == 2)
		return pp_get_be16(a) == pp_get_be16(b);
	return memcmp(a, b, len) == 0;
}

/* The bytes behind number and token are what we sent. */
static bool is_payload_of(const struct pp_template *t, const struct pp_cur *body)
{
	size_t skip = t->weak ? 0 : PP_TOKEN_SIZE;
	const uint8_t *ours = t->frame + t->payload_off;

	return body->left == t->size && equal(body->at + skip, ours + skip, t->size - skip);
}

/* Of a mix it may be any: the owner knows which size it sent. */
static bool payload_intact(const struct pp_session *s, const struct pp_cur *body)
{
	for (size_t i = 1; s->mix && i < PP_MIX_SIZES; i++)
		if (is_payload_of(s->mix->tmpl[i], body))
			return true;
	return is_payload_of(s->tmpl, body);
}

static bool is_ours(const struct pp_session *s, const struct pp_target *g, const struct pp_ip *ip,
		    const struct pp_cur *body)
{
	if (!pp_addr_eq(&g->addr, &ip->src) || !pp_addr_eq(&s->source, &ip->dst))
		return false;
	if (s->flags & PP_SESSION_WEAK)
		return true;
	return body->left >= PP_TOKEN_SIZE && pp_get_be64(body->at + 8) == g->token;
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

bool pp_sessions_match(const struct pp_sessions *t, const struct pp_ip *ip,
		       const struct pp_icmp *icmp, struct pp_receipt *ret_receipt)
{
	pp_target_ref ref;
	const struct pp_target *g = first_with_id(t, icmp->id, &ref);

	while (g && !is_ours(pp_session_at(t, g->session), g, ip, &icmp->body))
		g = next_with_id(t, g, &ref);
	if (!g)
		return false;
	const struct pp_session *s = pp_session_at(t, g->session);
	ret_receipt->number = s->flags & PP_SESSION_WEAK ? 0 : pp_get_be64(icmp->body.at);
	ret_receipt->session = g->session;
	ret_receipt->target = ref;
	ret_receipt->seq = icmp->seq;
	ret_receipt->bytes = (uint16_t)(PP_ICMP_HLEN + icmp->body.left);
	ret_receipt->ttl = ip->ttl;
	ret_receipt->corrupt = !payload_intact(s, &icmp->body);
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
