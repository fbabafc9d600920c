/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Moving a queue from worker to worker while everything runs. First its receipts go to the
 * new one, where they wait; when nobody can still be sending any to the old one (RCU), that
 * one takes what it has, lets go, and the new one goes on. Neither waits for the other, and
 * the control thread for none of them.
 */
#include "internal.h"

#include <errno.h>
#include <rte_lcore.h>

static struct pp_queue *find_queue(const struct pp_dp *dp, uint16_t port, uint16_t queue)
{
	for (unsigned int i = 0; i < dp->n_owners; i++)
		if (dp->owner[i]->port == port && dp->owner[i]->queue == queue)
			return dp->owner[i];
	return NULL;
}

/* The queue is the other worker's from now on, for the control thread. */
static void settle(struct pp_move *m)
{
	struct pp_worker_port *s = &m->to->polled[m->q->port];

	m->q->home = m->to->index;
	if (s->polls)
		return;
	*s = (struct pp_worker_port){
		.polls = true,
		.events_lost = pp_read(&m->to->events_lost),
		.receipts_lost = pp_read(&m->to->receipts_lost),
	};
}

static bool has_queues(const struct pp_dp *dp, const struct pp_worker *w)
{
	for (unsigned int i = 0; i < dp->n_owners; i++)
		if (dp->owner[i]->home == w->index)
			return true;
	return false;
}

static void complete(struct pp_dp *dp)
{
	struct pp_move *m = &dp->move;
	const struct pp_moved moved = {
		.port = m->q->port,
		.queue = m->q->queue,
		.from = m->from->lcore,
		.to = m->to->lcore,
		.took = pp_ns_sub(pp_clock_now(), m->since),
		.unpolled = PP_NS(m->q->unpolled),
	};

	m->state = PP_MOVE_NONE;
	if (m->from->running && !has_queues(dp, m->from))
		m->ending = m->from;
	if (m->done)
		m->done(m->arg, &moved);
}

static void acknowledged(void *arg)
{
	struct pp_dp *dp = arg;

	if (--dp->move.awaited == 0)
		complete(dp);
}

/* Asks both workers, or none yet: then at the next tick again. */
static void hand_over(struct pp_dp *dp)
{
	struct pp_move *m = &dp->move;
	struct pp_command release = {.command = PP_WORKER_RELEASE, .queue = m->q};
	struct pp_command adopt = {.command = PP_WORKER_ADOPT, .queue = m->q};

	if (!rte_ring_free_count(m->from->commands) || !rte_ring_free_count(m->to->commands))
		return;
	release.ack = pp_dp_pending(dp, acknowledged, dp);
	adopt.ack = release.ack ? pp_dp_pending(dp, acknowledged, dp) : 0;
	if (!adopt.ack) {
		if (release.ack)
			dp->pending[release.ack - 1].used = false;
		return;
	}
	atomic_store_explicit(&m->q->released, false, memory_order_relaxed);
	m->awaited = 2;
	m->state = PP_MOVE_HANDING;
	settle(m);
	rte_ring_sp_enqueue_elem(m->from->commands, &release, sizeof(release));
	rte_ring_sp_enqueue_elem(m->to->commands, &adopt, sizeof(adopt));
}

/* A worker without queues ends; its lcore sleeps until it is launched again. */
static void end_worker(struct pp_move *m)
{
	const struct pp_command end = {.command = PP_WORKER_END};

	if (rte_ring_sp_enqueue_elem(m->ending->commands, (void *)(uintptr_t)&end, sizeof(end)))
		return;
	m->ending->running = false;
	m->ending = NULL;
}

void pp_move_tick(struct pp_dp *dp)
{
	struct pp_move *m = &dp->move;

	if (m->ending)
		end_worker(m);
	if (m->state == PP_MOVE_GRACE && rte_rcu_qsbr_check(dp->rcu, m->token, false) == 1)
		hand_over(dp);
}

static void begin(struct pp_dp *dp)
{
	struct pp_move *m = &dp->move;

	if (m->ending == m->to)
		m->ending = NULL;
	if (!m->to->running)
		pp_crew_launch(m->to);
	atomic_store_explicit(&dp->owner_worker[m->q->owner], (uint8_t)m->to->index,
			      memory_order_release);
	m->token = rte_rcu_qsbr_start(dp->rcu);
	m->state = PP_MOVE_GRACE;
}

/* Nobody polls yet. */
static void move_at_rest(struct pp_dp *dp)
{
	struct pp_move *m = &dp->move;
	struct pp_queue *q = m->q;
	unsigned int i = 0;

	while (m->from->queue[i] != q)
		i++;
	for (m->from->n_queues--; i < m->from->n_queues; i++)
		m->from->queue[i] = m->from->queue[i + 1];
	m->from->probers[q->owner] = NULL;
	m->to->probers[q->owner] = q->prober;
	m->to->queue[m->to->n_queues++] = q;
	q->worker = m->to;
	dp->owner_worker[q->owner] = (uint8_t)m->to->index;
	settle(m);
	complete(dp);
}

/* The rings of a worker that is new, to its node. */
static int find_worker(struct pp_dp *dp, unsigned int lcore, struct pp_worker **ret_worker,
		       struct pp_error *ret_error)
{
	unsigned int before = dp->n_workers;
	int err = pp_crew_get(dp, lcore, ret_worker, ret_error);

	if (err)
		return err;
	if (pp_crew_join(dp))
		return pp_dp_error(ret_error, -ENOMEM, "no memory for the rings of lcore %u",
				   lcore);
	if (dp->n_workers > before)
		pp_memory_place_worker(dp, *ret_worker);
	return 0;
}

int pp_dp_move(struct pp_dp *dp, const struct pp_queue_map *to,
	       void (*done)(void *arg, const struct pp_moved *moved), void *arg,
	       struct pp_error *ret_error)
{
	struct pp_queue *q = find_queue(dp, to->port, to->queue);
	struct pp_worker *w;

	if (!q)
		return pp_dp_error(ret_error, -ENODEV, "port %u has no queue %u", to->port,
				   to->queue);
	if (dp->move.state != PP_MOVE_NONE)
		return pp_dp_error(ret_error, -EBUSY,
				   "port %u queue %u is on its way to lcore %u: one at a time",
				   dp->move.q->port, dp->move.q->queue, dp->move.to->lcore);
	if (dp->worker[q->home]->lcore == to->lcore)
		return pp_dp_error(ret_error, -EALREADY, "lcore %u polls port %u queue %u already",
				   to->lcore, to->port, to->queue);
	int err = find_worker(dp, to->lcore, &w, ret_error);
	if (err)
		return err;
	dp->move.q = q;
	dp->move.from = dp->worker[q->home];
	dp->move.to = w;
	dp->move.since = pp_clock_now();
	dp->move.done = done;
	dp->move.arg = arg;
	if (dp->running)
		begin(dp);
	else
		move_at_rest(dp);
	return 0;
}
