/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server on a socket in a temporary folder, its loop in a thread of its own, and
 * raw connections to it. The commands of its table are small and answer at once,
 * late, or never.
 */
#ifndef PMDPING_CTL_FIXTURE_H
#define PMDPING_CTL_FIXTURE_H

#include "runner.h"

#include <pmdping/ctl.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- commands: used by the loop's thread only, but for the counters --------------- */

#define MAX_WAITING 128
static struct pp_call *waiting[MAX_WAITING];
static atomic_int cancelled, started;

static void run_echo(struct pp_call *c)
{
	const char *text = pp_call_text(c, "text");

	pp_call_done(c, json_pack("{s:s}", "text", text ? text : ""));
}

/* Ends at "release" or when cancelled, with what it has. */
static void on_cancel(struct pp_call *c, void *arg)
{
	struct pp_call **slot = arg;

	*slot = NULL;
	cancelled++;
	pp_call_done(c, json_pack("{s:b}", "early", 1));
}

static void run_wait(struct pp_call *c)
{
	for (size_t i = 0; i < MAX_WAITING; i++) {
		if (waiting[i])
			continue;
		waiting[i] = c;
		started++;
		pp_call_on_cancel(c, on_cancel, &waiting[i]);
		pp_call_notify(c, "started", json_pack("{s:i}", "slot", (int)i));
		return;
	}
	pp_call_fail(c, PP_ERR_BUSY, NULL, "no slot");
}

static void run_release(struct pp_call *c)
{
	int n = 0;

	for (size_t i = 0; i < MAX_WAITING; i++) {
		struct pp_call *w = waiting[i];
		waiting[i] = NULL;
		if (w) {
			n++;
			pp_call_notify(w, "released", json_object());
			pp_call_done(w, NULL);
		}
	}
	pp_call_done(c, json_pack("{s:i}", "released", n));
}

/* `count` events of a kilobyte at once. */
static void run_flood(struct pp_call *c)
{
	static char kilobyte[1025];

	memset(kilobyte, 'x', sizeof(kilobyte) - 1);
	for (int64_t i = 0; i < *pp_call_int(c, "count"); i++)
		pp_call_notify(c, "data",
			       json_pack("{s:I, s:s}", "n", (json_int_t)i, "x", kilobyte));
	pp_call_done(c, NULL);
}

static void run_big(struct pp_call *c)
{
	static char megabyte[(1 << 20) + 1];

	memset(megabyte, 'y', sizeof(megabyte) - 1);
	pp_call_done(c, json_pack("{s:s}", "y", megabyte));
}

static void run_fail(struct pp_call *c)
{
	pp_call_fail(c, PP_ERR_FAILED, "text", "could not: %s", "reasons");
}

static void script_event(void *arg, const struct pp_command *cmd, const char *event,
			 const json_t *body)
{
	(void)cmd;
	pp_call_notify(arg, event, json_deep_copy(body));
}

static void script_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit_code,
		       int code, unsigned int column, const char *message)
{
	(void)cmd, (void)exit_code, (void)column;
	if (message)
		pp_call_fail(arg, code, NULL, "%s", message);
	else
		pp_call_done(arg, json_deep_copy(result));
}

static void run_load(struct pp_call *c)
{
	const struct pp_sink sink = {.event = script_event, .end = script_end, .arg = c};
	struct pp_ctl **ctl = pp_call_engine(c);

	pp_ctl_run_script(*ctl, pp_call_text(c, "name"), pp_call_text(c, "content"), c, &sink);
}

static const struct pp_param text_params[] = {
	{.name = "text", .positional = true, .type = PP_PARAM_REST}, {.name = NULL}};
static const struct pp_param count_params[] = {
	{.name = "count",
	 .letter = 'c',
	 .required = true,
	 .type = PP_PARAM_INT,
	 .min = 1,
	 .max = 9999},
	{.name = "pause", .type = PP_PARAM_TIME, .max = 1000000000},
	{.name = "now", .type = PP_PARAM_FLAG, .excludes = "pause"},
	{.name = "via", .type = PP_PARAM_ADDRESS},
	{.name = NULL}};
static const struct pp_param load_params[] = {
	{.name = "name", .positional = true, .required = true, .type = PP_PARAM_NAME},
	{.name = "content", .positional = true, .required = true, .type = PP_PARAM_REST},
	{.name = NULL}};
