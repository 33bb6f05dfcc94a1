# Sourced by the scripts of sanitizers and fuzzers: builds with the compiler's own instrumentation. The options that do it
# are not stable ones, which RUSTC_BOOTSTRAP allows.
cargo=${CARGO:-cargo}
host=$(rustc -vV | sed -n 's/^host: //p')

# build KIND OPTION...: compiles for one sanitizer with options of cargo build, into target/KIND. These builds run on this
# machine alone: one instruction set, a third of the time.
build() {
  local kind=$1 flags="-Zsanitizer=$1 -Cunsafe-allow-abi-mismatch=sanitizer" option
  shift
  # Fuzzers are steered by counters of branches and by operands of comparisons. One build serves them and the C tests.
  if [ "$kind" = address ]; then
    flags+=" --cfg fuzzing -Cpasses=sancov-module"
    for option in level=4 inline-8bit-counters pc-table trace-compares; do
      flags+=" -Cllvm-args=-sanitizer-coverage-$option"
    done
  fi
  INSTANTON_KERNELS=native RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags" "$cargo" build --quiet --profile sanitize --target "$host" \
    --target-dir "target/$kind" "$@"
}
