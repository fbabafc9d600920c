/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON-RPC as a client sees it: methods, parameters, errors, ids, cancelling. */
#include "ctl_fixture.h"

static int64_t number(const json_t *m, const char *outer, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(m, outer), key));
}

static const char *text_of(const json_t *m, const char *outer, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(m, outer), key));

	return text ? text : "";
}

/* A connection past its hello. */
static int dial_json(const struct server *s)
{
	int fd = dial_to(s->path);

	put(fd, "{");
	json_t *hello = get_json(fd);
	CU_ASSERT_STRING_EQUAL(text_of(hello, "params", "name"), "test");
	CU_ASSERT_STRING_EQUAL(text_of(hello, "params", "version"), "1.2.3");
	json_decref(hello);
	put(fd, "\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"exec\",\"params\":{\"line\":\"\"}}\n");
	json_t *empty = get_json(fd);
	CU_ASSERT_STRING_EQUAL(text_of(empty, "result", "command"), "");
	CU_ASSERT_PTR_NOT_NULL(json_object_get(json_object_get(empty, "result"), "command"));
	json_decref(empty);
	return fd;
}

static json_t *ask(int fd, const char *line)
{
	put(fd, line);
	put(fd, "\n");
	return get_json(fd);
}

#define REQUEST(id, method, params)                                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"

static void expect_error(int fd, const char *line, int64_t code, const char *part)
{
	json_t *m = ask(fd, line);

	if (number(m, "error", "code") != code || !strstr(text_of(m, "error", "message"), part))
		printf("%s: %" PRId64 " %s\n", line, number(m, "error", "code"),
		       text_of(m, "error", "message"));
	CU_ASSERT_EQUAL(number(m, "error", "code"), code);
	CU_ASSERT_PTR_NOT_NULL(strstr(text_of(m, "error", "message"), part));
	CU_ASSERT_PTR_NOT_NULL(json_object_get(m, "id"));
	json_decref(m);
}

static void test_methods(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);
	json_t *m = ask(fd, REQUEST("7", "echo", "{\"text\":\"a b\"}"));

	CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), 7);
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "text"), "a b");
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "command"), "echo");
	CU_ASSERT_EQUAL(number(m, "result", "exit"), 0);
	json_decref(m);
	m = ask(fd, REQUEST("\"x\"", "exec", "{\"line\":\"echo  c  d\"}"));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(m, "id")), "x");
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "text"), "c  d");
	json_decref(m);
	m = ask(fd, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"echo\"}");
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "text"), "");
	json_decref(m);
	m = ask(fd, REQUEST("9", "commands", "{}"));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json_object_get(m, "result"), "commands")),
			7);
	json_decref(m);
	close(fd);
	server_stop(&s);
}

static void test_params(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);

	expect_error(fd, REQUEST("1", "echo", "{\"nosuch\":1}"), PP_ERR_PARAMS, "nosuch");
	expect_error(fd, REQUEST("1", "echo", "[1]"), PP_ERR_PARAMS, "by name");
	expect_error(fd, REQUEST("1", "echo", "{\"text\":1}"), PP_ERR_PARAMS, "a string");
	expect_error(fd, REQUEST("1", "flood", "{}"), PP_ERR_PARAMS, "\"count\" is missing");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":\"3\"}"), PP_ERR_PARAMS, "an integer");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":3.0}"), PP_ERR_PARAMS, "an integer");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":0}"), PP_ERR_PARAMS,
		     "1 <= value <= 9999");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":10000}"), PP_ERR_PARAMS,
		     "1 <= value <= 9999");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"pause\":-1}"), PP_ERR_PARAMS,
		     "0ns <= value <= 1s");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"pause\":\"1s\"}"), PP_ERR_PARAMS,
		     "nanoseconds");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"now\":1}"), PP_ERR_PARAMS,
		     "a boolean");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"now\":true,\"pause\":1}"),
		     PP_ERR_PARAMS, "exclude each other");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"via\":\"gw\"}"), PP_ERR_PARAMS,
		     "not a numeric address");
	expect_error(fd, REQUEST("1", "flood", "{\"count\":1,\"count\":1}"), PP_ERR_PARSE,
		     "not JSON");
	json_t *m = ask(fd, REQUEST("1", "flood", "{\"count\":1,\"now\":false,\"pause\":1}"));
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "event"), "data");
	json_decref(m);
	json_decref(get_json(fd));
	close(fd);
	server_stop(&s);
}

