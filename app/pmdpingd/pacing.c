/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of pacing: poisson, burst, on and off, gaps; slack.
 */
#include "runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAPS_MAX 4096

/* "10us,20us,1ms" */
static int parse_gaps(const char *text, pp_ns **ret_gaps, uint32_t *ret_n)
{
	char *copy = strdup(text), *save = NULL;
	pp_ns *gaps = calloc(GAPS_MAX, sizeof(*gaps));
	uint32_t n = 0;
	int err = copy && gaps ? 0 : -ENOMEM;

	for (char *word = copy ? strtok_r(copy, ",", &save) : NULL; word && !err;
	     word = strtok_r(NULL, ",", &save)) {
		err = n == GAPS_MAX ? -E2BIG : pp_parse_time(word, false, &gaps[n]);
		if (!err && gaps[n].v < 1000)
			err = -ERANGE;
		n += !err;
	}
	free(copy);
	if (!err && n == 0)
		err = -EINVAL;
	if (err) {
		free(gaps);
		return err;
	}
	*ret_gaps = gaps;
	*ret_n = n;
	return 0;
}

static bool take_gaps(struct pp_call *c, struct pp_session_spec *spec, pp_ns **ret_gaps)
{
	int err = parse_gaps(pp_call_text(c, "gaps"), ret_gaps, &spec->n_gaps);

	if (err) {
		pp_call_fail(c, PP_ERR_PARAMS, "gaps",
			     "not a list of 1 to %d times of 1us or more: %s", GAPS_MAX,
			     pp_call_text(c, "gaps"));
		return false;
	}
	spec->gaps = *ret_gaps;
	spec->pacing = PP_PACING_TRACE;
	return true;
}

/* `rate` is that of packets: bursts come so much less often. */
static void take_burst(struct pp_session_spec *spec, int64_t burst)
{
	spec->pacing = PP_PACING_BURST;
	spec->burst = (uint32_t)burst;
	if (spec->rate > 0)
		spec->rate /= (double)burst;
}

static bool take_on_off(struct pp_call *c, struct pp_session_spec *spec)
{
	const int64_t *on = pp_call_int(c, "on"), *off = pp_call_int(c, "off");

	if (!on != !off) {
		pp_call_fail(c, PP_ERR_PARAMS, on ? "on" : "off", "on and off belong together");
		return false;
	}
	if (!on)
		return true;
	spec->pacing = PP_PACING_ONOFF;
	spec->on = PP_NS(*on);
	spec->off = PP_NS(*off);
	int64_t period = spec->rate > 0 ? (int64_t)(1e9 / spec->rate) : spec->interval.v;
	if (period <= *on)
		return true;
	pp_call_fail(c, PP_ERR_PARAMS, "on",
		     "no slot fits: on is shorter than the time between two slots");
	return false;
}

bool pp_pacing_from_call(struct pp_call *c, struct pp_session_spec *spec, pp_ns **ret_gaps)
{
	const int64_t *seed = pp_call_int(c, "seed"), *burst = pp_call_int(c, "burst"),
		      *slack = pp_call_int(c, "slack");

	*ret_gaps = NULL;
	spec->slack = PP_NS(slack ? *slack : 0);
	spec->seed = seed ? (uint64_t)*seed : 1;
	if (pp_call_flag(c, "poisson"))
		spec->pacing = PP_PACING_POISSON;
	if (burst)
		take_burst(spec, *burst);
	if (pp_call_text(c, "gaps") && !take_gaps(c, spec, ret_gaps))
		return false;
	return take_on_off(c, spec);
}

double pp_pacing_pps(const struct pp_session_spec *spec)
{
	double pps = spec->rate > 0 ? spec->rate : 1e9 / (double)spec->interval.v, total = 0;

	if (spec->pacing == PP_PACING_BURST)
		return pps * spec->burst;
	if (spec->pacing != PP_PACING_TRACE)
		return pps;
	for (uint32_t i = 0; i < spec->n_gaps; i++)
		total += (double)spec->gaps[i].v;
	return spec->n_gaps * 1e9 / total;
}
