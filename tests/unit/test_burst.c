/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fast way through a burst against the general one: plain frames, and frames that
 * differ from plain ones in anything, through both. What comes out must be the same:
 * bytes, counters, identifications, receipts, events.
 */
#include "stack_fixture.h"
#include "../../lib/stack/receive.h"

#include <glob.h>
#include <stdio.h>

enum { BURST = 32, ROOM = 2048, ROUNDS = 3000 };

#define TOKEN UINT64_C(0x1122334455667788)

static const struct pp_span rx = {{1000000000}, {2000000000}};

/* One stack takes whole bursts, the other frame by frame the general way. */
struct twins {
	struct fixture *fast, *general;
	struct pp_prng rng;
	unsigned int n, plain;
	struct pp_pkt pkts[2][BURST];
	uint8_t data[2][BURST][ROOM];
};

/* ---- the stacks ---- */

/* Whose probes the base frames of replies answer, but for the token; another worker's. */
static void add_session(struct fixture *f, bool v6)
{
	static struct pp_hop hop;
	const struct pp_session_spec spec = {
		.target = addr_of(v6 ? "2001:db8::1" : "192.0.2.1"),
		.source = addr_of(v6 ? "2001:db8::2" : "192.0.2.2"),
		.hop = &hop,
		.src_mac = our_mac,
		.size = 56,
		.mtu = 1500,
		.ttl = 64,
		.interval = PP_SEC(1),
		.timeout = PP_SEC(1),
		.digits = 1,
		.owner = 1,
		.id = v6 ? 0xbee0 : 0xbeef,
		.token = TOKEN,
	};
	pp_session_ref ref;

	CU_ASSERT_EQUAL_FATAL(pp_session_add(f->sessions, &spec, &ref), 0);
}

/* A second port with the same MAC address and an address of its own, and one whose MAC
 * address is a group's; and `all` of a prefix of both families. */
static struct pp_view *make_ports(bool respond, bool all)
{
	const struct pp_view_port ports[PP_PORT_MAX] = {
		{our_mac, 1500, true}, {our_mac, 1000, true}, {{{3, 0, 0, 0, 0, 2}}, 1500, true}};
	static const char *const ours[] = {
		"192.0.2.2/24", "2001:db8::2/64",  "192.0.2.7/24",	 "2001:db8::7/64",
		"192.0.2.9/24", "198.51.100.1/25", "2001:db8:0:1::1/112"};
	static const uint16_t on[] = {0, 0, 1, 1, 2, 0, 0};
	struct pp_routes *r = pp_routes_create();
	struct pp_ifaddr tentative = {
		.addr = addr_of("192.0.2.3"), .plen = 120, .state = PP_IFADDR_TENTATIVE};

	CU_ASSERT_EQUAL(pp_ifaddr_add(r, &tentative), 0);
	for (size_t i = 0; i < PP_ARRAY_LEN(ours); i++) {
		struct pp_ifaddr a = {
			.link.port = on[i], .state = PP_IFADDR_PREFERRED, .all = i > 4};
		if (a.all && !all)
			continue;
		unsigned int plen = 0;
		pp_prefix_parse(ours[i], &a.addr, &plen);
		a.plen = (uint8_t)plen;
		CU_ASSERT_EQUAL(pp_ifaddr_add(r, &a), 0);
	}
	struct pp_view *v = pp_view_build(r, ports, respond);
	pp_routes_free(r);
	return v;
}

static void set_view(struct fixture *f, struct pp_view *view)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(view);
	pp_view_free(f->view);
	f->view = view;
}

static struct twins *begin(bool respond, bool all, uint64_t seed)
{
	struct twins *t = calloc(1, sizeof(*t));

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	t->fast = setup(respond);
	t->general = setup(respond);
	set_view(t->fast, make_ports(respond, all));
	set_view(t->general, make_ports(respond, all));
	for (int v6 = 0; v6 < 2; v6++) {
		add_session(t->fast, v6);
		add_session(t->general, v6);
	}
	pp_prng_seed(&t->rng, seed);
	return t;
}

static void end(struct twins *t)
{
	teardown(t->fast);
	teardown(t->general);
	free(t);
}

