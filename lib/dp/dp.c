/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's side of the data plane: making workers and their rings, asking
 * things of them, and freeing what they can no longer see.
 */
#include "internal.h"
#include "wire.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define FLIGHT_LINES	262144
#define EVENTS_PER_POLL 4096

/* ---- making ---------------------------------------------------------------------- */

static struct rte_ring *make_ring(const char *kind, unsigned int a, unsigned int b, size_t elem,
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
	w->events =
		make_ring("events", lcore, 0, sizeof(struct pp_event), PP_EVENT_RING, spsc, socket);
	w->commands = make_ring("commands", lcore, 0, sizeof(struct pp_command), PP_COMMAND_RING,
				spsc, socket);
	w->done = make_ring("done", lcore, 0, sizeof(pp_session_ref), PP_DONE_RING,
			    spsc | RING_F_EXACT_SZ, socket);
	if (!w->events || !w->commands || !w->done)
		return NULL;
	dp->worker[dp->n_workers++] = w;
	return w;
}

static int add_worker(struct pp_dp *dp, unsigned int lcore, struct pp_worker **ret_worker,
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

/* Rings between every two workers, for answers that another one sent for. */
static int join_workers(struct pp_dp *dp)
{
	for (unsigned int i = 0; dp->n_workers > 1 && i < dp->n_workers; i++) {
		struct pp_worker *w = dp->worker[i];
		int socket = (int)rte_lcore_to_socket_id(w->lcore);
		w->errors = make_ring("errors", i, 0, sizeof(struct pp_error_receipt),
				      PP_ERROR_RING, RING_F_SC_DEQ, socket);
		if (!w->errors)
			return -ENOMEM;
		for (unsigned int from = 0; from < dp->n_workers; from++) {
			if (from == i)
				continue;
			w->receipts[from] =
				make_ring("receipts", i, from, sizeof(struct pp_receipt),
					  PP_RECEIPT_RING, RING_F_SP_ENQ | RING_F_SC_DEQ, socket);
			if (!w->receipts[from])
				return -ENOMEM;
		}
	}
	return 0;
}

static struct pp_prober *make_prober(struct pp_dp *dp, struct pp_worker *w, uint8_t owner,
				     struct pp_flight **ret_flight)
{
	uint32_t lines = dp->config.flight_lines ? dp->config.flight_lines : FLIGHT_LINES;
	struct pp_prober_config config = {
		.sessions = dp->config.sessions,
		.flight = pp_flight_create(lines),
		.self = owner,
		.event = pp_worker_event,
		.arg = w,
	};

	if (!config.flight)
		return NULL;
	struct pp_prober *p = pp_prober_create(&config, pp_clock_now());
	if (!p)
		pp_flight_free(config.flight);
	*ret_flight = config.flight;
	return p;
}

static int add_queue(struct pp_dp *dp, const struct pp_queue_map *map, struct pp_error *ret_error)
{
	struct pp_port *port = &dp->port[map->port];
	struct pp_worker *w;
	uint8_t owner = (uint8_t)dp->n_owners;
	int err = add_worker(dp, map->lcore, &w, ret_error);

	if (err)
		return err;
	if (dp->n_owners == PP_QUEUE_MAX)
		return pp_dp_error(ret_error, -ENOSPC, "more than %d queues", PP_QUEUE_MAX);
	struct pp_queue *q = &w->queue[w->n_queues];
	*q = (struct pp_queue){.port = map->port, .queue = map->queue, .owner = owner};
	q->prober = make_prober(dp, w, owner, &q->flight);
	if (!q->prober)
		return pp_dp_error(ret_error, -ENOMEM, "no memory for port %u queue %u", map->port,
				   map->queue);
	w->probers[owner] = q->prober;
	w->n_queues++;
	dp->owner[owner] = q;
	dp->owner_worker[owner] = (uint8_t)w->index;
	dp->n_owners++;
	if (map->queue == 0)
		port->first_queue = q;
	return 0;
}

/* ---- the map of queues --------------------------------------------------------------- */

/* One queue, but as many as the wire was made with where there is one. */
static uint16_t default_queues(const struct pp_dp *dp, uint16_t port)
{
	struct rte_eth_dev_info info;

	if (!dp->wire || rte_eth_dev_info_get(port, &info))
		return 1;
	return strcmp(info.driver_name, "net_ring") ? 1 : info.max_rx_queues;
}

/* Ports and lcores as there are, for planning. */
struct layout {
	struct pp_numa_port port[PP_PORT_MAX];
	char name[PP_PORT_MAX][RTE_ETH_NAME_MAX_LEN];
	struct pp_numa_lcore lcore[PP_LCORES_MAX];
	struct pp_numa_layout all;
};

static void read_layout(const struct pp_dp *dp, struct layout *l)
{
	unsigned int lcore;

	l->all = (struct pp_numa_layout){.ports = l->port, .lcores = l->lcore};
	for (uint16_t port = 0; port < PP_PORT_MAX; port++) {
		if (!rte_eth_dev_is_valid_port(port))
			continue;
		char *name = l->name[port];
		if (rte_eth_dev_get_name_by_port(port, name))
			name[0] = '\0';
		l->port[l->all.n_ports++] = (struct pp_numa_port){
			.port = port,
			.queues = default_queues(dp, port),
			.node = pp_port_node(port),
			.name = name,
		};
	}
	for (lcore = rte_get_next_lcore(UINT32_MAX, 1, 0);
	     lcore < RTE_MAX_LCORE && l->all.n_lcores < PP_LCORES_MAX;
	     lcore = rte_get_next_lcore(lcore, 1, 0)) {
		l->lcore[l->all.n_lcores++] = (struct pp_numa_lcore){
			.lcore = lcore, .node = (int)rte_lcore_to_socket_id(lcore)};
	}
}

static bool maps_queue(const struct pp_queue_map *map, unsigned int n, uint16_t port,
		       unsigned int queue)
{
	for (unsigned int i = 0; i < n; i++)
		if (map[i].port == port && map[i].queue == queue)
			return true;
	return false;
}

static int check_map(const struct pp_queue_map *map, unsigned int n, struct pp_error *ret_error)
{
	for (unsigned int i = 0; i < n; i++) {
		if (map[i].port >= PP_PORT_MAX || !rte_eth_dev_is_valid_port(map[i].port))
			return pp_dp_error(ret_error, -ENODEV,
					   "--config names port %u, which is not there",
					   map[i].port);
		if (maps_queue(map, i, map[i].port, map[i].queue))
			return pp_dp_error(ret_error, -EINVAL,
					   "--config names port %u queue %u twice", map[i].port,
					   map[i].queue);
		if (map[i].queue && !maps_queue(map, n, map[i].port, map[i].queue - 1u))
			return pp_dp_error(ret_error, -EINVAL,
					   "--config names port %u queue %u but not queue %u",
					   map[i].port, map[i].queue, map[i].queue - 1u);
	}
	if (rte_eth_dev_count_avail() > PP_PORT_MAX)
		return pp_dp_error(ret_error, -ENOSPC, "more than %d ports", PP_PORT_MAX);
	for (uint16_t port = 0; port < PP_PORT_MAX; port++) {
		if (rte_eth_dev_is_valid_port(port) && !maps_queue(map, n, port, 0))
			return pp_dp_error(ret_error, -EINVAL, "--config gives port %u to no lcore",
					   port);
	}
	return 0;
}

static struct pp_numa_complaints complaints(const struct pp_dp *dp, struct pp_error *error)
{
	return (struct pp_numa_complaints){.strict = dp->config.strict_numa,
					   .warn = dp->config.warn,
					   .arg = dp->config.arg,
					   .error = error};
}

static void judge_piece(void *arg, const struct pp_numa_memory *piece)
{
	char text[400];

	if (pp_numa_misplaced(piece, text, sizeof(text)))
		pp_numa_complain(arg, text);
}

static int judge_memory(const struct pp_dp *dp, struct pp_error *ret_error)
{
	struct pp_numa_complaints c = complaints(dp, ret_error);

	if (dp->numa.n_nodes > 1)
		pp_dp_memory(dp, judge_piece, &c);
	return pp_numa_refused(&c);
}

/* The map that was asked for, or else a plan. */
static int make_map(struct pp_dp *dp, struct pp_queue_map *map, unsigned int *ret_n,
		    struct pp_error *ret_error)
{
	struct pp_numa_complaints c = complaints(dp, ret_error);
	struct layout l;
	unsigned int n = dp->config.n_map;

	read_layout(dp, &l);
	if (dp->config.map)
		memcpy(map, dp->config.map, n * sizeof(*map));
	else
		n = pp_numa_plan(&dp->numa, &l.all, map);
	int err = check_map(map, n, ret_error);
	if (err)
		return err;
	pp_numa_judge(&dp->numa, &l.all, map, n, pp_numa_complain, &c);
	*ret_n = n;
	return pp_numa_refused(&c);
}

static uint16_t queues_of(const struct pp_queue_map *map, unsigned int n, uint16_t port)
{
	uint16_t queues = 0;

	for (unsigned int i = 0; i < n; i++)
		queues = (uint16_t)(queues + (map[i].port == port));
	return queues;
}

/* The port's node, or that of the worker of its first queue. */
static int home_node(const struct pp_dp *dp, uint16_t port)
{
	int node = pp_port_node(port);

	if (node >= 0)
		return node;
	return pp_dp_worker_node(dp, dp->owner_worker[dp->port[port].first_queue->owner]);
}

static int start_ports(struct pp_dp *dp, const struct pp_queue_map *map, unsigned int n,
		       struct pp_error *ret_error)
{
	for (uint16_t port = 0; port < PP_PORT_MAX; port++) {
		if (!rte_eth_dev_is_valid_port(port))
			continue;
		struct pp_port *p = &dp->port[port];
		p->node = home_node(dp, port);
		int err = pp_port_start(dp, port, queues_of(map, n, port), ret_error);
		if (err)
			return err;
		struct rte_ring *send = make_ring("send", port, 0, sizeof(void *), PP_SEND_RING,
						  RING_F_SP_ENQ | RING_F_SC_DEQ, p->node);
		if (!send)
			return pp_dp_error(ret_error, -ENOMEM, "no memory for the ring of port %u",
					   port);
		p->first_queue->send = send;
	}
	for (unsigned int i = 0; i < dp->n_owners; i++)
		dp->owner[i]->tx_pool = dp->port[dp->owner[i]->port].tx_pool;
	return 0;
}

static int make_rcu(struct pp_dp *dp)
{
	dp->rcu =
		rte_zmalloc("pp_rcu", rte_rcu_qsbr_get_memsize(PP_WORKER_MAX), RTE_CACHE_LINE_SIZE);
	if (!dp->rcu || rte_rcu_qsbr_init(dp->rcu, PP_WORKER_MAX))
		return -ENOMEM;
	for (unsigned int i = 0; i < dp->n_workers; i++)
		rte_rcu_qsbr_thread_register(dp->rcu, i);
	return 0;
}

static int make_wire(struct pp_dp *dp, struct pp_error *ret_error)
{
	int err = dp->config.wire ? pp_wire_create(dp->config.wire, &dp->wire) : 0;

	return err ? pp_dp_error(ret_error, err, "--wire: no ports: %s", rte_strerror(-err)) : 0;
}

static int build(struct pp_dp *dp, struct pp_error *ret_error)
{
	int err = make_wire(dp, ret_error);

	if (err)
		return err;
	struct pp_queue_map map[PP_QUEUE_MAX];
	unsigned int n = 0;
	err = make_map(dp, map, &n, ret_error);
	for (unsigned int i = 0; !err && i < n; i++)
		err = add_queue(dp, &map[i], ret_error);
	if (err)
		return err;
	dp->pending = calloc(PP_COMMAND_RING, sizeof(*dp->pending));
	if (!dp->pending || join_workers(dp) || make_rcu(dp))
		return pp_dp_error(ret_error, -ENOMEM, "no memory for the workers' rings");
	err = start_ports(dp, map, n, ret_error);
	if (!err && dp->wire && pp_wire_attach(dp->wire))
		err = pp_dp_error(ret_error, -EIO, "--wire: no callbacks: %s",
				  rte_strerror(rte_errno));
	if (err)
		return err;
	pp_memory_place(dp);
	return judge_memory(dp, ret_error);
}

int pp_dp_create(const struct pp_dp_config *config, struct pp_dp **ret_dp,
		 struct pp_error *ret_error)
{
	struct pp_dp *dp = calloc(1, sizeof(*dp));

	if (!dp)
		return pp_dp_error(ret_error, -ENOMEM, "out of memory");
	dp->config = *config;
	dp->deferred_end = &dp->deferred;
	pp_numa_init(&dp->numa, &pp_numa_system);
	int err = build(dp, ret_error);
	if (err) {
		pp_dp_free(dp);
		return err;
	}
	*ret_dp = dp;
	return 0;
}

int pp_dp_run(struct pp_dp *dp)
{
	for (unsigned int i = 0; i < dp->n_workers; i++) {
		int err =
			rte_eal_remote_launch(pp_worker_main, dp->worker[i], dp->worker[i]->lcore);
		if (err)
			return err;
	}
	return 0;
}

/* ---- ending ----------------------------------------------------------------------------- */

static void free_worker(struct pp_worker *w)
{
	for (unsigned int i = 0; i < w->n_queues; i++) {
		pp_prober_free(w->queue[i].prober);
		rte_ring_free(w->queue[i].send);
	}
	for (unsigned int i = 0; i < PP_WORKER_MAX; i++)
		rte_ring_free(w->receipts[i]);
	rte_ring_free(w->errors);
	rte_ring_free(w->events);
	rte_ring_free(w->done);
	rte_ring_free(w->commands);
	rte_free(w);
}

static void run_deferred(struct pp_dp *dp, bool all)
{
	while (dp->deferred) {
		struct pp_deferred *d = dp->deferred;
		if (!all && rte_rcu_qsbr_check(dp->rcu, d->token, false) != 1)
			return;
		dp->deferred = d->next;
		if (!dp->deferred)
			dp->deferred_end = &dp->deferred;
		if (d->done)
			d->done(d->arg);
		free(d);
	}
}

void pp_dp_free(struct pp_dp *dp)
{
	if (!dp)
		return;
	atomic_store(&dp->stop, true);
	rte_eal_mp_wait_lcore();
	run_deferred(dp, true);
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++)
		pp_port_stop(dp, port);
	pp_wire_free(dp->wire); /* what is on it goes back to the pools */
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++) {
		rte_mempool_free(dp->port[port].rx_pool);
		rte_mempool_free(dp->port[port].tx_pool);
	}
	for (unsigned int i = 0; i < dp->n_workers; i++)
		free_worker(dp->worker[i]);
	pp_view_free(atomic_load(&dp->view));
	rte_free(dp->rcu);
	free(dp->pending);
	free(dp);
}

