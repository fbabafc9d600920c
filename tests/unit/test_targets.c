/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of targets: rows of places taken, given back and joined, generations, and
 * the chains by identifier.
 */
#include "probe_fixture.h"
#include "../../lib/probe/session.h"

enum { CAPACITY = 100 };

static struct pp_sessions *table(void)
{
	struct pp_sessions *t = pp_sessions_create(CAPACITY, pp_test_seed());

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

static struct pp_target *take_places(struct pp_sessions *t, uint32_t n)
{
	struct pp_target *first = NULL;

	CU_ASSERT_EQUAL_FATAL(pp_targets_take(t, n, &first), 0);
	return first;
}

static unsigned int ranges(const struct pp_sessions *t, uint32_t *ret_places)
{
	unsigned int n = 0;

	*ret_places = 0;
	for (const struct pp_free_range *r = t->free; r; r = r->next, n++) {
		*ret_places += r->n;
		if (r->n == 0 || (r->next && r->first + r->n >= r->next->first))
			CU_FAIL_FATAL("ranges that touch, are empty, or out of order");
	}
	return n;
}

static void rows(void)
{
	struct pp_sessions *t = table();
	struct pp_target *none = NULL;
	uint32_t left;

	struct pp_target *a = take_places(t, 40), *b = take_places(t, 50), *c = take_places(t, 10);
	CU_ASSERT_PTR_EQUAL(a, &t->target[1]);
	CU_ASSERT_PTR_EQUAL(b, a + 40);
	CU_ASSERT_PTR_EQUAL(c, b + 50);
	CU_ASSERT_EQUAL(ranges(t, &left), 0);
	CU_ASSERT_EQUAL(pp_targets_take(t, 1, &none), -ENOSPC);
	CU_ASSERT_PTR_NULL(none);
	pp_targets_give(t, a, 40);
	pp_targets_give(t, c, 10);
	CU_ASSERT_EQUAL(ranges(t, &left), 2);
	CU_ASSERT_EQUAL(left, 50);
	CU_ASSERT_EQUAL(pp_targets_take(t, 41, &none), -ENOSPC); /* not in a row */
	pp_targets_give(t, b, 50);				 /* between: all are one again */
	CU_ASSERT_EQUAL(ranges(t, &left), 1);
	CU_ASSERT_PTR_EQUAL(take_places(t, CAPACITY), a);
	pp_sessions_free(t);
}

/* Against a map of the places: never one twice, never one lost. */
static void random_rows(void)
{
	struct {
		struct pp_target *first;
		uint32_t n;
	} row[30] = {{NULL, 0}};
	uint8_t used[CAPACITY + 1] = {0};
	struct pp_sessions *t = table();
	uint32_t taken = 0, left;
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i = (unsigned int)pp_prng_below(&rng, PP_ARRAY_LEN(row));
		uint32_t n = row[i].n ? row[i].n : 1 + (uint32_t)pp_prng_below(&rng, 20);
		bool giving = row[i].n != 0;
		if (giving)
			pp_targets_give(t, row[i].first, n);
		else if (pp_targets_take(t, n, &row[i].first))
			continue;
		row[i].n = giving ? 0 : n;
		for (uint32_t k = 0; k < n; k++) {
			size_t at = (size_t)(row[i].first - t->target) + k;
			if (at == 0 || at > CAPACITY || used[at] != giving)
				CU_FAIL_FATAL("a place twice, or none");
			used[at] = !giving;
		}
		taken = giving ? taken - n : taken + n;
		ranges(t, &left);
		if (left != CAPACITY - taken)
			CU_FAIL_FATAL("places lost");
	}
	CU_PASS("rows");
	pp_sessions_free(t);
}

/* Of a session with n targets, one address after the other. */
static pp_session_ref add_row(struct fixture *f, struct pp_sessions *t, uint32_t n, uint16_t id)
{
	struct pp_target_spec target[CAPACITY];
	struct pp_session_spec spec = spec_of(f, false);
	struct pp_addr a = addr_of("192.0.2.1");
	pp_session_ref ref = 0;

	for (uint32_t i = 0; i < n; i++, pp_addr_step(&a, 1))
		target[i] = (struct pp_target_spec){
			.addr = a, .hop = &f->hop, .token = 1000 + i, .id = id};
	spec.digits = 1;
	spec.targets = target;
	spec.n_targets = n;
	CU_ASSERT_EQUAL_FATAL(pp_session_add(t, &spec, &ref), 0);
	return ref;
}

static void drop(struct pp_sessions *t, pp_session_ref ref)
{
	pp_session_unlink(t, ref);
	pp_session_reclaim(t, ref);
}

