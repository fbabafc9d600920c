/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Renders a recorded conversation: lines {"command","event","body"} on stdin, text
 * on stdout. A first line {"name": TEXT} says what the user called the target,
 * {"shell": true} renders as the engine's text shell does, which remembers nothing.
 */
#include "out.h"

#include <stdlib.h>

static int render(struct pp_out_view *view, const json_t *line)
{
	const char *command = pp_out_str(line, "command"), *event = pp_out_str(line, "event");
	char *text = pp_out_text(view, command, event, json_object_get(line, "body"));

	if (!text)
		return view ? 1 : 0;
	fputs(text, stdout);
	free(text);
	return 0;
}

int main(void)
{
	struct pp_out_view memory = {0}, *view = &memory;
	char name[256] = "", *text = NULL;
	size_t size = 0;
	int failed = 0;

	while (getline(&text, &size, stdin) >= 0) {
		json_t *line = json_loads(text, 0, NULL);
		if (json_object_get(line, "name")) {
			snprintf(name, sizeof(name), "%s", pp_out_str(line, "name"));
			memory.name = name;
		} else if (json_object_get(line, "shell")) {
			view = NULL;
		} else if (line) {
			failed |= render(view, line);
		} else {
			failed = 1;
		}
		json_decref(line);
	}
	free(text);
	return failed;
}
