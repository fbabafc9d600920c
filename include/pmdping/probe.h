/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probes: sessions, pacing, the in-flight log, matching of answers. A session is
 * owned by the prober (one per transmit queue) that sends it; that worker alone
 * writes its counters and samples. Time is a parameter; frames are bytes.
 */
#ifndef PMDPING_PROBE_H
#define PMDPING_PROBE_H

#include <pmdping/neigh.h>
#include <pmdping/proto.h>
#include <pmdping/stats.h>
#include <pmdping/wheel.h>

#define PP_TX_BURST    32
#define PP_TOKEN_SIZE  16 /* probe number and token at the start of the payload */
#define PP_TIMEOUT_MAX PP_HIST_MAX

/* ---- in-flight log ---------------------------------------------------------
 * A ring of 64-byte lines. Each transmit burst takes a record: one line for the
 * first probe, one more per further seven. A probe's number, which travels in its
 * payload, is (line number of the record) << 5 | place in the burst, so that an
 * answer finds its record by one index. One thread. */
struct pp_flight;

/* `lines` is a power of two >= 64; 64 bytes each, touched only as they fill. NULL
 * when out of memory. */
struct pp_flight *pp_flight_create(uint32_t lines);
void pp_flight_free(struct pp_flight *f);
/* Its lines: whole pages. */
void *pp_flight_memory(const struct pp_flight *f, size_t *ret_size);

/* ---- sessions ---------------------------------------------------------------- */

/* Handle of a session: index in the table and generation, so that a stale one is
 * noticed. Never 0. */
typedef uint32_t pp_session_ref;
/* The same of one of its targets. */
typedef uint32_t pp_target_ref;

enum pp_session_flag {
	PP_SESSION_VOICE = 1 << 0, /* an event per answer, for a console */
	PP_SESSION_FLOOD = 1 << 1, /* next probe on each reply, at least 100 a second */
	PP_SESSION_WEAK = 1 << 2,  /* payload too short for the token */
};

/* When slots are due. All laws are absolute: from the first slot, never from "now". */
enum pp_pacing {
	PP_PACING_PERIODIC, /* one every period */
	PP_PACING_POISSON,  /* exponential gaps with the period as mean, from `seed` */
	PP_PACING_BURST,    /* `burst` back to back, every period */
	PP_PACING_ONOFF,    /* periodic for `on`, then nothing for `off` */
	PP_PACING_TRACE,    /* `gaps` in turn, over and over */
};

/* Whom a session probes. */
struct pp_target_spec {
	struct pp_addr addr;
	const struct pp_hop *hop; /* next hop's word; outlives the session */
	uint64_t token;		  /* random, secret */
	uint16_t id;		  /* ICMP identifier; 0: random, unused if one is */
};

/* Simple IMIX: of twelve slots that follow each other seven are small, four of middle size
 * and one large, always in the same order. */
#define PP_MIX_SIZES 3
#define PP_MIX_CYCLE 12
extern const uint8_t pp_mix_cycle[PP_MIX_CYCLE]; /* which size */

