#!/usr/bin/env bash
# Runs the tests of programs on oclgrind, which simulates an OpenCL device and watches every access to memory:
# in all shapes of work-groups and both kinds of memory. Fails where a test does, or where a race, an access out
# of bounds or anything else was reported.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(command -v oclgrind) || { echo "oclgrind: expected it to be installed, got none" >&2; exit 1; }
library=$(dirname "$(dirname "$(readlink -f "$program")")")/lib/oclgrind/liboclgrind-rt.so
[ -e "$library" ] || { echo "oclgrind: expected $library, got none" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
log=$folder/log
export INSTANTON_TEST_LAYOUTS=all INSTANTON_OPENCL=$library OCLGRIND_DATA_RACES=1 OCLGRIND_LOG=$log
# Some shapes put all values into local memory.
export OCLGRIND_LOCAL_MEM_SIZE=$((4 << 20))
# One test at a time: the simulator can run one kernel at a time.
tests() { "${CARGO:-cargo}" test --release --lib -- --test-threads 1 "$@"; }

noted() { grep -q "$1" "$log" || { echo "oclgrind: expected '$1' to be noted, got nothing" >&2; exit 1; }; }

# First, the simulator reports a race, of a test, and an access out of bounds, which would crash any other driver.
tests program::tests::devices::a_race_that_changes_nothing
noted "data race at local memory"
echo 'kernel void run(global int *out) { out[8] = 1; }' > "$folder/run.cl"
printf '%s\n' run.cl run '1 1 1' '1 1 1' '<size=32 fill=0>' > "$folder/run.sim"
(cd "$folder" && oclgrind-kernel run.sim)
noted "Invalid write of size 4 at global memory"
: > "$log"

tests program::tests::operations program::tests::devices::normal program::tests::devices::random \
  program::tests::devices::results program::tests::devices::batches program::tests::devices::a_batch
if [ -s "$log" ]; then
  cat "$log" >&2
  echo "oclgrind: expected nothing noted, got the above" >&2
  exit 1
fi
