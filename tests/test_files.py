import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aurora_resnet.files import atomic_path, flush_to_disk, locked_folder
from aurora_resnet.runtime.errors import TrainingError


def test_a_file_appears_whole_and_its_folder_with_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "a.json"
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert (temporary.parent, temporary.suffix) == (target.parent, ".json")
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def write() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("ha")
            raise error

    with pytest.raises(error):
        write()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("before", ["old", None])
def test_a_writer_that_writes_nothing_is_an_error_and_leaves_the_old_file(tmp_path: Path, before: str | None) -> None:
    target = tmp_path / "a.txt"
    if before:
        target.write_text(before)
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ([before] if before else [])
    with atomic_path(target) as temporary:
        temporary.write_text("")  # an empty file is something
    assert target.read_text() == ""


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with atomic_path(target) as one, atomic_path(target) as two:
        one.write_text("one")
        two.write_text("two")
    assert target.read_text() == "one"  # the outer one is renamed last
    assert list(tmp_path.iterdir()) == [target]


def test_many_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    seen = set()

    def write(number: int) -> None:
        for _ in range(20):
            with atomic_path(target, durable=False) as temporary:
                temporary.write_text(str(number) * 1000)
            seen.add(target.read_text())

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {str(number) * 1000 for number in range(4)}
    assert list(tmp_path.iterdir()) == [target]


# Links, permissions, devices


def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    link.symlink_to(Path("far") / "real.txt")
    with atomic_path(link) as temporary:
        assert temporary.parent == real.parent  # a rename works on one file system
        temporary.write_text("new")
    assert link.is_symlink()
    assert (real.read_text(), link.read_text()) == ("new", "new")
    real.unlink()  # a link that points to nothing yet
    with atomic_path(link) as temporary:
        temporary.write_text("newer")
    assert (link.is_symlink(), real.read_text()) == (True, "newer")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_a_file_keeps_its_permissions_and_is_never_open_to_more_meanwhile(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "secret.txt"
    target.write_text("old")
    target.chmod(mode)
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert stat.S_IMODE(temporary.stat().st_mode) & ~mode == 0
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_permissions_that_the_umask_gives(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is write-protected for root")
def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    target.chmod(0o444)
    with pytest.raises(PermissionError), atomic_path(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "old"


def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    with atomic_path(pipe) as temporary:
        temporary.write_text("through")
    reader.join(timeout=10)
    assert received == ["through"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_not_replaced_by_a_file() -> None:
    with atomic_path(os.devnull) as temporary:
        temporary.write_text("gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


# Power cuts and kills


@pytest.fixture
def system_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that matter in a power cut, in order; each does its work too."""
    calls: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        status = os.fstat(descriptor)
        calls.append("folder" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes")
        sync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    return calls


def test_the_disk_has_the_bytes_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, system_calls: list[str]
) -> None:
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("12345")
    assert system_calls == ["5 bytes", "rename", "folder"]


def test_many_files_can_be_flushed_at_once(tmp_path: Path, system_calls: list[str]) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        with atomic_path(path, durable=False) as temporary:
            temporary.write_text("12345")
    assert system_calls == ["rename"] * 3
    flush_to_disk(paths)
    assert system_calls[3:] == ["5 bytes"] * 3 + ["folder"]


def test_a_disk_that_fails_at_the_very_end_is_an_error_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), atomic_path(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


KILLED = """
import sys, time
from aurora_resnet.files import atomic_path, locked_folder
with locked_folder(sys.argv[1] + "/run", ValueError()), atomic_path(sys.argv[1] + "/a.txt") as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_goes_with_the_next_write_and_a_living_ones_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("ours")
        (left,) = [path for path in tmp_path.iterdir() if path.name.startswith(".a.")]
        assert left.read_text() == "half"  # of a process that lives
        with pytest.raises(TrainingError, match="taken"), locked_folder(tmp_path / "run", TrainingError("taken")):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.exists()
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("again")
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", "run"}
    with locked_folder(tmp_path / "run", TrainingError("taken")):
        pass


def test_leftovers_stay_where_the_file_system_knows_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    target = tmp_path / "a.txt"
    with atomic_path(target) as one, atomic_path(target) as two:
        one.write_text("one")
        two.write_text("two")
    assert target.read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


def test_one_run_at_a_time_has_a_folder(tmp_path: Path) -> None:
    inside, refused, most = [0], [0], [0]

    def run() -> None:
        for _ in range(50):
            try:
                with locked_folder(tmp_path / "run", TrainingError("taken")):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    inside[0] -= 1
            except TrainingError:
                refused[0] += 1

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert refused[0] < 200
    assert list((tmp_path / "run").iterdir()) == []


def test_a_new_file_takes_the_place_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for links in (True, False):
        if not links:
            monkeypatch.setattr(os, "link", refuse)
        path = tmp_path / f"{links}.txt"
        with atomic_path(path, new=True) as temporary:
            temporary.write_text("first")
        with pytest.raises(FileExistsError), atomic_path(path, new=True):
            pytest.fail("written")
        late = tmp_path / f"{links}-late.txt"
        with pytest.raises(FileExistsError), atomic_path(late, new=True) as temporary:
            assert temporary.write_text("second") > late.write_text("first")  # another was faster
        assert path.read_text() == late.read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 4


def refuse(*_: object) -> None:
    raise PermissionError("no second names here")
