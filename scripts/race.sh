#!/usr/bin/env bash
# Times the tutorial's flow in JAX and PyTorch against the benchmark rows of this library: all three alternately,
# several rounds, medians at the end. The machine has to be idle otherwise.
#   race.sh [ROUNDS [ROW...]]
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-5}
shift $(($# > 0 ? 1 : 0))

# task, precision, L, batch, layers, hidden, and the required speed as a multiple of the faster of JAX and PyTorch
declare -A setup=(
  [affine-sample-f32]="sample f32 8 1024 16 8 8"
  [affine-sample-f64]="sample f64 8 1024 16 8 7"
  [affine-sample-f32-64]="sample f32 8 64 16 8 14"
  [affine-sample-f32-16]="sample f32 16 256 16 16 6"
  [affine-train-f32]="train f32 8 1024 16 8 12"
  [affine-train-f64]="train f64 8 1024 16 8 15"
)
rows=(affine-sample-f32 affine-sample-f64 affine-sample-f32-64 affine-sample-f32-16 affine-train-f32 affine-train-f64)
[ $# -gt 0 ] && rows=("$@")

place=build/race
python=${RACE_PYTHON:-$place/bin/python}
if [ ! -x "$python" ]; then
  python3 -m venv "$place"
  "$python" -m pip install --quiet jax optax torch numpy
fi
cargo bench --quiet --bench rows --no-run
mkdir -p build
times=build/race.txt
: > "$times"

for ((round = 1; round <= rounds; round++)); do
  for row in "${rows[@]}"; do
    [ -n "${setup[$row]:-}" ] || { echo "race: expected one of ${!setup[*]}, got $row" >&2; exit 1; }
    read -r task precision extent batch layers hidden wanted <<< "${setup[$row]}"
    for framework in jax torch; do
      value=$("$python" benches/race/tutorial_flow.py "$framework" "$task" "$precision" "$extent" "$batch" \
        "$layers" "$hidden" | awk '{print $4}')
      echo "$row $wanted $framework $value" | tee -a "$times"
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
print(f"{'row':24}{'jax':>12}{'torch':>12}{'instanton':>12}{'ratio':>8}{'asked':>8}")
for row, names in times.items():
    jax, torch, own = (statistics.median(names[name]) for name in ("jax", "torch", "instanton"))
    print(f"{row:24}{jax:12.6g}{torch:12.6g}{own:12.6g}{own / max(jax, torch):8.2f}{wanted[row]:8.0f}")
PYTHON
