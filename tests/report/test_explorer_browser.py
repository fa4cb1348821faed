"""The explorer in a real browser: filters, deep links, zoom, keys, narrow and wide pages, dark mode."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser, browser
from tests.report.sites import EVIL, clips, coco, value_of

pytestmark = pytest.mark.browser
RIGHT, ESCAPE, ENTER, TAB = "\ue014", "\ue00c", "\ue007", "\ue004"


@pytest.fixture(scope="module")
def session() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coco(tmp_path_factory.mktemp("coco"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips(tmp_path_factory.mktemp("clips"))


def until(session: Browser, condition: str) -> Any:
    """Wait until an expression is true in the page."""
    for _ in range(100):
        found = session.run(f"return {condition};")
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"never true: {condition}")


def opened(session: Browser, site: Path, link: str = "") -> None:
    session.look(1600, 1000)
    session.go("about:blank")
    session.go((site / "index.html").resolve().as_uri() + link)
    until(session, "document.querySelectorAll('.card .truth').length > 0")


def choose(session: Browser, name: str, value: str) -> None:
    field = f"document.querySelector('form [name={name}]')"
    session.run(f"{field}.value = {value!r}; {field}.dispatchEvent(new Event('input', {{bubbles: true}}));")


def count(session: Browser) -> str:
    return session.texts("#count")[0]


def test_every_frame_is_shown_and_nothing_fails(session: Browser, site: Path) -> None:
    opened(session, site)
    assert count(session) == "45 frames"
    assert len(session.texts(".card")) == 45
    assert EVIL in session.texts(".bars .joint")[0]
    until(session, "document.querySelectorAll('.card image').length === 23")
    assert session.console() == []


def test_a_bar_shows_its_frames(session: Browser, site: Path) -> None:
    opened(session, site)
    system = value_of(site / "data" / "index.js")["systems"][0]
    wanted = sum(any(pair[2][9] == "2" for pair in pairs) for pairs in system["pairs"])
    assert 0 < wanted < 45
    session.run("document.querySelectorAll('.bars .both')[9].querySelector('.k2').click();")
    assert count(session) == f"{wanted} of 45 frames"
    assert session.run("return location.hash;") == "#kind=2&joint=9"
    session.run("document.querySelectorAll('.bars .both')[9].querySelector('.k2').click();")
    assert count(session) == "45 frames"


@pytest.mark.parametrize(("kind", "column"), [("m", "miss"), ("f", "alone")])
def test_misses_and_false_positives_are_found(session: Browser, site: Path, kind: str, column: str) -> None:
    opened(session, site)
    index = value_of(site / "data" / "index.js")
    least = index["threshold"] if kind == "f" else -1
    wanted = sum(any(one >= least for one in found) for found in index["systems"][0][column])
    choose(session, "kind", kind)
    assert count(session) == f"{wanted} of 45 frames"


def test_filters_by_name_slice_and_score(session: Browser, site: Path) -> None:
    opened(session, site)
    index = value_of(site / "data" / "index.js")
    key = index["key"][7]
    choose(session, "name", key)
    wanted = sum(key in one or key in name for one, name in zip(index["key"], index["name"], strict=True))
    assert count(session) == f"{wanted} of 45 frames"
    choose(session, "name", index["name"][7].upper())
    assert session.texts(".card b") == [index["name"][7]]
    session.click("form [type=reset]")
    assert count(session) == "45 frames"
    choose(session, "slice", "p2")
    pairs, miss = (index["systems"][0][name] for name in ("pairs", "miss"))
    inside = [any(p[3] & 4 for p in pairs[at]) or any(m & 4 for m in miss[at]) for at in range(45)]
    assert count(session) == f"{sum(inside)} of 45 frames"
    choose(session, "name", "no such frame")
    assert count(session) == "0 of 45 frames"
    assert "No frame has all of this" in session.texts("#frames")[0]
    session.click("form [type=reset]")
    choose(session, "score", "0.9")
    high = sum(bool(miss[at]) or any(p[0] >= 0.9 for p in pairs[at]) for at in range(45))
    assert count(session) == f"{high} of 45 frames"


def test_a_deep_link_opens_its_frame_and_keys_move_on(session: Browser, site: Path) -> None:
    index = value_of(site / "data" / "index.js")
    key, name = index["key"][4], index["name"][4]
    assert key != name  # an id, and the file that people know
    opened(session, site, f"#sort=name&frame={key}")
    until(session, "document.querySelectorAll('dialog .pair').length > 0")
    assert session.texts("dialog h2") == [name]
    session.keys(RIGHT)
    assert session.texts("dialog h2") == [index["name"][5]]
    assert session.run("return location.hash;") == f"#sort=name&frame={index['key'][5]}"
    session.run("history.back();")
    until(session, f"document.querySelector('dialog h2').textContent === '{name}'")
    session.keys(ESCAPE)
    assert session.run("return document.querySelector('dialog').open;") is False
    session.keys("/zz")
    assert session.run("return document.activeElement.name;") == "name"
    assert session.console() == []


def test_a_frame_is_zoomed_by_keys_wheel_and_buttons(session: Browser, site: Path) -> None:
    opened(session, site, f"#frame={value_of(site / 'data' / 'index.js')['key'][0]}")
    until(session, "document.querySelectorAll('dialog .pair').length > 0")

    def box() -> list[float]:
        text = session.run("return document.querySelector('dialog svg').getAttribute('viewBox');")
        return [float(one) for one in text.split()]

    home = box()
    assert home == [-0.5, -0.5, 640, 480]  # the image, from the corner of its first pixel
    session.keys("+")
    assert box()[2] == pytest.approx(640 / 1.4)
    session.keys("0")
    assert box() == home
    wheel = "new WheelEvent('wheel', {deltaY: -1, clientX: 700, clientY: 400, cancelable: true})"
    session.run(f"document.querySelector('dialog svg').dispatchEvent({wheel});")
    assert box()[2] < home[2]
    session.click("[data-do=whole]")
    session.click(".people button")
    assert box()[2] < home[2]
    session.keys("g")
    assert session.run("return document.querySelectorAll('dialog .truth').length;") == 0


def test_predictions_below_the_score_are_ghosts(session: Browser, site: Path) -> None:
    index = value_of(site / "data" / "index.js")
    alone = index["systems"][0]["alone"]
    at = max(range(45), key=lambda row: len(alone[row]))
    opened(session, site, f"#frame={index['key'][at]}")
    until(session, "document.querySelectorAll('dialog .pair').length > 0")
    assert session.run("return document.querySelectorAll('dialog .ghost, dialog .alone').length;") == 0
    session.keys("a")

    def drawn() -> tuple[int, int]:
        found = session.run(
            "return ['ghost', 'alone'].map((c) => document.querySelectorAll('dialog .' + c).length);"
        )
        return found[0], found[1]

    for least in (0.0, 0.3, 1.0):
        slider = "document.querySelector('dialog [name=score]')"
        session.run(f"{slider}.value = {least}; {slider}.dispatchEvent(new Event('input'));")
        above = sum(score >= least for score in alone[at])
        assert drawn() == (len(alone[at]) - above, above)


def test_predictions_without_a_score_are_no_ghosts(session: Browser, site: Path) -> None:
    opened(session, site)
    frame = "{win: [0, 0, 9, 9], t: [], p: [[{xy: [1, 2, 5, 6], s: 0.1}, {xy: [1, 2, 5, 6]}]]}"
    options = "{system: 0, all: true, score: 0.5, truth: true, image: null}"
    drawn = session.run(
        "const svg = poseval.svg('svg');"
        f"poseval.draw(svg, {frame}, {{joints: ['a', 'b'], limbs: [[0, 1]]}}, {options});"
        "return [...svg.querySelectorAll('g')].map((g) => g.getAttribute('class'));"
    )
    assert drawn == ["ghost", "alone"]
    assert session.run("return [null, 0, 1].map(poseval.above);") == [True, False, True]


def test_two_systems_stand_beside_each_other(session: Browser, two: Path) -> None:
    index = value_of(two / "data" / "index.js")
    opened(session, two, f"#frame={index['key'][3].replace('/', '%2F')}")
    until(session, "document.querySelectorAll('dialog .pair').length > 0")
    assert session.run("return document.querySelectorAll('dialog .stage figure').length;") == 2
    session.keys("+")
    boxes = "return [...document.querySelectorAll('dialog svg')].map((svg) => svg.getAttribute('viewBox'));"
    first, second = session.run(boxes)
    assert first == second
    session.keys(ESCAPE)
    choose(session, "sys", "1")
    assert session.texts("#time h3") == []
    assert session.console() == []


def test_the_time_line_of_a_sequence(session: Browser, two: Path) -> None:
    index = value_of(two / "data" / "index.js")
    opened(session, two, "#seq=1&sys=1")
    assert count(session) == "12 of 24 frames"
    lanes = session.run("return document.querySelectorAll('.timeline text').length;")
    assert lanes == 3
    events = [one for one in index["systems"][1]["list"] if index["sequence"][one[0]] == 1]
    assert any(one[1] == "s" for one in events)
    assert len(session.texts("#time .events button")) == len(events)
    session.click("#time .events button")
    assert session.texts("dialog h2") == [index["key"][events[0][0]]]


def test_bars_and_counts_say_of_which_system_they_are(session: Browser, two: Path) -> None:
    opened(session, two)
    assert session.texts("#errors .systems span")[:2] == ["A a.npz", "B b.npz"]
    assert session.texts(".scores tbody th") == ["A a.npz", "B b.npz"]
    assert session.texts(".bars .both:nth-of-type(1) .letter")[:2] == ["A", "B"]
    part = "document.querySelectorAll('.bars .lettered .bar')[1].querySelector('.part')"
    title = session.run(f"return {part}.title;")
    assert ", b.npz: " in title
    jitter = session.texts(".kinds .kind")[0].split()
    index = value_of(two / "data" / "index.js")
    counted = [
        sum(faults.count("2") for pairs in system["pairs"] for _, _, faults, _ in pairs)
        for system in index["systems"]
    ]
    assert jitter == ["jitter", "A", f"{counted[0]:,}", "B", f"{counted[1]:,}"]
    assert session.texts("#drawn") == ["pictures show A"]
    choose(session, "sys", "1")
    assert session.texts("#errors .systems span")[0] == "B b.npz"
    assert session.texts("#drawn") == ["pictures show B"]


def test_keys_alone_choose_a_bar_and_keep_the_focus(session: Browser, two: Path) -> None:
    opened(session, two)
    session.run("document.querySelector('.bars .part').focus();")
    key = session.run("return document.activeElement.dataset.key;")
    session.keys(ENTER)
    assert session.run("return document.activeElement.dataset.key;") == key
    assert session.run("return document.activeElement.ariaPressed;") == "true"
    session.keys(ENTER)
    assert session.run("return location.hash;") in ("", "#")
    assert session.run("return document.activeElement.dataset.key;") == key


def test_the_frames_are_two_keys_away(session: Browser, two: Path) -> None:
    opened(session, two)
    session.keys(TAB + ENTER)
    assert session.run("return document.activeElement.className;") == "card"
    session.keys(ENTER)
    assert session.run("return document.querySelector('dialog').open;") is True
    session.keys(ESCAPE)
    assert session.run("return document.activeElement.className;") == "card"


def test_the_people_of_a_frame_are_legible_on_a_phone(session: Browser, two: Path) -> None:
    opened(session, two)
    session.look(500, 900)
    session.run("document.querySelector('.card').click();")
    until(session, "document.querySelectorAll('dialog .people tbody tr').length > 0")
    heights = session.run(
        "return [...document.querySelectorAll('.people td:last-child button, .people td[data-label]')]"
        ".map((one) => one.getClientRects().length === 1 && one.getBoundingClientRect().height);"
    )
    assert all(0 < height < 45 for height in heights)  # a line each
    assert session.texts("dialog .legend li")[:2] == ["ground truth", "miss"]
    assert session.run("return document.querySelector('dialog').scrollWidth;") <= 500


def test_frames_that_were_let_go_are_read_again(session: Browser, site: Path) -> None:
    """Only some files of frames are kept, so that a walk through all pages does not fill the memory."""
    opened(session, site)
    read, *windows = session.run(
        "poseval.most_chunks = 1; const append = document.head.append; let read = 0;"
        "document.head.append = function (...made) { read++; append.apply(this, made); };"
        "const found = []; for (const at of [0, 25, 0, 44]) found.push((await poseval.load(at)).win);"
        "document.head.append = append; return [read, ...found];"
    )
    chunks = [value_of(site / "data" / f"frames-{number:05d}.js") for number in range(3)]
    assert windows == [chunks[at // 20][at % 20]["win"] for at in (0, 25, 0, 44)]
    assert read == 3  # the first was there


def test_what_is_drawn_of_many_joints_is_finer(session: Browser, site: Path) -> None:
    opened(session, site)
    made = session.run(
        "const frame = {win: [0, 0, 9, 9], t: [], p: [[]]};"
        "return [40, 41].map((count) => { const svg = poseval.svg('svg');"
        "poseval.draw(svg, frame, {joints: Array(count).fill('a'), limbs: []}, {system: 0});"
        "return svg.classList.contains('dense'); });"
    )
    assert made == [False, True]


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits(session: Browser, two: Path, width: int, dark: bool, tmp_path: Path) -> None:
    opened(session, two)
    session.look(width, 900, dark)
    session.run("document.querySelectorAll('details').forEach((one) => { one.open = true; });")
    assert session.run("return document.documentElement.scrollWidth;") <= width
    colours = session.run("const s = getComputedStyle(document.body); return [s.color, s.backgroundColor];")
    light = [sum(int(n) for n in one[4:-1].split(",")) > 384 for one in colours]
    assert light == ([True, False] if dark else [False, True])
    session.run("document.querySelector('.card').click();")
    until(session, "document.querySelectorAll('dialog .pair').length > 0")
    assert session.run("return document.querySelector('dialog').scrollWidth;") <= width
    session.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000
    assert session.console() == []
