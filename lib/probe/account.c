/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving half of a prober: puts each answer, ICMP error and timeout into
 * exactly one state of its probe.
 */
#include "account.h"

static uint32_t all_bits(const struct pp_burst *b)
{
	return b->n == 32 ? UINT32_MAX : (1u << b->n) - 1;
}

/* Before the session was cleared. */
static bool is_forgotten(const struct pp_session *s, const struct pp_target *g, uint64_t k)
{
	return s->first_k && pp_target_slot(s, g, k) < s->first_k;
}

bool pp_burst_decided(const struct pp_prober *p, struct pp_burst *b)
{
	uint32_t open = all_bits(b) & ~(b->answered | b->expired);

	for (; open; open &= open - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(open);
		if (pp_target_get(p->config.sessions,
				  pp_flight_slot(p->config.flight, b, i).target))
			return false;
	}
	return true;
}

void pp_prober_set_unseen_due(struct pp_prober *p)
{
	const struct pp_flight *f = p->config.flight;

	p->unseen_due = PP_NS_NEVER;
	if (p->unseen != f->head)
		p->unseen_due.v = pp_burst_tx_to(pp_flight_at(f, p->unseen)) + p->shortest + 1;
}

/* Of one session: as a whole, now or when its timeout has passed. False when each has to be
 * looked at. */
static bool expire_together(struct pp_prober *p, struct pp_burst *b, uint32_t open, pp_ns safe)
{
	struct pp_target *g = pp_target_get(p->config.sessions, b->first.target);
	struct pp_session *s = g ? pp_session_at(p->config.sessions, g->session) : NULL;
	unsigned int n = (unsigned int)__builtin_popcount(open);

	if (b->kind == PP_FLIGHT_MIXED || !s || s->first_k)
		return false;
	int64_t due = pp_burst_tx_to(b) + s->timeout;
	if (due >= safe.v) {
		pp_wheel_insert(&p->timeouts, &b->timer, PP_NS(due + 1));
		return true;
	}
	b->expired |= open;
	s->tally->c.expired += n;
	s->last_event = safe.v;
	if (b->kind == PP_FLIGHT_RUN)
		g->expired += n;
	for (; b->kind == PP_FLIGHT_SWEEP && open; open &= open - 1)
		g[__builtin_ctz(open)].expired++;
	pp_prober_finish_if_decided(p, s, safe);
	return true;
}

void pp_burst_expire(struct pp_prober *p, struct pp_burst *b, pp_ns safe)
{
	uint32_t open = all_bits(b) & ~(b->answered | b->expired);
	int64_t tx_to = pp_burst_tx_to(b), next = INT64_MAX;

	if (open == 0 || expire_together(p, b, open, safe))
		return;
	for (; open; open &= open - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(open);
		struct pp_flight_slot slot = pp_flight_slot(p->config.flight, b, i);
		struct pp_target *g = pp_target_get(p->config.sessions, slot.target);
		struct pp_session *s = g ? pp_session_at(p->config.sessions, g->session) : NULL;
		if (s && tx_to + s->timeout >= safe.v) {
			next = tx_to + s->timeout < next ? tx_to + s->timeout : next;
			continue;
		}
		b->expired |= 1u << i;
		if (!s || is_forgotten(s, g, pp_target_full_k(s, g, slot.k)))
			continue;
		s->tally->c.expired++;
		g->expired++;
		s->last_event = safe.v;
		pp_prober_finish_if_decided(p, s, safe);
	}
	if (next != INT64_MAX)
		pp_wheel_insert(&p->timeouts, &b->timer, PP_NS(next + 1));
}

/* ---- finding the probe ---------------------------------------------------------- */

struct probe {
	struct pp_session *s;
	struct pp_target *g;
	struct pp_burst *b;
	uint64_t k;
	uint64_t number;
	uint32_t bit;
};

