"""Build noisy speech by the Aurora-2 protocol, from any speech and any noise: levels, channels, SNRs, file tree.

    python examples/noisy_corpus.py

Packaged noises serve as four of the eight scenes. With a folder of recordings for each scene, all test sets and the
training data can be built. A stopped build resumes when it is called again. ``evaluate_aurora2.py`` measures a model on the tree.

Prints:

    files: 1232, skipped: 0
    TESTA/CLEAN3: 44 recordings of 8 speakers
    TESTA/N3_SNR-5: 44 recordings of 8 speakers
    TESTA/N3_SNR0: 44 recordings of 8 speakers
    TESTA/N3_SNR10: 44 recordings of 8 speakers
    TESTA/N3_SNR15: 44 recordings of 8 speakers
    TESTA/N3_SNR20: 44 recordings of 8 speakers
    TESTA/N3_SNR5: 44 recordings of 8 speakers
"""

from pathlib import Path

from aurora_resnet import Corpus, build_noisy_corpus, load_corpus
from aurora_resnet.corpora.samples import sample_noises
from aurora_resnet.noisy_corpus.scenes import NoiseScenes

SCENES = {"subway": "brown", "babble": "babble", "car": "pink", "exhibition": "hum"}


def main(out: str | Path = "runs/noisy", speech: Corpus | None = None, workers: int | None = None) -> None:
    """Build test set A at all SNRs, and look at it."""
    speech = speech or load_corpus("samples:").filter(split="test")
    noise = sample_noises()
    scenes = NoiseScenes({scene: (noise[name],) for scene, name in SCENES.items()})
    report = build_noisy_corpus(speech, scenes, out, seed=1, sets="A", workers=workers, progress=True)
    print(f"files: {report.written + report.already_there}, skipped: {len(report.skipped)}")
    tree = load_corpus(f"aurora2:{out}")
    for folder in sorted({each.path.parent for each in tree.filter(noise="car")}):
        recordings = [each for each in tree if each.path.parent == folder]
        speakers = {each.speaker for each in recordings}
        print(f"{folder.parent.name}/{folder.name}: {len(recordings)} recordings of {len(speakers)} speakers")


if __name__ == "__main__":
    main()
