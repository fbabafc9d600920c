/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The selftest's certificate as text: a line per case while it runs, then machine,
 * calibration and verdict.
 */
#include "out.h"

#include <inttypes.h>
#include <string.h>

/* A duration in the unit that suits it. */
static void put_us(char *buf, size_t size, const json_t *v)
{
	double us = json_number_value(v) / 1e3;

	if (!json_is_number(v))
		snprintf(buf, size, "lost");
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

static void put_case(FILE *f, const json_t *b)
{
	char truth[24], lo[24], hi[24], median[64], width[48];
	int64_t samples = pp_out_int(b, "samples"), covered = pp_out_int(b, "covered");

	if (json_object_get(b, "error")) {
		fprintf(f, "%-22s %s: %s\n", pp_out_str(b, "case"), pp_out_str(b, "verdict"),
			pp_out_str(b, "error"));
		return;
	}
	put_us(truth, sizeof(truth), json_object_get(b, "truth_p50_ns"));
	put_us(lo, sizeof(lo), json_object_get(b, "p50_lo_ns"));
	put_us(hi, sizeof(hi), json_object_get(b, "p50_hi_ns"));
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

static void put_start(FILE *f)
{
	fprintf(f, "%-22s %8s %7s %9s %10s %21s %14s  %-6s %s\n", "CASE", "PPS", "SENT", "COVERED",
		"TRUE P50", "MEASURED P50 (us)", "WIDTH P50/P99", "STATES", "VERDICT");
}

static void put_end(FILE *f, const json_t *b)
{
	const json_t *m = json_object_get(b, "machine");

	fprintf(f, "\npmdping %s, %s, Linux %s %s\n", pp_out_str(m, "version"),
		pp_out_str(m, "dpdk"), pp_out_str(m, "kernel"), pp_out_str(m, "machine"));
	fprintf(f, "TSC %.0f Hz known to %.4f ppm; rte_get_tsc_hz() is %+.1f ppm off; %s\n",
		json_real_value(json_object_get(m, "tsc_hz")),
		json_real_value(json_object_get(m, "tsc_uncertainty_ppm")),
		json_real_value(json_object_get(m, "eal_tsc_error_ppm")),
		json_is_true(json_object_get(m, "invariant_tsc")) ? "invariant" : "NOT INVARIANT");
	fprintf(f, "%" PRId64 " cases passed, %" PRId64 " failed in %.1f s: %s%s\n",
		pp_out_int(b, "passed"), pp_out_int(b, "failed"),
		json_real_value(json_object_get(b, "seconds")), pp_out_str(b, "verdict"),
		json_is_false(json_object_get(b, "certificate")) ? " (a quick look, no certificate)"
								 : "");
}

void pp_out_selftest(FILE *f, const char *event, const json_t *body)
{
	if (!strcmp(event, "start"))
		put_start(f);
	else if (!strcmp(event, "case"))
		put_case(f, body);
	else if (!strcmp(event, "result"))
		put_end(f, body);
}
