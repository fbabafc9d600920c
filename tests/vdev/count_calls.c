/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts the allocations, frees and locks of each thread of a program that it is preloaded
 * into, in the file that PMDPING_CALLS names, where another process reads them at any time:
 * 256 records of four 64-bit numbers: thread, allocations, frees, locks. Calls that a library
 * makes inside itself, and DPDK's locks that are inline (rte_spinlock), are not seen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORDS 256

struct record {
	uint64_t thread, allocations, frees, locks; /* writer: the thread */
};

static struct record nowhere[RECORDS], *records = nowhere;
static atomic_uint n_records;
static _Thread_local struct record *mine __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void open_file(void)
{
	const char *path = getenv("PMDPING_CALLS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, sizeof(nowhere)))
		return;
	void *map = mmap(NULL, sizeof(nowhere), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		records = map;
	mine = NULL; /* calls before this one are in `nowhere` */
	atomic_store(&n_records, 0);
}

static struct record *record(void)
{
	if (!mine) {
		mine = &records[atomic_fetch_add(&n_records, 1) % RECORDS];
		mine->thread = (uint64_t)gettid();
	}
	return mine;
}

/* ---- libc's allocator, by the names under which glibc has it as well -------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *mem);

void *malloc(size_t size)
{
	record()->allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	record()->allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	record()->allocations++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	record()->allocations++;
	return __libc_memalign(align, size);
}

int posix_memalign(void **ret_mem, size_t align, size_t size)
{
	record()->allocations++;
	*ret_mem = __libc_memalign(align, size);
	return *ret_mem ? 0 : ENOMEM;
}

void free(void *mem)
{
	record()->frees++;
	__libc_free(mem);
}

/* ---- what has to be looked up --------------------------------------------------------- */

/* Defines `result name(declared)`, which counts and calls the next one of its name. */
#define COUNTED(counter, result, name, declared, passed)                                           \
	result name declared;                                                                      \
	result name declared                                                                       \
	{                                                                                          \
		static result(*next) declared;                                                     \
		record()->counter++;                                                               \
		if (!next)                                                                         \
			*(void **)(&next) = dlsym(RTLD_NEXT, #name);                               \
		return next passed;                                                                \
	}

COUNTED(locks, int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
COUNTED(locks, int, pthread_mutex_trylock, (pthread_mutex_t * m), (m))
COUNTED(locks, int, pthread_spin_lock, (pthread_spinlock_t * l), (l))
COUNTED(locks, int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
COUNTED(locks, int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
COUNTED(allocations, void *, rte_malloc, (const char *type, size_t size, unsigned int align),
	(type, size, align))
COUNTED(allocations, void *, rte_zmalloc, (const char *type, size_t size, unsigned int align),
	(type, size, align))
COUNTED(allocations, void *, rte_malloc_socket,
	(const char *type, size_t size, unsigned int align, int socket),
	(type, size, align, socket))
COUNTED(allocations, void *, rte_zmalloc_socket,
	(const char *type, size_t size, unsigned int align, int socket),
	(type, size, align, socket))
COUNTED(frees, void, rte_free, (void *mem), (mem))
