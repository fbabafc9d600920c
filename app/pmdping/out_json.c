/* SPDX-License-Identifier: BSD-3-Clause */
/* One JSON object per line, for events and results alike. */
#include "out.h"

#include <string.h>

static void message(FILE *to, struct pp_out_view *view, const char *command, const char *event,
		    const json_t *body)
{
	json_t *out = json_pack("{s:s, s:s}", "command", command, "event", event);
	bool names = !strcmp(event, "start") || !strcmp(event, "result");

	if (view && view->name && names)
		json_object_set_new(out, "name", json_string(view->name));
	json_object_update_missing_new(out, json_deep_copy(body));
	json_object_del(out, "id");
	json_dumpf(out, to, JSON_COMPACT);
	fputc('\n', to);
	fflush(to);
	json_decref(out);
}

const struct pp_output pp_output_json = {.message = message};
