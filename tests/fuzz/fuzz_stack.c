/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole frames into a stack with addresses of both families, one on a VLAN, and a probe
 * in flight of three sessions. The first byte says how (enum how), the rest is the
 * frame. It ends in one counter, the fast way and the general one, is answered by no more than it
 * was, to nobody who could not have asked, and no session's counters contradict each other.
 */
#include "fuzz.h"

#include <pmdping/stack.h>

#include <stdio.h>
#include <stdlib.h>

#include "../../lib/stack/receive.h"

#define MAX_FRAME   4096
#define ADVERT_MOST (PP_ETH_HLEN + PP_VLAN_HLEN + PP_IP6_HLEN + 32)

enum how {
	SUMS = 1 << 0,	     /* make the checksums right first */
	RINGS_FULL = 1 << 1, /* nobody takes events and receipts */
	OTHER_OWNER = 1 << 2,
	EXACT_ROOM = 1 << 3, /* nothing may be written behind the frame */
	MUTE = 1 << 4,
	NO_PORT = 1 << 5,
};
enum { FOUR, SIX, WEAK, SESSIONS };

struct world {
	struct pp_view *view, *mute;
	struct pp_sessions *sessions;
	struct pp_prober *prober;
	struct pp_session *session[SESSIONS];
	struct pp_hop hop;
	unsigned int told; /* events and receipts */
	bool full;
};

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 2}};

/* Names its line in the report. */
#define check(holds) ((holds) ? (void)0 : fail(#holds, __LINE__))

static void fail(const char *what, int line)
{
	fprintf(stderr, "%s:%d: %s\n", __FILE__, line, what);
	abort();
}

/* ---- the world ---- */

static bool tell(struct world *w)
{
	w->told++;
	return !w->full;
}

static bool on_event(void *arg, const struct pp_event *e)
{
	check(e->kind == PP_EVENT_HEARD);
	return tell(arg);
}

static unsigned int on_receipts(void *arg, const struct pp_receipt *r, unsigned int n)
{
	unsigned int put = 0;

	check(n > 0 && n <= 32);
	for (unsigned int i = 0; i < n; i++)
		check(r[i].session != 0 && r[i].owner == r[0].owner);
	while (put < n && tell(arg))
		put++;
	return put;
}

static bool on_error(void *arg, const struct pp_error_receipt *e)
{
	check(e->session != 0);
	return tell(arg);
}

static void on_prober_event(void *arg, const struct pp_event *e)
{
	(void)arg;
	check(e->session != 0);
}

static void add_address(struct pp_routes *r, const char *prefix, uint16_t vlan,
			enum pp_ifaddr_state state)
{
	struct pp_ifaddr a = {.link.vlan = vlan, .state = state};
	unsigned int plen;

	check(pp_prefix_parse(prefix, &a.addr, &plen) == 0);
	a.plen = (uint8_t)plen;
	check(pp_ifaddr_add(r, &a) == 0);
}

static struct pp_view *make_view(bool respond)
{
	const struct pp_view_port ports[PP_PORT_MAX] = {{our_mac, 1500, true}};
	struct pp_routes *r = pp_routes_create();

	add_address(r, "192.0.2.2/24", 0, PP_IFADDR_PREFERRED);
	add_address(r, "192.0.2.3/24", 0, PP_IFADDR_TENTATIVE);
	add_address(r, "198.51.100.2/24", 10, PP_IFADDR_PREFERRED);
	add_address(r, "2001:db8::2/64", 0, PP_IFADDR_PREFERRED);
	add_address(r, "2001:db8::3/64", 0, PP_IFADDR_TENTATIVE);
	add_address(r, "fe80::2/64", 0, PP_IFADDR_PREFERRED);
	struct pp_view *v = pp_view_build(r, ports, respond);
	pp_routes_free(r);
	return v;
}

static struct pp_session *start_session(struct world *w, bool v6, uint16_t size)
{
	struct pp_session_spec spec = {
		.src_mac = our_mac,
		.hop = &w->hop,
		.size = size,
		.mtu = 1500,
		.ttl = 64,
		.df = true,
		.interval = PP_SEC(1),
		.timeout = PP_SEC(1),
		.flags = PP_SESSION_VOICE,
		.digits = 1,
		.id = (uint16_t)(0x7000 + size),
		.token = UINT64_C(0x1122334455667788),
	};
	pp_session_ref ref;

	check(pp_addr_parse(v6 ? "2001:db8::1" : "192.0.2.1", &spec.target) == 0);
	check(pp_addr_parse(v6 ? "2001:db8::2" : "192.0.2.2", &spec.source) == 0);
	check(pp_session_add(w->sessions, &spec, &ref) == 0);
	pp_prober_start(w->prober, ref, PP_SEC(1));
	return pp_session_get(w->sessions, ref);
}

