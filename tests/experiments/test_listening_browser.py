"""The page of a listening test in a real browser: by keyboard, by touch, through reloads and a dead server."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hearing import listener, options, tone_folders

from visinger.cli.main import main
from visinger.experiments.listening.answers import decode
from visinger.experiments.listening.build import build
from visinger.experiments.listening.drawing import Sizes
from visinger.experiments.listening.plan import read_key, read_plan
from visinger.experiments.listening.server import ListeningServer

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SECONDS = 0.12  # of a clip


@contextmanager
def visitor(browser: object, **settings: object) -> Iterator[object]:
    """A page of a new listener, whose every error fails the test."""
    context = browser.new_context(**({"locale": "en-GB"} | settings))  # type: ignore[attr-defined]
    context.set_default_timeout(20_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    yield page
    context.close()
    assert faults == []


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[ListeningServer]:
    with ListeningServer(folder, port=port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = options(tmp_path, seconds=SECONDS, sizes=Sizes(clips=1, repeats=1, low_anchors=1, training=1))
    build(made)
    return made.out


def begin(page: object, address: str) -> None:
    page.goto(address)  # type: ignore[attr-defined]
    page.get_by_role("radio", name="Headphones").check()  # type: ignore[attr-defined]
    page.get_by_role("button", name="Begin").click()  # type: ignore[attr-defined]


def rate_by_keys(page: object, quality: int, naturalness: int) -> None:
    """Play with the space bar, rate with digits, go on with Enter."""
    page.keyboard.press("Space")  # type: ignore[attr-defined]
    page.keyboard.press("Tab")  # type: ignore[attr-defined]
    page.keyboard.press(str(quality))  # type: ignore[attr-defined]
    page.keyboard.press("Tab")  # type: ignore[attr-defined]
    page.keyboard.press(str(naturalness))  # type: ignore[attr-defined]
    page.locator("#next[aria-disabled=false]").wait_for()  # type: ignore[attr-defined]
    page.keyboard.press("Enter")  # type: ignore[attr-defined]


def answered(server: ListeningServer) -> list[dict[str, object]]:
    (path,) = (server.build / "answers").glob("*.json")
    found = json.loads(path.read_bytes())
    return list(found["answers"])


def test_a_whole_test_by_keyboard_with_a_reload_is_scored(browser, tmp_path, capsys) -> None:
    waves = tone_folders(tmp_path / "waves", lines=3, seconds=SECONDS)
    folder = tmp_path / "build"
    systems = [f"--system={name}={waves[name]}" for name in ("clear", "noisy")]
    sizes = ["--clips", "2", "--repeats", "1", "--low-anchors", "1", "--training", "1"]
    assert main(["listening", "build", str(folder), *systems, f"--recording={waves['recording']}", *sizes]) == 0
    plan, key = read_plan(folder), read_key(folder)
    level = {"recording": 5, "clear": 4, "noisy": 2, "low anchor": 1}
    with serving(folder) as server, visitor(browser) as page:
        page.goto(server.url + "?rehearsal")
        for press in ("Tab", "Tab", "Space", "Tab", "Tab", "Enter"):  # language, device, try a clip, begin
            page.keyboard.press(press)
        page.get_by_text("Practice clip 1 of 1").wait_for()
        page.locator("#next").focus()
        page.keyboard.press("Enter")
        assert page.get_by_text("Listen to the end first.").is_visible()
        assert page.get_by_text("Practice clip 1 of 1").is_visible(), "nobody rates what was not heard"
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        for number in range(len(plan.ids)):
            if number == 1:
                page.get_by_role("heading", name="Practice is over").wait_for()
                page.keyboard.press("Enter")
            if number == 4:
                page.keyboard.press("3")
                page.reload()
                assert page.get_by_text(f"Clip 4 of {len(plan.items)}").is_visible()
                assert page.get_by_role("radio", name="3 Fair").first.is_checked(), "even half an answer is kept"
            now = page.evaluate("JSON.parse(localStorage.getItem(localStorage.key(0))).pending.item")
            rated = level[key.items[now].system]
            rate_by_keys(page, rated, min(rated + 1, 5))
        page.get_by_text("Your answers have arrived.").wait_for()
        given = answered(server)
        assert not [url for url in requested if not url.startswith((server.url, "data:", "blob:"))]
    assert [answer["quality"] for answer in given] == [level[key.items[str(a["item"])].system] for a in given]
    assert {answer["item"] for answer in given} == plan.ids
    assert all(answer["plays"] == 1 and answer["seconds"] > 0 for answer in given)  # type: ignore[operator]
    assert main(["listening", "score", str(folder)]) == 2, "a rehearsal is no result"
    assert "made up" in capsys.readouterr().err
    assert main(["listening", "score", str(folder), "--allow-made-up"]) == 0
    report = capsys.readouterr().out
    assert "MADE UP" in report
    assert re.search(r"\| noisy \| 2\.00 \(± 0\.00\) .*\| 3\.00", report)


def overflow(page: object) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")  # type: ignore[attr-defined, no-any-return]


def cut_off(page: object) -> list[str]:
    """Texts wider than the box they stand in."""
    script = """() => [...document.querySelectorAll('button, label, .word, h1, p, summary')]
      .filter((box) => box.checkVisibility() && !box.classList.contains('unseen')
        && box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).display !== 'inline')
      .map((box) => box.textContent)"""
    return page.evaluate(script)  # type: ignore[attr-defined, no-any-return]


def test_a_page_without_a_server_works_on_a_phone_by_touch_and_gives_a_file(browser, folder, tmp_path) -> None:
    plan = read_plan(folder)
    with visitor(browser, **PHONE) as page:
        page.goto((folder / "page" / "index.html").as_uri())
        for language in ("zh", "ja", "en"):
            page.get_by_role("combobox").select_option(language)
            assert (overflow(page), cut_off(page)) == (0, []), language
        page.get_by_role("radio", name="Earphones").tap()
        page.get_by_role("button", name="Begin").tap()
        for number in range(len(plan.ids)):
            if number == 1:
                assert overflow(page) == 0
                page.get_by_role("button", name="Go on").tap()
            if number == 2:
                for language in ("zh", "ja", "en"):
                    page.get_by_role("combobox").select_option(language)
                    assert (overflow(page), cut_off(page)) == (0, []), language
            page.get_by_role("button", name="Play").tap()
            for question in ("Sound quality", "Naturalness"):
                scale = page.get_by_role("group", name=question)
                box = scale.locator("label").nth(3).bounding_box()
                assert min(box["width"], box["height"]) >= 44, "a finger needs 44 pixels"
                scale.get_by_role("radio", name="4 Good").tap()
            page.locator("#next[aria-disabled=false]").tap()
        assert page.get_by_text("Please save your answers as a file").is_visible()
        assert overflow(page) == 0
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save my answers").tap()
        saved = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved)
    found = decode(saved.read_bytes(), plan)
    assert found.complete(plan)
    assert (found.device, found.made_up, saved.name) == ("earphones", False, f"answers-{found.listener}.json")
    assert {(one.quality, one.naturalness) for one in found.answers} == {(4, 4)}


def test_a_server_that_dies_midway_gets_all_answers_when_it_is_back(browser, folder) -> None:
    plan = read_plan(folder)
    with visitor(browser) as page:
        with serving(folder) as server:
            begin(page, server.url)
            rate_by_keys(page, 4, 3)
            page.get_by_text("Saved on the server").wait_for()
            port = server.server_address[1]
            page.wait_for_load_state("networkidle")
        page.keyboard.press("Enter")  # practice is over
        rate_by_keys(page, 2, 2)  # both clips had been fetched ahead
        page.get_by_text("Saved on this device").wait_for()
        with serving(folder, port) as server:
            page.get_by_text("Saved on the server").wait_for()
            assert [answer["quality"] for answer in answered(server)] == [4, 2]
            code = page.locator("#listener").inner_text().split()[-1]
            with visitor(browser) as other:  # the first device is lost: the code is enough to go on
                other.goto(server.url)
                other.get_by_text("Continue a test begun elsewhere").click()
                other.get_by_label("Listener code").fill("0000-1111-2222-3333")
                other.keyboard.press("Enter")
                other.get_by_text("This code is not known here.").wait_for()
                other.get_by_label("Listener code").fill(code)
                other.keyboard.press("Enter")
                other.get_by_text(f"Clip 2 of {len(plan.items)}").wait_for()
                rate_by_keys(other, 5, 5)
                other.get_by_text("Saved on the server").wait_for()
            rate_by_keys(page, 1, 1)  # the first device comes back, and learns what the other has done
            page.get_by_text(f"Clip 3 of {len(plan.items)}").wait_for()
            assert [answer["quality"] for answer in answered(server)] == [4, 2, 5]


ORDER = """([key, listener, count]) => {
  const answers = [];
  const state = {listener, language: 'en', device: 'headphones', begun: true, rested: -1, answers, pending: null};
  while (answers.length < count) {  // a listener who has answered so much: which clip is next?
    localStorage.setItem(key, JSON.stringify({...state, rested: answers.length}));
    window.dispatchEvent(new StorageEvent('storage', {key}));
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', bubbles: true}));
    answers.push({item: JSON.parse(localStorage.getItem(key)).pending.item});
  }
  return answers.map((answer) => answer.item);
}"""


def test_the_order_is_each_listeners_own_and_keeps_clips_of_a_line_apart(browser, tmp_path) -> None:
    made = options(tmp_path, lines=3, seconds=SECONDS, sizes=Sizes(clips=3, repeats=3, low_anchors=1, training=0))
    build(made)
    plan = read_plan(made.out)
    groups = {item.id: item.group for item in plan.items}
    orders = []
    with visitor(browser) as page:
        page.goto((made.out / "page" / "index.html").as_uri())
        for number in (1, *range(1, 9)):
            order = page.evaluate(ORDER, [f"listening-{plan.test}", listener(number), len(plan.items)])
            assert sorted(order) == sorted(groups)
            assert not [pair for pair in pairwise(order) if groups[pair[0]] == groups[pair[1]]]
            orders.append(tuple(order))
    assert orders[0] == orders[1]
    assert len(set(orders)) == 8
    first = {order[0] for order in orders}
    assert len(first) > 3, "any clip may come first"


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
    if (!own || !box.checkVisibility() || box.closest('.unseen, script')) continue;
    const [high, low] = [luminance(numbers(getComputedStyle(box).color)), luminance(ground(box))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.push(`${box.textContent}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_every_control_has_a_name(browser, folder, scheme) -> None:
    with visitor(browser, color_scheme=scheme, reduced_motion="reduce") as page:
        page.goto((folder / "page" / "index.html").as_uri() + "?rehearsal")
        assert page.evaluate(CONTRAST) == []  # WCAG 2.2, 1.4.3: 4.5 to 1
        page.get_by_role("radio", name="Headphones").check()
        page.get_by_role("button", name="Begin").click()
        page.keyboard.press("4")
        assert page.evaluate(CONTRAST) == []
        focus = page.locator("label:has(:focus-visible)")
        assert focus.evaluate("(box) => getComputedStyle(box).outlineStyle") == "solid"
        assert page.evaluate("document.documentElement.lang") == "en"
        for question in ("Sound quality", "Naturalness"):
            names = [f"{k} {word}" for k, word in enumerate(("Bad", "Poor", "Fair", "Good", "Excellent"), start=1)]
            scale = page.get_by_role("group", name=question)
            assert [scale.get_by_role("radio", name=name, exact=True).count() for name in names] == [1] * 5
        nameless = "() => [...document.querySelectorAll('button, a, input, select, [role=progressbar]')]"
        nameless += ".filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || (e.labels || [])[0]"
        nameless += "|| e.getAttribute('aria-labelledby'))).length"
        assert page.evaluate(nameless) == 0
