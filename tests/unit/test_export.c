/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exports: byte for byte what other programs read.
 */
#include "export.h"

#include <stdlib.h>

#include "runner.h"

/* What HdrHistogram prints of 1, 2, .. 100 us with 2 digits, by an implementation of its
 * iteration that shares nothing with ours. */
static const char hundred[] = "       Value     Percentile TotalCount 1/(1-Percentile)\n"
			      "\n"
			      "       1.003 0.000000000000          1           1.00\n"
			      "      10.047 0.100000000000         10           1.11\n"
			      "      20.095 0.200000000000         20           1.25\n"
			      "      30.079 0.300000000000         30           1.43\n"
			      "      40.191 0.400000000000         40           1.67\n"
			      "      50.175 0.500000000000         50           2.00\n"
			      "      55.039 0.550000000000         55           2.22\n"
			      "      60.159 0.600000000000         60           2.50\n"
			      "      65.023 0.650000000000         65           2.86\n"
			      "      70.143 0.700000000000         70           3.33\n"
			      "      75.263 0.750000000000         75           4.00\n"
			      "      78.335 0.775000000000         78           4.44\n"
			      "      80.383 0.800000000000         80           5.00\n"
			      "      83.455 0.825000000000         83           5.71\n"
			      "      85.503 0.850000000000         85           6.67\n"
			      "      88.063 0.875000000000         88           8.00\n"
			      "      89.087 0.887500000000         89           8.89\n"
			      "      90.111 0.900000000000         90          10.00\n"
			      "      92.159 0.912500000000         92          11.43\n"
			      "      93.183 0.925000000000         93          13.33\n"
			      "      94.207 0.937500000000         94          16.00\n"
			      "      95.231 0.943750000000         95          17.78\n"
			      "      95.231 0.950000000000         95          20.00\n"
			      "      96.255 0.956250000000         96          22.86\n"
			      "      97.279 0.962500000000         97          26.67\n"
			      "      97.279 0.968750000000         97          32.00\n"
			      "      98.303 0.971875000000         98          35.56\n"
			      "      98.303 0.975000000000         98          40.00\n"
			      "      98.303 0.978125000000         98          45.71\n"
			      "      99.327 0.981250000000         99          53.33\n"
			      "      99.327 0.984375000000         99          64.00\n"
			      "      99.327 0.985937500000         99          71.11\n"
			      "      99.327 0.987500000000         99          80.00\n"
			      "      99.327 0.989062500000         99          91.43\n"
			      "     100.351 0.990625000000        100         106.67\n"
			      "     100.351 1.000000000000        100\n"
			      "#[Mean    =       50.495, StdDeviation   =       28.863]\n"
			      "#[Max     =      100.351, Total count    =          100]\n"
			      "#[Buckets =           29, SubBuckets     =          256]\n";

struct text {
	FILE *f;
	char *at;
	size_t size;
};

static void open_text(struct text *t)
{
	*t = (struct text){0};
	t->f = open_memstream(&t->at, &t->size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t->f);
}

/* The same; frees it. */
static bool is(struct text *t, const char *want)
{
	fclose(t->f);
	bool same = !strcmp(t->at, want);
	if (!same)
		fprintf(stderr, "%s", t->at);
	free(t->at);
	return same;
}

static struct pp_tally *ladder(int64_t n)
{
	struct pp_tally *t = pp_tally_create(2);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (int64_t i = 1; i <= n; i++)
		pp_tally_record(t, (struct pp_rtt){PP_US(i), PP_US(i)});
	return t;
}

static void test_hgrm(void)
{
	struct pp_tally *t = ladder(100);
	struct text text;
	char want[sizeof(hundred) + 200];

	open_text(&text);
	pp_export_hgrm(text.f, &t->hi, "lab", 7);
	snprintf(want, sizeof(want),
		 "# lab: round-trip times in us, upper ends; 7 not received are in none of the "
		 "lines\n%s",
		 hundred);
	CU_ASSERT(is(&text, want));
	pp_tally_free(t);
}

static void test_hgrm_of_nothing(void)
{
	struct pp_tally *t = ladder(0);
	struct text text;

	open_text(&text);
	pp_export_hgrm(text.f, &t->hi, "none", 0);
	CU_ASSERT(is(&text,
		     "# none: round-trip times in us, upper ends; 0 not received are in none of "
		     "the lines\n"
		     "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
		     "#[Mean    =        0.000, StdDeviation   =        0.000]\n"
		     "#[Max     =        0.000, Total count    =            0]\n"
		     "#[Buckets =           29, SubBuckets     =          256]\n"));
	pp_tally_free(t);
}

