"""The last pages: on which data the report rests, every original by its hash, and in plain words what is proven."""

from __future__ import annotations

from typing import Final

from inspection_service.reports.render.inputs import Json
from inspection_service.reports.render.overview import Overview

VERIFY_PATH: Final = "/verify"
LONGEST_URL: Final = 300
"""A longer address makes a QR code that no phone reads from paper."""


class Proof(Overview):
    """Basis, evidence and proof."""

    def basis(self) -> Json:
        """Name checklist and models with their hashes."""
        checklist, models = self.record["checklist"], self.record["models"]
        title = checklist["title"] or checklist["id"]
        return {
            "checklist": [
                f"{title} ({checklist['id']}), {self.words.say('version', version=checklist['version'])}",
                checklist["sha256"],
            ],
            "models": [
                [m["name"], self.words.say("version", version=m["version"]), m["sha256"]]
                for m in models["list"]
            ],
            "sets": models["sets_used"],
        }

    def evidence(self, capture: Json) -> list[str]:
        """Lay out one line of the list of originals."""
        step = self.steps.get(capture["step_id"])
        title = step["title"] if step else self.words.say("declared_photo")
        if capture["step_id"] is not None and capture["attempt"] > 1:
            title += f" ({self.words.say('caption.attempt', n=capture['attempt'])})"
        place = self.photo_no.get(capture["id"]) or self.words.say("not_in_report")
        return [place, title, self.words.number(capture["size_bytes"]), capture["sha256"]]

    def frames_evidence(self) -> list[list[str]]:
        """Lay out the kept frames in the list of originals."""
        return [
            [
                self.frame_no[a["id"]],
                self.words.say("frame.title"),
                self.words.number(a["size_bytes"]) if a.get("size_bytes") else "–",
                a["sha256"],
            ]
            for a in self.annotations
        ]

    def evidence_root(self) -> str:
        """Give the root over all originals; empty for records from before 1.1."""
        return str((self.record.get("evidence") or {}).get("root", ""))

    def proof(self) -> Json:
        """Say in plain words what the file proves, what it does not, and how to find out."""
        say, key = self.words.say, self.inputs.key
        proven = [
            say("proof.unchanged"),
            say("proof.record"),
            say("proof.photos"),
            self._time(),
            say("proof.voices"),
        ]
        if any(s["role"] == "seller" for s in self.record["signatures"]):
            weak = self.record["notes"]["no_second_factor"]
            proven.append(say("proof.seller_weak" if weak else "proof.seller"))
        unproven = [
            say(f"proof.not.{code}") for code in ("trust", "car", "seen", "odometer", "place", "newer")
        ]
        if any(c["method"] == "file" for c in self.captures):
            unproven.append(say("proof.not.files"))
        kind = "development" if self.record["notes"]["development_keys"] else key.kind if key else "unknown"
        url = verify_url(self.inputs.public_url)
        return {
            "development": say("proof.development") if self.record["notes"]["development_keys"] else "",
            "proven": proven,
            "unproven": unproven,
            "key": say(f"proof.key.{kind}"),
            "signer": key.subject if key else "",
            "root": spaced(key.root_sha256) if key else "",
            "time": say(f"proof.clock.{self.time_code()}"),
            "ways": [
                [say(f"way.{way}"), say(f"way.{way}.how"), command]
                for way, command in (
                    ("page", url or ""),
                    ("command", "inspection-service verify-report report.pdf --root root.pem"),
                    ("reader", "pdfsig -nssdir sql:nss report.pdf"),
                    (
                        "openssl",
                        "openssl cms -verify -binary -inform DER -in signature.der \\\n"
                        "  -content signed.bin -CAfile root.pem -purpose any",
                    ),
                )
            ],
            "code": self.pictures.code,
            "code_alt": say("proof.code_alt", url=url) if url else "",
            "url": url or "",
            "no_url": "" if url else say("proof.no_url"),
            "schema": f"{self.record['kind']} {self.record['schema_version']}",
            "attached": self._attached(),
        }

    def _time(self) -> str:
        return self.words.say(f"proof.time.{self.time_code()}", at=self.at(self.record["sealed_at"]))

    def _attached(self) -> list[list[str]]:
        say = self.words.say
        named = [["report.json", say("attached.report")], ["report.schema.json", say("attached.schema")]]
        return named + [
            [a.name, self.words.label("attached", a.name) if known(a.name) else a.description]
            for a in self.inputs.attachments
        ]


def verify_url(public_url: str | None) -> str | None:
    """Give the address of the verification page, if a report may name one."""
    base = (public_url or "").rstrip("/")
    is_address = base.startswith(("https://", "http://")) and len(base) <= LONGEST_URL
    return f"{base}{VERIFY_PATH}" if is_address else None


def known(name: str) -> bool:
    """Whether the report has its own words for an embedded file."""
    return name in ("report.jws", "disclosures.json", "evidence.json")


def spaced(digest: str) -> str:
    """Group a fingerprint so that two people can compare it by telephone."""
    return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4))
