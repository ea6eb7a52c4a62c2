# SPDX-License-Identifier: BSD-3-Clause
# The host's side of a guest test (README.md): reads what cases want, runs the devices, serves the guest, judges. To be sourced.
#
# Theory of operation: one background process (serve) is the parent of all devices and does what the guest asks, one thing after
# another. A question is a file "ask.ID" in the shared folder, an answer "answer.ID": status in the first line, then words. Both are
# made under another name and renamed, so what is there is whole. No other means works in UML and over 9p alike.
# shellcheck shell=bash

guest_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
guest_top=$(cd "$guest_here/../.." && pwd)

# wanted KEY: the values of "# KEY: VALUE" in the first comments of the cases file, a line each.
wanted() {
	sed -n -e '/^#/!q' -e "s/^# $1: *//p" "$guest_here/$guest_cases"
}

guest_die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# guest_begin BUILD CASES KIND: the shared folder, and what is to be known about the cases.
guest_begin() {
	guest_build=$(readlink -f "$1") guest_cases=$2 guest_kind=$3
	guest_dir=$(mktemp -d) || exit 1
	guest_server=
	trap guest_end EXIT
	trap 'exit 130' INT TERM
	mkdir "$guest_dir/share"
	guest_devices=() guest_spares=0
	guest_seed=${VMEDIA_TEST_SEED:-$((RANDOM * 32768 + RANDOM))}
	if [ "$guest_cases" = shell ]; then
		guest_devices=("${VMEDIA_GUEST_DEVICE:-camera --source=pattern}")
		return
	fi
	[ -f "$guest_here/$guest_cases" ] || guest_die "there is no $guest_here/$guest_cases"
	mapfile -t guest_devices < <(wanted device; wanted spare)
	guest_spares=$(wanted spare | wc -l)
	case "${guest_devices[*]}" in
	*@video@*)
		# Started by root, the daemon reads it as another user, who may not look where it was fetched to.
		guest_video=$("$guest_top/scripts/fetch" video) && cp "$guest_video" "$guest_dir" || exit 1
		guest_video=$guest_dir/$(basename "$guest_video")
		chmod 755 "$guest_dir"
		;;
	esac
	guest_streams
	case "${guest_devices[*]}" in
	*@seed@*) echo "guest: VMEDIA_TEST_SEED=$guest_seed" ;;
	esac
}

# guest_streams: makes or lists the coded streams that the cases want, once for all guests of a build folder.
guest_streams() {
	local out
	case $(wanted streams) in
	made)
		out=$guest_build/guest-streams
		exec 8>"$out.lock"
		flock 8
		if [ ! "$out/list.tsv" -nt "$guest_here/make-streams" ]; then
			rm -rf "$out" "$out.new"
			"$guest_here/make-streams" "$out.new" || guest_die "the streams cannot be made"
			mv "$out.new" "$out"
		fi
		exec 8>&-
		;;
	vectors)
		out=$guest_build/guest-vectors
		[ -d "${VMEDIA_VECTORS:-}" ] || guest_die "VMEDIA_VECTORS names no folder of coded streams"
		# The list is of one folder as it was.
		if [ "$(cat "$out/folder" 2>/dev/null)" != "$VMEDIA_VECTORS" ] ||
			[ -n "$(find -L "$VMEDIA_VECTORS" -newer "$out/folder" -print -quit)" ]; then
			rm -rf "$out"
			"$guest_here/list-streams" "$VMEDIA_VECTORS" "$out" || guest_die "the streams cannot be listed"
			echo "$VMEDIA_VECTORS" >"$out/folder"
		fi
		;;
	esac
}

guest_end() {
	[ -z "$guest_server" ] || { : >"$guest_dir/end"; wait "$guest_server"; }
	if [ -n "${VMEDIA_GUEST_KEEP:-}" ]; then
		rm -rf "$VMEDIA_GUEST_KEEP" && mv "$guest_dir" "$VMEDIA_GUEST_KEEP"
	else
		rm -rf "$guest_dir"
	fi
}

device_socket() {
	echo "$guest_dir/device$1.sock"
}

