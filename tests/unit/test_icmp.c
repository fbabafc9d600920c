/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP of both families: kinds, checksums, and what errors quote.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

static enum pp_drop decode(const struct bytes *p, struct pp_icmp *ret_icmp)
{
	struct pp_ip ip;
	uint16_t type = p->b[0] >> 4 == 4 ? PP_ETHER_IP4 : PP_ETHER_IP6;

	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(pp_cur(p->b, p->len), type, &ip), PP_OK);
	return pp_icmp_decode(&ip, ret_icmp);
}

static struct pp_icmp decoded(const struct bytes *p)
{
	struct pp_icmp icmp;

	memset(&icmp, 0x5a, sizeof(icmp));
	CU_ASSERT_EQUAL_FATAL(decode(p, &icmp), PP_OK);
	return icmp;
}

static void check(const struct bytes *p, enum pp_drop want)
{
	struct pp_icmp icmp, before;

	memset(&icmp, 0x5a, sizeof(icmp));
	before = icmp;
	enum pp_drop got = decode(p, &icmp);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(got), pp_drop_name(want));
	if (got)
		CU_ASSERT_EQUAL(memcmp(&icmp, &before, sizeof(icmp)), 0);
}

static void echo_fields(void)
{
	static const uint8_t types[2][2] = {{8, 0}, {128, 129}};

	for (int v6 = 0; v6 < 2; v6++)
		for (int reply = 0; reply < 2; reply++) {
			uint8_t type = types[v6][reply];
			struct bytes p = v6 ? echo6(type, 33) : echo4(5, type, 33);
			struct pp_icmp icmp = decoded(&p);
			CU_ASSERT_EQUAL(icmp.kind,
					reply ? PP_ICMP_ECHO_REPLY : PP_ICMP_ECHO_REQUEST);
			CU_ASSERT_EQUAL(icmp.v6, v6);
			CU_ASSERT_EQUAL(icmp.type, type);
			CU_ASSERT_EQUAL(icmp.code, 0);
			CU_ASSERT_EQUAL(icmp.id, 0xbeef);
			CU_ASSERT_EQUAL(icmp.seq, 0x0102);
			CU_ASSERT_EQUAL(icmp.rest, 0xbeef0102);
			CU_ASSERT_EQUAL(icmp.check, pp_get_be16(p.b + p.len - 39));
			CU_ASSERT_EQUAL(icmp.body.left, 33);
			CU_ASSERT_PTR_EQUAL(icmp.body.at, p.b + p.len - 33);
		}
}

static void echo_code(void)
{
	for (unsigned int code = 0; code < 256; code++) {
		struct bytes p = echo4(5, 8, 4);
		p.b[21] = (uint8_t)code;
		fix_icmp4(p.b + 20, 12);
		CU_ASSERT_EQUAL(decoded(&p).kind, PP_ICMP_ECHO_REQUEST);
		CU_ASSERT_EQUAL(decoded(&p).code, code);
	}
}

static enum pp_icmp_kind expected4(unsigned int type)
{
	static const enum pp_icmp_kind kinds[13] = {
		PP_ICMP_ECHO_REPLY,   PP_ICMP_OTHER,	PP_ICMP_OTHER, PP_ICMP_ERROR,
		PP_ICMP_QUENCH,	      PP_ICMP_REDIRECT, PP_ICMP_OTHER, PP_ICMP_OTHER,
		PP_ICMP_ECHO_REQUEST, PP_ICMP_OTHER,	PP_ICMP_OTHER, PP_ICMP_ERROR,
		PP_ICMP_ERROR,
	};
	return type < PP_ARRAY_LEN(kinds) ? kinds[type] : PP_ICMP_OTHER;
}

static void all_types4(void)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct bytes p = echo4(5, (uint8_t)type, 8);
		struct pp_icmp icmp = decoded(&p);
		bool echo = type == 0 || type == 8;
		CU_ASSERT_EQUAL(icmp.kind, expected4(type));
		CU_ASSERT_EQUAL(icmp.type, type);
		CU_ASSERT_EQUAL(icmp.id, echo ? 0xbeef : 0);
		CU_ASSERT_EQUAL(icmp.seq, echo ? 0x0102 : 0);
	}
}

