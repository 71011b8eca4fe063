"""An exported model as C99 for microcontrollers: tables, calls of fixed kernels, fixed buffers."""

import re
from dataclasses import dataclass
from pathlib import Path

import onnx
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aurora_resnet.export.c_calls import Calls, c_float
from aurora_resnet.export.c_frontend import read_frontend
from aurora_resnet.export.c_graph import Graph
from aurora_resnet.files import atomic_path
from aurora_resnet.runtime.errors import ExportError
from aurora_resnet.runtime.model_reference import AVERAGE, AnyModel, ModelFile, resolve
from aurora_resnet.runtime.models.strings import PROBABILITIES, ExportedSequenceModel, SequenceFacts
from aurora_resnet.runtime.models.words import LOGITS, ExportedModel, ModelFacts
from aurora_resnet.runtime.strings.stream import TAIL_SECONDS

FOLDER = Path(__file__).with_name("c")
KERNELS = ("aurora.h", "aurora.c", "aurora_answer.c")


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
    if not re.fullmatch(r"(?!(aurora|aurora_answer|main)$)[A-Za-z_]\w*", facts.name, re.ASCII):
        raise ExportError(f"functions in C would begin with its name, '{facts.name}'; export it with another --name")
    samples = facts.clip_samples if isinstance(facts, ModelFacts) else facts.step_samples
    graph, calls = onnx.load(found.path).graph, Calls()
    output = Graph(graph, *read_frontend(graph, calls, samples), calls).floats(LOGITS if words else PROBABILITIES)
    calls.call("memcpy", "answers", output, str(4 * output.count))
    if isinstance(facts, SequenceFacts) and None in facts.vocabulary.digits:
        raise ExportError("the C export writes strings of digits, and not all of its words name one")
    tail, arena = round(TAIL_SECONDS * facts.sample_rate / samples), calls.arena()
    values = {"facts": facts, "calls": calls, "samples": samples, "answers": output.count, "arena": arena, "tail": tail}
    sources = {each: (FOLDER / each).read_text(encoding="utf-8") for each in KERNELS}
    templates = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, trim_blocks=True)
    templates.keep_trailing_newline = True
    templates.filters |= {"real": c_float, "text": c_string}
    for file, template in (("main.c", "_main.c"), (f"{facts.name}.h", ".h"), (f"{facts.name}.c", ".c")):
        sources[file] = templates.get_template(f"{found.kind}{template}.j2").render(values)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in sources.items():
        with atomic_path(folder / file) as temporary:
            temporary.write_text(text, encoding="ascii")
    stream = sum(history.buffer.size for history in calls.histories)
    return CExport(tuple(folder / file for file in sources), calls.constants, arena, stream, calls.macs)


def c_string(text: str) -> str:
    r"""Return a text as a C constant.

    >>> print(c_string('né"'))
    "n\303\251\042"
    """
    plain = (chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())
    return f'"{"".join(plain)}"'
