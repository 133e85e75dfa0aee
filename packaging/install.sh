#!/bin/sh
# ./install.sh                        installs Katydid, or another version over it
# ./install.sh --uninstall [--purge]  removes what was installed; --purge also the config, the password and the states
#
#   --prefix FOLDER  the program and what is read only, by default /usr/local
#   --root FOLDER    installs into a system that is not running and lies in FOLDER (no user is made there, nothing started)
#
# For systems without Debian's packages; on those with them take the .deb. Needs a shell and what busybox has, no more.
# Afterwards FOLDER/share/katydid/install.sh uninstalls.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
prefix=/usr/local root='' uninstall='' purge=''
[ ! -f "$here/installed" ] || prefix=${here%/share/katydid} # the copy that was installed
die() {
    echo "install.sh: $*" >&2
    exit 1
}
while [ $# -gt 0 ]; do
    case $1 in
        --prefix | --root) [ $# -ge 2 ] || die "$1 takes a folder" ;;
    esac
    case $1 in
        --uninstall) uninstall=1 ;;
        --purge) purge=1 ;;
        --prefix) prefix=$2 && shift ;;
        --root) root=${2%/} && shift ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
    shift
done
case $prefix in /*) ;; *) die "--prefix takes an absolute path" ;; esac
[ -z "$purge" ] || [ -n "$uninstall" ] || die "--purge goes with --uninstall"
[ -n "$root" ] || [ "$(id -u)" = 0 ] || die "please run it as root"
list=$root$prefix/share/katydid/installed

has() { command -v "$1" >/dev/null 2>&1; }
running() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
openrc() { [ -e "$root/sbin/openrc-run" ] || [ -e "$root/usr/sbin/openrc-run" ]; }
systemd() { [ -e "$root/lib/systemd/systemd" ] || [ -e "$root/usr/lib/systemd/systemd" ]; }
udev() { [ -d "$root/etc/udev" ] || [ -d "$root/lib/udev" ] || [ -d "$root/usr/lib/udev" ]; }

if [ -n "$uninstall" ]; then
    [ -f "$list" ] || die "there is no $list: nothing was installed there"
    # The names in it begin at its own root: of a copy that lies in another system they would be this one's.
    grep -qxF "$prefix/bin/katydid" "$list" || die "$list is of another system: say --root and --prefix"
    if running; then
        systemctl disable --now katydid.service katydid-firstboot.service >/dev/null 2>&1 || true
    elif [ -z "$root" ] && has rc-service; then
        rc-service katydid stop >/dev/null 2>&1 || true
        rc-update del katydid >/dev/null 2>&1 || true
    fi
    echo "$prefix/share/katydid/installed" >>"$list"
    while read -r file; do
        rm -f "$root$file"
        folder=$(dirname "$file")
        # Folders that nothing is left in, but for those that every system has.
        while case $folder in *katydid*) ;; *) false ;; esac && rmdir "$root$folder" 2>/dev/null; do
            folder=$(dirname "$folder")
        done
    done <"$list"
    if [ -n "$purge" ]; then
        rm -rf "$root/etc/katydid" "$root/var/lib/katydid"
        rm -f "$root/var/log/katydid.log"
        [ -n "$root" ] || rm -rf /run/katydid
    fi
    if running; then systemctl daemon-reload; fi
    echo "Katydid is removed. The user katydid stays$([ -n "$purge" ] || echo ', and so do /etc/katydid and /var/lib/katydid')."
    exit 0
fi

[ -f "$here/files/usr/bin/katydid" ] || die "there is no $here/files: run the install.sh of the unpacked archive"
if [ -z "$root" ]; then
    "$here/files/usr/bin/katydid" --version >/dev/null 2>&1 ||
        die "the program does not run on this processor ($(uname -m)): take another archive"
    # The service runs as this user. `gpio` is the group of the lines, PWM and LEDs.
    if has systemd-sysusers; then
        systemd-sysusers "$here/files/usr/lib/sysusers.d/katydid.conf"
    elif has groupadd; then
        grep -q '^gpio:' /etc/group || groupadd --system gpio
        grep -q '^katydid:' /etc/group || groupadd --system katydid
        grep -q '^katydid:' /etc/passwd || useradd --system --gid katydid --groups gpio --home-dir / --shell /bin/false katydid
    elif has addgroup; then
        grep -q '^gpio:' /etc/group || addgroup -S gpio
        grep -q '^katydid:' /etc/group || addgroup -S katydid
        grep -q '^katydid:' /etc/passwd || adduser -S -D -H -h / -s /bin/false -G katydid katydid
        addgroup katydid gpio
    elif ! grep -q '^katydid:' /etc/passwd; then
        die "nothing here can make users: make a user katydid with a group of that name, in the group gpio, and run this again"
    fi
fi

new=$root$prefix/share/katydid/installed.new
mkdir -p "$root$prefix/share/katydid"
: >"$new"
# Beside its place first and then renamed, since the program may be running.
put() { # MODE SOURCE TARGET
    mkdir -p "$root$(dirname "$3")"
    cp "$here/$2" "$root$3.new"
    chmod "$1" "$root$3.new"
    mv -f "$root$3.new" "$root$3"
    echo "$3" >>"$new"
}
# The same for what says where the program is.
put_with_prefix() {
    put "$@"
    sed "s|/usr/bin/katydid|$prefix/bin/katydid|g" "$here/$2" >"$root$3"
}
put 755 files/usr/bin/katydid "$prefix/bin/katydid"
(cd "$here/files/usr/share" && find . -type f) | while read -r file; do
    target=$prefix/share/${file#./}
    case $file in ./zsh/*) target=$prefix/share/zsh/site-functions/_katydid ;; esac
    put 644 "files/usr/share/${file#./}" "$target"
done
if systemd; then
    for unit in "$here"/files/usr/lib/systemd/system/*; do
        unit=${unit##*/}
        put_with_prefix 644 "files/usr/lib/systemd/system/$unit" "/etc/systemd/system/$unit"
    done
    put 644 files/usr/lib/sysusers.d/katydid.conf /etc/sysusers.d/katydid.conf
