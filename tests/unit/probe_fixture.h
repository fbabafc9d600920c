/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A prober on a virtual clock, for its unit tests: keeps the frames that it sends and
 * the events that it reports, and gives frames back to it as a worker would. The
 * identities of the counters are checked after every step.
 */
#ifndef PMDPING_TEST_PROBE_FIXTURE_H
#define PMDPING_TEST_PROBE_FIXTURE_H

#include "frames.h"
#include "runner.h"

#include <pmdping/probe.h>

#include <errno.h>
#include <stdio.h>

#define EVENTS_MAX 256
#define FRAME_MAX  1600

struct fixture {
	struct pp_sessions *table;
	struct pp_prober *prober;
	struct pp_hop hop;
	pp_ns now;  /* of the next burst */
	pp_ns safe; /* PP_NS_NEVER: the same as now */
	struct pp_batch batch;
	uint8_t frame[PP_TX_BURST][FRAME_MAX];
	uint64_t n_events, n_done; /* ever; event[] keeps the first */
	struct pp_event event[EVENTS_MAX];
	struct pp_counts at_done; /* of the session, when it said so */
};

static const struct pp_mac our_mac = {.b = {2, 0, 0, 0, 0, 1}};
static const struct pp_mac peer_mac = {.b = {2, 0, 0, 0, 0, 2}};

static inline const struct pp_counts *counts(const struct fixture *f, pp_session_ref ref)
{
	const struct pp_session *s = pp_session_get(f->table, ref);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return &pp_session_tally(s)->c;
}

static inline void on_event(void *arg, const struct pp_event *e)
{
	struct fixture *f = arg;

	if (f->n_events < EVENTS_MAX)
		f->event[f->n_events] = *e;
	f->n_events++;
	if (e->kind != PP_EVENT_DONE)
		return;
	f->n_done++;
	f->at_done = *counts(f, e->session);
}

static inline void set_hop(struct fixture *f, bool usable, uint64_t failures)
{
	uint64_t word = failures << 49 | (uint64_t)usable << 48;

	for (unsigned int i = 0; usable && i < 6; i++)
		word |= (uint64_t)peer_mac.b[i] << 8 * i;
	atomic_store(&f->hop.word, word);
}

static inline struct fixture *setup(uint32_t lines)
{
	struct fixture *f = calloc(1, sizeof(*f));

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->table = pp_sessions_create(64, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->table);
	const struct pp_prober_config config = {
		.sessions = f->table,
		.flight = pp_flight_create(lines),
		.event = on_event,
		.arg = f,
	};
	CU_ASSERT_PTR_NOT_NULL_FATAL(config.flight);
	f->now = PP_SEC(1000);
	f->safe = PP_NS_NEVER;
	f->prober = pp_prober_create(&config, f->now);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->prober);
	set_hop(f, true, 0);
	return f;
}

static inline void teardown(struct fixture *f)
{
	pp_prober_free(f->prober);
	pp_sessions_free(f->table);
	free(f);
}

/* A probe a second of 56 bytes, one second's patience, no end. */
static inline struct pp_session_spec spec_of(struct fixture *f, bool v6)
{
	return (struct pp_session_spec){
		.target = addr_of(v6 ? "2001:db8::2" : "192.0.2.2"),
		.source = addr_of(v6 ? "2001:db8::1" : "192.0.2.1"),
		.src_mac = our_mac,
		.hop = &f->hop,
		.size = 56,
		.mtu = 1500,
		.ttl = 64,
		.df = true,
		.interval = PP_SEC(1),
		.timeout = PP_SEC(1),
		.digits = 3,
		.token = UINT64_C(0x0123456789abcdef),
	};
}

static inline pp_session_ref add(struct fixture *f, const struct pp_session_spec *spec)
{
	pp_session_ref ref = 0;

	CU_ASSERT_EQUAL_FATAL(pp_session_add(f->table, spec, &ref), 0);
	return ref;
}

