/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames in, verdicts out: a row per line of the conformance list, with the counter,
 * the answer and what the control thread hears. Answers are judged by the decoders.
 */
#include "receive_rows.h"

/* ---- the answers ---- */

static void check_echo(const struct bytes *q, const struct pp_pkt *pkt)
{
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_icmp icmp;

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(pkt->data, pkt->len, &eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL(icmp.kind, PP_ICMP_ECHO_REPLY);
	CU_ASSERT_EQUAL(icmp.id, 0xbeef);
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &their_mac) && pp_mac_eq(&eth.src, &our_mac));
	CU_ASSERT_TRUE(pkt->len <= (q->len > 60 ? q->len : 60));
	for (size_t i = eth.hlen + ip.hlen + ip.pay.left; i < pkt->len; i++)
		CU_ASSERT_EQUAL(pkt->data[i], 0);
}

static void check_arp(const struct bytes *q, const struct pp_pkt *pkt)
{
	struct pp_eth eth;
	struct pp_arp a;

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(pkt->data, pkt->len, &eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_arp_decode(eth.body, &a), PP_OK);
	CU_ASSERT_EQUAL(a.op, PP_ARP_REPLY);
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &their_mac) && pp_mac_eq(&eth.src, &our_mac));
	CU_ASSERT_TRUE(pp_mac_eq(&a.sha, &our_mac) && pp_mac_eq(&a.tha, &their_mac));
	CU_ASSERT_EQUAL(memcmp(a.spa.b + 12, q->b + 38, 4), 0);
	CU_ASSERT_EQUAL(memcmp(a.tpa.b + 12, q->b + 28, 4), 0);
	CU_ASSERT_EQUAL(pkt->len, PP_ETH_MIN);
	for (size_t i = 42; i < pkt->len; i++)
		CU_ASSERT_EQUAL(pkt->data[i], 0);
}

static void check_advert(const struct bytes *q, const struct pp_pkt *pkt)
{
	struct pp_addr asker = pp_addr_from6(q->b + 22), all = addr_of("ff02::1");
	bool nobody = pp_addr_is_any(&asker);
	struct pp_mac group = pp_mac_of_group(&all);
	struct pp_eth eth;
	struct pp_ip ip;
	struct pp_icmp icmp;
	struct pp_nd a;

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(pkt->data, pkt->len, &eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_icmp_decode(&ip, &icmp), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_nd_decode(&ip, &icmp, &a), PP_OK);
	CU_ASSERT_TRUE(a.advert && a.override && !a.router);
	CU_ASSERT_EQUAL(a.solicited, !nobody);
	CU_ASSERT_TRUE(a.has_lla && pp_mac_eq(&a.lla, &our_mac));
	CU_ASSERT_EQUAL(memcmp(a.target.b, q->b + 62, 16), 0);
	CU_ASSERT_TRUE(pp_addr_eq(&ip.src, &a.target));
	CU_ASSERT_TRUE(pp_addr_eq(&ip.dst, nobody ? &all : &asker));
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, nobody ? &group : &their_mac));
	CU_ASSERT_TRUE(pp_mac_eq(&eth.src, &our_mac));
	CU_ASSERT_EQUAL(pkt->len, 86);
}

static void check_answer(enum answer answer, const struct bytes *q, const struct pp_pkt *pkt)
{
	CU_ASSERT_EQUAL_FATAL(pkt->answer, answer != NONE);
	if (answer == ECHO)
		check_echo(q, pkt);
	else if (answer == ARP_REPLY)
		check_arp(q, pkt);
	else if (answer == ADVERT)
		check_advert(q, pkt);
}

