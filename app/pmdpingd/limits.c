/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be sent: --max-rate, which holds for all that a port sends, and --allow. No
 * client can raise either. A session takes its part when it starts, and gives it back when
 * it stops.
 */
#include "limits.h"

#include <errno.h>
#include <math.h>

/* A rate that was computed from an interval may be a rounding above. */
#define ROUNDING (1 + 1e-9)

static bool allowed(const struct pp_engine *e, const struct pp_addr *dst)
{
	const struct pp_options *o = &e->options;

	for (unsigned int i = 0; i < o->n_allow; i++)
		if (pp_addr_in_prefix(dst, &o->allow[i].addr, o->allow[i].plen))
			return true;
	return o->n_allow == 0 && pp_route_is_onlink(pp_host_routes(e->host), dst);
}

bool pp_limit_is_any(const struct pp_engine *e, const struct pp_session_spec *spec)
{
	for (uint32_t i = 0; spec->targets && i < spec->n_targets; i++)
		if (!allowed(e, &spec->targets[i].addr))
			return true;
	return !allowed(e, &spec->target);
}

/* The same of a run, whose routes may have changed since it was made. */
static bool is_any(const struct pp_run *r)
{
	struct pp_target_counts t;

	for (uint32_t i = 0; r->spec.n_targets > 1 && i < r->spec.n_targets; i++) {
		pp_run_target(r, i, &t);
		if (!allowed(r->engine, &t.addr))
			return true;
	}
	return !allowed(r->engine, &r->spec.target);
}

/* Of a rate, what one target gets. */
static double part(const struct pp_session_spec *spec, double pps)
{
	return spec->n_targets > 1 ? pps / spec->n_targets : pps;
}

/* A port's limit, and what one packet a second of a session is in its unit; 0: unknown. */
struct limit {
	struct pp_rate max;
	double each;
};

static struct pp_rate max_rate(const struct pp_engine *e, uint16_t port, double link_bps)
{
	const struct pp_wire *w = pp_dp_wire(e->dp);

	if (e->options.max_rate.value > 0)
		return e->options.max_rate;
	if (!w || pp_wire_side(w, port) < 0)
		return (struct pp_rate){PP_MAX_RATE_PPS, PP_RATE_PPS};
	if (link_bps > 0)
		return (struct pp_rate){100, PP_RATE_PERCENT};
	return (struct pp_rate){INFINITY, PP_RATE_PPS};
}

static struct limit limit_of(const struct pp_engine *e, const struct pp_session_spec *spec)
{
	struct pp_port_info info = {0};
	struct limit l;

	pp_dp_port_info(e->dp, spec->link.port, &info);
	l.max = max_rate(e, spec->link.port, info.link_bps);
	l.each = pp_rate_each(l.max.unit, pp_spec_frame(spec), info.link_bps);
	return l;
}

static bool probes(const struct pp_run *r, const struct pp_addr *target)
{
	struct pp_target_counts t;

	for (uint32_t i = 0; i < r->spec.n_targets; i++) {
		pp_run_target(r, i, &t);
		if (pp_addr_eq(&t.addr, target))
			return true;
	}
	return false;
}

static bool shares(const struct pp_run *r, const struct pp_addr *target, const struct pp_run *mine)
{
	if (r->spec.n_targets > 1)
		return r->limited;
	return mine ? probes(mine, &r->spec.target) : pp_addr_eq(&r->spec.target, target);
}

/* What running sessions send to a target of which few may be sent to: to this one, or to
 * any that `mine` probes. Those with several are not searched: any of them may have it. */
static double taken_by_target(const struct pp_engine *e, const struct pp_addr *target,
			      const struct pp_run *mine)
{
	double pps = 0;

	for (const struct pp_run *r = e->runs; r; r = r->next)
		if (r->taken && shares(r, target, mine))
			pps += part(&r->spec, r->pps);
	return pps;
}

double pp_limit_left(const struct pp_engine *e, const struct pp_session_spec *spec)
{
	struct limit l = limit_of(e, spec);
	double left = l.each > 0 ? (l.max.value - e->taken[spec->link.port].sum) / l.each : 0;

	if (!allowed(e, &spec->target))
		left = fmin(left, PP_ANY_TARGET_PPS - taken_by_target(e, &spec->target, NULL));
	return fmin(left, PP_SESSION_PPS);
}

/* ---- refusals ------------------------------------------------------------------- */

