/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts, and the fast way through them for plain frames: untagged, to our MAC address,
 * IPv4 without options or IPv6 without extension headers, whole, with an ICMP echo
 * request or reply for an address of ours in it whose lengths and checksums are right.
 * A frame of which one of these is not known to be so takes the general way
 * (receive.c), which comes to the same result for plain ones: test_burst compares them.
 */
#include "answer.h"
#include "receive.h"

#define REPLIES 32
#define LATER	PP_DROP_COUNT /* its counter is known at the end of the replies */

#define PLAIN4_MIN    (PP_ETH_HLEN + PP_IP4_HLEN + PP_ICMP_HLEN)
#define PLAIN6_MIN    (PP_ETH_HLEN + PP_IP6_HLEN + PP_ICMP_HLEN)
#define FRAGMENT_BITS 0x3fff

/* Answers to probes, which are accounted for together: they have their time in common. */
struct replies {
	unsigned int n;
	unsigned int at[REPLIES]; /* in the burst */
	struct pp_reply reply[REPLIES];
};

/* What a burst knows of the frames before: for one view, within one call. */
struct plain {
	const struct pp_view *view;
	uint64_t mac; /* the port's, as the first 8 bytes of a frame have it */
	struct pp_mac own;
	struct pp_link link; /* untagged */
	uint32_t port;	     /* NO_PORT: none that plain frames come from */
	uint32_t max_len;
	unsigned int request4, request6; /* types that are answered; NO_TYPE while off */
	uint64_t dst4; /* an address of ours, as in the header; NO_ADDR: none seen yet */
	struct pp_addr dst6;
	struct pp_span rx;
	struct pp_pkt *pkts; /* all of them */
	struct replies *replies;
	uint64_t reply_counter; /* of both families, as the general way counts */
};
#define NO_PORT UINT32_MAX
#define NO_ADDR UINT64_MAX
#define NO_TYPE 256

/* Native words of wire bytes. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WIRE16(v)	 __builtin_bswap16(v)
#define WIRE32(v)	 __builtin_bswap32(v)
#define WIRE64(v)	 __builtin_bswap64(v)
#define MAPPED(address4) ((uint64_t)(address4) << 32 | 0xffff0000u)
#else
#define WIRE16(v)	 (v)
#define WIRE32(v)	 (v)
#define WIRE64(v)	 (v)
#define MAPPED(address4) (UINT64_C(0xffff) << 32 | (address4))
#endif

/* Both MAC addresses begin in the first 8 bytes: ours whole, and of the source's the bit
 * that says group. */
#define MAC_AND_GROUP WIRE64(UINT64_C(0xffffffffffff0100))

/* One writer: a plain add, but stored whole for readers elsewhere. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* ---- what is known of the burst ------------------------------------------------------ */

static inline struct plain begin(const struct pp_stack *s, const struct pp_view *view,
				 struct pp_pkt *pkts, struct pp_span rx, struct replies *replies)
{
	replies->n = 0;
	return (struct plain){.view = view,
			      .rx = rx,
			      .pkts = pkts,
			      .replies = replies,
			      .port = NO_PORT,
			      .dst4 = NO_ADDR,
			      .request4 = view->respond ? PP_ICMP4_ECHO_REQUEST : NO_TYPE,
			      .request6 = view->respond ? PP_ICMP6_ECHO_REQUEST : NO_TYPE,
			      .reply_counter = s->reply_counter};
}

