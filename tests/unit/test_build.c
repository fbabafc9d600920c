/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the builders write, the decoders read, field by field; the rest is zero.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

#define ROOM 2048

static struct pp_l3 l3_of(bool v6, uint16_t vlan)
{
	return (struct pp_l3){
		.dst_mac = mac_of("02:00:00:00:00:02"),
		.src_mac = mac_of("02:00:00:00:00:01"),
		.vlan = vlan,
		.src = addr_of(v6 ? "2001:db8::1" : "198.51.100.1"),
		.dst = addr_of(v6 ? "2001:db8::2" : "198.51.100.2"),
		.tos = 0xb9,
		.ttl = 17,
		.df = true,
		.ip_id = 0xcafe,
	};
}

static void check_ip(const struct pp_ip *ip, const struct pp_l3 *l3, bool v6)
{
	CU_ASSERT_EQUAL(ip->v6, v6);
	CU_ASSERT_TRUE(pp_addr_eq(&ip->src, &l3->src) && pp_addr_eq(&ip->dst, &l3->dst));
	CU_ASSERT_EQUAL(ip->tos, l3->tos);
	CU_ASSERT_FALSE(ip->options || ip->fragment);
	CU_ASSERT_EQUAL(ip->id, v6 ? 0 : l3->ip_id);
	CU_ASSERT_EQUAL(ip->df, !v6 && l3->df);
}

/* One echo request in a buffer of exactly its size, which held old bytes. */
static void check_echo(bool v6, uint16_t vlan, size_t size)
{
	const struct pp_l3 l3 = l3_of(v6, vlan);
	size_t offset = pp_echo_payload_offset(&l3);
	size_t want = offset + size < PP_ETH_MIN ? PP_ETH_MIN : offset + size;
	uint8_t *f = malloc(want);
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_icmp icmp;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	memset(f, 0x5a, want);
	for (size_t i = 0; i < size; i++)
		f[offset + i] = (uint8_t)(i * 7);
	CU_ASSERT_EQUAL_FATAL(pp_echo_build(f, want, &l3, 0xbeef, 0xfffe, size), want);
	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(f, want, &eth), PP_OK);
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &l3.dst_mac) && pp_mac_eq(&eth.src, &l3.src_mac));
	CU_ASSERT_EQUAL(eth.vlan, vlan);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
	check_ip(&ip, &l3, v6);
	CU_ASSERT_EQUAL(ip.ttl, 17);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL(icmp.kind, PP_ICMP_ECHO_REQUEST);
	CU_ASSERT_EQUAL(icmp.code, 0);
	CU_ASSERT_EQUAL(icmp.id, 0xbeef);
	CU_ASSERT_EQUAL(icmp.seq, 0xfffe);
	CU_ASSERT_EQUAL(icmp.body.left, size);
	CU_ASSERT_PTR_EQUAL(icmp.body.at, f + offset);
	unsigned int wrong = 0;
	for (size_t i = 0; i < size; i++)
		wrong += icmp.body.at[i] != (uint8_t)(i * 7);
	for (size_t i = offset + size; i < want; i++)
		wrong += f[i] != 0;
	CU_ASSERT_EQUAL(wrong, 0);
	free(f);
}

static void echo_roundtrip(void)
{
	for (size_t size = 0; size <= 1472; size++) {
		check_echo(false, PP_VLAN_NONE, size);
		check_echo(true, PP_VLAN_NONE, size);
	}
	for (size_t size = 0; size <= 64; size++) {
		check_echo(false, 4094, size);
		check_echo(true, 1, size);
	}
}

static void echo_frame_sizes(void)
{
	struct pp_l3 v4 = l3_of(false, 0), v6 = l3_of(true, 0);
	uint8_t f[ROOM] = {0};

	/* With the FCS: 64 for 18 bytes over IPv4, 82 for 16 over IPv6. */
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v4, 1, 1, 18) + PP_ETH_FCS, 64);
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v6, 1, 1, 16) + PP_ETH_FCS, 82);
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v4, 1, 1, 0), 60);
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v6, 1, 1, 0), 62);
	CU_ASSERT_EQUAL(pp_echo_payload_offset(&v4), 42);
	CU_ASSERT_EQUAL(pp_echo_payload_offset(&v6), 62);
	v4.vlan = 9;
	CU_ASSERT_EQUAL(pp_echo_payload_offset(&v4), 46);
}

static void echo_longest(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct pp_l3 l3 = l3_of(v6, 0);
		size_t most = v6 ? 65527 : 65507, len = pp_echo_payload_offset(&l3) + most;
		uint8_t *f = calloc(1, len + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL(pp_echo_build(f, len + 1, &l3, 1, 1, most + 1), 0);
		CU_ASSERT_EQUAL(pp_echo_build(f, len - 1, &l3, 1, 1, most), 0);
		CU_ASSERT_EQUAL(pp_echo_build(f, len, &l3, 1, 1, most), len);
		struct pp_eth eth;
		struct pp_ip ip;
		struct pp_icmp icmp;
		CU_ASSERT_EQUAL_FATAL(pp_eth_decode(f, len, &eth), PP_OK);
		CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
		CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
		CU_ASSERT_EQUAL(icmp.body.left, most);
		free(f);
	}
}

