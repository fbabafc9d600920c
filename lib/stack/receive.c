/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a frame that a port delivered: any frame, by the decoders. What can be
 * answered is answered in place, what concerns the neighbour cache goes to the control
 * thread as an event, what belongs to a probe to the worker that sent it. burst.c does
 * the same for the commonest frames.
 */
#include "receive.h"

#include "answer.h"

enum { ND_NS = 135, ND_NA = 136 };

/* One frame on its way through. */
struct frame {
	struct pp_stack *s;
	const struct pp_view *view;
	const struct pp_view_port *port;
	struct pp_pkt *pkt;
	struct pp_span rx;
	struct pp_link link;
	struct pp_eth eth;
};

/* ---- neighbours ------------------------------------------------------------------ */

static bool hear(const struct frame *f, struct pp_neigh_heard heard, const struct pp_addr *target)
{
	struct pp_event e = {
		.kind = PP_EVENT_HEARD, .at = f->rx.to, .heard = heard, .target = *target};

	e.heard.link = f->link;
	e.heard.onlink = pp_view_onlink(f->view, f->link, &heard.addr);
	return f->s->ops->event(f->s->arg, &e);
}

static enum pp_drop answer_arp(const struct frame *f, const struct pp_arp *arp)
{
	struct pp_arp reply = {
		.op = PP_ARP_REPLY,
		.sha = f->port->mac,
		.tha = arp->sha,
		.spa = arp->tpa,
		.tpa = arp->spa,
	};
	size_t len = pp_arp_build(f->pkt->data, f->pkt->room, &arp->sha, f->link.vlan, &reply);

	if (len == 0)
		return PP_DROP_ANSWER_UNSENT;
	f->pkt->len = (uint32_t)len;
	f->pkt->answer = true;
	return PP_DROP_NEIGH_ANSWERED;
}

static enum pp_drop receive_arp(const struct frame *f)
{
	struct pp_arp arp;
	enum pp_drop drop = pp_arp_decode(f->eth.body, &arp);

	if (drop)
		return drop;
	enum pp_view_dst target = pp_view_classify(f->view, f->link, &arp.tpa);
	enum pp_view_dst sender = pp_view_classify(f->view, f->link, &arp.spa);
	/* Our own, come back. The MAC alone does not say so: the kernel's end of a
	 * net_tap port has the same one. */
	if (pp_mac_eq(&arp.sha, &f->port->mac) &&
	    (sender == PP_DST_OURS || pp_addr_is_any(&arp.spa)))
		return PP_DROP_ARP_SENDER;
	if (sender == PP_DST_BROADCAST)
		return PP_DROP_ARP_SENDER; /* nobody's address: nothing to learn from it */
	bool ours = target == PP_DST_OURS, reply = arp.op == PP_ARP_REPLY;
	struct pp_neigh_heard heard = {
		.addr = arp.spa,
		.mac = arp.sha,
		.has_mac = true,
		.reply = reply,
		.for_us = ours && !reply,
		.solicited = reply && ours && !f->eth.group,
		.override = true,
	};
	bool heard_it = hear(f, heard, &arp.tpa);
	if (sender == PP_DST_OURS)
		return PP_DROP_ARP_SENDER;
	if (ours && !reply)
		return answer_arp(f, &arp);
	if (!reply && target != PP_DST_TENTATIVE)
		return PP_DROP_ARP_OTHER;
	return heard_it ? PP_DROP_NEIGH_LEARNED : PP_DROP_EVENT_LOST;
}

/* NA as RFC 4861 7.2.4: to all nodes when the question came from nobody. */
static enum pp_drop answer_ns(const struct frame *f, const struct pp_ip *ip, const struct pp_nd *ns)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	bool from_nobody = pp_addr_is_any(&ip->src);
	struct pp_nd na = {
		.advert = true,
		.solicited = !from_nobody,
		.override = true,
		.has_lla = true,
		.lla = f->port->mac,
		.target = ns->target,
	};
	struct pp_l3 l3 = {
		.src_mac = f->port->mac,
		.vlan = f->link.vlan,
		.src = ns->target,
		.dst = from_nobody ? pp_addr_from6(all_nodes) : ip->src,
	};
	l3.dst_mac = from_nobody ? pp_mac_of_group(&l3.dst) : ns->has_lla ? ns->lla : f->eth.src;
	size_t len = pp_nd_build(f->pkt->data, f->pkt->room, &l3, &na);

	if (len == 0)
		return PP_DROP_ANSWER_UNSENT;
	f->pkt->len = (uint32_t)len;
	f->pkt->answer = true;
	return PP_DROP_NEIGH_ANSWERED;
}

