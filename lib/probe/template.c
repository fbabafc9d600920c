/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probe frames: one template per session, and the few fields that change from target to
 * target and from probe to probe with the checksums that follow from them.
 */
#include "session.h"

#include <stdlib.h>

#define ETH_SRC	   6
#define IP4_ID	   4
#define IP4_CHECK  10
#define IP4_DST	   16
#define IP6_DST	   24
#define ICMP_CHECK 2
#define ICMP_ID	   4
#define ICMP_SEQ   6
#define TOKEN	   8 /* behind the number */
#define CHUNK	   64

const uint8_t pp_mix_cycle[PP_MIX_CYCLE] = {0, 1, 0, 0, 1, 0, 2, 0, 1, 0, 1, 0};

static struct pp_l3 template_l3(const struct pp_session_spec *spec, const struct pp_addr *target)
{
	return (struct pp_l3){
		.src_mac = spec->src_mac,
		.vlan = spec->link.vlan,
		.src = spec->source,
		.dst = *target,
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
	if (spec->size >= PP_TOKEN_SIZE)
		memset(payload, 0, PP_TOKEN_SIZE);
}

/* Takes the target out of a whole frame again, and sums what is left. */
static void sum_template(struct pp_template *t, size_t size)
{
	uint8_t *ip = t->frame + t->ip_off, *icmp = t->frame + t->icmp_off;
	uint32_t len = (uint32_t)(PP_ICMP_HLEN + size);

	pp_put_be16(icmp + ICMP_CHECK, 0);
	if (t->v6) {
		memset(ip + IP6_DST, 0, 16);
		t->icmp_sum = pp_cksum_pseudo6(ip + 8, ip + IP6_DST, len, PP_IPPROTO_ICMP6);
	} else {
		memset(ip + IP4_DST, 0, 4);
		pp_put_be16(ip + IP4_CHECK, 0);
		t->ip_sum = pp_cksum_add(0, ip, PP_IP4_HLEN);
	}
	t->icmp_sum = (uint16_t)~pp_cksum_finish(pp_cksum_add(t->icmp_sum, icmp, len));
}

struct pp_template *pp_template_create(const struct pp_session_spec *spec,
				       const struct pp_addr *target)
{
	struct pp_l3 l3 = template_l3(spec, target);
	size_t off = pp_echo_payload_offset(&l3);
	size_t room = off + spec->size > PP_ETH_MIN ? off + spec->size : PP_ETH_MIN;
	struct pp_template *t = calloc(1, sizeof(*t) + room + PP_WRITE_SLOP);

	if (!t)
		return NULL;
	fill_payload(t->frame + off, spec);
	t->v6 = !pp_addr_is4(target);
	t->weak = spec->size < PP_TOKEN_SIZE;
	t->size = spec->size;
	t->payload_off = (uint16_t)off;
	t->icmp_off = (uint16_t)(off - PP_ICMP_HLEN);
	t->ip_off = (uint16_t)(t->icmp_off - (t->v6 ? PP_IP6_HLEN : PP_IP4_HLEN));
	t->len = (uint16_t)pp_echo_build(t->frame, room, &l3, 0, 0, spec->size);
	if (!t->len) {
		free(t);
		return NULL;
	}
	sum_template(t, spec->size);
	return t;
}

/* ---- sums ------------------------------------------------------------------------- */

static uint32_t sum64(uint64_t v)
{
	return (uint32_t)(v >> 48) + (uint16_t)(v >> 32) + (uint16_t)(v >> 16) + (uint16_t)v;
}

static uint16_t fold(uint32_t sum)
{
	return (uint16_t)~pp_cksum_finish(sum);
}

void pp_template_sum_target(const struct pp_template *t, struct pp_target *g)
{
	uint32_t addr = t->v6 ? pp_cksum_add(0, g->addr.b, 16) : pp_cksum_add(0, g->addr.b + 12, 4);

	g->ip_sum = t->v6 ? 0 : fold(addr);
	g->icmp_sum = fold((t->v6 ? addr : 0) + g->id + (t->weak ? 0 : sum64(g->token)));
}

/* Cheaper than folding any 32 bits: at most 18 of them are set. */
static inline uint16_t finish(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

uint16_t pp_template_check(const struct pp_template *t, const struct pp_target *g, uint16_t seq,
			   uint64_t number)
{
	return finish(t->icmp_sum + g->icmp_sum + seq + (t->weak ? 0 : sum64(number)));
}

/* ---- frames ----------------------------------------------------------------------- */

/* Whole chunks, of which the compiler makes a few vector moves each. */
static inline void copy_frame(uint8_t *restrict to, const uint8_t *restrict from, size_t len)
{
	memcpy(to, from, CHUNK);
	for (size_t at = CHUNK; at < len; at += CHUNK)
		memcpy(to + at, from + at, CHUNK);
}

PP_INLINE void put_target(const struct pp_template *t, const struct pp_target *g, uint64_t word,
			  uint8_t *frame)
{
	struct pp_mac mac = pp_hop_mac(word);
	uint8_t *ip = frame + t->ip_off;

	memcpy(frame, mac.b, sizeof(mac.b));
	if (t->v6) {
		pp_put_be32(ip, pp_get_be32(ip) | pp_target_flow(g));
		memcpy(ip + IP6_DST, g->addr.b, 16);
	} else {
		memcpy(ip + IP4_DST, g->addr.b + 12, 4);
	}
	pp_put_be16(frame + t->icmp_off + ICMP_ID, g->id);
	if (!t->weak)
		pp_put_be64(frame + t->payload_off + TOKEN, g->token);
}

/* What successive probes of one target have in common, where the compiler can see that it
 * does not change. */
struct patch {
	uint32_t ip_sum, icmp_sum; /* without id, sequence and number */
	uint16_t id;		   /* IPv4 identification of sequence 0 */
	uint16_t ip_off, icmp_off, payload_off;
	bool v6, weak;
};

static inline struct patch patch_of(const struct pp_template *t, const struct pp_target *g)
{
	return (struct patch){
		.ip_sum = t->ip_sum + g->ip_sum,
		.icmp_sum = t->icmp_sum + g->icmp_sum,
		.id = pp_target_ip_id(g, 0),
		.ip_off = t->ip_off,
		.icmp_off = t->icmp_off,
		.payload_off = t->payload_off,
		.v6 = t->v6,
		.weak = t->weak,
	};
}

/* `sum` is that of the number. */
PP_INLINE void put_probe(const struct patch *x, uint16_t seq, uint64_t number, uint32_t sum,
			 uint8_t *frame)
{
	uint8_t *ip = frame + x->ip_off, *icmp = frame + x->icmp_off;

	if (!x->v6) {
		uint16_t id = (uint16_t)(x->id + seq);
		pp_put_be16(ip + IP4_ID, id);
		pp_put_be16(ip + IP4_CHECK, finish(x->ip_sum + id));
	}
	if (!x->weak)
		pp_put_be64(frame + x->payload_off, number);
	pp_put_be16(icmp + ICMP_SEQ, seq);
	pp_put_be16(icmp + ICMP_CHECK, finish(x->icmp_sum + seq + sum));
}

/* ---- plain frames: untagged IPv4 with the number and the token ---------------------------
 * Their first 64 bytes are put together in words of eight, which are stored once: what
 * limits the general way is the number of its stores. A run's frames need fewer anyway. */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PLAIN_WORDS (CHUNK / 8)

struct plain {
	uint64_t word[PLAIN_WORDS];
};

static inline bool is_plain(const struct pp_template *t)
{
	return !t->v6 && !t->weak && t->ip_off == PP_ETH_HLEN;
}

static inline struct plain plain_of(const struct pp_template *t)
{
	struct plain f;

	memcpy(f.word, t->frame, sizeof(f.word));
	return f;
}

static inline void put_word(uint8_t *at, uint64_t word)
{
	memcpy(at, &word, sizeof(word));
}

/* What is the target's: MAC address at 0, destination at 30, id at 38, token at 50. */
static inline void plain_target(struct plain *f, const struct pp_target *g, uint64_t hop)
{
	uint32_t dst;
	uint64_t token = PP_BE64(g->token);

	memcpy(&dst, g->addr.b + 12, sizeof(dst));
	f->word[0] |= hop & (UINT64_MAX >> 16);
	f->word[3] |= (uint64_t)dst << 48;
	f->word[4] |= dst >> 16 | (uint64_t)PP_BE16(g->id) << 48;
	f->word[6] |= token << 16;
	f->word[7] |= token >> 48;
}

/* What is the probe's: identification at 18, checksums at 24 and 36, sequence at 40, number
 * at 42. */
static inline void plain_probe(const struct plain *f, const struct patch *x, uint16_t seq,
			       uint64_t number, uint32_t sum, uint8_t *frame)
{
	uint16_t id = (uint16_t)(x->id + seq);
	uint16_t ip_check = finish(x->ip_sum + id), check = finish(x->icmp_sum + seq + sum);
	uint64_t n = PP_BE64(number);

	/* One by one: put together on the stack they would be copied by wider loads, which
	 * wait for these stores. */
	put_word(frame, f->word[0]);
	put_word(frame + 8, f->word[1]);
	put_word(frame + 16, f->word[2] | (uint64_t)PP_BE16(id) << 16);
	put_word(frame + 24, f->word[3] | PP_BE16(ip_check));
	put_word(frame + 32, f->word[4] | (uint64_t)PP_BE16(check) << 32);
	put_word(frame + 40, f->word[5] | PP_BE16(seq) | n << 16);
	put_word(frame + 48, f->word[6] | n >> 48);
	put_word(frame + 56, f->word[7]);
}

static void write_plain_sweep(const struct pp_template *t, const struct pp_target *first,
			      uint64_t k, uint64_t number, const struct pp_batch_probe *probe,
			      uint8_t *const *frames, unsigned int n)
{
	const struct plain all = plain_of(t);
	uint16_t seq = pp_session_seq(k);
	uint32_t sum = sum64(number);

	for (unsigned int i = 0; i < n; i++) {
		const struct patch x = patch_of(t, &first[i]);
		struct plain f = all;
		plain_target(&f, &first[i], probe[i].hop);
		plain_probe(&f, &x, seq, number + i, sum + i, frames[i]);
		for (size_t at = CHUNK; at < t->len; at += CHUNK)
			memcpy(frames[i] + at, t->frame + at, CHUNK);
	}
}
#else
static inline bool is_plain(const struct pp_template *t)
{
	(void)t;
	return false;
}
#define write_plain_sweep(...)
#endif

/* ---- any frame ----------------------------------------------------------------------------- */

void pp_template_write(const struct pp_template *t, const struct pp_target *g, uint64_t k,
		       uint64_t number, uint64_t word, uint8_t *frame)
{
	const struct patch x = patch_of(t, g);

	copy_frame(frame, t->frame, t->len);
	put_target(t, g, word, frame);
	put_probe(&x, pp_session_seq(k), number, x.weak ? 0 : sum64(number), frame);
}

/* Numbers of a run differ in their last five bits. */
void pp_template_write_run(const struct pp_template *t, const struct pp_target *g, uint64_t k,
			   uint64_t number, uint64_t word, uint8_t *const *frames, unsigned int n)
{
	const struct patch x = patch_of(t, g);
	uint32_t sum = x.weak ? 0 : sum64(number);
	size_t len = t->len;
	uint8_t head[2 * CHUNK];

	copy_frame(head, t->frame, len < sizeof(head) ? len : sizeof(head));
	put_target(t, g, word, head);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *restrict frame = frames[i];
		memcpy(frame, head, CHUNK);
		if (len > CHUNK)
			memcpy(frame + CHUNK, head + CHUNK, CHUNK);
		for (size_t at = sizeof(head); at < len; at += CHUNK)
			memcpy(frame + at, t->frame + at, CHUNK);
		put_probe(&x, pp_session_seq(k + i), number + i, sum + (x.weak ? 0 : i), frame);
	}
}

void pp_template_write_sweep(const struct pp_template *t, const struct pp_target *first, uint64_t k,
			     uint64_t number, const struct pp_batch_probe *probe,
			     uint8_t *const *frames, unsigned int n)
{
	uint32_t sum = t->weak ? 0 : sum64(number);
	uint16_t seq = pp_session_seq(k);
	size_t len = t->len;

	if (is_plain(t)) {
		write_plain_sweep(t, first, k, number, probe, frames, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		const struct patch x = patch_of(t, &first[i]);
		copy_frame(frames[i], t->frame, len);
		put_target(t, &first[i], probe[i].hop, frames[i]);
		put_probe(&x, seq, number + i, sum + (x.weak ? 0 : i), frames[i]);
	}
}
