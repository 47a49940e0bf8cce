#!/bin/sh
# Installs DriftSentry from the directory that this file is in. Made to be read before it is run, and run again.
set -eu

usage() {
    cat <<'TEXT'
Usage: ./install.sh [--prefix DIR] [--root DIR] [--no-start] [--dry-run]
       ./install.sh --uninstall [--purge] [--prefix DIR] [--root DIR] [--dry-run]

Installs DriftSentry from the directory that this file is in, or upgrades what it installed before: the program, its
manual, completions and documents under the prefix, units in /etc/systemd/system, and, where there is none yet,
/etc/driftsentry/config.toml. Makes the account driftsentry. Where systemd runs, enables and starts the service at the
first installation, and restarts it at an upgrade if it runs. Reaches no network.

  --prefix DIR   where the program goes (default /usr/local): DIR/bin, DIR/share
  --root DIR     into the directory tree DIR, as for an image; nothing is started there
  --no-start     neither enable, start nor restart anything
  --uninstall    stop the service and remove what was installed; the configuration, the data and the logs stay
  --purge        with --uninstall: remove these too, and all that is in them
  --dry-run      say what would be done, and do nothing
  --help         this text
TEXT
}

wrong() {
    echo "install.sh: $1" >&2
    exit 64
}

failed() {
    echo "install.sh: $1" >&2
    exit 1
}

prefix=/usr/local root='' start=yes uninstall=no purge=no dry_run=no
while [ $# -gt 0 ]; do
    case $1 in
    --prefix | --root)
        [ $# -ge 2 ] || wrong "$1 needs a directory"
        case $2 in /*) ;; *) wrong "$1 needs a directory that begins with /" ;; esac
        case $2 in *[!A-Za-z0-9/._-]*) wrong "$1 $2 has characters in it that units can't name" ;; esac
        if [ "$1" = --prefix ]; then prefix=${2%/}; else root=${2%/}; fi
        shift
        ;;
    --no-start) start=no ;;
    --uninstall) uninstall=yes ;;
    --purge) purge=yes ;;
    --dry-run) dry_run=yes ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) wrong "unknown argument $1: see install.sh --help" ;;
    esac
    shift
done
[ "$purge" = no ] || [ "$uninstall" = yes ] || wrong "--purge goes with --uninstall"
here=$(cd "$(dirname "$0")" && pwd)
umask 022

share=$prefix/share/driftsentry
manifest=$root$share/manifest
units=/etc/systemd/system
enabled='driftsentry.service driftsentry-backup.timer driftsentry-drill.timer'
kept='/etc/driftsentry /var/lib/driftsentry /var/log/driftsentry'

# does WHAT COMMAND…: says it, and does it unless nothing is to be done.
does() {
    echo "$1"
    shift
    [ "$dry_run" = yes ] || "$@"
}

systemd_runs() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# put MODE FILE TARGET: copies a file in one step, so that a program that runs isn't written into.
put() {
    wanted="$wanted
$3"
    if [ -f "$root$3" ] && cmp -s "$2" "$root$3"; then
        [ "$dry_run" = yes ] || chmod "$1" "$root$3"
        return 0
    fi
    does "write $root$3" copy "$1" "$2" "$root$3"
}

copy() {
    mkdir -p "$(dirname "$3")"
    cp "$2" "$3.new"
    chmod "$1" "$3.new"
    mv "$3.new" "$3"
}

# put_unit FILE TARGET: the same, with the program where the prefix has it.
put_unit() {
    sed "s,/usr/bin/driftsentry,$prefix/bin/driftsentry,g" "$1" >"$temporary/unit"
    put 644 "$temporary/unit" "$2"
}

make_account() {
    if [ -n "$root" ]; then
        # Without an account database this tree is not a system yet; its first start makes the account, by sysusers.d.
        [ -f "$root/etc/passwd" ] || return 0
        ! grep -q '^driftsentry:' "$root/etc/passwd" || return 0
        if command -v systemd-sysusers >/dev/null; then
            does "make the account driftsentry in $root" \
                systemd-sysusers --root="$root" "$root$prefix/lib/sysusers.d/driftsentry.conf"
        else
            does "make the account driftsentry in $root" useradd --root "$root" --system --user-group \
                --home-dir /var/lib/driftsentry --no-create-home --shell /usr/sbin/nologin driftsentry
        fi
    elif ! id driftsentry >/dev/null 2>&1; then
        if command -v systemd-sysusers >/dev/null; then
            does "make the account driftsentry" systemd-sysusers "$prefix/lib/sysusers.d/driftsentry.conf"
        elif command -v useradd >/dev/null; then
            does "make the account driftsentry" useradd --system --user-group --home-dir /var/lib/driftsentry \
                --no-create-home --shell /usr/sbin/nologin driftsentry
        else
            does "make the account driftsentry" adduser -S -D -H -h /var/lib/driftsentry -s /sbin/nologin driftsentry
        fi
    fi
}

# own MODE OWNER PATH: a directory or file as the service needs it, by the numbers of the tree it is in.
own() {
    owner=${2%%:*} group=${2#*:}
    if [ -n "$root" ]; then
        [ -f "$root/etc/passwd" ] || return 0
        owner=$(sed -n "s/^$owner:[^:]*:\([0-9]*\):.*/\1/p" "$root/etc/passwd")
        group=$(sed -n "s/^$group:[^:]*:\([0-9]*\):.*/\1/p" "$root/etc/group")
    fi
    chown "$owner:$group" "$root$3"
    chmod "$1" "$root$3"
}

