/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane: EAL, ports, queues, workers, the clock. The only library that knows
 * DPDK, though not in this header. Everything here is called by the control thread
 * (the main lcore), which never waits for a worker: what needs one ends in a callback
 * from pp_dp_poll.
 */
#ifndef PMDPING_DP_H
#define PMDPING_DP_H

#include <pmdping/base.h>
#include <pmdping/probe.h>
#include <pmdping/stack.h>
#include <pmdping/wire.h>

/* A message for the operator: what, where, and how to mend it. */
struct pp_error {
	char text[512];
};

/* ---- clock ----------------------------------------------------------------------
 * The engine's time line is CLOCK_MONOTONIC_RAW as carried on by the TSC, whose rate
 * is measured against it at start and refined for ever. */
struct pp_clock_info {
	double hz;	    /* measured cycles per second */
	double uncertainty; /* of hz, relative */
	double eal_hz;	    /* what rte_get_tsc_hz() says */
	double cpu_hz;	    /* what was measured at start: drift against hz */
	bool invariant;	    /* CPU promises a constant, non-stop TSC */
};
/* The clock is one per process. Calibrates for some 20 ms. */
void pp_clock_start(void);
/* Called now and then by the control thread: refines the rate. */
void pp_clock_refine(void);
void pp_clock_info(struct pp_clock_info *ret_info);
/* Now, on the time line. Any thread. */
pp_ns pp_clock_now(void);
/* Unix time of a point on the time line, ns; for labels only. */
int64_t pp_clock_unix(pp_ns t);

/* ---- EAL -------------------------------------------------------------------------- */

/* Starts EAL with argv[0..argc), the program's name first; with no argument but the
 * name, in memory that needs neither hugepages nor root, on the first two CPUs that
 * this process may use. Compares what was asked for (--vdev, -a) with what is there: EAL
 * does not fail over a device that does not probe. No PCI device is taken unless named.
 * Without any port it fails, unless `ports_later`. Returns 0, or -errno with a message. */
int pp_eal_start(int argc, char **argv, bool ports_later, struct pp_error *ret_error);
void pp_eal_stop(void);
/* What stands in the way of a start with these arguments, one problem per line, each with the
 * remedy; returns how many (0: "ok"). Does not start EAL. */
unsigned int pp_eal_check(int argc, char **argv, char *ret_text, size_t size);
const char *pp_eal_version(void);

/* ---- data plane --------------------------------------------------------------------- */

struct pp_queue_map {
	uint16_t port, queue;
	unsigned int lcore;
};
#define PP_QUEUE_MAX  128
#define PP_LCORES_MAX 64

struct pp_dp_config {
	const struct pp_queue_map *map; /* who polls what; NULL: one queue per port, ports dealt
					   to the workers in turn */
	unsigned int n_map;
	uint16_t rxd, txd; /* descriptors, 0: 512 */
	struct pp_sessions *sessions;
	const struct pp_wire_spec *wire; /* NULL: none; its ports come on top of EAL's */
	uint32_t flight_lines;		 /* per queue, 0: 262144 (16 MiB when full) */
	/* Events of workers, on the control thread. */
	void (*event)(void *arg, const struct pp_event *e);
	/* What the operator should know of the placement on NUMA nodes. */
	void (*warn)(void *arg, const char *text);
	void *arg;
	bool strict_numa; /* fail instead of warning */
};
struct pp_dp;
/* Configures and starts every port; workers are not running yet. 0, or -errno with a
 * message that names the port. */
int pp_dp_create(const struct pp_dp_config *config, struct pp_dp **ret_dp,
		 struct pp_error *ret_error);
/* Publishes a first view before this. */
int pp_dp_run(struct pp_dp *dp);
/* NULL when there is none. */
struct pp_wire *pp_dp_wire(const struct pp_dp *dp);
/* Workers end, ports stop and close. */
void pp_dp_free(struct pp_dp *dp);

/* Drains events, acknowledgements and deferred calls; about every millisecond. */
void pp_dp_poll(struct pp_dp *dp);
/* Finds out why the workers stalled lately; about every 100 ms. */
void pp_stalls_blame(struct pp_dp *dp);