/* False when plain frames cannot come from there. */
static __attribute__((noinline, cold)) bool take_port(struct plain *f, uint16_t number)
{
	const struct pp_view_port *port = pp_view_port(f->view, number);

	f->port = NO_PORT;
	if (!port || port->mac.b[0] & 1 || port->mtu < PP_IP4_HLEN + PP_ICMP_HLEN)
		return false;
	f->port = number;
	f->own = port->mac;
	f->mac = (uint64_t)pp_get_be32(port->mac.b) << 32 | (uint64_t)pp_get_be16(port->mac.b + 4)
								    << 16;
	f->mac = WIRE64(f->mac);
	f->max_len = (uint32_t)port->mtu + PP_ETH_HLEN;
	f->link = (struct pp_link){.port = number, .vlan = PP_VLAN_NONE};
	f->dst4 = NO_ADDR;
	f->dst6 = (struct pp_addr){0};
	return true;
}

static __attribute__((noinline, cold)) bool find_ours4(struct plain *f, uint32_t dst)
{
	const struct pp_addr addr = {.w = {0, MAPPED(dst)}};

	if (pp_view_classify(f->view, f->link, &addr) != PP_DST_OURS)
		return false;
	f->dst4 = dst;
	return true;
}

static inline bool is_ours4(struct plain *f, uint32_t dst)
{
	const struct pp_addr addr = {.w = {0, MAPPED(dst)}};

	return f->dst4 == dst || pp_view_is_ranged(f->view, f->link, &addr) || find_ours4(f, dst);
}

/* The destination is not a mapped address: its first half is not zero. */
static __attribute__((noinline, cold)) bool find_ours6(struct plain *f, const struct pp_addr *dst)
{
	if (pp_view_classify(f->view, f->link, dst) != PP_DST_OURS)
		return false;
	f->dst6 = *dst;
	return true;
}

static inline bool is_ours6(struct plain *f, const struct pp_addr *dst)
{
	return pp_addr_eq(&f->dst6, dst) || pp_view_is_ranged(f->view, f->link, dst) ||
	       find_ours6(f, dst);
}

/* As check_source of the general way. */
static __attribute__((noinline)) bool may_send(const struct pp_view *v, struct pp_link link,
					       const struct pp_addr *src)
{
	enum pp_view_dst what = pp_view_classify(v, link, src);

	return what != PP_DST_OURS && what != PP_DST_BROADCAST;
}

static inline bool is_sender(const struct plain *f, const struct pp_addr *src)
{
	return pp_view_is_stranger(f->view, f->link, src) || may_send(f->view, f->link, src);
}

/* As pp_addr_is_unicast, with what the view says. */
static inline bool source_good4(const struct plain *f, const uint8_t *src)
{
	const struct pp_addr addr = {.w = {0, MAPPED(pp_load32(src))}};

	return (uint8_t)(src[0] - 1) < 0xdf && src[0] != 127 && is_sender(f, &addr);
}

static inline bool source_good6(const struct plain *f, const struct pp_addr *src)
{
	return src->w[0] != 0 && src->b[0] != 0xff && is_sender(f, src);
}

/* ---- both families -------------------------------------------------------------------- */

static inline struct pp_addr load_addr(const uint8_t *p)
{
	return (struct pp_addr){.w = {pp_load64(p), pp_load64(p + 8)}};
}

/* MAC addresses: back to where it came from. */
static inline void turn_eth(const struct plain *f, uint8_t *frame)
{
	uint32_t first = pp_load32(frame + 6);
	uint16_t last = pp_load16(frame + 10);

	memcpy(frame + 6, f->own.b, sizeof(f->own.b));
	pp_store32(frame, first);
	pp_store16(frame + 4, last);
}

/* Replies [from, to) end in that counter. */
static void count_replies(struct pp_stack *s, struct plain *f, unsigned int from, unsigned int to,
			  enum pp_drop fate)
{
	for (unsigned int i = from; i < to; i++)
		f->pkts[f->replies->at[i]].fate = (uint8_t)fate;
	count(&s->drops[fate], to - from);
}

/* Those from `from` on that belong to one other worker, with which it may be the first time
 * that they are looked at; how many. */