static void test_requests(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);

	expect_error(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,", PP_ERR_PARSE, "not JSON");
	expect_error(fd, "nonsense", PP_ERR_PARSE, "not JSON");
	expect_error(fd, "{\"jsonrpc\":\"2.0\",\"id\":1} x", PP_ERR_PARSE, "not JSON");
	expect_error(fd, "[" REQUEST("1", "echo", "{}") "]", PP_ERR_REQUEST, "batches");
	expect_error(fd, "3", PP_ERR_REQUEST, "object");
	expect_error(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", PP_ERR_REQUEST, "\"id\"");
	expect_error(fd, REQUEST("null", "echo", "{}"), PP_ERR_REQUEST, "\"id\"");
	expect_error(fd, REQUEST("{}", "echo", "{}"), PP_ERR_REQUEST, "\"id\"");
	expect_error(fd, "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"echo\"}", PP_ERR_REQUEST,
		     "2.0");
	expect_error(fd, "{\"jsonrpc\":\"2.0\",\"id\":1}", PP_ERR_REQUEST, "method");
	expect_error(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"x\":1}",
		     PP_ERR_REQUEST, "unknown");
	expect_error(fd, REQUEST("1", "nosuch", "{}"), PP_ERR_METHOD, "nosuch");
	expect_error(fd, REQUEST("1", "wait for it", "{}"), PP_ERR_METHOD, "unknown method");
	expect_error(fd, REQUEST("1", "wait.for", "{}"), PP_ERR_METHOD, "unknown method");
	expect_error(fd, REQUEST("1", "", "{}"), PP_ERR_METHOD, "unknown method");
	expect_error(fd, REQUEST("1", "exec", "{}"), PP_ERR_PARAMS, "exec takes");
	expect_error(fd, REQUEST("1", "exec", "{\"line\":\"echo\",\"x\":1}"), PP_ERR_PARAMS,
		     "exec takes");
	expect_error(fd, REQUEST("1", "cancel", "{}"), PP_ERR_PARAMS, "cancel takes");
	expect_error(fd, REQUEST("1", "commands", "{\"x\":1}"), PP_ERR_PARAMS, "no parameters");
	json_t *m = ask(fd, REQUEST("5", "echo", "{\"text\":\"still here\"}"));
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "text"), "still here");
	json_decref(m);
	close(fd);
	server_stop(&s);
}

static void test_error_data(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);
	json_t *m = ask(fd, REQUEST("1", "exec", "{\"line\":\"flood -c 1 via gw\"}"));
	json_t *data = json_object_get(json_object_get(m, "error"), "data");

	CU_ASSERT_EQUAL(json_integer_value(json_object_get(data, "column")), 16);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(data, "word")), "gw");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(data, "param")), "via");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(data, "type")), "address");
	json_decref(m);
	m = ask(fd, REQUEST("1", "exec", "{\"line\":\"fail  on this\"}")); /* the handler's own */
	data = json_object_get(json_object_get(m, "error"), "data");
	CU_ASSERT_EQUAL(number(m, "error", "code"), PP_ERR_FAILED);
	CU_ASSERT_STRING_EQUAL(text_of(m, "error", "message"), "could not: reasons");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(data, "column")), 7);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(data, "word")), "on this");
	json_decref(m);
	close(fd);
	server_stop(&s);
}

