/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC 2.0, one object per line. Beside the commands of the table there are
 * three methods of the protocol's own: exec, cancel, commands. Several calls of
 * one peer may run at once; their ids keep them apart.
 */
#include "ctl_int.h"

#include <stdlib.h>

struct request {
	struct pp_peer *peer;
	json_t *id;	/* borrowed */
	json_t *params; /* borrowed, NULL when absent */
};

struct method {
	const char *name;
	int (*run)(struct request *rq, struct pp_error *err);
};
static const struct method methods[];

/* ---- what goes back ------------------------------------------------------------------ */

void pp_jsonrpc_hello(struct pp_peer *p)
{
	const struct pp_ctl_config *config = &p->ctl->config;

	pp_peer_send_json(p,
			  json_pack("{s:s, s:s, s:{s:s, s:s, s:[i, i]}}", "jsonrpc", "2.0",
				    "method", "hello", "params", "name", config->name, "version",
				    config->version, "api", 1, 0),
			  true);
}

void pp_jsonrpc_error(struct pp_peer *p, json_t *id, const struct pp_error *err)
{
	pp_peer_send_json(p,
			  json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "error",
				    pp_error_json(err)),
			  true);
}

/* Steals result. */
static void send_result(struct pp_peer *p, json_t *id, json_t *result)
{
	pp_peer_send_json(
		p, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result),
		true);
}

static void call_event(struct pp_call *c, const char *event, json_t *body)
{
	json_t *params =
		json_pack("{s:O, s:s, s:s}", "id", c->id, "command", c->cmd->words, "event", event);

	json_object_update_missing(params, body);
	/* An event that a script passes on names the command it comes from. */
	json_t *command = json_object_get(body, "command");
	if (command)
		json_object_set(params, "command", command);
	json_t *message =
		json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "event", "params", params);
	if (!pp_peer_send_json(c->origin, message, false))
		c->dropped++;
}

static void call_end(struct pp_call *c, json_t *result, const struct pp_error *err)
{
	struct pp_peer *p = c->origin;

	p->running--;
	if (err)
		pp_jsonrpc_error(p, c->id, err);
	else
		send_result(p, c->id, json_incref(result));
}

static const struct pp_call_out call_out = {.event = call_event, .end = call_end};

/* ---- methods --------------------------------------------------------------------------- */

static int bad_params(struct pp_error *err, const char *message)
{
	return pp_error_set(err, PP_ERR_PARAMS, 0, NULL, NULL, "%s", message);
}

/* Steals values. */
static int start(struct request *rq, const struct pp_command *cmd, struct pp_value *values,
		 struct pp_error *err)
{
	struct pp_peer *p = rq->peer;

	if (p->running >= PP_CALLS_PER_PEER) {
		pp_values_free(cmd, values);
		return pp_error_set(err, PP_ERR_BUSY, 0, NULL, NULL,
				    "busy: too many calls at once");
	}
	struct pp_call *c = pp_call_new(p->ctl, p->role, cmd, values, &call_out, p);
	if (!c)
		return pp_error_set(err, PP_ERR_INTERNAL, 0, NULL, NULL, "out of memory");
	c->id = json_incref(rq->id);
	p->running++;
	pp_call_launch(c);
	return 0;
}

static int run_exec(struct request *rq, struct pp_error *err)
{
	const json_t *line = json_object_get(rq->params, "line");
	const struct pp_command *cmd;
	struct pp_value *values;

	if (!json_is_string(line) || json_object_size(rq->params) != 1)
		return bad_params(err, "exec takes {\"line\": TEXT}");
	int rc = pp_grammar_parse(rq->peer->ctl->config.commands, json_string_value(line), &cmd,
				  &values, err);
	if (rc)
		return rc;
	if (cmd)
		return start(rq, cmd, values, err);
	send_result(rq->peer, rq->id, json_pack("{s:s, s:i}", "command", "", "exit", 0));
	return 0;
}

static struct pp_call *running_call(const struct pp_peer *p, const json_t *id)
{
	struct pp_call *c;

	LIST_FOREACH(c, &p->ctl->calls, link)
	if (c->out == &call_out && c->origin == p && json_equal(c->id, id))
		return c;
	return NULL;
}

/* An id that runs no more is no error: it may just have ended by itself. */
static int run_cancel(struct request *rq, struct pp_error *err)
{
	const json_t *id = json_object_get(rq->params, "id");

	if (!id || json_object_size(rq->params) != 1)
		return bad_params(err, "cancel takes {\"id\": ID}");
	struct pp_call *c = running_call(rq->peer, id);
	bool found = c != NULL;
	if (found)
		pp_call_cancel(c);
	send_result(rq->peer, rq->id,
		    json_pack("{s:s, s:i, s:b}", "command", "cancel", "exit", 0, "found", found));
	return 0;
}