/* As pp_host_ops. */
void pp_dp_publish(struct pp_dp *dp, struct pp_view *view);
void pp_dp_send(struct pp_dp *dp, uint16_t port, const uint8_t *frame, size_t len);

/* Runs `done` (may be NULL) from pp_dp_poll once every worker has passed a quiescent
 * point from now on: what workers could still see before may be freed then. */
void pp_dp_defer(struct pp_dp *dp, void (*done)(void *arg), void *arg);

/* Commands to the worker that owns a session; `done` (may be NULL) when it was carried
 * out. -EAGAIN when its ring is full, -ESHUTDOWN when workers have ended. */
enum pp_dp_command { PP_DP_START, PP_DP_STOP, PP_DP_STOP_NOW, PP_DP_CLEAR, PP_DP_COUNTS };
struct pp_dp_request {
	enum pp_dp_command command;
	pp_session_ref session;
	uint8_t owner;
	pp_ns at;		  /* START: time of the first slot */
	struct pp_counts *counts; /* COUNTS: a consistent copy, as of a burst boundary */
	void (*done)(void *arg);
	void *arg;
};
int pp_dp_request(struct pp_dp *dp, const struct pp_dp_request *request);
/* A prober on that port for a new session; the one with the fewest. -ENODEV. */
int pp_dp_pick_owner(struct pp_dp *dp, uint16_t port);
/* The same one for one more. */
void pp_dp_share_owner(struct pp_dp *dp, uint8_t owner);
void pp_dp_drop_owner(struct pp_dp *dp, uint8_t owner);

/* A queue that has moved. */
struct pp_moved {
	uint16_t port, queue;
	unsigned int from, to; /* lcores */
	pp_ns took, unpolled;  /* from the call; in which nobody polled it */
};
/* Gives a queue, with its sessions, to another lcore, which begins to work if it had none; a
 * worker that loses its last queue ends. `done` is called when that has happened, from
 * pp_dp_poll, or at once when no worker runs yet. One at a time. -ENODEV, -EINVAL, -EALREADY,
 * -EBUSY, -ENOSPC, -ENOMEM, with a message. */
int pp_dp_move(struct pp_dp *dp, const struct pp_queue_map *to,
	       void (*done)(void *arg, const struct pp_moved *moved), void *arg,
	       struct pp_error *ret_error);

/* Moves what the owner writes of a new session to the NUMA node of the owner. */
void pp_dp_place(struct pp_dp *dp, uint8_t owner, const struct pp_session *session);

/* ---- for show -------------------------------------------------------------------------- */

struct pp_port_info {
	char name[64];
	char driver[32];
	struct pp_mac mac;
	bool mac_own; /* the port has none that can be used: this one is the engine's */
	uint16_t mtu; /* IP packet bytes */
	uint16_t rx_queues, tx_queues;
	bool link_up;
	double link_bps; /* bits per second of the line; a wire's rate; 0: unknown */
	int socket;	 /* NUMA node, -1: unknown */
	bool promiscuous;
};
uint16_t pp_dp_ports(const struct pp_dp *dp);
int pp_dp_port_info(const struct pp_dp *dp, uint16_t port, struct pp_port_info *ret_info);
struct pp_port_stats {
	uint64_t ipackets, opackets, ibytes, obytes, imissed, ierrors, oerrors, rx_nombuf;
};
int pp_dp_port_stats(const struct pp_dp *dp, uint16_t port, struct pp_port_stats *ret_stats);
/* Calls each for every extended statistic. */
int pp_dp_port_xstats(const struct pp_dp *dp, uint16_t port,
		      void (*each)(void *arg, const char *name, uint64_t value), void *arg);

