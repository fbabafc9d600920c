/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pmdping: what the arguments ask for. Its own options are long and come first;
 * letters belong to ping, as do arguments that begin with an address.
 */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *socket, *file;
	pp_ns wait;
	bool json, keep_going;
	char **words; /* the command, NULL-terminated */
};

static const char usage[];

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "pmdping: %s: %s (--help tells more)\n", what, word);
	return EXIT_ERROR;
}

static int parse_wait(const char *word, struct options *o)
{
	return pp_parse_time(word, true, &o->wait) ? usage_error("not a time", word) : 0;
}

/* An option that takes a value, "--name VALUE". */
static const char **value_option(const char *name, struct options *o)
{
	if (!strcmp(name, "--socket"))
		return &o->socket;
	return strcmp(name, "--file") ? NULL : &o->file;
}

static int print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(EXIT_OK);
}

/* How many arguments the option at argv[0] took, or a negative exit code. */
static int take_option(char **argv, struct options *o)
{
	const char **value = value_option(argv[0], o);
	bool wait = !strcmp(argv[0], "--wait");

	if (!strcmp(argv[0], "--help"))
		print_and_exit(usage);
	if (!strcmp(argv[0], "--version"))
		print_and_exit("pmdping " PMDPING_VERSION "\n");
	if ((value || wait) && !argv[1])
		return -usage_error("needs a value", argv[0]);
	if (wait)
		return parse_wait(argv[1], o) ? -EXIT_ERROR : 2;
	if (value) {
		*value = argv[1];
		return 2;
	}
	if (!strcmp(argv[0], "--json"))
		o->json = true;
	else if (!strcmp(argv[0], "--keep-going"))
		o->keep_going = true;
	else
		return -usage_error("unknown option", argv[0]);
	return 1;
}

static int parse_options(char **argv, struct options *o)
{
	while (*argv && !strncmp(*argv, "--", 2)) {
		if (!(*argv)[2]) {
			argv++;
			break;
		}
		int n = take_option(argv, o);
		if (n < 0)
			return -n;
		argv += n;
	}
	o->words = argv;
	if (o->file && *argv)
		return usage_error("not together with --file", *argv);
	return 0;
}

/* One line of the words, each as it was given. */
static char *join(char **words)
{
	char *line = NULL;
	size_t size;
	FILE *f = open_memstream(&line, &size);

	if (!f)
		return NULL;
	for (char **w = words; *w; w++)
		fprintf(f, "%s%s", w == words ? "" : " ", *w);
	fclose(f);
	return line;
}

static int run_words(struct app *a, char **words)
{
	char *line = join(words), *whole = NULL;
	bool ping = words[0][0] == '-' || strpbrk(words[0], ".:");
	int rc = EXIT_ERROR;

	if (line && ping && asprintf(&whole, "ping %s", line) >= 0)
		rc = app_run_line(a, whole, (struct place){0}, false);
	else if (line && !ping)
		rc = app_run_line(a, line, (struct place){0}, true);
	free(whole);
	free(line);
	return rc;
}

static int run(struct app *a, const struct options *o)
{
	if (o->file)
		return app_run_file(a, o->file);
	return *o->words ? run_words(a, o->words) : app_run_console(a);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	char path[256];
	int rc = argc > 0 ? parse_options(argv + 1, &o) : EXIT_ERROR;

	if (rc)
		return rc;
	struct app a = {
		.output = o.json ? &pp_output_json : &pp_output_text,
		.keep_going = o.keep_going,
	};
	const char *socket = o.socket ? o.socket : pp_client_default_path(path, sizeof(path));
	int err = pp_client_open(socket, o.wait, &a.client);
	if (err) {
		fprintf(stderr, "pmdping: cannot connect to %s: %s; is pmdpingd running?\n", socket,
			strerror(-err));
		return EXIT_CONNECTION;
	}
	rc = run(&a, &o);
	pp_client_close(a.client);
	return rc;
}

static const char usage[] =
	"usage: pmdping [--socket PATH] [--wait TIME] [--json] [COMMAND...]\n"
	"       pmdping [...] --file FILE [--keep-going]\n"
	"       pmdping [...] ADDRESS [ping's letters]\n"
	"\n"
	"Commands a running pmdpingd. Without a command: a console.\n"
	"\n"
	"  --socket PATH  the engine's socket; default $PMDPING_SOCKET, else\n"
	"                 /run/pmdping/pmdping.sock for root, else\n"
	"                 $XDG_RUNTIME_DIR/pmdping.sock\n"
	"  --wait TIME    wait for the engine, seconds or with a unit (500ms)\n"
	"  --json         one JSON object per line\n"
	"  --file FILE    run the commands in FILE\n"
	"  --keep-going   go on after a command that failed\n"
	"  --version      this program's version\n"
	"\n"
	"\"pmdping help\" lists the engine's commands.\n"
	"Exit: 0 success, 1 no reply or a failed check, 2 an error, 3 cannot connect.\n";
