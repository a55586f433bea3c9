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
        local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words
        if ((COMP_CWORD == 1)); then
                words=$_pawl_commands
        elif [[ $current == -* ]]; then
                words=$(_pawl_options "$command")
        else
                words=$(_pawl_list "$(_pawl_words "$command")" "${COMP_WORDS[0]}")
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        if [[ $current != -* && $command =~ ^(install|refresh|info)$ ]] && ((COMP_CWORD > 1)); then
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X '!*.snap' -- "$current")
        fi
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}
complete -F _pawl pawl
