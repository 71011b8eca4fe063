"""What happens in streams: the events of ``Recognizer.stream``, ``StringRecognizer.stream`` and ``StringStreams``."""

from aurora_resnet.runtime.streaming.recognizer import WordEvent as WordEvent
from aurora_resnet.runtime.strings.events import Digit as Digit
from aurora_resnet.runtime.strings.events import NoInput as NoInput
from aurora_resnet.runtime.strings.events import Partial as Partial
from aurora_resnet.runtime.strings.events import Rejected as Rejected
from aurora_resnet.runtime.strings.events import SpeechStarted as SpeechStarted
from aurora_resnet.runtime.strings.events import StringEnded as StringEnded
from aurora_resnet.runtime.strings.events import StringTimes as StringTimes