static uint64_t below(struct twins *t, uint64_t bound)
{
	return pp_prng_below(&t->rng, bound);
}

/* ---- both ways ---- */

static void put(struct twins *t, const uint8_t *frame, size_t len, size_t room, uint16_t port)
{
	for (unsigned int way = 0; way < 2; way++) {
		memset(t->data[way][t->n], 0x5a, ROOM);
		memcpy(t->data[way][t->n], frame, len);
		t->pkts[way][t->n] = (struct pp_pkt){.data = t->data[way][t->n],
						     .len = (uint32_t)len,
						     .room = (uint32_t)room,
						     .port = port};
	}
	t->n++;
}

/* The last one ends there; what belonged to it is still behind. */
static void cut(struct twins *t, size_t len)
{
	for (unsigned int way = 0; way < 2; way++)
		t->pkts[way][t->n - 1].len = (uint32_t)len;
}

static void receive_generally(struct fixture *f, struct pp_pkt *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		pkts[i].answer = false;
		pkts[i].fate = (uint8_t)pp_receive_frame(&f->stack, f->view, &pkts[i], rx);
		f->stack.drops[pkts[i].fate]++;
		f->stack.delivered++;
	}
}

static bool same_packet(const struct pp_pkt *a, const struct pp_pkt *b)
{
	return a->fate == b->fate && a->answer == b->answer && a->len == b->len &&
	       memcmp(a->data, b->data, ROOM) == 0;
}

static bool same_receipt(const struct pp_receipt *a, const struct pp_receipt *b)
{
	return a->session == b->session && a->number == b->number && a->seq == b->seq &&
	       a->bytes == b->bytes && a->ttl == b->ttl && a->corrupt == b->corrupt &&
	       a->owner == b->owner && a->rx.from.v == b->rx.from.v && a->rx.to.v == b->rx.to.v;
}

