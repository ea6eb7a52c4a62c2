# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2054 # formats of v4l2-ctl have commas
# The cases of tests/proxy/run, in the host that it boots. What a node gives a program of the host (v4l2-ctl) is compared with what
# it gives through the proxy (vmedia-ctl).

# shellcheck source=tests/proxy/mirror.sh
. "$HOST_TOP/tests/proxy/mirror.sh"
ctl=$HOST_BUILD/tools/ctl/vmedia-ctl
frames=$HOST_BUILD/tests/proxy/frames
opens=$HOST_BUILD/tests/proxy/opens
costs=$HOST_BUILD/tests/proxy/costs

ctl() {
	timeout 60 "$ctl" --device="$socket" "$@"
}

# One line that both say, for a diff.
same() {
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

formats_of() {
	grep -o "'....'" | sort -u
}

compare_info() {
	same "$(v4l2-ctl -d "$1" --info | sed -n 's/.*Card type *: //p' | head -1)" \
		"$(ctl --info | sed -n 's/.*Card type *: //p')"
}

compare_formats() {
	same "$(v4l2-ctl -d "$1" "--list-formats${2:-}" | formats_of)" "$(ctl "--list-formats${2:-}" | formats_of)"
}

compare_format() {
	local fields='Width/Height|Bytes per Line|Size Image|Field|Colorspace'
	same "$(v4l2-ctl -d "$1" --get-fmt-video | grep -E "$fields" | tr -d ' \t' | sort)" \
		"$(ctl --get-fmt-video | grep -E "$fields" | tr -d ' \t' | sort)"
}

controls_of() {
	grep -oE '^ *[a-z0-9_]+ (0x[0-9a-f]+ )?\([a-z0-9]+\)' | awk '{print $1}' | sort
}

compare_controls() {
	local native
	native=$(v4l2-ctl -d "$1" --list-ctrls | controls_of)
	[ -n "$native" ]
	same "$native" "$(ctl --list-ctrls | controls_of)"
}

# set_control NODE NAME VALUE: set through the proxy, read on the node.
set_control() {
	ctl --set-ctrl="$2=$3"
	same "$2: $3" "$(v4l2-ctl -d "$1" --get-ctrl="$2")"
}

# Every node is a device of the same name and capabilities, but for what the protocol has not.
compare_caps() {
	local native proxied
	native=$(v4l2-ctl -d "$1" --info | sed -n 's/.*Device Caps *: //p' | head -1)
	proxied=$(ctl --info | sed -n 's/.*Device Caps *: //p' | head -1)
	echo "$1: $native, by the proxy $proxied"
	# With READWRITE goes RDS, whose blocks come by read().
	[ $((native & 0x01000000)) = 0 ] || native=$((native & ~0x900))
	# READWRITE, ASYNCIO, IO_MC, overlays
	[ $((native & ~0x03000000 & ~0x20000000 & ~0x204)) = $((proxied)) ]
}

# Frames a second of both ways, for people to read: nothing here is an absolute.
rates() {
	still "$1"
	v4l2-ctl -d "$1" --stream-mmap --stream-count=40 2>&1 | tr '\r' '\n' | grep -o '[0-9.]* fps' | tail -1
	ctl --stream-mmap --stream-count=40 2>&1 | tr '\r' '\n' | grep -o '[0-9.]* fps' | tail -1
}

# The picture stands still, so that frames of two streams can be compared.
still() {
	v4l2-ctl -d "$1" --set-ctrl=osd_text_mode=2,test_pattern=0,horizontal_movement=3,vertical_movement=3
	v4l2-ctl -d "$1" --set-fmt-video=width=640,height=360,pixelformat=YUYV
	# v4l2-ctl has only single-planar queues in mind here.
	ctl --set-parm=30
}

# The bytes that the device has copied, once the open files so far are closed. Controls have some, too.
# await COMMAND...: until it succeeds, for some time.
await() {
	local end=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "in vain: $*" && return 1; }
		sleep 0.1
	done
}

copied() {
	: >"$log"
	ctl --info >/dev/null
	await grep -q 'were copied so far' "$log"
	sed -n 's/.* \([0-9]*\) bytes were copied so far/\1/p' "$log" | tail -1
}

