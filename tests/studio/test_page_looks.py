"""The page to the eye and the finger: contrast, names, room, on a desk and on a tablet, in three languages."""

from collections.abc import Callable

import pytest
from hands import Hand, visitor

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True}
FINGER_PIXELS = 40
FINGER_TRAVELS_MS = 400  # to another place; Chromium takes no tap that follows a drag at once

CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (box) => {
    for (; box; box = box.parentElement) {
      const colour = numbers(getComputedStyle(box).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const box of document.querySelectorAll('body *')) {
    const own = [...box.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !box.checkVisibility() || box.closest('.unseen, script, option, [aria-disabled=true]')) continue;
    const [high, low] = [luminance(numbers(getComputedStyle(box).color)), luminance(ground(box))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.push(`${box.textContent}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, canvas, [role]')]
  .filter((box) => box.checkVisibility() && box.getAttribute('aria-hidden') !== 'true'
    && !['status', 'log'].includes(box.getAttribute('role')))
  .filter((box) => !(box.ariaLabel || box.textContent.trim() || (box.labels || [])[0]?.textContent.trim()
    || box.getAttribute('aria-labelledby')))
  .map((box) => box.outerHTML.slice(0, 120))"""
# what hangs out of the page, or is cut off inside its own box
OVERFLOWING = """() => [...document.querySelectorAll('#top *, #score-bar *, #foot *, dialog[open] *')]
  .filter((box) => box.checkVisibility() && !box.closest('svg, option, .unseen'))
  .filter((box) => {
    const {left, right} = box.getBoundingClientRect();
    const text = box.matches('button, label, p, h2, h3');
    return left < -0.5 || right > innerWidth + 0.5 || (text && box.scrollWidth > box.clientWidth + 1);
  }).map((box) => `${box.id || box.className} ${box.textContent.slice(0, 40)}`)"""
SMALL = """(pixels) => [...document.querySelectorAll('#top button, #tool-bar button, #tool-bar label')]
  .filter((box) => box.checkVisibility() && box.getBoundingClientRect().height < pixels)
  .map((box) => box.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_every_control_has_a_name(browser, studio, scheme) -> None:
    with visitor(browser, studio[0], color_scheme=scheme, reduced_motion="reduce") as hand:
        hand.open("molihua.musicxml")
        hand.page.get_by_text("outside the range").wait_for()
        for tool in ("1", "2", "3"):
            hand.page.focus("#roll")
            hand.keys(tool)
            assert hand.page.evaluate(CONTRAST) == []  # WCAG 2.2, 1.4.3: 4.5 to 1
            assert hand.page.evaluate(NAMELESS) == []
        for opening in ("?", "Control+o"):
            hand.keys(opening)
            assert hand.page.locator("dialog[open]").is_visible()
            assert hand.page.evaluate(CONTRAST) == []
            assert hand.page.evaluate(NAMELESS) == []
            hand.keys("Escape")
        hand.page.locator("#title").focus()
        hand.keys("Tab")
        ring = hand.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid"


@pytest.mark.parametrize("settings", [{}, TABLET], ids=["desk", "tablet"])
def test_nothing_hangs_out_of_the_page_in_any_language(browser, studio, settings) -> None:
    with visitor(browser, studio[0], **settings) as hand:
        hand.open("molihua.musicxml")
        for language, tag in (("en", "en"), ("zh", "zh-Hans"), ("ja", "ja")):
            hand.page.locator("#language").select_option(language)
            assert hand.page.evaluate("document.documentElement.lang") == tag
            for tool in ("notes", "pitch", "phonemes"):
                hand.page.evaluate("(tool) => visinger.state.set('tool', tool)", tool)
                assert hand.page.evaluate(OVERFLOWING) == [], (language, tool)
            hand.page.evaluate("visinger.context.commands.run('help')")
            hand.page.locator("#help[open]").wait_for()
            assert hand.page.evaluate(OVERFLOWING) == [], language
            hand.keys("Escape")
            assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            roll = hand.page.locator("#roll").bounding_box()
            assert roll["height"] > 200, "the roll keeps room to write in"
        if settings:
            assert hand.page.evaluate(SMALL, FINGER_PIXELS) == []


def test_the_language_follows_the_browser_and_a_choice_is_kept(browser, studio) -> None:
    with visitor(browser, studio[0], locale="ja-JP") as hand:
        assert hand.page.get_by_role("button", name="元に戻す").count() == 1
        hand.page.locator("#language").select_option("zh")
        hand.page.reload()
        hand.page.locator("html[data-ready]").wait_for(state="attached")
        hand.keys("Escape")
        assert hand.page.get_by_role("button", name="撤销").count() == 1


Place = tuple[float, float]


def toucher(hand: Hand) -> Callable[..., None]:
    """Puts fingers on the page: touch("Start", (x, y), …), touch("Move", …), touch("End")."""
    session = hand.page.context.new_cdp_session(hand.page)

    def touch(kind: str, *points: Place) -> None:
        fingers = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": fingers})

    return touch


def test_fingers_scroll_zoom_move_and_write(browser, studio) -> None:
    with visitor(browser, studio[0], **TABLET) as hand:
        hand.open()
        notes, page, touch = hand.notes(), hand.page, toucher(hand)
        box = page.locator("#roll").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] - 12
        view = "[visinger.view.first_tick, visinger.view.pixels_per_tick]"

        first, scale = page.evaluate(view)
        touch("Start", middle)
        for step in range(1, 6):
            touch("Move", (middle[0] - 20 * step, middle[1]))
        touch("End")
        assert page.evaluate(view)[0] == pytest.approx(first + 100 / scale, abs=2 / scale)
        assert hand.notes() == notes, "to scroll is not to write"

        left, right = (middle[0] - 40, middle[1]), (middle[0] + 40, middle[1])
        touch("Start", left)
        touch("Start", left, right)
        touch("Move", (left[0] - 40, left[1]), (right[0] + 40, right[1]))
        touch("End")
        assert page.evaluate(view)[1] == pytest.approx(2 * scale, rel=0.05)

        page.evaluate("visinger.view.fit()")
        head, by = hand.place(2), hand.pixels(semitones=2)
        touch("Start", head)
        touch("Move", (head[0], head[1] + by[1] / 2))
        touch("Move", (head[0], head[1] + by[1]))
        touch("End")
        assert hand.notes("pitch")[2] == (notes[2][2] + 2,)
        page.wait_for_timeout(FINGER_TRAVELS_MS)
        page.get_by_role("button", name="Undo").tap()
        page.wait_for_function(f"visinger.state.notes[2].pitch === {notes[2][2]}")
        assert hand.notes() == notes

        end = page.evaluate("visinger.view.tick_to_x(visinger.state.notes.at(-1).tick + 1920)") + box["x"]
        page.wait_for_timeout(FINGER_TRAVELS_MS)
        for _ in range(2):
            page.touchscreen.tap(end, box["y"] + 30)
        page.wait_for_function(f"visinger.state.notes.length === {len(notes) + 1}")  # two taps write a note
