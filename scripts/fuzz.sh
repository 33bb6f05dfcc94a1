#!/usr/bin/env bash
# Fuzzes the readers of specs, model files and layouts, starting from the committed corpora: no crash, no hang, no leak.
#   fuzz.sh SECONDS   for each target; new inputs go to build/fuzz/TARGET, failing ones to build/fuzz/failed
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/instrumented.sh
seconds=$1
mkdir -p build/fuzz/failed
build address -p instanton -p instanton-fuzz
export ASAN_OPTIONS=detect_leaks=1
for target in specs models layouts; do
  mkdir -p "build/fuzz/$target"
  # An input takes at most ten seconds and 2 GiB.
  "target/address/$host/sanitize/$target" "build/fuzz/$target" "fuzz/corpus/$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=8192 -artifact_prefix=build/fuzz/failed/ -verbosity=0 -print_final_stats=1
done
echo "fuzz: passed"
