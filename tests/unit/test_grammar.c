/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The grammar of lines and of JSON parameters, through a small table of its own:
 * every type at its limits, free order, letters, and where the caret stands.
 */
#include "runner.h"

#include <pmdping/ctl.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define INT64_MAX_TEXT "9223372036854775807"

static struct {
	unsigned int runs, ends;
	char values[512]; /* what the handler saw, "name=text " each */
	int64_t integer;
	int code, exit;
	unsigned int column;
	char message[512];
} seen;

static const char *const sizes[] = {"small", "big", NULL};
static const struct pp_param all_params[] = {
	{.name = "address", .positional = true, .required = true, .type = PP_PARAM_ADDRESS},
	{.name = "count", .letter = 'c', .type = PP_PARAM_INT, .min = 1, .max = INT64_MAX},
	{.name = "ttl", .letter = 't', .type = PP_PARAM_INT, .min = 1, .max = 255},
	{.name = "offset", .letter = 'o', .type = PP_PARAM_INT, .min = -5, .max = 5},
	{.name = "interval",
	 .letter = 'i',
	 .type = PP_PARAM_TIME,
	 .min = 1000,
	 .max = 3600000000000,
	 .excludes = "flood"},
	{.name = "deadline", .letter = 'w', .type = PP_PARAM_TIME},
	{.name = "rate", .type = PP_PARAM_RATE},
	{.name = "via", .type = PP_PARAM_PREFIX},
	{.name = "mac", .type = PP_PARAM_MAC},
	{.name = "pattern", .letter = 'p', .type = PP_PARAM_HEX},
	{.name = "kind", .letter = 'M', .type = PP_PARAM_CHOICE, .choices = sizes},
	{.name = "label", .type = PP_PARAM_NAME},
	{.name = "flood", .letter = 'f', .type = PP_PARAM_FLAG},
	{.name = "quiet", .letter = 'q', .type = PP_PARAM_FLAG},
	{.name = NULL},
};
static const struct pp_param rest_params[] = {
	{.name = "number", .positional = true, .type = PP_PARAM_INT, .min = 0, .max = 9},
	{.name = "text", .positional = true, .type = PP_PARAM_REST},
	{.name = NULL},
};

static const struct pp_param targets_params[] = {
	{.name = "targets", .positional = true, .required = true, .type = PP_PARAM_TARGETS},
	{.name = "count", .type = PP_PARAM_INT, .min = 1, .max = 9},
	{.name = NULL},
};

static void record(struct pp_call *c)
{
	const struct pp_param *p = pp_call_command(c)->params;
	size_t at = 0;

	for (; p && p->name; p++) {
		const char *text = pp_call_text(c, p->name);
		if (text)
			at += (size_t)snprintf(seen.values + at, sizeof(seen.values) - at, "%s=%s ",
					       p->name, text);
	}
	seen.runs++;
	pp_call_done(c, NULL);
}

static void record_integers(struct pp_call *c)
{
	static const char *const names[] = {"count",	"ttl",	    "offset",
					    "interval", "deadline", "kind"};

	for (size_t i = 0; i < PP_ARRAY_LEN(names); i++)
		if (pp_call_int(c, names[i]))
			seen.integer = *pp_call_int(c, names[i]);
	record(c);
}

static const struct pp_command commands[] = {
	{"ping", all_params, PP_CLASS_READ, "all types", record_integers},
	{"show", NULL, PP_CLASS_READ, "", record},
	{"show port info", NULL, PP_CLASS_READ, "", record},
	{"show port stats", NULL, PP_CLASS_READ, "", record},
	{"set speed of", NULL, PP_CLASS_READ, "", record},
	{"set speed to", NULL, PP_CLASS_READ, "", record},
	{"set mode", NULL, PP_CLASS_READ, "", record},
	{"say", rest_params, PP_CLASS_READ, "", record},
	{"load", rest_params, PP_CLASS_READ, "", record},
	{"probe", targets_params, PP_CLASS_READ, "", record},
	{NULL, NULL, PP_CLASS_READ, NULL, NULL},
};

static void on_event(void *arg, const struct pp_command *cmd, const char *event, const json_t *body)
{
	(void)arg, (void)cmd, (void)event, (void)body;
}

