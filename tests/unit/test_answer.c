/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo replies in place: judged by the decoders, against the request as it was, for
 * every size and for everything that a request may carry and a reply must not.
 */
#include "frames.h"
#include "runner.h"
#include "../../lib/stack/answer.h"

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 2}};
static const struct pp_mac their_mac = {.b = {2, 0, 0, 0, 0, 1}};

struct parsed {
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_icmp icmp;
};

static bool parse(const uint8_t *frame, size_t len, struct parsed *ret)
{
	return pp_eth_decode(frame, len, &ret->eth) == PP_OK &&
	       pp_ip_decode(ret->eth.body, ret->eth.type, &ret->ip) == PP_OK &&
	       pp_icmp_decode(&ret->ip, &ret->icmp) == PP_OK;
}

/* Puts a tag behind the MAC addresses: priority 5, discard eligible, VID 7. */
static void tag(struct bytes *f)
{
	memmove(f->b + 16, f->b + 12, f->len - 12);
	pp_put_be16(f->b + 12, PP_ETHER_VLAN);
	pp_put_be16(f->b + 14, 0xb007);
	f->len += PP_VLAN_HLEN;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void check_ip(const struct parsed *q, const struct parsed *a, uint16_t ip_id)
{
	CU_ASSERT_TRUE(pp_addr_eq(&a->ip.src, &q->ip.dst));
	CU_ASSERT_TRUE(pp_addr_eq(&a->ip.dst, &q->ip.src));
	CU_ASSERT_EQUAL(a->ip.tos, q->ip.tos);
	CU_ASSERT_EQUAL(a->ip.ttl, 64);
	CU_ASSERT_FALSE(a->ip.options);
	CU_ASSERT_FALSE(a->ip.fragment);
	if (a->ip.v6)
		return;
	CU_ASSERT_TRUE(a->ip.df);
	CU_ASSERT_EQUAL(a->ip.id, ip_id);
}

static void check_icmp(const struct parsed *q, const struct parsed *a)
{
	CU_ASSERT_EQUAL(a->icmp.kind, PP_ICMP_ECHO_REPLY);
	CU_ASSERT_EQUAL(a->icmp.code, 0);
	CU_ASSERT_EQUAL(a->icmp.id, q->icmp.id);
	CU_ASSERT_EQUAL(a->icmp.seq, q->icmp.seq);
	CU_ASSERT_EQUAL_FATAL(a->icmp.body.left, q->icmp.body.left);
	CU_ASSERT_EQUAL(memcmp(a->icmp.body.at, q->icmp.body.at, q->icmp.body.left), 0);
}

static void check_frame(const struct bytes *request, const struct parsed *q,
			const struct pp_pkt *pkt, const struct parsed *a)
{
	size_t ip_len = a->ip.hlen + a->ip.pay.left, tag_len = q->eth.hlen - PP_ETH_HLEN;

	CU_ASSERT_TRUE(pp_mac_eq(&a->eth.dst, &their_mac));
	CU_ASSERT_TRUE(pp_mac_eq(&a->eth.src, &our_mac));
	CU_ASSERT_EQUAL(memcmp(pkt->data + 12, request->b + 12, tag_len + 2), 0);
	CU_ASSERT_EQUAL(pkt->len, most(a->eth.hlen + ip_len, PP_ETH_MIN));
	CU_ASSERT_TRUE(pkt->len <= most(request->len, PP_ETH_MIN));
	for (size_t i = a->eth.hlen + ip_len; i < pkt->len; i++)
		CU_ASSERT_EQUAL(pkt->data[i], 0);
}

/* Answers it in a buffer of exactly that room, as the sanitizer sees. */
static enum pp_drop answer(const struct bytes *request, const struct parsed *q, size_t room,
			   struct pp_pkt *pkt)
{
	*pkt = (struct pp_pkt){
		.data = malloc(room), .len = (uint32_t)request->len, .room = (uint32_t)room};
	struct pp_ip ip = q->ip;

	memset(pkt->data, 0x5a, room);
	memcpy(pkt->data, request->b, request->len);
	ip.pay.at = pkt->data + (q->ip.pay.at - request->b);
	return pp_answer_echo(pkt, &q->eth, &our_mac, &ip, 0x1234);
}

static void check(const struct bytes *request)
{
	struct parsed q, a;
	struct pp_pkt pkt;

	CU_ASSERT_TRUE_FATAL(parse(request->b, request->len, &q));
	enum pp_drop drop = answer(request, &q, most(request->len, PP_ETH_MIN), &pkt);
	CU_ASSERT_EQUAL_FATAL(drop, PP_DROP_ECHO_ANSWERED);
	CU_ASSERT_TRUE(pkt.answer);
	CU_ASSERT_TRUE_FATAL(parse(pkt.data, pkt.len, &a));
	check_ip(&q, &a, 0x1234);
	check_icmp(&q, &a);
	check_frame(request, &q, &pkt, &a);
	free(pkt.data);
}

static struct bytes request4(unsigned int ihl, size_t size)
{
	struct bytes p = echo4(ihl, 8, size);

	p.b[1] = 0xb9;
	p.b[8] = 1;
	fix_ip4(p.b);
	return frame_of(&p, PP_ETHER_IP4);
}

static struct bytes request6(size_t size)
{
	struct bytes p = echo6(128, size);

	p.b[0] = 0x6b; /* traffic class b9 and a flow label */
	p.b[1] = 0x95;
	p.b[2] = 0x12;
	return frame_of(&p, PP_ETHER_IP6);
}

static void all_sizes(void)
{
	for (size_t size = 0; size <= 1472; size++) {
		struct bytes four = request4(5, size);
		check(&four);
		tag(&four);
		check(&four);
		struct bytes six = request6(size <= 1452 ? size : 1452);
		check(&six);
		tag(&six);
		check(&six);
	}
}

static void options_are_stripped(void)
{
	for (unsigned int ihl = 6; ihl <= 15; ihl++) {
		for (size_t size = 0; size < 100; size++) {
			struct bytes f = request4(ihl, size);
			check(&f);
			tag(&f);
			check(&f);
		}
	}
}

static void extension_headers_are_stripped(void)
{
	static const uint8_t padn[16] = {0, 1, 1, 12}, routing[8] = {0, 0, 4, 0};

	for (size_t size = 0; size < 100; size++) {
		struct bytes p = echo6(128, size);
		insert_ext6(&p, 60, padn, 16);
		struct bytes one = frame_of(&p, PP_ETHER_IP6);
		check(&one);
		insert_ext6(&p, 43, routing, 8);
		insert_ext6(&p, 60, padn, 16);
		struct bytes three = frame_of(&p, PP_ETHER_IP6);
		check(&three);
		tag(&three);
		check(&three);
	}
}

/* What stands behind the packet is neither echoed nor left in the padding. */
static void trailing_bytes(void)
{
	for (size_t size = 0; size < 60; size++) {
		for (size_t more = 1; more < 80; more += 13) {
			struct bytes four = request4(5, size), six = request6(size);
			memset(four.b + four.len, 0x77, more);
			memset(six.b + six.len, 0x77, more);
			four.len += more;
			six.len += more;
			check(&four);
			check(&six);
		}
	}
}

static void every_code(void)
{
	for (unsigned int code = 0; code < 256; code++) {
		struct bytes p = echo4(5, 8, 33);
		p.b[PP_IP4_HLEN + 1] = (uint8_t)code;
		fix_icmp4(p.b + PP_IP4_HLEN, p.len - PP_IP4_HLEN);
		struct bytes f = frame_of(&p, PP_ETHER_IP4);
		check(&f);
		p = echo6(128, 33);
		p.b[PP_IP6_HLEN + 1] = (uint8_t)code;
		fix_icmp6(p.b, p.b + PP_IP6_HLEN, p.len - PP_IP6_HLEN);
		f = frame_of(&p, PP_ETHER_IP6);
		check(&f);
	}
}

/* Every value of the checksum field, so also those next to its two zeroes. */
static void every_checksum(void)
{
	for (unsigned int word = 0; word < 65536; word++) {
		struct bytes p = echo4(5, 8, 2);
		struct parsed q, a;
		struct pp_pkt pkt;
		pp_put_be16(p.b + PP_IP4_HLEN + PP_ICMP_HLEN, (uint16_t)word);
		fix_icmp4(p.b + PP_IP4_HLEN, p.len - PP_IP4_HLEN);
		struct bytes f = frame_of(&p, PP_ETHER_IP4);
		if (!parse(f.b, f.len, &q) ||
		    answer(&f, &q, PP_ETH_MIN, &pkt) != PP_DROP_ECHO_ANSWERED ||
		    !parse(pkt.data, pkt.len, &a))
			CU_FAIL_FATAL("checksum");
		free(pkt.data);
	}
	CU_PASS("all");
}

/* With the type gone nothing but zeroes is left, whose checksum is ffff and not 0000. */
static void nothing_but_zeroes(void)
{
	for (size_t size = 0; size <= 64; size++) {
		struct bytes p = echo4(5, 8, size);
		memset(p.b + PP_IP4_HLEN + 1, 0, p.len - PP_IP4_HLEN - 1);
		fix_icmp4(p.b + PP_IP4_HLEN, p.len - PP_IP4_HLEN);
		struct bytes f = frame_of(&p, PP_ETHER_IP4);
		check(&f);
	}
}

static void no_room(void)
{
	struct bytes f = request4(5, 0);
	struct parsed q;
	struct pp_pkt pkt;

	CU_ASSERT_TRUE_FATAL(parse(f.b, f.len, &q));
	CU_ASSERT_EQUAL(answer(&f, &q, PP_ETH_MIN - 1, &pkt), PP_DROP_ANSWER_UNSENT);
	CU_ASSERT_FALSE(pkt.answer);
	free(pkt.data);
}

PP_TEST_MAIN("answer", {"ICMP-04 ICMP-05 V6-01 replies of every size", all_sizes},
	     {"OPT-03 options are not copied", options_are_stripped},
	     {"extension headers are never reversed", extension_headers_are_stripped},
	     {"IP-04 what is behind the packet stays behind", trailing_bytes},
	     {"ICMP-06 a code that is not 0 is read as 0", every_code},
	     {"CK-03 every checksum", every_checksum},
	     {"CK-04 a request of zeroes", nothing_but_zeroes},
	     {"a buffer without room for the padding", no_room})
