"""Single words: a label for each clip, cross-entropy, accuracy."""

from __future__ import annotations

from aurora_resnet.checkpoints import load_checkpoint
from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.runtime.errors import ConfigError
from aurora_resnet.runtime.vocabulary import Vocabulary
from aurora_resnet.tasks.task import Task
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.sounds import training_clips, validation_clips
from aurora_resnet.training.word_objective import WordObjective


def word_clips(config: ExperimentConfig, data: TrainingData, model: RecognizerModel, progress: bool) -> TrainingClips:
    """Return clips of single words; the statistics of a front end without any become those of the training clips."""
    clips = load_clips(data.train, model.config, progress=progress)
    held_out = load_clips(data.validation, model.config, progress=progress) if len(data.validation) else None
    if config.frontend is None and config.init is None and model.frontend.normalization is not None:
        device = next(model.parameters()).device
        batches = (clips.batch(range(i, min(i + 64, len(clips)))) for i in range(0, len(clips), 64))
        model.frontend.normalization.fit(model.frontend.log_mel(batch.to(device)) for batch in batches)
    augment, root = config.data.augment, config.data.root
    if augment is None:
        return TrainingClips(clips, held_out)
    fresh = training_clips(clips, augment, root, seed=config.training.seed)
    return TrainingClips(fresh, held_out and validation_clips(held_out, augment, root))


def word_objective(config: ExperimentConfig, vocabulary: Vocabulary, trust_code: bool) -> WordObjective:
    """Return the objective, with the trained network to learn from; its logits must mean the same words."""
    if config.teacher is None:
        return WordObjective()
    teacher = load_checkpoint(config.teacher, kind="words", trust_code=trust_code).model
    if teacher.config.words != vocabulary.words:
        raise ConfigError(
            f"teacher {config.teacher} knows other words ({', '.join(teacher.config.words[:12])}) than the model is to "
            f"learn ({', '.join(vocabulary.words[:12])}), or in another order; give its words"
        )
    if teacher.config.sample_rate != config.mel.sample_rate:
        raise ConfigError(
            f"teacher {config.teacher} works at {teacher.config.sample_rate} Hz, the model at "
            f"{config.mel.sample_rate} Hz; both get the same clips"
        )
    return WordObjective(teacher)


WORDS = Task(kind="words", clips=word_clips, objective=word_objective)
