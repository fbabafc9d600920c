/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines and command files from this process, and what a call survives: ending at
 * once, later, from its cancel callback, or never.
 */
#include "ctl_fixture.h"

static struct {
	unsigned int events, ends;
	int exit, code;
	unsigned int column;
	char log[1024], message[512];
} seen;

static void log_event(void *arg, const struct pp_command *cmd, const char *event,
		      const json_t *body)
{
	size_t at = strlen(seen.log);
	const char *text = json_string_value(json_object_get(body, "text"));

	(void)arg;
	seen.events++;
	snprintf(seen.log + at, sizeof(seen.log) - at, "%s:%s:%s ", cmd->words, event,
		 text ? text : "");
}

static void log_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit_code,
		    int code, unsigned int column, const char *message)
{
	(void)arg, (void)cmd;
	CU_ASSERT((result == NULL) == (message != NULL));
	seen.ends++;
	seen.exit = exit_code;
	seen.code = code;
	seen.column = column;
	snprintf(seen.message, sizeof(seen.message), "%s", message ? message : "");
}

static const struct pp_sink sink = {.event = log_event, .end = log_end};

/* A server without its thread: everything here happens on calls of ours. */
static void begin(struct server *s)
{
	memset(s, 0, sizeof(*s));
	memset(&seen, 0, sizeof(seen));
	cancelled = started = 0;
	s->loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = s->loop,
		.commands = test_commands,
		.engine = &s->ctl,
		.name = "test",
		.version = "0",
	};
	s->ctl = pp_ctl_create(&config);
}

static void end(struct server *s)
{
	pp_ctl_free(s->ctl);
	pp_loop_free(s->loop);
}

static void test_lines(void)
{
	struct server s;
	begin(&s);

	CU_ASSERT_PTR_NULL(pp_ctl_run_line(s.ctl, "echo hi", &sink));
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_PTR_NULL(pp_ctl_run_line(s.ctl, "fail x", &sink));
	CU_ASSERT_EQUAL(seen.exit, 2);
	CU_ASSERT_EQUAL(seen.code, PP_ERR_FAILED);
	CU_ASSERT_EQUAL(seen.column, 6);
	CU_ASSERT_STRING_EQUAL(seen.message, "could not: reasons");
	struct pp_call *c = pp_ctl_run_line(s.ctl, "wait for it", &sink);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(seen.ends, 2);
	pp_call_cancel(c);
	CU_ASSERT_EQUAL(seen.ends, 3);
	CU_ASSERT_STRING_EQUAL(seen.log, "wait for it:started: ");
	end(&s);
}

static void test_file(void)
{
	struct server s;
	begin(&s);

	pp_ctl_run_script(s.ctl, "x", "echo a\n\n# no\r\n  echo b # c\n\techo d", NULL, &sink);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_STRING_EQUAL(seen.message, "");
	CU_ASSERT_STRING_EQUAL(seen.log, "echo:result:a echo:result:b # c echo:result:d ");
	pp_ctl_run_script(s.ctl, "x", "", NULL, &sink);
	CU_ASSERT_EQUAL(seen.ends, 2);
	CU_ASSERT_EQUAL(seen.exit, 0);
	end(&s);
}

static void test_file_errors(void)
{
	struct server s;
	begin(&s);

	pp_ctl_run_script(s.ctl, "lab.conf", "echo a\n  flood -c 0\necho b", NULL, &sink);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_EQUAL(seen.exit, 2);
	CU_ASSERT_EQUAL(seen.code, PP_ERR_PARAMS);
	CU_ASSERT_STRING_EQUAL(seen.message, "lab.conf:2:12: count: \"0\" is out of range: "
					     "1 <= value <= 9999");
	CU_ASSERT_STRING_EQUAL(seen.log, "echo:result:a ");
	pp_ctl_run_script(s.ctl, "y", "fail", NULL, &sink);
	CU_ASSERT_STRING_EQUAL(seen.message, "y:1: could not: reasons");
	end(&s);
}

static void test_file_waits(void)
{
	struct server s;
	begin(&s);

	pp_ctl_run_script(s.ctl, "x", "wait for it\necho after", NULL, &sink);
	CU_ASSERT_EQUAL(seen.ends, 0);
	CU_ASSERT_STRING_EQUAL(seen.log, "wait for it:started: ");
	pp_ctl_run_line(s.ctl, "release", &sink);
	CU_ASSERT_STRING_EQUAL(seen.log, "wait for it:started: wait for it:released: "
					 "wait for it:result: echo:result:after ");
	CU_ASSERT_EQUAL(seen.ends, 2);
	end(&s);
}

/* Lines that end at once do not nest. */
static void test_long_file(void)
{
	enum { LINES = 10000 };
	char *text = calloc(LINES, sizeof("echo\n"));
	struct server s;
	begin(&s);

	for (int i = 0; i < LINES; i++)
		memcpy(text + (size_t)i * 5, "echo\n", 6);
	pp_ctl_run_script(s.ctl, "x", text, NULL, &sink);
	CU_ASSERT_EQUAL(seen.events, LINES);
	CU_ASSERT_EQUAL(seen.ends, 1);
	free(text);
	end(&s);
}

static void test_close_in_script(void)
{
	struct server s;
	begin(&s);

	pp_ctl_run_script(s.ctl, "x", "wait for it\necho after\nwait for it", NULL, &sink);
	CU_ASSERT_EQUAL(seen.ends, 0);
	end(&s);
	CU_ASSERT_EQUAL(cancelled, 1);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_STRING_EQUAL(seen.message, "x:1: interrupted");
	CU_ASSERT_STRING_EQUAL(seen.log, "wait for it:started: wait for it:result: ");
}

/* ---- handlers that do not listen ---------------------------------------------------------- */

static struct pp_call *stubborn;

static void run_stubborn(struct pp_call *c)
{
	stubborn = c;
}

static const struct pp_command stubborn_commands[] = {
	{"hold", NULL, PP_CLASS_READ, "", run_stubborn},
	{NULL, NULL, PP_CLASS_READ, NULL, NULL},
};

static void test_stubborn(void)
{
	struct pp_loop *loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = loop, .commands = stubborn_commands, .name = "test", .version = "0"};
	struct pp_ctl *ctl = pp_ctl_create(&config);

	memset(&seen, 0, sizeof(seen));
	struct pp_call *c = pp_ctl_run_line(ctl, "hold", &sink);
	pp_call_cancel(c);
	pp_call_cancel(c);
	CU_ASSERT_EQUAL(seen.ends, 0);
	pp_ctl_free(ctl);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_STRING_EQUAL(seen.message, "the engine is closing");
	pp_call_notify(stubborn, "late", json_object()); /* into nothing */
	pp_call_done(stubborn, NULL);
	CU_ASSERT_EQUAL(seen.ends, 1);
	CU_ASSERT_EQUAL(seen.events, 0);
	pp_loop_free(loop);
}

PP_TEST_MAIN("script", {"a line ends at once, fails, or is cancelled", test_lines},
	     {"a file's lines run in order", test_file},
	     {"the first error ends a file and says where", test_file_errors},
	     {"a line waits for the one before", test_file_waits},
	     {"ten thousand lines", test_long_file},
	     {"closing the engine ends a script", test_close_in_script},
	     {"a call that ignores everything is outlived", test_stubborn})
