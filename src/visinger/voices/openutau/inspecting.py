"""What can be told of a bank before anything is played: its files, settings, phonemes and models."""

import re

from visinger.voices.openutau.archive import ANCHOR, BankFiles
from visinger.voices.openutau.contract import (
    ACOUSTIC,
    DURATION,
    LINGUISTIC_BY_PHONEME,
    LINGUISTIC_BY_WORD,
    LINGUISTIC_OUTPUTS,
    MEL_BASES,
    MEL_SCALES,
    MOST_MEL_BINS,
    NEWEST_IR,
    NEWEST_OPSET,
    PITCH,
    SAMPLE_RATE_HZ,
    SHARED_KEYS,
    SILENCE,
)
from visinger.voices.openutau.dictionary import BankDictionary
from visinger.voices.openutau.editor import FLAGS, Stage
from visinger.voices.openutau.findings import Finding, Findings
from visinger.voices.openutau.models import Model, Slot, unlike
from visinger.voices.openutau.settings import Settings, read_settings

_REWRITTEN = (".txt", ".ini", ".map")  # by the editor's installer, from an encoding that the user chooses
_AGAIN = "export the bank again"
_MOST_NAMED = 8

_INT, _FLOAT, _BOOL = "int64", "float", "bool"
# type and number of axes; the second axis is open wherever there are two or more
_TENSORS = {
    **dict.fromkeys(("tokens", "durations", "word_div", "word_dur", "ph_dur", "note_dur", "languages"), (_INT, 2)),
    **dict.fromkeys(("f0", "pitch", "note_midi", "expr", *FLAGS), (_FLOAT, 2)),
    **dict.fromkeys(("x_masks", "retake", "note_rest"), (_BOOL, 2)),
    **dict.fromkeys(("encoder_out", "spk_embed", "mel"), (_FLOAT, 3)),
    **dict.fromkeys(("steps", "speedup"), (_INT, 1)),
    "ph_midi": (_INT, 2),
}


def inspect_files(files: BankFiles) -> Findings:
    """The archive and who it says it is."""
    megabytes = sum(files.sizes.values()) / 1e6
    yield Finding("ok", files.path.name, f"{len(files.sizes)} files, {megabytes:.1f} MB, in '{files.root or '.'}'")
    for name in files.strays[:_MOST_NAMED]:
        yield Finding(
            "wrong", name[:80], "leads out of the folder that it is unpacked to", "remove it from the archive"
        )
    for name in files.beside[:_MOST_NAMED]:
        yield Finding("doubt", name, "is another bank in the same archive, not checked", "check it alone")
    strange = [name for name in files.sizes if not name.isascii()]
    if strange:
        remedy = "the installer may misread its encoding: use ASCII letters"
        yield Finding("doubt", strange[0], f"{len(strange)} file names are not ASCII", remedy)
    for name in files.sizes:
        if name.endswith(_REWRITTEN) and not files.read(name).removeprefix(b"\xef\xbb\xbf").isascii():
            remedy = "the installer rewrites it from an encoding that the user must choose: keep it to ASCII"
            yield Finding("doubt", name, "holds other letters than ASCII", remedy)
    yield from _character(files)


def _character(files: BankFiles) -> Findings:
    content = files.read(ANCHOR).decode("utf-8", "replace")
    if re.search(r"(?im)^\ufeff?(name|名前)\s*[=:：]\s*\S", content):
        yield Finding("ok", ANCHOR, "names the singer")
    else:
        yield Finding("wrong", ANCHOR, "has no name", "write a line 'name=…'")
    if "character.yaml" not in files:
        yield Finding(
            "doubt", "character.yaml", "is missing", "write singer_type: diffsinger and text_file_encoding: utf-8"
        )
        return
    about = read_settings(files, "character.yaml")
    if about.text("singer_type") != "diffsinger":
        remedy = "write singer_type: diffsinger"
        yield Finding("doubt", about.name, f"singer_type is '{about.text('singer_type')}'", remedy)
    phonemizer = about.text("default_phonemizer")
    if phonemizer and not phonemizer.startswith("OpenUtau."):
        remedy = "write the class in full, as OpenUtau.Core.DiffSinger.DiffSingerPhonemizer"
        yield Finding("doubt", about.name, f"default_phonemizer is '{phonemizer}'", remedy)
    yield Finding("ok", about.name, f"phonemizer {phonemizer.rpartition('.')[2] or 'of the user’s choice'}")


