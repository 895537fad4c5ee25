"""The public page as HTML: no script, no third party, phone first; every text is escaped.

Written on the server so that it reads on any browser, prints, and has nothing that could be attacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Final

from inspection_service.api.dto.publication import PublicFinding, PublicPhotoView, PublicReportView
from inspection_service.inspections.records import Language
from inspection_service.reports.words import Words

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    "fr": {
        "title": "Inspection à distance",
        "sealed": "Scellée le {at}",
        "photos": "Photos",
        "findings": "Ce qui a été vu",
        "no_findings": "Aucun dommage relevé sur ces photos.",
        "not_seen": "Ce qui n’a pas été vu",
        "all_seen": "Chaque vue demandée a une photo.",
        "limits": "Ce que ces photos ne peuvent pas dire",
        "views": "{seen} vues photographiées sur {asked}",
        "mileage": "Kilométrage",
        "unknown": "non relevé",
        "first": "Première immatriculation",
        "fuel": "Énergie",
        "hidden": "Masqué : {what}",
        "nothing_hidden": "Rien n’est masqué",
        "download": "Télécharger",
        "verify": "Vérifier",
        "verify_text": "Ce rapport est signé. Une copie publique n’a ni plaque, ni VIN, ni nom ; chaque photo masquée"
        " est liée à son original par une déclaration signée. Ouvrez la page de vérification et donnez-lui le PDF et la"
        " déclaration : rien n’est envoyé.",
        "verify_link": "Ouvrir la page de vérification",
        "pdf": "Rapport (PDF)",
        "statement": "Déclaration de masquage",
        "statement_jws": "sa signature",
        "record": "Dossier scellé (JSON)",
        "record_jws": "sa signature",
        "faces": "Les personnes sont masquées en entier. Les plaques ont été cherchées par un programme, puis chaque"
        " photo a été regardée par une personne avant publication.",
        "credentials": "Les photos portent des Content Credentials (C2PA).",
        "development": "CLÉS DE DÉVELOPPEMENT : ce rapport ne prouve rien.",
        "demonstration": "DÉMONSTRATION : au moins une photo a été générée ou tirée d’un dossier, et non prise pour"
        " cette inspection.",
        "withdrawn": "Ce rapport a été retiré par son émetteur depuis sa publication.",
        "model": "suspecté par un programme",
        "confirmed": "confirmé par un opérateur",
        "operator": "relevé par un opérateur",
        "seller": "déclaré par le vendeur",
        "disputed": "contesté par le vendeur",
        "gone": "Ce rapport n’est plus public.",
        "none": "Il n’y a rien à cette adresse.",
        "other": "English",
        "plate": "plaques",
        "person": "personnes",
        "vin": "VIN",
        "document": "documents",
        "surroundings": "alentours",
        "detail": "détails",
    },
    "en": {
        "title": "Remote inspection",
        "sealed": "Sealed on {at}",
        "photos": "Photos",
        "findings": "What was seen",
        "no_findings": "No damage noted on these photos.",
        "not_seen": "What was not seen",
        "all_seen": "Every view that was asked for has a photo.",
        "limits": "What these photos cannot tell",
        "views": "{seen} of {asked} views photographed",
        "mileage": "Mileage",
        "unknown": "not read",
        "first": "First registration",
        "fuel": "Fuel",
        "hidden": "Hidden: {what}",
        "nothing_hidden": "Nothing is hidden",
        "download": "Download",
        "verify": "Verify",
        "verify_text": "This report is signed. A public copy has no plate, no VIN and no names; each photo with hidden"
        " parts is tied to its original by a signed statement. Open the verification page and give it the PDF and the"
        " statement: nothing is sent anywhere.",
        "verify_link": "Open the verification page",
        "pdf": "Report (PDF)",
        "statement": "Statement of what was hidden",
        "statement_jws": "its signature",
        "record": "Sealed record (JSON)",
        "record_jws": "its signature",
        "faces": "People are hidden whole. Plates were looked for by a program, and a person looked at every photo"
        " before it was published.",
        "credentials": "The photos carry Content Credentials (C2PA).",
        "development": "DEVELOPMENT KEYS: this report proves nothing.",
        "demonstration": "DEMONSTRATION: at least one photo was generated or taken from a folder, not taken for this"
        " inspection.",
        "withdrawn": "This report was withdrawn by its issuer after it was published.",
        "model": "suspected by a program",
        "confirmed": "confirmed by an operator",
        "operator": "noted by an operator",
        "seller": "declared by the seller",
        "disputed": "disputed by the seller",
        "gone": "This report is no longer public.",
        "none": "There is nothing at this address.",
        "other": "Français",
        "plate": "plates",
        "person": "people",
        "vin": "VIN",
        "document": "documents",
        "surroundings": "surroundings",
        "detail": "details",
    },
}
_STYLE: Final = """
:root{color-scheme:light;--ink:#14181f;--soft:#5a6472;--line:#dde2e9;--warn:#8a3b00;--tint:#f4f6f9}
*{box-sizing:border-box}body{margin:0;font:17px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff}
header,main,footer{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
main>h2:first-child{margin-top:0}
p{margin:.4rem 0}.soft,dt,figcaption{color:var(--soft);font-size:.92rem}
.top{display:flex;justify-content:space-between;gap:1rem}a{color:#0b57a4;display:inline-block;padding:.2rem 0}
.warn{border-left:4px solid var(--warn);background:#fff4ec;color:var(--warn);padding:.6rem .8rem;font-weight:600}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem 1rem;background:var(--tint);
padding:1rem;border-radius:.6rem}dt,dd{margin:0}dd{font-weight:600}
.photos{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem}
figure{margin:0;border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
figure img{display:block;width:100%;aspect-ratio:4/3;object-fit:cover;background:var(--tint)}
figcaption{padding:.6rem .8rem}figcaption b{color:var(--ink);display:block}
li{margin:.3rem 0}code{font-size:.78rem;overflow-wrap:anywhere}
footer{overflow-wrap:anywhere;border-top:1px solid var(--line);margin-top:2rem}
.button{background:#0b57a4;color:#fff;padding:.7rem 1.1rem;border-radius:.5rem;text-decoration:none;font-weight:600}
"""


def language_of(accepted: str | None) -> Language | None:
    """Choose a language by what a browser asks for; ``None`` when it asks for neither."""
    for part in (accepted or "").lower().split(","):
        code = part.split(";", 1)[0].strip()[:2]
        if code == "fr":
            return "fr"
        if code == "en":
            return "en"
    return None


def public_page(view: PublicReportView, base_url: str) -> str:
    """Write the page of a public report; ``base_url`` is the service's own."""
    t, words = _TEXTS[view.language], Words(view.language)
    car = " ".join(part for part in (view.vehicle.make, view.vehicle.model) if part) or t["title"]
    other = "en" if view.language == "fr" else "fr"
    at = words.moment(datetime.fromisoformat(view.sealed_at))
    mileage = view.mileage
    reading = (
        t["unknown"]
        if mileage.reading is None
        else f"{_grouped(mileage.reading, words)} {mileage.unit or ''}"
    )
    verdict = "" if mileage.verdict is None else f" · {words.label('verdict.short', mileage.verdict)}"
    facts = [
        (t["mileage"], reading + verdict),
        (t["first"], view.vehicle.first_registration),
        (t["fuel"], view.vehicle.fuel and words.label("fuel", view.vehicle.fuel)),
        (t["photos"], t["views"].format(seen=view.views_photographed, asked=view.views_asked)),
    ]
    marks = {
        "withdrawn": view.is_withdrawn,
        "demonstration": view.is_demonstration,
        "development": view.has_development_keys,
    }
    warnings = [t[mark] for mark, is_so in marks.items() if is_so]
    proof = view.proof
    body = f"""
<header><div class="top"><span class="soft">{_e(t["title"])}</span>
<a href="/p/{_e(view.public_id)}?lang={other}" hreflang="{other}" lang="{other}">{_e(t["other"])}</a></div>
<h1>{_e(car)}</h1><p class="soft">{_e(t["sealed"].format(at=at))}</p>
{"".join(f'<p class="warn" role="note">{_e(text)}</p>' for text in warnings)}
<p><b>{_e(view.damage)}</b></p>
<dl>{"".join(f"<div><dt>{_e(name)}</dt><dd>{_e(value)}</dd></div>" for name, value in facts if value)}</dl></header>
<main><h2>{_e(t["photos"])}</h2><div class="photos">{"".join(_photo(photo, t) for photo in view.photos)}</div>
<p class="soft">{_e(t["faces"])} {_e(t["credentials"]) if all(p.has_credentials for p in view.photos) else ""}</p>
<h2>{_e(t["findings"])}</h2>{_list([_finding(f, t, view) for f in view.findings], t["no_findings"])}
<h2>{_e(t["not_seen"])}</h2>{_list([f"<b>{_e(g.title)}</b>: {_e(g.why)}" for g in view.not_seen], t["all_seen"])}
<h2>{_e(t["limits"])}</h2>{_list([_e(limit) for limit in view.limits], "")}
<h2>{_e(t["verify"])}</h2><p>{_e(t["verify_text"])}</p>
<p><a class="button" href="{_e(proof.verify_url)}">{_e(t["verify_link"])}</a></p>
<ul><li><a href="{_e(proof.pdf_url)}" download>{_e(t["pdf"])}</a></li>
<li><a href="{_e(proof.statement_url)}" download>{_e(t["statement"])}</a>,
<a href="{_e(proof.statement_url.replace(".json", ".jws"))}" download>{_e(t["statement_jws"])}</a></li>
<li><a href="{_e(proof.record_url)}" download>{_e(t["record"])}</a>,
<a href="{_e(proof.record_url.replace(".json", ".jws"))}" download>{_e(t["record_jws"])}</a></li></ul></main>
<footer class="soft"><p>SHA-256 <code>{_e(proof.json_sha256)}</code></p>
<p>{_e(base_url)}/p/{_e(view.public_id)}</p></footer>
"""
    return _document(view.language, car, body)


def gone_page(language: Language, status: int) -> str:
    """Write what stands at an address where nothing is public, or no longer."""
    text = _TEXTS[language]["gone" if status == 410 else "none"]
    return _document(language, text, f"<main><h1>{_e(text)}</h1></main>")


def _document(language: Language, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f'<title>{_e(title)}</title><link rel="icon" href="/favicon.ico">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _photo(photo: PublicPhotoView, t: Mapping[str, str]) -> str:
    kinds = ", ".join(t["detail" if kind == "other" else kind] for kind in photo.hidden)
    hidden = t["hidden"].format(what=kinds) if kinds else t["nothing_hidden"]
    return (
        f'<figure id="{_e(photo.id)}"><a href="{_e(photo.url)}"><img src="{_e(photo.url)}?size=thumb" loading="lazy"'
        f' alt="{_e(photo.title)}"></a><figcaption><b>{_e(photo.title)}</b>{_e(hidden)}<br>'
        f'<a href="{_e(photo.url)}" download="{_e(photo.id)}.jpg">{_e(t["download"])}</a></figcaption></figure>'
    )


def _finding(finding: PublicFinding, t: Mapping[str, str], view: PublicReportView) -> str:
    said = [finding.severity, finding.part]
    said.append(t["confirmed"] if finding.verdict == "confirmed" else t[finding.source])
    if finding.is_disputed:
        said.append(t["disputed"])
    text = f"<b>{_e(finding.kind)}</b>: {_e(', '.join(each for each in said if each))}"
    title = next((photo.title for photo in view.photos if photo.id == finding.photo_id), None)
    if finding.photo_id is None or title is None:
        return text
    return f'{text} · <a href="#{_e(finding.photo_id)}">{_e(title)}</a>'


def _list(items: list[str], none: str) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>" if items else f"<p>{_e(none)}</p>"


def _grouped(reading: str, words: Words) -> str:
    return (
        words.number(int(reading))
        if reading.isascii() and reading.isdigit() and len(reading) < 12
        else reading
    )


def _e(text: object) -> str:
    return escape(str(text), quote=True)
