/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop: callbacks that remove themselves and others, and the tick. */
#include "runner.h"

#include <pmdping/ctl.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct pair {
	struct pp_loop *loop;
	int fds[2], calls;
};

static void remove_both(void *arg, uint32_t events)
{
	struct pair *p = arg;

	CU_ASSERT(events & EPOLLIN);
	p->calls++;
	pp_loop_del(p->loop, p->fds[0]);
	pp_loop_del(p->loop, p->fds[1]);
	pp_loop_stop(p->loop);
}

/* Both are ready in one batch; whichever comes first removes the other. */
static void test_remove_other(void)
{
	struct pair p = {.loop = pp_loop_create()};

	for (int i = 0; i < 2; i++) {
		p.fds[i] = eventfd(1, 0);
		CU_ASSERT_EQUAL(pp_loop_add(p.loop, p.fds[i], EPOLLIN, remove_both, &p), 0);
	}
	CU_ASSERT_EQUAL(pp_loop_add(p.loop, p.fds[0], EPOLLIN, remove_both, &p), -EEXIST);
	CU_ASSERT_EQUAL(pp_loop_run(p.loop), 0);
	CU_ASSERT_EQUAL(p.calls, 1);
	CU_ASSERT_EQUAL(pp_loop_modify(p.loop, p.fds[0], EPOLLIN), -ENOENT);
	CU_ASSERT_EQUAL(pp_loop_add(p.loop, -1, EPOLLIN, remove_both, &p), -EBADF);
	pp_loop_free(p.loop);
	close(p.fds[0]);
	close(p.fds[1]);
}

static void wrong(void *arg, uint32_t events)
{
	(void)events;
	++*(int *)arg;
}

struct reuse {
	struct pp_loop *loop;
	int fds[2], wrong, again;
};

/* Closes the other and opens a descriptor that gets its number. */
static void replace_other(void *arg, uint32_t events)
{
	struct reuse *r = arg;

	(void)events;
	if (r->again++) {
		pp_loop_stop(r->loop);
		return;
	}
	pp_loop_del(r->loop, r->fds[1]);
	close(r->fds[1]);
	int fd = eventfd(0, 0); /* not ready */
	CU_ASSERT_EQUAL(fd, r->fds[1]);
	CU_ASSERT_EQUAL(pp_loop_add(r->loop, fd, EPOLLIN, wrong, &r->wrong), 0);
}

static void test_reused_number(void)
{
	struct reuse r = {.loop = pp_loop_create()};

	r.fds[0] = eventfd(1, 0);
	r.fds[1] = eventfd(1, 0);
	pp_loop_add(r.loop, r.fds[0], EPOLLIN, replace_other, &r);
	int first_wrong = 0;
	pp_loop_add(r.loop, r.fds[1], EPOLLIN, wrong, &first_wrong);
	CU_ASSERT_EQUAL(pp_loop_run(r.loop), 0);
	CU_ASSERT_EQUAL(r.wrong, 0);
	pp_loop_free(r.loop);
	close(r.fds[0]);
	close(r.fds[1]);
}

struct ticks {
	struct pp_loop *loop;
	int left;
};

static void on_tick(void *arg)
{
	struct ticks *t = arg;

	if (--t->left == 0)
		pp_loop_stop(t->loop);
}

static void on_other_tick(void *arg)
{
	++*(int *)arg;
}

static void test_ticks(void)
{
	struct ticks t = {.loop = pp_loop_create(), .left = 20};
	int others = 0;

	CU_ASSERT_EQUAL(pp_loop_every(t.loop, PP_NS(0), on_tick, &t), 0);
	CU_ASSERT_EQUAL(pp_loop_every(t.loop, PP_MS(2), on_other_tick, &others), 0);
	CU_ASSERT_EQUAL(pp_loop_run(t.loop), 0);
	CU_ASSERT_EQUAL(t.left, 0);
	CU_ASSERT(others > 0);
	pp_loop_free(t.loop);
}

/* A stop that comes before the run is not lost. */
static void test_stop_first(void)
{
	struct pp_loop *loop = pp_loop_create();

	pp_loop_stop(loop);
	CU_ASSERT_EQUAL(pp_loop_run(loop), 0);
	pp_loop_free(loop);
	pp_loop_free(NULL);
}

PP_TEST_MAIN("loop", {"a callback removes another of the same batch", test_remove_other},
	     {"a reused descriptor gets no old event", test_reused_number},
	     {"ticks come", test_ticks}, {"stop before run", test_stop_first})
