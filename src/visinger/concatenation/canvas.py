"""The canvas of a phrase: WORLD's parameters painted syllable by syllable, then turned into sound.

Shapes: T frames of 10 ms · R = 2 T steps of 5 ms, step j at sample 120 j · S = 240 T samples.
"""

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation import chance, joins
from visinger.concatenation.analysis import FFT_SIZE, FRAME_MS, SPECTRUM_SIZE, STEP_SAMPLES
from visinger.concatenation.inventory import Choice, voiceless
from visinger.concatenation.units import Unit
from visinger.signal.f0 import world
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, gain_from_db

STEPS = HOP_SAMPLES // STEP_SAMPLES  # in a frame
NUCLEUS_DB = -21.4  # level of a nucleus; makes about −20 LUFS of a phrase
TYPICAL_DB = -8.7  # level of the recordings' nuclei
EVENING = 0.8  # of the recordings' differences in level; the rest is the vowels' own
CONSONANT_DB = 4.0  # sung consonants, heard closely, are louder against their vowels than these spoken ones
FAINT_DB = 4.0  # and f and h, which a microphone at a distance hardly hears, by more
MURMUR_DB = 3.0  # a voiced initial lies no further under its vowel's louder part; spoken alone, it starts from nothing
MOST_MURMUR_DB = 9.0  # it is lifted by
BREATH_DB = -36.4  # 15 dB under a nucleus, as in PJS
SAG_DB = 3.0  # a spoken syllable dies away; a sung one sags by no more
SWAY_DB = 0.8  # slow unsteadiness of the level
LIMIT = 0.8  # above it, peaks are bent
ATTACK_SECONDS, CROSSING_SECONDS = 0.025, 0.006
RELEASE_SECONDS = {"rest": 0.1, "voiceless": 0.03}
FALLBACK_HZ = 310.0
_NOTHING = -32.0  # log power of silence
_MEAN_POWER_DB = -1.7  # a sound's level less the mean of WORLD's power spectrum of it
LOG_POWER_PER_DB = float(np.log(10) / 10)


