#!/bin/sh
# Puts what was built below DESTDIR and PREFIX, and notes it in a list by which uninstall.sh takes it away again.
#   install.sh BUILD        with PREFIX, LIBDIR, DESTDIR, VERSION, ABI, SHARED, SHARED_NAME, SHARED_FILE, STATIC_LIBRARIES
#
# LIBDIR is absolute, or below PREFIX. Where it is inside PREFIX, the tree may be moved.
set -eu
build=$1
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $PREFIX in /*) prefix=${PREFIX%/} ;; *) prefix=$(pwd)/${PREFIX%/} ;; esac
case $LIBDIR in /*) libdir=${LIBDIR%/} ;; *) libdir=$prefix/${LIBDIR%/} ;; esac
list=share/doc/instanton/installed.txt
LC_ALL=C
export LC_ALL

# One line of the list: below PREFIX from there, folders with / at their end.
note() {
  case $1 in
  "$prefix/"*) echo "./${1#"$prefix/"}" ;;
  *) echo "$1" ;;
  esac >> "$work/placed"
}

# A folder and those that it lies in. Noted are those that were not there.
folder() {
  [ -d "$DESTDIR$1/" ] && return
  folder "$(dirname "$1")"
  mkdir "$DESTDIR$1"
  note "$1/"
}

# place MODE FILE TARGET
place() {
  folder "$(dirname "$3")"
  install -m "$1" "$2" "$DESTDIR$3"
  note "$3"
}

# point NAME TARGET: a link, in place of what has its name.
point() {
  ln -sf "$1" "$DESTDIR$2"
  note "$2"
}

# A text as sed puts it in.
quoted() {
  printf '%s' "$1" | sed 's/[&|\\]/\\&/g'
}

# How the files of pkg-config and CMake find PREFIX and LIBDIR: from where they lie, or by name.
case $libdir in
"$prefix"/*)
  below=${libdir#"$prefix"/}
  up=$(printf '%s' "$below" | sed 's|[^/][^/]*|..|g')
  pc_prefix="\${pcfiledir}/../$up" pc_libdir="\${prefix}/$below"
  cmake_prefix="\${_instanton_here}/../../$up" cmake_libdir="\${_instanton_prefix}/$below"
  ;;
*) pc_prefix=$prefix pc_libdir=$libdir cmake_prefix=$prefix cmake_libdir=$libdir ;;
esac

# fill TEMPLATE TARGET
fill() {
  sed -e "s|@VERSION@|$VERSION|" -e "s|@ABI@|$ABI|" -e "s|@SHARED_FILE@|$SHARED_FILE|" -e "s|@SHARED_NAME@|$SHARED_NAME|" \
    -e "s|@PRIVATE@|$STATIC_LIBRARIES|" -e "s|@PC_PREFIX@|$(quoted "$pc_prefix")|" -e "s|@PC_LIBDIR@|$(quoted "$pc_libdir")|" \
    -e "s|@CMAKE_PREFIX@|$(quoted "$cmake_prefix")|" -e "s|@CMAKE_LIBDIR@|$(quoted "$cmake_libdir")|" \
    "$top/packaging/$1" > "$work/filled"
  place 644 "$work/filled" "$2"
}

cp "$build/lib/$SHARED_FILE" "$build/libinstanton.a" "$work/"
case $(uname -s) in
Darwin) strip -x "$work/$SHARED_FILE" && strip -S "$work/libinstanton.a" ;;
*) strip --strip-unneeded "$work/$SHARED_FILE" && strip --strip-debug "$work/libinstanton.a" ;;
esac
"$top/packaging/licenses.sh" "$work/licenses"

mkdir -p "$DESTDIR/"
: > "$work/placed"
place 755 "$work/$SHARED_FILE" "$libdir/$SHARED_FILE"
point "$SHARED_FILE" "$libdir/$SHARED_NAME"
point "$SHARED_NAME" "$libdir/$SHARED"
place 644 "$work/libinstanton.a" "$libdir/libinstanton.a"
fill instanton.pc.in "$libdir/pkgconfig/instanton.pc"
fill instanton-config.cmake.in "$libdir/cmake/instanton/instanton-config.cmake"
fill instanton-config-version.cmake.in "$libdir/cmake/instanton/instanton-config-version.cmake"
cd "$top"
for file in include/instanton.h bindings/cpp/include/instanton.hpp; do place 644 "$file" "$prefix/include/${file##*/}"; done
for file in models/*.safetensors; do place 644 "$file" "$prefix/share/instanton/${file##*/}"; done
for file in bindings/fortran/src/*.f90; do place 644 "$file" "$prefix/share/instanton/fortran/${file##*/}"; done
for file in bindings/mpi/*.[ch]; do place 644 "$file" "$prefix/share/instanton/mpi/${file##*/}"; done
# Pages and examples lie as here, so that links hold.
for file in README.md docs/*.md docs/*.png bindings/*/README.md examples/*.c examples/*.cpp examples/*.f90 examples/plugin/*; do
  place 644 "$file" "$prefix/share/doc/instanton/$file"
done
(cd "$work/licenses" && find . -type f | sed 's|^\./||') > "$work/files"
while read -r file; do place 644 "$work/licenses/$file" "$prefix/share/doc/instanton/licenses/$file"; done < "$work/files"

# What an earlier version left and this one has not goes; folders that it made are still to go with the last file.
note "$prefix/$list"
sort -u "$work/placed" > "$work/list"
if [ -e "$DESTDIR$prefix/$list" ]; then
  grep -vxF -f "$work/list" "$DESTDIR$prefix/$list" > "$work/earlier" || true
  "$top/packaging/uninstall.sh" "$work/earlier"
  sed -n 's|/$|&|p' "$work/earlier" > "$work/folders"
  while read -r name; do
    case $name in ./*) at=$prefix/$name ;; *) at=$name ;; esac
    [ ! -d "$DESTDIR$at" ] || echo "$name" >> "$work/list"
  done < "$work/folders"
  sort -u "$work/list" -o "$work/list"
fi
install -m 644 "$work/list" "$DESTDIR$prefix/$list"
