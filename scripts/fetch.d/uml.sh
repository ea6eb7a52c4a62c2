# SPDX-License-Identifier: BSD-3-Clause
# A recipe of scripts/fetch. What is set here is read there, and the other way round.
# shellcheck shell=bash disable=SC2034,SC2154
#:   uml plain|debug|travel  a User-mode Linux kernel with V4L2, built from linux-source-6.1 (minutes); prints the program,
#:                     beside which "tree" is what modules are built against

file=linux
what="a UML kernel ($argument), to be built: some minutes,"

takes() {
	[ "$1" = plain ] || [ "$1" = debug ] || [ "$1" = travel ]
}

# The version of linux-source-6.1 that this machine's apt offers; nothing where it knows none.
source_version() {
	apt-cache policy linux-source-6.1 2>/dev/null | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'
}

# make_uml FOLDER KIND: compiles in FOLDER/tree, then throws away what no module needs.
make_uml() {
	local tree=$1/tree option version missing=0 configs=("$vm_top/tests/guest/uml.config")
	[ "$2" = plain ] || configs+=("$vm_top/tests/guest/uml-$2.config")
	version=$(source_version)
	if [ -n "$version" ]; then
		(mkdir "$1/apt" && cd "$1/apt" && apt-get -q download "linux-source-6.1=$version" >log 2>&1) || {
			cat "$1/apt/log"
			vm_die "could not download linux-source-6.1"
		}
		dpkg-deb -x "$1"/apt/linux-source-6.1_*.deb "$1/apt/root"
	else
		private_apt "$1/apt" bookworm
		unpack "$1/apt" linux-source-6.1
	fi
	mkdir "$tree"
	tar xf "$1/apt/root/usr/src/linux-source-6.1.tar.xz" -C "$tree" --strip-components=1 \
		--exclude='*/Documentation/*' --exclude='*/drivers/gpu/drm/amd/include/asic_reg' ||
		vm_die "the source does not unpack"
	rm -rf "$1/apt"
	patch -s -p1 -d "$tree" <"$vm_top/tests/guest/uml-xstate.patch" || vm_die "uml-xstate.patch does not fit this source"
	# Kconfig reads this one file of the documentation. DEBUG_ATOMIC_SLEEP only wants a count that UML's threads do have.
	mkdir -p "$tree/Documentation"
	: >"$tree/Documentation/Kconfig"
	sed -i '/^config DEBUG_ATOMIC_SLEEP/,/^config DEBUG_L/{/ARCH_NO_PREEMPT/d}' "$tree/lib/Kconfig.debug"
	sed '/^#/d' "${configs[@]}" >"$1/config"
	run_make "$1" KCONFIG_ALLCONFIG="$1/config" allnoconfig
	while read -r option; do
		grep -qxF "$option" "$tree/.config" && continue
		vm_say "the kernel's configuration dropped $option: what it depends on is off, see tests/guest/uml.config"
		missing=1
	done <"$1/config"
	[ $missing = 0 ] || exit 1
	run_make "$1" -j2 linux modules
	strip --strip-debug -o "$1/linux" "$tree/linux"
	(cd "$tree" && rm -rf vmlinux* linux drivers net fs sound kernel mm lib crypto block security samples virt io_uring \
		ipc init certs usr tools Documentation && find . -name '*.o' ! -path './scripts/*' -delete)
	"$1/linux" --version >/dev/null || vm_die "the kernel that was built does not start"
}

run_make() {
	local dir=$1
	shift
	make -C "$dir/tree" -s ARCH=um "$@" >"$dir/log" 2>&1 || {
		tail -n 30 "$dir/log" | sed 's/^/  /'
		vm_die "building the UML kernel failed at: make $*"
	}
}

more_recipe() {
	declare -f run_make
	source_version
	gcc --version | head -n 1
	cat "$vm_top/tests/guest/uml.config" "$vm_top/tests/guest/uml-xstate.patch"
	[ "$1" = plain ] || cat "$vm_top/tests/guest/uml-$1.config"
}
