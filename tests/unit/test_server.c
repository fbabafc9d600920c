/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket under clients that are broken, slow, many, gone or hostile, and the
 * socket's file.
 */
#include "ctl_fixture.h"

#include <dirent.h>

#define MAX_REQUEST 65536

static unsigned int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A new client is served. */
static void expect_alive(const struct server *s)
{
	char line[128];
	int fd = dial_to(s->path);

	put(fd, "echo alive\n");
	CU_ASSERT(get_line(fd, line, sizeof(line)));
	CU_ASSERT_STRING_EQUAL(line, "echo result alive");
	close(fd);
}

static void expect_line(int fd, const char *wanted)
{
	char line[512] = "(nothing)";

	CU_ASSERT(get_line(fd, line, sizeof(line)));
	if (strcmp(line, wanted))
		printf("got: %s\nnot: %s\n", line, wanted);
	CU_ASSERT_STRING_EQUAL(line, wanted);
}

static int64_t member(const json_t *m, const char *outer, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(m, outer), key));
}

/* ---- text shell ------------------------------------------------------------------------ */

static void test_text(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);

	put(fd, "\n  \n# comment\necho one\r\nbogus\nflood\necho two\nload x\nquit\necho three\n");
	expect_line(fd, "echo result one");
	expect_line(fd, "ERR -32601 column 1: unknown command: \"bogus\"");
	expect_line(fd, "ERR -32602 column 7: \"count\" is missing");
	expect_line(fd, "echo result two");
	expect_line(fd, "ERR 1 column 1: files are opened by the client");
	CU_ASSERT(at_end(fd));
	close(fd);
	server_stop(&s);
}

/* The second line waits for the first call's end, which another client brings. */
static void test_text_in_order(void)
{
	struct server s;
	server_start(&s);
	int a = dial_to(s.path), b = dial_to(s.path);

	put(a, "wait for it\necho after\n");
	expect_line(a, "wait for it started -");
	put(b, "release\n");
	expect_line(b, "release result -");
	expect_line(a, "wait for it released -");
	expect_line(a, "wait for it result -");
	expect_line(a, "echo result after");
	close(a);
	close(b);
	server_stop(&s);
}

/* ---- broken input ------------------------------------------------------------------------- */

static void test_bytes(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);

	put_bytes(fd, "echo a\0b\n", 9);
	expect_line(fd, "ERR -32700 column 7: NUL byte");
	put(fd, "echo \377\376\n");
	expect_line(fd, "ERR -32700 not UTF-8 text");
	put(fd, "echo \033[31m\n");
	expect_line(fd, "ERR -32700 column 6: control character 0x1b");
	put(fd, "echo fine\n");
	expect_line(fd, "echo result fine");
	close(fd);

	fd = dial_to(s.path);
	put_bytes(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\0\n", 26);
	json_decref(get_json(fd));
	json_t *m = get_json(fd);
	CU_ASSERT_EQUAL(member(m, "error", "code"), PP_ERR_PARSE);
	json_decref(m);
	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\377\"}\n");
	m = get_json(fd);
	CU_ASSERT_EQUAL(member(m, "error", "code"), PP_ERR_PARSE);
	json_decref(m);
	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"exec\",\"params\":{\"line\":"
		"\"a\\u0000b\"}}\n");
	m = get_json(fd);
	CU_ASSERT_EQUAL(member(m, "error", "code"), PP_ERR_PARSE);
	json_decref(m);
	close(fd);
	server_stop(&s);
}

static void test_longest(void)
{
	static char line[MAX_REQUEST + 2];
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);

	memset(line, 'x', sizeof(line));
	memcpy(line, "echo ", 5);
	line[MAX_REQUEST] = '\n'; /* 64 KiB and a newline: taken */
	put_bytes(fd, line, MAX_REQUEST + 1);
	static char answer[MAX_REQUEST + 128];
	CU_ASSERT(get_line(fd, answer, sizeof(answer)));
	CU_ASSERT_EQUAL(strlen(answer), strlen("echo result ") + MAX_REQUEST - 5);
	line[MAX_REQUEST] = 'x'; /* one more: refused */
	put_bytes(fd, line, MAX_REQUEST + 1);
	expect_line(fd, "ERR -32600 request too long");
	CU_ASSERT(at_end(fd));
	close(fd);

	fd = dial_to(s.path); /* and without a newline to come */
	put_bytes(fd, line, MAX_REQUEST + 1);
	shutdown(fd, SHUT_WR);
	expect_line(fd, "ERR -32600 request too long");
	CU_ASSERT(at_end(fd));
	close(fd);

	fd = dial_to(s.path);
	line[0] = '{';
	put_bytes(fd, line, MAX_REQUEST + 1);
	json_decref(get_json(fd));
	json_t *m = get_json(fd);
	CU_ASSERT_EQUAL(member(m, "error", "code"), PP_ERR_REQUEST);
	CU_ASSERT(json_is_null(json_object_get(m, "id")));
	json_decref(m);
	CU_ASSERT(at_end(fd));
	close(fd);
	expect_alive(&s);
	server_stop(&s);
}

