# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   host              Debian's kernel with more drivers than `linux' has, for a guest that is a host of devices: uvcvideo, a
#:                     virtual USB controller, vicodec, vim2m; prints the image, beside which are "modules", as of `linux'

file=vmlinuz
what="a kernel with drivers of cameras and codecs"

make_host() {
	local linux version series name
	linux=$(dirname "$("$vm_top/scripts/fetch" linux bookworm-backports)") || vm_die "there is no kernel"
	version=$(cat "$linux/version")
	series=$(cut -d. -f1,2 <<<"$version")
	private_apt "$1/apt" bookworm bookworm-backports
	unpack "$1/apt" "linux-image-$version" "linux-source-$series"
	cp "$linux/vmlinuz" "$linux/version" "$1/"
	cp -r "$linux/modules" "$1/modules"
	depmod -b "$1/apt/root" "$version"
	host_modules "$1" "$version" uvcvideo vhci-hcd videobuf2-vmalloc
	test_drivers "$1" "$1/apt/root/usr/src/linux-source-$series.tar.xz"
	"$linux/build" "$1/drivers" || vm_die "vicodec and vim2m do not build for $version"
	for name in v4l2-mem2mem vicodec vim2m; do
		strip --strip-debug -o "$1/modules/$name.ko" "$1/drivers/linux/$name.ko"
		echo "$name.ko" >>"$1/modules/order"
	done
	rm -rf "$1/drivers"
}

# host_modules FOLDER VERSION NAME...: these and what they need, after those that are there.
host_modules() {
	local file base
	for base in "${@:3}"; do
		modprobe -d "$1/apt/root" -S "$2" -q --show-depends "$base" || vm_die "this kernel has no $base"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		base=$(basename "$file" .xz)
		[ ! -e "$1/modules/$base" ] || continue
		case $file in
		*.xz) xz -dc "$file" >"$1/modules/$base" ;;
		*) cp "$file" "$1/modules/$base" ;;
		esac
		echo "$base" >>"$1/modules/order"
	done
}

# test_drivers FOLDER SOURCE: the folder drivers/linux, which builds two of the kernel's test drivers and what they need.
test_drivers() {
	local top=drivers/media/test-drivers core=drivers/media/v4l2-core/v4l2-mem2mem.c
	mkdir -p "$1/drivers/linux" "$1/drivers/all"
	tar xf "$2" -C "$1/drivers/all" --strip-components=1 --wildcards "*/$top/vicodec/*" "*/$top/vim2m.c" "*/$core" ||
		vm_die "the kernel's source does not unpack"
	cp "$1/drivers/all/$top"/vicodec/*.[ch] "$1/drivers/all/$top/vim2m.c" "$1/drivers/all/$core" "$1/drivers/linux/"
	rm -rf "$1/drivers/all"
	cat >"$1/drivers/linux/Makefile" <<'MAKE'
obj-m := v4l2-mem2mem.o vim2m.o vicodec.o
vicodec-y := vicodec-core.o codec-fwht.o codec-v4l2-fwht.o
MAKE
}

more_recipe() {
	declare -f host_modules test_drivers
	"$vm_top/scripts/fetch" linux bookworm-backports
}