/* What the user asked for. Ranges are checked by pp_session_add. */
struct pp_session_spec {
	/* Several are probed in turn, in this order: slot k goes to targets[k % n_targets]. */
	const struct pp_target_spec *targets;
	uint32_t n_targets; /* 0: the one that target, hop, token and id make */
	struct pp_addr target, source;
	struct pp_link link;
	struct pp_mac src_mac;
	const struct pp_hop *hop;
	uint16_t size;		    /* payload bytes; frame must fit the MTU */
	uint16_t mix[PP_MIX_SIZES]; /* an IMIX of these payloads, ascending, PP_TOKEN_SIZE at
				       least, instead; all 0: none */
	uint16_t mtu;		    /* of the port: IP packet bytes */
	uint8_t tos;
	uint8_t ttl; /* 1..255 */
	bool df;
	pp_ns interval; /* > 0, an hour at most; exact period in ns, or ... */
	double rate;	/* ... when not 0: packets per second, up to 1e9; FLOOD: at most */
	enum pp_pacing pacing;
	uint32_t burst;	   /* BURST: >= 1 */
	pp_ns on, off;	   /* ONOFF: > 0 */
	uint64_t seed;	   /* POISSON */
	const pp_ns *gaps; /* TRACE: n_gaps >= 1 of them, none negative, not all 0 */
	uint32_t n_gaps;
	pp_ns slack;		/* a slot that is later than this is missed; 0: 64 periods, at most
				   100 ms, at least one period */
	uint64_t count;		/* slots; 0: without end */
	pp_ns deadline;		/* whole run; 0: none */
	pp_ns timeout;		/* per probe, 1 us..60 s */
	const uint8_t *pattern; /* NULL: byte i is i, as ping fills */
	uint8_t pattern_len;
	unsigned int flags;
	unsigned int digits; /* of the histograms, 1..3 */
	uint8_t owner;	     /* prober that sends it */
	uint16_t id;
	uint64_t token;
	uint32_t samples; /* keep that many single samples; 0: none */
};

/* One received probe, for those who want more than a distribution. */
struct pp_sample {
	uint64_t slot; /* of its session: that of target slot % n_targets */
	uint64_t number;
	pp_ns tx; /* begin of the transmit burst */
	struct pp_rtt rtt;
};
struct pp_samples {
	struct pp_sample *at;
	uint32_t capacity, n; /* writer: the owner */
	uint64_t dropped;     /* that did not fit */
};

struct pp_session;
struct pp_sessions;

/* The table: control thread adds and deletes, workers look up. */
struct pp_sessions *pp_sessions_create(uint32_t capacity, uint64_t seed);
void pp_sessions_free(struct pp_sessions *t);
/* 0; -ENOSPC; -ENOMEM; -EINVAL; -EMSGSIZE when the packet exceeds the MTU. All sessions
 * together have at most `capacity` targets. The session answers lookups at once; it sends
 * when its prober was told to. */
int pp_session_add(struct pp_sessions *t, const struct pp_session_spec *spec,
		   pp_session_ref *ret_ref);
/* Out of the lookups. Memory stays until pp_session_reclaim, which must wait until
 * every worker has passed a quiescent point and the owner has forgotten it. */
void pp_session_unlink(struct pp_sessions *t, pp_session_ref ref);
void pp_session_reclaim(struct pp_sessions *t, pp_session_ref ref);
/* NULL for a stale handle. Any thread. */
struct pp_session *pp_session_get(const struct pp_sessions *t, pp_session_ref ref);
/* Bytes that a session of this spec takes, histograms included. */
size_t pp_session_memory(const struct pp_session_spec *spec);

/* Control thread: another next hop for target i from now on (NULL: none, probes are
 * unreachable). */
void pp_session_set_hop(struct pp_session *s, uint32_t i, const struct pp_hop *hop);
const struct pp_tally *pp_session_tally(const struct pp_session *s);
/* NULL when none are kept. Complete once the session is done. */
const struct pp_samples *pp_session_samples(const struct pp_session *s);
/* Of its first target. */
uint16_t pp_session_id(const struct pp_session *s);
uint8_t pp_session_owner(const struct pp_session *s);
bool pp_session_is_weak(const struct pp_session *s);
size_t pp_session_frame_len(const struct pp_session *s);
/* Slots that wait for a neighbour. */
uint64_t pp_session_held(const struct pp_session *s);
/* From the first transmission to the last thing that happened; from 0 when there was none. */
struct pp_span pp_session_span(const struct pp_session *s);
pp_ns pp_session_elapsed(const struct pp_session *s);
/* Most probes in flight at once. */
uint64_t pp_session_pipe(const struct pp_session *s);

/* What is kept of each target of a session that has several (all 0 but the address and
 * the identifier where there is one: the session's own counters say it). Read while the
 * owner writes: the numbers may be a burst apart. */
