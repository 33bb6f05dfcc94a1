#!/bin/sh
# Licence files of all crates that the library holds, and of Rust's standard library, and a list of them.
#   licenses.sh FOLDER
set -eu
folder=$1
cargo=${CARGO:-cargo}
cd "$(dirname "$0")/.."
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

host=$("${RUSTC:-rustc}" -vV | sed -n 's/^host: //p')
"$cargo" tree --locked -e normal,no-proc-macro --prefix none --format '{p}|{l}|{r}' |
  sed 's/ (\*)//' | grep -v '^instanton v' | sort -u > "$work/crates"
"$cargo" metadata --locked --format-version 1 --filter-platform "$host" |
  grep -o '"manifest_path":"[^"]*"' | sed 's/^[^:]*:"//; s/\/Cargo.toml"$//' > "$work/sources"

cp LICENSE-MIT LICENSE-APACHE "$folder/"
list=$folder/THIRD-PARTY.txt
echo "The library holds these crates; their licence files are in folders of their names." > "$list"
while IFS='|' read -r package license repository; do
  name=${package%% *}
  version=${package#* v}
  version=${version%% *}
  source=$(grep "/$name-$version\$" "$work/sources" | head -n 1)
  [ -n "$source" ] || { echo "licenses: expected the source of $name $version, got none" >&2; exit 1; }
  printf '%s %s: %s, %s\n' "$name" "$version" "$license" "${repository:-no address}" >> "$list"
  to=$folder/$name-$version
  mkdir -p "$to"
  find "$source" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' \
    -o -iname 'copyright*' -o -iname 'unlicense*' \) -exec cp {} "$to/" \;
  [ -n "$(ls "$to")" ] && continue
  # Some crates name a licence and bring no text: the text is that of the name, the authors are those of the manifest.
  authors=$(sed -n '/^authors/,/]/p' "$source/Cargo.toml" | tr -d '\n' | sed 's/^authors *= *\[//; s/\].*//; s/"//g; s/^ *//; s/, *$//')
  case $license in
  MIT) { echo "MIT License"; echo; echo "Copyright (c) ${authors:-the authors of $name}"
    sed -n '/^Permission is hereby granted/,$p' LICENSE-MIT | sed '1i\
'; } > "$to/LICENSE-MIT" ;;
  *Apache-2.0*) cp LICENSE-APACHE "$to/LICENSE-APACHE" ;;
  *) echo "licenses: expected a licence file in $name $version or one of MIT and Apache-2.0, got $license" >&2; exit 1 ;;
  esac
done < "$work/crates"

rust=$("${RUSTC:-rustc}" --print sysroot)/share/doc/rust
printf "Rust's standard library, %s: MIT OR Apache-2.0, https://github.com/rust-lang/rust\n" "$("${RUSTC:-rustc}" --version)" >> "$list"
mkdir -p "$folder/rust"
if [ -e "$rust/COPYRIGHT-library.html" ]; then
  cp "$rust/COPYRIGHT-library.html" "$folder/rust/"
else
  cp LICENSE-APACHE "$folder/rust/"
fi
