#!/bin/sh
# The library installed where systems want it: hosts find it there, and `make uninstall` leaves nothing behind.
set -eu
cd "$(dirname "$0")"
sources=$(pwd)
project=$(cd ../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
passed=0

check() {
  echo "test-install: $1"
  shift
  "$@" > "$work/log" 2>&1 || { cat "$work/log"; echo "test-install: failed: $*" >&2; exit 1; }
  passed=$((passed + 1))
}

# All that is below a folder.
listing() {
  (cd "$1" && find . | sort)
}

install_at() {
  make -C "$project" install PREFIX="$1" LIBDIR="$2" DESTDIR="$3"
}
uninstall_at() {
  make -C "$project" uninstall PREFIX="$1" DESTDIR="$2"
}
same() {
  listing "$1" | diff "$2" -
}

# A host by pkg-config, shared and static, from the files of a folder of libraries.
by_pkg_config() {
  export PKG_CONFIG_PATH="$1/pkgconfig"
  gcc "$sources/host.c" -o "$work/host" $(pkg-config --cflags --libs instanton) -lm "-Wl,-rpath,$1"
  ldd "$work/host" | grep -F "$1/libinstanton.so.0" && "$work/host" "$2/share/instanton"
  gcc -static "$sources/host.c" -o "$work/host" $(pkg-config --static --cflags --libs instanton) -lm
  "$work/host" "$2/share/instanton"
}
# The same by CMake. Not every system looks into each folder of libraries by itself.
by_cmake() {
  rm -rf "$work/cmake"
  cmake -S "$sources" -B "$work/cmake" "-Dinstanton_DIR=$1/cmake/instanton" && cmake --build "$work/cmake" &&
    (cd "$work/cmake" && ctest --output-on-failure)
}

# PREFIX has something of another package in it, which stays.
mkdir -p "$work/usr/lib64" "$work/usr/share/doc"
echo other > "$work/usr/lib64/other.txt"
listing "$work/usr" > "$work/before"
for libdir in lib64 lib/x86_64-linux-gnu "$work/usr/lib32"; do
  case $libdir in /*) at=$libdir ;; *) at=$work/usr/$libdir ;; esac
  check "install, LIBDIR=$libdir" install_at "$work/usr" "$libdir" ""
  check "pkg-config" by_pkg_config "$at" "$work/usr"
  check "CMake" by_cmake "$at"
  # It may be moved with all that it needs.
  mv "$work/usr" "$work/moved"
  check "pkg-config, where it was moved" by_pkg_config "$work/moved/${at#"$work/usr/"}" "$work/moved"
  check "CMake, where it was moved" by_cmake "$work/moved/${at#"$work/usr/"}"
  mv "$work/moved" "$work/usr"
  check "uninstall" uninstall_at "$work/usr" ""
  check "it leaves nothing" same "$work/usr" "$work/before"
done
check "nothing to uninstall" sh -c "! make -C '$project' uninstall PREFIX='$work/usr' 2> '$work/text' && grep 'expected the list of what was installed' '$work/text'"

# Libraries elsewhere than PREFIX, in folders that are not there yet.
listing "$work/usr" > "$work/before"
check "install, LIBDIR outside of PREFIX" install_at "$work/opt/instanton" "$work/opt/libraries/here" ""
check "pkg-config" by_pkg_config "$work/opt/libraries/here" "$work/opt/instanton"
check "CMake" by_cmake "$work/opt/libraries/here"
check "uninstall" uninstall_at "$work/opt/instanton" ""
check "it leaves nothing" test ! -e "$work/opt"

# As packagers do: into another root, whose name may hold a space. Once more with other folders: what was there moves.
mkdir "$work/new root"
check "install, DESTDIR" install_at /usr lib64 "$work/new root"
check "install, DESTDIR, another LIBDIR" install_at /usr lib "$work/new root"
check "the former one is empty" test ! -e "$work/new root/usr/lib64"
echo 'kept' > "$work/new root/usr/share/instanton/mine.safetensors"
check "uninstall" uninstall_at /usr "$work/new root"
check "what is not the library's stays" sh -c "cd '$work/new root' && test \"\$(find . -type f)\" = ./usr/share/instanton/mine.safetensors"
echo "test-install: $passed passed, 0 failed"
