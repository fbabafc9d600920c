/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtual wire: what its two directions do to frames, as the user writes it, and
 * the truth it keeps of each. Pure: no DPDK, no clock; lib/dp makes ports of it.
 */
#ifndef PMDPING_WIRE_H
#define PMDPING_WIRE_H

#include <pmdping/base.h>

enum pp_wire_law {
	PP_LAW_CONSTANT, /* delay */
	PP_LAW_UNIFORM,	 /* delay + [0, a) */
	PP_LAW_NORMAL,	 /* delay + N(0, a), never below zero */
	PP_LAW_EXP,	 /* delay + exponential of mean a */
	PP_LAW_PARETO,	 /* delay + a * (U^(-1/b) - 1): Lomax, a > 0, b > 0 */
	PP_LAW_TRACE,	 /* delay + the trace's values in turn, over and over */
};

#define PP_WIRE_STALLS 16

/* One direction. Probabilities are per frame, 0..1. */
struct pp_wire_dir {
	pp_ns delay;
	pp_ns residence; /* in front of the wire: a responder that takes its time */
	enum pp_wire_law law;
	double a, b;			   /* ns; shape */
	double loss, dup, corrupt, mangle; /* mangle repairs the ICMP checksum */
	double reorder;			   /* such a frame is held back ... */
	pp_ns reorder_by;		   /* ... by this */
	double rate; /* bits per second of the frame with FCS, preamble and gap; 0: infinite */
	/* Nothing leaves the wire for `stall` out of every stall_every, or at these times after
	 * the direction's first frame. */
	pp_ns stall, stall_every;
	pp_ns stall_at[PP_WIRE_STALLS]; /* ascending */
	uint32_t n_stall_at;
};

struct pp_wire_spec {
	struct pp_wire_dir dir[2]; /* 0: port 0 to port 1 */
	uint64_t seed;
	uint16_t queues; /* per port; frames of queue q arrive on queue (q + cross) % queues */
	bool cross;
	bool direct;	/* nothing happens to frames, and nobody watches them: bare rings */
	bool truth;	/* keep it, in the room that pp_wire_keep_truth made */
	int64_t *trace; /* ns; owned by the spec */
	size_t trace_len;
};

/* "delay=10us,jitter=normal:200ns,loss=0.1%,dup=0.01%,reorder=0.1%:20us,rate=10Gbps,
 * corrupt=0,mangle=0,stall=1ms/100ms,residence=5us,seed=7,queues=2,cross=1". A key may be
 * given one direction by "ab." or "ba." before it. Stalls at times of their own are
 * "stall=2ms@1s+3.5s". Trace files (jitter=trace:FILE) have
 * one duration a line. No time is over a minute. An empty text is a wire without delay. The
 * word "direct" takes no value, and no other key beside it but queues and cross. 0, or
 * -errno and a message that names the key. */
int pp_wire_parse(const char *text, struct pp_wire_spec *ret_spec, char *ret_error, size_t size);
void pp_wire_spec_free(struct pp_wire_spec *spec);
/* The text that pp_wire_parse would take for one direction, but for the name of a trace;
 * returns buf. */
const char *pp_wire_text(const struct pp_wire_dir *dir, char *buf, size_t size);
/* Frames that can be on the wire at once at `pps`: mean delay of both directions. */
double pp_wire_held(const struct pp_wire_spec *spec, double pps);

/* Whether frames may leave in another order than they came. */
bool pp_wire_reorders(const struct pp_wire_dir *d);

/* What happens to the next frame of a direction. */
struct pp_wire_fate {
	pp_ns due;	/* leaves the wire */
	pp_ns copy_due; /* and its copy, if `copies` is 2 */
	uint8_t copies; /* 0: lost, 1, 2 */
	bool corrupt, mangle;
};
struct pp_wire_state {
	struct pp_prng rng;
	int64_t busy_until; /* end of the last frame's serialisation ... */
	double busy_part;   /* ... and the part of a nanosecond beyond it */
	size_t trace_at;
	int64_t began; /* the first frame was handed over; 0: none was */
};
/* For a frame of `bytes` (without FCS) handed over at `at`. */
struct pp_wire_fate pp_wire_next(const struct pp_wire_spec *spec, unsigned int dir,
				 struct pp_wire_state *state, pp_ns at, size_t bytes);

/* ---- truth -------------------------------------------------------------------
 * Append-only logs of one end of the wire, while its spec says so: when each probe was
 * handed over to the other end, when each answer came out of this one. Writer: the worker of
 * that queue. */
struct pp_truth {
	uint64_t number;
	int64_t at;	/* CLOCK_MONOTONIC_RAW, ns */
	uint32_t order; /* in its log: equal times happened in it */
	bool mangled;
};
struct pp_truth_log {
	struct pp_truth *entry;
	size_t capacity, n;
	uint64_t dropped;    /* that did not fit */
	uint64_t seen;	     /* with these */
	int64_t first, last; /* times of the first and the last of them; unset while seen == 0 */
};

/* ---- the wire as ports: lib/dp, control thread ---------------------------------- */

#define PP_WIRE_QUEUES	 16
#define PP_WIRE_CAPACITY 16384 /* frames on the wire at once that the mempools hold */
struct pp_wire;
struct pp_wire_counts {
	uint64_t frames, lost, duplicated, corrupted, mangled, overflow;
};
/* Another behaviour from the next frame on, its random numbers from the seed again;
 * queues and cross stay. The trace, if any, must outlive its use. Not on a direct wire, which
 * has no behaviour. */
void pp_wire_set(struct pp_wire *w, const struct pp_wire_spec *spec);
const struct pp_wire_spec *pp_wire_spec_now(const struct pp_wire *w);
/* Which end a port is: the index of the direction that leaves it; -1: neither. */
int pp_wire_side(const struct pp_wire *w, uint16_t port);
struct pp_wire_counts pp_wire_counts(const struct pp_wire *w, unsigned int dir);
/* Makes room for the truth of up to `capacity` probes that port 0 sent and as many answers,
 * per queue of the end where they arrive; pp_wire_set starts it afresh. A direct wire
 * keeps none. Before the workers run. 0 or -ENOMEM. */
int pp_wire_keep_truth(struct pp_wire *w, size_t capacity);
/* Only while no worker adds to them. */
const struct pp_truth_log *pp_wire_sent(const struct pp_wire *w, uint16_t queue);
const struct pp_truth_log *pp_wire_received(const struct pp_wire *w, uint16_t queue);

#endif