def inspect_settings(acoustic: Settings, vocoder: Settings) -> Findings:
    """What the editor compares before it renders, and the rates."""
    for key in ("acoustic", "vocoder"):
        if not acoustic.text(key):
            remedy = f"write {key}: and a name, also where the bank has its own vocoder"
            yield Finding("wrong", acoustic.name, f"has no '{key}'", remedy)
    apart = [key for key in SHARED_KEYS if not _same(acoustic.text(key), vocoder.text(key))]
    for key in apart:
        text = f"{key} is {vocoder.text(key)}, in {acoustic.name} {acoustic.text(key)}"
        yield Finding("wrong", vocoder.name, text, "make them equal")
    for settings in (acoustic, vocoder):
        bins = settings.whole("num_mel_bins")
        if not 1 <= bins <= MOST_MEL_BINS:
            yield Finding("wrong", settings.name, f"num_mel_bins is {bins}", f"the editor allows 1 to {MOST_MEL_BINS}")
        for key, allowed in (("mel_base", MEL_BASES), ("mel_scale", MEL_SCALES)):
            if settings.text(key) not in allowed:
                remedy = f"write {' or '.join(allowed)}"
                yield Finding("wrong", settings.name, f"{key} is '{settings.text(key)}'", remedy)
    hop, rate_hz = vocoder.number("hop_size"), vocoder.number("sample_rate")
    if hop != int(hop) or hop < 1:
        yield Finding("wrong", vocoder.name, f"hop_size {hop:g} is no whole number", "resample to a rate where it is")
    if rate_hz != SAMPLE_RATE_HZ:
        remedy = f"older editors play it at {SAMPLE_RATE_HZ} Hz all the same: resample inside the vocoder"
        yield Finding("wrong", vocoder.name, f"gives {rate_hz:g} Hz", remedy)
    if not apart:
        yield Finding("ok", vocoder.name, f"agrees with {acoustic.name}: {rate_hz:g} Hz, {hop:g} samples a frame")


def _same(one: str, other: str) -> bool:
    try:
        return abs(float(one) - float(other)) <= 1e-5
    except ValueError:
        return one == other


def inspect_phonemes(dictionary: BankDictionary, stages: dict[str, Stage]) -> Findings:
    """Every phoneme that a lyric can become is known to every model."""
    spelled = dict.fromkeys(symbol for phonemes in dictionary.entries.values() for symbol in phonemes)
    if dictionary.undeclared:
        text = f"{_listed(dictionary.undeclared)} stand in entries but not in symbols: the editor drops them"
        yield Finding("wrong", dictionary.name, text, "declare them with a type")
    whole = not dictionary.undeclared
    for folder, stage in stages.items():
        place = stage.settings.beside("phonemes")
        lacking = [symbol for symbol in (SILENCE, *spelled) if symbol not in stage.tokens]
        if lacking:
            yield Finding("wrong", place, f"lacks {_listed(lacking)}, which {dictionary.name} spells", _AGAIN)
            whole = False
        spaced = [symbol for symbol in stage.tokens if symbol != symbol.strip()]
        if spaced:
            yield Finding("wrong", place, f"has spaces around {_listed(spaced)}", "remove them; one phoneme a line")
        if folder and stage.settings.frame_ms <= 0:
            yield Finding("wrong", stage.settings.name, "has no frames", "write sample_rate and hop_size")
    if whole:
        count = f"{len(dictionary.entries)} lyrics, {len(spelled)} phonemes"
        yield Finding("ok", dictionary.name, f"{count}, all known to every model")
    empty = [lyric for lyric, phonemes in dictionary.entries.items() if not phonemes]
    if empty:
        yield Finding("doubt", dictionary.name, f"{_listed(empty)} spell nothing", "give them phonemes")