static int run_commands(struct request *rq, struct pp_error *err)
{
	if (json_object_size(rq->params))
		return bad_params(err, "commands takes no parameters");
	send_result(rq->peer, rq->id,
		    json_pack("{s:s, s:i, s:o}", "command", "commands", "exit", 0, "commands",
			      pp_commands_schema(rq->peer->ctl->config.commands)));
	return 0;
}

/* "show.port.info" is "show port info". */
static bool names_command(const char *method, const char *words)
{
	for (; *method && *words; method++, words++)
		if (*words == ' ' ? *method != '.' : *method != *words)
			return false;
	return *method == *words;
}

static int run_command(struct request *rq, const char *method, struct pp_error *err)
{
	const struct pp_command *cmd = rq->peer->ctl->config.commands;
	struct pp_value *values;
	char cut[PP_WORD_SHOWN];

	while (cmd->words && !names_command(method, cmd->words))
		cmd++;
	if (!cmd->words)
		return pp_error_set(err, PP_ERR_METHOD, 0, NULL, method, "unknown method: \"%s\"",
				    pp_word_cut(method, strlen(method), cut));
	int rc = pp_params_from_json(cmd, rq->params, &values, err);
	return rc ? rc : start(rq, cmd, values, err);
}

static int run_method(struct request *rq, const char *method, struct pp_error *err)
{
	for (const struct method *m = methods; m->name; m++)
		if (!strcmp(m->name, method))
			return m->run(rq, err);
	return run_command(rq, method, err);
}

/* ---- requests ---------------------------------------------------------------------------- */

static int bad_request(struct pp_error *err, const char *message)
{
	return pp_error_set(err, PP_ERR_REQUEST, 0, NULL, NULL, "%s", message);
}

static bool known_member(const char *key)
{
	return !strcmp(key, "jsonrpc") || !strcmp(key, "id") || !strcmp(key, "method") ||
	       !strcmp(key, "params");
}

static int check_members(json_t *message, struct pp_error *err)
{
	const char *key, *version = json_string_value(json_object_get(message, "jsonrpc"));
	json_t *member;

	if (!version || strcmp(version, "2.0"))
		return bad_request(err, "\"jsonrpc\" must be \"2.0\"");
	json_object_foreach(message, key, member)
	{
		if (!known_member(key))
			return bad_request(err, "a member of the request is unknown");
	}
	return 0;
}

/* *ret_id stays NULL when there is none to answer with. */
static int check_request(struct pp_peer *p, json_t *message, json_t **ret_id, struct pp_error *err)
{
	if (json_is_array(message))
		return bad_request(err, "batches are not taken: one request per line");
	if (!json_is_object(message))
		return bad_request(err, "a request is an object");
	json_t *id = json_object_get(message, "id");
	if (!json_is_string(id) && !json_is_integer(id))
		return bad_request(
			err, "\"id\" must be a string or an integer: every request is answered");
	*ret_id = id;
	if (running_call(p, id))
		return bad_request(err, "\"id\" belongs to a call that still runs");
	if (!json_is_string(json_object_get(message, "method")))
		return bad_request(err, "\"method\" must be a string");
	return check_members(message, err);
}

static int handle(struct pp_peer *p, json_t *message, json_t **ret_id, struct pp_error *err)
{
	int rc = check_request(p, message, ret_id, err);

	if (rc)
		return rc;
	struct request rq = {
		.peer = p,
		.id = *ret_id,
		.params = json_object_get(message, "params"),
	};
	return run_method(&rq, json_string_value(json_object_get(message, "method")), err);
}

static bool blank(const char *line, size_t len)
{
	return strspn(line, " \t\r") == len;
}

void pp_jsonrpc_line(struct pp_peer *p, const char *line, size_t len)
{
	struct pp_error err;
	json_error_t where;
	json_t *id = NULL;

	if (blank(line, len))
		return;
	json_t *message = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (!message) {
		pp_error_set(&err, PP_ERR_PARSE, where.column > 0 ? (unsigned int)where.column : 0,
			     NULL, NULL, "not JSON");
		pp_jsonrpc_error(p, NULL, &err);
		return;
	}
	if (handle(p, message, &id, &err))
		pp_jsonrpc_error(p, id, &err);
	json_decref(message);
}

static const struct method methods[] = {
	{"exec", run_exec},
	{"cancel", run_cancel},
	{"commands", run_commands},
	{NULL, NULL},
};
