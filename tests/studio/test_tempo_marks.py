"""Tempo marks in the ruler: added, typed over, taken away, by mouse, by key and by finger, in three languages."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hands import Hand, visitor

from visinger.score.formats.json_score import from_document

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
FINGER_PIXELS = 40


def tempos(hand: Hand, folder: Path) -> list[tuple[int, Fraction]]:
    score = from_document(hand.kept(folder)["score"], Path("kept"))
    return [(tempo.tick, tempo.quarters_per_minute) for tempo in score.tempo_map.tempos]


def marks(page: Any) -> list[str]:
    return sorted(page.locator(".tempo-mark").all_inner_texts())


def to_tick(page: Any, tick: int) -> None:
    page.evaluate(f"visinger.state.set('playhead_frame', visinger.view.tick_to_frame({tick}))")


def test_a_tempo_mark_is_added_typed_over_removed_and_taken_back(desk: Hand, studio: tuple[str, Path]) -> None:
    hand, page = desk, desk.page
    hand.open()
    assert marks(page) == ["♩=120"]
    to_tick(page, 2500)
    page.locator("#tempo-add").click()
    typed = page.locator("#tempo-typed")
    assert typed.input_value() == "120"
    typed.fill("72.5")
    hand.keys("Enter")
    assert marks(page) == ["♩=120", "♩=72.5"]
    assert tempos(hand, studio[1]) == [(0, 120), (1920, Fraction("72.5"))]  # from the bar that the playhead stands in
    assert page.evaluate("Math.round(visinger.view.frame_to_tick(visinger.state.playhead_frame))") == 2500
    ticks = page.evaluate("[visinger.view.tick_to_frame(1920), visinger.view.tick_to_frame(2400)]")
    assert ticks[1] - ticks[0] == pytest.approx(100 * 60 / 72.5)

    page.locator(".tempo-mark", has_text="♩=120").click()
    assert page.locator("#tempo-remove").is_hidden(), "a song begins at some tempo"
    typed.fill("96")
    page.locator("#roll").focus()  # what was typed holds without Enter too
    assert tempos(hand, studio[1])[0] == (0, 96)

    page.locator(".tempo-mark", has_text="72.5").click()
    page.locator("#tempo-remove").click()
    assert tempos(hand, studio[1]) == [(0, 96)]
    assert page.locator("#tempo-editor").is_hidden()
    page.focus("#roll")
    hand.keys("Control+z")
    assert marks(page) == ["♩=72.5", "♩=96"]


def test_marks_are_reached_and_removed_by_keys_and_an_impossible_tempo_is_told(
    desk: Hand, studio: tuple[str, Path]
) -> None:
    hand, page = desk, desk.page
    hand.open()
    to_tick(page, 2000)
    page.focus("#tempo-add")
    hand.keys("Enter")
    page.keyboard.type("5000")
    hand.keys("Enter")
    assert "Tempo goes from 10 to 500" in page.locator("#messages").inner_text()
    mark = page.locator(".tempo-mark").last
    assert mark.evaluate("box => box === document.activeElement"), "one returns to the mark"
    assert mark.get_attribute("aria-label") == "Tempo 120 from bar 2"
    hand.keys("Enter")
    page.keyboard.type("60")
    hand.keys("Escape")
    assert tempos(hand, studio[1]) == [(0, 120), (1920, 120)], "Escape leaves it as it was"
    notes = hand.notes()
    hand.keys("Delete")
    assert tempos(hand, studio[1]) == [(0, 120)]
    assert hand.notes() == notes


@pytest.mark.parametrize(("locale", "name"), [("zh-CN", "从第 2 小节起速度 90"), ("ja-JP", "2 小節目からテンポ 90")])
def test_fingers_reach_the_marks_on_a_tablet_and_they_speak_the_pages_language(
    browser: Any, studio: tuple[str, Path], locale: str, name: str
) -> None:
    with visitor(browser, studio[0], locale=locale, **TABLET) as hand:
        page = hand.page
        hand.open()
        to_tick(page, 1920)
        page.locator("#tempo-add").tap()
        page.locator("#tempo-typed").fill("90")
        hand.keys("Enter")
        mark = page.get_by_role("button", name=name)
        for box in (mark.bounding_box(), page.locator("#tempo-add").bounding_box()):
            assert min(box["width"], box["height"]) >= FINGER_PIXELS
        mark.tap()
        remove = page.locator("#tempo-remove")
        assert min(remove.bounding_box()["width"], remove.bounding_box()["height"]) >= FINGER_PIXELS
        remove.tap()
        page.wait_for_function("visinger.state.score.tempos.length === 1")
        assert marks(page) == ["♩=120"]


def test_of_marks_that_would_lie_on_each_other_the_first_is_shown_until_there_is_room(desk: Hand) -> None:
    hand, page = desk, desk.page
    hand.open()
    page.evaluate("""visinger.state.change('undo_tempo', (draft) => {
      draft.score.tempos = [...Array(60).keys()].map((k) => ({ tick: 120 * k, quarters_per_minute: 100 + k }));
    })""")
    page.evaluate("visinger.view.fit()")
    boxes = [mark.bounding_box() for mark in page.locator(".tempo-mark").all()]
    boxes.sort(key=lambda box: box["x"])
    assert 2 <= len(boxes) < 60
    for before, after in pairwise(boxes):
        assert before["x"] + before["width"] <= after["x"]