static void on_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit_code,
		   int code, unsigned int column, const char *message)
{
	(void)arg, (void)cmd;
	CU_ASSERT((result == NULL) == (message != NULL));
	seen.ends++;
	seen.code = code;
	seen.exit = exit_code;
	seen.column = column;
	snprintf(seen.message, sizeof(seen.message), "%s", message ? message : "");
}

static void say(const char *line)
{
	struct pp_loop *loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = loop, .commands = commands, .name = "test", .version = "0"};
	struct pp_ctl *ctl = pp_ctl_create(&config);
	const struct pp_sink sink = {.event = on_event, .end = on_end};

	memset(&seen, 0, sizeof(seen));
	CU_ASSERT_PTR_NULL(pp_ctl_run_line(ctl, line, &sink));
	CU_ASSERT_EQUAL(seen.ends, 1);
	pp_ctl_free(ctl);
	pp_loop_free(loop);
}

/* The line runs and its handler sees these values. */
static void good(const char *line, const char *values)
{
	say(line);
	if (seen.message[0] || strcmp(seen.values, values))
		printf("%s: \"%s\" %s\n", line, seen.values, seen.message);
	CU_ASSERT_EQUAL(seen.runs, 1);
	CU_ASSERT_STRING_EQUAL(seen.values, values);
	CU_ASSERT_EQUAL(seen.exit, 0);
}

/* It does not run; the error stands at the column and says `part`. */
static void bad(const char *line, unsigned int column, const char *part)
{
	say(line);
	if (seen.column != column || !strstr(seen.message, part))
		printf("%s: column %u: %s\n", line, seen.column, seen.message);
	CU_ASSERT_EQUAL(seen.runs, 0);
	CU_ASSERT_EQUAL(seen.column, column);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen.message, part));
	CU_ASSERT_NOT_EQUAL(seen.code, 0);
	CU_ASSERT_EQUAL(seen.exit, 2);
}

static void test_order(void)
{
	good("ping 192.0.2.1", "address=192.0.2.1 ");
	good("ping 192.0.2.1 count 3 ttl 9", "address=192.0.2.1 count=3 ttl=9 ");
	good("ping ttl 9 192.0.2.1 count 3", "address=192.0.2.1 count=3 ttl=9 ");
	good("  ping\t-c 3   192.0.2.1 \r\n", "address=192.0.2.1 count=3 ");
	good("ping 2001:db8::1 flood", "address=2001:db8::1 flood=flood ");
}

static void test_letters(void)
{
	good("ping -c3 192.0.2.1", "address=192.0.2.1 count=3 ");
	good("ping -fq 192.0.2.1", "address=192.0.2.1 flood=flood quiet=quiet ");
	good("ping -qc 3 192.0.2.1", "address=192.0.2.1 count=3 quiet=quiet ");
	good("ping -qc3 192.0.2.1", "address=192.0.2.1 count=3 quiet=quiet ");
	good("ping 192.0.2.1 -o-5", "address=192.0.2.1 offset=-5 ");
	good("ping 192.0.2.1 -o -5", "address=192.0.2.1 offset=-5 ");
	bad("ping 192.0.2.1 -z", 17, "unknown option: \"-z\"");
	bad("ping 192.0.2.1 -qz3", 18, "unknown option: \"-z3\"");
	bad("ping 192.0.2.1 -qc", 20, "\"count\" needs a value");
	bad("ping 192.0.2.1 --json", 17, "unknown option");
	bad("ping 192.0.2.1 -1", 16, "unexpected word");
}

static void test_commands(void)
{
	good("show", "");
	good("show port info", "");
	good("show   port\tstats # all of them", "");
	bad("frob", 1, "unknown command: \"frob\"");
	bad("Show", 1, "unknown command");
	bad("show port", 6, "unexpected word"); /* "show" is a command, too */
	bad("ping", 6, "\"address\" is missing");
	bad("ping ", 6, "\"address\" is missing");
	bad("load lab.conf", 1, "files are opened by the client");
	bad("show port infos", 6, "unexpected word");
	bad("set", 5, "one of these follows: speed, mode");
	bad("set speed", 11, "one of these follows: of, to");
	bad("set speed up", 11, "unknown word: \"up\" (one of these fits: of, to)");
	bad("pinge 192.0.2.1", 1, "unknown command");
}

