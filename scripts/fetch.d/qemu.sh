# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   qemu              a QEMU that has shared-memory regions for vhost-user devices; prints a program to run

file=qemu
what="QEMU from trixie-backports"

# QEMU 11.1 came with SHMEM; the backports of Debian 13 have it, and its own C library comes with it: so it runs on 12 too.
make_qemu() {
	private_apt "$1/apt" trixie trixie-backports
	run_apt "$1/apt" --download-only -t trixie-backports install qemu-system-x86 seabios ||
		vm_die "could not download QEMU from trixie-backports"
	local deb
	mkdir "$1/root"
	for deb in "$1"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$1/root"
	done
	cat >"$1/qemu" <<'RUN'
#!/bin/sh
# Runs the unpacked QEMU with the C library that came with it.
root=$(cd "$(dirname "$0")" && pwd)/root
libs=$root/usr/lib/x86_64-linux-gnu
export QEMU_MODULE_DIR="$libs/qemu"
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libs" "$root/usr/bin/qemu-system-x86_64" \
	-L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
RUN
	chmod +x "$1/qemu"
	"$1/qemu" --version >/dev/null || vm_die "the unpacked QEMU does not start"
}
