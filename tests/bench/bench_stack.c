/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles per packet of pp_stack_receive, for bursts of 32 frames of one kind: what the
 * responder costs without a port. The frames are written anew before each slice,
 * outside the measured time, so that they are in the cache as a driver leaves them.
 * Prints the smallest and the median slice. Not a test: it judges nothing.
 *
 *	bench_stack [TEXT]	only the kinds whose name contains TEXT
 */
#include <pmdping/stack.h>

#include "cycles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../lib/stack/view.h"

#define SLICES 4001
#define BURST  32
#define BURSTS 4
#define FRAMES (BURST * BURSTS)
#define ROOM   2048
#define TOKEN  UINT64_C(0x1122334455667788)
#define ID     0x7777

/* `size` is the frame's on the wire: the FCS is counted, and not there. */
struct kind {
	const char *name;
	size_t size;
	bool v6, reply, other, fragment;
	bool all; /* of our prefix is ours, and asked in turn */
	unsigned int sources;
};

struct bench {
	struct pp_view *view;
	struct pp_stack stack;
	uint64_t slice[SLICES];
	uint64_t receipts;
	size_t len;
	uint8_t master[FRAMES][ROOM];
	PP_CACHE_ALIGNED uint8_t frame[FRAMES][ROOM + 3 * PP_CACHE_LINE];
};

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 2}};
static const struct pp_mac their_mac = {.b = {2, 0, 0, 0, 0, 1}};

/* ---- the stack ---- */

static bool on_event(void *arg, const struct pp_event *e)
{
	(void)arg, (void)e;
	return true;
}

static unsigned int on_receipts(void *arg, const struct pp_receipt *r, unsigned int n)
{
	struct bench *b = arg;

	b->receipts += r->session ? n : 0;
	return n;
}

static bool on_error(void *arg, const struct pp_error_receipt *e)
{
	(void)arg, (void)e;
	return true;
}

static struct pp_addr addr_of(const char *text)
{
	struct pp_addr a;

	if (pp_addr_parse(text, &a))
		abort();
	return a;
}

static struct pp_view *make_view(bool all)
{
	static const char *const ours[] = {"192.0.2.2/24", "2001:db8::2/64"};
	const struct pp_view_port ports[PP_PORT_MAX] = {{our_mac, 1500, true}};
	struct pp_routes *r = pp_routes_create();

	for (size_t i = 0; i < PP_ARRAY_LEN(ours); i++) {
		struct pp_ifaddr a = {.state = PP_IFADDR_PREFERRED, .all = all};
		unsigned int plen;
		if (pp_prefix_parse(ours[i], &a.addr, &plen))
			abort();
		a.plen = (uint8_t)plen;
		if (pp_ifaddr_add(r, &a))
			abort();
	}
	struct pp_view *v = pp_view_build(r, ports, true);
	pp_routes_free(r);
	return v;
}

/* The session that replies belong to; another worker owns it, so that accounting is not
 * in the figure. */
static void add_session(struct pp_sessions *t, bool v6, size_t payload)
{
	static struct pp_hop hop;
	const struct pp_session_spec spec = {
		.target = addr_of(v6 ? "2001:db8:1::1" : "198.18.0.1"),
		.source = addr_of(v6 ? "2001:db8::2" : "192.0.2.2"),
		.hop = &hop,
		.src_mac = our_mac,
		.size = (uint16_t)payload,
		.mtu = 1500,
		.ttl = 64,
		.interval = PP_SEC(1),
		.timeout = PP_SEC(1),
		.digits = 1,
		.id = ID,
		.token = TOKEN,
	};
	pp_session_ref ref;

	if (pp_session_add(t, &spec, &ref))
		abort();
}

/* ---- the frames ---- */

static size_t payload_of(const struct kind *k)
{
	size_t headers = PP_ETH_HLEN + (k->v6 ? PP_IP6_HLEN : PP_IP4_HLEN) + PP_ICMP_HLEN;

	return k->size - PP_ETH_FCS - headers;
}

static struct pp_l3 headers_of(const struct kind *k, unsigned int i)
{
	struct pp_l3 l3 = {.dst_mac = our_mac, .src_mac = their_mac, .ttl = 64, .df = true};
	unsigned int host = 1 + i % k->sources;

	l3.src = addr_of(k->v6 ? "2001:db8:1::" : "198.18.0.0");
	l3.dst = addr_of(k->v6 ? "2001:db8::2" : "192.0.2.2");
	pp_put_be16(l3.src.b + 14, (uint16_t)host);
	if (k->other)
		l3.dst.b[15] ^= 0x80;
	if (k->all)
		l3.dst.b[15] = (uint8_t)(1 + i);
	return l3;
}

static void turn_into_reply(uint8_t *icmp, bool v6)
{
	uint16_t from = pp_get_be16(icmp), to = v6 ? 129 << 8 : 0;

	pp_put_be16(icmp, to);
	pp_put_be16(icmp + 2, pp_cksum_update16(pp_get_be16(icmp + 2), from, to));
}

