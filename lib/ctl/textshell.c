/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text shell: a command per line, rendered text back, "ERR <code> <message>"
 * on failure. One line at a time, the next one starts when the call has ended.
 */
#include "ctl_int.h"

#include <stdio.h>
#include <stdlib.h>

static char *render(const struct pp_peer *p, const char *command, const char *event,
		    const json_t *body)
{
	pp_render render_text = p->ctl->config.render;

	if (render_text)
		return render_text(NULL, command, event, body);
	char *text = json_dumps(body, JSON_COMPACT);
	return text;
}

/* With a newline at the end, which the renderer need not have made. */
static bool send_text(struct pp_peer *p, const char *text, bool must)
{
	size_t len = text ? strlen(text) : 0;

	if (len == 0)
		return true;
	if (!pp_peer_send(p, text, len, must))
		return false;
	return text[len - 1] == '\n' || pp_peer_send(p, "\n", 1, true);
}

static void call_event(struct pp_call *c, const char *event, json_t *body)
{
	const char *command = json_string_value(json_object_get(body, "command"));
	char *text = render(c->origin, command ? command : c->cmd->words, event, body);

	if (!send_text(c->origin, text, false))
		c->dropped++;
	free(text);
}

void pp_textshell_error(struct pp_peer *p, const struct pp_error *err)
{
	char line[sizeof(err->message) + 64], place[32] = "";

	if (err->column)
		snprintf(place, sizeof(place), "column %u: ", err->column);
	snprintf(line, sizeof(line), "ERR %d %s%s\n", err->code, place, err->message);
	pp_peer_send(p, line, strlen(line), true);
}

static void call_end(struct pp_call *c, json_t *result, const struct pp_error *err)
{
	struct pp_peer *p = c->origin;

	p->running--;
	if (err) {
		pp_textshell_error(p, err);
		return;
	}
	char *text = render(p, c->cmd->words, "result", result);
	send_text(p, text, true);
	free(text);
	/* Also when there was nothing to say: the next line waits for this. */
	pp_peer_send(p, "", 0, true);
}

static const struct pp_call_out call_out = {.event = call_event, .end = call_end};

static void start(struct pp_peer *p, const struct pp_command *cmd, struct pp_value *values)
{
	struct pp_call *c = pp_call_new(p->ctl, p->role, cmd, values, &call_out, p);

	if (!c) {
		p->broken = true;
		return;
	}
	p->running++;
	pp_call_launch(c);
}

static bool is_quit(const char *line)
{
	char word[8], more[2];

	return sscanf(line, " %7s %1s", word, more) == 1 && !strcmp(word, "quit");
}

void pp_textshell_line(struct pp_peer *p, const char *line, size_t len)
{
	const struct pp_command *cmd;
	struct pp_value *values;
	struct pp_error err;

	if (strlen(line) != len) {
		pp_error_set(&err, PP_ERR_PARSE, (unsigned int)strlen(line) + 1, NULL, NULL,
			     "NUL byte");
		pp_textshell_error(p, &err);
	} else if (is_quit(line)) {
		p->closing = true;
	} else if (pp_grammar_parse(p->ctl->config.commands, line, &cmd, &values, &err)) {
		pp_textshell_error(p, &err);
	} else if (cmd) {
		start(p, cmd, values);
	}
}
