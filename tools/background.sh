# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Commands that a tool runs beside its own work. Sourced by it. Whatever still runs when the tool exits is ended, and
# takes nothing from the tool's exit status; so the trap for EXIT belongs to this file.

declare -A background_groups=()
background_logs=

# Starts the command that follows the name $1, in a process group of its own, so that it can be ended with all that
# it has started. What it writes goes into $background_logs/$1, which is there until the tool exits.
start_background() {
    local name=$1
    shift
    if [ -z "$background_logs" ]; then
        background_logs=$(mktemp -d)
        trap end_background EXIT
    fi
    set -m
    "$@" >"$background_logs/$name" 2>&1 &
    background_groups[$name]=$!
    set +m
}

# Waits for the command that was started as $1, prints what it wrote, and returns its status.
finish_background() {
    local status=0
    wait "${background_groups[$1]}" || status=$?
    unset "background_groups[$1]"
    cat "$background_logs/$1"
    return "$status"
}

# Under "set -e" a command that fails in the trap would be the tool's exit status: a group may have ended by itself.
end_background() {
    local group
    for group in "${background_groups[@]}"; do
        kill -- "-$group" 2>/dev/null || true
    done
    rm -rf "$background_logs" || true
}
