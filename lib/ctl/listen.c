/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listening socket's file. A live socket is never stolen, a stale one is
 * replaced, anything else is left alone; two engines that start at once are kept
 * apart by a lock on the directory.
 */
#include "ctl_int.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* 0 when nobody listens there any more. */
static int check_stale(const struct sockaddr_un *sa)
{
	int fd = new_socket();

	if (fd < 0)
		return fd;
	/* EAGAIN is a full backlog, EACCES somebody else's: both may be alive. */
	int rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	rc = rc && errno == ECONNREFUSED ? 0 : -EADDRINUSE;
	close(fd);
	return rc;
}

static int clear_place(const struct sockaddr_un *sa)
{
	struct stat st;

	if (lstat(sa->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int err = check_stale(sa);
	if (err)
		return err;
	return unlink(sa->sun_path) ? -errno : 0;
}

/* The mode is there from the first moment on: no window between bind and chmod. */
static int bind_closed(int fd, const struct sockaddr_un *sa)
{
	mode_t before = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) ? -errno : 0;

	umask(before);
	return rc;
}

static int make_socket(const struct sockaddr_un *sa, int *ret_fd)
{
	int err = clear_place(sa);
	if (err)
		return err;
	int fd = new_socket();
	if (fd < 0)
		return fd;
	err = bind_closed(fd, sa);
	if (!err && listen(fd, 64))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

/* /run is empty after a boot, so that what is under it may be made; elsewhere a
 * missing directory is a mistake. */
static int open_directory(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *dir = dirname(strcpy(copy, path));

	if (!strncmp(dir, "/run/", 5) && mkdir(dir, 0750) && errno != EEXIST)
		return -errno;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Held for microseconds by another engine; for longer only by somebody hostile. */
static int lock(int dir)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 100; i++) {
		if (!flock(dir, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

int pp_listen_unix(const char *path, int *ret_fd)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	int dir = open_directory(path);
	if (dir < 0)
		return dir;
	int err = lock(dir);
	if (!err)
		err = make_socket(&sa, ret_fd);
	close(dir);
	return err;
}
