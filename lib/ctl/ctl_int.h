/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of lib/ctl share: errors with a place in a line, parsed
 * values, calls and where their output goes, connected peers. All of it lives on
 * the thread of the loop.
 */
#ifndef PMDPING_CTL_INT_H
#define PMDPING_CTL_INT_H

#include <pmdping/ctl.h>
#include <sys/queue.h>

/* ---- errors (error.c) ------------------------------------------------------ */

#define PP_WORD_SHOWN 64 /* bytes of an offending word that a message repeats */

struct pp_error {
	int code;
	unsigned int column;	      /* 1-based, in characters; 0: the whole */
	const struct pp_param *param; /* what was expected there, or NULL */
	char word[PP_WORD_SHOWN];     /* the offending one, or "" */
	char message[320];
};
/* Fills code, column, param and message; word may be NULL. Returns -EINVAL. */
int pp_error_set(struct pp_error *err, int code, unsigned int column, const struct pp_param *param,
		 const char *word, const char *fmt, ...) PP_PRINTF(6, 7);
/* `word` cut to what is shown, never inside a UTF-8 sequence. */
const char *pp_word_cut(const char *word, size_t len, char buf[PP_WORD_SHOWN]);
/* {"code","message","data":{...}} as JSON-RPC has it. */
json_t *pp_error_json(const struct pp_error *err);

/* ---- values of parameters (params.c) ---------------------------------------- */

struct pp_value {
	bool given;
	unsigned int column; /* of the value in its line; 0: came as JSON */
	char *text;	     /* as given */
	union {
		int64_t i; /* INT, TIME, CHOICE */
		struct {
			struct pp_addr addr;
			unsigned int plen;
		} net; /* ADDRESS, PREFIX */
		struct pp_mac mac;
		struct pp_rate rate;
		struct {
			uint8_t bytes[16];
			size_t len;
		} hex;
	};
};
size_t pp_param_count(const struct pp_command *cmd);
/* Index of the parameter, or -1. */
int pp_param_index(const struct pp_command *cmd, const char *name, size_t len);
const char *pp_param_type_name(enum pp_param_type type);
/* Parses text into v->(typed member). 0 or -EINVAL with err filled, column 0. */
int pp_value_parse(const struct pp_param *p, const char *text, bool after_letter,
		   struct pp_value *v, struct pp_error *err);
/* INT and TIME: whether v is in the parameter's range. 0 or -EINVAL, as above. */
int pp_value_range(const struct pp_param *p, int64_t v, const char *text, struct pp_error *err);
/* INT: whether text is one of its words; v->i is set then. */
bool pp_value_word(const struct pp_param *p, const char *text, struct pp_value *v);
/* Twice the same, or one that excludes another that is given. */
int pp_values_clash(const struct pp_command *cmd, const struct pp_value *values, size_t index,
		    unsigned int column, struct pp_error *err);
int pp_values_complete(const struct pp_command *cmd, const struct pp_value *values,
		       unsigned int column, struct pp_error *err);
/* NULL when out of memory; room for at least one. */
struct pp_value *pp_values_alloc(const struct pp_command *cmd);
void pp_values_free(const struct pp_command *cmd, struct pp_value *values);

/* grammar.c: a line to a command and its values. 0 (an empty line or a comment:
 * *ret_cmd is NULL), -EINVAL with err filled, -ENOMEM (filled as well). */
int pp_grammar_parse(const struct pp_command *commands, const char *line,
		     const struct pp_command **ret_cmd, struct pp_value **ret_values,
		     struct pp_error *err);
/* params_json.c: the same from a JSON object, or NULL for none. */
int pp_params_from_json(const struct pp_command *cmd, json_t *params, struct pp_value **ret_values,
			struct pp_error *err);

/* ---- calls (call.c) ----------------------------------------------------------- */

/* Where the output of a call goes. Everything is borrowed for the call's length. */
struct pp_call_out {
	void (*event)(struct pp_call *c, const char *event, json_t *body);
	/* Exactly one of result and err is given. The call is freed afterwards. */
	void (*end)(struct pp_call *c, json_t *result, const struct pp_error *err);
};

