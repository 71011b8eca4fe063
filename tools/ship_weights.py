"""Turn a training of ``examples/train_voices.toml`` into the models that the package carries.

    python -m tools.ship_weights --model resnet50 --run runs/voices_resnet50 --strangers runs/strangers/resnet50_*/logits.npz
    python -m tools.shipped --model resnet50 --out docs/records/shipped/resnet50.json
    python -m tools.reports                       # the card, which the exported file carries too
    python -m tools.ship_weights --model resnet50

The first command fits the calibration on what the training did not learn from (AN4's held-out training speakers,
ESC-10's fifth fold, a tenth of the background noise, Speech Commands' other words by the speakers whose id ends in e).
With ``--strangers`` the logits that ``tools.strangers`` kept of runs without a corpus set the operating point instead
(``tools.strangers.operating_point``): then it holds among people whom no training heard. The threshold is the one of
equal error there, or a higher one, if it takes that to accept no more than ``NOISE_ACCEPTED`` of held-out recorded noise.
With ``--people`` the people whom
``tools.make_training_corpus`` holds out set it: at most ``NEAR_ACCEPTED`` of their near words and AN4's held-out other words are
accepted, and their digits have a part in the temperature.
It writes the weights in half
precision with it, the training's data and its command to ``src/aurora_resnet/pretrained``. No test
recording is read. Each time, and without ``--run`` alone, the weights are exported in int8 to
``src/aurora_resnet/runtime/exported``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from aurora_resnet.augmentation.noise_pool import NoiseShares
from aurora_resnet.calibration.word_point import calibrate
from aurora_resnet.checkpoints import PRETRAINED, load_checkpoint, save_checkpoint
from aurora_resnet.clips.clip_set import ClipSet, join_clips, load_clips, load_negatives
from aurora_resnet.clips.negatives import NegativeShares
from aurora_resnet.corpora.corpus import Corpus
from aurora_resnet.corpora.registry import load_corpus
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.evaluation.answers import Answers
from aurora_resnet.evaluation.rejection_report import RejectionReport
from aurora_resnet.export.onnx_file import export_onnx
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.recognition.word_model import TorchModel
from aurora_resnet.runtime.decision import Calibration
from aurora_resnet.runtime.model_reference import resolve
from aurora_resnet.training.data import AugmentSource, SoundFiles, load_data
from aurora_resnet.training.experiment import read_experiment
from aurora_resnet.training.sounds import augment_clips, find_sounds
from tools.strangers.operating_point import OperatingPoint

HELD_OUT_WORDS = SoundFiles("../shared/data/speech_commands_other/words", match="_[0-9a-f]*e_nohash")
CALIBRATION_SNR_DB = (0.0, 20.0)
NOISY_COPIES = 3
RECORDED = "recorded noise"
NOISES = {
    RECORDED: NoiseShares(recorded=1, babble=0, synthetic=0, sum_of_two=0),
    "computed noise": NoiseShares(recorded=0, babble=0, synthetic=1, sum_of_two=0),
    "babble of five and more who say digits": NoiseShares(recorded=0, babble=1, synthetic=0, sum_of_two=0),
}
NEAR_WORDS = (SoundFiles("data/voices/people_words/held_out"), SoundFiles("data/voices/an4_words/held_out"))
NEAR_ACCEPTED = 0.08
"""With ``--people``: of their near words; as many as the weights of the second edition accepted."""
WINDOWS = 500
"""Of each noise."""
NOISE_ACCEPTED = 0.02
"""With ``--strangers``: of windows of held-out recorded noise. A stream hears far more noise than words."""


def main() -> None:
    """Ship one model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=PRETRAINED, required=True)
    parser.add_argument("--run", type=Path, help="folder of the training; without it the shipped weights are exported")
    parser.add_argument("--config", type=Path, default=Path("examples/train_voices.toml"))
    parser.add_argument("--words-refused", type=float, default=0.02, help="largest share of held-out clean words")
    parser.add_argument("--strangers", type=Path, nargs="*", default=[], help="logits.npz of runs of tools.strangers")
    parser.add_argument("--people", type=Path, help="manifest whose split held_out has people unknown to the training")
    options = parser.parse_args()
    if options.run:
        write_weights(
            options.model, options.run, options.config, options.words_refused, options.strangers, options.people
        )
    path = resolve(options.model).path
    print(export_onnx(load_checkpoint(options.model), path, int8=True))
    print(f"{path}: {path.stat().st_size / 1e6:.3f} MB; next: python -m tools.shipped --model {options.model}")


