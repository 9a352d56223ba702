"""The studio's page by hand and by key: a song opened, shaped, taken back, and found again."""

import json
from pathlib import Path

from hands import EXAMPLES, Hand

import visinger
from visinger.score.formats.json_score import from_document

QUARTER = 480


def rewritten(hand: Hand, first: int, *lyrics: str) -> None:
    """Type words on notes as a person does: Enter on the first, Tab to the next."""
    hand.page.evaluate("(index) => visinger.state.select([index])", first)
    hand.page.focus("#roll")
    hand.keys("Enter")
    for lyric in lyrics:
        hand.page.keyboard.insert_text(lyric)
        hand.keys("Tab")
    hand.keys("Escape")


def test_a_song_is_opened_shaped_by_hand_taken_back_and_found_again_after_a_reload(desk, studio) -> None:
    hand, (_, folder) = desk, studio
    score = visinger.read_score(EXAMPLES / "sakura.musicxml").parts[0].notes
    hand.open("sakura.musicxml")
    assert hand.notes() == [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in score]
    opened = hand.notes()

    rewritten(hand, 0, "は", "る", "が")
    assert hand.notes("lyric")[:4] == [("は",), ("る",), ("が",), (score[3].lyric,)]

    hand.drag(hand.place(2), hand.pixels(ticks=QUARTER / 4, semitones=-3))
    assert hand.notes()[2][:3] == (opened[2][0] + QUARTER // 4, opened[2][1], opened[2][2] - 3)
    assert hand.notes()[3][0] == hand.notes()[2][0] + hand.notes()[2][1], "the next note gave room"
    hand.keys("Control+z")
    assert hand.notes()[2:4] == [(*opened[2][:3], "が"), opened[3]], "and has it back"

    hand.drag(hand.place(5, 0.97), hand.pixels(ticks=-QUARTER / 2))
    assert hand.notes("duration")[5] == (opened[5][1] - QUARTER // 2,)
    hand.keys("s")
    halves = hand.notes("tick duration lyric")[5:7]
    assert sum(half[1] for half in halves) == opened[5][1] - QUARTER // 2
    assert [half[2] for half in halves] == [opened[5][3], None], "the second half holds the vowel of the first"
    assert hand.selection() == [5, 6]
    hand.keys("j")
    assert hand.notes()[5] == (*opened[5][:1], opened[5][1] - QUARTER // 2, *opened[5][2:])
    assert len(hand.notes()) == len(opened)

    before = hand.notes()
    hand.keys("Delete", "Control+z")
    assert hand.notes() == before
    hand.keys("Control+Shift+z")
    assert len(hand.notes()) == len(before) - 1
    hand.keys("Control+z")

    hand.saved()
    hand.page.reload()
    hand.page.locator("html[data-ready]").wait_for(state="attached")
    assert hand.notes() == before
    document = hand.kept(folder)["score"]
    sung = from_document(document, Path("kept")).parts[0].notes
    assert [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in sung] == before


def test_a_song_is_written_from_nothing_with_the_keyboard_alone(desk) -> None:
    hand = desk
    page = hand.page
    hand.keys("Alt+n")
    page.get_by_label("Words in").select_option("ja")
    page.locator("#roll").focus()
    hand.keys("n", "]", "]", "ArrowUp", "ArrowUp", "Enter")
    page.keyboard.insert_text("ゆ")
    hand.keys("Enter", "n", "ArrowDown", "Enter")
    page.keyboard.insert_text("き")
    hand.keys("Enter", "n", "Alt+ArrowRight", "Shift+ArrowUp")
    grid = QUARTER // 4
    assert hand.notes() == [
        (0, QUARTER + 2 * grid, 69, "ゆ"),
        (QUARTER + 2 * grid, QUARTER + 2 * grid, 68, "き"),
        (2 * QUARTER + 5 * grid, QUARTER + 2 * grid, 80, "ら"),
    ]
    spoken = page.locator("#roll-voice")
    assert spoken.inner_text() == "ら, G♯5, bar 1, beat 4.25, 1.5 beats"
    hand.keys("Home")
    assert spoken.inner_text().startswith("ゆ, A4, bar 1, beat 1,")
    hand.keys("Shift+ArrowRight", "Control+d")
    assert [note[3] for note in hand.notes()] == ["ゆ", "き", "ゆ", "き"], "what is repeated takes its room"
    hand.keys("Escape")
    assert hand.selection() == []
    hand.keys("?")
    sheet = page.get_by_role("dialog", name="Keys")
    assert sheet.get_by_text("Split at the playhead or in the middle").is_visible()
    hand.keys("Escape")
    assert not sheet.is_visible()


def test_every_control_is_reached_with_tab_and_none_holds_the_focus(desk) -> None:
    hand = desk
    hand.open()
    wanted = set(
        hand.page.evaluate("""[...document.querySelectorAll('button, select, input, canvas[tabindex="0"]')]
      .filter((box) => box.checkVisibility() && !box.disabled && !box.closest('dialog') && box.tabIndex >= 0)
      .map((box) => box.id || box.dataset.command || box.name).filter(Boolean)""")
    )
    hand.page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(80):
        hand.keys("Tab")
        at = hand.page.evaluate("(({id, dataset, name}) => id || dataset.command || name)(document.activeElement)")
        reached.add(at)
    assert {"roll", "ruler", "title", "undo", "split", "field-voice", "snap", "menu"} <= wanted
    assert wanted - reached == set()


def test_words_pasted_or_filled_in_are_parted_as_they_are_sung(desk) -> None:
    hand = desk
    hand.open()
    hand.page.evaluate("visinger.state.select([2])")
    hand.page.focus("#roll")
    hand.keys("Control+l")
    hand.page.get_by_role("textbox", name="Words for many notes").fill("きょうはコーヒー 好花、mo li -")
    hand.page.get_by_role("button", name="Lay on the notes").click()
    words = ["きょ", "う", "は", "コー", "ヒー", "好", "花", "mo", "li", "-"]
    assert [lyric for (lyric,) in hand.notes("lyric")][2:12] == words
    hand.keys("Control+z")
    paste = """(text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      document.getElementById("roll").dispatchEvent(
        new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
    }"""
    hand.page.evaluate(paste, "はな")
    assert [lyric for (lyric,) in hand.notes("lyric")][2:4] == ["は", "な"]


def test_notes_are_copied_to_the_playhead_and_again_after_it(desk) -> None:
    hand = desk
    hand.open()
    notes = hand.notes()
    end = -(-(notes[-1][0] + notes[-1][1]) // 1920) * 1920
    hand.page.evaluate("(tick) => visinger.state.set('playhead_frame', visinger.view.tick_to_frame(tick))", end)
    hand.page.evaluate("visinger.state.select([0, 1, 2])")
    hand.page.get_by_role("button", name="Copy").click()
    for _ in range(2):
        hand.page.get_by_role("button", name="Paste at the playhead").click()
    length = notes[2][0] + notes[2][1]
    assert hand.notes() == notes + [
        (tick + end + again * length, *rest) for again in (0, 1) for tick, *rest in notes[:3]
    ]


def test_the_pointer_writes_chooses_and_drags_many(desk) -> None:
    hand = desk
    hand.open()
    notes = hand.notes()
    x, y = hand.place(0, 0.03)
    free = y + hand.pixels(semitones=-5)[1]
    hand.page.mouse.dblclick(x, free)
    written = hand.notes()
    head = (120, notes[0][1] - 120, *notes[0][2:])
    assert written == [(0, 120, notes[0][2] - 5, "ら"), head, *notes[1:]], "the note that was there gives room"
    hand.keys("Control+z")
    hand.drag((x - 8, y - 60), (hand.place(2)[0] - x, 90))
    assert hand.selection() == [0, 1, 2]
    hand.drag(hand.place(1), hand.pixels(semitones=2))
    assert [n[2] for n in hand.notes()[:4]] == [n[2] + 2 for n in notes[:3]] + [notes[3][2]]
    hand.page.mouse.click(*hand.place(7))
    assert hand.selection() == [7]
    hand.page.mouse.dblclick(*hand.place(8))
    field = hand.page.get_by_role("textbox", name="Words of the note")
    assert field.input_value() == notes[8][3]
    hand.keys("Tab")
    assert field.input_value() == notes[9][3]
    hand.keys("Shift+Tab", "Escape")
    assert hand.selection() == [8]


def test_an_input_methods_enter_and_tab_are_its_own(desk) -> None:
    hand = desk
    hand.open()
    hand.page.mouse.dblclick(*hand.place(2))
    client = hand.page.context.new_cdp_session(hand.page)
    client.send("Input.imeSetComposition", {"text": "hana", "selectionStart": 4, "selectionEnd": 4})
    press = {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 229, "code": "Enter"}
    client.send("Input.dispatchKeyEvent", press)
    field = hand.page.locator("#lyric")
    assert field.is_visible(), "the word is still being composed"
    client.send("Input.insertText", {"text": "花"})
    hand.keys("Enter")
    assert not field.is_visible()
    assert hand.notes("lyric")[2] == ("花",)


def test_a_score_is_dropped_and_a_file_that_is_none_says_so(desk) -> None:
    drop = """([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    note = {"tick": 0, "duration": 480, "pitch": 60, "lyric": "か"}
    score = {"format": "visinger-score", "version": 1, "parts": [{"name": "a", "notes": [note]}]}
    hand = desk
    hand.page.evaluate(drop, ["mine.json", json.dumps(score)])
    hand.until("visinger.state.notes.length === 1")
    assert hand.page.get_by_label("Title of the song").input_value() == "mine"
    hand.page.evaluate(drop, ["broken.musicxml", "<score-partwise><part>"])
    problem = hand.page.locator("#messages[data-kind=problem]")
    assert "broken.musicxml" in problem.inner_text()
    assert hand.notes() == [(0, 480, 60, "か")], "the song that was there stays"


def test_tempo_time_voice_and_transposition_are_the_songs_own_and_taken_back(desk, studio) -> None:
    hand, page = desk, desk.page
    hand.open()
    page.locator("#field-tempo").fill("90.5")
    hand.keys("Enter")
    page.locator("#field-beats").fill("3")
    hand.keys("Enter")
    page.locator("#field-transpose").select_option("-2")
    page.evaluate("visinger.state.set('playhead_frame', visinger.view.tick_to_frame(1500))")
    page.focus("#roll")
    hand.keys("Alt+t")  # a new tempo from the bar that begins at tick 1440
    page.locator("#field-tempo").fill("60")
    hand.keys("Enter")
    kept = hand.kept(studio[1])
    score = from_document(kept["score"], Path("kept"))
    assert [(t.tick, float(t.quarters_per_minute)) for t in score.tempo_map.tempos] == [(0, 90.5), (1440, 60.0)]
    assert [(s.beats, s.beat_unit) for s in score.time_signatures] == [(3, 4)]
    assert kept["transpose"] == -2
    page.locator("#field-seed").fill("-4")
    hand.keys("Enter")
    assert "Seed goes from 0" in page.locator("#messages").inner_text()
    assert page.locator("#field-seed").input_value() == "0"
    page.focus("#roll")
    hand.keys("Control+z", "Control+z", "Control+z", "Control+z", "Control+z")
    assert hand.kept(studio[1])["transpose"] == 0
    assert page.locator("#field-tempo").input_value() == "120"
