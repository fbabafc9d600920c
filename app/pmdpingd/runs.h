/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs: the control thread's side of sessions. A run knows its name, its route and who
 * is listening; the session in the workers knows the rest.
 */
#ifndef PMDPINGD_RUNS_H
#define PMDPINGD_RUNS_H

#include "engine.h"
#include "rates.h"

enum pp_run_state { PP_RUN_IDLE, PP_RUN_RUNNING, PP_RUN_STOPPING };

struct pp_run_target {
	struct pp_neigh *neigh; /* next hop; NULL: no route */
	struct pp_nexthop hop;
	uint64_t confirmed; /* received when the neighbour was last confirmed */
};

/* What the engine itself lost while the run went on. */
struct pp_run_losses {
	struct pp_losses before, after; /* after - before; while it goes on: now - before */
	uint16_t port[2];
	unsigned int n_ports; /* 0: it never began */
	bool going;
};

#define PP_SHARDS_MAX  64
#define PP_WORKERS_MAX 16

/* Addresses of ours that a run sends from; none: the route chooses. */
struct pp_sources {
	unsigned int n;
	struct pp_addr addr[PP_SHARDS_MAX];
};

/* A run's session in one of the workers that send it, or from one of its sources. */
struct pp_shard {
	pp_session_ref ref;
	struct pp_session *session;
	struct pp_addr source;
	bool no_source; /* it is not ours any more */
	uint8_t owner;
};

struct pp_run {
	struct pp_run *next;
	struct pp_engine *engine;
	char name[64]; /* "" for ping */
	enum pp_run_state state;
	struct pp_session_spec spec;
	int port;		/* asked for, or -1 */
	unsigned int n_sources; /* given; 0: chosen, and spec.source */
	unsigned int n_shards;
	struct pp_shard shard[PP_SHARDS_MAX];
	bool at_once;			/* stopping without waiting for what is in flight */
	unsigned int awaited;		/* shards that have not said that they are done */
	struct pp_tally *sum;		/* of the shards'; NULL: there is one */
	struct pp_run_target *target;	/* spec.n_targets of them */
	uint32_t confirm_at;		/* the one looked at last */
	bool limited;			/* some target may get PP_ANY_TARGET_PPS only */
	double pps;			/* that a client asked for, while it sends */
	double share;			/* of what its port may send, in --max-rate's unit */
	bool taken;			/* that share, while it runs */
	struct pp_meter meter;		/* while it runs */
	struct pp_counts counts;	/* filled by the worker on request */
	struct pp_call *voice;		/* ping that listens */
	void (*done)(struct pp_run *r); /* no more will happen; counts are final */
	unsigned int users;		/* requests in flight: not freed before they end */
	uint64_t memory;		/* bytes */
	struct pp_intervals *intervals; /* NULL: not asked for */
	bool interval_asked;		/* the owner's counts for one are under way */
	struct pp_run_losses losses;
	bool deleted;
};

/* The way to a target, from `source` (NULL: chosen) and by `port` (-1: any). 0, or -errno
 * with a message. */
int pp_run_route(struct pp_engine *e, const struct pp_addr *target, const struct pp_addr *source,
		 int port, struct pp_nexthop *ret_hop, struct pp_error *ret_error);
/* Makes a session for a spec whose target, size, schedule and flags are set; finds the
 * route, the source and the neighbour. 0, or -errno with a message. */
int pp_run_create(struct pp_engine *e, const struct pp_session_spec *spec,
		  const struct pp_sources *sources, int port, const char *name,
		  unsigned int workers, struct pp_run **ret_run, struct pp_error *ret_error);
/* shards.c. How many a run of these sources and workers has. */
unsigned int pp_shards_of(const struct pp_sources *sources, unsigned int workers);
/* What shard i of n is asked to do of it all; dealt: it has its share of several targets. */
struct pp_session_spec pp_shard_spec(const struct pp_session_spec *all, bool dealt, unsigned int n,
				     unsigned int i);
/* Whether several targets are dealt to the shards; else each shard has all of them. */
bool pp_run_is_dealt(const struct pp_run *r);
/* Sessions with so many owners of the run's port; what was made when it fails is r's. 0, or
 * -errno with a message. */
int pp_run_add_shards(struct pp_run *r, const struct pp_target_spec *targets,
		      const struct pp_sources *sources, unsigned int workers,
		      struct pp_error *ret_error);
