/* SPDX-License-Identifier: BSD-3-Clause */
/* The control object: listens, accepts, and takes everything down again. */
#include "ctl_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void accept_ready(void *arg, uint32_t events);

static void resume_listening(struct pp_ctl *ctl)
{
	if (ctl->listening || ctl->listen_fd < 0)
		return;
	ctl->listening = !pp_loop_add(ctl->config.loop, ctl->listen_fd, EPOLLIN, accept_ready, ctl);
}

static void pause_listening(struct pp_ctl *ctl)
{
	pp_loop_del(ctl->config.loop, ctl->listen_fd);
	ctl->listening = false;
}

/* One line that both kinds of client understand: nothing is known of this one. */
static void refuse(int fd)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
				   "{\"code\":3,\"message\":\"busy: too many clients\"}}\n";

	if (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		/* Gone already. */
	}
	close(fd);
}

static void accept_ready(void *arg, uint32_t events)
{
	struct pp_ctl *ctl = arg;
	int fd = accept4(ctl->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0) {
		/* Out of descriptors: the loop would spin on it until the next tick. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_listening(ctl);
		return;
	}
	if (ctl->npeers >= ctl->config.max_clients)
		refuse(fd);
	else if (!pp_peer_create(ctl, fd))
		close(fd);
}

static void tick_ready(void *arg, uint32_t events)
{
	struct pp_ctl *ctl = arg;
	struct pp_peer *p;
	uint64_t expired;

	(void)events;
	if (read(ctl->timer_fd, &expired, sizeof(expired)) < 0)
		return;
	resume_listening(ctl);
	LIST_FOREACH(p, &ctl->peers, link)
	pp_peer_tick(p);
}

static int start_timer(struct pp_ctl *ctl)
{
	const struct timespec period = {.tv_nsec = PP_TICK_MS * 1000000L};
	const struct itimerspec spec = {.it_interval = period, .it_value = period};

	ctl->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (ctl->timer_fd < 0 || timerfd_settime(ctl->timer_fd, 0, &spec, NULL))
		return -errno;
	return pp_loop_add(ctl->config.loop, ctl->timer_fd, EPOLLIN, tick_ready, ctl);
}

struct pp_ctl *pp_ctl_create(const struct pp_ctl_config *config)
{
	struct pp_ctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl)
		return NULL;
	ctl->config = *config;
	ctl->config.max_clients = config->max_clients ? config->max_clients : 32;
	ctl->config.max_request = config->max_request ? config->max_request : 64 * 1024;
	ctl->config.max_output = config->max_output ? config->max_output : 256 * 1024;
	ctl->listen_fd = ctl->timer_fd = -1;
	LIST_INIT(&ctl->calls);
	LIST_INIT(&ctl->peers);
	if (start_timer(ctl)) {
		pp_ctl_free(ctl);
		return NULL;
	}
	return ctl;
}

int pp_ctl_listen(struct pp_ctl *ctl, const char *path)
{
	struct stat st;
	int fd = -1;

	if (ctl->listen_fd >= 0)
		return -EALREADY;
	int err = pp_listen_unix(path, &fd);
	if (err)
		return err;
	if (!lstat(path, &st)) {
		ctl->socket.dev = st.st_dev;
		ctl->socket.ino = st.st_ino;
		strcpy(ctl->socket.path, path);
	}
	ctl->listen_fd = fd;
	resume_listening(ctl);
	return ctl->listening ? 0 : -ENOMEM;
}

/* Somebody may have put another in its place meanwhile: that one stays. */
static void remove_socket(struct pp_ctl *ctl)
{
	struct stat st;

	if (ctl->socket.path[0] && !lstat(ctl->socket.path, &st) && st.st_dev == ctl->socket.dev &&
	    st.st_ino == ctl->socket.ino)
		unlink(ctl->socket.path);
}

static void close_watched(struct pp_ctl *ctl, int fd)
{
	if (fd < 0)
		return;
	pp_loop_del(ctl->config.loop, fd);
	close(fd);
}

void pp_ctl_free(struct pp_ctl *ctl)
{
	if (!ctl)
		return;
	remove_socket(ctl);
	close_watched(ctl, ctl->listen_fd);
	close_watched(ctl, ctl->timer_fd);
	while (!LIST_EMPTY(&ctl->peers))
		pp_peer_destroy(LIST_FIRST(&ctl->peers));
	pp_calls_abandon_all(ctl);
	free(ctl);
}
