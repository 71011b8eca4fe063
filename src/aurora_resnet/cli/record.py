"""``aurora-resnet record``."""

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from aurora_resnet.cli.outputs import check_folder
from aurora_resnet.runtime.cli.sources import open_source
from aurora_resnet.runtime.cli.terminal import PROBLEMS, tell
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.teaching.recording_session import RecordingSession
from aurora_resnet.teaching.takes import meter, takes


def record(
    words: Annotated[list[str], Option("--words", help="A word; may be repeated, or several with commas.")],
    out: Annotated[Path, Option(help="Folder that gets a sub-folder for each word; more can be added later.")],
    speaker: Annotated[str, Option(help="Who speaks; the files begin with it.")] = "me",
    times: Annotated[int, Option(help="Recordings of each word.", min=1)] = 5,
    other: Annotated[int, Option(help="Recordings of anything else, into _other.", min=0)] = 10,
    device: Annotated[str | None, Option(help="The microphone; 'python -m sounddevice' lists them.")] = None,
    page: Annotated[bool, Option("--page", help="Open a page for the browser, which has a microphone.")] = False,
    port: Annotated[int, Option(help="Of the page; 0 takes a free one.", min=0, max=65535)] = 8000,
    seed: Annotated[int, Option(help="Of the order of the words.", min=0)] = 0,
) -> None:
    """Record your own words with the microphone: prompts, a level meter, and only what can be used is kept.

    Says which word to speak, finds where it begins and ends, and asks again for what is too quiet, too loud, too short
    or lost in noise. Ctrl-C ends it; what was recorded stays. Needs the extra: pip install 'aurora-resnet[microphone]',
    or [web] for --page, which does the same in the browser of this machine, and also enrols what was recorded, answers
    what is said then, takes corrections, and saves the model.

    \b
    Examples:
      aurora-resnet record --words yes,no,stop --out mine
      aurora-resnet record --words "licht an" --words "licht aus" --speaker ann --out mine
      aurora-resnet record --words yes,no,stop --out mine --page
      aurora-resnet teach mine --out mine.onnx
    """
    check_folder(out, "--out")
    said = [word for given in words for word in given.split(",")]
    session = RecordingSession(said, out, speaker=speaker, times=times, other=other, seed=seed)
    if not page:
        _record_here(session, device)
    elif device is None:
        _record_in_browser(session, port)
    else:
        raise ConfigError("--device is for the microphone of the command line; with --page the browser chooses")
    typer.echo(session.summary())
    tell(f"next: {session.next_command()}")
    if session.prompt is not None:
        raise typer.Exit(PROBLEMS)


def _record_here(session: RecordingSession, device: str | None) -> None:
    rate, chunks = open_source(None, device, None, None)
    spoken = takes(chunks, rate, on_level=_show_level if sys.stderr.isatty() else None)
    try:
        while (prompt := session.prompt) is not None:
            tell(f"{prompt.number} of {prompt.of}: say  {prompt.text}")
            for take in spoken:
                fault = session.keep(take)
                if fault is None:
                    tell(f"   kept ({take.spoken_seconds:.1f} s, {take.level_db:.0f} dB)")
                    break
                tell(f"   {fault}: once more  {prompt.text}")
            else:
                return  # the microphone ended
    except KeyboardInterrupt:
        tell("ended")


def _record_in_browser(session: RecordingSession, port: int) -> None:
    from aurora_resnet.web.recording import create_recording_app  # says what to install if it is not
    from aurora_resnet.web.running import open_socket, serve_forever, socket_address

    finished = threading.Event()
    with open_socket("127.0.0.1", port) as listening:
        typer.echo(f"{socket_address(listening)}  (open it in a browser; Ctrl-C ends the recording)")
        try:
            serve_forever(create_recording_app(session, finished=finished), listening, finished=finished)
        except KeyboardInterrupt:
            tell("ended")


def _show_level(level_db: float) -> None:
    sys.stderr.write(f"\r   {meter(level_db)} {level_db:4.0f} dB \r")
    sys.stderr.flush()
