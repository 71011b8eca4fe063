"""The bytes that a browser sent become a waveform, within limits."""

from aurora_resnet.runtime.audio.media_files import MediaFile
from aurora_resnet.runtime.audio.reading import read_audio
from aurora_resnet.runtime.audio.sound_files import SoundBytes, open_sound
from aurora_resnet.runtime.audio.waveform import Samples
from aurora_resnet.runtime.errors import AudioError

MAX_BYTES = 5_000_000
MAX_SECONDS = 30.0
MAX_SAMPLE_RATE = 192_000
MAX_CHANNELS = 8
#: Samples of all channels together: half a minute of stereo at 192 kHz, or of eight channels at 48 kHz.
MAX_VALUES = 12_000_000

_NAME = "the recording"


def decode_upload(data: bytes) -> tuple[Samples, int]:
    """Decode a sound file that anybody may have sent.

    A few bytes of FLAC or Ogg can hold hours of silence, so the header is judged before anything is decoded; no
    more is decoded than it promises.

    Args:
        data: the whole file.

    Returns:
        The waveform, ``[N]``, and its rate in Hz.

    Raises:
        AudioError: for what is no sound file, damaged, longer than 30 s, of more than 8 channels, above 192 kHz, or
            of too many samples in all channels together.

    >>> decode_upload(b"The quick brown fox")
    Traceback (most recent call last):
    aurora_resnet.runtime.errors.AudioError: 'the recording' cannot be read as WAV, FLAC, Ogg or MP3 (...
    """
    with open_sound(SoundBytes(data, _NAME), most_seconds=MAX_SECONDS) as header:
        pass
    seconds = header.frames / max(header.samplerate, 1)
    more = " or more" if isinstance(header, MediaFile) else ""  # counted up to there
    if seconds > MAX_SECONDS:
        raise AudioError(f"the recording may last {MAX_SECONDS:g} s, this one lasts {seconds:.1f} s{more}; cut it")
    if header.channels > MAX_CHANNELS or header.samplerate > MAX_SAMPLE_RATE:
        raise AudioError(
            f"the recording may have {MAX_CHANNELS} channels and {MAX_SAMPLE_RATE:,} Hz,"
            f" this one has {header.channels} and {header.samplerate:,} Hz; convert it"
        )
    if header.frames * header.channels > MAX_VALUES:
        raise AudioError(
            f"the recording may have {MAX_VALUES:,} samples in all channels together,"
            f" this one has {header.frames * header.channels:,}; send one channel"
        )
    samples, rate = read_audio(SoundBytes(data, _NAME))
    if len(samples) > MAX_SECONDS * rate:  # its header promised less
        raise AudioError(
            f"the recording may last {MAX_SECONDS:g} s, this one lasts {len(samples) / rate:.1f} s; cut it"
        )
    return samples, rate
