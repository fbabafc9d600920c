/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a session measured beyond ping's summary: quantiles with their confidence, and
 * the distribution as bars.
 */
#include "out.h"

#include <inttypes.h>

#define BAR 40 /* of the fullest row */

/* ---- quantiles -------------------------------------------------------------------- */

/* In ms; null is among the lost, or more than the number of samples bounds. */
static void put_end(FILE *f, const json_t *q, const char *key, int digits)
{
	const json_t *v = json_object_get(q, key);

	if (json_is_number(v))
		fprintf(f, "%.*f", digits, json_number_value(v) / 1e6);
	else
		fputs("inf", f);
}

/* Padded, so that columns stay in line whatever the numbers. */
static void put_interval(FILE *f, const json_t *q, const char *lo, const char *hi, int digits,
			 int width)
{
	char text[64] = "";
	FILE *cell = fmemopen(text, sizeof(text), "w");

	if (!cell)
		return;
	put_end(cell, q, lo, digits);
	fputs("..", cell);
	put_end(cell, q, hi, digits);
	fclose(cell);
	fprintf(f, "%-*s", width, text);
}

static double level(const json_t *q)
{
	return json_number_value(json_object_get(q, "p"));
}

/* The same quantile of the round-trip times from the slot; NULL when there is none. */
static const json_t *intended_of(const json_t *body, const json_t *q)
{
	const json_t *list = json_object_get(body, "quantiles_intended");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (level(json_array_get(list, i)) == level(q))
			return json_array_get(list, i);
	return NULL;
}

static void put_value(FILE *f, const json_t *q, int digits, int width)
{
	if (json_is_true(json_object_get(q, "lost")))
		fprintf(f, "%-*s", width, "lost");
	else
		put_interval(f, q, "lo_ns", "hi_ns", digits, width);
}

static void put_quantile(FILE *f, const json_t *body, const json_t *q, int digits)
{
	const json_t *intended = intended_of(body, q);
	char p[32];

	snprintf(p, sizeof(p), "p%.10g", level(q) * 100);
	fprintf(f, "%-10s", p);
	put_value(f, q, digits, 28);
	put_interval(f, q, "ci_lo_ns", "ci_hi_ns", digits, intended ? 28 : 0);
	if (intended)
		put_value(f, intended, digits, 0);
	fputc('\n', f);
}

/* Where the slots were sent so late that it shows: at the quantile where it does most. */
static void put_omission(FILE *f, const json_t *body)
{
	const json_t *list = json_object_get(body, "quantiles"), *most = NULL;
	int64_t omitted = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *q = json_array_get(list, i), *intended = intended_of(body, q);
		bool known = intended && !json_is_true(json_object_get(q, "lost")) &&
			     !json_is_true(json_object_get(intended, "lost"));
		int64_t more = known ? pp_out_int(intended, "lo_ns") - pp_out_int(q, "hi_ns") : 0;
		most = more > omitted ? q : most;
		omitted = more > omitted ? more : omitted;
	}
	if (most)
		fprintf(f, "coordinated omission: p%.10g from the slot is %.3f ms more\n",
			level(most) * 100, (double)omitted / 1e6);
}

void pp_out_quantiles(FILE *f, const json_t *body)
{
	const json_t *list = json_object_get(body, "quantiles");
	int digits = pp_out_decimals(json_object_get(body, "rtt"));

	if (!json_object_get(json_array_get(list, 0), "ci_lo_ns"))
		return;
	bool intended = json_array_size(json_object_get(body, "quantiles_intended"));
	fprintf(f, "%-10s%-28s%-*s%s\n", "quantile", "interval, ms", intended ? 28 : 0,
		"95 % confidence, ms", intended ? "from the slot, ms" : "");
	for (size_t i = 0; i < json_array_size(list); i++)
		put_quantile(f, body, json_array_get(list, i), digits);
	put_omission(f, body);
}

/* ---- histogram ---------------------------------------------------------------------- */

static int64_t fullest(const json_t *rows, int64_t not_received)
{
	int64_t most = not_received;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		int64_t n = pp_out_int(json_array_get(rows, i), "count");
		most = n > most ? n : most;
	}
	return most;
}

/* Whatever is there at all shows. */
static void put_bar(FILE *f, int64_t count, double percent, int64_t most)
{
	double length = most ? (double)count * BAR / (double)most : 0;

	fprintf(f, " %12" PRId64 " %9.4f%%%s", count, percent, count ? " " : "");
	for (int i = 0; i < length; i++)
		fputc('#', f);
	fputc('\n', f);
}

static void put_row(FILE *f, const json_t *row, int64_t most)
{
	fprintf(f, "%14.3f %14.3f", (double)pp_out_int(row, "lo_ns") / 1e3,
		(double)pp_out_int(row, "hi_ns") / 1e3);
	put_bar(f, pp_out_int(row, "count"),
		json_number_value(json_object_get(row, "cumulative_percent")), most);
}

void pp_out_histogram(FILE *f, const json_t *body)
{
	const json_t *rows = json_object_get(body, "rows");
	int64_t not_received = pp_out_int(body, "not_received");
	int64_t most = fullest(rows, not_received);

	fprintf(f, "%14s %14s %12s %10s\n", "FROM us", "TO us", "COUNT", "UP TO");
	for (size_t i = 0; i < json_array_size(rows); i++)
		put_row(f, json_array_get(rows, i), most);
	fprintf(f, "%29s", "not received");
	put_bar(f, not_received, most ? 100 : 0, most);
}