def inspect_model(model: Model, wanted: tuple[str, ...], optional: tuple[str, ...] = ()) -> Findings:
    """Versions, names, types and open axes of one model."""
    facts, sound = model.facts, True
    if facts.external:
        text = f"keeps {facts.external} weights in other files, which the editor does not open"
        yield Finding("wrong", model.name, text, "export it as one file (external_data=False)")
        sound = False
    if facts.opset > NEWEST_OPSET or facts.ir_version > NEWEST_IR:
        text = f"opset {facts.opset}, IR {facts.ir_version}"
        yield Finding("doubt", model.name, text, f"export with opset {NEWEST_OPSET}, IR {NEWEST_IR} or older")
    if facts.domains:
        yield Finding("doubt", model.name, f"needs operators of {', '.join(facts.domains)}", "use standard ones")
    sent = (*wanted, *(name for name in optional if name in model.inputs))
    apart = unlike(model.inputs, sent)
    if apart:
        yield Finding("wrong", model.name, apart, "export it with the inputs that its settings ask for")
        sound = False
    for name in sent:
        slot = model.inputs.get(name)
        fault = _fault(name, slot) if slot is not None else ""
        if fault:
            yield Finding("wrong", model.name, f"{name} {fault}", _AGAIN)
            sound = False
    if sound:
        text = f"opset {facts.opset}, IR {facts.ir_version}, one file; takes {', '.join(sent)}"
        yield Finding("ok", model.name, text)


def inspect_linguistic(model: Model) -> Findings:
    """The two outputs that the editor takes by name."""
    for name in LINGUISTIC_OUTPUTS:
        if name not in model.outputs:
            yield Finding("wrong", model.name, f"gives no '{name}'", "name its outputs encoder_out and x_masks")
        elif model.outputs[name].type != _TENSORS[name][0]:
            text = f"gives {name} as {model.outputs[name].type}"
            yield Finding("wrong", model.name, text, f"make it {_TENSORS[name][0]}")


def _fault(name: str, slot: Slot) -> str:
    """What is wrong with a tensor that a model takes; empty where nothing is."""
    kind, axes = _TENSORS.get(name, (slot.type, len(slot.axes)))
    if slot.type != kind:
        return f"is {slot.type}, the editor sends {kind}"
    if slot.axes and len(slot.axes) != axes:
        return f"has {len(slot.axes)} axes, the editor sends {axes}"
    if axes > 1 and len(slot.axes) > 1 and slot.axes[1] is not None:
        return f"has a fixed length of {slot.axes[1]}, phrases have any"
    return ""


def acoustic_inputs(settings: Settings) -> tuple[str, ...]:
    """What the editor sends to the acoustic model under these settings."""
    return (*ACOUSTIC, *_sampling(settings, with_depth=True), *_common(settings), *(
        name for name, flag in FLAGS.items() if settings.flag(flag)))  # fmt: skip


def pitch_inputs(settings: Settings) -> tuple[str, ...]:
    """What it sends to the pitch model."""
    named = {"expr": "use_expr", "note_rest": "use_note_rest"}
    extras = tuple(name for name, flag in named.items() if settings.flag(flag))
    speakers = ("spk_embed",) if settings.names("speakers") else ()
    return (*PITCH, *_sampling(settings, with_depth=False), *extras, *speakers)


def duration_inputs(settings: Settings) -> tuple[str, ...]:
    """What it sends to the duration model."""
    return (*DURATION, *(("spk_embed",) if settings.names("speakers") else ()))


def linguistic_inputs(settings: Settings, *, by_word: bool) -> tuple[str, ...]:
    """What it sends to a linguistic model."""
    languages = ("languages",) if settings.flag("use_lang_id") else ()
    return (*(LINGUISTIC_BY_WORD if by_word else LINGUISTIC_BY_PHONEME), *languages)


def _sampling(settings: Settings, *, with_depth: bool) -> tuple[str, ...]:
    asked = "use_variable_depth" if "use_variable_depth" in settings.values else "use_shallow_diffusion"
    depth = ("depth",) if with_depth and settings.flag(asked) else ()
    return (*depth, "steps" if settings.flag("use_continuous_acceleration") else "speedup")


def _common(settings: Settings) -> tuple[str, ...]:
    languages = ("languages",) if settings.flag("use_lang_id") else ()
    return (*languages, *(("spk_embed",) if settings.names("speakers") else ()))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_MOST_NAMED]) + more