static const char *pps_text(double pps, char buf[PP_RATE_TEXT])
{
	return pp_rate_text((struct pp_rate){pps, PP_RATE_PPS}, buf);
}

/* " of 102 bytes, 8.16Mbps,": what packets are in the limit's unit, if that is another. */
static const char *frames_text(const struct limit *l, const struct pp_session_spec *spec,
			       double pps, char *buf, size_t size)
{
	char all[PP_RATE_TEXT];

	buf[0] = '\0';
	if (l->max.unit != PP_RATE_PPS)
		snprintf(buf, size, " of %.6g bytes, %s,", pp_spec_frame(spec),
			 pp_rate_text((struct pp_rate){pps * l->each, l->max.unit}, all));
	return buf;
}

static int above_max(const struct limit *l, const struct pp_session_spec *spec, double pps,
		     double before, struct pp_error *ret_error)
{
	char more[PP_RATE_TEXT], sum[PP_RATE_TEXT], max[PP_RATE_TEXT], frames[64];

	pps_text(pps, more);
	frames_text(l, spec, pps, frames, sizeof(frames));
	pp_rate_text(l->max, max);
	if (before > 0)
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "port %u sends %s already: %s%s more would be above the engine's "
			 "--max-rate %s",
			 spec->link.port, pp_rate_text((struct pp_rate){before, l->max.unit}, sum),
			 more, frames, max);
	else
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "%s%s is more than the engine's --max-rate %s", more, frames, max);
	return -EPERM;
}

static int above_any(const struct pp_engine *e, const struct pp_addr *target, double pps,
		     double before, struct pp_error *ret_error)
{
	char more[PP_RATE_TEXT], sum[PP_RATE_TEXT], max[PP_RATE_TEXT], addr[PP_ADDR_TEXT];
	char gets[128] = "";

	if (before > 0)
		snprintf(gets, sizeof(gets), " on top of the %s that %s gets",
			 pps_text(before, sum), pp_addr_text(target, addr));
	snprintf(ret_error->text, sizeof(ret_error->text), "%s%s: above %s only to targets that %s",
		 pps_text(pps, more), gets, pps_text(PP_ANY_TARGET_PPS, max),
		 e->options.n_allow ? "--allow covers" : "are on-link (or that --allow covers)");
	return -EPERM;
}

/* With what is sent already: on the port, in the limit's unit, and to the target. */
static int check(const struct pp_engine *e, const struct pp_session_spec *spec, double pps,
		 double before, bool any, double to_target, struct pp_error *ret_error)
{
	struct limit l = limit_of(e, spec);
	char max[PP_RATE_TEXT];

	if (!(l.each > 0)) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "--max-rate %s: the speed of port %u is not known",
			 pp_rate_text(l.max, max), spec->link.port);
		return -EPERM;
	}
	if (before + pps * l.each > l.max.value * ROUNDING)
		return above_max(&l, spec, pps, before, ret_error);
	if (any && to_target + part(spec, pps) > PP_ANY_TARGET_PPS * ROUNDING)
		return above_any(e, &spec->target, part(spec, pps), to_target, ret_error);
	return 0;
}

int pp_limit_check(const struct pp_engine *e, const struct pp_session_spec *spec, double pps,
		   struct pp_error *ret_error)
{
	return check(e, spec, pps, 0, pp_limit_is_any(e, spec), 0, ret_error);
}

/* ---- shares ----------------------------------------------------------------------- */

int pp_limit_take(struct pp_run *r, struct pp_error *ret_error)
{
	struct pp_engine *e = r->engine;
	struct pp_taken *port = &e->taken[r->spec.link.port];

	if (!(r->pps > 0))
		return 0;
	/* All runs are looked through only for targets that have a limit of their own. */
	r->limited = is_any(r);
	double to_target = r->limited ? taken_by_target(e, &r->spec.target, r) : 0;
	int err = check(e, &r->spec, r->pps, port->sum, r->limited, to_target, ret_error);
	if (err)
		return err;
	r->share = r->pps * limit_of(e, &r->spec).each;
	r->taken = true;
	port->sum += r->share;
	port->n++;
	return 0;
}

void pp_limit_release(struct pp_run *r)
{
	struct pp_taken *port = &r->engine->taken[r->spec.link.port];

	if (!r->taken)
		return;
	r->taken = false;
	port->sum -= r->share;
	/* Sums of fractions leave a rest. */
	if (--port->n == 0)
		port->sum = 0;
}
