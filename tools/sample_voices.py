"""The synthetic voices of the sample recordings: the table of the samples says how each clip was spoken."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

OUTPUT = "out.wav"
"""What every command writes, in an empty folder."""
SAMPLES = Path(__file__).resolve().parents[1] / "src" / "aurora_resnet" / "samples"
_VOICE = re.compile(r"(?:-v |-voice |\(voice_)([\w+-]+)")


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Voice:
    """One synthetic voice, as its engine calls it: espeak-ng, flite or festival."""

    engine: str
    voice: str
    sex: str

    @property
    def name(self) -> str:
        """Folder and speaker: ``espeak-en-us-f1``."""
        short = self.voice.replace("+", "-").replace("cmu_us_", "").replace("_", "-").lower()
        return f"{self.engine.removesuffix('-ng')}-{short}"

    def command(self, word: str, pitch: float, tempo: float) -> list[str]:
        """Return the command that speaks ``word`` into ``OUTPUT``.

        Args:
            word: to say.
            pitch: espeak-ng's 0..99, flite's factor, or the mean in Hz of festival's contour (its HTS voice takes none).
            tempo: words per minute for espeak-ng, a stretch of time for the others.
        """
        if self.engine == "espeak-ng":
            return ["espeak-ng", "-v", self.voice, "-p", f"{pitch:g}", "-s", f"{tempo:g}", "-w", OUTPUT, word]
        if self.engine == "flite":
            features = ["--setf", f"f0_shift={pitch:g}", "--setf", f"duration_stretch={tempo:g}"]
            return ["flite", "-voice", self.voice, *features, "-t", word, "-o", OUTPUT]
        if self.voice.endswith("hts"):
            setting = f"""(set! hts_engine_params (append hts_engine_params '(("-r" {1 / tempo:.3f}))))"""
        else:
            setting = (
                f"(Parameter.set 'Duration_Stretch {tempo:g}) (set! int_lr_params '((target_f0_mean {pitch:g}) "
                "(target_f0_std 14) (model_f0_mean 170) (model_f0_std 34)))"
            )
        speech = f"""(utt.save.wave (utt.synth (Utterance Text "{word}")) "{OUTPUT}" 'riff)"""
        return ["festival", "-b", f"(begin (voice_{self.voice}) {setting} {speech})"]


def sample_voices(split: str) -> list[Voice]:
    """Return the voices of one side of the samples, in the order of their table.

    A variant, or the person whose recordings an engine was built from (kal, slt, ...), stands in one split only.

    >>> sample_voices("test")[-1]
    Voice(engine='festival', voice='ked_diphone', sex='m')
    """
    rows = [row for row in read_table(SAMPLES / "samples.csv") if row["split"] == split]
    found = {row["voice"]: (row["engine"], _VOICE.search(row["command"]), row["sex"]) for row in rows}
    return [Voice(engine, named[1], sex) for engine, named, sex in found.values() if named]
