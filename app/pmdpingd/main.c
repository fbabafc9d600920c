/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pmdpingd: the engine. Start order: options, EAL, clock, tables, ports, host, workers,
 * control; the end is the reverse.
 */
#include "engine.h"

#include <errno.h>
#include <out.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ---- callbacks of the host -------------------------------------------------------- */

static void host_send(void *arg, uint16_t port, const uint8_t *frame, size_t len)
{
	struct pp_engine *e = arg;

	pp_dp_send(e->dp, port, frame, len);
}

static void host_publish(void *arg, struct pp_view *view)
{
	struct pp_engine *e = arg;

	pp_dp_publish(e->dp, view);
}

static void host_rerouted(void *arg)
{
	pp_runs_reroute(arg);
}

static const struct pp_host_ops host_ops = {
	.send = host_send,
	.publish = host_publish,
	.rerouted = host_rerouted,
	.log = pp_engine_log,
};

/* ---- start ------------------------------------------------------------------------- */

static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint64_t)pp_clock_now().v;
	return seed;
}

static int start_tables(struct pp_engine *e, struct pp_error *error)
{
	e->sessions = pp_sessions_create(PP_SESSION_CAPACITY, random_seed());
	e->run_of = calloc(PP_SESSION_CAPACITY + 1, sizeof(struct pp_run *));
	if (e->sessions && e->run_of)
		return 0;
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

static int start_ports(struct pp_engine *e, struct pp_error *error)
{
	struct pp_dp_config config = {
		.map = e->options.n_map ? e->options.map : NULL,
		.n_map = e->options.n_map,
		.sessions = e->sessions,
		.wire = e->options.has_wire ? &e->options.wire : NULL,
		.event = pp_engine_event,
		.warn = pp_engine_log,
		.arg = e,
		.strict_numa = e->options.strict_numa,
	};

	return pp_dp_create(&config, &e->dp, error);
}

/* The wire's ends get addresses of the benchmarking prefixes (RFC 2544, RFC 5180): .1 on
 * its first port, .2 on its second. */
static void address_wire(struct pp_engine *e)
{
	char text[64];

	for (uint16_t port = 0, side = 0; e->options.has_wire && port < pp_dp_ports(e->dp);
	     port++) {
		if (pp_wire_side(pp_dp_wire(e->dp), port) < 0)
			continue;
		side++;
		for (size_t i = 0; i < 2; i++) {
			struct pp_addr addr;
			unsigned int plen;
			snprintf(text, sizeof(text), i ? "2001:2::%u/64" : "198.18.0.%u/24", side);
			if (pp_prefix_parse(text, &addr, &plen) == 0)
				pp_host_addr_add(e->host, &addr, plen,
						 (struct pp_link){.port = port}, false, false,
						 pp_clock_now());
		}
	}
}

static int start_host(struct pp_engine *e, struct pp_error *error)
{
	struct pp_neigh_config neigh = pp_neigh_defaults();
	struct pp_port_info info;

	e->host = pp_host_create(&neigh, &host_ops, e, random_seed());
	for (uint16_t port = 0; e->host && port < pp_dp_ports(e->dp); port++)
		if (pp_dp_port_info(e->dp, port, &info) == 0)
			pp_host_set_port(e->host, port, &info.mac, info.mtu);
	if (e->host)
		address_wire(e);
	if (e->options.has_wire)
		pp_wire_keep_truth(pp_dp_wire(e->dp), PP_TRUTH_PROBES);
	if (e->host)
		return 0;
	snprintf(error->text, sizeof(error->text), "out of memory");
	return -ENOMEM;
}

static void signalled(void *arg, uint32_t events)
{
	struct pp_engine *e = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(e->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* ^C at the terminal first ends what runs there, with its summary. */
	if (info.ssi_signo == SIGINT && pp_local_interrupt())
		return;
	pp_engine_end(e, 0);
}

static int start_signals(struct pp_engine *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	e->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (e->signal_fd < 0)
		return -errno;
	return pp_loop_add(e->loop, e->signal_fd, EPOLLIN, signalled, e);
}

static int start_control(struct pp_engine *e, struct pp_error *error)
{
	e->loop = pp_loop_create();
	struct pp_ctl_config config = {
		.loop = e->loop,
		.commands = pp_commands,
		.render = pp_out_text,
		.engine = e,
		.name = "pmdpingd",
		.version = PMDPING_VERSION,
		.max_clients = 32,
		.max_request = 65536,
		.max_output = 262144,
	};

	e->ctl = e->loop ? pp_ctl_create(&config) : NULL;
	if (e->ctl && pp_loop_every(e->loop, PP_MS(1), pp_engine_tick, e) == 0 &&
	    start_signals(e) == 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "the control thread did not start: %s",
		 strerror(errno));
	return -ENOMEM;
}

static int start(struct pp_engine *e, struct pp_error *error)
{
	int err = start_tables(e, error);

	if (!err)
		err = start_ports(e, error);
	if (!err)
		err = start_host(e, error);
	return err ? err : start_control(e, error);
}

/* ---- end ---------------------------------------------------------------------------- */

/* Commands still running end first, then the workers, then what they looked at. */
static void stop(struct pp_engine *e)
{
	pp_ctl_free(e->ctl);
	pp_dp_free(e->dp);
	pp_engine_free_runs(e);
	pp_host_free(e->host);
	pp_sessions_free(e->sessions);
	pp_loop_free(e->loop);
	free(e->run_of);
	if (e->signal_fd > 0)
		close(e->signal_fd);
}

/* Signals go to the signalfd from the start; EAL's threads inherit the mask. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void pp_engine_go(struct pp_engine *e)
{
	if (e->going)
		return;
	e->going = true;
	if (pp_dp_run(e->dp) == 0)
		return;
	fputs("pmdpingd: the workers did not start\n", stderr);
	pp_engine_end(e, 2);
}

/* Samples are widened by what the rate may be off. */
static void warn_clock(void)
{
	struct pp_clock_info clock;

	pp_clock_info(&clock);
	if (!clock.invariant)
		fprintf(stderr,
			"pmdpingd: the CPU does not promise a constant TSC: intervals are widened "
			"by %.2f %%\n",
			clock.uncertainty * 100);
}

static int run(struct pp_engine *e, int eal_argc, char **eal_argv)
{
	struct pp_error error = {""};
	int err = pp_eal_start(eal_argc, eal_argv, e->options.has_wire, &error);

	if (err) {
		fprintf(stderr, "pmdpingd: %s\n", error.text);
		return 2;
	}
	pp_clock_start();
	warn_clock();
	err = start(e, &error);
	if (err) {
		fprintf(stderr, "pmdpingd: %s\n", error.text);
		e->exit = 2;
	} else {
		pp_local_start(e);
		if (!e->ending || e->ends_awaited)
			pp_loop_run(e->loop);
	}
	stop(e);
	pp_eal_stop();
	return e->exit;
}

/* Prints what is wrong with it; how many things. */
static unsigned int check_file(const char *path)
{
	char error[512];
	char *content = pp_local_read_file(path);
	int err = content ? pp_commands_check(pp_commands, path, content, error, sizeof(error))
			  : -errno;

	if (err && content)
		puts(error);
	else if (err)
		printf("%s: %s\n", path, strerror(-err));
	free(content);
	return err != 0;
}

static int check(const struct pp_options *o, int eal_argc, char **eal_argv)
{
	char text[4096];
	unsigned int problems = pp_eal_check(eal_argc, eal_argv, text, sizeof(text));

	fputs(text, stdout);
	for (unsigned int i = 0; i < o->n_commands; i++)
		problems += check_file(o->commands[i]);
	if (problems == 0)
		puts("ok");
	return problems ? 1 : 0;
}

/* Without "--", everything is EAL's; but some words alone are asked of us. */
static int split(int argc, char **argv)
{
	static const char *const alone[] = {"--help", "-h", "--version", "--selftest", "--check"};

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	for (size_t i = 0; argc == 2 && i < PP_ARRAY_LEN(alone); i++)
		if (!strcmp(argv[1], alone[i]))
			return 0;
	return argc;
}

int main(int argc, char **argv)
{
	struct pp_engine *e = calloc(1, sizeof(*e));
	int at = split(argc, argv), err = 0;

	if (!e)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (at < argc)
		err = pp_options_parse(&e->options, argc - at, argv + at);
	if (!err && e->options.check) {
		err = check(&e->options, at, argv);
	} else if (!err) {
		block_signals();
		err = run(e, at, argv);
	} else if (err == 1) {
		err = 0;
	}
	free(e);
	return err;
}
