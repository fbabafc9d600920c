/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prober of one transmit queue: plans the slots that are due, commits what the port
 * took, and accounts for answers and timeouts. Its worker alone calls it.
 */
#include "prober.h"
#include "schedule.h"

#include <stdlib.h>

#define SAY_MAX	      1024     /* slots that are said to be unreachable at once */
#define HELD_POLL     PP_MS(1) /* how often a session that waits for its neighbour looks */
#define EXPIRE_MAX    64
#define HELD_LOOK     256 /* at so many of its targets ... */
#define HELD_TICK     20  /* ... at most once in 2^20 ns */
#define PLAN_LOOK     64  /* sessions that one burst looks at */
#define AHEAD	      24  /* targets that are fetched before their turn */
#define SWEEP_TARGETS 256 /* fewer would make too few bursts of full length */
#define LINES_AHEAD   8	  /* the same of the log's, before their timeouts */

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
	p->shortest = INT64_MAX;
	p->unseen = p->config.flight->head;
	p->unseen_due = PP_NS_NEVER;
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
	if (s->state != PP_SESSION_DRAINING || pp_session_held(s))
		return;
	if (pp_counts_in_flight(&s->tally->c) == 0)
		finish(p, s, now);
}

/* Slot k is the next. */
static void go_to(struct pp_session *s, uint64_t k)
{
	s->next_k = s->round = k;
	if (s->n_targets == 1)
		return;
	s->round = k / s->n_targets;
	s->turn = (uint32_t)(k % s->n_targets);
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
	go_to(s, k);
	s->held_from = k;
}

/* ---- planning ------------------------------------------------------------------------- */

static uint64_t word_of(const struct pp_hop *hop)
{
	return hop ? atomic_load_explicit(&hop->word, memory_order_relaxed) : 0;
}

static const struct pp_hop *hop_of(const struct pp_target *g)
{
	return atomic_load_explicit(&g->hop, memory_order_acquire);
}

/* What comes next is not the run's: all of it is written out. */
static void end_run(struct pp_batch *b)
{
	for (unsigned int i = 1; i < b->n; i++) {
		b->probe[i] = b->probe[0];
		b->probe[i].k += i;
	}
	b->run = false;
}

static void plan_probe(struct pp_session *s, const struct pp_target *g, struct pp_batch *b,
		       uint64_t k, pp_ns due, uint64_t word)
{
	struct pp_batch_probe p = {.ref = s->ref,
				   .target = g->ref,
				   .k = (uint32_t)k,
				   .len = s->mix ? pp_session_template(s, g, (uint32_t)k)->len
						 : s->frame_len,
				   .hop = word};
	const struct pp_batch_probe *first = &b->probe[0];
	unsigned int i = b->n++;

	b->due[i] = due;
	if (i == 0) {
		b->sweep = true;
		b->run = !s->mix; /* a run's frames are all alike */
	} else {
		b->sweep &= p.ref == first->ref && p.target == first->target + i && p.k == first->k;
		if (b->run && p.target == first->target && p.k == first->k + i &&
		    word == first->hop)
			return;
		if (b->run) {
			b->n--;
			end_run(b);
			b->n++;
		}
	}
	b->probe[i] = p;
}

/* The slots of a periodic session that are due and fit, all at once. */
static void plan_run(struct pp_session *s, struct pp_batch *b, uint64_t word, pp_ns now)
{
	unsigned __int128 at = (unsigned __int128)s->next_k * s->period;
	uint64_t left = s->count ? s->count - s->next_k : UINT64_MAX;
	unsigned int most = left < PP_TX_BURST ? (unsigned int)left : PP_TX_BURST, n = 0;

	for (; n < most; n++, at += s->period) {
		b->due[n].v = s->t0 + (int64_t)(at >> PP_PERIOD_SHIFT);
		if (b->due[n].v > now.v)
			break;
	}
	if (n == 0)
		return;
	b->n = n;
	b->run = true;
	b->sweep = n == 1;
	b->probe[0] = (struct pp_batch_probe){.ref = s->ref,
					      .target = s->target->ref,
					      .k = (uint32_t)s->next_k,
					      .len = s->frame_len,
					      .hop = word};
	s->held_from = s->round = s->next_k += n;
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
		plan_probe(s, s->target, b, s->held_from, pp_slot_due(s, s->held_from), word);
		s->held_from = s->next_k;
	} else if (pp_hop_failures(word) != s->hop_failures) {
		fail_held(p, s, now);
		s->hop_failures = (uint16_t)pp_hop_failures(word);
	}
}

