#!/bin/sh
# Builds grid_hmc and grid_layout with Grid, of which only what they need is compiled.
#
#   build_host.sh GRID FOLDER [BYTES]
#
#   GRID     a checkout of github.com/paboyle/Grid, commit f617468e0407a6f94a1069485e2711d88d73db4f; it is copied, not changed
#   FOLDER   to build in; the two programs are left there
#   BYTES    of a SIMD vector, 32: four doubles; 16 or 64 for two or eight
#
# JOBS (2) compilers run at once. The library is that of `make demo`: build/lib of this repository, or INSTANTON_LIBRARY.
# Debian: g++ make autoconf automake libeigen3-dev libgmp-dev libmpfr-dev libfftw3-dev libssl-dev zlib1g-dev
set -eu
if [ $# -lt 2 ]; then
  sed -n 's/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
library=$(cd "${INSTANTON_LIBRARY:-$root/build/lib}" && pwd)
eigen=${EIGEN:-/usr/include/eigen3}
grid=$(cd "$1" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)

# Grid's own bootstrap downloads Eigen; here the system's Eigen is used instead.
if [ ! -e "$folder/source/configure" ]; then
  mkdir -p "$folder/source"
  cp -R "$grid/." "$folder/source"
  cd "$folder/source"
  rm -rf Grid/Eigen
  cp -R "$eigen/Eigen" Grid/Eigen
  cp -R "$eigen/unsupported/Eigen" Grid/Eigen/unsupported
  echo 'eigen_files =' > Grid/Eigen.inc
  ./scripts/filelist
  autoreconf -fi
fi
cd "$folder"
if [ ! -e Makefile ]; then
  CXXFLAGS='-O2 -w' source/configure --enable-simd=GEN --enable-gen-simd-width="${3:-32}" --enable-comms=none --enable-shm=none \
    --disable-fermion-reps --disable-gparity --disable-zmobius --without-lime --without-hdf5
fi

# All of Grid but the instantiations of its fermions.
cd "$folder/Grid"
objects=$(cd "$folder/source/Grid" && find . -name '*.cc' ! -path './Eigen/*' ! -path '*/instantiation/*' ! -path '*/gamma-gen/*' \
  ! -path './algorithms/*' ! -path './qcd/modules/*' ! -path './qcd/gparity/*' ! -name 'Hdf5IO.cc' ! -name '*mpi3.cc' ! -name '*MPI.cc' \
  | sed 's/cc$/o/')
kernels='qcd/action/fermion/instantiation/WilsonKernelsInstantiation.o qcd/action/fermion/instantiation/StaggeredKernelsInstantiation.o'
make version-cache Version.h
# shellcheck disable=SC2086
make -j"${JOBS:-2}" $(echo $objects $kernels | sed 's| \./| |g; s|^\./||')
rm -f libGrid.a
# shellcheck disable=SC2086
ar rcs libGrid.a $objects $kernels

cd "$folder"
for program in grid_layout grid_hmc; do
  g++ -std=c++17 -O2 -w -fopenmp -fno-strict-aliasing -I"$folder/source" -I"$folder" -I"$folder/Grid" -I"$root/include" -I"$root/bindings/cpp/include" \
    "$here/$program.cpp" -o "$program" Grid/libGrid.a -lz -lcrypto -lfftw3f -lfftw3 -lmpfr -lgmp -L"$library" -linstanton -Wl,-rpath,"$library"
done
./grid_layout | grep '^lanes'
