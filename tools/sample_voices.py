"""The synthetic voices of the sample recordings, and the commands that let them speak."""

from __future__ import annotations

from dataclasses import dataclass

OUTPUT = "out.wav"
"""What every command writes, in an empty folder."""


@dataclass(frozen=True)
class Voice:
    """One synthetic voice: an engine's voice and its takes, each a pair of pitch and tempo.

    Pitch is espeak-ng's 0..99, flite's factor, or the mean in Hz of festival's contour (its HTS voice takes
    none). Tempo is words per minute for espeak-ng and a stretch of time for the others.
    """

    engine: str
    voice: str
    sex: str
    split: str
    takes: tuple[tuple[float, float], tuple[float, float]]

    @property
    def name(self) -> str:
        """Folder and speaker: ``espeak-en-us-f1``."""
        short = self.voice.replace("+", "-").replace("cmu_us_", "").replace("_", "-").lower()
        return f"{self.engine.removesuffix('-ng')}-{short}"

    def command(self, word: str, take: int) -> list[str]:
        """Return the command that speaks ``word`` into ``OUTPUT``."""
        pitch, tempo = self.takes[take - 1]
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


def _espeak(voice: str, sex: str, *takes: tuple[float, float], split: str = "train") -> Voice:
    first, second = takes
    return Voice("espeak-ng", voice, sex, split, (first, second))


# espeak-ng 1.51 calls its British voice "en" ("en-gb" ignores variants).
# A variant, or the person whose recordings an engine was built from (kal, slt, ...), stands in one split only.
VOICES: tuple[Voice, ...] = (
    _espeak("en-us+f1", "f", (45, 170), (64, 150)),
    _espeak("en-us-nyc+f2", "f", (50, 160), (34, 185)),
    _espeak("en-us+Annie", "f", (48, 170), (30, 155)),
    _espeak("en-us+grandma", "f", (50, 150), (66, 170)),
    _espeak("en-us+m1", "m", (50, 170), (68, 150)),
    _espeak("en+m3", "m", (40, 165), (58, 185)),
    _espeak("en-us+m4", "m", (60, 160), (40, 180)),
    _espeak("en-gb-scotland+m6", "m", (50, 170), (66, 155)),
    _espeak("en-us+Hugo", "m", (36, 170), (55, 150)),
    _espeak("en-us+ed", "m", (44, 175), (60, 155)),
    _espeak("en-us+edward", "m", (50, 165), (70, 180)),
    _espeak("en-gb-x-rp+grandpa", "m", (55, 150), (38, 170)),
    _espeak("en-us+sandro", "m", (50, 160), (66, 180)),
    _espeak("en-gb-x-rp+f5", "f", (46, 165), (30, 180)),
    _espeak("en-us+klatt4", "m", (55, 160), (38, 180)),
    _espeak("en+f3", "f", (40, 165), (58, 190), split="test"),
    _espeak("en-us+f4", "f", (55, 155), (38, 175), split="test"),
    _espeak("en-us+Denis", "m", (45, 160), (62, 180), split="test"),
    _espeak("en+belinda", "f", (36, 160), (52, 180), split="test"),
    _espeak("en-us+Gene", "m", (50, 170), (66, 155), split="test"),
    _espeak("en+m2", "m", (45, 170), (62, 150), split="test"),
    Voice("flite", "awb", "m", "train", ((1.0, 1.0), (1.12, 1.2))),
    Voice("flite", "slt", "f", "train", ((1.0, 1.0), (1.12, 0.85))),
    Voice("flite", "rms", "m", "test", ((1.0, 0.9), (1.15, 0.75))),
    Voice("festival", "kal_diphone", "m", "train", ((105, 1.1), (85, 0.9))),
    Voice("festival", "cmu_us_slt_arctic_hts", "f", "train", ((0, 1.0), (0, 1.2))),
    Voice("festival", "ked_diphone", "m", "test", ((105, 1.1), (125, 0.9))),
)
