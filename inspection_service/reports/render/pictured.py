"""Damage and photographs: who says what, on which picture."""

from __future__ import annotations

from inspection_service.reports.render.context import Context, Json


class Pictured(Context):
    """Findings with their three voices, photos with their captions."""

    def finding(self, finding: Json) -> Json:
        """Lay out one finding with its three voices."""
        say = self.words.say
        kind = self.words.label("kind", finding["kind"])
        where = say("finding_no_photo")
        if finding["capture_id"] is not None:
            where = say("finding_on", step=self.photo_title(finding["capture_id"]))
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
            "tone": self.tone(finding),
        }

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

    def withdrawn(self) -> str:
        """Count the findings that are only in the record."""
        hidden = len(self.record["findings"]) - len(self.findings)
        return self.words.count("findings.withdrawn", hidden) if hidden else ""

    def photo(self, capture: Json) -> Json:
        """Lay out one photo with its findings and its caption."""
        photo = self.pictures.photos.get(capture["id"])
        boxes = []
        if photo is not None:
            width, height = photo.upright_px
            boxes = [
                {
                    "no": self.finding_no[f["id"]],
                    "tone": self.tone(f),
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
        title = self.photo_title(capture["id"])
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

    def _decision(self, capture: Json) -> str:
        if capture["state"] == "overridden":
            who = self.actor(capture["decided_by"])
            if capture["decision_reason"]:
                return self.words.say("kept_by", who=who, reason=capture["decision_reason"])
            return self.words.say("kept_by_no_reason", who=who)
        if capture["state"] == "accepted":
            return self.words.say("accepted_by", who=self.actor(capture["decided_by"] or {"kind": "service"}))
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
        lines.append(say("caption.method", how=self.words.label("method", capture["method"])))
        lines.append(say("caption.received", at=self.at(capture["received_at"])))
        if capture["width_px"] and capture["height_px"]:
            lines.append(say("caption.size", width=capture["width_px"], height=capture["height_px"]))
        if capture["attempt"] > 1:
            lines.append(say("caption.attempt", n=capture["attempt"]))
        return lines
