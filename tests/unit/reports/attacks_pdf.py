"""Documents as an opposing expert would make them; see ``attacks``."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from inspection_service.reports.keys import FileSigner
from inspection_service.reports.loops import run_sync
from inspection_service.reports.sign_pdf import _CmsSigner, _PlainWriter, sign_pdf
from inspection_service.reports.verify_container import find_spots
from tests.unit.reports.pki import Pki, proved
from tests.unit.reports.small import small_document, small_draft

Made = tuple[bytes, tuple[str, ...]]
Objects = Mapping[tuple[int, int], bytes]
_CHANGED = ("intact.no",)
_LAST_TABLE = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_SIZE, _ROOT, _INFO, _ID = (
    re.compile(b"/" + rest)
    for rest in (rb"Size (\d+)", rb"Root (\d+ \d+ R)", rb"Info (\d+ \d+ R)", rb"ID ?(\[[^\]]*\])")
)


def document_attacks(pki: Pki) -> dict[str, Made]:
    """What is signed, rearranged, and containers spelled otherwise."""
    data = proved(pki, "b-b").pdf_bytes
    made: dict[str, Made] = {}
    (spot,) = find_spots(data)
    written = re.search(rb"/ByteRange \[[^\]]*\] *", data)
    assert written is not None
    room = len(written[0])
    for name, numbers in {
        "gap": (0, spot.first - 10, spot.second, len(data) - spot.second),
        "overlap": (0, spot.second, spot.first, len(data) - spot.first),
        "beyond": (0, spot.first, spot.second, len(data) - spot.second + 5000),
        "short": (0, spot.first, spot.second, 10),
        "late_start": (10, spot.first, spot.second, len(data) - spot.second),
        "huge": (0, 9999999999, 9999999999, 9999999999),
        "nothing_signed": (0, 1, len(data), 0),
    }.items():
        text = b"/ByteRange [%d %d %d %d]" % numbers
        made[f"range_{name}"] = (data.replace(written[0], text.ljust(room)), _CHANGED)
    container = spot.container
    padded = (spot.second - spot.first - 2) // 2
    for name, other in {
        "trailing_bytes": container + b"\0" * 50 + b"\x01",
        "endless_length": b"\x30\x80" + container[4:] + b"\0\0",
        "longer_length": b"\x30\x83\0" + container[2:],
        "small_letters": container,
        "empty": b"",
    }.items():
        text = other.ljust(padded, b"\0").hex()[: 2 * padded].encode()
        text = text if name == "small_letters" else text.upper()
        made[f"container_{name}"] = (data[: spot.first + 1] + text + data[spot.second - 1 :], _CHANGED)
    made["prefix"] = (b"\n" + data, ("intact.no", "intact.unreadable"))
    made["cut"] = (data[: spot.second + 1], _CHANGED)
    other = proved(pki, "b-b", inspection_id="ins_othr1").pdf_bytes
    made["two_documents"] = (data + other, _CHANGED)
    made["whole_document_inside"] = (data + update(data, {(90, 0): _stream(other)}), _CHANGED)
    made["stranger_on_top"] = (_stranger(data, "Stranger"), _CHANGED)
    made["stranger_in_the_same_field_name"] = (_twin_field(data), _CHANGED)
    return made


def update_attacks(pki: Pki) -> dict[str, Made]:
    """Updates after the signature, with and without the proofs a report may have there."""
    made: dict[str, Made] = {}
    for level in ("b-b", "b-lta"):
        data = proved(pki, level).pdf_bytes
        crl = _stream(pki.crls()[0])
        numbers = _numbers(data)
        for name, tail in _updates(data, numbers, crl).items():
            made[f"update_{name}_on_{level}"] = (data + tail, _CHANGED)
        for name, change in {"objects": True, "table": False}.items():
            made[f"update_stream_of_{name}_on_{level}"] = (_as_streams(data, packed=change), _CHANGED)
    for name, hidden in _trailers(proved(pki, "b-b").pdf_bytes, _stream(pki.crls()[0])).items():
        made[f"trailer_{name}"] = (hidden, ("signer.trusted",) if name == "as_it_may_be" else _CHANGED)
    return made


def _updates(data: bytes, n: Mapping[str, int], crl: bytes) -> dict[str, bytes]:
    page, widget, form, catalog, contents, value = (
        n[name] for name in ("page", "widget", "form", "catalog", "contents", "value")
    )
    store = b"<</CRLs [%d 1 R]>>" % contents
    page_text, catalog_text = body_of(data, page), body_of(data, catalog)
    with_store = catalog_text[:-2] + b"/DSS 91 0 R>>"
    look = {
        (95, 0): _stream(b"0 0 500 500 re f"),
        (widget, 0): body_of(data, widget)[:-2] + b"/AP <</N 95 0 R>>>>",
    }
    return {
        "look_of_the_signature": update(data, look),
        "shown_signature": update(
            data, {(widget, 0): body_of(data, widget).replace(b"[ 0 0 0 0 ]", b"[ 0 0 9 9 ]")}
        ),
        "value_of_the_signature": update(data, {(value, 0): b"<</Type /Sig>>"}),
        "page_content": update(data, {(contents, 0): _stream(b"")}),
        "same_page_content": update(data, {(contents, 0): body_of(data, contents)}),
        "page_with_two_contents": update(
            data, {(page, 0): page_text[:-2] + b"/Contents 95 0 R>>", (95, 0): _stream(b"")}
        ),
        "page_with_spelled_contents": update(
            data, {(page, 0): page_text[:-2] + b"/Content#73 95 0 R>>", (95, 0): _stream(b"")}
        ),
        "form_needs_looks": update(data, {(form, 0): body_of(data, form)[:-2] + b"/NeedAppearances true>>"}),
        "form_of_another_kind": update(
            data, {(form, 0): body_of(data, form)[:-2] + b"/XFA 95 0 R>>", (95, 0): _stream(b"")}
        ),
        "second_generation": update(data, {(catalog, 0): with_store, (91, 0): store, (contents, 1): crl}),
        "list_over_content": update(
            data, {(catalog, 0): with_store, (91, 0): b"<</CRLs [%d 0 R]>>" % contents, (contents, 0): crl}
        ),
        "freed_content": update(data, {(90, 0): b"null"}, free=[contents]),
        "actions": update(
            data, {(catalog, 0): catalog_text[:-2] + b"/AA <</WC <</S /JavaScript /JS (1)>>>>>>"}
        ),
        "layers": update(data, {(catalog, 0): catalog_text[:-2] + b"/OCProperties <</OCGs [] /D <<>>>>>>"}),
        "lowered_version": update(
            data, {(catalog, 0): catalog_text.replace(b"/Version /2.0", b"/Version /1.0")}
        ),
        "nothing": update(data, {}),
    }


def _trailers(data: bytes, crl: bytes) -> dict[str, bytes]:
    """Tables and trailers that readers understand differently, around an update that may be there."""
    n = _numbers(data)
    catalog = body_of(data, n["catalog"])[:-2] + b"/DSS 91 0 R>>"
    lawful = {(n["catalog"], 0): catalog, (91, 0): b"<</CRLs [92 0 R]>>", (92, 0): crl}
    size = b"/Size %d" % int(_SIZE.findall(data)[-1])
    plain = data + update(data, lawful)
    cut, again = plain.rindex(b"startxref"), plain.rindex(b"xref\n0 1")
    head, table = plain[:again], plain[again:]
    page = b"%d 1\n" % n["page"]
    moved = head + table[: table.index(b"startxref")]
    shadow = b"%d 0 obj\n<</Type /Page>>\nendobj\n" % n["page"]
    return {
        "as_it_may_be": plain,
        "loop": data + update(data, lawful, previous=len(data) + 100),
        "to_itself": _to_itself(data, lawful),
        "before_the_last": data + update(data, lawful, previous=_table_of(data) - 1),
        "first_only": data + update(data, lawful, previous=None),
        "encrypted": data
        + update(data, lawful, more=b"/Encrypt <</Filter /Standard /V 1 /R 2 /P -1 /O () /U ()>>"),
        "hybrid": data + update(data, lawful, more=b"/XRefStm %d" % _table_of(data)),
        "smaller": (data + update(data, lawful)).replace(b"/Size 93", b"/Size 9"),
        "size_smaller_than_signed": plain.replace(b"/Size 93", size),
        "size_of_everything": plain.replace(b"/Size 93", b"/Size 999999999"),
        "other_root": data + update(data, {**lawful, (94, 0): catalog}, root=b"94 0 R"),
        "other_id": data + update(data, lawful, ident=b"[<00> <00>]"),
        "words_between": plain[:cut] + b"(words)\n" + plain[cut:],
        "comment_between": plain[:cut] + b"% words\n" + plain[cut:],
        "two": plain[:cut] + b"trailer\n<</Size 93/Root 91 0 R>>\n" + plain[cut:],
        "two_roots": data + update(data, lawful, more=b"/Root 91 0 R"),
        "more": data + update(data, lawful, more=b"/Note (words)"),
        "words_in_it": data + update(data, lawful, more=b"%/Root 91 0 R\n"),
        "entry_twice": head + table.replace(b"trailer", b"92 1\n%010d 00000 n \ntrailer" % 16, 1),
        "page_entry_to_itself": head + table.replace(b"trailer", page + b"%010d 00000 n \ntrailer" % 16, 1),
        "page_freed": head + table.replace(b"trailer", page + b"0000000000 00001 f \ntrailer", 1),
        "page_freed_and_kept": head
        + table.replace(
            b"trailer", page + b"0000000000 65535 f \n" + page + b"%010d 00000 n \ntrailer" % 16, 1
        ),
        "first_object_in_use": head + table.replace(b"0000000000 65535 f", b"0000000016 00000 n", 1),
        "entry_of_the_second_generation": head + table.replace(b"00000 n", b"00001 n", 1),
        "shadow_page_without_entry": _moved(moved, shadow, before=b"91 0 obj"),
        "shadow_page_after_the_table": plain[:cut] + shadow + plain[cut:],
        "shadow_page_after_the_end": plain + shadow,
        "shadow_page_in_a_list": data
        + update(data, {**lawful, (92, 0): crl.replace(b"stream\n", b"stream\n" + shadow, 1)}),
        "end_twice": plain + plain[cut:],
    }


def _moved(text: bytes, added: bytes, *, before: bytes) -> bytes:
    """Put something between two objects and correct the table after it."""
    at = text.rindex(before)
    table = text.rindex(b"xref\n0 1")
    tail = re.sub(
        rb"\d{10}(?= 00000 n)",
        lambda m: b"%010d" % (int(m[0]) + (len(added) if int(m[0]) >= at else 0)),
        text[table:],
    )
    return text[:at] + added + text[at:table] + tail + b"startxref\n%d\n%%%%EOF\n" % (table + len(added))


def update(
    data: bytes,
    objects: Objects,
    *,
    free: Sequence[int] = (),
    previous: int | None = -1,
    root: bytes | None = None,
    ident: bytes | None = None,
    more: bytes = b"",
) -> bytes:
    """Write an incremental update by hand: objects by number and generation, their table, a trailer."""
    tail = b"" if data.endswith(b"\n") else b"\n"
    table: dict[int, bytes] = {}
    for (number, generation), body in objects.items():
        table[number] = b"%010d %05d n \n" % (len(data) + len(tail), generation)
        tail += b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
    for number in free:
        table[number] = b"0000000000 00001 f \n"
    start = len(data) + len(tail)
    tail += b"xref\n0 1\n0000000000 65535 f \n" + b"".join(
        b"%d 1\n%b" % each for each in sorted(table.items())
    )
    size = max([int(_SIZE.findall(data)[-1]), *(number + 1 for number in table)])
    parts = [
        b"/Size %d" % size,
        b"/Root " + (root or _ROOT.findall(data)[-1]),
        b"/Info " + _INFO.findall(data)[-1],
        b"/ID " + (ident or _ID.findall(data)[-1]),
        more,
    ]
    if previous is not None:
        parts.append(b"/Prev %d" % (_table_of(data) if previous == -1 else previous))
    return tail + b"trailer\n<<\n" + b"\n".join(parts) + b"\n>>\nstartxref\n%d\n%%%%EOF\n" % start


def body_of(data: bytes, number: int) -> bytes:
    """Return an object as it was last written."""
    found = re.findall(rb"(?<!\d)%d 0 obj\n(.*?)\nendobj" % number, data, re.DOTALL)
    body: bytes = found[-1]
    return body


def _numbers(data: bytes) -> dict[str, int]:
    catalog = int(_ROOT.findall(data)[-1].split()[0])
    form = int(re.findall(rb"/AcroForm (\d+) 0 R", body_of(data, catalog))[0])
    widget = int(re.findall(rb"/Fields \[ (\d+) 0 R", body_of(data, form))[0])
    page = int(re.findall(rb"/P (\d+) 0 R", body_of(data, widget))[0])
    return {
        "catalog": catalog,
        "form": form,
        "widget": widget,
        "page": page,
        "contents": int(re.findall(rb"/Contents (\d+) 0 R", body_of(data, page))[0]),
        "value": int(re.findall(rb"/V (\d+) 0 R", body_of(data, widget))[0]),
    }


def _stream(content: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%b\nendstream" % (len(content), content)


def _table_of(data: bytes) -> int:
    found = _LAST_TABLE.search(data)
    assert found is not None
    return int(found[1])


def _to_itself(data: bytes, objects: Objects) -> bytes:
    """A table whose earlier one is itself."""
    tail = update(data, objects, previous=1000000)
    start = len(data) + tail.rindex(b"xref\n0 1")
    return data + tail.replace(b"/Prev 1000000", b"/Prev %07d" % start)


def _as_streams(data: bytes, *, packed: bool) -> bytes:
    """An update whose table is a stream, with or without objects packed into another."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    writer._force_write_when_empty = True
    writer.stream_xrefs = True
    if packed:
        store = writer.prepare_object_stream()  # type: ignore[no-untyped-call]
        writer.add_object(generic.pdf_string("packed"), obj_stream=store)
    writer.update_root()  # type: ignore[no-untyped-call]
    written = BytesIO()
    writer.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


