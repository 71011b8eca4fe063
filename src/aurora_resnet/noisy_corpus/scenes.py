"""Which recordings serve as which noise scene of Aurora-2."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aurora_resnet.corpora.checking import LeftOut, check_folder, is_recording, raise_together, visible
from aurora_resnet.corpora.sources.aurora2 import SCENES
from aurora_resnet.runtime.errors import CorpusError, did_you_mean
from aurora_resnet.text_files import open_text

#: The eight scenes: subway, babble, car, exhibition, restaurant, street, airport, station.
SCENE_NAMES: tuple[str, ...] = tuple(dict.fromkeys(scene for scenes in SCENES.values() for scene in scenes))

#: A folder of this name serves the scene if the scene has no folder of its own.
OTHER_FOLDER_NAMES = {"train": "subway"}

MAPPING_FILE = "scenes.toml"


@dataclass(frozen=True)
class NoiseScenes:
    """The noise of each scene.

    Attributes:
        recordings: sound files by scene.
        talkers: scenes that are made instead, as a babble of so many training speakers.
    """

    recordings: Mapping[str, tuple[Path, ...]]
    talkers: Mapping[str, int] = field(default_factory=dict)

    def check_needed(self, scenes: Iterable[str]) -> None:
        """Make sure that these scenes are there.

        Raises:
            CorpusError: naming all that are missing.

        >>> NoiseScenes({}, {"babble": 6}).check_needed(["babble", "car"])
        Traceback (most recent call last):
        ...
        aurora_resnet.runtime.errors.CorpusError: there is no noise for car; give each scene a folder of its name, ...
        """
        missing = [scene for scene in scenes if scene not in self.recordings and scene not in self.talkers]
        if missing:
            raise CorpusError(
                f"there is no noise for {', '.join(missing)}; give each scene a folder of its name, or say in a "
                f"{MAPPING_FILE} what serves it"
            )

    def check_unseen(self, digests: Mapping[Path, str]) -> None:
        """Make sure that no noise of set B is a noise of training, under whatever name.

        Args:
            digests: of ``recording_digests``.

        Raises:
            CorpusError: naming the scenes and the recording.
        """
        if made := sorted(set(self.talkers) & set(SCENES["b"])):
            raise CorpusError(f"{made[0]} is a scene of set B and cannot be a babble of the training speakers")
        training = {digests[path]: (scene, path) for scene, path in self._files(SCENES["train-multi"])}
        for scene, path in self._files(SCENES["b"]):
            if digests[path] in training:
                seen_scene, seen = training[digests[path]]
                raise CorpusError(
                    f"{path} serves {scene} in set B, but training has the same recording as {seen_scene} ({seen}); "
                    "the noises of set B must not occur in training: map another recording"
                )

    def _files(self, scenes: Iterable[str]) -> list[tuple[str, Path]]:
        return [(scene, path) for scene in scenes for path in self.recordings.get(scene, ())]


def read_noise_scenes(place: str | Path) -> NoiseScenes:
    """Find the noise of the scenes in a folder, or by a TOML file.

    A folder holds one folder per scene (see ``SCENE_NAMES``; any case; ``train`` stands for subway). If it holds a
    ``scenes.toml``, that alone says what serves which scene::

        subway = "helicopter"                        # a folder, or a sound file, beside this file
        street = ["rain", "sea_waves/1-28135-A-11.wav"]   # or several
        babble = { talkers = 6 }                     # made of the training speakers' own words

    Args:
        place: the folder, or a TOML file of that form.

    Raises:
        CorpusError: if nothing is there, or listing everything that is wrong with the mapping.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "Train").mkdir()
    >>> (folder / "Train" / "1.wav").touch()
    >>> read_noise_scenes(folder).recordings["subway"][0].name
    '1.wav'
    """
    place = Path(place)
    if place.is_file() and place.suffix.lower() == ".toml":
        return _mapped(place)
    folder = check_folder(place, "the noise folder")
    if (folder / MAPPING_FILE).is_file():
        return _mapped(folder / MAPPING_FILE)
    folders = {path.name.lower(): path for path in visible(folder) if path.is_dir()}
    for other, scene in OTHER_FOLDER_NAMES.items():
        if other in folders:
            folders.setdefault(scene, folders[other])
    recordings = {scene: tuple(_sounds(folders[scene])) for scene in SCENE_NAMES if scene in folders}
    raise_together(
        folder, [f"{folders[scene]} holds no sound files" for scene, files in recordings.items() if not files]
    )
    if not recordings:
        raise CorpusError(
            f"{folder}: expected folders like {', '.join(SCENE_NAMES[:3])}, or {MAPPING_FILE}; found none"
        )
    return NoiseScenes(recordings)


def recording_digests(scenes: NoiseScenes) -> dict[Path, str]:
    """Return the SHA-256 of every recording.

    Raises:
        CorpusError: if one cannot be read.
    """
    digests: dict[Path, str] = {}
    for path in sorted({path for files in scenes.recordings.values() for path in files}):
        try:
            with path.open("rb") as file:
                digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CorpusError(f"{path}: the noise cannot be read ({error.strerror})") from error
    return digests


def _mapped(file: Path) -> NoiseScenes:
    try:
        with open_text(file, strict=True) as stream:
            mapping = tomllib.loads(stream.read())
    except (OSError, ValueError, RecursionError) as error:  # numbers of 5,000 digits, tables nested too deep
        raise CorpusError(f"{file}: no readable TOML: {error}") from error
    recordings: dict[str, tuple[Path, ...]] = {}
    talkers: dict[str, int] = {}
    problems: list[str] = []
    for scene, value in mapping.items():
        if scene not in SCENE_NAMES:
            problems.append(f"'{scene}' is not a scene{did_you_mean(scene, SCENE_NAMES)}; {', '.join(SCENE_NAMES)}")
        elif isinstance(value, dict):
            count = value.get("talkers")
            if set(value) != {"talkers"} or type(count) is not int or count < 2:
                problems.append(f"{scene}: expected {{ talkers = 2 }} or more, got {value}")
            else:
                talkers[scene] = count
        elif value == []:
            problems.append(f"{scene}: the list is empty")
        else:
            entries = value if isinstance(value, list) else [value]
            found = [_entry(file.parent, entry) for entry in entries]
            problems += [f"{scene}: {problem}" for problem in found if isinstance(problem, str)]
            paths = [path for entry in found if not isinstance(entry, str) for path in entry]
            recordings[scene] = tuple(dict.fromkeys(paths))
    raise_together(file, problems)
    return NoiseScenes(recordings, talkers)


def _entry(home: Path, entry: object) -> list[Path] | str:
    """Return the sound files of a folder or file name, or what is wrong with it."""
    if not isinstance(entry, str) or not entry:
        return f"expected the name of a folder or sound file, got {entry!r}"
    path = home / Path(entry).expanduser()
    if path.is_dir():
        return _sounds(path) or f"{path} holds no sound files"
    return [path] if is_recording(path) else f"{path} is neither a folder nor a sound file"


def _sounds(folder: Path) -> list[Path]:
    return LeftOut().recordings(folder, visible(folder))
