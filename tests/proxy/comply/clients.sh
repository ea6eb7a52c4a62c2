# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Cases of ffmpeg and GStreamer on the node that the guest driver made of a proxied device. To be sourced by host.

# run_case NAME COMMAND...: its status is the verdict; what it printed is shown where it fails.
run_case() {
	local name=$1 begin=$SECONDS status
	shift
	# Not as a condition, where a shell goes on after what fails.
	(set -e; "$@") >/tmp/out 2>&1
	status=$?
	if [ $status = 0 ]; then
		echo "case: pass $name ($((SECONDS - begin)) s)"
	else
		echo "case: fail $name ($((SECONDS - begin)) s)"
		tr '\r' '\n' </tmp/out | tail -n 20 | sed 's/^/    /'
	fi
}

# ffmpeg_20 NODE FORMAT SIZE FILE: 20 frames as they come.
ffmpeg_20() {
	timeout 120 ffmpeg -v warning -nostdin -y -f v4l2 -input_format "$2" -video_size "$3" -i "$1" -frames:v 20 -c:v copy \
		-f "$([ "$2" = mjpeg ] && echo mjpeg || echo rawvideo)" "$4"
}

# gstreamer_20 NODE CAPS FILE
gstreamer_20() {
	timeout 120 gst-launch-1.0 -q v4l2src device="$1" num-buffers=20 ! "$2" ! filesink location="$3"
}

# vivid's picture, without the text on it, is one and the same. GUEST NODE WIDTH HEIGHT
still_20() {
	local size=$(($3 * $4 * 2))
	v4l2-ctl -d "$2" --set-ctrl=osd_text_mode=2
	ffmpeg_20 "$2" yuyv422 "${3}x$4" /tmp/native
	ffmpeg_20 "$1" yuyv422 "${3}x$4" /tmp/proxied
	[ "$(stat -c %s /tmp/native)" = $((20 * size)) ]
	cmp /tmp/native /tmp/proxied
	gstreamer_20 "$1" "video/x-raw,format=YUY2,width=$3,height=$4" /tmp/proxied
	cmp /tmp/native /tmp/proxied
}

# The camera numbers its frames. GUEST
numbered_20() {
	ffmpeg_20 "$1" yuyv422 320x240 /tmp/stream
	right YUYV 320 240 /tmp/stream
	ffmpeg_20 "$1" mjpeg 640x480 /tmp/stream
	right MJPG 640 480 /tmp/stream
	gstreamer_20 "$1" image/jpeg,width=640,height=480 /tmp/stream
	right MJPG 640 480 /tmp/stream
}

# clients NAME GUEST NODE
clients() {
	case $1 in
	vid-cap) run_case vid-cap-clients still_20 "$2" "$3" 640 360 ;;
	uvc) run_case uvc-clients numbered_20 "$2" ;;
	esac
}
