/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-flight log from inside: records of transmit bursts in a ring of cache
 * lines, oldest overwritten first, never while a probe in it is undecided.
 */
#ifndef PMDPING_FLIGHT_H
#define PMDPING_FLIGHT_H

#include <pmdping/probe.h>
#include <assert.h>

#define PP_FLIGHT_SLOTS_PER_LINE 7
#define PP_FLIGHT_RECORD_MAX	 (1 + (PP_TX_BURST - 1 + 6) / PP_FLIGHT_SLOTS_PER_LINE)
#define PP_FLIGHT_PLACE_BITS	 5
static_assert(1 << PP_FLIGHT_PLACE_BITS == PP_TX_BURST, "a place in the burst fits the number");

struct pp_flight_slot {
	pp_target_ref target;
	uint32_t k; /* low half of the slot's number, of its target */
};

#define PP_FLIGHT_WIDTH_MAX (UINT64_MAX >> 16) /* three days */

/* What a record's slots have in common: those of a RUN or a SWEEP follow from the first. */
enum pp_flight_kind {
	PP_FLIGHT_MIXED,
	PP_FLIGHT_RUN,	 /* one target's, one after the other */
	PP_FLIGHT_SWEEP, /* of targets in a row, all the same */
};

/* First line of a record, and the only one of a RUN or a SWEEP. The later ones are a zero
 * word and seven slots, so that a number that points between records finds no base. */
struct pp_burst {
	uint64_t base; /* this line's number, from 1 */
	int64_t tx_from;
	uint64_t tx_width : 48; /* tx_to - tx_from, ns */
	uint64_t n : 8;
	uint64_t kind : 8; /* enum pp_flight_kind */
	struct pp_timer timer;
	uint32_t answered; /* bit per probe: an answer decided it */
	uint32_t expired;  /* bit per probe: its timeout passed */
	struct pp_flight_slot first;
};

union pp_flight_line {
	struct pp_burst burst;
	struct {
		uint64_t zero;
		struct pp_flight_slot slot[PP_FLIGHT_SLOTS_PER_LINE];
	};
};
static_assert(sizeof(union pp_flight_line) == PP_CACHE_LINE, "one cache line");

struct pp_flight {
	union pp_flight_line *line;
	uint64_t mask;
	uint64_t head; /* number of the next record's line */
	uint64_t tail; /* oldest record still remembered; == head: none */
};

static inline int64_t pp_burst_tx_to(const struct pp_burst *b)
{
	return b->tx_from + (int64_t)b->tx_width;
}

static inline struct pp_burst *pp_flight_at(const struct pp_flight *f, uint64_t number)
{
	return &f->line[number & f->mask].burst;
}

/* The record's slot i < n. */
static inline struct pp_flight_slot pp_flight_slot(const struct pp_flight *f,
						   const struct pp_burst *b, unsigned int i)
{
	if (i == 0)
		return b->first;
	if (b->kind == PP_FLIGHT_RUN)
		return (struct pp_flight_slot){b->first.target, b->first.k + i};
	if (b->kind == PP_FLIGHT_SWEEP)
		return (struct pp_flight_slot){b->first.target + i, b->first.k};
	uint64_t at = b->base + 1 + (i - 1) / PP_FLIGHT_SLOTS_PER_LINE;
	return f->line[at & f->mask].slot[(i - 1) % PP_FLIGHT_SLOTS_PER_LINE];
}

/* Of a RUN or a SWEEP, the first alone is set. */
static inline void pp_flight_set(struct pp_flight *f, struct pp_burst *b, unsigned int i,
				 struct pp_flight_slot slot)
{
	uint64_t at = b->base + 1 + (i - 1) / PP_FLIGHT_SLOTS_PER_LINE;

	if (i == 0)
		b->first = slot;
	else
		f->line[at & f->mask].slot[(i - 1) % PP_FLIGHT_SLOTS_PER_LINE] = slot;
}

static inline uint64_t pp_flight_lines(unsigned int n, enum pp_flight_kind kind)
{
	return kind != PP_FLIGHT_MIXED
		       ? 1
		       : 1 + (n + PP_FLIGHT_SLOTS_PER_LINE - 2) / PP_FLIGHT_SLOTS_PER_LINE;
}

/* The record with that probe number and the probe's place in it, or NULL. */
struct pp_burst *pp_flight_find(const struct pp_flight *f, uint64_t number,
				unsigned int *ret_place);
/* Number that the first probe of the next record will have. */
uint64_t pp_flight_next(const struct pp_flight *f);
/* The oldest record, NULL when there is none. */
struct pp_burst *pp_flight_oldest(const struct pp_flight *f);
/* Forgets the oldest record, whose timer must not be armed. */
void pp_flight_forget(struct pp_flight *f);
/* Lines free for a new record. */
uint64_t pp_flight_room(const struct pp_flight *f);
/* Appends a record of n empty slots; there must be room. */
struct pp_burst *pp_flight_append(struct pp_flight *f, unsigned int n, enum pp_flight_kind kind,
				  struct pp_span tx);

#endif
