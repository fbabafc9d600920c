/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour discovery: the validity checks of RFC 4861 7.1.1 and 7.1.2, one by one.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

enum { NS = 135, NA = 136 };
enum { SLLA = 1, TLLA = 2 };

/* Where things are in the packets below. */
enum { HOP_LIMIT = 7, SRC = 8, DST = 24, CODE = 41, FLAGS = 44, TARGET = 48, OPTIONS = 64 };

static void set_addr(struct bytes *p, size_t at, const char *text)
{
	struct pp_addr a = addr_of(text);

	memcpy(p->b + at, a.b, sizeof(a.b));
}

static void add_option(struct bytes *p, uint8_t type, uint8_t units, size_t bytes)
{
	memset(p->b + p->len, 2, bytes);
	p->b[p->len] = type;
	p->b[p->len + 1] = units;
	p->len += bytes;
	pp_put_be16(p->b + 4, (uint16_t)(p->len - PP_IP6_HLEN));
}

/* For fe80::2 from fe80::1, solicitation or solicited advertisement, no option. */
static struct bytes message(uint8_t type)
{
	struct bytes p = {.len = OPTIONS};

	put_ip6(p.b, 58, 24);
	p.b[40] = type;
	set_addr(&p, SRC, "fe80::1");
	set_addr(&p, DST, type == NS ? "ff02::1:ff00:2" : "fe80::2");
	set_addr(&p, TARGET, type == NS ? "fe80::2" : "fe80::1");
	if (type == NA)
		p.b[FLAGS] = 0x60;
	return p;
}

static enum pp_drop decode(struct bytes *p, struct pp_nd *ret_nd)
{
	struct pp_icmp icmp;
	struct pp_ip ip;

	fix_icmp6(p->b, p->b + 40, p->len - 40);
	uint8_t *copy = exact_copy(p->b, p->len);
	enum pp_drop drop = pp_ip_decode(pp_cur(copy, p->len), PP_ETHER_IP6, &ip);
	if (!drop)
		drop = pp_icmp_decode(&ip, &icmp);
	if (!drop)
		drop = pp_nd_decode(&ip, &icmp, ret_nd);
	free(copy);
	return drop;
}

static void check(struct bytes *p, enum pp_drop want)
{
	struct pp_nd nd, before;

	memset(&nd, 0x5a, sizeof(nd));
	before = nd;
	enum pp_drop got = decode(p, &nd);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(got), pp_drop_name(want));
	if (got)
		CU_ASSERT_EQUAL(memcmp(&nd, &before, sizeof(nd)), 0);
}

static void check_both(void (*spoil)(struct bytes *p), enum pp_drop want)
{
	struct bytes ns = message(NS), na = message(NA);

	check(&ns, PP_OK);
	spoil(&ns);
	check(&ns, want);
	check(&na, PP_OK);
	spoil(&na);
	check(&na, want);
}

static void solicitation(void)
{
	struct bytes p = message(NS);
	struct pp_mac lla = mac_of("02:02:02:02:02:02");
	struct pp_addr target = addr_of("fe80::2");
	struct pp_nd nd;

	p.b[FLAGS] = 0xff; /* reserved here: ignored */
	CU_ASSERT_EQUAL_FATAL(decode(&p, &nd), PP_OK);
	CU_ASSERT_FALSE(nd.advert || nd.solicited || nd.override || nd.router || nd.has_lla);
	CU_ASSERT_TRUE(pp_addr_eq(&nd.target, &target));
	add_option(&p, SLLA, 1, 8);
	CU_ASSERT_EQUAL_FATAL(decode(&p, &nd), PP_OK);
	CU_ASSERT_TRUE(nd.has_lla && pp_mac_eq(&nd.lla, &lla));
}

static void advertisement(void)
{
	struct pp_mac lla = mac_of("02:02:02:02:02:02");

	for (unsigned int flags = 0; flags < 8; flags++) {
		struct bytes p = message(NA);
		struct pp_nd nd;
		p.b[FLAGS] = (uint8_t)(flags << 5);
		add_option(&p, TLLA, 1, 8);
		CU_ASSERT_EQUAL_FATAL(decode(&p, &nd), PP_OK);
		CU_ASSERT_TRUE(nd.advert && nd.has_lla && pp_mac_eq(&nd.lla, &lla));
		CU_ASSERT_EQUAL(nd.router, flags >> 2 & 1);
		CU_ASSERT_EQUAL(nd.solicited, flags >> 1 & 1);
		CU_ASSERT_EQUAL(nd.override, flags & 1);
	}
}

static void spoil_hop_limit(struct bytes *p)
{
	p->b[HOP_LIMIT] = 254;
}

static void spoil_code(struct bytes *p)
{
	p->b[CODE] = 1;
}

static void spoil_target_multicast(struct bytes *p)
{
	set_addr(p, TARGET, "ff02::1");
}

static void spoil_target_mapped(struct bytes *p)
{
	set_addr(p, TARGET, "192.0.2.1");
}

static void spoil_target_any(struct bytes *p)
{
	set_addr(p, TARGET, "::");
}

static void spoil_option_zero(struct bytes *p)
{
	add_option(p, 14, 0, 8);
}

static void spoil_option_past_end(struct bytes *p)
{
	add_option(p, 14, 2, 8);
}

static void spoil_option_stub(struct bytes *p)
{
	add_option(p, 14, 1, 7);
}

static void spoil_atomic_fragment(struct bytes *p)
{
	static const uint8_t atomic[8] = {0};

	fix_icmp6(p->b, p->b + 40, p->len - 40);
	insert_ext6(p, 44, atomic, 8);
}

static void hop_limit(void)
{
	check_both(spoil_hop_limit, PP_DROP_ND_INVALID);
}

