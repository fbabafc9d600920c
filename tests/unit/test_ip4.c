/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv4 headers: lengths, options, addresses.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

static void check(const struct bytes *p, enum pp_drop want)
{
	uint8_t *copy = exact_copy(p->b, p->len);
	struct pp_ip ip, before;

	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	enum pp_drop got = pp_ip_decode(pp_cur(copy, p->len), PP_ETHER_IP4, &ip);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(got), pp_drop_name(want));
	if (got)
		CU_ASSERT_EQUAL(memcmp(&ip, &before, sizeof(ip)), 0);
	free(copy);
}

static struct pp_ip decoded(const struct bytes *p)
{
	struct pp_ip ip;

	memset(&ip, 0x5a, sizeof(ip));
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(pp_cur(p->b, p->len), PP_ETHER_IP4, &ip), PP_OK);
	return ip;
}

static void fields(void)
{
	struct bytes p = echo4(5, 8, 56);
	struct pp_addr src = addr_of("192.0.2.1"), dst = addr_of("192.0.2.2");

	p.b[1] = 0xb8;
	p.b[6] = 0x40;
	fix_ip4(p.b);
	struct pp_ip ip = decoded(&p);
	CU_ASSERT_TRUE(pp_addr_eq(&ip.src, &src) && pp_addr_eq(&ip.dst, &dst));
	CU_ASSERT_FALSE(ip.v6 || ip.fragment || ip.frag_header || ip.options);
	CU_ASSERT_TRUE(ip.df);
	CU_ASSERT_EQUAL(ip.tos, 0xb8);
	CU_ASSERT_EQUAL(ip.ttl, 64);
	CU_ASSERT_EQUAL(ip.proto, PP_IPPROTO_ICMP);
	CU_ASSERT_EQUAL(ip.id, 0x1234);
	CU_ASSERT_EQUAL(ip.hlen, 20);
	CU_ASSERT_PTR_EQUAL(ip.pay.at, p.b + 20);
	CU_ASSERT_EQUAL(ip.pay.left, 64);
}

static void versions(void)
{
	for (unsigned int v = 0; v < 16; v++) {
		struct bytes p = echo4(5, 8, 0);
		p.b[0] = (uint8_t)(v << 4 | 5);
		fix_ip4(p.b);
		check(&p, v == 4 ? PP_OK : PP_DROP_IP_VERSION);
	}
	struct bytes p = echo6(128, 0);
	check(&p, PP_DROP_IP_VERSION);
	struct pp_ip ip;
	p = echo4(5, 8, 0);
	CU_ASSERT_EQUAL(pp_ip_decode(pp_cur(p.b, p.len), PP_ETHER_IP6, &ip), PP_DROP_IP_SHORT);
	CU_ASSERT_EQUAL(pp_ip_decode(pp_cur(p.b, p.len), PP_ETHER_ARP, &ip), PP_DROP_IP_VERSION);
}

static void checksums(void)
{
	for (size_t bit = 0; bit < 20 * 8; bit++) {
		struct bytes p = echo4(5, 8, 8);
		struct pp_ip ip;
		p.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CU_ASSERT_NOT_EQUAL(pp_ip_decode(pp_cur(p.b, p.len), PP_ETHER_IP4, &ip), PP_OK);
	}
	struct bytes p = echo4(15, 8, 8);
	check(&p, PP_OK);
	p.b[59] ^= 1;
	check(&p, PP_DROP_IP_CHECKSUM);
}

static void header_lengths(void)
{
	for (unsigned int ihl = 0; ihl < 16; ihl++) {
		struct bytes p = echo4(15, 8, 0);
		p.b[0] = (uint8_t)(0x40 | ihl);
		if (ihl >= 5)
			fix_ip4(p.b);
		check(&p, ihl < 5 ? PP_DROP_IP_HLEN : PP_OK);
	}
	struct bytes p = echo4(15, 8, 0);
	for (p.len = 0; p.len < 60; p.len++)
		check(&p, p.len < 20 ? PP_DROP_IP_SHORT : PP_DROP_IP_HLEN);
}

static void total_lengths(void)
{
	for (uint32_t total = 0; total <= 0xffff; total++) {
		struct bytes p = echo4(6, 8, 30);
		pp_put_be16(p.b + 2, (uint16_t)total);
		fix_ip4(p.b);
		check(&p, total < 24 || total > p.len ? PP_DROP_IP_LENGTH : PP_OK);
	}
}

static void ethernet_padding(void)
{
	struct bytes p = echo4(5, 8, 4);
	size_t real = p.len;

	memset(p.b + p.len, 0xee, 64);
	p.len += 64;
	struct pp_ip ip = decoded(&p);
	CU_ASSERT_EQUAL(ip.pay.left, real - 20);
}

static void sources(void)
{
	static const struct {
		const char *src;
		enum pp_drop want;
	} table[] = {
		{"0.0.0.0", PP_DROP_IP_SOURCE},
		{"0.1.2.3", PP_DROP_IP_SOURCE},
		{"127.0.0.1", PP_DROP_IP_SOURCE},
		{"127.255.0.1", PP_DROP_IP_SOURCE},
		{"224.0.0.1", PP_DROP_IP_SOURCE},
		{"239.255.255.255", PP_DROP_IP_SOURCE},
		{"240.0.0.1", PP_DROP_IP_SOURCE},
		{"255.255.255.255", PP_DROP_IP_SOURCE},
		{"1.0.0.1", PP_OK},
		{"223.255.255.254", PP_OK},
		{"169.254.0.1", PP_OK},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct bytes p = echo4(5, 8, 0);
		struct pp_addr a = addr_of(table[i].src);
		memcpy(p.b + 12, a.b + 12, 4);
		fix_ip4(p.b);
		check(&p, table[i].want);
	}
}

