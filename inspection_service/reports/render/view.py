"""The record in the order and the words in which a person reads it: pure, so that the template only lays out.

Every text that came from a person or a platform passes ``fonts.printable`` once, at the end, for the whole tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from inspection_service.reports.render.fonts import printable
from inspection_service.reports.words import Words

AROUND: Final = (
    "front",
    "front_left",
    "left_side",
    "rear_left",
    "rear",
    "rear_right",
    "right_side",
    "front_right",
)
"""The eight directions around a car, in the car's own sides."""
HERO_VIEWS: Final = ("front_left", "front_right", "front", "left_side", "right_side")
JUDGED_EVENTS: Final = ("capture.", "finding.", "odometer.")
FIRST_PAGE_GAPS: Final = 8
"""More would push the first page over; the rest follows on the page about what was not seen."""

Record = Mapping[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A page's picture as written for the template."""

    file: str
    width_px: int
    height_px: int
    upright_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CropFile:
    """A detail as written for the template; the box in shares of its sides."""

    file: str
    width_px: int
    height_px: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Every picture of one report, by what it shows."""

    photos: Mapping[str, PhotoFile] = field(default_factory=dict)
    """By capture id."""
    crops: Mapping[str, CropFile] = field(default_factory=dict)
    """By finding id."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """By position among the signatures."""


def page_data(record: Record, sha256: str, pictures: Pictures) -> Json:
    """Put a record into words.

    Args:
        record: As ``build`` made it.
        sha256: Of its canonical bytes.
        pictures: What could be drawn; what is missing is said in its place.

    Returns:
        JSON for the template: texts, numbers, file names, and nothing left to decide.
    """
    return _View(record, sha256, pictures).data()


def shown_captures(record: Record) -> list[Json]:
    """Give the photos the document shows, in the order of the steps, declared damage last."""
    by_id = {c["id"]: c for c in record["captures"]}
    ordered = [by_id[s["capture_id"]] for s in record["steps"] if s["capture_id"] in by_id]
    return ordered + [c for c in record["captures"] if c["in_report"] and c["step_id"] is None]


def shown_findings(record: Record) -> list[Json]:
    """Give the findings the document shows: stated by people, then suspected, then rejected."""

    def rank(finding: Json) -> int:
        if finding["verdict"] == "rejected":
            return 2
        return 1 if finding["source"] == "model" and finding["verdict"] is None else 0

    shown = {c["id"]: place for place, c in enumerate(shown_captures(record))}
    standing = [
        f
        for f in record["findings"]
        if f["in_report"] and (f["capture_id"] is None or f["capture_id"] in shown)
    ]
    return sorted(
        standing, key=lambda f: (rank(f), shown.get(f["capture_id"], len(shown)), f["created_at"], f["id"])
    )


class _View:
    def __init__(self, record: Record, sha256: str, pictures: Pictures) -> None:
        self.record = record
        self.sha256 = sha256
        self.pictures = pictures
        self.words = Words(record["language"])
        self.steps = {s["id"]: s for s in record["steps"]}
        self.captures = shown_captures(record)
        self.photo_no = {c["id"]: f"P{number}" for number, c in enumerate(self.captures, 1)}
        self.findings = shown_findings(record)
        self.finding_no = {f["id"]: f"D{number}" for number, f in enumerate(self.findings, 1)}

    def data(self) -> Json:
        say = self.words.say
        headings = (
            "title", "title_short", "overview", "findings", "photos", "control_points", "mileage", "not_seen", "people",
            "timeline", "basis", "manifest", "proof", "known_by", "how_sure", "state", "directions", "legend_seen",
            "legend_poor", "legend_not", "finding_photo_missing", "photo_missing", "limits_title", "point", "answers",
            "reading", "confidence", "when", "who", "consents", "consents.none", "signatures", "signatures.none",
            "signature.shown", "mark.none", "checklist", "models", "models.none", "sets", "manifest_intro", "photo",
            "bytes", "proof.check", "proof.digest", "proof.schema", "photos.none", "points.none", "findings.none",
            "gap.none", "coverage_alt", "ordered_by", "sealed", "inspection", "reference", "purpose", "mileage.none",
            "item", "value", "caption.sha",
        )  # fmt: skip
        sealed = _parse(self.record["sealed_at"])
        tree: Json = {
            "language": self.record["language"],
            "date": [sealed.year, sealed.month, sealed.day, sealed.hour, sealed.minute, sealed.second],
            "digest": self.sha256,
            "label": {heading: say(heading) for heading in headings},
            "page_label": say("page", page="%page%", pages="%pages%"),
            "head": self._head(),
            "notes": self._notes(),
            "hero": self._hero(),
            "facts": self._facts(),
            "cards": self._cards(),
            "state": self._state(),
            "sure": self._sure(),
            "directions": self._directions(),
            "findings": [self._finding(f) for f in self.findings],
            "findings_none": self.words.say("findings.none") if self.captures else "",
            "findings_withdrawn": self._withdrawn(),
            "photos": [self._photo(c) for c in self.captures],
            "points": [self._point(p) for p in self.record["control_points"]],
            "mileage": self._mileage(),
            "gaps": self._gaps(),
            "first_gaps": FIRST_PAGE_GAPS,
            "limits": [self.words.label("limit", code) for code in self.record["limits"]],
            "consents": [self._consent(i) for i in range(len(self.record["consents"]))],
            "signatures": [self._signature(i, s) for i, s in enumerate(self.record["signatures"])],
            "timeline": self._timeline(),
            "basis": self._basis(),
            "manifest": [self._evidence(c) for c in self.record["captures"]],
            "proof": self._proof(),
        }
        return {key: _printable(value) for key, value in tree.items()}

    # -- first page

    def _head(self) -> Json:
        inspection, vehicle = self.record["inspection"], self.record["vehicle"]
        name = " ".join(str(vehicle[key]["value"]) for key in ("make", "model") if vehicle[key]["value"])
        return {
            "platform": inspection["platform"],
            "car": name or self.words.say("vehicle_fallback"),
            "plate": vehicle["plate"]["value"] or "",
            "sealed": self._at(self.record["sealed_at"]),
            "id": inspection["id"],
            "reference": inspection["reference"] or "",
            "purpose": self.words.label("purpose", inspection["purpose"]),
        }

    def _notes(self) -> list[Json]:
        notes = self.record["notes"]
        order = (
            ("development_keys", "bad"),
            ("no_seller_signature", "warn"),
            ("no_operator_sign_off", "warn"),
            ("no_second_factor", "warn"),
            ("no_timestamp_authority", "plain"),
        )
        return [
            {"text": self.words.say(f"note.{code}"), "tone": tone} for code, tone in order if notes.get(code)
        ]

    def _hero(self) -> Json | None:
        by_view = {s["view"]: s["capture_id"] for s in self.record["steps"] if s["capture_id"]}
        for view in HERO_VIEWS:
            photo = self.pictures.photos.get(by_view.get(view, ""))
            if photo is not None:
                alt = self.words.say("photo_alt", title=self.words.label("view", view))
                return {"file": photo.file, "width": photo.width_px, "height": photo.height_px, "alt": alt}
        return None

    def _facts(self) -> list[list[str]]:
        vehicle = self.record["vehicle"]
        rows: list[list[str]] = []
        for name in ("make", "model", "plate", "vin", "first_registration", "fuel"):
            item = vehicle[name]
            value = item["value"] or "–"
            if name == "first_registration" and item["value"]:
                value = self.words.day(datetime.fromisoformat(item["value"]))
            if name == "fuel":
                value = self.words.label("fuel", item["value"]) or "–"
            known = self.words.say(f"known.{item['known_by']}")
            if item["seen_in"]:
                key = "known.plate_seen" if item["value"] else "known.plate_only_seen"
                known = self.words.count(key, len(item["seen_in"]))
            rows.append([self.words.say(f"vehicle.{name}"), value, known])
        rows.append([self.words.say("vehicle.mileage"), *self._mileage_fact()])
        return rows

    def _mileage_fact(self) -> tuple[str, str]:
        mileage = self.record["mileage"]
        settled = mileage["settled"]
        if settled:
            return self._reading(settled), self.words.say(f"known.reading.{settled['voice']}")
        if mileage["declared_km"] is not None:
            return f"{self.words.number(mileage['declared_km'])} km", self.words.say("known.declared")
        return "–", self.words.say("mileage.unread")

    def _cards(self) -> list[Json]:
        say, summary, mileage = self.words.say, self.record["summary"], self.record["mileage"]
        counts = summary["findings"]
        found = counts["confirmed"] + counts["suspected"] + counts["declared"]
        nothing = summary["damage"] == "nothing_photographed"
        settled = mileage["settled"]
        complete = summary["steps_not_seen"] == 0 and summary["steps_kept"] == 0
        cards = [
            {
                "big": f"{summary['steps_photographed']} / {summary['steps_total']}",
                "small": say("card_views"),
                "tone": "good" if complete else "warn",
            },
            {
                "big": self._reading(settled) if settled else say("mileage.unread"),
                "small": say("card_mileage"),
                "tone": "plain" if settled else "warn",
            },
            {
                "big": str(found) if found else say("card.unknown" if nothing else "card.none"),
                "small": say("card_damage"),
                "tone": "bad"
                if counts["confirmed"] + counts["declared"]
                else "warn"
                if found or nothing
                else "plain",
            },
        ]
        if summary["control_points_total"]:
            answered, total = summary["control_points_answered"], summary["control_points_total"]
            tone = "plain" if answered == total else "warn"
            cards.append({"big": f"{answered} / {total}", "small": say("card_points"), "tone": tone})
        return cards

    def _state(self) -> Json:
        summary = self.record["summary"]
        tones = {"stated": "bad", "suspected": "warn", "nothing_photographed": "warn", "none_seen": "plain"}
        lines = [
            self.words.count(f"count.{code}", summary["findings"][code])
            for code in ("confirmed", "declared", "suspected", "rejected", "disputed")
            if summary["findings"][code]
        ]
        return {
            "headline": self.words.say(f"damage.{summary['damage']}"),
            "lines": lines,
            "tone": tones[summary["damage"]],
        }

    def _sure(self) -> list[str]:
        say, summary = self.words.say, self.record["summary"]
        seen, total, kept = summary["steps_photographed"], summary["steps_total"], summary["steps_kept"]
        lines = [say("sure.views.all" if seen == total else "sure.views", seen=seen, total=total)]
        if kept:
            lines.append(self.words.count("sure.kept", kept, kept=kept))
        operators = [s for s in self.record["signatures"] if s["role"] == "operator"]
        if operators:
            lines += [say("sure.operator", name=s["name"], at=self._at(s["at"])) for s in operators]
        elif self.record["inspection"]["sign_off"] == "required":
            lines.append(say("sure.no_operator"))
        else:
            lines.append(say("sure.no_operator_required"))
        if summary["findings"]["disputed"]:
            lines.append(self.words.count("sure.disputes", summary["findings"]["disputed"]))
        lines.append(say("sure.model"))
        return lines

    def _directions(self) -> list[Json]:
        """Say for each direction around the car whether it was asked for and seen."""
        states: dict[str, str] = {}
        for step in self.record["steps"]:
            if step["view"] in AROUND and states.get(step["view"]) != "seen":
                states[step["view"]] = {"photographed": "seen", "kept": "poor"}.get(step["outcome"], "absent")
        return [
            {"view": view, "label": self.words.label("view", view), "tone": states[view]}
            for view in AROUND
            if view in states
        ]

    # -- damage

    def _finding(self, finding: Json) -> Json:
        say = self.words.say
        kind = self.words.label("kind", finding["kind"])
        where = say("finding_no_photo")
        if finding["capture_id"] is not None:
            where = say("finding_on", step=self._photo_title(finding["capture_id"]))
            where += f" ({self.photo_no[finding['capture_id']]})"
        meta = [where]
        if finding["part"]:
            meta.append(say("part", value=self.words.label("part_name", finding["part"])))
        if finding["severity"]:
            meta.append(say("severity", value=say(f"severity.{finding['severity']}")))
        return {
            "no": self.finding_no[finding["id"]],
            "title": kind[:1].upper() + kind[1:],
            "meta": " · ".join(meta),
            "crop": self._crop(finding, kind),
            "missing": say("finding_no_photo" if finding["capture_id"] is None else "finding_photo_missing"),
            "voices": [
                [say("voice.model"), self._model_voice(finding, kind)],
                [say("voice.operator"), self._operator_voice(finding)],
                [say("voice.seller"), self._seller_voice(finding)],
            ],
            "tone": self._tone(finding),
        }

    def _tone(self, finding: Json) -> str:
        if finding["verdict"] == "rejected":
            return "plain"
        return "warn" if finding["source"] == "model" and finding["verdict"] is None else "bad"

    def _crop(self, finding: Json, kind: str) -> Json | None:
        crop = self.pictures.crops.get(finding["id"])
        if crop is not None:
            alt = self.words.say("crop_alt", title=kind)
            return {
                "file": crop.file,
                "width": crop.width_px,
                "height": crop.height_px,
                "box": crop.box,
                "alt": alt,
            }
        photo = self.pictures.photos.get(finding["capture_id"] or "")
        if photo is None or finding["box"] is not None:
            return None
        alt = self.words.say("photo_alt", title=kind)
        return {
            "file": photo.file,
            "width": photo.width_px,
            "height": photo.height_px,
            "box": None,
            "alt": alt,
        }

    def _model_voice(self, finding: Json, kind: str) -> str:
        if finding["source"] != "model":
            return self.words.say("model.silent")
        score = "–" if finding["model_score"] is None else self.words.score(finding["model_score"])
        return self.words.say("model.suspects", kind=kind, score=score)

    def _operator_voice(self, finding: Json) -> str:
        words = []
        if finding["source"] == "operator":
            words.append(self.words.say("operator.added"))
            if finding["text"]:
                words.append(self.words.say("said", text=finding["text"]))
        if finding["verdict"] is not None:
            name = (finding["verdict_by"] or {}).get("name")
            words.append(self.words.say(f"operator.{finding['verdict']}") + (f" ({name})" if name else ""))
        if finding["verdict_note"]:
            words.append(self.words.say("said", text=finding["verdict_note"]))
        return ", ".join(words) or self.words.say("operator.none")

    def _seller_voice(self, finding: Json) -> str:
        words = []
        if finding["source"] == "seller":
            words.append(self.words.say("seller.declared"))
            if finding["text"]:
                words.append(self.words.say("said", text=finding["text"]))
        if finding["dispute"]:
            words.append(self.words.say("seller.disputes", text=finding["dispute"]))
        return ", ".join(words) or self.words.say("seller.silent")

    def _withdrawn(self) -> str:
        hidden = len(self.record["findings"]) - len(self.findings)
        return self.words.count("findings.withdrawn", hidden) if hidden else ""

    # -- photos

    def _photo(self, capture: Json) -> Json:
        photo = self.pictures.photos.get(capture["id"])
        boxes = []
        if photo is not None:
            width, height = photo.upright_px
            boxes = [
                {
                    "no": self.finding_no[f["id"]],
                    "tone": self._tone(f),
                    "box": [
                        f["box"][0] / width,
                        f["box"][1] / height,
                        f["box"][2] / width,
                        f["box"][3] / height,
                    ],
                }
                for f in self.findings
                if f["capture_id"] == capture["id"] and f["box"] is not None
            ]
        title = self._photo_title(capture["id"])
        return {
            "no": self.photo_no[capture["id"]],
            "title": title,
            "alt": self.words.say("photo_alt", title=title),
            "picture": None
            if photo is None
            else {"file": photo.file, "width": photo.width_px, "height": photo.height_px},
            "boxes": boxes,
            "tone": "warn" if capture["state"] == "overridden" else "plain",
            "verdict": self._decision(capture),
            "lines": self._caption(capture),
            "sha": capture["sha256"],
        }

    def _photo_title(self, capture_id: str) -> str:
        capture = next((c for c in self.record["captures"] if c["id"] == capture_id), None)
        step = self.steps.get(capture["step_id"]) if capture else None
        return step["title"] if step else self.words.say("declared_photo")

    def _decision(self, capture: Json) -> str:
        if capture["state"] == "overridden":
            who = self._actor(capture["decided_by"])
            if capture["decision_reason"]:
                return self.words.say("kept_by", who=who, reason=capture["decision_reason"])
            return self.words.say("kept_by_no_reason", who=who)
        if capture["state"] == "accepted":
            return self.words.say(
                "accepted_by", who=self._actor(capture["decided_by"] or {"kind": "service"})
            )
        return self.words.say("seller.declared")

    def _caption(self, capture: Json) -> list[str]:
        say, judgement = self.words.say, capture["judgement"]
        lines = []
        if judgement and judgement["view"] and capture["step_id"] is not None:
            score = self.words.score(judgement["view_score"] or 0.0)
            lines.append(say("caption.view", view=self.words.label("view", judgement["view"]), score=score))
        if judgement and judgement["reasons"] and capture["step_id"] is not None:
            reasons = ", ".join(self.words.label("reason", code) for code in judgement["reasons"])
            lines.append(say("caption.reasons", reasons=reasons))
        lines.append(say("caption.received", at=self._at(capture["received_at"])))
        if capture["width_px"] and capture["height_px"]:
            lines.append(say("caption.size", width=capture["width_px"], height=capture["height_px"]))
        if capture["attempt"] > 1:
            lines.append(say("caption.attempt", n=capture["attempt"]))
        return lines

    # -- points, mileage, gaps

    def _point(self, point: Json) -> Json:
        rows = [
            [
                self.words.label("voice", a["voice"]),
                self._answer(a["value"]),
                (a["by"] or {}).get("name") or "",
                self._photos(a["evidence"]),
            ]
            for a in point["answers"]
        ]
        state = "" if rows else self.words.say(f"point.{point['state']}")
        if point["state"] == "photo_only":
            state += f" ({self.photo_no.get(point['photo'], '')})"
        return {"title": point["title"], "rows": rows, "state": state}

    def _answer(self, value: Json) -> str:
        answer = value.get("answer")
        if answer is None and "reading" in value:
            return self._reading(value) if value["reading"] else self.words.say("mileage.unread")
        text = self.words.label("answer", str(answer)) if answer is not None else "–"
        return f"{text} – {value['note']}" if value.get("note") else text

    def _photos(self, capture_ids: Sequence[str]) -> str:
        numbers = [self.photo_no[i] for i in capture_ids if i in self.photo_no]
        return (
            self.words.say("evidence_of", photos=", ".join(numbers))
            if numbers
            else self.words.say("no_evidence")
        )

    def _mileage(self) -> Json:
        say, mileage = self.words.say, self.record["mileage"]
        declared, settled, difference = mileage["declared_km"], mileage["settled"], mileage["difference_km"]
        lines = []
        if settled:
            lines.append(
                say(
                    "mileage.settled",
                    value=self._digits(settled["reading"]),
                    unit=self._unit(settled["unit"]),
                    voice=say(f"by.{settled['voice']}"),
                )
            )
        else:
            lines.append(say("mileage.no_reading"))
        if declared is None:
            lines.append(say("mileage.not_declared"))
        else:
            lines.append(say("mileage.declared", value=self.words.number(declared)))
        if difference is not None:
            key = "mileage.same" if difference == 0 else "mileage.more" if difference > 0 else "mileage.less"
            lines.append(say(key, value=self.words.number(abs(difference))))
        lines.append(say("mileage.caveat"))
        rows = [
            [
                self.words.label("voice", r["voice"]),
                self._reading(r) if r["reading"] else self._unread(r),
                "–" if r["confidence"] is None else self.words.score(r["confidence"]),
                self._at(r["at"]),
                self._photos(r["evidence"]),
            ]
            for r in mileage["readings"]
        ]
        return {"lines": lines, "rows": rows}

    def _unread(self, reading: Json) -> str:
        why = self.words.label("why_not", reading["why_not"])
        return self.words.say("mileage.unread") + (f" – {why}" if why else "")

    def _gaps(self) -> list[Json]:
        return [self._gap(gap) for gap in self.record["not_seen"]]

    def _gap(self, gap: Json) -> Json:
        say = self.words.say
        if gap["kind"] == "control_point":
            point = next(p for p in self.record["control_points"] if p["id"] == gap["id"])
            return {
                "kind": say("gap.point"),
                "title": point["title"],
                "why": "",
                "reason": "",
                "tone": "plain",
            }
        why = [say(f"outcome.{gap['why']}")]
        why += [self.words.label("reason", code) for code in gap["faults"]]
        if gap["kind"] == "step":
            why.append(say("gap.required" if gap["required"] else "gap.optional"))
        return {
            "kind": say("gap.poor" if gap["kind"] == "poor_photo" else "gap.view"),
            "title": self.steps[gap["id"]]["title"],
            "why": ", ".join(why),
            "reason": say("gap.reason", text=gap["reason"]) if gap["reason"] else "",
            "tone": "bad" if gap["kind"] == "step" and gap["required"] else "warn",
        }

    # -- people and proof

    def _consent(self, index: int) -> list[str]:
        consent, earlier = self.record["consents"][index], self.record["consents"][:index]
        was_given = any(c["purpose"] == consent["purpose"] and c["is_given"] for c in earlier)
        key = (
            "consent.given"
            if consent["is_given"]
            else "consent.withdrawn"
            if was_given
            else "consent.refused"
        )
        return [
            self.words.label("consent", consent["purpose"]),
            self.words.say(key, at=self._at(consent["at"])),
        ]

    def _signature(self, index: int, signature: Json) -> Json:
        factor = signature["second_factor"]
        text = self.words.say(f"factor.{factor}", to=signature["code_sent_to"] or "…")
        if signature["role"] == "operator" and factor == "none":
            text = self.words.say("factor.operator")
        return {
            "role": self.words.say(f"signature.{signature['role']}"),
            "name": signature["name"],
            "at": self._at(signature["at"]),
            "factor": text,
            "shown": signature["shown_sha256"],
            "mark": self.pictures.marks.get(index),
            "alt": self.words.say("mark_alt", name=signature["name"]),
            "note": self.words.say("signature.note", text=signature["note"]) if signature["note"] else "",
        }

    def _timeline(self) -> list[list[str]]:
        rows = []
        for event in self.record["timeline"]:
            text = self.words.event(event["kind"])
            if text is not None:
                step = self.steps.get(str(event["data"].get("step_id", "")))
                detail = f" – {step['title']}" if step else ""
                rows.append([self._at(event["at"], seconds=True), text + detail, self._doer(event)])
        return rows

    def _basis(self) -> Json:
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

    def _evidence(self, capture: Json) -> list[str]:
        step = self.steps.get(capture["step_id"])
        title = step["title"] if step else self.words.say("declared_photo")
        if capture["step_id"] is not None and capture["attempt"] > 1:
            title += f" ({self.words.say('caption.attempt', n=capture['attempt'])})"
        place = self.photo_no.get(capture["id"]) or self.words.say("not_in_report")
        return [place, title, self.words.number(capture["size_bytes"]), capture["sha256"]]

    def _proof(self) -> Json:
        lines = [self.words.say(f"proof.{number}") for number in range(1, 6)]
        development = self.words.say("proof.development") if self.record["notes"]["development_keys"] else ""
        schema = f"{self.record['kind']} {self.record['schema_version']}"
        return {"lines": lines, "development": development, "schema": schema}

    # -- small words

    def _at(self, text: str, *, seconds: bool = False) -> str:
        moment = _parse(text)
        if seconds:
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        return self.words.moment(moment)

    def _actor(self, actor: Json | None) -> str:
        if actor is None:
            return self.words.say("actor.service")
        if actor["kind"] == "operator" and actor.get("name"):
            return self.words.say("actor.operator_named", name=actor["name"])
        return self.words.label("actor", actor["kind"])

    def _doer(self, event: Json) -> str:
        """Name who acted; what the service does by itself is the model's work only where a model judged."""
        by = event["by"]
        if by is not None and by["kind"] == "service" and not event["kind"].startswith(JUDGED_EVENTS):
            return self.words.say("actor.machine")
        return self._actor(by)

    def _reading(self, value: Json) -> str:
        return f"{self._digits(value['reading'])}\u00a0{self._unit(value.get('unit'))}"

    def _digits(self, reading: object) -> str:
        text = str(reading)
        return self.words.number(int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else text

    def _unit(self, unit: str | None) -> str:
        return self.words.say(f"unit.{unit}" if unit in ("km", "mi") else "unit.none")


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value