# stream NODE HOW COPIED: 50 frames as v4l2-ctl gets them; "none" or "all" of their bytes copied by the device.
stream() {
	local before after
	still "$1"
	v4l2-ctl -d "$1" --stream-mmap --stream-count=1 --stream-to=/tmp/native
	before=$(copied)
	# A driver makes a frame in vain that finds no buffer: the sequence tells.
	# shellcheck disable=SC2086 # it may be two words
	ctl $2 --stream-count=50 --stream-to=/tmp/proxied --silent --stats
	[ "$(stat -c %s /tmp/proxied)" = $((50 * $(stat -c %s /tmp/native))) ]
	split -b "$(stat -c %s /tmp/native)" --filter=md5sum /tmp/proxied | sort -u >/tmp/sums
	same "$(md5sum </tmp/native)" "$(cat /tmp/sums)"
	after=$(copied)
	echo "$((after - before)) bytes copied"
	case $3 in
	none) [ "$after" = "$before" ] ;;
	all) [ $((after - before)) = "$(stat -c %s /tmp/proxied)" ] ;;
	esac
}

# convert NODE HOW-OUT HOW-CAPTURE: an m2m device, beside v4l2-ctl.
convert() {
	head -c $((20 * 640 * 480 * 2)) /dev/urandom >/tmp/in
	local formats=(--set-fmt-video-out=width=640,height=480,pixelformat=RGBP
		--set-fmt-video=width=640,height=480,pixelformat=RGBP)
	v4l2-ctl -d "$1" "${formats[@]}" --stream-mmap --stream-out-mmap --stream-count=20 --stream-from=/tmp/in \
		--stream-to=/tmp/native
	ctl "${formats[@]}" "$2" "$3" --stream-count=20 --stream-from=/tmp/in --stream-to=/tmp/proxied --silent
	cmp /tmp/native /tmp/proxied
}

# queue TYPE [IO]: 20 buffers of a queue of enum v4l2_buf_type, mapped and as guest pages.
queue() {
	timeout 60 "$frames" "$socket" "$1" mmap 20
	timeout 60 "$frames" "$socket" "$1" user 20
}

# no_copies NODE WIDTH HEIGHT FPS: of region 0 and of guest pages. How many frames are lost is for people to read: where this
# machine is busy, the node's own program loses some, too. tests/proxy/figures has a clock of its own, and CPU times.
no_copies() {
	local format=width=$2,height=$3,pixelformat=YUYV way reads bytes node_lost lost
	still "$1"
	v4l2-ctl -d "$1" --set-fmt-video="$format" --set-parm="$4"
	: >"$log"
	"$costs" "$1" "$socket" "$server" "$log" "$output" 12 1 3 >/tmp/rows
	[ "$(wc -l </tmp/rows)" = 6 ]
	while IFS='|' read -r _ way reads _ _ _ _ bytes node_lost lost _; do
		echo "$way, read: $reads, $bytes bytes copied, lost: $lost, by the node's program: $node_lost" | tr -s ' '
		[ $((bytes)) = 0 ] || return 1
	done </tmp/rows
}

# A control that another program changes is an event.
wait_for_event() {
	ctl --wait-for-event=ctrl="${2:-brightness}" >/tmp/event &
	local waiter=$! n=0
	while kill -0 $waiter 2>/dev/null; do
		n=$((n + 1))
		v4l2-ctl -d "$1" --set-ctrl="${2:-brightness}=$((n % ${3:-200}))"
		sleep 0.1
	done
	wait $waiter
	cat /tmp/event
	[ -s /tmp/event ]
}

# replug NODE OTHER: the daemon has a link, as those in /dev/v4l/by-id, which leads elsewhere for a while.
replug() {
	ln -s "$1" /tmp/cam
	serve /tmp/cam
	ctl --stream-mmap --stream-count=3 --silent
	ln -sfn "$2" /tmp/cam
	! ctl --get-fmt-video || return 1
	grep "is another device now" "$log"
	rm /tmp/cam
	! ctl --get-fmt-video || return 1
	ln -s "$1" /tmp/cam
	ctl --stream-mmap --stream-count=3 --silent
	stop
}

# in_use NODE: the daemon tells who has it.
in_use() {
	v4l2-ctl -d "$1" --stream-mmap --stream-count=0 >/tmp/stream 2>&1 &
	local user=$! status=0
	await grep -q fps /tmp/stream
	serve "$1"
	grep "is open in v4l2-ctl ($user)" "$log" || status=1
	stop
	kill $user
	wait $user || true
	return $status
}

# restore NODE: the guest sets a control and ends.
restore() {
	v4l2-ctl -d "$1" --set-ctrl=brightness=31
	same "brightness: 99" "$(ctl --set-ctrl=brightness=99 --get-ctrl=brightness)"
	await has_brightness "$1" 31
}

