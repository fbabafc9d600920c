/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine's own command line, behind EAL's "--".
 */
#include "engine.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: pmdpingd [EAL options] -- [options]\n"
	"  -x 'COMMAND'            run a command and exit with its code; may be repeated\n"
	"  -i                      console on this terminal\n"
	"  --commands FILE         run the commands in a file at start; may be repeated\n"
	"  --socket PATH           listen there; $PMDPING_SOCKET, /run/pmdping/pmdping.sock for "
	"root\n"
	"  --config '(port,queue,lcore),...'   which lcore polls which queue\n"
	"  --strict-numa           do not start with workers or memory on other NUMA nodes than "
	"ports\n"
	"  --max-rate RATE         no port sends more, all its sessions together; 10kpps\n"
	"  --allow PREFIX          targets that may get more than 1000 pps; what is on-link\n"
	"  --wire SPEC             two more ports, joined by a virtual wire: "
	"delay=10us,loss=1%,...; direct\n"
	"  --selftest              certify the instrument on a virtual wire, exit 0 or 1\n"
	"  --check                 say what is missing for a start, and end\n"
	"  --version, --help\n"
	"EAL options that matter most: -l 0,1 (main lcore, workers), -a PCI or --vdev NAME,ARGS\n"
	"(ports), --no-huge -m MB (without hugepages), --file-prefix NAME (several engines).\n";

enum {
	OPT_COMMANDS = 256,
	OPT_SOCKET,
	OPT_CONFIG,
	OPT_STRICT_NUMA,
	OPT_MAX_RATE,
	OPT_ALLOW,
	OPT_CHECK,
	OPT_WIRE,
	OPT_SELFTEST,
	OPT_VERSION,
	OPT_HELP
};

static const struct option options[] = {
	{"commands", required_argument, NULL, OPT_COMMANDS},
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"strict-numa", no_argument, NULL, OPT_STRICT_NUMA},
	{"max-rate", required_argument, NULL, OPT_MAX_RATE},
	{"allow", required_argument, NULL, OPT_ALLOW},
	{"wire", required_argument, NULL, OPT_WIRE},
	{"selftest", no_argument, NULL, OPT_SELFTEST},
	{"check", no_argument, NULL, OPT_CHECK},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int refuse(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "pmdpingd: %s %s: %s\n", option, value, why);
	return 2;
}

/* "(0,0,1),(0,1,2)": port, queue, lcore. */
static int take_config(struct pp_options *o, const char *text)
{
	const char *at = text;
	unsigned int port, queue, lcore;
	int used;

	while (*at) {
		used = 0;
		if (sscanf(at, " ( %u , %u , %u )%n", &port, &queue, &lcore, &used) != 3 || !used ||
		    port >= PP_PORT_MAX || queue >= PP_QUEUE_MAX)
			return refuse("--config", text, "not of the form '(port,queue,lcore),...'");
		if (o->n_map == PP_QUEUE_MAX)
			return refuse("--config", text, "too many queues");
		o->map[o->n_map++] = (struct pp_queue_map){
			.port = (uint16_t)port, .queue = (uint16_t)queue, .lcore = lcore};
		at += used;
		if (*at == ',')
			at++;
		else if (*at)
			return refuse("--config", text, "not of the form '(port,queue,lcore),...'");
	}
	return o->n_map ? 0 : refuse("--config", text, "names no queue");
}

static int take_max_rate(struct pp_options *o, const char *text)
{
	if (pp_parse_rate(text, &o->max_rate))
		return refuse("--max-rate", text, "not a rate, such as 10kpps, 100Mbps or 50%");
	return 0;
}

static int take_allow(struct pp_options *o, const char *text)
{
	if (o->n_allow == PP_ALLOW_MAX)
		return refuse("--allow", text, "too many prefixes");
	struct pp_prefix *p = &o->allow[o->n_allow];
	if (pp_prefix_parse(text, &p->addr, &p->plen))
		return refuse("--allow", text,
			      "not a prefix, such as 192.0.2.0/24 or 2001:db8::/32");
	o->n_allow++;
	return 0;
}

static int take_wire(struct pp_options *o, const char *text)
{
	char error[256];

	if (o->has_wire)
		return refuse("--wire", text, "given twice");
	if (pp_wire_parse(text, &o->wire, error, sizeof(error))) {
		fprintf(stderr, "pmdpingd: %s\n", error);
		return 2;
	}
	o->has_wire = true;
	return 0;
}

static int take_word(const char **list, unsigned int *n, unsigned int max, const char *option,
		     const char *word)
{
	if (*n == max)
		return refuse(option, word, "given too often");
	list[(*n)++] = word;
	return 0;
}

static int take_option(struct pp_options *o, int option, const char *value)
{
	switch (option) {
	case 'x':
		return take_word(o->execute, &o->n_execute, PP_ARRAY_LEN(o->execute), "-x", value);
	case 'i':
		o->interactive = true;
		return 0;
	case OPT_COMMANDS:
		return take_word(o->commands, &o->n_commands, PP_ARRAY_LEN(o->commands),
				 "--commands", value);
	case OPT_SOCKET:
		o->socket = value;
		return 0;
	case OPT_CONFIG:
		return take_config(o, value);
	case OPT_STRICT_NUMA:
		o->strict_numa = true;
		return 0;
	case OPT_MAX_RATE:
		return take_max_rate(o, value);
	case OPT_ALLOW:
		return take_allow(o, value);
	case OPT_WIRE:
		return take_wire(o, value);
	case OPT_SELFTEST:
		o->selftest = true;
		return take_word(o->execute, &o->n_execute, PP_ARRAY_LEN(o->execute), "--selftest",
				 "selftest");
	case OPT_CHECK:
		o->check = true;
		return 0;
	case OPT_VERSION:
		printf("pmdpingd %s\n", PMDPING_VERSION);
		return 1;
	case OPT_HELP:
		fputs(usage, stdout);
		return 1;
	default:
		fputs(usage, stderr);
		return 2;
	}
}

int pp_options_parse(struct pp_options *o, int argc, char **argv)
{
	int option, err = 0;

	optind = 1;
	while (!err && (option = getopt_long(argc, argv, "x:i", options, NULL)) != -1)
		err = take_option(o, option, optarg);
	if (!err && optind < argc)
		err = refuse("argument", argv[optind], "not an option; commands are given with -x");
	if (!err && o->interactive && o->n_execute)
		err = refuse("-i", "and -x", "exclude each other");
	if (!err && o->selftest && !o->has_wire)
		err = take_wire(o, "delay=10us");
	return err;
}
