#!/usr/bin/env bash
# Installs what the tests and benchmarks need and the machine lacks: compilers for C, C++ and Fortran (of GNU, and clang),
# make, nm, valgrind, abidiff, CMake and pkg-config, Doxygen, Julia (of Debian 11, where this system has none), Python with
# numpy and the packages that build a wheel, for OpenCL a loader, a driver for the CPU and a simulator that checks accesses
# to memory, FFTW in single precision, which a benchmark compares with, and OpenMPI, for ladders over ranks; by apt, as root
# or with sudo. Fails where it cannot. Rust has to be installed already.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package=([cc]=gcc [c++]=g++ [gfortran]=gfortran [gcc]=gcc [g++]=g++ [clang]=clang
  [make]=make [nm]=binutils [valgrind]=valgrind [oclgrind]=oclgrind
  [julia]=julia [abidiff]=abigail-tools [doxygen]=doxygen [cmake]=cmake [pkg-config]=pkg-config
  [mpicc]=libopenmpi-dev [mpifort]=libopenmpi-dev [mpirun]=openmpi-bin [ps]=procps)
# Packages found by a file, not by a program: a C compiler alone does not bring the headers of its library.
declare -A file=([/usr/include/stdio.h]=libc6-dev [/etc/OpenCL/vendors/pocl.icd]=pocl-opencl-icd
  [/usr/share/i18n/locales/de_DE]=locales)
# Modules that the Python package and its tests need.
for module in numpy matplotlib setuptools wheel pip; do
  file[/usr/lib/python3/dist-packages/$module]=python3-$module
done

fail() {
  echo "prerequisites: $*" >&2
  exit 1
}

missing() {
  local program name
  for program in "${!package[@]}"; do
    command -v "$program" >/dev/null || echo "${package[$program]}"
  done
  for name in "${!file[@]}"; do
    [ -e "$name" ] || echo "${file[$name]}"
  done
  local libraries
  libraries=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p)
  grep -q 'libOpenCL\.so\.1 ' <<<"$libraries" || echo ocl-icd-libopencl1
  grep -q 'libfftw3f\.so\.3 ' <<<"$libraries" || echo libfftw3-single3
}

command -v cargo >/dev/null || fail "expected a Rust toolchain (cargo), got none: see https://rustup.rs"
mapfile -t wanted < <(missing | sort -u)
if [ "${#wanted[@]}" -gt 0 ]; then
  command -v apt-get >/dev/null || fail "expected ${wanted[*]}; install them by the system's own means"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "expected root or sudo to install ${wanted[*]}"
    as_root=(sudo)
  fi
  case " ${wanted[*]} " in *" julia "*) "${as_root[@]}" bash scripts/bullseye.sh ;; esac
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}"
fi
mapfile -t still < <(missing | sort -u)
[ "${#still[@]}" -eq 0 ] || fail "expected ${still[*]} after installing them, and still miss them"