static void code(void)
{
	check_both(spoil_code, PP_DROP_ND_INVALID);
}

static void target(void)
{
	check_both(spoil_target_multicast, PP_DROP_ND_INVALID);
	check_both(spoil_target_mapped, PP_DROP_ND_INVALID);
	check_both(spoil_target_any, PP_DROP_ND_INVALID);
}

static void option_lengths(void)
{
	check_both(spoil_option_zero, PP_DROP_ND_INVALID);
	check_both(spoil_option_past_end, PP_DROP_ND_INVALID);
	check_both(spoil_option_stub, PP_DROP_ND_INVALID);
}

/* decode() corrects the checksum at offset 40, where the fragment header is now:
 * the ICMP behind it is left as it was made, and bytes 2 and 3 of the fragment
 * header have to stay zero. So this one is decoded by hand. */
static void atomic_fragment(void)
{
	struct bytes p = message(NS);
	struct pp_icmp icmp;
	struct pp_ip ip;
	struct pp_nd nd;

	spoil_atomic_fragment(&p);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(pp_cur(p.b, p.len), PP_ETHER_IP6, &ip), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL(pp_nd_decode(&ip, &icmp, &nd), PP_DROP_ND_INVALID);
}

static void short_messages(void)
{
	for (uint8_t type = NS; type <= NA; type++)
		for (size_t len = 48; len < OPTIONS; len++) {
			struct bytes p = message(type);
			p.len = len;
			pp_put_be16(p.b + 4, (uint16_t)(len - 40));
			check(&p, PP_DROP_ND_INVALID);
		}
}

static void checksum(void)
{
	struct bytes p = message(NS);
	struct pp_icmp icmp;
	struct pp_ip ip;

	fix_icmp6(p.b, p.b + 40, 24);
	p.b[63] ^= 1;
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(pp_cur(p.b, p.len), PP_ETHER_IP6, &ip), PP_OK);
	CU_ASSERT_EQUAL(pp_icmp_decode(&ip, &icmp), PP_DROP_ICMP_CHECKSUM);
}

static void unspecified_source(void)
{
	struct bytes p = message(NS);

	set_addr(&p, SRC, "::");
	check(&p, PP_OK);
	add_option(&p, SLLA, 1, 8);
	check(&p, PP_DROP_ND_INVALID);
	p = message(NS);
	set_addr(&p, SRC, "::");
	set_addr(&p, DST, "fe80::2");
	check(&p, PP_DROP_ND_INVALID);
	set_addr(&p, DST, "ff02::1");
	check(&p, PP_DROP_ND_INVALID);
	set_addr(&p, DST, "ff02::1:fe00:2");
	check(&p, PP_DROP_ND_INVALID);
	p = message(NA);
	set_addr(&p, SRC, "::");
	check(&p, PP_DROP_IP_SOURCE);
}

static void unasked_advertisement(void)
{
	struct bytes p = message(NA);

	set_addr(&p, DST, "ff02::1");
	check(&p, PP_DROP_ND_INVALID);
	p.b[FLAGS] = 0x20;
	check(&p, PP_OK);
}

static void unknown_options(void)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct bytes p = message(NS);
		struct pp_nd nd;
		add_option(&p, (uint8_t)type, 3, 24);
		add_option(&p, SLLA, 1, 8);
		CU_ASSERT_EQUAL(decode(&p, &nd), type == SLLA ? PP_DROP_ND_INVALID : PP_OK);
		if (type != SLLA)
			CU_ASSERT_TRUE(nd.has_lla);
	}
}

static void link_layer_options(void)
{
	struct bytes p = message(NS);
	struct pp_nd nd;

	add_option(&p, TLLA, 1, 8); /* the other message's option: unknown here */
	CU_ASSERT_EQUAL(decode(&p, &nd), PP_OK);
	CU_ASSERT_FALSE(nd.has_lla);
	p = message(NA);
	add_option(&p, TLLA, 2, 16);
	check(&p, PP_DROP_ND_INVALID);
	p = message(NA);
	add_option(&p, TLLA, 1, 8);
	p.b[OPTIONS + 2] = 0x33; /* a group */
	check(&p, PP_DROP_ND_INVALID);
	p = message(NA);
	add_option(&p, TLLA, 1, 8);
	add_option(&p, TLLA, 1, 8);
	p.b[OPTIONS + 8 + 7] = 9;
	CU_ASSERT_EQUAL(decode(&p, &nd), PP_OK);
	CU_ASSERT_EQUAL(nd.lla.b[5], 2); /* the first counts */
}

static void other_messages(void)
{
	struct bytes p = message(NS);

	p.b[40] = 133;
	check(&p, PP_DROP_ND_OTHER);
	p.b[40] = 137;
	check(&p, PP_DROP_ND_OTHER);
	p.b[40] = 128;
	check(&p, PP_DROP_ND_OTHER);
}

PP_TEST_MAIN("nd", {"ND-04 solicitation", solicitation}, {"ND-02 advertisement", advertisement},
	     {"ND-01 ND-02 hop limit 255", hop_limit}, {"ND-01 ND-02 code 0", code},
	     {"ND-01 ND-02 target is one host's", target},
	     {"ND-01 ND-02 option of length 0, or past the end", option_lengths},
	     {"FRAG-18 not in a fragment, not even an atomic one", atomic_fragment},
	     {"ND-01 ND-02 24 bytes at least", short_messages}, {"ND-01 checksum", checksum},
	     {"ND-01 from the unspecified address", unspecified_source},
	     {"ND-02 to a group, and yet solicited", unasked_advertisement},
	     {"ND-03 unknown options are skipped", unknown_options},
	     {"link-layer address options", link_layer_options},
	     {"other messages are not ours to read", other_messages})
