/* SPDX-License-Identifier: BSD-3-Clause */
/* The command table told to others: usage lines for people, JSON for programs. */
#include "ctl_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const class_names[];
static const char *const placeholders[];

static void put_upper(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(toupper((unsigned char)*text), f);
}

static void put_placeholder(FILE *f, const struct pp_param *p)
{
	bool words_alone = p->type == PP_PARAM_CHOICE;

	if (!words_alone)
		fputs(placeholders[p->type], f);
	for (const char *const *c = p->choices; c && *c; c++)
		fprintf(f, "%s%s", words_alone && c == p->choices ? "" : "|", *c);
}

static void put_positional(FILE *f, const struct pp_param *p)
{
	if (p->type == PP_PARAM_CHOICE)
		put_placeholder(f, p);
	else
		put_upper(f, p->name);
}

static void put_named(FILE *f, const struct pp_param *p)
{
	fputs(p->name, f);
	if (p->type != PP_PARAM_FLAG) {
		fputc(' ', f);
		put_placeholder(f, p);
	}
	if (p->letter)
		fprintf(f, "|-%c", p->letter);
	if (p->letter && p->type != PP_PARAM_FLAG) {
		fputc(' ', f);
		put_placeholder(f, p);
	}
}

char *pp_command_usage(const struct pp_command *cmd)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs(cmd->words, f);
	for (size_t i = 0; i < pp_param_count(cmd); i++) {
		const struct pp_param *p = &cmd->params[i];
		fputs(p->required ? " " : " [", f);
		(p->positional ? put_positional : put_named)(f, p);
		fputs(p->required ? "" : "]", f);
	}
	fclose(f);
	return text;
}

static void add_range(json_t *out, const struct pp_param *p)
{
	if (p->type != PP_PARAM_INT && p->type != PP_PARAM_TIME)
		return;
	json_object_set_new(out, "min", json_integer(p->min));
	if (p->max || p->type == PP_PARAM_INT)
		json_object_set_new(out, "max", json_integer(p->max));
}

static void add_choices(json_t *out, const struct pp_param *p)
{
	if (!p->choices)
		return;
	json_t *list = json_array();
	for (const char *const *c = p->choices; *c; c++)
		json_array_append_new(list, json_string(*c));
	json_object_set_new(out, "choices", list);
}

static json_t *param_json(const struct pp_param *p)
{
	json_t *out = json_pack("{s:s, s:s, s:b, s:b}", "name", p->name, "type",
				pp_param_type_name(p->type), "positional", p->positional,
				"required", p->required);

	if (p->letter)
		json_object_set_new(out, "letter", json_stringn(&p->letter, 1));
	add_range(out, p);
	add_choices(out, p);
	if (p->excludes)
		json_object_set_new(out, "excludes", json_string(p->excludes));
	if (p->help)
		json_object_set_new(out, "help", json_string(p->help));
	return out;
}

static json_t *command_json(const struct pp_command *cmd)
{
	json_t *params = json_array();
	char *usage = pp_command_usage(cmd);

	for (size_t i = 0; i < pp_param_count(cmd); i++)
		json_array_append_new(params, param_json(&cmd->params[i]));
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:o}", "words", cmd->words, "class",
				class_names[cmd->class], "help", cmd->help ? cmd->help : "",
				"usage", usage ? usage : "", "params", params);
	free(usage);
	return out;
}

json_t *pp_commands_schema(const struct pp_command *commands)
{
	json_t *out = json_array();

	for (const struct pp_command *c = commands; c->words; c++)
		json_array_append_new(out, command_json(c));
	return out;
}

static const char *const class_names[] = {
	[PP_CLASS_READ] = "read",
	[PP_CLASS_CONTROL] = "control",
	[PP_CLASS_ADMIN] = "admin",
};

static const char *const placeholders[] = {
	[PP_PARAM_FLAG] = "",		[PP_PARAM_INT] = "N",
	[PP_PARAM_TIME] = "TIME",	[PP_PARAM_RATE] = "RATE",
	[PP_PARAM_ADDRESS] = "ADDRESS", [PP_PARAM_PREFIX] = "PREFIX",
	[PP_PARAM_TARGETS] = "TARGETS", [PP_PARAM_MAC] = "MAC",
	[PP_PARAM_HEX] = "HEX",		[PP_PARAM_CHOICE] = "",
	[PP_PARAM_NAME] = "NAME",	[PP_PARAM_TEXT] = "WORD",
	[PP_PARAM_REST] = "TEXT",
};
