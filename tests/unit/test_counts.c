/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of slots and probes: the identities of promise 2 and the loss ratio.
 */
#include <pmdping/stats.h>

#include <math.h>

#include "runner.h"

static const struct pp_counts sample = {
	.due = 120,
	.sent = 100,
	.not_sent = 15,
	.unreachable = 6,
	.refused = 4,
	.log_full = 5,
	.missed = 5,
	.received = 70,
	.late = 4,
	.corrupt = 3,
	.error = 2,
	.expired = 10,
	.duplicate = 9,
	.reordered = 8,
	.suspect = 3,
	.redirect = 1,
};

static void test_derived(void)
{
	CU_ASSERT_EQUAL(pp_counts_lost(&sample), 6);
	CU_ASSERT_EQUAL(pp_counts_in_flight(&sample), 15);
	CU_ASSERT_EQUAL(pp_counts_decided(&sample), 85);
	CU_ASSERT(pp_counts_consistent(&sample));
	CU_ASSERT_EQUAL(sample.sent, sample.received + sample.late + sample.corrupt + sample.error +
					     pp_counts_lost(&sample) +
					     pp_counts_in_flight(&sample));
}

/* Each counter that has a part in an identity, moved by one, breaks it. */
static void test_inconsistent(void)
{
	struct pp_counts c = sample;
	uint64_t *moved[] = {&c.due, &c.sent, &c.not_sent, &c.missed};

	for (size_t i = 0; i < PP_ARRAY_LEN(moved); i++) {
		++*moved[i];
		CU_ASSERT(!pp_counts_consistent(&c));
		c = sample;
		--*moved[i];
		CU_ASSERT(!pp_counts_consistent(&c));
		c = sample;
	}
}

static void test_no_term_negative(void)
{
	struct pp_counts c = sample;

	uint64_t *part[] = {&c.unreachable, &c.refused, &c.log_full};
	for (size_t i = 0; i < PP_ARRAY_LEN(part); i++) {
		*part[i] += 1; /* the parts of not_sent are all of it */
		CU_ASSERT(!pp_counts_consistent(&c));
		c = sample;
	}
	c.late = c.expired + 1;
	CU_ASSERT(!pp_counts_consistent(&c));
	CU_ASSERT_EQUAL(pp_counts_lost(&c), 0);
	c = sample;
	c.received = 86; /* one more than there is room for beside the others */
	CU_ASSERT(!pp_counts_consistent(&c));
	CU_ASSERT_EQUAL(pp_counts_in_flight(&c), 0);
	CU_ASSERT_EQUAL(pp_counts_decided(&c), c.sent);
	c.received = 85;
	CU_ASSERT(pp_counts_consistent(&c));
}

static void test_loss(void)
{
	struct pp_counts c = {.due = 4, .sent = 4, .received = 3, .expired = 1};

	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 25.0, 0);
	c.late = 1;
	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 25.0, 0);
	c.duplicate = 100;
	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 25.0, 0);
	c.sent = c.due = 104; /* what is in flight has no fate yet */
	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 25.0, 0);
	c = (struct pp_counts){.due = 3, .sent = 3, .received = 3};
	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 0.0, 0);
	c = (struct pp_counts){.due = 2, .sent = 2, .corrupt = 1, .error = 1};
	CU_ASSERT_DOUBLE_EQUAL(pp_counts_loss_percent(&c), 100.0, 0);
}

static void test_loss_undefined(void)
{
	struct pp_counts c = {0};

	CU_ASSERT(isnan(pp_counts_loss_percent(&c)));
	c = (struct pp_counts){.due = 9, .sent = 5, .not_sent = 4};
	CU_ASSERT(isnan(pp_counts_loss_percent(&c)));
	CU_ASSERT(pp_counts_consistent(&c));
}

static void test_add(void)
{
	struct pp_counts c = sample;
	uint64_t word[sizeof(c) / sizeof(uint64_t)], was[PP_ARRAY_LEN(word)];

	pp_counts_add(&c, &sample);
	CU_ASSERT(pp_counts_consistent(&c));
	memcpy(word, &c, sizeof(c));
	memcpy(was, &sample, sizeof(sample));
	for (size_t i = 0; i < PP_ARRAY_LEN(word); i++)
		CU_ASSERT(was[i] > 0 && word[i] == 2 * was[i]);
}

/* `expired` goes back when an answer turns out to have come in time. */
static void test_diff(void)
{
	struct pp_counts read[] = {{0},
				   {.due = 9, .sent = 9, .received = 5, .expired = 3},
				   {.due = 9, .sent = 9, .received = 7, .expired = 2},
				   sample};
	struct pp_counts sum = {0}, d;

	for (size_t i = 1; i < PP_ARRAY_LEN(read); i++) {
		d = read[i];
		pp_counts_diff(&d, &read[i - 1]);
		CU_ASSERT_EQUAL((int64_t)d.expired,
				(int64_t)read[i].expired - (int64_t)read[i - 1].expired);
		pp_counts_add(&sum, &d);
	}
	CU_ASSERT_EQUAL(memcmp(&sum, &sample, sizeof(sum)), 0);
	d = sample;
	pp_counts_diff(&d, &sample);
	CU_ASSERT_EQUAL(memcmp(&d, &read[0], sizeof(d)), 0);
}

PP_TEST_MAIN("counts", {"late and lost are what expired, the rest is in flight", test_derived},
	     {"every identity is checked", test_inconsistent},
	     {"no term may be negative", test_no_term_negative},
	     {"MET-08 late counts as lost, duplicates never lower loss", test_loss},
	     {"MET-08 loss of nothing is undefined", test_loss_undefined},
	     {"adding adds every counter", test_add},
	     {"differences add up to the last read, of every counter", test_diff})
