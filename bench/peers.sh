#!/usr/bin/env bash
# Installs the tools that ultra is compared with (Debian and its kin, as root). The benchmark skips what is not there.
set -euo pipefail

packages=(openssh-client openssh-server)

# Installing openssh-server starts the machine's own sshd. Nobody asked for that; the benchmark starts a private one.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
apt-get update
apt-get install -y --no-install-recommends "${packages[@]}"
