/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words as numbers: every limit from both sides, and what must not pass.
 */
#include "runner.h"

#include <pmdping/base.h>

#include <errno.h>
#include <stdio.h>

#define UNTOUCHED 0x5a5a5a5a5a5a5a5a

static const char *const junk[] = {
	"",    " ",   "-",   "+",    "+1",
	" 1",  "1 ",  "1\n", "\t1",  "1e9",
	"1E9", "0x",  "0xg", "0x1g", "x10",
	"1_0", "1,5", "--1", "-+1",  "1-",
	"nan", "inf", "0b1", "abc",  "99999999999999999999999x",
};

static void check_int(const char *word, int64_t min, int64_t max, int err, int64_t value)
{
	int64_t got = UNTOUCHED;
	int rc = pp_parse_int(word, min, max, &got);

	if (rc != err || got != (err ? UNTOUCHED : value))
		printf("pp_parse_int(\"%s\") -> %d, %lld\n", word, rc, (long long)got);
	CU_ASSERT_EQUAL(rc, err);
	CU_ASSERT_EQUAL(got, err ? UNTOUCHED : value);
}

static void int_limits(void)
{
	static const int64_t limits[][2] = {
		{0, 65535}, {1, 1},	    {-5, 5},
		{-20, -10}, {0, INT32_MAX}, {INT64_MIN + 1, INT64_MAX - 1},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(limits); i++) {
		int64_t min = limits[i][0], max = limits[i][1];
		for (int64_t d = -1; d <= 1; d++) {
			char word[32];
			snprintf(word, sizeof(word), "%lld", (long long)(min + d));
			check_int(word, min, max, d < 0 || min + d > max ? -ERANGE : 0, min + d);
			snprintf(word, sizeof(word), "%lld", (long long)(max + d));
			check_int(word, min, max, d > 0 || max + d < min ? -ERANGE : 0, max + d);
		}
	}
}

