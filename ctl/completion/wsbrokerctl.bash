# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of wsbrokerctl for bash. The tables are made from ctl/commands.c when wsbrokerctl is built. Needs nothing
# but bash: a word with "=" in it comes in pieces or whole, as COMP_WORDBREAKS has it, and both are understood. The
# functions share the variables of _wsbrokerctl, which are local to it.

# The IDs that wsbrokerctl itself lists, which starts no service: $1 is the program, the rest its options.
_wsbrokerctl_websockets() {
    local id rest
    "$@" list --no-legend 2>/dev/null </dev/null | while read -r id rest; do
        printf '%s\n' "$id"
    done
}

# What kind of value the option $1 takes, nothing if it takes none.
_wsbrokerctl_kind_of_value() {
    local row name kind rest
    for row in "${option_rows[@]}"; do
        IFS='|' read -r name kind rest <<<"$row"
        if [[ $name == "$1" ]]; then
            printf '%s' "$kind"
            return
        fi
    done
}

# Reads what is there before the cursor: the words of the command, the bus, and the option that waits for its value.
_wsbrokerctl_read_words() {
    local word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == '=' ]]; then
            continue
        elif [[ -n $option ]]; then
            [[ $option == bus ]] && bus=("--bus=$word")
            option=
        elif [[ $word == --*=* ]]; then
            [[ $word == --bus=* ]] && bus=("$word")
        elif [[ $word == --* ]]; then
            [[ -n $(_wsbrokerctl_kind_of_value "${word#--}") ]] && option=${word#--}
        else
            words+=("$word")
        fi
    done
    if [[ $current == '=' ]]; then
        current=
    elif [[ $current == --*=* ]]; then
        prefix=${current%%=*}= option=${current%%=*} current=${current#*=}
        option=${option#--}
    fi
}

# Finds which command the words are, and what kinds of words may follow them.
_wsbrokerctl_find_command() {
    local row name first second rest
    for row in "${command_rows[@]}"; do
        IFS='|' read -r name first second rest <<<"$row"
        if [[ ${words[0]} == "$name" || "${words[0]} ${words[1]}" == "$name" ]]; then
            command=$name
            kinds=("$first" "$second")
        fi
    done
}

# The options that the command takes, or all if there is none yet.
_wsbrokerctl_offer_options() {
    local row name kind takes rest
    for row in "${option_rows[@]}"; do
        IFS='|' read -r name kind takes rest <<<"$row"
        if [[ -z $command || -z $takes || ", $takes, " == *", $command, "* ||
            ", $takes, " == *", ${command%% *}, "* ]]; then
            candidates+=("--$name${kind:+=}")
        fi
    done
}

# The first words of commands, or the second words of those that begin with the first.
_wsbrokerctl_offer_commands() {
    local row name
    for row in "${command_rows[@]}"; do
        name=${row%%|*}
        if [[ ${#words[@]} -eq 0 ]]; then
            candidates+=("${name%% *}")
        elif [[ ${#words[@]} -eq 1 && $name == "${words[0]} "* ]]; then
            candidates+=("${name#* }")
        fi
    done
}

_wsbrokerctl() {
@TABLES@
    local current=${COMP_WORDS[COMP_CWORD]} option='' prefix='' command='' kind='' spaces
    local -a words=() bus=() kinds=() candidates=()

    _wsbrokerctl_read_words
    _wsbrokerctl_find_command
    if [[ -n $option ]]; then
        kind=$(_wsbrokerctl_kind_of_value "$option")
    elif [[ $current == -* ]]; then
        _wsbrokerctl_offer_options
    elif [[ -n $command ]]; then
        spaces=${command//[! ]/}
        kind=${kinds[${#words[@]} - 1 - ${#spaces}]}
    else
        _wsbrokerctl_offer_commands
    fi

    case $kind in
    bus) candidates=(system session) ;;
    websocket) mapfile -t candidates < <(_wsbrokerctl_websockets "$1" "${bus[@]}") ;;
    file | folder)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -A "${kind/folder/directory}" -P "$prefix" -- "$current")
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "${candidates[*]}" -- "$current")
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == --*= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _wsbrokerctl wsbrokerctl
