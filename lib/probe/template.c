/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probe frames: one template per session, and the few fields that change from probe
 * to probe with the checksums that follow from them.
 */
#include "session.h"

#include <stdlib.h>

static struct pp_l3 template_l3(const struct pp_session_spec *spec)
{
	return (struct pp_l3){
		.src_mac = spec->src_mac,
		.vlan = spec->link.vlan,
		.src = spec->source,
		.dst = spec->target,
		.tos = spec->tos,
		.ttl = spec->ttl,
		.df = spec->df,
	};
}

/* ping's filling: byte i is i, or the pattern over and over. */
static void fill_payload(uint8_t *payload, const struct pp_session_spec *spec)
{
	for (unsigned int i = 0; i < spec->size; i++)
		payload[i] = spec->pattern_len ? spec->pattern[i % spec->pattern_len] : (uint8_t)i;
}

/* Sums for probes: what is left of a checksum once the changing words are zero. */
static void sum_template(struct pp_template *t)
{
	uint8_t *ip = t->frame + t->ip_off, *icmp = t->frame + t->icmp_off;

	if (!t->v6) {
		pp_put_be16(ip + 10, 0);
		t->ip_sum = pp_cksum_add(0, ip, PP_IP4_HLEN);
	}
	t->icmp_sum = (uint16_t)~pp_get_be16(icmp + 2);
	pp_put_be16(icmp + 2, 0);
}

struct pp_template *pp_template_create(const struct pp_session_spec *spec, uint16_t id,
				       uint64_t token)
{
	struct pp_l3 l3 = template_l3(spec);
	size_t off = pp_echo_payload_offset(&l3);
	size_t room = off + spec->size > PP_ETH_MIN ? off + spec->size : PP_ETH_MIN;
	struct pp_template *t = calloc(1, sizeof(*t) + room);

	if (!t)
		return NULL;
	fill_payload(t->frame + off, spec);
	if (!(spec->flags & PP_SESSION_WEAK)) {
		pp_put_be64(t->frame + off, 0);
		pp_put_be64(t->frame + off + 8, token);
	}
	t->v6 = !pp_addr_is4(&spec->target);
	t->payload_off = (uint16_t)off;
	t->icmp_off = (uint16_t)(off - PP_ICMP_HLEN);
	t->ip_off = (uint16_t)(t->icmp_off - (t->v6 ? PP_IP6_HLEN : PP_IP4_HLEN));
	t->len = (uint16_t)pp_echo_build(t->frame, room, &l3, id, 0, spec->size);
	if (!t->len) {
		free(t);
		return NULL;
	}
	sum_template(t);
	return t;
}

void pp_template_write(const struct pp_session *s, uint64_t k, uint64_t number, uint64_t word,
		       uint8_t *frame)
{
	const struct pp_template *t = s->tmpl;
	uint16_t seq = pp_session_seq(k);
	struct pp_mac mac = pp_hop_mac(word);

	memcpy(frame, t->frame, t->len);
	memcpy(frame, mac.b, sizeof(mac.b));
	if (!t->v6) {
		uint16_t ip_id = pp_session_ip_id(s, seq);
		pp_put_be16(frame + t->ip_off + 4, ip_id);
		pp_put_be16(frame + t->ip_off + 10, pp_cksum_finish(t->ip_sum + ip_id));
	}
	if (s->flags & PP_SESSION_WEAK)
		number = 0;
	else
		pp_put_be64(frame + t->payload_off, number);
	pp_put_be16(frame + t->icmp_off + 6, seq);
	pp_put_be16(frame + t->icmp_off + 2, pp_template_check(t, seq, number));
}
