/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "load FILE": the client opens the file, as the user, and sends what is in it.
 * The engine knows it by a plain name; messages show the path again.
 */
#include "client.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (48u * 1024) /* fits a request, escapes included, but for odd files */
#define NAME_LEN 63

/* The word behind "load", or NULL when there is none or more than one. */
static char *path_of(const char *line)
{
	char *path = NULL, *more = NULL;
	int n = sscanf(line, " load %ms %ms", &path, &more);

	free(more);
	if (n == 1)
		return path;
	free(path);
	return NULL;
}

bool app_is_load(const char *line)
{
	char word[8];

	return sscanf(line, " %7s", word) == 1 && !strcmp(word, "load");
}

static json_t *read_all(FILE *f)
{
	char *content = malloc(MAX_FILE + 1);
	json_t *text = NULL;

	if (!content)
		return NULL;
	size_t len = fread(content, 1, MAX_FILE + 1, f);
	if (len > MAX_FILE)
		errno = EFBIG;
	else if (!ferror(f) && !(text = json_stringn(content, len)))
		errno = EILSEQ; /* not UTF-8 */
	free(content);
	return text;
}

static json_t *read_file(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return NULL;
	json_t *text = read_all(f);
	fclose(f);
	return text;
}

/* As the grammar's names are. */
static void plain_name(const char *path, char name[NAME_LEN + 1])
{
	const char *slash = strrchr(path, '/');
	size_t len = 0;

	for (const char *c = slash ? slash + 1 : path; *c && len < NAME_LEN; c++)
		name[len++] = isalnum((unsigned char)*c) || strchr("_.-", *c) ? *c : '_';
	if (len == 0)
		name[len++] = '_';
	name[len] = '\0';
}

static int show(struct app *a, const json_t *response, const char *path, const char *name)
{
	const json_t *error = json_object_get(response, "error");
	const char *message = pp_out_str(error, "message");
	size_t len = strlen(name);

	if (!error)
		return app_show_result(a, json_object_get(response, "result"));
	if (!strncmp(message, name, len) && message[len] == ':')
		fprintf(stderr, "pmdping: %s%s\n", path, message + len);
	else
		fprintf(stderr, "pmdping: %s: %s\n", path, message);
	return EXIT_ERROR;
}

static int load(struct app *a, const char *path)
{
	char name[NAME_LEN + 1];
	json_t *response = NULL, *content = read_file(path);

	if (!content) {
		fprintf(stderr, "pmdping: %s: %s\n", path, strerror(errno));
		return EXIT_ERROR;
	}
	plain_name(path, name);
	int rc = app_request(a, "load", json_pack("{s:s, s:o}", "name", name, "content", content),
			     &response);
	if (rc)
		return rc;
	rc = show(a, response, path, name);
	json_decref(response);
	return rc;
}

int app_load(struct app *a, const char *line)
{
	char *path = path_of(line);

	if (!path) {
		fprintf(stderr, "pmdping: usage: load FILE\n");
		return EXIT_ERROR;
	}
	int rc = load(a, path);
	free(path);
	return rc;
}