# device_start N: returns when it listens.
device_start() {
	local number=$1 words program tries=400
	[ -n "${guest_devices[$number]:-}" ] || { echo "there is no device $number"; return 1; }
	read -ra words <<<"${guest_devices[$number]}"
	words=("${words[@]//@video@/${guest_video:-}}")
	words=("${words[@]//@seed@/$guest_seed}")
	program=$guest_build/daemon/vhost-user-media
	case ${words[0]} in
	./*)
		program=$guest_build/${words[0]#./}
		words=("${words[@]:1}")
		;;
	esac
	[ -x "$program" ] || { echo "$program is not built"; return 1; }
	[ -p "$guest_dir/stdin$number" ] || mkfifo "$guest_dir/stdin$number"
	rm -f "$(device_socket "$number")"
	# Open for both ways, so that nobody waits for the other end and the device never reads an end of file.
	"$program" --socket-path="$(device_socket "$number")" "${words[@]}" \
		<>"$guest_dir/stdin$number" >>"$guest_dir/device$number.log" 2>&1 &
	device_pid[number]=$!
	device_killed[number]=no
	until [ -S "$(device_socket "$number")" ]; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! kill -0 "${device_pid[$number]}" 2>/dev/null; then
			echo "device $number (${words[*]}) does not listen:"
			tail -n 5 "$guest_dir/device$number.log"
			return 1
		fi
		sleep 0.02
	done
}

# device_signal N SIGNAL: to the process that was started, and the one of a daemon that serves.
device_signal() {
	local children
	children=$(pgrep -P "${device_pid[$1]}")
	# A word a process.
	# shellcheck disable=SC2086
	kill "-$2" "${device_pid[$1]}" $children
}

device_kill() {
	device_killed[$1]=yes
	device_signal "$1" CONT 2>/dev/null
	kill -KILL "${device_pid[$1]}" && { wait "${device_pid[$1]}" 2>/dev/null; true; }
}

# compare FILE: raw frames become a Y4M clip, which is what the judge reads.
compare() {
	local clip=$1
	if [ "${clip%.raw}" != "$clip" ]; then
		clip=$guest_dir/clip.y4m
		ffmpeg -nostdin -loglevel error -y -f rawvideo -pix_fmt yuv420p -video_size 768x576 -i "$1" \
			-f yuv4mpegpipe "$clip" || return
	fi
	"$guest_build/tests/e2e/ref/ref-frames" "$guest_video" "$clip"
}

# answer VERB...: what the guest may ask for.
answer() {
	local number=${2:-0}
	[[ $number =~ ^[0-9]$ ]] || [ "$1" = compare ] || { echo "which device is \"$number\"?"; return 2; }
	case $1 in
	stop) device_signal "$number" STOP ;;
	go) device_signal "$number" CONT ;;
	kill) device_kill "$number" ;;
	start) device_start "$number" ;;
	say) echo "${*:3}" >"$guest_dir/stdin$number" ;;
	log) cat "$guest_dir/device$number.log" ;;
	alive) kill -0 "${device_pid[$number]}" 2>/dev/null ;;
	compare) compare "$guest_dir/share/$(basename "${2:-none}")" 2>&1 ;;
	plug | unplug) guest_"$1" "$number" ;;
	*)
		echo "the host does not know \"$*\""
		return 2
		;;
	esac
}

# The parent of the devices. Ends when the file "end" is there; a device that died of itself is told in "died".
serve() {
	local number ask id status
	device_pid=() device_killed=()
	trap - EXIT INT TERM
	for ((number = 0; number < ${#guest_devices[@]} - guest_spares; number++)); do
		device_start "$number" || { : >"$guest_dir/broken"; break; }
	done
	: >"$guest_dir/ready"
	until [ -e "$guest_dir/end" ]; do
		for ask in "$guest_dir"/share/ask.[0-9]*; do
			[ -e "$ask" ] || continue
			id=${ask##*/ask.}
			read -ra words <"$ask"
			rm -f "$ask"
			status=0
			answer "${words[@]}" >"$guest_dir/words" || status=$?
			{ echo "$status"; cat "$guest_dir/words"; } >"$guest_dir/share/answer.new.$id"
			mv "$guest_dir/share/answer.new.$id" "$guest_dir/share/answer.$id"
		done
		sleep 0.02
	done
	for number in "${!device_pid[@]}"; do
		if [ "${device_killed[$number]}" = no ]; then
			kill -0 "${device_pid[$number]}" 2>/dev/null || echo "$number" >>"$guest_dir/died"
		fi
		device_kill "$number" 2>/dev/null
	done
}

# guest_serve MODULE V4L-UTILS PARAMETERS SLOW DEBUG: everything but the guest itself.
guest_serve() {
	local parameters
	parameters=$(wanted_parameters "$3")
	cp "$1" "$guest_dir/share/virtio_media.ko" || exit 1
	cat >"$guest_dir/share/env" <<ENV
HOST_BUILD='$guest_build'
HOST_TOP='$guest_top'
HOST_V4L_UTILS='$2'
HOST_VECTORS='$(readlink -f "${VMEDIA_VECTORS:-/var/empty}")'
HOST_FLUSTER='${guest_fluster:-}'
HOST_CLIENTS='${VMEDIA_GUEST_CLIENTS:-}'
GUEST_CASES='$guest_cases'
GUEST_KIND='$guest_kind'
GUEST_PARAMETERS='$parameters'
GUEST_SLOW='$4'
GUEST_DEBUG='$5'
GUEST_SEED='$guest_seed'
GUEST_STREAMS='${VMEDIA_GUEST_STREAMS:-.}'
GUEST_TERMINAL='${TERM:-dumb}'
GUEST_SIZE='$(stty size 2>/dev/null)'
ENV
	serve &
	guest_server=$!
	while ! [ -e "$guest_dir/ready" ]; do
		sleep 0.02
	done
	[ ! -e "$guest_dir/broken" ] || guest_die "$(cat "$guest_dir"/device*.log) A device of $guest_cases does not start"
}

