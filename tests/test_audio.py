"""Waves and files: every format holds what was written, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from visinger.audio import SUFFIXES, Wave, open_wave, read_wave, write_wave
from visinger.errors import OutputError, VisingerError

RATE = 24_000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_tone_written_in_blocks_comes_back(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"tone{suffix}"
    with open_wave(path, RATE) as sink:
        for block in np.split(TONE, 10):
            sink.write(block)
    back = read_wave(path)
    assert (back.sample_rate_hz, len(back.samples)) == (RATE, RATE)
    error = float(np.sqrt(np.mean((back.samples - TONE) ** 2)))
    assert error < (1e-4 if suffix != ".ogg" else 2e-2)  # Vorbis is lossy


def test_peaks_beyond_full_scale_are_clipped_not_wrapped(tmp_path: Path) -> None:
    write_wave(tmp_path / "loud.wav", Wave(3 * TONE, RATE))
    back = read_wave(tmp_path / "loud.wav").samples
    assert back.max() == pytest.approx(1.0, abs=1e-3)
    heard = np.abs(TONE) > 0.01
    assert np.array_equal(np.sign(back[heard]), np.sign(TONE[heard]))


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), open_wave(tmp_path / "half.flac", RATE) as sink:
        sink.write(TONE)
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_unknown_formats_and_missing_folders_are_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.wav \.flac \.ogg"):
        write_wave(tmp_path / "x.mp5", Wave(TONE, RATE))
    with pytest.raises(OutputError, match="nowhere"):
        write_wave(tmp_path / "nowhere" / "x.wav", Wave(TONE, RATE))


def test_a_text_file_is_not_audio(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("hello")
    with pytest.raises(VisingerError, match=r"x\.wav"):
        read_wave(tmp_path / "x.wav")


def test_resampling_keeps_a_tones_pitch_and_length() -> None:
    wave = Wave(TONE, RATE).resampled(44_100)
    assert len(wave.samples) == 44_100
    spectrum = np.abs(np.fft.rfft(wave.samples * np.hanning(44_100)))
    assert int(spectrum.argmax()) == 440
