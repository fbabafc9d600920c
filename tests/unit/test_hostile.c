/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The decoders as one chain against frames that are cut, bent and random, each in
 * a buffer of exactly its size: the address sanitizer is the judge of every read,
 * and every frame must end in one defined reason.
 */
#include "runner.h"
#include "frames.h"

#include <stdio.h>

#define FLIPS 100000

/* What came of all frames of a test, by reason. */
struct verdicts {
	unsigned int count[PP_DROP_COUNT];
	unsigned int undefined;
	unsigned int outside;
};

static bool inside(const uint8_t *frame, size_t len, const struct pp_cur *c)
{
	return c->left == 0 || (c->at >= frame && c->at + c->left <= frame + len);
}

static enum pp_drop walk_icmp(const struct pp_ip *ip, const uint8_t *frame, size_t len,
			      struct verdicts *v)
{
	struct pp_icmp icmp;
	struct pp_quote quote;
	struct pp_nd nd;
	enum pp_drop drop = pp_icmp_decode(ip, &icmp);

	if (drop)
		return drop;
	v->outside += !inside(frame, len, &icmp.body);
	if (icmp.kind == PP_ICMP_NS || icmp.kind == PP_ICMP_NA)
		return pp_nd_decode(ip, &icmp, &nd);
	if (icmp.kind != PP_ICMP_ERROR && icmp.kind != PP_ICMP_REDIRECT)
		return PP_OK;
	drop = pp_icmp_quote(&icmp, &quote);
	if (!drop)
		v->outside += !inside(frame, len, &quote.payload);
	return drop;
}

static enum pp_drop walk(const uint8_t *frame, size_t len, struct verdicts *v)
{
	struct pp_eth eth;
	struct pp_arp arp;
	struct pp_ip ip;
	enum pp_drop drop = pp_eth_decode(frame, len, &eth);

	if (drop)
		return drop;
	v->outside += !inside(frame, len, &eth.body);
	if (eth.type == PP_ETHER_ARP)
		return pp_arp_decode(eth.body, &arp);
	drop = pp_ip_decode(eth.body, eth.type, &ip);
	if (drop)
		return drop;
	v->outside += !inside(frame, len, &ip.pay);
	return walk_icmp(&ip, frame, len, v);
}

static enum pp_drop feed(const uint8_t *frame, size_t len, struct verdicts *v)
{
	uint8_t *copy = exact_copy(frame, len);
	enum pp_drop drop = walk(copy, len, v);

	if ((unsigned int)drop < PP_DROP_COUNT)
		v->count[drop]++;
	else
		v->undefined++;
	free(copy);
	return drop;
}

static void check_defined(const struct verdicts *v, unsigned int frames)
{
	unsigned int sum = 0;

	for (int d = 0; d < PP_DROP_COUNT; d++)
		sum += v->count[d];
	CU_ASSERT_EQUAL(sum, frames);
	CU_ASSERT_EQUAL(v->undefined, 0);
	CU_ASSERT_EQUAL(v->outside, 0);
}

static struct bytes error4_of(const struct bytes *inner, unsigned int ihl)
{
	struct bytes p;
	size_t hlen = put_ip4(p.b, ihl, 1, 8 + inner->len);

	memset(p.b + hlen, 0, 8);
	p.b[hlen] = 11;
	memcpy(p.b + hlen + 8, inner->b, inner->len);
	fix_icmp4(p.b + hlen, 8 + inner->len);
	p.len = hlen + 8 + inner->len;
	return p;
}

static struct bytes error6_of(const struct bytes *inner, uint8_t type, size_t gap)
{
	struct bytes p;

	put_ip6(p.b, 58, 8 + gap + inner->len);
	memset(p.b + 40, 0, 8 + gap);
	p.b[40] = type;
	if (gap) { /* a redirect: the quote is an option behind two addresses */
		p.b[48 + 32] = 4;
		p.b[48 + 33] = (uint8_t)(1 + inner->len / 8);
	}
	memcpy(p.b + 48 + gap, inner->b, inner->len);
	fix_icmp6(p.b, p.b + 40, 8 + gap + inner->len);
	p.len = 48 + gap + inner->len;
	return p;
}

