# SPDX-License-Identifier: BSD-3-Clause
# Real clients encode: what they get is decoded, counted and measured, beside what libavcodec makes of the same pictures with the
# same settings. To be sourced by cases.
# shellcheck shell=bash
frames=250 rate=400000
pictures="testsrc2=size=320x240:rate=25,noise=c0s=12:c0f=t:c1s=12:c1f=t:c2s=12:c2f=t:all_seed=7"

ff() {
	ffmpeg -nostdin -y -hide_banner -loglevel error "$@"
}

# reference CODEC OUT: what libavcodec makes, set up as the device sets it up.
reference() {
	local options
	case $1 in
	h264)
		options="-c:v libx264 -preset veryfast -x264-params"
		options+=" rc-lookahead=0:mbtree=0:b-adapt=0:scenecut=0:sync-lookahead=0:force-cfr=1"
		;;
	hevc)
		options="-c:v libx265 -preset ultrafast -tune zerolatency -x265-params"
		options+=" log-level=none:frame-threads=1:pools=none:wpp=0:ctu=32:scenecut=0:open-gop=0:b-adapt=0:b-pyramid=0"
		;;
	vp8) options="-c:v libvpx -deadline realtime -cpu-used -6 -auto-alt-ref 0 -lag-in-frames 0 -qmin 0 -qmax 63" ;;
	vp9)
		options="-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 0 -auto-alt-ref 0 -lag-in-frames 0"
		options+=" -qmin 0 -qmax 63 -minrate $rate -maxrate $rate -bufsize $((2 * rate))"
		;;
	esac
	# shellcheck disable=SC2086 # options
	ff -f lavfi -i "$pictures" -frames:v $frames -pix_fmt yuv420p $options -threads 1 -bf 0 -g 50 -b:v $rate "$2"
}

# psnr FILE: of all its frames beside the pictures. FFmpeg 7 would convert the pictures to the colours that a stream names.
psnr() {
	local plain=setparams=range=unknown:color_primaries=unknown:color_trc=unknown:colorspace=unknown
	ffmpeg -nostdin -hide_banner -i "$1" -f lavfi -i "$pictures,format=yuv420p" -frames:v $frames \
		-lavfi "[0:v]settb=1/25,setpts=N,${plain}[a];[1:v]settb=1/25,setpts=N,${plain}[b];[a][b]psnr" -f null - 2>&1 |
		sed -n 's/.*average:\([0-9.]*\).*/\1/p'
}

# packets FILE: a line a packet, size and flags.
packets() {
	ffprobe -loglevel error -show_entries packet=size,flags -of csv=p=0 "$1"
}

# measure CODEC FILE: the number of frames, the rate, the quality.
measure() {
	local count bits db want
	count=$(ffprobe -loglevel error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$2")
	bits=$(packets "$2" | awk -F, -v n=$frames '{ s += $1 } END { printf "%d", s * 8 * 25 / n }')
	if [ ! -s "/tmp/reference.$1" ]; then
		reference "$1" "/tmp/made.${2##*.}" && psnr "/tmp/made.${2##*.}" >"/tmp/reference.$1"
	fi
	db=$(psnr "$2") want=$(cat "/tmp/reference.$1")
	echo "$count frames, $bits bits a second, $db dB; libavcodec $want dB"
	[ "$count" = $frames ] && awk -v b="$bits" -v r=$rate -v d="$db" -v w="$want" \
		'BEGIN { exit !(b >= 0.9 * r && b <= 1.1 * r && d >= w - 0.1 && d > 20) }'
}

# encode_ffmpeg CODEC SUFFIX
encode_ffmpeg() {
	local out=/tmp/ffmpeg.$2
	timeout -k 2 $((100 * GUEST_SLOW)) ffmpeg -nostdin -y -hide_banner -loglevel verbose -f lavfi -i "$pictures" \
		-frames:v $frames -pix_fmt yuv420p -c:v "$1_v4l2m2m" -b:v $rate -g 50 "$out" 2>&1 |
		grep -a -E -i 'v4l2m2m|error|fail'
	measure "$1" "$out"
}

# key_ffmpeg CODEC SUFFIX: key frames where they are forced: at the times of frames 20, 45 and 71.
key_ffmpeg() {
	local out=/tmp/key.$2 keys
	timeout -k 2 $((100 * GUEST_SLOW)) ffmpeg -nostdin -y -hide_banner -loglevel error -f lavfi -i "$pictures" \
		-frames:v 100 -pix_fmt yuv420p -c:v "$1_v4l2m2m" -b:v $rate -g 200 -force_key_frames 0.8,1.8,2.84 "$out"
	keys=$(packets "$out" | grep -n ',K' | cut -d: -f1 | paste -sd ' ')
	echo "key frames: $keys"
	[ "$keys" = "1 21 46 72" ]
}

# encode_gstreamer CODEC
encode_gstreamer() {
	local name=${1/hevc/h265} out=/tmp/gst.mkv element after='' controls
	[ -e /tmp/gst.elements ] || gst-inspect-1.0 video4linux2 >/tmp/gst.elements 2>/dev/null
	element=$(grep -o -E "v4l2(video[0-9]+)?${name}enc" /tmp/gst.elements | head -n 1)
	controls=controls,video_bitrate=$rate,video_gop_size=50
	case $1 in
	h264) after="! video/x-h264,level=(string)4 ! h264parse" ;;
	hevc) after="! video/x-h265,level=(string)4 ! h265parse" ;;
	esac
	# shellcheck disable=SC2086 # words
	ff -f lavfi -i "$pictures" -frames:v $frames -pix_fmt yuv420p -f rawvideo - |
		timeout -k 2 $((100 * GUEST_SLOW)) gst-launch-1.0 -q fdsrc ! \
		rawvideoparse format=i420 width=320 height=240 framerate=25/1 ! \
		"$element" extra-controls="$controls" $after ! matroskamux ! \
		filesink location=$out 2>&1 | tail -n 5
	echo "$element"
	measure "$1" $out
}
