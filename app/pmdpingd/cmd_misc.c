/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load, help, shutdown.
 */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- load ----------------------------------------------------------------------- */

static void load_event(void *arg, const struct pp_command *cmd, const char *event,
		       const json_t *body)
{
	(void)cmd; /* is in the body */
	pp_call_notify(arg, event, json_deep_copy(body));
}

static void load_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit,
		     int code, unsigned int column, const char *message)
{
	(void)cmd;
	(void)result;
	(void)column;
	if (message)
		pp_call_fail(arg, code, NULL, "%s", message);
	else
		pp_call_done(arg, json_pack("{s:i}", "exit", exit));
}

void pp_cmd_load(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	struct pp_sink sink = {.event = load_event, .end = load_end, .arg = c};

	pp_ctl_run_script(e->ctl, pp_call_text(c, "name"), pp_call_text(c, "content"), c, &sink);
}

/* ---- help -------------------------------------------------------------------------- */

static void put_overview(FILE *f)
{
	for (const struct pp_command *cmd = pp_commands; cmd->words; cmd++)
		fprintf(f, "%-20s %s\n", cmd->words, cmd->help);
	fputs("help COMMAND         its words, with ranges\n", f);
}

/* In the largest unit that leaves a whole number. */
static void put_time(FILE *f, int64_t ns)
{
	static const struct {
		int64_t ns;
		const char *unit;
	} units[] = {{INT64_C(3600000000000), "h"},
		     {1000000000, "s"},
		     {1000000, "ms"},
		     {1000, "us"},
		     {1, "ns"}};
	size_t i = 0;

	while (ns % units[i].ns)
		i++;
	fprintf(f, "%lld%s", (long long)(ns / units[i].ns), units[i].unit);
}

static void put_time_range(FILE *f, const struct pp_param *p)
{
	fputs(" (", f);
	put_time(f, p->min);
	fputs(" to ", f);
	put_time(f, p->max);
	fputs(")", f);
}

static void put_range(FILE *f, const struct pp_param *p)
{
	if (p->type == PP_PARAM_INT)
		fprintf(f, " (%lld to %lld)", (long long)p->min, (long long)p->max);
	if (p->type == PP_PARAM_TIME)
		put_time_range(f, p);
	if (p->type == PP_PARAM_CHOICE) {
		fputs(" (", f);
		for (const char *const *w = p->choices; *w; w++)
			fprintf(f, "%s%s", w == p->choices ? "" : ", ", *w);
		fputs(")", f);
	}
}

static void put_command(FILE *f, const struct pp_command *cmd)
{
	char *usage = pp_command_usage(cmd);

	fprintf(f, "%s\n  %s\n", usage ? usage : cmd->words, cmd->help);
	for (const struct pp_param *p = cmd->params; p && p->name; p++) {
		fprintf(f, "  %-12s %s", p->name, p->help);
		put_range(f, p);
		fputs("\n", f);
	}
	free(usage);
}

/* Every command that begins with those words. */
static unsigned int put_matching(FILE *f, const char *words)
{
	unsigned int n = 0;

	for (const struct pp_command *cmd = pp_commands; cmd->words; cmd++) {
		size_t len = strlen(words);
		if (strncmp(cmd->words, words, len) || (cmd->words[len] && cmd->words[len] != ' '))
			continue;
		put_command(f, cmd);
		n++;
	}
	return n;
}

void pp_cmd_help(struct pp_call *c)
{
	const char *words = pp_call_text(c, "command");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	unsigned int n = 1;

	if (!f) {
		pp_call_fail(c, PP_ERR_INTERNAL, NULL, "out of memory");
		return;
	}
	if (words && *words)
		n = put_matching(f, words);
	else
		put_overview(f);
	fclose(f);
	if (n)
		pp_call_done(c, json_pack("{s:s}", "text", text));
	else
		pp_call_fail(c, PP_ERR_FAILED, "command", "no command begins with: %s", words);
	free(text);
}

/* ---- shutdown ------------------------------------------------------------------------ */

void pp_cmd_shutdown(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);

	pp_call_done(c, json_object());
	pp_engine_end(e, 0);
}
