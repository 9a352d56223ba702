"""From a score to phrases that a singer can sing."""

from visinger.phrasing.regulation import owners
from visinger.phrasing.vocabulary import UnknownPhonemeError, Vocabulary

__all__ = ["UnknownPhonemeError", "Vocabulary", "owners"]
