"""An exported model as C99 for microcontrollers: tables, calls of fixed kernels, fixed buffers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import onnx

from aurora_resnet.export.c_calls import Calls, c_float
from aurora_resnet.export.c_frontend import read_frontend
from aurora_resnet.export.c_graph import Graph
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.model_reference import AVERAGE, AnyModel, Kind, ModelFile, resolve
from aurora_resnet.runtime.models.strings import PROBABILITIES, ExportedSequenceModel, SequenceFacts
from aurora_resnet.runtime.models.words import LOGITS, ExportedModel, ModelFacts
from aurora_resnet.runtime.strings.stream import TAIL_SECONDS

KERNELS = Path(__file__).with_name("c")
SOURCES = ("aurora.h", "aurora.c", "aurora_answer.c")

_HEADER = """/* {name}, written by `aurora-resnet export --c`. */
#ifndef AURORA_MODEL_{name}
#define AURORA_MODEL_{name}

#include "aurora.h"

{declared}
#endif
"""
_SOURCE = """/* {name}, written by `aurora-resnet export --c`. */
#include "{name}.h"

#include <math.h>
#include <string.h>

{tables}
static float arena[{arena}]; /* what the layers work in */
#define BYTES(at) ((uint8_t *)arena + (at))
#define FLOATS(at) (arena + (at) / 4)

{defined}"""
_WORDS_HEADER = """enum {{ {name}_sample_rate = {rate}, {name}_samples = {samples}, {name}_word_count = {count} }};
extern const char *const {name}_words[{count}];

/* The logits of a clip of {name}_samples samples, [{name}_word_count]. */
void {name}_logits(aurora_samples samples, float *answers);
/* The word of a clip. Neither call may interrupt the other: they share their memory. */
aurora_word {name}_recognize(aurora_samples samples);
"""
_WORDS_SOURCE = """const char *const {name}_words[{count}] = {{{words}}};

void {name}_logits(aurora_samples samples, float *answers) {{
{calls}
}}

aurora_word {name}_recognize(aurora_samples samples) {{
    float logits[{count}];
    {name}_logits(samples, logits);
    return aurora_decide(logits, {count}, {temperature}, {threshold}, samples, {samples});
}}
"""
_STRINGS_HEADER = """enum {{ {name}_sample_rate = {rate}, {name}_step = {samples}, {name}_answers = {answers} }};

typedef struct {{
    aurora_search search;
    float frames[AURORA_FRAMES * {columns}];
    float before[{before}], mean[{bands}];
    uint8_t {histories};
}} {name}_stream;

/* Begins a stream, or the next string. */
void {name}_begin({name}_stream *stream);
/* Goes on with {name}_step samples. `answers`: NULL, or room for the probabilities of the words, of other speech, of
 * neither (and of speech at all), [{name}_answers]. Calls for different streams may not interrupt each other. */
void {name}_feed({name}_stream *stream, aurora_samples samples, float *answers);
/* What was said so far. */
aurora_string {name}_best(const {name}_stream *stream);
/* What was said, after a little silence: a word is known a little later than it is said. */
aurora_string {name}_finish({name}_stream *stream);
"""
_STRINGS_SOURCE = """void {name}_begin({name}_stream *stream) {{
    memset(stream, 0, sizeof *stream);
{zeros}    aurora_search_begin(&stream->search, {count}, stream->frames);
}}

static void compute({name}_stream *stream, aurora_samples samples, float *answers) {{
{calls}
    /* What the next step needs of this one. */
{shifts}}}

void {name}_feed({name}_stream *stream, aurora_samples samples, float *answers) {{
    float found[{answers}];
    compute(stream, samples, found);
    stream->search.audible |= aurora_audible(samples, {samples});
    aurora_search_push(&stream->search, found, {other_weight});
    if (answers) memcpy(answers, found, sizeof found);
}}

aurora_string {name}_best(const {name}_stream *stream) {{
    return aurora_search_best(&stream->search, "{digits}", {temperature}, {threshold});
}}

