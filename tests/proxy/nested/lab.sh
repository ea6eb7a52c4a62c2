# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the host and the guest of this lab share. To be sourced by both.

# One line of a table of nodes: NAME, the option of v4l2-compliance, the node's name in sysfs.
lab_nodes() {
	cat <<'NODES'
vid-cap -d vivid-000-vid-cap
vid-out -d vivid-000-vid-out
vbi-cap -V vivid-000-vbi-cap
vbi-out -V vivid-000-vbi-out
sdr-cap -S vivid-000-sdr-cap
rad-rx -r vivid-000-rad-rx
rad-tx -r vivid-000-rad-tx
meta-cap -d vivid-000-meta-cap
meta-out -d vivid-000-meta-out
touch-cap -t vivid-000-touch-cap
encoder -d stateful-encoder
decoder -d stateful-decoder
vim2m -d vim2m
uvc -d vmedia test camera: vmedia test
NODES
}

# lab_mounts: what process 1 needs before anything else; FOLDER, in vmedia.dir= of the command line, is then /mnt/dir.
lab_mounts() {
	local word
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/shm
	ln -s /proc/self/fd /dev/fd
	mount -t tmpfs shm /dev/shm
	mount -t tmpfs mnt /mnt
	mkdir /mnt/dir
	# shellcheck disable=SC2013 # words are what is wanted
	for word in $(cat /proc/cmdline); do
		case $word in
		vmedia.dir=-) mount -t 9p dir /mnt/dir -o trans=virtio,version=9p2000.L,msize=262144 ;;
		vmedia.dir=*) mount -t hostfs dir /mnt/dir -o "${word#*=}" ;;
		esac
	done
	mount -t tmpfs tmp /tmp
	mount -t tmpfs run /run
	cd /tmp || exit
}

# comply FILE OPTION NODE: v4l2-compliance with streams; what it said is in FILE, which gets its name when it is whole.
comply() {
	timeout "${LAB_PATIENCE:-600}" "$LAB_UTILS/v4l2-compliance" "$2" "$3" -s >"$1.new" 2>&1
	echo "status $?" >>"$1.new"
	mv "$1.new" "$1"
}
