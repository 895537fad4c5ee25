"""Checks what follows the signed range, object by object: validation data and document timestamps, nothing else.

Every object an update touches is either one of these or one of the three that must name them (catalog, form, page), and
those may have changed in nothing but that (ISO 32000-2, 12.8.4 and 12.8.5; ETSI EN 319 142-1, 5.4 and 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from asn1crypto import ocsp
from cryptography import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from inspection_service.reports.answers import Fault
from inspection_service.reports.verify_container import Spot
from inspection_service.reports.verify_pdf_parts import content_of, open_pdf, resolved

MAX_ADDED_OBJECTS: Final = 500
_FIELD_KEYS: Final = frozenset({"/FT", "/T", "/TU", "/Type", "/Subtype", "/F", "/Ff", "/Rect", "/P", "/V"})
_STAMP_KEYS: Final = frozenset({"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/V"})
_STORE_KEYS: Final = frozenset({"/Type", "/VRI", "/Certs", "/CRLs", "/OCSPs"})
_VRI_KEYS: Final = frozenset({"/Type", "/Cert", "/CRL", "/OCSP", "/TU"})
_TRAILER_KEYS: Final = frozenset({"/Size", "/Root", "/Info", "/ID", "/Prev"})
_VRI_NAME: Final = re.compile(r"/[0-9A-F]{40}")
_OBJECT: Final = re.compile(rb"(?<!\d)\d{1,10}\s{1,4}\d{1,5}\s{1,4}obj\b")
"""Bounded on every side: a container holds thousands of digits in a row."""
_END: Final = re.compile(rb"startxref\s{1,4}\d{1,10}\s{1,4}%%EOF\s{0,4}")


@dataclass(slots=True)
class Added:
    """What the updates after a report's signature hold."""

    stamps: list[Spot] = field(default_factory=list)
    """Document timestamps, oldest first."""
    certificates: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    ocsps: list[bytes] = field(default_factory=list)
    explained: set[Reference] = field(default_factory=set)
    """Objects found to be validation data or part of a document timestamp."""


def check_added(data: bytes, signed: PdfFileReader, spots: Sequence[Spot]) -> Added:
    """Check everything after the report's own signature.

    Args:
        data: The whole file, its streams measured.
        signed: Its signed part alone.
        spots: All signatures; the first is the report's own.

    Raises:
        Fault: ``cut_or_added`` (bytes that are no update), ``changed_later`` (an update that does more).
    """
    added = Added()
    end = spots[0].end
    if end == len(data):
        return added
    try:
        whole = open_pdf(data)
        touched = _touched(whole, signed)
        _check_bytes(data, end, whole, signed.total_revisions)
        _check_trailers(whole, signed)
        _collect(whole, signed, spots[1:], added)
        _check_touched(touched, whole, signed, added)
    except Fault:
        raise
    except Exception as exc:  # a hostile update can fail anywhere inside a parser; the answer is the same
        raise Fault("cut_or_added") from exc
    return added


def _touched(whole: PdfFileReader, signed: PdfFileReader) -> set[Reference]:
    """Return every object an update writes; none may be freed, and the signed revisions must be the same."""
    before, after = signed.total_revisions, whole.total_revisions
    touched: set[Reference] = set()
    if after <= before:
        raise Fault("cut_or_added")
    for revision in range(before):
        if whole.xrefs.get_startxref_for_revision(revision) != signed.xrefs.get_startxref_for_revision(
            revision
        ):
            raise Fault("changed_later")
    for revision in range(before, after):
        touched |= {ref for ref in whole.xrefs.explicit_refs_in_revision(revision) if ref.idnum}
        if any(ref.idnum for ref in whole.xrefs.refs_freed_in_revision(revision)):
            raise Fault("changed_later")
    if whole.xrefs.hybrid_xrefs_present or len(touched) > MAX_ADDED_OBJECTS:
        raise Fault("changed_later")
    return touched


def _check_bytes(data: bytes, end: int, whole: PdfFileReader, before: int) -> None:
    """Account for every byte of the updates: objects that the tables name, the tables, and nothing between."""
    position = end
    for revision in range(before, whole.total_revisions):
        starts = sorted(
            place
            for ref in whole.xrefs.explicit_refs_in_revision(revision)
            if ref.idnum and isinstance(place := whole.xrefs.get_historical_ref(ref, revision), int)
        )
        table = whole.xrefs.get_startxref_for_revision(revision)
        if not starts or data[position : starts[0]].strip():
            raise Fault("cut_or_added")
        for start, following in zip(starts, [*starts[1:], table], strict=True):
            piece = data[start:following]
            head = _OBJECT.match(piece)
            if head is None or len(_OBJECT.findall(piece)) != 1 or piece.count(b"endobj") != 1:
                raise Fault("cut_or_added")
            if not piece.rstrip().endswith(b"endobj") or b"%" in piece[: head.end()]:
                raise Fault("cut_or_added")
        position = _end_of_table(data, table)
    if position != len(data):
        raise Fault("cut_or_added")


