/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pacing: periodic, Poisson (RFC 2330 11.1), bursts, on-off, trace.
 */
#include "schedule.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define POISSON_MIN 1024
#define POISSON_MAX 1048576
#define ON_MAX	    PP_SEC(INT64_C(366) * 86400).v /* of an on-time, or a whole trace */

static int64_t periods(uint64_t period, uint64_t n)
{
	return (int64_t)((unsigned __int128)n * period >> PP_PERIOD_SHIFT);
}

/* ---- laws --------------------------------------------------------------------------- */

static double exponential(struct pp_prng *rng, uint64_t period)
{
	return -log(1.0 - pp_prng_unit(rng)) * (double)period / (double)(1u << PP_PERIOD_SHIFT);
}

/* Draws in order, so that the schedule depends on the seed alone. */
static int64_t poisson_offset(struct pp_pace *p, uint64_t period, uint64_t k)
{
	if (k + p->mask + 1 < p->known)
		return -1;
	for (; p->known <= k; p->known++) {
		int64_t last = p->known ? p->offset[(p->known - 1) & p->mask] : 0;
		int64_t gap = p->known ? (int64_t)(exponential(&p->rng, period) + 0.5) : 0;
		p->offset[p->known & p->mask] = last + gap;
	}
	return p->offset[k & p->mask];
}

int64_t pp_pace_offset(struct pp_pace *p, uint64_t period, uint64_t k)
{
	switch (p->law) {
	case PP_PACING_PERIODIC:
		break;
	case PP_PACING_POISSON:
		return poisson_offset(p, period, k);
	case PP_PACING_BURST:
		return periods(period, k / p->burst);
	case PP_PACING_ONOFF:
		return (int64_t)(k / p->per_on) * p->cycle + periods(period, k % p->per_on);
	case PP_PACING_TRACE:
		return (int64_t)(k / p->n_gaps) * p->offset[p->n_gaps] + p->offset[k % p->n_gaps];
	}
	return periods(period, k);
}

/* Slot k is before `at` when k * period < at - t0. */
static uint64_t periodic_before(const struct pp_session *s, int64_t at)
{
	unsigned __int128 span = (unsigned __int128)(at - s->t0) << PP_PERIOD_SHIFT;

	return (uint64_t)((span + s->period - 1) / s->period);
}

uint64_t pp_slots_before(const struct pp_session *s, int64_t at)
{
	uint64_t k = s->next_k;

	if (at <= s->t0)
		return 0;
	if (!s->pace)
		return periodic_before(s, at);
	while ((!s->count || k < s->count) && pp_slot_due(s, k).v < at)
		k++;
	return k;
}

/* ---- making ---------------------------------------------------------------------------- */

static uint64_t poisson_size(uint64_t outstanding)
{
	uint64_t size = POISSON_MIN;

	while (size < outstanding && size < POISSON_MAX)
		size *= 2;
	return size;
}

static int make_poisson(struct pp_pace *p, const struct pp_session_spec *spec, uint64_t outstanding)
{
	uint64_t size = poisson_size(outstanding);

	pp_prng_seed(&p->rng, spec->seed);
	p->mask = size - 1;
	p->offset = calloc(size, sizeof(*p->offset));
	return p->offset ? 0 : -ENOMEM;
}

static int make_onoff(struct pp_pace *p, const struct pp_session_spec *spec, uint64_t period)
{
	if (spec->on.v <= 0 || spec->off.v <= 0 || spec->on.v > ON_MAX || spec->off.v > ON_MAX)
		return -EINVAL;
	p->on = spec->on.v;
	p->cycle = spec->on.v + spec->off.v;
	p->per_on = (uint64_t)(((unsigned __int128)spec->on.v << PP_PERIOD_SHIFT) / period);
	return p->per_on ? 0 : -EINVAL;
}

static int make_trace(struct pp_pace *p, const struct pp_session_spec *spec)
{
	if (!spec->n_gaps || !spec->gaps)
		return -EINVAL;
	p->n_gaps = spec->n_gaps;
	p->offset = calloc((size_t)spec->n_gaps + 1, sizeof(*p->offset));
	if (!p->offset)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->n_gaps; i++) {
		if (spec->gaps[i].v < 0 || spec->gaps[i].v > ON_MAX - p->offset[i])
			return -EINVAL;
		p->offset[i + 1] = p->offset[i] + spec->gaps[i].v;
	}
	/* One that takes no time would have all its slots, without end, at once. */
	return p->offset[p->n_gaps] > 0 ? 0 : -EINVAL;
}

static int make_law(struct pp_pace *p, const struct pp_session_spec *spec, uint64_t period,
		    uint64_t outstanding)
{
	switch (spec->pacing) {
	case PP_PACING_PERIODIC:
		break;
	case PP_PACING_POISSON:
		return make_poisson(p, spec, outstanding);
	case PP_PACING_BURST:
		p->burst = spec->burst;
		return spec->burst ? 0 : -EINVAL;
	case PP_PACING_ONOFF:
		return make_onoff(p, spec, period);
	case PP_PACING_TRACE:
		return make_trace(p, spec);
	}
	return -EINVAL;
}

int pp_pace_create(const struct pp_session_spec *spec, uint64_t period, uint64_t outstanding,
		   struct pp_pace **ret_pace)
{
	*ret_pace = NULL;
	if (spec->pacing == PP_PACING_PERIODIC)
		return 0;
	struct pp_pace *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->law = spec->pacing;
	int err = make_law(p, spec, period, outstanding);
	if (err) {
		pp_pace_free(p);
		return err;
	}
	*ret_pace = p;
	return 0;
}

size_t pp_pace_memory(const struct pp_session_spec *spec, uint64_t outstanding)
{
	uint64_t offsets = 0;

	if (spec->pacing == PP_PACING_PERIODIC)
		return 0;
	if (spec->pacing == PP_PACING_POISSON)
		offsets = poisson_size(outstanding);
	if (spec->pacing == PP_PACING_TRACE)
		offsets = (uint64_t)spec->n_gaps + 1;
	return sizeof(struct pp_pace) + offsets * sizeof(int64_t);
}

void pp_pace_free(struct pp_pace *p)
{
	if (p)
		free(p->offset);
	free(p);
}