struct pp_target_counts {
	struct pp_addr addr;
	uint16_t id;
	uint64_t sent, received;
	uint32_t not_sent, expired, errors; /* errors: of ICMP, and corrupt answers */
	uint32_t duplicate;
	uint32_t unreachable; /* of not_sent */
	uint32_t min, max;    /* of midpoints, ns, at most 4.29 s; unset while received == 0 */
	uint64_t sum;	      /* of midpoints, ns */
};
uint32_t pp_session_targets(const struct pp_session *s);
void pp_session_target(const struct pp_session *s, uint32_t i, struct pp_target_counts *ret);

/* ---- events -------------------------------------------------------------------- */

enum pp_event_kind {
	PP_EVENT_REPLY,	      /* VOICE: an answer came */
	PP_EVENT_ERROR,	      /* VOICE: an ICMP error quoted a probe */
	PP_EVENT_UNREACHABLE, /* VOICE: no neighbour, no route: never left */
	PP_EVENT_DONE,	      /* nothing more will happen to the session */
	PP_EVENT_HEARD,	      /* stack: a neighbour spoke */
	PP_EVENT_ACK,	      /* dp: a command was carried out */
};
enum pp_event_flag {
	PP_EVENT_DUPLICATE = 1 << 0,
	PP_EVENT_LATE = 1 << 1,
	PP_EVENT_CORRUPT = 1 << 2,
	PP_EVENT_REORDERED = 1 << 3,
	PP_EVENT_SUSPECT = 1 << 5,     /* a stall of ours overlapped its flight */
	PP_EVENT_INFORMATIVE = 1 << 4, /* redirect, source quench: no verdict on the probe */
};
struct pp_event {
	uint8_t kind;
	uint8_t flags;
	uint8_t ttl;
	uint8_t type, code;
	bool v6;
	uint16_t bytes; /* ICMP message */
	pp_session_ref session;
	uint32_t rest; /* of an ICMP error: bytes 4..7 */
	uint64_t k;    /* slot number of its target, from 0 */
	pp_ns at;
	union {
		struct pp_rtt rtt;
		struct pp_addr from;
		struct {
			struct pp_neigh_heard heard;
			struct pp_addr target;
		};
		uint64_t ack;
	};
};

/* ---- prober: the sending side of one transmit queue ------------------------------ */

struct pp_prober_config {
	struct pp_sessions *sessions;
	struct pp_flight *flight;			    /* taken over: freed with the prober */
	uint8_t self;					    /* owner number of its sessions */
	void (*event)(void *arg, const struct pp_event *e); /* to the control thread */
	void *arg;
};
struct pp_prober;
struct pp_prober *pp_prober_create(const struct pp_prober_config *config, pp_ns now);
void pp_prober_free(struct pp_prober *p);

/* First slot at t0. */
void pp_prober_start(struct pp_prober *p, pp_session_ref ref, pp_ns t0);
/* No further slots; DONE comes when every probe's fate is known, or at once with
 * `now_done`, with what is in flight left in flight. */
void pp_prober_stop(struct pp_prober *p, pp_session_ref ref, bool now_done, pp_ns now);
/* Zeroes counters and samples; probes in flight are forgotten. */
void pp_prober_clear(struct pp_prober *p, pp_session_ref ref);

/* One transmit burst. */
struct pp_batch_probe {
	pp_session_ref ref;
	pp_target_ref target;
	uint32_t k;   /* low half */
	uint16_t len; /* of the frame */
	uint64_t hop; /* next hop's word when it was planned */
};
struct pp_batch {
	unsigned int n;
	bool run;   /* one target's slots, one after the other: probe[0] stands for all */
	bool sweep; /* targets in a row, all the same slot of one session */
	struct pp_batch_probe probe[PP_TX_BURST];
	pp_ns due[PP_TX_BURST];
	uint64_t base; /* number of the first */
};
static inline struct pp_batch_probe pp_batch_at(const struct pp_batch *b, unsigned int i)
{
	struct pp_batch_probe p = b->probe[b->run ? 0 : i];

	p.k += b->run ? i : 0;
	return p;
}
/* Nothing to do before this time. */
bool pp_prober_idle(const struct pp_prober *p, pp_ns now);
/* Collects what is due at now, at most PP_TX_BURST; reserves its record. `safe` is a
 * time before which nothing that arrived is still unread: timeouts are judged by it. */
