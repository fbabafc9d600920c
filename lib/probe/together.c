/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers of one poll to probes of one record of the log, which is what line rate brings:
 * they have their RTT in common. Taken here are those that are as plain as can be, first
 * answers, in time and whole; the others go the long way (account.c).
 */
#include "account.h"
#include "match.h"

#define AHEAD 8 /* targets that are fetched before their answers */

struct together {
	const struct pp_prober *p;
	struct pp_session *s;
	struct pp_burst *b;
	struct pp_span rx;
	struct pp_rtt rtt;
};

/* What changes from answer to answer, and stays in registers: through memory each would wait
 * for the one before. */
struct sums {
	uint32_t open; /* a bit for each probe of the record without answer or timeout */
	unsigned int n;
	uint64_t reordered;
	struct pp_hist_run intended_lo, intended_hi;
};

static inline struct sums begin_sums(const struct together *t)
{
	return (struct sums){
		.open = ~(t->b->answered | t->b->expired) & UINT32_MAX >> (PP_TX_BURST - t->b->n),
		.intended_lo = pp_hist_run(&t->s->tally->intended_lo),
		.intended_hi = pp_hist_run(&t->s->tally->intended_hi),
	};
}

/* Whether more than the counters may have to know. */
static bool is_quiet(const struct pp_session *s)
{
	return !(s->flags & (PP_SESSION_VOICE | PP_SESSION_FLOOD | PP_SESSION_WEAK)) &&
	       !s->first_k && !s->mix;
}

/* The record of that probe, of which the others will be. */
static bool begin(const struct pp_prober *p, uint64_t number, struct pp_span rx, struct together *t)
{
	unsigned int place;

	t->b = pp_flight_find(p->config.flight, number, &place);
	if (!t->b)
		return false;
	const struct pp_flight_slot slot = pp_flight_slot(p->config.flight, t->b, place);
	const struct pp_target *g = pp_target_get(p->config.sessions, slot.target);
	t->s = g ? pp_session_at(p->config.sessions, g->session) : NULL;
	if (!t->s || t->s->owner != p->config.self || !is_quiet(t->s))
		return false;
	t->p = p;
	t->rx = rx;
	t->rtt = pp_burst_rtt(p, t->b, rx);
	return t->rtt.lo.v <= t->s->timeout;
}

/* The target of that probe of the record, when no answer and no timeout has come for it
 * yet and the sequence fits. */
PP_INLINE struct pp_target *find_open(const struct together *t, const struct sums *sums,
				      uint64_t number, uint16_t seq,
				      struct pp_flight_slot *ret_slot)
{
	unsigned int place = (unsigned int)(number & (PP_TX_BURST - 1));
	const struct pp_burst *b = t->b;

	if (number >> PP_FLIGHT_PLACE_BITS != b->base || !(sums->open >> place & 1))
		return NULL;
	*ret_slot = pp_flight_slot(t->p->config.flight, b, place);
	if (pp_session_seq(ret_slot->k) != seq)
		return NULL;
	struct pp_target *g = pp_target_at(t->p->config.sessions, ret_slot->target);
	return g->ref == ret_slot->target && g->session == t->s->ref ? g : NULL;
}

PP_INLINE void take(const struct together *t, struct sums *sums, struct pp_target *g,
		    uint32_t k_low, uint64_t number)
{
	const struct pp_session *s = t->s;
	uint64_t k = pp_target_full_k(s, g, k_low);
	struct pp_rtt intended = pp_intended(s, g, t->b, k, t->rx, t->rtt);
	bool behind = k + 1 < g->top_k;

	sums->open &= ~(1u << (number & (PP_TX_BURST - 1)));
	sums->n++;
	sums->reordered += behind;
	if (!behind)
		g->top_k = k + 1;
	if (s->n_targets > 1)
		pp_target_count(g, pp_rtt_mid(t->rtt));
	if (s->samples)
		pp_keep_sample(s->samples, t->b, pp_target_slot(s, g, k), number, t->rtt);
	pp_hist_run_add(&sums->intended_lo, intended.lo, 1);
	pp_hist_run_add(&sums->intended_hi, intended.hi, 1);
}

PP_INLINE unsigned int end(struct pp_prober *p, const struct together *t, struct sums *sums,
			   pp_ns stalled)
{
	struct pp_tally *y = t->s->tally;
	uint32_t all = UINT32_MAX >> (PP_TX_BURST - t->b->n);

	if (sums->n == 0)
		return 0;
	t->b->answered |= all & ~sums->open & ~t->b->expired;
	pp_hist_run_end(&sums->intended_lo);
	pp_hist_run_end(&sums->intended_hi);
	y->c.received += sums->n;
	y->c.reordered += sums->reordered;
	pp_tally_record_n(y, t->rtt, sums->n);
	if (stalled.v > t->b->tx_from)
		pp_tally_suspect(y, t->rtt, sums->n);
	t->s->last_event = t->rx.to.v;
	pp_prober_finish_if_decided(p, t->s, t->rx.to);
	return sums->n;
}

/* ---- replies, as they were received ---------------------------------------------------- */

/* 0, which no probe has, when there is none. */
static uint64_t number_of(const struct pp_reply *r)
{
	return r->body.left >= PP_TOKEN_SIZE ? pp_get_be64(r->body.at) : 0;
}

unsigned int pp_prober_replies(struct pp_prober *p, const struct pp_reply *r, unsigned int n,
			       struct pp_span rx, pp_ns stalled)
{
	struct together t;
	struct pp_flight_slot slot;

	if (!begin(p, number_of(r), rx, &t))
		return 0;
	struct sums sums = begin_sums(&t);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t number = number_of(&r[i]);
		struct pp_target *g = find_open(&t, &sums, number, r[i].seq, &slot);
		if (!g || g->id != r[i].id || !pp_reply_is_from(t.s, g, &r[i]) ||
		    !pp_reply_is_whole(t.s->tmpl, &r[i]))
			break;
		__builtin_prefetch(&g[AHEAD].addr);
		__builtin_prefetch(&g[AHEAD].sent, 1);
		take(&t, &sums, g, slot.k, number);
	}
	return end(p, &t, &sums, stalled);
}

/* ---- receipts, as another worker has received them --------------------------------------- */

static bool same_poll(const struct pp_receipt *a, const struct pp_receipt *b)
{
	return a->rx.from.v == b->rx.from.v && a->rx.to.v == b->rx.to.v &&
	       a->stalled.v == b->stalled.v;
}

/* How many of the receipts it took; 0: the first has to go the long way. */
static unsigned int answer_together(struct pp_prober *p, const struct pp_receipt *r, unsigned int n)
{
	struct together t;
	struct pp_flight_slot slot;

	if (!begin(p, r->number, r->rx, &t))
		return 0;
	struct sums sums = begin_sums(&t);
	for (unsigned int i = 0; i < n && same_poll(&r[0], &r[i]) && !r[i].corrupt; i++) {
		struct pp_target *g = find_open(&t, &sums, r[i].number, r[i].seq, &slot);
		if (!g || slot.target != r[i].target)
			break;
		take(&t, &sums, g, slot.k, r[i].number);
	}
	return end(p, &t, &sums, r->stalled);
}

uint32_t pp_prober_answers(struct pp_prober *p, const struct pp_receipt *r, unsigned int n)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < n;) {
		unsigned int took = answer_together(p, r + i, n - i);
		if (took) {
			found |= UINT32_MAX >> (32 - took) << i;
			i += took;
			continue;
		}
		found |= (uint32_t)pp_prober_answer(p, r + i) << i;
		i++;
	}
	return found;
}
