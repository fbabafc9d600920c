/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The segment between the nodes: who gets a frame, when, how often and in what
 * state.
 */
#include "sim.h"

#include <stdlib.h>

#define ROOM_MIN  128 /* an advertisement is longer than the solicitation it answers */
#define TTL	  64
#define QUOTE_MAX 128

bool sim_chance(struct sim *s, double p)
{
	return p > 0 && pp_prng_unit(&s->rng) < p;
}

struct sim_frame *sim_frame(const uint8_t *data, size_t len)
{
	size_t room = len > ROOM_MIN ? len : ROOM_MIN;
	struct sim_frame *f = calloc(1, sizeof(*f) + room);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->len = (uint32_t)len;
	f->room = (uint32_t)room;
	memcpy(f->data, data, len);
	return f;
}

static struct sim_frame *copy_of(const struct sim_frame *f)
{
	struct sim_frame *c = sim_frame(f->data, f->len);

	c->ping = f->ping;
	c->k = f->k;
	c->harm = f->harm;
	c->error = f->error;
	return c;
}

size_t sim_echo(const uint8_t *data, size_t len)
{
	struct pp_eth eth;
	struct pp_ip ip;

	if (pp_eth_decode(data, len, &eth) || eth.type == PP_ETHER_ARP ||
	    pp_ip_decode(eth.body, eth.type, &ip) || ip.pay.left < PP_ICMP_HLEN)
		return 0;
	uint8_t type = ip.pay.at[0];
	bool echo = ip.v6 ? type == 128 || type == 129 : type == 0 || type == 8;
	return echo ? eth.hlen + ip.hlen : 0;
}

/* ---- harm ---- */

/* One bit behind number and token. */
static void flip_payload(struct sim *s, struct sim_frame *f, size_t icmp, bool repair)
{
	size_t from = icmp + PP_ICMP_HLEN + PP_TOKEN_SIZE;
	size_t at = from + pp_prng_below(&s->rng, f->len - from);
	uint8_t *word = f->data + (at - (at - icmp) % 2), *check = f->data + icmp + 2;
	uint16_t before = pp_get_be16(word);

	f->data[at] ^= (uint8_t)(1u << pp_prng_below(&s->rng, 8));
	if (repair)
		pp_put_be16(check,
			    pp_cksum_update16(pp_get_be16(check), before, pp_get_be16(word)));
}

static void flip_anywhere(struct sim *s, struct sim_frame *f)
{
	f->data[pp_prng_below(&s->rng, f->len)] ^= (uint8_t)(1u << pp_prng_below(&s->rng, 8));
}

static void harm(struct sim *s, struct sim_frame *f, enum sim_harm how, size_t icmp)
{
	f->harm = how;
	if (how == SIM_UNKNOWN)
		flip_anywhere(s, f);
	else
		flip_payload(s, f, icmp, how == SIM_CORRUPT);
}

/* ---- ICMP errors ---- */

static size_t put_error4(uint8_t *h, const struct pp_ip *ip, const uint8_t *quoted, size_t quote)
{
	uint8_t *icmp = h + PP_IP4_HLEN;
	size_t len = PP_ICMP_HLEN + quote;

	memset(h, 0, PP_IP4_HLEN + PP_ICMP_HLEN);
	h[0] = 0x45;
	pp_put_be16(h + 2, (uint16_t)(PP_IP4_HLEN + len));
	h[8] = TTL;
	h[9] = PP_IPPROTO_ICMP;
	memcpy(h + 12, ip->dst.b + 12, 4);
	memcpy(h + 16, ip->src.b + 12, 4);
	pp_put_be16(h + 10, pp_cksum_finish(pp_cksum_add(0, h, PP_IP4_HLEN)));
	icmp[0] = 3; /* destination unreachable */
	icmp[1] = 1; /* host */
	memcpy(icmp + PP_ICMP_HLEN, quoted, quote);
	pp_put_be16(icmp + 2, pp_cksum_finish(pp_cksum_add(0, icmp, len)));
	return PP_IP4_HLEN + len;
}

