#!/bin/sh
# Links the shared library from the static one so that it runs with an older glibc than that of this system.
#   link.sh ARCHIVE LIBRARY SONAME LIST GLIBC
#
# It is linked twice: as this system does it, and then against stand-ins for the system's libraries, which hold the symbols
# that the first link took, each with its newest version up to GLIBC. What glibc has only since then is left out of them:
# functions that Rust's library can do without (weak symbols) are then found by name when the library is loaded, or not.
set -eu
archive=$1 library=$2 soname=$3 list=$4 oldest=$5
here=$(dirname "$0")
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "link: $*" >&2
  exit 1
}

link() {
  to=$1
  shift
  $cc -shared -Wl,-soname,"$soname" -Wl,--version-script="$list" -Wl,--gc-sections \
    -Wl,-z,relro,-z,now,-z,nodelete,-z,defs,-z,noexecstack -Wl,--as-needed \
    -Wl,--whole-archive "$archive" -Wl,--no-whole-archive -o "$to" "$@"
}
system="-lutil -lrt -lpthread -lm -ldl -lc"

# Other libraries of C have no versions, and other processors no glibc that is so old.
case $(uname -m) in x86_64 | aarch64) processor=known ;; *) processor=other ;; esac
if [ $processor = other ] || ! getconf GNU_LIBC_VERSION > /dev/null 2>&1; then
  link "$library" $system
  exit
fi

$cc -O2 -fPIC -fvisibility=hidden -ffunction-sections -D_LARGEFILE64_SOURCE -c "$here/stat.c" -o "$work/stat.o"
link "$work/first" "$work/stat.o" $system

# Lines "FILE NAME VERSION KIND" of all symbols of the system's libraries that it needs, but those of the compiler.
ldd "$work/first" | sed -n 's|.*=> \(/[^ ]*\) .*|\1|p; s|^[[:space:]]*\(/[^ ]*\) .*|\1|p' | grep -v libgcc_s > "$work/files"
while read -r file; do
  objdump -T "$file" | awk -v file="$(basename "$file")" '$0 !~ /\*UND\*/ && NF > 5 && match($0, /GLIBC_[0-9.]+/) {
    print file, $NF, substr($0, RSTART + 6, RLENGTH - 6), ($0 ~ / DO / ? "object" : "function") }'
done < "$work/files" > "$work/offered"
# Lines "NAME NEED": w where it can do without.
objdump -T "$work/first" | awk '/\*UND\*/ && !/GCC_/ { print $NF, ($0 ~ /^[0-9a-f]+ +w/ ? "w" : "needed") }' > "$work/wanted"

# Lines "FILE NAME VERSION KIND" of the newest versions that are old enough. Before 2.34 threads and dlopen were in libraries of
# their own, which newer systems keep for programs of that time.
awk -v oldest="$oldest" '
  function number(version, parts) { split(version, parts, "."); return 1e6 * parts[1] + 1e3 * parts[2] + parts[3] }
  NR == FNR { wanted[$1] = $2; next }
  ($2 in wanted) && number($3) <= number(oldest) && (!($2 in best) || number($3) >= number(best[$2])) {
    best[$2] = $3; file[$2] = $1; kind[$2] = $4
  }
  END {
    for (name in wanted) if (name in best) {
      if (name ~ /^pthread_/) file[name] = "libpthread.so.0"
      if (name ~ /^(dlopen|dlsym|dlclose|dlerror|dladdr)$/) file[name] = "libdl.so.2"
      print file[name], name, best[name], kind[name]
    } else if (wanted[name] == "needed") print "missing", name, "none"
  }' "$work/wanted" "$work/offered" | sort > "$work/chosen"
! grep '^missing' "$work/chosen" || fail "expected a version up to GLIBC_$oldest of the symbols above"
grep '^libc\.so' "$work/chosen" > /dev/null || fail "expected it to need symbols of libc"

# A stand-in has the name, the versions and the symbols of a library.
mkdir "$work/stand-ins"
for file in $(cut -d' ' -f1 "$work/chosen" | uniq); do
  grep "^$file " "$work/chosen" > "$work/symbols"
  awk '{ printf ".globl place%d\n.type place%d, %%%s\nplace%d: .byte 0\n.symver place%d, %s@@GLIBC_%s\n", NR, NR, $4, NR, NR, $2, $3 }' \
    "$work/symbols" > "$work/stand-in.s"
  { cut -d' ' -f3 "$work/symbols" | sort -u | sed 's/.*/GLIBC_& { };/'; echo 'REST { local: *; };'; } > "$work/versions"
  $cc -shared -nostdlib -Wl,-soname,"$file" -Wl,--version-script="$work/versions" "$work/stand-in.s" -o "$work/stand-ins/$file"
done
link "$library" "$work/stat.o" -nodefaultlibs "$work/stand-ins"/* "$($cc -print-file-name=libc_nonshared.a)" -lgcc -lgcc_s
