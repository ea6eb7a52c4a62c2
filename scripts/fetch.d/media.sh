# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   media             videos and pictures out of other packages, for the table of media files; prints their folder

file=media
what="media files from three packages"

# Of a phone, a photo camera, several converters and a screencast; no two of one name.
make_media() {
	local found
	private_apt "$1/apt" "$(codename)"
	unpack "$1/apt" forensics-samples-files libsdl2-image-tests gnome-user-docs
	mkdir "$1/media"
	find "$1/apt/root/usr/share/forensics-samples/original-files" "$1/apt/root/usr/libexec/installed-tests/SDL2_image" \
		"$1/apt/root/usr/share/help/C" -type f -size +0 \( -iname '*.mp4' -o -iname '*.avi' -o -iname '*.mpeg' -o \
		-iname '*.ogg' -o -iname '*.webm' -o -iname '*.jpg' -o -iname '*.png' -o -iname '*.ppm' -o -iname '*.bmp' -o \
		-iname '*.gif' -o -iname '*.avif' -o -iname '*.jxl' -o -iname '*.pcx' -o -iname '*.pnm' -o -iname '*.qoi' -o \
		-iname '*.tga' -o -iname '*.tif' -o -iname '*.webp' -o -iname '*.xpm' -o -iname '*.ico' \) |
		while read -r found; do
			mv -n "$found" "$1/media/"
		done
}
