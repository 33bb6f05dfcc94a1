#!/usr/bin/env bash
# The C tests with memory checked by AddressSanitizer, and the test of threads with races reported by ThreadSanitizer:
# the library is built with the compiler's own instrumentation.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/instrumented.sh
runtimes=$(rustc --print sysroot)/lib/rustlib/$host/lib
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
c99=(clang -std=c99 -pedantic -Wall -Wextra -Werror -O1 -g -D_XOPEN_SOURCE=700 -Iinclude)
libraries=(-rdynamic -lgcc_s -lutil -lrt -lpthread -lm -ldl)

# library KIND: the path of the static library with this instrumentation.
library() {
  local packages=(-p instanton)
  # The library for the fuzzers as well: cargo would compile it anew for a build of other packages.
  [ "$1" = thread ] || packages+=(-p instanton-fuzz)
  build "$1" "${packages[@]}"
  echo "target/$1/$host/sanitize/libinstanton.a"
}

# program TEST KIND RUNTIME OBJECT...: compiles a test and links it with the runtime of the sanitizer.
program() {
  local test=$1 kind=$2 short=$3
  shift 3
  "${c99[@]}" -fsanitize="$kind" ${defines:-} -c "ffi-tests/$test.c" -o "$work/$test.o"
  clang "$work/$test.o" "$@" -o "$work/$test" -Wl,--whole-archive "$runtimes/librustc-stable_rt.$short.a" \
    -Wl,--no-whole-archive "${libraries[@]}"
}

# Deliberate mistakes have to be reported.
expect_note() {
  local text=$1
  shift
  if "$@" > "$work/log" 2>&1; then
    echo "sanitizers: expected a note of $text, got none" >&2
    exit 1
  fi
  grep "$text" "$work/log" > /dev/null || { cat "$work/log"; echo "sanitizers: expected a note of $text" >&2; exit 1; }
}

addresses() {
  local archive test
  archive=$(library address)
  export ASAN_OPTIONS=detect_stack_use_after_return=1:detect_leaks=1 INSTANTON_OPENCL=/nonexistent
  for test in context lattice action model proposal chain statistics gauge layout ladder dirac pseudofermion bad_input bad_files threads; do
    program "$test" address asan "$archive"
    "$work/$test"
  done
  for defines in -DBEYOND -DLEFT; do
    program mistakes address asan "$archive"
    expect_note "$([ "$defines" = -DLEFT ] && echo 'detected memory leaks' || echo 'heap-buffer-overflow')" "$work/mistakes"
  done
  unset defines
}

# Rust's standard library comes without instrumentation: ffi-tests/races.c reports its slow paths to ThreadSanitizer.
races() {
  local archive lock wait once symbols
  archive=$(library thread)
  symbols=$(nm "$archive" 2>/dev/null | sed -n 's/^ *U \(_R[A-Za-z0-9_]*3std3sys4sync[A-Za-z0-9_]*\)$/\1/p' | sort -u)
  lock=$(grep '5mutex.*14lock_contended$' <<< "$symbols")
  wait=$(grep '7condvar.*4wait$' <<< "$symbols")
  once=$(grep '4once.*4call$' <<< "$symbols")
  sed "s/LOCK/$lock/g; s/WAIT/$wait/g; s/ONCE/$once/g" ffi-tests/races.c > "$work/races.c"
  "${c99[@]}" -c "$work/races.c" -o "$work/races.o"
  # ThreadSanitizer does not support fences; where all atomic operations are sequentially consistent, none is needed.
  export TSAN_OPTIONS=force_seq_cst_atomics=1:exitcode=9
  program threads thread tsan "$work/races.o" "$archive" "-Wl,--wrap=$lock,--wrap=$wait,--wrap=$once"
  "$work/threads"
  defines=-DRACE program mistakes thread tsan "$work/races.o" "$archive" "-Wl,--wrap=$lock,--wrap=$wait,--wrap=$once"
  expect_note 'data race' "$work/mistakes"
}

(addresses)
(races)
echo "sanitizers: passed"
