"""A voice sings what its performance says: exact length, exact pitch, the same every time."""

from dataclasses import replace

import numpy as np
import pytest

from tiny import kana_score
from visinger.errors import LyricError, ScoreError, VisingerError, VoiceError
from visinger.phrasing.singer import Singer
from visinger.phrasing.spelling import spell
from visinger.score.score import LevelPoint, Note, Part
from visinger.signal import f0
from visinger.units import cents_between
from visinger.voices import rendering
from visinger.voices.graphs import thread_count
from visinger.voices.singer import VoiceSinger
from visinger.voices.voice import Voice

SONG = kana_score(("さ", 64, 480), ("く", 66, 480), ("ら", 67, 960), (None, 0, 480), ("あ", 62, 960))


@pytest.fixture(scope="module")
def voice(tiny_voice):
    return Voice.load(tiny_voice)


def tracked(wave):
    return f0.track_independent(wave.samples, wave.sample_rate_hz)


def test_the_song_has_the_scores_length_to_the_sample(voice):
    for tempo in (97, 120, 133):
        score = replace(SONG, tempo_map=kana_score(("あ", 60, 1), quarters_per_minute=tempo).tempo_map)
        wave = voice.sing(score)
        assert len(wave.samples) == int(24_000 * score.seconds + 0.5)
        assert wave.sample_rate_hz == 24_000


def test_the_same_seed_sings_the_same_bytes_and_another_does_not(voice):
    first, again, other = (voice.sing(SONG, seed=seed).samples for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).max() > 1e-3


def test_without_noise_the_latent_is_the_same_for_every_seed(voice):
    performance = voice.perform(SONG, noise_scale=0)

    def latents(seed):
        return [p.z for p in rendering.latents(voice._engine(seed, 0.0), performance.phrases)]

    assert all(np.array_equal(a, b) for a, b in zip(latents(1), latents(2), strict=True))
    with pytest.raises(VoiceError, match="below 0"):
        voice.perform(SONG, noise_scale=-1)


def test_a_stream_of_the_score_is_what_rendering_gives(voice):
    streamed = np.concatenate(list(voice.stream(SONG, seed=3)))
    assert streamed.tobytes() == voice.sing(SONG, seed=3).samples.tobytes()


def test_the_decoder_in_chunks_equals_one_pass(voice, monkeypatch):
    performance = voice.perform(SONG)
    chunked = voice.render(performance).samples
    for first, rest in ((7, 13), (100_000, 100_000)):
        monkeypatch.setattr(rendering, "FIRST_CHUNK_FRAMES", first)
        monkeypatch.setattr(rendering, "CHUNK_FRAMES", rest)
        assert np.abs(voice.render(performance).samples - chunked).max() < 1e-5 * np.abs(chunked).max()


def test_the_first_block_comes_before_the_later_phrases_are_thought_of(voice, monkeypatch):
    long_song = kana_score(*[("ら", 64, 1920), (None, 0, 1920)] * 12)
    seen = []
    real = voice.graphs.rhythm
    monkeypatch.setattr(voice.graphs, "rhythm", lambda *score: seen.append(1) or real(*score))
    blocks = voice.stream(long_song)
    next(blocks)
    early = len(seen)
    for _ in blocks:
        pass
    assert early <= len(seen) / 3


def test_the_voice_sings_the_pitch_of_its_performance(voice):
    performance = voice.perform(kana_score(("あ", 60, 960), ("え", 67, 960)))
    drawn, heard = performance.f0_hz(), tracked(voice.render(performance))
    inside = np.r_[10:90, 110:190]
    assert (heard[inside] > 0).mean() > 0.95
    both = inside[heard[inside] > 0]
    assert np.median(np.abs(cents_between(heard[both], drawn[both]))) < 5


def test_a_redrawn_pitch_curve_is_sung(voice):
    performance = voice.perform(kana_score(("あ", 60, 1920)))
    higher = performance.with_f0(performance.f0_hz() * 2 ** (5 / 12))
    before, after = (tracked(voice.render(p))[20:180] for p in (performance, higher))
    assert np.median(cents_between(after, before)) == pytest.approx(500, abs=5)