static unsigned int pass_on(struct pp_stack *s, struct plain *f, unsigned int from)
{
	const struct replies *r = f->replies;
	struct pp_receipt out[REPLIES];
	unsigned int n = 0;

	for (; from + n < r->n; n++) {
		out[n].rx = f->rx;
		out[n].stalled = s->stalled;
		if (!pp_reply_match(s->sessions, &r->reply[from + n], &out[n]) ||
		    out[n].owner != out[0].owner || s->probers[out[n].owner])
			break;
	}
	if (n == 0)
		return 0;
	unsigned int put = s->ops->receipts(s->arg, out, n);
	count_replies(s, f, from, from + put, PP_DROP_ECHO_MATCHED);
	count_replies(s, f, from + put, from + n, PP_DROP_RECEIPT_LOST);
	return n;
}

/* One that is not plain, or ours by another prober than the one before. */
static unsigned int take_one(struct pp_stack *s, struct plain *f, unsigned int i)
{
	struct pp_receipt r = {.rx = f->rx, .stalled = s->stalled};
	bool matched = pp_reply_match(s->sessions, &f->replies->reply[i], &r);
	struct pp_prober *p = matched ? s->probers[r.owner] : NULL;

	/* A session of another worker's may have been added since pass_on looked. */
	if (p)
		s->replied = r.owner;
	matched = p && pp_prober_answer(p, &r);
	count_replies(s, f, i, i + 1, matched ? PP_DROP_ECHO_MATCHED : PP_DROP_ECHO_UNMATCHED);
	return 1;
}

static void end_replies(struct pp_stack *s, struct plain *f)
{
	struct replies *r = f->replies;

	for (unsigned int i = 0, took; i < r->n; i += took) {
		struct pp_prober *p = s->probers[s->replied];
		took = p ? pp_prober_replies(p, &r->reply[i], r->n - i, f->rx, s->stalled) : 0;
		count_replies(s, f, i, i + took, PP_DROP_ECHO_MATCHED);
		if (!took)
			took = pass_on(s, f, i);
		if (!took)
			took = take_one(s, f, i);
	}
	r->n = 0;
}

/* Place for one more, `len` bytes of ICMP: accounted for at the end of the burst, or before the
 * next packet that is not plain. The caller fills in addresses and TTL, field by field: a
 * copy of what was just put together would wait for it. */
static inline struct pp_reply *put_reply(struct plain *f, struct pp_stack *s,
					 const struct pp_pkt *pkt, const uint8_t *icmp, size_t len)
{
	struct replies *r = f->replies;

	if (r->n == REPLIES)
		end_replies(s, f);
	struct pp_reply *to = &r->reply[r->n];
	to->id = pp_get_be16(icmp + 4);
	to->seq = pp_get_be16(icmp + 6);
	to->body.at = icmp + PP_ICMP_HLEN;
	to->body.left = len - PP_ICMP_HLEN;
	to->body.fail = false;
	r->at[r->n++] = (unsigned int)(pkt - f->pkts);
	return to;
}

/* ---- IPv4 ------------------------------------------------------------------------------ */

static inline bool headers_good4(const uint8_t *ip, size_t total, size_t available)
{
	uint64_t sum = pp_sum_add(pp_load64(ip), pp_load64(ip + 8));

	return (pp_load16(ip + 6) & WIRE16(FRAGMENT_BITS)) == 0 && ip[9] == PP_IPPROTO_ICMP &&
	       total - (PP_IP4_HLEN + PP_ICMP_HLEN) <= available - (PP_IP4_HLEN + PP_ICMP_HLEN) &&
	       pp_sum_good(pp_sum_add(sum, pp_load32(ip + 16)));
}

