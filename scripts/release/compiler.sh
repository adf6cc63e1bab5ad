#!/bin/bash
# The C compiler and linker of one platform: `task release` calls it under the name PLATFORM-cc (copies in native/target/cross/bin).
# Cargo's crates name the target in their own words (`--target=`), which the compilers here do not know.
set -eu
cross=$(cd "$(dirname "$0")/.." && pwd)
export ZIG_GLOBAL_CACHE_DIR="$cross/zig-cache" ZIG_LOCAL_CACHE_DIR="$cross/zig-cache"
zig=("$cross/zig/zig" cc)
clang=(clang-19 -Wno-unused-command-line-argument)
mac=("${clang[@]}" -isysroot "$cross/macos" -idirafter "$cross/macos/more" -fuse-ld=lld)
arguments=()
# The oldest glibc that serves. zig does not know it together with -E, with which the `cc` crate finds out whose compiler this is.
glibc=.2.28
for argument in "$@"; do
  case $argument in
    -E)
      glibc=
      arguments+=(-E)
      ;;
    --target=* | -mmacosx-version-min=*) ;;
    # zig has a static unwinder under this name, so that no libgcc is needed where ultra runs.
    -lgcc_s | -lgcc_eh) arguments+=(-lunwind) ;;
    # zig's own, and always on.
    -Wl,--no-undefined-version | -lgcc) [[ $0 == *linux* ]] || arguments+=("$argument") ;;
    *) arguments+=("$argument") ;;
  esac
done
case ${0##*/} in
  linux-x64-cc) exec "${zig[@]}" -target x86_64-linux-gnu$glibc "${arguments[@]}" ;;
  linux-arm64-cc) exec "${zig[@]}" -target aarch64-linux-gnu$glibc "${arguments[@]}" ;;
  launcher-linux-x64-cc) exec "${zig[@]}" -target x86_64-linux-musl "${arguments[@]}" ;;
  launcher-linux-arm64-cc) exec "${zig[@]}" -target aarch64-linux-musl "${arguments[@]}" ;;
  macos-arm64-cc) exec "${mac[@]}" --target=arm64-apple-macos12 "${arguments[@]}" ;;
  macos-x64-cc) exec "${mac[@]}" --target=x86_64-apple-macos12 "${arguments[@]}" ;;
  windows-x64-cc) exec "${clang[@]}" --target=x86_64-w64-mingw32 "${arguments[@]}" ;;
  *)
    echo "$0: no platform's name" >&2
    exit 1
    ;;
esac
