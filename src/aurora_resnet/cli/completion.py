"""``aurora-resnet completion``: what a shell needs to complete commands, options and choices.

The script is made once and knows everything, so pressing the tabulator starts no Python and imports no torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from aurora_resnet.cli.app import COMMANDS, PROGRAM, build_app
from aurora_resnet.models.zoo import list_models
from aurora_resnet.runtime.cli.commands import COMMANDS as RUNTIME_COMMANDS
from aurora_resnet.runtime.cli.main import add_command
from aurora_resnet.runtime.model_reference import EXPORTED

Options = Mapping[str, tuple[str, ...]]
"""Options of a command; for each the values to choose from, none for files and anything else. ``""`` stands for what is
no option."""

GENERAL = ("--help", "--version")
SHIPPED_MODELS = ("recognize", "listen", "transcribe", "serve", "adapt", "calibrate", "evaluate", "export")
"""Commands whose ``--model`` may be a shipped one."""


class Shell(StrEnum):
    """A shell that completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell that is to complete.")]) -> None:
    r"""Print what makes a shell complete commands, options and choices: bash, zsh or fish.

    \b
    For good, bash:  aurora-resnet completion bash > ~/.local/share/bash-completion/completions/aurora-resnet
    For good, zsh:   aurora-resnet completion zsh > ~/.aurora-resnet.zsh   (and source it in ~/.zshrc)
    For good, fish:  aurora-resnet completion fish > ~/.config/fish/completions/aurora-resnet.fish
    Now, bash:       source <(aurora-resnet completion bash)
    """
    typer.echo(completion_script(shell), nl=False)


def completion_script(shell: str) -> str:
    """Return the script of a shell.

    >>> completion_script("fish").splitlines()[0]
    '# aurora-resnet for fish'
    """
    options = {command: command_options(command) for command in COMMANDS}
    return f"# {PROGRAM} for {shell}\n{_WRITERS[shell](options)}"


def command_options(command: str) -> Options:
    """Return the options of a command.

    >>> command_options("listen")["--encoding"]
    ('pcm16', 'mulaw', 'alaw')
    """
    found: dict[str, tuple[str, ...]] = {}
    if command in RUNTIME_COMMANDS:
        parser = argparse.ArgumentParser(prog=command)
        add_command(command, parser, PROGRAM, devices=True)
        for action in parser._actions:
            found |= dict.fromkeys(action.option_strings, tuple(map(str, action.choices or ())))
    else:
        app = build_app(command)
        (function,) = (each.callback for each in app.registered_commands if each.name == command)
        hints = get_type_hints(function)
        group: Any = typer.main.get_command(app)
        for parameter in group.commands[command].params:
            option = parameter.param_type_name == "option"
            choices = _choices(hints[parameter.name])
            if option or choices:
                found |= dict.fromkeys((*parameter.opts, *parameter.secondary_opts) if option else ("",), choices)
        found["--help"] = ()
    if command in SHIPPED_MODELS:
        found["--model"] = EXPORTED  # a file is completed where none of them is meant
    if command == "train":
        found["--model"] = list_models(strings=None)
    return found


def _choices(hint: Any) -> tuple[str, ...]:
    """Return the values that a type allows, if they can be listed.

    >>> _choices(Shell), _choices(Literal["raw", "flac"] | None), _choices(str)
    (('bash', 'zsh', 'fish'), ('raw', 'flac'), ())
    """
    if get_origin(hint) is Literal:
        return tuple(map(str, get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(str(each.value) for each in hint)
    return tuple(
        choice for part in get_args(hint) if isinstance(part, type) or get_args(part) for choice in _choices(part)
    )


def _bash(options: Mapping[str, Options]) -> str:
    lines = [
        "_aurora_resnet() {",
        '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
        '    local command="${COMP_WORDS[1]}" words=""',
        "    COMPREPLY=()",
        "    if (( COMP_CWORD == 1 )); then",
        f'        words="{" ".join((*options, *GENERAL))}"',
        "    else",
        '        case "$command $previous" in',
    ]
    for command, known in options.items():
        lines += [
            f'            "{command} {option}") words="{" ".join(choices)}" ;;'
            for option, choices in known.items()
            if option and choices
        ]
    lines += [
        "        esac",
        '        if [[ -z "$words" ]]; then',
        '            case "$command $current" in',
    ]
    for command, known in options.items():
        names = " ".join(option for option in known if option)
        lines.append(f'                "{command} -"*) words="{names}" ;;')
        if choices := known.get(""):
            lines.append(f'                "{command} "*) words="{" ".join(choices)}" ;;')
    lines += [
        "            esac",
        "        fi",
        "    fi",
        '    [[ -n "$words" ]] && COMPREPLY=( $(compgen -W "$words" -- "$current") )',
        "    return 0",
        "}",
        f"complete -o default -F _aurora_resnet {PROGRAM}",
    ]
    return "\n".join(lines) + "\n"


def _zsh(options: Mapping[str, Options]) -> str:
    """Return the script of bash for zsh, which can run such ones."""
    return f"autoload -Uz compinit bashcompinit\ncompinit\nbashcompinit\n{_bash(options)}"


def _fish(options: Mapping[str, Options]) -> str:
    lines = [f"complete -c {PROGRAM} -n __fish_use_subcommand -l {name.removeprefix('--')}" for name in GENERAL]
    for command, known in options.items():
        line = COMMANDS[command].replace("'", r"\'")
        lines.append(f"complete -c {PROGRAM} -f -n __fish_use_subcommand -a {command} -d '{line}'")
        for option, choices in known.items():
            kind = f" -l {option[2:]}" if option.startswith("--") else f" -s {option[1:]}" if option else ""
            alone = "" if not option else " -r" if option == "--model" else " -x"  # beside files, or in their place
            values = f"{alone} -a '{' '.join(choices)}'" if choices else ""
            lines.append(f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {command}'{kind}{values}")
    return "\n".join(lines) + "\n"


_WRITERS: Mapping[str, Callable[[Mapping[str, Options]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