static void test_garbage(void)
{
	struct pp_prng rng;
	struct server s;
	char junk[600];

	server_start(&s);
	pp_prng_seed(&rng, pp_test_seed());
	unsigned int before = open_descriptors();
	for (int i = 0; i < 500; i++) {
		int fd = dial_to(s.path);
		size_t len = 1 + pp_prng_below(&rng, sizeof(junk) - 1);
		for (size_t k = 0; k < len; k++)
			junk[k] = (char)pp_prng_next(&rng);
		if (pp_prng_below(&rng, 2))
			junk[0] = '{';
		put_bytes(fd, junk, len);
		if (pp_prng_below(&rng, 2)) {
			shutdown(fd, SHUT_WR);
			while (!at_end(fd))
				;
		}
		close(fd);
	}
	expect_alive(&s);
	for (int i = 0; i < 1000 && open_descriptors() > before; i++)
		usleep(1000);
	CU_ASSERT(open_descriptors() <= before);
	server_stop(&s);
}

/* 5 s for a whole request; a silent client that has asked nothing may stay. */
static void test_partial(void)
{
	struct server s;
	server_start(&s);
	int text = dial_to(s.path), json = dial_to(s.path), silent = dial_to(s.path);

	put(text, "echo par");
	put(json, "{\"jsonrpc\":");
	json_decref(get_json(json));
	for (int i = 0; i < 40; i++) {
		usleep(100000);
		put(text, "t"); /* a byte now and then is no excuse */
	}
	expect_line(text, "ERR -32600 incomplete request");
	CU_ASSERT(at_end(text));
	json_t *m = get_json(json);
	CU_ASSERT_EQUAL(member(m, "error", "code"), PP_ERR_REQUEST);
	json_decref(m);
	CU_ASSERT(at_end(json));
	put(silent, "echo here\n");
	expect_line(silent, "echo result here");
	close(text);
	close(json);
	close(silent);
	server_stop(&s);
}

/* ---- slow readers -----------------------------------------------------------------------------
 */

/* Events beyond the cap are dropped and counted, the result is not. */
static void test_slow_reader(void)
{
	enum { EVENTS = 4000 };
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);
	int64_t got = 0, dropped = -1, last = -1;

	put(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"flood\",\"params\":{\"count\":4000}}\n");
	usleep(300000);
	expect_alive(&s);
	json_decref(get_json(fd));
	while (dropped < 0) {
		json_t *m = get_json(fd);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		if (json_object_get(m, "result")) {
			dropped = member(m, "result", "dropped");
		} else {
			CU_ASSERT(member(m, "params", "n") > last);
			last = member(m, "params", "n");
			got++;
		}
		json_decref(m);
	}
	CU_ASSERT(dropped > 0);
	CU_ASSERT_EQUAL(got + dropped, EVENTS);
	close(fd);
	server_stop(&s);
}

/* 20 MB of results that nobody reads: held back, not dropped, not hoarded. */
static void test_results_wait(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);
	char line[128];

	for (int i = 1; i <= 20; i++) {
		snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"big\"}\n",
			 i);
		put(fd, line);
	}
	usleep(100000);
	expect_alive(&s);
	json_decref(get_json(fd));
	for (int i = 1; i <= 20; i++) {
		json_t *m = get_json(fd);
		CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), i);
		json_decref(m);
	}
	close(fd);
	server_stop(&s);
}

/* ---- leaving ----------------------------------------------------------------------------------
 */

static void test_half_close(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path), other = dial_to(s.path);

	put(fd, "wait for it\necho two\necho three"); /* no newline: the end is one */
	shutdown(fd, SHUT_WR);
	expect_line(fd, "wait for it started -");
	put(other, "release\n");
	expect_line(fd, "wait for it released -");
	expect_line(fd, "wait for it result -");
	expect_line(fd, "echo result two");
	expect_line(fd, "echo result three");
	CU_ASSERT(at_end(fd));
	CU_ASSERT_EQUAL(cancelled, 0);
	close(fd);
	close(other);
	server_stop(&s);
}

static void test_hang_up(void)
{
	struct server s;
	server_start(&s);
	int text = dial_to(s.path), json = dial_to(s.path);

	put(text, "wait for it\n");
	put(json, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait.for.it\"}\n"
		  "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"wait.for.it\"}\n");
	wait_until(&started, 3);
	close(text);
	wait_until(&cancelled, 1);
	close(json);
	wait_until(&cancelled, 3);
	expect_alive(&s);
	server_stop(&s);
}

/* Running calls are cancelled when the server is taken down. */
static void test_free_cancels(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_to(s.path);

	put(fd, "wait for it\n");
	expect_line(fd, "wait for it started -");
	server_stop(&s);
	CU_ASSERT_EQUAL(cancelled, 1);
	CU_ASSERT(at_end(fd));
	close(fd);
}

