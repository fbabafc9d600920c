/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines from a file, a pipe or a terminal. On a terminal everything goes on after
 * an error; elsewhere the first one ends it, unless told to keep going.
 */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source {
	FILE *from;
	const char *name; /* for messages; NULL: a terminal */
	bool terminal;
};

static void on_interrupt(int sig)
{
	(void)sig;
}

/* At the prompt, ^C gives a fresh one. */
static void catch_interrupts(void)
{
	const struct sigaction sa = {.sa_handler = on_interrupt}; /* no SA_RESTART */

	sigaction(SIGINT, &sa, NULL);
}

static ssize_t next_line(const struct source *s, char **line, size_t *size)
{
	for (;;) {
		if (s->terminal) {
			fputs("pmdping> ", stdout);
			fflush(stdout);
		}
		errno = 0;
		ssize_t len = getline(line, size, s->from);
		if (len >= 0 || errno != EINTR)
			return len;
		clearerr(s->from);
		fputc('\n', stdout);
	}
}

static bool is_quit(const char *line)
{
	char word[8], more[2];

	return sscanf(line, " %7s %1s", word, more) == 1 && !strcmp(word, "quit");
}

static int run_lines(struct app *a, const struct source *s)
{
	struct place place = {.file = s->name};
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = EXIT_OK;

	while ((len = next_line(s, &line, &size)) >= 0) {
		place.line++;
		if (len && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (is_quit(line))
			break;
		int rc = app_run_line(a, line, place, false);
		if (s->terminal && rc != EXIT_CONNECTION)
			continue;
		code = code ? code : rc;
		if (rc == EXIT_CONNECTION || (rc && !a->keep_going))
			break;
	}
	if (s->terminal && len < 0)
		fputc('\n', stdout);
	free(line);
	return code;
}

int app_run_file(struct app *a, const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f) {
		fprintf(stderr, "pmdping: %s: %s\n", path, strerror(errno));
		return EXIT_ERROR;
	}
	int code = run_lines(a, &(struct source){.from = f, .name = path});
	fclose(f);
	return code;
}

int app_run_console(struct app *a)
{
	bool terminal = isatty(STDIN_FILENO);

	if (terminal)
		catch_interrupts();
	return run_lines(a, &(struct source){
				    .from = stdin,
				    .name = terminal ? NULL : "stdin",
				    .terminal = terminal,
			    });
}
