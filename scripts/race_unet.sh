#!/usr/bin/env bash
# Times the U-Net of diffusion models against the same network in PyTorch, on one thread in single precision, batches of 64 fields of
# 16 x 16 sites: stochastic paths of 200 steps from noise, and a step of training. Both alternately, several rounds, medians at the end.
#   race_unet.sh [ROUNDS]
# INSTANTON_LIBRARY names the shared library, whose scores are first compared with those of the network in PyTorch.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${1:-5}
place=build/race
python=${RACE_PYTHON:-$place/bin/python}
if [ ! -x "$python" ]; then
  python3 -m venv "$place"
  "$python" -m pip install --quiet torch numpy
fi
if [ -z "${RACE_ROWS:-}" ]; then
  cargo bench --quiet --bench rows --no-run
fi
mkdir -p build
times=build/race_unet.txt
: > "$times"

# The rows of this library: RACE_ROWS is a program that prints them, where it is built already.
rows() {
  if [ -n "${RACE_ROWS:-}" ]; then "$RACE_ROWS" "$1"; else cargo bench --quiet --bench rows -- "$1"; fi
}

PYTHONPATH=bindings/python "$python" -B benches/race/unet.py agree 16
for ((round = 1; round <= rounds; round++)); do
  for race in "unet-race paths 5" "unet-race-train train 4"; do
    read -r row task wanted <<< "$race"
    value=$("$python" -B benches/race/unet.py "$task" 16 64 | awk '$1 == "race:" {print $3}')
    echo "$row $wanted torch $value" | tee -a "$times"
    value=$(rows "$row" | awk -v row="$row" '$1 == "bench:" && $2 == row {print $3}')
    [ -n "$value" ] || { echo "race_unet: expected a line 'bench: $row VALUE UNIT', got none" >&2; exit 1; }
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
print(f"{'row':24}{'torch':>12}{'instanton':>12}{'ratio':>8}{'asked':>8}")
for row, names in times.items():
    ratio = statistics.median(own / other for own, other in zip(names["instanton"], names["torch"]))
    torch, own = (statistics.median(names[name]) for name in ("torch", "instanton"))
    print(f"{row:24}{torch:12.6g}{own:12.6g}{ratio:8.2f}{wanted[row]:8.0f}")
PYTHON
