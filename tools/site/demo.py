"""The demo in the browser: the served page's own parts, the recogniser in JavaScript, the model, samples, and the engine."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio.low_cut import LOWEST_HZ, low_cut_kernel
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import ModelFacts, load_model
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.web.pages import sample_path, sample_words
from tools.vendor_web import vendor

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "demo"
MODEL = "compact"
SHARED = (
    "answer.js", "colours.js", "copying.js", "drawing.js", "files.js", "history.js", "icon.svg", "microphone.js", "page.css",
    "playback.js", "press.js", "recorder-worklet.js", "samples.js", "string.js", "wav.js", "words.js",
)  # fmt: skip
"""Parts of the served page that the demo has, too."""
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'\">\n"
"""Nothing from another host; the engine is WebAssembly, whose compiling browsers want allowed by name."""
PROMISE = "<p>What you say stays in this browser: no server receives it.</p>"


def demo_page(served: str) -> str:
    """Return the demo's HTML from that of the served page of words.

    Raises:
        ValueError: if the served page has changed so that a part is not found.

    >>> page = demo_page((resources.files("aurora_resnet") / "web" / "page" / "index.html").read_text(encoding="utf-8"))
    >>> "demo.js" in page, "page.js" in page, "no server" in page
    (True, False, True)
    """
    changes = {
        '<meta charset="utf-8">\n': f'<meta charset="utf-8">\n{POLICY}',
        'src="page.js"': 'src="demo.js"',
        '<p id="numbers" hidden><a href="numbers.html">Whole numbers</a></p>': (
            '<p id="numbers" hidden></p>\n  <p><a href="../index.html">aurora-resnet</a>: the model runs in your browser</p>'
        ),
        "<p>A recording goes to the machine that serves this page, nowhere else, and is not kept.</p>": PROMISE,
        "or press once and speak.": "or press once, speak, and press again.",
        "or tap once and speak.": "or tap once, speak, and tap again.",
    }
    for part, new in changes.items():
        if part not in served:
            raise ValueError(f"index.html of the served page lacks {part!r}, which the demo changes")
        served = served.replace(part, new)
    return served


def demo_facts(facts: ModelFacts) -> dict[str, Any]:
    """Return what the demo has to know of a model: its facts, and constants that Python has computed.

    >>> sorted(demo_facts(load_model("compact").facts))[:3]
    ['calibration', 'clip_samples', 'format']
    """
    rate, edge = facts.sample_rate, max(LOWEST_HZ, facts.frequencies_hz[0])
    return facts.to_dict() | {
        "low_cut": low_cut_kernel(rate, LOWEST_HZ).tolist(),
        "stream_low_cut": low_cut_kernel(rate, edge).tolist(),
        "streaming": asdict(StreamingConfig()),
        "samples": list(sample_words(facts.vocabulary)),
    }


def write_demo(out: Path, model: str = MODEL) -> None:
    """Write the demo into a folder, whole and by itself.

    Args:
        out: the folder; what is in it is replaced.
        model: name of a shipped exported model.
    """
    engine = vendor()
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(engine, out / "vendor")
    for file in SOURCES.glob("*.js"):
        shutil.copy(file, out)
    page = resources.files("aurora_resnet") / "web" / "page"
    for name in SHARED:
        (out / name).write_bytes((page / name).read_bytes())
    (out / "index.html").write_text(demo_page((page / "index.html").read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(resolve(model, format="onnx").path, out / "compact.onnx")
    facts = demo_facts(load_model(model).facts)
    write_json(facts, out / "compact.json")
    (out / "samples").mkdir()
    for word in facts["samples"]:
        shutil.copy(sample_path(word), out / "samples" / f"{word}.flac")
