"""The demo in the browser: the served pages with models that run in the browser in place of their server.

The models and the graphs around them (``aurora_resnet.export.graphs``) are what onnxruntime's WebAssembly computes. Filters and the
steps of a stream are JavaScript with constants of the runtime: as a graph the tone cut took longer for 40 ms of sound than
40 ms. ``tests/web/test_demo.py`` compares all with the runtime on recordings.
"""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aurora_resnet.export.graphs import write_graphs
from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio import clips, tones
from aurora_resnet.runtime.audio.low_cut import low_cut_kernel
from aurora_resnet.runtime.decision import AUDIBLE
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models.facts import Facts
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings import stream
from aurora_resnet.runtime.strings.events import StringTimes
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.web.pages import MEDIA_TYPES, PAGE, page_text, sample_path, spoken_number
from aurora_resnet.web.server import describe_model
from tools.vendor_web import vendor

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "demo"
MODELS = ("compact", "string_net")
#: Nothing from another host; the engine is WebAssembly, whose compiling browsers want allowed by name.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'self'; media-src 'self' blob:; script-src 'self' 'wasm-unsafe-eval'\">\n"
)
CHANGES = {
    '<meta charset="utf-8">\n': f'<meta charset="utf-8">\n{POLICY}',
    "A recording goes to the machine that serves this page, nowhere else, and is not kept.": (
        "What you say stays in this browser: there is no server that could record it. "
        '<a href="../index.html">aurora-resnet</a>'
    ),
}


def demo_page(served: str) -> str:
    """Return a page of the demo from the served one.

    Raises:
        ValueError: if the served page has changed so that a part is not found.

    >>> "no server" in demo_page(page_text("index.html"))
    True
    """
    for part, new in CHANGES.items():
        if part not in served:
            raise ValueError(f"the served page lacks {part!r}, which the demo changes")
        served = served.replace(part, new)
    return served


def demo_facts(facts: Facts) -> dict[str, Any]:
    """Return what the demo has to know of a model: its facts, and constants of the runtime.

    >>> sorted(demo_facts(Recognizer.from_pretrained("compact").model.facts))[:3]
    ['audible', 'calibration', 'clip_samples']
    """
    rate = facts.sample_rate
    names = ("HOPS", "PURE", "NEARLY_PURE", "NOISE", "LINES", "LIKELY", "SOFTEST", "ROUNDS")
    return facts.to_dict() | {
        "low_cut": low_cut_kernel(rate).tolist(),
        "hop": max(2, round(tones.HOP_SECONDS * rate)),
        "tones": {name: getattr(tones, name) for name in names},
        "audible": AUDIBLE,
    }


def write_demo(out: Path) -> None:
    """Write the demo into a folder, whole and by itself; what is in it is replaced."""
    engine = vendor()
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(engine, out / "vendor")
    for part in PAGE.iterdir():
        if Path(part.name).suffix in MEDIA_TYPES:
            (out / part.name).write_bytes(part.read_bytes())
    for file in SOURCES.iterdir():  # in place of the server's, and more
        shutil.copy(file, out)
    for name in ("index.html", "numbers.html"):
        (out / name).write_text(demo_page(page_text(name)), encoding="utf-8")
    for name in MODELS:
        shutil.copy(resolve(name, format="onnx").path, out / f"{name}.onnx")
    write_graphs(out)
    words, strings = Recognizer.from_pretrained(MODELS[0]), StringRecognizer.from_pretrained(MODELS[1])
    model, times, steps = describe_model(words, strings), StringTimes(), 1 / strings.facts.step_seconds
    of_words = {name.lower(): getattr(clips, name) for name in ("NEAR_PEAK", "CLIPPED_SHARE", "SOFTEST_PEAK")}
    of_strings = {
        "tail_seconds": stream.TAIL_SECONDS,
        "speech": stream.SPEECH,
        "no_word": stream.NO_WORD,
        "forget": round(stream.FORGET_SECONDS * steps),
        "between": round(times.between_seconds * steps),
        "longest": round(times.at_most_seconds * steps),
    }
    facts = {"words": demo_facts(words.model.facts) | of_words, "strings": demo_facts(strings.facts) | of_strings}
    write_json(facts | {"model": asdict(model)}, out / "models.json")
    (out / "samples").mkdir()
    (out / "samples" / "number.flac").write_bytes(spoken_number())
    for word in model.samples:
        shutil.copy(sample_path(word), out / "samples" / f"{word}.flac")
