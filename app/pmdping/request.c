/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One request and what comes back: events and the result to the output, errors
 * to stderr with a caret under the place. A name where an address belongs is
 * resolved here and the line sent once more.
 */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CARET_MAX 1024 /* a line with a file's targets is no help */

static volatile sig_atomic_t interrupts;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupts++;
}

/* From here on SIGINT comes only while pp_client_receive waits, and makes it
 * return. */
static void hold_interrupts(struct sigaction *ret_before)
{
	const struct sigaction sa = {.sa_handler = on_interrupt};
	sigset_t set;

	interrupts = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGINT, &sa, ret_before);
}

static void release_interrupts(const struct sigaction *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* one that is pending still counts here */
	sigaction(SIGINT, before, NULL);
}

/* ---- one exchange ----------------------------------------------------------------------- */

static void cancel(struct app *a, int64_t id)
{
	if (interrupts > 1) {
		fflush(stdout);
		_exit(EXIT_INTERRUPTED);
	}
	pp_client_send(a->client, "cancel", json_pack("{s:I}", "id", (json_int_t)id));
}

static bool is_event(const json_t *message)
{
	return !strcmp(pp_out_str(message, "method"), "event");
}

static void show_event(struct app *a, const json_t *params)
{
	a->output->message(stdout, &a->view, pp_out_str(params, "command"),
			   pp_out_str(params, "event"), params);
}

/* An error without an id is about the line that could not be read: ours. */
static bool is_response(const json_t *message, int64_t id)
{
	const json_t *theirs = json_object_get(message, "id");

	if (json_is_null(theirs))
		return json_object_get(message, "error") != NULL;
	return json_is_integer(theirs) && json_integer_value(theirs) == id;
}

static int lost_connection(int rc)
{
	fprintf(stderr, "pmdping: the engine closed the connection%s%s\n", rc ? ": " : "",
		rc ? strerror(-rc) : "");
	return EXIT_CONNECTION;
}

static int await(struct app *a, int64_t id, json_t **ret_response)
{
	for (;;) {
		json_t *message = NULL;
		int rc = pp_client_receive(a->client, &message);
		if (rc == -EINTR) {
			cancel(a, id);
			continue;
		}
		if (rc <= 0)
			return lost_connection(rc);
		if (is_response(message, id)) {
			*ret_response = message;
			return 0;
		}
		if (is_event(message))
			show_event(a, json_object_get(message, "params"));
		json_decref(message);
	}
}

int app_request(struct app *a, const char *method, json_t *params, json_t **ret_response)
{
	struct sigaction before;
	int64_t id = pp_client_send(a->client, method, params);

	if (id < 0)
		return lost_connection((int)id);
	hold_interrupts(&before);
	int rc = await(a, id, ret_response);
	release_interrupts(&before);
	return rc;
}

int app_show_result(struct app *a, const json_t *result)
{
	a->output->message(stdout, &a->view, pp_out_str(result, "command"), "result", result);
	return (int)pp_out_int(result, "exit");
}

/* ---- errors ------------------------------------------------------------------------------ */

static void show_caret(const char *line, int64_t column)
{
	if (strlen(line) <= CARET_MAX)
		fprintf(stderr, "  %s\n  %*s^\n", line, (int)(column - 1), "");
}

static void show_error(const json_t *error, const char *line, struct place place)
{
	int64_t column = pp_out_int(json_object_get(error, "data"), "column");
	const char *message = pp_out_str(error, "message");

	if (place.file && column)
		fprintf(stderr, "pmdping: %s:%u:%lld: %s\n", place.file, place.line,
			(long long)column, message);
	else if (place.file)
		fprintf(stderr, "pmdping: %s:%u: %s\n", place.file, place.line, message);
	else if (column)
		fprintf(stderr, "pmdping: column %lld: %s\n", (long long)column, message);
	else
		fprintf(stderr, "pmdping: %s\n", message);
	if (column)
		show_caret(line, column);
}

/* ---- names --------------------------------------------------------------------------------- */

/* The word at a column, which counts characters. */
static const char *word_at(const char *line, int64_t column, size_t *ret_len)
{
	for (; *line; line++) {
		if (((unsigned char)*line & 0xc0) != 0x80 && --column == 0)
			break;
	}
	*ret_len = strcspn(line, " \t\r\n");
	return line;
}

static bool wants_address(const json_t *error)
{
	const json_t *data = json_object_get(error, "data");

	return pp_out_int(error, "code") == PP_ERR_PARAMS &&
	       !strcmp(pp_out_str(data, "type"), "address") && *pp_out_str(data, "word") &&
	       pp_out_int(data, "column") > 0;
}

/* The line with its word at `at` replaced. */
static char *replace(const char *line, const char *at, size_t len, const char *by)
{
	char *text;
	int n = asprintf(&text, "%.*s%s%s", (int)(at - line), line, by, at + len);

	return n < 0 ? NULL : text;
}

/* *ret_line is the line with the name's address, *ret_name the name; or an exit
 * code, said why. Both are for the caller to free. */
