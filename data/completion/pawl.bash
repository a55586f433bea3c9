# SPDX-License-Identifier: Apache-2.0
# Bash completion for pawl; the tables before this come from the program.

# _pawl_list KIND: what words of this kind there are.
_pawl_list() {
        case $1 in
        snap | app) "$2" list 2>/dev/null | awk 'NR > 1 { print $1 }' ;;
        change) "$2" changes 2>/dev/null | awk 'NR > 1 && NF { print $1 }' ;;
        command) printf '%s\n' $_pawl_commands ;;
        esac
}

_pawl() {
        local current=${COMP_WORDS[COMP_CWORD]} at=1 value command words
        local -x PAWL_ROOT=${PAWL_ROOT-}
        # --root DIR, or --root=DIR, which readline splits at the =, says which daemon knows the names.
        while [[ ${COMP_WORDS[at]-} == --root ]]; do
                value=$((at + 1))
                [[ ${COMP_WORDS[value]-} != = ]] || value=$((at + 2))
                if ((COMP_CWORD <= value)); then
                        mapfile -t COMPREPLY < <(compgen -d -- "${current#=}")
                        return
                fi
                PAWL_ROOT=${COMP_WORDS[value]}
                at=$((value + 1))
        done
        command=${COMP_WORDS[at]-}
        if ((COMP_CWORD == at)); then
                words=$_pawl_commands
        elif [[ $current == -* ]]; then
                words=$(_pawl_options "$command")
        else
                words=$(_pawl_list "$(_pawl_words "$command")" "${COMP_WORDS[0]}")
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        if [[ $current != -* && $command =~ ^(install|refresh|info)$ ]] && ((COMP_CWORD > at)); then
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X '!*.snap' -- "$current")
        fi
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}
complete -F _pawl pawl
