/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grammar of command lines: the words of a command, then its parameters in
 * any order, by long word ("count 3"), by ping's letter ("-c 3", "-c3", "-fq")
 * or by place. A word starting with '#' ends the line. Errors point at a column.
 */
#include "ctl_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct word {
	const char *at;
	size_t len; /* 0: no more */
};

struct parse {
	const struct pp_command *commands;
	const char *line;
	const char *rest; /* not yet taken */
	const struct pp_command *cmd;
	struct pp_value *values;
	struct pp_error *err;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct word next_word(const char **at)
{
	while (is_space(**at))
		(*at)++;
	struct word w = {.at = *at};
	if (*w.at == '#')
		return w;
	while (w.at[w.len] && !is_space(w.at[w.len]))
		w.len++;
	*at += w.len;
	return w;
}

static bool same(struct word a, struct word b)
{
	return a.len == b.len && !memcmp(a.at, b.at, a.len);
}

/* Characters, not bytes, so that a caret stands under the word. */
static unsigned int column_of(const struct parse *ps, const char *at)
{
	unsigned int column = 1;

	for (const char *c = ps->line; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	return column;
}

/* Behind the last word: where something is missing. */
static unsigned int end_column(const struct parse *ps)
{
	const char *end = ps->rest;

	while (end > ps->line && is_space(end[-1]))
		end--;
	return column_of(ps, end) + 1 - (end == ps->line);
}

static int fail_at(struct parse *ps, struct word w, int code, const char *what)
{
	char cut[PP_WORD_SHOWN];

	pp_word_cut(w.at, w.len, cut);
	return pp_error_set(ps->err, code, column_of(ps, w.at), NULL, cut, "%s: \"%s\"", what, cut);
}

static int no_memory(struct parse *ps)
{
	pp_error_set(ps->err, PP_ERR_INTERNAL, 0, NULL, NULL, "out of memory");
	return -ENOMEM;
}

/* ---- the command's words ------------------------------------------------------ */

/* How many words of `words` begin the line; *ret_whole when that is all of them,
 * *ret_rest then is behind them. */
static unsigned int match(const char *words, const char *line, bool *ret_whole,
			  const char **ret_rest)
{
	unsigned int n = 0;

	for (;; n++) {
		struct word want = next_word(&words);
		if (!want.len) {
			*ret_whole = true;
			*ret_rest = line;
			return n;
		}
		struct word have = next_word(&line);
		if (!same(want, have))
			break;
	}
	*ret_whole = false;
	return n;
}

static const struct pp_command *find(const struct pp_command *commands, const char *line,
				     const char **ret_rest)
{
	const struct pp_command *best = NULL;
	unsigned int most = 0;

	for (const struct pp_command *c = commands; c->words; c++) {
		const char *rest;
		bool whole;
		unsigned int n = match(c->words, line, &whole, &rest);
		if (!whole || n <= most)
			continue;
		most = n;
		best = c;
		*ret_rest = rest;
	}
	return best;
}

const struct pp_command *pp_command_find(const struct pp_command *commands, const char *line)
{
	const char *rest;

	return find(commands, line, &rest);
}

static struct word nth_word(const char *text, unsigned int n)
{
	struct word w = next_word(&text);

	while (n-- && w.len)
		w = next_word(&text);
	return w;
}

static unsigned int deepest(const struct parse *ps)
{
	unsigned int most = 0;

	for (const struct pp_command *c = ps->commands; c->words; c++) {
		const char *rest;
		bool whole;
		unsigned int n = match(c->words, ps->line, &whole, &rest);
		most = n > most ? n : most;
	}
	return most;
}

/* The words that could stand behind the first `depth` ones of the line. */
static void list_next(const struct parse *ps, unsigned int depth, char *buf, size_t size)
{
	struct word last = {0};
	size_t at = 0;

	buf[0] = '\0';
	for (const struct pp_command *c = ps->commands; c->words && at < size; c++) {
		const char *rest;
		bool whole;
		struct word w = nth_word(c->words, depth);
		if (match(c->words, ps->line, &whole, &rest) != depth || same(w, last))
			continue;
		int n = snprintf(buf + at, size - at, "%s%.*s", at ? ", " : "", (int)w.len, w.at);
		at += n > 0 ? (size_t)n : 0;
		last = w;
	}
}

static int fail_command(struct parse *ps)
{
	unsigned int depth = deepest(ps);
	struct word w = nth_word(ps->line, depth);
	char list[160], cut[PP_WORD_SHOWN];

	if (depth == 0)
		return fail_at(ps, w, PP_ERR_METHOD, "unknown command");
	list_next(ps, depth, list, sizeof(list));
	if (w.len == 0) {
		ps->rest = w.at;
		return pp_error_set(ps->err, PP_ERR_METHOD, end_column(ps), NULL, NULL,
				    "incomplete command, one of these follows: %s", list);
	}
	pp_word_cut(w.at, w.len, cut);
	return pp_error_set(ps->err, PP_ERR_METHOD, column_of(ps, w.at), NULL, cut,
			    "unknown word: \"%s\" (one of these fits: %s)", cut, list);
}

/* ---- parameters ------------------------------------------------------------------ */

/* Parses `text` (owned from here on) as the value of parameter i. */
static int store(struct parse *ps, size_t i, char *text, const char *at, bool after_letter)
{
	const struct pp_param *p = &ps->cmd->params[i];
	struct pp_value *v = &ps->values[i];

	if (!text)
		return no_memory(ps);
	int rc = pp_value_parse(p, text, after_letter, v, ps->err);
	if (rc) {
		ps->err->column = column_of(ps, at);
		free(text);
		return rc;
	}
	v->text = text;
	v->column = column_of(ps, at);
	v->given = true;
	return 0;
}

static struct word rest_of_line(struct parse *ps, const char *from)
{
	struct word w = {.at = from, .len = strlen(from)};

	while (w.len && is_space(w.at[w.len - 1]))
		w.len--;
	ps->rest = from + strlen(from);
	return w;
}

/* `named` is the word that named parameter i, `glued` what followed it in the
 * same word, if anything. */
static int take_value(struct parse *ps, size_t i, struct word named, struct word glued,
		      bool after_letter)
{
	const struct pp_param *p = &ps->cmd->params[i];
	int rc = pp_values_clash(ps->cmd, ps->values, i, column_of(ps, named.at), ps->err);

	if (rc)
		return rc;
	if (p->type == PP_PARAM_FLAG)
		return store(ps, i, strdup(p->name), named.at, after_letter);
	struct word value = glued.len ? glued : next_word(&ps->rest);
	if (!value.len)
		return pp_error_set(ps->err, PP_ERR_PARAMS, end_column(ps), p, NULL,
				    "\"%s\" needs a value", p->name);
	if (p->type == PP_PARAM_REST)
		value = rest_of_line(ps, value.at);
	return store(ps, i, strndup(value.at, value.len), value.at, after_letter);
}

static int index_of_letter(const struct parse *ps, char letter)
{
	for (size_t i = 0; i < pp_param_count(ps->cmd); i++)
		if (ps->cmd->params[i].letter == letter)
			return (int)i;
	return -1;
}

static int fail_option(struct parse *ps, const char *at, size_t len)
{
	char cut[PP_WORD_SHOWN];

	pp_word_cut(at, len, cut);
	return pp_error_set(ps->err, PP_ERR_PARAMS, column_of(ps, at), NULL, cut,
			    "unknown option: \"-%s\"", cut);
}

/* "-c" "-c3" "-qc3": flags may share the dash, a value ends the word. */
static int take_letters(struct parse *ps, struct word w)
{
	for (size_t k = 1; k < w.len; k++) {
		struct word named = {.at = w.at + k, .len = 1};
		struct word glued = {.at = w.at + k + 1, .len = w.len - k - 1};
		int i = index_of_letter(ps, w.at[k]);

		if (i < 0)
			return fail_option(ps, w.at + k, w.len - k);
		bool flag = ps->cmd->params[i].type == PP_PARAM_FLAG;
		int rc = take_value(ps, (size_t)i, named, glued, true);
		if (rc || !flag)
			return rc;
	}
	return 0;
}

static int next_positional(const struct parse *ps)
{
	for (size_t i = 0; i < pp_param_count(ps->cmd); i++)
		if (ps->cmd->params[i].positional && !ps->values[i].given)
			return (int)i;
	return -1;
}

static int index_of_long_word(const struct parse *ps, struct word w)
{
	int i = pp_param_index(ps->cmd, w.at, w.len);

	return i >= 0 && !ps->cmd->params[i].positional ? i : -1;
}

/* A dash and a digit that is nobody's letter is a number, for the range check. */
static bool is_option(const struct parse *ps, struct word w)
{
	if (w.at[0] != '-' || w.len < 2)
		return false;
	return index_of_letter(ps, w.at[1]) >= 0 || w.at[1] < '0' || w.at[1] > '9';
}

static int take_word(struct parse *ps, struct word w)
{
	int i = index_of_long_word(ps, w);

	if (i >= 0)
		return take_value(ps, (size_t)i, w, (struct word){0}, false);
	if (is_option(ps, w))
		return take_letters(ps, w);
	i = next_positional(ps);
	if (i >= 0)
		return take_value(ps, (size_t)i, w, w, false);
	return fail_at(ps, w, PP_ERR_PARAMS, "unexpected word");
}

static int take_params(struct parse *ps)
{
	for (;;) {
		struct word w = next_word(&ps->rest);
		if (!w.len)
			return pp_values_complete(ps->cmd, ps->values, end_column(ps), ps->err);
		int rc = take_word(ps, w);
		if (rc)
			return rc;
	}
}

/* ---- the line --------------------------------------------------------------------- */

/* Control characters and broken UTF-8 would travel into answers and terminals. */
static int check_bytes(struct parse *ps)
{
	for (const char *c = ps->line; *c; c++) {
		unsigned char u = (unsigned char)*c;
		if (u == 0x7f || (u < 0x20 && !is_space(*c)))
			return pp_error_set(ps->err, PP_ERR_PARSE, column_of(ps, c), NULL, NULL,
					    "control character 0x%02x", u);
	}
	json_t *utf8 = json_string(ps->line);
	if (!utf8)
		return pp_error_set(ps->err, PP_ERR_PARSE, 0, NULL, NULL, "not UTF-8 text");
	json_decref(utf8);
	return 0;
}

static int parse_line(struct parse *ps)
{
	const char *start = ps->line;
	struct word first = next_word(&start);

	if (!first.len)
		return 0;
	int rc = check_bytes(ps);
	if (rc)
		return rc;
	ps->cmd = find(ps->commands, ps->line, &ps->rest);
	if (!ps->cmd)
		return fail_command(ps);
	if (!strcmp(ps->cmd->words, "load"))
		return pp_error_set(ps->err, PP_ERR_FAILED, column_of(ps, first.at), NULL, "load",
				    "files are opened by the client");
	ps->values = pp_values_alloc(ps->cmd);
	return ps->values ? take_params(ps) : no_memory(ps);
}

int pp_grammar_parse(const struct pp_command *commands, const char *line,
		     const struct pp_command **ret_cmd, struct pp_value **ret_values,
		     struct pp_error *err)
{
	struct parse ps = {.commands = commands, .line = line, .rest = line, .err = err};
	int rc = parse_line(&ps);

	if (rc) {
		if (ps.values)
			pp_values_free(ps.cmd, ps.values);
		return rc;
	}
	*ret_cmd = ps.cmd;
	*ret_values = ps.values;
	return 0;
}
