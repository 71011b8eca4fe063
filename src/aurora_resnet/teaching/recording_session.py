"""A session of recording: which word is asked for next, and what becomes of each take."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aurora_resnet.audio.writing import write_audio
from aurora_resnet.corpora.checking import is_recording
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import check_word
from aurora_resnet.teaching.takes import Take

#: The folder of what is none of the words.
OTHER = "_other"
#: Recordings of each word with which enrolling begins to be good.
ENOUGH = 3


@dataclass(frozen=True)
class Prompt:
    """What the speaker is asked to say.

    >>> Prompt("_other", 3, 20).text
    'anything else: another word, a cough'
    """

    folder: str
    number: int
    of: int

    @property
    def text(self) -> str:
        """What to show."""
        return "anything else: another word, a cough" if self.folder == OTHER else self.folder


class RecordingSession:
    """Asks for words in a mixed order and writes what can be used, a file a take, in a sub-folder a word.

    Args:
        words: what is to be said; each is the name of its sub-folder, in lower case.
        out: the folder; what is there already stays, also what another session writes meanwhile.
        speaker: who speaks; the names of the files begin with it.
        times: recordings of each word.
        other: recordings of anything else.
        seed: of the order.

    Raises:
        ConfigError: for a word or a speaker that cannot be part of a file's name, or no word.

    >>> session = RecordingSession(["Yes", "no"], "mine", times=1, other=0)
    >>> sorted(prompt.folder for prompt in session.prompts)
    ['no', 'yes']
    """

    def __init__(
        self,
        words: Sequence[str],
        out: str | Path,
        *,
        speaker: str = "me",
        times: int = 10,
        other: int = 10,
        seed: int = 0,
    ) -> None:
        if "_" in speaker or not speaker or speaker != Path(speaker).name:
            raise ConfigError(f"speaker {speaker!r}: a name without underscores and slashes, as in ann")
        if not words:
            raise ConfigError("no words to record; give at least one")
        self.words = list(dict.fromkeys(_folder(word.strip()) for word in words))
        generator, folders = random.Random(seed), list[str]()
        for _ in range(times):  # not one word many times over: it would sound like a list
            folders += generator.sample(self.words, len(self.words))
        folders += [OTHER] * other
        self.out, self.speaker = Path(out), speaker
        self.prompts = [Prompt(folder, number, len(folders)) for number, folder in enumerate(folders, start=1)]
        self.kept = 0

    @property
    def prompt(self) -> Prompt | None:
        """What to say now; ``None`` when everything was said."""
        return self.prompts[self.kept] if self.kept < len(self.prompts) else None

    @property
    def enough(self) -> bool:
        """Whether there are as many recordings of each word as enrolment needs, also of earlier sessions."""
        there = (filter(is_recording, (self.out / word).glob("*")) for word in self.words)
        return all(len(list(files)) >= ENOUGH for files in there)

    def keep(self, take: Take) -> str | None:
        """Keep a take and go on to the next prompt, or return why it must be said again."""
        prompt = self.prompt
        if prompt is None or take.fault is not None:
            return take.fault
        write_take(take, self.out / prompt.folder, self.speaker)
        self.kept += 1
        return None

    hear = keep  # its name in 0.2

    def summary(self) -> str:
        """Return how many recordings there are now.

        >>> RecordingSession(["yes"], "mine", times=2, other=0).summary()
        '0 recordings of 2 in mine'
        """
        return f"{self.kept} recordings of {len(self.prompts)} in {self.out}"

    def next_command(self) -> str:
        """Return what to do with them."""
        return f"aurora-resnet teach {self.out} --out {self.out.absolute().name}.onnx"


def _folder(word: str) -> str:
    """Return the sub-folder of a word, which is the word in lower case."""
    name = check_word(word.lower(), "words")
    if name[0] in "._" or name != Path(name).name or "\\" in name:
        raise ConfigError(f"words {word!r}: a word names a folder, so it has no slashes and begins with no . or _")
    return name


def write_take(take: Take, folder: Path, speaker: str) -> None:
    """Write a take under the first number that is free, also of other sessions that record at the same time."""
    for number in range(1, 1_000_000):
        path = folder / f"{speaker}_{number:03d}.wav"
        if not path.exists():
            with suppress(FileExistsError):
                return write_audio(take.samples, path, take.sample_rate, new=True)
