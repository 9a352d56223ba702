"""Which language a score's words are in, and what of them cannot be sung: asked before anybody sings."""

from collections.abc import Iterator
from dataclasses import dataclass

from visinger import language as languages
from visinger.errors import LyricError
from visinger.language import Dictionary, SpellingError, Syllable
from visinger.score.examining import doubts_of
from visinger.score.formats.doubts import Doubts
from visinger.score.score import Part, Score
from visinger.voices import embedded
from visinger.voices.compass import pitch_name
from visinger.voices.description import VoiceDescription, read_description

MOST_MISSPELT = 20  # of a part; each is sought again in all the words
FOREIGN_SHARE = 0.1  # of a part's different words; with so many misspelt they are of another language
_NEUTRAL = "la"  # spelled in every built-in language: takes the place of what is not (of a dictionary, its first word)


@dataclass(frozen=True)
class Examination:
    """What was found: a language for each part, empty without words or where it is unknown, and every doubt."""

    languages: tuple[str, ...]
    doubts: tuple[str, ...]


def examine(score: Score, *, voice: str = "", dictionary: Dictionary | None = None) -> Examination:
    """Examine every part with words; against `voice`, or the embedded voice of the words' language.

    With a `dictionary` the words are of its language. Raises VoiceError where a voice is named that is not there.
    """
    named = read_description(embedded.folder_of(voice)) if voice else None
    doubts = Doubts()
    spoken = dictionary.language if dictionary is not None else ""
    told = [spoken or _language(score, part, doubts) if part.sung else "" for part in score.parts]
    for k, part in enumerate(score.parts):
        singer = named or _singer_of(told[k])
        if told[k] and not _spelling(part, told[k], singer, doubts, dictionary=dictionary):
            told[k], singer = "", named
        if part.sung and singer is not None:
            _range(part, singer, doubts)
    return Examination(tuple(told), (*doubts_of(score), *doubts.lines()))


def _language(score: Score, part: Part, doubts: Doubts) -> str:
    if score.language:
        if score.language not in languages.LANGUAGES:
            doubts.add(f"{part.name}: no voice spells '{score.language}'; give a dictionary of it")
            return ""
        return score.language
    worded = [note for note in part.notes if note.lyric and not note.phonemes]
    words = languages.whole_words([note.lyric or "" for note in worded], [note.syllabic for note in worded])
    try:
        return languages.detect(words) if words else ""
    except LyricError:
        shown = " ".join(words[:5])
        doubts.add(f"{part.name}: the language of '{shown}' is unknown; say --language, or give a dictionary of it")
        return ""


def _singer_of(language: str) -> VoiceDescription | None:
    known = embedded.embedded_voices().values()
    return next((described for described in known if described.language == language), None)


def _spelling(
    part: Part, language: str, singer: VoiceDescription | None, doubts: Doubts, *, dictionary: Dictionary | None
) -> bool:
    """Words that the language cannot spell, and phonemes that the voice lacks; False if the words are of another."""
    notes = [note for note in part.notes if note.lyric and not note.phonemes]
    lyrics = [note.lyric or "" for note in notes]
    if languages.in_words(language, dictionary=dictionary):
        lyrics = languages.whole_words(lyrics, [note.syllabic for note in notes])
    different = len(set(lyrics))
    spelled, misspelt = _spelled(lyrics, language, dictionary)
    if len(misspelt) > max(FOREIGN_SHARE * different, 2) or spelled is None:
        many = "more than " * (spelled is None) + f"{len(misspelt)} of {different} different words"
        shown = ", ".join(f"'{notes[error.index].lyric}'" for error in misspelt[:3])
        remedy = "say --language, or give a dictionary" if dictionary is None else "the dictionary has none of them"
        problem = f"taken for '{language}', {many} cannot be spelled ({shown} …); {remedy}"
        doubts.add(f"{part.name}: {problem}")
        return False
    for error in misspelt:
        doubts.add(f"{part.name}: {error.problem}", notes[error.index].bar, notes[error.index].beat)
    for index, text in languages.doubts(lyrics, language, dictionary=dictionary):
        doubts.add(f"{part.name}: {text}", notes[index].bar, notes[index].beat)
    if singer is None:
        doubts.add(f"{part.name}: no embedded voice sings '{language}'")
        return True
    if singer.language != language:
        doubts.add(
            f"{part.name}: the words look like '{language}', the voice '{singer.name}' sings '{singer.language}'"
        )
    for note, syllables in zip(notes, spelled, strict=True):
        for symbol in _lacking(syllables, singer):
            doubts.add(f"{part.name}: the voice '{singer.name}' has no phoneme '{symbol}'", note.bar, note.beat)
    return True


def _spelled(
    lyrics: list[str], language: str, dictionary: Dictionary | None
) -> tuple[list[tuple[Syllable, ...]] | None, list[SpellingError]]:
    """The syllables, and what was wrong with those that a neutral one stands for; no syllables where it is too much.

    `lyrics` is changed: neutral where they are misspelt.
    """
    neutral = next(iter(dictionary.words)) if dictionary is not None else _NEUTRAL
    misspelt: list[SpellingError] = []
    while len(misspelt) < MOST_MISSPELT:
        try:
            return languages.spell(lyrics, language, dictionary=dictionary), misspelt
        except SpellingError as error:
            misspelt.append(error)
            wrong = lyrics[error.index]
            lyrics[:] = [neutral if lyric == wrong else lyric for lyric in lyrics]
    return None, misspelt


def _lacking(syllables: tuple[Syllable, ...], singer: VoiceDescription) -> Iterator[str]:
    for syllable in syllables:
        yield from (symbol for symbol in syllable.phonemes if symbol not in singer.phonemes)


def _range(part: Part, singer: VoiceDescription, doubts: Doubts) -> None:
    low, high = singer.lowest_midi, singer.highest_midi
    span = f"{pitch_name(low)} to {pitch_name(high)}"
    for note in part.notes:
        if not low <= note.pitch_midi <= high:
            side = "below" if note.pitch_midi < low else "above"
            doubts.add(f"{part.name}: {side} the range of the voice '{singer.name}', {span}", note.bar, note.beat)
