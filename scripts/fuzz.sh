#!/usr/bin/env bash
# Fuzzes what reads text and files of others, from the committed corpora on: no crash, no hang, no leak.
#   fuzz.sh SECONDS [OPTION]   for each target; what is found new goes to build/fuzz/TARGET, and what fails to build/fuzz/failed
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
PATH="$PWD/target/tools/bin:$PATH"
command -v cargo-fuzz > /dev/null || cargo install cargo-fuzz --version 0.13.2 --locked --quiet --root target/tools
mkdir -p build/fuzz/failed
export RUSTC_BOOTSTRAP=1 ASAN_OPTIONS=detect_leaks=1
for target in specs models layouts; do
  mkdir -p "build/fuzz/$target"
  # An input takes at most ten seconds and 2 GiB.
  cargo fuzz run "${@:2}" --codegen-units 16 --target-dir target/fuzz "$target" "build/fuzz/$target" "fuzz/corpus/$target" -- -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=8192 -artifact_prefix=build/fuzz/failed/ -verbosity=0 -print_final_stats=1
done
echo "fuzz: passed"
