"""What was established and by whom: control points, mileage, gaps, people, timeline, basis and proof."""

from __future__ import annotations

from typing import Final

from inspection_service.reports.render.context import Context, Json

JUDGED_EVENTS: Final = ("capture.", "finding.", "odometer.")


class Stated(Context):
    """The tables after the photographs."""

    def point(self, point: Json) -> Json:
        """Lay out one control point with every answer."""
        rows = [
            [
                self.words.label("voice", a["voice"]),
                self._answer(a["value"]),
                (a["by"] or {}).get("name") or "",
                self.photos(a["evidence"]),
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
            return self.reading(value) if value["reading"] else self.words.say("mileage.unread")
        text = self.words.label("answer", str(answer)) if answer is not None else "–"
        return f"{text} – {value['note']}" if value.get("note") else text

    def mileage(self) -> Json:
        """Lay out the mileage and who read it."""
        say, mileage = self.words.say, self.record["mileage"]
        declared, settled, difference = mileage["declared_km"], mileage["settled"], mileage["difference_km"]
        lines = []
        if settled:
            lines.append(
                say(
                    "mileage.settled",
                    value=self.digits(settled["reading"]),
                    unit=self.unit(settled["unit"]),
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
                self.reading(r) if r["reading"] else self._unread(r),
                "–" if r["confidence"] is None else self.words.score(r["confidence"]),
                self.at(r["at"]),
                self.photos(r["evidence"]),
            ]
            for r in mileage["readings"]
        ]
        return {"lines": lines, "rows": rows}

    def _unread(self, reading: Json) -> str:
        why = self.words.label("why_not", reading["why_not"])
        return self.words.say("mileage.unread") + (f" – {why}" if why else "")

    def gaps(self) -> list[Json]:
        """List what was not seen."""
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

    def consent(self, index: int) -> list[str]:
        """Say what was agreed to, refused, or taken back."""
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
            self.words.say(key, at=self.at(consent["at"])),
        ]

    def signature(self, index: int, signature: Json) -> Json:
        """Lay out one person’s signature."""
        factor = signature["second_factor"]
        text = self.words.say(f"factor.{factor}", to=signature["code_sent_to"] or "…")
        if signature["role"] == "operator" and factor == "none":
            text = self.words.say("factor.operator")
        return {
            "role": self.words.say(f"signature.{signature['role']}"),
            "name": signature["name"],
            "at": self.at(signature["at"]),
            "factor": text,
            "shown": signature["shown_sha256"],
            "covers": self.words.say(f"signature.covers.{signature['role']}"),
            "mark": self.pictures.marks.get(index),
            "alt": self.words.say("mark_alt", name=signature["name"]),
            "note": self.words.say("signature.note", text=signature["note"]) if signature["note"] else "",
        }

    def timeline(self) -> list[list[str]]:
        """List the events a reader can use."""
        later = {e["seq"] for e in self.record["notes"]["after_seller_signature"]}
        rows = []
        for event in self.record["timeline"]:
            text = self.words.event(event["kind"])
            if text is not None:
                step = self.steps.get(str(event["data"].get("step_id", "")))
                detail = f" – {step['title']}" if step else ""
                if event["seq"] in later:
                    detail += f" – {self.words.say('timeline.after_seller_signature')}"
                rows.append([self.at(event["at"], seconds=True), text + detail, self._doer(event)])
        return rows

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

    def proof(self) -> Json:
        """Say in plain words what the file proves."""
        lines = [self.words.say(f"proof.{number}") for number in range(1, 6)]
        development = self.words.say("proof.development") if self.record["notes"]["development_keys"] else ""
        schema = f"{self.record['kind']} {self.record['schema_version']}"
        return {"lines": lines, "development": development, "schema": schema}

    def _doer(self, event: Json) -> str:
        """Name who acted; what the service does by itself is the model's work only where a model judged."""
        by = event["by"]
        if by is not None and by["kind"] == "service" and not event["kind"].startswith(JUDGED_EVENTS):
            return self.words.say("actor.machine")
        return self.actor(by)
