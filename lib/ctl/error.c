/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors about a line or a request: what, where, and what was expected there. */
#include "ctl_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *pp_word_cut(const char *word, size_t len, char buf[PP_WORD_SHOWN])
{
	if (len >= PP_WORD_SHOWN) {
		len = PP_WORD_SHOWN - 1;
		while (len && ((unsigned char)word[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(buf, word, len);
	buf[len] = '\0';
	return buf;
}

int pp_error_set(struct pp_error *err, int code, unsigned int column, const struct pp_param *param,
		 const char *word, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->column = column;
	err->param = param;
	pp_word_cut(word ? word : "", word ? strlen(word) : 0, err->word);
	va_start(ap, fmt);
	int n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	/* A cut message may end inside a character: back to its start. */
	if (n >= (int)sizeof(err->message)) {
		size_t end = sizeof(err->message) - 1;
		while (end && ((unsigned char)err->message[end - 1] & 0x80))
			end--;
		err->message[end] = '\0';
	}
	return -EINVAL;
}

static json_t *data_json(const struct pp_error *err)
{
	json_t *data = json_object();

	if (err->column)
		json_object_set_new(data, "column", json_integer(err->column));
	if (err->word[0])
		json_object_set_new(data, "word", json_string(err->word));
	if (err->param) {
		json_object_set_new(data, "param", json_string(err->param->name));
		json_object_set_new(data, "type",
				    json_string(pp_param_type_name(err->param->type)));
	}
	return data;
}

json_t *pp_error_json(const struct pp_error *err)
{
	json_t *data = data_json(err);
	json_t *message = json_string(err->message);
	json_t *out = json_object();

	json_object_set_new(out, "code", json_integer(err->code));
	json_object_set_new(out, "message", message ? message : json_string("error"));
	if (json_object_size(data))
		json_object_set(out, "data", data);
	json_decref(data);
	return out;
}
