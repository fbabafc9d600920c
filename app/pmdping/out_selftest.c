/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The selftest's certificate as text: a line per case while it runs, then machine,
 * calibration and verdict.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>

/* A duration in the unit that suits it; `none` where there is none. */
static void put_us(char *buf, size_t size, const json_t *v, const char *none)
{
	double us = json_number_value(v) / 1e3;

	if (!json_is_number(v))
		snprintf(buf, size, "%s", none);
	else
		snprintf(buf, size, "%.*f", us < 100 ? 2 : 1, us);
}

static void put_faults(FILE *f, const json_t *b)
{
	const json_t *faults = json_object_get(b, "faults");

	for (size_t i = 0; i < json_array_size(faults); i++)
		fprintf(f, "%s%s", i ? ", " : ": ", json_string_value(json_array_get(faults, i)));
	fputc('\n', f);
}

/* As long as it should have taken, and what of it was sent how late. */
static void put_span(FILE *f, const json_t *b)
{
	char p50[24], p99[24], most[24], slip[80];

	put_us(p50, sizeof(p50), json_object_get(b, "slip_p50_ns"), "-");
	put_us(p99, sizeof(p99), json_object_get(b, "slip_p99_ns"), "-");
	put_us(most, sizeof(most), json_object_get(b, "slip_max_ns"), "-");
	snprintf(slip, sizeof(slip), "%s/%s/%s", p50, p99, most);
	fprintf(f,
		"%-9s %9" PRId64 " %9" PRId64 " %9" PRId64 " %9" PRId64
		" %14.6f %14.6f %+9.4f%% %24s  %s",
		pp_out_str(b, "case"), pp_out_int(b, "slots"), pp_out_int(b, "sent"),
		pp_out_int(b, "missed"), pp_out_int(b, "not_sent"),
		(double)pp_out_int(b, "span_programmed_ns") / 1e9,
		(double)pp_out_int(b, "span_ns") / 1e9,
		json_real_value(json_object_get(b, "span_error_percent")), slip,
		pp_out_str(b, "verdict"));
	put_faults(f, b);
}

static void put_case(FILE *f, const json_t *b)
{
	char truth[24], lo[24], hi[24], median[64], width[48];
	int64_t samples = pp_out_int(b, "samples"), covered = pp_out_int(b, "covered");

	if (json_object_get(b, "error")) {
		fprintf(f, "%-22s %s: %s\n", pp_out_str(b, "case"), pp_out_str(b, "verdict"),
			pp_out_str(b, "error"));
		return;
	}
	if (json_object_get(b, "span_ns")) {
		put_span(f, b);
		return;
	}
	put_us(truth, sizeof(truth), json_object_get(b, "truth_p50_ns"), "lost");
	put_us(lo, sizeof(lo), json_object_get(b, "p50_lo_ns"), "lost");
	put_us(hi, sizeof(hi), json_object_get(b, "p50_hi_ns"), "lost");
	snprintf(median, sizeof(median), strcmp(lo, "lost") ? "%s..%s" : "%s", lo, hi);
	snprintf(width, sizeof(width), "%.2f/%.2f", (double)pp_out_int(b, "width_p50_ns") / 1e3,
		 (double)pp_out_int(b, "width_p99_ns") / 1e3);
	fprintf(f, "%-22s %8.0f %7" PRId64 " %8.4f%% %10s %21s %14s  %-6s %s",
		pp_out_str(b, "case"), json_real_value(json_object_get(b, "pps")),
		pp_out_int(b, "sent"), samples ? 100.0 * (double)covered / (double)samples : 0.0,
		truth, median, width,
		json_is_true(json_object_get(b, "states_held")) ? "equal" : "DIFFER",
		pp_out_str(b, "verdict"));
	put_faults(f, b);
}

static void put_start(FILE *f, const json_t *b)
{
	if (!strcmp(pp_out_str(b, "plan"), "span")) {
		fprintf(f, "%-9s %9s %9s %9s %9s %14s %14s %10s %24s  %s\n", "CASE", "SLOTS",
			"SENT", "MISSED", "NOT SENT", "PROGRAMMED (s)", "DEPARTED (s)", "ERROR",
			"SLIP P50/P99/MAX (us)", "VERDICT");
		return;
	}
	fprintf(f, "%-22s %8s %7s %9s %10s %21s %14s  %-6s %s\n", "CASE", "PPS", "SENT", "COVERED",
		"TRUE P50", "MEASURED P50 (us)", "WIDTH P50/P99", "STATES", "VERDICT");
}

static void put_end(FILE *f, const json_t *b)
{
	const json_t *m = json_object_get(b, "machine");

	fprintf(f, "\npmdping %s, %s, Linux %s %s\n", pp_out_str(m, "version"),
		pp_out_str(m, "dpdk"), pp_out_str(m, "kernel"), pp_out_str(m, "machine"));
	fprintf(f,
		"TSC %.0f Hz known to %.4f ppm; rte_get_tsc_hz() is %+.1f ppm off; %s; wire's seed "
		"%" PRId64 "\n",
		json_real_value(json_object_get(m, "tsc_hz")),
		json_real_value(json_object_get(m, "tsc_uncertainty_ppm")),
		json_real_value(json_object_get(m, "eal_tsc_error_ppm")),
		json_is_true(json_object_get(m, "invariant_tsc")) ? "invariant" : "NOT INVARIANT",
		pp_out_int(m, "wire_seed"));
	fprintf(f, "%" PRId64 " cases passed, %" PRId64 " failed in %.1f s: %s%s\n",
		pp_out_int(b, "passed"), pp_out_int(b, "failed"),
		json_real_value(json_object_get(b, "seconds")), pp_out_str(b, "verdict"),
		json_is_false(json_object_get(b, "certificate")) ? " (a quick look, no certificate)"
								 : "");
}

void pp_out_selftest(FILE *f, const char *event, const json_t *body)
{
	if (!strcmp(event, "start"))
		put_start(f, body);
	else if (!strcmp(event, "case"))
		put_case(f, body);
	else if (!strcmp(event, "result"))
		put_end(f, body);
}