/* The next slot is due and can leave. */
static void take_slot(struct pp_session *s, uint64_t word, pp_ns now, struct pp_batch *b)
{
	if (s->flags & PP_SESSION_FLOOD)
		s->t0 = now.v;
	plan_probe(s, s->target, b, s->next_k, pp_slot_due(s, s->next_k), word);
	s->held_from = s->round = ++s->next_k;
}

/* All slots that are due wait for the neighbour. */
static void hold_slots(struct pp_session *s, uint64_t word, pp_ns now)
{
	uint64_t k = s->next_k + 1;

	if (s->held_from == s->next_k)
		s->hop_failures = (uint16_t)pp_hop_failures(word);
	if (s->flags & PP_SESSION_FLOOD)
		s->t0 = now.v;
	else
		k = pp_slots_before(s, now.v + 1);
	go_to(s, s->count && k > s->count ? s->count : k);
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

static void plan_one_target(struct pp_prober *p, struct pp_session *s, pp_ns now,
			    struct pp_batch *b)
{
	const struct pp_hop *hop = hop_of(s->target);
	uint64_t word = word_of(hop);
	bool waited = s->held_from != s->next_k;

	if (hop)
		plan_held(p, s, word, now, b);
	else
		fail_held(p, s, now);
	/* What is later than the session's slack is not sent in a heap. */
	miss_before(s, now.v - s->slack);
	if (b->n == 0 && !s->pace && !s->mix && !(s->flags & PP_SESSION_FLOOD) &&
	    pp_hop_usable(word)) {
		plan_run(s, b, word, now);
		return;
	}
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

/* ---- several targets: each may wait for its neighbour, with its newest slot ---------- */

static void release_held(struct pp_session *s, struct pp_target *g)
{
	g->held = false;
	s->n_held--;
}

static pp_ns due_of_turn(const struct pp_session *s, const struct pp_target *g, uint64_t k)
{
	return pp_slot_due(s, pp_target_slot(s, g, k));
}

static void fail_target(struct pp_session *s, struct pp_target *g, bool unreachable, pp_ns now)
{
	struct pp_counts *c = &s->tally->c;

	if (unreachable) {
		if (!s->first_tx)
			s->first_tx = due_of_turn(s, g, pp_target_full_k(s, g, g->held_k)).v;
		s->last_event = now.v;
	}
	c->due++;
	c->not_sent++;
	c->unreachable += unreachable;
	g->not_sent++;
	g->unreachable += unreachable;
	release_held(s, g);
}

/* Sent now, an answer without a number could be taken for one to a slot of today: those of
 * half the session's memory can be in flight. */
static bool is_too_old(const struct pp_session *s, const struct pp_target *g, uint64_t k)
{
	return s->recent && s->next_k - pp_target_slot(s, g, k) > s->recent_mask / 2;
}

/* Looks at one that waits. */
static void try_held(struct pp_session *s, struct pp_target *g, pp_ns now, struct pp_batch *b)
{
	const struct pp_hop *hop = hop_of(g);
	uint64_t word = word_of(hop), k = pp_target_full_k(s, g, g->held_k);

	if (pp_hop_usable(word) && is_too_old(s, g, k)) {
		fail_target(s, g, false, now);
	} else if (pp_hop_usable(word)) {
		plan_probe(s, g, b, k, due_of_turn(s, g, k), word);
		release_held(s, g);
	} else if (!hop || (uint16_t)pp_hop_failures(word) != g->hop_failures) {
		fail_target(s, g, true, now);
	}
}

/* Some of them at a time, and not in every poll: few of very many may wait. */
static void try_all_held(struct pp_session *s, pp_ns now, struct pp_batch *b)
{
	uint16_t tick = (uint16_t)(now.v >> HELD_TICK);

	if (tick == s->held_tick)
		return;
	for (unsigned int i = 0; i < HELD_LOOK && s->n_held && b->n < PP_TX_BURST; i++) {
		struct pp_target *g = &s->target[s->held_at];
		s->held_at = s->held_at + 1 < s->n_targets ? s->held_at + 1 : 0;
		if (g->held)
			try_held(s, g, now, b);
	}
	if (b->n < PP_TX_BURST)
		s->held_tick = tick;
}

static void hold_target(struct pp_session *s, struct pp_target *g, uint64_t word, pp_ns now)
{
	/* Nobody is there while nobody has answered since a round of requests had no answer. */
	if (g->held)
		fail_target(s, g, pp_hop_failures(word) != 0, now);
	else
		g->hop_failures = (uint16_t)pp_hop_failures(word);
	g->held = true;
	g->held_k = (uint32_t)s->round;
	s->n_held++;
}

static void take_turn(struct pp_session *s, struct pp_batch *b, pp_ns due, pp_ns now)
{
	struct pp_target *g = &s->target[s->turn];
	uint64_t word = word_of(hop_of(g));

	if (!pp_hop_usable(word)) {
		hold_target(s, g, word, now);
	} else {
		if (g->held)
			fail_target(s, g, false, now);
		plan_probe(s, g, b, s->round, due, word);
	}
	s->held_from = ++s->next_k;
	if (++s->turn == s->n_targets) {
		s->turn = 0;
		s->round++;
	}
}

static void fetch_target(const struct pp_target *g)
{
	__builtin_prefetch(&g->addr);
	__builtin_prefetch(&g->sent, 1);
}

/* The turns of a periodic session that are due and fit, up to its last target, all at
 * once, as long as their neighbours are there. */
static void plan_sweep(struct pp_session *s, struct pp_batch *b, pp_ns now)
{
	struct pp_target *g = &s->target[s->turn];
	unsigned __int128 at = (unsigned __int128)s->next_k * s->period;
	uint64_t left = s->count ? s->count - s->next_k : UINT64_MAX;
	uint32_t most = s->n_targets - s->turn, n = 0;

	most = most < PP_TX_BURST ? most : PP_TX_BURST;
	most = left < most ? (uint32_t)left : most;
	for (; n < most; n++, at += s->period) {
		uint64_t word = word_of(hop_of(&g[n]));
		b->due[n].v = s->t0 + (int64_t)(at >> PP_PERIOD_SHIFT);
		if (b->due[n].v > now.v || !pp_hop_usable(word))
			break;
		fetch_target(&g[n + AHEAD]);
		b->probe[n] = (struct pp_batch_probe){.ref = s->ref,
						      .target = g[n].ref,
						      .k = (uint32_t)s->round,
						      .len = s->frame_len,
						      .hop = word};
	}
	b->n = n;
	b->run = n == 1;
	b->sweep = n > 0;
	s->held_from = s->next_k += n;
	s->turn += n;
	if (s->turn == s->n_targets) {
		s->turn = 0;
		s->round++;
	}
}

static void plan_targets(struct pp_session *s, pp_ns now, struct pp_batch *b)
{
	miss_before(s, now.v - s->slack);
	if (s->n_held)
		try_all_held(s, now, b);
	else if (b->n == 0 && !s->pace && !s->mix && s->n_targets >= SWEEP_TARGETS)
		plan_sweep(s, b, now);
	if (b->n)
		return;
	/* Turns are bounded too: those that are held do not fill the batch. */
	for (unsigned int i = 0; i < PP_TX_BURST && b->n < PP_TX_BURST; i++) {
		pp_ns due = pp_slot_due(s, s->next_k);
		if (all_slots_taken(s) || due.v > now.v)
			break;
		take_turn(s, b, due, now);
	}
}

/* ---- what is due ---------------------------------------------------------------------- */

static pp_ns next_wakeup(const struct pp_session *s, pp_ns now)
{
	pp_ns next = PP_NS_NEVER;

	if (!all_slots_taken(s))
		next = s->flags & PP_SESSION_FLOOD ? flood_due(s) : pp_slot_due(s, s->next_k);
	if (pp_session_held(s))
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
	if (s->n_targets == 1)
		plan_one_target(p, s, now, b);
	else
		plan_targets(s, now, b);
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
		bool seen = b->base != p->unseen;
		pp_flight_forget(f);
		if (seen)
			continue;
		p->unseen = f->tail;
		pp_prober_set_unseen_due(p);
	}
	return true;
}

bool pp_prober_idle(const struct pp_prober *p, pp_ns now)
{
	return now.v < pp_prober_next(p).v;
}

/* So many records in a poll: after a stall, or when a session has a much shorter timeout than
 * those before, all of the log may be due. When they are looked at decides nothing. */
static void expire(struct pp_prober *p, pp_ns safe)
{
	struct pp_timer *t;

	for (unsigned int i = 0; i < EXPIRE_MAX && p->unseen_due.v <= safe.v; i++) {
		struct pp_burst *b = pp_flight_at(p->config.flight, p->unseen);
		__builtin_prefetch(pp_flight_at(p->config.flight, p->unseen + LINES_AHEAD));
		pp_burst_expire(p, b, safe);
		p->unseen += pp_flight_lines(b->n, (enum pp_flight_kind)b->kind);
		pp_prober_set_unseen_due(p);
	}
	for (unsigned int i = 0; i < EXPIRE_MAX && (t = pp_wheel_expire(&p->timeouts, safe)); i++)
		pp_burst_expire(p, pp_burst_of(t), safe);
}

unsigned int pp_prober_plan(struct pp_prober *p, pp_ns now, pp_ns safe, struct pp_batch *batch)
{
	struct pp_timer *t;

	expire(p, safe);
	batch->n = 0;
	batch->run = batch->sweep = false;
	batch->base = pp_flight_next(p->config.flight);
	bool room = make_room(p);
	/* What is due but waits does not fill the batch: there is an end to looking, too. */
	for (unsigned int i = 0; i < PLAN_LOOK && batch->n < PP_TX_BURST; i++) {
		t = pp_wheel_expire(&p->dues, now);
		if (!t)
			break;
		session_due(p, session_of(t), now, batch);
	}
	if (room)
		return batch->n;
	/* Too much is in flight to remember more: held back, and said so. */
	pp_prober_leave_unsent(p, batch, 0, false, now);
	batch->n = 0;
	return 0;
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

	for (uint32_t i = 0; s->n_held && i < s->n_targets; i++)
		if (s->target[i].held)
			fail_target(s, &s->target[i], true, now);
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

/* Also a slot that waits, if there are several: it could not be told from those that were
 * sent before. */
static void forget_target(struct pp_session *s, struct pp_target *g)
{
	if (g->held)
		release_held(s, g);
	g->sent = g->received = g->top_k = g->rtt_sum = 0;
	g->expired = g->not_sent = g->errors = g->duplicate = g->unreachable = 0;
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
	for (uint32_t i = 0; i < s->n_targets; i++)
		forget_target(s, &s->target[i]);
	s->pipe = 0;
	s->first_tx = s->last_event = 0;
	pp_prober_finish_if_decided(p, s, last);
}
