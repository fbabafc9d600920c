/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP: what is read, what is refused and why, and the padding of what is sent.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

static const uint8_t request[PP_ARP_LEN] = {
	0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2,
};

static void check(const uint8_t *body, size_t len, enum pp_drop want)
{
	uint8_t *copy = exact_copy(body, len);
	struct pp_arp arp, before;

	memset(&arp, 0x5a, sizeof(arp));
	before = arp;
	enum pp_drop got = pp_arp_decode(pp_cur(copy, len), &arp);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(got), pp_drop_name(want));
	if (got)
		CU_ASSERT_EQUAL(memcmp(&arp, &before, sizeof(arp)), 0);
	free(copy);
}

/* The request with one byte changed. */
static void check_byte(size_t at, uint8_t value, enum pp_drop want)
{
	uint8_t b[PP_ARP_LEN];

	memcpy(b, request, sizeof(b));
	b[at] = value;
	check(b, sizeof(b), want);
}

/* The request, or reply, with another sender. */
static void check_sender(uint16_t op, const char *spa, const char *sha, enum pp_drop want)
{
	struct pp_addr a = addr_of(spa);
	struct pp_mac m = mac_of(sha);
	uint8_t b[PP_ARP_LEN];

	memcpy(b, request, sizeof(b));
	pp_put_be16(b + 6, op);
	memcpy(b + 8, m.b, 6);
	memcpy(b + 14, a.b + 12, 4);
	check(b, sizeof(b), want);
}

static void read_request(void)
{
	struct pp_addr spa = addr_of("192.0.2.1"), tpa = addr_of("192.0.2.2");
	struct pp_mac sha = mac_of("02:00:00:00:00:01"), none = {0};
	struct pp_arp arp;

	CU_ASSERT_EQUAL(pp_arp_decode(pp_cur(request, sizeof(request)), &arp), PP_OK);
	CU_ASSERT_EQUAL(arp.op, PP_ARP_REQUEST);
	CU_ASSERT_TRUE(pp_addr_eq(&arp.spa, &spa));
	CU_ASSERT_TRUE(pp_addr_eq(&arp.tpa, &tpa));
	CU_ASSERT_TRUE(pp_mac_eq(&arp.sha, &sha));
	CU_ASSERT_TRUE(pp_mac_eq(&arp.tha, &none));
}

static void formats(void)
{
	for (unsigned int v = 0; v < 256; v++) {
		check_byte(0, (uint8_t)v, v == 0 ? PP_OK : PP_DROP_ARP_FORMAT);
		check_byte(1, (uint8_t)v, v == 1 ? PP_OK : PP_DROP_ARP_FORMAT);
		check_byte(2, (uint8_t)v, v == 8 ? PP_OK : PP_DROP_ARP_FORMAT);
		check_byte(3, (uint8_t)v, v == 0 ? PP_OK : PP_DROP_ARP_FORMAT);
		check_byte(4, (uint8_t)v, v == 6 ? PP_OK : PP_DROP_ARP_FORMAT);
		check_byte(5, (uint8_t)v, v == 4 ? PP_OK : PP_DROP_ARP_FORMAT);
	}
}

static void short_ones(void)
{
	for (size_t len = 0; len < PP_ARP_LEN; len++)
		check(request, len, PP_DROP_ARP_SHORT);
}

static void operations(void)
{
	for (unsigned int v = 0; v < 256; v++) {
		check_byte(7, (uint8_t)v, v == 1 || v == 2 ? PP_OK : PP_DROP_ARP_OP);
		check_byte(6, (uint8_t)v, v == 0 ? PP_OK : PP_DROP_ARP_OP);
	}
}

static void probes(void)
{
	check_sender(1, "0.0.0.0", "02:00:00:00:00:01", PP_OK);
	check_sender(2, "0.0.0.0", "02:00:00:00:00:01", PP_DROP_ARP_SENDER);
	check_sender(1, "0.0.0.0", "ff:ff:ff:ff:ff:ff", PP_DROP_ARP_SENDER);
}

