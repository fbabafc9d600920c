/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses in a row: every way of writing them, where they begin and end, and how many
 * there are.
 */
#include "runner.h"
#include "frames.h"

#include <errno.h>
#include <stdio.h>

struct row {
	const char *text, *first, *last;
	uint64_t count;
};

static const struct row rows[] = {
	{"192.0.2.1", "192.0.2.1", "192.0.2.1", 1},
	{"2001:db8::1", "2001:db8::1", "2001:db8::1", 1},
	{"192.0.2.1-192.0.2.1", "192.0.2.1", "192.0.2.1", 1},
	{"192.0.2.1-192.0.2.9", "192.0.2.1", "192.0.2.9", 9},
	{"192.0.2.254-192.0.3.2", "192.0.2.254", "192.0.3.2", 5},
	{"0.0.0.0-255.255.255.255", "0.0.0.0", "255.255.255.255", UINT64_C(1) << 32},
	{"2001:db8::fffe-2001:db8::1:1", "2001:db8::fffe", "2001:db8::1:1", 4},
	{"2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::1", "2001:db8::ffff:ffff:ffff:ffff",
	 "2001:db8:0:1::1", 3},
	/* Prefixes have neither network nor broadcast, and no routers' anycast address. */
	{"192.0.2.0/24", "192.0.2.1", "192.0.2.254", 254},
	{"192.0.2.77/24", "192.0.2.1", "192.0.2.254", 254},
	{"192.0.2.0/30", "192.0.2.1", "192.0.2.2", 2},
	{"192.0.2.0/31", "192.0.2.0", "192.0.2.1", 2},
	{"192.0.2.7/31", "192.0.2.6", "192.0.2.7", 2},
	{"192.0.2.9/32", "192.0.2.9", "192.0.2.9", 1},
	{"10.0.0.0/8", "10.0.0.1", "10.255.255.254", (1 << 24) - 2},
	{"0.0.0.0/0", "0.0.0.1", "255.255.255.254", (UINT64_C(1) << 32) - 2},
	{"2001:db8::/112", "2001:db8::1", "2001:db8::ffff", 65535},
	{"2001:db8::/126", "2001:db8::1", "2001:db8::3", 3},
	{"2001:db8::5/127", "2001:db8::4", "2001:db8::5", 2},
	{"2001:db8::5/128", "2001:db8::5", "2001:db8::5", 1},
	{"2001:db8::/65", "2001:db8::1", "2001:db8::7fff:ffff:ffff:ffff",
	 UINT64_C(0x7fffffffffffffff)},
	/* More than 64 bits hold: as many as they can say. */
	{"2001:db8::/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", UINT64_MAX},
	{"2001:db8::/63", "2001:db8::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", UINT64_MAX},
	{"::-::ffff:ffff:ffff:ffff", "::", "::ffff:ffff:ffff:ffff", UINT64_MAX},
	{"::1-::1:0:0:0:0", "::1", "0:0:0:1::", UINT64_MAX},
	{"::/0", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT64_MAX},
};

static void check_row(const struct row *r)
{
	char first[PP_ADDR_TEXT], last[PP_ADDR_TEXT];
	struct pp_addr a, b;
	int err = pp_addr_range_parse(r->text, strlen(r->text), &a, &b);

	CU_ASSERT_EQUAL(err, 0);
	if (err) {
		printf("%s: %d\n", r->text, err);
		return;
	}
	pp_addr_text(&a, first);
	pp_addr_text(&b, last);
	if (strcmp(first, r->first) || strcmp(last, r->last) ||
	    pp_addr_range_count(&a, &b) != r->count)
		printf("%s: %s to %s, %llu\n", r->text, first, last,
		       (unsigned long long)pp_addr_range_count(&a, &b));
	CU_ASSERT_STRING_EQUAL(first, r->first);
	CU_ASSERT_STRING_EQUAL(last, r->last);
	CU_ASSERT_EQUAL(pp_addr_range_count(&a, &b), r->count);
}

