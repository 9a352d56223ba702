"""The quickstart notebook runs from its first cell to its last, and what it shows can be seen and heard."""

import base64
import io
import re
import shutil
import warnings
from pathlib import Path

import pytest
import soundfile

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOTEBOOK = EXAMPLES / "quickstart.ipynb"


def shown(cell: dict) -> str:
    """The HTML that a cell's last line shows."""
    return "".join(output["data"].get("text/html", "") for output in cell["outputs"] if "data" in output)


def test_the_notebook_is_kept_without_what_it_printed():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count]
    assert sum("pip install" in cell.source for cell in code) == 1


def test_the_notebook_sings_edits_and_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shutil.copy(EXAMPLES / "sakura.musicxml", tmp_path)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "pip install" not in cell.source]
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the notebook machinery's own
        client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pages = [shown(cell) for cell in cells]
    assert sum("<svg" in page for page in pages) == 3, "the score, the performance, the edited one"
    players = [page for page in pages if "<audio" in page]
    assert len(players) == 3
    sounds = []
    for page in players:
        source = re.search(r'src="data:audio/flac;base64,([^"]+)"', page)
        samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(source[1])))
        sounds.append(samples)
        assert rate_hz == 24_000
        assert abs(samples).max() > 0.05
    assert len({len(samples) for samples in sounds}) == 1, "words and pitch change, the time does not"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"sakura.flac", "sakura-performance.json", "sakura.ustx", "sakura.ust", "sakura.mid"}
