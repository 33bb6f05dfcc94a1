#!/usr/bin/env bash
# Ladders over ranks: results on 1 to 4 ranks bit for bit, ranks that fail, die or leave, runs that are killed.
#   run.sh BUILD      with test_mpi, test_mpi_fortran, ladder_u1 and ladder_u1_mpi in it
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Debian's OpenMPI asks for these as root, as in containers.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Ranks of a test share cores: they give way while they wait.
export OMPI_MCA_mpi_yield_when_idle=1
spec="{defect: {size: [4]}, replicas: 6, tune: 100}"

fail() {
  echo "test-mpi: $*" >&2
  exit 1
}

# ranks N PROGRAM ...: a hang is a failure.
ranks() {
  timeout --kill-after=5 120 mpirun --oversubscribe -n "$@"
}

# results FILE: what of a run must not depend on ranks or on kills.
results() {
  grep -E '^(ladder|replica) ' "$1"
}

ranks 1 "$build/test_mpi" same > "$work/one"
[ -s "$work/one" ] || fail "expected a ladder, got none"
for n in 2 3 4; do
  ranks "$n" "$build/test_mpi" same "$work/saved" > "$work/many"
  cmp "$work/one" "$work/many" || fail "expected on $n ranks the ladder of one, got another"
done
for n in 1 4; do ranks "$n" "$build/test_mpi_fortran"; done
ranks 4 "$build/test_mpi" fail

# A rank that dies ends the run within the time limit, with an error.
for how in die leave; do
  status=0 start=$SECONDS
  ranks 4 "$build/test_mpi" "$how" > "$work/log" 2>&1 || status=$?
  [ "$status" -ne 0 ] || fail "$how: expected an error, got none"
  [ $((SECONDS - start)) -lt 60 ] || fail "$how: expected an end within a minute, got none"
done

# A whole code, in one process without MPI and on 4 ranks.
"$build/ladder_u1" 400 "$spec" > "$work/one"
ranks 4 "$build/ladder_u1_mpi" 400 "$spec" > "$work/many"
cmp "$work/one" "$work/many" || fail "ladder_u1: expected on 4 ranks the results of one process, got others"

# killed PROGRAM ...: runs that are killed after some saves, and go on from the last one, come to the same end.
killed() {
  local name=$1
  shift
  results "$work/one" > "$work/expected"
  for after in 3 1 2; do
    : > "$work/log"
    "$@" 400 "$spec" "$work/$name" 20 > "$work/many" 2> "$work/log" &
    local process=$! first=0 last
    while [ "$(grep -c '^saved' "$work/log" || true)" -lt "$after" ] && kill -0 "$process" 2> /dev/null; do sleep 0.02; done
    # shellcheck disable=SC2046
    kill -9 $(ps -o pid= --ppid "$process") "$process" 2> /dev/null || fail "$name: expected a run to kill, got one that had ended"
    wait "$process" 2> /dev/null || true
    # What was saved last is where the next run begins.
    last=$(sed -n 's/^saved round //p' "$work/log" | tail -n 1)
    sleep 0.2
    timeout 60 "$@" $((last + 40)) "$spec" "$work/$name" 20 > /dev/null 2> "$work/log" || fail "$name: $(cat "$work/log")"
    first=$(sed -n 's/^goes on from round //p' "$work/log")
    [ "$first" -ge "$last" ] && [ "$first" -le $((last + 20)) ] || fail "$name: expected to go on from round $last, got $first"
  done
  timeout 60 "$@" 400 "$spec" "$work/$name" 20 > "$work/many" 2> /dev/null
  results "$work/many" | cmp - "$work/expected" || fail "$name: expected the results of a run that was not killed, got others"
}
killed process "$build/ladder_u1"
killed ranks mpirun --oversubscribe -n 4 "$build/ladder_u1_mpi"
echo "test-mpi: results do not depend on ranks, and survive kills"
