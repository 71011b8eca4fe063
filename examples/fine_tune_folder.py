r"""Fine-tune a shipped model on your own folder: a sub-folder of recordings for each word.

    python examples/fine_tune_folder.py [FOLDER]

The speaker is the part of the file name before the last ``_``, as in ``left/ann_01.wav``. Without a folder it takes four
words of the packaged synthetic voices. ``own_words.py`` adds negatives, calibration and a report.

Prints:

    72 tensors taken, 2 taken for the words that both know
    18 speakers to learn from; 5 others: 100.0% right
"""

import sys
from pathlib import Path

from aurora_resnet import (
    Evaluator,
    Trainer,
    TrainingConfig,
    Vocabulary,
    load_checkpoint,
    load_clips,
    load_corpus,
    split_speakers,
)
from aurora_resnet.corpora.sources.folder import read_folder
from aurora_resnet.training.fine_tuning import start_from


def main(folder: str | None = None, *, out: str | Path = "runs/fine_tune", epochs: int = 8) -> None:
    """Hold out speakers to test with and speakers to choose the best epoch by, and train the rest."""
    if folder is None:
        corpus = load_corpus("samples:").filter(words=("one", "two", "three", "oh"))
    else:
        corpus = read_folder(folder, r"^(.+)_[^_]*$")
    learn, test = split_speakers(corpus, 0.2, seed=0)
    train, validation = split_speakers(learn, 0.2, seed=1)

    model, report = start_from("compact", Vocabulary(corpus.words))
    print(f"{len(report.matched)} tensors taken, {len(report.adapted)} taken for the words that both know")
    config = TrainingConfig(
        epochs=epochs,
        learning_rate=0.02,
        backbone_learning_rate=0.004,  # what was learnt already should move slowly
        schedule="one_cycle",
    )
    trainer = Trainer(model, config, out, progress=True)
    clips = load_clips(train, model.config), load_clips(validation, model.config)
    result = trainer.fit(*clips, resume=True)  # the same call goes on where an interrupted one was
    tested = Evaluator(load_checkpoint(result.best_checkpoint)).evaluate(test).overall
    print(f"{len(train.speakers)} speakers to learn from; {len(test.speakers)} others: {tested.accuracy:.1%} right")


if __name__ == "__main__":
    main(*sys.argv[1:2])
