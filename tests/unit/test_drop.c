/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of the counters: there, distinct, and fit for a metrics label.
 */
#include "runner.h"

#include <pmdping/drop.h>
#include <string.h>

static void names_distinct(void)
{
	for (int a = 0; a < PP_DROP_COUNT; a++)
		for (int b = 0; b < a; b++)
			CU_ASSERT_STRING_NOT_EQUAL(pp_drop_name((enum pp_drop)a),
						   pp_drop_name((enum pp_drop)b));
}

static void names_as_labels(void)
{
	for (int d = 0; d < PP_DROP_COUNT; d++) {
		const char *name = pp_drop_name((enum pp_drop)d);
		CU_ASSERT_PTR_NOT_NULL_FATAL(name);
		CU_ASSERT_TRUE(strlen(name) > 0);
		CU_ASSERT_EQUAL(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
				strlen(name));
		CU_ASSERT_PTR_NOT_NULL_FATAL(pp_drop_help((enum pp_drop)d));
		CU_ASSERT_TRUE(strlen(pp_drop_help((enum pp_drop)d)) > 0);
	}
}

static void known_names(void)
{
	CU_ASSERT_EQUAL(PP_OK, 0);
	CU_ASSERT_STRING_EQUAL(pp_drop_name(PP_OK), "ok");
	CU_ASSERT_STRING_EQUAL(pp_drop_name(PP_DROP_ICMP_SHORT), "icmp_short");
	CU_ASSERT_STRING_EQUAL(pp_drop_help(PP_DROP_ARP_SHORT), "shorter than 28 bytes");
}

static void outside(void)
{
	CU_ASSERT_STRING_EQUAL(pp_drop_name(PP_DROP_COUNT), "unknown");
	CU_ASSERT_PTR_NOT_NULL(pp_drop_help((enum pp_drop)(PP_DROP_COUNT + 1000)));
}

PP_TEST_MAIN("drop", {"names are distinct", names_distinct},
	     {"names are fit for a label", names_as_labels}, {"known names", known_names},
	     {"a number outside has a name, not a crash", outside})