directories() {
    mkdir -p "$root/etc/driftsentry" "$root/var/lib/driftsentry/backups" "$root/var/log/driftsentry"
    own 750 root:driftsentry /etc/driftsentry
    own 640 root:driftsentry /etc/driftsentry/config.toml
    own 700 driftsentry:driftsentry /var/lib/driftsentry
    own 700 driftsentry:driftsentry /var/lib/driftsentry/backups
    own 750 driftsentry:driftsentry /var/log/driftsentry
}

# Removes a file that was installed, and directories of ours that are empty then.
take() {
    [ -e "$root$1" ] || return 0
    does "remove $root$1" rm -f "$root$1"
}

install_all() {
    [ -x "$here/driftsentry" ] || failed "$here has no driftsentry: unpack the whole tarball, and run this from there"
    if [ -z "$root" ] && [ -e /var/lib/dpkg/info/driftsentry.list ] && [ -e /usr/bin/driftsentry ]; then
        failed "the Debian package driftsentry is installed: upgrade it with apt-get, or remove it first"
    fi
    # It has to run here, before anything is replaced by it.
    version=$("$here/driftsentry" --version) || failed "$here/driftsentry doesn't run on this machine"
    echo "installing $version under $root$prefix"
    wanted=
    first=yes
    [ ! -e "$manifest" ] || first=no

    put 755 "$here/driftsentry" "$prefix/bin/driftsentry"
    for unit in "$here"/systemd/*; do put_unit "$unit" "$units/${unit##*/}"; done
    put 644 "$here/sysusers.d/driftsentry.conf" "$prefix/lib/sysusers.d/driftsentry.conf"
    put 644 "$here/tmpfiles.d/driftsentry.conf" "$prefix/lib/tmpfiles.d/driftsentry.conf"
    for page in "$here"/man/*.1; do
        put 644 "$page" "$prefix/share/man/man1/${page##*/}"
    done
    put 644 "$here/completions/driftsentry.bash" "$prefix/share/bash-completion/completions/driftsentry"
    put 644 "$here/completions/_driftsentry" "$prefix/share/zsh/site-functions/_driftsentry"
    put 644 "$here/completions/driftsentry.fish" "$prefix/share/fish/vendor_completions.d/driftsentry.fish"
    for document in README.md CHANGELOG.md SECURITY.md LICENSE copyright openapi.json config.toml; do
        put 644 "$here/$document" "$prefix/share/doc/driftsentry/$document"
    done
    for file in "$here"/monitoring/*; do
        put 644 "$file" "$prefix/share/doc/driftsentry/monitoring/${file##*/}"
    done
    # For removing it when the tarball is gone.
    put 755 "$here/install.sh" "$share/install.sh"

    if [ -e "$root/etc/driftsentry/config.toml" ]; then
        echo "keep $root/etc/driftsentry/config.toml; this version's example is in $prefix/share/doc/driftsentry"
    else
        does "write $root/etc/driftsentry/config.toml" copy 640 "$here/config.toml" "$root/etc/driftsentry/config.toml"
    fi
    if [ "$first" = no ]; then
        # What an earlier version installed and this one doesn't.
        while read -r path; do
            echo "$wanted" | grep -qxF "$path" || take "$path"
        done <"$manifest"
    fi
    if [ "$dry_run" = no ]; then
        mkdir -p "$root$share"
        echo "$wanted" | sed '/^$/d' >"$manifest"
    fi

    make_account
    does "set owners and modes of $kept" directories

    if systemd_runs && [ "$start" = yes ]; then
        does "tell systemd" systemctl daemon-reload
        if [ "$first" = yes ]; then
            # shellcheck disable=SC2086 # three units
            does "enable and start $enabled" systemctl enable --now --quiet $enabled
        else
            # shellcheck disable=SC2086
            does "restart what runs of $enabled" systemctl try-restart $enabled
        fi
    elif [ "$first" = yes ]; then
        echo "start it with: systemctl daemon-reload && systemctl enable --now $enabled"
    fi
    if [ "$first" = yes ]; then
        echo "For the first sign-in:"
        echo "  $prefix/bin/driftsentry user reset-password admin@driftsentry.local --data-dir /var/lib/driftsentry"
    fi
    if [ "$dry_run" = yes ]; then echo "nothing was done: this was a dry run"; else echo "done"; fi
}

