# SPDX-License-Identifier: BSD-3-Clause
# What cases may use in the guest (README.md says how). To be sourced by init.
# shellcheck shell=bash

# run_case NAME COMMAND...: its status is the verdict; what it printed is shown where it fails.
run_case() {
	local name=$1 status=0 start=$SECONDS
	shift
	echo "guest: case $name" >/dev/kmsg
	# In the shared folder, for the host to show if the guest does not live to its end.
	("$@") >"$GUEST_DIR/$name.log" 2>&1 || status=$?
	if [ "$status" = 0 ]; then
		echo "case: pass $name ($((SECONDS - start)) s)"
	else
		echo "case: fail $name (status $status, $((SECONDS - start)) s)"
		tr '\r' '\n' <"$GUEST_DIR/$name.log" | tail -n "${GUEST_LINES:-40}" | sed 's/^/    /'
	fi
	rm -f "$GUEST_DIR/$name.log"
	save_log
}

skip_case() {
	local name=$1
	shift
	echo "case: skip $name ($*)"
}

# What the kernel has said so far, where the host can read it even if the guest does not live to its end.
save_log() {
	dmesg >"$GUEST_DIR/dmesg.new" && mv "$GUEST_DIR/dmesg.new" "$GUEST_DIR/dmesg"
}

# host VERB...: asks the host, waits, prints what it printed; its status.
host() {
	local id=$BASHPID.$RANDOM$RANDOM status
	echo "$*" >"$GUEST_DIR/ask.new.$id"
	mv "$GUEST_DIR/ask.new.$id" "$GUEST_DIR/ask.$id"
	while ! [ -e "$GUEST_DIR/answer.$id" ]; do
		sleep 0.02
	done
	sed 1d "$GUEST_DIR/answer.$id"
	status=$(head -n 1 "$GUEST_DIR/answer.$id")
	rm -f "$GUEST_DIR/answer.$id"
	return "$status"
}

# wait_for SECONDS COMMAND...: 0 as soon as the command succeeds, 1 when it has not within SECONDS (times the guest's slowness).
wait_for() {
	local tries=$(($1 * GUEST_SLOW * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.05
	done
}

# The transport's device of device N: it comes and goes with plug and unplug.
transport() {
	case $GUEST_KIND in
	uml) echo "/sys/devices/virtio-uml-cmdline/virtio-uml.$1" ;;
	qemu) echo "/sys/bus/pci/devices/0000:00:1$1.0" ;;
	esac
}

# device N: its folder in sysfs, with its counters; fails if it is not there.
device() {
	local folder
	for folder in "$(transport "$1")"/virtio*; do
		[ -e "$folder" ] && echo "$folder" && return
	done
	return 1
}

node_of() {
	local folder
	for folder in "$(device "$1")"/video4linux/*; do
		[ -e "/dev/${folder##*/}" ] && echo "/dev/${folder##*/}" && return
	done
	return 1
}

# video N: device N's node, which may be about to come.
video() {
	wait_for 20 node_of "$1" && node_of "$1"
}

no_video() {
	! node_of "$1"
}

# counter N NAME: commands, events or refused.
counter() {
	cat "$(device "$1")/$2"
}

plug() {
	case $GUEST_KIND in
	uml) echo "virtio-uml.$1" >/sys/bus/platform/drivers/virtio-uml/bind ;;
	qemu) host plug "$1" && wait_for 20 device "$1" ;;
	esac
}

unplug() {
	case $GUEST_KIND in
	uml) echo "virtio-uml.$1" >/sys/bus/platform/drivers/virtio-uml/unbind ;;
	qemu) host unplug "$1" ;;
	esac
}

# load [PARAMETERS...]: the module, with what this guest and the cases file want; and waits for device 0 if it is there.
load() {
	# shellcheck disable=SC2086 # words
	insmod "$GUEST_KO" $GUEST_PARAMETERS "$@" || return
	[ ! -e "$(transport 0)" ] || ! device 0 >/dev/null || video 0 >/dev/null
}

# An open file may be about to be closed by a process that was killed.
unload() {
	wait_for 20 rmmod virtio_media
}

image_size() {
	v4l2-ctl -d "$1" --get-fmt-video | sed -n 's/.*Size Image *: *//p'
}

# stream_to FILE NODE HOW FRAMES [V4L2-CTL OPTIONS...]: v4l2-ctl does not fail when a stream does, so what it wrote is counted.
stream_to() {
	local file=$1 node=$2 how=$3 frames=$4 size
	shift 4
	rm -f "$file"
	[ $# = 0 ] || v4l2-ctl -d "$node" "$@" || return 1
	size=$(image_size "$node")
	timeout $((60 * GUEST_SLOW)) v4l2-ctl -d "$node" "--stream-$how" --stream-count="$frames" --stream-to="$file" --verbose ||
		return 1
	[ "$(stat -c %s "$file")" = $((size * frames)) ]
}

# stream HOW FRAMES [V4L2-CTL OPTIONS...]: from device 0.
stream() {
	stream_to /tmp/stream.raw "$(video 0)" "$@" && rm -f /tmp/stream.raw
}

# A stream without end from device N in the background: returns when frames come; stop_streaming ends it.
streaming() {
	local before node
	node=$(video "$1") || return 1
	before=$(counter "$1" events) || return 1
	v4l2-ctl -d "$node" --stream-mmap --stream-to=/dev/null >/dev/null 2>&1 &
	streamer=$!
	wait_for 20 more_events "$1" $((before + 2))
}

# A background process of a shell ignores SIGINT.
stop_streaming() {
	kill -TERM "$streamer" || return 1
	wait "$streamer"
	[ $? = 143 ]
}

kill_streaming() {
	kill -KILL "$streamer"
	wait "$streamer"
}

# more_events N COUNT: device N has sent more than COUNT events in all.
more_events() {
	[ "$(counter "$1" events)" -gt "$2" ]
}

# The capture node of the kernel's own test device; nothing where there is none.
vivid_node() {
	local name
	for name in /sys/class/video4linux/video*/name; do
		[ "$(cat "$name")" != "vivid-000-vid-cap" ] || echo "/dev/$(basename "$(dirname "$name")")"
	done | head -n 1
}
