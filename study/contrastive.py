"""Question 8's weights: the network is trained on sound without labels before it learns a word.

Contrastive, not masked reconstruction: it needs no decoder, and a convolution over a masked spectrogram sees the
mask's edges. The sounds are all that training may use, labels taken away: the study's own training speech, two more digit
speakers, other words, and environmental noise.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.config_files import to_mapping
from aurora_resnet.corpora.utterance import Utterance
from aurora_resnet.environment import describe_environment
from aurora_resnet.features.mel import MelConfig
from aurora_resnet.files import write_json
from aurora_resnet.models.recognizer_model import RecognizerConfig, RecognizerModel
from aurora_resnet.models.resnet import ResidualSpeechNet
from aurora_resnet.runtime.model_folder import file_sha256
from aurora_resnet.training.config import TrainingConfig
from aurora_resnet.training.data import SoundFiles, load_data
from aurora_resnet.training.sounds import find_sounds, read_sounds
from aurora_resnet.training.state import LAST
from aurora_resnet.training.trainer import Trainer
from study.contrastive_trainer import ContrastiveObjective, save_backbone

from .plan import Run

EPOCHS = 6
QUICK_SHARE = 0.03
FOLDER = "contrastive"
UNLABELLED = (
    SoundFiles("iitg_210101070"),
    SoundFiles("iitg_jayskhatri"),
    SoundFiles("speech_commands_other/words", match="_[0-9a-f]*[02468ace]_nohash"),
    SoundFiles("speech_commands_other/background"),
    SoundFiles("noise/esc10"),
)


def pretrain(out: Path, data: Path, record: Path, threads: int, quick: bool) -> str:
    """Write ``out/contrastive/backbone.safetensors``, from random weights, unless it is there.

    Args:
        out: the study's folder.
        data: the folder of the recordings.
        record: the file to write beside the runs' records.
        threads: CPU threads to compute with.
        quick: one epoch of few clips.
    """
    weights = out / FOLDER / "backbone.safetensors"
    if weights.exists():
        return f"{FOLDER} (was there)"
    torch.set_num_threads(threads)
    share = QUICK_SHARE if quick else 1.0
    overrides = (f"data.root={json.dumps(str(data))}", f"data.share={share}")
    base = Run("q8_hearing_first", FOLDER, 0, "resnet50", overrides).experiment(out)
    config = TrainingConfig(
        epochs=1 if quick else EPOCHS,
        batch_size=64,
        learning_rate=0.05,
        schedule="one_cycle",
        bfloat16=not quick,  # see QUICK in __main__
        speed_factors=(0.88, 1.0, 1.12),
    )
    recognizer = RecognizerConfig("resnet50", MelConfig(sample_rate=8000))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = RecognizerModel(recognizer, weights=None)
    speech = load_clips(load_data(base.data).train, RecognizerConfig("cnn", MelConfig(sample_rate=8000)))
    found = find_sounds(UNLABELLED, data)
    paths = found[: round(share * len(found))]
    sounds = read_sounds(paths, 8000, 1.0)
    clips = replace(
        speech,
        utterances=speech.utterances + tuple(Utterance(path, ("zero",), "") for path in paths),
        labels=torch.zeros(len(speech) + len(paths), dtype=torch.int64),
        waveforms=speech.waveforms + tuple(torch.from_numpy(sound) for sound in sounds),
    )
    result = Trainer(model, config, out / FOLDER, objective=ContrastiveObjective()).fit(clips, resume=True)
    assert isinstance(model.classifier, ResidualSpeechNet)
    save_backbone(model.classifier, weights)
    content = {
        "kind": "contrastive",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "clips": {"speech": len(speech), **{sounds.folder: len(find_sounds([sounds], data)) for sounds in UNLABELLED}},
        "share": share,
        "training": to_mapping(config),
        "training_sha256": load_checkpoint(out / FOLDER / LAST).info["fingerprint"],
        "weights_sha256": file_sha256(weights),
        "history": [vars(epoch) for epoch in result.history],
        "seconds": result.seconds,
        "environment": describe_environment("cpu"),
    }
    write_json(content, record, indent=1)
    return FOLDER