unsigned int pp_prober_plan(struct pp_prober *p, pp_ns now, pp_ns safe, struct pp_batch *batch);
/* Writes the frames, pp_batch_at(batch, i).len bytes and up to PP_WRITE_SLOP behind them, into
 * buffers of their own. */
#define PP_WRITE_SLOP 63
void pp_prober_write(struct pp_prober *p, const struct pp_batch *batch, uint8_t *const *frames);
/* The first n_sent were taken by the port within tx; the others were not. */
void pp_prober_commit(struct pp_prober *p, const struct pp_batch *batch, unsigned int n_sent,
		      struct pp_span tx);
/* Uncertainty of the clock's rate, parts per 2^40: widens every sample. */
void pp_prober_set_rate_error(struct pp_prober *p, uint32_t per_2_40);

/* ---- answers ------------------------------------------------------------------------- */

/* An answer that was found to belong to a session, as any worker makes it and the
 * owner takes it. */
struct pp_receipt {
	struct pp_span rx;
	pp_ns stalled;	 /* end of the last stall of the worker that received it */
	uint64_t number; /* from the payload; WEAK sessions: unused */
	pp_session_ref session;
	pp_target_ref target;
	uint16_t seq;
	uint16_t bytes;
	uint8_t ttl;
	bool corrupt;
	uint8_t owner;
};
/* An echo reply to an address of ours, what it takes to find its probe. */
struct pp_reply {
	struct pp_addr src, dst;
	struct pp_cur body;
	uint16_t id, seq;
	uint8_t ttl;
};
/* Any worker: which session it belongs to, by id, addresses and token, and whether the
 * payload is what was sent; rx and stalled are the caller's to fill in. False: none. */
bool pp_reply_match(const struct pp_sessions *t, const struct pp_reply *r,
		    struct pp_receipt *ret_receipt);
static inline bool pp_sessions_match(const struct pp_sessions *t, const struct pp_ip *ip,
				     const struct pp_icmp *icmp, struct pp_receipt *ret_receipt)
{
	const struct pp_reply r = {.src = ip->src,
				   .dst = ip->dst,
				   .body = icmp->body,
				   .id = icmp->id,
				   .seq = icmp->seq,
				   .ttl = ip->ttl};

	return pp_reply_match(t, &r, ret_receipt);
}
struct pp_error_receipt;
/* Any worker: which session an error quotes, by addresses, id, and the token or, of IPv4
 * with less quoted, the identification. 0: none; else session, target and owner are set. */
pp_session_ref pp_sessions_match_quote(const struct pp_sessions *t, const struct pp_quote *q,
				       struct pp_error_receipt *ret_error);

/* The owner: accounts for it. False when no probe of that number is remembered. */
bool pp_prober_answer(struct pp_prober *p, const struct pp_receipt *r);
/* The same of up to 32, cheaper when they are of one poll; a bit for each that was found. */
uint32_t pp_prober_answers(struct pp_prober *p, const struct pp_receipt *r, unsigned int n);
/* The owner: accounts for the first of these replies, which came within rx, as long as they
 * are plain answers to probes of one of its records; how many. The others are for
 * pp_reply_match. */
unsigned int pp_prober_replies(struct pp_prober *p, const struct pp_reply *r, unsigned int n,
			       struct pp_span rx, pp_ns stalled);

/* An ICMP error as the owner gets it. */
struct pp_error_receipt {
	pp_session_ref session;
	pp_target_ref target;
	uint16_t seq;
	uint16_t ip_id, check;
	uint8_t type, code;
	uint8_t owner;
	bool v6;
	bool informative; /* redirect or source quench */
	bool has_number;  /* quoted, with the token (unused in WEAK sessions) */
	uint64_t number;
	uint32_t rest;
	struct pp_addr from;
	struct pp_span rx;
};
bool pp_prober_error(struct pp_prober *p, const struct pp_error_receipt *e);

#endif