static void check_row(const struct row *r)
{
	struct fixture *f = setup(true);
	struct bytes frame = frame_for(r);
	unsigned int failures = CU_get_number_of_failure_records();

	f->full = r->flags & NO_EVENTS;
	struct pp_pkt pkt = receive(f, &frame);
	if (pkt.fate != r->drop)
		printf("counted as %s, not %s\n", pp_drop_name(pkt.fate), pp_drop_name(r->drop));
	CU_ASSERT_EQUAL(pkt.fate, r->drop);
	CU_ASSERT_EQUAL(f->events, r->events);
	check_answer(r->answer, &frame, &pkt);
	if (CU_get_number_of_failure_records() != failures)
		printf("... in: %s\n", r->what);
	free(pkt.data);
	teardown(f);
}

static void check_rows(const struct row *rows)
{
	for (; rows->what; rows++)
		check_row(rows);
}

static void ethernet(void)
{
	check_rows(eth_rows);
}

static void arp(void)
{
	check_rows(arp_rows);
}

static void ip4(void)
{
	check_rows(ip_rows);
}

static void icmp4(void)
{
	check_rows(icmp_rows);
}

static void icmp6(void)
{
	check_rows(v6_rows);
}

static void neighbours(void)
{
	check_rows(nd_rows);
}

/* ---- VLANs, by hand ---- */

static struct bytes tagged(const char *src, const char *dst, uint16_t tci)
{
	struct bytes p = echo4(5, 8, 56);
	struct pp_addr s = addr_of(src), d = addr_of(dst);

	memcpy(p.b + 12, s.b + 12, 4);
	memcpy(p.b + 16, d.b + 12, 4);
	fix_ip4(p.b);
	struct bytes f = frame_of(&p, PP_ETHER_IP4);
	memmove(f.b + 16, f.b + 12, f.len - 12);
	pp_put_be16(f.b + 12, PP_ETHER_VLAN);
	pp_put_be16(f.b + 14, tci);
	f.len += PP_VLAN_HLEN;
	return f;
}

static void check_tagged(const struct bytes *frame, enum pp_drop drop)
{
	struct fixture *f = setup(true);
	struct pp_pkt pkt = receive(f, frame);

	CU_ASSERT_EQUAL(pkt.fate, drop);
	CU_ASSERT_EQUAL(pkt.answer, drop == PP_DROP_ECHO_ANSWERED);
	if (pkt.answer) {
		check_echo(frame, &pkt);
		CU_ASSERT_EQUAL(memcmp(pkt.data + 12, frame->b + 12, 4), 0);
	}
	free(pkt.data);
	teardown(f);
}

static void vlans(void)
{
	struct bytes f = tagged("198.51.100.1", "198.51.100.2", 0xe00a);

	check_tagged(&f, PP_DROP_ECHO_ANSWERED);
	f = tagged("192.0.2.1", "192.0.2.2", 0xe000); /* priority tag: as without */
	check_tagged(&f, PP_DROP_ECHO_ANSWERED);
	f = tagged("192.0.2.1", "192.0.2.2", 10); /* our address, but of another link */
	check_tagged(&f, PP_DROP_IP_OTHER_DST);
	f = tagged("198.51.100.1", "198.51.100.2", 0);
	check_tagged(&f, PP_DROP_IP_OTHER_DST);
	f = tagged("198.51.100.1", "198.51.100.2", 11);
	check_tagged(&f, PP_DROP_VLAN_OTHER);
	f = tagged("198.51.100.1", "198.51.100.2", 4095);
	check_tagged(&f, PP_DROP_VLAN_OTHER);
	f = tagged("198.51.100.1", "198.51.100.2", 10);
	pp_put_be16(f.b + 16, PP_ETHER_VLAN);
	check_tagged(&f, PP_DROP_VLAN_STACKED);
	f.len = 17;
	check_tagged(&f, PP_DROP_VLAN_SHORT);
}

/* ---- the rest ---- */

static void no_such_port(void)
{
	struct fixture *f = setup(true);
	struct bytes frame = base_frame(ECHO4);
	struct pp_pkt pkt = {.data = frame.b, .len = (uint32_t)frame.len, .room = sizeof(frame.b)};

	for (unsigned int port = 1; port < 65536; port += 7) {
		pkt.port = (uint16_t)port;
		pp_stack_receive(&f->stack, f->view, &pkt, 1, (struct pp_span){{0}, {0}});
		if (pkt.answer || pkt.fate != PP_DROP_ETH_OTHER_MAC)
			CU_FAIL_FATAL("answered");
	}
	CU_PASS("none");
	teardown(f);
}

