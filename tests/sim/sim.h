/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simulation: several nodes, each a host, a stack and a prober, on one segment
 * and one virtual clock. The harness knows the fate of every frame, so that what
 * a session counted can be held against the truth. One thread; all chance comes
 * from the seed.
 */
#ifndef PMDPING_TEST_SIM_H
#define PMDPING_TEST_SIM_H

#include <pmdping/stack.h>

#include "../unit/runner.h"

#define SIM_NODES_MAX 8
#define SIM_PINGS_MAX 16
#define SIM_LOG_MAX   16

/* ---- what happens to frames that a node sends ------------------------------------- */

enum sim_harm {
	SIM_INTACT,
	SIM_CORRUPT, /* payload changed, checksum repaired */
	SIM_BROKEN,  /* payload changed, checksum not */
	SIM_UNKNOWN, /* one bit anywhere: the truth is not tracked */
};

struct sim_link {
	pp_ns delay;  /* of every frame */
	pp_ns jitter; /* uniform, on top, of echo frames */
	pp_ns behind; /* on top, of a reordered one */
	double loss;  /* probabilities, each of echo frames alone */
	double dup, reorder;
	double harm;	       /* to become ... */
	enum sim_harm harm_to; /* ... this */
	double error;	       /* an echo request comes back as an ICMP error */
};

/* ---- truth ------------------------------------------------------------------------- */

enum sim_fate { SIM_NOT_SENT, SIM_LOST, SIM_RECEIVED, SIM_LATE, SIM_WRONG, SIM_ERROR };

struct sim_probe {
	uint8_t fate; /* enum sim_fate, so far */
	bool reordered;
	pp_ns tx;    /* when it really left */
	int64_t rtt; /* of the answer that decided */
};

struct sim_ping {
	struct sim_node *node;
	struct pp_session_spec spec;
	pp_session_ref ref;
	struct pp_session *session;
	struct pp_neigh *neigh;	 /* pinned; NULL: no route */
	struct sim_probe *probe; /* by slot */
	uint64_t top;		 /* one above the highest slot received */
	bool done;
	uint64_t unreachable; /* events */
	struct pp_counts truth;
};

/* ---- nodes ------------------------------------------------------------------------- */

struct sim_node {
	struct sim *sim;
	struct pp_host *host;
	struct pp_stack stack;
	struct pp_prober *prober, *probers[1];
	struct pp_sessions *sessions;
	struct pp_view *view;
	struct pp_mac mac;
	struct sim_link out;
	bool up;	/* false: hears and sends nothing */
	bool loop;	/* hears its own frames to groups as well */
	pp_ns poll;	/* 0: sees frames when they come; else at multiples of this */
	double refuse;	/* probability that the port takes only part of a burst */
	pp_ns host_due; /* of the next pp_host_tick */
	struct sim_frame *inbox, **inbox_end;
	/* requests for neighbours that the host sent: how many, and how close */
	uint64_t asks;
	pp_ns last_ask;
	int64_t ask_gap; /* least time between two */
	uint64_t broken; /* frames with a bad checksum that were delivered here */
	unsigned int logs;
	char log[SIM_LOG_MAX][200];
};

struct sim {
	pp_ns now;
	struct pp_prng rng;
	struct sim_frame **heap; /* frames under way, earliest first */
	size_t frames, room;
	uint64_t order;
	unsigned int nodes, pings;
	struct sim_node node[SIM_NODES_MAX];
	struct sim_ping ping[SIM_PINGS_MAX];
	unsigned int wrong; /* contradictions found; the first few are printed */
};

struct sim *sim_create(uint64_t seed);
void sim_free(struct sim *s);
/* MAC 02:00:00:00:00:0N, port 0, MTU 1500; up, wire of 5 us. */
struct sim_node *sim_node(struct sim *s);
/* With an in-flight log of that many lines. */
struct sim_node *sim_node_log(struct sim *s, uint32_t lines);
void sim_addr(struct sim_node *n, const char *prefix);
/* After duplicate address detection. */
void sim_addr_dad(struct sim_node *n, const char *prefix);
void sim_route(struct sim_node *n, const char *prefix, const char *gateway, uint16_t preference);
struct pp_addr sim_parse(const char *text);
/* Runs until that time, or (done) until every ping is done and no frame is under
 * way, at most for an hour. */
void sim_run(struct sim *s, pp_ns until);
void sim_run_done(struct sim *s);
PP_PRINTF(2, 3) void sim_wrong(struct sim *s, const char *format, ...);

/* ---- pings ------------------------------------------------------------------------- */

/* Defaults: size 56, ttl 64, df, interval 1 ms, timeout 1 s, VOICE, two digits. */
struct pp_session_spec sim_spec(const char *target);
/* Starts now. */
struct sim_ping *sim_ping(struct sim_node *n, const struct pp_session_spec *spec);
/* Families that most tests go through. */
struct sim_family {
	const char *client, *server, *target; /* addresses with prefix; the server's alone */
	const char *rival;		      /* a third node's */
};
extern const struct sim_family sim_families[2];
/* Routes changed: the sessions of this node look up their next hop again. */
void sim_reroute(struct sim_node *n);
/* Everything the session counted is what really happened. */
void sim_check(const struct sim_ping *p);
const struct pp_counts *sim_counts(const struct sim_ping *p);

/* ---- between the parts of the harness ----------------------------------------------- */

/* A frame under way, or in an inbox. */
struct sim_frame {
	struct sim_frame *next;
	pp_ns at;   /* arrives */
	pp_ns seen; /* poll that sees it */
	uint64_t order;
	struct sim_node *to;
	struct sim_ping *ping; /* whose probe it carries or answers; NULL: none */
	uint64_t k;
	enum sim_harm harm;
	bool error;
	uint32_t len, room;
	uint8_t data[];
};

/* A copy of data, with room for any answer in place. */
struct sim_frame *sim_frame(const uint8_t *data, size_t len);
/* Onto the segment at `departs`; takes the frame. */
void sim_transmit(struct sim_node *from, struct sim_frame *f, pp_ns departs);
/* Of an echo request or reply: offset of its ICMP header, else 0. */
size_t sim_echo(const uint8_t *data, size_t len);
bool sim_chance(struct sim *s, double p);
/* A frame that was sent to tell that request f found nobody. */
struct sim_frame *sim_error_of(const struct sim_frame *f);
void sim_schedule(struct sim *s, struct sim_frame *f, struct sim_node *to, pp_ns at);

void sim_truth_sent(struct sim_ping *p, uint64_t k, pp_ns departs);
void sim_truth_arrived(const struct sim_frame *f);
void sim_truth_event(struct sim_node *n, const struct pp_event *e);

#endif
