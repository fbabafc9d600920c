/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands that come from the engine's own command line and terminal: --commands, -x, -i;
 * the socket opens when the files have run.
 */
#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <out.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX       (1024 * 1024)
#define LINE_MAX_BYTES 65536

enum stage { STAGE_FILES, STAGE_OPEN, STAGE_EXECUTE, STAGE_CONSOLE, STAGE_SERVE };

static struct local {
	struct pp_engine *e;
	enum stage stage;
	unsigned int next_file, next_execute;
	int exit; /* of the first command that did not succeed */
	struct pp_out_view view;
	struct pp_call *call;	   /* running, for an interrupt */
	char line[LINE_MAX_BYTES]; /* -i: what was read so far */
	size_t len;
	bool busy;    /* a file or a line has not ended */
	bool pumping; /* pump() is on the stack */
	bool closed;  /* -i: end of input */
} local;

static void pump(void);

/* ---- output -------------------------------------------------------------------- */

static void show(const char *command, const char *event, const json_t *body)
{
	char *text = pp_out_text(&local.view, command, event, body);

	if (text)
		fputs(text, stdout);
	fflush(stdout);
	free(text);
}

static void local_event(void *arg, const struct pp_command *cmd, const char *event,
			const json_t *body)
{
	(void)arg;
	show(cmd->words, event, body);
}

static void say_error(const char *where, unsigned int column, const char *message)
{
	if (column)
		fprintf(stderr, "pmdpingd: %s: column %u: %s\n", where, column, message);
	else
		fprintf(stderr, "pmdpingd: %s%s%s\n", where, *where ? ": " : "", message);
}

/* ---- files -------------------------------------------------------------------------- */

char *pp_local_read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *content = f ? calloc(1, FILE_MAX + 1) : NULL;

	if (!content) {
		if (f)
			fclose(f);
		return NULL;
	}
	size_t n = fread(content, 1, FILE_MAX + 1, f);
	int failed = ferror(f);
	fclose(f);
	if (!failed && n <= FILE_MAX && strlen(content) == n)
		return content;
	free(content);
	errno = failed ? EIO : EFBIG;
	return NULL;
}

static void file_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit,
		     int code, unsigned int column, const char *message)
{
	(void)arg;
	(void)result;
	(void)exit;
	(void)code;
	(void)column;
	(void)cmd;
	local.busy = false;
	if (message) {
		say_error("", 0, message);
		pp_engine_end(local.e, 2);
	}
	pump();
}

static void run_file(const char *path)
{
	struct pp_sink sink = {.event = local_event, .end = file_end};
	char *content = pp_local_read_file(path);

	if (!content) {
		say_error(path, 0,
			  errno == EFBIG ? "not a text file of at most 1 MiB" : strerror(errno));
		pp_engine_end(local.e, 2);
		return;
	}
	local.busy = true;
	pp_ctl_run_script(local.e->ctl, path, content, NULL, &sink);
	free(content);
	if (local.busy)
		pp_engine_go(local.e); /* it waits for something: that needs workers */
}

/* ---- lines ---------------------------------------------------------------------------- */

static void line_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit,
		     int code, unsigned int column, const char *message)
{
	const char *words = cmd ? cmd->words : "";

	(void)code;
	local.busy = false;
	local.call = NULL;
	if (message)
		say_error(*words ? words : (const char *)arg, column, message);
	else
		show(words, "result", result);
	if (!local.exit)
		local.exit = message ? 2 : exit;
	memset(&local.view, 0, sizeof(local.view));
	pump();
}

static void run_line(const char *line)
{
	static char command[] = "command";
	struct pp_sink sink = {.event = local_event, .end = line_end, .arg = command};
	char *whole, message[512];

	local.busy = true;
	if (pp_targets_from_file(line, NULL, &whole, message, sizeof(message))) {
		line_end(command, NULL, NULL, 2, PP_ERR_FAILED, 0, message);
		return;
	}
	struct pp_call *call = pp_ctl_run_line(local.e->ctl, whole ? whole : line, &sink);
	free(whole);
	if (local.busy)
		local.call = call;
}