static void print_frame(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

/* What was put, through both. Frames that went in are gone: print what came out. */
static void compare(struct twins *t)
{
	struct fixture *a = t->fast, *b = t->general;

	pp_stack_receive(&a->stack, a->view, t->pkts[0], t->n, rx);
	receive_generally(b, t->pkts[1], t->n);
	for (unsigned int i = 0; i < t->n; i++) {
		if (same_packet(&t->pkts[0][i], &t->pkts[1][i]))
			continue;
		printf("%s, not %s\n", pp_drop_name(t->pkts[0][i].fate),
		       pp_drop_name(t->pkts[1][i].fate));
		print_frame(t->pkts[0][i].data, t->pkts[0][i].len);
		print_frame(t->pkts[1][i].data, t->pkts[1][i].len);
		CU_FAIL_FATAL("the two ways differ");
	}
	t->n = 0;
	if (memcmp(a->stack.drops, b->stack.drops, sizeof(a->stack.drops)) != 0 ||
	    a->stack.delivered != b->stack.delivered ||
	    a->stack.reply_counter != b->stack.reply_counter || a->events != b->events ||
	    a->errors != b->errors || a->receipts != b->receipts ||
	    !same_receipt(&a->receipt, &b->receipt))
		CU_FAIL_FATAL("counters, events or receipts differ");
}

/* ---- frames ---- */

static void put_edge_address(struct twins *t, struct bytes *f)
{
	static const char *const v4[] = {"0.0.0.0",	   "0.0.0.1",	      "127.0.0.1",
					 "192.0.2.2",	   "192.0.2.3",	      "192.0.2.255",
					 "192.0.2.0",	   "224.0.0.1",	      "239.255.255.1",
					 "240.0.0.1",	   "255.255.255.255", "198.51.100.2",
					 "198.51.100.255", "126.255.255.255", "128.0.0.0",
					 "192.0.2.1",	   "192.0.2.7",	      "198.51.100.0",
					 "198.51.100.77",  "198.51.100.126",  "198.51.100.127"};
	static const char *const v6[] = {"::",
					 "::1",
					 "2001:db8::2",
					 "2001:db8::3",
					 "ff02::1",
					 "ff02::1:ff00:2",
					 "ff02::1:2",
					 "2001:db8::1",
					 "::5",
					 "fe80::1",
					 "fec0::1",
					 "2001:db8::7",
					 "2001:db8:0:1::",
					 "2001:db8:0:1::77",
					 "2001:db8:0:1::1:0"};
	bool six = f->b[14] >> 4 == 6, dst = below(t, 3) == 0;
	struct pp_addr a =
		addr_of(six ? v6[below(t, PP_ARRAY_LEN(v6))] : v4[below(t, PP_ARRAY_LEN(v4))]);

	if (six)
		memcpy(f->b + (dst ? 38 : 22), a.b, 16);
	else
		memcpy(f->b + (dst ? 30 : 26), a.b + 12, 4);
	if (six && below(t, 8) == 0) { /* mapped IPv4 in an IPv6 header */
		a = addr_of("192.0.2.2");
		memcpy(f->b + (dst ? 38 : 22), a.b, 16);
	}
}

/* Any size of payload, in plain frames and others. */
static struct bytes sized(struct twins *t)
{
	size_t size = below(t, 3) ? below(t, 80) : below(t, 1453);
	struct bytes p;

	switch (below(t, 6)) {
	case 0:
		p = echo4(5 + (unsigned int)below(t, 11), 8, size < 1400 ? size : 1400);
		break;
	case 1:
		p = echo6(128, size);
		break;
	case 2:
		p = echo6(129, size);
		break;
	case 3:
		p = echo4(5, 0, size);
		break;
	default:
		p = echo4(5, 8, size);
		break;
	}
	return frame_of(&p, p.b[0] >> 4 == 6 ? PP_ETHER_IP6 : PP_ETHER_IP4);
}

/* A reply to one of the sessions, nearly always. */
static struct bytes reply_frame(struct twins *t)
{
	bool v6 = below(t, 2);
	struct bytes f = base_frame(v6 ? REPLY6 : REPLY4);
	size_t icmp = v6 ? 54 : 34;

	f.b[icmp + 5] = v6 ? 0xe0 : 0xef;
	pp_put_be64(f.b + icmp + 8, pp_prng_next(&t->rng));
	pp_put_be64(f.b + icmp + 16, below(t, 8) ? TOKEN : 0);
	fix(&f, FIX);
	return f;
}

/* Lengths are right in most, so that the sums can be made right again. */
static void mutate(struct twins *t, struct bytes *f)
{
	for (uint64_t n = below(t, 4); n; n--) {
		uint64_t at = below(t, 2) ? below(t, pp_min_u64(f->len, 60)) : below(t, f->len);
		uint8_t noise = (uint8_t)pp_prng_next(&t->rng), bit = (uint8_t)(1u << below(t, 8));
		f->b[at] ^= below(t, 2) ? noise : bit;
	}
	if (below(t, 4) == 0)
		put_edge_address(t, f);
	if (below(t, 8) == 0) { /* of IPv4: total length, and perhaps flags */
		size_t field = f->b[14] >> 4 == 6 ? 18 : 16;
		pp_put_be16(f->b + field, (uint16_t)(f->len - PP_ETH_HLEN + 3 - below(t, 45)));
	}
	if (below(t, 8) == 0 && f->b[14] >> 4 == 4)
		pp_put_be16(f->b + 20, (uint16_t)(1u << below(t, 16)));
}

/* Sums of a header whose length fields may be wrong: only as far as there are bytes. */
static void repair(struct bytes *f)
{
	uint8_t *ip = f->b + PP_ETH_HLEN;
	bool six = ip[0] >> 4 == 6;
	size_t left = f->len - PP_ETH_HLEN, hlen = six ? PP_IP6_HLEN : (ip[0] & 0xfu) * 4;
	size_t total = six ? hlen + pp_get_be16(ip + 4) : pp_get_be16(ip + 2);

	if (f->len < PP_ETH_HLEN + PP_IP6_HLEN || hlen < PP_IP4_HLEN || total > left)
		return;
	fix(f, total >= hlen + PP_ICMP_HLEN ? FIX : FIX_IP);
}

static struct bytes random_frame(struct twins *t)
{
	uint64_t kind = below(t, 8);
	struct bytes f = kind == 0   ? base_frame((enum base)below(t, NA + 1))
			 : kind == 1 ? reply_frame(t)
				     : sized(t);

	if (below(t, 3))
		mutate(t, &f);
	if (below(t, 4))
		repair(&f);
	if (below(t, 4) == 0) { /* padding, or a cut */
		size_t len = below(t, 2) ? f.len + below(t, 80) : below(t, f.len + 1);
		for (size_t i = f.len; i < len; i++)
			f.b[i] = (uint8_t)pp_prng_next(&t->rng);
		f.len = len;
	}
	return f;
}

static void put_random(struct twins *t)
{
	struct bytes f = random_frame(t);
	uint16_t port = below(t, 3) ? 0 : (uint16_t)below(t, 5);
	size_t room = below(t, 4) ? ROOM : f.len + below(t, 40);

	if (port == 2)
		f.b[0] |= 1;
	put(t, f.b, f.len, room < ROOM ? room : ROOM, port);
}

static void random_bursts(bool respond, bool all)
{
	struct twins *t = begin(respond, all, pp_test_seed());

	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (uint64_t n = below(t, BURST + 1); n; n--)
			put_random(t);
		t->fast->full = t->general->full = below(t, 4) == 0;
		compare(t);
	}
	CU_ASSERT_TRUE(t->fast->stack.drops[PP_DROP_ECHO_MATCHED] > ROUNDS / 10);
	CU_ASSERT_TRUE(t->fast->stack.drops[PP_DROP_RECEIPT_LOST] > ROUNDS / 100);
	CU_ASSERT_TRUE(t->fast->stack.drops[PP_DROP_ECHO_UNMATCHED] > ROUNDS / 10);
	CU_ASSERT_TRUE(t->fast->stack.drops[respond ? PP_DROP_ECHO_ANSWERED : PP_DROP_ECHO_MUTED] >
		       ROUNDS);
	CU_ASSERT_TRUE(t->fast->stack.drops[PP_DROP_ICMP_CHECKSUM] > ROUNDS / 10);
	CU_ASSERT_TRUE(t->fast->stack.drops[PP_DROP_IP_SOURCE] > ROUNDS / 10);
	end(t);
}

