#!/usr/bin/env bash
# Runs the Fortran package manager; Debian has no package of it, so it is installed from PyPI into build/fpm-VERSION.
#   fpm.sh ARGUMENTS
set -euo pipefail
place="$(cd "$(dirname "$0")/.." && pwd)/build/fpm"
version=0.12.0
if [ ! -x "$place-$version/fpm/fpm" ]; then
  # Installed under another name first, so that an interrupted run leaves no half of it.
  rm -rf "$place-$version" "$place.new"
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m pip install --quiet --root-user-action ignore --disable-pip-version-check --only-binary :all: --no-deps --target "$place.new" "fpm==$version" >&2
  mv "$place.new" "$place-$version"
fi
exec "$place-$version/fpm/fpm" "$@"
