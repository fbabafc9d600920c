/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that is kept of one session's samples, in one allocation: the record, then
 * the counters of its histograms, each on cache lines of its own.
 */
#include <pmdping/stats.h>

#include <stdlib.h>

#define HISTOGRAMS 7

static size_t whole_lines(size_t size)
{
	return (size + PP_CACHE_LINE - 1) / PP_CACHE_LINE * PP_CACHE_LINE;
}

struct pp_tally *pp_tally_create(unsigned int digits)
{
	size_t head = whole_lines(sizeof(struct pp_tally));
	size_t counts = whole_lines(pp_hist_len(digits) * sizeof(uint64_t));

	if (counts == 0)
		return NULL;
	uint8_t *mem = aligned_alloc(PP_CACHE_LINE, head + HISTOGRAMS * counts);
	if (!mem)
		return NULL;
	/* Touches every page, so that no worker has to. */
	memset(mem, 0, head + HISTOGRAMS * counts);
	struct pp_tally *t = (void *)mem;
	struct pp_hist *const all[HISTOGRAMS] = {&t->lo,	 &t->hi,	  &t->suspect_lo,
						 &t->suspect_hi, &t->intended_lo, &t->intended_hi,
						 &t->slip};
	for (size_t i = 0; i < HISTOGRAMS; i++)
		pp_hist_init(all[i], digits, (void *)(mem + head + i * counts));
	return t;
}

size_t pp_tally_size(const struct pp_tally *t)
{
	return whole_lines(sizeof(*t)) + HISTOGRAMS * whole_lines(t->lo.len * sizeof(uint64_t));
}

void pp_tally_free(struct pp_tally *t)
{
	free(t);
}

void pp_tally_clear(struct pp_tally *t)
{
	t->c = (struct pp_counts){0};
	t->rtt = (struct pp_moments){0};
	t->slip_max = PP_NS(0);
	pp_hist_clear(&t->lo);
	pp_hist_clear(&t->hi);
	pp_hist_clear(&t->suspect_lo);
	pp_hist_clear(&t->suspect_hi);
	pp_hist_clear(&t->intended_lo);
	pp_hist_clear(&t->intended_hi);
	pp_hist_clear(&t->slip);
}

void pp_tally_record_n(struct pp_tally *t, struct pp_rtt r, uint64_t n)
{
	pp_hist_record_n(&t->lo, r.lo, n);
	pp_hist_record_n(&t->hi, r.hi, n);
	pp_moments_record_n(&t->rtt, r, n);
}

void pp_tally_record(struct pp_tally *t, struct pp_rtt r)
{
	pp_tally_record_n(t, r, 1);
}

void pp_tally_suspect(struct pp_tally *t, struct pp_rtt r, uint64_t n)
{
	t->c.suspect += n;
	pp_hist_record_n(&t->suspect_lo, r.lo, n);
	pp_hist_record_n(&t->suspect_hi, r.hi, n);
}

void pp_tally_intended(struct pp_tally *t, struct pp_rtt r)
{
	pp_hist_record(&t->intended_lo, r.lo);
	pp_hist_record(&t->intended_hi, r.hi);
}

static void merge_moments(struct pp_moments *into, const struct pp_moments *from)
{
	if (from->n == 0)
		return;
	into->min = into->n == 0 || from->min < into->min ? from->min : into->min;
	into->max = into->n == 0 || from->max > into->max ? from->max : into->max;
	into->bound_max = from->bound_max > into->bound_max ? from->bound_max : into->bound_max;
	into->n += from->n;
	into->sum += from->sum;
	into->sum2 += from->sum2;
}

void pp_tally_merge(struct pp_tally *into, const struct pp_tally *from)
{
	pp_counts_add(&into->c, &from->c);
	merge_moments(&into->rtt, &from->rtt);
	into->slip_max =
		pp_ns_before(into->slip_max, from->slip_max) ? from->slip_max : into->slip_max;
	pp_hist_merge(&into->lo, &from->lo);
	pp_hist_merge(&into->hi, &from->hi);
	pp_hist_merge(&into->suspect_lo, &from->suspect_lo);
	pp_hist_merge(&into->suspect_hi, &from->suspect_hi);
	pp_hist_merge(&into->intended_lo, &from->intended_lo);
	pp_hist_merge(&into->intended_hi, &from->intended_hi);
	pp_hist_merge(&into->slip, &from->slip);
}