def _stranger(data: bytes, field: str) -> bytes:
    """A second signature, by somebody else, over the whole."""
    signer = Pki.make().signer()
    writer = _PlainWriter(BytesIO(data))
    maker = PdfSigner(
        PdfSignatureMetadata(field_name=field, md_algorithm="sha256"),
        signer=_CmsSigner(signer),
        new_field_spec=SigFieldSpec(field, on_page=0, box=(0, 0, 0, 0)),
    )
    maker._enforce_certification_constraints = lambda _: None  # type: ignore[method-assign,assignment]  # strangers do not ask
    session = maker.init_signing_session(writer)
    prepared = session.prepare_tbs_document(validation_info=None, bytes_reserved=16384)
    digest, output = prepared.digest_tbs_document()
    run_sync(prepared.perform_signature(document_digest=digest.document_digest, pdf_cms_signed_attrs=None))  # type: ignore[arg-type]
    assert isinstance(output, BytesIO)
    return output.getvalue()


def _twin_field(data: bytes) -> bytes:
    """The same, in a field that viewers take for the report's own."""
    return _stranger(data, "InspectionReporu").replace(b"(InspectionReporu)", b"(InspectionReport)")


def costly_documents(signer: FileSigner) -> dict[str, Callable[[], bytes]]:
    """Documents whose signature fits, by anybody, made to keep a reader busy; each is made when it is called."""
    long = 4_000_000
    return {
        "text_without_end": lambda: _with_content(signer, b"(" + b"\\(" * long),
        "lists_without_end": lambda: _with_content(signer, b"<<(" * (long // 3)),
        "names_without_end": lambda: _with_content(signer, b"/a " + b" " * long),
        "codes_without_end": lambda: _with_table(signer, b"beginbfchar" * (long // 11)),
        "ranges_without_end": lambda: _with_table(
            signer, b"beginbfrange" + b"<0><0>[" * (long // 7) + b"endbfrange"
        ),
        "ranges_of_everything": lambda: _with_table(
            signer, b"beginbfrange" + b"<0000><ffff><0041>" * (long // 18) + b"endbfrange"
        ),
        "ranges_to_long_texts": lambda: _with_table(
            signer, b"beginbfrange<0000><ffff><" + b"00" * (long // 2) + b">endbfrange"
        ),
        "one_content_many_times": lambda: _repeated(signer),
        "names_in_names": lambda: _names_in_names(signer),
        "pages_in_pages": lambda: _pages_in_pages(signer),
        "blocks_that_hold_nothing": lambda: _empty_blocks(signer),
        "heads_without_objects": lambda: _heads(signer),
        "deep": lambda: _with_objects(signer, {90: b"[" * 500_000}),
    }


def _with_content(signer: FileSigner, content: bytes) -> bytes:
    return _changed(signer, lambda n: {n["contents"]: _folded(content)})


def _with_table(signer: FileSigner, table: bytes) -> bytes:
    return _changed(signer, lambda n: {n["characters"]: _folded(table)})


def _repeated(signer: FileSigner) -> bytes:
    content = _folded(b" " * (8 << 20))

    def change(n: Mapping[str, int]) -> dict[int, bytes]:
        document = small_document(small_draft(signer)).pdf_bytes
        page = _body(document, n["page"])
        many = b"/Contents[" + b"90 0 R " * 100_000 + b"]"
        return {90: content, n["page"]: page.replace(b"/Contents %d 0 R" % n["contents"], many)}

    return _changed(signer, change)


def _names_in_names(signer: FileSigner) -> bytes:
    levels = {90 + k: b"<</Kids[" + b"%d 0 R " % (91 + k) * 60 + b"]>>" for k in range(7)}
    levels[97] = b"<</Names[]>>"

    def change(n: Mapping[str, int]) -> dict[int, bytes]:
        document = small_document(small_draft(signer)).pdf_bytes
        catalog = _body(document, n["catalog"])
        names = re.sub(rb"/EmbeddedFiles<<.*?>>", b"/EmbeddedFiles 90 0 R", catalog, count=1)
        return {**levels, n["catalog"]: names}

    return _changed(signer, change)


def _pages_in_pages(signer: FileSigner) -> bytes:
    def change(n: Mapping[str, int]) -> dict[int, bytes]:
        own = b"%d 0 R " % n["pages"]
        kids = b"<</Type/Pages/Count 1/Kids[%d 0 R " % n["page"] + own * 200_000 + b"]>>"
        return {n["pages"]: kids}

    return _changed(signer, change)


def _empty_blocks(signer: FileSigner) -> bytes:
    """Places that look like streams one inside the other; each unfolds for long and to nothing."""
    block = b"\x00\x00\x00\xff\xff" * 20_000
    place = b"stream\x78\x01"
    stored = b"\x00" + len(place).to_bytes(2, "little") + (len(place) ^ 0xFFFF).to_bytes(2, "little") + place
    return _with_objects(
        signer, {90: b"<</Length 9>>\nstream\n\x78\x01" + (stored + block) * 300 + b"\nendstream"}
    )


def _heads(signer: FileSigner) -> bytes:
    """Many heads of streams far from any object, each of which could be searched from the very beginning."""
    return _with_objects(signer, {90: _stream(b"/" * 5_000_000 + b">>stream " * 40_000)})


def _with_objects(signer: FileSigner, objects: Mapping[int, bytes]) -> bytes:
    return _changed(signer, lambda _: dict(objects))


def _changed(signer: FileSigner, change: Callable[[Mapping[str, int]], dict[int, bytes]]) -> bytes:
    """Change a document before it is signed, and sign it as it is."""
    document = small_document(small_draft(signer))
    data = document.pdf_bytes
    catalog = int(_ROOT.findall(data)[-1].split()[0])
    pages = int(re.findall(rb"/Pages (\d+) 0 R", _body(data, catalog))[0])
    page = int(re.findall(rb"/Kids\[(\d+) 0 R", _body(data, pages))[0])
    numbers = {
        "catalog": catalog,
        "pages": pages,
        "page": page,
        "contents": int(re.findall(rb"/Contents (\d+) 0 R", _body(data, page))[0]),
        "characters": int(re.findall(rb"/ToUnicode (\d+) 0 R", data)[0]),
    }
    objects = {(number, 0): body for number, body in change(numbers).items()}
    changed = data + update(data, objects)
    return sign_pdf(replace(document, pdf_bytes=changed), signer)


def _body(data: bytes, number: int) -> bytes:
    return body_of(data, number)


def _folded(content: bytes) -> bytes:
    packed = zlib.compress(content, 6)
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(packed), packed)
