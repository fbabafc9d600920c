/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs one CUnit suite, prints a line per failed assertion and the closing
 * "N passed, M failed" that scripts/test adds up.
 */
#include "runner.h"

#include <CUnit/TestRun.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t pp_test_seed(void)
{
	static uint64_t seed;
	const char *given = getenv("PMDPING_SEED");

	if (seed)
		return seed;
	if (given) {
		seed = strtoull(given, NULL, 0);
	} else {
		struct timespec ts;
		clock_gettime(CLOCK_REALTIME, &ts);
		seed = (uint64_t)ts.tv_sec * 1000000007u ^ (uint64_t)ts.tv_nsec;
	}
	seed |= 1;
	printf("seed %" PRIu64 " (repeat with PMDPING_SEED=%" PRIu64 ")\n", seed, seed);
	return seed;
}

static unsigned int print_failures(void)
{
	unsigned int n = 0;

	for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext, n++)
		printf("%s:%u: %s: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber,
		       f->pTest ? f->pTest->pName : "suite",
		       f->strCondition ? f->strCondition : "?");
	return n;
}

static unsigned int add_tests(CU_pSuite suite, const struct pp_test *tests, const char *filter)
{
	unsigned int n = 0;

	for (const struct pp_test *t = tests; t->name; t++) {
		if (filter && !strstr(t->name, filter))
			continue;
		if (!CU_add_test(suite, t->name, t->run)) {
			printf("%s: not added: %s\n", t->name, CU_get_error_msg());
			exit(1);
		}
		n++;
	}
	return n;
}

int pp_test_main(const char *name, const struct pp_test *tests, int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);
	if (!suite)
		return 1;
	unsigned int added = add_tests(suite, tests, argc > 1 ? argv[1] : NULL);
	CU_ErrorCode err = CU_run_all_tests();
	unsigned int failures = print_failures();
	unsigned int ran = CU_get_number_of_tests_run();
	unsigned int failed = CU_get_number_of_tests_failed();
	unsigned int asserts = CU_get_number_of_asserts();

	CU_cleanup_registry();
	if (failed == 0 && (failures || err != CUE_SUCCESS || ran != added))
		failed = 1;
	printf("%s: %u tests, %u assertions\n", name, ran, asserts);
	printf("%u passed, %u failed\n", ran > failed ? ran - failed : 0, failed);
	return failed == 0 && ran > 0 && ran == added && asserts > 0 ? 0 : 1;
}
