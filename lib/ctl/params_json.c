/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters from a JSON object: integers for INT and TIME (nanoseconds),
 * booleans for flags, text in the console's notation for everything else.
 */
#include "ctl_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int expected(const struct pp_param *p, const char *what, struct pp_error *err)
{
	return pp_error_set(err, PP_ERR_PARAMS, 0, p, NULL, "\"%s\" must be %s", p->name, what);
}

static int take_text(const struct pp_param *p, const char *text, struct pp_value *v,
		     struct pp_error *err)
{
	v->text = strdup(text);
	if (!v->text)
		return pp_error_set(err, PP_ERR_INTERNAL, 0, p, NULL, "out of memory");
	v->given = true;
	return 0;
}

static int take_integer(const struct pp_param *p, const json_t *json, struct pp_value *v,
			struct pp_error *err)
{
	const char *word = json_string_value(json);
	char text[24];

	if (word && p->type == PP_PARAM_INT && pp_value_word(p, word, v))
		return take_text(p, word, v, err);
	if (!json_is_integer(json))
		return expected(p,
				p->type == PP_PARAM_TIME ? "an integer, nanoseconds" : "an integer",
				err);
	v->i = json_integer_value(json);
	snprintf(text, sizeof(text), "%" PRId64, v->i);
	int rc = pp_value_range(p, v->i, text, err);
	return rc ? rc : take_text(p, text, v, err);
}

static int take_flag(const struct pp_param *p, const json_t *json, struct pp_value *v,
		     struct pp_error *err)
{
	if (!json_is_boolean(json))
		return expected(p, "a boolean", err);
	return json_is_true(json) ? take_text(p, p->name, v, err) : 0;
}

static int take_string(const struct pp_param *p, const json_t *json, struct pp_value *v,
		       struct pp_error *err)
{
	if (!json_is_string(json))
		return expected(p, "a string", err);
	const char *text = json_string_value(json);
	int rc = pp_value_parse(p, text, false, v, err);
	return rc ? rc : take_text(p, text, v, err);
}

static int take_member(const struct pp_param *p, const json_t *json, struct pp_value *v,
		       struct pp_error *err)
{
	switch (p->type) {
	case PP_PARAM_FLAG:
		return take_flag(p, json, v, err);
	case PP_PARAM_INT:
	case PP_PARAM_TIME:
		return take_integer(p, json, v, err);
	default:
		return take_string(p, json, v, err);
	}
}

static int take_all(const struct pp_command *cmd, json_t *params, struct pp_value *values,
		    struct pp_error *err)
{
	const char *key;
	json_t *member;

	json_object_foreach(params, key, member)
	{
		char cut[PP_WORD_SHOWN];
		int i = pp_param_index(cmd, key, strlen(key));

		if (i < 0)
			return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, key,
					    "unknown parameter: \"%s\"",
					    pp_word_cut(key, strlen(key), cut));
		if (json_is_false(member) && cmd->params[i].type == PP_PARAM_FLAG)
			continue;
		int rc = pp_values_clash(cmd, values, (size_t)i, 0, err);
		if (!rc)
			rc = take_member(&cmd->params[i], member, &values[i], err);
		if (rc)
			return rc;
	}
	return pp_values_complete(cmd, values, 0, err);
}

int pp_params_from_json(const struct pp_command *cmd, json_t *params, struct pp_value **ret_values,
			struct pp_error *err)
{
	if (params && !json_is_object(params))
		return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, NULL,
				    "parameters are given by name, in an object");

	struct pp_value *values = pp_values_alloc(cmd);
	int rc = values ? take_all(cmd, params, values, err)
			: pp_error_set(err, PP_ERR_INTERNAL, 0, NULL, NULL, "out of memory");
	if (rc) {
		pp_values_free(cmd, values);
		return rc;
	}
	*ret_values = values;
	return 0;
}
