/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control: one command grammar behind a Unix socket (JSON-RPC 2.0 and a text
 * shell), command files and a local console; the event loop of the control
 * thread; the client's side of the socket. Commands compute json_t, outputs
 * format it: nothing in here prints. One thread, except pp_client_*.
 */
#ifndef PMDPING_CTL_H
#define PMDPING_CTL_H

#include <pmdping/base.h>
#include <pmdping/proto.h>
#include <jansson.h>
#include <sys/types.h>

/* ---- event loop ------------------------------------------------------------
 * epoll, plus a callback every millisecond while it runs. */
struct pp_loop;
struct pp_loop *pp_loop_create(void);
void pp_loop_free(struct pp_loop *l);
/* `events` as of epoll. 0 or -errno. One callback per descriptor. */
int pp_loop_add(struct pp_loop *l, int fd, uint32_t events,
		void (*ready)(void *arg, uint32_t events), void *arg);
int pp_loop_modify(struct pp_loop *l, int fd, uint32_t events);
/* Safe inside callbacks, also for other descriptors. Does not close. */
void pp_loop_del(struct pp_loop *l, int fd);
/* Called every `period` (1 ms at least, timerfd on CLOCK_MONOTONIC). */
int pp_loop_every(struct pp_loop *l, pp_ns period, void (*tick)(void *arg), void *arg);
/* Until pp_loop_stop. 0 or -errno. */
int pp_loop_run(struct pp_loop *l);
void pp_loop_stop(struct pp_loop *l);

/* ---- the command table ------------------------------------------------------- */

enum pp_param_type {
	PP_PARAM_FLAG,	  /* bare word; value true */
	PP_PARAM_INT,	  /* min..max */
	PP_PARAM_TIME,	  /* int64 ns; min..max; bare numbers are seconds after the letter only */
	PP_PARAM_RATE,	  /* struct pp_rate */
	PP_PARAM_ADDRESS, /* numeric */
	PP_PARAM_TARGETS, /* ADDRESS, ADDRESS-ADDRESS, PREFIX, or several with commas between */
	PP_PARAM_PREFIX,  /* ADDRESS[/LEN]; host bits kept; "default" is 0.0.0.0/0 */
	PP_PARAM_MAC,
	PP_PARAM_HEX,	 /* 1..16 bytes */
	PP_PARAM_CHOICE, /* one of `choices` */
	PP_PARAM_NAME,	 /* [A-Za-z0-9_.-]{1,63} */
	PP_PARAM_TEXT,	 /* a word, 1..16384 bytes, checked by the handler */
	PP_PARAM_REST,	 /* the rest of the line, verbatim; last */
};

struct pp_param {
	const char *name; /* long word, and the JSON name */
	char letter;	  /* ping's letter, or 0 */
	bool positional;  /* given by place, no name before it */
	bool required;
	enum pp_param_type type;
	int64_t min, max;	    /* INT, TIME (ns) */
	const char *const *choices; /* CHOICE: NULL-terminated. INT, with min >= 0: words instead
				       of a number, of which the i-th is -1 - i */
	const char *help;
	const char *excludes; /* name of a parameter that may not be given as well, or NULL */
};

enum pp_class { PP_CLASS_READ, PP_CLASS_CONTROL, PP_CLASS_ADMIN };

struct pp_call;
struct pp_command {
	const char *words;	       /* "show port info"; also the JSON method with '.' for ' ' */
	const struct pp_param *params; /* ends with a NULL name; may be NULL */
	enum pp_class class;
	const char *help; /* one line */
	/* Starts the command. It must end, now or later, in exactly one pp_call_done or
	 * pp_call_fail. Everything was checked against params before. */
	void (*run)(struct pp_call *call);
};

/* ---- a command being carried out ----------------------------------------------- */

/* The value of a parameter by name; NULL when it was not given. The name must be
 * in the command's table. Pointers live as long as the call. */
const int64_t *pp_call_int(const struct pp_call *c,
			   const char *name); /* INT, TIME, CHOICE (index) */
const struct pp_addr *pp_call_addr(const struct pp_call *c, const char *name); /* ADDRESS, PREFIX */
const unsigned int *pp_call_plen(const struct pp_call *c, const char *name);   /* PREFIX: 0..128 */
const struct pp_mac *pp_call_mac(const struct pp_call *c, const char *name);
const struct pp_rate *pp_call_rate(const struct pp_call *c, const char *name);
const uint8_t *pp_call_hex(const struct pp_call *c, const char *name, size_t *ret_len);
const char *pp_call_text(const struct pp_call *c, const char *name); /* any type: as given */
bool pp_call_flag(const struct pp_call *c, const char *name);
const struct pp_command *pp_call_command(const struct pp_call *c);
/* What pp_ctl_create was given. */
void *pp_call_engine(const struct pp_call *c);

/* Streams {"event": name, ...members of body}; steals body. Dropped (and counted)
 * when the client does not read; results never are. */
void pp_call_notify(struct pp_call *c, const char *event, json_t *body);
/* Ends the call; steals result, an object. Its member "exit" (default 0) is the
 * client's exit code. */
void pp_call_done(struct pp_call *c, json_t *result);
/* Ends it with an error about the parameter `param` (NULL: the command as a whole). */
void pp_call_fail(struct pp_call *c, int code, const char *param, const char *fmt, ...)
	PP_PRINTF(4, 5);
/* For commands that go on after run: called once when the client cancels or hangs
 * up; the command must then end soon with what it has. */
