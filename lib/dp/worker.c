/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: polls its queues, stamps, hands bursts to the stack, answers, sends what is
 * due. Run to completion; no lock, no allocation, no system call of ours.
 */
#include "internal.h"

#include <rte_branch_prediction.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <rte_ring_peek.h>

#define RECEIPT_BURSTS 8				   /* of each other worker, in a round */
#define ALL_RECEIPTS   (PP_RECEIPT_RING / PP_RX_BURST + 1) /* bursts: whatever is there */

/* ---- to other threads ---------------------------------------------------------- */

/* What a command waits for must not get lost: a session's end has a ring of its own then. */
/* The last place is for acknowledgements, one of which a command may be followed by: what
 * it makes happen meanwhile may not take it. */
static bool put_event(struct pp_worker *w, const struct pp_event *e)
{
	bool room = e->kind == PP_EVENT_ACK || rte_ring_free_count(w->events) > 1;

	if (room && rte_ring_sp_enqueue_elem(w->events, (void *)(uintptr_t)e, sizeof(*e)) == 0)
		return true;
	if (e->kind == PP_EVENT_DONE &&
	    rte_ring_sp_enqueue_elem(w->done, (void *)(uintptr_t)&e->session, sizeof(e->session)) ==
		    0)
		return true;
	pp_count(&w->events_lost, 1);
	return false;
}

void pp_worker_event(void *arg, const struct pp_event *e)
{
	const struct pp_queue *q = arg;

	put_event(q->worker, e);
}

static bool stack_event(void *arg, const struct pp_event *e)
{
	return put_event(arg, e);
}

/* The worker of an owner's queue; while that moves, the one that it moves to. */
static struct pp_worker *worker_of(const struct pp_worker *w, uint8_t owner)
{
	return w->dp
		->worker[atomic_load_explicit(&w->dp->owner_worker[owner], memory_order_acquire)];
}

static struct rte_ring *read_ring(struct rte_ring *const *ring)
{
	return __atomic_load_n(ring, __ATOMIC_ACQUIRE);
}

static unsigned int stack_receipts(void *arg, const struct pp_receipt *r, unsigned int n)
{
	struct pp_worker *w = arg;
	struct pp_worker *owner = worker_of(w, r->owner);
	unsigned int room;

	unsigned int put = rte_ring_sp_enqueue_burst_elem(
		owner->receipts[w->index], (void *)(uintptr_t)r, sizeof(*r), n, &room);
	w->crowded |= room < PP_RX_BURST;
	pp_count(&w->receipts_lost, n - put);
	return put;
}

static bool stack_error(void *arg, const struct pp_error_receipt *e)
{
	struct pp_worker *w = arg;
	struct pp_worker *owner = worker_of(w, e->owner);

	if (rte_ring_mp_enqueue_elem(owner->errors, (void *)(uintptr_t)e, sizeof(*e)) == 0)
		return true;
	pp_count(&w->receipts_lost, 1);
	return false;
}

/* ---- from other threads ----------------------------------------------------------- */

static void acknowledge(struct pp_worker *w, const struct pp_command *c)
{
	struct pp_event e = {.kind = PP_EVENT_ACK, .ack = c->ack};

	if (c->ack)
		put_event(w, &e);
}

static void carry_out(struct pp_worker *w, const struct pp_command *c)
{
	struct pp_session *s = pp_session_get(w->stack.sessions, c->session);
	struct pp_prober *p = s ? w->probers[pp_session_owner(s)] : NULL;

	if (p) {
		switch ((enum pp_dp_command)c->command) {
		case PP_DP_START:
			pp_prober_start(p, c->session, PP_NS(c->at));
			break;
		case PP_DP_STOP:
		case PP_DP_STOP_NOW:
			pp_prober_stop(p, c->session, c->command == PP_DP_STOP_NOW,
				       pp_clock_ns(&w->clock, pp_stamp_after()));
			break;
		case PP_DP_CLEAR:
			pp_prober_clear(p, c->session);
			break;
		case PP_DP_COUNTS:
			*c->counts = pp_session_tally(s)->c;
			break;
		}
	}
	acknowledge(w, c);
}

/* How many of these receipts, which all came by one ring, are for queues that are here; the
 * first that is not is for the one on its way. */
static unsigned int take_burst(struct pp_worker *w, const struct pp_receipt *r, unsigned int n)
{
	unsigned int i, k;

	for (i = 0; i < n && w->probers[r[i].owner]; i += k) {
		for (k = 1; i + k < n && r[i + k].owner == r[i].owner; k++)
			;
		pp_prober_answers(w->probers[r[i].owner], &r[i], k);
	}
	return i;
}

