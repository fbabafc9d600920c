/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 headers and chains of extension headers.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

enum { HBH = 0, ROUTING = 43, FRAGMENT = 44, DSTOPTS = 60 };

static void check(const struct bytes *p, enum pp_drop want)
{
	uint8_t *copy = exact_copy(p->b, p->len);
	struct pp_ip ip, before;

	memset(&ip, 0x5a, sizeof(ip));
	before = ip;
	enum pp_drop got = pp_ip_decode(pp_cur(copy, p->len), PP_ETHER_IP6, &ip);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(got), pp_drop_name(want));
	if (got)
		CU_ASSERT_EQUAL(memcmp(&ip, &before, sizeof(ip)), 0);
	free(copy);
}

static struct pp_ip decoded(const struct bytes *p)
{
	struct pp_ip ip;

	memset(&ip, 0x5a, sizeof(ip));
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(pp_cur(p->b, p->len), PP_ETHER_IP6, &ip), PP_OK);
	return ip;
}

/* An echo request behind one header of that kind, `ext` being 8 bytes long. */
static struct bytes with_ext(uint8_t kind, const char *ext)
{
	struct bytes p = echo6(128, 8);

	insert_ext6(&p, kind, (const uint8_t *)ext, 8);
	return p;
}

static void fields(void)
{
	struct bytes p = echo6(128, 56);
	struct pp_addr src = addr_of("2001:db8::1"), dst = addr_of("2001:db8::2");

	pp_put_be32(p.b, 0x6b8fffff);
	struct pp_ip ip = decoded(&p);
	CU_ASSERT_TRUE(pp_addr_eq(&ip.src, &src) && pp_addr_eq(&ip.dst, &dst));
	CU_ASSERT_TRUE(ip.v6);
	CU_ASSERT_FALSE(ip.fragment || ip.frag_header || ip.options || ip.df);
	CU_ASSERT_EQUAL(ip.tos, 0xb8);
	CU_ASSERT_EQUAL(ip.ttl, 255);
	CU_ASSERT_EQUAL(ip.proto, PP_IPPROTO_ICMP6);
	CU_ASSERT_EQUAL(ip.id, 0);
	CU_ASSERT_EQUAL(ip.hlen, 40);
	CU_ASSERT_PTR_EQUAL(ip.pay.at, p.b + 40);
	CU_ASSERT_EQUAL(ip.pay.left, 64);
}

static void versions(void)
{
	for (unsigned int v = 0; v < 16; v++) {
		struct bytes p = echo6(128, 0);
		p.b[0] = (uint8_t)(v << 4);
		check(&p, v == 6 ? PP_OK : PP_DROP_IP_VERSION);
	}
}

static void lengths(void)
{
	struct bytes p = echo6(128, 16);

	for (uint32_t plen = 0; plen <= 0xffff; plen++) {
		pp_put_be16(p.b + 4, (uint16_t)plen);
		check(&p, plen == 0 || plen > 24 ? PP_DROP_IP_LENGTH : PP_OK);
	}
	p = echo6(128, 0);
	for (p.len = 0; p.len < 48; p.len++)
		check(&p, p.len < 40 ? PP_DROP_IP_SHORT : PP_DROP_IP_LENGTH);
}

static void ethernet_padding(void)
{
	struct bytes p = echo6(128, 2);

	p.len += 20;
	CU_ASSERT_EQUAL(decoded(&p).pay.left, 10);
}

static void jumbogram(void)
{
	struct bytes p = with_ext(HBH, "\0\0\xc2\x04\0\1\0\0");

	check(&p, PP_DROP_IP_EXTENSION);
	pp_put_be16(p.b + 4, 0);
	check(&p, PP_DROP_IP_LENGTH);
}

static void put_src(struct bytes *p, const char *text)
{
	/* IPv4 text gives the mapped form. */
	struct pp_addr a = addr_of(text);

	memcpy(p->b + 8, a.b, sizeof(a.b));
}

