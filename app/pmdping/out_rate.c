/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate of a session: what was programmed and achieved, what limited it, and how late
 * slots were sent.
 */
#include "out.h"

#include <pmdping/base.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LEAST_SHARE 0.001 /* percent of a link that is shown */

static const struct {
	const char *cause, *what, *slots;
} causes[] = {
	{"worker", "the worker", "missed"},
	{"port", "the port", "refused"},
	{"neighbour", "the neighbour", "waited for it"},
	{"log", "the in-flight log", "found it full"},
	{"replies", "the replies", NULL},
	{"max_rate", "--max-rate", NULL},
};

static double number(const json_t *body, const char *key)
{
	return json_number_value(json_object_get(body, key));
}

static void put_rate(FILE *f, double value, enum pp_rate_unit unit)
{
	char text[PP_RATE_TEXT];

	fputs(pp_rate_text((struct pp_rate){value, unit}, text), f);
}

/* Downwards: 100% is all of them. */
static void put_percent(FILE *f, double percent)
{
	fprintf(f, " (%g%%)", floor(percent * 100) / 100);
}

static void put_cause(FILE *f, const json_t *limit)
{
	const json_t *slots = json_object_get(limit, "slots");

	for (size_t i = 0; i < PP_ARRAY_LEN(causes); i++) {
		if (strcmp(causes[i].cause, pp_out_str(limit, "cause")))
			continue;
		fputs(causes[i].what, f);
		if (json_is_integer(slots))
			fprintf(f, " (%" PRId64 " slots %s)", pp_out_int(limit, "slots"),
				causes[i].slots);
	}
}

static void put_limits(FILE *f, const json_t *limits)
{
	for (size_t i = 0; i < json_array_size(limits); i++) {
		fputs(i ? ", " : ", limited by ", f);
		put_cause(f, json_array_get(limits, i));
	}
}

static void put_programmed(FILE *f, const json_t *rate)
{
	double pps = number(rate, "programmed_pps"), link = number(rate, "link_bps");

	fputs(json_is_true(json_object_get(rate, "flood")) ? "rate at most " : "rate ", f);
	put_rate(f, pps, PP_RATE_PPS);
	double share =
		link > 0 ? pps * pp_rate_each(PP_RATE_PERCENT, number(rate, "frame"), link) : 0;
	if (share < LEAST_SHARE)
		return;
	fprintf(f, " (%.6g%% of ", share);
	put_rate(f, link, PP_RATE_BPS);
	fputc(')', f);
}

static void put_slip(FILE *f, const json_t *body)
{
	const json_t *list = json_object_get(body, "quantiles_slip");
	double max = number(body, "slip_max_ns");

	fputs("slip", f);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *q = json_array_get(list, i);
		double p = number(q, "p");
		if (p == 0.5 || p == 0.99)
			fprintf(f, " p%g %.4f", p * 100, fmin(number(q, "hi_ns"), max) / 1e6);
	}
	fprintf(f, " max %.4f ms\n", max / 1e6);
}

/* Who pings at an interval, and gets it, wants to hear of replies alone. */
static bool is_worth_saying(const json_t *body, const json_t *rate)
{
	return json_object_get(body, "name") || json_is_true(json_object_get(rate, "asked")) ||
	       json_array_size(json_object_get(rate, "limits")) > 0;
}

void pp_out_rate(FILE *f, const json_t *body)
{
	const json_t *rate = json_object_get(body, "rate");

	if (!json_is_object(rate) || !is_worth_saying(body, rate))
		return;
	put_programmed(f, rate);
	if (json_is_number(json_object_get(rate, "achieved_pps"))) {
		fputs(", achieved ", f);
		put_rate(f, number(rate, "achieved_pps"), PP_RATE_PPS);
	}
	if (json_is_number(json_object_get(rate, "achieved_percent")))
		put_percent(f, number(rate, "achieved_percent"));
	if (json_is_number(json_object_get(rate, "last_pps"))) {
		fputs(", in the last second ", f);
		put_rate(f, number(rate, "last_pps"), PP_RATE_PPS);
	}
	put_limits(f, json_object_get(rate, "limits"));
	fputc('\n', f);
	if (pp_out_int(body, "sent"))
		put_slip(f, body);
}
