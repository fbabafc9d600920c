/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, prefixes and MAC addresses: text both ways, and what kind they are.
 */
#include "runner.h"
#include "frames.h"

#include <errno.h>
#include <stdio.h>

static void text_canonical(void)
{
	static const char *const pairs[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:DB8::0001", "2001:db8::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"fe80:0:0:0:0:0:0:0", "fe80::"},
		{"ff02:0:0:0:0:1:ff00:1", "ff02::1:ff00:1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(pairs); i++) {
		char buf[PP_ADDR_TEXT];
		struct pp_addr a;
		CU_ASSERT_EQUAL(pp_addr_parse(pairs[i][0], &a), 0);
		CU_ASSERT_STRING_EQUAL(pp_addr_text(&a, buf), pairs[i][1]);
	}
}

static void text_refused(void)
{
	static const char *const words[] = {
		"",
		" ",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"256.0.0.1",
		"1.2.3.-4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"01.2.3.4",
		"0x1.2.3.4",
		"1.2.3.4/24",
		"1.2.3.4x",
		":",
		":::",
		"1::2::3",
		"12345::",
		"g::",
		"::1%eth0",
		"[::1]",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"::ffff:192.0.2.1",
		"::ffff:0:1",
		"localhost",
		"192.0.2.1\n",
	};
	struct pp_addr a, before;

	memset(&a, 0x5a, sizeof(a));
	before = a;
	for (size_t i = 0; i < PP_ARRAY_LEN(words); i++)
		CU_ASSERT_EQUAL(pp_addr_parse(words[i], &a), -EINVAL);
	CU_ASSERT_TRUE(pp_addr_eq(&a, &before));
}

static void random_text_roundtrip(void)
{
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 20000; i++) {
		/* Runs of zeros, as compression needs them, come from the mask. */
		uint64_t mask = pp_prng_next(&rng);
		uint8_t b[16];
		char buf[PP_ADDR_TEXT];
		for (unsigned int n = 0; n < 16; n++)
			b[n] = mask >> (n / 2) & 1 ? (uint8_t)pp_prng_next(&rng) : 0;
		struct pp_addr a = i % 4 ? pp_addr_from6(b) : pp_addr_from4(b), back;
		CU_ASSERT_EQUAL_FATAL(pp_addr_parse(pp_addr_text(&a, buf), &back), 0);
		CU_ASSERT_TRUE(pp_addr_eq(&a, &back));
	}
}

/* Kinds as letters: 4 IPv4, a any, m multicast, l loopback, k link-local, u unicast. */
static void kinds(void)
{
	static const struct {
		const char *text, *kinds;
	} table[] = {
		{"0.0.0.0", "4a"},
		{"0.0.0.1", "4"},
		{"0.255.255.255", "4"},
		{"1.0.0.0", "4u"},
		{"126.255.255.255", "4u"},
		{"127.0.0.1", "4l"},
		{"127.255.255.255", "4l"},
		{"128.0.0.0", "4u"},
		{"169.253.255.255", "4u"},
		{"169.254.0.1", "4ku"},
		{"169.255.0.0", "4u"},
		{"192.0.2.255", "4u"},
		{"223.255.255.255", "4u"},
		{"224.0.0.0", "4m"},
		{"239.255.255.255", "4m"},
		{"240.0.0.0", "4"},
		{"255.255.255.254", "4"},
		{"255.255.255.255", "4m"},
		{"::", "a"},
		{"::1", "l"},
		{"::2", "u"},
		{"2001:db8::1", "u"},
		{"fe7f::1", "u"},
		{"fe80::1", "ku"},
		{"febf::1", "ku"},
		{"fec0::1", "u"},
		{"fd00::1", "u"},
		{"ff00::", "m"},
		{"ff02::1", "m"},
		{"feff::1", "u"},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct pp_addr a = addr_of(table[i].text);
		char got[8];
		snprintf(got, sizeof(got), "%s%s%s%s%s%s", pp_addr_is4(&a) ? "4" : "",
			 pp_addr_is_any(&a) ? "a" : "", pp_addr_is_multicast(&a) ? "m" : "",
			 pp_addr_is_loopback(&a) ? "l" : "", pp_addr_is_linklocal(&a) ? "k" : "",
			 pp_addr_is_unicast(&a) ? "u" : "");
		CU_ASSERT_STRING_EQUAL(got, table[i].kinds);
	}
}

static void prefix_match(void)
{
	struct pp_addr a = addr_of("192.0.2.129"), net = addr_of("192.0.2.0");

	CU_ASSERT_TRUE(pp_addr_in_prefix(&a, &net, 0));
	CU_ASSERT_TRUE(pp_addr_in_prefix(&a, &net, 120));
	CU_ASSERT_FALSE(pp_addr_in_prefix(&a, &net, 121));
	CU_ASSERT_FALSE(pp_addr_in_prefix(&a, &net, 128));
	CU_ASSERT_TRUE(pp_addr_in_prefix(&a, &a, 128));
}

/* Each bit counts from its own length on, and not before. */
static void prefix_match_every_bit(void)
{
	const struct pp_addr a = addr_of("2001:db8:1234:5678:9abc:def0:1357:2468");

	for (unsigned int bit = 0; bit < 128; bit++) {
		struct pp_addr b = a;
		b.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		for (unsigned int plen = 0; plen <= 128; plen++)
			CU_ASSERT_EQUAL(pp_addr_in_prefix(&a, &b, plen), plen <= bit);
	}
}