static void muted(void)
{
	struct fixture *f = setup(false);
	struct bytes frame = base_frame(ECHO6);
	struct pp_pkt pkt = receive(f, &frame);

	CU_ASSERT_EQUAL(pkt.fate, PP_DROP_ECHO_MUTED);
	CU_ASSERT_FALSE(pkt.answer);
	free(pkt.data);
	frame = base_frame(NS); /* still at home */
	pkt = receive(f, &frame);
	CU_ASSERT_EQUAL(pkt.fate, PP_DROP_NEIGH_ANSWERED);
	free(pkt.data);
	teardown(f);
}

/* A buffer that ends with the frame has no room for the padding or the option. */
static void no_room_for_an_answer(void)
{
	static const enum base bases[] = {ECHO4, ARP, NS};
	struct fixture *f = setup(true);

	for (size_t i = 0; i < PP_ARRAY_LEN(bases); i++) {
		struct bytes frame = base_frame(bases[i]);
		if (bases[i] == ECHO4) {
			pp_put_be16(frame.b + 16, 28);
			frame.len = 42;
			fix(&frame, FIX);
		}
		frame.len = bases[i] == ARP ? 42 : frame.len;
		uint32_t room = (uint32_t)(bases[i] == NS ? 85 : frame.len);
		struct pp_pkt pkt = {.data = exact_copy(frame.b, frame.len),
				     .len = (uint32_t)frame.len,
				     .room = room};
		pp_stack_receive(&f->stack, f->view, &pkt, 1, (struct pp_span){{0}, {0}});
		CU_ASSERT_EQUAL(pkt.fate, PP_DROP_ANSWER_UNSENT);
		CU_ASSERT_FALSE(pkt.answer);
		free(pkt.data);
	}
	teardown(f);
}

static void counters_add_up(void)
{
	struct fixture *f = setup(true);
	struct bytes frame[5];
	struct pp_pkt pkts[5];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < 5; i++) {
		frame[i] = base_frame(i % 2 ? ARP : ECHO4);
		pkts[i] = (struct pp_pkt){.data = frame[i].b,
					  .len = (uint32_t)frame[i].len,
					  .room = sizeof(frame[i].b)};
	}
	pp_stack_receive(&f->stack, f->view, pkts, 5, (struct pp_span){{0}, {0}});
	CU_ASSERT_EQUAL(f->stack.drops[PP_DROP_ECHO_ANSWERED], 3);
	CU_ASSERT_EQUAL(f->stack.drops[PP_DROP_NEIGH_ANSWERED], 2);
	pp_stack_unsent(&f->stack, &pkts[0]);
	pp_stack_unsent(&f->stack, &pkts[1]);
	pp_stack_drop(&f->stack, PP_DROP_ETH_LENGTH);
	CU_ASSERT_EQUAL(f->stack.drops[PP_DROP_ECHO_ANSWERED], 2);
	CU_ASSERT_EQUAL(f->stack.drops[PP_DROP_NEIGH_ANSWERED], 1);
	CU_ASSERT_EQUAL(f->stack.drops[PP_DROP_ANSWER_UNSENT], 2);
	for (unsigned int i = 0; i < PP_DROP_COUNT; i++)
		sum += f->stack.drops[i];
	CU_ASSERT_EQUAL(sum, 6);
	CU_ASSERT_EQUAL(f->stack.delivered, 6);
	teardown(f);
}

/* Answers get identifications that differ, though nobody needs them (RFC 6864). */
static void identifications(void)
{
	struct fixture *f = setup(true);
	struct bytes frame = base_frame(ECHO4);
	struct pp_pkt one = receive(f, &frame), two = receive(f, &frame);

	CU_ASSERT_NOT_EQUAL(pp_get_be16(one.data + 18), pp_get_be16(two.data + 18));
	free(one.data);
	free(two.data);
	teardown(f);
}