static void respond_on(void)
{
	random_bursts(true, false);
}

static void respond_off(void)
{
	random_bursts(false, false);
}

/* With all of two prefixes ours. */
static void respond_all(void)
{
	random_bursts(true, true);
}

/* To each address of 198.51.100.0/25, then from each, and the same of IPv6's last byte. */
static void each_of_all(void)
{
	struct twins *t = begin(true, true, 1);

	for (unsigned int i = 0; i < 512; i++) {
		bool six = i % 2, from = i >= 256;
		struct bytes f = base_frame(six ? ECHO6 : ECHO4);
		struct pp_addr a = addr_of(six ? "2001:db8:0:1::" : "198.51.100.0");
		a.b[15] = (uint8_t)(i / 2 % 128);
		if (six)
			memcpy(f.b + (from ? 22 : 38), a.b, 16);
		else
			memcpy(f.b + (from ? 26 : 30), a.b + 12, 4);
		fix(&f, FIX);
		put(t, f.b, f.len, ROOM, 0);
		if (t->n == BURST)
			compare(t);
	}
	/* But 0 and 127 of IPv4, and 0 of IPv6, which may ask. */
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ECHO_ANSWERED], 126 + 127 + 1);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_IP_SOURCE], 128 + 127);
	end(t);
}

/* Every bit of every header, with and without right sums. */
static void each_bit(void)
{
	static const enum base bases[] = {ECHO4, ECHO6, REPLY4, REPLY6};
	struct twins *t = begin(true, false, 1);

	for (size_t b = 0; b < PP_ARRAY_LEN(bases); b++) {
		struct bytes good = base_frame(bases[b]);
		for (size_t bit = 0; bit < good.len * 8; bit++) {
			struct bytes bad = good;
			bad.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
			put(t, bad.b, bad.len, ROOM, 0);
			repair(&bad);
			put(t, bad.b, bad.len, ROOM, 0);
			if (t->n == BURST)
				compare(t);
		}
	}
	compare(t);
	CU_PASS("all the same");
	end(t);
}