static void all_types6(void)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct bytes p = echo6((uint8_t)type, 24);
		enum pp_icmp_kind want = type < 128    ? PP_ICMP_ERROR
					 : type == 128 ? PP_ICMP_ECHO_REQUEST
					 : type == 129 ? PP_ICMP_ECHO_REPLY
					 : type == 135 ? PP_ICMP_NS
					 : type == 136 ? PP_ICMP_NA
					 : type == 137 ? PP_ICMP_REDIRECT
						       : PP_ICMP_OTHER;
		CU_ASSERT_EQUAL(decoded(&p).kind, want);
	}
}

static void checksum_each_bit(void)
{
	for (size_t bit = 0; bit < 41 * 8; bit++) {
		struct bytes p4 = echo4(5, 8, 33), p6 = echo6(128, 33);
		p4.b[20 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		check(&p4, PP_DROP_ICMP_CHECKSUM);
		p6.b[40 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		check(&p6, PP_DROP_ICMP_CHECKSUM);
	}
}

static void checksum_covers_addresses(void)
{
	for (size_t at = 8; at < 40; at++) {
		struct bytes p = echo6(128, 8);
		p.b[at] ^= 4;
		check(&p, PP_DROP_ICMP_CHECKSUM);
	}
	/* the checksum of IPv4's ICMP in IPv6 is wrong for the want of a pseudo-header */
	struct bytes p = echo6(128, 8);
	fix_icmp4(p.b + 40, 16);
	check(&p, PP_DROP_ICMP_CHECKSUM);
}

static void short_messages(void)
{
	for (size_t len = 0; len < 8; len++) {
		struct bytes p = echo4(5, 0, 0);
		pp_put_be16(p.b + 2, (uint16_t)(20 + len));
		fix_ip4(p.b);
		check(&p, PP_DROP_ICMP_SHORT);
		p.len = 20 + len;
		check(&p, PP_DROP_ICMP_SHORT);
	}
	for (size_t len = 1; len < 8; len++) {
		struct bytes p = echo6(129, 0);
		pp_put_be16(p.b + 4, (uint16_t)len);
		check(&p, PP_DROP_ICMP_SHORT);
	}
}

static void sizes(void)
{
	static const size_t some[] = {0, 1, 33, 56, 1472};

	for (size_t i = 0; i < PP_ARRAY_LEN(some); i++) {
		struct bytes p4 = echo4(5, 8, some[i]), p6 = echo6(128, some[i]);
		CU_ASSERT_EQUAL(decoded(&p4).body.left, some[i]);
		CU_ASSERT_EQUAL(decoded(&p6).body.left, some[i]);
	}
}

static void not_icmp(void)
{
	struct bytes p = echo4(5, 8, 8);

	p.b[9] = 17;
	fix_ip4(p.b);
	check(&p, PP_DROP_IP_PROTO);
	p.b[9] = 58;
	fix_ip4(p.b);
	check(&p, PP_DROP_IP_PROTO);
	p = echo6(128, 8);
	p.b[6] = 1;
	check(&p, PP_DROP_IP_PROTO);
	p = echo4(5, 8, 8);
	p.b[6] = 0x20;
	fix_ip4(p.b);
	check(&p, PP_DROP_IP_FRAGMENT);
}

static void unspecified_source(void)
{
	for (unsigned int type = 0; type < 256; type++) {
		struct bytes p = echo6((uint8_t)type, 16);
		memset(p.b + 8, 0, 16);
		fix_icmp6(p.b, p.b + 40, 24);
		bool may = type == 135 || (type >= 130 && type != 136 && type != 137);
		check(&p, may ? PP_OK : PP_DROP_IP_SOURCE);
	}
}

/* An IPv4 error of that type around `inner`. */
static struct bytes error4(uint8_t type, uint32_t rest, const struct bytes *inner)
{
	struct bytes p;
	size_t hlen = put_ip4(p.b, 5, 1, 8 + inner->len);

	memset(p.b + hlen, 0, 8);
	p.b[hlen] = type;
	pp_put_be32(p.b + hlen + 4, rest);
	memcpy(p.b + hlen + 8, inner->b, inner->len);
	fix_icmp4(p.b + hlen, 8 + inner->len);
	p.len = hlen + 8 + inner->len;
	return p;
}

static struct bytes error6(uint8_t type, uint32_t rest, const struct bytes *inner)
{
	struct bytes p;

	put_ip6(p.b, 58, 8 + inner->len);
	memset(p.b + 40, 0, 8);
	p.b[40] = type;
	pp_put_be32(p.b + 44, rest);
	memcpy(p.b + 48, inner->b, inner->len);
	fix_icmp6(p.b, p.b + 40, 8 + inner->len);
	p.len = 48 + inner->len;
	return p;
}

/* The quote of such an error, out of an exactly sized copy of the quote. */
static enum pp_drop quote(const struct bytes *p, struct pp_quote *ret_quote, size_t *ret_payload)
{
	struct pp_icmp icmp = decoded(p);
	uint8_t *copy = exact_copy(icmp.body.at, icmp.body.left);

	icmp.body.at = copy;
	enum pp_drop drop = pp_icmp_quote(&icmp, ret_quote);
	if (!drop) {
		*ret_payload = ret_quote->payload.left;
		CU_ASSERT_TRUE(ret_quote->payload.at + *ret_payload <= copy + icmp.body.left);
		for (size_t i = 0; i < *ret_payload; i++)
			CU_ASSERT_EQUAL(ret_quote->payload.at[i], (uint8_t)i);
	}
	free(copy);
	return drop;
}

static void check_quote(const struct bytes *p, enum pp_drop want, size_t payload)
{
	struct pp_quote q, before;
	size_t got = 0;

	memset(&q, 0x5a, sizeof(q));
	before = q;
	CU_ASSERT_EQUAL(quote(p, &q, &got), want);
	CU_ASSERT_EQUAL(got, want ? 0 : payload);
	if (want)
		CU_ASSERT_EQUAL(memcmp(&q, &before, sizeof(q)), 0);
}

static void rest_of_errors(void)
{
	struct bytes inner = echo4(5, 8, 8), inner6 = echo6(128, 8);
	struct bytes p = error4(3, 1400, &inner);

	CU_ASSERT_EQUAL(decoded(&p).rest & 0xffff, 1400);
	p = error4(12, 0x14000000, &inner);
	CU_ASSERT_EQUAL(decoded(&p).rest >> 24, 0x14);
	p = error4(5, 0xc0000263, &inner);
	CU_ASSERT_EQUAL(decoded(&p).rest, 0xc0000263);
	p = error6(2, 0x00012345, &inner6);
	CU_ASSERT_EQUAL(decoded(&p).rest, 0x12345);
	p = error6(4, 40, &inner6);
	CU_ASSERT_EQUAL(decoded(&p).rest, 40);
}

static void quote4_fields(void)
{
	static const uint8_t types[] = {3, 5, 11, 12};
	struct pp_addr src = addr_of("192.0.2.1"), dst = addr_of("192.0.2.2");
	struct bytes inner = echo4(7, 8, 56);

	for (size_t i = 0; i < PP_ARRAY_LEN(types); i++) {
		struct bytes p = error4(types[i], 0, &inner);
		struct pp_quote q;
		size_t payload;
		CU_ASSERT_EQUAL_FATAL(quote(&p, &q, &payload), PP_OK);
		CU_ASSERT_FALSE(q.v6);
		CU_ASSERT_TRUE(pp_addr_eq(&q.src, &src) && pp_addr_eq(&q.dst, &dst));
		CU_ASSERT_EQUAL(q.ip_id, 0x1234);
		CU_ASSERT_EQUAL(q.id, 0xbeef);
		CU_ASSERT_EQUAL(q.seq, 0x0102);
		CU_ASSERT_EQUAL(q.check, pp_get_be16(inner.b + 30));
		CU_ASSERT_EQUAL(payload, 56);
	}
}

static void quote6_fields(void)
{
	struct pp_addr src = addr_of("2001:db8::1"), dst = addr_of("2001:db8::2");
	struct bytes inner = echo6(128, 56);

	for (unsigned int type = 0; type < 6; type++) {
		struct bytes p = error6((uint8_t)type, 0, &inner);
		struct pp_quote q;
		size_t payload;
		CU_ASSERT_EQUAL_FATAL(quote(&p, &q, &payload), PP_OK);
		CU_ASSERT_TRUE(q.v6);
		CU_ASSERT_TRUE(pp_addr_eq(&q.src, &src) && pp_addr_eq(&q.dst, &dst));
		CU_ASSERT_EQUAL(q.ip_id, 0);
		CU_ASSERT_EQUAL(q.id, 0xbeef);
		CU_ASSERT_EQUAL(q.seq, 0x0102);
		CU_ASSERT_EQUAL(q.check, pp_get_be16(inner.b + 42));
		CU_ASSERT_EQUAL(payload, 56);
	}
}

static void quote4_cut(void)
{
	const struct bytes whole = echo4(6, 8, 40);

	for (size_t len = 0; len <= whole.len; len++) {
		struct bytes inner = whole;
		inner.len = len;
		struct bytes p = error4(11, 0, &inner);
		check_quote(&p, len < 32 ? PP_DROP_ICMP_QUOTE : PP_OK, len - 32);
	}
}

static void quote6_cut(void)
{
	const struct bytes whole = echo6(128, 40);

	for (size_t len = 0; len <= whole.len; len++) {
		struct bytes inner = whole;
		inner.len = len;
		struct bytes p = error6(3, 0, &inner);
		check_quote(&p, len < 48 ? PP_DROP_ICMP_QUOTE : PP_OK, len - 48);
	}
}

/* RFC 4884 pads the quote to 128 bytes and puts extensions behind: neither is
 * payload. A length that a router mangled costs the payload at most. */
static void quoted_lengths(void)
{
	for (uint32_t total = 0; total < 200; total++) {
		struct bytes inner = echo4(5, 8, 100), inner6 = echo6(128, 100);
		pp_put_be16(inner.b + 2, (uint16_t)total);
		struct bytes p = error4(11, 0, &inner);
		check_quote(&p, PP_OK, total < 28 ? 0 : pp_min_u64(total - 28, 100));
		pp_put_be16(inner6.b + 4, (uint16_t)total);
		p = error6(3, 0, &inner6);
		check_quote(&p, PP_OK, total < 8 ? 0 : pp_min_u64(total - 8, 100));
	}
}

static void quote4_refused(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum pp_drop want;
	} table[] = {
		{0, 0x55, PP_DROP_ICMP_QUOTE}, /* version */
		{0, 0x65, PP_DROP_ICMP_QUOTE},
		{0, 0x44, PP_DROP_ICMP_QUOTE}, /* header of 16 */
		{9, 17, PP_DROP_ICMP_QUOTE},
		{9, 58, PP_DROP_ICMP_QUOTE},
		{6, 0x20, PP_OK}, /* first of several fragments */
		{6, 0x40, PP_OK},
		{7, 0x01, PP_DROP_ICMP_QUOTE},
		{6, 0x10, PP_DROP_ICMP_QUOTE},
		{20, 0, PP_DROP_ICMP_QUOTE}, /* echo reply */
		{20, 3, PP_DROP_ICMP_QUOTE},
		{20, 128, PP_DROP_ICMP_QUOTE},
		{10, 0xff, PP_OK},
		{8, 0, PP_OK},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct bytes inner = echo4(5, 8, 8);
		inner.b[table[i].at] = table[i].value;
		struct bytes p = error4(3, 0, &inner);
		check_quote(&p, table[i].want, 8);
	}
}

static void quote6_refused(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum pp_drop want;
	} table[] = {
		{0, 0x40, PP_DROP_ICMP_QUOTE},
		{0, 0x6f, PP_OK},
		{6, 17, PP_DROP_ICMP_QUOTE},
		{6, 1, PP_DROP_ICMP_QUOTE},
		{40, 129, PP_DROP_ICMP_QUOTE},
		{40, 8, PP_DROP_ICMP_QUOTE},
		{7, 0, PP_OK},
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(table); i++) {
		struct bytes inner = echo6(128, 8);
		inner.b[table[i].at] = table[i].value;
		struct bytes p = error6(1, 0, &inner);
		check_quote(&p, table[i].want, 8);
	}
}

