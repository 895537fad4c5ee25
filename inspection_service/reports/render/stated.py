"""What was established and by whom: control points, the mileage dossier, and what was not seen."""

from __future__ import annotations

from inspection_service.reports.render.context import Context
from inspection_service.reports.render.inputs import Json


class Stated(Context):
    """The tables after the photographs."""

    def point(self, point: Json) -> Json:
        """Lay out one control point with every answer, one column for each voice."""
        voices = {
            voice: [self._voice(a) for a in point["answers"] if a["voice"] == voice]
            for voice in ("model", "operator", "seller")
        }
        said = {a["value"].get("answer") for a in point["answers"] if a["value"].get("answer") is not None}
        state = "" if point["answers"] else self.words.say(f"point.{point['state']}")
        if point["state"] == "photo_only":
            state += f" ({self.photo_no.get(point['photo'], '')})"
        return {
            "title": point["title"],
            "voices": voices,
            "state": state,
            "tone": "plain" if point["state"] != "not_seen" else "warn",
            "contradiction": self.words.say("point.contradiction") if len(said) > 1 else "",
        }

    def _voice(self, answer: Json) -> Json:
        return {
            "text": self._answer(answer["value"]),
            "by": self.name(answer["by"]) if answer["voice"] == "operator" else "",
            "evidence": self.photos(answer["evidence"]) if answer["evidence"] else "",
        }

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
            if settled and not self.has_unit(settled):
                key += ".no_unit"
            lines.append(say(key, value=self.words.number(abs(difference))))
        if (age := mileage.get("age_months")) is not None:
            lines.append(say("mileage.age", years=age // 12, months=age % 12))
        rows = [
            [
                self.words.label("voice", r["voice"])
                + (f" ({name})" if (name := self.name(r["by"])) and r["voice"] == "operator" else ""),
                (self.reading(r) if r["reading"] else self._unread(r))
                + (f" – {r['note']}" if r["note"] else ""),
                "–" if r["confidence"] is None else self.words.score(r["confidence"]),
                self.at(r["at"]),
                self.photos(r["evidence"]),
            ]
            for r in mileage["readings"]
        ]
        return {
            "lines": lines,
            "rows": rows,
            "verdict": self._verdict(),
            "earlier": [
                [
                    f"{self.words.number(e['km'])}\u00a0km",
                    self.at(e["at"]),
                    self.words.label("mileage.source", e["source"]),
                ]
                for e in mileage.get("earlier", ())
            ],
            "caveat": say("mileage.caveat"),
            "photo": self._odometer_photo(),
        }

    def _verdict(self) -> Json | None:
        """Say whether the reading is plausible, and why; ``None`` for records from before 1.1."""
        mileage = self.record["mileage"]
        verdict = mileage.get("verdict")
        if verdict is None:
            return None
        tones = {"consistent": "good", "inconsistent": "bad"}
        return {
            "text": self.words.label("verdict", verdict),
            "tone": tones.get(verdict, "warn"),
            "reasons": [self.words.label("mileage.reason", code) for code in mileage.get("reasons", ())],
        }

    def _odometer_photo(self) -> Json | None:
        """Show the display once more beside its readings."""
        named = [i for r in self.record["mileage"]["readings"] for i in r["evidence"]]
        for capture_id in reversed(named):
            photo = self.pictures.photos.get(capture_id)
            if photo is not None:
                title = self.photo_title(capture_id)
                return {
                    "file": photo.file,
                    "width": photo.width_px,
                    "height": photo.height_px,
                    "alt": self.words.say("photo_alt", title=title),
                    "no": self.photo_no[capture_id],
                }
        return None

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
