# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   v4l-utils         the newest v4l2-compliance and v4l2-ctl; prints v4l2-compliance, v4l2-ctl is beside it

file=v4l2-compliance
what="v4l-utils from forky"

# A new libc may not start on an old kernel; these do on every kernel that Debian 12 has.
make_v4l_utils() {
	local deb program
	private_apt "$1/apt" forky
	run_apt "$1/apt" --download-only -t forky install v4l-utils || vm_die "could not download v4l-utils from forky"
	mkdir "$1/root"
	for deb in "$1"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$deb" "$1/root"
	done
	for program in v4l2-compliance v4l2-ctl; do
		cat >"$1/$program" <<'RUN'
#!/bin/sh
# Runs the unpacked program with the C library that came with it.
root=$(cd "$(dirname "$0")" && pwd)/root
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/${0##*/}" "$@"
RUN
		chmod +x "$1/$program"
		"$1/$program" --version >/dev/null || vm_die "the unpacked $program does not start"
	done
}
