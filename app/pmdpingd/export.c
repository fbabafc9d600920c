/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results in the formats of other programs: .hgrm, CSV, JSON.
 */
#include "export.h"

#include <inttypes.h>
#include <math.h>

#define TICKS_PER_HALF 5 /* lines from each half of the distance to 100 % to the next */

static uint64_t count_at(const struct pp_hist *h, uint32_t i)
{
	return __atomic_load_n(&h->counts[i], __ATOMIC_RELAXED);
}

/* Beyond 60 s there is no edge. */
static double upper_us(const struct pp_hist *h, uint32_t i)
{
	return (double)pp_ns_min(pp_hist_bucket_high(h, i), PP_HIST_MAX).v / 1e3;
}

/* ---- hgrm --------------------------------------------------------------------------- */

/* The middle of a counter as HdrHistogram takes it. */
static double middle_us(const struct pp_hist *h, uint32_t i)
{
	int64_t low = pp_ns_min(pp_hist_bucket_low(h, i), PP_HIST_MAX).v;
	int64_t high = pp_ns_min(pp_hist_bucket_high(h, i), PP_HIST_MAX).v;

	return (double)(low + (high - low + 1) / 2) / 1e3;
}

static double mean_us(const struct pp_hist *h, uint64_t total)
{
	double sum = 0;

	for (uint32_t i = 0; i < h->len; i++)
		sum += (double)count_at(h, i) * middle_us(h, i);
	return total ? sum / (double)total : 0;
}

static double deviation_us(const struct pp_hist *h, uint64_t total, double mean)
{
	double sum = 0;

	for (uint32_t i = 0; i < h->len; i++)
		sum += (double)count_at(h, i) * (middle_us(h, i) - mean) * (middle_us(h, i) - mean);
	return total ? sqrt(sum / (double)total) : 0;
}

/* How many doublings of the sub-buckets reach 60 s. */
static unsigned int buckets(const struct pp_hist *h)
{
	unsigned int n = 1;

	while ((INT64_C(2) << h->sub_bits) << (n - 1) <= PP_HIST_MAX.v)
		n++;
	return n;
}

/* The next level to report: in each half of what is left to 100 %, TICKS_PER_HALF. */
static double next_level(double percent)
{
	double halves = floor(log2(100 / (100 - percent))) + 1;

	return percent + 100 / (TICKS_PER_HALF * exp2(halves));
}

static void put_level(FILE *f, double value, double percent, uint64_t seen)
{
	fprintf(f, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", value, percent / 100, seen,
		1 / (1 - percent / 100));
}

static void put_levels(FILE *f, const struct pp_hist *h, uint64_t total)
{
	uint64_t seen = 0;
	double level = 0, value = 0;

	for (uint32_t i = 0; i < h->len && seen < total; i++) {
		if (count_at(h, i) == 0)
			continue;
		seen += count_at(h, i);
		value = upper_us(h, i);
		while (level <= 100 * (double)seen / (double)total) {
			put_level(f, value, level, seen);
			level = next_level(level);
			if (seen >= total)
				break;
		}
	}
	if (total)
		fprintf(f, "%12.3f %2.12f %10" PRIu64 "\n", value, 1.0, seen);
}

void pp_export_hgrm(FILE *f, const struct pp_hist *h, const char *name, uint64_t not_received)
{
	uint64_t total = pp_hist_total(h);
	double mean = mean_us(h, total);
	uint32_t last = pp_hist_at_rank(h, total ? total : 1);

	fprintf(f,
		"# %s: round-trip times in us, upper ends; %" PRIu64
		" not received are in none of the lines\n",
		name, not_received);
	fprintf(f, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	put_levels(f, h, total);
	fprintf(f, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean,
		deviation_us(h, total, mean));
	fprintf(f, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
		total ? upper_us(h, last) : 0, total);
	fprintf(f, "#[Buckets = %12u, SubBuckets     = %12u]\n", buckets(h), 2u << h->sub_bits);
}

/* ---- CSV ------------------------------------------------------------------------------ */

void pp_export_csv_head(FILE *f, const struct pp_export_targets *targets)
{
	fprintf(f, "slot,sequence,number,tx_ns,lo_ns,hi_ns%s\n", targets->n > 1 ? ",target" : "");
}

void pp_export_csv(FILE *f, const struct pp_sample *sample, uint32_t n,
		   const struct pp_export_targets *targets)
{
	char text[PP_ADDR_TEXT];

	for (const struct pp_sample *s = sample; s < sample + n; s++) {
		uint64_t k = s->slot / targets->n; /* the target's own */
		fprintf(f, "%" PRIu64 ",%u,%" PRIu64 ",%" PRId64 ",%" PRId64 ",%" PRId64, k,
			(unsigned int)(uint16_t)(k + 1), s->number, s->tx.v, s->rtt.lo.v,
			s->rtt.hi.v);
		if (targets->n > 1) {
			struct pp_addr addr =
				targets->addr(targets->arg, (uint32_t)(s->slot % targets->n));
			fprintf(f, ",%s", pp_addr_text(&addr, text));
		}
		fputc('\n', f);
	}
}

void pp_export_csv_tail(FILE *f, uint32_t n, uint64_t dropped)
{
	fprintf(f, "# %u samples, %" PRIu64 " dropped\n", n, dropped);
}

/* ---- JSON ----------------------------------------------------------------------------- */

static json_t *counters_json(const struct pp_hist *h)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < h->len; i++)
		if (count_at(h, i))
			json_array_append_new(array,
					      json_pack("[I, I, I]",
							(json_int_t)pp_hist_bucket_low(h, i).v,
							(json_int_t)pp_hist_bucket_high(h, i).v,
							(json_int_t)count_at(h, i)));
	return array;
}

json_t *pp_export_json(const struct pp_hist *lo, const struct pp_hist *hi, const char *name,
		       uint64_t not_received)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "name", name, "unit", "ns", "received",
			 (json_int_t)pp_hist_total(lo), "not_received", (json_int_t)not_received,
			 "lower", counters_json(lo), "upper", counters_json(hi));
}