/* What the engine itself lost on a queue: not the network's doing. */
struct pp_queue_info {
	uint16_t port, queue;
	uint64_t probes_refused, answers_refused, frames_refused; /* the port did not take them;
								     frames: of ARP, ND */
	uint64_t no_mbuf; /* probes for which no buffer was free */
};
struct pp_worker_info {
	unsigned int lcore;
	unsigned int n_queues;
	struct pp_queue_info queues[PP_QUEUE_MAX];
	uint64_t polls, busy_polls, rx, tx;
	uint64_t stalls;
	uint64_t events_lost,
		receipts_lost; /* the ring to the control thread, to an owner, was full */
	pp_ns max_gap;	       /* longest time between two polls of a queue */
	unsigned int sessions;
};
/* What the engine itself lost on some ports, in the queues and workers that poll them. */
struct pp_losses {
	struct pp_port_losses {
		uint64_t rx_missed; /* the port's queue was full, or the kernel's behind it: nobody
				       had polled it */
		uint64_t rx_nombuf; /* the driver had no buffer to receive into */
		uint64_t probes_refused, answers_refused, frames_refused, no_mbuf;
		uint64_t frames_dropped; /* from the control thread: its ring was full, no buffer */
	} port[2];
	uint64_t events_lost, receipts_lost; /* of all workers that poll one of the ports */
};
/* Since the start, of `n` ports, 2 at most. */
void pp_dp_losses(struct pp_dp *dp, const uint16_t *ports, unsigned int n,
		  struct pp_losses *ret_losses);
/* A time in which a worker did not look at its queue: at least PP_STALL_MIN outside the
 * driver, or at least PP_STALL_DRIVER_MIN with most of it in the driver. */
#define PP_STALL_MIN	    PP_US(20)
#define PP_STALL_DRIVER_MIN PP_MS(1)
enum pp_stall_cause {
	PP_STALL_UNKNOWN,   /* none of those below: interrupt, hypervisor, cache, SMI */
	PP_STALL_PREEMPTED, /* the kernel ran something else on the worker's CPU */
	PP_STALL_STEAL,	    /* the hypervisor did */
	PP_STALL_TRANSMIT,  /* the driver took that long to send */
	PP_STALL_RECEIVE,   /* the driver took that long to receive */
	PP_STALL_MOVED,	    /* the queue was on its way from another worker */
};
struct pp_stall {
	pp_ns at, length;
	unsigned int lcore;
	enum pp_stall_cause cause;
};
/* Copies up to `max` of the latest, newest first, of all workers; how many. Causes of
 * preemption and steal are known some 100 ms after the fact. */
unsigned int pp_dp_stalls(const struct pp_dp *dp, struct pp_stall *ret_stalls, unsigned int max);
/* NUMA nodes with memory, ascending; 0: the machine has no NUMA, or does not tell. */
#define PP_NUMA_NODES 64
unsigned int pp_dp_nodes(const struct pp_dp *dp, int ret_nodes[PP_NUMA_NODES]);
int pp_dp_distance(const struct pp_dp *dp, int a, int b); /* 10: local */
/* Number of the worker whose sessions these are. */
unsigned int pp_dp_owner_worker(const struct pp_dp *dp, uint8_t owner);
int pp_dp_worker_node(const struct pp_dp *dp, unsigned int worker);
/* Some memory, and where some of its pages are. */
struct pp_numa_memory {
	const char *what;
	int port, queue, lcore;		 /* whose; -1: nobody's in particular */
	int wanted;			 /* node, -1: any */
	int other;			 /* where the last one of `elsewhere` is */
	unsigned int local, elsewhere;	 /* pages on `wanted`, and on other nodes */
	unsigned int untouched, unknown; /* not there yet; the kernel does not say */
	uint64_t size;			 /* bytes */
};
/* Calls each for every piece of memory that workers use. */
void pp_dp_memory(const struct pp_dp *dp,
		  void (*each)(void *arg, const struct pp_numa_memory *memory), void *arg);
/* Adds a session's to what is in ret_memory, whose `wanted` is set. */
void pp_dp_session_memory(const struct pp_dp *dp, const struct pp_session *session,
			  struct pp_numa_memory *ret_memory);
unsigned int pp_dp_workers(const struct pp_dp *dp);
void pp_dp_worker_info(const struct pp_dp *dp, unsigned int worker,
		       struct pp_worker_info *ret_info);
/* Sum over workers of a counter, and of frames delivered. */
uint64_t pp_dp_drops(const struct pp_dp *dp, enum pp_drop drop);
uint64_t pp_dp_delivered(const struct pp_dp *dp);

#endif
