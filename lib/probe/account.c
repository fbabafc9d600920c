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

void pp_burst_expire(struct pp_prober *p, struct pp_burst *b, pp_ns safe)
{
	uint32_t open = all_bits(b) & ~(b->answered | b->expired);
	int64_t tx_to = pp_burst_tx_to(b), next = INT64_MAX;

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

/* What the clock's rate may be off, of a time up to hi, rounded up. */
static int64_t rate_error(const struct pp_prober *p, int64_t hi)
{
	/* Beyond five minutes everything is late by more than that. */
	const int64_t most = INT64_C(1) << 38;

	if (p->rate_error == 0)
		return 0;
	return (int64_t)((uint64_t)((hi < most ? hi : most) / 256 + 1) * p->rate_error >> 32) + 1;
}

static struct pp_rtt rtt_of(const struct pp_prober *p, const struct pp_burst *b, struct pp_span rx)
{
	int64_t lo = rx.from.v - pp_burst_tx_to(b), hi = rx.to.v - b->tx_from;
	int64_t error = rate_error(p, hi);

	return (struct pp_rtt){PP_NS(lo > error ? lo - error : 0), PP_NS(hi + error)};
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
static struct pp_rtt intended_of(const struct pp_session *s, const struct pp_target *g,
				 const struct pp_burst *b, uint64_t k, struct pp_span rx,
				 struct pp_rtt rtt)
{
	int64_t due = pp_slot_due(s, pp_target_slot(s, g, k)).v;

	if (s->flags & PP_SESSION_FLOOD || due > b->tx_from || due < s->started)
		return rtt;
	return (struct pp_rtt){PP_NS(rx.from.v > due ? rx.from.v - due : 0), PP_NS(rx.to.v - due)};
}

static void keep_sample(struct pp_samples *x, const struct pp_burst *b, uint64_t k, uint64_t number,
			struct pp_rtt rtt)
{
	if (x->n == x->capacity)
		x->dropped++;
	else
		x->at[x->n++] = (struct pp_sample){
			.k = k, .number = number, .tx = PP_NS(b->tx_from), .rtt = rtt};
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

static void count_target(struct pp_target *g, pp_ns mid)
{
	uint32_t rtt = mid.v < UINT32_MAX ? (uint32_t)mid.v : UINT32_MAX;

	g->rtt_min = g->received == 0 || rtt < g->rtt_min ? rtt : g->rtt_min;
	g->rtt_max = g->received == 0 || rtt > g->rtt_max ? rtt : g->rtt_max;
	g->rtt_sum += (uint64_t)mid.v;
	g->received++;
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
		count_target(pr->g, pp_rtt_mid(rtt));
	pp_tally_record(s->tally, rtt);
	if (s->samples)
		keep_sample(s->samples, pr->b, pr->k, pr->number, rtt);
	pp_tally_intended(s->tally, intended_of(s, pr->g, pr->b, pr->k, r->rx, rtt));
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
	struct pp_rtt rtt = rtt_of(p, pr.b, r->rx);
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

/* ---- answers of one poll to one record: they have their RTT in common -------------------- */

struct together {
	struct pp_session *s;
	struct pp_burst *b;
	struct pp_rtt rtt;
	struct pp_hist_run intended_lo, intended_hi;
	bool several; /* targets */
};

/* Whether more than the counters may have to know. */
static bool is_quiet(const struct pp_session *s)
{
	return !(s->flags & (PP_SESSION_VOICE | PP_SESSION_FLOOD | PP_SESSION_WEAK)) &&
	       !s->first_k && !s->mix;
}

static bool begin_together(const struct pp_prober *p, const struct pp_receipt *r,
			   struct together *t)
{
	unsigned int place;

	t->s = pp_session_get(p->config.sessions, r->session);
	if (!t->s || !is_quiet(t->s))
		return false;
	t->b = pp_flight_find(p->config.flight, r->number, &place);
	if (!t->b)
		return false;
	t->rtt = rtt_of(p, t->b, r->rx);
	t->intended_lo = pp_hist_run(&t->s->tally->intended_lo);
	t->intended_hi = pp_hist_run(&t->s->tally->intended_hi);
	t->several = t->s->n_targets > 1;
	return t->rtt.lo.v <= t->s->timeout;
}

/* Accounts for one more, if it is as plain as that: the first answer, in time, whole. */
static inline bool answer_plain(const struct pp_prober *p, struct together *t,
				const struct pp_receipt *r)
{
	struct pp_burst *b = t->b;
	unsigned int place = (unsigned int)(r->number & (PP_TX_BURST - 1));
	uint32_t bit = 1u << place;

	if (r->number >> PP_FLIGHT_PLACE_BITS != b->base || place >= b->n || r->corrupt ||
	    (b->answered | b->expired) & bit)
		return false;
	const struct pp_flight_slot slot = pp_flight_slot(p->config.flight, b, place);
	if (slot.target != r->target || pp_session_seq(slot.k) != r->seq)
		return false;
	struct pp_target *g = pp_target_at(p->config.sessions, slot.target);
	uint64_t k = pp_target_full_k(t->s, g, slot.k);
	b->answered |= bit;
	if (t->several)
		count_target(g, pp_rtt_mid(t->rtt));
	if (t->s->samples)
		keep_sample(t->s->samples, b, k, r->number, t->rtt);
	struct pp_rtt intended = intended_of(t->s, g, b, k, r->rx, t->rtt);
	pp_hist_run_add(&t->intended_lo, intended.lo, 1);
	pp_hist_run_add(&t->intended_hi, intended.hi, 1);
	bool behind = k + 1 < g->top_k;
	t->s->tally->c.reordered += behind;
	g->top_k = behind ? g->top_k : k + 1;
	return true;
}

static bool same_poll(const struct pp_receipt *a, const struct pp_receipt *b)
{
	return a->session == b->session && a->rx.from.v == b->rx.from.v &&
	       a->rx.to.v == b->rx.to.v && a->stalled.v == b->stalled.v;
}

/* How many of the receipts it took; 0: the first has to go the long way. */
static unsigned int answer_together(struct pp_prober *p, const struct pp_receipt *r, unsigned int n)
{
	struct together t;
	unsigned int i = 0;

	if (!begin_together(p, r, &t))
		return 0;
	while (i < n && same_poll(&r[0], &r[i]) && answer_plain(p, &t, &r[i]))
		i++;
	if (i == 0)
		return 0;
	pp_hist_run_end(&t.intended_lo);
	pp_hist_run_end(&t.intended_hi);
	t.s->tally->c.received += i;
	pp_tally_record_n(t.s->tally, t.rtt, i);
	if (r->stalled.v > t.b->tx_from)
		pp_tally_suspect(t.s->tally, t.rtt, i);
	t.s->last_event = r->rx.to.v;
	pp_prober_finish_if_decided(p, t.s, r->rx.to);
	return i;
}

uint32_t pp_prober_answers(struct pp_prober *p, const struct pp_receipt *r, unsigned int n)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < n;) {
		unsigned int took = answer_together(p, r + i, n - i);
		if (took) {
			found |= (took == 32 ? UINT32_MAX : (1u << took) - 1) << i;
			i += took;
			continue;
		}
		found |= (uint32_t)pp_prober_answer(p, r + i) << i;
		i++;
	}
	return found;
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
	if (pr.b->answered & pr.bit || rtt_of(p, pr.b, e->rx).lo.v > s->timeout)
		return true;
	take_back_expiry(&pr);
	pr.b->answered |= pr.bit;
	s->tally->c.error++;
	pr.g->errors++;
	say_error(p, &pr, e);
	pp_prober_finish_if_decided(p, s, e->rx.to);
	return true;
}
