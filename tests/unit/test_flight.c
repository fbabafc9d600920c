/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The in-flight log: numbers of records, found as long as they are remembered and not
 * a moment longer, over many laps of the ring.
 */
#include "runner.h"
#include "../../lib/probe/flight.h"

static struct pp_span at(int64_t from, int64_t to)
{
	return (struct pp_span){PP_NS(from), PP_NS(to)};
}

static struct pp_flight *create(uint32_t lines)
{
	struct pp_flight *f = pp_flight_create(lines);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	return f;
}

static void sizes(void)
{
	CU_ASSERT_PTR_NULL(pp_flight_create(0));
	CU_ASSERT_PTR_NULL(pp_flight_create(32));
	CU_ASSERT_PTR_NULL(pp_flight_create(65));
	struct pp_flight *f = create(64);
	CU_ASSERT_EQUAL(pp_flight_room(f), 64);
	CU_ASSERT_PTR_NULL(pp_flight_oldest(f));
	pp_flight_free(f);
	pp_flight_free(NULL);
	CU_ASSERT_EQUAL(pp_flight_lines(1, PP_FLIGHT_MIXED), 1);
	CU_ASSERT_EQUAL(pp_flight_lines(2, PP_FLIGHT_MIXED), 2);
	CU_ASSERT_EQUAL(pp_flight_lines(8, PP_FLIGHT_MIXED), 2);
	CU_ASSERT_EQUAL(pp_flight_lines(9, PP_FLIGHT_MIXED), 3);
	CU_ASSERT_EQUAL(pp_flight_lines(PP_TX_BURST, PP_FLIGHT_MIXED), PP_FLIGHT_RECORD_MAX);
}

static void slots_do_not_overlap(void)
{
	struct pp_flight *f = create(64);

	for (unsigned int n = 1; n <= PP_TX_BURST; n++) {
		uint64_t base = pp_flight_next(f);
		struct pp_burst *b = pp_flight_append(f, n, PP_FLIGHT_MIXED, at(5, 9));
		for (unsigned int i = 0; i < n; i++)
			pp_flight_set(f, b, i, (struct pp_flight_slot){i + 1, 1000 * n + i});
		CU_ASSERT_EQUAL(b->n, n);
		CU_ASSERT_EQUAL(b->tx_from, 5);
		CU_ASSERT_EQUAL(pp_burst_tx_to(b), 9);
		for (unsigned int i = 0; i < PP_TX_BURST; i++) {
			unsigned int place = 99;
			struct pp_burst *found = pp_flight_find(f, base + i, &place);
			CU_ASSERT_PTR_EQUAL(found, i < n ? b : NULL);
			CU_ASSERT_EQUAL(place, i < n ? i : 99);
			if (found)
				CU_ASSERT_EQUAL(pp_flight_slot(f, b, i).k, 1000 * n + i);
		}
		pp_flight_forget(f);
		CU_ASSERT_PTR_NULL(pp_flight_find(f, base, &(unsigned int){0}));
	}
	pp_flight_free(f);
}

struct record {
	uint64_t number;
	unsigned int n;
};

static void check_records(const struct pp_flight *f, const struct record *r, unsigned int from,
			  unsigned int to)
{
	unsigned int place;

	for (; from < to; from++) {
		struct pp_burst *b =
			pp_flight_find(f, r[from % 64].number + r[from % 64].n - 1, &place);
		if (!b || place != r[from % 64].n - 1 || b->n != r[from % 64].n ||
		    b->base != r[from % 64].number >> PP_FLIGHT_PLACE_BITS)
			CU_FAIL_FATAL("a record is not what it was");
	}
}

