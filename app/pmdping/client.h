/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client: lines from arguments, a file or a terminal, each sent to the
 * engine and what comes back handed to an output.
 */
#ifndef PMDPING_CLIENT_H
#define PMDPING_CLIENT_H

#include "out.h"

#include <pmdping/ctl.h>

enum {
	EXIT_OK = 0,
	EXIT_NO_REPLY = 1,
	EXIT_ERROR = 2,
	EXIT_CONNECTION = 3,
	EXIT_INTERRUPTED = 130, /* a second SIGINT, as the shell counts it */
};

struct app {
	struct pp_client *client;
	const struct pp_output *output;
	struct pp_out_view view;
	bool keep_going;
};

/* Where a line stands, for messages; file is NULL for arguments and terminals. */
struct place {
	const char *file;
	unsigned int line;
};

/* request.c: runs one line and returns its exit code. With `maybe_ping`, an unknown
 * command is taken for ping's target. */
int app_run_line(struct app *a, const char *line, struct place place, bool maybe_ping);
/* Sends one request and outputs what it streams. The result or the error is in
 * *ret_response, a new reference. 0 or an exit code, said why. */
int app_request(struct app *a, const char *method, json_t *params, json_t **ret_response);
/* The result's output and exit code. */
int app_show_result(struct app *a, const json_t *result);

/* resolve.c: the address of `name`; family is AF_UNSPEC, AF_INET or AF_INET6. 0, or
 * getaddrinfo's error. */
int app_resolve(const char *name, int family, char *ret_text, size_t size);

/* Takes -4 and -6 out of a ping's line, since they only say how to resolve: *ret_family
 * is AF_UNSPEC, AF_INET or AF_INET6. The rest of the line, for the caller to free. */
char *app_take_family(const char *line, int *ret_family);
/* A numeric address in the line that is of another family, or NULL; to be freed. */
char *app_foreign_address(const char *line, int family);

/* load.c: "load FILE", if the line is that: the file's content goes over the socket. */
bool app_is_load(const char *line);
int app_load(struct app *a, const char *line);

/* console.c: lines until the end or "quit"; prompts on a terminal. */
int app_run_file(struct app *a, const char *path);
int app_run_console(struct app *a);

#endif
