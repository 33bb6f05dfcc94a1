#!/usr/bin/env bash
# Runs the Fortran package manager; Debian has none, so it is what PyPI holds, in build/fpm.
#   fpm.sh ARGUMENTS
set -euo pipefail
place="$(cd "$(dirname "$0")/.." && pwd)/build/fpm"
version=0.12.0
if [ ! -x "$place-$version/fpm/fpm" ]; then
  # Whole, or not there.
  rm -rf "$place-$version" "$place.new"
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m pip install --quiet --root-user-action ignore --disable-pip-version-check --only-binary :all: --no-deps --target "$place.new" "fpm==$version" >&2
  mv "$place.new" "$place-$version"
fi
exec "$place-$version/fpm/fpm" "$@"
