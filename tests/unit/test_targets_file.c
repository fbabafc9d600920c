/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of targets: what becomes of a line that names one.
 */
#include "runner.h"

#include <pmdping/ctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/pmdping-targets.XXXXXX";
static char message[512];

static int known(const char *name, char *ret_text, size_t size)
{
	if (strcmp(name, "a-b.example"))
		return 1;
	snprintf(ret_text, size, "198.51.100.7");
	return 0;
}

/* The line, %s being the file with that content, becomes `wanted`; NULL: is refused, and
 * the message has `part` in it. */
static void check(const char *content, const char *format, pp_resolve_fn resolve,
		  const char *wanted, const char *part)
{
	char line[256], *got = NULL;
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(content, f);
	fclose(f);
	int n = snprintf(line, sizeof(line), "%.*s%s%s", (int)strcspn(format, "@"), format, path,
			 strchr(format, '@') + 1);
	CU_ASSERT_TRUE_FATAL(n > 0 && n < (int)sizeof(line));
	message[0] = '\0';
	int err = pp_targets_from_file(line, resolve, &got, message, sizeof(message));
	if (wanted && got && strcmp(got, wanted))
		printf("%s\n", got);
	CU_ASSERT_EQUAL(err == 0, wanted != NULL);
	CU_ASSERT_EQUAL(got != NULL, wanted != NULL);
	if (wanted && got)
		CU_ASSERT_STRING_EQUAL(got, wanted);
	if (!wanted && !strstr(message, part))
		printf("%s\n", message);
	if (!wanted)
		CU_ASSERT_PTR_NOT_NULL(strstr(message, part));
	free(got);
}

static void lists(void)
{
	check("192.0.2.1\n192.0.2.4-192.0.2.9\n2001:db8::/120\n",
	      "session add a ping file @ count 3", NULL,
	      "session add a ping 192.0.2.1,192.0.2.4-192.0.2.9,2001:db8::/120 count 3", NULL);
	check("# servers\n\n 192.0.2.1, 192.0.2.2,192.0.2.3 # three\n\t192.0.2.4\r\n192.0.2.5",
	      "  session  add a ping\tcount 3  file   @", NULL,
	      "  session  add a ping\tcount 3  "
	      "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5",
	      NULL);
	check("192.0.2.1\na-b.example\n", "session add a ping file @", known,
	      "session add a ping 192.0.2.1,198.51.100.7", NULL);
	check("192.0.2.1\n", "session add file ping file @", NULL,
	      "session add file ping 192.0.2.1", NULL);
}

static void refused(void)
{
	check("192.0.2.1\ngw.example\n", "session add a ping file @", known, NULL,
	      ":2: not an address, ADDRESS-ADDRESS, a prefix or a known name: gw.example");
	check("a-b.example\n", "session add a ping file @", NULL, NULL, ":1: not an address");
	check("192.0.2.0/33\n", "session add a ping file @", known, NULL, ": 192.0.2.0/33");
	check("# nobody\n,,\n", "session add a ping file @", known, NULL, ":2: no targets");
	check("", "session add a ping file @.missing", known, NULL, "No such file");
	check("", "session add a ping file @/x", known, NULL, "Not a directory");
}

static void too_much(void)
{
	size_t len = 70000;
	char *content = malloc(len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(content);
	for (size_t i = 0; i + 10 < len; i += 10)
		memcpy(content + i, "192.0.2.1\n", 11);
	check(content, "session add a ping file @", NULL, NULL,
	      ":6145: more than 60 KiB of targets: a request holds 64");
	free(content);
}

/* Lines that name none are left alone. */
static void others(void)
{
	static const char *const lines[] = {
		"",
		"session",
		"session add",
		"session add file",
		"session add a ping file",
		"session add file ping 192.0.2.1",
		"session show file x",
		"ping file x",
		"load file x",
		"session add a ping 192.0.2.1 count 3",
	};

	for (size_t i = 0; i < PP_ARRAY_LEN(lines); i++) {
		char *got = NULL;
		CU_ASSERT_EQUAL(
			pp_targets_from_file(lines[i], known, &got, message, sizeof(message)), 0);
		CU_ASSERT_PTR_NULL(got);
	}
}

static void in_a_file_of_its_own(void)
{
	int fd = mkstemp(path);

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	close(fd);
	lists();
	refused();
	too_much();
	unlink(path);
}

PP_TEST_MAIN("targets_file", {"lists, comments, names; what is refused", in_a_file_of_its_own},
	     {"lines without a file", others})
