#!/usr/bin/env bash
# Times the tutorial's flow in JAX and PyTorch, and the continuous flow of the JAX package bijx, against the benchmark rows of this
# library: all of a row alternately, several rounds, medians at the end. The machine has to be idle otherwise.
#   race.sh [ROUNDS [ROW...]]
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-5}
shift $(($# > 0 ? 1 : 0))

# The required speed as a multiple of the fastest peer, the peers, and what they are given: task, precision, L, batch, layers and
# hidden channels of the tutorial's flow; task, L, lambda, batch and steps of the continuous flow
declare -A setup=(
  [affine-sample-f32]="8 jax,torch sample f32 8 1024 16 8"
  [affine-sample-f64]="7 jax,torch sample f64 8 1024 16 8"
  [affine-sample-f32-64]="14 jax,torch sample f32 8 64 16 8"
  [affine-sample-f32-16]="6 jax,torch sample f32 16 256 16 16"
  [affine-train-f32]="12 jax,torch train f32 8 1024 16 8"
  [affine-train-f64]="15 jax,torch train f64 8 1024 16 8"
  [cnf-sample]="100 bijx sample 12 5.276 64 50"
  [cnf-train]="100 bijx train 12 5.276 64 50"
)
rows=(affine-sample-f32 affine-sample-f64 affine-sample-f32-64 affine-sample-f32-16 affine-train-f32 affine-train-f64 cnf-sample
  cnf-train)
[ $# -gt 0 ] && rows=("$@")

place=build/race
python=${RACE_PYTHON:-$place/bin/python}
if [ ! -x "$python" ]; then
  python3 -m venv "$place"
  "$python" -m pip install --quiet jax optax torch numpy bijx
fi
cargo bench --quiet --bench rows --no-run
mkdir -p build
times=build/race.txt
: > "$times"

for ((round = 1; round <= rounds; round++)); do
  for row in "${rows[@]}"; do
    [ -n "${setup[$row]:-}" ] || { echo "race: expected one of ${!setup[*]}, got $row" >&2; exit 1; }
    read -r wanted peers given <<< "${setup[$row]}"
    for peer in ${peers//,/ }; do
      program="tutorial_flow.py $peer"
      [ "$peer" != bijx ] || program=continuous_flow.py
      # shellcheck disable=SC2086
      value=$("$python" benches/race/$program $given | awk '{print $4}')
      echo "$row $wanted $peer $value" | tee -a "$times"
    done
    value=$(cargo bench --quiet --bench rows -- "$row" | awk -v row="$row" '$1 == "bench:" && $2 == row {print $3}')
    [ -n "$value" ] || { echo "race: expected a line 'bench: $row VALUE UNIT', got none" >&2; exit 1; }
    echo "$row $wanted instanton $value" | tee -a "$times"
  done
done

"$python" - "$times" <<'PYTHON'
import collections, statistics, sys

times = collections.defaultdict(lambda: collections.defaultdict(list))
wanted = {}
for line in open(sys.argv[1], encoding="utf-8"):
    row, least, name, value = line.split()
    times[row][name].append(float(value))
    wanted[row] = float(least)
print(f"{'row':24}{'peers':28}{'instanton':>12}{'ratio':>8}{'asked':>8}")
for row, names in times.items():
    own = statistics.median(names.pop("instanton"))
    peers = {name: statistics.median(rates) for name, rates in names.items()}
    told = ", ".join(f"{name} {rate:.5g}" for name, rate in peers.items())
    print(f"{row:24}{told:28}{own:12.6g}{own / max(peers.values()):8.2f}{wanted[row]:8.0f}")
PYTHON