static void int_powers(void)
{
	check_int("2147483647", 0, INT32_MAX, 0, INT32_MAX);
	check_int("2147483648", 0, INT32_MAX, -ERANGE, 0);
	check_int("2147483648", INT64_MIN, INT64_MAX, 0, 2147483648);
	check_int("-2147483648", INT64_MIN, INT64_MAX, 0, INT32_MIN);
	check_int("9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX);
	check_int("9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN);
	check_int("-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("18446744073709551615", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("18446744073709551616", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("18446744073709551617", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("340282366920938463463374607431768211456", INT64_MIN, INT64_MAX, -ERANGE, 0);
}

static void int_forms(void)
{
	check_int("0x10", 0, 100, 0, 16);
	check_int("0XfF", 0, 255, 0, 255);
	check_int("-0x10", -100, 100, 0, -16);
	check_int("0x7fffffffffffffff", 0, INT64_MAX, 0, INT64_MAX);
	check_int("0x8000000000000000", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("0x10000000000000000", INT64_MIN, INT64_MAX, -ERANGE, 0);
	check_int("010", 0, 100, 0, 10);
	check_int("-0", 0, 100, 0, 0);
	check_int("1.0", 0, 100, -EINVAL, 0);
	check_int("0000000000000000000000000000000000007", 0, 100, 0, 7);
	for (size_t i = 0; i < PP_ARRAY_LEN(junk); i++)
		check_int(junk[i], INT64_MIN, INT64_MAX, -EINVAL, 0);
}

static void check_time(const char *word, bool bare, int err, int64_t ns)
{
	pp_ns got = PP_NS(UNTOUCHED);
	int rc = pp_parse_time(word, bare, &got);

	if (rc != err || got.v != (err ? UNTOUCHED : ns))
		printf("pp_parse_time(\"%s\") -> %d, %lld\n", word, rc, (long long)got.v);
	CU_ASSERT_EQUAL(rc, err);
	CU_ASSERT_EQUAL(got.v, err ? UNTOUCHED : ns);
}

static void time_units(void)
{
	check_time("200ns", false, 0, 200);
	check_time("1.5us", false, 0, 1500);
	check_time("20ms", false, 0, 20000000);
	check_time("1s", false, 0, 1000000000);
	check_time("2min", false, 0, 120000000000);
	check_time("0.5min", true, 0, 30000000000);
	check_time("0s", false, 0, 0);
	check_time("1MS", false, 0, 1000000);
	check_time("0.1s", false, 0, 100000000);
	check_time("0.000000001s", false, 0, 1);
	check_time("0.0000000019s", false, 0, 1);
	check_time("0.3333333333333333333333333333s", false, 0, 333333333);
	check_time("0.1234567890123456789012345678s", false, 0, 123456789);
	check_time(".99999999999999999999min", false, 0, 59999999999);
}

static void time_bare(void)
{
	check_time("0.2", true, 0, 200000000);
	check_time(".2", true, 0, 200000000);
	check_time("1", true, 0, 1000000000);
	check_time("1", false, -EINVAL, 0);
	check_time("0.2", false, -EINVAL, 0);
	check_time("0", false, -EINVAL, 0);
}

static void time_range(void)
{
	check_time("9223372036854775807ns", false, 0, INT64_MAX);
	check_time("9223372036854775808ns", false, -ERANGE, 0);
	check_time("9223372036s", false, 0, 9223372036000000000);
	check_time("9223372036.854775807s", false, 0, INT64_MAX);
	check_time("9223372036.854775808s", false, -ERANGE, 0);
	check_time("9223372037", true, -ERANGE, 0);
	check_time("2147483648s", false, 0, 2147483648000000000);
	check_time("18446744073709551615min", false, -ERANGE, 0);
	check_time("18446744073709551617ns", false, -ERANGE, 0);
	check_time("99999999999999999999999999999s", false, -ERANGE, 0);
}

static void time_junk(void)
{
	static const char *const more[] = {
		"-1s",	 "-0.1", "1.s",	  "1.",	 ".",	".s",	"s",	  "ms",
		"1 s",	 "1s ",	 " 1s",	  "1m",	 "1h",	"1ss",	"1.5.5s", "1,5s",
		"0x10s", "0x10", "1e9ns", "1e3", "+1s", "1sec", "infs",	  "1s1",
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(more); i++)
		check_time(more[i], true, -EINVAL, 0);
	for (size_t i = 0; i < PP_ARRAY_LEN(junk); i++)
		check_time(junk[i], true, -EINVAL, 0);
}

static void check_rate(const char *word, int err, double value, enum pp_rate_unit unit)
{
	struct pp_rate got = {.value = -7, .unit = PP_RATE_PERCENT};
	int rc = pp_parse_rate(word, &got);
	bool same = got.value >= (err ? -7 : value) && got.value <= (err ? -7 : value);

	if (rc != err || !same)
		printf("pp_parse_rate(\"%s\") -> %d, %.17g\n", word, rc, got.value);
	CU_ASSERT_EQUAL(rc, err);
	CU_ASSERT_TRUE(same);
	CU_ASSERT_EQUAL(got.unit, err ? PP_RATE_PERCENT : unit);
}

static void rate_units(void)
{
	check_rate("1000pps", 0, 1000, PP_RATE_PPS);
	check_rate("1kpps", 0, 1000, PP_RATE_PPS);
	check_rate("1.5Mpps", 0, 1.5e6, PP_RATE_PPS);
	check_rate("14.880952Mpps", 0, 14880952, PP_RATE_PPS);
	check_rate("2gpps", 0, 2e9, PP_RATE_PPS);
	check_rate("100Mbps", 0, 1e8, PP_RATE_BPS);
	check_rate("100MBPS", 0, 1e8, PP_RATE_BPS);
	check_rate("64kbps", 0, 64000, PP_RATE_BPS);
	check_rate("9bps", 0, 9, PP_RATE_BPS);
	check_rate("1Gbpsl1", 0, 1e9, PP_RATE_BPSL1);
	check_rate("1gBpSL1", 0, 1e9, PP_RATE_BPSL1);
	check_rate("10kbpsl1", 0, 1e4, PP_RATE_BPSL1);
	check_rate("10bpsl1", 0, 10, PP_RATE_BPSL1);
	check_rate("10Mbpsl1", 0, 1e7, PP_RATE_BPSL1);
	check_rate("50%", 0, 50, PP_RATE_PERCENT);
	check_rate("0.5%", 0, 0.5, PP_RATE_PERCENT);
	check_rate("0.25pps", 0, 0.25, PP_RATE_PPS);
}

static void rate_range(void)
{
	check_rate("0pps", -ERANGE, 0, 0);
	check_rate("0.000%", -ERANGE, 0, 0);
	check_rate("2147483648pps", 0, 2147483648.0, PP_RATE_PPS);
	check_rate("9223372036854775807bps", 0, 9223372036854775807.0, PP_RATE_BPS);
	check_rate("9223372036854775808bps", -ERANGE, 0, 0);
	check_rate("9223372037Gbps", -ERANGE, 0, 0);
	check_rate("18446744073709551616bps", -ERANGE, 0, 0);
	check_rate("99999999999999999999999999Gpps", -ERANGE, 0, 0);
}

static void rate_junk(void)
{
	static const char *const more[] = {
		"1",	  "1.5",     "1k",     "1M",	 "1kp",	  "pps",    "%",
		"1%%",	  "-1pps",   "-1%",    "1 pps",	 "1pps ", "1ppsx",  "1Tbps",
		"1e9pps", "0x10pps", "1mmpps", "1bpsl2", "1bpsl", "1.kpps", "1k%",
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(more); i++)
		check_rate(more[i], -EINVAL, 0, 0);
	for (size_t i = 0; i < PP_ARRAY_LEN(junk); i++)
		check_rate(junk[i], -EINVAL, 0, 0);
}

static void hex_patterns(void)
{
	uint8_t b[17];

	memset(b, 0x5a, sizeof(b));
	CU_ASSERT_EQUAL(pp_parse_hex("dead", b, 16), 2);
	CU_ASSERT_EQUAL(memcmp(b, "\xde\xad\x5a", 3), 0);
	CU_ASSERT_EQUAL(pp_parse_hex("aBc", b, 16), 2);
	CU_ASSERT_EQUAL(memcmp(b, "\xab\x0c\x5a", 3), 0);
	CU_ASSERT_EQUAL(pp_parse_hex("f", b, 16), 1);
	CU_ASSERT_EQUAL(b[0], 0x0f);
	CU_ASSERT_EQUAL(pp_parse_hex("00112233445566778899aabbccddeeff", b, 16), 16);
	CU_ASSERT_EQUAL(b[15], 0xff);
	CU_ASSERT_EQUAL(pp_parse_hex("00112233445566778899aabbccddeef", b, 16), 16);
	CU_ASSERT_EQUAL(b[15], 0x0f);
	CU_ASSERT_EQUAL(b[16], 0x5a);
}

static void hex_refused(void)
{
	uint8_t b[16];

	memset(b, 0x5a, sizeof(b));
	CU_ASSERT_EQUAL(pp_parse_hex("", b, 16), -EINVAL);
	CU_ASSERT_EQUAL(pp_parse_hex("0x10", b, 16), -EINVAL);
	CU_ASSERT_EQUAL(pp_parse_hex("de ad", b, 16), -EINVAL);
	CU_ASSERT_EQUAL(pp_parse_hex("dg", b, 16), -EINVAL);
	CU_ASSERT_EQUAL(pp_parse_hex("-1", b, 16), -EINVAL);
	CU_ASSERT_EQUAL(pp_parse_hex("00112233445566778899aabbccddeeff0", b, 16), -ERANGE);
	CU_ASSERT_EQUAL(pp_parse_hex("abc", b, 1), -ERANGE);
	CU_ASSERT_EQUAL(pp_parse_hex("a", b, 0), -ERANGE);
	for (size_t i = 0; i < sizeof(b); i++)
		CU_ASSERT_EQUAL(b[i], 0x5a);
}

PP_TEST_MAIN("units", {"integers at min-1, min, max, max+1", int_limits},
	     {"integers at 2^31, 2^63, 2^64", int_powers}, {"integer forms and junk", int_forms},
	     {"time units are exact", time_units}, {"bare times only after a letter", time_bare},
	     {"time range", time_range}, {"time junk", time_junk}, {"rate units", rate_units},
	     {"rate range", rate_range}, {"rate junk", rate_junk}, {"hex patterns", hex_patterns},
	     {"hex patterns refused, output untouched", hex_refused})