def test_frames_drawn_unvoiced_have_no_pitch(voice):
    performance = voice.perform(kana_score(("あ", 60, 1920)))
    curve = performance.f0_hz()
    curve[60:140] = 0
    heard = tracked(voice.render(performance.with_f0(curve)))
    assert (heard[75:125] == 0).mean() > 0.9
    assert (heard[15:50] > 0).all()


def test_changed_durations_change_the_sound_but_not_its_length(voice):
    performance = voice.perform(kana_score(("さ", 60, 960), ("ら", 62, 960)))
    (phrase,) = performance.phrases
    frames = phrase.frames.copy()
    longest = int(frames.argmax())
    other = longest + 1 if longest + 1 < len(frames) else longest - 1
    frames[longest] -= 10
    frames[other] += 10
    edited = replace(performance, phrases=(replace(phrase, frames=frames),))
    before, after = voice.render(performance).samples, voice.render(edited).samples
    assert len(before) == len(after)
    assert np.abs(before - after).max() > 1e-3
    with pytest.raises(ValueError, match="durations sum to"):
        replace(phrase, frames=frames + 1)


def test_six_decibels_more_are_twice_the_amplitude(voice):
    performance = voice.perform(SONG)
    louder = replace(performance, level_db=performance.level_db + 20 * np.log10(2))
    assert voice.render(louder).samples == pytest.approx(2 * voice.render(performance).samples, abs=1e-6)


def test_a_crescendo_of_the_score_is_heard(voice):
    score = kana_score(("あ", 60, 3840))
    dynamics = (LevelPoint(0, -12.0), LevelPoint(3840, 12.0))
    wave = voice.sing(replace(score, parts=(replace(score.parts[0], dynamics=dynamics),)), noise_scale=0).samples
    thirds = [20 * np.log10(np.std(third)) for third in np.split(wave, 3)]
    assert thirds[1] - thirds[0] == pytest.approx(8, abs=1.5)
    assert thirds[2] - thirds[1] == pytest.approx(8, abs=1.5)


def test_the_middle_of_a_long_rest_is_digital_silence_without_a_click_at_its_edges(voice):
    score = kana_score(("あ", 60, 960), (None, 0, 9600), ("あ", 62, 960))
    wave = voice.sing(score).samples
    quiet = np.flatnonzero(wave[48_000:-48_000] == 0)
    assert len(quiet) > 5 * 24_000
    runs = np.flatnonzero(np.diff((wave == 0).astype(int)))
    edges = [k for k in runs if 30_000 < k < len(wave) - 30_000]
    for edge in (edges[0], edges[-1]):
        assert np.abs(wave[edge - 3 : edge + 4]).max() < 0.05 * np.abs(wave).max()


def test_a_note_longer_than_any_phrase_is_sung_through_without_a_seam(voice):
    score = kana_score(("ら", 64, 480), ("あ", 62, 52 * 480))
    performance = voice.perform(score)
    assert len(performance.phrases) > 1
    wave = voice.render(performance)
    joins = [p.phrase.start_frame + p.phrase.kept.start for p in performance.phrases[1:]]
    heard = tracked(wave)
    steps = np.abs(np.diff(wave.samples))
    for join in (join for join in joins if join > 100):
        around = heard[join - 20 : join + 20]
        assert np.abs(cents_between(around, np.median(around))).max() < 30
        near = steps[join * 240 - 240 : join * 240 + 240].max()
        assert near < 1.5 * steps[join * 240 - 24_000 : join * 240 + 24_000].max()


def test_phrases_cut_in_a_vowel_overlap_in_pitch_and_latent(voice):
    performance = voice.perform(kana_score(("あ", 62, 52 * 480)))
    pieces = list(rendering.latents(voice._engine(0, 0.0), performance.phrases))
    z = np.concatenate([piece.z for piece in pieces], axis=1)
    assert (
        z.shape[1]
        == len(performance.f0_hz())
        == sum(p.phrase.kept.stop - p.phrase.kept.start for p in performance.phrases)
    )
    assert [piece.first_frame for piece in pieces] == list(np.cumsum([0, *(len(p.f0_hz) for p in pieces[:-1])]))
    moves = np.abs(np.diff(z, axis=1)).max(axis=0)
    for piece in pieces[1:]:
        join = piece.first_frame
        assert moves[join - 2 : join + 20].max() < 3 * np.median(moves) + 0.2