/* The kernel's end of a net_tap port has the port's own MAC, and is a host of its own. */
static void our_mac_with_another_address(void)
{
	struct fixture *f = setup(true);
	struct bytes frame = base_frame(ARP);
	struct pp_eth eth;

	memcpy(frame.b + 6, our_mac.b, 6);
	memcpy(frame.b + 22, our_mac.b, 6);
	struct pp_pkt pkt = receive(f, &frame);
	CU_ASSERT_EQUAL(pkt.fate, PP_DROP_NEIGH_ANSWERED);
	CU_ASSERT_EQUAL(f->events, 1);
	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(pkt.data, pkt.len, &eth), PP_OK);
	CU_ASSERT_TRUE(pp_mac_eq(&eth.dst, &our_mac));
	free(pkt.data);
	teardown(f);
}

/* A question for an address of a prefix that is ours as a whole. */
static void ask_all(struct fixture *f, const char *target, enum pp_drop drop)
{
	struct pp_addr a = addr_of(target);
	bool four = pp_addr_is4(&a);
	struct bytes frame = base_frame(four ? ARP : NS);

	if (four)
		memcpy(frame.b + 38, a.b + 12, 4);
	else {
		struct pp_nd ns = {.has_lla = true, .lla = their_mac, .target = a};
		struct pp_l3 l3 = {.src_mac = their_mac,
				   .src = addr_of("2001:db8:0:1::2:1"),
				   .dst = pp_addr_solicited_node(&a)};
		l3.dst_mac = pp_mac_of_group(&l3.dst);
		frame.len = pp_nd_build(frame.b, sizeof(frame.b), &l3, &ns);
	}
	struct pp_pkt pkt = receive(f, &frame);
	if (pkt.fate != drop)
		printf("%s: %s\n", target, pp_drop_name(pkt.fate));
	CU_ASSERT_EQUAL(pkt.fate, drop);
	if (drop == PP_DROP_NEIGH_ANSWERED && four)
		check_arp(&frame, &pkt);
	else if (drop == PP_DROP_NEIGH_ANSWERED)
		check_advert(&frame, &pkt);
	free(pkt.data);
}

static void all_of_a_prefix(void)
{
	const struct pp_view_port ports[PP_PORT_MAX] = {{our_mac, 1500, true}};
	static const char *const ours[] = {"198.51.100.1/25", "2001:db8:0:1::1/112"};
	struct fixture *f = setup(true);
	struct pp_routes *r = pp_routes_create();

	for (size_t i = 0; i < PP_ARRAY_LEN(ours); i++) {
		struct pp_ifaddr a = {.state = PP_IFADDR_PREFERRED, .all = true};
		unsigned int plen = 0;
		pp_prefix_parse(ours[i], &a.addr, &plen);
		a.plen = (uint8_t)plen;
		CU_ASSERT_EQUAL(pp_ifaddr_add(r, &a), 0);
	}
	pp_view_free(f->view);
	f->view = pp_view_build(r, ports, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->view);
	ask_all(f, "198.51.100.1", PP_DROP_NEIGH_ANSWERED);
	ask_all(f, "198.51.100.77", PP_DROP_NEIGH_ANSWERED);
	ask_all(f, "198.51.100.126", PP_DROP_NEIGH_ANSWERED);
	ask_all(f, "198.51.100.127", PP_DROP_ARP_OTHER);
	ask_all(f, "198.51.100.0", PP_DROP_ARP_OTHER);
	ask_all(f, "198.51.100.128", PP_DROP_ARP_OTHER);
	ask_all(f, "2001:db8:0:1::1", PP_DROP_NEIGH_ANSWERED);
	ask_all(f, "2001:db8:0:1::1234", PP_DROP_NEIGH_ANSWERED);
	ask_all(f, "2001:db8:0:1::", PP_DROP_ND_OTHER);
	ask_all(f, "2001:db8:0:2::1", PP_DROP_ND_OTHER); /* another's of our group */
	pp_routes_free(r);
	teardown(f);
}

