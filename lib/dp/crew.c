/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The workers: made when their lcore gets its first queue, with the rings between them, at the
 * start or while others run. They stay until the end, whether they have queues or not; their
 * lcores sleep in their seats while they have none.
 */
#include "internal.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

void pp_crew_free(struct pp_worker *w)
{
	for (unsigned int i = 0; i < PP_WORKER_MAX; i++)
		rte_ring_free(w->receipts[i]);
	rte_ring_free(w->errors);
	rte_ring_free(w->events);
	rte_ring_free(w->done);
	rte_ring_free(w->commands);
	rte_free(w);
}

struct rte_ring *pp_crew_ring(const char *kind, unsigned int a, unsigned int b, size_t elem,
			      unsigned int count, unsigned int flags, int socket)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "pp_%s_%u_%u", kind, a, b);
	return rte_ring_create_elem(name, (unsigned int)elem, count, socket, flags);
}

static struct pp_worker *make_worker(struct pp_dp *dp, unsigned int lcore)
{
	int socket = (int)rte_lcore_to_socket_id(lcore);
	struct pp_worker *w =
		rte_zmalloc_socket("pp_worker", sizeof(*w), RTE_CACHE_LINE_SIZE, socket);
	unsigned int spsc = RING_F_SP_ENQ | RING_F_SC_DEQ;

	if (!w)
		return NULL;
	w->dp = dp;
	w->lcore = lcore;
	w->index = dp->n_workers;
	w->stack.sessions = dp->config.sessions;
	w->stack.probers = w->probers;
	w->stack.ops = &pp_worker_stack_ops;
	w->stack.arg = w;
	w->events = pp_crew_ring("events", lcore, 0, sizeof(struct pp_event), PP_EVENT_RING, spsc,
				 socket);
	w->commands = pp_crew_ring("commands", lcore, 0, sizeof(struct pp_command), PP_COMMAND_RING,
				   spsc, socket);
	w->done = pp_crew_ring("done", lcore, 0, sizeof(pp_session_ref), PP_DONE_RING,
			       spsc | RING_F_EXACT_SZ, socket);
	if (!w->events || !w->commands || !w->done) {
		pp_crew_free(w);
		return NULL;
	}
	rte_rcu_qsbr_thread_register(dp->rcu, w->index);
	dp->worker[w->index] = w;
	atomic_store_explicit(&dp->n_workers, w->index + 1, memory_order_release);
	return w;
}

int pp_crew_get(struct pp_dp *dp, unsigned int lcore, struct pp_worker **ret_worker,
		struct pp_error *ret_error)
{
	for (unsigned int i = 0; i < dp->n_workers; i++) {
		if (dp->worker[i]->lcore == lcore) {
			*ret_worker = dp->worker[i];
			return 0;
		}
	}
	if (!rte_lcore_is_enabled(lcore) || lcore == rte_get_main_lcore())
		return pp_dp_error(ret_error, -EINVAL, "lcore %u is %s", lcore,
				   rte_lcore_is_enabled(lcore)
					   ? "the main lcore: it is the control thread's"
					   : "not enabled by -l or --lcores");
	if (dp->n_workers == PP_WORKER_MAX)
		return pp_dp_error(ret_error, -ENOSPC, "more than %d workers", PP_WORKER_MAX);
	*ret_worker = make_worker(dp, lcore);
	return *ret_worker ? 0
			   : pp_dp_error(ret_error, -ENOMEM, "no memory for the worker of lcore %u",
					 lcore);
}

/* Workers see a ring when it is whole. */
static int put_ring(struct rte_ring **at, struct rte_ring *ring)
{
	__atomic_store_n(at, ring, __ATOMIC_RELEASE);
	return ring ? 0 : -ENOMEM;
}

static int join(struct pp_worker *w, unsigned int n_workers)
{
	int socket = (int)rte_lcore_to_socket_id(w->lcore), err = 0;

	if (!w->errors)
		err = put_ring(&w->errors,
			       pp_crew_ring("errors", w->index, 0, sizeof(struct pp_error_receipt),
					    PP_ERROR_RING, RING_F_SC_DEQ, socket));
	for (unsigned int from = 0; !err && from < n_workers; from++)
		if (!w->receipts[from])
			err = put_ring(&w->receipts[from],
				       pp_crew_ring("receipts", w->index, from,
						    sizeof(struct pp_receipt), PP_RECEIPT_RING,
						    RING_F_SP_ENQ | RING_F_SC_DEQ, socket));
	return err;
}

int pp_crew_join(struct pp_dp *dp)
{
	int err = 0;

	for (unsigned int i = 0; !err && dp->n_workers > 1 && i < dp->n_workers; i++)
		err = join(dp->worker[i], dp->n_workers);
	return err;
}

/* ---- lcores ---------------------------------------------------------------------------- */

/* A lcore's life: sleeps, but while its worker has queues. */
static int sit(void *arg)
{
	struct pp_seat *seat = arg;
	uint64_t n;

	while (!atomic_load(&seat->dp->stop)) {
		if (read(seat->wake, &n, sizeof(n)) != sizeof(n))
			continue; /* a signal */
		struct pp_worker *w = atomic_load(&seat->worker);
		if (w)
			pp_worker_main(w);
	}
	return 0;
}

/* What is in the eventfd cannot be too much. */
static void wake(const struct pp_seat *seat)
{
	const uint64_t one = 1;

	while (write(seat->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* Of another lcore than the main one; after the last: RTE_MAX_LCORE. */
static unsigned int next_lcore(unsigned int lcore)
{
	return rte_get_next_lcore(lcore, 1, 0);
}

/* EAL's own way of launching waits until the lcore has woken up: here, at the start, only. */
int pp_crew_start(struct pp_dp *dp)
{
	unsigned int lcore;

	dp->seat = calloc(RTE_MAX_LCORE, sizeof(*dp->seat));
	if (!dp->seat)
		return -ENOMEM;
	for (lcore = next_lcore(UINT32_MAX); lcore < RTE_MAX_LCORE; lcore = next_lcore(lcore)) {
		struct pp_seat *seat = &dp->seat[lcore];
		seat->dp = dp;
		seat->wake = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
		if (seat->wake < 0)
			return -errno;
		int err = rte_eal_remote_launch(sit, seat, lcore);
		if (err)
			return err;
	}
	return 0;
}

void pp_crew_launch(struct pp_worker *w)
{
	struct pp_seat *seat = &w->dp->seat[w->lcore];

	w->running = true;
	atomic_store(&seat->worker, w);
	wake(seat);
}

void pp_crew_stop(struct pp_dp *dp)
{
	unsigned int lcore;

	atomic_store(&dp->stop, true);
	if (!dp->seat)
		return;
	for (lcore = next_lcore(UINT32_MAX); lcore < RTE_MAX_LCORE; lcore = next_lcore(lcore))
		if (dp->seat[lcore].dp)
			wake(&dp->seat[lcore]);
	rte_eal_mp_wait_lcore();
	for (lcore = next_lcore(UINT32_MAX); lcore < RTE_MAX_LCORE; lcore = next_lcore(lcore))
		if (dp->seat[lcore].dp)
			close(dp->seat[lcore].wake);
	free(dp->seat);
	dp->seat = NULL;
}
