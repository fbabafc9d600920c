/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtual wire: two ring ports whose receive callback holds each frame until it is
 * due and whose transmit callback only stamps. Its clock is CLOCK_MONOTONIC_RAW, never
 * the clock under test. A direct wire is the rings alone. Public DPDK API only.
 */
#include "wire.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_lcore.h>
#include <rte_mbuf_dyn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RING_SIZE   8192
#define DIRECT_RING 1024  /* as many as a NIC's queue may hold; more would only leave the cache */
#define HELD_MAX    65536 /* frames on one lane at once */
#define DRAIN_BURST 32

/* A frame on its way. */
struct held {
	int64_t due;
	uint64_t order; /* of arrival: equal times leave in it */
	struct rte_mbuf *m;
	uint64_t number; /* of the probe, when truth is kept; 0: none */
	bool mangled;
};

/* From one queue of one port to one queue of the other. Everything but what says
 * otherwise belongs to the worker that polls the far end. */
struct lane {
	struct rte_ring *ring;
	unsigned int dir;
	unsigned int seen; /* generation of the spec */
	struct pp_wire_state state;
	struct held *held; /* heap by (due, order), or a FIFO from `first` */
	uint32_t n, first;
	uint64_t order;
	int64_t last_drain;
	struct pp_wire_counts counts; /* readers: control, relaxed */
};

/* One queue of one port. */
struct end {
	struct pp_wire *wire;
	struct lane *in;
	/* Writer: the worker of this queue. `sent` is of the probes that came here: what
	 * the sender's port refused was never sent. */
	struct pp_truth_log sent, received;
};

struct pp_wire {
	_Atomic(const struct pp_wire_spec *) spec; /* writer: control */
	atomic_uint generation;
	uint16_t port[2], queues;
	bool direct;   /* no callbacks, nothing held, no truth */
	int stamp_off; /* mbuf field of the hand-over time */
	struct end end[2][PP_WIRE_QUEUES];
	struct lane lane[2][PP_WIRE_QUEUES]; /* by direction and sending queue */
	struct pp_wire_spec copy[2];	     /* what spec points at */
};

static int64_t raw_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t *stamp_of(const struct pp_wire *w, struct rte_mbuf *m)
{
	return (int64_t *)(void *)((char *)m + w->stamp_off);
}

/* ---- truth -------------------------------------------------------------------------- */

/* Number in the payload of an untagged echo message, 0: none. */
static uint64_t probe_number(const struct rte_mbuf *m, uint8_t type4, uint8_t type6)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type = m->data_len >= 78   ? pp_get_be16(p + 12)
			: m->data_len >= 58 ? pp_get_be16(p + 12)
					    : 0;

	if (type == PP_ETHER_IP4 && p[14] == 0x45 && p[23] == PP_IPPROTO_ICMP && p[34] == type4)
		return pp_get_be64(p + 42);
	if (type == PP_ETHER_IP6 && m->data_len >= 78 && p[20] == PP_IPPROTO_ICMP6 &&
	    p[54] == type6)
		return pp_get_be64(p + 62);
	return 0;
}

static void log_truth(struct pp_truth_log *log, uint64_t number, int64_t at, bool mangled)
{
	if (log->seen++ == 0)
		log->first = at;
	log->last = at;
	if (log->n == log->capacity) {
		log->dropped += log->capacity != 0;
		return;
	}
	log->entry[log->n] = (struct pp_truth){
		.number = number, .at = at, .order = (uint32_t)log->n, .mangled = mangled};
	log->n++;
}

/* ---- frames in flight ------------------------------------------------------------------ */