static struct bytes nd_frame(bool advert)
{
	const struct pp_l3 l3 = {
		.dst_mac = mac_of("02:00:00:00:00:02"),
		.src_mac = mac_of("02:00:00:00:00:01"),
		.src = addr_of("fe80::1"),
		.dst = addr_of("fe80::2"),
	};
	const struct pp_nd nd = {
		.advert = advert, .has_lla = true, .lla = l3.src_mac, .target = addr_of("fe80::2")};
	struct bytes f;

	f.len = pp_nd_build(f.b, sizeof(f.b), &l3, &nd);
	return f;
}

static struct bytes arp_frame(void)
{
	const struct pp_arp arp = {
		.op = PP_ARP_REQUEST,
		.sha = mac_of("02:00:00:00:00:01"),
		.spa = addr_of("192.0.2.1"),
		.tpa = addr_of("192.0.2.2"),
	};
	struct bytes f;

	f.len = pp_arp_build(f.b, sizeof(f.b), &pp_mac_broadcast, 0, &arp);
	return f;
}

static struct bytes chain_frame(void)
{
	static const uint8_t padn[8] = {0, 0, 1, 4}, atomic[8] = {0};
	struct bytes p = echo6(129, 24);

	insert_ext6(&p, 60, padn, 8);
	insert_ext6(&p, 44, atomic, 8);
	insert_ext6(&p, 43, atomic, 8);
	insert_ext6(&p, 0, padn, 8);
	return frame_of(&p, PP_ETHER_IP6);
}

static struct bytes tagged(const struct bytes *f)
{
	static const uint8_t tag[4] = {0x81, 0, 0, 5};
	struct bytes t = {.len = f->len + 4};

	memcpy(t.b, f->b, 12);
	memcpy(t.b + 12, tag, 4);
	memcpy(t.b + 16, f->b + 12, f->len - 12);
	return t;
}

#define SEEDS 13

/* One valid frame of each sort. */
static void make_seeds(struct bytes seeds[SEEDS])
{
	struct bytes e4 = echo4(5, 8, 32), o4 = echo4(9, 0, 32), e6 = echo6(128, 32);
	struct bytes q4 = error4_of(&o4, 7), q6 = error6_of(&e6, 3, 0),
		     r6 = error6_of(&e6, 137, 40);
	struct bytes in4 = echo4(6, 8, 32), ok4 = error4_of(&in4, 5);

	seeds[0] = frame_of(&e4, PP_ETHER_IP4);
	seeds[1] = frame_of(&o4, PP_ETHER_IP4);
	seeds[2] = frame_of(&e6, PP_ETHER_IP6);
	seeds[3] = frame_of(&q4, PP_ETHER_IP4);
	seeds[4] = frame_of(&ok4, PP_ETHER_IP4);
	seeds[5] = frame_of(&q6, PP_ETHER_IP6);
	seeds[6] = frame_of(&r6, PP_ETHER_IP6);
	seeds[7] = nd_frame(false);
	seeds[8] = nd_frame(true);
	seeds[9] = arp_frame();
	seeds[10] = chain_frame();
	seeds[11] = tagged(&seeds[0]);
	seeds[12] = tagged(&seeds[9]);
}

/* Seed 3 quotes an echo reply; every other one must go all the way through. */
static void seeds_are_valid(void)
{
	struct bytes seeds[SEEDS];
	struct verdicts v = {0};

	make_seeds(seeds);
	for (int i = 0; i < SEEDS; i++) {
		enum pp_drop want = i == 3 ? PP_DROP_ICMP_QUOTE : PP_OK;
		CU_ASSERT_STRING_EQUAL(pp_drop_name(feed(seeds[i].b, seeds[i].len, &v)),
				       pp_drop_name(want));
	}
	check_defined(&v, SEEDS);
}