/* A quoted IPv6 packet between mapped addresses would look like IPv4 of ours. */
static void quote6_mapped(void)
{
	struct pp_addr mapped = addr_of("192.0.2.1");

	for (size_t at = 8; at <= 24; at += 16) {
		struct bytes inner = echo6(128, 8);
		memcpy(inner.b + at, mapped.b, 16);
		struct bytes p = error6(1, 0, &inner);
		check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	}
}

static void quote6_extensions(void)
{
	static const uint8_t padn[8] = {0, 0, 1, 4};
	static const uint8_t first[8] = {0, 0, 0, 1}, later[8] = {0, 0, 0, 8};
	struct bytes inner = echo6(128, 8);

	insert_ext6(&inner, 60, padn, 8);
	struct bytes p = error6(3, 0, &inner);
	check_quote(&p, PP_OK, 8);
	inner = echo6(128, 8);
	insert_ext6(&inner, 44, first, 8);
	p = error6(3, 0, &inner);
	check_quote(&p, PP_OK, 8);
	inner = echo6(128, 8);
	insert_ext6(&inner, 44, later, 8);
	p = error6(3, 0, &inner);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	inner = echo6(128, 8);
	for (int n = 0; n < 9; n++)
		insert_ext6(&inner, 60, padn, 8);
	p = error6(3, 0, &inner);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
}

