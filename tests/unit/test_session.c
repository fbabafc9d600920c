/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session table: handles and their generations, identifiers, what a specification
 * may ask for, and what it costs.
 */
#include "probe_fixture.h"

#include <malloc.h>
#include <math.h>

static int try_add(struct fixture *f, const struct pp_session_spec *spec)
{
	pp_session_ref ref = 77;
	int err = pp_session_add(f->table, spec, &ref);

	if (err) {
		CU_ASSERT_EQUAL(ref, 77);
		return err;
	}
	pp_session_unlink(f->table, ref);
	pp_session_reclaim(f->table, ref);
	return 0;
}

/* A reply of that session as pp_sessions_match sees it. */
static bool matches(const struct fixture *f, const struct pp_session_spec *spec, pp_session_ref ref)
{
	uint8_t payload[56];
	struct pp_ip ip = {.src = spec->target, .dst = spec->source};
	struct pp_icmp icmp = {.kind = PP_ICMP_ECHO_REPLY,
			       .id = pp_session_id(pp_session_get(f->table, ref)),
			       .body = pp_cur(payload, sizeof(payload))};
	struct pp_receipt r;

	memset(payload, 0, sizeof(payload));
	pp_put_be64(payload + 8, spec->token);
	return pp_sessions_match(f->table, &ip, &icmp, &r) && r.session == ref;
}

static void handles_have_generations(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	pp_session_ref first, second, old;

	spec.digits = 1;
	first = old = add(f, &spec);
	second = add(f, &spec);
	CU_ASSERT_NOT_EQUAL(first, 0);
	CU_ASSERT_NOT_EQUAL(first, second);
	CU_ASSERT_PTR_NULL(pp_session_get(f->table, 0));
	CU_ASSERT_PTR_NULL(pp_session_get(f->table, 1000));
	CU_ASSERT_PTR_NULL(pp_session_get(f->table, UINT32_MAX));
	for (unsigned int i = 0; i < 5000; i++) { /* the generation has 12 bits */
		pp_session_unlink(f->table, old);
		pp_session_reclaim(f->table, old);
		if (pp_session_get(f->table, old))
			CU_FAIL_FATAL("a stale handle");
		pp_session_ref next = add(f, &spec);
		if (next == old || next == 0 || !pp_session_get(f->table, next))
			CU_FAIL_FATAL("handle");
		old = next;
	}
	CU_ASSERT_PTR_NOT_NULL(pp_session_get(f->table, second));
	pp_session_reclaim(f->table, first); /* stale: nothing happens */
	pp_session_unlink(f->table, first);
	CU_ASSERT_PTR_NOT_NULL(pp_session_get(f->table, old));
	teardown(f);
}

static void table_full(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, true);
	pp_session_ref ref[64];

	for (unsigned int i = 0; i < 64; i++)
		ref[i] = add(f, &spec);
	CU_ASSERT_EQUAL(try_add(f, &spec), -ENOSPC);
	pp_session_unlink(f->table, ref[7]);
	CU_ASSERT_EQUAL(try_add(f, &spec), -ENOSPC); /* not before it is reclaimed */
	pp_session_reclaim(f->table, ref[7]);
	CU_ASSERT_EQUAL(try_add(f, &spec), 0);
	CU_ASSERT_EQUAL(try_add(f, &spec), 0);
	teardown(f);
	CU_ASSERT_PTR_NULL(pp_sessions_create(0, 1));
	CU_ASSERT_PTR_NULL(pp_sessions_create(1u << 20, 1));
	pp_sessions_free(NULL);
}

static void unlinked_is_not_found(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	pp_session_ref ref[3];

	spec.id = 4711;
	for (unsigned int i = 0; i < 3; i++) {
		spec.token = i;
		ref[i] = add(f, &spec);
	}
	pp_session_unlink(f->table, ref[1]); /* in the middle of those with the same id */
	CU_ASSERT_PTR_NOT_NULL(pp_session_get(f->table, ref[1]));
	for (unsigned int i = 0; i < 3; i++) {
		spec.token = i;
		CU_ASSERT_EQUAL(matches(f, &spec, ref[i]), i != 1);
	}
	pp_session_unlink(f->table, ref[1]);
	pp_session_unlink(f->table, ref[2]);
	spec.token = 0;
	CU_ASSERT_TRUE(matches(f, &spec, ref[0]));
	teardown(f);
}

/* Random identifiers are nobody else's; one that was asked for is taken as it is. */
static void identifiers(void)
{
	struct pp_sessions *t = pp_sessions_create(4000, pp_test_seed());
	static uint8_t seen[65536];
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);
	pp_session_ref ref = 0;
	unsigned int twice = 0;

	memset(seen, 0, sizeof(seen));
	spec.digits = 1;
	for (unsigned int i = 0; i < 4000; i++) {
		if (pp_session_add(t, &spec, &ref))
			CU_FAIL_FATAL("add");
		twice += seen[pp_session_id(pp_session_get(t, ref))]++ != 0;
	}
	CU_ASSERT_EQUAL(twice, 0);
	spec.id = 0xffff;
	ref = add(f, &spec);
	CU_ASSERT_EQUAL(pp_session_id(pp_session_get(f->table, ref)), 0xffff);
	pp_sessions_free(t);
	teardown(f);
}

