"""What is named becomes pieces: each recording once, in a fixed order, and nothing else."""

from __future__ import annotations

import codecs
import os
import random
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile

from aurora_resnet.corpora.corpus import Utterance
from aurora_resnet.corpora.manifest import write_csv
from aurora_resnet.runtime.audio.kinds import SOUND_SUFFIXES
from aurora_resnet.runtime.audio.sound_files import RawFormat
from aurora_resnet.runtime.errors import AudioError, AuroraError, ConfigError
from aurora_resnet.transcription.inputs import InputPiece, find_pieces, piece_of_dict


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of several endings, hidden ones among them, and a link to itself."""
    home = tmp_path / "sounds"
    for name in (
        "b/2.wav",
        "b/10.FLAC",
        "a/1.ogg",
        "a/notes.txt",
        "c.mp3",
        ".hidden.wav",
        ".trash/3.wav",
        "b/deep/4.wav",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    (home / "b" / "loop").symlink_to(home)
    return home


def names(pieces: list[InputPiece]) -> list[str]:
    return [name for piece in pieces for name, _ in piece.recordings()]


def test_a_folder_is_searched_to_the_bottom_in_a_fixed_order(folder: Path) -> None:
    pieces = list(find_pieces([str(folder)], 2))
    found = [os.path.relpath(name, folder) for name in names(pieces)]
    assert found == ["c.mp3", "a/1.ogg", "b/10.FLAC", "b/2.wav", "b/deep/4.wav"]
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    assert [piece_of_dict(piece.to_dict()) for piece in pieces] == pieces


def test_what_several_inputs_name_is_read_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = tmp_path / "list.txt"
    listed.write_text("sounds/b/2.wav\nsounds/.hidden.wav\n")
    write_csv([Utterance(folder / "call.raw", (), "", raw=RawFormat(8000, "big"))], tmp_path / "calls.csv")
    inputs = ["sounds/b/2.wav", "sounds", "sounds/**/*.wav", "list.txt", "calls.csv"]
    random.Random(0).shuffle(inputs)
    found = names(list(find_pieces(inputs, 3)))
    assert len(found) == len(set(found)) == 7
    assert sorted(os.path.relpath(name, folder) for name in found if not name.endswith(".raw")) == [
        ".hidden.wav", "a/1.ogg", "b/10.FLAC", "b/2.wav", "b/deep/4.wav", "c.mp3",
    ]  # fmt: skip


def test_headerless_files_of_a_manifest_are_opened_as_it_says(tmp_path: Path) -> None:
    samples = np.array([0, 16384, -32768], ">i2")
    (tmp_path / "a.08").write_bytes(samples.tobytes())
    write_csv([Utterance(tmp_path / "a.08", (), "", raw=RawFormat(8000, "big"))], tmp_path / "m.csv")
    ((_, opening),) = next(find_pieces([str(tmp_path / "m.csv")], 8)).recordings()
    np.testing.assert_array_equal(opening().read(0, 3), [0, 0.5, -1])


@pytest.mark.parametrize("given", ["nothing.wav", "empty", "*.wav"])
def test_inputs_without_recordings_are_refused(tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"there is no|no recordings there"):
        list(find_pieces([str(tmp_path / given)], 8))


def test_parquet_pieces_are_whole_row_groups_and_hold_every_row_once(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = [{"bytes": bytes([number]), "path": None} for number in range(25)]
    parquet.write_table(pyarrow.table({"audio": cells, "text": ["x"] * 25}), tmp_path / "t.parquet", row_group_size=4)
    pieces = list(find_pieces([str(tmp_path)], 6))
    assert pieces == list(find_pieces([str(tmp_path), str(tmp_path / "t.parquet")], 6))
    assert [len(piece) for piece in pieces] == [8, 8, 8, 1]
    assert names(pieces) == [f"{tmp_path}/t.parquet#{row}" for row in range(25)]
    assert names([pieces[1].part(2)]) == [f"{tmp_path}/t.parquet#10"]
    assert [piece_of_dict(piece.to_dict()) for piece in pieces] == pieces
    with pytest.raises(ConfigError, match=r"no column sound, it has audio, text"):
        list(find_pieces([str(tmp_path)], 6, column="sound"))


def test_a_parquet_file_that_is_cut_off_fails_row_by_row(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"path": ["one.wav", None]}), file)
    (piece,) = find_pieces([str(file)], 8)
    (name, _), (_, empty) = piece.recordings()
    assert name == str(tmp_path / "one.wav")
    with pytest.raises(AudioError, match="the cell is empty"):
        empty()
    file.write_bytes(file.read_bytes()[:-9])
    assert [name for name, _ in piece.recordings()] == [f"{file}#0", f"{file}#1"]
    for _, opening in piece.recordings():
        with pytest.raises(AudioError, match="cannot be read"):
            opening()


SPECIAL = ("pipe", "link", "folder", "socket")


def make_special(kind: str, path: Path) -> None:
    """Make something that is no regular file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("nothing")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("given", ["sounds", "sounds/*.wav", "list.txt", "calls.csv", "calls.jsonl"])