/* ---- while it runs ------------------------------------------------------------------------ */

void pp_dp_defer(struct pp_dp *dp, void (*done)(void *arg), void *arg)
{
	struct pp_deferred *d = calloc(1, sizeof(*d));

	if (!d)
		return; /* leaks what it would have freed: never frees what is in use */
	*d = (struct pp_deferred){.done = done, .arg = arg, .token = rte_rcu_qsbr_start(dp->rcu)};
	*dp->deferred_end = d;
	dp->deferred_end = &d->next;
}

static void free_view(void *view)
{
	pp_view_free(view);
}

void pp_dp_publish(struct pp_dp *dp, struct pp_view *view)
{
	struct pp_view *old = atomic_exchange(&dp->view, view);

	if (old)
		pp_dp_defer(dp, free_view, old);
}

void pp_dp_send(struct pp_dp *dp, uint16_t port, const uint8_t *frame, size_t len)
{
	struct pp_port *p = &dp->port[port];
	struct rte_mbuf *m;

	if (!p->used)
		return;
	m = rte_pktmbuf_alloc(p->tx_pool);
	char *data = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;
	if (data)
		memcpy(data, frame, len);
	if (data && rte_ring_sp_enqueue(p->first_queue->send, m) == 0)
		return;
	p->frames_dropped++;
	rte_pktmbuf_free(m);
}

