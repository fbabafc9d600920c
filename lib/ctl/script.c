/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines that come from this process: one of a console or of -x, or a whole
 * command file, of which each line starts when the one before has ended.
 */
#include "ctl_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one line ------------------------------------------------------------------------- */

static void line_event(struct pp_call *c, const char *event, json_t *body)
{
	const struct pp_sink *sink = c->origin;

	sink->event(sink->arg, c->cmd, event, body);
}

static void end_error(const struct pp_sink *sink, const struct pp_command *cmd,
		      const struct pp_error *err)
{
	sink->end(sink->arg, cmd, NULL, 2, err->code, err->column, err->message);
}

static void line_end(struct pp_call *c, json_t *result, const struct pp_error *err)
{
	struct pp_sink *sink = c->origin;

	if (err)
		end_error(sink, c->cmd, err);
	else
		sink->end(sink->arg, c->cmd, result, pp_result_exit(result), 0, 0, NULL);
	free(sink);
}

static const struct pp_call_out line_out = {.event = line_event, .end = line_end};

static struct pp_call *run(struct pp_ctl *ctl, const struct pp_command *cmd,
			   struct pp_value *values, const struct pp_sink *sink)
{
	struct pp_sink *own = malloc(sizeof(*own));
	struct pp_call *c = NULL;

	if (own) {
		*own = *sink;
		c = pp_call_new(ctl, PP_CLASS_ADMIN, cmd, values, &line_out, own);
	} else {
		pp_values_free(cmd, values);
	}
	if (c)
		return pp_call_launch(c);
	free(own);
	sink->end(sink->arg, cmd, NULL, 2, PP_ERR_INTERNAL, 0, "out of memory");
	return NULL;
}

struct pp_call *pp_ctl_run_line(struct pp_ctl *ctl, const char *line, const struct pp_sink *sink)
{
	const struct pp_command *cmd;
	struct pp_value *values;
	struct pp_error err;

	if (pp_grammar_parse(ctl->config.commands, line, &cmd, &values, &err)) {
		end_error(sink, NULL, &err);
		return NULL;
	}
	if (cmd)
		return run(ctl, cmd, values, sink);
	json_t *nothing = json_pack("{s:s, s:i}", "command", "", "exit", 0);
	sink->end(sink->arg, NULL, nothing, 0, 0, 0, NULL);
	json_decref(nothing);
	return NULL;
}

/* ---- a file ------------------------------------------------------------------------------ */

struct script {
	struct pp_ctl *ctl;
	char *name, *content, *next; /* next: the line to come, NULL after the last */
	unsigned int number;	     /* of the current line, from 1 */
	struct pp_call *parent;	     /* or NULL */
	struct pp_sink sink;
	struct pp_call *current; /* running, or NULL */
	bool waiting;		 /* for the current line's end */
	bool stepping;		 /* script_run is on the stack */
	bool cancelled;
	int exit; /* first of the lines' that is not 0 */
	bool failed;
	const struct pp_command *failed_cmd;
	struct pp_error err;
};

static void script_free(struct script *s)
{
	free(s->name);
	free(s->content);
	free(s);
}

static void finish_well(const struct script *s)
{
	json_t *result = json_pack("{s:i, s:i}", "lines", (int)s->number, "exit", s->exit);

	s->sink.end(s->sink.arg, NULL, result, s->exit, 0, 0, NULL);
	json_decref(result);
}

static void finish_badly(const struct script *s)
{
	char text[sizeof(s->err.message) + 128], place[32];

	if (s->err.column)
		snprintf(place, sizeof(place), "%u:%u", s->number, s->err.column);
	else
		snprintf(place, sizeof(place), "%u", s->number);
	snprintf(text, sizeof(text), "%.90s:%s: %s", s->name, place, s->err.message);
	s->sink.end(s->sink.arg, s->failed_cmd, NULL, 2, s->err.code, s->err.column, text);
}

static void script_finish(struct script *s)
{
	if (s->parent)
		pp_call_on_cancel(s->parent, NULL, NULL);
	if (s->failed)
		finish_badly(s);
	else
		finish_well(s);
	script_free(s);
}

static void script_fail(struct script *s, const struct pp_command *cmd, const struct pp_error *err)
{
	s->failed = true;
	s->failed_cmd = cmd;
	s->err = *err;
}

static void script_run(struct script *s);

