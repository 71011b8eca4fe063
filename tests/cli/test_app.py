"""``aurora-resnet`` itself: its table of commands, what it imports, and how it ends when the input is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from aurora_resnet.cli.app import COMMANDS, PROGRAM
from aurora_resnet.runtime.cli.commands import COMMANDS as RUNTIME_COMMANDS
from aurora_resnet.runtime.version import __version__

Call = Callable[..., "subprocess.CompletedProcess[str]"]

TYPER_COMMANDS = [name for name in COMMANDS if name not in RUNTIME_COMMANDS]

IMPORTED = """
import sys
from aurora_resnet.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    print("imported:", end.code, *sorted({{"torch", "numpy", "typer", "rich", "onnxruntime"}} & set(sys.modules)))
"""


def imported(*arguments: str, stdin: bytes = b"") -> tuple[int, set[str]]:
    """Run a command in its own process; return its exit code and which of the large packages it imported."""
    code = IMPORTED.format(arguments=arguments)
    result = subprocess.run([sys.executable, "-c", code], input=stdin, capture_output=True, check=True)
    _, code_number, *names = result.stdout.decode().splitlines()[-1].split()
    return int(code_number), set(names)


def test_the_version_imports_next_to_nothing() -> None:
    assert imported("--version") == (0, set())


def test_help_imports_neither_torch_nor_numpy() -> None:
    for arguments in (["--help"], []):
        _, names = imported(*arguments)
        assert not names & {"torch", "numpy", "onnxruntime"}
    code, names = imported("recognize", "--help")
    assert (code, names & {"torch", "onnxruntime", "typer"}) == (0, set())


@pytest.mark.parametrize(
    ("line", "offered"),
    [("aurora-resnet tra", {"train", "transcribe"}), ("aurora-resnet make-noisy --fo", {"--format"})],
)
def test_a_shell_completes_commands_and_their_options(line: str, offered: set[str]) -> None:
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_AURORA_RESNET_COMPLETE": "complete_bash"}
    command = [sys.executable, "-m", "aurora_resnet"]
    result = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == offered


def test_python_m_is_the_command() -> None:
    for command in ([sys.executable, "-m", "aurora_resnet"], [str(Path(sys.executable).with_name(PROGRAM))]):
        result = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert result.stdout == f"{PROGRAM} {__version__}\n"


@pytest.mark.parametrize("command", TYPER_COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(command: str) -> None:
    module = import_module(f"aurora_resnet.cli.{command.replace('-', '_')}")
    function = getattr(module, command.replace("-", "_"))
    assert COMMANDS[command] == function.__doc__.splitlines()[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, call: Call) -> None:
    result = call(command, "--help")
    assert result.returncode == 0
    assert COMMANDS[command] in " ".join(result.stdout.split())
    assert f"{PROGRAM} {command}" in result.stdout


def test_help_does_not_swallow_what_stands_in_brackets(call: Call) -> None:
    assert "pip install 'aurora-resnet[export]'" in call("export", "--help").stdout


def test_help_lists_every_command_with_its_line(call: Call) -> None:
    result = call("--help")
    assert result.returncode == 0
    text = " ".join(result.stdout.split())
    for name, line in COMMANDS.items():
        assert f"{name} {line[:30]}" in text  # longer ones are cut to the terminal's width


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["trian"], ["'trian'", "'train'"]),
        (["--vresion"], ["--vresion"]),
        (["serve", "--prot", "1"], ["--prot", "--port"]),
        (["serve", "--port", "70000"], ["--port", "65535"]),
        (["recognize"], ["FILE", "aurora-resnet recognize --help"]),
        (["recognize", "--threads", "0", "a.wav"], ["--threads must be at least 1"]),
        (["listen", "--rate", "x", "-"], ["--rate", "'x'"]),
        (["recognize", "--model", "resnet5", "a.wav"], ["'resnet5'", "did you mean 'resnet50'"]),
        (["recognize", "--model", "compact", "--device", "cuda:99", "a.wav"], ["cuda:99"]),
        (["recognize", "--model", "mine.onnx", "--device", "cuda", "a.wav"], ["there is no checkpoint 'mine.onnx'"]),
    ],
)
def test_wrong_input_ends_in_one_line_and_code_2(arguments: list[str], says: list[str], call: Call) -> None:
    result = call(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: ")
    for text in says:
        assert text in result.stderr


def test_who_reads_the_output_may_leave() -> None:
    """As ``head`` does; nothing is printed about it."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "aurora_resnet", "--version"], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (result.returncode, result.stderr) == (0, b"")