static size_t put_error6(uint8_t *h, const struct pp_ip *ip, const uint8_t *quoted, size_t quote)
{
	uint8_t *icmp = h + PP_IP6_HLEN;
	size_t len = PP_ICMP_HLEN + quote;
	uint32_t pseudo = pp_cksum_pseudo6(ip->dst.b, ip->src.b, (uint32_t)len, PP_IPPROTO_ICMP6);

	memset(h, 0, PP_IP6_HLEN + PP_ICMP_HLEN);
	h[0] = 0x60;
	pp_put_be16(h + 4, (uint16_t)len);
	h[6] = PP_IPPROTO_ICMP6;
	h[7] = TTL;
	memcpy(h + 8, ip->dst.b, 16);
	memcpy(h + 24, ip->src.b, 16);
	icmp[0] = 1; /* destination unreachable */
	icmp[1] = 3; /* address */
	memcpy(icmp + PP_ICMP_HLEN, quoted, quote);
	pp_put_be16(icmp + 2, pp_cksum_finish(pp_cksum_add(pseudo, icmp, len)));
	return PP_IP6_HLEN + len;
}

struct sim_frame *sim_error_of(const struct sim_frame *f)
{
	uint8_t frame[512];
	struct pp_eth eth;
	struct pp_ip ip;

	CU_ASSERT_EQUAL_FATAL(pp_eth_decode(f->data, f->len, &eth), PP_OK);
	CU_ASSERT_EQUAL_FATAL(pp_ip_decode(eth.body, eth.type, &ip), PP_OK);
	size_t quote = ip.hlen + ip.pay.left < QUOTE_MAX ? ip.hlen + ip.pay.left : QUOTE_MAX;
	size_t at = pp_eth_put(frame, &eth.src, &eth.dst, eth.vlan, eth.type);
	size_t len = ip.v6 ? put_error6(frame + at, &ip, eth.body.at, quote)
			   : put_error4(frame + at, &ip, eth.body.at, quote);
	struct sim_frame *e = sim_frame(frame, at + len);
	e->ping = f->ping;
	e->k = f->k;
	e->error = true;
	return e;
}

/* ---- delivery ---- */

static struct sim_node *node_with(struct sim *s, const uint8_t *mac)
{
	for (unsigned int i = 0; i < s->nodes; i++)
		if (memcmp(s->node[i].mac.b, mac, 6) == 0)
			return &s->node[i];
	return NULL;
}

/* A switch that knows everybody: to the one, or to all others. Takes the frame. */
static void deliver(struct sim_node *from, struct sim_frame *f, pp_ns at)
{
	struct sim *s = from->sim;
	struct sim_node *to = node_with(s, f->data);

	for (unsigned int i = 0; i < s->nodes; i++)
		if (!to && (&s->node[i] != from || from->loop))
			sim_schedule(s, copy_of(f), &s->node[i], at);
	if (to)
		sim_schedule(s, f, to, at);
	else
		free(f);
}

/* An echo frame meets the weather. */
static pp_ns delay_of(struct sim *s, const struct sim_link *l)
{
	int64_t delay = l->delay.v;

	if (l->jitter.v)
		delay += (int64_t)pp_prng_below(&s->rng, (uint64_t)l->jitter.v);
	if (sim_chance(s, l->reorder))
		delay += l->behind.v;
	return PP_NS(delay);
}

static void transmit_echo(struct sim_node *from, struct sim_frame *f, size_t icmp, pp_ns departs)
{
	const struct sim_link *l = &from->out;
	struct sim *s = from->sim;

	if (sim_chance(s, l->loss)) {
		free(f);
		return;
	}
	if (sim_chance(s, l->error)) {
		sim_schedule(s, sim_error_of(f), from, pp_ns_add(departs, delay_of(s, l)));
		free(f);
		return;
	}
	if (sim_chance(s, l->harm))
		harm(s, f, l->harm_to, icmp);
	if (sim_chance(s, l->dup))
		deliver(from, copy_of(f), pp_ns_add(departs, delay_of(s, l)));
	deliver(from, f, pp_ns_add(departs, delay_of(s, l)));
}

void sim_transmit(struct sim_node *from, struct sim_frame *f, pp_ns departs)
{
	size_t icmp = sim_echo(f->data, f->len);

	if (!from->up)
		free(f);
	else if (icmp)
		transmit_echo(from, f, icmp, departs);
	else
		deliver(from, f, pp_ns_add(departs, from->out.delay));
}