static void acknowledged(struct pp_dp *dp, uint64_t ack)
{
	struct pp_pending *p = &dp->pending[ack - 1];
	void (*done)(void *) = p->done;

	p->used = false;
	done(p->arg);
}

static void take_event(struct pp_dp *dp, const struct pp_event *e)
{
	if (e->kind == PP_EVENT_ACK)
		acknowledged(dp, e->ack);
	else
		dp->config.event(dp->config.arg, e);
}

/* Sessions that were done before the events ring was last empty: all they had to say before
 * has been taken. */
static void drain_done(struct pp_dp *dp, struct pp_worker *w, unsigned int n)
{
	struct pp_event e = {.kind = PP_EVENT_DONE};

	while (n-- && rte_ring_sc_dequeue_elem(w->done, &e.session, sizeof(e.session)) == 0)
		take_event(dp, &e);
}

static void drain_events(struct pp_dp *dp, struct pp_worker *w)
{
	unsigned int done = rte_ring_count(w->done);
	struct pp_event e;

	for (unsigned int i = 0; i < EVENTS_PER_POLL; i++) {
		if (rte_ring_sc_dequeue_elem(w->events, &e, sizeof(e))) {
			drain_done(dp, w, done);
			return;
		}
		take_event(dp, &e);
	}
}