static void test_empty(void)
{
	static const char *const lines[] = {"", " \t ", "# show", "  # show", "\r\n"};

	for (size_t i = 0; i < PP_ARRAY_LEN(lines); i++) {
		say(lines[i]);
		CU_ASSERT_EQUAL(seen.runs, 0);
		CU_ASSERT_EQUAL(seen.exit, 0);
		CU_ASSERT_STRING_EQUAL(seen.message, "");
	}
}

static void test_places(void)
{
	bad("ping gw", 6, "not a numeric address: \"gw\"");
	bad("ping 192.0.2.1 count", 22, "\"count\" needs a value");
	bad("ping 192.0.2.1 count # 3", 22, "\"count\" needs a value");
	bad("ping 192.0.2.1 bogus", 16, "unexpected word: \"bogus\"");
	bad("ping 192.0.2.1 192.0.2.2", 16, "unexpected word");
	bad("ping 192.0.2.1 count 3 -c 4", 25, "given twice");
	bad("ping 192.0.2.1 -f interval 1s", 19, "exclude each other");
	bad("ping 192.0.2.1 interval 1s -f", 29, "exclude each other");
	bad("ping h\303\266\303\266st", 6, "not a numeric address: \"h\303\266\303\266st\"");
	bad("ping 192.0.2.1 label \303\266 ttl 0", 22, "not a name");
	bad("say 1 \303\266\303\266 \001", 10, "control character 0x01");
	bad("ping \377", 0, "UTF-8");
	bad("say \033[2J", 5, "control character");
}

/* The client resolves what the engine takes for a name, and nothing else. */
static void test_targets(void)
{
	static const char *const fine[] = {
		"192.0.2.1",	  "192.0.2.1-192.0.2.9",
		"192.0.2.0/24",	  "192.0.2.1,192.0.2.2",
		"2001:db8::/112", "2001:db8::1-2001:db8::9,2001:db8:1::1",
		"0.0.0.0/0,::/0",
	};
	static const char *const names[] = {"gw",   "gw.example", "a-b.example",
					    "10-5", "-gw",	  "192.0.2.300"};
	char line[128], part[128];

	for (size_t i = 0; i < PP_ARRAY_LEN(fine); i++) {
		snprintf(line, sizeof(line), "probe %s count 3", fine[i]);
		snprintf(part, sizeof(part), "targets=%s count=3 ", fine[i]);
		good(line, part);
	}
	for (size_t i = 0; i < PP_ARRAY_LEN(names); i++) {
		snprintf(line, sizeof(line), "probe %s", names[i]);
		snprintf(part, sizeof(part), "not a numeric address: \"%s\"", names[i]);
		if (names[i][0] != '-')
			bad(line, 7, part);
	}
	bad("probe", 7, "\"targets\" is missing");
	bad("probe gw.example,192.0.2.1", 7,
	    "not an address, ADDRESS-ADDRESS or a prefix: \"gw.example\"");
	bad("probe 192.0.2.1,", 7, "a prefix: \"\"");
	bad("probe ,192.0.2.1", 7, "a prefix: \"\"");
	bad("probe 192.0.2.1,,192.0.2.2", 7, "a prefix: \"\"");
	bad("probe 192.0.2.1,192.0.2.2x,192.0.2.3", 7, "a prefix: \"192.0.2.2x\"");
	bad("probe 192.0.2.0/33", 7, "a prefix: \"192.0.2.0/33\"");
	bad("probe 192.0.2.1-9", 7, "a prefix: \"192.0.2.1-9\"");
	bad("probe 192.0.2.9-192.0.2.1", 7,
	    "\"192.0.2.9-192.0.2.1\": the last address is below the first");
	bad("probe ::1,192.0.2.1-2001:db8::1", 7, "\"192.0.2.1-2001:db8::1\": the last address");
	bad("probe file hosts.txt", 7, "files are opened by the client");
}

