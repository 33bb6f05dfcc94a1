#!/bin/sh
# Hosts that are linked to what is installed, in a folder that is not the source tree, with no Rust to be found.
#   run.sh TARBALL
set -eu
tarball=$1
cd "$(dirname "$0")"
sources=$(pwd)
project=$(cd ../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

check() {
  echo "test-install: $1"
  shift
  "$@" > "$work/log" 2>&1 || { cat "$work/log"; echo "test-install: failed: $*" >&2; exit 1; }
  passed=$((passed + 1))
}

# The tree is moved after it was unpacked; a folder's name may hold a space.
mkdir "$work/first" "$work/elsewhere and far" "$work/build" "$work/archive"
tar -C "$work/first" -xzf "$tarball"
mv "$work/first"/instanton-* "$work/elsewhere and far/tree"
ln -s "$work/elsewhere and far/tree" "$work/tree"
tree=$work/tree
cp "$sources"/host.* "$sources/CMakeLists.txt" "$work/build/"
cd "$work/build"

# No Rust, and nothing of the environment that this was started in.
PATH=/usr/local/bin:/usr/bin:/bin
for variable in $(env | sed -n 's/^\(CARGO[A-Z_]*\|RUST[A-Z_]*\|LD_LIBRARY_PATH\|LIBRARY_PATH\|CPATH\|PKG_CONFIG[A-Z_]*\|INSTANTON[A-Z_]*\)=.*/\1/p'); do
  unset "$variable"
done
if command -v cargo rustc > /dev/null; then
  echo "test-install: expected no Rust on the path /usr/local/bin:/usr/bin:/bin" >&2
  exit 1
fi
export PATH PKG_CONFIG_PATH="$tree/lib/pkgconfig"
models=$tree/share/instanton

# A library of another place must not serve instead.
where() {
  ldd "$1" | grep -F "$tree/lib/libinstanton.so.0"
}

check "pkg-config, C" sh -c "gcc -std=c99 -Wall -Werror host.c -o shared \$(pkg-config --cflags --libs instanton) -lm -Wl,-rpath,$tree/lib"
check "the library that is found" where ./shared
check "it runs" ./shared "$models"
check "pkg-config, C++" sh -c "g++ -std=c++17 -Wall -Werror host.cpp -o cpp \$(pkg-config --cflags --libs instanton) -Wl,-rpath,$tree/lib"
check "it runs" ./cpp
check "Fortran" sh -c "gfortran $models/fortran/instanton_c.f90 $models/fortran/instanton.f90 host.f90 -o fortran \$(pkg-config --libs instanton) -Wl,-rpath,$tree/lib"
check "it runs" ./fortran
# The module as a package of its own, and in the package of a host. (fpm needs no Rust; its script lies in the project.)
mkdir -p "$work/fpm/app"
cp -r "$project/bindings/fortran" "$work/module"
rm -rf "$work/module/build"
cp host.f90 "$work/fpm/app/main.f90"
printf 'name = "host"\n[dependencies]\ninstanton = { path = "../module" }\n' > "$work/fpm/fpm.toml"
export LIBRARY_PATH="$tree/lib" LD_LIBRARY_PATH="$tree/lib"
check "fpm, the module's own tests" sh -c "cd '$work/module' && '$project/scripts/fpm.sh' test --flag '-std=f2008 -Wall -Wextra -Werror -O2' -- '$models' '$project/tests/fields'"
check "fpm, a host that depends on it" sh -c "cd '$work/fpm' && '$project/scripts/fpm.sh' run | grep -x \"\$('$work/build/fortran')\""
unset LIBRARY_PATH LD_LIBRARY_PATH
check "pkg-config, version" sh -c "pkg-config --exact-version=\$(./shared $models | sed 's/^instanton \\([0-9.]*\\):.*/\\1/') instanton"

# Where there is the static library alone, `pkg-config --static` is what links.
cp -r "$tree/include" "$tree/lib" "$work/archive/"
rm "$work/archive/lib"/libinstanton.so*
check "pkg-config --static" sh -c "PKG_CONFIG_PATH=$work/archive/lib/pkgconfig; gcc host.c -o static \$(pkg-config --static --cflags --libs instanton) -lm"
check "it needs no shared library" sh -c "! ldd ./static | grep instanton"
check "it runs" ./static "$models"
check "the bare archive" gcc -I"$tree/include" host.c -o bare "$tree/lib/libinstanton.a" -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
check "it runs" ./bare "$models"
check "the bare archive, clang" clang -I"$tree/include" host.c -o bare_clang "$tree/lib/libinstanton.a" -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
check "it runs" ./bare_clang "$models"

check "CMake" cmake -S . -B cmake "-DCMAKE_PREFIX_PATH=$work/elsewhere and far/tree" -DCMAKE_BUILD_TYPE=Release
check "it builds" cmake --build cmake
check "all of it runs" sh -c "cd cmake && ctest --output-on-failure"
sed 's/find_package(instanton 0.1 REQUIRED)/find_package(instanton 1.0 REQUIRED)/' CMakeLists.txt > "$work/other"
mkdir "$work/next" && cp host.* "$work/next/" && mv "$work/other" "$work/next/CMakeLists.txt"
check "a version that is not there" sh -c "! cmake -S '$work/next' -B '$work/next/build' '-DCMAKE_PREFIX_PATH=$work/elsewhere and far/tree'"
check "and why" sh -c "cmake -S '$work/next' -B '$work/next/build' '-DCMAKE_PREFIX_PATH=$work/elsewhere and far/tree' 2>&1 | grep 'requested version \"1.0\"'"
# One version, or a range of them: "0.1...0.9" and "0.1...<0.9" hold it, the others do not.
asks() {
  sed "s/find_package(instanton 0.1 REQUIRED)/find_package(instanton $1 REQUIRED)/" CMakeLists.txt > "$work/next/CMakeLists.txt"
  rm -rf "$work/next/build"
  cmake -S "$work/next" -B "$work/next/build" "-DCMAKE_PREFIX_PATH=$work/elsewhere and far/tree"
}
version=$(pkg-config --modversion instanton)
for range in "$version EXACT" 0.1...0.9 "0.1...<0.9" "0.0.1...$version"; do check "the version in $range" asks "$range"; done
refuses() { ! "$@"; }
for range in "0.9 EXACT" 0.2...0.9 0.0.1...0.0.9 "0.0.1...<$version" 1.0...2.0; do check "and not in $range" refuses asks "$range"; done
rm "$work/elsewhere and far/tree/lib/libinstanton.a"
check "a tree with a file gone" sh -c "cmake -S . -B broken '-DCMAKE_PREFIX_PATH=$work/elsewhere and far/tree' 2>&1 | grep -A3 'instanton: expected'"

# Every crate has its licence.
licenses=$tree/share/doc/instanton/licenses
check "licences" sh -c "sed -n 's/^\\([a-zA-Z0-9_-]*\\) \\([0-9][^ :]*\\): .*/\\1-\\2/p' $licenses/THIRD-PARTY.txt > crates && test \$(wc -l < crates) -gt 40 &&
  while read -r crate; do test -n \"\$(ls $licenses/\$crate)\" || exit 1; done < crates"
# Every link of the installed pages leads to something.
links() {
  cd "$tree/share/doc/instanton"
  find . -name '*.md' | while read -r page; do
    grep -o ']([^):]*)' "$page" | sed 's/^](\(.*\))$/\1/' | grep -v '[ &]' | while read -r link; do
      test -e "$(dirname "$page")/$link" || echo "$page: expected $link, got no such file"
    done
  done > "$work/dangling"
  cat "$work/dangling"
  test -f docs/hmc.md && ! test -s "$work/dangling"
}
check "links of the pages" links
echo "test-install: $passed passed, 0 failed"
