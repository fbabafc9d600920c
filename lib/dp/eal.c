/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting EAL with care: no PCI device that was not named, no telemetry, and a word
 * about every device that was asked for and is not there.
 */
#include "compat.h"
#include "internal.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGS_MAX    128
#define DEVICES_MAX PP_PORT_MAX

/* Devices that the arguments ask for. */
struct wanted {
	char vdev[DEVICES_MAX][64];
	char pci[DEVICES_MAX][64];
	unsigned int n_vdev, n_pci;
	bool no_pci, telemetry, no_huge;
};

static void copy_name(char name[64], const char *args)
{
	size_t n = strcspn(args, ",");

	snprintf(name, 64, "%.*s", (int)(n < 63 ? n : 63), args);
}

/* The value of option `name` at argv[i]: "--x=v", "--x v", "-a v", "-av". */
static const char *option_value(int argc, char **argv, int i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[i], name, n))
		return NULL;
	if (argv[i][n] == '=')
		return argv[i] + n + 1;
	if (argv[i][n] == '\0')
		return i + 1 < argc ? argv[i + 1] : NULL;
	return name[1] != '-' ? argv[i] + n : NULL;
}

static void note_devices(struct wanted *w, int argc, char **argv, int i)
{
	const char *v = option_value(argc, argv, i, "--vdev");

	if (v && w->n_vdev < DEVICES_MAX)
		copy_name(w->vdev[w->n_vdev++], v);
	v = option_value(argc, argv, i, "-a");
	if (!v)
		v = option_value(argc, argv, i, "--allow");
	if (v && w->n_pci < DEVICES_MAX)
		copy_name(w->pci[w->n_pci++], v);
}

static struct wanted read_args(int argc, char **argv)
{
	struct wanted w = {0};

	for (int i = 1; i < argc; i++) {
		note_devices(&w, argc, argv, i);
		w.no_pci |= !strcmp(argv[i], "--no-pci");
		w.no_huge |= !strcmp(argv[i], "--no-huge");
		w.telemetry |= !strcmp(argv[i], "--telemetry");
	}
	return w;
}

static bool port_exists(const char *device)
{
	uint16_t port;

	return rte_eth_dev_get_port_by_name(device, &port) == 0;
}

/* A PCI address may be written short; the device's name is long. */
static bool pci_exists(const char *address)
{
	char full[80];

	snprintf(full, sizeof(full), "0000:%s", address);
	return port_exists(address) || port_exists(full);
}

static int check_devices(const struct wanted *w, bool ports_later, struct pp_error *ret_error)
{
	for (unsigned int i = 0; i < w->n_vdev; i++) {
		if (port_exists(w->vdev[i]))
			continue;
		return pp_dp_error(
			ret_error, -ENODEV,
			"port %s is not there: EAL could not start that --vdev (see its message "
			"above; a file or interface it names may be missing)",
			w->vdev[i]);
	}
	for (unsigned int i = 0; i < w->n_pci; i++) {
		if (pci_exists(w->pci[i]))
			continue;
		return pp_dp_error(ret_error, -ENODEV,
				   "port %s is not there: is the device bound to vfio-pci "
				   "(dpdk-devbind.py --status), and is its driver installed?",
				   w->pci[i]);
	}
	if (rte_eth_dev_count_avail() == 0 && !ports_later)
		return pp_dp_error(ret_error, -ENODEV,
				   "no port: name one with --vdev or -a (PCI devices are used "
				   "only when named)");
	return 0;
}

static int check_lcores(struct pp_error *ret_error)
{
	if (rte_lcore_count() < 2)
		return pp_dp_error(ret_error, -EINVAL,
				   "no lcore is left for a worker: give two or more with -l, or "
				   "--lcores '0@0,1@0' to share one CPU");
	return 0;
}

/* The first two CPUs of our set, or the only one twice. */
static void default_lcores(char *text, size_t size)
{
	cpu_set_t set;
	int cpu[2], n = 0;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET((size_t)i, &set))
			cpu[n++] = i;
	snprintf(text, size, "0@%d,1@%d", n ? cpu[0] : 0, n ? cpu[n - 1] : 0);
}

static int add_defaults(char **args, int n)
{
	static char prefix[32], lcores[32];
	static char *const words[] = {
		"--no-huge", "--no-shconf",   "-m",   "256",	  "--log-level",
		"lib.eal:4", "--file-prefix", prefix, "--lcores", lcores};

	snprintf(prefix, sizeof(prefix), "pmdping-%d", (int)getpid());
	default_lcores(lcores, sizeof(lcores));
	for (size_t i = 0; i < PP_ARRAY_LEN(words); i++)
		args[n++] = words[i];
	return n;
}