static bool is_ours(const struct frame *f, const struct pp_addr *addr)
{
	return pp_view_classify(f->view, f->link, addr) == PP_DST_OURS;
}

static enum pp_drop receive_nd(const struct frame *f, const struct pp_ip *ip,
			       const struct pp_icmp *icmp)
{
	struct pp_nd nd;
	enum pp_drop drop = pp_nd_decode(ip, icmp, &nd);

	if (drop)
		return drop;
	enum pp_view_dst target = pp_view_classify(f->view, f->link, &nd.target);
	bool ours = target == PP_DST_OURS, from_ours = is_ours(f, &ip->src);
	struct pp_neigh_heard heard = {
		.addr = nd.advert ? nd.target : ip->src,
		.mac = nd.has_lla ? nd.lla : f->eth.src, /* tells a loop from a rival */
		.has_mac = nd.has_lla,
		.reply = nd.advert,
		.for_us = ours && !nd.advert,
		.solicited = nd.solicited,
		.override = nd.override,
	};
	if (!nd.advert && !from_ours && !ours && target != PP_DST_TENTATIVE)
		return PP_DROP_ND_OTHER;
	bool heard_it = hear(f, heard, &nd.target);
	if (from_ours)
		return PP_DROP_IP_SOURCE;
	if (ours && !nd.advert)
		return answer_ns(f, ip, &nd);
	return heard_it ? PP_DROP_NEIGH_LEARNED : PP_DROP_EVENT_LOST;
}

/* ---- probes ------------------------------------------------------------------------ */

enum pp_drop pp_receive_echo_reply(struct pp_stack *s, struct pp_span rx, const struct pp_ip *ip,
				   const struct pp_icmp *icmp)
{
	struct pp_receipt r = {.rx = rx, .stalled = s->stalled};

	if (!pp_sessions_match(s->sessions, ip, icmp, &r))
		return PP_DROP_ECHO_UNMATCHED;
	if (!s->probers[r.owner])
		return s->ops->receipts(s->arg, &r, 1) ? PP_DROP_ECHO_MATCHED
						       : PP_DROP_RECEIPT_LOST;
	return pp_prober_answer(s->probers[r.owner], &r) ? PP_DROP_ECHO_MATCHED
							 : PP_DROP_ECHO_UNMATCHED;
}

static enum pp_drop receive_error(const struct frame *f, const struct pp_ip *ip,
				  const struct pp_icmp *icmp)
{
	enum pp_drop unmatched =
		icmp->kind == PP_ICMP_QUENCH ? PP_DROP_ICMP_QUENCH : PP_DROP_ICMP_UNMATCHED;
	struct pp_stack *s = f->s;
	struct pp_quote q;
	enum pp_drop drop = pp_icmp_quote(icmp, &q);

	if (drop) /* a source quench is discarded whatever it quotes (RFC 6633) */
		return icmp->kind == PP_ICMP_QUENCH ? PP_DROP_ICMP_QUENCH : drop;
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
		.rx = f->rx,
		.has_number = q.payload.left >= PP_TOKEN_SIZE,
	};
	if (e.has_number)
		e.number = pp_get_be64(q.payload.at);
	if (!pp_sessions_match_quote(s->sessions, &q, &e))
		return unmatched;
	if (!s->probers[e.owner])
		return s->ops->error(s->arg, &e) ? PP_DROP_ERROR_MATCHED : PP_DROP_RECEIPT_LOST;
	return pp_prober_error(s->probers[e.owner], &e) ? PP_DROP_ERROR_MATCHED : unmatched;
}

/* ---- IP --------------------------------------------------------------------------- */

static enum pp_drop receive_icmp(const struct frame *f, const struct pp_ip *ip,
				 enum pp_view_dst dst)
{
	struct pp_icmp icmp;
	enum pp_drop drop = pp_icmp_decode(ip, &icmp);

