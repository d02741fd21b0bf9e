#!/bin/sh
# Runs this checkout's ./run in a bare Debian, as somebody would on a machine just installed.
# The root directory has what `debootstrap --variant=minbase` puts there and no more; it is
# copied for every run and removed afterwards, with every process and mount of the run.
set -eu

usage() {
    cat <<'END'
usage: tests/roots/run.sh [--user] SUITE VERB [ARGUMENT…]
       tests/roots/run.sh [--user] SUITE -- COMMAND [ARGUMENT…]

  SUITE   bookworm (Debian 12, PostgreSQL 15) or trixie (Debian 13, PostgreSQL 17)
  VERB    what to give to ./run: demo, test, lint, …
  --      run a command in the checkout instead, `-- sh` to look around
  --user  as a user with sudo, who owns the checkout, instead of as root

Needs root, debootstrap, git and unshare. Takes apt's mirrors and pip's index from this machine.

  ROOTS_DIR      where the bare roots are kept (/var/tmp/rollup-roots): delete it to start afresh
  ROOTS_MIRROR   a Debian mirror, if not the one of this machine
  ROOTS_PATH     where the checkout goes inside the root (/srv/rollup)
END
}

say() { printf 'roots: %s\n' "$*" >&2; }
fail() {
    say "error: $*"
    exit 1
}

as_user=
if [ "${1:-}" = --user ]; then
    as_user=dev
    shift
fi
case ${1:-} in
    bookworm | trixie) suite=$1 ;;
    -h | --help | help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac
shift
case ${1:-} in
    '')
        usage >&2
        exit 2
        ;;
    --) shift ;;
    *) set -- ./run "$@" ;;
esac

[ "$(id -u)" -eq 0 ] || fail "debootstrap and chroot need root"
for tool in debootstrap git unshare chroot; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: apt-get install $tool"
done

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
roots=${ROOTS_DIR:-/var/tmp/rollup-roots}
base=$roots/$suite
inside=${ROOTS_PATH:-/srv/rollup}
mkdir -p "$roots"

# -- what this machine uses to reach Debian and the Python packages -------------------------------

# The lines `deb URI SUITE COMPONENT…` of this machine's sources, both formats, for the
# distribution's own suites only; the suite's name is $suite's.
host_sources() {
    host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -r "$file" ] || continue
        sed -n 's/^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ][^ ]*\)  *\([^ ][^ ]*\)  *\(.*\)/\2 \3 \4/p' "$file"
    done | awk -v host="$host" -v suite="$suite" '
        $2 ~ "^" host "(-updates|-security)?$" { sub(host, suite, $2); print "deb", $0 }'
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] || continue
        # An empty line ends a stanza.
        { cat "$file" && echo; } | awk -v host="$host" -v suite="$suite" '
            /^#/ { next }
            /^Types:/ { types = $0 }
            /^(URIs|Suites|Components):/ { key = $1; $1 = ""; field[key] = $0 }
            /^[ \t]*$/ {
                if (types ~ /deb( |$)/) {
                    count = split(field["Suites:"], suites, " ")
                    split(field["URIs:"], uris, " ")
                    for (i = 1; i <= count; i++)
                        if (suites[i] ~ "^" host "(-updates|-security)?$") {
                            sub(host, suite, suites[i])
                            print "deb", uris[1], suites[i] field["Components:"]
                        }
                }
                split("", field); types = ""
            }'
    done
}

# The value of one of pip's settings on this machine, local directories left out.
pip_setting() {
    for word in $(python3 -m pip config get "global.$1" 2>/dev/null); do
        case $word in /* | file:*) ;; *) printf '%s ' "$word" ;; esac
    done
}

configure() {
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    sources=$(host_sources)
    if [ -z "${ROOTS_MIRROR:-}" ] && [ -n "$sources" ]; then
        printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
    fi
    apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' \
        >"$root/etc/apt/apt.conf.d/99host" || :
    {
        echo '[global]'
        for key in index-url extra-index-url trusted-host proxy; do
            value=$(pip_setting "$key")
            [ -z "$value" ] || echo "$key = $value"
        done
        cert=$(python3 -m pip config get global.cert 2>/dev/null) || cert=
        cert=${PIP_CERT:-$cert}
        if [ -n "$cert" ]; then
            cp "$cert" "$root/etc/host-certificates.crt"
            echo "cert = /etc/host-certificates.crt"
        fi
    } >"$root/etc/pip.conf"
}

# -- the roots ------------------------------------------------------------------------------------

make_base() {
    [ -d "$base" ] && return
    mirror=${ROOTS_MIRROR:-$(host_sources | awk -v suite="$suite" '$3 == suite { print $2; exit }')}
    extra=
    case $mirror in https:*) extra=--include=ca-certificates ;; esac
    say "debootstrap --variant=minbase $suite"
    rm -rf --one-file-system "$base.new"
    # shellcheck disable=SC2086 # both may be empty, neither has spaces
    debootstrap --variant=minbase $extra "$suite" "$base.new" $mirror >"$base.log" 2>&1 || {
        tail -n 5 "$base.log" >&2
        fail "debootstrap failed: see $base.log"
    }
    mv "$base.new" "$base"
}

copy_checkout() {
    mkdir -p "$root$inside"
    git -c safe.directory='*' -C "$checkout" ls-files -z --cached --others --exclude-standard |
        tar -C "$checkout" --null --files-from=- --ignore-failed-read --no-recursion -cf - 2>/dev/null |
        tar -C "$root$inside" --no-same-owner -xf -
}

make_user() {
    in_root sh -euc '
        useradd --create-home --shell /bin/sh "$1"
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends sudo
        echo "$1 ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/user
        chown -R "$1:" "$2"' sh "$as_user" "$inside" >/dev/null 2>&1 ||
        fail "cannot make a user with sudo in the root"
}

# Run a command in the root, in namespaces of its own: when it ends, its mounts are gone, and
# whatever it left running is killed.
in_root() {
    unshare --mount --pid --fork --kill-child sh -euc '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || :
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
        status=0
        chroot "$root" /usr/bin/env -i "HOME=/root" "TERM=${TERM:-dumb}" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            ${CI:+"CI=$CI"} ${http_proxy:+"http_proxy=$http_proxy"} \
            ${https_proxy:+"https_proxy=$https_proxy"} "$@" || status=$?
        exit "$status"' sh "$root" "$@"
}

# A run that was killed before it could clean up leaves its root; nothing is mounted there.
for stale in "$roots"/run.*; do
    [ -d "$stale" ] || continue
    kill -0 "${stale##*.}" 2>/dev/null || rm -rf --one-file-system "$stale"
done

make_base
root=$roots/run.$$
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cp -a --reflink=auto "$base" "$root"
configure
copy_checkout
say "$suite, ${as_user:-root}: $*"
status=0
if [ -n "$as_user" ]; then
    make_user
    in_root su "$as_user" -c 'cd "$0" && exec "$@"' -- "$inside" "$@" || status=$?
else
    in_root sh -c 'cd "$0" && exec "$@"' "$inside" "$@" || status=$?
fi
say "$suite, ${as_user:-root}: exit $status"
exit "$status"
