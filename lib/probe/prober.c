/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prober of one transmit queue: plans the slots that are due, commits what the port
 * took, and accounts for answers and timeouts. Its worker alone calls it.
 */
#include "prober.h"
#include "schedule.h"

#include <stdlib.h>

#define SAY_MAX	  1024	   /* slots that are said to be unreachable at once */
#define HELD_POLL PP_MS(1) /* how often a session that waits for its neighbour looks */

static struct pp_session *session_of(struct pp_timer *t)
{
	return (struct pp_session *)(void *)((char *)t - offsetof(struct pp_session, timer));
}

struct pp_prober *pp_prober_create(const struct pp_prober_config *config, pp_ns now)
{
	struct pp_prober *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->config = *config;
	pp_wheel_init(&p->dues, now);
	pp_wheel_init(&p->timeouts, now);
	return p;
}

void pp_prober_free(struct pp_prober *p)
{
	if (!p)
		return;
	pp_flight_free(p->config.flight);
	free(p);
}

void pp_prober_set_rate_error(struct pp_prober *p, uint32_t per_2_40)
{
	p->rate_error = per_2_40;
}

/* ---- the schedule -------------------------------------------------------------- */

static bool all_slots_taken(const struct pp_session *s)
{
	return s->count && s->next_k >= s->count;
}

static bool deadline_passed(const struct pp_session *s, pp_ns now)
{
	return s->deadline && now.v >= s->started + s->deadline;
}

static void finish(struct pp_prober *p, struct pp_session *s, pp_ns now)
{
	struct pp_event e = {.kind = PP_EVENT_DONE, .session = s->ref, .at = now};

	pp_wheel_cancel(&p->dues, &s->timer);
	s->state = PP_SESSION_DONE;
	p->config.event(p->config.arg, &e);
}

void pp_prober_finish_if_decided(struct pp_prober *p, struct pp_session *s, pp_ns now)
{
	if (s->state != PP_SESSION_DRAINING || s->held_from != s->next_k)
		return;
	if (pp_counts_in_flight(&s->tally->c) == 0)
		finish(p, s, now);
}

void pp_prober_start(struct pp_prober *p, pp_session_ref ref, pp_ns t0)
{
	struct pp_session *s = pp_session_get(p->config.sessions, ref);

	if (!s || s->state == PP_SESSION_RUNNING)
		return;
	pp_wheel_cancel(&p->dues, &s->timer);
	s->t0 = t0.v;
	/* A session that ran before goes on counting its slots, from a new origin. */
	if (!(s->flags & PP_SESSION_FLOOD))
		s->t0 -= pp_slot_offset(s, s->next_k);
	s->state = PP_SESSION_RUNNING;
	s->started = t0.v;
	s->count = s->slots ? s->next_k + s->slots : 0;
	pp_wheel_insert(&p->dues, &s->timer, t0);
}

/* ---- slots that cannot leave ------------------------------------------------------- */

static void say_unreachable(struct pp_prober *p, const struct pp_session *s, uint64_t k, pp_ns now)
{
	struct pp_event e = {.kind = PP_EVENT_UNREACHABLE, .session = s->ref, .k = k, .at = now};

	if (s->flags & PP_SESSION_VOICE)
		p->config.event(p->config.arg, &e);
}

/* Slots [held_from, next_k), of which there may be millions: no step for each. */
static void fail_held(struct pp_prober *p, struct pp_session *s, pp_ns now)
{
	struct pp_counts *c = &s->tally->c;
	uint64_t n = s->next_k - s->held_from;

	if (n == 0)
		return;
	c->due += n;
	c->not_sent += n;
	c->unreachable += n;
	if (!s->first_tx)
		s->first_tx = pp_slot_due(s, s->held_from).v;
	s->last_event = now.v;
	for (uint64_t k = n > SAY_MAX ? s->next_k - SAY_MAX : s->held_from; k < s->next_k; k++)
		say_unreachable(p, s, k, now);
	s->held_from = s->next_k;
}