static bool find_number(const struct pp_prober *p, struct pp_session *s, pp_target_ref target,
			uint64_t number, uint16_t seq, struct probe *ret)
{
	unsigned int place;
	struct pp_burst *b = pp_flight_find(p->config.flight, number, &place);

	if (!b)
		return false;
	const struct pp_flight_slot slot = pp_flight_slot(p->config.flight, b, place);
	if (slot.target != target || pp_session_seq(slot.k) != seq)
		return false;
	struct pp_target *g = pp_target_at(p->config.sessions, target);
	*ret = (struct probe){.s = s,
			      .g = g,
			      .b = b,
			      .k = pp_target_full_k(s, g, slot.k),
			      .number = number,
			      .bit = 1u << place};
	return !is_forgotten(s, g, ret->k);
}

/* The newest slot with that 16-bit sequence, by the session's own memory; where it has none,
 * the target's newest. */
static bool find_seq(const struct pp_prober *p, struct pp_session *s, pp_target_ref target,
		     uint16_t seq, struct probe *ret)
{
	const struct pp_target *g = pp_target_at(p->config.sessions, target);
	uint64_t next = pp_target_next_k(s, g);
	uint64_t k = (next & ~(uint64_t)UINT16_MAX) | (uint16_t)(seq - 1);

	if (!s->recent)
		return find_number(p, s, target, g->newest, seq, ret);
	if (k >= next) {
		if (k <= UINT16_MAX)
			return false;
		k -= UINT16_MAX + 1;
	}
	return find_number(p, s, target, s->recent[pp_target_slot(s, g, k) & s->recent_mask], seq,
			   ret) &&
	       ret->k == k;
}

/* ---- answers ----------------------------------------------------------------------- */

static void say_reply(struct pp_prober *p, const struct probe *pr, const struct pp_receipt *r,
		      struct pp_rtt rtt, unsigned int flags)
{
	if (!(pr->s->flags & PP_SESSION_VOICE))
		return;
	struct pp_event e = {
		.kind = PP_EVENT_REPLY,
		.flags = (uint8_t)flags,
		.ttl = r->ttl,
		.bytes = r->bytes,
		.session = pr->s->ref,
		.k = pr->k,
		.at = r->rx.to,
		.rtt = rtt,
	};
	p->config.event(p->config.arg, &e);
}

/* A stall of ours may have let the timeout pass while the answer lay in the queue: the
 * stamps decide, not the order in which we looked. */
static void take_back_expiry(const struct probe *pr)
{
	if (!(pr->b->expired & pr->bit))
		return;
	pr->b->expired &= ~pr->bit;
	pr->s->tally->c.expired--;
	pr->g->expired--;
}

/* Damaged, or as long as another probe of its mix. */
static bool is_corrupt(const struct probe *pr, const struct pp_receipt *r)
{
	if (!pr->s->mix || r->corrupt)
		return r->corrupt;
	return r->bytes != PP_ICMP_HLEN + pp_session_template(pr->s, pr->g, (uint32_t)pr->k)->size;
}

static unsigned int account_in_time(const struct probe *pr, struct pp_rtt rtt,
				    const struct pp_receipt *r)
{
	struct pp_session *s = pr->s;
	struct pp_counts *c = &s->tally->c;
	unsigned int flags = 0;

	take_back_expiry(pr);
	if (is_corrupt(pr, r)) {
		c->corrupt++;
		pr->g->errors++;
		return PP_EVENT_CORRUPT;
	}
	c->received++;
	if (s->n_targets > 1)
		pp_target_count(pr->g, pp_rtt_mid(rtt));
	pp_tally_record(s->tally, rtt);
	if (s->samples)
		pp_keep_sample(s->samples, pr->b, pp_target_slot(s, pr->g, pr->k), pr->number, rtt);
	pp_tally_intended(s->tally, pp_intended(s, pr->g, pr->b, pr->k, r->rx, rtt));
	if (r->stalled.v > pr->b->tx_from) {
		pp_tally_suspect(s->tally, rtt, 1);
		flags |= PP_EVENT_SUSPECT;
	}
	if (pr->k + 1 < pr->g->top_k) {
		c->reordered++;
		flags |= PP_EVENT_REORDERED;
	} else {
		pr->g->top_k = pr->k + 1;
	}
	return flags;
}

static unsigned int account_late(const struct probe *pr)
{
	struct pp_counts *c = &pr->s->tally->c;

	if (!(pr->b->expired & pr->bit)) {
		pr->b->expired |= pr->bit;
		c->expired++;
		pr->g->expired++;
	}
	c->late++;
	return PP_EVENT_LATE;
}