void pp_dp_poll(struct pp_dp *dp)
{
	for (unsigned int i = 0; i < dp->n_workers; i++)
		drain_events(dp, dp->worker[i]);
	run_deferred(dp, false);
}

static uint64_t take_pending(struct pp_dp *dp, void (*done)(void *), void *arg)
{
	for (uint64_t i = 0; i < PP_COMMAND_RING; i++) {
		if (dp->pending[i].used)
			continue;
		dp->pending[i] = (struct pp_pending){.done = done, .arg = arg, .used = true};
		return i + 1;
	}
	return 0;
}

int pp_dp_request(struct pp_dp *dp, const struct pp_dp_request *r)
{
	struct pp_worker *w = dp->worker[dp->owner_worker[r->owner]];
	struct pp_command c = {
		.command = r->command,
		.session = r->session,
		.at = r->at.v,
		.counts = r->counts,
	};

	if (r->done && !(c.ack = take_pending(dp, r->done, r->arg)))
		return -EAGAIN;
	if (rte_ring_sp_enqueue_elem(w->commands, &c, sizeof(c)) == 0)
		return 0;
	if (c.ack)
		dp->pending[c.ack - 1].used = false;
	return -EAGAIN;
}

int pp_dp_pick_owner(struct pp_dp *dp, uint16_t port)
{
	int best = -ENODEV;

	for (unsigned int i = 0; i < dp->n_owners; i++) {
		if (dp->owner[i]->port != port)
			continue;
		if (best < 0 || dp->owner_sessions[i] < dp->owner_sessions[best])
			best = (int)i;
	}
	if (best >= 0)
		dp->owner_sessions[best]++;
	return best;
}