/* One packet is kept per neighbour, the newest: the older slots were never sent. */
static void give_up_older_held(struct pp_session *s)
{
	uint64_t older = s->next_k - 1 - s->held_from;

	s->tally->c.due += older;
	s->tally->c.not_sent += older;
	s->held_from = s->next_k - 1;
}

/* Slots that were due before `at` are missed, but for those that wait. A flood has none. */
static void miss_before(struct pp_session *s, int64_t at)
{
	if (s->held_from != s->next_k || s->flags & PP_SESSION_FLOOD || all_slots_taken(s) ||
	    pp_slot_due(s, s->next_k).v >= at)
		return;
	uint64_t k = pp_slots_before(s, at);
	if (s->count && k > s->count)
		k = s->count;
	s->tally->c.due += k - s->next_k;
	s->tally->c.missed += k - s->next_k;
	s->next_k = s->held_from = k;
}

/* ---- planning ------------------------------------------------------------------------- */

static void plan_probe(struct pp_session *s, struct pp_batch *b, uint64_t k, pp_ns due,
		       uint64_t word)
{
	b->probe[b->n].ref = s->ref;
	b->probe[b->n].k = (uint32_t)k;
	b->probe[b->n].due = due;
	b->probe[b->n].hop = word;
	b->probe[b->n].len = s->frame_len;
	b->n++;
}

/* Held slots come first: sends the newest when the neighbour is there, fails all when
 * it was given up. */
static void plan_held(struct pp_prober *p, struct pp_session *s, uint64_t word, pp_ns now,
		      struct pp_batch *b)
{
	if (s->held_from == s->next_k)
		return;
	if (pp_hop_usable(word)) {
		give_up_older_held(s);
		plan_probe(s, b, s->held_from, pp_slot_due(s, s->held_from), word);
		s->held_from = s->next_k;
	} else if (pp_hop_failures(word) != s->hop_failures) {
		fail_held(p, s, now);
		s->hop_failures = pp_hop_failures(word);
	}
}

/* The next slot is due and can leave. */
static void take_slot(struct pp_session *s, uint64_t word, pp_ns now, struct pp_batch *b)
{
	if (s->flags & PP_SESSION_FLOOD)
		s->t0 = now.v;
	plan_probe(s, b, s->next_k, pp_slot_due(s, s->next_k), word);
	s->held_from = ++s->next_k;
}

/* All slots that are due wait for the neighbour. */
static void hold_slots(struct pp_session *s, uint64_t word, pp_ns now)
{
	uint64_t k = s->next_k + 1;

	if (s->held_from == s->next_k)
		s->hop_failures = pp_hop_failures(word);
	if (s->flags & PP_SESSION_FLOOD)
		s->t0 = now.v;
	else
		k = pp_slots_before(s, now.v + 1);
	s->next_k = s->count && k > s->count ? s->count : k;
}

static pp_ns flood_due(const struct pp_session *s)
{
	return PP_NS(s->t0 + (int64_t)(s->period >> PP_PERIOD_SHIFT));
}

/* A flood's slot is due when its timer says so, which an answer sets; but while it waits
 * for its neighbour the timer runs more often. */
static bool next_is_due(const struct pp_session *s, bool waited, pp_ns now)
{
	if (!(s->flags & PP_SESSION_FLOOD))
		return pp_slot_due(s, s->next_k).v <= now.v;
	return !waited || flood_due(s).v <= now.v;
}

static void plan_slots(struct pp_prober *p, struct pp_session *s, pp_ns now, struct pp_batch *b)
{
	const struct pp_hop *hop = atomic_load_explicit(&s->hop, memory_order_acquire);
	uint64_t word = hop ? atomic_load_explicit(&hop->word, memory_order_relaxed) : 0;
	bool waited = s->held_from != s->next_k;

	if (hop)
		plan_held(p, s, word, now, b);
	else
		fail_held(p, s, now);
	/* What is later than the session's slack is not sent in a heap. */
	miss_before(s, now.v - s->slack);
	while (b->n < PP_TX_BURST && !all_slots_taken(s) && next_is_due(s, waited, now)) {
		if (pp_hop_usable(word))
			take_slot(s, word, now, b);
		else
			hold_slots(s, word, now);
		if (s->flags & PP_SESSION_FLOOD)
			break;
	}
	if (!hop)
		fail_held(p, s, now);
}