uninstall_all() {
    if [ -e "$manifest" ]; then
        if systemd_runs; then
            does "stop and disable the service, its socket and timers" stop_all
        fi
        sort -r "$manifest" | while read -r path; do take "$path"; done
        does "remove $root$share" rm -rf "$root$share"
        [ "$dry_run" = yes ] ||
            rmdir "$root$prefix/share/doc/driftsentry/monitoring" "$root$prefix/share/doc/driftsentry" 2>/dev/null || true
        if systemd_runs; then does "tell systemd" systemctl daemon-reload; fi
    else
        echo "nothing is installed under $root$prefix"
    fi
    for directory in $kept; do
        [ -d "$root$directory" ] || continue
        if [ "$purge" = yes ]; then
            does "remove $root$directory and all that is in it" empty "$root$directory"
        else
            echo "keep $root$directory"
        fi
    done
    if [ "$dry_run" = yes ]; then echo "nothing was done: this was a dry run"; else echo "done; the account driftsentry stays"; fi
}

# Removes a directory and all that is in it; also what a link leads to, and what is in a mount point, which itself stays.
empty() {
    find -H "$1" -mindepth 1 -delete
    if [ -L "$1" ]; then rm -f "$1"; else rmdir "$1" || echo "$1 is empty now, and stays: is it a mount point?"; fi
}

stop_all() {
    # shellcheck disable=SC2086 # three units
    systemctl disable --now --quiet driftsentry.socket $enabled 2>/dev/null || true
    systemctl stop driftsentry-backup.service driftsentry-drill.service 2>/dev/null || true
}

if [ "$dry_run" = no ] && [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
    failed "this needs root: run it with sudo, or into a tree of your own with --root DIR"
fi
if [ "$uninstall" = yes ]; then
    uninstall_all
else
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    install_all
fi
