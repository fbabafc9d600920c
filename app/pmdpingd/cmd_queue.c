/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * queue move: a queue to another lcore, while everything runs.
 */
#include "commands.h"

/* Whose queue is on its way: one at a time. NULL: nobody's, or nobody waits for it. */
static struct pp_call *moving;

static void moved(void *arg, const struct pp_moved *m)
{
	struct pp_call *c = moving;

	(void)arg;
	moving = NULL;
	if (c)
		pp_call_done(c, json_pack("{s:i, s:i, s:i, s:i, s:I, s:I}", "port", (int)m->port,
					  "queue", (int)m->queue, "from", (int)m->from, "to",
					  (int)m->to, "took_ns", (json_int_t)m->took.v,
					  "unpolled_ns", (json_int_t)m->unpolled.v));
}

/* It moves all the same. */
static void leave(struct pp_call *c, void *arg)
{
	(void)arg;
	moving = NULL;
	pp_call_fail(c, PP_ERR_FAILED, NULL, "cancelled; the queue moves all the same");
}

void pp_cmd_queue_move(struct pp_call *c)
{
	struct pp_engine *e = pp_call_engine(c);
	const struct pp_queue_map to = {
		.port = (uint16_t)*pp_call_int(c, "port"),
		.queue = (uint16_t)*pp_call_int(c, "queue"),
		.lcore = (unsigned int)*pp_call_int(c, "lcore"),
	};
	struct pp_call *before = moving;
	struct pp_error error;

	moving = c;
	if (pp_dp_move(e->dp, &to, moved, NULL, &error)) {
		moving = before;
		pp_call_fail(c, PP_ERR_FAILED, NULL, "%s", error.text);
		return;
	}
	if (moving)
		pp_call_on_cancel(c, leave, NULL);
}