static void test_many(void)
{
	struct server s;
	server_start(&s);
	int fds[32];
	char line[256];

	for (size_t i = 0; i < PP_ARRAY_LEN(fds); i++) {
		fds[i] = dial_to(s.path);
		put(fds[i], "echo in\n");
		expect_line(fds[i], "echo result in");
	}
	int extra = dial_to(s.path);
	CU_ASSERT(get_line(extra, line, sizeof(line)));
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "busy"));
	CU_ASSERT(at_end(extra));
	close(extra);
	struct pp_client *c = NULL;
	CU_ASSERT_EQUAL(pp_client_open(s.path, PP_NS(0), &c), -EBUSY);
	close(fds[0]);
	for (int i = 0; i < 1000 && pp_client_open(s.path, PP_NS(0), &c); i++)
		usleep(1000);
	CU_ASSERT_PTR_NOT_NULL(c);
	pp_client_close(c);
	for (size_t i = 1; i < PP_ARRAY_LEN(fds); i++)
		close(fds[i]);
	server_stop(&s);
}

/* ---- the socket's file
 * --------------------------------------------------------------------------- */

static int try_listen(const char *path)
{
	struct pp_loop *loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = loop, .commands = test_commands, .name = "test", .version = "0"};
	struct pp_ctl *ctl = pp_ctl_create(&config);
	int rc = pp_ctl_listen(ctl, path);

	pp_ctl_free(ctl);
	pp_loop_free(loop);
	return rc;
}

static void test_file_mode(void)
{
	struct server s;
	struct stat st;
	mode_t before = umask(0);

	server_start(&s);
	CU_ASSERT_EQUAL(umask(before), 0); /* as it was */
	CU_ASSERT_EQUAL(lstat(s.path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0660);
	server_stop(&s);
}

static void test_live_is_not_stolen(void)
{
	struct server s;

	server_start(&s);
	CU_ASSERT_EQUAL(try_listen(s.path), -EADDRINUSE);
	expect_alive(&s);
	server_stop(&s);
}

static void test_stale_is_replaced(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/pp-test-ctl.XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", dir);
	CU_ASSERT_EQUAL(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
	CU_ASSERT_EQUAL(access(sa.sun_path, F_OK), 0);
	CU_ASSERT_EQUAL(try_listen(sa.sun_path), 0);
	rmdir(dir);
}

static void test_others_stay(void)
{
	char dir[] = "/tmp/pp-test-ctl.XXXXXX", file[64], link[64], sub[64], longest[200];

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	snprintf(sub, sizeof(sub), "%s/missing/sock", dir);
	FILE *f = fopen(file, "w");
	fclose(f);
	CU_ASSERT_EQUAL(symlink("nowhere", link), 0);
	CU_ASSERT_EQUAL(try_listen(file), -EEXIST);
	CU_ASSERT_EQUAL(try_listen(link), -EEXIST);
	CU_ASSERT_EQUAL(try_listen(sub), -ENOENT);
	CU_ASSERT_EQUAL(try_listen(dir), -EEXIST);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "/tmp/", 5);
	longest[108] = '\0';
	CU_ASSERT_EQUAL(try_listen(longest), -ENAMETOOLONG);
	CU_ASSERT_EQUAL(access(file, F_OK), 0);
	unlink(file);
	unlink(link);
	rmdir(dir);
}

/* Somebody else's socket at our path is left alone at the end. */
static void test_replaced_file_stays(void)
{
	struct server s;
	char moved[128];

	server_start(&s);
	snprintf(moved, sizeof(moved), "%s.moved", s.path);
	CU_ASSERT_EQUAL(rename(s.path, moved), 0);
	FILE *f = fopen(s.path, "w");
	fclose(f);
	CU_ASSERT_EQUAL(eventfd_write(s.stop_fd, 1), 0);
	pthread_join(s.thread, NULL);
	pp_ctl_free(s.ctl);
	CU_ASSERT_EQUAL(access(s.path, F_OK), 0);
	pp_loop_free(s.loop);
	close(s.stop_fd);
	unlink(s.path);
	unlink(moved);
	rmdir(s.dir);
}

PP_TEST_MAIN("server", {"text: lines, comments, errors, quit", test_text},
	     {"text: the next line waits for the call before", test_text_in_order},
	     {"NULs, broken UTF-8 and control characters are errors", test_bytes},
	     {"a request of 64 KiB is taken, one more byte is not", test_longest},
	     {"garbage is answered or dropped, descriptors come back", test_garbage},
	     {"an incomplete request is closed after 5 s", test_partial},
	     {"a slow reader loses events, counted, but no result", test_slow_reader},
	     {"results wait for who reads them", test_results_wait},
	     {"half-close drains", test_half_close}, {"hang-up cancels", test_hang_up},
	     {"taking the server down cancels", test_free_cancels},
	     {"the 33rd client is busy", test_many}, {"the socket's mode is 0660", test_file_mode},
	     {"a live socket is not stolen", test_live_is_not_stolen},
	     {"a stale socket is replaced", test_stale_is_replaced},
	     {"files, symlinks, missing folders, long paths are refused", test_others_stay},
	     {"a file that took our place stays", test_replaced_file_stays})
