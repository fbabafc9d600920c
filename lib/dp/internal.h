/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane from inside: workers, their queues and rings, shared by the files of
 * lib/dp.
 */
#ifndef PMDPING_DP_INTERNAL_H
#define PMDPING_DP_INTERNAL_H

#include <pmdping/dp.h>

#include "clock.h"
#include "numa_ops.h"
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#define PP_RX_BURST	32
#define PP_WORKER_MAX	PP_LCORES_MAX
#define PP_EVENT_RING	8192
#define PP_COMMAND_RING 4096
#define PP_RECEIPT_RING 4096
#define PP_ERROR_RING	256
#define PP_SEND_RING	1024
#define PP_DONE_RING	131072 /* as many as there can be sessions: it cannot be full */

/* A queue pair: receives, answers, and sends the sessions of its prober. Everything is
 * the worker's except what says otherwise; when it moves (move.c), one worker's, then the
 * other's. */
struct pp_queue {
	uint16_t port, queue;
	uint8_t owner;		     /* number of its prober */
	unsigned int home;	     /* control only: index of the worker to ask */
	struct pp_worker *worker;    /* that has it */
	struct rte_mempool *tx_pool; /* probes and control frames; answers reuse what came in */
	struct pp_prober *prober;
	struct pp_flight *flight; /* the prober's */
	struct rte_ring *send;	  /* mbufs from the control thread, for queue 0 of a port */
	pp_tsc last_short;	  /* stamp before the last poll that left the queue empty */
	pp_tsc sent_before, received_before; /* the worker's totals at the last poll */
	pp_tsc polled;			     /* stamp after the last poll */
	atomic_bool released;		     /* its worker has let go of it */
	uint32_t mark[PP_WORKER_MAX];	     /* where its receipts end in each one's ring */
	pp_ns stalled;			     /* end of that worker's last stall, then */
	int64_t unpolled;		     /* ns that nobody looked at it when it last moved */

	/* Writer: the worker; readers: control, relaxed. */
	uint64_t probes_refused, answers_refused, frames_refused, no_mbuf;
};

/* What else the control thread asks of a worker. */
enum pp_worker_command {
	PP_WORKER_RELEASE = PP_DP_COUNTS + 1, /* a queue: it has it no more */
	PP_WORKER_ADOPT,		      /* a queue, as soon as it is released */
	PP_WORKER_END,			      /* the loop: it has no queue */
};

/* What the control thread asks of a worker. */
struct pp_command {
	uint32_t command;	/* enum pp_dp_command, enum pp_worker_command */
	struct pp_queue *queue; /* of the latter */
	pp_session_ref session;
	int64_t at;
	struct pp_counts *counts;
	uint64_t ack; /* index of the pending request + 1, 0: none */
};

#define PP_STALL_LOG 1024
struct pp_stall_entry {
	int64_t at, length; /* ns */
	uint32_t cause;	    /* the worker's word; the control thread's, once it knows better */
};

struct pp_worker {
	struct pp_dp *dp;
	unsigned int lcore, index;
	unsigned int n_queues;
	struct pp_queue *queue[PP_QUEUE_MAX];
	struct pp_command adopting; /* its queue is on its way here; NULL: none is */
	bool ended;
	bool running; /* control only: was launched, and not asked to end */
	struct pp_stack stack;
	struct pp_prober *probers[256]; /* ours by owner number, else NULL */
	struct pp_clock_line clock;
	_Atomic int tid;  /* of the thread, for its scheduling counters */
	pp_tsc sending;	  /* cycles in transmit calls, ever */
	pp_tsc receiving; /* cycles in receive calls, ever */
	bool crowded;	  /* an owner's ring was nearly full of our receipts */
	struct pp_stall_entry stall[PP_STALL_LOG];
	uint64_t blamed;	   /* control: entries whose cause it looked at */
	uint64_t switches, steal;  /* control: counters when it last looked */
	struct rte_ring *commands; /* writer: control; reader: this worker */
	struct rte_ring *events;   /* writer: this worker; reader: control */
	struct rte_ring *done;	   /* sessions whose DONE found the events ring full; as events */
	/* By sending worker, itself too: for a queue on its way here. Writer of the pointers:
	 * control; reader of the rings: this worker. */
	struct rte_ring *receipts[PP_WORKER_MAX];
	struct rte_ring *errors; /* writers: other workers; reader: this one */

	/* Writer: this worker; readers: control, relaxed. */
	PP_CACHE_ALIGNED uint64_t polls;
	uint64_t busy_polls, rx, tx, events_lost, receipts_lost;
	uint64_t stalls; /* ever; the log has the last PP_STALL_LOG */
	int64_t max_gap; /* ns */

	/* Control only, by port: whether it polls or has polled it, and what it had lost
	 * before. */
	struct pp_worker_port {
		bool polls;
		uint64_t events_lost, receipts_lost;
	} polled[PP_PORT_MAX];
};

struct pp_pending {
	void (*done)(void *arg);
	void *arg;
	bool used;
};