aurora_string {name}_finish({name}_stream *stream) {{
    static const int16_t silence[{samples}];
    const aurora_samples samples = {{NULL, silence}};
    int i;
    for (i = 0; i < {tail}; i++) {name}_feed(stream, samples, NULL);
    return {name}_best(stream);
}}
"""


@dataclass(frozen=True)
class CExport:
    """What was written.

    Attributes:
        files: in the folder.
        constants: bytes of weights and tables, in flash; the code comes on top, about 10 KB.
        arena: bytes of working memory.
        stream: bytes that each stream keeps, beside the search of strings; 0 for single words.
        macs: multiply-accumulates of a clip, or of a step of a stream.
    """

    files: tuple[Path, ...]
    constants: int
    arena: int
    stream: int
    macs: int

    def __str__(self) -> str:
        kept = f", {self.stream / 1024:.1f} KB a stream" if self.stream else ""
        return (
            f"{self.constants / 1024:.1f} KB of constants, {self.arena / 1024:.1f} KB of working memory{kept}, "
            f"{self.macs / 1e6:.2f} M multiply-accumulates a {'step' if self.stream else 'clip'}"
        )


def export_c(model: AnyModel, folder: str | Path) -> CExport:
    """Write an exported int8 model as C sources that need nothing but ``math.h``; ``main.c`` is an example.

    Args:
        model: ``compact``, ``string_net``, or an exported model (``.onnx``) of their kinds, made with ``int8``.
        folder: to write to; made if it is not there.

    Raises:
        ExportError: for a model that is not quantised or has an operation or a front end that is not there in C.
        ModelError: if there is no such model.

    >>> import tempfile
    >>> round(export_c("compact", tempfile.mkdtemp()).macs / 1e6)
    30
    """
    found = resolve(model, format="onnx")
    try:
        return _export(found, Path(folder))
    except ExportError as error:
        raise ExportError(f"{found.path}: {error}") from None
    except (KeyError, IndexError, ValueError) as error:
        raise ExportError(f"{found.path}: the C export has no such graph ({error}); it is not like compact") from None


def _export(found: ModelFile, folder: Path) -> CExport:
    if found.path.suffix == AVERAGE:
        raise ExportError("the C export writes one model, not a mean of several")
    words = found.kind == "words"
    facts: ModelFacts | SequenceFacts = (ExportedModel if words else ExportedSequenceModel)(found.path).facts
    if not re.fullmatch(r"[A-Za-z_]\w*", facts.name, re.ASCII):
        raise ExportError(f"functions in C would begin with its name, '{facts.name}'; export it with another --name")
    samples = facts.clip_samples if isinstance(facts, ModelFacts) else facts.step_samples
    graph, calls = onnx.load(found.path).graph, Calls()
    output = Graph(graph, *read_frontend(graph, calls, samples), calls).floats(LOGITS if words else PROBABILITIES)
    calls.call("memcpy", "answers", output, str(4 * output.count))
    sources = _sources(found.kind, facts, samples, calls, output.count)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in sources.items():
        with atomic_path(folder / file) as temporary:
            temporary.write_text(text, encoding="ascii")
    stream = sum(history.buffer.size for history in calls.histories)
    return CExport(tuple(folder / file for file in sources), calls.constants, calls.arena(), stream, calls.macs)


def _sources(kind: Kind, facts: ModelFacts | SequenceFacts, samples: int, calls: Calls, answers: int) -> dict[str, str]:
    """Return what is written, by the names of the files."""
    name, decision, arena = facts.name, facts.calibration, calls.arena()  # before the calls are written
    values = {
        "name": name,
        "rate": facts.sample_rate,
        "samples": samples,
        "count": len(facts.vocabulary),
        "calls": "\n".join(calls.written()),
        "temperature": c_float(decision.temperature),
        "threshold": "NAN" if decision.threshold is None else c_float(decision.threshold),
        "words": ", ".join(map(c_string, facts.vocabulary.words)),
    }
    if isinstance(facts, SequenceFacts):
        values |= _of_streams(facts, calls, answers)
    header, source = (_WORDS_HEADER, _WORDS_SOURCE) if kind == "words" else (_STRINGS_HEADER, _STRINGS_SOURCE)
    tables, main = "\n".join(calls.tables), KERNELS / f"{kind}_main.c"
    return {each: (KERNELS / each).read_text(encoding="utf-8") for each in SOURCES} | {
        "main.c": main.read_text(encoding="utf-8").replace("MODEL", name),
        f"{name}.h": _HEADER.format(name=name, declared=header.format(**values)),
        f"{name}.c": _SOURCE.format(name=name, tables=tables, arena=arena // 4, defined=source.format(**values)),
    }


def _of_streams(facts: SequenceFacts, calls: Calls, answers: int) -> dict[str, object]:
    """Return what is written of streams."""
    digits = facts.vocabulary.digits
    if None in digits:
        raise ExportError("the C export writes strings of digits, and not all of its words name one")
    kept = [(each, f"stream->{each.buffer.kept}") for each in calls.histories]
    shifts = [f"    memmove({at}, {at} + {h.new * h.row}, {h.keep * h.row});\n" for h, at in kept]
    return {
        "answers": answers,
        "columns": len(digits) + 2,
        "histories": ", ".join(f"{h.buffer.kept}[{h.buffer.size}]" for h, _ in kept),
        "before": calls.kept["before"],
        "bands": calls.kept["mean"],
        "zeros": "".join(f"    memset({at}, {h.zero}, {h.buffer.size});\n" for h, at in kept if h.zero),
        "shifts": "".join(shifts),
        "other_weight": c_float(facts.calibration.other_weight),
        "digits": "".join(map(str, digits)),
        "tail": round(TAIL_SECONDS / facts.step_seconds),
    }


def c_string(text: str) -> str:
    r"""Return a text as a C constant.

    >>> print(c_string('né"'))
    "n\303\251\042"
    """
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(plain)}"'
