import json

import numpy as np
import pytest
from tests.evaluation.choir import ToneSinger, take

from visinger.alignment.editing import Edits
from visinger.evaluation import concert, figures, reports
from visinger.evaluation.judging import Judge, Verdict, meant_onsets_frames
from visinger.evaluation.metrics import Tally
from visinger.evaluation.summary import difference, summarise

pytest.importorskip("pyworld")


def judged(who: ToneSinger, mode: str, seed: int = 1) -> Verdict:
    (sung,) = concert.sing_takes(concert.singer(who), [take(seed)], mode)
    return Judge().judge(sung)


def test_a_singer_in_tune_keeps_to_the_curve_and_a_sharp_one_is_found_out():
    true, sharp = judged(ToneSinger(), "given"), judged(ToneSinger(sharp_cents=70.0), "given")
    assert true.tallies["curve_within_50_cents"].mean > 0.95
    assert np.median(true.values["curve_cents"]) < 3.0
    assert sharp.tallies["curve_within_50_cents"].mean < 0.05
    assert np.median(sharp.values["curve_cents"]) == pytest.approx(70.0, abs=3.0)
    assert sharp.tallies["f0_mae_cents"].mean - true.tallies["f0_mae_cents"].mean == pytest.approx(70.0, abs=5.0)


def test_the_score_alone_shows_how_late_the_human_was_and_how_flat():
    """Our human is 10 ms late on one boundary and 8 cents flat throughout."""
    verdict = judged(ToneSinger(), "score")
    one = take(1)
    sung = sum(p != "SP" for p in one.phrase.phonemes)
    assert verdict.tallies["duration_mae_frames"].count == sung
    assert verdict.tallies["duration_mae_frames"].mean == 0.0
    assert verdict.tallies["unlocked_mae_frames"].mean == pytest.approx(3.0)
    assert 6.0 < verdict.tallies["f0_mae_cents"].mean < 60.0
    assert verdict.tallies["note_frames_within_50_cents"].mean > 0.95
    assert "mcd_db" not in verdict.tallies, "frames of the two are not the same moments"


def test_a_quieter_singer_has_the_same_timbre():
    loud, quiet = judged(ToneSinger(), "given"), judged(ToneSinger(gain=0.25), "given")
    assert quiet.tallies["mel_distance"].mean == pytest.approx(loud.tallies["mel_distance"].mean, abs=0.02)
    assert quiet.values["loudness_lufs"][0] - loud.values["loudness_lufs"][0] == pytest.approx(-12.04, abs=0.2)


def test_only_vowels_after_silence_or_an_unvoiced_sound_have_a_voicing_onset():
    one = take(1)
    starts = np.concatenate([[0], np.cumsum(one.frames)[:-1]])
    expected = [
        start
        for start, before, symbol in zip(starts[1:], one.phrase.phonemes, one.phrase.phonemes[1:], strict=False)
        if symbol in "aiu" and before in ("SP", "s")
    ]
    assert expected
    assert meant_onsets_frames(one, one.frames).tolist() == expected


def test_onsets_are_heard_where_they_were_meant():
    verdict = judged(ToneSinger(), "score")
    assert verdict.tallies["onsets_heard"].mean == 1.0
    assert np.abs(verdict.values["onset_ms"]).max() <= 20.0


def test_the_recogniser_hears_the_wave_and_is_told_the_words():
    heard = []

    class Ear:
        def errors(self, log_mel, meant):
            heard.append((log_mel.shape, tuple(meant)))
            return Edits(1, 0, 0, 8)

    one = take(1)
    (sung,) = concert.sing_takes(concert.recording(), [one], "given")
    verdict = Judge(Ear()).judge(sung)
    assert heard == [((80, one.phrase.frames), one.phrase.phonemes)]
    assert verdict.tallies["phoneme_error_rate"] == Tally(1, 8)


def verdicts_by_hand() -> list[Verdict]:
    made = []
    for clip, (errors, phonemes) in enumerate([(1, 10), (3, 10), (0, 20)]):
        made.append(Verdict(f"t{clip}", "recording", "given", {"phoneme_error_rate": Tally(errors, phonemes)}))
        worse = {"phoneme_error_rate": Tally(errors + 2, phonemes), "log_f0_squares": Tally(0.04, 1.0)}
        made.append(Verdict(f"t{clip}", "tones", "score", worse, {"onset_ms": np.array([10.0 * clip, 10.0])}))
    return made


def test_a_row_pools_its_clips():
    human, tones = summarise(verdicts_by_hand())
    assert (human.singer, human.clips) == ("recording", 3)
    assert human.figures["phoneme_error_rate"].value == pytest.approx(10.0)
    assert tones.figures["phoneme_error_rate"].value == pytest.approx(25.0)
    assert tones.figures["log_f0_rmse"].value == pytest.approx(0.2)
    assert tones.figures["onset_bias_ms"].value == 10.0
    assert tones.figures["onset_spread_ms"].value == 0.0
    assert "mcd_db" not in tones.figures


def test_a_difference_is_paired_over_the_clips_that_both_sang():
    found = difference(verdicts_by_hand()[:-1], "phoneme_error_rate", ("tones", "score"), ("recording", "given"))
    assert found.clips == 2
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.2), pytest.approx(0.2))


def test_the_report_shows_units_intervals_and_the_command():
    rows = summarise(verdicts_by_hand())
    page = reports.markdown("A test", rows, command="visinger evaluate x", notes=["A note."])
    assert "`visinger evaluate x`" in page
    assert "| phoneme error rate | % | 10.0 [0.00, 30.0]" in page.replace("[0.0,", "[0.00,")
    assert "| recording | tones |" in page, "the human stands beside the singer in both modes"
    lines = reports.as_csv(rows).splitlines()
    assert lines[0] == "singer,mode,measure,unit,value,low,high,clips"
    assert any(line.startswith("tones,score,onset_bias_ms,ms,10,") for line in lines)


def test_a_voices_card_shows_its_figures_beside_the_humans():
    rows = summarise(verdicts_by_hand())
    told = json.loads(reports.card(rows, "tones", {"a.musicxml": "97.0 %"}, command="visinger evaluate x"))
    (alone,) = [lines for title, lines in told.items() if title.startswith("From the score alone")]
    assert alone["phoneme error rate, %"].startswith("25.0 [")
    assert "(recordings: 10.0 [" in alone["phoneme error rate, %"]
    assert told["Measured by"] == "visinger evaluate x"


def test_a_picture_has_a_panel_for_each_version(tmp_path):
    pytest.importorskip("matplotlib")
    import struct

    one = take(1)
    versions = list(concert.sing_takes(concert.recording(), [one], "given"))
    sizes = {}
    for kind, count in (("mel", 1), ("mel", 3), ("linear", 1)):
        path = tmp_path / f"{kind}{count}.png"
        figures.spectrograms(path, versions * count, kind=kind)
        header = path.read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        sizes[kind, count] = struct.unpack(">II", header[16:24])
    assert sizes["mel", 3][1] == pytest.approx(3 * sizes["mel", 1][1], rel=0.02)
    assert not list(tmp_path.glob("*.part"))