struct pp_call {
	LIST_ENTRY(pp_call) link; /* of the ctl; not when ended */
	void *engine;
	const struct pp_command *cmd;
	struct pp_value *values;
	const struct pp_call_out *out; /* NULL: nobody listens any more */
	void *origin;		       /* the out's own: peer, script, sink */
	json_t *id;		       /* of the JSON-RPC request, or NULL */
	enum pp_class role;
	unsigned int pins; /* callbacks in progress: not freed meanwhile */
	bool ended, cancelled;
	uint64_t dropped; /* events that a slow reader did not get */
	void (*cancel)(struct pp_call *c, void *arg);
	void *cancel_arg;
};
/* Steals values, also on failure (NULL: out of memory). */
struct pp_call *pp_call_new(struct pp_ctl *ctl, enum pp_class role, const struct pp_command *cmd,
			    struct pp_value *values, const struct pp_call_out *out, void *origin);
/* Checks the role and runs. Returns the call, or NULL when it ended meanwhile. */
struct pp_call *pp_call_launch(struct pp_call *c);
/* Cuts every call of `origin` off its output and cancels it. */
void pp_calls_abandon(struct pp_ctl *ctl, const void *origin);
/* All that still run: cancelled, then ended with an error if they went on. */
void pp_calls_abandon_all(struct pp_ctl *ctl);
/* result's members behind "command" and "exit", which are made if missing. A new reference. */
json_t *pp_result_complete(const struct pp_call *c, json_t *result);
int pp_result_exit(const json_t *result);

/* ---- server --------------------------------------------------------------------- */

/* Bytes in order; consumed from the front. */
struct pp_buf {
	char *data;
	size_t head, len, size; /* len bytes from head */
};
int pp_buf_append(struct pp_buf *b, const char *data, size_t len);
void pp_buf_consume(struct pp_buf *b, size_t len);
void pp_buf_free(struct pp_buf *b);

struct pp_peer {
	LIST_ENTRY(pp_peer) link;
	struct pp_ctl *ctl;
	int fd;
	enum { PP_MODE_UNKNOWN, PP_MODE_JSON, PP_MODE_TEXT } mode;
	enum pp_class role;
	struct pp_buf in, out;
	uint32_t events;       /* as registered */
	unsigned int running;  /* calls */
	unsigned int partials; /* ticks that the request in `in` is incomplete */
	bool eof;	       /* the peer sent all it will */
	bool closing;	       /* close once `out` is out */
	bool broken;	       /* the socket failed */
};

LIST_HEAD(pp_call_list, pp_call);
LIST_HEAD(pp_peer_list, pp_peer);

struct pp_ctl {
	struct pp_ctl_config config;
	struct pp_call_list calls;
	struct pp_peer_list peers;
	unsigned int npeers;
	int listen_fd, timer_fd; /* -1: none */
	bool listening;		 /* listen_fd is in the loop */
	bool closing;		 /* scripts start no further line */
	struct {
		dev_t dev;
		ino_t ino;
		char path[108];
	} socket; /* the file as we made it */
};

/* peer.c */
struct pp_peer *pp_peer_create(struct pp_ctl *ctl, int fd);
void pp_peer_destroy(struct pp_peer *p);
/* Every PP_TICK_MS: closes a peer whose request stays incomplete. */
void pp_peer_tick(struct pp_peer *p);
#define PP_TICK_MS	  250
#define PP_PARTIAL_TICKS  20 /* 5 s from a request's first byte to its newline */
#define PP_CALLS_PER_PEER 64
/* Queues a line; `must` be delivered, else it is dropped (false) when the cap is reached. */
bool pp_peer_send(struct pp_peer *p, const char *data, size_t len, bool must);
/* As JSON and a newline; steals the message. */
bool pp_peer_send_json(struct pp_peer *p, json_t *message, bool must);

/* listen.c: 0 and a listening descriptor, or as pp_ctl_listen. */
int pp_listen_unix(const char *path, int *ret_fd);

/* jsonrpc.c, textshell.c: one request. The line is NUL-terminated behind len. */
void pp_jsonrpc_hello(struct pp_peer *p);
void pp_jsonrpc_line(struct pp_peer *p, const char *line, size_t len);
void pp_jsonrpc_error(struct pp_peer *p, json_t *id, const struct pp_error *err);
void pp_textshell_line(struct pp_peer *p, const char *line, size_t len);
void pp_textshell_error(struct pp_peer *p, const struct pp_error *err);

#endif
