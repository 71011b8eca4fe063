"""The demo in the browser: the served page's own parts, the recogniser in JavaScript, the model, samples, and the engine.

Decision, filters and stream are written again in JavaScript. As ONNX graphs for the browser's engine they gave the same numbers, but
torch's exporter took minutes for the tone cut, and its 900 operators took longer for 40 ms of sound than 40 ms. So the JavaScript
gets its constants from the runtime, and ``tests/web/test_demo.py`` compares both on recordings.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aurora_resnet.files import write_json
from aurora_resnet.runtime.audio import clips, tones
from aurora_resnet.runtime.audio.low_cut import LOWEST_HZ, low_cut_kernel
from aurora_resnet.runtime.decision import AUDIBLE, SURE_IF_CLIPPED
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.runtime.models import ModelFacts, load_model
from aurora_resnet.runtime.streaming.config import StreamingConfig
from aurora_resnet.web.pages import MEDIA_TYPES, PAGE, page_text, sample_path, sample_words
from tools.vendor_web import vendor

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "demo"
MODEL = "compact"
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'self'; media-src 'self' blob:; script-src 'self' 'wasm-unsafe-eval'\">\n"
)
"""Nothing from another host; the engine is WebAssembly, whose compiling browsers want allowed by name."""
CHANGES = {
    '<meta charset="utf-8">\n': f'<meta charset="utf-8">\n{POLICY}',
    'src="index.js"': 'src="demo.js"',
    '<a href="numbers.html">Whole numbers</a></p>': (
        '</p>\n  <p><a href="../index.html">aurora-resnet</a>: the model runs in your browser</p>'
    ),
    "A recording goes to the machine that serves this page, nowhere else, and is not kept.": (
        "What you say stays in this browser: there is no server that could record it."
    ),
}


def demo_page(served: str) -> str:
    """Return the demo's HTML from that of the served page of words.

    Raises:
        ValueError: if the served page has changed so that a part is not found.

    >>> page = demo_page(page_text("index.html"))
    >>> "demo.js" in page, "index.js" in page, "no server" in page
    (True, False, True)
    """
    for part, new in CHANGES.items():
        if part not in served:
            raise ValueError(f"index.html of the served page lacks {part!r}, which the demo changes")
        served = served.replace(part, new)
    return served


def demo_facts(facts: ModelFacts) -> dict[str, Any]:
    """Return what the demo has to know of a model: its facts, and constants of the runtime.

    >>> sorted(demo_facts(load_model("compact").facts))[:3]
    ['audible', 'calibration', 'clip_samples']
    """
    rate, edge = facts.sample_rate, max(LOWEST_HZ, facts.frequencies_hz[0])
    names = ("HOPS", "PURE", "NEARLY_PURE", "NOISE", "LINES", "LIKELY", "SOFTEST", "ROUNDS")
    return facts.to_dict() | {
        "low_cut": low_cut_kernel(rate, LOWEST_HZ).tolist(),
        "stream_low_cut": low_cut_kernel(rate, edge).tolist(),
        "hop": max(2, round(tones.HOP_SECONDS * rate)),
        "tones": {name: getattr(tones, name) for name in names},
        "audible": AUDIBLE,
        "sure_if_clipped": SURE_IF_CLIPPED,
        **{name.lower(): getattr(clips, name) for name in ("NEAR_PEAK", "CLIPPED_SHARE", "SOFTEST_PEAK")},
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
    for file in SOURCES.iterdir():
        shutil.copy(file, out)
    for part in PAGE.iterdir():
        if Path(part.name).suffix in MEDIA_TYPES:
            (out / part.name).write_bytes(part.read_bytes())
    (out / "index.html").write_text(demo_page(page_text("index.html")), encoding="utf-8")
    shutil.copy(resolve(model, format="onnx").path, out / "compact.onnx")
    facts = demo_facts(load_model(model).facts)
    write_json(facts, out / "compact.json")
    (out / "samples").mkdir()
    for word in facts["samples"]:
        shutil.copy(sample_path(word), out / "samples" / f"{word}.flac")