static void make_probes(struct world *w)
{
	const struct pp_span tx = {PP_SEC(1), PP_SEC(1)};
	struct pp_batch batch;

	w->sessions = pp_sessions_create(SESSIONS, 1);
	const struct pp_prober_config config = {
		.sessions = w->sessions, .flight = pp_flight_create(64), .event = on_prober_event};
	w->prober = pp_prober_create(&config, PP_SEC(1));
	w->hop.word = UINT64_C(1) << 48 | 0x010000000002;
	w->session[FOUR] = start_session(w, false, 56);
	w->session[SIX] = start_session(w, true, 56);
	w->session[WEAK] = start_session(w, false, 8);
	check(pp_prober_plan(w->prober, PP_SEC(1), PP_SEC(1), &batch) == SESSIONS);
	pp_prober_commit(w->prober, &batch, SESSIONS, tx);
}

/* The table's pages are not looked into for pointers, so that what hangs on it would be
 * reported as leaked. */
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);

static void begin(struct world *w)
{
	if (__lsan_disable)
		__lsan_disable();
	make_probes(w);
	if (__lsan_enable)
		__lsan_enable();
}

/* Whether a probe is not in flight any more, or was talked about. */
static bool is_used(const struct world *w)
{
	bool used = false;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		const struct pp_counts *c = &pp_session_tally(w->session[i])->c;
		check(pp_counts_consistent(c) && c->sent == 1 && c->due == 1);
		used |= pp_counts_in_flight(c) != 1 || c->redirect;
	}
	return used;
}

static void end(struct world *w)
{
	pp_prober_free(w->prober);
	pp_sessions_free(w->sessions);
}

/* ---- what comes in ---- */

static void fix_ip4(uint8_t *h, size_t len)
{
	size_t hlen = (h[0] & 0xfu) * 4, total = pp_get_be16(h + 2);

	if (hlen < PP_IP4_HLEN || hlen > len)
		return;
	pp_put_be16(h + 10, 0);
	pp_put_be16(h + 10, pp_cksum_finish(pp_cksum_add(0, h, hlen)));
	if (h[9] != PP_IPPROTO_ICMP || total > len || total < hlen + 4)
		return;
	pp_put_be16(h + hlen + 2, 0);
	pp_put_be16(h + hlen + 2, pp_cksum_finish(pp_cksum_add(0, h + hlen, total - hlen)));
}

static void fix_ip6(uint8_t *h, size_t len)
{
	struct pp_ip ip;

	if (pp_ip_decode(pp_cur(h, len), PP_ETHER_IP6, &ip) || ip.proto != PP_IPPROTO_ICMP6 ||
	    ip.pay.left < 4)
		return;
	uint8_t *icmp = h + ip.hlen;
	uint32_t sum =
		pp_cksum_pseudo6(ip.src.b, ip.dst.b, (uint32_t)ip.pay.left, PP_IPPROTO_ICMP6);
	pp_put_be16(icmp + 2, 0);
	pp_put_be16(icmp + 2, pp_cksum_finish(pp_cksum_add(sum, icmp, ip.pay.left)));
}

static void fix_sums(uint8_t *frame, size_t len)
{
	struct pp_eth eth;

	if (pp_eth_decode(frame, len, &eth))
		return;
	if (eth.type == PP_ETHER_IP4 && eth.body.left >= PP_IP4_HLEN)
		fix_ip4(frame + eth.hlen, eth.body.left);
	else if (eth.type == PP_ETHER_IP6)
		fix_ip6(frame + eth.hlen, eth.body.left);
}

/* ---- what goes out ---- */

static void check_arp(const struct pp_eth *request, const struct pp_eth *answer)
{
	struct pp_arp q, a;

	check(pp_arp_decode(request->body, &q) == PP_OK && q.op == PP_ARP_REQUEST);
	check(pp_arp_decode(answer->body, &a) == PP_OK && a.op == PP_ARP_REPLY);
	check(pp_addr_eq(&a.spa, &q.tpa) && pp_addr_eq(&a.tpa, &q.spa));
	check(pp_mac_eq(&a.sha, &our_mac) && pp_mac_eq(&a.tha, &q.sha));
	check(pp_mac_is_unicast(&answer->dst));
}

static void check_ip(const struct pp_eth *request, const struct pp_eth *answer)
{
	struct pp_ip q, a;
	struct pp_icmp icmp;
	struct pp_nd nd;

	check(pp_ip_decode(request->body, request->type, &q) == PP_OK);
	check(pp_ip_decode(answer->body, answer->type, &a) == PP_OK);
	check(pp_icmp_decode(&a, &icmp) == PP_OK);
	check(pp_addr_is_unicast(&a.src) && !a.options && !a.fragment);
	if (icmp.kind == PP_ICMP_ECHO_REPLY) {
		check(pp_addr_is_unicast(&q.src) && pp_addr_eq(&a.dst, &q.src));
		check(pp_addr_eq(&a.src, &q.dst) && a.ttl == 64 && a.tos == q.tos);
		check(a.pay.left == q.pay.left && icmp.code == 0 && !request->group);
		return;
	}
	check(pp_nd_decode(&a, &icmp, &nd) == PP_OK && nd.advert && nd.has_lla);
	check(pp_mac_eq(&nd.lla, &our_mac) && pp_addr_eq(&nd.target, &a.src));
	check(pp_addr_is_any(&q.src) ? pp_addr_is_multicast(&a.dst) : pp_addr_eq(&a.dst, &q.src));
}

