/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's event loop: epoll over callbacks that are found by
 * descriptor. A generation number keeps an event that was fetched before its
 * descriptor was removed, and perhaps reused, from reaching the wrong callback.
 */
#include <pmdping/ctl.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct watch {
	void (*ready)(void *arg, uint32_t events); /* NULL: unused */
	void *arg;
	uint32_t generation;
};

struct ticker {
	struct ticker *next;
	int fd;
	void (*tick)(void *arg);
	void *arg;
};

struct pp_loop {
	int epoll_fd;
	struct watch *watches; /* by descriptor */
	size_t nwatches;
	uint32_t generation;
	struct ticker *tickers;
	bool stop;
};

struct pp_loop *pp_loop_create(void)
{
	struct pp_loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void pp_loop_free(struct pp_loop *l)
{
	if (!l)
		return;
	while (l->tickers) {
		struct ticker *t = l->tickers;
		l->tickers = t->next;
		close(t->fd);
		free(t);
	}
	close(l->epoll_fd);
	free(l->watches);
	free(l);
}

static int reserve(struct pp_loop *l, size_t fd)
{
	if (fd < l->nwatches)
		return 0;

	size_t n = (fd + 1) * 2;
	struct watch *watches = realloc(l->watches, n * sizeof(*watches));
	if (!watches)
		return -ENOMEM;
	memset(watches + l->nwatches, 0, (n - l->nwatches) * sizeof(*watches));
	l->watches = watches;
	l->nwatches = n;
	return 0;
}

static int control(struct pp_loop *l, int op, int fd, uint32_t events, uint32_t generation)
{
	struct epoll_event ev = {
		.events = events,
		.data.u64 = (uint64_t)generation << 32 | (uint32_t)fd,
	};
	return epoll_ctl(l->epoll_fd, op, fd, &ev) ? -errno : 0;
}

int pp_loop_add(struct pp_loop *l, int fd, uint32_t events,
		void (*ready)(void *arg, uint32_t events), void *arg)
{
	if (fd < 0)
		return -EBADF;
	int err = reserve(l, (size_t)fd);
	if (!err)
		err = control(l, EPOLL_CTL_ADD, fd, events, ++l->generation);
	if (err)
		return err;
	l->watches[fd] = (struct watch){.ready = ready, .arg = arg, .generation = l->generation};
	return 0;
}

static bool watched(const struct pp_loop *l, int fd)
{
	return fd >= 0 && (size_t)fd < l->nwatches && l->watches[fd].ready;
}

int pp_loop_modify(struct pp_loop *l, int fd, uint32_t events)
{
	if (!watched(l, fd))
		return -ENOENT;
	return control(l, EPOLL_CTL_MOD, fd, events, l->watches[fd].generation);
}

void pp_loop_del(struct pp_loop *l, int fd)
{
	if (!watched(l, fd))
		return;
	l->watches[fd].ready = NULL;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void ticker_ready(void *arg, uint32_t events)
{
	struct ticker *t = arg;
	uint64_t expired; /* missed periods are not made up for */

	(void)events;
	if (read(t->fd, &expired, sizeof(expired)) == (ssize_t)sizeof(expired))
		t->tick(t->arg);
}

static int ticker_start(struct pp_loop *l, struct ticker *t, pp_ns period)
{
	int64_t ns = period.v < 1000000 ? 1000000 : period.v;
	struct timespec ts = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	struct itimerspec spec = {.it_interval = ts, .it_value = ts};

	if (timerfd_settime(t->fd, 0, &spec, NULL))
		return -errno;
	return pp_loop_add(l, t->fd, EPOLLIN, ticker_ready, t);
}

int pp_loop_every(struct pp_loop *l, pp_ns period, void (*tick)(void *arg), void *arg)
{
	struct ticker *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->tick = tick;
	t->arg = arg;
	t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int err = t->fd < 0 ? -errno : ticker_start(l, t, period);
	if (err) {
		if (t->fd >= 0)
			close(t->fd);
		free(t);
		return err;
	}
	t->next = l->tickers;
	l->tickers = t;
	return 0;
}

static void dispatch(struct pp_loop *l, const struct epoll_event *ev)
{
	int fd = (int)(uint32_t)ev->data.u64;
	uint32_t generation = (uint32_t)(ev->data.u64 >> 32);

	if (!watched(l, fd) || l->watches[fd].generation != generation)
		return;
	/* A copy: the callback may add descriptors and move the array. */
	struct watch w = l->watches[fd];
	w.ready(w.arg, ev->events);
}

int pp_loop_run(struct pp_loop *l)
{
	struct epoll_event events[64];

	while (!l->stop) {
		int n = epoll_wait(l->epoll_fd, events, (int)PP_ARRAY_LEN(events), -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++)
			dispatch(l, &events[i]);
	}
	l->stop = false;
	return 0;
}

void pp_loop_stop(struct pp_loop *l)
{
	l->stop = true;
}
