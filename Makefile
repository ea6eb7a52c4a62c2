# SPDX-License-Identifier: BSD-3-Clause
# For people: each target installs what it lacks (scripts/setup), builds with Meson into build/, and runs.
# BUILD=DIR builds elsewhere; MESON_OPTIONS are given to `meson setup'.

BUILD ?= build
MESON_OPTIONS ?=
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all

.PHONY: help all demo test bench fuzz check-style sanitize sanitize-address sanitize-thread cross lab guest-test qemu-test \
	proxy-test media-test vectors guest-shell guest-vectors install clean

help:
	@echo 'make              build everything (make all)'
	@echo 'make demo         see a real video go through a virtual camera, in this terminal'
	@echo 'make test         build everything and run all tests'
	@echo 'make bench        measure, print a table, leave $(BUILD)/bench.json'
	@echo 'make fuzz         run each fuzz target for FUZZ_TIME seconds (60)'
	@echo 'make sanitize     the tests again under ASan+UBSan, then under TSan'
	@echo 'make cross        the protocol tests on big-endian and 32-bit machines'
	@echo 'make media-test   a table of media files: what ffmpeg gives for each, and what arrives'
	@echo 'make vectors      a table of coded streams, each picture beside libavcodec (VMEDIA_VECTORS=FOLDER: more of them)'
	@echo 'make lab          real guests: User-mode Linux and QEMU connect to the daemon'
	@echo 'make guest-test   the Linux driver in User-mode Linux, plain and with KASAN (CASES="camera frames": some)'
	@echo 'make qemu-test    the Linux driver in QEMU, with region 0, on three Debian kernels'
	@echo 'make proxy-test   the proxy of host devices: vivid, vicodec, vim2m and a USB camera, beside the nodes themselves'
	@echo 'make guest-vectors  ffmpeg, GStreamer, fluster in a guest, over coded streams in VMEDIA_VECTORS=FOLDER (GUEST=qemu)'
	@echo 'make guest-shell  a shell in a guest with /dev/video0 (GUEST=qemu: in QEMU; DEVICE="camera --source=file:PATH")'
	@echo 'make check-style  what a reviewer would otherwise have to say'
	@echo 'make install      install programs, library and headers (PREFIX=/usr/local, DESTDIR=)'
	@echo 'make clean        remove what was built'

all:
	@scripts/setup build
	@scripts/build $(BUILD) $(MESON_OPTIONS)

demo: all
	@scripts/demo $(BUILD)

test:
	@scripts/setup build test
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@scripts/run-tests $(BUILD)

bench: all
	@$(BUILD)/tools/bench/vmedia-bench --json=$(BUILD)/bench.json

fuzz:
	@scripts/setup build ci
	@scripts/fuzz

sanitize: sanitize-address sanitize-thread

sanitize-address:
	@scripts/setup build test
	@scripts/build $(BUILD)-asan -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false
	@scripts/run-tests $(BUILD)-asan

sanitize-thread:
	@scripts/setup build test
	@scripts/build $(BUILD)-tsan -Dtests=enabled -Db_sanitize=thread -Db_lundef=false
	@scripts/run-tests $(BUILD)-tsan

cross:
	@scripts/setup build test ci
	@scripts/cross-test

media-test:
	@scripts/setup build test guest
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@tests/camera/media $(BUILD)

# Streams of others are not in this tree. They may lie beside it.
VMEDIA_VECTORS ?= $(wildcard ../shared/vectors)
DAMAGE ?=
vectors:
	@scripts/setup build test guest
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@DAMAGE="$(DAMAGE)" VMEDIA_VECTORS="$(VMEDIA_VECTORS)" tests/decoder/vectors $(BUILD)

lab:
	@scripts/setup build test lab
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@scripts/run-tests $(BUILD) --suite lab

CASES ?=
guest-test qemu-test:
	@scripts/setup build test guest
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@tests/guest/run $(if $(filter guest-test,$@),uml,qemu) $(BUILD) $(CASES)

proxy-test:
	@scripts/setup build test guest
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@tests/proxy/run $(BUILD)

guest-vectors:
	@scripts/setup build test guest
	@scripts/build $(BUILD) -Dtests=enabled $(MESON_OPTIONS)
	@VMEDIA_VECTORS="$(VMEDIA_VECTORS)" tests/guest/vectors $(GUEST) $(BUILD)

GUEST ?= uml
DEVICE ?= camera --source=pattern
guest-shell: all
	@scripts/setup guest
	@VMEDIA_GUEST_DEVICE='$(DEVICE)' tests/guest/shell $(GUEST) $(BUILD)

check-style:
	@scripts/setup build ci
	@scripts/build $(BUILD) $(MESON_OPTIONS)
	@scripts/check-style $(BUILD)

PREFIX ?= /usr/local
install: all
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" != 0 ] || ldconfig

clean:
	rm -rf $(BUILD) $(BUILD)-*