static void truncations(void)
{
	struct bytes seeds[SEEDS];
	struct verdicts v = {0};
	unsigned int frames = 0;

	make_seeds(seeds);
	for (int i = 0; i < SEEDS; i++)
		for (size_t len = 0; len < seeds[i].len; len++, frames++)
			feed(seeds[i].b, len, &v);
	check_defined(&v, frames);
	/* ARP frames are padded: cut within the padding they are still whole. */
	CU_ASSERT_EQUAL(v.count[PP_OK], 60 - 42 + 64 - 46);
	CU_ASSERT_EQUAL(v.count[PP_DROP_ETH_SHORT], SEEDS * 14);
	CU_ASSERT_EQUAL(v.count[PP_DROP_VLAN_SHORT], 2 * 4);
}

/* Cut, and the lengths and checksums made to fit: only what is inside is short. */
static void truncated_packets(void)
{
	struct verdicts v = {0};
	unsigned int frames = 0;

	for (size_t len = 0; len < 64; len++, frames += 2) {
		struct bytes in4 = echo4(6, 8, 32), in6 = echo6(128, 8);
		in4.len = len;
		in6.len = len > in6.len ? in6.len : len;
		struct bytes p4 = error4_of(&in4, 5), p6 = error6_of(&in6, 1, 0);
		struct bytes f4 = frame_of(&p4, PP_ETHER_IP4), f6 = frame_of(&p6, PP_ETHER_IP6);
		CU_ASSERT_EQUAL(feed(f4.b, f4.len, &v), len < 32 ? PP_DROP_ICMP_QUOTE : PP_OK);
		CU_ASSERT_EQUAL(feed(f6.b, f6.len, &v), len < 48 ? PP_DROP_ICMP_QUOTE : PP_OK);
	}
	check_defined(&v, frames);
}

static void bit_flips(void)
{
	struct bytes seeds[SEEDS];
	struct verdicts v = {0};
	struct pp_prng rng;

	make_seeds(seeds);
	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int n = 0; n < FLIPS; n++) {
		struct bytes f = seeds[n % SEEDS];
		for (uint64_t flips = 1 + pp_prng_below(&rng, 4); flips; flips--)
			f.b[pp_prng_below(&rng, f.len)] ^= (uint8_t)(1u << pp_prng_below(&rng, 8));
		feed(f.b, f.len - (n % 3 ? 0 : pp_prng_below(&rng, f.len)), &v);
	}
	check_defined(&v, FLIPS);
}

/* Makes the checksums right again as far as the headers still make sense, so that
 * the damage gets past them into the depth of the decoders. */
static void repair(struct bytes *f)
{
	uint8_t *ip = f->b + 14;

	if (f->len < 14 + 48 || pp_get_be16(f->b + 12) == PP_ETHER_ARP)
		return;
	if (ip[0] >> 4 == 4) {
		size_t hlen = (ip[0] & 0xfu) * 4, total = pp_get_be16(ip + 2);
		if (hlen < 20 || total > f->len - 14 || total < hlen + 8)
			return;
		fix_ip4(ip);
		fix_icmp4(ip + hlen, total - hlen);
	} else if (pp_get_be16(ip + 4) <= f->len - 54 && pp_get_be16(ip + 4) >= 8 && ip[6] == 58) {
		fix_icmp6(ip, ip + 40, pp_get_be16(ip + 4));
	}
}

static void repaired_bit_flips(void)
{
	struct bytes seeds[SEEDS];
	struct verdicts v = {0};
	struct pp_prng rng;

	make_seeds(seeds);
	pp_prng_seed(&rng, pp_test_seed() + 1);
	for (unsigned int n = 0; n < FLIPS; n++) {
		struct bytes f = seeds[n % SEEDS];
		for (uint64_t flips = 1 + pp_prng_below(&rng, 3); flips; flips--)
			f.b[14 + pp_prng_below(&rng, f.len - 14)] ^=
				(uint8_t)(1u << pp_prng_below(&rng, 8));
		repair(&f);
		feed(f.b, f.len, &v);
	}
	check_defined(&v, FLIPS);
	CU_ASSERT_TRUE(v.count[PP_DROP_ICMP_QUOTE] > 1000);
	CU_ASSERT_TRUE(v.count[PP_DROP_ND_INVALID] > 100);
	CU_ASSERT_TRUE(v.count[PP_DROP_IP_EXTENSION] > 100);
	CU_ASSERT_TRUE(v.count[PP_DROP_IP_OPTION] > 10);
}

