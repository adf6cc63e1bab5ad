#!/bin/sh
# Installs ultra on Linux and macOS: downloads the executable for this system, checks its SHA-256 sum, and places it.
#
#   sh install.sh
#
# ULTRA_RELEASES      the address of a folder with the executables and SHA256SUMS
# ULTRA_INSTALL_DIR   where it goes; otherwise /usr/local/bin if this user may write there, else ~/.local/bin
#
# Exit codes: 0 installed, 1 download or check failed, 2 this system or these settings will not do, 4 the folder cannot be written.
# Nothing is replaced before the new file is complete and checked.

set -eu
umask 022

# The one place where the address of the releases stands; `task release` puts it there.
RELEASES='@RELEASES@'

fail() {
  code=$1
  shift
  printf 'install.sh: %s\n' "$*" >&2
  exit "$code"
}

# The name of this system, as the names of the executables have it.
platform() {
  system=$(uname -s)
  machine=$(uname -m)
  case $system in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail 2 "there is no ultra for $system; it runs on Linux, macOS and Windows (there: install.ps1)" ;;
  esac
  case $machine in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail 2 "there is no ultra for $machine processors; it runs on x86-64 and arm64" ;;
  esac
  printf '%s-%s\n' "$os" "$cpu"
}

# download URL FILE
download() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --connect-timeout 60 --output "$2" "$1" >&2
  elif command -v wget >/dev/null 2>&1; then
    # (Short options: busybox has no others.)
    wget -q -T 60 -O "$2" "$1" >&2
  else
    fail 2 "curl or wget is needed to download; install one of them"
  fi
}

# The SHA-256 sum of a file, as 64 digits.
sum_of() {
  if command -v sha256sum >/dev/null 2>&1; then
    sum=$(sha256sum "$1")
  elif command -v shasum >/dev/null 2>&1; then
    sum=$(shasum -a 256 "$1")
  else
    fail 2 "sha256sum or shasum is needed to check what was downloaded; install one of them"
  fi
  printf '%s\n' "${sum%% *}"
}

main() {
  releases=${ULTRA_RELEASES:-$RELEASES}
  case $releases in
    @* | '') fail 2 "this copy of install.sh has no address of releases; set ULTRA_RELEASES" ;;
  esac
  releases=${releases%/}
  name=ultra-$(platform)

  if [ -n "${ULTRA_INSTALL_DIR:-}" ]; then
    folder=$ULTRA_INSTALL_DIR
  elif [ -w /usr/local/bin ]; then
    folder=/usr/local/bin
  else
    folder=${HOME:?HOME is not set; set ULTRA_INSTALL_DIR}/.local/bin
  fi
  mkdir -p "$folder" 2>/dev/null || fail 4 "the folder $folder cannot be made; choose another one with ULTRA_INSTALL_DIR"
  # In the folder itself, so that the last step is a rename.
  new=$(mktemp -d "$folder/.ultra-install.XXXXXX" 2>/dev/null) ||
    fail 4 "the folder $folder cannot be written; choose another one with ULTRA_INSTALL_DIR"
  trap 'rm -rf "$new"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  download "$releases/SHA256SUMS" "$new/SHA256SUMS" || fail 1 "$releases/SHA256SUMS cannot be downloaded"
  wanted=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$new/SHA256SUMS")
  [ -n "$wanted" ] || fail 2 "$releases has no $name"
  download "$releases/$name" "$new/ultra" || fail 1 "$releases/$name cannot be downloaded whole"
  found=$(sum_of "$new/ultra")
  [ "$found" = "$wanted" ] || fail 1 "$name is not what SHA256SUMS says (sum $found, not $wanted): it was cut off or changed; nothing was installed"

  chmod 755 "$new/ultra"
  # A copy that runs keeps the file that it was started from.
  mv -f "$new/ultra" "$folder/ultra" || fail 4 "$folder/ultra cannot be replaced"
  printf 'installed %s\n' "$folder/ultra"
  case :$PATH: in
    *":$folder:"*) ;;
    *) printf '%s is not in PATH: add it, or start ultra as %s\n' "$folder" "$folder/ultra" ;;
  esac
}

# All of the script is read before anything runs, also from a pipe that breaks.
main
