/* SPDX-License-Identifier: BSD-3-Clause */
/* A byte queue that grows; who fills it keeps the limit. */
#include "ctl_int.h"

#include <errno.h>
#include <stdlib.h>

static int make_room(struct pp_buf *b, size_t len)
{
	if (b->head + b->len + len <= b->size)
		return 0;
	if (b->head) {
		memmove(b->data, b->data + b->head, b->len);
		b->head = 0;
	}
	if (b->len + len <= b->size)
		return 0;

	size_t size = b->size ? b->size : 1024;
	while (size < b->len + len)
		size *= 2;
	char *data = realloc(b->data, size);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->size = size;
	return 0;
}

int pp_buf_append(struct pp_buf *b, const char *data, size_t len)
{
	if (len == 0)
		return 0;
	int err = make_room(b, len);
	if (err)
		return err;
	memcpy(b->data + b->head + b->len, data, len);
	b->len += len;
	return 0;
}

void pp_buf_consume(struct pp_buf *b, size_t len)
{
	b->head += len;
	b->len -= len;
	if (b->len == 0)
		pp_buf_free(b); /* an idle peer holds no memory */
}

void pp_buf_free(struct pp_buf *b)
{
	free(b->data);
	*b = (struct pp_buf){0};
}
