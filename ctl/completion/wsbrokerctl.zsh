#compdef wsbrokerctl
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of wsbrokerctl for zsh. The tables are made from ctl/commands.c when wsbrokerctl is built.

# The IDs that wsbrokerctl itself lists, which starts no service, with state and URL beside them.
_wsbrokerctl_websockets() {
    local line
    local -a fields websockets
    for line in ${(f)"$(_call_program websockets ${(q)words[1]} $bus list --no-legend)"}; do
        fields=(${=line})
        websockets+=("$fields[1]:$fields[2] $fields[-1]")
    done
    _describe -t websockets 'WebSocket' websockets
}

# The first words of commands, or with $1 the second words of those that begin with it.
_wsbrokerctl_commands() {
    local row name
    local -a fields candidates
    for row in $command_rows; do
        fields=("${(@s:|:)row}") name=$fields[1]
        if [[ -z $1 && $name != *' '* ]]; then
            candidates+=("$name:$fields[4]")
        elif [[ -z $1 ]]; then
            candidates+=("${name%% *}:Commands that begin with ${name%% *}")
        elif [[ $name == "$1 "* ]]; then
            candidates+=("${name#* }:$fields[4]")
        fi
    done
    candidates=(${(u)candidates})
    _describe -t commands 'command' candidates
}

# The action of _arguments for a kind of word.
_wsbrokerctl_action() {
    case $1 in
    bus) reply='(system session)' ;;
    file) reply='_files' ;;
    folder) reply='_files -/' ;;
    websocket) reply='_wsbrokerctl_websockets' ;;
    *) reply=' ' ;;
    esac
}

_wsbrokerctl() {
@TABLES@
    local row name command word reply option
    local -a fields kinds before bus specs
    integer i

    # What is there already: the words of the command, and the bus.
    for word in ${words[2,CURRENT-1]}; do
        if [[ -n $option ]]; then
            [[ $option == bus ]] && bus=(--bus=${(q)word})
            option=
        elif [[ $word == --bus=* ]]; then
            bus=(${(q)word})
        elif [[ $word != -* ]]; then
            before+=($word)
        else
            for row in $option_rows; do
                fields=("${(@s:|:)row}")
                [[ $word == --$fields[1] && -n $fields[2] ]] && option=$fields[1]
            done
        fi
    done
    for row in $command_rows; do
        fields=("${(@s:|:)row}") name=$fields[1]
        if [[ "$before[1]" == $name || "$before[1] $before[2]" == $name ]]; then
            command=$name kinds=($fields[2] $fields[3])
        fi
    done

    for row in $option_rows; do
        fields=("${(@s:|:)row}")
        if [[ -n $command && -n $fields[3] && ", $fields[3], " != *", $command, "* &&
            ", $fields[3], " != *", ${command%% *}, "* ]]; then
            continue
        fi
        _wsbrokerctl_action "$fields[2]"
        specs+=("*--$fields[1]${fields[2]:+=}[${fields[4]//:/\\:}]${fields[2]:+:$fields[1]:$reply}")
    done

    specs+=('1:command:{_wsbrokerctl_commands}')
    i=2
    if [[ $command == *' '* || (-z $command && -n $before) ]]; then
        specs+=("2:command:{_wsbrokerctl_commands ${(q)before[1]}}")
        i=3
    fi
    for word in $kinds; do
        _wsbrokerctl_action $word
        specs+=("$((i++)):$word:$reply")
    done
    _arguments $specs
}

_wsbrokerctl "$@"