/* Every size that the MTU allows and some that it does not, every cut of a short one. */
static void each_length(void)
{
	struct twins *t = begin(true, false, 1);

	for (size_t size = 0; size <= 1480; size++) {
		struct bytes four = echo4(5, 8, size), six = echo6(128, size);
		four = frame_of(&four, PP_ETHER_IP4);
		six = frame_of(&six, PP_ETHER_IP6);
		put(t, four.b, four.len, ROOM, 0);
		put(t, six.b, six.len, six.len, 0);
		put(t, four.b, four.len, ROOM, 0);
		cut(t, size < four.len ? size : four.len);
		put(t, six.b, six.len, ROOM, 0);
		cut(t, size < six.len ? size : six.len);
		put(t, four.b, four.len, ROOM, 0);
		cut(t, four.len - 1);
		put(t, six.b, six.len, ROOM, 0);
		cut(t, six.len - 1);
		compare(t);
	}
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ECHO_ANSWERED], 1473 + 1453);
	end(t);
}

static void group_port(void)
{
	struct twins *t = begin(true, false, 1);
	struct bytes f = base_frame(ECHO4);

	f.b[0] = 3;
	f.b[33] = 9;
	fix(&f, FIX);
	put(t, f.b, f.len, ROOM, 2);
	compare(t);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_IP_LINK_GROUP], 1);
	end(t);
}

/* Right for whoever takes the header to have 20 bytes, which it says it has not. */
static void header_lengths(void)
{
	struct twins *t = begin(true, false, 1);

	for (unsigned int ihl = 0; ihl < 16; ihl++) {
		struct bytes f = base_frame(ECHO4);
		f.b[14] = (uint8_t)(0x40 | ihl);
		pp_put_be16(f.b + 24, 0);
		pp_put_be16(f.b + 24, naive_cksum(0, f.b + 14, PP_IP4_HLEN));
		put(t, f.b, f.len, ROOM, 0);
	}
	compare(t);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ECHO_ANSWERED], 1);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_IP_HLEN], 5);
	end(t);
}

/* To the port whose MTU is 1000. */
static void each_mtu(void)
{
	struct twins *t = begin(true, false, 1);

	for (size_t size = 900; size <= 1000; size++) {
		struct bytes p = echo4(5, 8, size);
		p.b[19] = 7;
		fix_ip4(p.b);
		p = frame_of(&p, PP_ETHER_IP4);
		put(t, p.b, p.len, ROOM, 1);
		compare(t);
	}
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ECHO_ANSWERED], 73);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ETH_LENGTH], 28);
	end(t);
}

/* Messages that end before their header does, with right sums. */
static void too_short(void)
{
	struct twins *t = begin(true, false, 1);

	for (size_t len = 0; len < PP_ICMP_HLEN; len++) {
		struct bytes four = echo4(5, 8, 20), six = echo6(128, 20);
		pp_put_be16(four.b + 2, (uint16_t)(PP_IP4_HLEN + len));
		pp_put_be16(six.b + 4, (uint16_t)len);
		four = frame_of(&four, PP_ETHER_IP4);
		six = frame_of(&six, PP_ETHER_IP6);
		fix(&four, len < 4 ? FIX_IP : FIX);
		fix(&six, len < 4 ? 0 : FIX);
		put(t, four.b, four.len, ROOM, 0);
		put(t, six.b, six.len, ROOM, 0);
	}
	compare(t);
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ICMP_SHORT], 15);
	end(t);
}

/* Every checksum that an echo request can have, next to both zeroes too. */
static void each_checksum(void)
{
	struct twins *t = begin(true, false, 1);

	for (unsigned int word = 0; word < 65536; word++) {
		struct bytes p = word & 1 ? echo6(128, 2) : echo4(5, 8, 2);
		size_t icmp = word & 1 ? PP_IP6_HLEN : PP_IP4_HLEN;
		pp_put_be16(p.b + icmp + PP_ICMP_HLEN, (uint16_t)(word * 40503u));
		p = frame_of(&p, word & 1 ? PP_ETHER_IP6 : PP_ETHER_IP4);
		fix(&p, FIX);
		put(t, p.b, p.len, ROOM, 0);
		if (t->n == BURST)
			compare(t);
	}
	CU_ASSERT_EQUAL(t->fast->stack.drops[PP_DROP_ECHO_ANSWERED], 65536);
	end(t);
}

