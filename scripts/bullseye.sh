#!/usr/bin/env bash
# Debian 12 has no Julia: adds Debian 11 as a source of low priority, used only for packages named in full, at the
# address of this system's own packages. Does nothing where there is a Julia to install, or where the system is another
# one.
set -euo pipefail
apt-get update > /dev/null
candidate=$(apt-cache policy julia | sed -n 's/^ *Candidate: //p')
[ -z "$candidate" ] || [ "$candidate" = "(none)" ] || exit 0
[ "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" = bookworm ] || exit 0
lists=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null || true)
address=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' <<< "$lists" | sed -n 1p)
printf 'Types: deb\nURIs: %s\nSuites: bullseye\nComponents: main\nSigned-By: %s\n' "${address:-http://deb.debian.org/debian}" \
  /usr/share/keyrings/debian-archive-keyring.gpg > /etc/apt/sources.list.d/instanton-bullseye.sources
printf 'Package: *\nPin: release n=bullseye\nPin-Priority: 100\n' > /etc/apt/preferences.d/instanton-bullseye
