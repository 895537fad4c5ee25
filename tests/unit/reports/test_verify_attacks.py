"""What an opposing expert would try, with files made by the real service: none of it gets a yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inspection_service.reports.answers import Answers, Language
from inspection_service.reports.chain import Trust
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.seal import seal
from inspection_service.reports.verify import verify_files
from inspection_service.reports.verify_assess import Asked, Installed
from inspection_service.reports.verify_pdf import verify_pdf
from tests.unit.reports.attacks import Attack, attacks, write
from tests.unit.reports.attacks_pdf import costly_documents
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier
from tests.unit.reports.pki import Pki
from tests.unit.reports.small import Roots
from tests.unit.reports.verify_samples import NOW

pytestmark = pytest.mark.unit
_NOTHING_INSTALLED = Installed(frozenset(), frozenset())
_POISON = (
    "/ByteRange [0 1 2 3]",
    "stream\r\nendstream endobj 7 0 obj <</Filter[/A85]>> stream ",
    "startxref 0 %%EOF xref trailer <</Root 1 0 R/Prev 0>>",
    "/Type /ObjStm /Encrypt /XRefStm >>stream (((\\",
)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


@pytest.fixture(scope="module")
def made(pki: Pki) -> dict[str, Attack]:
    return attacks(pki)


def ask(folder: Path, attack: Attack, pki: Pki) -> Answers:
    for name, data in attack.files.items():
        (folder / name).write_bytes(data)
    asked = Asked(Trust(pki.roots, pki.time_roots), NOW, _NOTHING_INSTALLED)
    (verdict,) = verify_files([folder / next(iter(attack.files))], asked)
    return verdict.answers


def test_no_attack_gets_a_yes_and_each_is_answered_where_it_belongs(
    pki: Pki, made: dict[str, Attack], tmp_path: Path
) -> None:
    """Misused certificates, chosen headers, odd spellings, updates, containers, tables, archives, proofs, values."""
    wrong: dict[str, object] = {}
    for name, attack in made.items():
        folder = tmp_path / name
        folder.mkdir()
        answers = ask(folder, attack, pki)
        said = {f"{question}.{answer.code}" for question, answer in answers.all().items()}
        if answers.is_good != attack.is_welcome or not said & set(attack.refused):
            wrong[name] = said
    assert not wrong


def test_every_refusal_is_a_sentence_in_both_languages(
    pki: Pki, made: dict[str, Attack], tmp_path: Path
) -> None:
    """Also of what only an attacker would bring about."""
    for name in ("certificate_for_timestamps", "log_head_older_than_the_report"):
        answers = ask(tmp_path, made[name], pki)
        for language in ("en", "fr"):
            assert "…" not in answers.headline(language)
        for file in tmp_path.iterdir():
            file.unlink()


def test_the_page_gets_the_same_files(tmp_path: Path) -> None:
    """Files, roots, and what must be answered, in a folder."""
    write(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"root.pem", "time-root.pem", "expected.json", "stranger_on_top"} <= names


@pytest.mark.parametrize("text", _POISON)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_nobody_can_spoil_a_report_with_words(
    signer: FileSigner, roots: Roots, text: str, language: Language
) -> None:
    """A seller chooses a name, a car's make, free texts; words that mean something in a PDF are words there."""
    case, photos = dossier(language, steps=3, photographed=1, seller_name=text, free_text=text)
    report = seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT)
    answers = verify_pdf(report.pdf_bytes, roots, now=NOW)
    assert answers.is_good, answers.headline("en")


@pytest.mark.parametrize(
    "name",
    [
        "text_without_end", "lists_without_end", "names_without_end", "codes_without_end", "ranges_without_end",
        "ranges_of_everything", "ranges_to_long_texts", "one_content_many_times", "names_in_names", "pages_in_pages",
        "blocks_that_hold_nothing", "heads_without_objects", "deep",
    ],
)  # fmt: skip
def test_a_document_made_to_keep_us_busy_is_answered(pki: Pki, name: str) -> None:
    """Anybody can sign one; each would take minutes or gigabytes without a bound of its own."""
    makers: dict[str, Callable[[], bytes]] = costly_documents(pki.signer())
    answers = verify_pdf(makers[name](), pki.roots, now=NOW)
    assert answers.intact.ok is False or answers.intact.code == "yes"
    assert answers.intact.says