/* The sink gets events of every line, and its result as one; both say whose. */
static void script_event(struct pp_call *c, const char *event, json_t *body)
{
	const struct script *s = c->origin;
	json_t *named = json_copy(body);

	if (!json_object_get(named, "command"))
		json_object_set_new(named, "command", json_string(c->cmd->words));
	s->sink.event(s->sink.arg, c->cmd, event, named);
	json_decref(named);
}

static void script_line_end(struct pp_call *c, json_t *result, const struct pp_error *err)
{
	struct script *s = c->origin;

	s->waiting = false;
	s->current = NULL;
	if (err) {
		script_fail(s, c->cmd, err);
	} else {
		if (s->exit == 0)
			s->exit = pp_result_exit(result);
		s->sink.event(s->sink.arg, c->cmd, "result", result);
	}
	script_run(s);
}

static const struct pp_call_out script_out = {.event = script_event, .end = script_line_end};

static void start(struct script *s, const struct pp_command *cmd, struct pp_value *values)
{
	enum pp_class role = s->parent ? s->parent->role : PP_CLASS_ADMIN;
	struct pp_call *c = pp_call_new(s->ctl, role, cmd, values, &script_out, s);
	struct pp_error err;

	if (!c) {
		pp_error_set(&err, PP_ERR_INTERNAL, 0, NULL, NULL, "out of memory");
		script_fail(s, cmd, &err);
		return;
	}
	s->waiting = true;
	s->current = c;
	pp_call_launch(c);
}

static void start_line(struct script *s)
{
	const struct pp_command *cmd;
	struct pp_value *values;
	struct pp_error err;
	const char *line = strsep(&s->next, "\n");

	s->number++;
	if (pp_grammar_parse(s->ctl->config.commands, line, &cmd, &values, &err))
		script_fail(s, NULL, &err);
	else if (cmd)
		start(s, cmd, values);
}

static void interrupt(struct script *s)
{
	struct pp_error err;

	pp_error_set(&err, PP_ERR_FAILED, 0, NULL, NULL, "interrupted");
	script_fail(s, NULL, &err);
}

/* Until a line goes on by itself; its end comes back here. */
static void script_run(struct script *s)
{
	if (s->stepping)
		return;
	s->stepping = true;
	while (!s->waiting && !s->failed && s->next && *s->next) {
		if (s->cancelled || s->ctl->closing)
			interrupt(s);
		else
			start_line(s);
	}
	s->stepping = false;
	if (s->waiting)
		return;
	script_finish(s);
}

static void script_cancel(struct pp_call *parent, void *arg)
{
	struct script *s = arg;

	(void)parent;
	s->cancelled = true;
	if (s->current)
		pp_call_cancel(s->current);
}

void pp_ctl_run_script(struct pp_ctl *ctl, const char *name, const char *content,
		       struct pp_call *parent, const struct pp_sink *sink)
{
	struct script *s = calloc(1, sizeof(*s));
	char *own_name = strdup(name), *own_content = strdup(content);

	if (!s || !own_name || !own_content) {
		free(own_name);
		free(own_content);
		free(s);
		sink->end(sink->arg, NULL, NULL, 2, PP_ERR_INTERNAL, 0, "out of memory");
		return;
	}
	s->ctl = ctl;
	s->name = own_name;
	s->content = s->next = own_content;
	s->parent = parent;
	s->sink = *sink;
	if (parent)
		pp_call_on_cancel(parent, script_cancel, s);
	script_run(s);
}

/* ---- without running it ------------------------------------------------------------------- */

static void put_place(char *ret_error, size_t size, const char *name, unsigned int number,
		      const struct pp_error *err)
{
	if (err->column)
		snprintf(ret_error, size, "%s:%u:%u: %s", name, number, err->column, err->message);
	else
		snprintf(ret_error, size, "%s:%u: %s", name, number, err->message);
}

int pp_commands_check(const struct pp_command *commands, const char *name, const char *content,
		      char *ret_error, size_t size)
{
	char *copy = strdup(content), *next = copy, *line;
	unsigned int number = 0;
	int rc = copy ? 0 : -ENOMEM;

	while (!rc && (line = strsep(&next, "\n"))) {
		const struct pp_command *cmd;
		struct pp_value *values;
		struct pp_error err;
		number++;
		if (pp_grammar_parse(commands, line, &cmd, &values, &err)) {
			put_place(ret_error, size, name, number, &err);
			rc = -EINVAL;
		} else if (cmd) {
			pp_values_free(cmd, values);
		}
	}
	free(copy);
	return rc;
}
