/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session from inside: what all workers read, what its owner writes, what only the
 * owner reads, each on its own cache lines.
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
	uint32_t ip_sum;   /* of the IPv4 header, without identification */
	uint32_t icmp_sum; /* pseudo-header, ICMP and payload, without seq and number */
	uint16_t ip_off, icmp_off, payload_off;
	uint16_t len;
	bool v6;
	uint8_t frame[];
};

enum pp_session_state {
	PP_SESSION_NEW,
	PP_SESSION_RUNNING,
	PP_SESSION_DRAINING, /* all slots decided, answers awaited */
	PP_SESSION_DONE,
};

struct pp_pace;
struct pp_session {
	/* Written by the control thread before the session can be found (hop and
	 * next_same_id also later, atomically); read by every worker. */
	struct pp_addr target;
	struct pp_addr source;
	uint64_t token;
	const struct pp_hop *_Atomic hop;
	uint16_t id;
	uint16_t size;
	uint16_t frame_len;
	uint8_t owner;
	uint8_t flags;
	_Atomic(pp_session_ref) next_same_id;
	_Atomic(pp_session_ref) ref; /* 0 while the place is free */

	/* Written by the owner alone. */
	PP_CACHE_ALIGNED struct pp_timer timer;
	int64_t t0;
	uint64_t next_k;    /* first slot not looked at yet */
	uint64_t held_from; /* slots [held_from, next_k) wait for the neighbour */
	uint64_t top_k;	    /* one above the highest slot answered */
	uint32_t hop_failures;
	uint8_t state;

	/* Written by the control thread before; read by the owner (template: by all). */
	PP_CACHE_ALIGNED uint64_t period; /* ns << PP_PERIOD_SHIFT */
	uint64_t count;			  /* slots before this one are this run's; 0: without end */
	int64_t deadline, timeout, slack; /* ns */
	struct pp_tally *tally;
	struct pp_template *tmpl;
	struct pp_pace *pace; /* NULL: periodic */

	/* Written by the owner, now and then. */
	PP_CACHE_ALIGNED uint32_t recent_mask;
	uint32_t pipe;	  /* most in flight at once */
	uint64_t *recent; /* probe numbers by slot, for answers that carry none */
	uint64_t first_k; /* slots before are forgotten (clear) */
	int64_t started;  /* this run's origin */
	int64_t first_tx, last_event;
	struct pp_samples *samples;
	uint64_t slots; /* asked for, each run; 0: without end */
};
static_assert(sizeof(struct pp_session) == 4 * PP_CACHE_LINE, "four cache lines");

struct pp_sessions {
	struct pp_session *slot; /* by index; index 0 is never used */
	uint32_t capacity;
	uint32_t used;	    /* indices ever used; control only */
	uint32_t free_head; /* index, 0: none; linked by next_same_id; control only */
	struct pp_prng rng;
	_Atomic(pp_session_ref) by_id[65536];
};

static inline struct pp_session *pp_session_at(const struct pp_sessions *t, pp_session_ref ref)
{
	return &t->slot[ref & PP_REF_INDEX_MASK];
}

static inline uint16_t pp_session_seq(uint64_t k)
{
	return (uint16_t)(k + 1);
}

/* IPv4 identification of a probe: tells sessions of one id apart where no more than 8
 * bytes are quoted. */
static inline uint16_t pp_session_ip_id(const struct pp_session *s, uint16_t seq)
{
	return (uint16_t)(seq + (s->token >> 48));
}

/* Checksum field of the echo request with that sequence and number. */
static inline uint16_t pp_template_check(const struct pp_template *t, uint16_t seq, uint64_t number)
{
	uint32_t sum = t->icmp_sum + seq + (uint16_t)(number >> 48) + (uint16_t)(number >> 32) +
		       (uint16_t)(number >> 16) + (uint16_t)number;
	return pp_cksum_finish(sum);
}

/* NULL when out of memory. */
struct pp_template *pp_template_create(const struct pp_session_spec *spec, uint16_t id,
				       uint64_t token);
/* Writes the probe of slot k with that number to next hop `word`. */
void pp_template_write(const struct pp_session *s, uint64_t k, uint64_t number, uint64_t word,
		       uint8_t *frame);

#endif