static void sources(void)
{
	static const struct {
		const char *src;
		enum pp_drop want;
	} table[] = {
		{"::1", PP_DROP_IP_SOURCE},
		{"ff02::1", PP_DROP_IP_SOURCE},
		{"ff0e::1", PP_DROP_IP_SOURCE},
		{"192.0.2.1", PP_DROP_IP_SOURCE},
		{"::", PP_OK},
		{"fe80::1", PP_OK},
		{"2001:db8::7", PP_OK},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct bytes p = echo6(128, 0);
		put_src(&p, table[i].src);
		check(&p, table[i].want);
	}
}

static void mapped_destination(void)
{
	struct bytes p = echo6(128, 0);

	memset(p.b + 24, 0, 10);
	memset(p.b + 34, 0xff, 2);
	check(&p, PP_DROP_IP_OTHER_DST);
}

static void option_headers(void)
{
	static const uint8_t kinds[] = {HBH, DSTOPTS};

	for (size_t i = 0; i < PP_ARRAY_LEN(kinds); i++) {
		struct bytes p = with_ext(kinds[i], "\0\0\x01\x04\0\0\0\0"); /* PadN */
		struct pp_ip ip = decoded(&p);
		CU_ASSERT_TRUE(ip.options);
		CU_ASSERT_EQUAL(ip.proto, PP_IPPROTO_ICMP6);
		CU_ASSERT_EQUAL(ip.hlen, 48);
		CU_ASSERT_EQUAL(ip.pay.left, 16);
		p = with_ext(kinds[i], "\0\0\0\0\0\0\0\0"); /* Pad1 */
		check(&p, PP_OK);
		p = with_ext(kinds[i], "\0\0\x05\x02\0\0\x01\0"); /* router alert */
		check(&p, PP_OK);
		p = with_ext(kinds[i], "\0\0\x01\x05\0\0\0\0"); /* PadN past the end */
		check(&p, PP_DROP_IP_EXTENSION);
		p = with_ext(kinds[i], "\0\0\0\0\0\0\0\x01"); /* no length byte */
		check(&p, PP_DROP_IP_EXTENSION);
		p = with_ext(kinds[i], "\0\x01\x01\x04\0\0\0\0"); /* runs into the echo */
		check(&p, PP_DROP_IP_EXTENSION);
		p = with_ext(kinds[i], "\0\xff\x01\x04\0\0\0\0");
		check(&p, PP_DROP_IP_EXTENSION);
	}
}

/* RFC 8200 4.2: 00 skip, 01 discard, 10 and 11 discard with an error. */
static void unknown_options(void)
{
	for (unsigned int kind = 1; kind < 256; kind++) {
		char ext[8] = {0, 0, (char)kind, 4, 0, 0, 0, 0};
		struct bytes p = with_ext(DSTOPTS, ext);
		check(&p, kind < 0x40 ? PP_OK : PP_DROP_IP_EXTENSION);
	}
}

static void routing(void)
{
	struct bytes p = with_ext(ROUTING, "\0\0\0\0\0\0\0\0");

	check(&p, PP_OK);
	for (unsigned int type = 0; type < 256; type++) {
		char ext[8] = {0, 0, (char)type, 1, 0, 0, 0, 0};
		p = with_ext(ROUTING, ext);
		check(&p, PP_DROP_IP_EXTENSION);
	}
}

static void hop_by_hop_only_first(void)
{
	struct bytes p = with_ext(HBH, "\0\0\x01\x04\0\0\0\0");

	insert_ext6(&p, DSTOPTS, (const uint8_t *)"\0\0\x01\x04\0\0\0\0", 8);
	check(&p, PP_DROP_IP_EXTENSION);
}

static void chains(void)
{
	struct bytes p = echo6(128, 0);

	for (unsigned int n = 1; n <= 100; n++) {
		insert_ext6(&p, DSTOPTS, (const uint8_t *)"\0\0\x01\x04\0\0\0\0", 8);
		check(&p, n <= 8 ? PP_OK : PP_DROP_IP_EXTENSION);
	}
}