/* Several bursts of each: what came in a stall of ours is caught up with. */
static void take_receipts_from(struct pp_worker *w, struct rte_ring *ring, unsigned int bursts)
{
	struct pp_receipt r[PP_RX_BURST];

	while (bursts-- && !rte_ring_empty(ring)) {
		unsigned int n =
			rte_ring_dequeue_burst_elem_start(ring, r, sizeof(r[0]), PP_RX_BURST, NULL);
		unsigned int taken = take_burst(w, r, n);
		rte_ring_dequeue_elem_finish(ring, taken);
		if (taken < n)
			return;
	}
}

static void take_errors(struct pp_worker *w, struct rte_ring *ring)
{
	struct pp_error_receipt e;

	while (!rte_ring_empty(ring) &&
	       rte_ring_dequeue_burst_elem_start(ring, &e, sizeof(e), 1, NULL)) {
		struct pp_prober *p = w->probers[e.owner];
		rte_ring_dequeue_elem_finish(ring, p != NULL);
		if (!p)
			return;
		pp_prober_error(p, &e);
	}
}

static void take_receipts(struct pp_worker *w, unsigned int bursts)
{
	unsigned int n = atomic_load_explicit(&w->dp->n_workers, memory_order_acquire);
	struct rte_ring *ring;

	for (unsigned int from = 0; from < n; from++)
		if ((ring = read_ring(&w->receipts[from])))
			take_receipts_from(w, ring, bursts);
	if ((ring = read_ring(&w->errors)))
		take_errors(w, ring);
}

/* ---- queues that move ------------------------------------------------------------------ */

/* Nobody sends receipts for it here any more: when those that are here have been taken, its
 * prober is at rest. What was said before is in the ring before the acknowledgement. */
static void release(struct pp_worker *w, const struct pp_command *c)
{
	struct pp_queue *q = c->queue;
	unsigned int i = 0;

	take_receipts(w, ALL_RECEIPTS);
	while (w->queue[i] != q)
		i++;
	for (w->n_queues--; i < w->n_queues; i++)
		w->queue[i] = w->queue[i + 1];
	w->probers[q->owner] = NULL;
	for (unsigned int to = 0; to < w->dp->n_workers; to++) {
		const struct rte_ring *ring = read_ring(&w->dp->worker[to]->receipts[w->index]);
		q->mark[to] = ring ? ring->prod.tail : 0;
	}
	q->stalled = w->stack.stalled;
	acknowledge(w, c);
	atomic_store_explicit(&q->released, true, memory_order_release);
}

/* Whether all answers that the last worker received here have been accounted for: those that
 * the next one receives came later, and must not overtake them. */
static bool is_past_marks(const struct pp_worker *w, const struct pp_queue *q)
{
	for (unsigned int to = 0; to < w->dp->n_workers; to++) {
		struct rte_ring *ring = read_ring(&w->dp->worker[to]->receipts[q->worker->index]);
		if (ring && (int32_t)(__atomic_load_n(&ring->cons.tail, __ATOMIC_ACQUIRE) -
				      q->mark[to]) < 0)
			return false;
	}
	return true;
}

/* What is unread in the port's queue came after the last poll that left it empty, whoever
 * made that. */
static bool adopt(struct pp_worker *w)
{
	struct pp_queue *q = w->adopting.queue;

	if (!atomic_load_explicit(&q->released, memory_order_acquire) || !is_past_marks(w, q) ||
	    rte_ring_free_count(w->events) == 0)
		return false;
	pp_clock_read(&w->clock);
	q->worker = w;
	w->queue[w->n_queues++] = q;
	w->probers[q->owner] = q->prober;
	pp_prober_set_rate_error(q->prober, w->clock.rate_error);
	take_receipts(w, ALL_RECEIPTS); /* those of its sessions that waited for it */
	pp_stall_moved(w, q);
	acknowledge(w, &w->adopting);
	w->adopting.queue = NULL;
	return true;
}

/* ---- commands ---------------------------------------------------------------------------- */

static void take_command(struct pp_worker *w, const struct pp_command *c)
{
	switch (c->command) {
	case PP_WORKER_RELEASE:
		release(w, c);
		break;
	case PP_WORKER_ADOPT:
		w->adopting = *c;
		break;
	case PP_WORKER_END:
		w->ended = true;
		break;
	default:
		carry_out(w, c);
	}
}

/* An acknowledgement must not get lost: a command stays where it is until there is room for
 * it; and until the queue is here that it may be for. */
static void take_commands(struct pp_worker *w)
{
	struct pp_command c;

	while ((!w->adopting.queue || adopt(w)) && !w->ended && !rte_ring_empty(w->commands) &&
	       rte_ring_free_count(w->events) > 0 &&
	       rte_ring_sc_dequeue_elem(w->commands, &c, sizeof(c)) == 0)
		take_command(w, &c);
}

/* ---- the clock ----------------------------------------------------------------------------- */