/* ---- -i --------------------------------------------------------------------------------- */

static void prompt(void)
{
	if (isatty(STDIN_FILENO) && !local.busy) {
		fputs("pmdping> ", stdout);
		fflush(stdout);
	}
}

/* Takes one line out of what was read; false when there is none yet. */
static bool take_line(char line[LINE_MAX_BYTES])
{
	char *end = memchr(local.line, '\n', local.len);

	if (!end)
		return false;
	size_t n = (size_t)(end - local.line);
	memcpy(line, local.line, n);
	line[n] = '\0';
	local.len -= n + 1;
	memmove(local.line, end + 1, local.len);
	return true;
}

/* False when there is nothing to do before more input comes. */
static bool console_step(void)
{
	static char line[LINE_MAX_BYTES];

	if (!take_line(line)) {
		if (local.closed)
			pp_engine_end(local.e, local.exit);
		else
			prompt();
		return false;
	}
	if (!strcmp(line, "quit"))
		pp_engine_end(local.e, 0);
	else
		run_line(line);
	return true;
}

static void input(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	ssize_t n = read(STDIN_FILENO, local.line + local.len, sizeof(local.line) - local.len - 1);
	if (n > 0) {
		local.len += (size_t)n;
	} else if (n == 0 || errno != EAGAIN) {
		pp_loop_del(local.e->loop, STDIN_FILENO);
		local.closed = true;
	}
	if (local.len == sizeof(local.line) - 1) {
		say_error("input", 0, "a line is too long");
		local.len = 0;
	}
	pump();
}

/* A file as standard input cannot be waited for: it is read at once. */
static void start_console(void)
{
	if (pp_loop_add(local.e->loop, STDIN_FILENO, EPOLLIN, input, NULL) == 0) {
		return;
	}
	while (!local.closed)
		input(NULL, 0);
}

/* ---- in order ------------------------------------------------------------------------------ */

static void listen_now(void)
{
	char path[128];
	const struct pp_options *o = &local.e->options;
	const char *at = o->socket ? o->socket : pp_client_default_path(path, sizeof(path));
	int err = pp_ctl_listen(local.e->ctl, at);

	if (!err)
		return;
	fprintf(stderr, "pmdpingd: --socket %s: %s\n", at,
		err == -EADDRINUSE ? "another engine is listening there" : strerror(-err));
	pp_engine_end(local.e, 2);
}

static void open_up(void)
{
	const struct pp_options *o = &local.e->options;

	pp_engine_go(local.e);
	local.stage = o->n_execute ? STAGE_EXECUTE : o->interactive ? STAGE_CONSOLE : STAGE_SERVE;
	if (o->socket || !o->n_execute)
		listen_now();
	if (o->interactive && !local.e->ending)
		start_console();
}

/* False when there is nothing more to start for now. */
static bool step(void)
{
	const struct pp_options *o = &local.e->options;

	switch (local.stage) {
	case STAGE_FILES:
		if (local.next_file < o->n_commands)
			run_file(o->commands[local.next_file++]);
		else
			local.stage = STAGE_OPEN;
		return true;
	case STAGE_OPEN:
		open_up();
		return true;
	case STAGE_EXECUTE:
		if (local.next_execute < o->n_execute && local.exit != 2)
			run_line(o->execute[local.next_execute++]);
		else
			pp_engine_end(local.e, local.exit);
		return true;
	case STAGE_CONSOLE:
		return console_step();
	case STAGE_SERVE:
		return false;
	}
	return false;
}

/* Goes on until something has to be waited for. What ends at once comes back here
 * through its end callback, and must not nest. */
static void pump(void)
{
	if (local.pumping)
		return;
	local.pumping = true;
	while (!local.busy && !local.e->ending && step())
		;
	local.pumping = false;
}

void pp_local_start(struct pp_engine *e)
{
	local.e = e;
	pump();
}

bool pp_local_interrupt(void)
{
	if (!local.call)
		return false;
	pp_call_cancel(local.call);
	return true;
}
