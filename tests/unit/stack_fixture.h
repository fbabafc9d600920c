/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stack with addresses of both families, one of another link and two tentative ones,
 * for the tests of what it does with frames: builds those, receives them, checks that
 * each ends in one counter.
 */
#ifndef PMDPING_TEST_STACK_FIXTURE_H
#define PMDPING_TEST_STACK_FIXTURE_H

#include "frames.h"
#include "runner.h"
#include "../../lib/stack/view.h"

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 2}};
static const struct pp_mac their_mac = {.b = {2, 0, 0, 0, 0, 1}};

/* ---- the frames ---- */

enum base { ECHO4, ECHO6, REPLY4, REPLY6, ERROR4, ERROR6, ARP, NS, NA };
enum answer { NONE, ECHO, ARP_REPLY, ADVERT };
enum {
	FIX_IP = 1 << 0, /* the sums of what was changed */
	FIX_ICMP = 1 << 1,
	FIX = FIX_IP | FIX_ICMP,
	DST_ALL = 1 << 2, /* to another MAC than the good frame */
	DST_GROUP = 1 << 3,
	DST_OTHER = 1 << 4,
	DST_US = 1 << 5,
	NO_EVENTS = 1 << 6, /* the ring to the control thread is full */
};

/* Offsets into the frame: IPv4 header 14, ICMP 34, quote 42; IPv6 header 14, ICMPv6 54,
 * ND target 62, option 78; ARP 14: operation 20, sender 22 and 28, target 38. */
struct row {
	const char *what;
	enum base base;
	enum pp_drop drop;
	enum answer answer;
	unsigned int events;
	unsigned int flags;
	uint16_t len; /* when not 0: zero bytes added, or cut */
	struct {
		uint16_t at;
		uint8_t value;
	} edit[10]; /* up to one at 0 */
};

/* 192.0.2.1 asks for 192.0.2.2. */
static inline struct bytes arp_request(void)
{
	const struct pp_arp arp = {.op = PP_ARP_REQUEST,
				   .sha = their_mac,
				   .spa = addr_of("192.0.2.1"),
				   .tpa = addr_of("192.0.2.2")};
	struct bytes f;

	f.len = pp_arp_build(f.b, sizeof(f.b), &pp_mac_broadcast, PP_VLAN_NONE, &arp);
	return f;
}

static inline struct bytes nd(bool advert)
{
	struct pp_nd message = {.advert = advert, .has_lla = true, .lla = their_mac};
	struct pp_l3 l3 = {.src_mac = their_mac, .src = addr_of("2001:db8::1")};
	struct bytes f;

	message.target = advert ? l3.src : addr_of("2001:db8::2");
	message.solicited = message.override = advert;
	l3.dst = advert ? addr_of("2001:db8::2") : pp_addr_solicited_node(&message.target);
	l3.dst_mac = advert ? our_mac : pp_mac_of_group(&l3.dst);
	f.len = pp_nd_build(f.b, sizeof(f.b), &l3, &message);
	return f;
}

/* An error that quotes an echo request of ours which never was. */
static inline struct bytes error_frame(bool v6)
{
	struct bytes inner = v6 ? echo6(128, 8) : echo4(5, 8, 8);
	struct bytes p = v6 ? echo6(1, inner.len) : echo4(5, 3, inner.len);
	size_t icmp = v6 ? PP_IP6_HLEN : PP_IP4_HLEN;

	p.b[icmp + 1] = 1;
	memset(p.b + icmp + 4, 0, 4);
	memcpy(p.b + icmp + PP_ICMP_HLEN, inner.b, inner.len);
	if (v6)
		fix_icmp6(p.b, p.b + icmp, p.len - icmp);
	else
		fix_icmp4(p.b + icmp, p.len - icmp);
	return frame_of(&p, v6 ? PP_ETHER_IP6 : PP_ETHER_IP4);
}

static inline struct bytes base_frame(enum base base)
{
	struct bytes p;

	switch (base) {
	case ECHO4:
	case REPLY4:
		p = echo4(5, base == ECHO4 ? 8 : 0, 56);
		return frame_of(&p, PP_ETHER_IP4);
	case ECHO6:
	case REPLY6:
		p = echo6(base == ECHO6 ? 128 : 129, 56);
		return frame_of(&p, PP_ETHER_IP6);
	case ERROR4:
	case ERROR6:
		return error_frame(base == ERROR6);
	case ARP:
		return arp_request();
	case NS:
	case NA:
		break;
	}
	return nd(base == NA);
}

static inline void fix(struct bytes *f, unsigned int flags)
{
	uint8_t *ip = f->b + PP_ETH_HLEN;
	size_t hlen = ip[0] >> 4 == 6 ? PP_IP6_HLEN : (ip[0] & 0xfu) * 4;
	size_t len = ip[0] >> 4 == 6 ? pp_get_be16(ip + 4) : pp_get_be16(ip + 2) - hlen;

	if (ip[0] >> 4 == 4 && flags & FIX_IP)
		fix_ip4(ip);
	if (flags & FIX_ICMP && ip[0] >> 4 == 6)
		fix_icmp6(ip, ip + hlen, len);
	else if (flags & FIX_ICMP)
		fix_icmp4(ip + hlen, len);
}

