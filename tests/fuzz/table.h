/* SPDX-License-Identifier: BSD-3-Clause */
/* A command table with every type of parameter, whose handlers use all they get. */
#ifndef PMDPING_FUZZ_TABLE_H
#define PMDPING_FUZZ_TABLE_H

#include <pmdping/ctl.h>

static void run_any(struct pp_call *c)
{
	const struct pp_param *p = pp_call_command(c)->params;
	json_t *values = json_object();

	for (; p && p->name; p++) {
		const char *text = pp_call_text(c, p->name);
		if (text)
			json_object_set_new(values, p->name, json_string(text));
	}
	size_t n = json_object_size(values);
	pp_call_notify(c, "values", values);
	if (n > 5)
		pp_call_fail(c, PP_ERR_FAILED, "address", "%zu values", n);
	else
		pp_call_done(c, json_pack("{s:i}", "exit", 1));
}

static const char *const choices[] = {"do", "want", "dont", NULL};
static const struct pp_param any_params[] = {
	{.name = "address", .positional = true, .required = true, .type = PP_PARAM_ADDRESS},
	{.name = "count", .letter = 'c', .type = PP_PARAM_INT, .min = 1, .max = INT64_MAX},
	{.name = "offset", .type = PP_PARAM_INT, .min = INT64_MIN, .max = INT64_MAX},
	{.name = "interval", .letter = 'i', .type = PP_PARAM_TIME, .excludes = "flood"},
	{.name = "rate", .type = PP_PARAM_RATE},
	{.name = "via", .type = PP_PARAM_PREFIX},
	{.name = "mac", .type = PP_PARAM_MAC},
	{.name = "pattern", .letter = 'p', .type = PP_PARAM_HEX},
	{.name = "df", .letter = 'M', .type = PP_PARAM_CHOICE, .choices = choices},
	{.name = "label", .type = PP_PARAM_NAME},
	{.name = "flood", .letter = 'f', .type = PP_PARAM_FLAG},
	{.name = "note", .type = PP_PARAM_REST},
	{.name = NULL},
};
static const struct pp_command any_commands[] = {
	{"ping", any_params, PP_CLASS_READ, "all types", run_any},
	{"show", NULL, PP_CLASS_READ, "", run_any},
	{"show port info", NULL, PP_CLASS_ADMIN, "", run_any},
	{"set a", NULL, PP_CLASS_READ, "", run_any},
	{NULL, NULL, PP_CLASS_READ, NULL, NULL},
};

#endif