static void echo_refused(void)
{
	struct pp_l3 v4 = l3_of(false, 0), v6 = l3_of(true, 0), mixed = v4;
	uint8_t f[ROOM], untouched[ROOM];

	mixed.dst = v6.dst;
	memset(f, 0x5a, sizeof(f));
	memset(untouched, 0x5a, sizeof(untouched));
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &mixed, 1, 1, 8), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, 59, &v4, 1, 1, 0), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, 0, &v4, 1, 1, 0), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, 61, &v6, 1, 1, 0), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, 41 + 56, &v4, 1, 1, 56), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v4, 1, 1, SIZE_MAX), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &v6, 1, 1, SIZE_MAX - 20), 0);
	CU_ASSERT_EQUAL(pp_echo_build(f, SIZE_MAX, &v4, 1, 1, 65508), 0);
	CU_ASSERT_EQUAL(memcmp(f, untouched, sizeof(f)), 0);
}

static void df_clear(void)
{
	struct pp_l3 l3 = l3_of(false, 0);
	uint8_t f[ROOM] = {0};

	l3.df = false;
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &l3, 1, 1, 0), 60);
	CU_ASSERT_EQUAL(pp_get_be16(f + 20), 0);
	l3.df = true;
	CU_ASSERT_EQUAL(pp_echo_build(f, ROOM, &l3, 1, 1, 0), 60);
	CU_ASSERT_EQUAL(pp_get_be16(f + 20), 0x4000);
}

static void check_nd(const struct pp_nd *sent, uint16_t vlan)
{
	struct pp_l3 l3 = l3_of(true, vlan);
	size_t want = (vlan ? 18u : 14u) + 40 + 24 + (sent->has_lla ? 8u : 0u);
	uint8_t *f = malloc(want);
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_icmp icmp;
	struct pp_nd got;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	memset(f, 0x5a, want);
	CU_ASSERT_EQUAL(pp_nd_build(f, want - 1, &l3, sent), 0);
	CU_ASSERT_EQUAL(f[0], 0x5a);
	CU_ASSERT_EQUAL_FATAL(pp_nd_build(f, want, &l3, sent), want);
	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(f, want, &eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
	check_ip(&ip, &l3, true);
	CU_ASSERT_EQUAL(ip.ttl, 255);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL(icmp.rest & (sent->advert ? 0x1fffffff : 0xffffffff), 0);
	CU_ASSERT_EQUAL_FATAL(pp_nd_decode(&ip, &icmp, &got), PP_OK);
	CU_ASSERT_EQUAL(got.advert, sent->advert);
	CU_ASSERT_EQUAL(got.solicited, sent->advert && sent->solicited);
	CU_ASSERT_EQUAL(got.override, sent->advert && sent->override);
	CU_ASSERT_EQUAL(got.router, sent->advert && sent->router);
	CU_ASSERT_EQUAL(got.has_lla, sent->has_lla);
	CU_ASSERT_TRUE(pp_addr_eq(&got.target, &sent->target));
	if (sent->has_lla)
		CU_ASSERT_TRUE(pp_mac_eq(&got.lla, &sent->lla));
	free(f);
}

static void nd_roundtrip(void)
{
	for (unsigned int bits = 0; bits < 64; bits++) {
		const struct pp_nd nd = {
			.advert = bits & 1,
			.solicited = bits & 2,
			.override = bits & 4,
			.router = bits & 8,
			.has_lla = bits & 16,
			.lla = mac_of("02:11:22:33:44:55"),
			.target = addr_of("fe80::211:22ff:fe33:4455"),
		};
		check_nd(&nd, bits & 32 ? 7 : 0);
	}
}

static void nd_refused(void)
{
	const struct pp_nd nd = {.target = addr_of("fe80::1")};
	struct pp_l3 v4 = l3_of(false, 0);
	uint8_t f[ROOM];

	CU_ASSERT_EQUAL(pp_nd_build(f, ROOM, &v4, &nd), 0);
	v4.src = nd.target;
	CU_ASSERT_EQUAL(pp_nd_build(f, ROOM, &v4, &nd), 0);
}

PP_TEST_MAIN("build", {"ICMP-04 echo comes back, 0 to 1472 bytes, both families", echo_roundtrip},
	     {"frame sizes as testers count them", echo_frame_sizes},
	     {"ICMP-05 the longest echo", echo_longest},
	     {"echo refused, nothing written", echo_refused}, {"ID-01 DF as asked for", df_clear},
	     {"ND-04 ND comes back", nd_roundtrip}, {"ND is IPv6", nd_refused})
