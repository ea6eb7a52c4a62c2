# SPDX-License-Identifier: BSD-3-Clause
# What the guest tests share: a daemon with a camera on a socket, and a verdict. To be sourced.
# shellcheck shell=bash

guest_dir=$(mktemp -d)
guest_daemon_pid=
# shellcheck disable=SC2034 # for those who source this
guest_sock=$guest_dir/camera.sock

guest_end() {
	[ -z "$guest_daemon_pid" ] || kill -9 "$guest_daemon_pid" 2>/dev/null || true
	rm -rf "$guest_dir"
}
trap guest_end EXIT

# Meson reads exit status 77 as "skipped".
guest_skip() {
	echo "SKIP: $*"
	exit 77
}

guest_fail() {
	echo "FAIL: $*"
	echo "--- the daemon's log"
	tail -n 30 "$guest_dir/daemon.log" 2>/dev/null
	echo "--- the guest's console"
	tail -n 30 "$guest_dir/console" 2>/dev/null
	exit 1
}

# guest_start_daemon PROGRAM: serves a camera on $guest_sock.
guest_start_daemon() {
	local tries=200
	"$1" --socket-path="$guest_sock" camera --source=pattern >"$guest_dir/daemon.log" 2>&1 &
	guest_daemon_pid=$!
	until [ -S "$guest_sock" ]; do
		kill -0 "$guest_daemon_pid" 2>/dev/null || guest_fail "the daemon ended before it listened"
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || guest_fail "the daemon does not listen on its socket"
		sleep 0.05
	done
}

# guest_stop_daemon: it must still be there when its guest has left, and end with status 0 on SIGTERM.
guest_stop_daemon() {
	local status=0
	kill -TERM "$guest_daemon_pid" 2>/dev/null || guest_fail "the daemon did not outlive its guest"
	wait "$guest_daemon_pid" || status=$?
	guest_daemon_pid=
	[ "$status" = 0 ] || guest_fail "the daemon ended with status $status on SIGTERM"
	! grep -q "refused system call" "$guest_dir/daemon.log" || guest_fail "the sandbox refused the daemon something"
}