static int init_eal(int argc, char **argv, const struct wanted *w)
{
	static char no_pci[] = "--no-pci", no_telemetry[] = "--no-telemetry";
	char *args[ARGS_MAX + 16];
	int n = 0;

	for (; n < argc && n < ARGS_MAX; n++)
		args[n] = argv[n];
	if (n == 1)
		n = add_defaults(args, n);
	if (!w->n_pci && !w->no_pci)
		args[n++] = no_pci;
	if (!w->telemetry)
		args[n++] = no_telemetry;
	args[n] = NULL;
	/* EAL would take systemd's runtime directory as its own, verbatim. */
	unsetenv("RUNTIME_DIRECTORY");
	return rte_eal_init(n, args);
}

int pp_eal_start(int argc, char **argv, bool ports_later, struct pp_error *ret_error)
{
	struct wanted w = read_args(argc, argv);

	if (argc >= ARGS_MAX)
		return pp_dp_error(ret_error, -E2BIG, "more than %d EAL arguments", ARGS_MAX);
	if (init_eal(argc, argv, &w) < 0)
		return pp_dp_error(
			ret_error, -(rte_errno ? rte_errno : EINVAL),
			"EAL did not start: %s (its messages are above; pmdpingd ... -- --check "
			"says what is missing)",
			rte_strerror(rte_errno));
	int err = check_lcores(ret_error);
	if (!err)
		err = check_devices(&w, ports_later, ret_error);
	if (err)
		rte_eal_cleanup();
	return err;
}

void pp_eal_stop(void)
{
	rte_eal_cleanup();
}

const char *pp_eal_version(void)
{
	return rte_version();
}

/* ---- preflight ------------------------------------------------------------------- */

struct report {
	char *text;
	size_t size, used;
	unsigned int problems;
};

static void PP_PRINTF(2, 3) problem(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(r->text + r->used, r->size - r->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		r->used = r->used + (size_t)n < r->size ? r->used + (size_t)n : r->size - 1;
	r->problems++;
}

static long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long v = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &v) != 1)
		v = -1;
	fclose(f);
	return v;
}

static long free_hugepages(void)
{
	long small = read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	long large = read_number("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages");

	return (small > 0 ? small : 0) + (large > 0 ? large : 0);
}

static void check_memory(struct report *r, const struct wanted *w)
{
	if (!w->no_huge && free_hugepages() == 0)
		problem(r, "no free hugepage: echo 256 > /proc/sys/vm/nr_hugepages, or run with "
			   "--no-huge\n");
}

static void check_privileges(struct report *r, const struct wanted *w)
{
	if (w->n_pci && access("/dev/vfio/vfio", R_OK | W_OK))
		problem(r,
			"/dev/vfio/vfio: %s: load vfio-pci (modprobe vfio-pci) and bind the NIC to "
			"it\n",
			strerror(errno));
	for (unsigned int i = 0; i < w->n_vdev; i++)
		if (!strncmp(w->vdev[i], "net_tap", 7) && access("/dev/net/tun", R_OK | W_OK))
			problem(r, "%s: /dev/net/tun: %s: run as root, or with CAP_NET_ADMIN\n",
				w->vdev[i], strerror(errno));
}

static void check_file(struct report *r, const char *args, const char *key)
{
	const char *at = strstr(args, key);
	char path[512];

	if (!at)
		return;
	at += strlen(key);
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, ","), at);
	if (access(path, R_OK))
		problem(r, "%s%s: %s\n", key, path, strerror(errno));
}

static void check_args(struct report *r, const struct wanted *w, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *v = option_value(argc, argv, i, "--vdev");
		if (v)
			check_file(r, v, "rx_pcap=");
	}
	if (!w->n_vdev && !w->n_pci)
		problem(r, "no port: name one with --vdev or -a\n");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		problem(r, "one CPU only: give --lcores '0@0,1@0' so that a worker has an lcore\n");
}

unsigned int pp_eal_check(int argc, char **argv, char *ret_text, size_t size)
{
	struct wanted w = read_args(argc, argv);
	struct report r = {.text = ret_text, .size = size};

	ret_text[0] = '\0';
	check_memory(&r, &w);
	check_privileges(&r, &w);
	check_args(&r, &w, argc, argv);
	return r.problems;
}
