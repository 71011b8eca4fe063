"""False accepts an hour on sound that says none of a model's words."""

from collections import Counter
from pathlib import Path

from aurora_resnet.corpora.checking import check_folder, is_recording
from aurora_resnet.runtime.audio.reading import audio_info
from aurora_resnet.runtime.errors import CorpusError
from aurora_resnet.runtime.model_reference import AnyModel
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.streaming.recognizer import recognize_stream


def false_words_an_hour(model: AnyModel, folder: str | Path) -> str:
    """Return, in a sentence, how often a model recognises a word in a stream of recordings without any.

    Args:
        model: with a threshold.
        folder: of sound files of any length, and folders of them, that say none of the words.

    Raises:
        CorpusError: if there is no sound file.
    """
    place = check_folder(folder, "the folder of recordings without the words")
    files = sorted(filter(is_recording, place.rglob("*")))
    if not files:
        raise CorpusError(f"{place}: expected sound files, found none")
    recognizer = Recognizer.from_pretrained(model)
    seconds = sum(audio_info(file).seconds for file in files)
    words = Counter(event.word for path in files for event in recognize_stream(recognizer, path))
    named = ", ".join(f"{word} {count}" for word, count in words.most_common(5))
    an_hour = words.total() / seconds * 3600
    return (
        f"False accepts in {seconds / 3600:.2f} hours of {place.name}: {words.total()}, {an_hour:.2g} an hour"
        f"{f' ({named})' if named else ''}"
    )
