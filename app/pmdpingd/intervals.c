/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interval statistics: a ring of cumulative reads.
 */
#include "intervals.h"

#include <stdlib.h>

#define READS (PP_INTERVALS + 1)

struct pp_intervals {
	struct pp_read *read[READS];
	unsigned int first, n;
	pp_ns began, due;
};

/* ---- reads ------------------------------------------------------------------------ */

static size_t read_size(unsigned int digits)
{
	return sizeof(struct pp_read) + 2 * sizeof(uint64_t) * pp_hist_len(digits);
}

struct pp_read *pp_read_create(unsigned int digits)
{
	uint32_t len = pp_hist_len(digits);
	struct pp_read *r = len ? calloc(1, read_size(digits)) : NULL;

	if (!r)
		return NULL;
	uint64_t *counts = (uint64_t *)(void *)(r + 1);
	pp_hist_init(&r->lo, digits, counts);
	pp_hist_init(&r->hi, digits, counts + len);
	return r;
}

void pp_read_free(struct pp_read *r)
{
	free(r);
}

void pp_read_take(struct pp_read *r, pp_ns at, const struct pp_counts *c, const struct pp_hist *lo,
		  const struct pp_hist *hi)
{
	r->at = at;
	r->c = *c;
	pp_hist_read(&r->lo, lo);
	pp_hist_read(&r->hi, hi);
}

int pp_read_diff(struct pp_read *r, const struct pp_read *before)
{
	int err = pp_hist_diff(&r->lo, &before->lo);

	if (err)
		return err;
	err = pp_hist_diff(&r->hi, &before->hi);
	if (err) {
		pp_hist_merge(&r->lo, &before->lo);
		return err;
	}
	pp_counts_diff(&r->c, &before->c);
	return 0;
}

/* ---- the ring ----------------------------------------------------------------------- */

size_t pp_intervals_memory(unsigned int digits)
{
	return sizeof(struct pp_intervals) + READS * read_size(digits);
}

struct pp_intervals *pp_intervals_create(unsigned int digits)
{
	struct pp_intervals *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	for (unsigned int i = 0; i < READS; i++) {
		v->read[i] = pp_read_create(digits);
		if (!v->read[i]) {
			pp_intervals_free(v);
			return NULL;
		}
	}
	return v;
}

void pp_intervals_free(struct pp_intervals *v)
{
	for (unsigned int i = 0; v && i < READS; i++)
		pp_read_free(v->read[i]);
	free(v);
}

void pp_intervals_begin(struct pp_intervals *v, pp_ns now)
{
	struct pp_read *r = v->read[0];

	v->first = 0;
	v->n = 1;
	v->began = now;
	v->due = pp_ns_add(now, PP_INTERVAL_EVERY);
	r->at = now;
	r->c = (struct pp_counts){0};
	pp_hist_clear(&r->lo);
	pp_hist_clear(&r->hi);
}

void pp_intervals_clear(struct pp_intervals *v)
{
	v->n = 0;
}

bool pp_intervals_due(const struct pp_intervals *v, pp_ns now)
{
	return v->n > 0 && now.v >= v->due.v;
}

/* Reads that nobody took in time are left out; the times stay multiples. */
static void set_due(struct pp_intervals *v, pp_ns at)
{
	if (at.v >= v->due.v)
		v->due.v += ((at.v - v->due.v) / PP_INTERVAL_EVERY.v + 1) * PP_INTERVAL_EVERY.v;
}

void pp_intervals_add(struct pp_intervals *v, pp_ns at, const struct pp_counts *c,
		      const struct pp_hist *lo, const struct pp_hist *hi)
{
	if (v->n == 0)
		return;
	set_due(v, at);
	pp_read_take(v->read[(v->first + v->n) % READS], at, c, lo, hi);
	if (v->n < READS)
		v->n++;
	else
		v->first = (v->first + 1) % READS;
}

unsigned int pp_intervals_reads(const struct pp_intervals *v)
{
	return v->n;
}

const struct pp_read *pp_intervals_read(const struct pp_intervals *v, unsigned int i)
{
	return v->read[(v->first + i) % READS];
}

pp_ns pp_intervals_began(const struct pp_intervals *v)
{
	return v->began;
}