has_brightness() {
	[ "$(v4l2-ctl -d "$1" --get-ctrl=brightness)" = "brightness: $2" ]
}

# v4l2-ctl succeeds, too, where it gets no frame.
frames() {
	rm -f /tmp/frames
	v4l2-ctl -d "$1" --stream-mmap --stream-count=2 --stream-to=/tmp/frames
	[ -s /tmp/frames ]
}

# The guest dies while it streams: the node is free again.
die_streaming() {
	"$ctl" --device="$socket" --stream-mmap --stream-count=0 --silent &
	local guest=$!
	await grep -q 'buffers of' "$log"
	sleep 0.2
	kill -KILL $guest
	wait $guest || true
	await frames "$1"
}

# The driver acts as if the device was unplugged.
unplug() {
	local status=0
	still "$1"
	: >"$log"
	"$ctl" --device="$socket" --stream-mmap --stream-count=0 --silent &
	local guest=$!
	await grep -q 'buffers of' "$log"
	sleep 0.2
	v4l2-ctl -d "$1" --set-ctrl=disconnect=1
	wait $guest || status=$?
	echo "the guest's program ended with status $status"
	[ $status != 0 ] && [ $status != 124 ]
	# It comes back when the last file is closed.
	await v4l2-ctl -d "$1" --get-fmt-video
	ctl --stream-mmap --stream-count=3 --silent
}

# A policy: the node has a larger picture in another format, which the guest is not given.
policy() {
	v4l2-ctl -d "$1" --set-fmt-video=width=1280,height=720,pixelformat=RGB3 --set-ctrl=contrast=99
	same "'YUYV'" "$(ctl --list-formats | formats_of)"
	ctl --get-fmt-video | grep -q '640/360'
	v4l2-ctl -d "$1" --get-fmt-video | grep -q '1280/720'
	ctl --stream-mmap --stream-count=3 --stream-to=/tmp/frames --silent
	[ "$(stat -c %s /tmp/frames)" = $((3 * 640 * 360 * 2)) ]
	set_control "$1" brightness 78
	if ctl --set-ctrl=contrast=3; then return 1; fi
	same "contrast: 99" "$(v4l2-ctl -d "$1" --get-ctrl=contrast)"
	[ "$(ctl --list-ctrls | grep -c 'flags=.*read-only')" -gt 20 ]
}

usage() {
	local status=0
	"$daemon" --no-sandbox --socket-path=/tmp/x.sock "$@" >/tmp/usage 2>&1 || status=$?
	cat /tmp/usage
	[ $status = 2 ] && [ "$(wc -l </tmp/usage)" = 1 ]
}

# encode NODE: vicodec's packets, beside v4l2-ctl's.
encode() {
	local formats=(--set-fmt-video-out=width=640,height=480,pixelformat=YU12
		--set-fmt-video=width=640,height=480,pixelformat=FWHT)
	head -c $((10 * 640 * 480 * 3 / 2)) /dev/urandom >/tmp/in
	v4l2-ctl -d "$1" "${formats[@]}" --stream-mmap --stream-out-mmap --stream-from=/tmp/in --stream-to=/tmp/native
	ctl "${formats[@]}" --stream-out-mmap --stream-mmap --stream-from=/tmp/in --stream-to=/tmp/proxied --silent
	ls -l /tmp/native /tmp/proxied
	[ -s /tmp/native ]
	cmp /tmp/native /tmp/proxied
}

# report NODE: nothing but the node comes through the opener's socket. The rest of the report needs what this kernel lacks.
report() {
	TMPDIR=/tmp "$daemon" --sandbox-report proxy "--device=$1" 2>&1 | sed -n "/^Tries: the opener's socket/,/^$/p" >/tmp/report
	cat /tmp/report
	[ "$(grep -c '^passed ' /tmp/report)" = 8 ]
	[ "$(grep -c 'the node came, and no more$' /tmp/report)" = 2 ]
}

