"""``DigitRecognizer``: a file or an array goes in, a word comes out, whichever engine computes it."""

from aurora_resnet.runtime.recognizer import Recognizer


class DigitRecognizer(Recognizer):
    """Recognise isolated words with an exported model, without torch, or with a checkpoint and torch.

    Everything is ``runtime.Recognizer``: reading, cutting, the decision, the answer.

    >>> recognizer = DigitRecognizer.from_pretrained("compact")
    >>> from aurora_resnet.corpora.samples import read_samples
    >>> recognizer.recognize(read_samples().filter(words="seven")[0].path).digit
    7
    """
