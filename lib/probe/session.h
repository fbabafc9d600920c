/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions and their targets from inside: what all workers read, what the owner writes,
 * what only the owner reads, each on cache lines of its own. A session is a schedule and
 * a distribution; what is kept of each of its targets fits two cache lines.
 */
#ifndef PMDPING_SESSION_H
#define PMDPING_SESSION_H

#include <pmdping/probe.h>
#include <assert.h>

#define PP_REF_INDEX_BITS 20
#define PP_REF_INDEX_MASK ((1u << PP_REF_INDEX_BITS) - 1)
#define PP_PERIOD_SHIFT	  22

/* The frame that a session's probes are copies of, with zeroes where they differ. */
struct pp_template {
	uint32_t ip_sum;   /* of the IPv4 header, without what differs */
	uint32_t icmp_sum; /* pseudo-header, ICMP and payload, without what differs */
	uint16_t ip_off, icmp_off, payload_off;
	uint16_t len;
	uint16_t size; /* payload bytes */
	bool v6, weak;
	uint8_t frame[]; /* len bytes and PP_WRITE_SLOP */
};

struct pp_mix {
	struct pp_template *tmpl[PP_MIX_SIZES]; /* the first is the session's, too */
};

/* One of a session's targets. */
struct pp_target {
	/* Written by the control thread before it can be found (hop and next_same_id also
	 * later, atomically); read by every worker. */
	PP_CACHE_ALIGNED struct pp_addr addr;
	uint64_t token;
	const struct pp_hop *_Atomic hop;
	_Atomic(pp_target_ref) ref; /* 0 while the place is free */
	_Atomic(pp_target_ref) next_same_id;
	pp_session_ref session;
	uint16_t id;
	uint16_t ip_sum; /* what its fields add to the template's sums */
	uint16_t icmp_sum;
	uint32_t errors; /* these by the owner, rarely */
	uint32_t duplicate;
	uint32_t unreachable;

	/* Written by the owner alone; the counters only where a session has several. */
	PP_CACHE_ALIGNED uint64_t sent;
	uint64_t received;
	uint64_t top_k;		   /* one above the highest slot answered */
	uint64_t newest;	   /* number of the probe sent last */
	uint64_t rtt_sum;	   /* ns */
	uint32_t rtt_min, rtt_max; /* ns */
	uint32_t expired, not_sent;
	uint32_t held_k;       /* slot that waits for the neighbour, low half */
	uint16_t hop_failures; /* when it began to */
	bool held;
};
static_assert(sizeof(struct pp_target) == 2 * PP_CACHE_LINE, "two cache lines");

enum pp_session_state {
	PP_SESSION_NEW,
	PP_SESSION_RUNNING,
	PP_SESSION_DRAINING, /* all slots decided, answers awaited */
	PP_SESSION_DONE,
};

struct pp_pace;
struct pp_session {
	/* Written by the control thread before the session can be found; read by every
	 * worker. */
	struct pp_addr source;
	struct pp_target *target; /* n_targets of them */
	struct pp_template *tmpl;
	struct pp_mix *mix; /* NULL: all frames are tmpl's */
	uint32_t n_targets;
	uint16_t size;
	uint16_t frame_len;
	uint8_t owner;
	uint8_t flags;
	uint32_t next_free;	     /* control only */
	_Atomic(pp_session_ref) ref; /* 0 while the place is free */

	/* Written by the owner alone. */
	PP_CACHE_ALIGNED struct pp_timer timer;
	int64_t t0;
	uint64_t next_k;    /* first slot not looked at yet */
	uint64_t held_from; /* slots [held_from, next_k) wait for the neighbour */
	uint64_t round;	    /* next_k / n_targets */
	uint32_t turn;	    /* next_k % n_targets */
	uint32_t n_held;    /* targets that wait for their neighbours */

	/* The same, and what the control thread has written before. */
	PP_CACHE_ALIGNED uint64_t period; /* ns << PP_PERIOD_SHIFT */
	uint64_t count;			  /* slots before this one are this run's; 0: without end */
	int64_t deadline, timeout, slack; /* ns */
	struct pp_tally *tally;
	struct pp_pace *pace; /* NULL: periodic */
	uint32_t held_at;     /* target at which the look at those that wait goes on */
	union {
		uint16_t hop_failures; /* one target: when it began to wait */
		uint16_t held_tick;    /* several: when those that wait were looked at */
	};
	uint8_t state;

	/* Written by the owner, now and then. */
	PP_CACHE_ALIGNED uint32_t recent_mask;
	uint32_t pipe;	  /* most in flight at once */
	uint64_t *recent; /* probe numbers by slot, for answers that carry none; NULL: several
			     targets, not WEAK, of which the newest are enough */
	uint64_t first_k; /* slots before are forgotten (clear); of a free place: its generation */
	int64_t started;  /* this run's origin */
	int64_t first_tx, last_event;
	struct pp_samples *samples;
	uint64_t slots; /* asked for, each run; 0: without end */
};
static_assert(sizeof(struct pp_session) == 4 * PP_CACHE_LINE, "four cache lines");