static void ttl_any(void)
{
	for (unsigned int ttl = 0; ttl < 256; ttl++) {
		struct bytes p = echo4(5, 8, 0);
		p.b[8] = (uint8_t)ttl;
		fix_ip4(p.b);
		CU_ASSERT_EQUAL(decoded(&p).ttl, ttl);
	}
}

static void fragments(void)
{
	for (uint32_t word = 0; word <= 0xffff; word++) {
		struct bytes p = echo4(5, 8, 8);
		pp_put_be16(p.b + 6, (uint16_t)word);
		fix_ip4(p.b);
		struct pp_ip ip = decoded(&p);
		CU_ASSERT_EQUAL(ip.fragment, (word & 0x3fff) != 0);
		CU_ASSERT_EQUAL(ip.df, word >> 14 & 1);
		CU_ASSERT_EQUAL(ip.pay.left, 16);
	}
}

/* Options of 12 bytes, the rest of the room NOP. */
static void check_options(const char *options, size_t len, enum pp_drop want)
{
	struct bytes p = echo4(8, 8, 8);

	memcpy(p.b + 20, options, len);
	fix_ip4(p.b);
	check(&p, want);
	if (want == PP_OK)
		CU_ASSERT_TRUE(decoded(&p).options);
}

static void options_skipped(void)
{
	check_options("\x9e\x04\x00\x00", 4, PP_OK);		      /* unknown */
	check_options("\x07\x0b\x04\0\0\0\0\0\0\0\0", 11, PP_OK);     /* record route */
	check_options("\x07\x0b\x0c\1\1\1\1\2\2\2\2", 11, PP_OK);     /* the same, full */
	check_options("\x44\x0c\x05\x00\0\0\0\0\0\0\0\0", 12, PP_OK); /* timestamp */
	check_options("\x94\x04\x00\x00", 4, PP_OK);		      /* router alert */
	check_options("\x88\x04\x00\x01", 4, PP_OK);		      /* stream ID */
	check_options("\x9e\x02", 2, PP_OK);
	check_options("\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00", 12, PP_OK);
	check_options("\x00\x83\x00\x00\x00\x00\x9e", 7, PP_OK); /* nothing after the end counts */
}

static void options_malformed(void)
{
	check_options("\x9e\x00", 2, PP_DROP_IP_OPTION);
	check_options("\x9e\x01", 2, PP_DROP_IP_OPTION);
	check_options("\x07\x00", 2, PP_DROP_IP_OPTION);
	check_options("\x07\x0d\x04", 3, PP_DROP_IP_OPTION);
	check_options("\x07\xff\x04", 3, PP_DROP_IP_OPTION);
	check_options("\1\1\1\1\1\1\1\1\1\1\1\x9e", 12, PP_DROP_IP_OPTION);
	check_options("\1\1\1\1\1\1\1\1\1\1\x9e\x03", 12, PP_DROP_IP_OPTION);
	check_options("\1\1\1\1\1\1\1\1\1\1\x9e\x02", 12, PP_OK);
}

static void source_routes(void)
{
	check_options("\x83\x07\x04\x0a\x00\x00\x01", 7, PP_DROP_IP_OPTION);
	check_options("\x89\x07\x04\x0a\x00\x00\x01", 7, PP_DROP_IP_OPTION);
	check_options("\x83\x07\x08\x0a\x00\x00\x01", 7, PP_DROP_IP_OPTION); /* finished */
	check_options("\x01\x01\x89\x03\x04", 5, PP_DROP_IP_OPTION);
	check_options("\1\1\1\1\1\1\1\1\1\1\1\x83", 12, PP_DROP_IP_OPTION);
}

/* Every option of every length in a header of every size: an end, and no read
 * outside (the copy is exactly sized). */
static void options_every_kind_and_length(void)
{
	for (unsigned int kind = 0; kind < 256; kind++) {
		for (unsigned int len = 0; len < 256; len++) {
			struct bytes p = echo4(6 + kind % 10, 8, 0);
			unsigned int room = (p.b[0] & 0xfu) * 4 - 20;
			p.b[20] = (uint8_t)kind;
			p.b[21] = (uint8_t)len;
			fix_ip4(p.b);
			bool route = kind == 131 || kind == 137;
			bool single = kind == 0 || kind == 1;
			if (kind == 1)
				continue; /* the length byte is then the next option */
			check(&p, route || (!single && (len < 2 || len > room)) ? PP_DROP_IP_OPTION
										: PP_OK);
		}
	}
}

PP_TEST_MAIN("ip4", {"IP-04 fields", fields}, {"IP-01 versions", versions},
	     {"IP-02 header checksum, each bit", checksums},
	     {"IP-03 header length", header_lengths},
	     {"IP-03 total length, every value (INFRA:HALT, VU#310387)", total_lengths},
	     {"IP-04 Ethernet padding is cut off", ethernet_padding},
	     {"IP-06 sources that no host may have", sources}, {"IP-08 any TTL arrives", ttl_any},
	     {"FRAG fragments are marked", fragments},
	     {"OPT-03 well-formed options are skipped", options_skipped},
	     {"OPT-04 malformed options", options_malformed},
	     {"OPT-09 source routes are refused (CVE-2021-31344)", source_routes},
	     {"OPT-04 every kind and length", options_every_kind_and_length})
