/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's side of the socket. */
#include "ctl_fixture.h"

#include <signal.h>

static void test_open(void)
{
	struct pp_client *c = NULL;
	struct server s;

	server_start(&s);
	CU_ASSERT_EQUAL(pp_client_open(s.path, PP_NS(0), &c), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT(pp_client_fd(c) >= 0);
	pp_client_close(c);
	server_stop(&s);
	c = NULL;
	CU_ASSERT_EQUAL(pp_client_open(s.path, PP_NS(0), &c), -ENOENT);
	CU_ASSERT_EQUAL(pp_client_open(s.path, PP_MS(50), &c), -ENOENT);
	CU_ASSERT_PTR_NULL(c);
	pp_client_close(NULL);
}

/* What open sent to be greeted is not seen by the caller. */
static void test_exchange(void)
{
	struct pp_client *c = NULL;
	json_t *m = NULL;
	struct server s;

	server_start(&s);
	CU_ASSERT_EQUAL_FATAL(pp_client_open(s.path, PP_NS(0), &c), 0);
	int64_t id = pp_client_send(c, "echo", json_pack("{s:s}", "text", "hi"));
	CU_ASSERT(id > 0);
	CU_ASSERT_EQUAL_FATAL(pp_client_receive(c, &m), 1);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), id);
	json_decref(m);
	int64_t next = pp_client_send(c, "big", NULL);
	CU_ASSERT(next > id);
	CU_ASSERT_EQUAL_FATAL(pp_client_receive(c, &m), 1);
	CU_ASSERT_EQUAL(
		strlen(json_string_value(json_object_get(json_object_get(m, "result"), "y"))),
		1 << 20);
	json_decref(m);
	server_stop(&s);
	CU_ASSERT_EQUAL(pp_client_receive(c, &m), 0);
	CU_ASSERT_EQUAL(pp_client_send(c, "echo", NULL), -EPIPE);
	pp_client_close(c);
}

static void *start_late(void *arg)
{
	struct server *s = arg;

	usleep(200000);
	CU_ASSERT_EQUAL(pp_ctl_listen(s->ctl, s->path), 0);
	pp_loop_run(s->loop);
	return NULL;
}

/* The engine comes up while the client waits for it. */
static void test_wait(void)
{
	struct pp_client *c = NULL;
	struct server s = {.dir = "/tmp/pp-test-ctl.XXXXXX"};

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(s.dir));
	snprintf(s.path, sizeof(s.path), "%s/sock", s.dir);
	s.loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = s.loop, .commands = test_commands, .name = "test", .version = "0"};
	s.ctl = pp_ctl_create(&config);
	s.stop_fd = eventfd(0, EFD_CLOEXEC);
	pp_loop_add(s.loop, s.stop_fd, EPOLLIN, on_stop, s.loop);
	pthread_create(&s.thread, NULL, start_late, &s);
	CU_ASSERT_EQUAL(pp_client_open(s.path, PP_SEC(10), &c), 0);
	pp_client_close(c);
	server_stop(&s);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A SIGINT that came before the wait, and was held back, ends it all the same. */
static void test_interrupt(void)
{
	const struct sigaction sa = {.sa_handler = on_signal};
	struct pp_client *c = NULL;
	struct sigaction before;
	json_t *m = NULL;
	struct server s;
	sigset_t set;

	server_start(&s);
	CU_ASSERT_EQUAL_FATAL(pp_client_open(s.path, PP_NS(0), &c), 0);
	/* Its answer and the greeting's are behind us: nothing more will come. */
	pp_client_send(c, "echo", NULL);
	CU_ASSERT_EQUAL_FATAL(pp_client_receive(c, &m), 1);
	json_decref(m);
	sigaction(SIGINT, &sa, &before);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_kill(pthread_self(), SIGINT);
	CU_ASSERT_EQUAL(pp_client_receive(c, &m), -EINTR);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	sigaction(SIGINT, &before, NULL);
	pp_client_close(c);
	server_stop(&s);
}

static void test_default_path(void)
{
	char buf[128];

	setenv("PMDPING_SOCKET", "/x/y", 1);
	CU_ASSERT_STRING_EQUAL(pp_client_default_path(buf, sizeof(buf)), "/x/y");
	setenv("PMDPING_SOCKET", "", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	CU_ASSERT_STRING_EQUAL(pp_client_default_path(buf, sizeof(buf)),
			       geteuid() ? "/run/user/7/pmdping.sock"
					 : "/run/pmdping/pmdping.sock");
	unsetenv("PMDPING_SOCKET");
}

PP_TEST_MAIN("client", {"opens where an engine listens", test_open},
	     {"requests and answers, then the end", test_exchange},
	     {"waits for an engine that comes late", test_wait},
	     {"a signal ends the wait", test_interrupt},
	     {"where the socket is looked for", test_default_path})
