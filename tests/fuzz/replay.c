/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds every file of a folder to the fuzz target it is linked with. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_FILE_SIZE (1 << 20)

static int replay(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "re");
	if (!f || !(data = malloc(MAX_FILE_SIZE)))
		return 1;
	size_t size = fread(data, 1, MAX_FILE_SIZE, f);
	fclose(f);
	/* A copy of the exact size, so that a sanitizer sees reads behind its end. */
	uint8_t *exact = realloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned int n = 0, failed = 0;

	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		failed += (unsigned int)replay(argv[1], entry->d_name);
		n++;
	}
	if (d)
		closedir(d);
	printf("%u passed, %u failed\n", n - failed, failed);
	return n > 0 && failed == 0 ? 0 : 1;
}