def write_weights(
    name: str, run: Path, config: Path, words_refused: float, strangers: list[Path], people: Path | None
) -> None:
    """Calibrate a trained network and write it to the package.

    Args:
        name: of the shipped model.
        run: folder of the training.
        config: its file.
        words_refused: operating point, as ``calibrate`` has it.
        strangers: logits of runs that left a corpus out: they set the operating point instead.
        people: manifest of people of whom some are held out: they set it instead.
    """
    model = load_checkpoint(run / "best.safetensors").model
    experiment = read_experiment(config, name)
    source, root = experiment.data.augment, experiment.data.root
    if source is None:
        raise SystemExit(f"{config}: expected [data.augment], whose held-out noises calibrate the network")
    clips = load_clips(load_data(experiment.data, model.config.vocabulary).validation, model.config)
    noisy = held_out_epochs(clips, source, root)
    # Confidences are to be right in noise too; what is refused is counted of clean words.
    temperature = calibrate(model, join_clips([clips, noisy])).temperature
    negatives = {"other words": held_out_words(model.config, root)}
    negatives |= {kind: held_out_noise(clips, source, root, shares) for kind, shares in NOISES.items()}
    quiet = calibrate(model, clips, negatives=negatives[RECORDED], negatives_accepted=NOISE_ACCEPTED).threshold
    assert quiet is not None
    if people:
        unknown = load_clips(load_corpus(f"manifest:{people}").filter(split="held_out"), model.config)
        near = tuple(Utterance(path, (), "") for path in find_sounds(NEAR_WORDS, root))
        negatives["near words"] = load_negatives(Corpus("near words", near), model.config)
        chosen = calibrate(
            model,
            join_clips([clips, noisy, unknown]),
            negatives=negatives["near words"],
            negatives_accepted=NEAR_ACCEPTED,
        )
        assert chosen.threshold is not None
        calibration = replace(chosen, threshold=max(chosen.threshold, quiet))
    elif strangers:
        point = OperatingPoint.read(strangers)
        calibration = Calibration(temperature * point.temperature_factor, max(point.threshold, quiet))
    else:
        calibration = Calibration(temperature, calibrate(model, clips, words_refused=words_refused).threshold)
    words = {"clean": clips, "0 to 20 dB": noisy} | ({"people": unknown} if people else {})
    chosen_on = (
        "held-out people" if people else "corpora left out in turn" if strangers else "held-out AN4 training speakers"
    )
    report = held_out_report(model, calibration, words, negatives, chosen_on)
    record: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    kept = ("experiment", "data", "epochs", "seconds", "environment", "created", "averaged")
    training = {key: record[key] for key in kept if key in record}
    path = resolve(name, format="checkpoint").path
    save_checkpoint(model, path, calibration=calibration, info={**report, "training": training}, half=True)
    print(json.dumps({**calibration.to_dict(), **report}, indent=2))
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def held_out_report(
    model: RecognizerModel,
    calibration: Calibration,
    words: dict[str, ClipSet],
    negatives: dict[str, ClipSet],
    chosen_on: str,
) -> dict[str, Any]:
    """Return what the calibrated model refuses of held-out words and accepts of held-out negatives."""
    scoring = TorchModel(model, calibration=calibration)
    heard = {condition: Answers.of(scoring, clips) for condition, clips in words.items()}
    not_words = {kind: Answers.of(scoring, clips) for kind, clips in negatives.items()}
    counts = RejectionReport.count(scoring.facts.name, heard, not_words)
    refused = {f"held-out words refused, {what}": each.share for what, each in counts.refused_by_condition.items()}
    accepted = {f"held-out {what} accepted": each.share for what, each in counts.accepted_by_condition.items()}
    return {
        "operating_point": {"chosen_on": chosen_on, **refused, **accepted},
        "held_out_accuracy": {what: float((each.predicted == each.labels).mean()) for what, each in heard.items()},
    }


def held_out_words(config: RecognizerConfig, root: str) -> ClipSet:
    """Return other words by speakers that the training did not hear."""
    words = [Utterance(path, (), "") for path in find_sounds([HELD_OUT_WORDS], root)]
    return load_negatives(Corpus("other words", tuple(words)), config)


def held_out_epochs(clips: ClipSet, source: AugmentSource, root: str) -> ClipSet:
    """Return ``NOISY_COPIES`` copies of held-out words in held-out noise, at 0 to 20 dB."""
    gentle = replace(source.augmentation, snr_db=CALIBRATION_SNR_DB, cut_off_probability=0.0)
    mild = replace(source.held_out(NegativeShares(of_epoch=0)), augmentation=gentle)
    made = augment_clips(clips, mild, root, seed=0)
    return join_clips([made.epoch(number) for number in range(NOISY_COPIES)])


def held_out_noise(clips: ClipSet, source: AugmentSource, root: str, shares: NoiseShares) -> ClipSet:
    """Return ``WINDOWS`` windows of held-out noise without a word."""
    alone = NegativeShares(of_epoch=WINDOWS / (WINDOWS + len(clips)), words=0, fragments=0, noise=1)
    held_out = replace(source.held_out(alone), noise_shares=shares)
    made = augment_clips(clips, held_out, root, seed=1).epoch(0)
    return replace(
        made,
        utterances=made.utterances[len(clips) :],
        labels=made.labels[len(clips) :],
        waveforms=made.waveforms[len(clips) :],
    )


if __name__ == "__main__":
    main()