static void check_answer(const uint8_t *request, size_t len, const struct pp_pkt *pkt)
{
	struct pp_eth q, a;
	size_t most = len > PP_ETH_MIN ? len : PP_ETH_MIN;

	check(pp_eth_decode(request, len, &q) == PP_OK);
	check(pp_eth_decode(pkt->data, pkt->len, &a) == PP_OK);
	check(pp_mac_eq(&a.src, &our_mac) && a.vlan == q.vlan && a.type == q.type);
	if (pkt->fate == PP_DROP_NEIGH_ANSWERED && q.type == PP_ETHER_IP6 && most < ADVERT_MOST)
		most = ADVERT_MOST; /* its option is a must (RFC 4861 7.2.4) */
	check(pkt->len <= most && pkt->len <= pkt->room && pkt->len >= PP_ETH_MIN);
	if (q.type == PP_ETHER_ARP)
		check_arp(&q, &a);
	else
		check_ip(&q, &a);
}

static void check_counters(const struct pp_stack *s, const struct pp_pkt *pkt)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PP_DROP_COUNT; i++)
		sum += s->drops[i];
	check(s->delivered == 1 && sum == 1 && s->drops[pkt->fate] == 1 && pkt->fate != PP_OK);
	check(pkt->answer ==
	      (pkt->fate == PP_DROP_ECHO_ANSWERED || pkt->fate == PP_DROP_NEIGH_ANSWERED));
}

/* Both ways of a burst, with sessions that nobody here owns: the same comes out. */
static void receive_both_ways(struct world *w, unsigned int how, const uint8_t *frame, size_t len)
{
	static const struct pp_stack_ops ops = {
		.event = on_event, .receipts = on_receipts, .error = on_error};
	struct pp_prober *probers[1] = {NULL};
	const struct pp_view *view = how & MUTE ? w->mute : w->view;
	const struct pp_span rx = {PP_SEC(1), PP_SEC(2)};
	size_t room = how & EXACT_ROOM ? len : len + 128;
	struct pp_pkt pkt[2];

	w->full = how & RINGS_FULL;
	for (unsigned int i = 0; i < 2; i++) {
		struct pp_stack stack = {
			.sessions = w->sessions, .probers = probers, .ops = &ops, .arg = w};
		pkt[i] = (struct pp_pkt){.data = calloc(1, room ? room : 1),
					 .len = (uint32_t)len,
					 .room = (uint32_t)room,
					 .port = how & NO_PORT ? 1 : 0};
		memcpy(pkt[i].data, frame, len);
		if (i == 0)
			pp_stack_receive(&stack, view, &pkt[i], 1, rx);
		else
			pkt[i].fate = (uint8_t)pp_receive_frame(&stack, view, &pkt[i], rx);
	}
	check(pkt[0].fate == pkt[1].fate && pkt[0].answer == pkt[1].answer);
	check(pkt[0].len == pkt[1].len && memcmp(pkt[0].data, pkt[1].data, room) == 0);
	free(pkt[0].data);
	free(pkt[1].data);
}

static void receive(struct world *w, unsigned int how, const uint8_t *frame, size_t len)
{
	static const struct pp_stack_ops ops = {
		.event = on_event, .receipts = on_receipts, .error = on_error};
	struct pp_prober *probers[1] = {how & OTHER_OWNER ? NULL : w->prober};
	struct pp_stack stack = {
		.sessions = w->sessions, .probers = probers, .ops = &ops, .arg = w};
	size_t room = how & EXACT_ROOM ? len : len + 128;
	struct pp_pkt pkt = {.data = malloc(room ? room : 1),
			     .len = (uint32_t)len,
			     .room = (uint32_t)room,
			     .port = how & NO_PORT ? 1 : 0};

	memcpy(pkt.data, frame, len);
	w->told = 0;
	w->full = how & RINGS_FULL;
	pp_stack_receive(&stack, how & MUTE ? w->mute : w->view, &pkt, 1,
			 (struct pp_span){PP_SEC(1), PP_SEC(2)});
	check_counters(&stack, &pkt);
	check(w->told <= 1);
	if (pkt.answer)
		check_answer(frame, len, &pkt);
	free(pkt.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[MAX_FRAME];
	static struct world w;

	if (size == 0 || size > MAX_FRAME)
		return 0;
	if (!w.view) {
		w.view = make_view(true);
		w.mute = make_view(false);
		begin(&w);
	}
	size_t len = size - 1;
	memcpy(frame, data + 1, len);
	if (data[0] & SUMS)
		fix_sums(frame, len);
	receive_both_ways(&w, data[0], frame, len);
	receive(&w, data[0], frame, len);
	if (is_used(&w)) { /* a new world, so that inputs do not depend on each other */
		end(&w);
		begin(&w);
	}
	return 0;
}