static bool before(const struct held *a, const struct held *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void heap_push(struct lane *l, struct held h)
{
	uint32_t i = l->n++;

	while (i && before(&h, &l->held[(i - 1) / 2])) {
		l->held[i] = l->held[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	l->held[i] = h;
}

static struct held heap_pop(struct lane *l)
{
	struct held top = l->held[0], last = l->held[--l->n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < l->n) {
		if (child + 1 < l->n && before(&l->held[child + 1], &l->held[child]))
			child++;
		if (!before(&l->held[child], &last))
			break;
		l->held[i] = l->held[child];
		i = child;
	}
	l->held[i] = last;
	return top;
}

/* One bit of the frame's last byte; mangle makes the checksum right again, as a broken
 * middlebox would. The token and the number stay as they are. */
static bool damage(struct rte_mbuf *m, struct pp_wire_fate f)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	bool four = m->data_len > PP_ETH_MIN && pp_get_be16(p + 12) == PP_ETHER_IP4;
	bool six = m->data_len > 78 && pp_get_be16(p + 12) == PP_ETHER_IP6;
	unsigned int at = m->data_len - 2u, check = four ? 36 : 56;

	if ((!four && !six) || (!f.corrupt && !f.mangle))
		return false;
	at &= ~1u; /* a whole word of the checksum: headers have even lengths */
	uint16_t from = pp_get_be16(p + at), to = from ^ 0x0100;
	pp_put_be16(p + at, to);
	if (!f.mangle)
		return false;
	pp_put_be16(p + check, pp_cksum_update16(pp_get_be16(p + check), from, to));
	return true;
}

static void hold(struct lane *l, struct rte_mbuf *m, pp_ns due, uint64_t number, bool mangled)
{
	if (l->n == HELD_MAX) {
		pp_count(&l->counts.overflow, 1);
		rte_pktmbuf_free(m);
		return;
	}
	heap_push(l, (struct held){
			     .due = due.v > l->last_drain ? due.v : l->last_drain,
			     .order = l->order++,
			     .m = m,
			     .number = number,
			     .mangled = mangled,
		     });
}

/* What the wire does to a frame is decided when the far end first looks for it. */
static void admit(struct pp_wire *w, const struct pp_wire_spec *spec, struct end *e,
		  struct rte_mbuf *m)
{
	struct lane *l = e->in;
	struct pp_wire_fate f =
		pp_wire_next(spec, l->dir, &l->state, PP_NS(*stamp_of(w, m)), m->pkt_len);
	uint64_t number = spec->truth ? probe_number(m, 0, 129) : 0;
	uint64_t probe = spec->truth && !number ? probe_number(m, 8, 128) : 0;

	pp_count(&l->counts.frames, 1);
	if (probe)
		log_truth(&e->sent, probe, *stamp_of(w, m), false);
	if (f.copies == 0) {
		pp_count(&l->counts.lost, 1);
		rte_pktmbuf_free(m);
		return;
	}
	struct rte_mbuf *copy = f.copies == 2 ? rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX) : NULL;
	pp_count(&l->counts.corrupted, f.corrupt);
	bool mangled = damage(m, f);
	pp_count(&l->counts.mangled, mangled);
	/* What is corrupt will not be accepted by anybody: it has no truth. */
	hold(l, m, f.due, f.corrupt && !mangled ? 0 : number, mangled);
	if (copy) {
		pp_count(&l->counts.duplicated, 1);
		hold(l, copy, f.copy_due, number, false);
	}
}

/* A new spec starts its random numbers and the truth afresh. */
static void follow_spec(struct pp_wire *w, const struct pp_wire_spec *spec, struct end *e)
{
	struct lane *l = e->in;
	unsigned int generation = atomic_load_explicit(&w->generation, memory_order_acquire);

	if (l->seen == generation)
		return;
	l->seen = generation;
	e->sent.n = e->received.n = 0;
	e->sent.dropped = e->received.dropped = 0;
	e->sent.seen = e->received.seen = 0;
	l->state = (struct pp_wire_state){0};
	pp_prng_seed(&l->state.rng,
		     spec->seed * 64 + l->dir * 32 + (uint64_t)(l - w->lane[l->dir]));
}

/* Runs in the worker that polls, at every poll, empty or not. */
static uint16_t receive(uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t n,
			uint16_t max, void *arg)
{
	struct end *e = arg;
	struct pp_wire *w = e->wire;
	struct lane *l = e->in;
	const struct pp_wire_spec *spec = atomic_load_explicit(&w->spec, memory_order_acquire);
	void *more[DRAIN_BURST];
	unsigned int k;
	uint16_t out = 0;

	(void)port;
	(void)queue;
	int64_t now = raw_now();
	follow_spec(w, spec, e);
	for (uint16_t i = 0; i < n; i++)
		admit(w, spec, e, pkts[i]);
	while (n && (k = rte_ring_dequeue_burst(l->ring, more, DRAIN_BURST, NULL)))
		for (unsigned int i = 0; i < k; i++)
			admit(w, spec, e, more[i]);
	l->last_drain = now;
	while (out < max && l->n && l->held[0].due <= now) {
		struct held h = heap_pop(l);
		if (h.number)
			log_truth(&e->received, h.number, h.due, h.mangled);
		pkts[out++] = h.m;
	}
	return out;
}

/* Stamps only: a callback that drops would make the port free what the sender frees. */
static uint16_t transmit(uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t n,
			 void *arg)
{
	struct end *e = arg;
	int64_t now = raw_now();

	(void)port;
	(void)queue;
	for (uint16_t i = 0; i < n; i++)
		*stamp_of(e->wire, pkts[i]) = now;
	return n;
}

/* ---- making ------------------------------------------------------------------------------ */

static int make_lanes(struct pp_wire *w)
{
	char name[RTE_RING_NAMESIZE];

	for (unsigned int dir = 0; dir < 2; dir++) {
		for (uint16_t q = 0; q < w->queues; q++) {
			struct lane *l = &w->lane[dir][q];
			snprintf(name, sizeof(name), "pp_wire_%u_%u", dir, q);
			l->dir = dir;
			l->ring = rte_ring_create(name, w->direct ? DIRECT_RING : RING_SIZE,
						  SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			l->held = w->direct ? NULL : calloc(HELD_MAX, sizeof(*l->held));
			if (!l->ring || (!l->held && !w->direct))
				return -ENOMEM;
		}
	}
	return 0;
}

/* The lane on which frames reach queue q of a side. */
static struct lane *lane_into(struct pp_wire *w, unsigned int side, uint16_t q, bool cross)
{
	uint16_t from = (uint16_t)((q + (cross ? w->queues - 1u : 0u)) % w->queues);

	return &w->lane[1 - side][from];
}

static int make_ports(struct pp_wire *w, bool cross)
{
	static const char *const names[2] = {"net_wire0", "net_wire1"};
	struct rte_ring *rx[PP_WIRE_QUEUES], *tx[PP_WIRE_QUEUES];

	for (unsigned int side = 0; side < 2; side++) {
		for (uint16_t q = 0; q < w->queues; q++) {
			w->end[side][q] =
				(struct end){.wire = w, .in = lane_into(w, side, q, cross)};
			rx[q] = w->end[side][q].in->ring;
			tx[q] = w->lane[side][q].ring;
		}
		int port = rte_eth_from_rings(names[side], rx, w->queues, tx, w->queues,
					      rte_socket_id());
		if (port < 0)
			return -(rte_errno ? rte_errno : EIO);
		w->port[side] = (uint16_t)port;
	}
	return 0;
}

static int register_stamp(struct pp_wire *w)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "pmdping_wire_stamp", .size = sizeof(int64_t), .align = sizeof(int64_t)};

	w->stamp_off = rte_mbuf_dynfield_register(&field);
	return w->stamp_off < 0 ? -(rte_errno ? rte_errno : ENOMEM) : 0;
}