static int resolve_line(const char *line, int family, const json_t *error, char **ret_line,
			char **ret_name)
{
	char address[NI_MAXHOST];
	size_t len;
	int64_t column = pp_out_int(json_object_get(error, "data"), "column");
	const char *at = word_at(line, column, &len);
	char *name = strndup(at, len);

	if (!name)
		return EXIT_ERROR;
	int err = app_resolve(name, family, address, sizeof(address));
	char *better = err ? NULL : replace(line, at, len, address);
	if (!better) {
		fprintf(stderr, "pmdping: %s: %s\n", name, gai_strerror(err ? err : EAI_MEMORY));
		free(name);
		return EXIT_ERROR;
	}
	*ret_line = better;
	*ret_name = name;
	return 0;
}

/* ---- one line -------------------------------------------------------------------------------- */

static int exec(struct app *a, const char *line, json_t **ret_response)
{
	json_t *params = json_pack("{s:s}", "line", line);

	if (!params) {
		fprintf(stderr, "pmdping: not UTF-8 text\n");
		return EXIT_ERROR;
	}
	return app_request(a, "exec", params, ret_response);
}

static int show_response(struct app *a, const char *line, struct place place,
			 const json_t *response)
{
	const json_t *error = json_object_get(response, "error");

	if (!error)
		return app_show_result(a, json_object_get(response, "result"));
	show_error(error, line, place);
	return EXIT_ERROR;
}

/* A long export comes in pieces; each says where the next begins. NULL: the last. */
static json_t *next_piece(const json_t *response)
{
	const json_t *result = json_object_get(response, "result");
	json_t *next = json_object_get(result, "next");

	if (!json_is_integer(next))
		return NULL;
	return json_pack("{s:s, s:s, s:O}", "name", pp_out_str(result, "name"), "format",
			 pp_out_str(result, "format"), "from", next);
}

/* Output and exit code; steals the response. */
static int conclude(struct app *a, const char *line, struct place place, json_t *response)
{
	int rc = show_response(a, line, place, response);
	json_t *next = next_piece(response);

	while (!rc && next && !interrupts) {
		json_decref(response);
		response = NULL;
		rc = app_request(a, "session.export", next, &response);
		next = NULL;
		if (!rc) {
			rc = show_response(a, line, place, response);
			next = next_piece(response);
		}
	}
	json_decref(next);
	json_decref(response);
	return rc;
}

static int run_resolved(struct app *a, const char *line, int family, struct place place,
			json_t *response)
{
	char *better, *name;
	int rc = resolve_line(line, family, json_object_get(response, "error"), &better, &name);

	json_decref(response);
	if (rc)
		return rc;
	response = NULL;
	a->view.name = name;
	rc = exec(a, better, &response);
	if (!rc)
		rc = conclude(a, better, place, response);
	a->view.name = NULL;
	free(name);
	free(better);
	return rc;
}

static int run_as_ping(struct app *a, const char *line, struct place place)
{
	char *whole;

	if (asprintf(&whole, "ping %s", line) < 0)
		return EXIT_ERROR;
	int rc = app_run_line(a, whole, place, false);
	free(whole);
	return rc;
}

/* The engine did not know the first word. */
static bool is_unknown(const json_t *error)
{
	return pp_out_int(error, "code") == PP_ERR_METHOD &&
	       pp_out_int(json_object_get(error, "data"), "column") == 1;
}

static int run_line(struct app *a, const char *line, int family, struct place place,
		    bool maybe_ping)
{
	json_t *response = NULL;
	int rc = exec(a, line, &response);

	if (rc)
		return rc;
	const json_t *error = json_object_get(response, "error");
	if (error && maybe_ping && is_unknown(error)) {
		json_decref(response);
		return run_as_ping(a, line, place);
	}
	if (error && wants_address(error))
		return run_resolved(a, line, family, place, response);
	return conclude(a, line, place, response);
}

/* Also what the line says of families, and "load". */
static int run_any(struct app *a, const char *line, struct place place, bool maybe_ping)
{
	int family, rc = EXIT_ERROR;

	if (app_is_load(line))
		return app_load(a, line);
	char *rest = app_take_family(line, &family);
	char *foreign = rest ? app_foreign_address(rest, family) : NULL;
	if (foreign)
		fprintf(stderr, "pmdping: %s: %s\n", foreign, gai_strerror(EAI_ADDRFAMILY));
	else if (rest)
		rc = run_line(a, rest, family, place, maybe_ping);
	free(foreign);
	free(rest);
	return rc;
}

static int resolve_any(const char *name, char *ret_text, size_t size)
{
	return app_resolve(name, AF_UNSPEC, ret_text, size);
}

/* "file FILE" among the targets is opened here, as the user. */
int app_run_line(struct app *a, const char *line, struct place place, bool maybe_ping)
{
	char *whole, message[512];

	if (pp_targets_from_file(line, resolve_any, &whole, message, sizeof(message))) {
		fprintf(stderr, "pmdping: %s\n", message);
		return EXIT_ERROR;
	}
	int rc = run_any(a, whole ? whole : line, place, maybe_ping);
	free(whole);
	return rc;
}
