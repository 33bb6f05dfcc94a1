#!/usr/bin/env bash
# Times sweeps of the heat bath and of overrelaxation of SU(3) on 16^4 sites beside MILC's program su3_ora: both alternately,
# several rounds, medians at the end. The machine has to be idle otherwise. MILC is built with -O3 -march=native, in both
# precisions, and runs one process on each of two cores; the rows of this library compute in f64 on two threads.
#   race_milc.sh FOLDER [ROUNDS]     FOLDER: a checkout of MILC's sources, which stays as it is
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d "${1:-}/pure_gauge" ] || { echo "race_milc: expected a folder with MILC's sources, got '${1:-}'" >&2; exit 2; }
milc=$1
rounds=${2:-5}
place=$PWD/build/milc
mkdir -p "$place"
times=$place/times.txt
: > "$times"

for precision in 1 2; do
  [ -x "$place/su3_ora_$precision" ] && continue
  rm -rf "$place/source"
  mkdir "$place/source"
  tar cf - -C "$milc" --exclude=.git . | tar xf - -C "$place/source"
  # MPI 3 has these functions under other names.
  sed -i 's/MPI_Errhandler_set/MPI_Comm_set_errhandler/; s/MPI_Errhandler_create/MPI_Comm_create_errhandler/' \
    "$place/source/generic/com_mpi.c"
  cp "$place/source/Makefile" "$place/source/pure_gauge/"
  make -C "$place/source/pure_gauge" su3_ora MPP=true "PRECISION=$precision" OPT="-O3 -march=native" > "$place/build.log" 2>&1
  mv "$place/source/pure_gauge/su3_ora" "$place/su3_ora_$precision"
done
cargo bench --quiet --bench rows --no-run

# Nanoseconds a link of MILC: precision, sweeps of overrelaxation and of the heat bath between two checks of the group.
milc_time() {
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to core -n 2 "$place/su3_ora_$1" << END |
prompt 0
nx 16
ny 16
nz 16
nt 16
iseed 8352
warms 0
trajecs 5
traj_between_meas 1000
beta 6.0
steps_per_trajectory $2
qhb_steps $3
fresh
no_gauge_fix
forget
END
    awk -v sweeps="$((5 * ($2 + $3)))" '/^Time =/ { printf "%.1f\n", $3 * 1e9 / (sweeps * 4 * 16 ^ 4) }'
}

for ((round = 1; round <= rounds; round++)); do
  for row in "heatbath-su3 0 4" "overrelaxation-su3 8 0"; do
    read -r name reflections heat <<< "$row"
    for precision in 1 2; do
      echo "$name milc-$precision $(milc_time "$precision" "$reflections" "$heat")" | tee -a "$times"
    done
    value=$(cargo bench --quiet --bench rows -- "$name" | awk -v row="$name" '$1 == "bench:" && $2 == row {print $3}')
    [ -n "$value" ] || { echo "race_milc: expected a line 'bench: $name VALUE UNIT', got none" >&2; exit 1; }
    echo "$name instanton $value" | tee -a "$times"
  done
done

python3 - "$times" <<'PYTHON'
import collections, statistics, sys

times = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(sys.argv[1], encoding="utf-8"):
    row, name, value = line.split()
    times[row][name].append(float(value))
print(f"{'nanoseconds a link':24}{'MILC f32':>12}{'MILC f64':>12}{'instanton':>12}{'f64 ratio':>12}")
for row, names in times.items():
    single, double, own = (statistics.median(names[name]) for name in ("milc-1", "milc-2", "instanton"))
    print(f"{row:24}{single:12.1f}{double:12.1f}{own:12.1f}{double / own:12.2f}")
PYTHON
