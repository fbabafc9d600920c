/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names and help of the drop reasons, out of the one list in drop.h.
 */
#include <pmdping/drop.h>

static const char *const names[PP_DROP_COUNT];
static const char *const helps[PP_DROP_COUNT];

const char *pp_drop_name(enum pp_drop drop)
{
	return (unsigned int)drop < PP_DROP_COUNT ? names[drop] : "unknown";
}

const char *pp_drop_help(enum pp_drop drop)
{
	return (unsigned int)drop < PP_DROP_COUNT ? helps[drop] : "no such counter";
}

#define DROP_NAME(symbol, name, help) [PP_DROP_##symbol] = name,
#define DROP_HELP(symbol, name, help) [PP_DROP_##symbol] = help,
static const char *const names[PP_DROP_COUNT] = {PP_DROPS(DROP_NAME)};
static const char *const helps[PP_DROP_COUNT] = {PP_DROPS(DROP_HELP)};
