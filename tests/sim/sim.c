/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of the simulation: a queue of frames by time, nodes that run when a
 * frame or a timer is due, and what must hold after every burst.
 */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../lib/probe/prober.h"

#define WRONG_PRINTED 5
#define FLIGHT_LINES  (1u << 16)
#define RUN_MAX	      PP_SEC(3600)

void sim_wrong(struct sim *s, const char *format, ...)
{
	va_list args;

	if (s->wrong++ >= WRONG_PRINTED)
		return;
	printf("at %" PRId64 " ns: ", s->now.v);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

struct pp_addr sim_parse(const char *text)
{
	struct pp_addr a = {0};

	CU_ASSERT_EQUAL_FATAL(pp_addr_parse(text, &a), 0);
	return a;
}

/* ---- the queue of frames: a binary heap ---- */

static bool before(const struct sim_frame *a, const struct sim_frame *b)
{
	if (a->seen.v != b->seen.v)
		return a->seen.v < b->seen.v;
	return a->at.v != b->at.v ? a->at.v < b->at.v : a->order < b->order;
}

static void heap_push(struct sim *s, struct sim_frame *f)
{
	if (s->frames == s->room) {
		s->room = s->room ? 2 * s->room : 1024;
		s->heap = realloc(s->heap, s->room * sizeof(struct sim_frame *));
		CU_ASSERT_PTR_NOT_NULL_FATAL(s->heap);
	}
	size_t i = s->frames++;
	for (; i > 0 && before(f, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = f;
}

static struct sim_frame *heap_pop(struct sim *s)
{
	struct sim_frame *top = s->heap[0], *last = s->heap[--s->frames];
	size_t i = 0;

	for (size_t child = 1; child < s->frames; child = 2 * i + 1) {
		if (child + 1 < s->frames && before(s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

/* When the node looks, at t or next after it. */
static pp_ns quantize(const struct sim_node *n, pp_ns t)
{
	if (n->poll.v == 0 || t.v == PP_NS_NEVER.v)
		return t;
	return PP_NS((t.v + n->poll.v - 1) / n->poll.v * n->poll.v);
}

void sim_schedule(struct sim *s, struct sim_frame *f, struct sim_node *to, pp_ns at)
{
	f->to = to;
	f->at = at;
	f->seen = quantize(to, at);
	f->order = s->order++;
	heap_push(s, f);
}

/* ---- what a node's parts call ---- */

/* A request for a neighbour; probes and announcements are none. */
static bool is_ask(const uint8_t *data, size_t len)
{
	struct pp_eth eth;
	struct pp_arp arp;
	struct pp_ip ip;
	struct pp_icmp icmp;

	if (pp_eth_decode(data, len, &eth))
		return false;
	if (eth.type == PP_ETHER_ARP)
		return pp_arp_decode(eth.body, &arp) == PP_OK && arp.op == PP_ARP_REQUEST &&
		       !pp_addr_is_any(&arp.spa) && !pp_addr_eq(&arp.spa, &arp.tpa);
	return pp_ip_decode(eth.body, eth.type, &ip) == PP_OK &&
	       pp_icmp_decode(&ip, &icmp) == PP_OK && icmp.kind == PP_ICMP_NS;
}

static void on_send(void *arg, uint16_t port, const uint8_t *data, size_t len)
{
	struct sim_node *n = arg;

	(void)port;
	if (is_ask(data, len)) {
		int64_t gap = n->sim->now.v - n->last_ask.v;
		n->ask_gap = n->asks && gap < n->ask_gap ? gap : n->ask_gap;
		n->last_ask = n->sim->now;
		n->asks++;
	}
	sim_transmit(n, sim_frame(data, len), n->sim->now);
}

static void on_publish(void *arg, struct pp_view *view)
{
	struct sim_node *n = arg;

	pp_view_free(n->view);
	n->view = view;
}

static void on_rerouted(void *arg)
{
	sim_reroute(arg);
}

static void on_log(void *arg, const char *text)
{
	struct sim_node *n = arg;

	if (n->logs < SIM_LOG_MAX)
		snprintf(n->log[n->logs++], sizeof(n->log[0]), "%s", text);
}

/* What a burst heard waits for the control thread, which comes right after it. */
static void on_prober_event(void *arg, const struct pp_event *e)
{
	sim_truth_event(arg, e);
}

#define HEARD_MAX 64
struct heard {
	unsigned int n;
	struct pp_event e[HEARD_MAX];
};
struct worker {
	struct sim_node *node;
	struct heard heard;
};

static bool on_stack_event(void *arg, const struct pp_event *e)
{
	struct worker *w = arg;

	if (w->heard.n == HEARD_MAX)
		return false;
	w->heard.e[w->heard.n++] = *e;
	return true;
}

static unsigned int on_receipts(void *arg, const struct pp_receipt *r, unsigned int n)
{
	struct worker *w = arg;

	(void)r, (void)n;
	sim_wrong(w->node->sim, "receipt for another worker, of whom there is none");
	return 0;
}

static bool on_error(void *arg, const struct pp_error_receipt *e)
{
	struct worker *w = arg;

	(void)e;
	sim_wrong(w->node->sim, "error for another worker, of whom there is none");
	return false;
}

static const struct pp_host_ops host_ops = {
	.send = on_send, .publish = on_publish, .rerouted = on_rerouted, .log = on_log};
static const struct pp_stack_ops stack_ops = {
	.event = on_stack_event, .receipts = on_receipts, .error = on_error};

/* ---- life ---- */

struct sim *sim_create(uint64_t seed)
{
	struct sim *s = calloc(1, sizeof(*s));

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	pp_prng_seed(&s->rng, seed);
	s->now = PP_SEC(1000);
	return s;
}

struct sim_node *sim_node_log(struct sim *s, uint32_t lines)
{
	struct pp_neigh_config config = pp_neigh_defaults();

	CU_ASSERT_FATAL(s->nodes < SIM_NODES_MAX);
	struct sim_node *n = &s->node[s->nodes++];
	n->sim = s;
	n->up = true;
	n->mac = (struct pp_mac){.b = {2, 0, 0, 0, 0, (uint8_t)s->nodes}};
	n->out.delay = PP_US(5);
	n->ask_gap = INT64_MAX;
	n->inbox_end = &n->inbox;
	n->host_due = s->now;
	n->host = pp_host_create(&config, &host_ops, n, pp_prng_next(&s->rng));
	n->sessions = pp_sessions_create(SIM_PINGS_MAX, pp_prng_next(&s->rng));
	CU_ASSERT_FATAL(n->host && n->sessions);
	struct pp_prober_config prober = {.sessions = n->sessions,
					  .flight = pp_flight_create(lines),
					  .event = on_prober_event,
					  .arg = n};
	n->prober = n->probers[0] = pp_prober_create(&prober, s->now);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n->prober);
	n->stack = (struct pp_stack){
		.sessions = n->sessions, .probers = n->probers, .ops = &stack_ops};
	CU_ASSERT_EQUAL_FATAL(pp_host_set_port(n->host, 0, &n->mac, 1500), 0);
	return n;
}

struct sim_node *sim_node(struct sim *s)
{
	return sim_node_log(s, FLIGHT_LINES);
}

void sim_free(struct sim *s)
{
	CU_ASSERT_EQUAL(s->wrong, 0);
	for (unsigned int i = 0; i < s->pings; i++)
		free(s->ping[i].probe);
	while (s->frames)
		free(heap_pop(s));
	for (unsigned int i = 0; i < s->nodes; i++) {
		struct sim_node *n = &s->node[i];
		pp_host_free(n->host);
		pp_prober_free(n->prober);
		pp_sessions_free(n->sessions);
		pp_view_free(n->view);
	}
	free(s->heap);
	free(s);
}

static void addr_add(struct sim_node *n, const char *prefix, bool dad)
{
	struct pp_link link = {.port = 0};
	struct pp_addr a = {0};
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a, &plen), 0);
	CU_ASSERT_EQUAL_FATAL(pp_host_addr_add(n->host, &a, plen, link, dad, false, n->sim->now),
			      0);
	n->host_due = n->sim->now;
}

void sim_addr(struct sim_node *n, const char *prefix)
{
	addr_add(n, prefix, false);
}

void sim_addr_dad(struct sim_node *n, const char *prefix)
{
	addr_add(n, prefix, true);
}

void sim_route(struct sim_node *n, const char *prefix, const char *gateway, uint16_t preference)
{
	struct pp_addr a = {0}, g = sim_parse(gateway);
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a, &plen), 0);
	CU_ASSERT_EQUAL_FATAL(pp_host_route_add(n->host, &a, plen, &g, preference), 0);
}

/* ---- a node's turn ---- */

static void answer(struct sim_node *n, struct sim_frame *f, const struct pp_pkt *pkt)
{
	f->len = pkt->len;
	f->next = NULL;
	sim_transmit(n, f, n->sim->now);
}

/* One burst from the inbox through the fast half, and what was heard to the slow. */
static void receive_burst(struct sim_node *n)
{
	struct sim_frame *frame[PP_TX_BURST];
	struct pp_pkt pkts[PP_TX_BURST];
	struct worker w = {.node = n};
	struct pp_span rx = {pp_ns_sub(n->sim->now, n->poll), n->sim->now};
	unsigned int count = 0;

	for (; n->inbox && count < PP_TX_BURST; n->inbox = n->inbox->next, count++) {
		struct sim_frame *f = frame[count] = n->inbox;
		pkts[count] = (struct pp_pkt){.data = f->data, .len = f->len, .room = f->room};
		sim_truth_arrived(f);
	}
	n->stack.arg = &w;
	pp_stack_receive(&n->stack, n->view, pkts, count, rx);
	for (unsigned int i = 0; i < count; i++) {
		if (pkts[i].answer)
			answer(n, frame[i], &pkts[i]);
		else
			free(frame[i]);
	}
	for (unsigned int i = 0; i < w.heard.n; i++)
		pp_host_hear(n->host, &w.heard.e[i], n->sim->now);
	if (w.heard.n)
		n->host_due = n->sim->now;
}

static struct sim_ping *ping_of(struct sim_node *n, pp_session_ref ref)
{
	struct sim *s = n->sim;

	for (unsigned int i = 0; i < s->pings; i++)
		if (s->ping[i].node == n && s->ping[i].ref == ref)
			return &s->ping[i];
	sim_wrong(s, "probe of an unknown session");
	return NULL;
}

/* The port takes the first of a burst, and they leave one after the other within
 * the span that the prober is told. */
static void send_burst(struct sim_node *n, const struct pp_batch *batch)
{
	struct sim *s = n->sim;
	struct pp_span tx = {s->now, pp_ns_add(s->now, n->poll)};
	unsigned int taken = batch->n;
	static uint8_t frame[PP_TX_BURST][2048];
	uint8_t *frames[PP_TX_BURST];

	for (unsigned int i = 0; i < PP_TX_BURST; i++)
		frames[i] = frame[i];
	pp_prober_write(n->prober, batch, frames);
	if (sim_chance(s, n->refuse))
		taken = (unsigned int)pp_prng_below(&s->rng, taken + 1);
	for (unsigned int i = 0; i < taken; i++) {
		struct sim_ping *p = ping_of(n, pp_batch_at(batch, i).ref);
		pp_ns departs = PP_NS(tx.from.v + n->poll.v * (i + 1) / (int64_t)(taken + 1));
		if (!p)
			continue;
		CU_ASSERT_FATAL(pp_batch_at(batch, i).len + (size_t)PP_WRITE_SLOP <=
				sizeof(frame[i]));
		struct sim_frame *f = sim_frame(frame[i], pp_batch_at(batch, i).len);
		f->ping = p;
		f->k = pp_batch_at(batch, i).k;
		sim_truth_sent(p, f->k, departs);
		sim_transmit(n, f, departs);
	}
	pp_prober_commit(n->prober, batch, taken, tx);
}

/* What holds in every snapshot at a burst boundary. */
static void check_node(struct sim_node *n)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PP_DROP_COUNT; i++)
		sum += n->stack.drops[i];
	if (sum != n->stack.delivered)
		sim_wrong(n->sim, "%" PRIu64 " delivered, %" PRIu64 " counted", n->stack.delivered,
			  sum);
	for (unsigned int i = 0; i < n->sim->pings; i++) {
		const struct sim_ping *p = &n->sim->ping[i];
		if (p->node == n && !pp_counts_consistent(sim_counts(p)))
			sim_wrong(n->sim, "counts of ping %u do not add up", i);
	}
}