class Canvas:
    """One phrase in the making. Where the given F0 (T) is 0, a voiced sound is whispered.

    `loudness_db` (T) is laid over all that sounds.
    """

    def __init__(
        self, f0_hz: NDArray[np.float64], *, first_frame: int, seed: int, loudness_db: NDArray[np.float64] | None = None
    ) -> None:
        steps = STEPS * len(f0_hz)
        self.first_frame, self.seed = first_frame, seed
        self.loudness_db = np.zeros(len(f0_hz)) if loudness_db is None else loudness_db
        self.f0_hz = _on_steps(np.asarray(f0_hz, dtype=np.float64))
        self.whispered = np.repeat(np.asarray(f0_hz) <= 0, STEPS)
        self.spectrum = np.zeros((steps, SPECTRUM_SIZE), dtype=np.float32)
        self.spectrum[:, 0] = _NOTHING
        self.bands: NDArray[np.float32] | None = None  # (R, bands) aperiodicity; the first unit tells how many
        self.voiced = np.zeros(steps, dtype=bool)
        self.finals: list[tuple[int, int]] = []  # steps whose level must not sag
        self.murmurs: list[tuple[int, int, int]] = []  # a voiced initial: its first step, its vowel's, the vowel's end
        self.gain = np.zeros(steps * STEP_SAMPLES)
        self.noise = np.zeros(steps * STEP_SAMPLES)

    def sing(
        self,
        choice: Choice,
        frames: tuple[int, int, int],
        *,
        joined: bool,
        followed_by: str,
        rng: np.random.Generator,
    ) -> None:
        """Paint a syllable over frames [start, vowel's start, end).

        `joined`: a voiced sound ends where this one starts. `followed_by`:
        "rest", "voiceless" or "voiced".
        """
        start, vowel, end = (STEPS * frame for frame in frames)
        initial, unit = choice.consonant, choice.vowel
        sounding = vowel
        held = joins.lengthen(unit.vowel_start, unit.nucleus, unit.frames - 1, end - vowel, rng=rng)
        self._paint(unit, held, vowel, self._gain_db(unit))
        if initial is not None and vowel > start:
            if voiceless(initial.initial):
                self._place_noise(initial, start * STEP_SAMPLES, vowel * STEP_SAMPLES)
            else:
                sounding = start
                murmur = initial.vowel_start * np.arange(vowel - start) / (vowel - start)
                self._paint(initial, murmur, start, self._gain_db(initial))
                self.murmurs.append((start, vowel, end))
                if initial is not unit:
                    joins.cross_fade(self.spectrum, vowel)
        rise = min(8, (end - vowel) // 2)  # a vowel's rise after its consonant is its own
        self.finals.append((vowel + rise, end))
        joined = joined and sounding == start and start > 0 and bool(self.voiced[start - 1])
        if joined:
            joins.cross_fade(self.spectrum, start)
        attack = 0.0 if joined else CROSSING_SECONDS if sounding > start else ATTACK_SECONDS
        self._open(sounding * STEP_SAMPLES, end * STEP_SAMPLES, attack, RELEASE_SECONDS.get(followed_by, 0.0))

    def breathe(self, spectrum: NDArray[np.float32], begin: int, end: int) -> None:
        """Paint an audible breath of coded `spectrum` (60) over frames [begin, end), silence at both ends."""
        first, last = STEPS * begin, STEPS * end
        length = min(last - first - 8, 90)  # 450 ms at most, close before what follows
        if length < 16:
            return
        first = last - 6 - length
        rows = slice(first, first + length)
        self.spectrum[rows] = spectrum
        level_db = 10 * np.log10(float(np.exp(self._decoded(rows)).mean()))
        swell = np.sin(np.pi * np.linspace(0, 1, length + 2)[1:-1] ** 1.4)
        self.spectrum[rows, 0] += (BREATH_DB - (level_db + _MEAN_POWER_DB) + 20 * np.log10(swell)) * LOG_POWER_PER_DB
        self._open(first * STEP_SAMPLES, (first + length) * STEP_SAMPLES, 0.05, 0.05)

    def wave(self) -> NDArray[np.float32]:
        """The sound (S): WORLD's voice under its gain, the voiceless initials laid over it."""
        if not self.gain.any():
            return self.noise.astype(np.float32)
        vocoder = world()
        self._even_out()
        power = np.exp(self._decoded(slice(None)))
        aperiodicity = np.ones_like(power)
        pitched = self.voiced & ~self.whispered
        if self.bands is not None and pitched.any():
            bands = self.bands[pitched].astype(np.float64)
            aperiodicity[pitched] = vocoder.decode_aperiodicity(bands, SAMPLE_RATE_HZ, FFT_SIZE)
        voice = vocoder.synthesize(in_phase(self.f0_hz, self.voiced), power, aperiodicity, SAMPLE_RATE_HZ, FRAME_MS)
        voice = np.pad(voice, (0, max(len(self.gain) - len(voice), 0)))[: len(self.gain)]
        loudness = gain_from_db(self._on_samples(self.loudness_db))
        mixed = (voice * self.gain * gain_from_db(self._sway_db()) + self.noise) * loudness
        over = np.abs(mixed) > LIMIT
        bent = LIMIT + (1 - LIMIT) * np.tanh((np.abs(mixed[over]) - LIMIT) / (1 - LIMIT))
        mixed[over] = np.sign(mixed[over]) * bent
        return mixed.astype(np.float32)

    def _gain_db(self, unit: Unit) -> float:
        return EVENING * (NUCLEUS_DB - unit.level_db) + (1 - EVENING) * (NUCLEUS_DB - TYPICAL_DB)

    def _consonant_db(self, unit: Unit) -> float:
        """How much louder a voiceless initial is sung than it was spoken."""
        return CONSONANT_DB + (FAINT_DB if unit.initial in ("f", "h") else 0.0)

    def _paint(self, unit: Unit, positions: NDArray[np.float64], at: int, gain_db: float) -> None:
        rows = slice(at, at + len(positions))
        self.spectrum[rows] = joins.sample(unit.spectrum, positions)
        self.spectrum[rows, 0] += gain_db * LOG_POWER_PER_DB
        bands = joins.sample(unit.aperiodicity, positions)
        if self.bands is None:
            self.bands = np.zeros((len(self.spectrum), bands.shape[1]), dtype=np.float32)
        self.bands[rows] = bands
        self.voiced[rows] = True

    def _place_noise(self, unit: Unit, begin: int, vowel: int) -> None:
        """A voiceless initial, its end on the vowel's start; what is left of its time before it is closure."""
        crossing = round(CROSSING_SECONDS * SAMPLE_RATE_HZ)
        beyond = min(crossing, len(self.noise) - vowel, STEP_SAMPLES)
        recorded = unit.consonant[: len(unit.consonant) - STEP_SAMPLES + beyond]
        wave = joins.splice(recorded, vowel + beyond - begin, keep_first=480, fade=240).astype(np.float64)
        rise = min(len(wave) // 4, 60)
        wave[:rise] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / max(rise, 1))
        fall = min(crossing, len(wave) // 2)
        wave[len(wave) - fall :] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / max(fall, 1))
        end = vowel + beyond
        self.noise[end - len(wave) : end] += wave * gain_from_db(self._gain_db(unit) + self._consonant_db(unit))

    def _open(self, begin: int, end: int, attack_seconds: float, release_seconds: float) -> None:
        """Let the voice through from `begin` to `end`, with smooth edges."""
        length = end - begin
        shape = np.ones(length)
        rise = min(round(attack_seconds * SAMPLE_RATE_HZ), length // 3)
        fall = min(round(release_seconds * SAMPLE_RATE_HZ), length // 3)
        shape[:rise] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / max(rise, 1))
        shape[length - fall :] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / max(fall, 1))
        self.gain[begin:end] = shape

    def _decoded(self, rows: slice) -> NDArray[np.float64]:
        """Log power spectrum of some steps."""
        coded = np.ascontiguousarray(self.spectrum[rows], dtype=np.float64)
        return np.log(np.maximum(world().decode_spectral_envelope(coded, SAMPLE_RATE_HZ, FFT_SIZE), 1e-16))

    def _even_out(self) -> None:
        """Lift what sags in a final, or lies low before it, towards its loudest part."""
        level_db = 10 * np.log10(np.exp(self._decoded(slice(None))).mean(axis=1))
        lift_db = np.zeros(len(level_db))
        for begin, end in self.finals:
            if end - begin > 4:
                lowest_db = np.percentile(level_db[begin:end], 80) - SAG_DB
                lift_db[begin:end] = np.clip(lowest_db - level_db[begin:end], 0, 15)
        for begin, vowel, end in self.murmurs:
            lowest_db = np.percentile(level_db[vowel:end], 80) - MURMUR_DB if end > vowel else -np.inf
            lift_db[begin:vowel] = np.clip(lowest_db - level_db[begin:vowel], 0, MOST_MURMUR_DB)
        kernel = np.hanning(9) / np.hanning(9).sum()
        self.spectrum[:, 0] += np.convolve(lift_db, kernel, mode="same") * LOG_POWER_PER_DB

    def _sway_db(self) -> NDArray[np.float64]:
        """(S) slow wandering of the level."""
        frames = len(self.gain) // HOP_SAMPLES
        white = chance.noise(self.seed, self.first_frame - 25, frames + 50, chance.LEVEL)
        slow = np.convolve(white, np.hanning(51), mode="valid") / np.sqrt(19.0)
        return self._on_samples(SWAY_DB * slow)

    def _on_samples(self, track: NDArray[np.float64]) -> NDArray[np.float64]:
        """A track of frames (T) at every sample (S)."""
        return np.interp(np.arange(len(self.gain)), (np.arange(len(track)) + 0.5) * HOP_SAMPLES, track)


def in_phase(f0_hz: NDArray[np.float64], voiced: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The same F0 (R) where `voiced`, bent in the gaps so that every voiced run starts on a whole cycle.

    WORLD counts its cycles from the phrase's start. Counted from the run's
    start instead, the two phrases on both sides of a cut in a held vowel put
    their pulses in the same places, and the cut is not heard.
    """
    bent = f0_hz.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], voiced, [True]]).astype(np.int8)))
    run_start = 0
    for begin, end in edges.reshape(-1, 2):  # gaps
        inner = bent[begin + 1 : end]
        if end >= len(f0_hz) or not len(inner):
            continue
        span = bent[run_start : end + 1]
        cycles = (span[:-1] + span[1:]).sum() / 2 * STEP_SAMPLES / SAMPLE_RATE_HZ
        inner *= 1 + (np.round(cycles) - cycles) / (inner.sum() * STEP_SAMPLES / SAMPLE_RATE_HZ)
        run_start = end
    return bent


def _on_steps(f0_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """F0 at steps (R): our frame t lies at step 2 t + 1; unvoiced stretches bridged.

    WORLD would draw F0 towards zero at the edges of a voiced stretch; what is
    unvoiced is so by its aperiodicity instead.
    """
    known = np.flatnonzero(f0_hz > 0)
    if not len(known):
        return np.full(STEPS * len(f0_hz), FALLBACK_HZ)
    return np.exp(np.interp(np.arange(STEPS * len(f0_hz)), STEPS * known + 1, np.log(f0_hz[known])))
