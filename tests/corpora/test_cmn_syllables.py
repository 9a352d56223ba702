"""The Mandarin corpus made from spoken syllables: its melodies, its words, its takes."""

from collections import Counter

import numpy as np
import pytest

from visinger.concatenation import units
from visinger.corpora import cmn_syllables, melodies, splits
from visinger.corpora.cmn_left_out import left_out_takes
from visinger.corpora.splits import Counted
from visinger.errors import CorpusError
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.signal import f0
from visinger.units import cents_between

SONGS = 60


@pytest.fixture(scope="module")
def recorded(shared_data, tmp_path_factory):
    """A folder of some of the recordings, of one syllable in all tones."""
    folder = tmp_path_factory.mktemp("syllables")
    files = sorted((shared_data / "cmn-syllables").glob("cmn-[a-z]*1.mp3"))[::25]
    files += sorted((shared_data / "cmn-syllables").glob("cmn-ba[1234].mp3"))
    for file in set(files):
        (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="module")
def database(recorded, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache") / "units.npz"
    next(cmn_syllables.takes(recorded, minutes=0.01, cache=cache))
    return units.load(cache)


def test_melodies_stay_within_seven_semitones_of_the_speaker_and_are_short_enough():
    for song in range(SONGS):
        tune = melodies.melody(song, 0, phrases=6)
        assert len(tune.phrases) == 6
        for phrase in tune.phrases:
            assert all(56 <= tone.pitch_midi <= 70 for tone in phrase)
            assert sum(tone.beats for tone in phrase) * 60 / tune.beats_per_minute <= 5.001
            assert not phrase[0].slurred


def test_tunes_keep_their_intervals():
    lines = {melodies.melody(song, 0, phrases=4).name: melodies.melody(song, 0, phrases=4) for song in range(SONGS)}
    twinkle = [tone.pitch_midi for tone in lines["twinkle"].phrases[0]]
    assert np.diff(twinkle).tolist() == [0, 7, 0, 2, 0, -2]
    songbie = [tone.pitch_midi for tone in lines["songbie"].phrases[0]]
    assert np.diff(songbie).tolist() == [-3, 3, 5, -3, 3, -5]


def test_no_tune_is_sung_in_two_songs():
    names = [melodies.melody(song, 0, phrases=6).name for song in range(120)]
    assert len(set(names)) == len(names)
    assert set(melodies.TUNES) <= set(names)


def test_new_melodies_move_like_songs():
    """Mostly steps and repeats; few leaps beyond a fifth; notes of a quarter to three beats."""
    steps, beats = [], []
    for song in (k for k in range(100) if k % 4 != 1):
        for phrase in melodies.melody(song, 3, phrases=6).phrases:
            steps += np.abs(np.diff([tone.pitch_midi for tone in phrase])).tolist()
            beats += [tone.beats for tone in phrase]
    assert np.mean(np.array(steps) <= 4) > 0.7
    assert np.mean(np.array(steps) > 7) < 0.1
    assert 0.5 <= np.median(beats) <= 1


def test_the_deck_deals_every_syllable_equally_often(database):
    known = cmn_syllables.syllables(database)
    rounds = 3
    takes = -(-rounds * len(known) // cmn_syllables.DEALT)
    dealt = Counter(
        word for index in range(takes) for word in cmn_syllables.deal(database, index, 0, cmn_syllables.DEALT)
    )
    assert set(dealt) == set(known)
    assert min(dealt.values()) >= rounds
    assert max(dealt.values()) <= rounds + 1


def test_a_phrase_is_framed_by_rests_and_its_slots_have_the_melodys_lengths(database):
    for index in range(24):
        phrase = cmn_syllables.make_phrase(database, index, 0)
        tune = melodies.melody(index // 6, 0, phrases=6)
        tones = tune.phrases[index % 6]
        assert phrase.phonemes[0] in (SILENCE, BREATH)
        assert phrase.phonemes[-1] == SILENCE
        sung = np.diff(phrase.slot_starts)[phrase.score_notes >= 0]
        expected = [6000 * tone.beats / tune.beats_per_minute for tone in tones]
        assert np.abs(sung - expected).max() <= 1
        assert abs(sung.sum() - sum(expected)) <= 1  # rounded once, not note by note
        assert phrase.frames <= 650


def test_a_take_is_a_pure_function_of_its_index_and_seed(database):
    first, again = (cmn_syllables.make_take(database.path, 5, 1) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert np.array_equal(first.frames, again.frames)
    other = cmn_syllables.make_take(database.path, 5, 2)
    assert other.phrase.phonemes != first.phrase.phonemes


def test_the_f0_of_a_take_is_the_f0_of_its_sound(database):
    for index in (2, 9):
        take = cmn_syllables.make_take(database.path, index, 0)
        tracked = f0.track_independent(take.samples)
        both = (tracked > 0) & (take.f0_hz > 0)
        assert both.sum() > 0.9 * (take.f0_hz > 0).sum()
        assert np.mean(np.abs(cents_between(tracked[both], take.f0_hz[both])) < 50) > 0.97


def test_jobs_make_the_same_takes_as_the_iterator(recorded, database, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cmn_syllables, "PHRASES", 2)
    kept = tmp_path / "visinger" / f"units-{units.fingerprint(recorded)[:16]}.npz"
    kept.parent.mkdir()
    kept.write_bytes(database.path.read_bytes())  # analysed once is enough
    work = cmn_syllables.jobs(recorded, minutes=0.3)
    assert len(work) == 2
    made = cmn_syllables.make(work[0])
    streamed = cmn_syllables.takes(recorded, minutes=0.1, cache=database.path)
    assert np.array_equal(made[0].samples, next(streamed).samples)
    assert [take.name for take in made] == ["cmn0000-0", "cmn0000-1"]
    assert set(made[0].phrase.phonemes) <= set(cmn_syllables.CARD.phonemes)


def test_the_tone_left_out_is_not_heard(database):
    """With tone 3 left out, `ba` is sung from tones 1, 2 and 4 alone."""
    rest = database.without_tone(3)
    assert {unit.tone for unit in database.by_syllable["b", "a"]} == {1, 2, 3, 4}
    assert {unit.tone for unit in rest.by_syllable["b", "a"]} == {1, 2, 4}
    assert set(rest.by_syllable) == set(database.by_syllable)


def test_a_split_by_song_holds_out_whole_melodies():
    takes = [Counted(f"cmn{k // 6:04d}-{k % 6}", f"cmn{k // 6:04d}", 14) for k in range(6 * SONGS)]
    divided = splits.divide(takes, "song")
    tune_of = {take.name: melodies.melody(int(take.song[3:]), 0, phrases=6).name for take in takes}
    heard = {tune_of[name] for name in divided["train"]}
    assert not heard & {tune_of[name] for part in ("validation", "test") for name in divided[part]}
    assert divided["test"]


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no recordings of toned syllables"):
        cmn_syllables.jobs(tmp_path)
    with pytest.raises(CorpusError, match="no such folder"):
        cmn_syllables.jobs(tmp_path / "nowhere")


def test_left_out_phrases_are_sung_from_recordings_that_the_corpus_never_holds(database):
    takes = left_out_takes(database.path, count=2)
    assert {one.tone for one in database.only_without(3).units} == {3}
    corpus = {id(one) for one in database.without_tone(3).units}
    assert not corpus & {id(one) for one in database.only_without(3).units}
    assert len(database.without_tone(3).units) + len(database.only_without(3).units) == len(database.units)
    for take in takes:
        assert {p for p in take.phrase.phonemes if p not in (SILENCE, BREATH)} == {"b", "a"}
        assert len(take.samples) == take.phrase.frames * take.hop_samples
        assert np.abs(take.samples).max() > 0.01
    assert take.samples.tobytes() == left_out_takes(database.path, count=2)[1].samples.tobytes()


def test_where_no_recording_was_left_out_there_is_nothing_to_sing(database):
    with pytest.raises(CorpusError, match="tone 5"):
        left_out_takes(database.path, count=1, tone=5)
