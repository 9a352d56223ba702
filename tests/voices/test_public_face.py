"""What `import visinger` costs and gives."""

import subprocess
import sys

import pytest

import visinger


def loaded(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(shown.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not {"numpy", "onnxruntime", "torch", "soundfile"} & loaded("import visinger")


def test_a_voice_needs_no_torch():
    modules = loaded("from visinger import Voice, read_score, write_wave; import visinger.voices.singer")
    assert "visinger.voices.voice" in modules
    assert not {"torch", "scipy", "librosa", "matplotlib"} & modules


@pytest.mark.parametrize("name", visinger.__all__)
def test_every_public_name_is_there(name):
    assert getattr(visinger, name) is not None
    assert name in dir(visinger)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sung'"):
        visinger.sung  # noqa: B018
