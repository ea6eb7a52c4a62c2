# SPDX-License-Identifier: BSD-3-Clause
# What several scripts need: where things are, how to speak, how to become root. To be sourced, not run.
# shellcheck shell=bash

# shellcheck disable=SC2034 # those who source this use them
vm_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
vm_name=$(basename "$0")
# shellcheck disable=SC2034
vm_cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/vmedia

# All speech goes to stderr: stdout belongs to what a script is asked for.
vm_say() {
	printf '%s: %s\n' "$vm_name" "$*" >&2
}

vm_die() {
	vm_say "$*"
	exit 1
}

# vm_as_root COMMAND...: as it is when we are root, through sudo otherwise.
vm_as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		vm_die "needs root for \`$*': run it as root, or install sudo"
	fi
}

# vm_wait_for SECONDS PID CONDITION...: 0 as soon as the condition's command succeeds; 1 when the time is over or PID is gone.
vm_wait_for() {
	local tries=$(($1 * 20)) pid=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null || return 1
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}