static pp_ns next_wakeup(const struct pp_session *s, pp_ns now)
{
	pp_ns next = PP_NS_NEVER;

	if (!all_slots_taken(s))
		next = s->flags & PP_SESSION_FLOOD ? flood_due(s) : pp_slot_due(s, s->next_k);
	if (s->held_from != s->next_k)
		next = pp_ns_min(next, pp_ns_add(now, HELD_POLL));
	if (s->deadline)
		next = pp_ns_min(next, PP_NS(s->started + s->deadline));
	return next;
}

static void session_due(struct pp_prober *p, struct pp_session *s, pp_ns now, struct pp_batch *b)
{
	if (s->state != PP_SESSION_RUNNING && s->state != PP_SESSION_DRAINING)
		return;
	if (deadline_passed(s, now)) {
		pp_prober_stop(p, s->ref, true, now);
		return;
	}
	unsigned int planned = b->n;
	plan_slots(p, s, now, b);
	if (all_slots_taken(s))
		s->state = PP_SESSION_DRAINING;
	pp_ns next = next_wakeup(s, now);
	if (next.v != INT64_MAX)
		pp_wheel_insert(&p->dues, &s->timer, next);
	if (b->n == planned)
		pp_prober_finish_if_decided(p, s, now);
}

/* Makes room for a full burst by forgetting the oldest decided records. */
static bool make_room(struct pp_prober *p)
{
	struct pp_flight *f = p->config.flight;

	while (pp_flight_room(f) < PP_FLIGHT_RECORD_MAX) {
		struct pp_burst *b = pp_flight_oldest(f);
		if (!pp_burst_decided(p, b))
			return false;
		pp_wheel_cancel(&p->timeouts, &b->timer);
		pp_flight_forget(f);
	}
	return true;
}

bool pp_prober_idle(const struct pp_prober *p, pp_ns now)
{
	return pp_wheel_idle(&p->dues, now) && pp_wheel_idle(&p->timeouts, now);
}

unsigned int pp_prober_plan(struct pp_prober *p, pp_ns now, pp_ns safe, struct pp_batch *batch)
{
	struct pp_timer *t;

	while ((t = pp_wheel_expire(&p->timeouts, safe)))
		pp_burst_expire(p, pp_burst_of(t), safe);
	batch->n = 0;
	batch->base = pp_flight_next(p->config.flight);
	bool room = make_room(p);
	while (batch->n < PP_TX_BURST && (t = pp_wheel_expire(&p->dues, now)))
		session_due(p, session_of(t), now, batch);
	if (room)
		return batch->n;
	/* Too much is in flight to remember more: held back, and said so. */
	pp_prober_commit(p, batch, 0, (struct pp_span){now, now});
	batch->n = 0;
	return 0;
}

void pp_prober_write(struct pp_prober *p, const struct pp_batch *batch, unsigned int i,
		     uint8_t *frame)
{
	struct pp_session *s = pp_session_at(p->config.sessions, batch->probe[i].ref);

	pp_template_write(s, batch->probe[i].k, batch->base + i, batch->probe[i].hop, frame);
}

/* ---- committing ---------------------------------------------------------------------------- */

static void commit_sent(struct pp_session *s, const struct pp_batch *batch, unsigned int i,
			struct pp_span tx)
{
	struct pp_tally *t = s->tally;
	pp_ns slip = pp_ns_sub(tx.from, batch->probe[i].due);
	uint64_t in_flight;

