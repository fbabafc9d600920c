/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A target of known delay: on a raw socket it answers ARP for one address at once, and
 * echo requests a fixed time after they arrived. The arrival is the kernel's stamp of
 * the frame, so that a late wake-up shorter than the delay changes nothing; the end is
 * awaited in a busy loop on CLOCK_MONOTONIC_RAW. What it achieved, from the stamp to
 * the call that sends, is printed at SIGTERM and forgotten at SIGUSR1: that is the
 * truth which scripts/bench-same-path holds against what the tools say.
 *
 *	delay_responder IFACE ADDRESS MICROSECONDS
 */
#include <pmdping/proto.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 1000000
#define FRAME_MAX   2048
#define ARP_LEN	    42
#define ECHO_MIN    42 /* Ethernet, IPv4 without options, ICMP */

struct responder {
	int fd;
	uint8_t mac[6];
	uint8_t address[4];
	int64_t delay;
	int64_t *residence; /* ns */
	size_t n, late;
};

static volatile sig_atomic_t ended, forget;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		forget = 1;
	else
		ended = 1;
}

static int64_t ns_of(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ns_of(&ts);
}

/* ---- frames ---- */

static bool is_arp_request(const struct responder *r, const uint8_t *f, size_t len)
{
	return len >= ARP_LEN && pp_get_be16(f + 12) == PP_ETHER_ARP && pp_get_be16(f + 20) == 1 &&
	       memcmp(f + 38, r->address, 4) == 0;
}

static bool is_echo_request(const struct responder *r, const uint8_t *f, size_t len)
{
	return len >= ECHO_MIN && pp_get_be16(f + 12) == PP_ETHER_IP4 && f[14] == 0x45 &&
	       f[23] == PP_IPPROTO_ICMP && memcmp(f + 30, r->address, 4) == 0 && f[34] == 8;
}

static void return_to_sender(const struct responder *r, uint8_t *f)
{
	memcpy(f, f + 6, 6);
	memcpy(f + 6, r->mac, 6);
}

static void make_arp_reply(const struct responder *r, uint8_t *f)
{
	return_to_sender(r, f);
	f[21] = 2;
	memcpy(f + 32, f + 22, 10);
	memcpy(f + 22, r->mac, 6);
	memcpy(f + 28, r->address, 4);
}

/* The sum of the header stays as it is; that of the message, by RFC 1624. */
static void make_echo_reply(const struct responder *r, uint8_t *f)
{
	uint32_t sum = pp_get_be16(f + 36) + 0x0800u;

	return_to_sender(r, f);
	memcpy(f + 30, f + 26, 4);
	memcpy(f + 26, r->address, 4);
	f[34] = 0;
	pp_put_be16(f + 36, (uint16_t)(sum + (sum >> 16)));
}

/* ---- time ---- */

/* When the kernel had the frame, on the raw clock. */
static int64_t arrival(struct msghdr *m)
{
	int64_t now = read_clock(CLOCK_MONOTONIC_RAW), wall = read_clock(CLOCK_REALTIME);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec stamp;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		return now - (wall - ns_of(&stamp));
	}
	return now;
}

static void answer_echo(struct responder *r, uint8_t *f, size_t len, int64_t arrived)
{
	int64_t now = read_clock(CLOCK_MONOTONIC_RAW);

	make_echo_reply(r, f);
	r->late += now > arrived + r->delay;
	while (now < arrived + r->delay)
		now = read_clock(CLOCK_MONOTONIC_RAW);
	if (send(r->fd, f, len, 0) != (ssize_t)len)
		perror("send");
	if (r->n < SAMPLES_MAX)
		r->residence[r->n++] = now - arrived;
}

/* ---- running ---- */

static void receive(struct responder *r)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	uint8_t f[FRAME_MAX];
	struct iovec v = {f, sizeof(f)};
	struct sockaddr_ll from;
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(r->fd, &m, 0);

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING || m.msg_flags & MSG_TRUNC)
		return;
	if (is_echo_request(r, f, (size_t)n)) {
		answer_echo(r, f, (size_t)n, arrival(&m));
	} else if (is_arp_request(r, f, (size_t)n)) {
		make_arp_reply(r, f);
		if (send(r->fd, f, (size_t)n, 0) != n)
			perror("send");
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest that at least that many percent do not exceed, in ms. */
static double percentile(const struct responder *r, size_t percent)
{
	return (double)r->residence[(r->n * percent + 99) / 100 - 1] / 1e6;
}

static void report(struct responder *r)
{
	qsort(r->residence, r->n, sizeof(*r->residence), compare);
	printf("answered %zu late %zu", r->n, r->late);
	if (r->n)
		printf(" min %.4f p50 %.4f p99 %.4f max %.4f ms", (double)r->residence[0] / 1e6,
		       percentile(r, 50), percentile(r, 99), percentile(r, 100));
	putchar('\n');
}

static int open_socket(struct responder *r, const char *iface)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex(iface)};
	struct ifreq q = {0};
	struct timeval patience = {.tv_usec = 100000}; /* a signal is noticed after that */
	int on = 1;

	r->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", iface);
	if (r->fd < 0 || at.sll_ifindex == 0 || ioctl(r->fd, SIOCGIFHWADDR, &q) ||
	    setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    bind(r->fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	memcpy(r->mac, q.ifr_hwaddr.sa_data, 6);
	return 0;
}

int main(int argc, char **argv)
{
	struct responder r = {.residence = calloc(SAMPLES_MAX, sizeof(int64_t))};
	struct sigaction act = {.sa_handler = on_signal};

	if (argc != 4 || !r.residence || inet_pton(AF_INET, argv[2], r.address) != 1) {
		fprintf(stderr, "usage: %s IFACE ADDRESS MICROSECONDS\n", argv[0]);
		return 2;
	}
	r.delay = atoll(argv[3]) * 1000;
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGUSR1, &act, NULL);
	if (open_socket(&r, argv[1])) {
		perror(argv[1]);
		return 1;
	}
	while (!ended) {
		receive(&r);
		if (forget)
			r.n = r.late = 0;
		forget = 0;
	}
	report(&r);
	return 0;
}