def test_what_is_held_while_streaming_does_not_grow_with_the_song(voice):
    import tracemalloc

    def peak(notes):
        performance = voice.perform(kana_score(*[("ら", 64, 1920), (None, 0, 960)] * notes))
        blocks = voice.stream(performance)
        next(blocks)
        tracemalloc.start()
        for _ in blocks:
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(24) < 1.3 * peak(6)


def test_a_phoneme_that_the_voice_lacks_is_refused_before_singing_with_bar_and_beat(voice):
    score = kana_score(("あ", 60, 1920), ("あ", 60, 480))
    first, _ = score.parts[0].notes
    foreign = replace(spell(score), language="ja")
    phrase = foreign.phrases[-1]
    unknown = replace(phrase, phonemes=(*phrase.phonemes[:-1], "zzh"))
    with pytest.raises(LyricError, match="the voice has no phoneme 'zzh'; "):
        voice.perform(replace(foreign, phrases=(*foreign.phrases[:-1], unknown)))
    mandarin = replace(score, language="zh", parts=(Part("voice", (replace(first, lyric="shuang"),)),))
    with pytest.raises(LyricError, match=r"score, bar 1, beat 1: the voice has no phoneme"):
        voice.perform(mandarin)


def test_a_note_out_of_range_is_sung_and_said(voice):
    performance = voice.perform(kana_score(("あ", 60, 960), ("あ", 84, 960)))
    assert any("1 note lies outside the voice's natural range" in warning for warning in performance.warnings)
    assert np.median(performance.f0_hz()[120:180]) == pytest.approx(1046.5, rel=0.05)


def test_auto_moves_the_melody_into_the_range_and_says_so(voice):
    performance = voice.perform(kana_score(("あ", 84, 960)), transpose="auto")
    assert performance.warnings == ("transposed by -12 semitones into the voice's range",)
    assert np.median(performance.f0_hz()) == pytest.approx(523.25, rel=0.05)


def test_parts_are_sung_as_stems_of_one_length(voice):
    score = kana_score(("あ", 60, 960), (None, 0, 1920))
    late = Part("alto", (Note(960, 480, 57, "う"),))
    silent = Part("piano", (Note(0, 480, 57),))
    stems = voice.sing_parts(replace(score, parts=(*score.parts, silent, late)))
    assert [stem.part for stem in stems] == ["voice", "alto"]
    assert {len(stem.wave.samples) for stem in stems} == {int(24_000 * score.seconds)}
    with pytest.raises(ScoreError, match="no part 4"):
        voice.sing(replace(score, parts=(score.parts[0],) * 3), part=3)


def test_a_voice_is_a_singer_of_phrases(voice):
    singer: Singer = VoiceSinger(voice)
    phrase = spell(SONG).phrases[0]
    performance = singer.perform(phrase)
    assert int(performance.frames.sum()) == phrase.frames
    wave = singer.sing(phrase, seed=4)
    assert len(wave.samples) == phrase.frames * 240
    assert wave.samples.tobytes() == singer.render(performance, seed=4).samples.tobytes()


def test_a_performance_for_another_rate_is_refused(voice):
    performance = replace(voice.perform(SONG), sample_rate_hz=44_100)
    with pytest.raises(VoiceError, match="44100 Hz"):
        voice.render(performance)


@pytest.mark.parametrize("text", ["0", "two", "-1", "1e9"])
def test_a_senseless_number_of_threads_is_refused(monkeypatch, text):
    monkeypatch.setenv("VISINGER_THREADS", text)
    with pytest.raises(VisingerError, match=r"VISINGER_THREADS: .* is no number of threads"):
        thread_count()