void pp_call_on_cancel(struct pp_call *c, void (*cancel)(struct pp_call *c, void *arg), void *arg);

/* Error codes: JSON-RPC's own, and ours. All are exit 2 of the client. */
enum {
	PP_ERR_PARSE = -32700,
	PP_ERR_REQUEST = -32600,
	PP_ERR_METHOD = -32601,
	PP_ERR_PARAMS = -32602,
	PP_ERR_INTERNAL = -32603,
	PP_ERR_FAILED = 1, /* ran and could not: no route, exists already, ... */
	PP_ERR_DENIED = 2, /* the caller's role does not allow it */
	PP_ERR_BUSY = 3,   /* too many clients, or a limit */
};

/* ---- where commands come from ---------------------------------------------------- */

/* Formats for people: text for one event or result of a command, to be freed by the
 * caller; NULL or "" for nothing. `command` is the table's words. */
typedef char *(*pp_render)(void *arg, const char *command, const char *event, const json_t *body);

struct pp_ctl_config {
	struct pp_loop *loop;
	const struct pp_command *commands; /* ends with NULL words */
	pp_render render;		   /* for the text shell */
	void *engine;			   /* for the handlers */
	const char *name, *version;	   /* for hello */
	unsigned int max_clients;	   /* 32 */
	size_t max_request;		   /* 64 KiB */
	size_t max_output; /* per client, 256 KiB; notifications beyond are dropped */
};
struct pp_ctl;
struct pp_ctl *pp_ctl_create(const struct pp_ctl_config *config);
/* Closes every client and the socket, removes its file. Calls still running are
 * cancelled first. */
void pp_ctl_free(struct pp_ctl *ctl);

/* Listens. A live socket there is -EADDRINUSE, a stale one is replaced, anything
 * else at the path (a file, a symlink) is -EEXIST; -ENAMETOOLONG over 107 bytes.
 * umask is set around bind, the mode is 0660. Missing parent directory under /run
 * is made, 0750. */
int pp_ctl_listen(struct pp_ctl *ctl, const char *path);

/* Receives what a local line or script produces. All are called on the loop. */
struct pp_sink {
	void (*event)(void *arg, const struct pp_command *cmd, const char *event,
		      const json_t *body);
	/* Exactly once. message NULL on success. `exit` as the client's. column is
	 * 1-based in the line, 0: the whole. */
	void (*end)(void *arg, const struct pp_command *cmd, const json_t *result, int exit,
		    int code, unsigned int column, const char *message);
	void *arg;
};
/* Runs a line with admin rights. May end before it returns. The returned call is
 * for pp_call_cancel and is NULL if it has ended. */
struct pp_call *pp_ctl_run_line(struct pp_ctl *ctl, const char *line, const struct pp_sink *sink);
void pp_call_cancel(struct pp_call *c);
/* Runs lines one after the other, each when the one before ended; '#' starts a comment;
 * ends at the first error, whose message is "name:line:column: message". The same is
 * behind the `load` handler: it runs with the rights of `parent` when that is not NULL. */
void pp_ctl_run_script(struct pp_ctl *ctl, const char *name, const char *content,
		       struct pp_call *parent, const struct pp_sink *sink);

/* Whether every line of a command file is a command: 0, or -EINVAL with
 * "name:line:column: message" of the first that is not. Runs nothing. */
int pp_commands_check(const struct pp_command *commands, const char *name, const char *content,
		      char *ret_error, size_t size);
/* For help: the table's entry, its usage line "ping ADDRESS [count N|-c N] ...". The
 * caller frees. */
char *pp_command_usage(const struct pp_command *cmd);
/* The whole table as JSON: words, class, help, params with type, range, letter. */
json_t *pp_commands_schema(const struct pp_command *commands);
/* Longest command whose words begin the line, or NULL; for help and completion. */
const struct pp_command *pp_command_find(const struct pp_command *commands, const char *line);

/* ---- client ------------------------------------------------------------------------ */

struct pp_client;
/* Connects and reads hello, retrying for `wait` while nobody listens. 0 or -errno. */
int pp_client_open(const char *path, pp_ns wait, struct pp_client **ret_client);
void pp_client_close(struct pp_client *c);
/* Sends a request; returns its id (> 0) or -errno. Steals params. */
int64_t pp_client_send(struct pp_client *c, const char *method, json_t *params);
/* Next message from the engine: 1 and a new reference, 0 when the engine closed, or
 * -errno (-EINTR when a signal came; call again). */
int pp_client_receive(struct pp_client *c, json_t **ret_message);
int pp_client_fd(const struct pp_client *c);
/* $PMDPING_SOCKET, else /run/pmdping/pmdping.sock for root, else
 * $XDG_RUNTIME_DIR/pmdping.sock, else /tmp/pmdping-UID.sock. */
const char *pp_client_default_path(char *buf, size_t size);

/* ---- files of targets ---- */

/* The numeric text of a host name. 0, or another value. */
typedef int (*pp_resolve_fn)(const char *name, char *ret_text, size_t size);
/* "session add NAME PROBE file FILE ...": *ret_line is the line with what is in FILE for
 * "file FILE", to be freed; NULL when it names none. FILE has addresses, ADDRESS-ADDRESS,
 * prefixes and names (`resolve` NULL: none) on lines or with commas or blanks between, and
 * comments after '#'. 0, or -errno with a message. */
int pp_targets_from_file(const char *line, pp_resolve_fn resolve, char **ret_line,
			 char *ret_message, size_t message_size);

#endif
