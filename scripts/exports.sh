#!/bin/sh
# The shared library exports the functions of instanton.h, all of them and nothing else, and needs nothing but libc, libm
# and libgcc_s to load.
#   exports.sh LIBRARY
set -eu
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $(uname -s) in
Darwin) nm -gU "$library" | sed -n 's/.* _//p' ;;
*) nm -D --defined-only "$library" | sed -n 's/.* [TDBRW] //p' ;;
esac | sort -u > "$work/exported"
grep -v '^ \*' include/instanton.h | grep -o 'inst_[a-z0-9_]*(' | tr -d '(' | sort -u > "$work/declared"
test -s "$work/declared"
if ! diff -u "$work/declared" "$work/exported"; then
  echo "exports: expected exactly the functions of include/instanton.h, got the difference above" >&2
  exit 1
fi
case $(uname -s) in
Darwin) ;; # its frameworks are part of the system
*)
  # On older systems the last three are files of their own.
  readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' > "$work/needed"
  if grep -vE '^(libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.[0-9]+$|^ld-linux' "$work/needed"; then
    echo "exports: expected a library that needs libc, libm and libgcc_s to load, got one that needs the above" >&2
    exit 1
  fi
  grep -q '^libc\.so' "$work/needed"
  ;;
esac
echo "exports: $(wc -l < "$work/declared" | tr -d ' ') passed, 0 failed"