static void prefix_text(void)
{
	static const struct {
		const char *text;
		int err;
		unsigned int plen;
	} table[] = {
		{"192.0.2.1", 0, 128},
		{"192.0.2.1/32", 0, 128},
		{"192.0.2.1/24", 0, 120},
		{"0.0.0.0/0", 0, 96},
		{"192.0.2.1/33", -ERANGE, 0},
		{"2001:db8::/32", 0, 32},
		{"2001:db8::", 0, 128},
		{"::/0", 0, 0},
		{"::/128", 0, 128},
		{"::/129", -ERANGE, 0},
		{"::/99999999999999999999", -ERANGE, 0},
		{"::/", -EINVAL, 0},
		{"::/-1", -EINVAL, 0},
		{"::/0x10", -EINVAL, 0},
		{"::/1/2", -EINVAL, 0},
		{"::/ 1", -EINVAL, 0},
		{"::/1 ", -EINVAL, 0},
		{"/24", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"192.0.2/24", -EINVAL, 0},
		{"192.0.2.1/1e1", -EINVAL, 0},
		{"::ffff:192.0.2.1/120", -EINVAL, 0},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1", -EINVAL, 0},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct pp_addr a = {.w = {1, 2}};
		unsigned int plen = 7;
		CU_ASSERT_EQUAL(pp_prefix_parse(table[i].text, &a, &plen), table[i].err);
		CU_ASSERT_EQUAL(plen, table[i].err ? 7 : table[i].plen);
		if (table[i].err)
			CU_ASSERT_TRUE(a.w[0] == 1 && a.w[1] == 2);
	}
}

static void prefix_keeps_host_bits(void)
{
	struct pp_addr a, want = addr_of("192.0.2.77");
	unsigned int plen;

	CU_ASSERT_EQUAL(pp_prefix_parse("192.0.2.77/24", &a, &plen), 0);
	CU_ASSERT_TRUE(pp_addr_eq(&a, &want));
}

static void solicited_node(void)
{
	struct pp_addr a = addr_of("fe80::2aa:ff:fe28:9c5a");
	struct pp_addr want = addr_of("ff02::1:ff28:9c5a"), got = pp_addr_solicited_node(&a);

	CU_ASSERT_TRUE(pp_addr_eq(&got, &want));
}

static void mac_text(void)
{
	static const char *const bad[] = {
		"",
		"00:00:00:00:00",
		"00:00:00:00:00:0",
		"00:00:00:00:00:00:",
		"00:00:00:00:00:000",
		"00:00:00:00:00:0g",
		"0:0:0:0:0:0",
		"00-00:00:00:00:00",
		"00:00:00:00:00-00",
		"000000000000",
		"00.00.00.00.00.00",
		" 0:00:00:00:00:00",
		"0x:00:00:00:00:00",
		"00:00:00:00:00:00 ",
	};
	struct pp_mac m;
	char buf[PP_MAC_TEXT];

	CU_ASSERT_EQUAL(pp_mac_parse("02:00:5E:aB:Cd:fF", &m), 0);
	CU_ASSERT_STRING_EQUAL(pp_mac_text(&m, buf), "02:00:5e:ab:cd:ff");
	CU_ASSERT_EQUAL(pp_mac_parse("02-00-5e-10-20-30", &m), 0);
	CU_ASSERT_STRING_EQUAL(pp_mac_text(&m, buf), "02:00:5e:10:20:30");
	for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++)
		CU_ASSERT_EQUAL(pp_mac_parse(bad[i], &m), -EINVAL);
	CU_ASSERT_STRING_EQUAL(pp_mac_text(&m, buf), "02:00:5e:10:20:30");
}

static void mac_kinds(void)
{
	struct pp_mac zero = {0}, group = mac_of("01:00:00:00:00:00"),
		      host = mac_of("00:00:00:00:00:01");

	CU_ASSERT_FALSE(pp_mac_is_unicast(&zero));
	CU_ASSERT_FALSE(pp_mac_is_unicast(&group));
	CU_ASSERT_FALSE(pp_mac_is_unicast(&pp_mac_broadcast));
	CU_ASSERT_TRUE(pp_mac_is_unicast(&host));
	CU_ASSERT_TRUE(pp_mac_eq(&host, &host));
	CU_ASSERT_FALSE(pp_mac_eq(&host, &zero));
}

static void mac_of_groups(void)
{
	static const char *const table[][2] = {
		{"224.0.0.1", "01:00:5e:00:00:01"},
		{"239.255.255.250", "01:00:5e:7f:ff:fa"},
		{"255.255.255.255", "ff:ff:ff:ff:ff:ff"},
		{"ff02::1:ff28:9c5a", "33:33:ff:28:9c:5a"},
		{"ff02::1", "33:33:00:00:00:01"},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct pp_addr group = addr_of(table[i][0]);
		struct pp_mac mac = pp_mac_of_group(&group);
		char buf[PP_MAC_TEXT];
		CU_ASSERT_STRING_EQUAL(pp_mac_text(&mac, buf), table[i][1]);
	}
}

PP_TEST_MAIN("addr", {"text is canonical (RFC 5952)", text_canonical},
	     {"text refused, output untouched", text_refused},
	     {"random addresses come back from their text", random_text_roundtrip},
	     {"IP-06 kinds of addresses", kinds}, {"prefix match", prefix_match},
	     {"prefix match at every bit", prefix_match_every_bit}, {"prefix text", prefix_text},
	     {"prefix text keeps host bits", prefix_keeps_host_bits},
	     {"solicited-node group", solicited_node}, {"MAC text", mac_text},
	     {"MAC kinds", mac_kinds}, {"MAC addresses of groups", mac_of_groups})