static void make_fragment(uint8_t *ip)
{
	pp_put_be16(ip + 6, 0x2000);
	pp_put_be16(ip + 10, 0);
	pp_put_be16(ip + 10, pp_cksum_finish(pp_cksum_add(0, ip, PP_IP4_HLEN)));
}

static void write_frame(struct bench *b, const struct kind *k, unsigned int i)
{
	struct pp_l3 l3 = headers_of(k, i);
	size_t at = pp_echo_payload_offset(&l3), payload = payload_of(k);
	uint8_t *f = b->master[i];

	for (size_t byte = 0; byte < payload; byte++)
		f[at + byte] = (uint8_t)byte;
	pp_put_be64(f + at, i);
	pp_put_be64(f + at + 8, TOKEN);
	b->len = pp_echo_build(f, ROOM, &l3, ID, (uint16_t)i, payload);
	if (k->reply)
		turn_into_reply(f + at - PP_ICMP_HLEN, k->v6);
	if (k->fragment)
		make_fragment(f + PP_ETH_HLEN);
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void prepare(struct bench *b, struct pp_pkt *pkts)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		memcpy(b->frame[i] + 2 * PP_CACHE_LINE, b->master[i], b->len);
		pkts[i] = (struct pp_pkt){.data = b->frame[i] + 2 * PP_CACHE_LINE,
					  .len = (uint32_t)b->len,
					  .room = ROOM};
	}
}

static void run(struct bench *b, const struct kind *k)
{
	const struct pp_span rx = {PP_SEC(1), PP_SEC(1)};
	struct pp_pkt pkts[FRAMES];

	for (unsigned int i = 0; i < FRAMES; i++)
		write_frame(b, k, i);
	b->view = make_view(k->all);
	b->stack.sessions = pp_sessions_create(16, 1);
	if (k->reply)
		add_session(b->stack.sessions, k->v6, payload_of(k));
	for (size_t s = 0; s < SLICES; s++) {
		prepare(b, pkts);
		uint64_t start = cycles();
		for (unsigned int i = 0; i < BURSTS; i++)
			pp_stack_receive(&b->stack, b->view, pkts + i * BURST, BURST, rx);
		b->slice[s] = cycles() - start;
	}
	qsort(b->slice, SLICES, sizeof(b->slice[0]), by_value);
	printf("%-40s %-15s %6.1f least, %6.1f median\n", k->name, pp_drop_name(pkts[0].fate),
	       (double)b->slice[0] / FRAMES, (double)b->slice[SLICES / 2] / FRAMES);
	pp_sessions_free(b->stack.sessions);
	pp_view_free(b->view);
}

static const struct kind kinds[] = {
	{.name = "echo request, 64 bytes", .size = 64, .sources = 1},
	{.name = "echo request, 64 bytes, many sources", .size = 64, .sources = FRAMES},
	{.name = "echo request, 256 bytes", .size = 256, .sources = 1},
	{.name = "echo request, 1024 bytes", .size = 1024, .sources = 1},
	{.name = "echo request, 1518 bytes", .size = 1518, .sources = 1},
	{.name = "echo request, IPv6, 82 bytes", .size = 82, .v6 = true, .sources = 1},
	{.name = "echo request, IPv6, 1024 bytes", .size = 1024, .v6 = true, .sources = 1},
	{.name = "echo request, 64 bytes, all of /24", .size = 64, .all = true, .sources = FRAMES},
	{.name = "echo request, IPv6, 82 bytes, all of /64",
	 .size = 82,
	 .v6 = true,
	 .all = true,
	 .sources = FRAMES},
	{.name = "echo reply, 64 bytes", .size = 64, .reply = true, .sources = 1},
	{.name = "echo reply, 1024 bytes", .size = 1024, .reply = true, .sources = 1},
	{.name = "echo reply, IPv6, 82 bytes", .size = 82, .v6 = true, .reply = true, .sources = 1},
	{.name = "to another host, 64 bytes", .size = 64, .other = true, .sources = 1},
	{.name = "fragment, 64 bytes", .size = 64, .fragment = true, .sources = 1},
};

int main(int argc, char **argv)
{
	static const struct pp_stack_ops ops = {
		.event = on_event, .receipts = on_receipts, .error = on_error};
	struct bench *b = aligned_alloc(PP_CACHE_LINE, sizeof(*b));
	struct pp_prober *probers[1] = {NULL};

	if (!b)
		return 1;
	memset(b, 0, sizeof(*b));
	b->stack.probers = probers;
	b->stack.ops = &ops;
	b->stack.arg = b;
	puts("cycles per packet of pp_stack_receive, bursts of 32");
	for (size_t i = 0; i < PP_ARRAY_LEN(kinds); i++)
		if (argc < 2 || strstr(kinds[i].name, argv[1]))
			run(b, &kinds[i]);
	free(b);
	return 0;
}
