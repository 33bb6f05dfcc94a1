#!/bin/sh
# Checks that the shared library exports the symbols of the list with their versions, all of them and nothing else, has
# the name that hosts ask the loader for, and needs nothing but libc, libm and libgcc_s to load, of the version GLIBC or
# an older one.
#   exports.sh LIBRARY LIST SONAME GLIBC
set -eu
library=$1 list=$2 soname=$3 oldest=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "exports: $*" >&2
  exit 1
}

names=$(sed -n 's/^ *\(inst_[a-z0-9_]*\);$/\1/p' "$list")
version=$(sed -n 's/^\([A-Z0-9_]*\) {$/\1/p' "$list")
case $(uname -s) in
Darwin)
  echo "$names" | sort > "$work/expected"
  nm -gU "$library" | sed -n 's/.* _//p' | sort > "$work/exported"
  otool -D "$library" | grep "/$soname\$" >/dev/null || fail "expected the name $soname"
  ;;
*)
  { echo "$names" | sed "s/\$/@@$version/"; echo "$version"; } | sort > "$work/expected"
  nm -D --defined-only "$library" | sed 's/.* //' | sort > "$work/exported"
  readelf -d "$library" > "$work/dynamic"
  grep -F "Library soname: [$soname]" "$work/dynamic" >/dev/null || fail "expected the SONAME $soname, got: $(grep SONAME "$work/dynamic")"
  # Code with text relocations cannot be shared by processes; some systems refuse a library with an executable stack.
  grep -E '\(TEXTREL\)' "$work/dynamic" && fail "expected no relocations in its text"
  readelf -lW "$library" | grep -E 'GNU_STACK.* RWE ' && fail "expected a stack that is not executed"
  # On older systems libpthread, libdl and librt are files of their own.
  sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" > "$work/needed"
  grep -vE '^(libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.[0-9]+$|^ld-linux' "$work/needed" &&
    fail "expected a library that needs libc, libm and libgcc_s to load, got one that needs the above"
  grep '^libc\.so' "$work/needed" >/dev/null || fail "expected it to need libc"
  # All glibc versions that it needs, also those of weak symbols: older loaders refuse these too.
  readelf -VW "$library" | sed -n 's/.*Name: GLIBC_\([0-9.]*\) .*/\1/p' | sort -uV > "$work/glibc"
  [ -s "$work/glibc" ] || fail "expected versions of glibc that it needs, got none"
  newest=$(tail -n 1 "$work/glibc")
  [ "$(printf '%s\n' "$newest" "$oldest" | sort -V | tail -n 1)" = "$oldest" ] ||
    fail "expected to need glibc $oldest, got $newest: $(objdump -T "$library" | grep -F "(GLIBC_$newest)" | awk '{ print $NF }' | tr '\n' ' ')"
  ldd "$library" > "$work/loaded"
  grep -vE '(libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.[0-9]+ |ld-linux|linux-vdso' "$work/loaded" &&
    fail "expected nothing else to be loaded, got the above"
  ;;
esac
[ "$(wc -l < "$work/expected")" -gt 50 ] || fail "expected a list of more than 50 symbols"
diff -u "$work/expected" "$work/exported" || fail "expected the symbols of $list, got the difference above"
echo "exports: $(echo "$names" | wc -l | tr -d ' ') passed, 0 failed"
