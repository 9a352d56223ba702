"""An engine's folder, from which VOICEVOX' editor starts this server; as a .vvpp file the same, zipped.

The editor reads `engine_manifest.json` and starts the command that it names with
`--host` and `--port`, and with switches for its own engine, which are passed over.
"""

import json
import shlex
import sys
import zipfile
from pathlib import Path

from visinger.errors import OutputError
from visinger.files import REMEDY, written_whole
from visinger.serving.shelf import Shelf
from visinger.serving.voicevox.cast import Cast
from visinger.serving.voicevox.manifest import NAME, PORT, TERMS, folder_manifest, manifest
from visinger.serving.voicevox.pictures import icon

PACKED = ".vvpp"
COMMAND = "run"
_RUNNABLE, _PLAIN = 0o755, 0o644
_RUN = """#!/bin/sh
# Started by VOICEVOX' editor, whose other switches are for its own engine.
host=127.0.0.1
port={port}
while [ $# -gt 0 ]; do
    case "$1" in
        --host) host="$2"; shift ;;
        --host=*) host="${{1#*=}}" ;;
        --port) port="$2"; shift ;;
        --port=*) port="${{1#*=}}" ;;
    esac
    shift
done
exec {python} -m visinger.cli.main serve --voicevox --host "$host" --port "$port"{voices}
"""


def write_folder(target: str | Path, *, voices: tuple[Path, ...] = (), python: str = sys.executable) -> None:
    """Write the folder, or, where `target` ends in .vvpp, the file; `python` has visinger installed.

    `voices` are folders to be offered beside the embedded voices. Raises VoiceError
    where one holds no voice, OutputError when something is there already or the disk refuses.
    """
    target = Path(target)
    if target.exists():
        raise OutputError("is there already", where=target, remedy="choose another name, or remove it")
    files = _files(voices, python)
    if target.suffix.lower() == PACKED:
        with written_whole(target) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name)  # with the zip format's first day for a date
                entry.external_attr = _mode(name) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        return
    try:
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
            (target / name).chmod(_mode(name))
    except OSError as error:
        raise OutputError(f"cannot be written ({error})", where=target, remedy=REMEDY) from error


def _mode(name: str) -> int:
    return _RUNNABLE if name == COMMAND else _PLAIN


def _files(voices: tuple[Path, ...], python: str) -> dict[str, bytes]:
    said = manifest(Cast(Shelf(voices)))
    options = "".join(f" --voice {shlex.quote(str(voice.resolve()))}" for voice in voices)
    named = folder_manifest()
    return {
        "engine_manifest.json": _json(named),
        COMMAND: _RUN.format(port=PORT, python=shlex.quote(python), voices=options).encode(),
        str(named["icon"]): icon(NAME),
        str(named["terms_of_service"]): TERMS.encode(),
        str(named["update_infos"]): _json(said["update_infos"]),
        str(named["dependency_licenses"]): _json(said["dependency_licenses"]),
    }


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=4) + "\n").encode()