static void what_is_heard(void)
{
	struct fixture *f = setup(true);
	struct bytes frame = base_frame(ARP);
	struct pp_addr asker = addr_of("192.0.2.1"), target = addr_of("192.0.2.2");

	free(receive(f, &frame).data);
	CU_ASSERT_EQUAL(f->event.kind, PP_EVENT_HEARD);
	CU_ASSERT_TRUE(pp_addr_eq(&f->event.heard.addr, &asker));
	CU_ASSERT_TRUE(pp_addr_eq(&f->event.target, &target));
	CU_ASSERT_TRUE(pp_mac_eq(&f->event.heard.mac, &their_mac));
	CU_ASSERT_TRUE(f->event.heard.for_us && f->event.heard.onlink && f->event.heard.has_mac);
	CU_ASSERT_FALSE(f->event.heard.reply);
	frame = base_frame(NA);
	free(receive(f, &frame).data);
	CU_ASSERT_TRUE(f->event.heard.reply && f->event.heard.solicited && f->event.heard.override);
	CU_ASSERT_FALSE(f->event.heard.for_us);
	frame.len = 78; /* without the option there is no address to learn */
	frame.b[19] = 24;
	fix(&frame, FIX_ICMP);
	free(receive(f, &frame).data);
	CU_ASSERT_FALSE(f->event.heard.has_mac);
	teardown(f);
}

/* ---- probes ---- */

static pp_session_ref add_session(struct fixture *f, bool v6, uint8_t owner)
{
	static struct pp_hop hop = {.word = UINT64_C(1) << 48 | 0x010000000002};
	const struct pp_session_spec spec = {
		.target = addr_of(v6 ? "2001:db8::1" : "192.0.2.1"),
		.source = addr_of(v6 ? "2001:db8::2" : "192.0.2.2"),
		.hop = &hop,
		.src_mac = our_mac,
		.size = 56,
		.mtu = 1500,
		.ttl = 64,
		.df = true,
		.interval = PP_SEC(1),
		.timeout = PP_SEC(10),
		.digits = 1,
		.owner = owner,
		.token = 0x1122334455667788,
	};
	pp_session_ref ref = 0;

	CU_ASSERT_EQUAL_FATAL(pp_session_add(f->sessions, &spec, &ref), 0);
	pp_prober_start(f->probers[0], ref, PP_SEC(1));
	return ref;
}

/* One probe; returns the frame. */
static struct bytes send_probe(struct fixture *f)
{
	struct bytes frame;
	struct pp_batch b;

	CU_ASSERT_EQUAL_FATAL(pp_prober_plan(f->probers[0], PP_SEC(1), PP_SEC(1), &b), 1);
	pp_prober_write(f->probers[0], &b, &(uint8_t *){frame.b});
	frame.len = pp_batch_at(&b, 0).len;
	pp_prober_commit(f->probers[0], &b, 1, (struct pp_span){PP_SEC(1), PP_SEC(1)});
	return frame;
}

static struct bytes reply_of(const struct bytes *probe)
{
	bool v6 = probe->b[14] >> 4 == 6;
	struct bytes f = *probe;

	memcpy(f.b, probe->b + 6, 6);
	memcpy(f.b + 6, probe->b, 6);
	memcpy(f.b + (v6 ? 22 : 26), probe->b + (v6 ? 38 : 30), v6 ? 16 : 4);
	memcpy(f.b + (v6 ? 38 : 30), probe->b + (v6 ? 22 : 26), v6 ? 16 : 4);
	f.b[v6 ? 54 : 34] = v6 ? 129 : 0;
	fix(&f, FIX);
	return f;
}

static struct bytes error_of(const struct bytes *probe, uint8_t type, uint8_t code, size_t quoted)
{
	bool v6 = probe->b[14] >> 4 == 6;
	size_t hlen = v6 ? 40 : 20;
	struct bytes p = v6 ? echo6(type, hlen + quoted) : echo4(5, type, hlen + quoted);