/* ping -f: the next probe follows the reply, no sooner than the rate allows. */
static void flood_next(struct pp_prober *p, struct pp_session *s, pp_ns now)
{
	if (!(s->flags & PP_SESSION_FLOOD) || s->state != PP_SESSION_RUNNING)
		return;
	pp_wheel_cancel(&p->dues, &s->timer);
	pp_wheel_insert(&p->dues, &s->timer,
			PP_NS(now.v > s->t0 + s->slack ? now.v : s->t0 + s->slack));
}

bool pp_prober_answer(struct pp_prober *p, const struct pp_receipt *r)
{
	struct pp_session *s = pp_session_get(p->config.sessions, r->session);
	struct probe pr;
	unsigned int flags;

	if (!s)
		return false;
	if (s->flags & PP_SESSION_WEAK ? !find_seq(p, s, r->target, r->seq, &pr)
				       : !find_number(p, s, r->target, r->number, r->seq, &pr))
		return false;
	struct pp_rtt rtt = pp_burst_rtt(p, pr.b, r->rx);
	s->last_event = r->rx.to.v;
	if (pr.b->answered & pr.bit) {
		s->tally->c.duplicate++;
		pr.g->duplicate++;
		flags = PP_EVENT_DUPLICATE;
	} else {
		pr.b->answered |= pr.bit;
		flags = rtt.lo.v > s->timeout ? account_late(&pr) : account_in_time(&pr, rtt, r);
	}
	say_reply(p, &pr, r, rtt, flags);
	flood_next(p, s, r->rx.to);
	pp_prober_finish_if_decided(p, s, r->rx.to);
	return true;
}

/* ---- ICMP errors --------------------------------------------------------------------- */

static bool find_quoted(const struct pp_prober *p, struct pp_session *s,
			const struct pp_error_receipt *e, struct probe *ret)
{
	if (e->has_number && !(s->flags & PP_SESSION_WEAK))
		return find_number(p, s, e->target, e->number, e->seq, ret);
	return find_seq(p, s, e->target, e->seq, ret);
}

/* What is quoted of the packet must be what we sent. */
static bool quote_fits(const struct probe *pr, const struct pp_error_receipt *e)
{
	const struct pp_session *s = pr->s;
	uint64_t number = s->flags & PP_SESSION_WEAK ? 0 : pr->number;

	if (!e->v6 && e->ip_id != pp_target_ip_id(pr->g, e->seq))
		return false;
	return e->check == pp_template_check(pp_session_template(s, pr->g, (uint32_t)pr->k), pr->g,
					     e->seq, number);
}

static void say_error(struct pp_prober *p, const struct probe *pr, const struct pp_error_receipt *r)
{
	if (!(pr->s->flags & PP_SESSION_VOICE))
		return;
	struct pp_event e = {
		.kind = PP_EVENT_ERROR,
		.flags = r->informative ? PP_EVENT_INFORMATIVE : 0,
		.type = r->type,
		.code = r->code,
		.v6 = r->v6,
		.session = pr->s->ref,
		.rest = r->rest,
		.k = pr->k,
		.at = r->rx.to,
		.from = r->from,
	};
	p->config.event(p->config.arg, &e);
}

bool pp_prober_error(struct pp_prober *p, const struct pp_error_receipt *e)
{
	struct pp_session *s = pp_session_get(p->config.sessions, e->session);
	struct probe pr;

	if (!s || !find_quoted(p, s, e, &pr) || !quote_fits(&pr, e))
		return false;
	s->last_event = e->rx.to.v;
	if (e->informative) {
		s->tally->c.redirect++;
		say_error(p, &pr, e);
		return true;
	}
	/* After an answer or its timeout the probe's fate is settled. */
	if (pr.b->answered & pr.bit || pp_burst_rtt(p, pr.b, e->rx).lo.v > s->timeout)
		return true;
	take_back_expiry(&pr);
	pr.b->answered |= pr.bit;
	s->tally->c.error++;
	pr.g->errors++;
	say_error(p, &pr, e);
	pp_prober_finish_if_decided(p, s, e->rx.to);
	return true;
}