/* Follows the clock's line, which changes once a second at most. */
static void take_clock(struct pp_worker *w)
{
	if (likely(pp_clock_version() == w->clock.version))
		return;
	pp_clock_read(&w->clock);
	for (unsigned int i = 0; i < w->n_queues; i++)
		pp_prober_set_rate_error(w->queue[i]->prober, w->clock.rate_error);
}

/* ---- receiving ------------------------------------------------------------------------ */

/* Whether an owner has no room for the receipts of another burst. Frames then stay in
 * the port's queue: an answer that was seen is never counted as lost, and one that is
 * seen later has a wider interval. */
static bool is_crowded(struct pp_worker *w)
{
	if (likely(!w->crowded))
		return false;
	w->crowded = false;
	unsigned int n = atomic_load_explicit(&w->dp->n_workers, memory_order_acquire);
	for (unsigned int to = 0; to < n; to++) {
		const struct rte_ring *ring = read_ring(&w->dp->worker[to]->receipts[w->index]);
		w->crowded |= ring && rte_ring_free_count(ring) < PP_RX_BURST;
	}
	return w->crowded;
}

/* Frames that are one segment become packets; others are counted and freed. Their first
 * bytes are asked for here, all of them before the first is looked at. */
static unsigned int gather(struct pp_worker *w, const struct pp_queue *q, struct rte_mbuf **m,
			   unsigned int n, struct pp_pkt *pkts)
{
	const uint16_t port = q->port;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *b = m[i];
		if (unlikely(b->nb_segs != 1 || b->pkt_len != b->data_len)) {
			pp_stack_drop(&w->stack, PP_DROP_ETH_LENGTH);
			rte_pktmbuf_free(b);
			continue;
		}
		struct pp_pkt *p = &pkts[kept];
		p->data = rte_pktmbuf_mtod(b, uint8_t *);
		rte_prefetch0(p->data);
		p->len = b->data_len;
		p->room = (uint32_t)b->buf_len - b->data_off;
		p->port = port;
		m[kept++] = b;
	}
	return kept;
}

/* Leaves the answered ones in front, in their order, and frees the others. */
static unsigned int pick_answers(struct rte_mbuf **m, struct pp_pkt *pkts, unsigned int n)
{
	struct rte_mbuf *rest[PP_RX_BURST];
	unsigned int n_out = 0, n_rest = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *b = m[i];
		if (!pkts[i].answer) {
			rest[n_rest++] = b;
			continue;
		}
		b->data_len = (uint16_t)pkts[i].len;
		b->pkt_len = pkts[i].len;
		b->ol_flags = 0;
		pkts[n_out].fate = pkts[i].fate; /* all that pp_stack_unsent reads */
		m[n_out++] = b;
	}
	if (n_rest)
		rte_pktmbuf_free_bulk(rest, n_rest);
	return n_out;
}

/* Transmits the packets that were answered, frees the others. */
static void send_answers(struct pp_worker *w, struct pp_queue *q, struct rte_mbuf **m,
			 struct pp_pkt *pkts, unsigned int n)
{
	unsigned int n_out = pick_answers(m, pkts, n);

	if (n_out == 0)
		return;
	unsigned int sent = rte_eth_tx_burst(q->port, q->queue, m, (uint16_t)n_out);
	pp_count(&w->tx, sent);
	if (likely(sent == n_out))
		return;
	pp_count(&q->answers_refused, n_out - sent);
	for (unsigned int i = sent; i < n_out; i++)
		pp_stack_unsent(&w->stack, &pkts[i]);
	rte_pktmbuf_free_bulk(m + sent, n_out - sent);
}

/* A frame of this burst arrived after the last poll that left the queue empty began,
 * and before this one ended. */
static void poll_queue(struct pp_worker *w, struct pp_queue *q, const struct pp_view *view)
{
	struct rte_mbuf *m[PP_RX_BURST];
	struct pp_pkt pkts[PP_RX_BURST];
	pp_tsc before = pp_stamp_before();
	unsigned int n = rte_eth_rx_burst(q->port, q->queue, m, PP_RX_BURST);
	pp_tsc after = pp_stamp_after();

	w->receiving.v += after.v - before.v;
	pp_stall_check(w, q, after);
	q->sent_before = w->sending;
	q->received_before = w->receiving;
	q->polled = after;
	pp_count(&w->polls, 1);
	if (n) {
		struct pp_span rx = pp_clock_span(&w->clock, q->last_short, after);
		pp_count(&w->busy_polls, 1);
		pp_count(&w->rx, n);
		unsigned int kept = gather(w, q, m, n, pkts);
		pp_stack_receive(&w->stack, view, pkts, kept, rx);
		send_answers(w, q, m, pkts, kept);
	}
	if (n < PP_RX_BURST)
		q->last_short = before;
}

