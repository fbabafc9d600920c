/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's side of the data plane: making workers and their rings, asking
 * things of them, and freeing what they can no longer see.
 */
#include "internal.h"
#include "wire.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define FLIGHT_LINES	262144
#define EVENTS_PER_POLL 4096

/* ---- making ---------------------------------------------------------------------- */

static struct pp_prober *make_prober(struct pp_dp *dp, struct pp_queue *q)
{
	uint32_t lines = dp->config.flight_lines ? dp->config.flight_lines : FLIGHT_LINES;
	struct pp_prober_config config = {
		.sessions = dp->config.sessions,
		.flight = pp_flight_create(lines),
		.self = q->owner,
		.event = pp_worker_event,
		.arg = q,
	};

	if (!config.flight)
		return NULL;
	struct pp_prober *p = pp_prober_create(&config, pp_clock_now());
	if (!p)
		pp_flight_free(config.flight);
	q->flight = config.flight;
	return p;
}

static int add_queue(struct pp_dp *dp, const struct pp_queue_map *map, struct pp_error *ret_error)
{
	struct pp_worker *w;
	int err = pp_crew_get(dp, map->lcore, &w, ret_error);

	if (err)
		return err;
	if (dp->n_owners == PP_QUEUE_MAX)
		return pp_dp_error(ret_error, -ENOSPC, "more than %d queues", PP_QUEUE_MAX);
	struct pp_queue *q = rte_zmalloc_socket("pp_queue", sizeof(*q), RTE_CACHE_LINE_SIZE,
						(int)rte_lcore_to_socket_id(map->lcore));
	if (!q)
		return pp_dp_error(ret_error, -ENOMEM, "no memory for port %u queue %u", map->port,
				   map->queue);
	q->port = map->port;
	q->queue = map->queue;
	q->owner = (uint8_t)dp->n_owners;
	q->home = w->index;
	q->worker = w;
	dp->owner[dp->n_owners++] = q;
	q->prober = make_prober(dp, q);
	if (!q->prober)
		return pp_dp_error(ret_error, -ENOMEM, "no memory for port %u queue %u", map->port,
				   map->queue);
	w->probers[q->owner] = q->prober;
	w->queue[w->n_queues++] = q;
	w->polled[q->port].polls = true;
	dp->owner_worker[q->owner] = (uint8_t)w->index;
	if (map->queue == 0)
		dp->port[map->port].first_queue = q;
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
	return pp_dp_worker_node(dp, dp->port[port].first_queue->home);
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
		struct rte_ring *send = pp_crew_ring("send", port, 0, sizeof(void *), PP_SEND_RING,
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
	if (make_rcu(dp))
		return pp_dp_error(ret_error, -ENOMEM, "no memory for RCU");
	struct pp_queue_map map[PP_QUEUE_MAX];
	unsigned int n = 0;
	err = make_map(dp, map, &n, ret_error);
	for (unsigned int i = 0; !err && i < n; i++)
		err = add_queue(dp, &map[i], ret_error);
	if (err)
		return err;
	dp->pending = calloc(PP_COMMAND_RING, sizeof(*dp->pending));
	if (!dp->pending || pp_crew_join(dp))
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
	int err = pp_crew_start(dp);

	if (err)
		return err;
	for (unsigned int i = 0; i < dp->n_workers; i++)
		if (dp->worker[i]->n_queues)
			pp_crew_launch(dp->worker[i]);
	dp->running = true;
	return 0;
}

/* ---- ending ----------------------------------------------------------------------------- */

static void free_queue(struct pp_queue *q)
{
	pp_prober_free(q->prober);
	rte_ring_free(q->send);
	rte_free(q);
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
	pp_crew_stop(dp);
	run_deferred(dp, true);
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++)
		pp_port_stop(dp, port);
	pp_wire_free(dp->wire); /* what is on it goes back to the pools */
	for (uint16_t port = 0; port < RTE_MAX_ETHPORTS; port++) {
		rte_mempool_free(dp->port[port].rx_pool);
		rte_mempool_free(dp->port[port].tx_pool);
	}
	for (unsigned int i = 0; i < dp->n_owners; i++)
		free_queue(dp->owner[i]);
	for (unsigned int i = 0; i < dp->n_workers; i++)
		pp_crew_free(dp->worker[i]);
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

/* What a worker had to say at some time. Sessions that were done by then had nothing more to
 * say than what was in the events ring. */
struct said {
	unsigned int done, events;
};

static struct said said(const struct pp_worker *w)
{
	struct said s = {.done = rte_ring_count(w->done)};

	s.events = rte_ring_count(w->events);
	return s;
}

static void drain_done(struct pp_dp *dp, struct pp_worker *w, unsigned int n)
{
	struct pp_event e = {.kind = PP_EVENT_DONE};

	while (n-- && rte_ring_sc_dequeue_elem(w->done, &e.session, sizeof(e.session)) == 0)
		take_event(dp, &e);
}

static void drain(struct pp_dp *dp, struct pp_worker *w, struct said s, unsigned int max)
{
	struct pp_event e;

	for (unsigned int i = 0; i < s.events && i < max; i++)
		if (rte_ring_sc_dequeue_elem(w->events, &e, sizeof(e)) == 0)
			take_event(dp, &e);
	if (s.events <= max)
		drain_done(dp, w, s.done);
}

/* What was said of a queue's sessions before it moved is taken before what was said
 * afterwards: the one who let go had said all when the other one began. */
static void drain_moving(struct pp_dp *dp)
{
	struct pp_worker *from = dp->move.from, *to = dp->move.to;
	struct said then = said(to);

	drain(dp, from, said(from), PP_EVENT_RING);
	drain(dp, to, then, EVENTS_PER_POLL);
}

void pp_dp_poll(struct pp_dp *dp)
{
	bool handing = dp->move.state == PP_MOVE_HANDING;
	const struct pp_worker *from = dp->move.from, *to = dp->move.to;

	if (handing)
		drain_moving(dp);
	for (unsigned int i = 0; i < dp->n_workers; i++) {
		struct pp_worker *w = dp->worker[i];
		if (!handing || (w != from && w != to))
			drain(dp, w, said(w), EVENTS_PER_POLL);
	}
	pp_move_tick(dp);
	run_deferred(dp, false);
}

uint64_t pp_dp_pending(struct pp_dp *dp, void (*done)(void *arg), void *arg)
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
	struct pp_worker *w = dp->worker[dp->owner[r->owner]->home];
	struct pp_command c = {
		.command = r->command,
		.session = r->session,
		.at = r->at.v,
		.counts = r->counts,
	};

	if (atomic_load(&dp->stop))
		return -ESHUTDOWN;
	if (r->done && !(c.ack = pp_dp_pending(dp, r->done, r->arg)))
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

void pp_dp_share_owner(struct pp_dp *dp, uint8_t owner)
{
	dp->owner_sessions[owner]++;
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
		.polls = pp_read(&w->polls),
		.busy_polls = pp_read(&w->busy_polls),
		.rx = pp_read(&w->rx),
		.tx = pp_read(&w->tx),
		.stalls = pp_read(&w->stalls),
		.events_lost = pp_read(&w->events_lost),
		.receipts_lost = pp_read(&w->receipts_lost),
		.max_gap = PP_NS(__atomic_load_n(&w->max_gap, __ATOMIC_RELAXED)),
	};
	for (unsigned int i = 0; i < dp->n_owners; i++) {
		const struct pp_queue *q = dp->owner[i];
		if (q->home != worker)
			continue;
		ret_info->queues[ret_info->n_queues++] = (struct pp_queue_info){
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

/* Of a worker, from when it first polled one of the ports. */
static void add_worker_losses(const struct pp_worker *w, const uint16_t *ports, unsigned int n,
			      struct pp_losses *sum)
{
	uint64_t events = 0, receipts = 0;

	for (unsigned int k = 0; k < n; k++) {
		const struct pp_worker_port *s = &w->polled[ports[k]];
		if (!s->polls)
			continue;
		events = RTE_MAX(events, pp_read(&w->events_lost) - s->events_lost);
		receipts = RTE_MAX(receipts, pp_read(&w->receipts_lost) - s->receipts_lost);
	}
	sum->events_lost += events;
	sum->receipts_lost += receipts;
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
	for (unsigned int i = 0; i < dp->n_owners; i++)
		for (unsigned int k = 0; k < n; k++)
			if (dp->owner[i]->port == ports[k])
				add_queue_losses(dp->owner[i], &sum.port[k]);
	for (unsigned int i = 0; i < dp->n_workers; i++)
		add_worker_losses(dp->worker[i], ports, n, &sum);
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
