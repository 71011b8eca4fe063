"""Single words: a label for each clip."""

from aurora_resnet.clips.clip_set import load_clips
from aurora_resnet.models.recognizer_model import RecognizerModel
from aurora_resnet.training.data import TrainingClips, TrainingData
from aurora_resnet.training.experiment import ExperimentConfig
from aurora_resnet.training.sounds import training_clips, validation_clips


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