/* A queue on its way from worker to worker; one at a time. Control only. */
struct pp_move {
	enum {
		PP_MOVE_NONE,
		PP_MOVE_GRACE,	 /* receipts for it may still go to the worker that has it */
		PP_MOVE_HANDING, /* both were asked */
	} state;
	struct pp_queue *q;
	struct pp_worker *from, *to;
	struct pp_worker *ending; /* has lost its last queue, and was not asked to end yet */
	uint64_t token;		  /* of the grace period */
	unsigned int awaited;	  /* acknowledgements */
	pp_ns since;
	void (*done)(void *arg, const struct pp_moved *moved);
	void *arg;
};

/* Where a lcore sleeps while it has no worker's loop to run. */
struct pp_seat {
	struct pp_dp *dp;
	_Atomic(struct pp_worker *) worker; /* whose loop it is; writer: control */
	int wake;			    /* eventfd: one for each loop to be run */
};

struct pp_deferred {
	struct pp_deferred *next;
	uint64_t token;
	void (*done)(void *arg);
	void *arg;
};

struct pp_port {
	bool used;
	uint16_t n_queues;
	struct pp_mac mac;
	bool mac_own;
	uint16_t mtu;
	int node; /* its own, or else that of who polls its first queue; -1: unknown */
	struct rte_mempool *rx_pool, *tx_pool;
	struct pp_queue *first_queue; /* sends for the control thread */
	uint64_t frames_dropped;      /* control only: those that did not get into its ring */
	unsigned int interface;	      /* of a kernel's, behind it; 0: none */
	int socket[PP_WORKER_MAX];    /* its packet sockets; the driver's, never closed here */
	unsigned int n_sockets;
	uint64_t socket_drops; /* control only: theirs, ever */
};

struct pp_dp {
	struct pp_dp_config config;
	struct pp_numa numa;
	bool running;			/* control only: the workers were launched */
	_Atomic unsigned int n_workers; /* writer: control; those below it stay */
	struct pp_worker *worker[PP_WORKER_MAX];
	struct pp_seat *seat; /* by lcore; NULL before pp_crew_start */
	struct pp_port port[RTE_MAX_ETHPORTS];
	struct pp_queue *owner[256];
	_Atomic uint8_t owner_worker[256]; /* to whom receipts go; writer: control */
	unsigned int owner_sessions[256];  /* control only */
	unsigned int n_owners;
	struct pp_wire *wire; /* or NULL */
	struct rte_rcu_qsbr *rcu;
	_Atomic(struct pp_view *) view; /* writer: control; readers: workers */
	atomic_bool stop;		/* writer: control */
	struct pp_pending *pending;	/* control only, PP_COMMAND_RING of them */
	struct pp_deferred *deferred, **deferred_end;
	struct pp_move move;
};

/* Formats the message and returns err. */
int pp_dp_error(struct pp_error *e, int err, const char *fmt, ...) PP_PRINTF(3, 4);

/* crew.c: workers and the rings between them. The worker of a lcore, made if it has none. */
int pp_crew_get(struct pp_dp *dp, unsigned int lcore, struct pp_worker **ret_worker,
		struct pp_error *ret_error);
/* Makes the rings that are missing, for answers that another worker sent for. */
int pp_crew_join(struct pp_dp *dp);
/* Every lcore takes its seat. */
int pp_crew_start(struct pp_dp *dp);
/* The worker's loop begins, after the end of an earlier one. Waits for nobody. */
void pp_crew_launch(struct pp_worker *w);
/* All loops end, and lcores leave their seats: waits for them. */
void pp_crew_stop(struct pp_dp *dp);
struct rte_ring *pp_crew_ring(const char *kind, unsigned int a, unsigned int b, size_t elem,
			      unsigned int count, unsigned int flags, int socket);
void pp_crew_free(struct pp_worker *w);

/* move.c: every millisecond. */
void pp_move_tick(struct pp_dp *dp);

/* dp.c: a number for an acknowledgement that calls done; 0: none is left. */
uint64_t pp_dp_pending(struct pp_dp *dp, void (*done)(void *arg), void *arg);

/* port.c */
int pp_port_start(struct pp_dp *dp, uint16_t port, uint16_t n_queues, struct pp_error *ret_error);
void pp_port_stop(struct pp_dp *dp, uint16_t port);

/* NUMA node of the device; -1: unknown, or it is virtual and on none. */
int pp_port_node(uint16_t port);

/* kernel.c: when the port has started. */
void pp_kernel_attach(struct pp_port *p, uint16_t port);
/* Frames for the port that its queue had no room for: `imissed`, as the driver has it, and what a
 * kernel's interface behind it dropped. Control thread. */
uint64_t pp_kernel_missed(struct pp_port *p, uint16_t port, uint64_t imissed);

/* memory.c: what workers use, to the nodes that they are on. */
void pp_memory_place(const struct pp_dp *dp);
void pp_memory_place_worker(const struct pp_dp *dp, const struct pp_worker *w);

/* stall.c. The worker: the queue was not looked at between q->polled and `after`. */
void pp_stall_check(struct pp_worker *w, struct pp_queue *q, pp_tsc after);
/* The queue has just come from another worker. */
void pp_stall_moved(struct pp_worker *w, struct pp_queue *q);

/* worker.c: the loop of an lcore; arg is a struct pp_worker. */
int pp_worker_main(void *arg);
extern const struct pp_stack_ops pp_worker_stack_ops;
/* arg is the prober's struct pp_queue. */
void pp_worker_event(void *arg, const struct pp_event *e);

static inline void pp_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t pp_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
