"""The folder from which VOICEVOX' editor starts the engine."""

import json
import os
import signal
import socket
import subprocess
import time
import uuid
import zipfile
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi")
from visinger.errors import OutputError
from visinger.serving.voicevox.folder import write_folder


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def test_the_manifest_has_what_the_editor_asks_of_a_folder(tmp_path: Path):
    folder = tmp_path / "engine"
    write_folder(folder)
    said = json.loads((folder / "engine_manifest.json").read_text(encoding="utf-8"))
    uuid.UUID(said["uuid"])
    assert isinstance(said["name"], str)
    assert isinstance(said["port"], int)
    assert (said["frame_rate"], said["default_sampling_rate"]) == (93.75, 24_000)
    for feature in said["supported_features"].values():
        assert feature.keys() == {"type", "value", "name"}
    assert said["supported_features"]["sing"]["value"] is True
    for key in ("command", "icon", "terms_of_service", "update_infos", "dependency_licenses"):
        assert (folder / said[key]).is_file()
    assert os.access(folder / said["command"], os.X_OK)


def test_a_vvpp_file_is_the_same_folder_zipped_and_can_be_run(tmp_path: Path):
    write_folder(tmp_path / "engine")
    write_folder(tmp_path / "engine.vvpp")
    with zipfile.ZipFile(tmp_path / "engine.vvpp") as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "engine" / name).read_bytes()
        assert archive.getinfo("run").external_attr >> 16 & 0o111
    with pytest.raises(OutputError, match="is there already"):
        write_folder(tmp_path / "engine.vvpp")


def test_the_command_serves_where_the_editor_wants_it(tmp_path: Path):
    write_folder(tmp_path / "engine")
    port = free_port()
    words = [tmp_path / "engine" / "run", "--use_gpu", "--host", "127.0.0.1", f"--port={port}", "--output_log_utf8"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        try:
            said = answered(running, f"http://127.0.0.1:{port}/engine_manifest")
            running.send_signal(signal.SIGTERM)
            assert running.wait(120) in (0, 130, -signal.SIGTERM)
        finally:
            running.kill()
    folder = json.loads((tmp_path / "engine" / "engine_manifest.json").read_text(encoding="utf-8"))
    assert said.json()["uuid"] == folder["uuid"]
    assert said.headers["access-control-allow-origin"] == "app://."


def answered(running: subprocess.Popen, address: str) -> httpx.Response:
    """The first answer of a server that is starting."""
    began = time.monotonic()
    while True:
        try:
            return httpx.get(address, headers={"Origin": "app://."}, timeout=10)
        except httpx.TransportError:
            assert running.poll() is None, running.stdout.read()
            assert time.monotonic() - began < 180
            time.sleep(0.2)