/* ---- sending --------------------------------------------------------------------------- */

/* Mbufs of one segment, as they lie in the pool, with only what a sender has to set: the
 * rest means nothing without offload flags. */
static bool alloc_frames(struct rte_mempool *pool, const struct pp_batch *b, struct rte_mbuf **m,
			 uint8_t **ret_frames)
{
	if (rte_mempool_get_bulk(pool, (void **)m, b->n))
		return false;
	for (unsigned int i = 0; i < b->n; i++) {
		uint16_t len = pp_batch_at(b, i).len;
		m[i]->data_off = RTE_PKTMBUF_HEADROOM;
		m[i]->ol_flags = 0;
		m[i]->data_len = len;
		m[i]->pkt_len = len;
		ret_frames[i] = rte_pktmbuf_mtod(m[i], uint8_t *);
	}
	return true;
}

static unsigned int send_batch(struct pp_worker *w, struct pp_queue *q, const struct pp_batch *b,
			       struct pp_span *ret_tx)
{
	struct rte_mbuf *m[PP_TX_BURST];
	uint8_t *frames[PP_TX_BURST];

	*ret_tx = pp_clock_span(&w->clock, q->polled, q->polled);
	if (!alloc_frames(q->tx_pool, b, m, frames)) {
		pp_count(&q->no_mbuf, b->n);
		return 0;
	}
	pp_prober_write(q->prober, b, frames);
	pp_tsc from = pp_stamp_before();
	unsigned int sent = rte_eth_tx_burst(q->port, q->queue, m, (uint16_t)b->n);
	pp_tsc to = pp_stamp_after();
	*ret_tx = pp_clock_span(&w->clock, from, to);
	w->sending.v += to.v - from.v;
	pp_count(&w->tx, sent);
	pp_count(&q->probes_refused, b->n - sent);
	for (unsigned int i = sent; i < b->n; i++)
		rte_pktmbuf_free(m[i]);
	return sent;
}

static void send_probes(struct pp_worker *w, struct pp_queue *q)
{
	struct pp_batch b;
	struct pp_span tx;
	pp_ns now = pp_clock_ns(&w->clock, q->polled);

	if (pp_prober_idle(q->prober, now))
		return;
	pp_ns safe = pp_clock_ns(&w->clock, q->last_short);
	if (pp_prober_plan(q->prober, now, safe, &b) == 0)
		return;
	unsigned int sent = send_batch(w, q, &b, &tx);
	pp_prober_commit(q->prober, &b, sent, tx);
}

/* Frames of the control thread: ARP, ND, announcements. */
static void send_slow(struct pp_worker *w, struct pp_queue *q)
{
	void *m[PP_TX_BURST];

	if (!q->send || rte_ring_empty(q->send))
		return;
	unsigned int n = rte_ring_sc_dequeue_burst(q->send, m, PP_TX_BURST, NULL);
	unsigned int sent = rte_eth_tx_burst(q->port, q->queue, (struct rte_mbuf **)m, (uint16_t)n);
	pp_count(&w->tx, sent);
	pp_count(&q->frames_refused, n - sent);
	for (unsigned int i = sent; i < n; i++)
		rte_pktmbuf_free(m[i]);
}

/* ---- the loop ------------------------------------------------------------------------- */

static void start_clocks(struct pp_worker *w)
{
	pp_clock_read(&w->clock);
	for (unsigned int i = 0; i < w->n_queues; i++) {
		w->queue[i]->last_short = w->queue[i]->polled = pp_stamp_before();
		pp_prober_set_rate_error(w->queue[i]->prober, w->clock.rate_error);
	}
}

int pp_worker_main(void *arg)
{
	struct pp_worker *w = arg;
	struct pp_dp *dp = w->dp;
	unsigned int id = w->index;

	w->tid = gettid();
	w->ended = false;
	start_clocks(w);
	rte_rcu_qsbr_thread_online(dp->rcu, id);
	while (!atomic_load_explicit(&dp->stop, memory_order_relaxed) && !w->ended) {
		const struct pp_view *view = atomic_load_explicit(&dp->view, memory_order_acquire);

		take_clock(w);
		for (unsigned int i = 0; i < w->n_queues; i++) {
			if (!is_crowded(w))
				poll_queue(w, w->queue[i], view);
			send_probes(w, w->queue[i]);
			send_slow(w, w->queue[i]);
		}
		take_receipts(w, RECEIPT_BURSTS);
		take_commands(w);
		rte_rcu_qsbr_quiescent(dp->rcu, id);
	}
	rte_rcu_qsbr_thread_offline(dp->rcu, id);
	return 0;
}

const struct pp_stack_ops pp_worker_stack_ops = {
	.event = stack_event,
	.receipts = stack_receipts,
	.error = stack_error,
};