static void senders(void)
{
	static const char *const bad[] = {
		"0.0.0.1", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
	};

	for (uint16_t op = 1; op <= 2; op++) {
		for (size_t i = 0; i < PP_ARRAY_LEN(bad); i++)
			check_sender(op, bad[i], "02:00:00:00:00:01", PP_DROP_ARP_SENDER);
		check_sender(op, "192.0.2.1", "01:00:00:00:00:01", PP_DROP_ARP_SENDER);
		check_sender(op, "192.0.2.1", "ff:ff:ff:ff:ff:ff", PP_DROP_ARP_SENDER);
		check_sender(op, "192.0.2.1", "00:00:00:00:00:00", PP_DROP_ARP_SENDER);
		check_sender(op, "169.254.1.1", "02:00:00:00:00:01", PP_OK);
	}
}

static void build_roundtrip(void)
{
	const struct pp_arp sent = {
		.op = PP_ARP_REPLY,
		.sha = mac_of("02:00:00:00:00:01"),
		.tha = mac_of("02:00:00:00:00:02"),
		.spa = addr_of("198.51.100.7"),
		.tpa = addr_of("198.51.100.8"),
	};

	for (uint16_t vlan = 0; vlan <= 100; vlan += 50) {
		uint8_t *f = malloc(PP_ETH_MIN);
		struct pp_eth eth;
		struct pp_arp got;
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		memset(f, 0x5a, PP_ETH_MIN);
		CU_ASSERT_EQUAL(pp_arp_build(f, PP_ETH_MIN, &sent.tha, vlan, &sent), PP_ETH_MIN);
		CU_ASSERT_EQUAL_FATAL(pp_eth_decode(f, PP_ETH_MIN, &eth), PP_OK);
		CU_ASSERT_EQUAL(eth.vlan, vlan);
		CU_ASSERT_EQUAL(eth.type, PP_ETHER_ARP);
		CU_ASSERT_TRUE(pp_mac_eq(&eth.src, &sent.sha));
		CU_ASSERT_EQUAL_FATAL(pp_arp_decode(eth.body, &got), PP_OK);
		CU_ASSERT_EQUAL(got.op, sent.op);
		CU_ASSERT_TRUE(pp_mac_eq(&got.sha, &sent.sha) && pp_mac_eq(&got.tha, &sent.tha));
		CU_ASSERT_TRUE(pp_addr_eq(&got.spa, &sent.spa) && pp_addr_eq(&got.tpa, &sent.tpa));
		for (size_t i = eth.hlen + PP_ARP_LEN; i < PP_ETH_MIN; i++)
			CU_ASSERT_EQUAL(f[i], 0);
		free(f);
	}
}

static void build_room(void)
{
	const struct pp_arp arp = {.op = PP_ARP_REQUEST};
	uint8_t f[PP_ETH_MIN];

	memset(f, 0x5a, sizeof(f));
	CU_ASSERT_EQUAL(pp_arp_build(f, PP_ETH_MIN - 1, &pp_mac_broadcast, 0, &arp), 0);
	CU_ASSERT_EQUAL(pp_arp_build(f, 0, &pp_mac_broadcast, 0, &arp), 0);
	CU_ASSERT_EQUAL(f[0], 0x5a);
}

PP_TEST_MAIN("arp", {"ARP-01 a request is read", read_request},
	     {"ARP-06 other hardware, protocol, lengths", formats},
	     {"ARP-06 shorter than 28 bytes", short_ones},
	     {"ARP-07 other operations (RARP included)", operations},
	     {"ARP-21 a probe is from 0.0.0.0", probes}, {"senders that cannot be", senders},
	     {"VU#412115 built frames are padded with zeros", build_roundtrip},
	     {"no room, nothing written", build_room})
