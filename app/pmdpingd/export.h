/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results in the formats of other programs.
 */
#ifndef PMDPINGD_EXPORT_H
#define PMDPINGD_EXPORT_H

#include <pmdping/probe.h>
#include <pmdping/stats.h>
#include <jansson.h>
#include <stdio.h>

/* The percentile distribution that HdrHistogram prints and its plotter reads: values in
 * us, the counters' upper edges. What was not received is in a comment only. */
void pp_export_hgrm(FILE *f, const struct pp_hist *h, const char *name, uint64_t not_received);

/* Single samples, a line each; whose they are when there are several targets. */
struct pp_export_targets {
	uint32_t n; /* >= 1 */
	struct pp_addr (*addr)(const void *arg, uint32_t i);
	const void *arg;
};
void pp_export_csv_head(FILE *f, const struct pp_export_targets *targets);
void pp_export_csv(FILE *f, const struct pp_sample *sample, uint32_t n,
		   const struct pp_export_targets *targets);
void pp_export_csv_tail(FILE *f, uint32_t n, uint64_t dropped);

/* Both histograms whole: counters that are not zero as [low, high, count]. */
json_t *pp_export_json(const struct pp_hist *lo, const struct pp_hist *hi, const char *name,
		       uint64_t not_received);

#endif
