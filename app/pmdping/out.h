/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outputs: the only code that formats what commands computed. Text is for people
 * and for scripts that parse ping's lines, JSON for programs.
 */
#ifndef PMDPING_OUT_H
#define PMDPING_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What text needs to remember between the events of one command. */
struct pp_out_view {
	const char *name;	/* as the user wrote the target, or NULL: numeric */
	bool quiet, timestamps; /* as the start event said */
	bool flood;
	int64_t outstanding; /* dots of flood on the screen */
};

struct pp_output {
	/* One event, or a result as the event "result". `view` may be NULL. */
	void (*message)(FILE *to, struct pp_out_view *view, const char *command, const char *event,
			const json_t *body);
};
extern const struct pp_output pp_output_text, pp_output_json;

/* A pp_render (see ctl.h): `arg` is a struct pp_out_view or NULL. */
char *pp_out_text(void *arg, const char *command, const char *event, const json_t *body);

/* ---- among the files of the library -------------------------------------------- */

int64_t pp_out_int(const json_t *body, const char *key);     /* 0 when absent */
const char *pp_out_str(const json_t *body, const char *key); /* "" when absent */
/* Members that say what a message is, not what it holds. */
bool pp_out_is_envelope(const char *key);
/* Events and results of ping, and of whatever shows a session's summary. */
void pp_out_ping(FILE *f, struct pp_out_view *view, const char *event, const json_t *body);
void pp_out_summary(FILE *f, const char *name, const json_t *body);
/* Whom a session probes: its address, or the first and how many more. */
void pp_out_targets(FILE *f, const json_t *body);
/* iputils' words for an ICMP error, a redirect or a source quench. */
void pp_out_icmp(FILE *f, const json_t *body);
/* What session show adds: a table of quantiles with their confidence. */
void pp_out_quantiles(FILE *f, const json_t *body);
/* Lines on its rate and its slip; none where they say nothing. */
void pp_out_rate(FILE *f, const json_t *body);
void pp_out_histogram(FILE *f, const json_t *body);
/* No digit below the bound_ns of `rtt`, in ms: 3 to 6. */
int pp_out_decimals(const json_t *rtt);
/* Cases and certificate of the selftest. */
void pp_out_selftest(FILE *f, const char *event, const json_t *body);
/* An aligned table when the command has one. */
bool pp_out_table(FILE *f, const char *command, const json_t *body);
/* One value as text, "-" for null. */
void pp_out_value(FILE *f, const char *key, const json_t *value);

#endif