/* More than 60 s is shown as that. */
static void test_hgrm_of_one(void)
{
	struct pp_tally *t = ladder(0);
	struct text text;

	pp_hist_record(&t->hi, PP_SEC(70));
	open_text(&text);
	pp_export_hgrm(text.f, &t->hi, "one", 0);
	CU_ASSERT(is(&text,
		     "# one: round-trip times in us, upper ends; 0 not received are in none of "
		     "the lines\n"
		     "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
		     "60000000.000 0.000000000000          1           1.00\n"
		     "60000000.000 1.000000000000          1\n"
		     "#[Mean    = 60000000.000, StdDeviation   =        0.000]\n"
		     "#[Max     = 60000000.000, Total count    =            1]\n"
		     "#[Buckets =           29, SubBuckets     =          256]\n"));
	pp_tally_free(t);
}

static struct pp_addr target_addr(const void *arg, uint32_t i)
{
	return ((const struct pp_addr *)arg)[i];
}

/* Slot and sequence are the target's, whose address is the last column. */
static void test_csv_of_targets(void)
{
	static const struct pp_sample s[] = {
		{.slot = 0, .number = 32, .tx = PP_US(5), .rtt = {PP_NS(10), PP_NS(12)}},
		{.slot = 1, .number = 33, .tx = PP_US(5), .rtt = {PP_NS(10), PP_NS(12)}},
		{.slot = 65536 * 2 + 1, .number = 64, .tx = PP_US(9), .rtt = {PP_NS(7), PP_NS(8)}},
	};
	struct pp_addr addr[2];
	const struct pp_export_targets two = {2, target_addr, addr};
	struct text text;

	CU_ASSERT_EQUAL(pp_addr_parse("192.0.2.1", &addr[0]), 0);
	CU_ASSERT_EQUAL(pp_addr_parse("192.0.2.9", &addr[1]), 0);
	open_text(&text);
	pp_export_csv_head(text.f, &two);
	pp_export_csv(text.f, s, 3, &two);
	CU_ASSERT(is(&text, "slot,sequence,number,tx_ns,lo_ns,hi_ns,target\n"
			    "0,1,32,5000,10,12,192.0.2.1\n"
			    "0,1,33,5000,10,12,192.0.2.9\n"
			    "65536,1,64,9000,7,8,192.0.2.9\n"));
}

static void test_csv(void)
{
	static const struct pp_export_targets one = {.n = 1};
	static const struct pp_sample s[] = {
		{.slot = 0, .number = 32, .tx = PP_US(5), .rtt = {PP_NS(10), PP_NS(12)}},
		{.slot = 65535,
		 .number = UINT64_MAX,
		 .tx = PP_SEC(9),
		 .rtt = {PP_NS(0), PP_SEC(60)}},
	};
	struct text text;

	open_text(&text);
	pp_export_csv_head(text.f, &one);
	pp_export_csv(text.f, s, 1, &one);
	pp_export_csv(text.f, s + 1, 1, &one);
	pp_export_csv(text.f, s, 0, &one);
	pp_export_csv_tail(text.f, 2, 5);
	CU_ASSERT(is(&text, "slot,sequence,number,tx_ns,lo_ns,hi_ns\n"
			    "0,1,32,5000,10,12\n"
			    "65535,0,18446744073709551615,9000000000,0,60000000000\n"
			    "# 2 samples, 5 dropped\n"));
}

static void test_json(void)
{
	struct pp_tally *t = ladder(0);
	struct text text;

	pp_tally_record(t, (struct pp_rtt){PP_NS(7), PP_NS(1000)});
	pp_tally_record(t, (struct pp_rtt){PP_NS(7), PP_NS(1001)});
	open_text(&text);
	json_t *o = pp_export_json(&t->lo, &t->hi, "lab", 3);
	json_dumpf(o, text.f, JSON_COMPACT);
	json_decref(o);
	CU_ASSERT(is(&text, "{\"name\":\"lab\",\"unit\":\"ns\",\"received\":2,"
			    "\"not_received\":3,\"lower\":[[7,7,2]],"
			    "\"upper\":[[1000,1003,2]]}"));
	pp_tally_free(t);
}

PP_TEST_MAIN("export", {"hgrm is what HdrHistogram prints", test_hgrm},
	     {"hgrm of nothing has its frame", test_hgrm_of_nothing},
	     {"hgrm ends at 60 s", test_hgrm_of_one}, {"csv is the samples, a line each", test_csv},
	     {"csv says whose they are", test_csv_of_targets},
	     {"json is every counter that is not zero", test_json})
