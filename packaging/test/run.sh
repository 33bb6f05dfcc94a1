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
check "pkg-config, the folder of models" sh -c "./shared \"\$(pkg-config --variable=models instanton)\""
check "it runs without vector instructions" env INSTANTON_INSTRUCTIONS=portable ./shared "$models"
check "and tells where a processor has others" sh -c "INSTANTON_INSTRUCTIONS=mmx ./shared '$models' 2>&1 | grep 'INSTANTON_INSTRUCTIONS: expected one that this processor has'"
check "pkg-config, C++" sh -c "g++ -std=c++17 -Wall -Werror host.cpp -o cpp \$(pkg-config --cflags --libs instanton) -Wl,-rpath,$tree/lib"
check "it runs" ./cpp
standard=$(sed -n 's/.*files of Fortran \(20[0-9]*\) source.*/f\1/p' "$tree/share/doc/instanton/bindings/fortran/README.md")
check "Fortran, of the standard that the page states" sh -c "gfortran -std=$standard -pedantic -Wall -Wextra -Werror $models/fortran/instanton_c.f90 $models/fortran/instanton.f90 host.f90 -o fortran \$(pkg-config --libs instanton) -Wl,-rpath,$tree/lib"
check "it runs" ./fortran
check "the glue for MPI" sh -c "mpicc -std=c99 -Wall -Wextra -Werror -c '$tree/share/instanton/mpi/instanton_mpi.c' -o mpi.o \$(pkg-config --cflags instanton)"
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
# All of it static, the compiler's and the system's libraries as well; where there is a shared library beside, too.
for place in "$work/archive" "$tree"; do
  flags="\$(PKG_CONFIG_PATH=$place/lib/pkgconfig pkg-config --static --cflags --libs instanton)"
  for compiler in "gcc -static host.c" "clang -static host.c" "gcc -static-pie -fPIE host.c" "g++ -static -std=c++17 host.cpp" \
    "gfortran -static $models/fortran/instanton_c.f90 $models/fortran/instanton.f90 host.f90"; do
    check "$compiler" sh -c "$compiler -o whole $flags -lm"
    check "it needs no loader" sh -c "! readelf -lW whole | grep INTERP"
    case $compiler in *.c) check "it runs" ./whole "$models" ;; *) check "it runs" ./whole ;; esac
  done
done
# By hand, as docs/c.md says.
libraries=$(sed -n 's/^| hand | .*libinstanton\.a \(-l[^`]*\)`.*/\1/p' "$tree/share/doc/instanton/docs/c.md")
for compiler in "gcc" "gcc -static" "clang" "clang -static"; do
  check "the bare archive, $compiler" sh -c "$compiler -I'$tree/include' host.c -o bare '$tree/lib/libinstanton.a' $libraries"
  check "it runs" ./bare "$models"
done

# The oldest glibc is the one that the page states, and the library needs no newer one.
oldest=$(sed -n 's/.*glibc \(2\.[0-9]*\) or newer.*/\1/p' "$tree/share/doc/instanton/docs/abi.md" | head -n 1)
check "glibc, as stated" test "$(sed -n 's/^GLIBC = //p' "$project/Makefile")" = "$oldest"
check "glibc" sh "$project/scripts/exports.sh" "$tree/lib/libinstanton.so" "$project/src/ffi/instanton.map" libinstanton.so.0 "$oldest"

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

# Trees of which a part was taken away, as packagers do: what is left serves.
# without PART FILES...: the tree without them, and a host of the other part alone
without() {
  part=$1
  shift
  rm -rf "$work/part"
  mkdir "$work/part" "$work/part/host"
  cp -r "$tree/include" "$tree/lib" "$tree/share" "$work/part/"
  (cd "$work/part" && rm "$@")
  cp host.* "$work/part/host/"
  sed "/host_$part/d; /cpp/d; /fortran/d; s/ CXX Fortran//" CMakeLists.txt > "$work/part/host/CMakeLists.txt"
}
configures() {
  rm -rf "$work/part/build"
  cmake -S "$work/part/host" -B "$work/part/build" "-DCMAKE_PREFIX_PATH=$work/part" "$@"
}
serves() {
  configures "$@" && cmake --build "$work/part/build" && (cd "$work/part/build" && ctest --output-on-failure)
}
# What CMake says, in one line.
says() {
  configures 2>&1 | tr -s ' \n' '  ' | grep -F "$1"
}
asking() {
  sed -i "s/find_package(instanton REQUIRED.*)/find_package(instanton REQUIRED $1)/" "$work/part/host/CMakeLists.txt"
}
without static lib/libinstanton.a
check "CMake, without the static library" serves
asking "COMPONENTS shared"
check "CMake, the component that is there" serves
asking "COMPONENTS shared OPTIONAL_COMPONENTS static"
check "CMake, the other one as an option" serves
asking "COMPONENTS static"
check "CMake, the component that is not there" says "lib/libinstanton.a, got no such file"
asking "COMPONENTS openmp"
check "CMake, a component that there never is" says "instanton: expected one of the components shared and static, got openmp"
without shared lib/libinstanton.so lib/libinstanton.so.0 "lib/libinstanton.so.$version"
check "CMake, without the shared library" serves
check "CMake, all static" serves -DCMAKE_EXE_LINKER_FLAGS=-static
asking "COMPONENTS shared"
check "CMake, the component that is not there" says "lib/libinstanton.so.$version, got no such file"
without static lib/libinstanton.a include/instanton.h
check "CMake, without the header" says "include/instanton.h, got no such file"
without static lib/libinstanton.a lib/libinstanton.so lib/libinstanton.so.0 "lib/libinstanton.so.$version"
check "CMake, without any library" says "instanton: expected $work/part/lib/libinstanton.so.$version or $work/part/lib/libinstanton.a, got no such file"

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