int pp_wire_create(const struct pp_wire_spec *spec, struct pp_wire **ret_wire)
{
	struct pp_wire *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	if (spec->queues > PP_WIRE_QUEUES) {
		free(w);
		return -ERANGE;
	}
	w->queues = spec->queues;
	w->direct = spec->direct;
	int err = w->direct ? 0 : register_stamp(w);
	if (!err)
		err = make_lanes(w);
	if (!err)
		err = make_ports(w, spec->cross);
	if (err) {
		pp_wire_free(w);
		return err;
	}
	pp_wire_set(w, spec);
	*ret_wire = w;
	return 0;
}

/* When the ports' queues are set up. */
int pp_wire_attach(struct pp_wire *w)
{
	if (w->direct)
		return 0;
	for (unsigned int side = 0; side < 2; side++) {
		for (uint16_t q = 0; q < w->queues; q++) {
			struct end *e = &w->end[side][q];
			if (!rte_eth_add_rx_callback(w->port[side], q, receive, e) ||
			    !rte_eth_add_tx_callback(w->port[side], q, transmit, e))
				return -(rte_errno ? rte_errno : ENOMEM);
		}
	}
	return 0;
}

void pp_wire_set(struct pp_wire *w, const struct pp_wire_spec *spec)
{
	unsigned int generation = atomic_load(&w->generation) + 1;
	struct pp_wire_spec *copy = &w->copy[generation & 1];

	*copy = *spec;
	atomic_store_explicit(&w->spec, copy, memory_order_release);
	atomic_store_explicit(&w->generation, generation, memory_order_release);
}

