/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runner of a CUnit program that cannot pass empty: it fails unless every listed
 * test ran, at least one assertion was made and none failed.
 */
#ifndef PMDPING_TEST_RUNNER_H
#define PMDPING_TEST_RUNNER_H

#include <CUnit/CUnit.h>
#include <stdint.h>

struct pp_test {
	const char *name; /* "what is true", with the conformance id first where there is one */
	void (*run)(void);
};

/* `tests` ends with a NULL name. Returns the exit status of main. With
 * arguments, runs only tests whose name contains argv[1]. */
int pp_test_main(const char *suite, const struct pp_test *tests, int argc, char **argv);

/* Seed of random tests: PMDPING_SEED, else from the clock; printed once. */
uint64_t pp_test_seed(void);

#define PP_TEST_MAIN(suite, ...)                                                                   \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		static const struct pp_test tests[] = {__VA_ARGS__, {NULL, NULL}};                 \
		return pp_test_main(suite, tests, argc, argv);                                     \
	}

#endif
