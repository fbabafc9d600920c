/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving half of a prober: puts each answer, ICMP error and timeout into
 * exactly one state of its probe.
 */
#include "prober.h"
#include "schedule.h"

static uint32_t all_bits(const struct pp_burst *b)
{
	return b->n == 32 ? UINT32_MAX : (1u << b->n) - 1;
}

/* The slot's full number, from its low half: the newest that is not ahead. */
static uint64_t full_k(const struct pp_session *s, uint32_t low)
{
	uint64_t k = (s->next_k & ~(uint64_t)UINT32_MAX) | low;

	return k >= s->next_k && k > UINT32_MAX ? k - ((uint64_t)1 << 32) : k;
}

bool pp_burst_decided(const struct pp_prober *p, struct pp_burst *b)
{
	uint32_t open = all_bits(b) & ~(b->answered | b->expired);

	for (; open; open &= open - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(open);
		if (pp_session_get(p->config.sessions,
				   pp_flight_slot(p->config.flight, b, i)->session))
			return false;
	}
	return true;
}

void pp_burst_expire(struct pp_prober *p, struct pp_burst *b, pp_ns safe)
{
	uint32_t open = all_bits(b) & ~(b->answered | b->expired);
	int64_t tx_to = pp_burst_tx_to(b), next = INT64_MAX;

	for (; open; open &= open - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(open);
		struct pp_flight_slot *slot = pp_flight_slot(p->config.flight, b, i);
		struct pp_session *s = pp_session_get(p->config.sessions, slot->session);
		if (s && tx_to + s->timeout >= safe.v) {
			next = tx_to + s->timeout < next ? tx_to + s->timeout : next;
			continue;
		}
		b->expired |= 1u << i;
		if (!s || full_k(s, slot->k) < s->first_k)
			continue;
		s->tally->c.expired++;
		s->last_event = safe.v;
		pp_prober_finish_if_decided(p, s, safe);
	}
	if (next != INT64_MAX)
		pp_wheel_insert(&p->timeouts, &b->timer, PP_NS(next + 1));
}

/* ---- finding the probe ---------------------------------------------------------- */

struct probe {
	struct pp_session *s;
	struct pp_burst *b;
	uint64_t k;
	uint64_t number;
	uint32_t bit;
};

static bool find_number(const struct pp_prober *p, struct pp_session *s, uint64_t number,
			uint16_t seq, struct probe *ret)
{
	unsigned int place;
	struct pp_burst *b = pp_flight_find(p->config.flight, number, &place);

	if (!b)
		return false;
	const struct pp_flight_slot *slot = pp_flight_slot(p->config.flight, b, place);
	if (slot->session != s->ref || pp_session_seq(slot->k) != seq)
		return false;
	*ret = (struct probe){
		.s = s, .b = b, .k = full_k(s, slot->k), .number = number, .bit = 1u << place};
	return ret->k >= s->first_k;
}

/* The newest slot with that 16-bit sequence, by the session's own memory. */
static bool find_seq(const struct pp_prober *p, struct pp_session *s, uint16_t seq,
		     struct probe *ret)
{
	uint64_t k = (s->next_k & ~(uint64_t)UINT16_MAX) | (uint16_t)(seq - 1);

	if (k >= s->next_k) {
		if (k <= UINT16_MAX)
			return false;
		k -= UINT16_MAX + 1;
	}
	return find_number(p, s, s->recent[k & s->recent_mask], seq, ret) && ret->k == k;
}

/* ---- answers ----------------------------------------------------------------------- */

/* Widened by what the clock's rate may be off, rounded outwards. */
static struct pp_rtt rtt_of(const struct pp_prober *p, const struct pp_burst *b, struct pp_span rx)
{
	int64_t lo = rx.from.v - pp_burst_tx_to(b), hi = rx.to.v - b->tx_from;

	lo -= (int64_t)(((__int128)(lo > 0 ? lo : 0) * p->rate_error >> 40) + (p->rate_error != 0));
	hi += (int64_t)(((__int128)hi * p->rate_error >> 40) + (p->rate_error != 0));
	return (struct pp_rtt){PP_NS(lo > 0 ? lo : 0), PP_NS(hi)};
}

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

