"""The verification page, opened from a disk without a network, answers what the command-line verifier answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from inspection_service.reports.answers import texts_of
from inspection_service.reports.chain import Trust
from inspection_service.reports.seal import seal
from tests.e2e.instance import Instance
from tests.unit.reports.dossiers import SEALED_AT, dossier
from tests.unit.reports.page_cases import Case, make_attacks, make_cases, pem, said
from tests.unit.reports.pki import Pki
from tests.unit.reports.verify_samples import NOW, Whole, bundled, whole

pytestmark = pytest.mark.e2e

PAGE = Path("inspection_service/static/verify.html").resolve()
OPENED = re.compile(r"file:///[^?#]*verify[^?#]*\.html(#[a-z]*)?|data:,|blob:.*")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that is not connected to anything."""
    made = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}, offline=True)
    yield made
    made.close()


@pytest.fixture
def asked(context: BrowserContext) -> list[str]:
    """Every address the browser asked for."""
    addresses: list[str] = []
    context.on("request", lambda request: addresses.append(request.url))
    return addresses


@pytest.fixture(scope="module")
def report() -> Whole:
    return whole(Pki.make(), corrections=("addendum",))


def opened(context: BrowserContext, path: Path = PAGE) -> Page:
    """The page from the disk; anything it complains about fails the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page failed: {error}"))
    page.goto(path.as_uri())
    page.locator("h1").wait_for()
    return page


def give(page: Page, files: Mapping[str, bytes], trust: Trust) -> None:
    """Say whom to trust, then hand over the files."""
    bring(page, trust)
    hand_over(page, files)


def bring(page: Page, trust: Trust) -> None:
    """Add the roots that the reader trusts."""
    pickers = page.locator(".trust input[type=file]")
    for number, roots in enumerate((trust.roots, trust.tsa_roots)):
        if roots:
            pickers.nth(number).set_input_files([_file("roots.pem", pem(roots))])
            page.locator(".trust .roots").nth(number).locator("input:checked").first.wait_for()


def hand_over(page: Page, files: Mapping[str, bytes]) -> None:
    """Choose files, as a reader does."""
    page.locator(".give input[type=file]").set_input_files([_file(n, data) for n, data in files.items()])


def _file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def answers_on(page: Page) -> dict[str, list[str]]:
    """What the page answers, once it has examined everything it was given."""
    page.locator("section[aria-busy=false] article").first.wait_for()
    rows = page.locator("article li[data-question]")
    found: dict[str, list[str]] = rows.evaluate_all(
        "rows => Object.fromEntries(rows.map(row => [row.dataset.question, [row.dataset.code, row.dataset.why]]))"
    )
    return found


def test_the_page_and_the_command_line_answer_alike(
    context: BrowserContext, asked: list[str], tmp_path: Path
) -> None:
    """Every question, for whole and for tampered files, and nothing is asked of anybody."""
    differing: dict[str, Any] = {}
    cases = make_cases()
    brought = list(dict.fromkeys((case.trust, case.now) for case in cases))
    for trust, now in brought:
        page = opened(context)
        page.clock.set_fixed_time(now)
        bring(page, trust)
        for case in (each for each in cases if (each.trust, each.now) == (trust, now)):
            expected = said(case.answers(tmp_path))
            hand_over(page, case.files)
            found = answers_on(page)
            apart = {q: (expected[q], found.get(q)) for q in expected if expected[q] != found.get(q)}
            differing |= {case.name: apart} if apart else {}
            page.locator(".given button").click()
        page.close()
    assert not differing, json.dumps(differing, indent=1)
    assert [address for address in asked if not OPENED.fullmatch(address)] == []


def test_the_page_and_the_command_line_refuse_the_same_attacks(
    context: BrowserContext, tmp_path: Path
) -> None:
    """All handed over at once, as each has a name of its own; a page that is one rule behind is found here."""
    cases = make_attacks()
    page = opened(context)
    page.clock.set_fixed_time(NOW)
    files = {name: data for case in cases for name, data in case.files.items()}
    give(page, files, cases[0].trust)
    page.locator("section[aria-busy=false] article").first.wait_for(timeout=120_000)
    found: dict[str, dict[str, list[str]]] = page.locator("article").evaluate_all(
        """articles => Object.fromEntries(articles.map(each => [
            each.querySelector(".files").textContent.split(" + ")[0],
            Object.fromEntries([...each.querySelectorAll("li[data-question]")].map(
                row => [row.dataset.question, [row.dataset.code, row.dataset.why]])),
        ]))"""
    )
    differing: dict[str, Any] = {}
    for case in cases:
        expected, shown = said(case.answers(tmp_path)), found.get(next(iter(case.files)), {})
        apart = {q: (expected[q], shown.get(q)) for q in expected if expected[q] != shown.get(q)}
        differing |= {case.name: apart} if apart else {}
    assert not differing, json.dumps(differing, indent=1)


def test_sentences_and_languages_are_those_of_the_command_line(
    context: BrowserContext, report: Whole, tmp_path: Path
) -> None:
    """One source for both."""
    case = Case("sentences", {"report.pdf": report.report.pdf_bytes}, report.trust)
    answers = case.answers(tmp_path)
    page = opened(context)
    page.clock.set_fixed_time(NOW)
    give(page, dict(case.files), case.trust)
    for language in ("en", "fr"):
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator(".headline").inner_text() == answers.headline(language)
        shown = page.locator("li[data-question=signer] p").first.inner_text()
        assert shown == answers.signer.sentence(language)
        page.locator(".language").click()


def test_nothing_is_trusted_until_the_reader_says_so(
    context: BrowserContext, report: Whole, tmp_path: Path
) -> None:
    """The roots that came with the page are listed by fingerprint, unticked; a tick counts at once."""
    offered = json.dumps({"signers": pem(report.pki.roots).decode(), "time": ""})
    copy = tmp_path / "verify-copy.html"
    built = PAGE.read_text(encoding="utf-8")
    copy.write_text(built.replace('{"signers":"","time":""}', offered), encoding="utf-8")
    page = opened(context, copy)
    page.clock.set_fixed_time(NOW)
    give(page, {"report.pdf": report.report.pdf_bytes}, Trust())
    assert answers_on(page)["signer"] == ["unknown_root", "none_given"]
    box = page.locator(".roots input[type=checkbox]")
    assert not box.is_checked()
    assert "proves nothing by itself" in page.locator(".trust").inner_text()
    box.check()
    page.locator("li[data-question=signer][data-code=trusted]").wait_for()
    box.uncheck()
    page.locator("li[data-question=signer][data-code=unknown_root]").wait_for()


def test_a_page_saved_by_its_own_button_works_like_the_first(
    context: BrowserContext, report: Whole, tmp_path: Path
) -> None:
    """Also after it has been used."""
    page = opened(context)
    give(page, {"report.pdf": report.report.pdf_bytes}, report.trust)
    answers_on(page)
    with page.expect_download() as download:
        page.locator(".keep button").click()
    saved = tmp_path / "verify-saved.html"
    download.value.save_as(saved)
    again = opened(context, saved)
    assert again.locator("article").count() == 0
    give(again, {"report.pdf": report.report.pdf_bytes}, report.trust)
    assert answers_on(again)["signer"][0] == "trusted"


def test_the_service_hands_the_page_out_with_its_root(instance: Instance, browser: Browser) -> None:
    """Under a policy that lets it talk to nobody, and without a file name, so that a browser shows it."""
    answer = httpx.get(f"{instance.url}/verify")
    assert answer.status_code == 200
    assert "content-disposition" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{instance.url}/verify")
    shown = page.locator(".roots code").first.inner_text().replace(" ", "")
    assert re.fullmatch(r"[0-9a-f]{64}", shown)
    assert not page.locator(".roots input").first.is_checked()
    assert page.evaluate("fetch('/healthz').then(() => 'sent', () => 'refused')") == "refused"
    assert all("Content Security Policy" in text or "fetch" in text for text in complaints)
    context.close()


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_it_is_read_on_a_phone_and_at_a_desk(
    browser: Browser, report: Whole, shots: Path, size: tuple[int, int]
) -> None:
    """Nothing is wider than the screen; pictures of it are kept for people to look at."""
    files = {
        "good": bundled(report.members(), report.pki.signer()),
        "bad": report.report.pdf_bytes[:900] + b"x" + report.report.pdf_bytes[901:],
    }
    for language in ("en", "fr"):
        context = browser.new_context(
            locale=language, viewport={"width": size[0], "height": size[1]}, offline=True
        )
        page = opened(context)
        page.clock.set_fixed_time(NOW)
        page.screenshot(path=shots / f"{language}-empty.png", full_page=True)
        for name, data in files.items():
            ending = "zip" if name == "good" else "pdf"
            give(page, {f"{name}.{ending}": data}, report.trust if name == "good" else Trust())
            page.locator(f"article:has-text('{name}.{ending}')").wait_for()
            page.locator("article").first.locator("summary").nth(1).click()
            page.screenshot(path=shots / f"{language}-{name}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.locator(".given button").click()
        context.close()


def test_a_report_of_thirty_photos_is_examined(context: BrowserContext, record_property: Any) -> None:
    """How long it takes is written down for people; the bound is that of ``make bench``."""
    pki = Pki.make()
    case, photos = dossier("en", steps=30, width_px=1400, height_px=1050)
    sealed = seal(case, photos, models=(), signer=pki.signer(), sealed_at=SEALED_AT, proof=pki.proof("b-lta"))
    page = opened(context)
    page.clock.set_fixed_time(NOW)
    begun = time.monotonic()
    give(page, {"report.pdf": sealed.pdf_bytes}, Trust(pki.roots, pki.time_roots))
    found = answers_on(page)
    took_s = time.monotonic() - begun
    record_property("seconds", took_s)
    print(f"30 photos, {len(sealed.pdf_bytes) / 1e6:.1f} MB: {took_s:.2f} s")  # noqa: T201
    assert (found["intact"][0], found["signer"][0], found["time"][0]) == ("yes", "trusted", "authority")


def test_every_sentence_has_its_words_on_the_page() -> None:
    """The built page carries the present sentences, not those of an earlier build."""
    built = PAGE.read_text(encoding="utf-8")
    for language in ("en", "fr"):
        for key in ("signer.trusted", "intact.no.changed_later", "newer.yes.withdrawn"):
            assert texts_of(language)[key].split("{")[0] in built