def _end_of_table(data: bytes, table: int) -> int:
    """Return where a revision ends whose cross-reference table starts here."""
    trailer = data.find(b"trailer", table)
    tail = _END.match(data, data.find(b"startxref", trailer)) if trailer >= 0 else None
    if not data.startswith(b"xref", table) or tail is None or b"obj" in data[table : tail.end()]:
        raise Fault("cut_or_added")
    return tail.end()


def _check_trailers(whole: PdfFileReader, signed: PdfFileReader) -> None:
    after, before = whole.trailer.flatten(), signed.trailer.flatten()
    if not set(after) <= _TRAILER_KEYS:
        raise Fault("changed_later")
    if any(not _same(after.raw_get(key), before.raw_get(key)) for key in ("/Root", "/Info")):
        raise Fault("changed_later")
    if after["/ID"][0].original_bytes != before["/ID"][0].original_bytes:
        raise Fault("changed_later")


def _collect(whole: PdfFileReader, signed: PdfFileReader, spots: Sequence[Spot], added: Added) -> None:
    """Find validation data and document timestamps where the catalog and the form name them."""
    root = whole.root
    if "/DSS" in root:
        _collect_store(root.raw_get("/DSS"), added)
    if "/DSS" in signed.root:
        raise Fault("changed_later")
    known = {_number(f) for f in _form(signed)["/Fields"]}
    names = {str(resolved(f)["/T"]) for f in _form(signed)["/Fields"]}
    waiting = {spot.numbers: spot for spot in spots}
    for reference in _form(whole)["/Fields"]:
        if _number(reference) in known:
            continue
        spot = _check_stamp(reference, waiting, added)
        name = str(resolved(reference)["/T"])
        if name in names:  # viewers would take two fields of one name for one
            raise Fault("changed_later")
        names.add(name)
        added.stamps.append(spot)
    if waiting:
        raise Fault("changed_later")
    added.stamps.sort(key=lambda spot: spot.end)


def _collect_store(reference: Any, added: Added) -> None:
    store = _explain(reference, added)
    if not set(store) <= _STORE_KEYS:
        raise Fault("changed_later")
    for key, found in (("/Certs", added.certificates), ("/CRLs", added.crls), ("/OCSPs", added.ocsps)):
        for each in _explain(store.raw_get(key), added) if key in store else ():
            found.append(_evidence(key, each, added))
    entries: Any = _explain(store.raw_get("/VRI"), added) if "/VRI" in store else {}
    for name in entries:
        entry = _explain(entries.raw_get(name), added)
        if _VRI_NAME.fullmatch(str(name)) is None or not set(entry) <= _VRI_KEYS:
            raise Fault("changed_later")
        for short, key in (("/Cert", "/Certs"), ("/CRL", "/CRLs"), ("/OCSP", "/OCSPs")):
            for each in _explain(entry.raw_get(short), added) if short in entry else ():
                _evidence(key, each, added)


def _evidence(kind: str, reference: Any, added: Added) -> bytes:
    """Take one certificate, revocation list or answer; it must be what its place says and nothing more."""
    stream = _explain(reference, added)
    if not isinstance(stream, generic.StreamObject) or not set(stream) <= {"/Length", "/Filter"}:
        raise Fault("changed_later")
    content = content_of(stream)
    if kind == "/Certs":
        x509.load_der_x509_certificate(content)
    elif kind == "/CRLs":
        x509.load_der_x509_crl(content)
    else:
        ocsp.OCSPResponse.load(content, strict=True)
    return content


def _check_stamp(reference: Any, waiting: dict[tuple[int, int, int, int], Spot], added: Added) -> Spot:
    """Check an added form field: an invisible document timestamp."""
    form_field: Any = _explain(reference, added)
    value = _explain(form_field.raw_get("/V"), added)
    if not set(form_field) <= _FIELD_KEYS or not set(value) <= _STAMP_KEYS:
        raise Fault("changed_later")
    is_shown = "/Rect" in form_field and any(float(edge) for edge in form_field["/Rect"])
    kinds = (form_field["/FT"], value["/Type"], value["/SubFilter"])
    if form_field.get("/Type", "/Annot") != "/Annot" or form_field.get("/Subtype", "/Widget") != "/Widget":
        raise Fault("changed_later")
    if is_shown or kinds != ("/Sig", "/DocTimeStamp", "/ETSI.RFC3161"):
        raise Fault("changed_later")
    start, first, second, length = (int(number) for number in value["/ByteRange"])
    spot = waiting.pop((start, first, second, length), None)
    if spot is None:
        raise Fault("changed_later")
    return spot


