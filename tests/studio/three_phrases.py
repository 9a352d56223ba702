"""A song of three phrases with rests between them, on the studio's page and as the library sings it."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from hands import Hand
from numpy.typing import NDArray

from visinger import Voice
from visinger.score.formats.json_score import from_document

QUARTER = 480
PHRASES = (("さ", "く", "ら"), ("は", "な", "み"), ("そ", "ら", "の"))
# what the page hands to the machine's sound, and when: the real player, on the real clock
TAPE = """() => {
  window.tape = [];
  if (window.packed) return; // a page that has a tape already
  window.packed = (floats) => {
    const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when) {
    this.piece = {at: Math.round(when * this.context.sampleRate), samples: packed(this.buffer.getChannelData(0))};
    window.tape.push(this.piece);
    return start.call(this, when);
  };
  const stop = AudioBufferSourceNode.prototype.stop;
  AudioBufferSourceNode.prototype.stop = function (...when) {
    if (!when.length) window.tape.splice(window.tape.indexOf(this.piece), 1); // taken back before it was heard
    return stop.call(this, ...when);
  };
}"""


def three_phrases() -> dict[str, Any]:
    """Three phrases of three notes with rests between them, some eight seconds."""
    notes, tick = [], QUARTER
    for k, words in enumerate(PHRASES):
        for n, word in enumerate(words):
            length = QUARTER * (3 if n == 2 else 1)
            notes.append({"tick": tick, "duration": length, "pitch": 55 + 2 * n + k, "lyric": word})
            tick += length
        tick += 2 * QUARTER
    return {
        "format": "visinger-score", "version": 1, "title": "三つ", "language": "ja",
        "tempos": [{"tick": 0, "quarters_per_minute": 150}], "length_ticks": tick,
        "parts": [{"name": "voice", "notes": notes}],
    }  # fmt: skip


SCORE = three_phrases()


def opened(hand: Hand) -> Hand:
    """The page with the three phrases performed, and a tape running."""
    file = {"name": "three.json", "mimeType": "application/json", "buffer": json.dumps(SCORE).encode()}
    hand.page.evaluate("visinger.state.set('tool', 'notes')")
    hand.page.set_input_files("#picker", file)
    hand.until("visinger.state.score.title === '三つ' && !visinger.state.undo_label && visinger.state.performance_fits")
    hand.page.evaluate(TAPE)
    return hand


def unpacked(text: str) -> NDArray[np.float32]:
    """The samples that the page's `packed` wrote as text: as numbers one by one they would take minutes."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def fetched(hand: Hand) -> NDArray[np.float32]:
    """The song's samples as the page has them."""
    song = "visinger.context.player.hearing.heard"
    return unpacked(hand.page.evaluate(f"packed({song}.copy(0, {song}.samples))"))


def sung(document: dict[str, Any], **wishes: Any) -> NDArray[np.float32]:
    """The song as the library sings it, without a server."""
    return Voice.load().sing(from_document(document, Path("song.json")), **wishes).samples


def rendered_whole(hand: Hand) -> None:
    hand.until("visinger.context.player.hearing.heard.progress().whole")