	p.b[hlen + 1] = code;
	memcpy(p.b + hlen + 8, probe->b + 14, hlen + quoted);
	struct bytes f = frame_of(&p, v6 ? PP_ETHER_IP6 : PP_ETHER_IP4);
	fix(&f, FIX);
	return f;
}

static enum pp_drop fate_of(struct fixture *f, const struct bytes *frame)
{
	struct pp_pkt pkt = receive(f, frame);

	CU_ASSERT_FALSE(pkt.answer);
	free(pkt.data);
	return pkt.fate;
}

static void replies_to_probes(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct fixture *f = setup(true);
		pp_session_ref ref = add_session(f, v6, 0);
		struct bytes probe = send_probe(f), reply = reply_of(&probe);
		const struct pp_counts *c = &pp_session_tally(pp_session_get(f->sessions, ref))->c;
		CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ECHO_MATCHED);
		CU_ASSERT_EQUAL(c->received, 1);
		CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ECHO_MATCHED);
		CU_ASSERT_EQUAL(c->duplicate, 1);
		reply.b[v6 ? 68 : 48] ^= 1; /* the number */
		fix(&reply, FIX);
		CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ECHO_UNMATCHED);
		reply.b[v6 ? 76 : 56] ^= 1; /* the token */
		fix(&reply, FIX);
		CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ECHO_UNMATCHED);
		reply.b[v6 ? 56 : 36] ^= 1; /* the checksum */
		CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ICMP_CHECKSUM);
		CU_ASSERT_EQUAL(c->received + c->duplicate, 2);
		teardown(f);
	}
}

/* Codes 0 to 15 and types, each about a probe of its own. */
static void errors_about_probes(void)
{
	static const struct {
		bool v6;
		uint8_t type, codes;
	} kinds[] = {{false, 3, 16}, {false, 11, 2}, {false, 12, 3}, {true, 1, 9},
		     {true, 2, 1},   {true, 3, 2},   {true, 4, 11},  {true, 100, 1}};

	for (size_t i = 0; i < PP_ARRAY_LEN(kinds); i++) {
		for (uint8_t code = 0; code < kinds[i].codes; code++) {
			struct fixture *f = setup(true);
			pp_session_ref ref = add_session(f, kinds[i].v6, 0);
			struct bytes probe = send_probe(f);
			struct bytes e = error_of(&probe, kinds[i].type, code, code % 2 ? 64 : 8);
			CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ERROR_MATCHED);
			CU_ASSERT_EQUAL(pp_session_tally(pp_session_get(f->sessions, ref))->c.error,
					1);
			teardown(f);
		}
	}
}

/* Never obeyed, never a verdict; said, when it is about a probe of ours. */
static void quench(void)
{
	struct fixture *f = setup(true);
	pp_session_ref ref = add_session(f, false, 0);
	struct bytes probe = send_probe(f), e = error_of(&probe, 4, 0, 8);
	const struct pp_counts *c = &pp_session_tally(pp_session_get(f->sessions, ref))->c;

	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ERROR_MATCHED);
	CU_ASSERT_EQUAL(c->redirect, 1);
	CU_ASSERT_EQUAL(c->error, 0);
	CU_ASSERT_EQUAL(pp_counts_in_flight(c), 1);
	e = error_of(&probe, 4, 0, 7);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ICMP_QUENCH);
	teardown(f);
}

static void errors_about_others(void)
{
	struct fixture *f = setup(true);

	add_session(f, false, 0);
	struct bytes probe = send_probe(f);
	struct bytes e = error_of(&probe, 3, 1, 8);
	e.b[42 + 20 + 4] ^= 1; /* the quoted id */
	fix(&e, FIX);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ICMP_UNMATCHED);
	e = error_of(&probe, 3, 1, 8);
	e.b[42 + 4] ^= 1; /* the quoted identification */
	fix(&e, FIX);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ICMP_UNMATCHED);
	e = error_of(&probe, 3, 1, 8);
	e.b[42 + 20 + 2] ^= 1; /* the quoted checksum */
	fix(&e, FIX);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ICMP_UNMATCHED);
	e = error_of(&probe, 3, 1, 7);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ICMP_QUOTE);
	teardown(f);
}

