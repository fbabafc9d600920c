/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values of parameters: one parser per type, from the text of a word. The
 * grammar of lines and the JSON requests both end here.
 */
#include "ctl_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct type_ops {
	const char *name;
	int (*parse)(const struct pp_param *p, const char *text, bool after_letter,
		     struct pp_value *v, struct pp_error *err);
};
static const struct type_ops types[];

const char *pp_param_type_name(enum pp_param_type type)
{
	return types[type].name;
}

size_t pp_param_count(const struct pp_command *cmd)
{
	size_t n = 0;

	while (cmd->params && cmd->params[n].name)
		n++;
	return n;
}

int pp_param_index(const struct pp_command *cmd, const char *name, size_t len)
{
	for (size_t i = 0; i < pp_param_count(cmd); i++)
		if (strlen(cmd->params[i].name) == len && !memcmp(cmd->params[i].name, name, len))
			return (int)i;
	return -1;
}

static int not_a(const struct pp_param *p, const char *what, const char *text, const char *hint,
		 struct pp_error *err)
{
	char cut[PP_WORD_SHOWN];

	return pp_error_set(err, PP_ERR_PARAMS, 0, p, text, "not %s: \"%s\"%s", what,
			    pp_word_cut(text, strlen(text), cut), hint);
}

/* In the largest unit that shows it exactly. */
static const char *time_text(int64_t ns, char buf[32])
{
	static const struct {
		int64_t ns;
		const char *unit;
	} units[] = {{60000000000, "min"}, {1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};

	for (size_t i = 0; ns && i < PP_ARRAY_LEN(units); i++) {
		if (ns % units[i].ns)
			continue;
		snprintf(buf, 32, "%" PRId64 "%s", ns / units[i].ns, units[i].unit);
		return buf;
	}
	snprintf(buf, 32, "%" PRId64 "ns", ns);
	return buf;
}

static int out_of_range(const struct pp_param *p, const char *text, struct pp_error *err)
{
	char cut[PP_WORD_SHOWN], min[32], max[32];

	pp_word_cut(text, strlen(text), cut);
	if (p->type == PP_PARAM_TIME)
		return pp_error_set(err, PP_ERR_PARAMS, 0, p, text,
				    "%s: \"%s\" is out of range: %s <= value <= %s", p->name, cut,
				    time_text(p->min, min),
				    time_text(p->max ? p->max : INT64_MAX, max));
	return pp_error_set(err, PP_ERR_PARAMS, 0, p, text,
			    "%s: \"%s\" is out of range: %" PRId64 " <= value <= %" PRId64, p->name,
			    cut, p->min, p->max);
}

int pp_value_range(const struct pp_param *p, int64_t v, const char *text, struct pp_error *err)
{
	bool open_end = p->type == PP_PARAM_TIME && p->max == 0;

	if (v < p->min || (v > p->max && !open_end))
		return out_of_range(p, text, err);
	return 0;
}

static int parse_flag(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	(void)p, (void)text, (void)after_letter, (void)err;
	v->i = 1;
	return 0;
}

bool pp_value_word(const struct pp_param *p, const char *text, struct pp_value *v)
{
	for (int i = 0; p->choices && p->choices[i]; i++) {
		if (strcmp(p->choices[i], text))
			continue;
		v->i = -1 - i;
		return true;
	}
	return false;
}

static int parse_int(const struct pp_param *p, const char *text, bool after_letter,
		     struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	if (pp_value_word(p, text, v))
		return 0;
	switch (pp_parse_int(text, p->min, p->max, &v->i)) {
	case 0:
		return 0;
	case -ERANGE:
		return out_of_range(p, text, err);
	default:
		return not_a(p, "a number", text, "", err);
	}
}

static int parse_time(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	pp_ns t;
	int rc = pp_parse_time(text, after_letter, &t);

	if (rc == -ERANGE)
		return out_of_range(p, text, err);
	if (rc)
		return not_a(p, "a time", text, " (ns, us, ms, s or min follows the number)", err);
	v->i = t.v;
	return pp_value_range(p, t.v, text, err);
}

static int parse_rate(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	if (pp_parse_rate(text, &v->rate))
		return not_a(p, "a rate", text,
			     " (a number with pps, bps or bpsl1, k, M or G before them, or %)",
			     err);
	return 0;
}

static int parse_address(const struct pp_param *p, const char *text, bool after_letter,
			 struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	if (pp_addr_parse(text, &v->net.addr))
		return not_a(p, "a numeric address", text, "", err);
	v->net.plen = 128;
	return 0;
}

static int parse_prefix(const struct pp_param *p, const char *text, bool after_letter,
			struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	if (pp_prefix_parse(strcmp(text, "default") ? text : "0.0.0.0/0", &v->net.addr,
			    &v->net.plen))
		return not_a(p, "a prefix", text, " (ADDRESS/LENGTH)", err);
	return 0;
}

static int parse_mac(const struct pp_param *p, const char *text, bool after_letter,
		     struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	if (pp_mac_parse(text, &v->mac))
		return not_a(p, "a MAC address", text, "", err);
	return 0;
}

static int parse_hex(const struct pp_param *p, const char *text, bool after_letter,
		     struct pp_value *v, struct pp_error *err)
{
	(void)after_letter;
	int n = pp_parse_hex(text, v->hex.bytes, sizeof(v->hex.bytes));

	if (n <= 0)
		return not_a(p, "1 to 16 bytes in hex digits", text, "", err);
	v->hex.len = (size_t)n;
	return 0;
}

static void choices_text(const struct pp_param *p, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (const char *const *c = p->choices; *c && at < size; c++) {
		int n = snprintf(buf + at, size - at, "%s%s", at ? ", " : "", *c);
		at += n > 0 ? (size_t)n : 0;
	}
}

static int parse_choice(const struct pp_param *p, const char *text, bool after_letter,
			struct pp_value *v, struct pp_error *err)
{
	char list[128], cut[PP_WORD_SHOWN];

	(void)after_letter;
	for (int i = 0; p->choices[i]; i++) {
		if (strcmp(p->choices[i], text))
			continue;
		v->i = i;
		return 0;
	}
	choices_text(p, list, sizeof(list));
	return pp_error_set(err, PP_ERR_PARAMS, 0, p, text, "not one of %s: \"%s\"", list,
			    pp_word_cut(text, strlen(text), cut));
}

static int parse_name(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-";
	size_t len = strlen(text);

	(void)after_letter, (void)v;
	if (len < 1 || len > 63 || strspn(text, allowed) != len)
		return not_a(p, "a name", text, " (letters, digits, _ . and -, at most 63)", err);
	return 0;
}

static int parse_text(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	size_t len = strlen(text);

	(void)after_letter, (void)v;
	return len >= 1 && len <= 16384 ? 0
					: not_a(p, "a word", text, " (at most 16384 bytes)", err);
}

/* A name may stand alone: the error says that an address was wanted, and the client
 * resolves it. */
static bool maybe_name(const char *text)
{
	struct pp_addr first, last;
	const char *dash = strchr(text, '-');

	if (strpbrk(text, ",/:"))
		return false;
	return !dash || pp_addr_range_parse(text, (size_t)(dash - text), &first, &last) != 0;
}

static int not_targets(const char *item, size_t len, bool backward, struct pp_error *err)
{
	char cut[PP_WORD_SHOWN];

	pp_word_cut(item, len, cut);
	if (backward)
		return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, cut,
				    "\"%s\": the last address is below the first, or of another "
				    "family",
				    cut);
	return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, cut,
			    "not an address, ADDRESS-ADDRESS or a prefix: \"%s\"", cut);
}