static void every_form(void)
{
	for (size_t i = 0; i < PP_ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void refused(void)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{"", -EINVAL},
		{"-", -EINVAL},
		{"192.0.2.1-", -EINVAL},
		{"-192.0.2.1", -EINVAL},
		{"192.0.2.1-9", -EINVAL},
		{"10-5", -EINVAL},
		{"192.0.2.1 - 192.0.2.9", -EINVAL},
		{"192.0.2.1-192.0.2.5-192.0.2.9", -EINVAL},
		{"192.0.2.0/24-192.0.3.0/24", -EINVAL},
		{"192.0.2.9-192.0.2.1", -ERANGE},
		{"2001:db8::2-2001:db8::1", -ERANGE},
		{"192.0.2.1-2001:db8::1", -ERANGE},
		{"2001:db8::1-192.0.2.1", -ERANGE},
		{"::-192.0.2.1", -ERANGE},
		{"192.0.2.0/33", -ERANGE},
		{"2001:db8::/129", -ERANGE},
		{"192.0.2.0/", -EINVAL},
		{"192.0.2.0/x", -EINVAL},
		{"192.0.2/24", -EINVAL},
		{"gw.example", -EINVAL},
		{"2001:db8:1111:2222:3333:4444:5555:6666-2001:db8:1111:2222:3333:4444:5555:6667"
		 "000000000000000000000000000000000000000000000000000000000000000000000000000",
		 -EINVAL},
	};
	struct pp_addr first = addr_of("192.0.2.77"), last = addr_of("192.0.2.78");

	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++) {
		int err = pp_addr_range_parse(bad[i].text, strlen(bad[i].text), &first, &last);
		if (err != bad[i].err)
			printf("%s: %d\n", bad[i].text, err);
		CU_ASSERT_EQUAL(err, bad[i].err);
	}
	CU_ASSERT_EQUAL(first.b[15], 77); /* untouched */
	CU_ASSERT_EQUAL(last.b[15], 78);
}

/* What stands behind the length, of a list, is not looked at. */
static void part_of_a_list(void)
{
	static const char list[] = "192.0.2.1-192.0.2.3,198.51.100.0/24";
	struct pp_addr a, b;

	CU_ASSERT_EQUAL(pp_addr_range_parse(list, 19, &a, &b), 0);
	CU_ASSERT_EQUAL(pp_addr_range_count(&a, &b), 3);
	CU_ASSERT_EQUAL(pp_addr_range_parse(list + 20, strlen(list + 20), &a, &b), 0);
	CU_ASSERT_EQUAL(pp_addr_range_count(&a, &b), 254);
	/* The longest pair there is. */
	static const char longest[] = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-"
				      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
	CU_ASSERT_EQUAL(pp_addr_range_parse(longest, strlen(longest), &a, &b), 0);
	CU_ASSERT_EQUAL(pp_addr_range_count(&a, &b), 2);
}

static void steps(void)
{
	static const char *const pairs[][2] = {
		{"192.0.2.1", "192.0.2.2"},
		{"192.0.2.255", "192.0.3.0"},
		{"192.255.255.255", "193.0.0.0"},
		{"2001:db8::ffff", "2001:db8::1:0"},
		{"2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(pairs); i++) {
		struct pp_addr low = addr_of(pairs[i][0]), high = addr_of(pairs[i][1]), a = low;
		pp_addr_step(&a, 1);
		CU_ASSERT_TRUE(pp_addr_eq(&a, &high));
		pp_addr_step(&a, -1);
		CU_ASSERT_TRUE(pp_addr_eq(&a, &low));
	}
}

PP_TEST_MAIN("addr_range", {"every form of a row", every_form}, {"what is none", refused},
	     {"a piece of a list", part_of_a_list}, {"one further, one back", steps})
