#!/bin/sh
# Cargo's runner for Windows' test programs: `run.sh PROGRAM ARGUMENTS...` runs a copy under wine that takes ws2_3x.dll for the system's
# ws2_32.dll, whose name has as many letters. Tests of what wine lacks ask for ULTRA_UNDER_WINE (native/skipped.rs). ../wine.ts sets WINE and wine's own variables.
set -eu
program=$1
shift
copy=${program%.exe}-under-wine.exe
LC_ALL=C sed 's/ws2_32\.dll\x00/ws2_3x.dll\x00/gi' "$program" >"$copy"
export ULTRA_UNDER_WINE=1
exec "$WINE" "$copy" "$@"
