#!/bin/sh
# Takes away what install.sh put below DESTDIR and PREFIX: the files of its list, and then the folders that it made, where
# nothing else is in them.
#   uninstall.sh [LIST]       with PREFIX and DESTDIR; without a list, the one that was installed
set -eu
case $PREFIX in /*) prefix=${PREFIX%/} ;; *) prefix=$(pwd)/${PREFIX%/} ;; esac
list=${1:-$DESTDIR$prefix/share/doc/instanton/installed.txt}
[ -f "$list" ] || { echo "uninstall: expected the list of what was installed, $list, got no such file" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

while read -r name; do
  case /$name/ in */../*) echo "uninstall: $list: expected no way up, got $name" >&2; exit 1 ;; esac
  case $name in
  ./*) echo "$DESTDIR$prefix/${name#./}" ;;
  /*) echo "$DESTDIR$name" ;;
  *) echo "uninstall: $list: expected a path from / or ./, got $name" >&2; exit 1 ;;
  esac
done < "$list" > "$work/paths"
grep -v '/$' "$work/paths" | while read -r path; do rm -f "$path"; done
# What lies in a folder comes before it.
grep '/$' "$work/paths" | sort -r | while read -r path; do
  [ ! -d "$path" ] || rmdir "$path" 2> /dev/null || true
done
