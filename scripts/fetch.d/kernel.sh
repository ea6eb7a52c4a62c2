# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   kernel            this Debian release's kernel, not installed; prints the image

file=vmlinuz
what="a Debian kernel"

make_kernel() {
	local package
	private_apt "$1/apt" "$(codename)"
	package=$(apt-cache -o Dir::Etc::sourcelist="$1/apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$1/apt/lists" -o Dir::State::status="$1/apt/status" -o Dir::Cache="$1/apt/cache" \
		depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
	[ -n "$package" ] || vm_die "linux-image-amd64 depends on no kernel in this release"
	unpack "$1/apt" "$package"
	mv "$1"/apt/root/boot/vmlinuz-* "$1/vmlinuz"
}
