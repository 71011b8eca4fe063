"""The report of the demonstration: one HTML file that needs nothing but itself."""

from __future__ import annotations

import base64
import io
import shlex
from collections.abc import Sequence
from html import escape
from importlib import resources

import numpy as np
import soundfile

from aurora_resnet.demo.demo import DemoResult, Example
from aurora_resnet.demo.pictures import Pictures
from aurora_resnet.demo.sounds import SAMPLE_RATE
from aurora_resnet.demo.tables import acceptance_table, accuracy_table, noise_table, voices_note
from aurora_resnet.evaluation.tables import percent, percent_with_interval
from aurora_resnet.runtime.audio.waveform import Samples


def report_page(result: DemoResult, pictures: Pictures | None, missing: str = "") -> str:
    """Return the report as HTML.

    Args:
        result: what the demonstration found.
        pictures: its figures; ``None`` leaves them out.
        missing: why there are no figures.
    """
    style = (resources.files("aurora_resnet.demo") / "page.css").read_text(encoding="utf-8")
    body = (
        _introduction(result, missing),
        _accuracy(result, pictures),
        _rejection(result),
        _examples(result, pictures),
        _learning(result, pictures),
        _environment(result),
        _next(result),
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>aurora-resnet: demonstration</title>
<style>
{style}</style>
</head>
<body>
{"".join(body)}</body>
</html>
"""


def _introduction(result: DemoResult, missing: str) -> str:
    names = " and ".join(model.name for model in result.models)
    notice = f"<p><strong>There are no figures here:</strong> {escape(missing)}</p>\n" if missing else ""
    return f"""<header>
<h1>aurora-resnet recognises spoken digits</h1>
<p>What <code>aurora-resnet demo</code> did on this machine at {escape(result.created)}: {escape(names)} recognised
eleven words (zero, oh, one to nine) spoken by eight voices, clean and in noise, and a small network learnt them
from nothing.</p>
<p><strong>The recordings are synthetic.</strong> {escape(voices_note(result))}</p>
{notice}</header>
"""


def _accuracy(result: DemoResult, pictures: Pictures | None) -> str:
    first = result.models[0]
    models = (*result.models, result.learning.scores)
    described = "; ".join(
        f"{model.name}: " + ", ".join(f"{report.name} {percent(report.accuracy)} %" for report in model.conditions)
        for model in models
    )
    header, _ = accuracy_table(models)
    rows = [
        [
            escape(model.name),
            *(
                f"{percent(r.accuracy)}<small>{percent(r.interval.low)} to {percent(r.interval.high)}</small>"
                for r in model.conditions
            ),
            percent(model.noisy_mean),
        ]
        for model in models
    ]
    confusion = (
        _figure(
            pictures.confusion,
            f"Confusion matrix of {first.name} over all conditions: {first.overall.correct} of {first.overall.clips} "
            "digits lie on the diagonal, where the recognised word is the spoken one.",
            "Which words are taken for which, clean and noisy digits together.",
        )
        if pictures
        else ""
    )
    return _section(
        "How many digits are recognised",
        _figure(pictures.accuracy, f"Accuracy against SNR. {described}.", "Shades: 95 % intervals, by speaker.")
        if pictures
        else "",
        _table(header, rows, "Accuracy in percent, below it its 95 % interval; "
               f"{first.conditions[0].clips} digits in each column."),
        _table(*_escaped(noise_table(models)), "Accuracy in percent by noise, all SNRs together."),
        confusion,
    )  # fmt: skip


def _rejection(result: DemoResult) -> str:
    blind = [model.name for model in result.models if not model.rejects]
    remark = (
        f"<p>{escape(' and '.join(blind))} never learnt what is no digit, has no threshold, and so accepts "
        "everything but silence.</p>"
        if blind
        else ""
    )
    return _section(
        "What is no digit is rejected",
        "<p>A recogniser that always answers with a digit hears digits in noise. A sound is accepted if the evidence "
        "for any digit at all reaches the model's threshold. Digits should be accepted, everything else rejected; a "
        "digit played backwards is no word, though it may come close to one.</p>",
        _table(*_escaped(acceptance_table(result.models)), "Accepted as a digit, of so many sounds."),
        remark,
    )


def _examples(result: DemoResult, pictures: Pictures | None) -> str:
    images = pictures.examples if pictures else [""] * len(result.examples)
    articles = [_article(example, image) for example, image in zip(result.examples, images, strict=True)]
    return _section(
        f"What the network sees and says ({escape(result.models[0].name)})",
        "<p>Above the waveform, below it the log-mel picture that the network is shown: time to the right, frequency "
        "upwards, bright is loud. The bars are the probabilities of the words, given that it is one of them.</p>",
        f'<div class="examples">\n{"".join(articles)}</div>',
    )


def _article(example: Example, image: str) -> str:
    sound, answer = example.sound, example.answer
    verdict = "accepted" if answer.accepted else "rejected"
    good = answer.accepted and answer.word == sound.word if sound.word else not answer.accepted
    alt = f"Waveform and log-mel picture of {sound.title}."
    bars = "".join(
        f'<tr><th scope="row">{escape(word)}</th><td><div style="width:{100 * share:.1f}%"></div></td>'
        f"<td>{percent(share)}</td></tr>\n"
        for word, share in answer.probabilities.items()
    )
    picture = f'<img src="{image}" alt="{escape(alt)}">' if image else ""
    return f"""<article>
<h3>{escape(sound.title)}</h3>
<p>Heard: <strong>{escape(answer.word)}</strong>, confidence {percent(answer.confidence)} %,
<strong class="{"yes" if good else "no"}">{verdict}</strong>{"" if good else " (wrong)"}</p>
<figure>{picture}
<audio controls preload="none" aria-label="{escape(sound.title)}" src="{_data_wav(sound.waveform)}"></audio></figure>
<table class="bars"><caption>probability in percent</caption>
{bars}</table>
</article>
"""


def _learning(result: DemoResult, pictures: Pictures | None) -> str:
    learning = result.learning
    train, validation = learning.voices
    last = learning.history[-1]
    figure = ""
    if pictures:
        figure = _figure(
            pictures.learning,
            f"Learning curves over {len(learning.history)} epochs: the training loss falls from "
            f"{learning.history[0].train_loss:.2f} to {last.train_loss:.2f}.",
            "Loss, accuracy and learning rate by epoch; the dot is the epoch that was kept.",
            wide=True,
        )
    clean = learning.scores.conditions[0]
    return _section(
        "A small network learns",
        f"<p>The convolutional network <code>cnn</code> began with random weights and learnt for "
        f"{len(learning.history)} epochs from {learning.clips} clean clips of {train} voices; {validation} other "
        "voices chose the best epoch. Of the digits of the eight test voices, which it never heard, it knew "
        f"<strong>{learning.before.correct} of {learning.before.clips}</strong> "
        f"({percent(learning.before.accuracy)} %) before and <strong>{learning.after.correct} of "
        f"{learning.after.clips}</strong> ({percent_with_interval(clean.accuracy, clean.interval)} %) after. It never "
        "heard noise either, which shows in the table above.</p>",
        figure,
    )


def _environment(result: DemoResult) -> str:
    timings = [[escape(step), f"{seconds:.1f}"] for step, seconds in result.seconds.items()]
    machine = [[escape(name), escape(str(value))] for name, value in result.environment.items()]
    return _section(
        "Where and how long",
        _table(["step", "seconds"], timings),
        _table(["environment", ""], machine),
    )


def _next(result: DemoResult) -> str:
    commands = "\n".join(next_commands(result))
    return _section("What to try next", f"<pre><code>{escape(commands)}</code></pre>")


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


def _section(title: str, *parts: str) -> str:
    return "<section>\n" + "\n".join([f"<h2>{title}</h2>", *filter(None, parts)]) + "\n</section>\n"


def _figure(image: str, alt: str, caption: str, *, wide: bool = False) -> str:
    kind = ' class="wide"' if wide else ""
    return (
        f'<figure><div class="scroll"><img{kind} src="{image}" alt="{escape(alt)}"></div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table; the cells are HTML."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{title}\n<tr>{head}</tr>\n{body}</table></div>'


def _escaped(table: tuple[list[str], list[list[str]]]) -> tuple[list[str], list[list[str]]]:
    header, rows = table
    return [escape(cell) for cell in header], [[escape(cell) for cell in row] for row in rows]


def _data_wav(waveform: Samples) -> str:
    """Return a waveform as the address of a 16-bit WAV file."""
    buffer = io.BytesIO()
    steps = np.clip(np.rint(waveform * 32768), -32768, 32767).astype(np.int16)
    soundfile.write(buffer, steps, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