static inline pp_session_ref add_started(struct fixture *f, const struct pp_session_spec *spec)
{
	pp_session_ref ref = add(f, spec);

	pp_prober_start(f->prober, ref, f->now);
	return ref;
}

/* Not an assertion each time, of which there may be millions. */
static inline void check_batch(const struct fixture *f)
{
	for (unsigned int i = 0; i < f->batch.n; i++) {
		if (!pp_counts_consistent(counts(f, pp_batch_at(&f->batch, i).ref)))
			CU_FAIL_FATAL("identities after commit");
	}
}

static inline unsigned int plan(struct fixture *f)
{
	pp_ns safe = f->safe.v == INT64_MAX ? f->now : f->safe;

	return pp_prober_plan(f->prober, f->now, safe, &f->batch);
}

/* One burst at `now`, of which the port takes at most that many, within a
 * microsecond. Returns how many were planned. */
static inline unsigned int burst_taken(struct fixture *f, unsigned int most)
{
	struct pp_span tx = {f->now, pp_ns_add(f->now, PP_US(1))};

	if (plan(f) == 0)
		return 0;
	uint8_t *frames[PP_TX_BURST];
	for (unsigned int i = 0; i < PP_TX_BURST; i++)
		frames[i] = f->frame[i];
	pp_prober_write(f->prober, &f->batch, frames);
	pp_prober_commit(f->prober, &f->batch, most < f->batch.n ? most : f->batch.n, tx);
	check_batch(f);
	return f->batch.n;
}

static inline unsigned int burst(struct fixture *f)
{
	return burst_taken(f, PP_TX_BURST);
}

/* Bursts every `step` for `span` of time; returns what was planned. */
static inline uint64_t run(struct fixture *f, pp_ns span, pp_ns step)
{
	pp_ns end = pp_ns_add(f->now, span);
	uint64_t n = 0;

	while (pp_ns_before(f->now, end)) {
		f->now = pp_ns_add(f->now, step);
		n += burst(f);
	}
	return n;
}

/* ---- what comes back ---- */

static inline size_t ip_offset(const uint8_t *frame)
{
	return pp_get_be16(frame + 12) == PP_ETHER_VLAN ? PP_ETH_HLEN + PP_VLAN_HLEN : PP_ETH_HLEN;
}

static inline bool is_v6(const uint8_t *frame)
{
	return frame[ip_offset(frame)] >> 4 == 6;
}

static inline size_t ip_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? (size_t)PP_IP6_HLEN + pp_get_be16(ip + 4) : pp_get_be16(ip + 2);
}

/* Sums again what a test has changed. */
static inline void fix_sums(struct bytes *p)
{
	if (p->b[0] >> 4 == 6) {
		fix_icmp6(p->b, p->b + PP_IP6_HLEN, p->len - PP_IP6_HLEN);
		return;
	}
	fix_ip4(p->b);
	fix_icmp4(p->b + PP_IP4_HLEN, p->len - PP_IP4_HLEN);
}

static inline void swap_bytes(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t was = a[i];
		a[i] = b[i];
		b[i] = was;
	}
}

/* The IP packet with which the target answers this probe. */
static inline struct bytes reply_to(const uint8_t *frame)
{
	const uint8_t *ip = frame + ip_offset(frame);
	struct bytes p = {.len = ip_len(ip)};

	CU_ASSERT_TRUE_FATAL(p.len <= sizeof(p.b));
	memcpy(p.b, ip, p.len);
	if (is_v6(frame)) {
		swap_bytes(p.b + 8, p.b + 24, 16);
		p.b[PP_IP6_HLEN] = 129;
	} else {
		swap_bytes(p.b + 12, p.b + 16, 4);
		p.b[PP_IP4_HLEN] = 0;
	}
	fix_sums(&p);
	return p;
}

/* An ICMP message from a router that quotes `quoted` bytes behind the IP header of
 * this probe. */
