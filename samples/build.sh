#!/usr/bin/env bash
# Builds samples/demo again: objects, dumps, call graphs and the image, into samples/demo/build.
# CC (gcc) must be GCC 12 for x86_64 to give the files that are checked in.
set -euo pipefail
export LC_ALL=C

read -ra cc <<<"${CC:-gcc}"
cd "$(dirname "${BASH_SOURCE[0]}")/demo"

# Everything a distribution's GCC may switch on by default is said, so that two GCC 12 agree.
# Paths are relative to here, so no path of this machine gets into a dump or an object.
flags=(
  -std=gnu11 -O2 -g0 -ffreestanding -fno-pie -fno-stack-protector -fno-stack-clash-protection
  -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing -U_FORTIFY_SOURCE
  -mgeneral-regs-only -mno-red-zone
  -pg -mfentry -mrecord-mcount
  -fdump-ipa-clones -fcallgraph-info -frecord-gcc-switches
  -Wall -Wextra -I./include
)

rm -rf build
objects=()
for source in arch/entry.S core/*.c fs/*.c init/*.c; do
  object=build/${source%.*}.o
  mkdir -p "$(dirname "$object")"
  case $source in
    *.S) "${cc[@]}" -g0 -c -o "$object" "$source" ;;
    *.c) "${cc[@]}" "${flags[@]}" -c -o "$object" "$source" ;;
  esac
  objects+=("$object")
done

"${cc[@]}" -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--emit-relocs -Wl,-T,arch/vmlinux.lds -o build/vmlinux "${objects[@]}"