static void quote_of_what_is_no_error(void)
{
	struct bytes inner = echo4(5, 8, 8), inner6 = echo6(128, 8);
	struct bytes p = error4(8, 0, &inner);

	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	p = error4(3, 0, &inner6); /* the other family */
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	p = error6(1, 0, &inner);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	p = error6(128, 0, &inner6);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
}

/* RFC 4861 4.5: target, destination, then options, of which one holds the quote. */
static struct bytes redirect6(const uint8_t *options, size_t len, const struct bytes *inner)
{
	struct bytes body = {.len = 32};
	size_t data = inner->len / 8 * 8;

	if (len)
		memcpy(body.b + body.len, options, len);
	body.len += len;
	body.b[body.len] = 4;
	body.b[body.len + 1] = (uint8_t)(1 + data / 8);
	memcpy(body.b + body.len + 8, inner->b, data);
	body.len += 8 + data;
	return error6(137, 0, &body);
}

static void quote6_redirect(void)
{
	static const uint8_t lla[8] = {2, 1, 2, 0, 0, 0, 0, 1}, zero[8] = {2, 0},
			     past[8] = {2, 255};
	struct bytes inner = echo6(128, 8);
	struct bytes p = redirect6(NULL, 0, &inner);

	check_quote(&p, PP_OK, 8);
	p = redirect6(lla, 8, &inner);
	check_quote(&p, PP_OK, 8);
	p = redirect6(zero, 8, &inner);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	p = redirect6(past, 8, &inner);
	check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	/* the quote ends with its option, whatever the quoted length says */
	p = redirect6(NULL, 0, &inner);
	p.b[48 + 33] = 7;
	fix_icmp6(p.b, p.b + 40, p.len - 40);
	check_quote(&p, PP_OK, 0);
	for (size_t len = 0; len < 40; len++) {
		struct bytes body = {.len = len};
		p = error6(137, 0, &body);
		check_quote(&p, PP_DROP_ICMP_QUOTE, 0);
	}
}