static inline struct bytes error_about(const uint8_t *frame, uint8_t type, uint8_t code,
				       size_t quoted)
{
	const uint8_t *ip = frame + ip_offset(frame);
	size_t hlen = is_v6(frame) ? PP_IP6_HLEN : PP_IP4_HLEN;
	size_t quote = pp_min_u64(hlen + quoted, ip_len(ip)), len = PP_ICMP_HLEN + quote;
	struct bytes p = {.len = hlen + len};

	if (is_v6(frame))
		put_ip6(p.b, PP_IPPROTO_ICMP6, len);
	else
		put_ip4(p.b, 5, PP_IPPROTO_ICMP, len);
	memcpy(p.b + (is_v6(frame) ? 24 : 16), ip + (is_v6(frame) ? 8 : 12), is_v6(frame) ? 16 : 4);
	p.b[is_v6(frame) ? 23 : 15] = 9; /* the router */
	p.b[hlen] = type;
	p.b[hlen + 1] = code;
	pp_put_be32(p.b + hlen + 4, 1400);
	memcpy(p.b + hlen + PP_ICMP_HLEN, ip, quote);
	fix_sums(&p);
	return p;
}

static inline bool decode(const struct bytes *p, struct pp_ip *ret_ip, struct pp_icmp *ret_icmp)
{
	uint16_t type = p->b[0] >> 4 == 6 ? PP_ETHER_IP6 : PP_ETHER_IP4;

	return pp_ip_decode(pp_cur(p->b, p->len), type, ret_ip) == PP_OK &&
	       pp_icmp_decode(ret_ip, ret_icmp) == PP_OK;
}

static inline bool take_reply(struct fixture *f, const struct pp_ip *ip, const struct pp_icmp *icmp,
			      struct pp_span rx)
{
	struct pp_receipt r = {.rx = rx};

	return pp_sessions_match(f->table, ip, icmp, &r) && pp_prober_answer(f->prober, &r);
}

static inline bool take_quote(struct fixture *f, const struct pp_quote *q, struct pp_span rx)
{
	struct pp_error_receipt e = {
		.seq = q->seq,
		.ip_id = q->ip_id,
		.check = q->check,
		.type = 3,
		.v6 = q->v6,
		.rx = rx,
	};

	return pp_sessions_match_quote(f->table, q, &e) && pp_prober_error(f->prober, &e);
}

static inline bool take_error(struct fixture *f, const struct pp_ip *ip, const struct pp_icmp *icmp,
			      struct pp_span rx)
{
	struct pp_quote q;

	if (pp_icmp_quote(icmp, &q))
		return false;
	struct pp_error_receipt e = {
		.seq = q.seq,
		.ip_id = q.ip_id,
		.check = q.check,
		.type = icmp->type,
		.code = icmp->code,
		.v6 = icmp->v6,
		.informative = icmp->kind != PP_ICMP_ERROR,
		.rest = icmp->rest,
		.from = ip->src,
		.rx = rx,
		.has_number = q.payload.left >= PP_TOKEN_SIZE,
	};
	if (e.has_number)
		e.number = pp_get_be64(q.payload.at);
	return pp_sessions_match_quote(f->table, &q, &e) && pp_prober_error(f->prober, &e);
}

/* A packet that arrived in that time; whether a probe was found that it is about. */
static inline bool take_within(struct fixture *f, const struct bytes *p, struct pp_span rx)
{
	struct pp_ip ip;
	struct pp_icmp icmp;

	CU_ASSERT_TRUE_FATAL(decode(p, &ip, &icmp));
	return icmp.kind == PP_ICMP_ECHO_REPLY ? take_reply(f, &ip, &icmp, rx)
					       : take_error(f, &ip, &icmp, rx);
}

/* At `now`, to the nanosecond. */
static inline bool take(struct fixture *f, const struct bytes *p)
{
	return take_within(f, p, (struct pp_span){f->now, f->now});
}

static inline bool answer(struct fixture *f, const uint8_t *frame)
{
	struct bytes p = reply_to(frame);

	return take(f, &p);
}

#endif