static void random_bytes(void)
{
	static const uint16_t types[] = {PP_ETHER_IP4, PP_ETHER_IP6, PP_ETHER_ARP, PP_ETHER_VLAN};
	struct verdicts v = {0};
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed() + 2);
	for (unsigned int n = 0; n < FLIPS; n++) {
		struct bytes f = {.len = pp_prng_below(&rng, 200)};
		for (size_t i = 0; i < f.len; i++)
			f.b[i] = (uint8_t)pp_prng_next(&rng);
		f.b[6] &= 0xfe;
		pp_put_be16(f.b + 12, types[n % PP_ARRAY_LEN(types)]);
		feed(f.b, f.len, &v);
	}
	check_defined(&v, FLIPS);
}

/* FreeBSD's ping copied the header that an error quotes, options and all, to its
 * stack. Here the quoted header also claims more or less than there is. */
static void quoted_header_lengths(void)
{
	struct verdicts v = {0};
	unsigned int frames = 0;

	for (unsigned int outer = 5; outer <= 15; outer++)
		for (unsigned int quoted = 0; quoted <= 15; quoted++) {
			struct bytes inner = echo4(15, 8, 8);
			size_t start = quoted * 4;
			inner.b[0] = (uint8_t)(0x40 | quoted);
			if (quoted >= 5)
				put_echo(inner.b + start, 8, 8);
			inner.len = quoted >= 5 ? start + 16 : 76;
			for (size_t len = 0; len <= inner.len; len++, frames++) {
				struct bytes cut = inner;
				cut.len = len;
				struct bytes p = error4_of(&cut, outer),
					     f = frame_of(&p, PP_ETHER_IP4);
				bool good = quoted >= 5 && len >= start + 8;
				CU_ASSERT_EQUAL(feed(f.b, f.len, &v),
						good ? PP_OK : PP_DROP_ICMP_QUOTE);
			}
		}
	check_defined(&v, frames);
}

/* The same with the outer packet cut instead: it must not get as far as the quote. */
static void quoting_packet_cut(void)
{
	struct verdicts v = {0};
	unsigned int frames = 0;

	for (unsigned int outer = 5; outer <= 15; outer++)
		for (unsigned int quoted = 0; quoted <= 15; quoted++) {
			struct bytes inner = echo4(15, 8, 8);
			inner.b[0] = (uint8_t)(0x40 | quoted);
			struct bytes p = error4_of(&inner, outer), f = frame_of(&p, PP_ETHER_IP4);
			for (size_t len = 0; len < f.len; len++, frames++)
				feed(f.b, len, &v);
		}
	check_defined(&v, frames);
	CU_ASSERT_EQUAL(v.count[PP_OK], 0);
	CU_ASSERT_EQUAL(v.count[PP_DROP_ICMP_QUOTE], 0);
}

/* An echo reply whose length says less than its header (CVE-2026-7423). */
static void echo_reply_underflow(void)
{
	struct verdicts v = {0};

	for (uint16_t total = 20; total <= 28; total++) {
		struct bytes p = echo4(5, 0, 18);
		pp_put_be16(p.b + 2, total);
		fix_ip4(p.b);
		fix_icmp4(p.b + 20, total < 28 ? 8 : total - 20u);
		struct bytes f = frame_of(&p, PP_ETHER_IP4);
		CU_ASSERT_EQUAL(feed(f.b, f.len, &v), total < 28 ? PP_DROP_ICMP_SHORT : PP_OK);
	}
}

PP_TEST_MAIN("hostile", {"the seeds are valid", seeds_are_valid},
	     {"every truncation ends in a counter", truncations},
	     {"ICMP-27 every truncation of a quote", truncated_packets},
	     {"bit flips end in a counter", bit_flips},
	     {"bit flips behind good checksums", repaired_bit_flips},
	     {"random bytes end in a counter", random_bytes},
	     {"CVE-2022-23093 outer by quoted header length by truncation", quoted_header_lengths},
	     {"CVE-2022-23093 the quoting packet cut", quoting_packet_cut},
	     {"CVE-2026-7423 echo reply of 20 to 28 bytes", echo_reply_underflow})
