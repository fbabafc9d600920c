/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine: what the control thread owns, shared by the command handlers.
 */
#ifndef PMDPINGD_ENGINE_H
#define PMDPINGD_ENGINE_H

#include <pmdping/ctl.h>
#include <pmdping/dp.h>
#include <pmdping/stack.h>

#define PP_ALLOW_MAX	    64
#define PP_SESSION_CAPACITY 131072
#define PP_TRUTH_PROBES	    1300000		/* probes whose truth a wire keeps, per queue */
#define PP_ANY_TARGET_PPS   1000.0		/* to targets that no --allow covers */
#define PP_MAX_RATE_PPS	    10000.0		/* --max-rate's default; of a wire, the link */
#define PP_SESSION_MEMORY   (UINT64_C(1) << 30) /* bytes that all sessions may take */
#define PP_SESSION_PPS	    1e9			/* that a schedule can have */

struct pp_prefix {
	struct pp_addr addr;
	unsigned int plen;
};

/* The command line behind "--". */
struct pp_options {
	const char *socket;	  /* NULL: the default path */
	const char *execute[32];  /* -x */
	const char *commands[32]; /* --commands */
	unsigned int n_execute, n_commands;
	bool interactive; /* -i */
	bool check;
	bool strict_numa;
	struct pp_queue_map map[PP_QUEUE_MAX];
	unsigned int n_map;	 /* 0: planned */
	struct pp_rate max_rate; /* of all that a port sends; 0: not given */
	struct pp_wire_spec wire;
	bool has_wire, selftest;
	struct pp_prefix allow[PP_ALLOW_MAX];
	unsigned int n_allow; /* 0: what is on-link */
};

/* What running sessions take of a port's --max-rate, in its unit. */
struct pp_taken {
	double sum;
	unsigned int n; /* sessions */
};

struct pp_run;
struct pp_engine {
	struct pp_options options;
	struct pp_loop *loop;
	struct pp_ctl *ctl;
	struct pp_dp *dp;
	struct pp_host *host;
	struct pp_sessions *sessions;
	struct pp_run *runs;	     /* list */
	struct pp_run *deleted_runs; /* whose owner has not let go yet */
	struct pp_run **run_of;	     /* by the session's index */
	uint64_t memory;	     /* bytes that runs take */
	struct pp_taken taken[PP_PORT_MAX];
	pp_ns confirm_due;
	pp_ns log_window;
	unsigned int log_lines; /* in this second */
	bool ending;		/* final statistics are being collected */
	unsigned int ends_awaited;
	pp_ns end_deadline;
	int signal_fd;
	bool going; /* the workers poll */
	int exit;
};

/* Ends: sessions stop, final statistics are printed, the loop returns. */
void pp_engine_end(struct pp_engine *e, int exit);
void pp_engine_event(void *arg, const struct pp_event *ev);
void pp_engine_tick(void *arg);
/* To stderr, ten lines a second at most. */
void pp_engine_log(void *arg, const char *text);

/* runs.c */
void pp_runs_reroute(struct pp_engine *e);
/* At the end, when no worker runs any more. */
void pp_engine_free_runs(struct pp_engine *e);

/* options.c: 0, or 2 after a message on stderr; 1: printed what was asked for. */
int pp_options_parse(struct pp_options *o, int argc, char **argv);

/* cmd_table.c */
extern const struct pp_command pp_commands[];

/* main.c: the workers begin to poll, if they do not yet: when the command files have run, so
 * that the first frame finds the addresses that they add. */
void pp_engine_go(struct pp_engine *e);

/* local.c: command files, -x and -i, in that order; then listens. */
void pp_local_start(struct pp_engine *e);
/* A text of at most 1 MiB, to be freed; NULL with errno. */
char *pp_local_read_file(const char *path);
/* Cancels the command that runs on this terminal; false when none does. */
bool pp_local_interrupt(void);

#endif
