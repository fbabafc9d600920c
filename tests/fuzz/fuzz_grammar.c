/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command files: each input is one. Whatever is in it, it ends exactly once, and
 * what goes out is valid UTF-8.
 */
#include "fuzz.h"
#include "table.h"

#include <stdlib.h>

static unsigned int ends;

static void on_event(void *arg, const struct pp_command *cmd, const char *event, const json_t *body)
{
	(void)arg, (void)cmd, (void)event;
	free(json_dumps(body, 0));
}

static void on_end(void *arg, const struct pp_command *cmd, const json_t *result, int exit_code,
		   int code, unsigned int column, const char *message)
{
	json_t *text = json_string(message ? message : "");

	(void)arg, (void)cmd, (void)exit_code, (void)code, (void)column;
	if (!text || !result == !message)
		abort();
	json_decref(text);
	ends++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_loop *loop = pp_loop_create();
	const struct pp_ctl_config config = {
		.loop = loop, .commands = any_commands, .name = "fuzz", .version = "0"};
	struct pp_ctl *ctl = pp_ctl_create(&config);
	const struct pp_sink sink = {.event = on_event, .end = on_end};
	char *content = strndup((const char *)data, size);

	ends = 0;
	pp_ctl_run_script(ctl, "fuzz", content, NULL, &sink);
	if (ends != 1)
		abort();
	free(content);
	pp_ctl_free(ctl);
	pp_loop_free(loop);
	return 0;
}
