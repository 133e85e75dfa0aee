#!/bin/bash
# build.sh CACHE KERNEL USER_SUITE KERNEL_SUITE OUT   builds for the guest's kernel the modules in this folder, and those
# drivers of the kernel's own source (150 MB) that Debian builds for boards only.
# Compiler and kernel headers (80 MB of packages) are unpacked into a folder of their own and run there by chroot, since
# this machine's compiler may be too old for that kernel; nothing is installed. Needs root or user namespaces. The
# folder (340 MB) is removed afterwards; KATYDID_KEEP_SDK=1 keeps it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 kernel=$2 user_suite=$3 suite=$4 out=$5
drivers='gpio/gpio-pcf857x.c pinctrl/pinctrl-mcp23s08.c pinctrl/pinctrl-mcp23s08.h pinctrl/pinctrl-mcp23s08_i2c.c'
sdk=$cache/sdk state=$cache/apt/sdk
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u | grep -m1 '/debian/\?$') ||
    { echo "build.sh: this machine's apt knows no Debian mirror" >&2; exit 1; }

unpack() {
    local opts name deb tool
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/etc/apt.conf.d" "$state/etc/preferences.d"
    : > "$state/status"
    for s in "$user_suite" "$suite"; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $s main"
    done > "$state/sources.list"
    opts=(-o Dir::State="$state" -o Dir::State::Lists="$state/lists" -o Dir::State::status="$state/status"
          -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Dir::Etc::sourcelist="$state/sources.list"
          -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::main=/dev/null -o Dir::Etc::parts="$state/etc/apt.conf.d"
          -o Dir::Etc::preferencesparts="$state/etc/preferences.d" -o Dir::Etc::preferences=/dev/null
          -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User=root -o Acquire::Languages=none
          -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=3)
    apt-get "${opts[@]}" -qq update
    rm -rf "$sdk"
    mkdir -p "$sdk"/usr/{bin,sbin,lib,lib64} "$sdk"/{build,tmp,dev,proc}
    for d in bin sbin lib lib64; do ln -s "usr/$d" "$sdk/$d"; done
    cd "$state/archives"
    # What the headers need on an empty system, without what only runs on a whole one.
    apt-get "${opts[@]}" -t "$suite" -y --no-install-recommends --print-uris install "linux-headers-$kernel" make dash \
        coreutils sed grep gawk findutils | sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" | sed 's/_.*//' | sort -u |
        grep -Ev '^(perl|libperl|systemd|udev|apt|locales|tzdata)|-doc$' > wanted
    apt-get "${opts[@]}" -t "$suite" -qq download $(cat wanted)
    for deb in *.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$sdk" --keep-directory-symlink; done
    echo "hwlab: $(du -ch ./*.deb | tail -1 | cut -f1) of packages for the compiler" >&2
    rm -f ./*.deb
    unpack_drivers
    for tool in "$sdk"/usr/bin/x86_64-linux-gnu-*; do
        name=${tool##*x86_64-linux-gnu-}
        [ -e "$sdk/usr/bin/$name" ] || ln -s "${tool##*/}" "$sdk/usr/bin/$name"
    done
    [ -e "$sdk/usr/bin/awk" ] || ln -s gawk "$sdk/usr/bin/awk"
    [ -e "$sdk/usr/bin/sh" ] || ln -s dash "$sdk/usr/bin/sh"
    touch "$sdk/.done-$kernel"
}

unpack_drivers() {
    local release source
    release=$(echo "$kernel" | cut -d. -f1,2)
    source=linux-source-$release
    apt-get "${opts[@]}" -t "$suite" -qq download "$source"
    mkdir -p "$sdk/drivers"
    dpkg-deb --fsys-tarfile "$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" | xz -dc |
        tar -x -C "$sdk/drivers" --transform 's,.*/,,' $(for file in $drivers; do echo "$source/drivers/$file"; done)
    rm -f ./*.deb
}

# objtool wants /proc, so all happens in a mount and process namespace of its own.
inside() {
    local spaces=(-m -p -f)
    [ "$(id -u)" = 0 ] || spaces+=(-r)
    unshare "${spaces[@]}" sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$sdk" "$@"
}

[ -e "$sdk/.done-$kernel" ] || (unpack)
[ -e "$sdk/dev/null" ] || mknod -m 666 "$sdk/dev/null" c 1 3 2>/dev/null || : > "$sdk/dev/null"
rm -rf "$sdk/build"
mkdir -p "$sdk/build" "$out"
cp "$here"/*.c "$sdk"/drivers/* "$sdk/build/"
(cd "$sdk/build"; printf 'obj-m :='; for source in *.c; do printf ' %s' "${source%.c}.o"; done; echo) > "$sdk/build/Makefile"
inside /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C make -s -C "/usr/lib/modules/$kernel/build" M=/build modules >&2
cp "$sdk"/build/*.ko "$out/"
[ -n "${KATYDID_KEEP_SDK:-}" ] || rm -rf "$sdk"
