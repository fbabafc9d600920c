/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A command being carried out. The handler may end it inside run, later, or from
 * its cancel callback, and whoever asked may be gone by then: pins keep the call
 * alive while one of its callbacks is on the stack, `out` is cleared when nobody
 * listens any more.
 */
#include "ctl_int.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct pp_call *pp_call_new(struct pp_ctl *ctl, enum pp_class role, const struct pp_command *cmd,
			    struct pp_value *values, const struct pp_call_out *out, void *origin)
{
	struct pp_call *c = calloc(1, sizeof(*c));

	if (!c) {
		pp_values_free(cmd, values);
		return NULL;
	}
	c->engine = ctl->config.engine;
	c->cmd = cmd;
	c->values = values;
	c->out = out;
	c->origin = origin;
	c->role = role;
	LIST_INSERT_HEAD(&ctl->calls, c, link);
	return c;
}

static void call_free(struct pp_call *c)
{
	pp_values_free(c->cmd, c->values);
	json_decref(c->id);
	free(c);
}

static void pin(struct pp_call *c)
{
	c->pins++;
}

/* False when that was the end of it. */
static bool unpin(struct pp_call *c)
{
	c->pins--;
	if (c->pins || !c->ended)
		return true;
	call_free(c);
	return false;
}

/* Delivers the end, once. */
static void finish(struct pp_call *c, json_t *result, const struct pp_error *err)
{
	assert(!c->ended);
	pin(c);
	c->ended = true;
	LIST_REMOVE(c, link);
	if (c->out)
		c->out->end(c, result, err);
	c->out = NULL;
	unpin(c);
}

struct pp_call *pp_call_launch(struct pp_call *c)
{
	pin(c);
	if (c->role < c->cmd->class)
		pp_call_fail(c, PP_ERR_DENIED, NULL, "\"%s\" is not for this user", c->cmd->words);
	else
		c->cmd->run(c);
	/* Ended calls are reported as gone even while somebody above pins them. */
	bool ended = c->ended;
	return unpin(c) && !ended ? c : NULL;
}

void pp_call_cancel(struct pp_call *c)
{
	if (c->ended || c->cancelled)
		return;
	c->cancelled = true;
	if (!c->cancel)
		return;
	pin(c);
	c->cancel(c, c->cancel_arg);
	unpin(c);
}

void pp_call_on_cancel(struct pp_call *c, void (*cancel)(struct pp_call *c, void *arg), void *arg)
{
	c->cancel = cancel;
	c->cancel_arg = arg;
	if (c->cancelled && cancel && !c->ended)
		cancel(c, arg);
}

static struct pp_call *first_of(struct pp_ctl *ctl, const void *origin)
{
	struct pp_call *c;

	LIST_FOREACH(c, &ctl->calls, link)
	if (c->out && c->origin == origin)
		return c;
	return NULL;
}

void pp_calls_abandon(struct pp_ctl *ctl, const void *origin)
{
	struct pp_call *c;

	while ((c = first_of(ctl, origin))) {
		c->out = NULL;
		pp_call_cancel(c);
	}
}

static struct pp_call *first_not_cancelled(struct pp_ctl *ctl)
{
	struct pp_call *c;

	LIST_FOREACH(c, &ctl->calls, link)
	if (!c->cancelled)
		return c;
	return NULL;
}

void pp_calls_abandon_all(struct pp_ctl *ctl)
{
	struct pp_error err;
	struct pp_call *c;

	ctl->closing = true;
	while ((c = first_not_cancelled(ctl)))
		pp_call_cancel(c);
	pp_error_set(&err, PP_ERR_FAILED, 0, NULL, NULL, "the engine is closing");
	while ((c = LIST_FIRST(&ctl->calls))) {
		/* Its handler still holds it and will end it: into nothing. The links
		 * that finish() takes it out of are those of a list of its own. */
		const struct pp_call_out *out = c->out;
		LIST_REMOVE(c, link);
		c->link.le_next = NULL;
		c->link.le_prev = &c->link.le_next;
		c->out = NULL;
		if (out)
			out->end(c, NULL, &err);
	}
}

/* ---- output --------------------------------------------------------------------- */

void pp_call_notify(struct pp_call *c, const char *event, json_t *body)
{
	if (c->out && !c->ended)
		c->out->event(c, event, body);
	json_decref(body);
}

int pp_result_exit(const json_t *result)
{
	return (int)json_integer_value(json_object_get(result, "exit"));
}

json_t *pp_result_complete(const struct pp_call *c, json_t *result)
{
	json_t *out = json_pack("{s:s, s:i}", "command", c->cmd->words, "exit", 0);

	if (result)
		json_object_update(out, result);
	if (c->dropped)
		json_object_set_new(out, "dropped", json_integer((json_int_t)c->dropped));
	return out;
}

void pp_call_done(struct pp_call *c, json_t *result)
{
	json_t *whole = pp_result_complete(c, result);

	json_decref(result);
	finish(c, whole, NULL);
	json_decref(whole);
}

/* The parameter's value as it was given, and where. */
static void point_at(const struct pp_call *c, const char *param, struct pp_error *err)
{
	int i = param ? pp_param_index(c->cmd, param, strlen(param)) : -1;

	if (i < 0)
		return;
	err->param = &c->cmd->params[i];
	if (!c->values[i].given)
		return;
	err->column = c->values[i].column;
	pp_word_cut(c->values[i].text, strlen(c->values[i].text), err->word);
}

void pp_call_fail(struct pp_call *c, int code, const char *param, const char *fmt, ...)
{
	struct pp_error err;
	char text[sizeof(err.message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pp_error_set(&err, code, 0, NULL, NULL, "%s", text);
	point_at(c, param, &err);
	finish(c, NULL, &err);
}

/* ---- values ----------------------------------------------------------------------- */

static const struct pp_value *value(const struct pp_call *c, const char *name)
{
	int i = pp_param_index(c->cmd, name, strlen(name));

	assert(i >= 0);
	return c->values[i].given ? &c->values[i] : NULL;
}

const int64_t *pp_call_int(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? &v->i : NULL;
}

const struct pp_addr *pp_call_addr(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? &v->net.addr : NULL;
}

const unsigned int *pp_call_plen(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? &v->net.plen : NULL;
}

const struct pp_mac *pp_call_mac(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? &v->mac : NULL;
}

const struct pp_rate *pp_call_rate(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? &v->rate : NULL;
}

const uint8_t *pp_call_hex(const struct pp_call *c, const char *name, size_t *ret_len)
{
	const struct pp_value *v = value(c, name);

	if (!v)
		return NULL;
	*ret_len = v->hex.len;
	return v->hex.bytes;
}

const char *pp_call_text(const struct pp_call *c, const char *name)
{
	const struct pp_value *v = value(c, name);

	return v ? v->text : NULL;
}

bool pp_call_flag(const struct pp_call *c, const char *name)
{
	return value(c, name) != NULL;
}

const struct pp_command *pp_call_command(const struct pp_call *c)
{
	return c->cmd;
}

void *pp_call_engine(const struct pp_call *c)
{
	return c->engine;
}
