"""The README's own words: its Python blocks run, its commands exist, its files are there."""

import re
from pathlib import Path

import pytest

from visinger.audio import read_wave
from visinger.cli.main import VERBS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_a_python_block_runs_and_writes_a_song_that_sounds(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    songs = list(tmp_path.glob("*.wav"))
    assert len(songs) == 1
    wave = read_wave(songs[0])
    assert wave.seconds > 40
    assert float((wave.samples**2).mean()) > 1e-5


def test_every_verb_in_the_readme_exists() -> None:
    verbs = set(re.findall(r"^\$ visinger (\w+)", README, flags=re.MULTILINE))
    assert verbs
    assert verbs <= set(VERBS)


def test_every_file_that_the_readme_links_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