void pp_dp_drop_owner(struct pp_dp *dp, uint8_t owner)
{
	dp->owner_sessions[owner]--;
}

struct pp_wire *pp_dp_wire(const struct pp_dp *dp)
{
	return dp->wire;
}

/* ---- show ---------------------------------------------------------------------------------- */

unsigned int pp_dp_workers(const struct pp_dp *dp)
{
	return dp->n_workers;
}

void pp_dp_worker_info(const struct pp_dp *dp, unsigned int worker, struct pp_worker_info *ret_info)
{
	const struct pp_worker *w = dp->worker[worker];

	*ret_info = (struct pp_worker_info){
		.lcore = w->lcore,
		.n_queues = w->n_queues,
		.polls = pp_read(&w->polls),
		.busy_polls = pp_read(&w->busy_polls),
		.rx = pp_read(&w->rx),
		.tx = pp_read(&w->tx),
		.stalls = pp_read(&w->stalls),
		.events_lost = pp_read(&w->events_lost),
		.receipts_lost = pp_read(&w->receipts_lost),
		.max_gap = PP_NS(__atomic_load_n(&w->max_gap, __ATOMIC_RELAXED)),
	};
	for (unsigned int i = 0; i < w->n_queues; i++) {
		const struct pp_queue *q = &w->queue[i];
		ret_info->queues[i] = (struct pp_queue_info){
			.port = q->port,
			.queue = q->queue,
			.probes_refused = pp_read(&q->probes_refused),
			.answers_refused = pp_read(&q->answers_refused),
			.frames_refused = pp_read(&q->frames_refused),
			.no_mbuf = pp_read(&q->no_mbuf),
		};
		ret_info->sessions += dp->owner_sessions[q->owner];
	}
}

