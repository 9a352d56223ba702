"""An exhibit: some phrases of a voice beside the recordings, to be heard and seen, and its gates.

A folder with `exhibit.json`, the sounds as FLAC, and pictures as WebP (mel and
linear spectrograms, the recording above, the voice below, time to the right).
`visinger exhibit` makes a page of one or more of them.

Shapes: F bins or bands · T frames.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave, read_wave, write_wave
from visinger.corpora.take import Take
from visinger.errors import VisingerError
from visinger.evaluation import gates
from visinger.evaluation.concert import Sung
from visinger.evaluation.gates import Gate
from visinger.files import write_text, written_whole
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.signal.mel import log_mel
from visinger.signal.spectrogram import linear
from visinger.units import FRAMES_PER_SECOND

FILE_NAME, GATES = "exhibit.json", "gates.json"
PHRASES = 10
LONGEST_SECONDS = 8.0
QUIETEST_DB = -75.0
WIDTH, PANEL_HEIGHT, SEAM = 640, 110, 4  # pixels
WEBP_QUALITY = 45


@dataclass(frozen=True)
class Phrase:
    """One phrase; the files lie in the exhibit's folder."""

    name: str
    phonemes: str
    seconds: float
    sounds: dict[str, str]  # who → FLAC
    pictures: dict[str, str]  # kind → WebP


@dataclass(frozen=True)
class Exhibit:
    """What a voice shows of itself."""

    voice: str
    language: str
    about: str
    command: str
    phrases: tuple[Phrase, ...]
    gates: tuple[Gate, ...]
    folder: Path

    def sound(self, file: str) -> Wave:
        return read_wave(self.folder / file)


def chosen(takes: Sequence[Take], count: int = PHRASES) -> list[Take]:
    """The takes with the most words that are not too long, from as many songs as there are."""
    short = [t for t in takes if t.phrase.frames <= 100 * LONGEST_SECONDS] or list(takes)
    ranked = sorted(short, key=lambda t: (-len(t.phrase.phonemes), t.name))
    turn: dict[str, int] = {}
    rounds = []
    for take in ranked:
        rounds.append((turn.get(take.song, 0), take))
        turn[take.song] = turn.get(take.song, 0) + 1
    return [take for _, take in sorted(rounds, key=lambda r: r[0])[:count]]


def write_exhibit(
    folder: Path, about: dict[str, str], versions: Sequence[Sequence[Sung]], found: Sequence[Gate], *, gain: float
) -> Path:
    """Write the phrases and the gates; `versions` holds of each phrase the recording first.

    Recordings are turned up by the voice's fixed `gain`, so that both are
    equally loud. `about` has voice, language, about, command.
    """
    folder.mkdir(parents=True, exist_ok=True)
    phrases = [_phrase(folder, number, sung, gain) for number, sung in enumerate(versions, start=1)]
    table = about | {"phrases": [asdict(phrase) for phrase in phrases]}
    write_text(folder / GATES, gates.as_json(found), make_folder=True)
    write_text(folder / FILE_NAME, json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    return folder / FILE_NAME


_MODES = {"given": "recording's times and pitch", "score": "from the score alone"}


def _phrase(folder: Path, number: int, versions: Sequence[Sung], gain: float) -> Phrase:
    """Write the sounds and pictures of one phrase; pictures show the first two versions."""
    take = versions[0].take
    waves: dict[str, Wave] = {}
    for one in versions:
        samples = np.asarray(one.samples, np.float32) * (gain if one.singer == "recording" else 1.0)
        samples = samples / max(1.0, float(np.abs(samples).max(initial=0.0)))
        who = one.singer if one.singer == "recording" else f"{one.singer}, {_MODES[one.mode]}"
        waves[who] = Wave(samples.astype(np.float32), take.sample_rate_hz)
    sounds = {who: f"{number:02d}-{k}.flac" for k, who in enumerate(waves)}
    for who, file in sounds.items():
        write_wave(folder / file, waves[who])
    pictures = {kind: f"{number:02d}-{kind}.webp" for kind in ("mel", "linear")}
    for kind, file in pictures.items():
        panels = [picture(wave.samples, take.sample_rate_hz, kind) for wave in list(waves.values())[:2]]
        with written_whole(folder / file) as aside:
            aside.write_bytes(drawn(panels))
    words = " ".join(p for p in take.phrase.phonemes if p not in (SILENCE, BREATH))
    return Phrase(take.name, words, take.phrase.frames / FRAMES_PER_SECOND, sounds, pictures)


def read_exhibit(folder: Path) -> Exhibit:
    """Raises VisingerError where the folder holds none."""
    try:
        table = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        found = gates.from_json((folder / GATES).read_text(encoding="utf-8"))
        phrases = tuple(Phrase(**phrase) for phrase in table.pop("phrases"))
        return Exhibit(**table, phrases=phrases, gates=tuple(found), folder=folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VisingerError(
            f"no readable exhibit ({error})", where=folder, remedy="visinger evaluate VOICE --corpus PREPARED"
        ) from error


def picture(samples: NDArray[np.float32], sample_rate_hz: int, kind: str) -> NDArray[np.float64]:
    """(F, T) between 0 and 1 over 75 dB below the loudest; low frequencies first."""
    if kind == "mel":
        level = log_mel(samples, sample_rate_hz) * (20 / np.log(10))
    else:
        level = 20 * np.log10(np.maximum(linear(np.asarray(samples, np.float32)), 1e-6))
    loudest = float(np.percentile(level, 99.9))
    return np.clip((level - loudest - QUIETEST_DB) / -QUIETEST_DB, 0.0, 1.0)


def drawn(panels: Sequence[NDArray[np.float64]]) -> bytes:
    """The panels below each other, as a WebP. Raises VisingerError where matplotlib is missing."""
    try:
        from matplotlib import colormaps
        from PIL import Image  # matplotlib brings it
    except ImportError as error:
        raise VisingerError("matplotlib is not installed", remedy="pip install 'visinger[train]'") from error
    height = len(panels) * PANEL_HEIGHT + (len(panels) - 1) * SEAM
    sheet = Image.new("RGB", (WIDTH, height), (128, 128, 128))
    for number, panel in enumerate(panels):
        colours = (colormaps["magma"](panel[::-1])[:, :, :3] * 255).astype(np.uint8)
        scaled = Image.fromarray(colours).resize((WIDTH, PANEL_HEIGHT), Image.Resampling.LANCZOS)
        sheet.paste(scaled, (0, number * (PANEL_HEIGHT + SEAM)))
    file = io.BytesIO()
    sheet.save(file, format="WEBP", quality=WEBP_QUALITY, method=6)
    return file.getvalue()
