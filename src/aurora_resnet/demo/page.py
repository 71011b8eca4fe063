"""The page of the demonstration: one HTML file that needs nothing but itself, written by ``templates/page.html.j2``."""

import base64
import io
import shlex
from typing import Any

import soundfile
from jinja2 import Environment, PackageLoader, StrictUndefined

from aurora_resnet.demo.demo import DemoResult
from aurora_resnet.demo.figures import Figures
from aurora_resnet.demo.scores import acceptance_table, accuracy_table, noise_table
from aurora_resnet.demo.sounds import SAMPLE_RATE, Sound
from aurora_resnet.evaluation.tables import percent, percent_with_interval
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.recognizer import Recognition


def report_page(result: DemoResult, figures: Figures | None, missing: str = "") -> str:
    """Return the page as HTML.

    Args:
        result: what the demonstration found.
        figures: its figures; ``None`` leaves them out.
        missing: why there are no figures.
    """
    models = (*result.models, result.learning.scores)
    return _template(
        "page.html.j2",
        result=result,
        learning=result.learning,
        models=models,
        figures=figures,
        missing=missing,
        accuracy_header=accuracy_table(models)[0],
        noise=noise_table(models),
        acceptance=acceptance_table(result.models),
        without_threshold=[model.name for model in result.models if not model.rejects],
        commands=next_commands(result),
    )


def voices_note(result: DemoResult) -> str:
    """Say what the recordings are, and how the test voices are related to what the models learnt from."""
    return " ".join(_template("voices.j2", result=result).split())


def next_commands(result: DemoResult) -> list[str]:
    """Return commands to go on with."""
    trained = shlex.quote(str(result.learning.checkpoint))
    return [
        "aurora-resnet recognize FILE",
        "arecord -d 2 -f S16_LE -r 16000 | aurora-resnet recognize -",
        f"aurora-resnet recognize --model {trained} FILE",
        f"aurora-resnet evaluate --model {trained} --corpus samples: --split test",
        "aurora-resnet train --config quickstart --out runs/quickstart",
    ]


def is_right(sound: Sound, answer: Recognition) -> bool:
    """Tell whether a word was recognised and accepted, and anything else rejected."""
    return answer.accepted is True and answer.word == sound.word if sound.word else answer.accepted is False


def data_wav(waveform: Samples) -> str:
    """Return a waveform at ``SAMPLE_RATE`` as the address of a 16-bit WAV file.

    >>> import numpy as np
    >>> data_wav(np.zeros(8, np.float32))[:26]
    'data:audio/wav;base64,UklG'
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _template(name: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("aurora_resnet.demo"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"percent": percent, "data_wav": data_wav}
    environment.globals |= {"with_interval": percent_with_interval, "is_right": is_right}
    return environment.get_template(name).render(**values)
