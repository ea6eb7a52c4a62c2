# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What cases.sh and mirror.sh share: nodes by their names, a daemon for one, cases.

daemon=$HOST_BUILD/daemon/vhost-user-media

# node NAME...: the nodes whose names in sysfs contain NAME.
node() {
	local d
	for d in /sys/class/video4linux/*; do
		case $(<"$d/name") in
		*"$1"*) echo "/dev/${d##*/}" ;;
		esac
	done
}

# serve NODE [OPTIONS]: a daemon, $socket and $log; in $server its process. $options are of the kind, OPTIONS of the program.
sandbox=--no-sandbox options=
serve() {
	local name=${1##*/}
	socket=/tmp/$name.sock log=/tmp/$name.log
	stop
	# shellcheck disable=SC2086 # it may be empty
	"$daemon" $sandbox --log-level=info --socket-path="$socket" "${@:2}" proxy "--device=$1" $options 2>>"$log" &
	server=$!
	while [ ! -S "$socket" ]; do
		kill -0 "$server" 2>/dev/null || return 1
		sleep 0.05
	done
}

stop() {
	[ -n "${server:-}" ] || return 0
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	server=''
}

# run_case NAME COMMAND...: its status is the verdict.
run_case() {
	local name=$1 begin=$SECONDS status
	shift
	# Not as a condition, where a shell goes on after what fails.
	(set -e; "$@") >/tmp/out 2>&1
	status=$?
	if [ $status = 0 ]; then
		printf 'passed  %-40s %s\n' "$name" "$((SECONDS - begin)) s"
		tail -5 "$log" | grep -a "warning\|error" | sed 's/^/  log: /'
	else
		printf 'failed  %-40s\n' "$name"
		sed 's/^/  /' /tmp/out
		tail -5 "$log" | sed 's/^/  log: /'
	fi
}
