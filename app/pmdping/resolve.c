/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to numeric addresses: the engine knows no names. */
#include "client.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int app_resolve(const char *name, int family, char *ret_text, size_t size)
{
	const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_RAW};
	struct addrinfo *list;
	int err = getaddrinfo(name, NULL, &hints, &list);

	if (err)
		return err;
	err = getnameinfo(list->ai_addr, list->ai_addrlen, ret_text, (socklen_t)size, NULL, 0,
			  NI_NUMERICHOST);
	freeaddrinfo(list);
	return err;
}

static bool is_word(const char *at, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(at, word, len) && (at[len] == '\0' || strchr(" \t", at[len]));
}

/* The word at `at`, or 0 when it names no family. */
static int family_word(const char *at)
{
	if (is_word(at, "-4"))
		return AF_INET;
	return is_word(at, "-6") ? AF_INET6 : AF_UNSPEC;
}

char *app_take_family(const char *line, int *ret_family)
{
	char *rest = strdup(line), *out = rest;

	*ret_family = AF_UNSPEC;
	if (!rest || !is_word(line + strspn(line, " \t"), "ping"))
		return rest;
	for (const char *at = line; *at;) {
		bool first = at == line || at[-1] == ' ' || at[-1] == '\t';
		int family = first ? family_word(at) : AF_UNSPEC;
		if (family == AF_UNSPEC) {
			*out++ = *at++;
			continue;
		}
		*ret_family = family;
		at += 2 + strspn(at + 2, " \t");
	}
	*out = '\0';
	return rest;
}

char *app_foreign_address(const char *line, int family)
{
	int other = family == AF_INET ? AF_INET6 : AF_INET;
	char *copy = strdup(line), *next = copy, *word, *found = NULL;
	uint8_t bytes[16];

	while (family != AF_UNSPEC && !found && (word = strsep(&next, " \t")))
		if (inet_pton(other, word, bytes) == 1)
			found = strdup(word);
	free(copy);
	return found;
}