static void node_turn(struct sim_node *n)
{
	pp_ns now = n->sim->now;
	struct pp_batch batch;

	n->inbox_end = &n->inbox;
	while (n->inbox) {
		receive_burst(n);
		check_node(n);
	}
	if (!pp_ns_before(now, n->host_due))
		n->host_due = pp_host_tick(n->host, now);
	if (pp_prober_idle(n->prober, now))
		return;
	while (pp_prober_plan(n->prober, now, now, &batch))
		send_burst(n, &batch);
	check_node(n);
}

/* Earliest timer of a node, as it will see it. */
static pp_ns node_due(const struct sim_node *n)
{
	pp_ns due = pp_prober_next(n->prober);

	return quantize(n, pp_ns_min(due, n->host_due));
}

static pp_ns next_time(const struct sim *s)
{
	pp_ns next = s->frames ? s->heap[0]->seen : PP_NS_NEVER;

	for (unsigned int i = 0; i < s->nodes; i++)
		next = pp_ns_min(next, node_due(&s->node[i]));
	return next;
}

/* Hands out what is due now; frames to a node that is down are gone. */
static void fill_inboxes(struct sim *s)
{
	while (s->frames && !pp_ns_before(s->now, s->heap[0]->seen)) {
		struct sim_frame *f = heap_pop(s);
		if (!f->to->up) {
			free(f);
			continue;
		}
		f->next = NULL;
		*f->to->inbox_end = f;
		f->to->inbox_end = &f->next;
	}
}