# guest_shell COMMAND...: a guest that has this terminal, which is afterwards as it was.
guest_shell() {
	local terminal
	terminal=$(stty -g 2>/dev/null)
	"$@"
	[ -z "$terminal" ] || stty "$terminal"
}

# The module's parameters: the transport's and those of the cases file, or "none".
wanted_parameters() {
	local own=''
	[ "$guest_cases" = shell ] || own=$(wanted driver)
	if [ "$own" = none ]; then
		echo none
	else
		echo "$1 $own"
	fi
}

# guest_seconds SLOW: how long the guest may live.
guest_seconds() {
	local seconds
	seconds=$(wanted timeout)
	echo $((${seconds:-120} * $1))
}

# signatures FILE: the first lines (of suspicious RCU usage: the line that says where) of all complaints of a kernel, without what
# differs from boot to boot.
signatures() {
	local complaints='BUG:|WARNING:|KASAN|UBSAN|INFO: |DEADLOCK|Oops|general protection|Kernel panic|refcount_t:|ODEBUG'
	complaints+='|Bad page|list_(add|del) corruption|kmemleak: [1-9]|bad: scheduling|suspicious rcu_|Unable to handle'
	grep -a -P "$complaints" "$1" | grep -a -v 'WARNING: suspicious RCU usage' | sed -E -e 's/^\[[ 0-9.]+\] //' \
		-e 's/(0x)?[0-9a-f]{8,}/ADDRESS/g' -e 's/\+0x[0-9a-f]+\/0x[0-9a-f]+//g' \
		-e 's/PID: [0-9]+/PID/' -e 's/CPU: [0-9]+/CPU/' -e 's/[a-z0-9_/-]+:[0-9]+ (blocked|task)/TASK/' | sort -u
}

# guest_judge CONSOLE BASELINE STATUS: STATUS is the guest's, 124 if its time was over. Prints the cases that the host adds and
# "N passed, N failed, N skipped"; 0 if none failed.
guest_judge() {
	local console=$1 baseline=$2 new known passed failed skipped
	guest_log=$guest_dir/share/dmesg
	: >"$guest_dir/died"
	: >"$guest_dir/end"
	wait "$guest_server"
	guest_server=
	if ! grep -a -q '^guest: done' "$console"; then
		if [ "$3" = 124 ]; then
			# What a kernel says that is ended from outside is not about us.
			verdict fail guest-ends "its time was over; VMEDIA_GUEST_SLOW=N gives it N times as much" \
				< <(tail -n 40 "$guest_dir"/share/*.log 2>/dev/null)
		else
			verdict fail guest-ends "it did not get to its end" < <(tail -n 20 "$console")
			# The log is that of the last case that ended; what came after is on the console.
			cat "$console" >>"$guest_log"
		fi
	fi
	signatures "$guest_log" >"$guest_dir/signatures"
	if [ "$guest_cases" = cases-none ]; then
		cp "$guest_dir/signatures" "$baseline"
		sed 's/^/guest: this kernel of its own says: /' "$baseline"
	fi
	known=$(wanted log | sed -n 's/^expected //p' | head -n 1)
	new=$(comm -13 "$baseline" "$guest_dir/signatures" | grep -v -F -e "${known:-no such words}")
	if [ "$(wanted refusals)" != expected ]; then
		new+=$(grep -a -E 'virtio_media .*refused: ' "$guest_log")
	fi
	if [ -n "$new" ]; then
		{
			echo "$new" | head -n 20
			echo "..."
			sed -n '/driver comes now/,$p' "$guest_log" | grep -a -A 40 -F -e "$(head -n 1 <<<"$new" | cut -c1-25)"
		} | verdict fail kernel-log "new complaints"
	else
		verdict pass kernel-log
	fi
	if [ -s "$guest_dir/died" ]; then
		verdict fail devices-live "device $(paste -sd ' ' "$guest_dir/died") died" < <(tail -n 40 "$guest_dir"/device*.log)
	elif grep -q -s "refused system call" "$guest_dir"/device*.log; then
		verdict fail devices-live "the sandbox refused a device something" < <(tail -n 40 "$guest_dir"/device*.log)
	elif [ ${#guest_devices[@]} -gt 0 ]; then
		verdict pass devices-live
	fi
	passed=$(grep -a -c '^case: pass' "$console")
	failed=$(grep -a -c '^case: fail' "$console")
	skipped=$(grep -a -c '^case: skip' "$console")
	if [ "$failed" != 0 ] && [ ${#guest_devices[@]} -gt 0 ]; then
		echo "--- what the devices said"
		tail -n 20 "$guest_dir"/device*.log
	fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# verdict pass|fail NAME [WHY]: like a case of the guest's; shows the end of its input where it failed.
verdict() {
	echo "case: $1 $2${3:+ ($3)}" | tee -a "$guest_dir/console"
	[ "$1" = pass ] || tail -n 60 | sed 's/^/    /'
}
