/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every target from every source: each pair once, each target in its round, and back.
 */
#include "runner.h"
#include "../../app/pmdpingd/cross.h"

#include <pmdping/base.h>

enum { TARGETS = 48, SOURCES = 33 };

static void each_pair_once(void)
{
	unsigned int wrong = 0;

	for (uint32_t n = 1; n <= TARGETS; n++) {
		for (uint32_t s = 1; s <= SOURCES; s++) {
			for (uint32_t i = 0; i < s; i++) {
				bool met[TARGETS] = {false};
				for (uint32_t turn = 0; turn < n; turn++) {
					uint32_t t = pp_cross_target(n, s, i, turn);
					wrong += t >= n || met[t % TARGETS];
					met[t % TARGETS] = true;
				}
			}
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Slot k is turn k / s of source k % s. */
static void each_round_whole(void)
{
	unsigned int wrong = 0;

	for (uint32_t n = 1; n <= TARGETS; n++) {
		for (uint32_t s = 1; s <= SOURCES; s++) {
			unsigned int met[TARGETS] = {0};
			for (uint32_t k = 0; k < n * s; k++) {
				uint32_t t = pp_cross_target(n, s, k % s, k / s);
				wrong += met[t]++ != k / n;
			}
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static void and_back(void)
{
	static const uint32_t many[][2] = {{131072, 64}, {131071, 64}, {65536, 3}, {254, 4}};
	unsigned int wrong = 0;

	for (uint32_t n = 1; n <= TARGETS; n++)
		for (uint32_t s = 1; s <= SOURCES; s++)
			for (uint32_t i = 0; i < s; i++)
				for (uint32_t turn = 0; turn < n; turn++)
					wrong += pp_cross_turn(n, s, i,
							       pp_cross_target(n, s, i, turn)) !=
						 turn;
	for (size_t c = 0; c < PP_ARRAY_LEN(many); c++)
		for (uint32_t turn = 0; turn < many[c][0]; turn += 101)
			wrong += pp_cross_turn(many[c][0], many[c][1], many[c][1] - 1,
					       pp_cross_target(many[c][0], many[c][1],
							       many[c][1] - 1, turn)) != turn;
	CU_ASSERT_EQUAL(wrong, 0);
}

PP_TEST_MAIN("cross", {"a source has each target once", each_pair_once},
	     {"a round of the schedule has each target once", each_round_whole},
	     {"the turn of a target", and_back})