/* Asks all shards (q.counts: an array); `done` (may be NULL) when all have answered. When
 * it fails some may do it all the same, and of counts `arg`, which holds them, is freed
 * when none does any more. */
int pp_run_request(struct pp_run *r, struct pp_dp_request q, void (*done)(void *arg), void *arg);
/* Sums over the shards; the tally is good until the next call. */
const struct pp_tally *pp_run_tally(struct pp_run *r);
uint64_t pp_run_sent(const struct pp_run *r);
uint64_t pp_run_received(const struct pp_run *r);
uint64_t pp_run_held(const struct pp_run *r);
uint64_t pp_run_pipe(const struct pp_run *r);
pp_ns pp_run_elapsed(const struct pp_run *r);
/* Target i < spec.n_targets. */
void pp_run_target(const struct pp_run *r, uint32_t i, struct pp_target_counts *ret);
void pp_run_set_hop(struct pp_run *r, uint32_t i, const struct pp_hop *hop);
/* run_routes.c: routes and neighbours of all targets, and their source and link. 0, or -errno with
 * a message, and what was taken is for pp_run_release_routes. */
int pp_run_find_routes(struct pp_run *r, const struct pp_target_spec *targets,
		       const struct pp_sources *sources, struct pp_error *ret_error);
void pp_run_release_routes(struct pp_run *r);
/* Interval statistics from the start on. 0, or -errno with a message. */
int pp_run_keep_intervals(struct pp_run *r, struct pp_error *ret_error);
/* First slot now. 0; -EPERM when that would be above a limit, -EAGAIN; with a message. */
int pp_run_start(struct pp_run *r, struct pp_error *ret_error);
/* `at_once`: does not wait for what is in flight. `done` follows. */
void pp_run_stop(struct pp_run *r, bool at_once);
/* Takes it away; freed when nothing refers to it any more. */
void pp_run_delete(struct pp_run *r);
struct pp_run *pp_run_find(struct pp_engine *e, const char *name);
/* The one that the call's "name" names; or NULL, and the call has failed. */
struct pp_run *pp_run_named(struct pp_call *c);
struct pp_run *pp_run_of(struct pp_engine *e, pp_session_ref ref);
/* Fills r->counts from the owner, consistently, then calls `then`. */
void pp_run_counts(struct pp_run *r, void (*then)(void *arg), void *arg);
/* Tells the neighbour cache who answered (RFC 4861 7.3.1). */
void pp_runs_confirm(struct pp_engine *e, pp_ns now);
/* Every 100 ms: rates of the last second. */
void pp_runs_meter(struct pp_engine *e, pp_ns now);
/* Every millisecond: reads of the intervals that are due. */
void pp_runs_intervals(struct pp_engine *e, pp_ns now);
/* Session DONE. */
void pp_run_finished(struct pp_run *r);

/* losses.c: at its start, at its end, which a start may follow, and when it is cleared. */
void pp_run_losses_begin(struct pp_run *r);
void pp_run_losses_end(struct pp_run *r);
void pp_run_losses_clear(struct pp_run *r);
/* Null when there was none. */
json_t *pp_run_losses_json(struct pp_run *r);

/* Summary as docs/protocol.md has it for ping; uses r->counts. */
json_t *pp_run_summary(struct pp_run *r);

/* targets.c: TARGETS as an array, to be freed, without the engine's own addresses on the way
 * there (by `port`, -1: any). 0, or -errno with a message. */
int pp_targets_parse(struct pp_engine *e, const char *text, int port,
		     struct pp_target_spec **ret_targets, uint32_t *ret_n,
		     struct pp_error *ret_error);

/* The addresses of a list, each once. 0, or -errno with a message. */
int pp_sources_parse(const char *text, struct pp_sources *ret_sources, struct pp_error *ret_error);

/* pacing.c: takes the words of pacing into a spec whose schedule is set; *ret_gaps is the
 * caller's to free when the session is made. False: the call has failed. */
bool pp_pacing_from_call(struct pp_call *c, struct pp_session_spec *spec, pp_ns **ret_gaps);
/* Packets per second while it sends. */
double pp_pacing_pps(const struct pp_session_spec *spec);
/* Bytes of its frames with tag and FCS, for a spec whose route is known. */
double pp_spec_frame(const struct pp_session_spec *spec);

/* spec.c: the words of a probe, common to ping and session add; keeps that many single
 * samples. Fails the call and returns NULL, or the run. */
struct pp_run *pp_run_from_call(struct pp_call *c, const char *name, unsigned int flags,
				uint32_t samples);

#endif