static void test_integers(void)
{
	static const struct {
		const char *line;
		int64_t value;
	} fine[] = {
		{"ping ::1 count 1", 1},
		{"ping ::1 count " INT64_MAX_TEXT, INT64_MAX},
		{"ping ::1 count 2147483648", INT64_C(2147483648)},
		{"ping ::1 ttl 1", 1},
		{"ping ::1 ttl 255", 255},
		{"ping ::1 ttl 0x10", 16},
		{"ping ::1 offset -5", -5},
		{"ping ::1 offset 5", 5},
	};
	static const char *const range[] = {"0",
					    "256",
					    "-1",
					    "2147483648",
					    "9223372036854775808",
					    "-9223372036854775809",
					    "99999999999999999999999"};
	static const char *const malformed[] = {"1e9", "3.0", "abc", "0x", "1 ", "+1", "--1"};
	char line[128];

	for (size_t i = 0; i < PP_ARRAY_LEN(fine); i++) {
		say(fine[i].line);
		CU_ASSERT_EQUAL(seen.runs, 1);
		CU_ASSERT_EQUAL(seen.integer, fine[i].value);
	}
	for (size_t i = 0; i < PP_ARRAY_LEN(range); i++) {
		snprintf(line, sizeof(line), "ping ::1 ttl %s", range[i]);
		bad(line, 14, "out of range: 1 <= value <= 255");
	}
	for (size_t i = 0; i < PP_ARRAY_LEN(malformed); i++) {
		if (strchr(malformed[i], ' '))
			continue;
		snprintf(line, sizeof(line), "ping ::1 ttl %s", malformed[i]);
		bad(line, 14, "not a number");
	}
	bad("ping ::1 offset -6", 17, "-5 <= value <= 5");
	bad("ping ::1 offset 6", 17, "-5 <= value <= 5");
	bad("ping ::1 count 0", 16, "1 <= value <= " INT64_MAX_TEXT);
}

static void test_times(void)
{
	say("ping ::1 interval 20ms");
	CU_ASSERT_EQUAL(seen.integer, 20000000);
	say("ping ::1 -i 0.2");
	CU_ASSERT_EQUAL(seen.integer, 200000000);
	say("ping ::1 -i0.2");
	CU_ASSERT_EQUAL(seen.integer, 200000000);
	say("ping ::1 -i 3us");
	CU_ASSERT_EQUAL(seen.integer, 3000);
	say("ping ::1 -i 3600");
	CU_ASSERT_EQUAL(seen.integer, INT64_C(3600000000000));
	say("ping ::1 deadline 100min"); /* no limits given */
	CU_ASSERT_EQUAL(seen.integer, INT64_C(6000000000000));
	bad("ping ::1 interval 5", 19, "not a time: \"5\"");
	bad("ping ::1 interval 999ns", 19, "1us <= value <= 60min");
	bad("ping ::1 -i 3600.1", 13, "1us <= value <= 60min");
	bad("ping ::1 -i -1", 13, "not a time");
	bad("ping ::1 -i 1e9", 13, "not a time");
	bad("ping ::1 -i 9999999999999999999", 13, "out of range");
}

static void test_words(void)
{
	good("ping ::1 rate 1kpps via 192.0.2.0/24 mac 02:00:00:00:00:01",
	     "address=::1 rate=1kpps via=192.0.2.0/24 mac=02:00:00:00:00:01 ");
	good("ping ::1 via default", "address=::1 via=default ");
	good("ping ::1 -p dead label a-b_c.9", "address=::1 pattern=dead label=a-b_c.9 ");
	say("ping ::1 kind big");
	CU_ASSERT_EQUAL(seen.integer, 1);
	bad("ping ::1 rate 1000", 15, "not a rate");
	bad("ping ::1 rate -1pps", 15, "not a rate");
	bad("ping ::1 rate 10kps", 15,
	    "not a rate: \"10kps\" (a number with pps, bps or bpsl1, k, M or G before them, or %)");
	bad("ping ::1 via 192.0.2.0/33", 14, "not a prefix");
	bad("ping ::1 mac 02:00", 14, "not a MAC address");
	bad("ping ::1 pattern xyz", 18, "hex");
	bad("ping ::1 pattern 000102030405060708090a0b0c0d0e0f10", 18, "hex");
	bad("ping ::1 kind huge", 15, "not one of small, big: \"huge\"");
	bad("ping ::1 label a/b", 16, "not a name");
	bad("ping ::1 label aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 16,
	    "not a name");
}