/* ---- what others recorded ---- */

/* A stack to which the frame was sent: its MAC address and its IP address are ours. */
static struct pp_view *view_for(const uint8_t *frame, size_t len)
{
	struct pp_view_port ports[PP_PORT_MAX] = {{.mtu = 1500, .present = true}};
	struct pp_routes *r = pp_routes_create();
	struct pp_ifaddr a = {.state = PP_IFADDR_PREFERRED, .plen = 128};

	memcpy(ports[0].mac.b, frame, 6);
	if (len >= 34 && frame[12] == 8 && frame[13] == 0)
		a.addr = pp_addr_from4(frame + 30);
	else if (len >= 54 && frame[12] == 0x86)
		a.addr = pp_addr_from6(frame + 38);
	pp_ifaddr_add(r, &a); /* refused when it is nobody's */
	struct pp_view *v = pp_view_build(r, ports, true);
	pp_routes_free(r);
	return v;
}

static void replay_frame(struct twins *t, const uint8_t *frame, size_t len)
{
	set_view(t->fast, view_for(frame, len));
	set_view(t->general, view_for(frame, len));
	for (unsigned int i = 0; i < 2; i++)
		put(t, frame, len, ROOM, 0);
	compare(t);
}

/* The classic format, of either byte order; others are passed over. How many frames. */
static unsigned int replay_file(struct twins *t, const char *path)
{
	uint8_t head[24], record[16], frame[ROOM];
	unsigned int n = 0;
	FILE *f = fopen(path, "re");

	if (!f || fread(head, 1, sizeof(head), f) != sizeof(head))
		goto out;
	bool little = head[0] == 0xd4 || head[0] == 0x4d;
	if (head[little ? 3 : 0] != 0xa1 || head[little ? 20 : 23] != 1) /* Ethernet */
		goto out;
	while (fread(record, 1, sizeof(record), f) == sizeof(record)) {
		uint32_t len = pp_get_be32(record + 8);
		if (little)
			len = __builtin_bswap32(len);
		if (len > ROOM) {
			if (len > 1 << 20 || fseek(f, (long)len, SEEK_CUR))
				break;
			continue;
		}
		if (fread(frame, 1, len, f) != len)
			break;
		replay_frame(t, frame, len < 6 ? 0 : len);
		n++;
	}
out:
	if (f)
		fclose(f);
	return n;
}

static void foreign_captures(void)
{
	const char *folder = getenv("PMDPING_PCAPS");
	char pattern[4096];
	unsigned int n = 0;
	glob_t found = {0};

	if (!folder) {
		CU_PASS("PMDPING_PCAPS is not set");
		return;
	}
	struct twins *t = begin(true, false, 1);
	snprintf(pattern, sizeof(pattern), "%s/*.pcap", folder);
	glob(pattern, 0, NULL, &found);
	snprintf(pattern, sizeof(pattern), "%s/*/*.pcap", folder);
	glob(pattern, found.gl_pathv ? GLOB_APPEND : 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		n += replay_file(t, found.gl_pathv[i]);
	globfree(&found);
	printf("%u frames of captures, %llu answered\n", n,
	       (unsigned long long)t->fast->stack.drops[PP_DROP_ECHO_ANSWERED]);
	CU_ASSERT_TRUE(n > 0);
	end(t);
}

PP_TEST_MAIN("burst", {"random bursts, both ways the same", respond_on},
	     {"the same while the responder is off", respond_off},
	     {"all of two prefixes are ours", respond_all},
	     {"all of two prefixes: each address", each_of_all},
	     {"each bit of a plain frame", each_bit}, {"each length", each_length},
	     {"header lengths that are not right", header_lengths},
	     {"the MTU of another port", each_mtu},
	     {"a port whose MAC address is a group's", group_port},
	     {"too short for their header", too_short}, {"CK-03 each checksum", each_checksum},
	     {"captures of others", foreign_captures})