static int with_size(struct fixture *f, bool v6, uint16_t size, uint16_t mtu)
{
	struct pp_session_spec spec = spec_of(f, v6);

	spec.size = size;
	spec.mtu = mtu;
	return try_add(f, &spec);
}

static void mtu(void)
{
	struct fixture *f = setup(64);

	CU_ASSERT_EQUAL(with_size(f, false, 1472, 1500), 0);
	CU_ASSERT_EQUAL(with_size(f, false, 1473, 1500), -EMSGSIZE);
	CU_ASSERT_EQUAL(with_size(f, true, 1452, 1500), 0);
	CU_ASSERT_EQUAL(with_size(f, true, 1453, 1500), -EMSGSIZE);
	CU_ASSERT_EQUAL(with_size(f, false, 0, 28), 0);
	CU_ASSERT_EQUAL(with_size(f, false, 0, 27), -EMSGSIZE);
	CU_ASSERT_EQUAL(with_size(f, false, 65535, 9000), -EMSGSIZE);
	teardown(f);
}

/* 64 and 82 bytes with FCS are the smallest that hold the token. */
static void frame_lengths(void)
{
	struct fixture *f = setup(64);

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		for (uint16_t size = 0; size < 40; size++) {
			struct pp_session_spec spec = spec_of(f, v6);
			spec.size = size;
			pp_session_ref ref = add(f, &spec);
			const struct pp_session *s = pp_session_get(f->table, ref);
			size_t len = PP_ETH_HLEN + (v6 ? 48u : 28u) + size;
			CU_ASSERT_EQUAL(pp_session_frame_len(s), len < 60 ? 60 : len);
			CU_ASSERT_EQUAL(pp_session_is_weak(s), size < 16);
			pp_session_unlink(f->table, ref);
			pp_session_reclaim(f->table, ref);
		}
	}
	teardown(f);
}

#define REFUSED(member, value)                                                                     \
	do {                                                                                       \
		struct pp_session_spec bad = spec;                                                 \
		bad.member = (value);                                                              \
		CU_ASSERT_EQUAL(try_add(f, &bad), -EINVAL);                                        \
	} while (0)
#define ACCEPTED(member, value)                                                                    \
	do {                                                                                       \
		struct pp_session_spec good = spec;                                                \
		good.member = (value);                                                             \
		CU_ASSERT_EQUAL(try_add(f, &good), 0);                                             \
	} while (0)

static void ranges(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	REFUSED(ttl, 0);
	ACCEPTED(ttl, 1);
	REFUSED(source, addr_of("2001:db8::1"));
	REFUSED(target, addr_of("2001:db8::1"));
	REFUSED(interval, PP_NS(0));
	REFUSED(interval, PP_NS(-1));
	ACCEPTED(interval, PP_NS(1));
	REFUSED(timeout, PP_NS(999));
	ACCEPTED(timeout, PP_US(1));
	ACCEPTED(timeout, PP_SEC(60));
	REFUSED(timeout, PP_NS(PP_SEC(60).v + 1));
	REFUSED(pattern_len, 4);
	REFUSED(digits, 0);
	REFUSED(digits, 4);
	REFUSED(link.vlan, 4095);
	ACCEPTED(link.vlan, 4094);
	REFUSED(deadline, PP_NS(-1));
	REFUSED(deadline, PP_NS_NEVER);
	ACCEPTED(deadline, PP_SEC(INT64_C(365) * 86400));
	REFUSED(slack, PP_NS(-1));
	teardown(f);
}

/* A period of more than 73 minutes does not fit its fixed point: an hour is the most, and
 * a nanosecond the least. */
static void periods(void)
{
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	ACCEPTED(interval, PP_SEC(3600));
	REFUSED(interval, PP_NS(PP_SEC(3600).v + 1));
	REFUSED(interval, PP_NS(4398046511105));
	ACCEPTED(rate, 1e9);
	REFUSED(rate, 1.1e9);
	REFUSED(rate, 1e300);
	REFUSED(rate, (double)INFINITY);
	REFUSED(rate, (double)NAN);
	REFUSED(rate, -1.0);
	REFUSED(rate, 1e-300);
	REFUSED(rate, 1.0 / 3601);
	ACCEPTED(rate, 1.0 / 3599);
	spec.flags = PP_SESSION_FLOOD;
	REFUSED(rate, 1e-300);
	REFUSED(rate, (double)NAN);
	ACCEPTED(rate, 0.01);
	ACCEPTED(rate, 0.0);
	teardown(f);
}

