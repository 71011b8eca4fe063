"""Write docs/tour.md and its pictures: one "seven" travels through the library, and every station is drawn.

``python -m tools.tour`` needs the extra ``figures``. Everything comes from the library itself: the recording from the package's
voices, the noise from its noises, the answers from the shipped models.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from aurora_resnet.audio.mixing import mix_at_snr
from aurora_resnet.augmentation.reverberation import reverberate, room_response
from aurora_resnet.augmentation.spec_augment import SpecAugment
from aurora_resnet.augmentation.speed_pitch import change_speed
from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.corpora.samples import read_samples, sample_noises
from aurora_resnet.evaluation.figures import LINE_COLOURS, new_figure, plain_axes, plot_features, save_figure
from aurora_resnet.features.mel import mel_filters
from aurora_resnet.files import atomic_path
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.audio.clips import fit_length
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.decision import evidence
from aurora_resnet.runtime.recognizer import Recognizer
from aurora_resnet.runtime.strings.events import Digit
from aurora_resnet.runtime.strings.recognizer import StringRecognizer
from aurora_resnet.runtime.strings.streams import StringStreams
from tools.reports.records import DOCS, TEMPLATES
from tools.reports.templating import render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VOICE = "samples/espeak-en-us-f4"  # no training heard it
WORD = "seven"
NUMBER = ("four", "oh", "seven")
SNR_DB = 5.0
OVERVIEW, OVERVIEW_VOICE, OVERVIEW_SNR_DB = (*NUMBER, "one"), "samples/espeak-en-us-gene", 10.0
SNRS_DB = (20, 15, 10, 5, 0, -5, -10)
DRAWS = 8  # places of the noise, over which a curve is the mean
BLUE, ORANGE = LINE_COLOURS[:2]


@dataclass(frozen=True)
class Journey:
    """What the stations share."""

    rate: int
    recording: Samples
    noisy: Samples
    recognizer: Recognizer

    @classmethod
    def begin(cls) -> Journey:
        """Say the word in a quiet room, and again in babble."""
        recording, rate = _said(WORD)
        return cls(rate, recording, _in_noise(recording, rate, SNR_DB, 0), Recognizer.from_pretrained("resnet50"))


def _said(*words: str, voice: str = VOICE) -> tuple[Samples, int]:
    said = read_samples().filter(speakers=voice)
    parts: list[Samples] = []
    rate = 0
    for word in words:
        samples, rate = read_audio(said.filter(words=word)[0].path)
        parts += [samples, np.zeros(rate // 7, np.float32)]
    room = np.pad(np.concatenate(parts), (round(0.9 * rate), round(0.6 * rate)))
    return room + np.float32(0.001) * np.random.default_rng(0).standard_normal(len(room), dtype=np.float32), rate


def _in_noise(speech: Samples, rate: int, snr_db: float, seed: int, kind: str = "babble") -> Samples:
    noise, noise_rate = read_audio(sample_noises()[kind])
    assert rate == noise_rate == 8000, "the package's recordings have 8 kHz"
    return mix_at_snr(speech, noise, snr_db, sample_rate=rate, generator=np.random.default_rng(seed))[0]


def _wave(axes: Axes, samples: Samples, rate: int, colour: str, label: str = "") -> None:
    axes.plot(np.arange(len(samples)) / rate, samples, color=colour, linewidth=0.6, label=label)
    axes.set_ylabel("amplitude")
    plain_axes(axes)


def draw_recording(journey: Journey) -> Figure:
    """Draw the recording with the clip marked, and the same in babble."""
    figure = new_figure(7, 3.6)
    upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
    for axes, samples, what in (
        (upper, journey.recording, "a quiet room"),
        (lower, journey.noisy, f"babble, {SNR_DB:g} dB"),
    ):
        clip = journey.recognizer.clip(samples, journey.rate)
        seconds = journey.recognizer.model.facts.clip_seconds
        axes.axvspan(clip.start_seconds, clip.start_seconds + seconds, color=ORANGE, alpha=0.2)
        _wave(axes, samples, journey.rate, BLUE)
        axes.set_title(what, fontsize=10, loc="left")
    lower.set_xlabel("time (s)")
    return figure


def draw_filters(_journey: Journey) -> Figure:
    """Draw the mel filters."""
    config = load_checkpoint("resnet50").model.config.mel
    figure = new_figure(7, 2.4)
    axes = figure.subplots()
    filters = mel_filters(config).numpy()
    hertz = np.arange(len(filters)) * config.sample_rate / config.fft_length
    for band in range(config.n_mels):
        axes.plot(hertz, filters[:, band], color=LINE_COLOURS[band % 3], linewidth=0.9)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("weight")
    plain_axes(axes)
    return figure


def draw_spectrogram(journey: Journey) -> Figure:
    """Draw what the network sees of the quiet recording, with the clip above it."""
    model = load_checkpoint("resnet50").model.eval()
    clip = torch.from_numpy(journey.recognizer.clip(journey.recording, journey.rate).samples)
    with torch.inference_mode():
        return plot_features(model.frontend(clip[None])[0], model.config.mel, waveform=clip)


def draw_copies(journey: Journey) -> Figure:
    """Draw what training makes of the word: another speed, a room, babble, masks."""
    model = load_checkpoint("resnet50").model.eval()
    clip = journey.recognizer.clip(journey.recording, journey.rate).samples
    generator = np.random.default_rng(3)
    room = room_response(0.6, 0.0, sample_rate=journey.rate, generator=generator)
    copies = {
        "as it is": clip,
        "slower": fit_length(change_speed(clip, 0.82), len(clip)),
        "in a hall": fit_length(reverberate(clip, room), len(clip)),
        f"in babble, {SNR_DB:g} dB": _in_noise(clip, journey.rate, SNR_DB, 1),
    }
    with torch.inference_mode():
        features = model.frontend(torch.from_numpy(np.stack(list(copies.values()))))
        masked = SpecAugment(probability=1.0)
        mask = masked.sample(features[:1].shape, torch.Generator().manual_seed(2))
        pictures = [*zip(copies, features, strict=True), ("masked", masked.apply(features[:1].clone(), mask)[0])]
    figure = new_figure(7, 2.0)
    for axes, (what, picture) in zip(figure.subplots(1, len(pictures), sharey=True), pictures, strict=True):
        axes.imshow(picture.numpy(), origin="lower", aspect="auto", interpolation="nearest")
        axes.set_title(what, fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure


def draw_stages(journey: Journey) -> Figure:
    """Draw the mean activation of the stem and of each stage."""
    model = load_checkpoint("resnet50").model.eval()
    net = model.classifier
    assert isinstance(net, ResidualSpeechNet)
    clip = torch.from_numpy(journey.recognizer.clip(journey.recording, journey.rate).samples)[None]
    seen: dict[str, torch.Tensor] = {}
    names = ("maxpool", *(f"layer{number}" for number in range(1, net.stages + 1)))
    hooks = [
        getattr(net, name).register_forward_hook(lambda _m, _i, output, name=name: seen.__setitem__(name, output[0]))
        for name in names
    ]
    with torch.inference_mode():
        model(clip)
    for hook in hooks:
        hook.remove()
    figure = new_figure(7, 2.2)
    for axes, name in zip(figure.subplots(1, len(names)), names, strict=True):
        activation = seen[name]
        axes.imshow(activation.mean(0).numpy(), origin="lower", aspect="auto", interpolation="nearest")
        title = "stem" if name == "maxpool" else f"stage {name[-1]}"
        axes.set_title(f"{title}: {len(activation)} maps of {' x '.join(map(str, activation.shape[1:]))}", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure


def draw_answer(journey: Journey) -> Figure:
    """Draw the probabilities in quiet and in babble."""
    figure = new_figure(7, 2.6)
    axes = figure.subplots()
    for offset, (samples, what, colour) in enumerate(
        ((journey.recording, "quiet", BLUE), (journey.noisy, f"babble, {SNR_DB:g} dB", ORANGE))
    ):
        heard = journey.recognizer.recognize(samples, journey.rate)
        places = np.arange(len(heard.probabilities)) + 0.4 * offset - 0.2
        axes.bar(places, list(heard.probabilities.values()), width=0.4, color=colour, label=what)
    axes.set_xticks(range(len(heard.probabilities)), list(heard.probabilities))
    axes.set_ylabel("probability")
    axes.legend(frameon=False)
    plain_axes(axes)
    return figure


def curve(journey: Journey) -> list[tuple[int, float, float]]:
    """Return, for each SNR, the mean probability of the word and the share of the mixtures that are accepted."""
    rows = []
    for snr_db in SNRS_DB:
        noisy = [_in_noise(journey.recording, journey.rate, snr_db, seed) for seed in range(DRAWS)]
        answers = journey.recognizer.recognize_batch(noisy, journey.rate)
        chance = float(np.mean([answer.probabilities[WORD] for answer in answers]))
        rows.append((snr_db, chance, float(np.mean([answer.accepted for answer in answers]))))
    return rows


def draw_curve(journey: Journey) -> Figure:
    """Draw probability and acceptance over the SNR."""
    snrs, chances, accepted = zip(*curve(journey), strict=True)
    figure = new_figure(7, 2.6)
    axes = figure.subplots()
    axes.plot(snrs, chances, marker="o", color=BLUE, label=f"probability of “{WORD}”, if it is a word")
    axes.plot(snrs, accepted, marker="s", color=ORANGE, label="share accepted")
    axes.invert_xaxis()
    axes.set_xlabel("SNR in babble (dB)")
    axes.set_ylim(-0.05, 1.05)
    axes.legend(frameon=False)
    plain_axes(axes)
    return figure


def draw_stream(_journey: Journey) -> Figure:
    """Draw a number as it is spoken, and when each digit was told."""
    samples, rate = _said(*NUMBER)
    streams = StringStreams(StringRecognizer.from_pretrained().model)
    call = streams.open(sample_rate=rate)
    figure = new_figure(7, 2.2)
    axes = figure.subplots()
    _wave(axes, samples, rate, BLUE)
    peak = float(np.abs(samples).max())
    axes.set_ylim(-1.1 * peak, 1.7 * peak)
    for event in [*streams.push({call: samples})[call], *streams.close(call)]:
        if isinstance(event, Digit):
            axes.axvline(event.seconds, color=ORANGE, linewidth=1.2)
            axes.text(event.seconds, 1.4 * peak, event.word.word, ha="right", fontsize=10)
    axes.set_xlabel("time (s)")
    return figure


def draw_overview(_journey: Journey) -> Figure:
    """Draw what the library does: a number said in noise, its picture, and what was heard."""
    samples, rate = _said(*OVERVIEW, voice=OVERVIEW_VOICE)
    noisy = _in_noise(samples, rate, OVERVIEW_SNR_DB, 2, "pink")
    frontend = load_checkpoint("resnet50").model.eval().frontend
    figure = new_figure(7, 2.9)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    _wave(upper, noisy, rate, BLUE)
    upper.set_ylabel("")
    upper.set_yticks([])
    with torch.inference_mode():
        picture = frontend(torch.from_numpy(noisy)[None])[0].numpy()
    lower.imshow(picture, origin="lower", aspect="auto", extent=(0, len(noisy) / rate, 0, len(picture)))
    lower.set_yticks([])
    heard = StringRecognizer.from_pretrained().recognize(noisy, rate)
    peak = float(np.abs(noisy).max())
    upper.set_ylim(-1.1 * peak, 2.2 * peak)
    for word in heard.words:
        upper.axvline(word.end_seconds, color=ORANGE, linewidth=1)
        upper.text(
            word.end_seconds, 1.5 * peak, f"{word.digit}", ha="right", fontsize=15, fontweight="bold", color=ORANGE
        )
    verdict = "accepted" if heard.accepted else "not accepted"
    figure.suptitle(
        f"said in noise, {OVERVIEW_SNR_DB:g} dB: {heard.text}, {heard.confidence:.0%} sure, {verdict}", fontsize=11
    )
    lower.set_xlabel("time (s)")
    return figure


PICTURES = {
    "overview": draw_overview,
    "recording": draw_recording,
    "filters": draw_filters,
    "spectrogram": draw_spectrogram,
    "copies": draw_copies,
    "stages": draw_stages,
    "answer": draw_answer,
    "curve": draw_curve,
    "stream": draw_stream,
}


def facts(journey: Journey) -> dict[str, Any]:
    """Return what the page says in numbers."""
    clip = journey.recognizer.clip(journey.recording, journey.rate)
    noise = 0.1 * np.random.default_rng(0).standard_normal(journey.rate, dtype=np.float32)
    model = load_checkpoint("resnet50").model
    return {
        "recording_seconds": clip.recording_seconds,
        "start_seconds": clip.start_seconds,
        "snr_db": SNR_DB,
        "mel": model.config.mel,
        "heard": journey.recognizer.recognize(journey.recording, journey.rate),
        "noisy": journey.recognizer.recognize(journey.noisy, journey.rate),
        "noise": journey.recognizer.recognize(noise, journey.rate),
        "evidence": float(evidence(journey.recognizer.model.logits(clip.samples[None]))[0]),
        "threshold": journey.recognizer.model.facts.calibration.threshold,
        "curve": curve(journey),
    }


def main() -> None:
    """Write the page and its pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=DOCS, help="where tour.md and figures/tour_*.png go (default docs)")
    parser.add_argument("--picture", choices=PICTURES, action="append", help="draw this one only, and write no page")
    options = parser.parse_args()
    out: Path = options.out
    journey = Journey.begin()
    for name in options.picture or PICTURES:
        save_figure(PICTURES[name](journey), out / "figures" / f"tour_{name}.png")
    if options.picture:
        return
    with atomic_path(out / "tour.md") as temporary:
        temporary.write_text(render(TEMPLATES / "tour.md.j2", **facts(journey)), encoding="utf-8")
    print(out / "tour.md")


if __name__ == "__main__":
    main()
