/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a direction of the virtual wire does to each frame in turn.
 */
#include <pmdping/wire.h>

#include <math.h>

#define L1_OVERHEAD 24 /* FCS, preamble, delimiter, gap */

static double normal(struct pp_prng *rng)
{
	double u = 1.0 - pp_prng_unit(rng), v = pp_prng_unit(rng);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double jitter(const struct pp_wire_spec *spec, const struct pp_wire_dir *d,
		     struct pp_wire_state *s)
{
	switch (d->law) {
	case PP_LAW_CONSTANT:
		return 0;
	case PP_LAW_UNIFORM:
		return d->a * pp_prng_unit(&s->rng);
	case PP_LAW_NORMAL:
		return d->a * normal(&s->rng);
	case PP_LAW_EXP:
		return -d->a * log(1.0 - pp_prng_unit(&s->rng));
	case PP_LAW_PARETO:
		return d->a * (pow(1.0 - pp_prng_unit(&s->rng), -1.0 / d->b) - 1.0);
	case PP_LAW_TRACE:
		if (s->trace_at == spec->trace_len)
			s->trace_at = 0;
		return (double)spec->trace[s->trace_at++];
	}
	return 0;
}

static pp_ns delay(const struct pp_wire_spec *spec, const struct pp_wire_dir *d,
		   struct pp_wire_state *s)
{
	double j = jitter(spec, d, s), top = (double)PP_SEC(60).v;
	double ns = (double)d->delay.v + (j > top ? top : j);

	return PP_NS((int64_t)(ns > 0 ? ns : 0) + d->residence.v);
}

static bool chance(struct pp_prng *rng, double p)
{
	return p > 0 && pp_prng_unit(rng) < p;
}

/* Times within a stall move to its end. */
static pp_ns after_stall(const struct pp_wire_dir *d, const struct pp_wire_state *s, pp_ns t)
{
	for (uint32_t i = 0; i < d->n_stall_at; i++) {
		int64_t from = s->began + d->stall_at[i].v;
		if (t.v >= from && t.v < from + d->stall.v)
			t.v = from + d->stall.v;
	}
	if (d->stall_every.v <= 0)
		return t;
	int64_t into = t.v % d->stall_every.v;
	return into < d->stall.v ? PP_NS(t.v - into + d->stall.v) : t;
}

/* End of the frame's time on the line, one after the other. */
static pp_ns serialised(const struct pp_wire_dir *d, struct pp_wire_state *s, pp_ns at,
			size_t bytes)
{
	if (d->rate <= 0)
		return at;
	if (at.v > s->busy_until) {
		s->busy_until = at.v;
		s->busy_part = 0;
	}
	double ns = (double)(8 * (bytes + L1_OVERHEAD)) / d->rate * 1e9 + s->busy_part;
	s->busy_until += (int64_t)ns;
	s->busy_part = ns - (double)(int64_t)ns;
	return PP_NS(s->busy_until);
}

struct pp_wire_fate pp_wire_next(const struct pp_wire_spec *spec, unsigned int dir,
				 struct pp_wire_state *s, pp_ns at, size_t bytes)
{
	const struct pp_wire_dir *d = &spec->dir[dir];
	pp_ns out = serialised(d, s, at, bytes);
	struct pp_wire_fate f = {.copies = 1};

	if (s->began == 0)
		s->began = at.v;
	if (chance(&s->rng, d->loss)) {
		f.copies = 0;
		return f;
	}
	f.due = pp_ns_add(out, delay(spec, d, s));
	if (chance(&s->rng, d->reorder))
		f.due = pp_ns_add(f.due, d->reorder_by);
	f.due = after_stall(d, s, f.due);
	f.corrupt = chance(&s->rng, d->corrupt);
	f.mangle = chance(&s->rng, d->mangle);
	if (chance(&s->rng, d->dup)) {
		f.copies = 2;
		f.copy_due = after_stall(d, s, pp_ns_add(out, delay(spec, d, s)));
	}
	return f;
}

bool pp_wire_reorders(const struct pp_wire_dir *d)
{
	return d->law != PP_LAW_CONSTANT || d->reorder > 0 || d->dup > 0;
}

static double mean_delay(const struct pp_wire_spec *spec, const struct pp_wire_dir *d)
{
	double mean = (double)(d->delay.v + d->residence.v + d->stall.v), sum = 0;

	if (d->law == PP_LAW_UNIFORM)
		mean += d->a / 2;
	if (d->law == PP_LAW_EXP)
		mean += d->a;
	if (d->law == PP_LAW_PARETO)
		mean += d->b > 1 ? d->a / (d->b - 1) : d->a * 1000;
	for (size_t i = 0; d->law == PP_LAW_TRACE && i < spec->trace_len; i++)
		sum += (double)spec->trace[i];
	return spec->trace_len ? mean + sum / (double)spec->trace_len : mean;
}

double pp_wire_held(const struct pp_wire_spec *spec, double pps)
{
	return pps * (mean_delay(spec, &spec->dir[0]) + mean_delay(spec, &spec->dir[1])) / 1e9;
}
