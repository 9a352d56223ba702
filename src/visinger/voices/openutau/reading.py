"""A bank read whole: its stages, ready to be played."""

from visinger.voices.openutau.archive import BankFiles
from visinger.voices.openutau.dictionary import read_dictionary
from visinger.voices.openutau.editor import Editor, Stage
from visinger.voices.openutau.models import Model, open_model
from visinger.voices.openutau.settings import Settings, read_phonemes, read_settings

SETTINGS = "dsconfig.yaml"
VOCODER_SETTINGS = "dsvocoder/vocoder.yaml"
# folder of a stage → the keys that name its models
ACOUSTIC, DURATION, PITCH, VARIANCE = "", "dsdur/", "dspitch/", "dsvariance/"
MODELS = {ACOUSTIC: ("acoustic",), DURATION: ("linguistic", "dur"), PITCH: ("linguistic", "pitch")}
DICTIONARIES = ("dsdict-zh.yaml", "dsdict-ja.yaml", "dsdict-en.yaml")  # looked for before dsdict.yaml


def read_stage(files: BankFiles, folder: str) -> Stage:
    """The acoustic model's, dsdur's or dspitch's stage. Raises VoiceError for whatever of it is missing or damaged."""
    settings = read_settings(files, f"{folder}{SETTINGS}")
    tokens = read_phonemes(files, settings.beside("phonemes"))
    return Stage(settings, tokens, read_models(files, settings, MODELS[folder]))


def read_vocoder(files: BankFiles) -> Stage:
    """The bank's own vocoder. Raises VoiceError where it has none."""
    settings = read_settings(files, VOCODER_SETTINGS)
    return Stage(settings, {}, {"vocoder": open_model(files, settings.beside("model"))})


def read_models(files: BankFiles, settings: Settings, keys: tuple[str, ...]) -> dict[str, Model]:
    """The models that a settings file names."""
    return {key: open_model(files, settings.beside(key)) for key in keys}


def dictionary_name(files: BankFiles, folder: str) -> str:
    """Where a stage's dictionary lies: one language's, where there is one, or that of all."""
    named = [f"{folder}{name}" for name in DICTIONARIES if f"{folder}{name}" in files]
    return named[0] if named else f"{folder}dsdict.yaml"


def read_editor(files: BankFiles) -> Editor:
    """Everything that a phrase needs. Raises VoiceError for what is missing or damaged."""
    return Editor(
        files,
        read_dictionary(files, dictionary_name(files, DURATION)),
        acoustic=read_stage(files, ACOUSTIC),
        vocoder=read_vocoder(files),
        duration=read_stage(files, DURATION),
        pitch=read_stage(files, PITCH) if f"{PITCH}{SETTINGS}" in files else None,
    )
