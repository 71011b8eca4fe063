"""``aurora-resnet completion``: the shells themselves say what they would complete."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aurora_resnet.cli.app import COMMANDS
from aurora_resnet.cli.completion import command_options, completion_script

Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(completion_script(shell), encoding="utf-8")
    return {shell: folder / shell for shell in ("bash", "zsh", "fish")}


def ask(shell: str, script: Path, line: str) -> set[str]:
    """Return what a shell offers at the end of a line."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    words = line.split(" ")
    if shell == "fish":
        code = f"source {script}; complete -C {shlex.quote(line)}"
    else:
        array = " ".join(map(shlex.quote, words))
        code = f'COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _aurora_resnet; printf "%s\\n" "${{COMPREPLY[@]}}"'
        if shell == "bash":
            code = f"source {script}; {code}"
        else:  # zsh runs it as bashcompinit does, whose own start needs a terminal
            code = f"compinit() {{ : }}; compdef() {{ : }}; . {script}; emulate ksh -c {shlex.quote(code)}"
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    (empty := script.parent / "empty").mkdir(exist_ok=True)
    done = subprocess.run([program, *quiet, "-c", code], cwd=empty, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    offered = {offer.split("\t")[0] for offer in done.stdout.splitlines() if offer}
    return {offer for offer in offered if offer.startswith(words[-1])}  # zsh leaves that to its line editor


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("aurora-resnet tra", {"train", "transcribe"}),
        ("aurora-resnet recognize --mo", {"--model"}),
        ("aurora-resnet recognize --model c", {"compact"}),
        ("aurora-resnet listen --encoding ", {"pcm16", "mulaw", "alaw"}),
        ("aurora-resnet make-noisy --format ", {"raw", "flac"}),
        ("aurora-resnet completion z", {"zsh"}),
        ("aurora-resnet train --config --mo", {"--model"}),
    ],
)
def test_shells_complete(scripts: dict[str, Path], shell: str, line: str, offered: set[str]) -> None:
    assert ask(shell, scripts[shell], line) == offered


def test_every_command_is_offered_and_files_are_left_to_the_shell(scripts: dict[str, Path]) -> None:
    assert ask("bash", scripts["bash"], "aurora-resnet ") == {*COMMANDS, "--help", "--version"}
    assert ask("bash", scripts["bash"], "aurora-resnet recognize sev") == set()
    assert ask("bash", scripts["bash"], "aurora-resnet recognize --model mine") == set()


@pytest.mark.parametrize("command", ["evaluate", "listen", "serve"])
def test_options_are_those_of_the_help(command: str, call: Call) -> None:
    text = call(command, "--help").stdout
    written = set(
        re.findall(r"(?<![\w-])--[a-z0-9][\w-]*", text.split("Examples:")[0] if command == "listen" else text)
    )
    assert {option for option in command_options(command) if option.startswith("--")} == written


def test_the_command_prints_the_script(call: Call, scripts: dict[str, Path]) -> None:
    result = call("completion", "bash")
    assert (result.returncode, result.stdout) == (0, scripts["bash"].read_text(encoding="utf-8"))
    assert call("completion", "tcsh").returncode == 2
