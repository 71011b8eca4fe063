"""``aurora-resnet completion``: what a shell needs to complete commands, options and choices.

The script is made once and knows everything: completing starts no Python, whereas typer's own completion would import
torch at every press of the tabulator, and would not know the commands of the runtime.
"""

import argparse
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from jinja2 import Environment, PackageLoader, StrictUndefined
from typer import Argument

from aurora_resnet.cli.app import COMMANDS, PROGRAM, build_app
from aurora_resnet.models.zoo import list_models
from aurora_resnet.runtime.cli.commands import COMMANDS as RUNTIME_COMMANDS
from aurora_resnet.runtime.cli.main import add_command
from aurora_resnet.runtime.model_reference import EXPORTED

Shell = Literal["bash", "zsh", "fish"]
#: Commands whose ``--model`` may be a shipped one.
SHIPPED_MODELS = ("recognize", "listen", "transcribe", "serve", "adapt", "calibrate", "evaluate", "export")


def completion(shell: Annotated[Shell, Argument(help="The shell that is to complete.")]) -> None:
    r"""Print what makes a shell complete commands, options and choices: bash, zsh or fish.

    \b
    For good, bash:  aurora-resnet completion bash > ~/.local/share/bash-completion/completions/aurora-resnet
    For good, zsh:   aurora-resnet completion zsh > ~/.aurora-resnet.zsh   (and source it in ~/.zshrc)
    For good, fish:  aurora-resnet completion fish > ~/.config/fish/completions/aurora-resnet.fish
    Now, bash:       source <(aurora-resnet completion bash)
    """
    typer.echo(completion_script(shell), nl=False)


def completion_script(shell: Shell) -> str:
    """Return the script of a shell.

    >>> completion_script("fish").splitlines()[0]
    '# aurora-resnet for fish'
    """
    pages = Environment(loader=PackageLoader("aurora_resnet.cli"), undefined=StrictUndefined)
    options = {command: command_options(command) for command in COMMANDS}
    script = pages.get_template(f"{shell}.j2").render(
        program=PROGRAM, general=["--help", "--version"], commands=COMMANDS, options=options
    )
    return f"# {PROGRAM} for {shell}\n{script}\n"


def command_options(command: str) -> dict[str, tuple[str, ...]]:
    """Return the options of a command, each with the values to choose from, if any; ``""`` stands for its arguments.

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
        hints, group = get_type_hints(function), typer.main.get_command(app)
        for parameter in group.commands[command].params:  # type: ignore[attr-defined]
            choices = _choices(hints[parameter.name])
            option = parameter.param_type_name == "option"
            names = [*parameter.opts, *parameter.secondary_opts] if option else [""] * bool(choices)
            found |= dict.fromkeys(names, choices)
    found["--help"] = ()
    if command == "train":
        found["--model"] = list_models(strings=None)
    elif command in SHIPPED_MODELS:
        found["--model"] = EXPORTED  # a file is completed where none of them is meant
    return found


def _choices(hint: Any) -> tuple[str, ...]:
    """Return the values that a type allows, if they can be listed.

    >>> _choices(Shell), _choices(Literal["raw", "flac"] | None), _choices(str)
    (('bash', 'zsh', 'fish'), ('raw', 'flac'), ())
    """
    if get_origin(hint) is Literal:
        return tuple(map(str, get_args(hint)))
    return tuple(choice for part in get_args(hint) for choice in _choices(part))
