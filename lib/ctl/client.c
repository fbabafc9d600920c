/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's side of the socket: blocking, one message per line. SIGINT, where
 * the caller keeps it blocked, is let through only while waiting, so that it can
 * never slip in between a check and the wait.
 */
#include "ctl_int.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_MESSAGE   (64u << 20)
#define RETRY_NS      20000000
#define HELLO_TIMEOUT PP_SEC(5)

struct pp_client {
	int fd;
	int64_t last_id;
	struct pp_buf in;
};

static pp_ns now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return pp_ns_add(PP_SEC(ts.tv_sec), PP_NS(ts.tv_nsec));
}

/* ---- receiving ------------------------------------------------------------------------ */

/* Waits until readable; NULL: forever. 0, -EINTR, -ETIMEDOUT. */
static int wait_readable(struct pp_client *c, const pp_ns *deadline)
{
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
	struct timespec left = {0};
	sigset_t mask;

	if (deadline) {
		pp_ns ns = pp_ns_sub(*deadline, now());
		if (ns.v < 0)
			return -ETIMEDOUT;
		left = (struct timespec){.tv_sec = ns.v / 1000000000, .tv_nsec = ns.v % 1000000000};
	}
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigdelset(&mask, SIGINT);
	int n = ppoll(&pfd, 1, deadline ? &left : NULL, &mask);
	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* 1 when there is more in the buffer, 0 at the end. */
static int receive_some(struct pp_client *c, const pp_ns *deadline)
{
	char chunk[65536];
	int err = wait_readable(c, deadline);

	if (err)
		return err;
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if (c->in.len + (size_t)n > MAX_MESSAGE)
		return -EMSGSIZE;
	err = pp_buf_append(&c->in, chunk, (size_t)n);
	return err ? err : 1;
}

static int take_message(struct pp_client *c, size_t len, json_t **ret_message)
{
	json_t *message = json_loadb(c->in.data + c->in.head, len, 0, NULL);

	pp_buf_consume(&c->in, len + 1);
	if (!json_is_object(message)) {
		json_decref(message);
		return -EPROTO;
	}
	*ret_message = message;
	return 1;
}

static int receive(struct pp_client *c, const pp_ns *deadline, json_t **ret_message)
{
	for (;;) {
		const char *start = c->in.len ? c->in.data + c->in.head : NULL;
		const char *end = start ? memchr(start, '\n', c->in.len) : NULL;
		if (end)
			return take_message(c, (size_t)(end - start), ret_message);
		int rc = receive_some(c, deadline);
		if (rc <= 0)
			return rc;
	}
}

/* The answer to what open sent, which nobody asked for. */
static bool is_greeting(const json_t *message)
{
	const json_t *id = json_object_get(message, "id");

	return json_is_integer(id) && json_integer_value(id) == 0;
}

int pp_client_receive(struct pp_client *c, json_t **ret_message)
{
	for (;;) {
		json_t *message = NULL;
		int rc = receive(c, NULL, &message);
		if (rc <= 0)
			return rc;
		if (!is_greeting(message)) {
			*ret_message = message;
			return 1;
		}
		json_decref(message);
	}
}

/* ---- sending ---------------------------------------------------------------------------- */

static int send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_request(struct pp_client *c, int64_t id, const char *method, json_t *params)
{
	json_t *message = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", (json_int_t)id,
				    "method", method, "params", params ? params : json_object());
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	int err = -EINVAL;

	json_decref(message);
	if (text) {
		size_t len = strlen(text);
		text[len] = '\n'; /* instead of the NUL */
		err = send_all(c->fd, text, len + 1);
	}
	free(text);
	return err;
}

int64_t pp_client_send(struct pp_client *c, const char *method, json_t *params)
{
	int err = send_request(c, c->last_id + 1, method, params);

	return err ? err : ++c->last_id;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int try_connect(const struct sockaddr_un *sa, int *ret_fd)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa))) {
		int err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

static int connect_until(const struct sockaddr_un *sa, pp_ns deadline, int *ret_fd)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};

	for (;;) {
		int err = try_connect(sa, ret_fd);
		bool absent = err == -ENOENT || err == -ECONNREFUSED;
		if (!absent || !pp_ns_before(now(), deadline))
			return err;
		nanosleep(&pause, NULL);
	}
}

/* The server speaks only when spoken to: an empty line is asked for the hello. */
static int greet(struct pp_client *c, pp_ns deadline)
{
	json_t *message = NULL;
	int err = send_request(c, 0, "exec", json_pack("{s:s}", "line", ""));

	if (err && err != -EPIPE)
		return err;
	int rc = receive(c, &deadline, &message);
	if (rc <= 0)
		return rc ? rc : -ECONNRESET;
	const char *method = json_string_value(json_object_get(message, "method"));
	if (method && !strcmp(method, "hello"))
		err = 0;
	else
		err = json_object_get(message, "error") ? -EBUSY : -EPROTO;
	json_decref(message);
	return err;
}

int pp_client_open(const char *path, pp_ns wait, struct pp_client **ret_client)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	pp_ns start = now();
	int fd = -1;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	int err = connect_until(&sa, pp_ns_add(start, wait), &fd);
	if (err)
		return err;
	struct pp_client *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	err = greet(c, pp_ns_add(now(), wait.v > HELLO_TIMEOUT.v ? wait : HELLO_TIMEOUT));
	if (err) {
		pp_client_close(c);
		return err;
	}
	*ret_client = c;
	return 0;
}

void pp_client_close(struct pp_client *c)
{
	if (!c)
		return;
	close(c->fd);
	pp_buf_free(&c->in);
	free(c);
}

int pp_client_fd(const struct pp_client *c)
{
	return c->fd;
}

const char *pp_client_default_path(char *buf, size_t size)
{
	const char *given = getenv("PMDPING_SOCKET");
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (given && *given)
		snprintf(buf, size, "%s", given);
	else if (geteuid() == 0)
		snprintf(buf, size, "/run/pmdping/pmdping.sock");
	else if (runtime && *runtime)
		snprintf(buf, size, "%s/pmdping.sock", runtime);
	else
		snprintf(buf, size, "/tmp/pmdping-%u.sock", geteuid());
	return buf;
}