elif openrc; then
    put_with_prefix 755 files/etc/init.d/katydid /etc/init.d/katydid
fi
if udev; then put 644 files/usr/lib/udev/rules.d/60-katydid.rules /etc/udev/rules.d/60-katydid.rules; fi
mkdir -p "$root/etc/katydid"
chmod 750 "$root/etc/katydid"
put 644 files/etc/katydid/katydid.toml.example /etc/katydid/katydid.toml.example
put 755 install.sh "$prefix/share/katydid/install.sh"
# What the last version had and this one has not.
if [ -f "$list" ]; then
    while read -r file; do grep -qxF "$file" "$new" || rm -f "$root$file"; done <"$list"
fi
mv -f "$new" "$list"

if [ -n "$root" ]; then
    echo "Installed into $root. It wants a user katydid in the group gpio, who may read /etc/katydid."
    exit 0
fi
chown root:katydid /etc/katydid
if ! systemd; then
    mkdir -p /var/lib/katydid
    chmod 700 /var/lib/katydid
    chown katydid:katydid /var/lib/katydid
fi
if [ -d /run/udev ] && has udevadm; then
    udevadm control --reload || true
    udevadm trigger --action=change --subsystem-match=gpio --subsystem-match=pwm --subsystem-match=leds || true
fi
if systemd; then
    if running; then
        systemctl daemon-reload
        systemctl try-restart katydid.service
    fi
    start="systemctl enable katydid-firstboot && systemctl enable --now katydid"
elif openrc; then
    if rc-service katydid status >/dev/null 2>&1; then rc-service katydid restart; fi
    start="rc-update add katydid && rc-service katydid start"
else
    start="have your init run, as the user katydid: $prefix/bin/katydid run"
fi
echo "Katydid is in $prefix/bin."
[ -e /etc/katydid/katydid.toml ] || echo "Next, as root: katydid init"
echo "To start it: $start"