/* A trace goes forward, and takes time. */
static void traces(void)
{
	const pp_ns backward[] = {PP_US(5), PP_US(-1)}, nowhere[] = {PP_NS(0), PP_NS(0)};
	const pp_ns forever[] = {PP_NS(INT64_MAX), PP_NS(INT64_MAX)};
	const pp_ns forward[] = {PP_NS(0), PP_US(5)};
	struct fixture *f = setup(64);
	struct pp_session_spec spec = spec_of(f, false);

	spec.pacing = PP_PACING_TRACE;
	spec.n_gaps = 2;
	ACCEPTED(gaps, forward);
	REFUSED(gaps, NULL);
	REFUSED(gaps, backward);
	REFUSED(gaps, nowhere);
	REFUSED(gaps, forever);
	spec.gaps = forward;
	REFUSED(n_gaps, 0);
	spec.pacing = PP_PACING_ONOFF;
	spec.on = spec.off = PP_SEC(10);
	ACCEPTED(on, PP_SEC(1));
	REFUSED(on, PP_NS(0));
	REFUSED(off, PP_NS_NEVER);
	spec.pacing = PP_PACING_BURST;
	REFUSED(burst, 0);
	ACCEPTED(burst, 32);
	teardown(f);
}

/* Lengths of frames are 16 bits wide. */
static void frames_of_64_kilobytes(void)
{
	struct fixture *f = setup(64);

	CU_ASSERT_EQUAL(with_size(f, false, 65507, 65535), -EMSGSIZE);
	CU_ASSERT_EQUAL(with_size(f, true, 65487, 65535), -EMSGSIZE);
	CU_ASSERT_EQUAL(with_size(f, false, 65489, 65535), 0);
	teardown(f);
}

static size_t allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Within a page: the session's own record is not on the heap, and the heap rounds.
 * Sanitizers have an allocator of their own, of which mallinfo2 knows nothing. */
static void memory_is_told(void)
{
	struct fixture *f = setup(64);

	for (unsigned int digits = 1; digits <= 3; digits++) {
		struct pp_session_spec spec = spec_of(f, true);
		spec.digits = digits;
		spec.size = 1400;
		spec.samples = digits == 2 ? 1000 : 0;
		spec.rate = 100;
		size_t told = pp_session_memory(&spec), before = allocated();
		pp_session_ref ref = add(f, &spec);
		size_t taken = allocated() - before;
		if (before)
			CU_ASSERT_TRUE(taken <= told + 5000 && told <= taken + 5000);
		CU_ASSERT_TRUE(told > 10000);
		pp_session_unlink(f->table, ref);
		pp_session_reclaim(f->table, ref);
	}
	teardown(f);
}

/* What random gaps, and answers without a number to many targets, take is told as well. */
static void memory_of_targets(void)
{
	struct pp_sessions *t = pp_sessions_create(5000, 1);
	struct pp_target_spec *many = calloc(4000, sizeof(*many));
	struct fixture *f = setup(64);

	CU_ASSERT_TRUE_FATAL(t && many);
	for (unsigned int i = 0; i < 4000; i++)
		many[i] = (struct pp_target_spec){.addr = addr_of("192.0.2.9"), .hop = &f->hop};
	for (unsigned int i = 0; i < 4; i++) {
		struct pp_session_spec spec = spec_of(f, false);
		pp_session_ref ref = 0;
		spec.digits = 1;
		spec.rate = 10000;
		spec.targets = many;
		spec.n_targets = 4000;
		spec.pacing = i & 1 ? PP_PACING_POISSON : PP_PACING_PERIODIC;
		spec.size = i & 2 ? 8 : 56;
		size_t told = pp_session_memory(&spec), before = allocated();
		CU_ASSERT_EQUAL_FATAL(pp_session_add(t, &spec, &ref), 0);
		/* The records of the targets are not on the heap. */
		size_t taken = allocated() - before + 4000 * (size_t)128;
		if (before)
			CU_ASSERT_TRUE(taken <= told + 5000 && told <= taken + 5000);
		pp_session_unlink(t, ref);
		pp_session_reclaim(t, ref);
	}
	pp_sessions_free(t);
	free(many);
	teardown(f);
}

PP_TEST_MAIN("session", {"a stale handle is noticed", handles_have_generations},
	     {"a full table", table_full},
	     {"unlinked sessions are not found", unlinked_is_not_found},
	     {"random identifiers are not shared", identifiers},
	     {"ID-04 the packet must fit the MTU", mtu},
	     {"the smallest frames that hold the token", frame_lengths},
	     {"IP-08 what a specification may ask for", ranges},
	     {"a period the fixed point cannot hold", periods},
	     {"a trace that goes nowhere, or back", traces},
	     {"a frame that the length cannot hold", frames_of_64_kilobytes},
	     {"memory as foretold", memory_is_told},
	     {"memory of many targets as foretold", memory_of_targets})