static const struct pp_command test_commands[] = {
	{"echo", text_params, PP_CLASS_READ, "says it back", run_echo},
	{"wait for it", NULL, PP_CLASS_CONTROL, "ends later", run_wait},
	{"release", NULL, PP_CLASS_ADMIN, "ends those", run_release},
	{"flood", count_params, PP_CLASS_READ, "many events", run_flood},
	{"big", NULL, PP_CLASS_READ, "a large result", run_big},
	{"fail", text_params, PP_CLASS_READ, "fails", run_fail},
	{"load", load_params, PP_CLASS_READ, "runs lines", run_load},
	{NULL, NULL, PP_CLASS_READ, NULL, NULL},
};

static char *test_render(void *arg, const char *command, const char *event, const json_t *body)
{
	char *text;
	int n = asprintf(&text, "%s %s %s\n", command, event,
			 json_string_value(json_object_get(body, "text"))
				 ? json_string_value(json_object_get(body, "text"))
				 : "-");

	(void)arg;
	return n < 0 ? NULL : text;
}

/* ---- the server ------------------------------------------------------------------------ */

struct server {
	char dir[64], path[108];
	struct pp_loop *loop;
	struct pp_ctl *ctl;
	int stop_fd;
	pthread_t thread;
};

static void on_stop(void *arg, uint32_t events)
{
	(void)events;
	pp_loop_stop(arg);
}

static void *serve(void *arg)
{
	struct server *s = arg;

	pp_loop_run(s->loop);
	return NULL;
}

static inline void server_start(struct server *s)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->dir, "/tmp/pp-test-ctl.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/sock", s->dir);
	s->loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = s->loop,
		.commands = test_commands,
		.render = test_render,
		.engine = &s->ctl,
		.name = "test",
		.version = "1.2.3",
	};
	s->ctl = pp_ctl_create(&config);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->ctl);
	CU_ASSERT_EQUAL_FATAL(pp_ctl_listen(s->ctl, s->path), 0);
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	CU_ASSERT_EQUAL(pp_loop_add(s->loop, s->stop_fd, EPOLLIN, on_stop, s->loop), 0);
	cancelled = started = 0;
	pthread_create(&s->thread, NULL, serve, s);
}

static inline void server_stop(struct server *s)
{
	CU_ASSERT_EQUAL(eventfd_write(s->stop_fd, 1), 0);
	pthread_join(s->thread, NULL);
	pp_ctl_free(s->ctl);
	CU_ASSERT_NOT_EQUAL(access(s->path, F_OK), 0); /* removed */
	pp_loop_free(s->loop);
	close(s->stop_fd);
	rmdir(s->dir);
	for (size_t i = 0; i < MAX_WAITING; i++)
		CU_ASSERT_PTR_NULL(waiting[i]);
}

/* ---- connections ------------------------------------------------------------------------- */

static inline int dial_to(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline void put_bytes(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static inline void put(int fd, const char *text)
{
	put_bytes(fd, text, strlen(text));
}

/* One line without its newline into buf; false at the end or after 10 s. Looks before
 * it takes, so that nothing of the next line is lost. */
static inline bool get_line(int fd, char *buf, size_t size)
{
	char chunk[65536];
	size_t len = 0;

	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		if (poll(&pfd, 1, 10000) != 1)
			return false;
		ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_PEEK);
		if (n <= 0)
			return false;
		const char *end = memchr(chunk, '\n', (size_t)n);
		size_t take = end ? (size_t)(end - chunk) : (size_t)n;
		if (len + take >= size)
			return false;
		memcpy(buf + len, chunk, take);
		len += take;
		if (recv(fd, chunk, take + (end != NULL), 0) <= 0)
			return false;
		if (end)
			break;
	}
	buf[len] = '\0';
	return true;
}

static inline json_t *get_json(int fd)
{
	static char line[2 << 20];

	return get_line(fd, line, sizeof(line)) ? json_loads(line, 0, NULL) : NULL;
}

static inline bool at_end(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char c;

	return poll(&pfd, 1, 10000) == 1 && recv(fd, &c, 1, 0) <= 0;
}

static inline void wait_until(atomic_int *value, int wanted)
{
	for (int i = 0; i < 5000 && *value != wanted; i++)
		usleep(1000);
	CU_ASSERT_EQUAL(*value, wanted);
}

#endif
