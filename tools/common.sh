# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# What the tools share: the Debian packages they need, and how they build. Sourced by them, from the top folder of
# the tree.

BUILD_PACKAGES=(
    build-essential meson ninja-build pkg-config
    libglib2.0-dev libsoup-3.0-dev libsystemd-dev libgnutls28-dev python3-docutils zlib1g-dev
)
RUN_PACKAGES=(dbus systemd glib-networking ca-certificates python3 python3-websockets)
TEST_PACKAGES=(
    bubblewrap dbus-broker openssl python3-dbus-next python3-pytest python3-pytest-asyncio systemd-journal-remote
    valgrind xdg-dbus-proxy zsh
)
ANALYSIS_PACKAGES=(clang clang-tidy gcovr libclang-rt-14-dev)
PEER_PACKAGES=(nginx-light squid tinyproxy microsocks)

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs those of the named packages that are not there. In run level 1 no installed server is started: the tests
# start their own.
install_packages() {
    local package missing=() as_root=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "Please install as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing ${missing[*]}"
    "${as_root[@]}" apt-get --quiet=2 update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get --quiet=2 --yes --no-install-recommends install "${missing[@]}"
}

# Sets up the build folder $1 with the Meson options that follow.
configure() {
    local folder=$1 again=()
    shift
    [ ! -f "$folder/build.ninja" ] || again=(--reconfigure)
    meson setup "${again[@]}" "$folder" "$@"
}
