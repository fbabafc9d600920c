/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sending half of a prober, once a burst is planned: frames, and what is written down
 * of those that the port took. Bursts of one session, which is what line rate is made of,
 * are counted as a whole.
 */
#include "prober.h"

void pp_prober_write(struct pp_prober *p, const struct pp_batch *batch, uint8_t *const *frames)
{
	const struct pp_sessions *table = p->config.sessions;
	const struct pp_session *s = pp_session_at(table, batch->probe[0].ref);

	if (batch->run) {
		pp_template_write_run(s->tmpl, pp_target_at(table, batch->probe[0].target),
				      batch->probe[0].k, batch->base, batch->probe[0].hop, frames,
				      batch->n);
		return;
	}
	if (batch->sweep && !s->mix) {
		pp_template_write_sweep(s->tmpl, pp_target_at(table, batch->probe[0].target),
					batch->probe[0].k, batch->base, batch->probe, frames,
					batch->n);
		return;
	}
	for (unsigned int i = 0; i < batch->n; i++) {
		s = pp_session_at(table, batch->probe[i].ref);
		const struct pp_target *g = pp_target_at(table, batch->probe[i].target);
		pp_template_write(pp_session_template(s, g, batch->probe[i].k), g,
				  batch->probe[i].k, batch->base + i, batch->probe[i].hop,
				  frames[i]);
	}
}

/* ---- what was sent -------------------------------------------------------------------- */

/* Probes [from, to) of the batch, all of session s, left within tx. */
static void count_sent(struct pp_session *s, const struct pp_batch *batch, unsigned int from,
		       unsigned int to, struct pp_span tx)
{
	struct pp_tally *t = s->tally;
	struct pp_hist_run slips = pp_hist_run(&t->slip);

	t->c.due += to - from;
	t->c.sent += to - from;
	for (unsigned int i = from; i < to; i++) {
		pp_ns slip = pp_ns_sub(tx.from, batch->due[i]);
		t->slip_max = slip.v > t->slip_max.v ? slip : t->slip_max;
		pp_hist_run_add(&slips, slip, 1);
	}
	pp_hist_run_end(&slips);
	if (!s->first_tx)
		s->first_tx = tx.from.v;
	s->last_event = tx.to.v;
	uint64_t in_flight = pp_counts_in_flight(&t->c);
	if (in_flight > s->pipe)
		s->pipe = in_flight > UINT32_MAX ? UINT32_MAX : (uint32_t)in_flight;
}

/* What finds the probe again when an answer does not carry its number. */
static void remember(struct pp_session *s, struct pp_target *g, uint32_t k, uint64_t number)
{
	if (s->recent)
		s->recent[pp_target_slot(s, g, k) & s->recent_mask] = number;
	if (s->n_targets == 1)
		return;
	g->newest = number;
	__atomic_store_n(&g->sent, g->sent + 1, __ATOMIC_RELAXED);
}

/* Of a session's only target, for whom there is nothing else to note. */
static void remember_run(struct pp_session *s, const struct pp_batch *batch, unsigned int n)
{
	uint32_t k = batch->probe[0].k, mask = s->recent_mask;

	for (unsigned int i = 0; i < n; i++)
		s->recent[(k + i) & mask] = batch->base + i;
}

static void remember_all(const struct pp_sessions *table, const struct pp_batch *batch,
			 unsigned int n)
{
	struct pp_session *s = pp_session_at(table, batch->probe[0].ref);

	if (batch->run && s->n_targets == 1) {
		remember_run(s, batch, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		const struct pp_batch_probe p = pp_batch_at(batch, i);
		if (!batch->sweep)
			s = pp_session_at(table, p.ref);
		remember(s, pp_target_at(table, p.target), p.k, batch->base + i);
	}
}

/* Returns the shortest timeout among them. */
static int64_t count_all_sent(const struct pp_sessions *table, const struct pp_batch *batch,
			      unsigned int n, struct pp_span tx)
{
	bool one = batch->run || batch->sweep;
	int64_t soonest = INT64_MAX;
	unsigned int from = 0, to;

	for (; from < n; from = to) {
		pp_session_ref ref = batch->probe[from].ref;
		struct pp_session *s = pp_session_at(table, ref);
		for (to = one ? n : from + 1; to < n && batch->probe[to].ref == ref; to++)
			;
		count_sent(s, batch, from, to, tx);
		soonest = s->timeout < soonest ? s->timeout : soonest;
	}
	return soonest;
}

static enum pp_flight_kind kind_of(const struct pp_batch *batch)
{
	return batch->run ? PP_FLIGHT_RUN : batch->sweep ? PP_FLIGHT_SWEEP : PP_FLIGHT_MIXED;
}

static struct pp_burst *write_down(struct pp_flight *f, const struct pp_batch *batch,
				   unsigned int n, struct pp_span tx)
{
	enum pp_flight_kind kind = kind_of(batch);
	struct pp_burst *b = pp_flight_append(f, n, kind, tx);

	for (unsigned int i = 0; i < (kind == PP_FLIGHT_MIXED ? n : 1); i++)
		pp_flight_set(f, b, i,
			      (struct pp_flight_slot){batch->probe[i].target, batch->probe[i].k});
	return b;
}

void pp_prober_leave_unsent(struct pp_prober *p, const struct pp_batch *batch, unsigned int from,
			    bool refused, pp_ns now)
{
	struct pp_sessions *table = p->config.sessions;

	for (unsigned int i = from; i < batch->n; i++) {
		struct pp_batch_probe b = pp_batch_at(batch, i);
		struct pp_counts *c = &pp_session_at(table, b.ref)->tally->c;
		c->due++;
		c->not_sent++;
		c->refused += refused;
		c->log_full += !refused;
		pp_target_at(table, b.target)->not_sent++;
	}
	for (unsigned int i = from; i < batch->n; i++)
		pp_prober_finish_if_decided(p, pp_session_at(table, pp_batch_at(batch, i).ref),
					    now);
}

void pp_prober_commit(struct pp_prober *p, const struct pp_batch *batch, unsigned int n_sent,
		      struct pp_span tx)
{
	if (n_sent) {
		struct pp_burst *b = write_down(p->config.flight, batch, n_sent, tx);
		remember_all(p->config.sessions, batch, n_sent);
		int64_t soonest = count_all_sent(p->config.sessions, batch, n_sent, tx);
		bool shorter = soonest < p->shortest;
		p->shortest = shorter ? soonest : p->shortest;
		if (shorter || b->base == p->unseen)
			pp_prober_set_unseen_due(p);
	}
	pp_prober_leave_unsent(p, batch, n_sent, true, tx.to);
}
