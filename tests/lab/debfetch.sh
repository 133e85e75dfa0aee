#!/bin/bash
# debfetch.sh ARCH SUITE CACHE PKG...   downloads packages of any Debian suite and architecture and prints the files' names,
# without touching the machine's own apt configuration or package state. A metapackage (linux-image-amd64) is followed to
# the versioned package it depends on; other dependencies are not. Uses the Debian mirror this machine already uses.
set -euo pipefail
arch=$1 suite=$2 cache=$3; shift 3
targets() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u; }
mirror=$(targets | grep -m1 '/debian/\?$') || { echo "debfetch: this machine's apt knows no Debian mirror" >&2; exit 1; }
state=$cache/apt/$suite-$arch dest=$cache/debs
mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/etc/apt.conf.d" "$state/etc/preferences.d" "$dest"
: > "$state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$state/sources.list"
opts=(-o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
      -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Dir::Etc::sourcelist="$state/sources.list"
      -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::main=/dev/null -o Dir::Etc::parts="$state/etc/apt.conf.d"
      -o Dir::Etc::preferencesparts="$state/etc/preferences.d" -o Dir::Etc::preferences=/dev/null
      -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Get::List-Cleanup=0
      -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Sandbox::User=root
      -o Acquire::Languages=none -o Acquire::Retries=3)
if [ -z "$(find "$state/stamp" -mmin -1440 2>/dev/null)" ]; then
  apt-get "${opts[@]}" -qq update >&2 && touch "$state/stamp"
fi
declare -A seen=()
get() {
  local package=$1 deps d
  [ -n "${seen[$package]:-}" ] && return 0; seen[$package]=1
  deps=$(apt-cache "${opts[@]}" show --no-all-versions "$package" | sed -n 's/^Depends: //p' | head -1 \
         | tr ',|' '\n\n' | sed -n 's/^ *\(linux-\(image\|binary\|modules\|base\)-[0-9][^ ]*\).*/\1/p' | sort -u)
  for d in $deps; do get "$d"; done
  case $package in linux-image-[a-z]*) [ -n "$deps" ] && return 0;; esac      # the metapackage itself is empty
  (cd "$dest" && apt-get "${opts[@]}" -qq download "$package" >&2)
  ls -1t "$dest"/"${package}"_*_"$arch".deb | head -1
}
for package in "$@"; do get "$package"; done
