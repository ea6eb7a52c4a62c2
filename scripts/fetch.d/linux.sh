# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   linux SUITE       a Debian suite's kernel, its modules, headers and compiler; prints the image, beside which "modules" are
#:                     what a guest loads, in the order of "modules/order", and "build" builds a folder's module

file=vmlinuz
what="the kernel of $argument"

takes() {
	[ -n "$1" ]
}

# What a guest needs to reach its root and to have V4L2; a name that is no file is built into the kernel.
guest_modules() {
	echo virtio_pci virtio_dma_buf 9p 9pnet_virtio overlay videodev videobuf2-v4l2 videobuf2-memops vivid
}

# make_linux FOLDER SUITE: a folder that can be chrooted into, with that suite's own compiler and headers.
make_linux() {
	local suites=("$2") root=$1/root deb version name
	[ "${2%-backports}" = "$2" ] || suites=("${2%-backports}" "$2")
	private_apt "$1/apt" "${suites[@]}"
	run_apt "$1/apt" --download-only -t "$2" install linux-image-amd64 linux-headers-amd64 make base-files bash binutils \
		coreutils dash sed grep mawk findutils diffutils || vm_die "could not download the kernel of $2"
	mkdir "$root"
	for deb in "$1"/apt/cache/archives/*.deb; do
		case ${deb##*/} in
		systemd* | libsystemd-shared* | udev* | dracut* | initramfs* | lib?san* | libhwasan*) continue ;;
		esac
		dpkg-deb -x "$deb" "$root"
	done
	# What maintainer scripts would have made.
	for name in bin sbin lib lib64; do
		[ -L "$root/$name" ] && continue
		mkdir -p "$root/usr/$name"
		[ ! -d "$root/$name" ] || { cp -a "$root/$name/." "$root/usr/$name/" && rm -r "${root:?}/$name"; }
		ln -s "usr/$name" "$root/$name"
	done
	ln -sf mawk "$root/usr/bin/awk"
	mkdir -p "$root"/{proc,dev,tmp,module}
	version=$(basename "$root"/usr/src/linux-headers-*-amd64)
	version=${version#linux-headers-}
	[ -d "$root/lib/modules/$version" ] || vm_die "$2 has headers for $version, but no modules"
	# Where the image is: the first since Debian 1, the second from 7.x on.
	mv "$root"/boot/vmlinuz-* "$1/vmlinuz" 2>/dev/null || mv "$root/lib/modules/$version/vmlinuz" "$1/vmlinuz" ||
		vm_die "the kernel of $2 has no image"
	collect_modules "$1" "$version"
	cat >"$1/build" <<RUN
#!/bin/sh
# build FOLDER: compiles the kernel module in FOLDER/linux for $version, with that release's own compiler.
set -e
root=\$(cd "\$(dirname "\$0")" && pwd)/root
export root work="\${1:?usage: build FOLDER}"
how="-m"
[ "\$(id -u)" = 0 ] || how="-m -r"
# shellcheck disable=SC2086,SC2016 # options; the inner shell's variables
exec unshare \$how sh -ec 'mount --rbind /dev "\$root/dev"; mount --rbind /proc "\$root/proc"
	mount --bind "\$work" "\$root/module"
	exec chroot "\$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LC_ALL=C PAHOLE=/bin/true \\
		make -s -j2 -C /usr/src/linux-headers-$version M=/module/linux CONFIG_VIRTIO_MEDIA=m \\
		CONFIG_DEBUG_INFO_BTF_MODULES= modules'
RUN
	chmod +x "$1/build"
	echo "$version" >"$1/version"
}

# collect_modules FOLDER VERSION: the guest's modules, unpacked, flat, and the order of loading; nothing else of the kernel stays.
collect_modules() {
	local root=$1/root file base
	mkdir "$1/modules"
	find "$root/lib/modules/$2" -name '*.ko.xz' -exec xz -d {} +
	depmod -b "$root/usr" "$2" || depmod -b "$root" "$2"
	# shellcheck disable=SC2046 # a name a word
	for base in $(guest_modules); do
		modprobe -d "$root" -S "$2" -q --show-depends "$base" || true
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$1/list"
	while read -r file; do
		base=${file##*/}
		cp "$file" "$1/modules/$base"
		echo "$base" >>"$1/modules/order"
	done <"$1/list"
	rm -rf "$1/list" "$root/lib/modules/$2"
	grep -q '^videodev.ko$' "$1/modules/order" || vm_die "this kernel's modules lack videodev"
}

more_recipe() {
	declare -f collect_modules guest_modules
}