static void step(struct sim *s, pp_ns now)
{
	s->now = pp_ns_before(s->now, now) ? now : s->now;
	fill_inboxes(s);
	for (unsigned int i = 0; i < s->nodes; i++) {
		struct sim_node *n = &s->node[i];
		if (n->inbox || !pp_ns_before(s->now, node_due(n)))
			node_turn(n);
	}
}

void sim_run(struct sim *s, pp_ns until)
{
	for (;;) {
		pp_ns next = next_time(s);
		if (pp_ns_before(until, next))
			break;
		step(s, next);
	}
	s->now = until;
}

static bool all_done(const struct sim *s)
{
	for (unsigned int i = 0; i < s->pings; i++)
		if (!s->ping[i].done)
			return false;
	return s->frames == 0;
}

void sim_run_done(struct sim *s)
{
	pp_ns end = pp_ns_add(s->now, RUN_MAX);

	while (!all_done(s)) {
		pp_ns next = next_time(s);
		if (pp_ns_before(end, next)) {
			sim_wrong(s, "not done after an hour");
			return;
		}
		step(s, next);
	}
}

const struct sim_family sim_families[2] = {
	{"192.0.2.1/24", "192.0.2.2/24", "192.0.2.2", "192.0.2.3/24"},
	{"2001:db8::1/64", "2001:db8::2/64", "2001:db8::2", "2001:db8::3/64"},
};