static inline struct bytes frame_for(const struct row *r)
{
	struct bytes f = base_frame(r->base);

	for (unsigned int i = 0; i < PP_ARRAY_LEN(r->edit) && r->edit[i].at; i++)
		f.b[r->edit[i].at] = r->edit[i].value;
	if (r->len > f.len)
		memset(f.b + f.len, 0, r->len - f.len);
	if (r->len)
		f.len = r->len;
	fix(&f, r->flags);
	if (r->flags & DST_ALL)
		memset(f.b, 0xff, 6);
	if (r->flags & DST_GROUP)
		memset(f.b, 0x33, 2);
	if (r->flags & DST_OTHER)
		f.b[5] = 0x99;
	if (r->flags & DST_US)
		memcpy(f.b, our_mac.b, 6);
	return f;
}

/* ---- the stack ---- */

struct fixture {
	struct pp_view *view;
	struct pp_sessions *sessions;
	struct pp_prober *probers[2];
	struct pp_stack stack;
	unsigned int events, receipts, errors;
	bool full;
	struct pp_event event;
	struct pp_receipt receipt;
	struct pp_error_receipt error;
};

static inline bool on_event(void *arg, const struct pp_event *e)
{
	struct fixture *f = arg;

	f->events++;
	f->event = *e;
	return !f->full;
}

static inline unsigned int on_receipts(void *arg, const struct pp_receipt *r, unsigned int n)
{
	struct fixture *f = arg;

	f->receipts += n;
	f->receipt = r[n - 1];
	return f->full ? 0 : n;
}

static inline bool on_error(void *arg, const struct pp_error_receipt *e)
{
	struct fixture *f = arg;

	f->errors++;
	f->error = *e;
	return !f->full;
}

static inline void on_prober_event(void *arg, const struct pp_event *e)
{
	(void)arg, (void)e;
}

static const struct pp_stack_ops ops = {
	.event = on_event, .receipts = on_receipts, .error = on_error};

static inline void add_address(struct pp_routes *r, const char *prefix, uint16_t vlan,
			       enum pp_ifaddr_state state)
{
	struct pp_ifaddr a = {.link.vlan = vlan, .state = state};
	unsigned int plen = 0;

	CU_ASSERT_EQUAL_FATAL(pp_prefix_parse(prefix, &a.addr, &plen), 0);
	a.plen = (uint8_t)plen;
	CU_ASSERT_EQUAL_FATAL(pp_ifaddr_add(r, &a), 0);
}

static inline struct pp_view *make_view(bool respond)
{
	const struct pp_view_port ports[PP_PORT_MAX] = {{our_mac, 1500, true}};
	struct pp_routes *r = pp_routes_create();

	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	add_address(r, "192.0.2.2/24", 0, PP_IFADDR_PREFERRED);
	add_address(r, "192.0.2.3/24", 0, PP_IFADDR_TENTATIVE);
	add_address(r, "198.51.100.2/24", 10, PP_IFADDR_PREFERRED);
	add_address(r, "2001:db8::2/64", 0, PP_IFADDR_PREFERRED);
	add_address(r, "2001:db8::3/64", 0, PP_IFADDR_TENTATIVE);
	struct pp_view *v = pp_view_build(r, ports, respond);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	pp_routes_free(r);
	return v;
}

static inline struct fixture *setup(bool respond)
{
	struct fixture *f = calloc(1, sizeof(*f));

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->view = make_view(respond);
	f->sessions = pp_sessions_create(16, 1);
	const struct pp_prober_config config = {
		.sessions = f->sessions, .flight = pp_flight_create(64), .event = on_prober_event};
	f->probers[0] = pp_prober_create(&config, PP_SEC(1));
	f->stack.sessions = f->sessions;
	f->stack.probers = f->probers;
	f->stack.ops = &ops;
	f->stack.arg = f;
	CU_ASSERT_TRUE_FATAL(f->sessions && f->probers[0]);
	return f;
}

static inline void teardown(struct fixture *f)
{
	pp_prober_free(f->probers[0]);
	pp_sessions_free(f->sessions);
	pp_view_free(f->view);
	free(f);
}

/* Receives it in a buffer that has room for an answer of 128 bytes, no more. */
static inline struct pp_pkt receive(struct fixture *f, const struct bytes *frame)
{
	size_t room = frame->len > 128 ? frame->len : 128;
	struct pp_pkt pkt = {
		.data = malloc(room), .len = (uint32_t)frame->len, .room = (uint32_t)room};
	uint64_t before[PP_DROP_COUNT];

	memset(pkt.data, 0x5a, room);
	memcpy(pkt.data, frame->b, frame->len);
	memcpy(before, f->stack.drops, sizeof(before));
	before[0]++;
	pp_stack_receive(&f->stack, f->view, &pkt, 1, (struct pp_span){PP_SEC(1), PP_SEC(2)});
	before[0]--;
	before[pkt.fate]++;
	CU_ASSERT_EQUAL(memcmp(before, f->stack.drops, sizeof(before)), 0);
	CU_ASSERT_EQUAL(f->stack.drops[PP_OK], 0);
	return pkt;
}

#endif