/* Records of all sizes over a thousand laps; numbers that nobody gave out find nothing. */
static void laps(void)
{
	struct pp_flight *f = create(64);
	struct record r[64];
	unsigned int from = 0, to = 0, place;
	struct pp_prng rng;

	pp_prng_seed(&rng, pp_test_seed());
	for (unsigned int i = 0; i < 20000; i++) {
		while (pp_flight_room(f) < PP_FLIGHT_RECORD_MAX ||
		       (from < to && pp_prng_below(&rng, 3) == 0)) {
			CU_ASSERT_EQUAL_FATAL(pp_flight_oldest(f)->base, r[from % 64].number >> 5);
			pp_flight_forget(f);
			if (pp_flight_find(f, r[from++ % 64].number, &place))
				CU_FAIL_FATAL("a forgotten record");
		}
		r[to % 64].number = pp_flight_next(f);
		r[to % 64].n = (unsigned int)(1 + pp_prng_below(&rng, PP_TX_BURST));
		pp_flight_append(f, r[to % 64].n, PP_FLIGHT_MIXED, at(i, i));
		to++;
		check_records(f, r, from, to);
		uint64_t number = pp_flight_next(f);
		if (pp_flight_find(f, number, &place) ||
		    pp_flight_find(f, number - (65 << 5), &place) ||
		    pp_flight_find(f, pp_prng_next(&rng), &place) || pp_flight_find(f, 0, &place))
			CU_FAIL_FATAL("a record that is not there");
	}
	pp_flight_free(f);
}

/* Records of one line between others of several: each slot follows from the first. */
static void runs_and_sweeps(void)
{
	struct pp_flight *f = create(64);

	for (unsigned int i = 0; i < 3000; i++) {
		const enum pp_flight_kind kind = (enum pp_flight_kind)(i % 3);
		const pp_target_ref first = 5u << 20 | 1000;
		const uint32_t k = UINT32_MAX - 10; /* the low half goes round */
		unsigned int n = 1 + i % PP_TX_BURST, place;
		while (pp_flight_room(f) < PP_FLIGHT_RECORD_MAX)
			pp_flight_forget(f);
		uint64_t number = pp_flight_next(f), room = pp_flight_room(f);
		struct pp_burst *b = pp_flight_append(f, n, kind, at(i, i));
		for (unsigned int j = 0; j < (kind == PP_FLIGHT_MIXED ? n : 1); j++)
			pp_flight_set(f, b, j, (struct pp_flight_slot){first + 7 * j, k + 3 * j});
		if (room - pp_flight_room(f) != (kind == PP_FLIGHT_MIXED ? (n + 12) / 7 : 1))
			CU_FAIL_FATAL("lines of a record");
		for (unsigned int j = 0; j < PP_TX_BURST; j++) {
			struct pp_burst *found = pp_flight_find(f, number + j, &place);
			if ((found != NULL) != (j < n) || (found && (found != b || place != j)))
				CU_FAIL_FATAL("a probe of the record");
			if (!found)
				continue;
			struct pp_flight_slot s = pp_flight_slot(f, b, j);
			uint32_t targets = kind == PP_FLIGHT_MIXED   ? 7 * j
					   : kind == PP_FLIGHT_SWEEP ? j
								     : 0;
			uint32_t slots = kind == PP_FLIGHT_MIXED ? 3 * j
					 : kind == PP_FLIGHT_RUN ? j
								 : 0;
			if (s.target != first + targets || s.k != k + slots)
				CU_FAIL_FATAL("a slot of the record");
		}
	}
	CU_PASS("records");
	pp_flight_free(f);
}

/* A number that points into a record, where sessions and slots stand, finds none. */
static void between_records(void)
{
	struct pp_flight *f = create(64);
	struct pp_burst *b = pp_flight_append(f, PP_TX_BURST, PP_FLIGHT_MIXED, at(0, 0));
	unsigned int place;

	for (unsigned int i = 0; i < PP_TX_BURST; i++)
		pp_flight_set(f, b, i, (struct pp_flight_slot){UINT32_MAX, UINT32_MAX});
	for (uint64_t line = 2; line <= PP_FLIGHT_RECORD_MAX; line++) {
		for (uint64_t i = 0; i < PP_TX_BURST; i++)
			CU_ASSERT_PTR_NULL(pp_flight_find(f, line << 5 | i, &place));
	}
	pp_flight_free(f);
}

PP_TEST_MAIN("flight", {"sizes of logs and records", sizes},
	     {"probes of a burst have places of their own", slots_do_not_overlap},
	     {"records are found until they are forgotten", laps},
	     {"runs and sweeps take a line, and their slots follow", runs_and_sweeps},
	     {"numbers between records find none", between_records})
