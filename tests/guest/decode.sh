# SPDX-License-Identifier: BSD-3-Clause
# Real clients decode coded streams: each frame must be, byte for byte, libavcodec's. To be sourced by cases.
# A stream is a line of list.tsv (list-streams says what is in it).
# shellcheck shell=bash

# by_ffmpeg STREAMS LIST FILE CODEC FORMAT: compares each frame.
by_ffmpeg() {
	local out=/tmp/ffmpeg.frames
	rm -f $out*
	timeout -k 2 $((60 * GUEST_SLOW)) ffmpeg -nostdin -y -loglevel verbose -c:v "$4_v4l2m2m" -i "$1/$3" -map 0:v:0 \
		-fps_mode passthrough -pix_fmt "${5/yuvj/yuv}" -f framemd5 $out.txt 2>/tmp/ffmpeg.log
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

# gst_parser PATH CODEC: the elements before the decoder. A container is known by its first bytes; names differ.
gst_parser() {
	local demuxer=''
	case $(head -c 4 "$1" | od -A n -t x1) in
	' 44 4b 49 46') demuxer='ivfparse ! ' ;;
	' 1a 45 df a3') demuxer='matroskademux ! ' ;;
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

# by_gstreamer STREAMS LIST FILE CODEC FORMAT FRAMES MD5 [ELEMENT...]: compares the MD5 of all frames. ELEMENT is between the
# parser and the decoder.
by_gstreamer() {
	local said helper=()
	[ $# -lt 8 ] || helper=('!' "${@:8}")
	# shellcheck disable=SC2046 # words
	said=$(timeout -k 2 $((60 * GUEST_SLOW)) gst-launch-1.0 -m \
		filesrc location="$1/$3" ! $(gst_parser "$1/$3" "$4") "${helper[@]}" ! \
		"$(gst_decoder "$4")" ! video/x-raw ! videoconvert dither=none ! "video/x-raw,format=$(gst_format "$5")" ! \
		videocodectestsink 2>&1)
	grep -a -E 'ERROR|WARN|checksum' <<<"$said" | tail -n 20
	[[ $said == *"checksum=(string)$7,"* ]] || [[ $said == *"checksum=(string)$7;"* ]]
}

# gst_colours PATH CODEC: the colorimetry of the stream, where GStreamer's decoder does not take it; nothing where it does. The
# element lists one for each colour space that TRY_FMT accepts (gst_v4l2_object_add_colorspace()); streams can have others.
gst_colours() {
	local said colours known
	# shellcheck disable=SC2046 # words
	said=$(GST_DEBUG=GST_CAPS:2,v4l2videodec:5 GST_DEBUG_NO_COLOR=1 timeout -k 2 $((60 * GUEST_SLOW)) gst-launch-1.0 -q \
		filesrc location="$1" ! $(gst_parser "$1" "$2") ! identity eos-after=2 ! "$(gst_decoder "$2")" ! fakesink 2>&1)
	colours=$(sed -n 's/.*sink> caps .*colorimetry=(string)\([0-9:a-z]*\).* not accepted.*/\1/p' <<<"$said" | head -n 1)
	known=$(sed -n 's/.*Returning sink caps .*colorimetry=(string){\([^}]*\)}.*/\1,/p' <<<"$said" | tail -n 1)
	[[ -z $colours || ${known// /,} == *",$colours,"* ]] || echo "$colours"
}

# What the clients themselves cannot do: each of the next two prints the reason, or nothing. CODEC FORMAT SIZES PATH
ffmpeg_cannot() {
	[ -e /tmp/ffmpeg.decoders ] || ffmpeg -hide_banner -decoders >/tmp/ffmpeg.decoders 2>/dev/null
	grep -q " $1_v4l2m2m " /tmp/ffmpeg.decoders || echo "FFmpeg has no $1_v4l2m2m"
	case $2 in
	yuv420p | yuvj420p | yuv422p | gray) ;;
	*) echo "FFmpeg's v4l2_fmt.c has no V4L2 format for $2" ;;
	esac
	# The one needs no more than `-vf copy' to go on; then the other loses pictures.
	[ "$3" = 1 ] || echo "when the size changes, FFmpeg's v4l2_dequeue_v4l2buf() drops pictures that are ready, and" \
		"ff_v4l2_m2m_codec_reinit() waits for those that its own thread holds"
}

gstreamer_cannot() {
	local version colours
	version=$(gst-inspect-1.0 --version | sed -n 's/^GStreamer //p')
	[ -n "$(gst_decoder "$1")" ] || echo "GStreamer $version makes no V4L2 decoder of $1"
	case $2 in
	yuv420p10le) [[ $version != 1.2[0-2].* ]] || echo "GStreamer $version has no P010 of V4L2" ;;
	*) gst_format "$2" >/dev/null || echo "videocodectestsink cannot take $2" ;;
	esac
	case $1 in
	h264 | hevc)
		# Looked for once, as it takes its time.
		[ -e "/tmp/gst.${4##*/}" ] || gst_colours "$4" "$1" >"/tmp/gst.${4##*/}"
		colours=$(cat "/tmp/gst.${4##*/}")
		[ -z "$colours" ] || echo "GStreamer's V4L2 decoders do not list the colorimetry $colours"
		;;
	esac
}

# some_streams LIST REGEX: a list of the streams whose name fits, in /tmp/list.
some_streams() {
	mkdir -p /tmp/list
	ln -sfn "$1/frames" /tmp/list/frames
	fits=$2 awk -F'\t' '$1 ~ ENVIRON["fits"]' "$1/list.tsv" >/tmp/list/list.tsv
}

# decode_all STREAMS LIST: two cases a stream, or three: with what makes up for something that a client cannot do.
decode_all() {
	local file codec format frames sizes md5 why name stream
	while IFS=$'\t' read -r file codec format frames sizes md5; do
		name=${file//\//-}
		stream=("$1" "$2" "$file" "$codec" "$format" "$frames" "$md5")
		[ "$codec" != none ] || { skip_case "decode-$name" "libavcodec finds no frame in it" && continue; }
		why=$(ffmpeg_cannot "$codec" "$format" "$sizes" "$1/$file" | head -n 1)
		if [ -n "$why" ]; then
			skip_case "ffmpeg-$name" "$why"
		else
			run_case "ffmpeg-$name" by_ffmpeg "${stream[@]}"
		fi
		why=$(gstreamer_cannot "$codec" "$format" "$sizes" "$1/$file" | head -n 1)
		if [ -n "$why" ]; then
			skip_case "gstreamer-$name" "$why"
			[[ $why != *colorimetry* ]] || run_case "capssetter-$name" by_gstreamer "${stream[@]}" \
				capssetter "caps=video/x-${codec/hevc/h265},colorimetry=bt601"
		else
			run_case "gstreamer-$name" by_gstreamer "${stream[@]}"
		fi
	done <"$2/list.tsv"
}
