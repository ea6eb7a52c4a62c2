# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   streams           videos out of other packages, and vpxenc, for the table of coded streams; prints their folder

file=streams
what="coded streams from four packages"

# DVD and VCD menus (MPEG-2, MPEG-1), clips of teachers (MPEG-4, VP9, Theora), H.264 of which one is 4:4:4.
make_streams() {
	private_apt "$1/apt" "$(codename)"
	unpack "$1/apt" devede k3b-data python3-mecavideo python3-imageio vpx-tools
	mkdir "$1/streams"
	find "$1/apt/root/usr" -type f -size +0 \( -name '*.mpg' -o -name '*.mp4' -o -name '*.avi' -o -name '*.ogv' \) \
		-exec mv -n -t "$1/streams" {} +
	mv "$1/apt/root/usr/bin/vpxenc" "$1/vpxenc"
}
