"""The voices that may be asked for: those embedded, and folders named at the start; each opened when first needed."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from visinger.errors import VoiceError
from visinger.serving.remembering import Memory, RememberingGraphs
from visinger.voices import embedded
from visinger.voices.description import VoiceDescription, read_description
from visinger.voices.voice import DefaultVoice, Voice


class Shelf:
    """Voices by name. A request names a voice, never a path. Safe from several threads."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        """Raises VoiceError for a folder that holds no voice, or for a name that is taken."""
        self._folders = {name: embedded.EMBEDDED / name for name in embedded.embedded_voices()}
        self._described: dict[str, VoiceDescription] = dict(embedded.embedded_voices())
        for folder in folders:
            described = read_description(folder)
            name = described.name
            if name in self._folders or name == embedded.DEFAULT:
                name = folder.resolve().name  # a voice exported again under its first name
            if name in self._folders or name == embedded.DEFAULT:
                raise VoiceError(f"there is a voice '{name}' already", where=folder, remedy="rename its folder")
            self._folders[name], self._described[name] = folder, replace(described, name=name)
        if not self._folders:
            raise VoiceError("there is no voice to sing with", remedy="give a voice's folder with --voice")
        self._open: dict[str, Voice] = {}
        self._lock = threading.RLock()

    @property
    def described(self) -> dict[str, VoiceDescription]:
        """What is known of each voice, by name; "default" is not among them."""
        return dict(self._described)

    def voice(self, name: str, singer: str = "") -> Voice:
        """The voice of this name, sung by that singer; VoiceError names the voices or singers there are."""
        if name == embedded.DEFAULT and singer:
            name = self._lent_by(singer)
        voice = self._opened(name)
        return voice.for_singer(singer) if singer else voice

    def _lent_by(self, singer: str) -> str:
        """The name of the embedded voice that a singer lent theirs."""
        known = {s: name for name, d in embedded.embedded_voices().items() for s in d.singers or (d.singer,)}
        if singer not in known:
            raise VoiceError(f"no singer '{singer[:80]}'", remedy=f"the singers: {', '.join(known)}")
        return known[singer]

    def _opened(self, name: str) -> Voice:
        with self._lock:
            if name not in self._open:
                self._open[name] = self._loaded(name)
            return self._open[name]

    def _loaded(self, name: str) -> Voice:
        if name == embedded.DEFAULT:
            described = embedded.embedded_voices()
            if len(described) == 1:
                return self._opened(next(iter(described)))
            if described:
                return _Default(self, next(iter(described.values())))
        if name not in self._folders:
            known = ", ".join((embedded.DEFAULT, *self._folders))
            raise VoiceError(f"no voice '{name[:80]}'", remedy=f"the voices: {known}")
        voice = Voice.load(self._folders[name])
        return Voice(self._described[name], RememberingGraphs(voice.graphs, Memory()))


class _Default(DefaultVoice):
    """Whichever embedded voice sings the song's language, shared with those who ask for it by name."""

    def __init__(self, shelf: Shelf, described: VoiceDescription) -> None:
        super().__init__(described)
        self._shelf = shelf

    def for_language(self, language: str) -> Voice:
        return self._shelf.voice(embedded.folder_for_language(language).name)
