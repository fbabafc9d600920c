# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the scripts beside it: messages, root, packages, builds, and the EAL
# arguments that fit this machine. Quiet unless something fails.
# shellcheck shell=bash disable=SC2034

PMDPING_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
	warn "${0##*/}: $*"
	exit 1
}

# need_root WHY...: each script says what it would do as root.
need_root() {
	[ "$(id -u)" -eq 0 ] || die "needs root $*: try sudo $0"
}

# Runs a command without a word, its output only when it fails.
quietly() {
	local log
	log=$(mktemp)
	if "$@" >"$log" 2>&1 </dev/null; then
		rm -f "$log"
	else
		local status=$?
		cat "$log" >&2
		rm -f "$log"
		warn "failed ($status): $*"
		return "$status"
	fi
}

# ---- packages

PACKAGES_BUILD=(build-essential meson ninja-build pkg-config libdpdk-dev libnuma-dev libjansson-dev)
PACKAGES_RUN=(iproute2 iputils-ping)
PACKAGES_TEST=(libcunit1-dev jq socat tcpdump tshark python3-scapy iputils-arping fping nmap
	nftables ethtool procps strace util-linux)
PACKAGES_BENCH=(libcunit1-dev dpdk-dev python3) # dpdk-dev: testpmd
PACKAGES_CHECK=(clang universal-ctags shellcheck)
# Debian 13 has no clang-format 14 any more.
if apt-cache show clang-format-14 >/dev/null 2>&1; then PACKAGES_CHECK+=(clang-format-14); fi

missing_packages() {
	local package
	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$package"
	done
}

# Installs what is missing of the named packages; asks nothing, and does not look at
# the network when nothing is.
install_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "not Debian: install these yourself: ${missing[*]}"
	need_root "to install: ${missing[*]}"
	say "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	quietly apt-get -q update
	quietly apt-get -q -y --no-install-recommends install "${missing[@]}"
}

# ---- builds

# Runs a command as the user who called sudo, so that what it writes is theirs.
as_caller() {
	if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
		runuser -u "$SUDO_USER" -- "$@"
	else
		"$@"
	fi
}

# What root has left behind in a build folder goes to the user who called sudo.
give_to_caller() {
	[ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] || return 0
	local path
	for path; do
		[ ! -e "$path" ] || chown -R "$SUDO_USER:" "$path"
	done
}

# build DIR [meson options]: sets up and compiles PMDPING_ROOT/DIR.
build() {
	local dir=$PMDPING_ROOT/$1
	shift
	give_to_caller "$dir"
	if [ -f "$dir/build.ninja" ]; then
		[ $# -eq 0 ] || quietly as_caller meson configure "$dir" "$@"
	else
		quietly as_caller env "CC=${CC:-cc}" meson setup "$dir" "$PMDPING_ROOT" "$@"
	fi
	quietly as_caller ninja --quiet -C "$dir"
}

# ---- the machine

# The CPUs this process may use, one a line.
allowed_cpus() {
	local list part
	list=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
	for part in ${list//,/ }; do
		seq "${part%-*}" "${part#*-}"
	done
}

# eal_lcores WORKERS: main lcore 0 and workers 1.., each on a CPU of its own while
# there are enough.
eal_lcores() {
	local cpus lcore map=
	mapfile -t cpus < <(allowed_cpus)
	for ((lcore = 0; lcore <= $1; lcore++)); do
		map+=",$lcore@${cpus[lcore % ${#cpus[@]}]}"
	done
	printf -- '--lcores=%s\n' "${map#,}"
}

# eal_memory MB: hugepages when that many are free, ordinary memory otherwise.
eal_memory() {
	local free size
	free=$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)
	size=$(awk '/^Hugepagesize/ { print $2 }' /proc/meminfo)
	if [ "$(id -u)" -eq 0 ] && [ $((${free:-0} * ${size:-0} / 1024)) -ge "$1" ]; then
		printf '%s\n' --in-memory -m "$1"
	else
		printf '%s\n' --no-huge --no-shconf -m "$1"
	fi
}
