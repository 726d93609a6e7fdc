#!/bin/sh
# Sets up what a make target needs, once; later calls return at once.
#
#   tools/setup.sh run   virtual environment with the run-time packages, ffmpeg
#   tools/setup.sh dev   the same with the tools that check, and the servers that the tests start
#   tools/setup.sh images   as run, with what builds and runs container images
#
# Packages of Debian are installed when this runs as root; otherwise it says which are missing and how to get them.
set -eu
cd "$(dirname "$0")/.."
want=${1:?say run, dev or images}
venv=.venv

say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- Debian packages -------------------------------------------------------------------------------------------
missing=""
need() { # need PACKAGE TEST...: remember PACKAGE when TEST fails
    package=$1; shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
python=""
for candidate in python3.11 python3 python3.12 python3.13; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
need ffmpeg ffmpeg -version
need ffmpeg ffprobe -version
# ffmpeg's usual build of libavcodec lacks AMR; this one has it. Listed alone, since ffmpeg is there without it.
need libavcodec-extra sh -c 'ffmpeg -v quiet -encoders | grep -q libopencore_amrnb'
need dvdauthor sh -c 'command -v dvdauthor'
need genisoimage sh -c 'command -v genisoimage'
need util-linux setpriv --version
need util-linux prlimit --version
if [ ! -x "$venv/bin/pip" ]; then
    if [ -z "$python" ]; then
        missing="$missing python3"
        need python3-venv false
    else
        need python3-venv "$python" -c 'import ensurepip, venv'
    fi
fi
if [ "$want" = dev ]; then
    need rabbitmq-server test -x /usr/lib/rabbitmq/bin/rabbitmq-server
    need postgresql sh -c 'ls /usr/lib/postgresql/*/bin/initdb'
    need prometheus sh -c 'command -v prometheus && command -v promtool'
    # A stand-in for NVIDIA's library is compiled by the tests.
    need gcc gcc --version
    need libc6-dev test -e /usr/include/stdio.h
fi
if [ "$want" = images ]; then
    for program in buildah podman runc conmon catatonit mmdebstrap; do
        need "$program" env PATH="$PATH:/usr/sbin" sh -c "command -v $program"
    done
    need debian-archive-keyring test -e /usr/share/keyrings/debian-archive-keyring.gpg
fi
if [ -n "$missing" ]; then
    missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ' | sed 's/ $//')
    command -v apt-get >/dev/null 2>&1 ||
        fail "these are missing: $missing. Install them with your system's package manager, then run this again."
    [ "$(id -u)" = 0 ] ||
        fail "these Debian packages are missing: $missing. Run: sudo apt-get install $missing and then this again."
    say "installing with apt-get: $missing"
    log=$(mktemp)
    # The tests start servers of their own: a package must not start one on its default port. The policy file says
    # so for the time of the installation only, and only where there is none yet.
    policy=/usr/sbin/policy-rc.d
    made_policy=no
    if [ "$want" != run ] && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=yes
    fi
    status=0
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
        >"$log" 2>&1 </dev/null || status=$?
    [ "$made_policy" = no ] || rm -f "$policy"
    [ "$status" = 0 ] || { tail -n 20 "$log" >&2; fail "apt-get could not install: $missing (its output: $log)"; }
    rm -f "$log"
    if [ -z "$python" ]; then
        python=python3
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed."
    fi
fi

# --- Python packages -------------------------------------------------------------------------------------------
[ -x "$venv/bin/pip" ] || { say "making the virtual environment $venv"; "$python" -m venv "$venv"; }
install() { # install NAME: the packages of requirements/NAME.txt, unless exactly those are there already
    stamp=$venv/.installed-$1
    wanted=$(cat requirements/build.txt "requirements/$1.txt" pyproject.toml | sha256sum)
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        say "installing the packages of requirements/$1.txt"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
            -r requirements/build.txt -r "requirements/$1.txt"
        # The package itself, as a link to this folder, built with the setuptools of requirements/build.txt.
        "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
        printf '%s' "$wanted" >"$stamp"
    fi
}
if [ "$want" = dev ]; then
    install dev
    tools/kubectl.sh
elif [ ! -f "$venv/.installed-dev" ]; then
    install run
fi
