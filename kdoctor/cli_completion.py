"""`kdoctor completion`: a shell's function that asks kdoctor what can come next (kdoctor/completing.py)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kdoctor.options import one_of

BASH = r"""
_kdoctor_completion() {
    local value what
    COMPREPLY=()
    while IFS=$'\t' read -r value what; do
        case $value in
            :files) compopt -o default ;;
            :dirs) compopt -o dirnames ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(_KDOCTOR_COMPLETE=1 "${COMP_WORDS[0]}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _kdoctor_completion kdoctor
"""
ZSH = r"""
#compdef kdoctor
_kdoctor() {
    local line value
    local -a described
    for line in "${(@f)$(_KDOCTOR_COMPLETE=1 "${words[1]}" "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        case $value in
            '') ;;
            :files) _files; return ;;
            :dirs) _files -/; return ;;
            *) described+=("${value//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    _describe -V kdoctor described
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _kdoctor "$@"; else compdef _kdoctor kdoctor; fi
"""
FISH = r"""
function __kdoctor_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in (_KDOCTOR_COMPLETE=1 $before[1] $before[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$current"
            case ':dirs*'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete --command kdoctor --no-files --keep-order --arguments '(__kdoctor_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
Shell = Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]


def completion(shell: Shell) -> None:
    """Print what lets a shell complete: `eval "$(kdoctor completion bash)"`, `kdoctor completion fish | source`."""
    one_of("SHELL", shell, tuple(SCRIPTS))
    sys.stdout.write(SCRIPTS[shell].lstrip())
