/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probe frames: what is written by patching is what would be written in full, of every
 * size, family, tag and pattern.
 */
#include "probe_fixture.h"
#include "../../lib/probe/session.h"

/* The frame of slot k as lib/proto builds it from the beginning. */
static size_t build_in_full(uint8_t *frame, const struct pp_session_spec *spec,
			    const struct pp_session *s, uint64_t k, uint64_t number)
{
	struct pp_l3 l3 = {
		.dst_mac = peer_mac,
		.src_mac = spec->src_mac,
		.vlan = spec->link.vlan,
		.src = spec->source,
		.dst = spec->target,
		.tos = spec->tos,
		.ttl = spec->ttl,
		.df = spec->df,
		.ip_id = (uint16_t)(k + 1 + (spec->token >> 48)),
	};
	uint8_t *payload = frame + pp_echo_payload_offset(&l3);

	for (size_t i = 0; i < spec->size; i++)
		payload[i] = spec->pattern_len ? spec->pattern[i % spec->pattern_len] : (uint8_t)i;
	if (spec->size >= PP_TOKEN_SIZE) {
		pp_put_be64(payload, number);
		pp_put_be64(payload + 8, spec->token);
	}
	size_t len = pp_echo_build(frame, FRAME_MAX, &l3, pp_session_id(s), (uint16_t)(k + 1),
				   spec->size);
	uint8_t *ip = frame + ip_offset(frame);
	if (is_v6(frame)) /* no checksum covers the flow label */
		pp_put_be32(ip, pp_get_be32(ip) | pp_target_flow(s->target));
	return len;
}

static struct pp_session_spec random_spec(struct fixture *f, struct pp_prng *rng)
{
	static uint8_t pattern[16];
	struct pp_session_spec spec = spec_of(f, pp_prng_next(rng) & 1);

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)pp_prng_next(rng);
	spec.size = (uint16_t)pp_prng_below(rng, pp_prng_next(rng) & 1 ? 40 : 1453);
	spec.link.vlan = pp_prng_next(rng) & 1 ? (uint16_t)(1 + pp_prng_below(rng, 4094)) : 0;
	spec.tos = (uint8_t)pp_prng_next(rng);
	spec.ttl = (uint8_t)(1 + pp_prng_below(rng, 255));
	spec.df = pp_prng_next(rng) & 1;
	spec.token = pp_prng_next(rng);
	spec.pattern = pattern;
	spec.pattern_len = (uint8_t)pp_prng_below(rng, 17);
	spec.digits = 1;
	return spec;
}

static void patched_is_built(void)
{
	static uint8_t patched[FRAME_MAX], built[FRAME_MAX];
	uint64_t word = UINT64_C(1) << 48;
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int i = 0; i < 6; i++)
		word |= (uint64_t)peer_mac.b[i] << 8 * i;
	for (unsigned int i = 0; i < 3000; i++) {
		struct fixture *f = setup(64);
		struct pp_session_spec spec = random_spec(f, &rng);
		const struct pp_session *s = pp_session_get(f->table, add(f, &spec));
		uint64_t k = pp_prng_next(&rng) >> pp_prng_below(&rng, 64);
		uint64_t number = pp_prng_next(&rng) >> pp_prng_below(&rng, 64);
		memset(patched, 0xa5, sizeof(patched));
		pp_template_write(s->tmpl, s->target, k, number, word, patched);
		size_t len = build_in_full(built, &spec, s, k, number);
		if (len != pp_session_frame_len(s) || memcmp(patched, built, len) != 0)
			CU_FAIL_FATAL("not what would be built");
		if (patched[len + PP_WRITE_SLOP] != 0xa5)
			CU_FAIL_FATAL("written far behind the frame");
		teardown(f);
	}
}

/* Many at once are what they would be one by one: a target's successive slots, and targets
 * in a row. */
static void many_at_once(void)
{
	static uint8_t many[PP_TX_BURST][FRAME_MAX], one[FRAME_MAX];
	struct pp_batch_probe probe[PP_TX_BURST];
	struct pp_target_spec targets[PP_TX_BURST];
	uint8_t *frames[PP_TX_BURST];
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int i = 0; i < 2000; i++) {
		struct fixture *f = setup(64);
		struct pp_session_spec spec = random_spec(f, &rng);
		uint64_t k = pp_prng_next(&rng), number = pp_prng_next(&rng) << 5;
		bool sweep = i & 1;
		for (unsigned int j = 0; j < PP_TX_BURST; j++) {
			targets[j] = (struct pp_target_spec){
				.addr = spec.target, .hop = &f->hop, .token = pp_prng_next(&rng)};
			targets[j].addr.b[15] = (uint8_t)(j + 1);
			probe[j].hop = UINT64_C(1) << 48 | pp_prng_next(&rng) >> 16;
			frames[j] = many[j];
		}
		spec.targets = targets;
		spec.n_targets = PP_TX_BURST;
		const struct pp_session *s = pp_session_get(f->table, add(f, &spec));
		if (sweep)
			pp_template_write_sweep(s->tmpl, s->target, k, number, probe, frames,
						PP_TX_BURST);
		else
			pp_template_write_run(s->tmpl, s->target, k, number, probe[0].hop, frames,
					      PP_TX_BURST);
		for (unsigned int j = 0; j < PP_TX_BURST; j++) {
			pp_template_write(s->tmpl, &s->target[sweep ? j : 0], sweep ? k : k + j,
					  number + j, probe[sweep ? j : 0].hop, one);
			if (memcmp(one, many[j], pp_session_frame_len(s)) != 0)
				CU_FAIL_FATAL("not what one by one would be");
		}
		teardown(f);
	}
}

/* The checksum field as it is written is what a quote is compared with. */
static void check_is_foretold(void)
{
	struct fixture *f = setup(64);

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct pp_session_spec spec = spec_of(f, v6);
		const struct pp_session *s = pp_session_get(f->table, add(f, &spec));
		size_t at = PP_ETH_HLEN + (v6 ? PP_IP6_HLEN : PP_IP4_HLEN) + 2;
		for (uint64_t k = 0; k < 200000; k++) {
			pp_template_write(s->tmpl, s->target, k, k << 5, 0, f->frame[0]);
			if (pp_get_be16(f->frame[0] + at) !=
			    pp_template_check(s->tmpl, s->target, (uint16_t)(k + 1), k << 5))
				CU_FAIL_FATAL("another checksum");
		}
	}
	CU_PASS("foretold");
	teardown(f);
}

PP_TEST_MAIN("template", {"CK-05 a patched probe is the probe built in full", patched_is_built},
	     {"CK-05 many at once are the same", many_at_once},
	     {"CK-05 the checksum that a quote must have", check_is_foretold})
