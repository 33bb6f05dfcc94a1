#!/usr/bin/env bash
# Installs what the tests need and the machine lacks: compilers for C, C++ and Fortran (of GNU, and clang), make, nm,
# valgrind, abidiff, CMake and pkg-config, Doxygen, Julia (of Debian 11, where this one has none), Python with numpy and what builds a wheel, and for OpenCL a loader, a driver for the CPU and a simulator that
# checks accesses to memory; by apt, as root or with sudo. Fails where it cannot. Rust has to be there already.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A package=([cc]=gcc [c++]=g++ [gfortran]=gfortran [gcc]=gcc [g++]=g++ [clang]=clang
  [make]=make [nm]=binutils [valgrind]=valgrind [oclgrind]=oclgrind
  [julia]=julia [abidiff]=abigail-tools [doxygen]=doxygen [cmake]=cmake [pkg-config]=pkg-config)
# What is no program: a C compiler alone does not bring the headers of its library.
declare -A file=([/usr/include/stdio.h]=libc6-dev [/etc/OpenCL/vendors/pocl.icd]=pocl-opencl-icd
  [/usr/share/i18n/locales/de_DE]=locales)
# What the Python package needs, and what its tests do.
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
  # Of all lines, not the first: ldconfig must not meet a closed pipe.
  PATH="$PATH:/usr/sbin:/sbin" ldconfig -p | grep 'libOpenCL\.so\.1 ' >/dev/null || echo ocl-icd-libopencl1
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