PP_TEST_MAIN("icmp", {"ICMP-04 V6-01 fields of echo", echo_fields},
	     {"ICMP-06 an echo's code is reported, not judged", echo_code},
	     {"ICMP-01 ICMP-21 every IPv4 type", all_types4}, {"V6-02 every IPv6 type", all_types6},
	     {"ICMP-02 V6-08 checksum, each bit", checksum_each_bit},
	     {"V6-08 checksum covers the addresses", checksum_covers_addresses},
	     {"ICMP-03 CVE-2026-7423 shorter than a header", short_messages},
	     {"ICMP-05 sizes", sizes}, {"other protocols and fragments", not_icmp},
	     {"V6-04 who may send from ::", unspecified_source},
	     {"ICMP-23 PMTU-01 rest of errors", rest_of_errors},
	     {"ICMP-17 IPv4 quote", quote4_fields}, {"V6-07 IPv6 quote", quote6_fields},
	     {"ICMP-27 IPv4 quote, every length", quote4_cut},
	     {"V6-03 IPv6 quote, every length", quote6_cut},
	     {"EXT-03 payload ends with the quoted packet", quoted_lengths},
	     {"ICMP-27 IPv4 quotes refused", quote4_refused},
	     {"V6-03 IPv6 quotes refused", quote6_refused},
	     {"IPv6 quote between mapped addresses", quote6_mapped},
	     {"IPv6 quote with extension headers", quote6_extensions},
	     {"ICMP-10 quotes only in errors and redirects", quote_of_what_is_no_error},
	     {"ND-10 quote in an IPv6 redirect", quote6_redirect})
