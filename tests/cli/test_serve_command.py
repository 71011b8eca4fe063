"""``aurora-resnet serve`` as a person meets it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

from aurora_resnet.cli.app import main

pytest.importorskip("fastapi", reason="the web page needs the extra 'web'")


@pytest.mark.slow
def test_it_serves_until_ctrl_c_and_warns_where_others_can_reach_it() -> None:
    command = [sys.executable, "-c", "from aurora_resnet.cli import main; main()", "serve", "--model", "compact"]
    options = ["--host", "0.0.0.0", "--port", "0", "--threads", "1"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command + options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[0].replace("0.0.0.0", "127.0.0.1")
        with urlopen(address, timeout=10) as page, urlopen(f"{address}index.html", timeout=10) as words:
            assert b"<title>Say a number</title>" in page.read()
            assert b"<title>Say a digit</title>" in words.read()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert output == ""
    assert "warning: everybody who reaches this machine" in errors
    assert "HTTPS" in errors
    assert errors.splitlines()[-1] == "stopped"


def test_a_taken_port_is_named_before_the_model_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as end:
        main(["serve", "--model", "missing.safetensors", "--port", str(port := taken.getsockname()[1])])
    assert end.value.code == 2
    assert f"cannot listen at 127.0.0.1, port {port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "strings"),
    [([], "speech_encoder"), (["--strings", ""], None), (["--strings", "string_net"], "string_net")],
)
def test_the_model_of_numbers_is_the_shipped_one_unless_told_otherwise(
    options: list[str], strings: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    served: list[FastAPI] = []
    monkeypatch.setattr("aurora_resnet.web.running.serve_forever", lambda app, _listening, **_: served.append(app))
    with pytest.raises(SystemExit) as end:
        main(["serve", "--model", "compact", "--port", "0", *options])
    assert end.value.code == 0
    with TestClient(served[0], base_url="http://localhost") as client:
        assert client.get("/api/model").json()["strings"] == strings
        assert ("Say a number" in client.get("/").text) == (strings is not None)


def test_a_missing_model_of_numbers_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--model", "compact", "--strings", "string_ne", "--port", "0"])
    assert end.value.code == 2
    assert "did you mean 'string_net'" in capsys.readouterr().err


def test_a_missing_model_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["serve", "--model", "resnet5", "--port", "0"])
    assert end.value.code == 2
    assert "did you mean 'resnet50'" in capsys.readouterr().err


@pytest.mark.parametrize("library", ["fastapi", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(
    library: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("aurora_resnet.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SystemExit) as end:
        main(["serve", "--model", "compact", "--port", "0"])
    assert end.value.code == 2
    assert "pip install 'aurora-resnet[web]'" in capsys.readouterr().err


WITHOUT_TORCH = """
import sys
from aurora_resnet.cli import main
from aurora_resnet.web import running
sys.modules["torch"] = None  # importing it fails
running.serve_forever = lambda app, listening, **_: print(app.url_path_for("recognize"))
main(["serve", "--model", sys.argv[1], "--port", "0"])
"""


def test_an_exported_model_is_served_without_torch() -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "compact"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == ["/api/recognize"]
