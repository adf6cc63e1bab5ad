/** The text of `dist/ultra`, and what ultra may do. @module */

/**
 * The environment that ultra reads. A variable that is not here cannot be read at all, so a test compares the list with the
 * sources.
 */
export const VARIABLES: readonly string[] = ["NO_COLOR", "TERM", "ULTRA_NATIVE_LIB", "ULTRA_TICKET"];

/**
 * What ultra may do besides calling the one library: read and write what the command line names (the ticket files; all other
 * file work is the library's), read its variables, and ask for the names and addresses that a ticket shows. No network, no
 * programs.
 */
export const PERMISSIONS: readonly string[] = [
  "--allow-read",
  "--allow-write",
  `--allow-env=${VARIABLES.join(",")}`,
  "--allow-sys=hostname,networkInterfaces",
];

/** A POSIX shell script that starts the Deno beside it, wherever and however it is called. */
export function launcher(library: string): string {
  return `#!/bin/sh
# Made by \`deno task build\`: runs ultra on the Deno beside it, with nothing allowed but what ultra uses.
set -eu

# Symbolic links to this script may stand anywhere.
self=$0
case $self in */*) ;; *) self=./$self ;; esac
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=\${self%/*}/$link ;;
  esac
done
lib=$(CDPATH='' cd -P "\${self%/*}/lib" && pwd -P)

# Nothing in the environment may change what this Deno does. (A program started here takes 3 ms, of the 100 that a small transfer takes.)
case $(set) in
  *DENO_*) for name in $(env | sed -n 's/^\\(DENO_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset "$name"; done ;;
esac
unset NODE_OPTIONS
export DENO_NO_UPDATE_CHECK=1
# (Deno keeps small caches of its own; they stay apart from those of a Deno that the user has.)
cache=\${XDG_CACHE_HOME:-\${HOME:+$HOME/.cache}}
if [ -n "$cache" ]; then export DENO_DIR="$cache/ultra/deno"; fi
export ULTRA_NATIVE_LIB="$lib/${library}"

# In a list of paths Deno reads ',,' as a comma.
allowed=$ULTRA_NATIVE_LIB
case $allowed in *,*) allowed=$(printf '%s' "$allowed" | sed 's/,/,,/g') ;; esac

exec "$lib/deno" run -q --no-config --no-lock --no-npm --no-remote --no-prompt --no-code-cache \\
  --allow-ffi="$allowed" \\
  ${PERMISSIONS.join(" \\\n  ")} \\
  "$lib/ultra.js" "$@"
`;
}