def _check_touched(
    touched: set[Reference], whole: PdfFileReader, signed: PdfFileReader, added: Added
) -> None:
    """Whatever is not explained must be catalog, form or page, changed only where it names what was added."""
    fields = {_number(reference) for reference in _form(whole)["/Fields"]}
    lists = _lists_of_fields(signed)
    for reference in touched:
        before = _object(signed, reference)
        if before is None:
            if reference not in added.explained:
                raise Fault("changed_later")
            continue
        after: Any = whole.get_object(reference)  # type: ignore[no-untyped-call]
        if reference == whole.root_ref:
            is_same = _same_but(before, after, {"/DSS", "/AcroForm"}) and _same_form(before, after, fields)
        elif reference.idnum == lists.form:
            is_same = _same_but(before, after, {"/Fields"}) and _grown(before, after, "/Fields", fields)
        elif isinstance(before, dict) and before.get("/Type") == "/Page":
            is_same = _same_but(before, after, {"/Annots"}) and _grown(before, after, "/Annots", fields)
        elif reference.idnum in lists.others:
            is_same = _grown_list(before, after, fields)
        else:
            is_same = False
        if not is_same:
            raise Fault("changed_later")


@dataclass(frozen=True, slots=True)
class _Lists:
    """Numbers of the objects that may name an added field."""

    form: int
    others: frozenset[int]


def _lists_of_fields(signed: PdfFileReader) -> _Lists:
    form = signed.root.raw_get("/AcroForm")
    lists = [_form(signed).raw_get("/Fields")]
    for reference in _form(signed)["/Fields"]:
        page = resolved(reference)["/P"]
        lists += [page.raw_get("/Annots")] if "/Annots" in page else []
    return _Lists(_number(form), frozenset(_number(each) for each in lists) - {-1})


def _same_form(before: Any, after: Any, fields: set[int]) -> bool:
    old, new = before.raw_get("/AcroForm"), after.raw_get("/AcroForm")
    if isinstance(old, generic.IndirectObject) or isinstance(new, generic.IndirectObject):
        return _same(old, new)
    return _same_but(old, new, {"/Fields"}) and _grown(old, new, "/Fields", fields)


def _same_but(before: Any, after: Any, apart: set[str]) -> bool:
    """Whether two dictionaries are equal in all but some keys."""
    if not isinstance(before, generic.DictionaryObject) or not isinstance(after, generic.DictionaryObject):
        return False
    if isinstance(before, generic.StreamObject) or isinstance(after, generic.StreamObject):
        return False
    keys = set(before) - apart
    return keys == set(after) - apart and all(_same(before.raw_get(k), after.raw_get(k)) for k in keys)


def _grown(before: Any, after: Any, key: str, fields: set[int]) -> bool:
    """Whether a list in a dictionary has only grown by document timestamps."""
    old = before.raw_get(key) if key in before else generic.ArrayObject()
    new = after.raw_get(key) if key in after else generic.ArrayObject()
    if isinstance(old, generic.IndirectObject) or isinstance(new, generic.IndirectObject):
        return _same(old, new)
    return _grown_list(old, new, fields)


def _grown_list(before: Any, after: Any, fields: set[int]) -> bool:
    if not isinstance(before, generic.ArrayObject) or not isinstance(after, generic.ArrayObject):
        return False
    if len(after) < len(before):
        return False
    old = [before.raw_get(i) for i in range(len(before))]
    new = [after.raw_get(i) for i in range(len(after))]
    return _same_all(old, new[: len(old)]) and all(_number(each) in fields for each in new[len(old) :])


def _same(one: Any, other: Any) -> bool:
    """Whether two values are written alike, without following references."""
    if isinstance(one, generic.IndirectObject) or isinstance(other, generic.IndirectObject):
        return (
            isinstance(one, generic.IndirectObject)
            and isinstance(other, generic.IndirectObject)
            and (one.idnum, one.generation) == (other.idnum, other.generation)
        )
    if isinstance(one, generic.DictionaryObject):
        return _same_but(one, other, set())
    if isinstance(one, generic.ArrayObject) and isinstance(other, generic.ArrayObject):
        pair = ([each.raw_get(i) for i in range(len(each))] for each in (one, other))
        return _same_all(*pair)
    return type(one) is type(other) and bool(one == other)


def _same_all(ones: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(ones) == len(others) and all(map(_same, ones, others))


def _form(reader: PdfFileReader) -> Any:
    return reader.root["/AcroForm"]


def _explain(reference: Any, added: Added) -> Any:
    if isinstance(reference, generic.IndirectObject):
        added.explained.add(reference.reference)
    return resolved(reference)


def _object(reader: PdfFileReader, reference: Reference) -> Any:
    """Return an object of the signed part, ``None`` when it was not there."""
    known = Reference(reference.idnum, reference.generation, reader)
    is_there = reader.xrefs[known] is not None
    return reader.get_object(known) if is_there else None  # type: ignore[no-untyped-call]


def _number(reference: Any) -> int:
    """Name a field by its object; fields that are written in place have none."""
    number: int = getattr(reference, "idnum", -1)
    return number
