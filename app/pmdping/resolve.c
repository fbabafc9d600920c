/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to numeric addresses: the engine knows no names. */
#include "client.h"

#include <netdb.h>
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