/* A session of another worker: its receipt is complete, or counted as lost. */
static void other_workers_probes(void)
{
	struct fixture *f = setup(true);
	pp_session_ref ref = add_session(f, false, 1);
	struct bytes probe = send_probe(f), reply = reply_of(&probe);
	struct bytes e = error_of(&probe, 11, 0, 64);

	CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_ECHO_MATCHED);
	CU_ASSERT_EQUAL(f->receipts, 1);
	CU_ASSERT_EQUAL(f->receipt.session, ref);
	CU_ASSERT_EQUAL(f->receipt.owner, 1);
	CU_ASSERT_EQUAL(f->receipt.seq, 1);
	CU_ASSERT_EQUAL(f->receipt.rx.from.v, PP_SEC(1).v);
	CU_ASSERT_EQUAL(f->receipt.rx.to.v, PP_SEC(2).v);
	CU_ASSERT_TRUE(pp_prober_answer(f->probers[0], &f->receipt));
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_ERROR_MATCHED);
	CU_ASSERT_EQUAL(f->error.session, ref);
	CU_ASSERT_EQUAL(f->error.type, 11);
	CU_ASSERT_TRUE(f->error.has_number);
	CU_ASSERT_TRUE(pp_prober_error(f->probers[0], &f->error));
	f->full = true;
	CU_ASSERT_EQUAL(fate_of(f, &reply), PP_DROP_RECEIPT_LOST);
	CU_ASSERT_EQUAL(fate_of(f, &e), PP_DROP_RECEIPT_LOST);
	teardown(f);
}

/* Every frame that differs from a good one in one byte ends in one counter, and what is
 * answered is never more than was asked, an advertisement's option apart. */
static void one_byte_off(void)
{
	struct fixture *f = setup(true);

	for (enum base base = ECHO4; base <= NA; base++) {
		struct bytes good = base_frame(base);
		for (size_t at = 0; at < good.len; at++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				struct bytes bad = good;
				bad.b[at] ^= (uint8_t)(1u << bit);
				struct pp_pkt pkt = receive(f, &bad);
				if (pkt.answer &&
				    (pkt.len > (bad.len > 86 ? bad.len : 86) || bad.b[6] & 1))
					CU_FAIL_FATAL("answer");
				free(pkt.data);
			}
		}
	}
	teardown(f);
}

PP_TEST_MAIN("receive", {"ETH-01 to ETH-03", ethernet}, {"ARP-01 to ARP-25", arp},
	     {"IP-01 to IP-08, OPT-03, OPT-04", ip4}, {"ICMP-01 to ICMP-27", icmp4},
	     {"V6-01 to V6-08", icmp6}, {"ND-01 to ND-05", neighbours},
	     {"VLANs, the strong host model", vlans}, {"a port that is not ours", no_such_port},
	     {"a responder that is off", muted},
	     {"a buffer without room for the answer", no_room_for_an_answer},
	     {"each frame in one counter", counters_add_up},
	     {"ID-01 identifications of answers", identifications},
	     {"another host with our MAC", our_mac_with_another_address},
	     {"ARP-01 ND-01 all of a prefix is answered for", all_of_a_prefix},
	     {"ARP-04 ND-05 what the control thread hears", what_is_heard},
	     {"ICMP-09 replies to our probes", replies_to_probes},
	     {"ICMP-17 ICMP-18 ICMP-22 ICMP-23 V6-02 V6-07 errors about our probes",
	      errors_about_probes},
	     {"ICMP-21 source quench", quench},
	     {"ICMP-17 PMTU-06 errors about what we did not send", errors_about_others},
	     {"answers that another worker polled", other_workers_probes},
	     {"one bit off", one_byte_off})