void pp_wire_free(struct pp_wire *w)
{
	if (!w)
		return;
	for (unsigned int dir = 0; dir < 2; dir++) {
		for (uint16_t q = 0; q < w->queues; q++) {
			struct lane *l = &w->lane[dir][q];
			for (uint32_t i = 0; i < l->n; i++)
				rte_pktmbuf_free(l->held[i].m);
			free(l->held);
			rte_ring_free(l->ring);
			free(w->end[dir][q].sent.entry);
			free(w->end[dir][q].received.entry);
		}
	}
	free(w);
}

/* ---- truth, for the control thread while no frame is on the wire ------------------------------
 */

static int keep(struct pp_truth_log *log, size_t capacity)
{
	if (log->capacity < capacity) {
		struct pp_truth *entry = realloc(log->entry, capacity * sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		log->entry = entry;
	}
	log->capacity = capacity;
	log->n = 0;
	log->dropped = log->seen = 0;
	return 0;
}

int pp_wire_keep_truth(struct pp_wire *w, size_t capacity)
{
	if (w->direct)
		return 0;
	for (uint16_t q = 0; q < w->queues; q++) {
		if (keep(&w->end[1][q].sent, capacity) || keep(&w->end[0][q].received, capacity))
			return -ENOMEM;
	}
	return 0;
}

const struct pp_truth_log *pp_wire_sent(const struct pp_wire *w, uint16_t queue)
{
	return &w->end[1][queue].sent;
}

const struct pp_truth_log *pp_wire_received(const struct pp_wire *w, uint16_t queue)
{
	return &w->end[0][queue].received;
}

static void add_counts(struct pp_wire_counts *sum, const struct pp_wire_counts *c)
{
	sum->frames += pp_read(&c->frames);
	sum->lost += pp_read(&c->lost);
	sum->duplicated += pp_read(&c->duplicated);
	sum->corrupted += pp_read(&c->corrupted);
	sum->mangled += pp_read(&c->mangled);
	sum->overflow += pp_read(&c->overflow);
}

struct pp_wire_counts pp_wire_counts(const struct pp_wire *w, unsigned int dir)
{
	struct pp_wire_counts sum = {0};

	for (uint16_t q = 0; q < w->queues; q++)
		add_counts(&sum, &w->lane[dir][q].counts);
	return sum;
}

unsigned int pp_wire_capacity(const struct pp_wire *w)
{
	return w->direct ? 2u * DIRECT_RING * w->queues : PP_WIRE_CAPACITY;
}

int pp_wire_side(const struct pp_wire *w, uint16_t port)
{
	return port == w->port[0] ? 0 : port == w->port[1] ? 1 : -1;
}

const struct pp_wire_spec *pp_wire_spec_now(const struct pp_wire *w)
{
	return atomic_load(&w->spec);
}
