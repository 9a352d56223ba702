"""The page of the voices: gates, phrases to hear and to see beside the recordings, and what is still wrong.

One file that asks nobody for anything, light or dark as the reader likes,
readable on a phone. Style and sound coding are the experiment's page's.
"""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from visinger.audio import Wave
from visinger.errors import OutputError
from visinger.evaluation import gates
from visinger.evaluation.exhibit import Exhibit, Phrase
from visinger.evaluation.gates import Gate
from visinger.experiments.page import STYLE, as_mp3
from visinger.files import write_text

LARGEST_BYTES = 4_000_000
MODEST_RATE_HZ = 24_000
_MARKS = {True: "✓", False: "✗", None: "–"}
_CLASSES = {True: "good", False: "bad", None: "unknown"}
_CAPTIONS = {"mel": "mel, 80 bands to 12 kHz", "linear": "linear, to 12 kHz"}
_MORE_STYLE = """
:root { --good: #0a6b2d; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --good: #7fd79a; --bad: #ffb4ab; } }
td.good { color: var(--good); } td.bad { color: var(--bad); } td.unknown { color: var(--quiet); }
table.gates td, table.gates th { text-align: left; } table.gates td.number { text-align: right; white-space: nowrap; }
table.gates { width: 100%; } table.gates td:first-child { min-width: 13rem; max-width: 20rem; }
p { overflow-wrap: anywhere; }
@media (max-width: 45rem) {
  table.gates thead { display: none; } table.gates tr { display: block; border-bottom: 1px solid var(--line); }
  table.gates td, table.gates td.number { display: block; position: static; border: 0; text-align: left;
    padding: .1rem 0; white-space: normal; max-width: none; }
  table.gates td:first-child { font-weight: 600; padding-top: .5rem; }
  table.gates td[data-head]:not(:empty)::before { content: attr(data-head) " "; color: var(--quiet); }
}
section.phrase { border-top: 1px solid var(--line); padding: .6rem 0; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: .8rem; }
.pictures figure { margin: 0; } .pictures img { width: 100%; display: block; }
.wrong { border-left: 4px solid var(--bad); padding: .1rem 1rem; }
"""


def write_voices_page(
    path: Path, exhibits: Sequence[Exhibit], wrong: Mapping[str, str], *, largest_bytes: int = LARGEST_BYTES
) -> int:
    """Write the page of the voices; returns its size in bytes.

    `wrong` says per voice what is still wrong with it, paragraphs parted by
    empty lines. Raises OutputError when the page would be larger than allowed.
    """
    names = " and ".join(one.voice for one in exhibits)
    title = f"Voices: {names}"
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}{_MORE_STYLE}</style></head>\n<body>\n"
        f"<h1>{html.escape(title)}</h1>\n"
        '<p class="quiet">Phrases of held-out songs. Recordings are turned up by the voice\'s fixed gain. '
        "In the pictures the recording is above and the voice, singing from the score alone, below; "
        "time runs to the right over the phrase's length, 75 dB from black to white.</p>\n"
        + "".join(_voice(one, wrong.get(one.voice, "")) for one in exhibits)
        + "</body></html>\n"
    )
    size = len(text.encode())
    if size > largest_bytes:
        raise OutputError(
            f"the page has {size} bytes, more than {largest_bytes}", where=path, remedy="show fewer phrases"
        )
    write_text(path, text, make_folder=True)
    return size


def _voice(shown: Exhibit, wrong: str) -> str:
    parts = [
        f"<h2>{html.escape(shown.voice)} ({html.escape(shown.language)})</h2>\n",
        f'<p class="quiet">{html.escape(shown.about)} Measured by <code>{html.escape(shown.command)}</code>.</p>\n',
        _summary(shown.gates),
        gates_table(shown.gates),
    ]
    if wrong.strip():
        said = "".join(f"<p>{html.escape(' '.join(p.split()))}</p>\n" for p in wrong.split("\n\n") if p.strip())
        parts.append(f'<h3>What is still wrong</h3>\n<div class="wrong">{said}</div>\n')
    parts += ["<h3>Phrases</h3>\n", *(_phrase(shown, phrase) for phrase in shown.phrases)]
    return "".join(parts)


def _summary(found: Sequence[Gate]) -> str:
    counts = {verdict: sum(g.passed is verdict for g in found) for verdict in (True, False, None)}
    said = f"{counts[True]} gates passed, {counts[False]} failed, {counts[None]} not measured."
    return f"<p><strong>{said}</strong></p>\n"


def gates_table(found: Sequence[Gate]) -> str:
    """The gates as a table that scrolls by itself."""
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("gate", "target", "measured", "unit", "verdict", "of what"))
    lines = "".join(
        f'<tr><td>{html.escape(g.name)}</td><td class="number" data-head="target">{html.escape(g.target)}</td>'
        f'<td class="number" data-head="measured">{html.escape(gates.shown(g))}</td>'
        f"<td>{html.escape(g.unit)}</td>"
        f'<td class="{_CLASSES[g.passed]}">{_MARKS[g.passed]} {gates.VERDICTS[g.passed]}</td>'
        f"<td>{html.escape(g.detail)}</td></tr>\n"
        for g in found
    )
    table = f'<table class="gates"><thead><tr>{heads}</tr></thead>\n<tbody>{lines}</tbody></table>'
    return f'<div class="wide">{table}</div>\n'


def _phrase(shown: Exhibit, phrase: Phrase) -> str:
    players = "".join(
        f"<figure><figcaption>{html.escape(who)}</figcaption>"
        f'<audio controls="controls" preload="none" aria-label="{html.escape(f"{phrase.name}, {who}")}" '
        f'src="data:audio/mpeg;base64,{_coded(as_mp3(_modest(shown.sound(file))))}"></audio></figure>\n'
        for who, file in list(phrase.sounds.items())[:2]
    )
    pictures = "".join(
        f'<figure><img alt="{html.escape(f"{phrase.name}: spectrograms, {_CAPTIONS[kind]}")}" '
        f'src="data:image/webp;base64,{_coded((shown.folder / file).read_bytes())}"/>'
        f"<figcaption>{_CAPTIONS[kind]}</figcaption></figure>\n"
        for kind, file in phrase.pictures.items()
    )
    return (
        f'<section class="phrase"><h3>{html.escape(phrase.name)}</h3>\n'
        f'<p class="quiet">{phrase.seconds:.1f} s: {html.escape(phrase.phonemes)}</p>\n'
        f'<div class="clips">\n{players}</div>\n<div class="pictures">\n{pictures}</div></section>\n'
    )


def _modest(wave: Wave) -> Wave:
    return wave if wave.sample_rate_hz <= MODEST_RATE_HZ else wave.resampled(MODEST_RATE_HZ)


def _coded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
