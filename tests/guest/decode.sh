# SPDX-License-Identifier: BSD-3-Clause
# Real clients decode coded streams: each frame must be, byte for byte, libavcodec's. To be sourced by cases.
# A stream is a line of list.tsv (list-streams says what is in it).
# shellcheck shell=bash

# by_ffmpeg STREAMS LIST FILE CODEC FORMAT: compares each frame.
by_ffmpeg() {
	local out=/tmp/ffmpeg.frames
	rm -f $out*
	timeout -k 2 $((60 * GUEST_SLOW)) ffmpeg -nostdin -y -loglevel verbose -c:v "$4_v4l2m2m" -i "$1/$3" -map 0:v:0 \
		-fps_mode passthrough -autoscale 0 -pix_fmt "${5/yuvj/yuv}" -f framemd5 $out.txt 2>/tmp/ffmpeg.log
	grep -a -E -i 'device|error|fail|driver' /tmp/ffmpeg.log | tail -n 20
	sed -n 's/^[^#].*, *//p' $out.txt >$out
	diff "$2/frames/$3" $out >$out.diff && return 0
	echo "$(wc -l <$out) frames, $(wc -l <"$2/frames/$3") expected; the first that differ:"
	head -n 6 $out.diff
	return 1
}

# GStreamer's name of a pixel format.
gst_format() {
	case $1 in
	yuv420p | yuvj420p) echo I420 ;;
	yuv422p) echo Y42B ;;
	yuv444p) echo Y444 ;;
	yuv420p10le) echo I420_10LE ;;
	gray) echo GRAY8 ;;
	*) return 1 ;;
	esac
}

# gst_parser FILE CODEC: the elements before the decoder.
gst_parser() {
	local demuxer=''
	case $1 in
	*.ivf) demuxer='ivfparse ! ' ;;
	*.webm | *.mkv) demuxer='matroskademux ! ' ;;
	esac
	case $2 in
	h264 | h263 | av1 | vp9) echo "$demuxer$2parse" ;;
	hevc) echo "${demuxer}h265parse" ;;
	vp8) echo "${demuxer}identity" ;;
	mpeg1 | mpeg2) echo "${demuxer}mpegvideoparse" ;;
	mpeg4) echo "${demuxer}mpeg4videoparse" ;;
	esac
}

# gst_decoder CODEC: the element that GStreamer made for the device; nothing where it makes none.
gst_decoder() {
	local name=${1/hevc/h265}
	[ -e /tmp/gst.elements ] || gst-inspect-1.0 video4linux2 >/tmp/gst.elements 2>/dev/null
	grep -o -E "v4l2($(basename "$GUEST_VIDEO"))?${name}dec" /tmp/gst.elements | head -n 1
}

# by_gstreamer STREAMS LIST FILE CODEC FORMAT FRAMES MD5: compares the MD5 of all frames.
by_gstreamer() {
	local said
	# shellcheck disable=SC2046 # words
	said=$(timeout -k 2 $((60 * GUEST_SLOW)) gst-launch-1.0 -m filesrc location="$1/$3" ! $(gst_parser "$3" "$4") ! \
		"$(gst_decoder "$4")" ! video/x-raw ! videoconvert dither=none ! "video/x-raw,format=$(gst_format "$5")" ! \
		videocodectestsink 2>&1)
	grep -a -E 'ERROR|WARN|checksum' <<<"$said" | tail -n 20
	[[ $said == *"checksum=(string)$7,"* ]] || [[ $said == *"checksum=(string)$7;"* ]]
}

# What the clients themselves cannot do: each of the next two prints the reason, or nothing. CODEC FORMAT SIZES
ffmpeg_cannot() {
	[ -e /tmp/ffmpeg.decoders ] || ffmpeg -hide_banner -decoders >/tmp/ffmpeg.decoders 2>/dev/null
	grep -q " $1_v4l2m2m " /tmp/ffmpeg.decoders || echo "FFmpeg has no $1_v4l2m2m"
	case $2 in
	yuv420p | yuvj420p | yuv422p | gray) ;;
	*) echo "FFmpeg's v4l2_fmt.c has no V4L2 format for $2" ;;
	esac
	[ "$3" = 1 ] || echo "when the size changes, ff_v4l2_m2m_codec_reinit() waits for frames that its own thread holds"
}

gstreamer_cannot() {
	local version
	version=$(gst-inspect-1.0 --version | sed -n 's/^GStreamer //p')
	[ -n "$(gst_decoder "$1")" ] || echo "GStreamer $version makes no V4L2 decoder of $1"
	case $2 in
	yuv420p10le) [[ $version != 1.2[0-2].* ]] || echo "GStreamer $version has no P010 of V4L2" ;;
	*) gst_format "$2" >/dev/null || echo "videocodectestsink cannot take $2" ;;
	esac
}

# decode_all STREAMS LIST: two cases a stream.
decode_all() {
	local file codec format frames sizes md5 why name
	while IFS=$'\t' read -r file codec format frames sizes md5; do
		name=${file//\//-}
		[ "$codec" != none ] || { skip_case "decode-$name" "libavcodec finds no frame in it" && continue; }
		why=$(ffmpeg_cannot "$codec" "$format" "$sizes" | head -n 1)
		if [ -n "$why" ]; then
			skip_case "ffmpeg-$name" "$why"
		else
			run_case "ffmpeg-$name" by_ffmpeg "$1" "$2" "$file" "$codec" "$format"
		fi
		why=$(gstreamer_cannot "$codec" "$format" | head -n 1)
		if [ -n "$why" ]; then
			skip_case "gstreamer-$name" "$why"
		else
			run_case "gstreamer-$name" by_gstreamer "$1" "$2" "$file" "$codec" "$format" "$frames" "$md5"
		fi
	done <"$2/list.tsv"
}
