"""The text files of a bank: who sings, and how its models fit together.

The editor's installer rewrites every .txt of an archive from an encoding that
the user chooses, so those hold ASCII only; what needs more stands in .yaml and
.md files, which it copies.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from visinger.errors import VisingerError
from visinger.models.parts.harmonic_decoder import OVERLAP
from visinger.voices.description import VoiceDescription
from visinger.voices.openutau.contract import MOST_MEL_BINS, SAMPLE_RATE_HZ

PHONEMES, DICTIONARY = "phonemes.txt", "dsdict.yaml"
PADDING = "<PAD>"  # number 0 of every voice
_SPACE = "OpenUtau.Core.DiffSinger"
PHONEMIZERS = {
    "zh": f"{_SPACE}.DiffSingerChinesePhonemizer",
    "ja": f"{_SPACE}.DiffSingerJapanesePhonemizer",
    "en": f"{_SPACE}.DiffSingerEnglishPhonemizer",
}
ANY_PHONEMIZER = f"{_SPACE}.DiffSingerPhonemizer"

Values = Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Bank:
    """What the settings say: a voice, one of its singers, and the name of the bank's folder."""

    voice: VoiceDescription
    singer: str
    version: str

    @property
    def name(self) -> str:
        """As the editor lists it."""
        return f"{self.voice.name} {self.singer}" if self.voice.singers else self.voice.name

    @property
    def folder(self) -> str:
        """The name in letters that any archive and file system keeps."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-") or "visinger-voice"

    @property
    def hop_samples(self) -> int:
        """At the editor's rate. Raises VisingerError where a frame would not be a whole number of samples."""
        samples, left = divmod(self.voice.hop_samples * SAMPLE_RATE_HZ, self.voice.sample_rate_hz)
        if left:
            raise VisingerError(
                f"a frame of {self.voice.hop_samples} samples at {self.voice.sample_rate_hz} Hz is no whole number of "
                f"samples at {SAMPLE_RATE_HZ} Hz",
                where=self.voice.name,
                remedy="export a voice of 100 frames a second",
            )
        return samples


def texts(bank: Bank) -> dict[str, str]:
    """Path in the bank → contents, of every settings file."""
    voice, hop = bank.voice, bank.hop_samples
    bins = voice.latent_channels + 1
    if bins > MOST_MEL_BINS:
        raise VisingerError(
            f"{voice.latent_channels} latent channels are more than the editor allows ({MOST_MEL_BINS - 1})",
            where=voice.name,
            remedy="train with a smaller latent",
        )
    rates: Values = {"sample_rate": SAMPLE_RATE_HZ, "hop_size": hop}
    spectrum: Values = {
        **rates,
        "win_size": OVERLAP * hop,
        "fft_size": 2048,
        "num_mel_bins": bins,
        "mel_fmin": 0,
        "mel_fmax": voice.sample_rate_hz // 2,
        "mel_base": "e",
        "mel_scale": "slaney",
    }
    listed: Values = {"phonemes": PHONEMES}
    phonemes = "\n".join([PADDING, *voice.phonemes]) + "\n"
    return {
        "character.txt": _character_text(bank),
        "character.yaml": _character_yaml(bank),
        "readme.txt": _readme(bank),
        PHONEMES: phonemes,
        "dsconfig.yaml": yaml_text(
            {
                **listed,
                "acoustic": "acoustic.onnx",
                "vocoder": bank.folder,
                "use_continuous_acceleration": True,
                **spectrum,
            }
        ),
        "dsvocoder/vocoder.yaml": yaml_text(
            {"name": bank.folder, "model": "vocoder.onnx", "pitch_controllable": voice.excited, **spectrum}
        ),
        "dsdur/dsconfig.yaml": yaml_text(
            {**listed, "linguistic": "linguistic.onnx", "dur": "dur.onnx", "predict_dur": True, **rates}
        ),
        f"dsdur/{PHONEMES}": phonemes,
        "dspitch/dsconfig.yaml": yaml_text(
            {
                **listed,
                "linguistic": "linguistic.onnx",
                "pitch": "pitch.onnx",
                "predict_dur": False,
                "use_expr": True,
                "use_continuous_acceleration": True,
                **rates,
            }
        ),
        f"dspitch/{PHONEMES}": phonemes,
    }


def yaml_text(values: Values) -> str:
    """A flat mapping; texts are quoted as JSON, which YAML reads."""
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _character_text(bank: Bank) -> str:
    facts = {"name": bank.folder, "author": bank.voice.credit, "voice": bank.singer, "version": bank.version}
    return "".join(f"{key}={_ascii(value)}\n" for key, value in facts.items()) + _terms(bank)


def _character_yaml(bank: Bank) -> str:
    facts: Values = {
        "name": bank.name,
        "singer_type": "diffsinger",
        "text_file_encoding": "utf-8",
        "author": bank.voice.credit,
        "voice": bank.singer,
        "version": bank.version,
        "default_phonemizer": PHONEMIZERS.get(bank.voice.language, ANY_PHONEMIZER),
    }
    bank_of_all = '- {color: "", prefix: "", suffix: "", tone_ranges: ["C1-B7"]}'
    return f"{yaml_text(facts)}subbanks:\n{bank_of_all}\n"


def _readme(bank: Bank) -> str:
    return (
        f"{_ascii(bank.name)}: a voicebank for OpenUtau, made by visinger {bank.version} from its voice\n"
        f"'{_ascii(bank.voice.name)}'. CARD.md says how it was trained and how good it is.\n\n"
        f"{_terms(bank)}"
        "Whoever passes the bank or its singing on keeps to that licence and names that credit.\n"
    )


def _terms(bank: Bank) -> str:
    return f"Licence: {_ascii(bank.voice.licence)}\nCredit: {_ascii(bank.voice.credit)}\n"


def _ascii(text: str) -> str:
    """Without accents, on one line; what has no ASCII form at all is a question mark, and stands in CARD.md."""
    folded = unicodedata.normalize("NFKD", " ".join(text.split()))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    return plain.encode("ascii", "replace").decode()
