#!/usr/bin/env bash
# Installs the tools that ultra is compared with (Debian and its kin, as root): packages from Debian, the rest into a folder of its own, outside the
# repository, where bench/peers/tools.ts looks for it. Needs cargo and go for what Debian does not have. The benchmark skips what is not there.
#
#     bench/peers.sh              # everything
#     bench/peers.sh debian qcp   # only these parts: debian, qcp, sendme, croc, rclone, wormhole
set -euo pipefail

prefix=${ULTRA_BENCH_PEERS:-${XDG_DATA_HOME:-$HOME/.local/share}/ultra-bench}
# What the committed results were made with.
qcp=0.9.1
sendme=0.37.1
croc=v10.7.0 # v11 needs a newer Go than this is tested with
rclone=v1.76.0
wormhole=0.24.0
mailbox=0.8.0
relay=0.5.0

debian() {
  # Installing openssh-server or nginx starts the machine's own. Nobody asked for that; the benchmark starts private ones.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  apt-get update
  apt-get install -y --no-install-recommends \
    openssh-client openssh-server rsync tar curl nginx-light iperf3 iproute2 python3-venv
}

crate() { # NAME VERSION FLAGS...
  # A target folder that stays, so that an installation that was interrupted goes on where it was.
  CARGO_TARGET_DIR="$prefix/build/$1" cargo install --locked --root "$prefix" --version "$2" "${@:3}" "$1"
  rm -rf "$prefix/build/$1"
}

qcp() { crate qcp "$qcp"; }
sendme() { crate sendme "$sendme" --no-default-features; } # without the clipboard
croc() { GOBIN="$prefix/bin" go install "github.com/schollz/croc/v10@$croc"; }
rclone() { GOBIN="$prefix/bin" go install "github.com/rclone/rclone@$rclone"; }
wormhole() {
  python3 -m venv "$prefix/wormhole"
  "$prefix/wormhole/bin/pip" install --quiet \
    "magic-wormhole==$wormhole" "magic-wormhole-mailbox-server==$mailbox" "magic-wormhole-transit-relay==$relay"
}

mkdir -p "$prefix/bin"
[ $# -gt 0 ] || set -- debian qcp sendme croc rclone wormhole
for part in "$@"; do
  case $part in
  debian | qcp | sendme | croc | rclone | wormhole) "$part" ;;
  *) echo "there is no part $part" >&2 && exit 2 ;;
  esac
done
