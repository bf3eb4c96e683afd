"""What a shell may offer next, and the scripts that let it ask.

Upstream: kingpin app.go completionOptions, cmd.go CmdCompletion and FlagCompletion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.command_line.clause import Argument, Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.cli.command_line.clause import Flag
    from amp.cli.command_line.parse import Line


def options(line: Line) -> list[str]:
    """What may come next on a line that began with `--completion-bash`."""
    words = line.words[1:] if len(line.words) > 1 else line.words
    current = words[-1] if len(line.words) > 1 else ""
    previous = words[-2] if len(line.words) > 2 else ""
    if not current.startswith("--") and not previous.startswith("--"):
        return _commands(line)
    if line.only_arguments:
        return []
    named = current[2:] if current.startswith("--") else previous[2:]
    value = "" if current.startswith("--") else current
    found, of_flag, whole = _of_flags(line.innermost.flags, named, value)
    if whole:
        return _commands(line)
    if line.command is None or of_flag:
        return found
    upper, of_flag, whole = _of_flags(line.program.flags, named, value)
    if whole:
        return _commands(line)
    return upper if of_flag else [*found, *upper]


def _of_flags(flags: Sequence[Flag], named: str, value: str) -> tuple[list[str], bool, bool]:
    """What fits, whether it belongs to one flag, and whether that flag is complete."""
    shown: list[str] = []
    for flag in flags:
        if flag.name == named:
            texts = list(flag.value.options)
            begun = any(text.startswith(value) and text != value for text in texts)
            return texts, True, not texts or (value in texts and not begun)
        if not flag.hidden:
            shown.append(f"--{flag.name}")
    return shown, False, False


def _commands(line: Line) -> list[str]:
    """The commands that may be named, also instead of one that was taken by default."""
    found: list[str] = []
    satisfied = False
    for clause, text in line.found:
        if isinstance(clause, Argument):
            found = []
            satisfied = bool(text) and not clause.value.cumulative
        elif isinstance(clause, Command):
            found += line.alternatives.get(clause, [])
    here = line.innermost
    if here.argument is None or satisfied:
        found += [command.name for command in here.commands]
    return found


def bash(name: str) -> str:
    """A script that makes bash ask the program."""
    return f"""
_{name}_complete() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    local found
    found=$("${{COMP_WORDS[0]}}" --completion-bash "${{COMP_WORDS[@]:1:COMP_CWORD}}" 2>/dev/null)
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$word")
}}
complete -o default -F _{name}_complete {name}

"""


def zsh(name: str) -> str:
    """A script that makes zsh ask the program."""
    return f"""#compdef {name}

_{name}() {{
    local -a found
    found=(${{(f)"$("${{words[1]}}" --completion-bash "${{(@)words[2,$CURRENT]}}" 2>/dev/null)"}})
    compadd -a found
    (( compstate[nmatches] )) || [[ ${{words[$CURRENT]}} == -* ]] || _files
}}

if [[ ${{funcstack[1]}} == _{name} ]]; then
    _{name} "$@"
else
    compdef _{name} {name}
fi
"""