/* From the slot to the answer. A flood has no slots but its transmissions. */
static void record_intended(const struct probe *pr, struct pp_span rx, struct pp_rtt rtt)
{
	int64_t due = pp_slot_due(pr->s, pr->k).v;

	if (pr->s->flags & PP_SESSION_FLOOD || due > pr->b->tx_from || due < pr->s->started)
		pp_tally_intended(pr->s->tally, rtt);
	else
		pp_tally_intended(pr->s->tally,
				  (struct pp_rtt){PP_NS(rx.from.v > due ? rx.from.v - due : 0),
						  PP_NS(rx.to.v - due)});
}

static void keep_sample(const struct probe *pr, struct pp_rtt rtt)
{
	struct pp_samples *x = pr->s->samples;

	if (!x)
		return;
	if (x->n == x->capacity) {
		x->dropped++;
		return;
	}
	x->at[x->n++] = (struct pp_sample){
		.k = pr->k, .number = pr->number, .tx = PP_NS(pr->b->tx_from), .rtt = rtt};
}

/* A stall of ours may have let the timeout pass while the answer lay in the queue: the
 * stamps decide, not the order in which we looked. */
static void take_back_expiry(const struct probe *pr)
{
	if (!(pr->b->expired & pr->bit))
		return;
	pr->b->expired &= ~pr->bit;
	pr->s->tally->c.expired--;
}

static unsigned int account_in_time(const struct probe *pr, struct pp_rtt rtt,
				    const struct pp_receipt *r)
{
	struct pp_session *s = pr->s;
	struct pp_counts *c = &s->tally->c;
	unsigned int flags = 0;

	take_back_expiry(pr);
	if (r->corrupt) {
		c->corrupt++;
		return PP_EVENT_CORRUPT;
	}
	c->received++;
	pp_tally_record(s->tally, rtt);
	keep_sample(pr, rtt);
	record_intended(pr, r->rx, rtt);
	if (r->stalled.v > pr->b->tx_from) {
		pp_tally_suspect(s->tally, rtt);
		flags |= PP_EVENT_SUSPECT;
	}
	if (pr->k + 1 < s->top_k) {
		c->reordered++;
		flags |= PP_EVENT_REORDERED;
	} else {
		s->top_k = pr->k + 1;
	}
	return flags;
}

static unsigned int account_late(const struct probe *pr)
{
	struct pp_counts *c = &pr->s->tally->c;

	if (!(pr->b->expired & pr->bit)) {
		pr->b->expired |= pr->bit;
		c->expired++;
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
	if (s->flags & PP_SESSION_WEAK ? !find_seq(p, s, r->seq, &pr)
				       : !find_number(p, s, r->number, r->seq, &pr))
		return false;
	struct pp_rtt rtt = rtt_of(p, pr.b, r->rx);
	s->last_event = r->rx.to.v;
	if (pr.b->answered & pr.bit) {
		s->tally->c.duplicate++;
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
		return find_number(p, s, e->number, e->seq, ret);
	return find_seq(p, s, e->seq, ret);
}

/* What is quoted of the packet must be what we sent. */
static bool quote_fits(const struct probe *pr, const struct pp_error_receipt *e)
{
	const struct pp_session *s = pr->s;
	uint64_t number = s->flags & PP_SESSION_WEAK ? 0 : pr->number;

	if (!e->v6 && e->ip_id != pp_session_ip_id(s, e->seq))
		return false;
	return e->check == pp_template_check(s->tmpl, e->seq, number);
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
	if (pr.b->answered & pr.bit || rtt_of(p, pr.b, e->rx).lo.v > s->timeout)
		return true;
	take_back_expiry(&pr);
	pr.b->answered |= pr.bit;
	s->tally->c.error++;
	say_error(p, &pr, e);
	pp_prober_finish_if_decided(p, s, e->rx.to);
	return true;
}
