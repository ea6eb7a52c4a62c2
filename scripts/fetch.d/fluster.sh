# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   fluster           fluster, which runs decoders over test vectors, from trixie-backports; prints the program

file=fluster
what="fluster from trixie-backports"

# It needs nothing but Python. Bookworm's own knows fewer decoders.
make_fluster() {
	private_apt "$1/apt" trixie trixie-backports
	unpack "$1/apt" fluster/trixie-backports
	mv "$1/apt/root" "$1/root"
	cat >"$1/fluster" <<'RUN'
#!/bin/sh
root=$(cd "$(dirname "$0")" && pwd)/root
PYTHONPATH=$root/usr/lib/python3/dist-packages exec python3 "$root/usr/bin/fluster" "$@"
RUN
	chmod +x "$1/fluster"
	"$1/fluster" --help >/dev/null || vm_die "the unpacked fluster does not start"
}
