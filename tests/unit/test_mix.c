/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IMIX: exact proportions in every cycle, and answers to each size.
 */
#include "probe_fixture.h"

static struct pp_session_spec mix_of(struct fixture *f, bool v6)
{
	struct pp_session_spec spec = spec_of(f, v6);

	spec.mix[0] = v6 ? 16 : 18;
	spec.mix[1] = 500;
	spec.mix[2] = 1400;
	spec.interval = PP_MS(1);
	return spec;
}

/* Which of the sizes a frame is. */
static unsigned int size_of(const struct pp_session_spec *spec, bool v6, size_t len)
{
	for (unsigned int i = 0; i < PP_MIX_SIZES; i++)
		if (len + PP_ETH_FCS == pp_echo_frame(v6, spec->link.vlan, spec->mix[i]))
			return i;
	CU_FAIL_FATAL("a frame of no size");
	return 0;
}

/* Any twelve that follow each other are seven, four and one. */
static void proportions(bool v6)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = mix_of(f, v6);
	unsigned int seen[PP_MIX_SIZES] = {0}, last[PP_MIX_CYCLE];

	pp_session_ref ref = add_started(f, &spec);
	for (unsigned int k = 0; k < 120; k++) {
		CU_ASSERT_EQUAL_FATAL(burst(f), 1);
		unsigned int size = size_of(&spec, v6, f->batch.probe[0].len);
		if (k >= PP_MIX_CYCLE)
			seen[last[k % PP_MIX_CYCLE]]--;
		last[k % PP_MIX_CYCLE] = size;
		seen[size]++;
		CU_ASSERT(k < PP_MIX_CYCLE - 1 || (seen[0] == 7 && seen[1] == 4 && seen[2] == 1));
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
		f->now.v += spec.interval.v;
	}
	CU_ASSERT_EQUAL(counts(f, ref)->received, 120);
	CU_ASSERT_EQUAL(counts(f, ref)->corrupt, 0);
	teardown(f);
}

static void test_proportions(void)
{
	proportions(false);
	proportions(true);
}

/* Several at once, as at line rate. */
static void test_bursts(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = mix_of(f, false);
	unsigned int seen[PP_MIX_SIZES] = {0};

	spec.count = 24;
	pp_session_ref ref = add_started(f, &spec);
	f->now.v += PP_MS(30).v;
	CU_ASSERT_EQUAL_FATAL(burst(f), 24);
	for (unsigned int i = 0; i < 24; i++) {
		seen[size_of(&spec, false, f->batch.probe[i].len)]++;
		CU_ASSERT_TRUE(answer(f, f->frame[i]));
	}
	CU_ASSERT(seen[0] == 14 && seen[1] == 8 && seen[2] == 2);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 24);
	CU_ASSERT_EQUAL(f->n_done, 1);
	teardown(f);
}

/* A payload of the mix, but that of another probe. */
static void test_another_size(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = mix_of(f, false);

	spec.count = 2;
	pp_session_ref ref = add_started(f, &spec);
	f->now.v += PP_MS(5).v;
	CU_ASSERT_EQUAL_FATAL(burst(f), 2);
	CU_ASSERT(f->batch.probe[1].len > f->batch.probe[0].len);
	const size_t icmp = PP_ETH_HLEN + PP_IP4_HLEN;
	struct bytes p = reply_to(f->frame[1]);
	/* Sequence, number and token of the first. */
	memcpy(p.b + PP_IP4_HLEN + 6, f->frame[0] + icmp + 6, 2 + PP_TOKEN_SIZE);
	fix_sums(&p);
	CU_ASSERT_TRUE(take(f, &p));
	CU_ASSERT_EQUAL(counts(f, ref)->corrupt, 1);
	CU_ASSERT_EQUAL(counts(f, ref)->received, 0);
	CU_ASSERT_TRUE(answer(f, f->frame[1]));
	CU_ASSERT_EQUAL(counts(f, ref)->received, 1);
	teardown(f);
}

/* Routers that quote 8 bytes: the checksum is that of the probe's own size. */
static void test_errors(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = mix_of(f, false);

	spec.count = PP_MIX_CYCLE;
	pp_session_ref ref = add_started(f, &spec);
	f->now.v += PP_MS(20).v;
	CU_ASSERT_EQUAL_FATAL(burst(f), PP_MIX_CYCLE);
	for (unsigned int i = 0; i < PP_MIX_CYCLE; i++) {
		struct bytes p = error_about(f->frame[i], 3, 1, 8);
		CU_ASSERT_TRUE(take(f, &p));
	}
	CU_ASSERT_EQUAL(counts(f, ref)->error, PP_MIX_CYCLE);
	teardown(f);
}

/* Twelve targets in turn: neither one size each, nor one size a round. */
static void test_targets(void)
{
	struct fixture *f = setup(1024);
	struct pp_session_spec spec = mix_of(f, false);
	struct pp_target_spec targets[PP_MIX_CYCLE];
	unsigned int seen[PP_MIX_CYCLE][PP_MIX_SIZES] = {{0}};

	for (unsigned int i = 0; i < PP_MIX_CYCLE; i++) {
		targets[i] = (struct pp_target_spec){
			.addr = spec.target, .hop = spec.hop, .token = i + 1};
		targets[i].addr.b[15] = (uint8_t)(10 + i);
	}
	spec.targets = targets;
	spec.n_targets = PP_MIX_CYCLE;
	add_started(f, &spec);
	for (unsigned int k = 0; k < PP_MIX_CYCLE * PP_MIX_CYCLE; k++) {
		CU_ASSERT_EQUAL_FATAL(burst(f), 1);
		CU_ASSERT_TRUE(answer(f, f->frame[0]));
		seen[k % PP_MIX_CYCLE][size_of(&spec, false, f->batch.probe[0].len)]++;
		f->now.v += spec.interval.v;
	}
	for (unsigned int i = 0; i < PP_MIX_CYCLE; i++)
		CU_ASSERT(seen[i][0] == 7 && seen[i][1] == 4 && seen[i][2] == 1);
	teardown(f);
}

static void test_refused(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = mix_of(f, false);
	pp_session_ref ref;

	spec.mix[2] = 1473; /* the largest decides */
	CU_ASSERT_EQUAL(pp_session_add(f->table, &spec, &ref), -EMSGSIZE);
	spec = mix_of(f, false);
	spec.mix[0] = PP_TOKEN_SIZE - 1;
	CU_ASSERT_EQUAL(pp_session_add(f->table, &spec, &ref), -EINVAL);
	spec = mix_of(f, false);
	spec.mix[1] = 17;
	CU_ASSERT_EQUAL(pp_session_add(f->table, &spec, &ref), -EINVAL);
	teardown(f);
}

PP_TEST_MAIN("mix", {"seven, four and one of any twelve", test_proportions},
	     {"in bursts", test_bursts}, {"an answer of another size", test_another_size},
	     {"errors that quote 8 bytes", test_errors}, {"several targets", test_targets},
	     {"what is no mix", test_refused})
