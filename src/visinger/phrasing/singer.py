"""What every singer can do: the neural voices, the concatenative one, the recordings' copies."""

from typing import Protocol

from visinger.audio import Wave
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import Phrase


class Singer(Protocol):
    """Sings phrases. `sing` is `render` after `perform`."""

    name: str
    sample_rate_hz: int
    hop_samples: int

    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:
        """Decide times (under the score lock) and pitch."""
        ...

    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        """Make the sound: exactly T × hop samples."""
        ...

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        """Perform, then render."""
        ...
