"""Who sings on the wire: the singers of the server's voices, under the style numbers that clients have built in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from visinger.errors import VisingerError, VoiceError
from visinger.serving.shelf import Shelf
from visinger.serving.voicevox.singing import WireSinger
from visinger.voices.description import VoiceDescription

LANGUAGE = "ja"
FIRST_TEACHER_STYLE = 6000  # both clients ask this one for their queries, whoever sings
FIRST_SINGING_STYLE = 3001
STYLE_NAME = "ノーマル"
_NAMESPACE = uuid5(NAMESPACE_URL, "visinger/voicevox")


@dataclass(frozen=True)
class Member:
    """One singer of a voice. The teacher's style makes queries, the singing one makes the sound."""

    voice: str
    singer: str  # empty in a voice of one
    name: str  # as the clients show it
    described: VoiceDescription
    number: int

    @property
    def uuid(self) -> UUID:
        return uuid5(_NAMESPACE, f"{self.voice}/{self.singer}")

    @property
    def teacher_style(self) -> int:
        return FIRST_TEACHER_STYLE + self.number

    @property
    def singing_style(self) -> int:
        return FIRST_SINGING_STYLE + self.number

    @property
    def policy(self) -> str:
        return f"{self.name}\n\n{self.described.licence}\n\n{self.described.credit}\n"


class Cast:
    """All singers of a server's voices of one language, Japanese where there is one."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._singers: dict[int, WireSinger] = {}
        self.members = tuple(_members(shelf.described))

    def of_uuid(self, uuid: str) -> Member | None:
        return next((member for member in self.members if str(member.uuid) == uuid.lower()), None)

    def of_style(self, style: int) -> Member:
        """Raises VisingerError naming the styles there are."""
        for member in self.members:
            if style in (member.teacher_style, member.singing_style):
                return member
        known = ", ".join(f"{member.teacher_style} and {member.singing_style}" for member in self.members)
        raise VisingerError(f"no style {style}", where="speaker", remedy=f"the styles: {known}")

    def singer(self, style: int) -> WireSinger:
        """Who sings a style, the voice opened when first needed."""
        member = self.of_style(style)
        if member.number not in self._singers:
            self._singers[member.number] = WireSinger(self._shelf.voice(member.voice, member.singer))
        return self._singers[member.number]

    def is_open(self, style: int) -> bool:
        return self.of_style(style).number in self._singers


def _members(described: Mapping[str, VoiceDescription]) -> Iterator[Member]:
    """The clients' teacher is one for all singers, and so is the language of what it writes."""
    if not described:
        raise VoiceError("there is no voice to sing with", remedy="give a voice's folder with --voice")
    spoken = {voice.language for voice in described.values()}
    language = LANGUAGE if LANGUAGE in spoken else next(iter(described.values())).language
    number = 0
    for name, voice in described.items():
        if voice.language != language:
            continue
        for singer in voice.singers or ("",):
            yield Member(name, singer, f"{name} {singer}".strip(), voice, number)
            number += 1