/* As put_ip4 of answer.c: type of service and length stay. */
static inline void turn_ip4(uint8_t *ip, uint16_t ip_id)
{
	const uint16_t id = WIRE16(ip_id), df = WIRE16(0x4000);
	const uint16_t ttl_proto = WIRE16(PP_ANSWER_TTL << 8 | PP_IPPROTO_ICMP);
	uint64_t addresses = pp_load64(ip + 12);
	uint64_t rest = (uint64_t)pp_load32(ip) + id + df + ttl_proto;

	pp_store16(ip + 4, id);
	pp_store16(ip + 6, df);
	pp_store16(ip + 8, ttl_proto);
	pp_store16(ip + 10, (uint16_t)~pp_sum_fold(pp_sum_add(addresses, rest)));
	pp_store64(ip + 12, addresses << 32 | addresses >> 32);
}

/* The frame ends at len, which it reached: there is room unless it has to be padded. */
static inline bool cut_or_pad(struct pp_pkt *pkt, size_t len)
{
	if (len < PP_ETH_MIN)
		return pp_answer_pad(pkt, len);
	pkt->len = (uint32_t)len;
	return true;
}

static inline enum pp_drop answer4(struct plain *f, struct pp_pkt *pkt, uint8_t *ip, size_t total)
{
	if (!cut_or_pad(pkt, PP_ETH_HLEN + total))
		return PP_OK;
	turn_eth(f, pkt->data);
	turn_ip4(ip, (uint16_t)f->reply_counter++);
	pp_answer_icmp(ip + PP_IP4_HLEN, PP_ICMP4_ECHO_REPLY);
	pkt->answer = true;
	return PP_DROP_ECHO_ANSWERED;
}

static inline enum pp_drop receive4(struct plain *f, struct pp_stack *s, struct pp_pkt *pkt)
{
	uint8_t *ip = pkt->data + PP_ETH_HLEN, *icmp = ip + PP_IP4_HLEN;
	size_t total = pp_get_be16(ip + 2);

	if (!headers_good4(ip, total, pkt->len - PP_ETH_HLEN) || !source_good4(f, ip + 12) ||
	    !is_ours4(f, pp_load32(ip + 16)) || !pp_sum_good(pp_sum(0, icmp, total - PP_IP4_HLEN)))
		return PP_OK;
	if (icmp[0] == f->request4)
		return answer4(f, pkt, ip, total);
	if (icmp[0] != PP_ICMP4_ECHO_REPLY)
		return PP_OK;
	struct pp_reply *reply = put_reply(f, s, pkt, icmp, total - PP_IP4_HLEN);
	reply->src.w[0] = reply->dst.w[0] = 0;
	reply->src.w[1] = MAPPED(pp_load32(ip + 12));
	reply->dst.w[1] = MAPPED(pp_load32(ip + 16));
	reply->ttl = ip[8];
	return LATER;
}

/* ---- IPv6 ------------------------------------------------------------------------------ */

static inline bool checksum_good6(const uint8_t *ip, size_t len)
{
	uint64_t pseudo = (uint64_t)WIRE16((uint16_t)len) + WIRE16(PP_IPPROTO_ICMP6);

	/* The addresses stand right before the message. */
	return pp_sum_good(pp_sum(pseudo, ip + 8, 32 + len));
}

/* As put_ip6 of answer.c: the traffic class stays, the flow label does not. */
static inline void turn_ip6(uint8_t *ip)
{
	const struct pp_addr src = load_addr(ip + 8), dst = load_addr(ip + 24);

	pp_store32(ip, pp_load32(ip) & WIRE32(0xfff00000));
	ip[7] = PP_ANSWER_TTL;
	memcpy(ip + 8, dst.b, sizeof(dst.b));
	memcpy(ip + 24, src.b, sizeof(src.b));
}

static inline enum pp_drop answer6(struct plain *f, struct pp_pkt *pkt, uint8_t *ip, size_t len)
{
	if (!cut_or_pad(pkt, PP_ETH_HLEN + PP_IP6_HLEN + len))
		return PP_OK;
	turn_eth(f, pkt->data);
	turn_ip6(ip);
	f->reply_counter++;
	pp_answer_icmp(ip + PP_IP6_HLEN, PP_ICMP6_ECHO_REPLY);
	pkt->answer = true;
	return PP_DROP_ECHO_ANSWERED;
}