/* A chain that claims to go on where the packet ends. */
static void chain_past_the_end(void)
{
	static const uint8_t kinds[] = {HBH, ROUTING, FRAGMENT, DSTOPTS};

	for (size_t i = 0; i < PP_ARRAY_LEN(kinds); i++)
		for (size_t len = 1; len < 8; len++) {
			struct bytes p = echo6(128, 0);
			p.len = 40 + len;
			p.b[6] = kinds[i];
			memset(p.b + 40, 0, len);
			pp_put_be16(p.b + 4, (uint16_t)len);
			check(&p, PP_DROP_IP_EXTENSION);
		}
}

static void atomic_fragment(void)
{
	struct bytes p = with_ext(FRAGMENT, "\0\0\0\0\x12\x34\x56\x78");
	struct pp_ip ip = decoded(&p);

	CU_ASSERT_FALSE(ip.fragment);
	CU_ASSERT_TRUE(ip.frag_header);
	CU_ASSERT_TRUE(ip.options);
	CU_ASSERT_EQUAL(ip.proto, PP_IPPROTO_ICMP6);
	CU_ASSERT_EQUAL(ip.pay.left, 16);
	/* what is behind it is walked on */
	p = with_ext(DSTOPTS, "\0\0\x01\x05\0\0\0\0");
	insert_ext6(&p, FRAGMENT, (const uint8_t *)"\0\0\0\0\0\0\0\1", 8);
	check(&p, PP_DROP_IP_EXTENSION);
}

static void fragments(void)
{
	for (uint32_t word = 0; word <= 0xffff; word++) {
		char ext[8] = {0, 0, (char)(word >> 8), (char)word, 0, 0, 0, 1};
		struct bytes p = with_ext(FRAGMENT, ext);
		struct pp_ip ip = decoded(&p);
		CU_ASSERT_EQUAL(ip.fragment, (word & 0xfff9) != 0);
		CU_ASSERT_TRUE(ip.frag_header);
		CU_ASSERT_EQUAL(ip.pay.left, 16);
	}
}

/* Behind the header of a real fragment are bytes from anywhere in a packet. */
static void fragment_ends_the_walk(void)
{
	struct bytes p = with_ext(FRAGMENT, "\0\0\x00\x08\0\0\0\1");

	p.b[40] = DSTOPTS;
	memset(p.b + 48, 0xff, 16);
	struct pp_ip ip = decoded(&p);
	CU_ASSERT_TRUE(ip.fragment);
	CU_ASSERT_EQUAL(ip.proto, DSTOPTS);
}

static void unknown_next_headers(void)
{
	for (unsigned int next = 0; next < 256; next++) {
		struct bytes p = echo6(128, 8);
		p.b[6] = (uint8_t)next;
		if (next != HBH && next != ROUTING && next != FRAGMENT && next != DSTOPTS)
			CU_ASSERT_EQUAL(decoded(&p).proto, next);
	}
}

PP_TEST_MAIN("ip6", {"V6-01 fields", fields}, {"versions", versions},
	     {"AMNESIA:33 payload length, every value", lengths},
	     {"Ethernet padding is cut off", ethernet_padding}, {"no jumbograms", jumbogram},
	     {"IP-06 sources that no host may have", sources},
	     {"mapped destination is not ours", mapped_destination},
	     {"AMNESIA:33 headers of options", option_headers},
	     {"unknown options by their action bits", unknown_options},
	     {"routing only where it has ended", routing},
	     {"hop-by-hop options come first", hop_by_hop_only_first},
	     {"AMNESIA:33 chains are bounded", chains},
	     {"AMNESIA:33 chains past the end", chain_past_the_end},
	     {"FRAG-16 an atomic fragment is none", atomic_fragment},
	     {"FRAG fragments are marked", fragments},
	     {"FRAG a fragment ends the walk", fragment_ends_the_walk},
	     {"V6-06 other next headers are the payload's", unknown_next_headers})