/* Two calls at once; the second is cancelled, the first ends by itself. */
static void test_cancel(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);
	json_t *m = ask(fd, REQUEST("1", "wait.for.it", "{}"));

	CU_ASSERT_EQUAL(number(m, "params", "id"), 1);
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "command"), "wait for it");
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "event"), "started");
	json_decref(m);
	expect_error(fd, REQUEST("1", "echo", "{}"), PP_ERR_REQUEST, "still runs");
	json_decref(ask(fd, REQUEST("2", "wait.for.it", "{}")));
	m = ask(fd, REQUEST("3", "cancel", "{\"id\":2}"));
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), 2);
	CU_ASSERT(json_is_true(json_object_get(json_object_get(m, "result"), "early")));
	json_decref(m);
	m = get_json(fd);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), 3);
	CU_ASSERT(json_is_true(json_object_get(json_object_get(m, "result"), "found")));
	json_decref(m);
	m = ask(fd, REQUEST("4", "cancel", "{\"id\":2}"));
	CU_ASSERT(json_is_false(json_object_get(json_object_get(m, "result"), "found")));
	json_decref(m);
	m = ask(fd, REQUEST("5", "release", "{}"));
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "event"), "released");
	json_decref(m);
	m = get_json(fd);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(m, "id")), 1);
	json_decref(m);
	json_decref(get_json(fd));
	CU_ASSERT_EQUAL(cancelled, 1);
	close(fd);
	server_stop(&s);
}

/* Nobody cancels another's call, even with its id. */
static void test_cancel_foreign(void)
{
	struct server s;
	server_start(&s);
	int a = dial_json(&s), b = dial_json(&s);

	json_decref(ask(a, REQUEST("1", "wait.for.it", "{}")));
	json_t *m = ask(b, REQUEST("2", "cancel", "{\"id\":1}"));
	CU_ASSERT(json_is_false(json_object_get(json_object_get(m, "result"), "found")));
	CU_ASSERT_EQUAL(cancelled, 0);
	json_decref(m);
	close(a);
	close(b);
	wait_until(&cancelled, 1);
	server_stop(&s);
}

static void test_too_many_calls(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);
	char line[128];

	for (int i = 1; i <= 64; i++) {
		snprintf(line, sizeof(line), REQUEST("%d", "wait.for.it", "{}"), i);
		json_decref(ask(fd, line));
	}
	expect_error(fd, REQUEST("65", "wait.for.it", "{}"), PP_ERR_BUSY, "too many calls");
	close(fd);
	wait_until(&cancelled, 64);
	server_stop(&s);
}

static void test_load(void)
{
	struct server s;
	server_start(&s);
	int fd = dial_json(&s);
	json_t *m = ask(
		fd, REQUEST("1", "load",
			    "{\"name\":\"a.conf\",\"content\":\"# x\\necho hi\\n\\necho ho\"}"));

	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "command"), "echo");
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "event"), "result");
	CU_ASSERT_STRING_EQUAL(text_of(m, "params", "text"), "hi");
	json_decref(m);
	json_decref(get_json(fd));
	m = get_json(fd);
	CU_ASSERT_STRING_EQUAL(text_of(m, "result", "command"), "load");
	CU_ASSERT_EQUAL(number(m, "result", "lines"), 4);
	json_decref(m);
	expect_error(fd, REQUEST("2", "load", "{\"name\":\"a\",\"content\":\"\\n echo\\u0007\"}"),
		     PP_ERR_PARSE, "a:2:6: control character");
	expect_error(fd, REQUEST("2", "load", "{\"name\":\"a\",\"content\":\"load b\"}"),
		     PP_ERR_FAILED, "a:1:1: files are opened by the client");
	expect_error(fd, REQUEST("2", "exec", "{\"line\":\"load a echo\"}"), PP_ERR_FAILED,
		     "files are opened by the client");
	/* A script that waits ends when its caller goes. */
	json_decref(ask(fd, REQUEST("3", "load", "{\"name\":\"a\",\"content\":\"wait for it\"}")));
	close(fd);
	wait_until(&cancelled, 1);
	server_stop(&s);
}

PP_TEST_MAIN("jsonrpc", {"hello, methods by their words, ids echoed", test_methods},
	     {"parameters are checked before any effect", test_params},
	     {"what is no request gets an error and the next one is read", test_requests},
	     {"errors say column, word, parameter and type", test_error_data},
	     {"several calls at once; cancel ends one early", test_cancel},
	     {"another client's call is not cancelled", test_cancel_foreign},
	     {"64 calls at once and no more", test_too_many_calls},
	     {"a command file is run line by line", test_load})
