/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that workers use, piece by piece: put where its worker or port is, and looked at
 * where it is.
 */
#include "internal.h"

#include <rte_eal.h>
#include <rte_memzone.h>

/* A walk over the pieces: chunk for each of a piece's parts, done after the last. */
struct walk {
	const struct pp_dp *dp;
	struct pp_numa_memory piece;
	void (*chunk)(struct walk *w, void *mem, size_t size);
	void (*done)(struct walk *w);
	void (*each)(void *arg, const struct pp_numa_memory *memory);
	void *arg;
};

/* Only read and moved, never written. */
static void *writable(const void *mem)
{
	return (void *)(uintptr_t)mem;
}

static void begin(struct walk *w, const char *what, int wanted)
{
	w->piece = (struct pp_numa_memory){
		.what = what, .port = -1, .queue = -1, .lcore = -1, .wanted = wanted};
}

static void pool_chunk(struct rte_mempool *pool, void *arg, struct rte_mempool_memhdr *mem,
		       unsigned int i)
{
	struct walk *w = arg;

	(void)pool;
	(void)i;
	w->chunk(w, mem->addr, mem->len);
}

static void pool(struct walk *w, const char *what, uint16_t port, struct rte_mempool *pool)
{
	begin(w, what, w->dp->port[port].node);
	w->piece.port = port;
	rte_mempool_mem_iter(pool, pool_chunk, w);
	w->done(w);
}

static void ring(struct walk *w, const struct rte_ring *r)
{
	if (r)
		w->chunk(w, r->memzone->addr, r->memzone->len);
}

static void worker(struct walk *w, const struct pp_worker *worker)
{
	int node = (int)rte_lcore_to_socket_id(worker->lcore);
	size_t size;

	begin(w, "counters", node);
	w->piece.lcore = (int)worker->lcore;
	w->chunk(w, writable(worker), sizeof(*worker));
	w->done(w);
	begin(w, "rings", node);
	w->piece.lcore = (int)worker->lcore;
	ring(w, worker->events);
	ring(w, worker->done);
	ring(w, worker->commands);
	ring(w, worker->errors);
	for (unsigned int i = 0; i < w->dp->n_workers; i++)
		ring(w, worker->receipts[i]);
	for (unsigned int i = 0; i < w->dp->n_owners; i++)
		if (w->dp->owner[i]->home == worker->index)
			ring(w, w->dp->owner[i]->send);
	w->done(w);
	for (unsigned int i = 0; i < w->dp->n_owners; i++) {
		const struct pp_queue *q = w->dp->owner[i];
		if (q->home != worker->index)
			continue;
		begin(w, "in-flight log", node);
		w->piece.lcore = (int)worker->lcore;
		w->piece.port = q->port;
		w->piece.queue = q->queue;
		void *mem = pp_flight_memory(q->flight, &size);
		w->chunk(w, mem, size);
		w->done(w);
	}
}

static void walk(struct walk *w)
{
	for (uint16_t port = 0; port < PP_PORT_MAX; port++) {
		if (!w->dp->port[port].used)
			continue;
		pool(w, "rx mempool", port, w->dp->port[port].rx_pool);
		pool(w, "tx mempool", port, w->dp->port[port].tx_pool);
	}
	for (unsigned int i = 0; i < w->dp->n_workers; i++)
		worker(w, w->dp->worker[i]);
}

/* ---- to its node ------------------------------------------------------------------- */

static void place_chunk(struct walk *w, void *mem, size_t size)
{
	/* Refused is no error: pages are looked at afterwards. */
	(void)pp_numa_place(&w->dp->numa, mem, size, w->piece.wanted);
}

static void no_more(struct walk *w)
{
	(void)w;
}

void pp_memory_place_worker(const struct pp_dp *dp, const struct pp_worker *w)
{
	struct walk place = {.dp = dp, .chunk = place_chunk, .done = no_more};

	if (!rte_eal_has_hugepages())
		worker(&place, w);
}

void pp_memory_place(const struct pp_dp *dp)
{
	struct walk w = {.dp = dp, .chunk = place_chunk, .done = no_more};

	/* Hugepages were taken from the right node, and cannot always move. */
	if (!rte_eal_has_hugepages()) {
		walk(&w);
		return;
	}
	for (unsigned int i = 0; i < dp->n_owners; i++) {
		unsigned int lcore = dp->worker[dp->owner[i]->home]->lcore;
		size_t size;
		void *mem = pp_flight_memory(dp->owner[i]->flight, &size);
		(void)pp_numa_place(&dp->numa, mem, size, (int)rte_lcore_to_socket_id(lcore));
	}
}

void pp_dp_place(struct pp_dp *dp, uint8_t owner, const struct pp_session *session)
{
	int node = pp_dp_worker_node(dp, pp_dp_owner_worker(dp, owner));
	const struct pp_tally *tally = pp_session_tally(session);
	const struct pp_samples *samples = pp_session_samples(session);

	(void)pp_numa_place(&dp->numa, writable(tally), pp_tally_size(tally), node);
	if (samples)
		(void)pp_numa_place(&dp->numa, writable(samples->at),
				    samples->capacity * sizeof(*samples->at), node);
}

/* ---- where it is ------------------------------------------------------------------- */

static void look_chunk(struct walk *w, void *mem, size_t size)
{
	pp_numa_look(&w->dp->numa, mem, size, &w->piece);
}

static void tell(struct walk *w)
{
	w->each(w->arg, &w->piece);
}

void pp_dp_memory(const struct pp_dp *dp,
		  void (*each)(void *arg, const struct pp_numa_memory *memory), void *arg)
{
	struct walk w = {.dp = dp, .chunk = look_chunk, .done = tell, .each = each, .arg = arg};

	walk(&w);
}

void pp_dp_session_memory(const struct pp_dp *dp, const struct pp_session *session,
			  struct pp_numa_memory *ret_memory)
{
	const struct pp_tally *tally = pp_session_tally(session);
	const struct pp_samples *samples = pp_session_samples(session);

	pp_numa_look(&dp->numa, tally, pp_tally_size(tally), ret_memory);
	if (samples)
		pp_numa_look(&dp->numa, samples->at, samples->capacity * sizeof(*samples->at),
			     ret_memory);
}

unsigned int pp_dp_nodes(const struct pp_dp *dp, int ret_nodes[PP_NUMA_NODES])
{
	memcpy(ret_nodes, dp->numa.node, sizeof(dp->numa.node));
	return dp->numa.n_nodes;
}

int pp_dp_distance(const struct pp_dp *dp, int a, int b)
{
	return pp_numa_distance(&dp->numa, a, b);
}

unsigned int pp_dp_owner_worker(const struct pp_dp *dp, uint8_t owner)
{
	return dp->owner[owner]->home;
}

int pp_dp_worker_node(const struct pp_dp *dp, unsigned int worker)
{
	return (int)rte_lcore_to_socket_id(dp->worker[worker]->lcore);
}