/* A handle is good as long as its session is there, and not for the next in its place. */
static void generations(void)
{
	struct fixture *f = setup(64);
	struct pp_sessions *t = table();

	for (unsigned int i = 0; i < 5000; i++) { /* 12 bits of them */
		pp_session_ref ref = add_row(f, t, 3, 0);
		const struct pp_target *g = pp_session_get(t, ref)->target;
		pp_target_ref first = atomic_load(&g[0].ref), last = atomic_load(&g[2].ref);
		if (last != first + 2 || pp_target_get(t, first) != g ||
		    pp_target_get(t, last) != g + 2 || pp_target_get(t, first + 3))
			CU_FAIL_FATAL("handles of a row");
		drop(t, ref);
		if (pp_target_get(t, first) || pp_target_get(t, last))
			CU_FAIL_FATAL("a handle of nothing");
		ref = add_row(f, t, 3, 0);
		if (pp_target_get(t, first) || pp_target_get(t, last))
			CU_FAIL_FATAL("a stale handle");
		drop(t, ref);
	}
	CU_ASSERT_PTR_NULL(pp_target_get(t, 0));
	CU_ASSERT_PTR_NULL(pp_target_get(t, CAPACITY + 1));
	CU_ASSERT_PTR_NULL(pp_target_get(t, UINT32_MAX));
	pp_sessions_free(t);
	teardown(f);
}

static uint32_t chain(const struct pp_sessions *t, uint16_t id)
{
	uint32_t n = 0;

	for (pp_target_ref r = atomic_load(&t->by_id[id]); r && n < 1000; n++)
		r = atomic_load(&pp_target_at(t, r)->next_same_id);
	return n;
}

/* All of one identifier: whichever goes, the others are still found. */
static void chains(void)
{
	struct fixture *f = setup(64);
	struct pp_sessions *t = table();

	pp_session_ref a = add_row(f, t, 30, 77), b = add_row(f, t, 40, 77),
		       c = add_row(f, t, 20, 77);
	CU_ASSERT_EQUAL(chain(t, 77), 90);
	pp_session_unlink(t, b);
	CU_ASSERT_EQUAL(chain(t, 77), 50);
	pp_session_unlink(t, b); /* again: nothing happens */
	CU_ASSERT_EQUAL(chain(t, 77), 50);
	pp_session_reclaim(t, b);
	drop(t, c);
	CU_ASSERT_EQUAL(chain(t, 77), 30);
	b = add_row(f, t, 60, 77);
	CU_ASSERT_EQUAL(chain(t, 77), 90);
	drop(t, a);
	drop(t, b);
	CU_ASSERT_EQUAL(chain(t, 77), 0);
	pp_sessions_free(t);
	teardown(f);
}

/* Identifiers follow each other, around the end of 16 bits too. */
static void identifiers_in_a_row(void)
{
	struct fixture *f = setup(64);
	struct pp_sessions *t = table();
	bool wrapped = false;

	for (unsigned int i = 0; i < 20000 && !wrapped; i++) {
		pp_session_ref ref = add_row(f, t, 90, 0);
		const struct pp_session *s = pp_session_get(t, ref);
		uint16_t id = pp_session_id(s);
		for (uint32_t k = 0; k < 90; k++) {
			if (s->target[k].id != (uint16_t)(id + k) || chain(t, s->target[k].id) != 1)
				CU_FAIL_FATAL("identifiers");
		}
		wrapped = id > UINT16_MAX - 89;
		drop(t, ref);
	}
	CU_ASSERT_TRUE(wrapped);
	pp_sessions_free(t);
	teardown(f);
}

/* A session that does not fit leaves nothing behind. */
static void no_place(void)
{
	struct fixture *f = setup(64);
	struct pp_target_spec target[CAPACITY + 1];
	struct pp_session_spec spec = spec_of(f, false);
	struct pp_sessions *t = table();
	pp_session_ref ref = 77;
	uint32_t left;

	for (unsigned int i = 0; i <= CAPACITY; i++)
		target[i] = (struct pp_target_spec){.addr = spec.target, .hop = &f->hop};
	spec.targets = target;
	spec.n_targets = CAPACITY + 1;
	CU_ASSERT_EQUAL(pp_session_add(t, &spec, &ref), -ENOSPC);
	spec.n_targets = CAPACITY;
	target[CAPACITY - 1].addr = addr_of("2001:db8::1"); /* of another family */
	CU_ASSERT_EQUAL(pp_session_add(t, &spec, &ref), -EINVAL);
	target[CAPACITY - 1].addr = spec.target;
	spec.flags = PP_SESSION_FLOOD;
	CU_ASSERT_EQUAL(pp_session_add(t, &spec, &ref), -EINVAL);
	CU_ASSERT_EQUAL(ref, 77);
	spec.flags = 0;
	CU_ASSERT_EQUAL(pp_session_add(t, &spec, &ref), 0);
	CU_ASSERT_EQUAL(ranges(t, &left), 0);
	drop(t, ref);
	CU_ASSERT_EQUAL(ranges(t, &left), 1);
	CU_ASSERT_EQUAL(left, CAPACITY);
	pp_sessions_free(t);
	teardown(f);
}

PP_TEST_MAIN("targets", {"places in a row, and joined again", rows},
	     {"rows that come and go", random_rows}, {"handles have generations", generations},
	     {"many of one identifier", chains}, {"identifiers in a row", identifiers_in_a_row},
	     {"what does not fit", no_place})