static inline enum pp_drop receive6(struct plain *f, struct pp_stack *s, struct pp_pkt *pkt)
{
	uint8_t *ip = pkt->data + PP_ETH_HLEN, *icmp = ip + PP_IP6_HLEN;
	size_t len = pp_get_be16(ip + 4);
	const struct pp_addr src = load_addr(ip + 8), dst = load_addr(ip + 24);

	if (ip[6] != PP_IPPROTO_ICMP6 || len < PP_ICMP_HLEN ||
	    len > pkt->len - PP_ETH_HLEN - PP_IP6_HLEN || dst.w[0] == 0 || !source_good6(f, &src) ||
	    !is_ours6(f, &dst) || !checksum_good6(ip, len))
		return PP_OK;
	if (icmp[0] == f->request6)
		return answer6(f, pkt, ip, len);
	if (icmp[0] != PP_ICMP6_ECHO_REPLY)
		return PP_OK;
	struct pp_reply *reply = put_reply(f, s, pkt, icmp, len);
	reply->src = src;
	reply->dst = dst;
	reply->ttl = ip[7];
	return LATER;
}

/* ---- bursts -------------------------------------------------------------------------- */

/* The counter of a plain frame, PP_OK and nothing changed of any other. */
static inline enum pp_drop receive_plain(struct plain *f, struct pp_stack *s, struct pp_pkt *pkt)
{
	if (pkt->port != f->port && !take_port(f, pkt->port))
		return PP_OK;
	if (pkt->len - PLAIN4_MIN > f->max_len - PLAIN4_MIN ||
	    (pp_load64(pkt->data) ^ f->mac) & MAC_AND_GROUP)
		return PP_OK;
	uint32_t type = pp_load32(pkt->data + 12); /* EtherType, version, what follows it */
	if ((type & WIRE32(0xffffff00)) == WIRE32(PP_ETHER_IP4 << 16 | 0x4500))
		return receive4(f, s, pkt);
	if ((type & WIRE32(0xfffff000)) == WIRE32((uint32_t)PP_ETHER_IP6 << 16 | 0x6000) &&
	    pkt->len >= PLAIN6_MIN)
		return receive6(f, s, pkt);
	return PP_OK;
}

void pp_stack_receive(struct pp_stack *s, const struct pp_view *view, struct pp_pkt *pkts,
		      unsigned int n, struct pp_span rx)
{
	struct replies replies;
	struct plain f = begin(s, view, pkts, rx, &replies);
	unsigned int answered = 0;

	count(&s->delivered, n);
	for (unsigned int i = 0; i < n; i++) {
		pkts[i].answer = false;
		enum pp_drop fate = receive_plain(&f, s, &pkts[i]);
		if (fate == PP_OK) {
			end_replies(s, &f);
			s->reply_counter = f.reply_counter;
			fate = pp_receive_frame(s, view, &pkts[i], rx);
			f.reply_counter = s->reply_counter;
		}
		pkts[i].fate = (uint8_t)fate;
		answered += fate == PP_DROP_ECHO_ANSWERED;
		if (fate != PP_DROP_ECHO_ANSWERED && fate != LATER)
			count(&s->drops[fate], 1);
	}
	end_replies(s, &f);
	s->reply_counter = f.reply_counter;
	count(&s->drops[PP_DROP_ECHO_ANSWERED], answered);
}

void pp_stack_unsent(struct pp_stack *s, const struct pp_pkt *pkt)
{
	count(&s->drops[pkt->fate], (uint64_t)-1);
	count(&s->drops[PP_DROP_ANSWER_UNSENT], 1);
}

void pp_stack_drop(struct pp_stack *s, enum pp_drop why)
{
	count(&s->delivered, 1);
	count(&s->drops[why], 1);
}