	if (drop)
		return drop;
	if (icmp.kind == PP_ICMP_NS || icmp.kind == PP_ICMP_NA)
		return receive_nd(f, ip, &icmp);
	if (dst == PP_DST_TENTATIVE)
		return PP_DROP_IP_OTHER_DST;
	if (dst != PP_DST_OURS)
		return PP_DROP_IP_GROUP_DST;
	switch (icmp.kind) {
	case PP_ICMP_ECHO_REQUEST:
		if (!f->view->respond)
			return PP_DROP_ECHO_MUTED;
		return pp_answer_echo(f->pkt, &f->eth, &f->port->mac, ip,
				      (uint16_t)f->s->reply_counter++);
	case PP_ICMP_ECHO_REPLY:
		return pp_receive_echo_reply(f->s, f->rx, ip, &icmp);
	case PP_ICMP_ERROR:
	case PP_ICMP_REDIRECT:
	case PP_ICMP_QUENCH:
		return receive_error(f, ip, &icmp);
	default:
		return PP_DROP_ICMP_TYPE;
	}
}

static bool is_nd(const struct pp_ip *ip)
{
	return ip->v6 && ip->proto == PP_IPPROTO_ICMP6 && ip->pay.left > 0 &&
	       (ip->pay.at[0] == ND_NS || ip->pay.at[0] == ND_NA);
}

/* From our own address: nobody's packet, but where it speaks of neighbours the
 * control thread has to know that somebody uses it (ARP-19 for IPv6). */
static enum pp_drop check_source(const struct frame *f, const struct pp_ip *ip)
{
	switch (pp_view_classify(f->view, f->link, &ip->src)) {
	case PP_DST_OURS:
		return is_nd(ip) ? PP_OK : PP_DROP_IP_SOURCE;
	case PP_DST_BROADCAST:
		return PP_DROP_IP_SOURCE;
	default:
		return PP_OK;
	}
}

static enum pp_drop receive_ip(const struct frame *f)
{
	struct pp_ip ip;
	enum pp_drop drop = pp_ip_decode(f->eth.body, f->eth.type, &ip);

	if (!drop)
		drop = check_source(f, &ip);
	if (drop)
		return drop;
	enum pp_view_dst dst = pp_view_classify(f->view, f->link, &ip.dst);
	if (dst == PP_DST_OTHER)
		return PP_DROP_IP_OTHER_DST;
	if (dst == PP_DST_BROADCAST || dst == PP_DST_GROUP)
		return PP_DROP_IP_GROUP_DST;
	if (f->eth.group && dst != PP_DST_GROUP_JOINED)
		return PP_DROP_IP_LINK_GROUP;
	if (ip.fragment)
		return PP_DROP_IP_FRAGMENT;
	if (ip.proto != (ip.v6 ? PP_IPPROTO_ICMP6 : PP_IPPROTO_ICMP))
		return PP_DROP_IP_PROTO;
	return receive_icmp(f, &ip, dst);
}

static enum pp_drop receive_frame(struct frame *f)
{
	enum pp_drop drop = pp_eth_decode(f->pkt->data, f->pkt->len, &f->eth);

	if (drop)
		return drop;
	f->port = pp_view_port(f->view, f->pkt->port);
	if (!f->port || (!f->eth.group && !pp_mac_eq(&f->eth.dst, &f->port->mac)))
		return PP_DROP_ETH_OTHER_MAC;
	if (f->pkt->len > (uint32_t)f->port->mtu + f->eth.hlen)
		return PP_DROP_ETH_LENGTH;
	f->link = (struct pp_link){.port = f->pkt->port, .vlan = f->eth.vlan};
	if (!pp_view_has_vlan(f->view, f->link))
		return PP_DROP_VLAN_OTHER;
	return f->eth.type == PP_ETHER_ARP ? receive_arp(f) : receive_ip(f);
}

enum pp_drop pp_receive_frame(struct pp_stack *s, const struct pp_view *view, struct pp_pkt *pkt,
			      struct pp_span rx)
{
	struct frame f = {.s = s, .view = view, .pkt = pkt, .rx = rx};

	return receive_frame(&f);
}