static void test_rest(void)
{
	good("say 1 two  three  # four ", "number=1 text=two  three  # four ");
	good("say 1", "number=1 ");
	good("say", "");
	bad("say x", 5, "not a number");
	bad("say 10 x", 5, "0 <= value <= 9");
	bad("say -1 x", 5, "0 <= value <= 9");
}

static void test_long_words(void)
{
	static char line[70000];

	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "ping ", 5);
	bad(line, 6, "not a numeric address: \"xxx");
	CU_ASSERT(strlen(seen.message) < 128);
	memset(line, '-', sizeof(line) - 1);
	bad(line, 1, "unknown command");
}

/* Any bytes at all: an error or a run, once, and never a crash. */
static void test_random(void)
{
	static const char *const pieces[] = {"ping", " ",  "::1", "-c", "3",	"count", "-fq",
					     "say",  "\t", "#",	  "-",	"\303", "show",	 "port",
					     "info", "0x", "1e9", "-i", "0.2",	"\001",	 "default"};
	struct pp_prng rng;
	char line[256];

	pp_prng_seed(&rng, pp_test_seed());
	for (int i = 0; i < 2000; i++) {
		line[0] = '\0';
		for (uint64_t n = pp_prng_below(&rng, 16); n; n--)
			strcat(line, pieces[pp_prng_below(&rng, PP_ARRAY_LEN(pieces))]);
		say(line);
		CU_ASSERT(seen.exit == 0 || seen.message[0]);
	}
}

static void test_usage(void)
{
	char *usage = pp_command_usage(&commands[0]);

	CU_ASSERT_PTR_NOT_NULL_FATAL(usage);
	CU_ASSERT_PTR_NOT_NULL(strstr(usage, "ping ADDRESS [count N|-c N]"));
	CU_ASSERT_PTR_NOT_NULL(strstr(usage, "[kind small|big|-M small|big]"));
	CU_ASSERT_PTR_NOT_NULL(strstr(usage, "[flood|-f]"));
	free(usage);
	usage = pp_command_usage(&commands[7]);
	CU_ASSERT_STRING_EQUAL(usage, "say [NUMBER] [TEXT]");
	free(usage);
}

static void test_find(void)
{
	CU_ASSERT_STRING_EQUAL(pp_command_find(commands, "show port info 0")->words,
			       "show port info");
	CU_ASSERT_STRING_EQUAL(pp_command_find(commands, " show  x")->words, "show");
	CU_ASSERT_PTR_NULL(pp_command_find(commands, "sho"));
	CU_ASSERT_PTR_NULL(pp_command_find(commands, ""));
}

static void test_schema(void)
{
	json_t *schema = pp_commands_schema(commands);
	json_t *ping = json_array_get(schema, 0);
	json_t *count = json_array_get(json_object_get(ping, "params"), 1);

	CU_ASSERT_EQUAL(json_array_size(schema), 10);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(ping, "words")), "ping");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(count, "type")), "int");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(count, "letter")), "c");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(count, "max")), INT64_MAX);
	json_decref(schema);
}

PP_TEST_MAIN("grammar", {"parameters come in any order", test_order},
	     {"letters stand alone, share a dash, or carry their value", test_letters},
	     {"the longest command whose words begin the line", test_commands},
	     {"empty lines and comments do nothing", test_empty},
	     {"errors stand at their column, in characters", test_places},
	     {"targets: addresses, ranges, prefixes, lists, a name", test_targets},
	     {"integers at min-1, min, max, max+1 and beyond", test_integers},
	     {"bare numbers are seconds after a letter only", test_times},
	     {"rates, prefixes, MACs, patterns, choices, names", test_words},
	     {"the rest of the line is verbatim", test_rest},
	     {"long words are cut in messages", test_long_words},
	     {"any sequence of words ends exactly once", test_random},
	     {"usage lines come from the table", test_usage}, {"finding a command", test_find},
	     {"the table as JSON", test_schema})