static void add_queue_losses(const struct pp_queue *q, struct pp_port_losses *sum)
{
	sum->probes_refused += pp_read(&q->probes_refused);
	sum->answers_refused += pp_read(&q->answers_refused);
	sum->frames_refused += pp_read(&q->frames_refused);
	sum->no_mbuf += pp_read(&q->no_mbuf);
}

/* Whether it polls one of the ports, whose sums it adds to. */
static bool add_worker_losses(const struct pp_worker *w, const uint16_t *ports, unsigned int n,
			      struct pp_losses *sum)
{
	bool any = false;

	for (unsigned int i = 0; i < w->n_queues; i++) {
		for (unsigned int k = 0; k < n; k++) {
			if (w->queue[i].port != ports[k])
				continue;
			add_queue_losses(&w->queue[i], &sum->port[k]);
			any = true;
		}
	}
	return any;
}

void pp_dp_losses(struct pp_dp *dp, const uint16_t *ports, unsigned int n,
		  struct pp_losses *ret_losses)
{
	struct pp_losses sum = {0};
	struct pp_port_stats stats;

	for (unsigned int k = 0; k < n; k++) {
		if (pp_dp_port_stats(dp, ports[k], &stats))
			continue;
		struct pp_port *port = &dp->port[ports[k]];
		sum.port[k].rx_missed = pp_kernel_missed(port, ports[k], stats.imissed);
		sum.port[k].rx_nombuf = stats.rx_nombuf;
		sum.port[k].frames_dropped = port->frames_dropped;
	}
	for (unsigned int i = 0; i < dp->n_workers; i++) {
		const struct pp_worker *w = dp->worker[i];
		if (!add_worker_losses(w, ports, n, &sum))
			continue;
		sum.events_lost += pp_read(&w->events_lost);
		sum.receipts_lost += pp_read(&w->receipts_lost);
	}
	*ret_losses = sum;
}

uint64_t pp_dp_drops(const struct pp_dp *dp, enum pp_drop drop)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < dp->n_workers; i++)
		sum += pp_read(&dp->worker[i]->stack.drops[drop]);
	return sum;
}

uint64_t pp_dp_delivered(const struct pp_dp *dp)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < dp->n_workers; i++)
		sum += pp_read(&dp->worker[i]->stack.delivered);
	return sum;
}
