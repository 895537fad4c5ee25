"""Bundles as an opposing expert would make them; see ``attacks``."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from datetime import timedelta

from inspection_service.reports.bundle import BundleWriter
from inspection_service.reports.keys import Signer
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.sign_json import HEAD_TYPE, sign_bytes
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.pki import Pki
from tests.unit.reports.verify_samples import Whole, bundled, leaf_of, log_of, rewritten, whole

Made = tuple[bytes, tuple[str, ...]]
_REFUSED = ("intact.unreadable", "intact.no")
_NOT_LOGGED = ("log.not_included",)


def bundle_attacks(pki: Pki) -> dict[str, Made]:
    """Archives, proofs of the log and disclosures."""
    case = whole(pki, level="b-lta", corrections=("addendum",))
    return {**_archives(case), **_logs(case), **_disclosures(case)}


def _archives(case: Whole) -> dict[str, Made]:
    signer = case.pki.signer()
    members = case.members()
    data = bundled(members, signer)
    twin = {**members, "photos/CAP_0001.jpg": members["photos/cap_0002.jpg"]}
    end = data.rindex(b"PK\x05\x06")
    offset, length = struct.unpack_from("<L", data, end + 16)[0], struct.unpack_from("<L", data, end + 12)[0]
    directory = data[offset : offset + length]
    made = {
        "zip_case_trick": bundled(twin, signer),
        "zip_composed_name": _named(data, "photos/cap_0001.jpg", "photos/cap\u0300001.jpg"),
        "zip_data_after": data + b"PK\x03\x04",
        "zip_two_directories": data[:offset] + directory + directory + data[end:],
        "zip_two_ends": data + data[end:],
        "zip_zip64_end": data[:end] + _zip64_end(offset, length) + data[end:],
        "zip_member_beyond": _beyond(data),
        "zip_sizes_of_64_bits": data[: end + 12] + b"\xff" * 8 + data[end + 20 :],
        "zip_second_name_in_extra": _with_extra(members, signer, _unicode_path(b"report.exe")),
        "zip_sizes_in_extra": _with_extra(members, signer, struct.pack("<HHQQ", 1, 16, 1, 1)),
        "zip_freight_in_extra": _with_extra(
            members, signer, struct.pack("<HH", 0x7875, 60_000) + bytes(60_000)
        ),
        "zip_number_of_members": data[: end + 8] + struct.pack("<HH", 1, 1) + data[end + 12 :],
        "zip_endless_directory": _endless_directory(),
    }
    return {name: (archive, _REFUSED) for name, archive in made.items()}


def _logs(case: Whole) -> dict[str, Made]:
    signer, leaf = case.pki.signer(), leaf_of(case.report, case.inspection_id)
    head = json.loads(case.log)["head_jws"]
    other_key = case.pki.signer(case.pki.issuing.issue("Another key", [DOCUMENT_SIGNING]))
    payload = _payload(head)
    stranger_signed = sign_bytes(
        payload, other_key, signed_at=SEALED_AT, media_type=HEAD_TYPE, is_detached=False
    )
    early = case.pki.authority().stamp(bytes(32)).der
    proofs = {
        "log_of_nothing": rewritten(case.log, tree_size=0, seq=0, path=[]),
        "log_outside_the_tree": rewritten(case.log, seq=7),
        "log_negative": rewritten(case.log, seq=-1),
        "log_head_by_another_key": rewritten(case.log, head_jws=stranger_signed),
        "log_head_older_than_the_report": log_of(signer, leaf, at=SEALED_AT - timedelta(hours=12)),
        "log_head_from_the_future": log_of(signer, leaf, at=SEALED_AT + timedelta(days=300)),
        "log_entry_older_than_the_report": log_of(signer, {**leaf, "at": "2020-01-01T00:00:00Z"}),
        "log_entry_without_time": log_of(signer, {**leaf, "at": 5}),
        "log_timestamp_of_another": rewritten(case.log, head_timestamp=early.hex()),
        "log_deep": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
        "log_path_of_a_million": rewritten(case.log, path=["00" * 32] * 3000),
    }
    return {
        name: (bundled({**case.members(), "log.json": proof}, signer), _NOT_LOGGED)
        for name, proof in proofs.items()
    }


def _disclosures(case: Whole) -> dict[str, Made]:
    """In a bundle without the document, which carries its own."""
    signer = case.pki.signer()
    members = {name: data for name, data in case.members().items() if name != "report.pdf"}
    listed = json.loads(case.disclosures)["disclosures"]
    first, second = listed[0], listed[1]
    escaped = first["pointer"].replace("/", "/~0", 1)
    changes = {
        "disclosed_twice": [*listed, {**first, "value": "somebody else"}],
        "disclosed_twice_alike": [*listed, first],
        "disclosed_nowhere": [*listed, {**first, "pointer": "/vehicle/owner"}],
        "disclosed_elsewhere": [{**first, "pointer": second["pointer"]}, *listed[2:]],
        "disclosed_spelled": [{**first, "pointer": escaped}, *listed[1:]],
        "disclosed_everything": [{**first, "pointer": ""}],
        "disclosed_of_no_kind": [{**first, "pointer": 5}],
        "disclosed_without_salt": [{**first, "salt": ""}, *listed[1:]],
        "disclosed_deep": [{**first, "value": _deep(400)}, *listed[1:]],
    }
    return {
        name: (
            bundled({**members, "disclosures.json": rewritten(case.disclosures, disclosures=given)}, signer),
            ("intact.no",),
        )
        for name, given in changes.items()
    }


def _deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def _payload(jws: str) -> bytes:
    text = jws.split(".")[1]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _named(data: bytes, name: str, other: str) -> bytes:
    """Give a member another name of as many bytes."""
    raw = other.encode()[: len(name)]
    return data.replace(name.encode(), raw.ljust(len(name), b"x"))


def _zip64_end(offset: int, length: int) -> bytes:
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, offset)
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + length, 1)


def _beyond(data: bytes) -> bytes:
    """The first member said to lie behind the directory, where a second archive is."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 42] + struct.pack("<L", len(data)) + data[at + 46 :]


def _unicode_path(name: bytes) -> bytes:
    """Another name for tools that know Info-ZIP's extra field 0x7075 (APPNOTE 4.6.9)."""
    return struct.pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name


def _with_extra(members: Mapping[str, bytes], signer: Signer, extra: bytes) -> bytes:
    """A rightly signed bundle, packed again with something more in the headers of one member."""
    writer = BundleWriter(signer, SEALED_AT + timedelta(hours=2))
    data = b"".join([*(writer.add(name, content) for name, content in members.items()), writer.close()])
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as opened, zipfile.ZipFile(written, "w") as packed:
        for name in opened.namelist():
            info = zipfile.ZipInfo(name)
            info.extra = extra if name == "report.json" else b""
            packed.writestr(info, opened.read(name))
    return written.getvalue()


def _endless_directory() -> bytes:
    """One member, and a directory of megabytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("report.json", b"{}")
    data = written.getvalue()
    end = data.rindex(b"PK\x05\x06")
    more = bytes(12 << 20)
    length = struct.unpack_from("<L", data, end + 12)[0] + len(more)
    return data[:end] + more + data[end : end + 12] + struct.pack("<L", length) + data[end + 16 :]
