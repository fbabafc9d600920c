/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connected client: bytes in, requests out of them, bytes back, and its
 * limits. Everything that would free the peer happens in its own callback of the
 * loop; the rest only queues and wakes it.
 */
#include "ctl_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Root and the engine's own user are admin; who else could open the socket is in
 * its group. */
static enum pp_class role_of(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return PP_CLASS_READ;
	return cred.uid == 0 || cred.uid == geteuid() ? PP_CLASS_ADMIN : PP_CLASS_CONTROL;
}

/* ---- output ----------------------------------------------------------------------- */

static void flush(struct pp_peer *p)
{
	while (p->out.len && !p->broken) {
		ssize_t n = send(p->fd, p->out.data + p->out.head, p->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			pp_buf_consume(&p->out, (size_t)n);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			p->broken = true;
	}
}

static void set_events(struct pp_peer *p, uint32_t events)
{
	if (events == p->events)
		return;
	p->events = events;
	pp_loop_modify(p->ctl->config.loop, p->fd, events);
}

/* The loop calls back soon: there is output, or the next request may start. */
static void wake(struct pp_peer *p)
{
	set_events(p, p->events | EPOLLOUT);
}

bool pp_peer_send(struct pp_peer *p, const char *data, size_t len, bool must)
{
	if (!must && p->out.len + len > p->ctl->config.max_output)
		flush(p);
	wake(p);
	if (!must && p->out.len + len > p->ctl->config.max_output)
		return false;
	if (pp_buf_append(&p->out, data, len) == 0)
		return true;
	p->broken = must; /* rather no connection than a missing result */
	return false;
}

bool pp_peer_send_json(struct pp_peer *p, json_t *message, bool must)
{
	char *text = json_dumps(message, JSON_COMPACT);
	bool sent = false;

	json_decref(message);
	if (text) {
		size_t len = strlen(text);
		text[len] = '\n'; /* instead of the NUL */
		sent = pp_peer_send(p, text, len + 1, must);
	} else {
		p->broken = must;
	}
	free(text);
	return sent;
}

static void fail(struct pp_peer *p, int code, const char *message)
{
	struct pp_error err;

	pp_error_set(&err, code, 0, NULL, NULL, "%s", message);
	if (p->mode == PP_MODE_JSON)
		pp_jsonrpc_error(p, NULL, &err);
	else
		pp_textshell_error(p, &err);
	p->closing = true;
}

/* ---- input ------------------------------------------------------------------------- */

/* One byte over the longest request, for its newline. */
static size_t input_room(const struct pp_peer *p)
{
	size_t max = p->ctl->config.max_request + 1;

	return p->in.len < max ? max - p->in.len : 0;
}

static void receive(struct pp_peer *p)
{
	char chunk[4096];
	size_t room = input_room(p);
	ssize_t n = recv(p->fd, chunk, room < sizeof(chunk) ? room : sizeof(chunk), MSG_DONTWAIT);

	if (n > 0) {
		if (pp_buf_append(&p->in, chunk, (size_t)n))
			p->broken = true;
	} else if (n == 0) {
		p->eof = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		p->broken = true;
	}
}

static void choose_mode(struct pp_peer *p)
{
	if (p->mode != PP_MODE_UNKNOWN || !p->in.len)
		return;
	p->mode = p->in.data[p->in.head] == '{' ? PP_MODE_JSON : PP_MODE_TEXT;
	if (p->mode == PP_MODE_JSON)
		pp_jsonrpc_hello(p);
}

/* Length of the first request, its newline not counted, or -1. What is left at
 * the end of input counts as one. */
static ssize_t first_request(const struct pp_peer *p)
{
	const char *start = p->in.len ? p->in.data + p->in.head : NULL;
	const char *end = start ? memchr(start, '\n', p->in.len) : NULL;

	if (end)
		return end - start;
	return p->eof && p->in.len ? (ssize_t)p->in.len : -1;
}

static bool too_long(const struct pp_peer *p)
{
	ssize_t len = first_request(p);
	size_t max = p->ctl->config.max_request;

	return len < 0 ? p->in.len > max : (size_t)len > max;
}

/* Who does not read its answers gets no further ones; text goes one by one. */
static bool may_start(const struct pp_peer *p)
{
	if (p->closing || p->broken || p->out.len > p->ctl->config.max_output)
		return false;
	return p->mode == PP_MODE_JSON || p->running == 0;
}

static void take_request(struct pp_peer *p, size_t len)
{
	char *line = malloc(len + 1);

	if (!line) {
		p->broken = true;
		return;
	}
	memcpy(line, p->in.data + p->in.head, len);
	line[len] = '\0';
	pp_buf_consume(&p->in, len + (len < p->in.len));
	p->partials = 0;
	if (p->mode == PP_MODE_JSON)
		pp_jsonrpc_line(p, line, len);
	else
		pp_textshell_line(p, line, len);
	free(line);
}

static void process(struct pp_peer *p)
{
	choose_mode(p);
	while (may_start(p)) {
		ssize_t len = first_request(p);
		if (len < 0 || too_long(p))
			break;
		take_request(p, (size_t)len);
	}
	if (!p->closing && too_long(p))
		fail(p, PP_ERR_REQUEST, "request too long");
}

/* ---- life --------------------------------------------------------------------------- */

static bool finished(const struct pp_peer *p)
{
	if (p->broken)
		return true;
	if (p->out.len)
		return false;
	return p->closing || (p->eof && p->running == 0 && p->in.len == 0);
}

static void update(struct pp_peer *p)
{
	uint32_t events = 0;

	if (!p->eof && !p->closing && input_room(p) && p->out.len <= p->ctl->config.max_output)
		events |= EPOLLIN;
	if (p->out.len)
		events |= EPOLLOUT;
	set_events(p, events);
}

static void ready(void *arg, uint32_t events)
{
	struct pp_peer *p = arg;

	if (events & (EPOLLHUP | EPOLLERR)) {
		pp_peer_destroy(p);
		return;
	}
	if (events & EPOLLIN)
		receive(p);
	flush(p);
	process(p);
	flush(p);
	update(p);
	if (may_start(p) && first_request(p) >= 0)
		wake(p); /* the flush made room for another */
	if (finished(p))
		pp_peer_destroy(p);
}

struct pp_peer *pp_peer_create(struct pp_ctl *ctl, int fd)
{
	struct pp_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->ctl = ctl;
	p->fd = fd;
	p->role = role_of(fd);
	p->events = EPOLLIN;
	if (pp_loop_add(ctl->config.loop, fd, p->events, ready, p)) {
		free(p);
		return NULL;
	}
	LIST_INSERT_HEAD(&ctl->peers, p, link);
	ctl->npeers++;
	return p;
}

void pp_peer_destroy(struct pp_peer *p)
{
	LIST_REMOVE(p, link);
	p->ctl->npeers--;
	pp_loop_del(p->ctl->config.loop, p->fd);
	pp_calls_abandon(p->ctl, p);
	close(p->fd);
	pp_buf_free(&p->in);
	pp_buf_free(&p->out);
	free(p);
}

void pp_peer_tick(struct pp_peer *p)
{
	if (p->closing || !p->in.len || first_request(p) >= 0)
		p->partials = 0;
	else if (++p->partials >= PP_PARTIAL_TICKS)
		fail(p, PP_ERR_REQUEST, "incomplete request");
}