static int parse_targets(const struct pp_param *p, const char *text, bool after_letter,
			 struct pp_value *v, struct pp_error *err)
{
	struct pp_addr first, last;

	if (!strcmp(text, "file"))
		return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, text,
				    "files are opened by the client");
	if (maybe_name(text))
		return parse_address(p, text, after_letter, v, err);
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		int rc = pp_addr_range_parse(at, len, &first, &last);
		if (rc)
			return not_targets(at, len, rc == -ERANGE && memchr(at, '-', len), err);
		at += len;
		if (!*at)
			return 0;
	}
}

static int parse_rest(const struct pp_param *p, const char *text, bool after_letter,
		      struct pp_value *v, struct pp_error *err)
{
	(void)p, (void)text, (void)after_letter, (void)v, (void)err;
	return 0;
}

int pp_value_parse(const struct pp_param *p, const char *text, bool after_letter,
		   struct pp_value *v, struct pp_error *err)
{
	return types[p->type].parse(p, text, after_letter, v, err);
}

static bool excluded(const struct pp_param *a, const struct pp_param *b)
{
	return a->excludes && !strcmp(a->excludes, b->name);
}

int pp_values_clash(const struct pp_command *cmd, const struct pp_value *values, size_t index,
		    unsigned int column, struct pp_error *err)
{
	const struct pp_param *p = &cmd->params[index];

	if (values[index].given)
		return pp_error_set(err, PP_ERR_PARAMS, column, p, p->name, "\"%s\" is given twice",
				    p->name);
	for (size_t i = 0; i < pp_param_count(cmd); i++) {
		const struct pp_param *other = &cmd->params[i];
		if (values[i].given && (excluded(p, other) || excluded(other, p)))
			return pp_error_set(err, PP_ERR_PARAMS, column, p, p->name,
					    "\"%s\" and \"%s\" exclude each other", p->name,
					    other->name);
	}
	return 0;
}

int pp_values_complete(const struct pp_command *cmd, const struct pp_value *values,
		       unsigned int column, struct pp_error *err)
{
	for (size_t i = 0; i < pp_param_count(cmd); i++) {
		const struct pp_param *p = &cmd->params[i];
		if (p->required && !values[i].given)
			return pp_error_set(err, PP_ERR_PARAMS, column, p, NULL,
					    "\"%s\" is missing", p->name);
	}
	return 0;
}

struct pp_value *pp_values_alloc(const struct pp_command *cmd)
{
	return calloc(pp_param_count(cmd) + 1, sizeof(struct pp_value));
}

void pp_values_free(const struct pp_command *cmd, struct pp_value *values)
{
	for (size_t i = 0; values && i < pp_param_count(cmd); i++)
		free(values[i].text);
	free(values);
}

static const struct type_ops types[] = {
	[PP_PARAM_FLAG] = {"flag", parse_flag},
	[PP_PARAM_INT] = {"int", parse_int},
	[PP_PARAM_TIME] = {"time", parse_time},
	[PP_PARAM_RATE] = {"rate", parse_rate},
	[PP_PARAM_ADDRESS] = {"address", parse_address},
	[PP_PARAM_TARGETS] = {"address", parse_targets},
	[PP_PARAM_PREFIX] = {"prefix", parse_prefix},
	[PP_PARAM_MAC] = {"mac", parse_mac},
	[PP_PARAM_HEX] = {"hex", parse_hex},
	[PP_PARAM_CHOICE] = {"choice", parse_choice},
	[PP_PARAM_NAME] = {"name", parse_name},
	[PP_PARAM_TEXT] = {"text", parse_text},
	[PP_PARAM_REST] = {"rest", parse_rest},
};
