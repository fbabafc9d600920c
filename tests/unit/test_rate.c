/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates of frames, against numbers computed by hand.
 */
#include <pmdping/proto.h>

#include <stdio.h>

#include "runner.h"

#define GBPS 1e9

/* Among them the figures of RFC 5180 A.1: 64 and 1518 bytes at 10GbE. */
static const struct {
	const char *rate;
	bool v6, tagged;
	size_t size;
	double link, frame, pps;
} rows[] = {
	{"100%", false, false, 18, 10 * GBPS, 64, 14880952.381},
	{"100%", false, false, 1472, 10 * GBPS, 1518, 812743.823},
	{"100%", false, false, 18, GBPS, 64, 1488095.238},
	{"50%", false, false, 18, GBPS, 64, 744047.619},
	{"0.1%", false, false, 18, 100e6, 64, 148.810},
	{"100%", true, false, 1452, 10 * GBPS, 1518, 812743.823},
	{"100%", false, true, 1472, 10 * GBPS, 1522, 810635.538},
	{"10Gbpsl1", false, false, 18, 0, 64, 14880952.381},
	{"10Gbps", false, false, 18, 0, 64, 19531250},
	{"10Gbps", false, false, 1472, 0, 1518, 823451.910},
	/* Below the smallest frame the padding counts; a tag is part of it. */
	{"1Mbps", false, false, 0, 0, 64, 1953.125},
	{"1Mbps", false, false, 18, 0, 64, 1953.125},
	{"1Mbps", false, false, 19, 0, 65, 1923.077},
	{"1Mbps", false, true, 0, 0, 64, 1953.125},
	{"1Mbps", false, true, 14, 0, 64, 1953.125},
	{"1Mbps", false, true, 18, 0, 68, 1838.235},
	{"1Mbps", false, false, 56, 0, 102, 1225.490},
	{"1Mbps", false, true, 56, 0, 106, 1179.245},
	{"1Mbps", true, false, 0, 0, 66, 1893.939},
	{"1Mbps", true, true, 0, 0, 70, 1785.714},
	{"1Mbps", true, false, 16, 0, 82, 1524.390},
	{"1Mbpsl1", true, true, 56, 0, 126, 856.164},
	{"1kpps", true, true, 56, 0, 126, 1000},
};

static void test_rows(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(rows); i++) {
		struct pp_rate rate;
		CU_ASSERT_EQUAL_FATAL(pp_parse_rate(rows[i].rate, &rate), 0);
		double frame = (double)pp_echo_frame(rows[i].v6, rows[i].tagged, rows[i].size);
		double each = pp_rate_each(rate.unit, frame, rows[i].link);
		CU_ASSERT_EQUAL(frame, rows[i].frame);
		CU_ASSERT_DOUBLE_EQUAL(rate.value / each, rows[i].pps, 0.0006);
	}
}

static void test_unknown_link(void)
{
	CU_ASSERT_EQUAL(pp_rate_each(PP_RATE_PERCENT, 64, 0), 0);
	CU_ASSERT_EQUAL(pp_rate_each(PP_RATE_BPSL1, 64, 0), 672);
}

/* What is built is as long as what was counted on. */
static void test_frames_as_built(void)
{
	uint8_t frame[1600];

	for (unsigned int kind = 0; kind < 4; kind++) {
		bool v6 = kind & 1, tagged = kind & 2;
		struct pp_l3 l3 = {.vlan = tagged ? 7 : 0, .ttl = 64};
		CU_ASSERT_EQUAL(pp_addr_parse(v6 ? "2001:db8::1" : "192.0.2.1", &l3.src), 0);
		l3.dst = l3.src;
		for (size_t size = 0; size < 1400; size++) {
			size_t len = pp_echo_build(frame, sizeof(frame), &l3, 1, 1, size);
			if (len + PP_ETH_FCS != pp_echo_frame(v6, tagged, size))
				CU_FAIL("another length");
		}
	}
}

static void check_text(double value, enum pp_rate_unit unit, const char *wanted)
{
	char buf[PP_RATE_TEXT];
	struct pp_rate back = {0};

	CU_ASSERT_STRING_EQUAL(pp_rate_text((struct pp_rate){value, unit}, buf), wanted);
	CU_ASSERT_EQUAL(pp_parse_rate(buf, &back), 0);
	CU_ASSERT_EQUAL(back.unit, unit);
	CU_ASSERT_DOUBLE_EQUAL(back.value, value, value * 5.1e-6);
}

static void test_text(void)
{
	check_text(1, PP_RATE_PPS, "1pps");
	check_text(999, PP_RATE_PPS, "999pps");
	check_text(1000, PP_RATE_PPS, "1kpps");
	check_text(999.9999, PP_RATE_PPS, "1kpps");
	check_text(14880952.38, PP_RATE_PPS, "14.881Mpps");
	check_text(1e9, PP_RATE_BPS, "1Gbps");
	check_text(100e9, PP_RATE_BPSL1, "100Gbpsl1");
	check_text(4e11, PP_RATE_BPS, "400Gbps");
	check_text(12.5, PP_RATE_PERCENT, "12.5%");
	check_text(5000, PP_RATE_PERCENT, "5000%");
}

PP_TEST_MAIN("rate", {"pps of bits and percent", test_rows},
	     {"percent of an unknown link", test_unknown_link},
	     {"frames are as long as counted on", test_frames_as_built},
	     {"rates as words", test_text})
