/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text: ping's lines, tables for lists, "key: value" for everything else.
 */
#include "out.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t pp_out_int(const json_t *body, const char *key)
{
	const json_t *v = json_object_get(body, key);

	return json_is_real(v) ? llround(json_real_value(v)) : json_integer_value(v);
}

const char *pp_out_str(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text ? text : "";
}

bool pp_out_is_envelope(const char *key)
{
	static const char *const keys[] = {"command", "event", "exit", "id"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static bool is_time(const char *key)
{
	size_t len = strlen(key);

	return len > 3 && !strcmp(key + len - 3, "_ns");
}

static void put_dump(FILE *f, const json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

	fputs(text ? text : "?", f);
	free(text);
}

static void put_real(FILE *f, double v)
{
	fprintf(f, fabs(v) >= 1e6 ? "%.0f" : "%g", v);
}

/* "key value, key value" */
static void put_object(FILE *f, const json_t *v)
{
	const char *key, *comma = "";
	json_t *member, *copy = json_deep_copy(v);

	json_object_foreach(copy, key, member)
	{
		fprintf(f, "%s%s ", comma, key);
		pp_out_value(f, key, member);
		comma = ", ";
	}
	json_decref(copy);
}

void pp_out_value(FILE *f, const char *key, const json_t *v)
{
	if (!v || json_is_null(v))
		fputc('-', f);
	else if (json_is_string(v))
		fputs(json_string_value(v), f);
	else if (json_is_boolean(v))
		fputs(json_is_true(v) ? "yes" : "no", f);
	else if (json_is_number(v) && is_time(key))
		fprintf(f, "%.3f ms", json_number_value(v) / 1e6);
	else if (json_is_real(v))
		put_real(f, json_real_value(v));
	else if (json_is_object(v))
		put_object(f, v);
	else
		put_dump(f, v);
}

static void put_members(FILE *f, const json_t *body)
{
	const char *key;
	json_t *v, *copy = json_deep_copy(body);

	json_object_foreach(copy, key, v)
	{
		if (pp_out_is_envelope(key))
			continue;
		fprintf(f, "%s: ", key);
		pp_out_value(f, key, v);
		fputc('\n', f);
	}
	json_decref(copy);
}

static void put_version(FILE *f, const json_t *body)
{
	fprintf(f, "pmdpingd %s\ndpdk: %s\ncompiler: %s\n", pp_out_str(body, "version"),
		pp_out_str(body, "dpdk"), pp_out_str(body, "compiler"));
}

/* A ping's result, by its shape: sessions show theirs under other words. */
static bool is_summary(const json_t *body)
{
	return json_object_get(body, "transmitted") && json_object_get(body, "quantiles");
}

void pp_out_targets(FILE *f, const json_t *body)
{
	int64_t n = pp_out_int(body, "targets");

	fputs(pp_out_str(body, "address"), f);
	if (n > 1)
		fprintf(f, " +%" PRId64, n - 1);
}

/* "lab (192.0.2.1 +13)"; a ping of another client has no name. */
static char *title(const json_t *body)
{
	bool named = json_object_get(body, "name");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (named)
		fprintf(f, "%s (", pp_out_str(body, "name"));
	pp_out_targets(f, body);
	if (named)
		fputc(')', f);
	fclose(f);
	return text;
}

static void put_session(FILE *f, const json_t *body)
{
	char *text = title(body);

	pp_out_summary(f, text ? text : pp_out_str(body, "address"), body);
	pp_out_quantiles(f, body);
	free(text);
}

/* Results that are a text, or a picture. */
static bool put_special(FILE *f, const char *command, const json_t *body)
{
	bool text = !strcmp(command, "help") || !strcmp(command, "session export");

	if (text && json_object_get(body, "text"))
		fputs(pp_out_str(body, "text"), f);
	else if (!strcmp(command, "show histogram"))
		pp_out_histogram(f, body);
	else if (!strcmp(command, "show version"))
		put_version(f, body);
	else
		return false;
	return true;
}

static void put_other(FILE *f, const char *command, const char *event, const json_t *body)
{
	bool result = !strcmp(event, "result");

	if (result && is_summary(body))
		put_session(f, body);
	else if (!strcmp(event, "warning"))
		fprintf(f, "WARNING: %s\n", pp_out_str(body, "text"));
	else if (!result || (!put_special(f, command, body) && !pp_out_table(f, command, body)))
		put_members(f, body);
}

char *pp_out_text(void *arg, const char *command, const char *event, const json_t *body)
{
	struct pp_out_view none = {0}, *view = arg ? arg : &none;
	char *text = NULL;
	size_t size;

	/* Without a memory for what is on the screen there is nothing to take back. */
	if (!arg && !strcmp(event, "progress"))
		return NULL;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	if (!strcmp(command, "ping"))
		pp_out_ping(f, view, event, body);
	else if (!strcmp(command, "selftest"))
		pp_out_selftest(f, event, body);
	else
		put_other(f, command, event, body);
	fclose(f);
	return text;
}

static void message(FILE *to, struct pp_out_view *view, const char *command, const char *event,
		    const json_t *body)
{
	char *text = pp_out_text(view, command, event, body);
	size_t len = text ? strlen(text) : 0;

	if (len)
		fputs(text, to);
	/* Flood's dots and ping's own lines are complete as they are. */
	if (len && text[len - 1] != '\n' && strcmp(command, "ping"))
		fputc('\n', to);
	fflush(to);
	free(text);
}

const struct pp_output pp_output_text = {.message = message};
