"""dsdict.yaml as the editor reads it: lyrics looked up letter for letter, phonemes told vowels, glides or neither."""

from dataclasses import dataclass

from visinger.errors import VoiceError
from visinger.voices.openutau.archive import BankFiles
from visinger.voices.openutau.contract import ALWAYS_VOWELS, GLIDES
from visinger.voices.openutau.settings import read_yaml


@dataclass(frozen=True)
class BankDictionary:
    """Lyrics and their phonemes, as far as the phonemes are declared."""

    name: str
    types: dict[str, str]  # phoneme → type
    entries: dict[str, tuple[str, ...]]
    undeclared: tuple[str, ...]  # phonemes of entries without a type: the editor drops them

    def is_vowel(self, symbol: str) -> bool:
        return symbol in ALWAYS_VOWELS or self.types.get(symbol) == "vowel"

    def is_glide(self, symbol: str) -> bool:
        return self.types.get(symbol) in GLIDES

    def spell(self, lyric: str, known: dict[str, int]) -> tuple[str, ...]:
        """The phonemes of a lyric; phonemes may be typed too. Empty where it is neither."""
        found = self.entries.get(lyric) or self.entries.get(lyric.lower())
        if found is None:
            declared = {*self.types, *ALWAYS_VOWELS}
            found = tuple(symbol for symbol in lyric.split() if symbol in declared)
        return tuple(symbol for symbol in found if symbol in known)


def read_dictionary(files: BankFiles, name: str) -> BankDictionary:
    """A dictionary of the bank. Raises VoiceError when it is missing or has another shape."""
    table = read_yaml(files, name)
    where = f"{files.path}: {name}"
    if not isinstance(table, dict):
        raise VoiceError("is no dictionary", where=where, remedy="write 'symbols' and 'entries'")
    types: dict[str, str] = {}
    entries: dict[str, tuple[str, ...]] = {}
    try:
        for each in table.get("symbols") or []:
            types[each["symbol"]] = each["type"]
        declared = {*types, *ALWAYS_VOWELS}
        undeclared: dict[str, None] = {}
        for each in table.get("entries") or []:
            phonemes = tuple(each["phonemes"])
            undeclared.update(dict.fromkeys(symbol for symbol in phonemes if symbol not in declared))
            entries[each["grapheme"]] = tuple(symbol for symbol in phonemes if symbol in declared)
    except (KeyError, TypeError):
        problem, remedy = "has an entry of another shape", "write {symbol, type} and {grapheme, phonemes}"
        raise VoiceError(problem, where=where, remedy=remedy) from None
    return BankDictionary(name, types, entries, tuple(undeclared))