/* Places of targets, so many from `first`, that are free. */
struct pp_free_range {
	struct pp_free_range *next;
	uint32_t first, n;
};

struct pp_sessions {
	struct pp_session *slot; /* by index; index 0 is never used */
	struct pp_target *target;
	uint32_t capacity;
	uint32_t used;		    /* indices of sessions ever used; control only */
	uint32_t free_head;	    /* index, 0: none; control only */
	struct pp_free_range *free; /* in order; control only */
	uint32_t generation;	    /* of targets; control only */
	struct pp_prng rng;
	_Atomic(pp_target_ref) by_id[65536];
};

static inline struct pp_session *pp_session_at(const struct pp_sessions *t, pp_session_ref ref)
{
	return &t->slot[ref & PP_REF_INDEX_MASK];
}

static inline struct pp_target *pp_target_at(const struct pp_sessions *t, pp_target_ref ref)
{
	return &t->target[ref & PP_REF_INDEX_MASK];
}

/* NULL for a stale handle, also one that a stranger made up. */
static inline struct pp_target *pp_target_get(const struct pp_sessions *t, pp_target_ref ref)
{
	uint32_t index = ref & PP_REF_INDEX_MASK;

	if (index == 0 || index > t->capacity)
		return NULL;
	struct pp_target *g = &t->target[index];
	return atomic_load_explicit(&g->ref, memory_order_acquire) == ref ? g : NULL;
}

/* Its place among the session's. */
static inline uint32_t pp_target_place(const struct pp_session *s, const struct pp_target *g)
{
	return (uint32_t)(g - s->target);
}

static inline uint16_t pp_session_seq(uint64_t k)
{
	return (uint16_t)(k + 1);
}

/* IPv4 identification of a probe: tells sessions of one id apart where no more than 8
 * bytes are quoted. */
static inline uint16_t pp_target_ip_id(const struct pp_target *g, uint16_t seq)
{
	return (uint16_t)(seq + (g->token >> 48));
}

/* IPv6 flow label (RFC 6437): spreads targets over queues and paths. */
static inline uint32_t pp_target_flow(const struct pp_target *g)
{
	return (uint32_t)(g->token * UINT64_C(0x9e3779b97f4a7c15) >> 44);
}

/* That of a target's slot k, low half: shifted from target to target, so that each gets
 * the whole cycle whatever their number. */
static inline const struct pp_template *pp_session_template(const struct pp_session *s,
							    const struct pp_target *g, uint32_t k)
{
	if (!s->mix)
		return s->tmpl;
	return s->mix->tmpl[pp_mix_cycle[((uint64_t)k + pp_target_place(s, g)) % PP_MIX_CYCLE]];
}

/* NULL when out of memory. */
struct pp_template *pp_template_create(const struct pp_session_spec *spec,
				       const struct pp_addr *target);
/* Fills the sums. */
void pp_template_sum_target(const struct pp_template *t, struct pp_target *g);
/* Checksum field of the echo request with that sequence and number. */
uint16_t pp_template_check(const struct pp_template *t, const struct pp_target *g, uint16_t seq,
			   uint64_t number);
/* Writes the probe of slot k with that number to next hop `word`; len bytes and up to
 * PP_WRITE_SLOP behind them. */
void pp_template_write(const struct pp_template *t, const struct pp_target *g, uint64_t k,
		       uint64_t number, uint64_t word, uint8_t *frame);
/* n probes of successive slots and numbers. */
void pp_template_write_run(const struct pp_template *t, const struct pp_target *g, uint64_t k,
			   uint64_t number, uint64_t word, uint8_t *const *frames, unsigned int n);

/* One probe of the same slot to each of n targets in a row. */
void pp_template_write_sweep(const struct pp_template *t, const struct pp_target *first, uint64_t k,
			     uint64_t number, const struct pp_batch_probe *probe,
			     uint8_t *const *frames, unsigned int n);

/* targets.c; control thread. Places for the spec's targets in a row, found by answers from
 * pp_targets_link on. 0; -ENOSPC. */
int pp_targets_take(struct pp_sessions *t, uint32_t n, struct pp_target **ret_first);
void pp_targets_give(struct pp_sessions *t, struct pp_target *first, uint32_t n);
void pp_targets_link(struct pp_sessions *t, struct pp_session *s);
void pp_targets_unlink(struct pp_sessions *t, struct pp_session *s);
/* A random identifier, nobody's if one can be found quickly. */
uint16_t pp_targets_pick_id(struct pp_sessions *t);

#endif
