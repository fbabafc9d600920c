/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "session add NAME PROBE file FILE": whoever types the line opens the file, and sends what
 * is in it as a list. The engine never sees the path.
 */
#include <pmdping/ctl.h>
#include <pmdping/proto.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX  (60 * 1024) /* the rest of a request is the line around it */
#define SPACE	  " \t\r\n"
#define TEXT_MAX  128
#define FIRST_ARG 3 /* "session add NAME" */

struct list {
	FILE *out;
	size_t bytes;
	const char *path;
	unsigned int line;
	pp_resolve_fn resolve;
	char *message;
	size_t message_size;
};

static int refuse(struct list *l, int err, const char *what, const char *word)
{
	snprintf(l->message, l->message_size, "%s:%u: %s%s", l->path, l->line, what, word);
	return err;
}

static int put_item(struct list *l, const char *item)
{
	char address[TEXT_MAX];
	struct pp_addr first, last;

	if (pp_addr_range_parse(item, strlen(item), &first, &last)) {
		if (strpbrk(item, "/:") || !l->resolve ||
		    l->resolve(item, address, sizeof(address)))
			return refuse(l, -EINVAL,
				      "not an address, ADDRESS-ADDRESS, a prefix or a known name: ",
				      item);
		item = address;
	}
	int n = fprintf(l->out, "%s%s", l->bytes ? "," : "", item);
	l->bytes += n > 0 ? (size_t)n : 0;
	return l->bytes <= LIST_MAX ? 0
				    : refuse(l, -E2BIG, "more than 60 KiB of targets: a request ",
					     "holds 64; give prefixes or make two sessions");
}

static int put_line(struct list *l, char *line)
{
	char *save, *comment = strchr(line, '#');
	int err = 0;

	if (comment)
		*comment = '\0';
	for (char *item = strtok_r(line, "," SPACE, &save); item && !err;
	     item = strtok_r(NULL, "," SPACE, &save))
		err = put_item(l, item);
	return err;
}

static int put_file(struct list *l, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&line, &size, f) >= 0) {
		l->line++;
		err = put_line(l, line);
	}
	free(line);
	if (!err && l->bytes == 0)
		err = refuse(l, -EINVAL, "no targets", "");
	return err;
}

static int read_list(struct list *l, char **ret_text)
{
	size_t size;
	FILE *f = fopen(l->path, "re");

	if (!f) {
		int err = -errno;
		snprintf(l->message, l->message_size, "%s: %s", l->path, strerror(-err));
		return err;
	}
	*ret_text = NULL;
	l->out = open_memstream(ret_text, &size);
	int err = l->out ? put_file(l, f) : refuse(l, -ENOMEM, "out of memory", "");
	if (l->out)
		fclose(l->out);
	fclose(f);
	return err;
}

/* Word i of the line and its length, or NULL. */
static const char *word_at(const char *line, unsigned int i, size_t *ret_len)
{
	const char *at = line + strspn(line, SPACE);

	for (; i; i--) {
		at += strcspn(at, SPACE);
		at += strspn(at, SPACE);
	}
	*ret_len = strcspn(at, SPACE);
	return *ret_len ? at : NULL;
}

static bool is_word(const char *line, unsigned int i, const char *word)
{
	size_t len;
	const char *at = word_at(line, i, &len);

	return at && len == strlen(word) && !memcmp(at, word, len);
}

/* Index of the word "file" that a path follows; 0: none. */
static unsigned int find_file(const char *line)
{
	size_t len;

	if (!is_word(line, 0, "session") || !is_word(line, 1, "add"))
		return 0;
	for (unsigned int i = FIRST_ARG; word_at(line, i + 1, &len); i++)
		if (is_word(line, i, "file"))
			return i;
	return 0;
}

int pp_targets_from_file(const char *line, pp_resolve_fn resolve, char **ret_line,
			 char *ret_message, size_t message_size)
{
	unsigned int i = find_file(line);
	size_t file_len, path_len;
	char *text = NULL;

	*ret_line = NULL;
	if (!i)
		return 0;
	const char *file = word_at(line, i, &file_len), *path = word_at(line, i + 1, &path_len);
	char *name = strndup(path, path_len);
	struct list l = {.path = name ? name : "",
			 .resolve = resolve,
			 .message = ret_message,
			 .message_size = message_size};
	int err = name ? read_list(&l, &text) : refuse(&l, -ENOMEM, "out of memory", "");
	if (!err &&
	    asprintf(ret_line, "%.*s%s%s", (int)(file - line), line, text, path + path_len) < 0) {
		*ret_line = NULL;
		err = refuse(&l, -ENOMEM, "out of memory", "");
	}
	free(text);
	free(name);
	return err;
}