def test_what_is_no_regular_file_fails_and_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sounds").mkdir()
    soundfile.write("sounds/a.wav", np.full(800, 0.1), 8000)
    make_special(kind, tmp_path / "sounds" / "p.wav")
    Path("list.txt").write_text("sounds/a.wav\nsounds/p.wav\n")
    Path("calls.csv").write_text("path\nsounds/a.wav\nsounds/p.wav\n")
    Path("calls.jsonl").write_text('{"path": "sounds/a.wav"}\n{"path": "sounds/p.wav"}\n')
    outcome = {}
    for piece in find_pieces([given], 10):
        for name, opening in piece.recordings():
            try:
                outcome[Path(name).name] = str(opening().frames)
            except AudioError as error:
                outcome[Path(name).name] = str(error)
    assert outcome.pop("a.wav") == "800"
    if kind == "folder" and given.startswith("sounds"):
        assert outcome == {}  # it is searched
        assert ("p.wav" in caplog.text) == ("*" in given)
    else:
        assert "regular file" in outcome["p.wav"] or "a link to something that is not there" in outcome["p.wav"]


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.txt", "p.parquet"])
def test_a_pipe_with_the_name_of_a_list_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    for given in (tmp_path / name, tmp_path / "p.*"):
        with pytest.raises(AuroraError, match="no regular file"):
            list(find_pieces([str(given)], 10))


def test_everything_that_recognize_takes_is_found_in_a_folder_and_the_rest_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = [*sorted(f"a{suffix}" for suffix in SOUND_SUFFIXES), "B.OPUS", "B.M4A"]
    left = [f"notes{number}.txt" for number in range(7)]
    (tmp_path / "deep").mkdir()
    for name in (*taken, *left, "deep/a.opus", "deep/z.docx", ".hidden"):
        (tmp_path / name).touch()
    found = names(list(find_pieces([str(tmp_path)], 100)))
    assert sorted(os.path.relpath(name, tmp_path) for name in found) == sorted([*taken, "deep/a.opus"])
    (told,) = caplog.messages
    assert "8, notes0.txt, notes1.txt, notes2.txt, notes3.txt, notes4.txt and 3 more" in told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-sig", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lists_of_any_encoding_with_a_mark_are_read(tmp_path: Path, encoding: str, end: str) -> None:
    text = f"é.wav{end}b.wav{end}"
    be = codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    (tmp_path / "list.txt").write_bytes(be if encoding == "utf-16-be-sig" else text.encode(encoding))
    found = names(list(find_pieces([str(tmp_path / "list.txt")], 10)))
    assert [os.path.relpath(name, tmp_path) for name in found] == ["é.wav", "b.wav"]


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes("a.wav\n".encode("utf-16-le"))
    with pytest.raises(ConfigError, match=r"list.txt: the list cannot be read .it is UTF-16 without a byte order mark"):
        list(find_pieces([str(tmp_path / "list.txt")], 10))
