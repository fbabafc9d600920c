/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket: each input is what a client sends before it half-closes. The server
 * must answer what it has to and close; a line of JSON-RPC's must be JSON.
 */
#include "fuzz.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_SENT  70000 /* over the longest request */
#define MAX_REPLY (8u << 20)

static struct {
	struct pp_loop *loop;
	struct sockaddr_un address;
	int fd;
	char *reply;
	size_t len;
} fuzz = {.address = {.sun_family = AF_UNIX}};

static void remove_socket(void)
{
	unlink(fuzz.address.sun_path);
}

static void start(void)
{
	fuzz.loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = fuzz.loop, .commands = any_commands, .name = "fuzz", .version = "0"};
	struct pp_ctl *ctl = pp_ctl_create(&config);

	snprintf(fuzz.address.sun_path, sizeof(fuzz.address.sun_path), "/tmp/pp-fuzz-%d.sock",
		 (int)getpid());
	if (pp_ctl_listen(ctl, fuzz.address.sun_path))
		abort();
	atexit(remove_socket);
	fuzz.reply = malloc(MAX_REPLY);
}

static void on_reply(void *arg, uint32_t events)
{
	ssize_t n = recv(fuzz.fd, fuzz.reply + fuzz.len, MAX_REPLY - fuzz.len, MSG_DONTWAIT);

	(void)arg, (void)events;
	if (n > 0)
		fuzz.len += (size_t)n;
	else
		pp_loop_stop(fuzz.loop);
}

static void check_reply(void)
{
	char *line, *next = fuzz.reply;

	if (fuzz.len == MAX_REPLY)
		abort();
	fuzz.reply[fuzz.len] = '\0';
	while ((line = strsep(&next, "\n")) && *line) {
		json_t *message = json_loads(line, 0, NULL);
		if (!message)
			abort();
		json_decref(message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!fuzz.loop)
		start();
	fuzz.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fuzz.len = 0;
	if (connect(fuzz.fd, (const struct sockaddr *)&fuzz.address, sizeof(fuzz.address)))
		abort();
	send(fuzz.fd, data, size < MAX_SENT ? size : MAX_SENT, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fuzz.fd, SHUT_WR);
	pp_loop_add(fuzz.loop, fuzz.fd, EPOLLIN, on_reply, NULL);
	pp_loop_run(fuzz.loop);
	pp_loop_del(fuzz.loop, fuzz.fd);
	close(fuzz.fd);
	if (size && data[0] == '{')
		check_reply();
	return 0;
}
