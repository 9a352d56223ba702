"""What the engine says of itself and of its singers, in the forms that VOICEVOX' clients read."""

from base64 import b64encode
from importlib.metadata import PackageNotFoundError, version
from uuid import NAMESPACE_URL, uuid5

from visinger.serving.voicevox.cast import STYLE_NAME, Cast, Member
from visinger.serving.voicevox.clocks import WIRE_FRAMES_PER_SECOND
from visinger.serving.voicevox.pictures import icon, portrait

PORT = 50021  # OpenUtau's client knows no other
SAMPLE_RATE_HZ = 24_000
NAME = "visinger"
ENGINE_UUID = str(uuid5(NAMESPACE_URL, "visinger/voicevox/engine"))
MANIFEST_VERSION = "0.13.1"  # of the format
PICTURES_PATH = "/_resources"
FEATURES = {
    "adjust_mora_pitch": ("モーラごとの音高の調整", False),
    "adjust_phoneme_length": ("音素ごとの長さの調整", False),
    "adjust_speed_scale": ("全体の話速の調整", False),
    "adjust_pitch_scale": ("全体の音高の調整", False),
    "adjust_intonation_scale": ("全体の抑揚の調整", False),
    "adjust_volume_scale": ("全体の音量の調整", True),
    "adjust_pause_length": ("無音時間の調整", False),
    "interrogative_upspeak": ("疑問文の自動調整", False),
    "synthesis_morphing": ("モーフィング", False),
    "sing": ("歌唱音声合成", True),
    "manage_library": ("音声ライブラリの管理", False),
    "return_resource_url": ("画像をURLで返す", True),
}
TERMS = (
    "visinger is licensed under the Apache License 2.0. Each voice has the licence of the recordings it was "
    "trained on; songs made with it name its credit. The licences and credits stand with the singers.\n"
)


def engine_version() -> str:
    try:
        return version("visinger")
    except PackageNotFoundError:
        return "0.0.0"


def manifest(cast: Cast) -> dict[str, object]:
    """GET /engine_manifest: every voice's licence stands among those of the dependencies."""
    licences = {
        member.voice: {
            "name": f"voice {member.voice}",
            "version": None,
            "license": member.described.licence,
            "text": member.described.credit,
        }
        for member in cast.members
    }
    return {
        "manifest_version": MANIFEST_VERSION,
        "name": NAME,
        "brand_name": NAME,
        "uuid": ENGINE_UUID,
        "url": "",
        "icon": _text(icon(NAME)),
        "default_sampling_rate": SAMPLE_RATE_HZ,
        "frame_rate": float(WIRE_FRAMES_PER_SECOND),
        "terms_of_service": TERMS,
        "update_infos": [{"version": engine_version(), "descriptions": ["歌唱音声合成"], "contributors": []}],
        "dependency_licenses": list(licences.values()),
        "supported_vvlib_manifest_version": None,
        "supported_features": {key: able for key, (_, able) in FEATURES.items()},
    }


def folder_manifest() -> dict[str, object]:
    """The `engine_manifest.json` of an engine's folder, by which the editor finds and starts it."""
    return {
        "manifest_version": MANIFEST_VERSION,
        "name": NAME,
        "brand_name": NAME,
        "uuid": ENGINE_UUID,
        "version": engine_version(),
        "url": "",
        "command": "run",
        "port": PORT,
        "icon": "icon.png",
        "default_sampling_rate": SAMPLE_RATE_HZ,
        "frame_rate": float(WIRE_FRAMES_PER_SECOND),
        "terms_of_service": "terms.md",
        "update_infos": "updates.json",
        "dependency_licenses": "licences.json",
        "supported_features": {
            key: {"type": "bool", "value": able, "name": name} for key, (name, able) in FEATURES.items()
        },
    }


def singer_message(member: Member) -> dict[str, object]:
    """An entry of GET /singers."""
    return {
        "name": member.name,
        "speaker_uuid": str(member.uuid),
        "styles": [
            {"name": STYLE_NAME, "id": member.teacher_style, "type": "singing_teacher"},
            {"name": STYLE_NAME, "id": member.singing_style, "type": "frame_decode"},
        ],
        "version": engine_version(),
        "supported_features": {"permitted_synthesis_morphing": "NOTHING"},
    }


def singer_details(member: Member, *, address: str = "") -> dict[str, object]:
    """GET /singer_info: pictures as base64, or as addresses below `address`."""
    if address:
        folder = f"{address}{PICTURES_PATH}/{member.uuid}"
        icon_text, portrait_text = f"{folder}/icon.png", f"{folder}/portrait.png"
    else:
        icon_text, portrait_text = _text(icon(member.name)), _text(portrait(member.name))
    styles = (member.teacher_style, member.singing_style)
    return {
        "policy": member.policy,
        "portrait": portrait_text,
        "style_infos": [
            {"id": style, "icon": icon_text, "portrait": portrait_text, "voice_samples": []} for style in styles
        ],
    }


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")
