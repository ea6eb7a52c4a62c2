# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   video             a street camera's recording (vtest.avi of opencv-doc); prints the file

file=vtest.avi
what="a video from opencv-doc"

make_video() {
	local found
	private_apt "$1/apt" "$(codename)"
	unpack "$1/apt" opencv-doc
	found=$(find "$1/apt/root" -name 'vtest.avi*' -type f | head -n 1)
	case $found in
	*.gz) gzip -dc "$found" >"$1/vtest.avi" ;;
	*.xz) xz -dc "$found" >"$1/vtest.avi" ;;
	?*) mv "$found" "$1/vtest.avi" ;;
	*) vm_die "opencv-doc of this release holds no vtest.avi" ;;
	esac
}
