"""From a score to phrases that a singer can sing, and the score lock."""

from visinger.phrasing.cutting import LONGEST_PHRASE_FRAMES
from visinger.phrasing.lock import lock
from visinger.phrasing.phrase import BREATH, REST, SILENCE, Phrase
from visinger.phrasing.regulation import owners
from visinger.phrasing.spelling import Song, spell
from visinger.phrasing.vocabulary import UnknownPhonemeError, Vocabulary

__all__ = [
    "BREATH",
    "LONGEST_PHRASE_FRAMES",
    "REST",
    "SILENCE",
    "Phrase",
    "Song",
    "UnknownPhonemeError",
    "Vocabulary",
    "lock",
    "owners",
    "spell",
]
