# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Cases of the USB camera (tests/uvc), in the host: by itself, and through a daemon that proxies it. To be sourced by host.

camera="vmedia test camera: vmedia test"
frames=$LAB_BUILD/tests/uvc/uvc-frames
ctl=$LAB_BUILD/tools/ctl/vmedia-ctl
by_id=/dev/v4l/by-id/usb-vmedia_vmedia_test_camera_4711-video-index0

order() {
	echo "$1" >/tmp/orders
}

# What udev does: the link by the camera's serial number leads to its first node, while there is one.
link() {
	local path
	mkdir -p "${by_id%/*}"
	if path=$(node "$camera"); then
		ln -sfn "../../${path##*/}" "$by_id"
	else
		rm -f "$by_id"
	fi
}

no_node() {
	! node "$camera"
}

plug() {
	order plug
	await 30 node "$camera"
	link
}

unplug() {
	order unplug
	await 30 no_node
	link
}

# right FORMAT WIDTH HEIGHT FILE: 20 frames, none broken, in order.
right() {
	case $1 in
	MJPG) "$frames" mjpg "$4" >/tmp/frames ;;
	YUYV) "$frames" yuyv "$4" "$2" "$3" >/tmp/frames ;;
	esac
	cat /tmp/frames
	grep -q '^20 frames' /tmp/frames
}

# stream FORMAT WIDTH HEIGHT: 20 frames from the node.
stream() {
	rm -f /tmp/stream
	timeout 120 v4l2-ctl -d "$(node "$camera")" --set-fmt-video="pixelformat=$1,width=$2,height=$3" --set-parm=15 \
		--stream-mmap --stream-count=20 --stream-to=/tmp/stream
	right "$1" "$2" "$3" /tmp/stream
}

lists() {
	v4l2-ctl -d "$(node "$camera")" --list-formats-ext | tee /tmp/formats
	grep -q "'MJPG'" /tmp/formats
	grep -q "'YUYV'" /tmp/formats
	[ "$(grep -c 'Size: Discrete' /tmp/formats)" = 8 ]
	v4l2-ctl -d "$(node "$camera")" --info | grep 'Card type *: vmedia test camera'
}

# Ranges are the camera's, and what is set is there after the file was closed.
controls() {
	local path
	path=$(node "$camera")
	v4l2-ctl -d "$path" --list-ctrls | tee /tmp/ctrls
	grep -q 'brightness.*min=-64 max=64 step=1 default=0 value=0' /tmp/ctrls
	grep -q 'contrast.*min=0 max=64 step=1 default=32' /tmp/ctrls
	grep -q 'gain.*min=0 max=100' /tmp/ctrls
	v4l2-ctl -d "$path" --set-ctrl=brightness=-20,auto_exposure=1
	v4l2-ctl -d "$path" --set-ctrl=exposure_time_absolute=300
	v4l2-ctl -d "$path" --get-ctrl=brightness,exposure_time_absolute | tee /tmp/ctrls
	grep -q 'brightness: -20' /tmp/ctrls
	grep -q 'exposure_time_absolute: 300' /tmp/ctrls
	v4l2-ctl -d "$path" --set-ctrl=brightness=0
}

more_than() {
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

# A program that streams ends, with ENODEV or as its stream is off; and the next one finds the camera again.
unplugged() {
	local status=0
	rm -f /tmp/endless
	v4l2-ctl -d "$(node "$camera")" --set-fmt-video=pixelformat=YUYV,width=160,height=120
	timeout 120 v4l2-ctl -d "$(node "$camera")" --stream-mmap --stream-count=0 --stream-to=/tmp/endless >/tmp/said 2>&1 &
	await 60 more_than /tmp/endless 100000
	unplug
	wait $! || status=$?
	echo "v4l2-ctl ended with $status"
	tr '\r' '\n' </tmp/said | tail -n 3
	[ $status != 124 ]
	plug
	stream YUYV 160 120
}

# ---- The same through a daemon ----

serve() {
	"$LAB_BUILD/daemon/vhost-user-media" --log-level=info --socket-path=/run/uvc.sock proxy "--device=$by_id" \
		>/tmp/proxy-uvc.log 2>&1 &
	server=$!
	await 60 test -S /run/uvc.sock
}

# stream_proxied FORMAT WIDTH HEIGHT: 20 frames, as stream.
stream_proxied() {
	rm -f /tmp/stream
	timeout 120 "$ctl" --device=/run/uvc.sock --set-fmt-video="pixelformat=$1,width=$2,height=$3" --set-parm=15 --stream-mmap \
		--stream-count=20 --stream-to=/tmp/stream
	right "$1" "$2" "$3" /tmp/stream
}

proxied_controls() {
	"$ctl" --device=/run/uvc.sock --list-ctrls | tee /tmp/ctrls
	grep -q 'brightness.*min=-64 max=64 step=1 default=0' /tmp/ctrls
	"$ctl" --device=/run/uvc.sock --set-ctrl=brightness=33
	v4l2-ctl -d "$(node "$camera")" --get-ctrl=brightness | grep 'brightness: 33'
}

# The guest's program ends, the daemon lives, and the next open is served by the camera that came back.
proxied_unplugged() {
	local status=0 guest
	rm -f /tmp/endless
	timeout 120 "$ctl" --device=/run/uvc.sock --set-fmt-video=pixelformat=YUYV,width=160,height=120 --stream-mmap \
		--stream-count=0 --stream-to=/tmp/endless >/tmp/said 2>&1 &
	guest=$!
	await 60 more_than /tmp/endless 100000
	unplug
	wait $guest || status=$?
	echo "the guest's program ended with $status"
	tr '\r' '\n' </tmp/said | tail -n 3
	[ $status != 0 ] && [ $status != 124 ]
	kill -0 "$server"
	plug
	stream_proxied YUYV 160 120
}

# The sandbox of the daemon and of its opener, with all that this kernel has. As root, and as a user of the node's group.
report() {
	local status=0
	"$@" "$LAB_BUILD/daemon/vhost-user-media" --sandbox-report proxy "--device=$by_id" >/tmp/report 2>&1 || status=$?
	grep -v '^passed' /tmp/report | tail -n 20
	[ $status = 0 ] && grep -q "^Tries in the opener: kernel" /tmp/report
	[ "$(grep -c 'the node came, and no more$' /tmp/report)" = 2 ]
}

link
run_case uvc-lists lists
run_case uvc-mjpg stream MJPG 640 480
run_case uvc-yuyv stream YUYV 320 240
run_case uvc-controls controls
run_case uvc-unplugged unplugged
serve
run_case uvc-proxied-mjpg stream_proxied MJPG 640 480
run_case uvc-proxied-yuyv stream_proxied YUYV 320 240
run_case uvc-proxied-controls proxied_controls
run_case uvc-proxied-unplugged proxied_unplugged
run_case uvc-sandbox-report report
chgrp video "$(node "$camera")"
chmod 660 "$(node "$camera")"
run_case uvc-sandbox-report-user report setpriv --reuid=1000 --regid=video --clear-groups
kill "$server"
wait "$server"
