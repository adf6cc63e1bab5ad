#!/usr/bin/env bash
# Installs what `deno task release` needs besides what `deno task build` needs: a Debian 12 on x86-64, as root (or with sudo).
# A gigabyte on disk; a second run finds it all there. `deno task release` names what is missing, and this script.
set -euo pipefail
cd "$(dirname "$0")/.."

# rustup brings the standard library of each system; without it, a Rust of Debian's with the sources of its own, which is built for them.
targets=(
  x86_64-unknown-linux-musl aarch64-unknown-linux-gnu aarch64-unknown-linux-musl
  aarch64-apple-darwin x86_64-apple-darwin x86_64-pc-windows-gnu
)
if command -v rustup >/dev/null && (cd native && rustup target add "${targets[@]}"); then
  rust=()
else
  rust=(rustc-web cargo-web rust-web-src)
fi

packages=(
  "${rust[@]}"
  # C for macOS and Windows, and macOS's linker.
  clang-19 lld-19 llvm
  # Windows's headers, C library and linker.
  gcc-mingw-w64-x86-64-posix
  # Runs what was built for arm64 (`deno task test:platforms`), with the C library that it finds there.
  qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross libstdc++6-arm64-cross
  # Runs what was built for Windows, likewise.
  wine wine64
  # Brings zig from PyPI.
  python3 python3-pip unzip
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

# zig: a C compiler for any glibc and for musl, and macOS's headers with the list of its system library.
cross=native/target/cross
zig=0.15.2
sum=806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130
if ! [ -x "$cross/zig-$zig/ziglang/zig" ]; then
  rm -rf "$cross/new"
  mkdir -p "$cross/new/wheel"
  python3 -m pip download --quiet --no-deps --only-binary :all: --platform manylinux_2_12_x86_64 --dest "$cross/new/wheel" "ziglang==$zig"
  wheel=("$cross"/new/wheel/ziglang-*.whl)
  echo "$sum  ${wheel[0]}" | sha256sum --check --quiet || {
    echo "error: ${wheel[0]} is not the zig $zig that this script names" >&2
    exit 1
  }
  unzip -q "${wheel[0]}" -d "$cross/new"
  chmod +x "$cross/new/ziglang/zig"
  rm -r "$cross/new/wheel"
  mv "$cross/new" "$cross/zig-$zig"
fi
ln -sfn "zig-$zig/ziglang" "$cross/zig"
echo "ready: deno task release linux-x64 linux-arm64 macos-arm64 macos-x64 windows-x64"
