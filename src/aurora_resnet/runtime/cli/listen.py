"""``listen``: running speech, as it is spoken; digits by default, or the words of the --model that is given.

Prints what happens as soon as it is decided. Of digits, a line an event: when it was known (seconds), speech_started,
partial, digit, string_ended, rejected or no_input, and what was recognised, how sure. With --model, and without
--string, every word: from where to where it was spoken (seconds), word, confidence, and the words so far. Ctrl-C ends
it. Standard input is a WAV stream of 16 bits, or, with --rate, headerless mono samples. The microphone needs the
package sounddevice.

Examples:
  {program} listen
  {program} listen --json recording.wav
  arecord -t raw -f S16_LE -r 16000 | {program} listen --rate 16000 -
  {program} listen --rate 8000 --encoding mulaw - < call.ulaw
  {program} listen --length 4 --no-input 5
  {program} listen --model mine.onnx --keep kept

With --keep DIR the sound of every word that was accepted, or nearly, is written to DIR, on this machine only: tell
those who are recorded. Sort what was wrong into _other or into folders of the words, and give it to teach --wrong.
"""

import argparse
import signal
import sys
from typing import Any

from ..errors import ConfigError
from .keep import Keeper
from .sources import Chunks, open_source
from .strings import Strings
from .terminal import tell
from .words import Words


def listen(task: Words | Strings, options: argparse.Namespace) -> int:
    """Print what happens in a stream as soon as it is decided and return the exit code."""
    sample_rate, chunks = open_source(options.file, options.device, options.rate, options.encoding)
    stream, came = task.stream(sample_rate), 0
    keeper = None
    if options.keep is not None:
        if isinstance(task, Strings):
            raise ConfigError("--keep is for single words; leave out --string")
        keeper = Keeper(options.keep, task.recognizer, sample_rate)
        tell(f"keeping the sound of words in {options.keep}; it stays on this machine")

    def show(events: list[Any]) -> None:
        for event in events:
            sys.stdout.write(task.event_line(event) + "\n")
            sys.stdout.flush()  # a pipe should have it now

    for chunk in until_ctrl_c(chunks):
        came += len(chunk)
        events = stream.feed(chunk)
        show(events)
        if keeper is not None:
            keeper.take(chunk, events)
    events = stream.finish()
    show(events)
    if keeper is not None:
        keeper.finish(events)
        tell(f"{keeper.count} recordings kept in {options.keep}")
    tell(f"{task.count} {task.noun}{'' if task.count == 1 else 's'} in {came / sample_rate:.1f} s")
    return 0


def until_ctrl_c(chunks: Chunks) -> Chunks:
    """Yield chunks until Ctrl-C comes, which breaks off the wait for the next one, never the work on one."""
    came = waiting = False

    def take(*_signal: object) -> None:
        nonlocal came
        came = True
        if waiting:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, take)
    try:
        while not came:
            waiting = True
            chunk = next(chunks, None)
            waiting = False
            if chunk is None:
                return
            yield chunk
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGINT, before)