	t->c.due++;
	t->c.sent++;
	if (slip.v > t->slip_max.v)
		t->slip_max = slip;
	pp_hist_record(&t->slip, slip);
	s->recent[batch->probe[i].k & s->recent_mask] = batch->base + i;
	if (!s->first_tx)
		s->first_tx = tx.from.v;
	s->last_event = tx.to.v;
	in_flight = pp_counts_in_flight(&t->c);
	if (in_flight > s->pipe)
		s->pipe = in_flight > UINT32_MAX ? UINT32_MAX : (uint32_t)in_flight;
}

/* Counted all before any session is found to be done: it may have several here. */
static void commit_unsent(struct pp_prober *p, const struct pp_batch *batch, unsigned int from,
			  pp_ns now)
{
	struct pp_sessions *table = p->config.sessions;

	for (unsigned int i = from; i < batch->n; i++) {
		struct pp_counts *c = &pp_session_at(table, batch->probe[i].ref)->tally->c;
		c->due++;
		c->not_sent++;
	}
	for (unsigned int i = from; i < batch->n; i++)
		pp_prober_finish_if_decided(p, pp_session_at(table, batch->probe[i].ref), now);
}

void pp_prober_commit(struct pp_prober *p, const struct pp_batch *batch, unsigned int n_sent,
		      struct pp_span tx)
{
	struct pp_sessions *table = p->config.sessions;
	int64_t soonest = INT64_MAX;

	if (n_sent) {
		struct pp_burst *b = pp_flight_append(p->config.flight, n_sent, tx);
		for (unsigned int i = 0; i < n_sent; i++) {
			struct pp_session *s = pp_session_at(table, batch->probe[i].ref);
			*pp_flight_slot(p->config.flight, b, i) =
				(struct pp_flight_slot){batch->probe[i].ref, batch->probe[i].k};
			commit_sent(s, batch, i, tx);
			soonest = s->timeout < soonest ? s->timeout : soonest;
		}
		pp_wheel_insert(&p->timeouts, &b->timer, PP_NS(tx.to.v + soonest + 1));
	}
	commit_unsent(p, batch, n_sent, tx.to);
}

/* ---- stopping ------------------------------------------------------------------------------ */

/* Slots before were this run's: up to the deadline, or those too late to be sent. */
static int64_t end_of_slots(const struct pp_session *s, pp_ns now)
{
	return deadline_passed(s, now) ? s->started + s->deadline : now.v - s->slack;
}

/* Slots that still wait for a neighbour at the end: nobody has answered for it. */
static void give_up_held(struct pp_session *s, pp_ns now)
{
	uint64_t n = s->next_k - s->held_from;

	if (n == 0)
		return;
	s->tally->c.due += n;
	s->tally->c.not_sent += n;
	s->tally->c.unreachable += n;
	if (!s->first_tx)
		s->first_tx = pp_slot_due(s, s->held_from).v;
	s->last_event = now.v;
	s->held_from = s->next_k;
}

void pp_prober_stop(struct pp_prober *p, pp_session_ref ref, bool now_done, pp_ns now)
{
	struct pp_session *s = pp_session_get(p->config.sessions, ref);

	if (!s || (s->state != PP_SESSION_RUNNING && s->state != PP_SESSION_DRAINING))
		return;
	pp_wheel_cancel(&p->dues, &s->timer);
	if (s->state == PP_SESSION_RUNNING)
		miss_before(s, end_of_slots(s, now));
	give_up_held(s, now);
	s->state = PP_SESSION_DRAINING;
	if (now_done)
		finish(p, s, now);
	else
		pp_prober_finish_if_decided(p, s, now);
}

static void forget_samples(struct pp_samples *x)
{
	x->n = 0;
	x->dropped = 0;
}

void pp_prober_clear(struct pp_prober *p, pp_session_ref ref)
{
	struct pp_session *s = pp_session_get(p->config.sessions, ref);

	if (!s)
		return;
	pp_ns last = PP_NS(s->last_event);
	pp_tally_clear(s->tally);
	if (s->samples)
		forget_samples(s->samples);
	s->first_k = s->held_from;
	s->top_k = 0;
	s->pipe = 0;
	s->first_tx = s->last_event = 0;
	pp_prober_finish_if_decided(p, s, last);
}
