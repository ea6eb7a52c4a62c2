# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   clients           ffmpeg 7.1 and GStreamer 1.26; prints ffmpeg, gst-launch-1.0 and gst-inspect-1.0 are beside it

file=ffmpeg
what="ffmpeg and GStreamer from trixie"

# Each program runs with the C library, and GStreamer with the plugins, that came with it.
make_clients() {
	local deb program
	private_apt "$1/apt" trixie
	run_apt "$1/apt" --download-only -t trixie install ffmpeg gstreamer1.0-tools gstreamer1.0-plugins-base \
		gstreamer1.0-plugins-good gstreamer1.0-plugins-bad || vm_die "could not download the clients from trixie"
	mkdir "$1/root"
	for deb in "$1"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$1/root"
	done
	for program in ffmpeg gst-launch-1.0 gst-inspect-1.0; do
		cat >"$1/$program" <<'RUN'
#!/bin/sh
root=$(cd "$(dirname "$0")" && pwd)/root
lib=$root/usr/lib/x86_64-linux-gnu
export GST_PLUGIN_SYSTEM_PATH_1_0="$lib/gstreamer-1.0" GST_REGISTRY_FORK=no
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib:$lib/pulseaudio:$lib/blas:$lib/lapack" \
	"$root/usr/bin/${0##*/}" "$@"
RUN
		chmod +x "$1/$program"
	done
	for program in "ffmpeg -version" "gst-launch-1.0 --version"; do
		# shellcheck disable=SC2086 # words
		"$1"/$program >/dev/null || vm_die "the unpacked $program does not start"
	done
}