# held NODE: descriptors of the daemon's processes, KiB of their memory, and descriptors of the node that all processes have.
held() {
	local pid fds=0 kib=0 nodes
	for pid in $(pgrep -f "^$daemon "); do
		fds=$((fds + $(find "/proc/$pid/fd" -type l | wc -l)))
		kib=$((kib + $(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")))
	done
	nodes=$(find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | wc -l)
	echo "$fds $kib $nodes"
}

# opens NODE COUNT: opens and closes, while another session streams. The first hundreds bring what the daemon keeps.
opens() {
	local fds kib nodes fds_after kib_after nodes_after
	still "$1"
	v4l2-ctl -d "$1" --set-parm=10
	"$opens" "$socket" 500
	await no_session "$1"
	read -r fds kib nodes < <(held "$1")
	"$opens" "$socket" "$2"
	await no_session "$1"
	read -r fds_after kib_after nodes_after < <(held "$1")
	echo "before: $fds descriptors, $kib KiB, $nodes of the node; after: $fds_after, $kib_after KiB, $nodes_after"
	[ "$fds" = "$fds_after" ] && [ "$nodes" = 0 ] && [ "$nodes_after" = 0 ]
	# A leak of 16 bytes for each is twice that.
	[ $((kib_after - kib)) -le $(($2 / 128)) ]
}

no_session() {
	[ "$(held "$1" | cut -d ' ' -f 3)" = 0 ]
}

# half_by_half FILE: the second half when /tmp/both says so: a guest that reads this does not end before the other has begun.
half_by_half() {
	local half=$(($(stat -c %s "$1") / 2))
	head -c $half "$1"
	await test -e /tmp/both
	tail -c "+$((half + 1))" "$1"
}

both_open() {
	[ "$(find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | wc -l)" -ge 2 ]
}

# two_guests NODE FROM FORMATS...: what v4l2-ctl makes of /tmp/in.1 and /tmp/in.2, two guests make of them at the same time, of
# which each has a daemon of its own. FROM: the option that reads them.
two_guests() {
	local node=$1 from=$2 i memory=(--stream-out-mmap --stream-mmap) guests=()
	shift 2
	daemons=()
	trap 'kill "${daemons[@]}"; wait "${daemons[@]}"; rm -f /tmp/fifo.* /tmp/both' EXIT
	for i in 1 2; do
		v4l2-ctl -d "$node" "$@" --stream-out-mmap --stream-mmap "$from=/tmp/in.$i" "--stream-to=/tmp/native.$i"
		[ -s "/tmp/native.$i" ]
		"$daemon" --no-sandbox "--socket-path=/tmp/guest.$i" proxy "--device=$node" 2>>"$log" &
		daemons+=($!)
		await test -S "/tmp/guest.$i"
	done
	for i in 1 2; do
		mkfifo "/tmp/fifo.$i"
		half_by_half "/tmp/in.$i" >"/tmp/fifo.$i" &
		timeout 60 "$ctl" "--device=/tmp/guest.$i" "$@" "${memory[@]}" "$from=/tmp/fifo.$i" --silent \
			"--stream-to=/tmp/proxied.$i" &
		guests+=($!)
		memory=(--stream-out-user --stream-user)
	done
	await both_open "$node"
	touch /tmp/both
	wait "${guests[0]}"
	wait "${guests[1]}"
	ls -l /tmp/native.[12] /tmp/proxied.[12]
	cmp /tmp/native.1 /tmp/proxied.1
	cmp /tmp/native.2 /tmp/proxied.2
}

encode_twice() {
	head -c $((30 * 640 * 480 * 3 / 2)) /dev/urandom >/tmp/in.1
	yes vmedia | head -c $((30 * 640 * 480 * 3 / 2)) >/tmp/in.2
	two_guests "$1" --stream-from --set-fmt-video-out=width=640,height=480,pixelformat=YU12 \
		--set-fmt-video=width=640,height=480,pixelformat=FWHT
}

# decode_twice ENCODER DECODER
decode_twice() {
	local i raw=width=640,height=480,pixelformat=YU12 coded=width=640,height=480,pixelformat=FWHT
	for i in 1 2; do
		head -c $((30 * 640 * 480 * 3 / 2)) /dev/urandom >/tmp/raw
		v4l2-ctl -d "$1" --set-fmt-video-out=$raw --set-fmt-video=$coded --stream-out-mmap --stream-mmap \
			--stream-from=/tmp/raw "--stream-to-hdr=/tmp/in.$i"
	done
	two_guests "$2" --stream-from-hdr --set-fmt-video-out=$coded --set-fmt-video=$raw
}

capture=$(node vivid-000-vid-cap) mplane=$(node vivid-002-vid-cap) encoder=$(node stateful-encoder)
output=$(node vivid-000-vid-out) m2m=$(node vim2m)
log=/tmp/none.log
: >$log
run_case "no such node" usage proxy --device=/dev/video99
run_case "no V4L2 node" usage proxy --device=/dev/null
run_case "no node given" usage proxy

serve "$capture"
run_case "vivid: card" compare_info "$capture"
run_case "vivid: formats" compare_formats "$capture"
run_case "vivid: format" compare_format "$capture"
run_case "vivid: controls" compare_controls "$capture"
run_case "vivid: rates" rates "$capture"
sed 's/^/  /' /tmp/out
run_case "vivid: set a control" set_control "$capture" brightness 77
run_case "vivid: event of a control" wait_for_event "$capture"
run_case "vivid: 50 frames, region 0" stream "$capture" --stream-mmap none
run_case "vivid: 50 frames, shared pages" stream "$capture" --stream-user none
run_case "vivid: 50 frames, scattered pages" stream "$capture" "--stream-user --scattered" none
: >"$log"
run_case "vivid: the guest dies" die_streaming "$capture"
run_case "vivid: unplugged while it streams" unplug "$capture"
stop

serve "$capture"
run_case "vivid: 720p without copies" no_copies "$capture" 1280 720 12.5
sed 's/^/  /' /tmp/out
run_case "vivid: 1080p without copies" no_copies "$capture" 1920 1080 5
sed 's/^/  /' /tmp/out
stop

# Every type of queue wakes. VBI is that of a TV input.
serve "$(node vivid-000-meta-cap)"
run_case "queue of metadata" queue 13
stop
serve "$(node vivid-000-meta-out)"
run_case "queue of metadata, output" queue 14
stop
serve "$(node vivid-000-touch-cap)"
run_case "queue of a touch node" queue 1
stop
serve "$(node vivid-000-sdr-cap)"
run_case "queue of SDR" queue 11
stop
serve "$(node vivid-000-vbi-out)"
run_case "queue of VBI, output" queue 5
run_case "queue of sliced VBI, output" queue 7
stop
vbi=$(node vivid-000-vbi-cap)
v4l2-ctl -d "$vbi" --set-input=1 >/dev/null
serve "$vbi"
run_case "queue of VBI" queue 4
run_case "queue of sliced VBI" queue 6
stop
v4l2-ctl -d "$vbi" --set-input=0 >/dev/null
radio=$(node vivid-000-rad-rx)
serve "$radio"
run_case "radio: event of a control" wait_for_event "$radio" mute 2
stop

serve "$capture" --allow-formats=YUYV --max-size=640x400 --controls=read,brightness
run_case "vivid: a policy" policy "$capture"
stop

serve "$output"
run_case "queue of video, output" queue 2
run_case "vivid output: formats" compare_formats "$output" -out
stop

serve "$m2m"
run_case "vim2m: formats" compare_formats "$m2m"
run_case "vim2m: 20 frames, region 0" convert "$m2m" --stream-out-mmap --stream-mmap
run_case "vim2m: 20 frames, shared pages" convert "$m2m" --stream-out-user --stream-user
stop

serve "$mplane"
run_case "vivid, multi-planar: formats" compare_formats "$mplane"
run_case "vivid, multi-planar: 50 frames, region 0" stream "$mplane" --stream-mmap none
run_case "vivid, multi-planar: 50 frames, pages" stream "$mplane" --stream-user none
stop

serve "$encoder"
run_case "vicodec: packets of its encoder" encode "$encoder"
stop
run_case "vicodec: two guests encode at once" encode_twice "$encoder"
run_case "vicodec: two guests decode at once" decode_twice "$encoder" "$(node stateful-decoder)"

run_case "vivid: another program has it" in_use "$capture"
run_case "vivid: a link that leads elsewhere" replug "$capture" "$mplane"

options=--restore
serve "$capture"
run_case "vivid: controls as before" restore "$capture"
stop
options=

# This kernel has neither namespaces nor filters, but the node is opened by the process that is there for that.
sandbox=
serve "$capture"
run_case "opener: 50 frames, region 0" stream "$capture" --stream-mmap none
stop
serve "$capture"
run_case "opener: 10000 opens beside a stream" opens "$capture" 10000
sed 's/^/  /' /tmp/out | tail -n 2
stop
run_case "opener: what else comes from it" report "$capture"

for any in /dev/video* /dev/vbi* /dev/radio* /dev/swradio* /dev/v4l-touch*; do
	# Two devices of vivid are as two others are.
	[[ $(</sys/class/video4linux/"${any#/dev/}"/name) != vivid-00[13]-* ]] || continue
	serve "$any"
	run_case "caps of ${any#/dev/}, $(</sys/class/video4linux/"${any#/dev/}"/name)" compare_caps "$any"
	stop
done

# Each node beside one that is like it, by some calls each (mirror.sh).
mirror_all 500
