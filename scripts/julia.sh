#!/usr/bin/env bash
# Runs Julia. That of Debian 11 (1.5.3) ends in a segmentation fault when it unwinds its stack with the libunwind of
# Debian 12: there it runs with the libunwind of Debian 11, which is unpacked into build/.
set -euo pipefail
cd "$(dirname "$0")/.."
library=build/julia

# In a shell of its own, so that the shell's report of a segmentation fault is redirected too.
unwinds() {
  bash -c "julia --startup-file=no -e '$probe'; exit \$?" > /dev/null 2>&1
}
probe='f(n) = n > 0 ? f(n - 1) + 1 : error(); try f(99) catch; stacktrace(catch_backtrace()) end'

command -v julia > /dev/null || { echo "julia: expected Julia, got none: scripts/prerequisites.sh installs it" >&2; exit 1; }
if ! unwinds; then
  if [ ! -d "$library" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get download libunwind8/bullseye > /dev/null && dpkg-deb -x libunwind8_*.deb unpacked)
    mkdir -p "$library"
    cp "$work"/unpacked/usr/lib/*/libunwind.so.8* "$library/"
  fi
  export LD_LIBRARY_PATH="$PWD/$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  unwinds || { echo "julia: expected one that can unwind its stack, got $(julia --version)" >&2; exit 1; }
fi
exec julia --startup-file=no "$@"
