"""Damage and photographs: who says what, on which picture."""

from __future__ import annotations

from collections.abc import Sequence

from inspection_service.reports.render.context import Context
from inspection_service.reports.render.inputs import Json


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
        if (frame := self.frame_no.get(finding.get("annotation_id") or "")) is not None:
            where = say("finding_on_frame", frame=frame)
        meta = [where]
        further = [self.photo_no[i] for i in finding.get("more_captures", ()) if i in self.photo_no]
        if further:
            meta.append(say("finding_also", photos=", ".join(further)))
        if finding["part"]:
            meta.append(say("part_value", value=self.words.label("part_name", finding["part"])))
        if finding["severity"]:
            meta.append(say("severity", value=say(f"severity.{finding['severity']}")))
        return {
            "no": self.finding_no[finding["id"]],
            "title": kind[:1].upper() + kind[1:],
            "meta": " · ".join(meta),
            "place": self._place(finding),
            "crop": self._crop(finding, kind),
            "drawing": self.pictures.drawings.get(finding.get("annotation_id") or "", ""),
            "dispute": say("finding.disputed", text=finding["dispute"]) if finding["dispute"] else "",
            "standing": say(f"standing.{self._standing(finding)}"),
            "missing": say("finding_no_photo" if finding["capture_id"] is None else "finding_photo_missing"),
            "voices": [
                [say("voice.model"), self._model_voice(finding, kind)],
                [say("voice.operator"), self._operator_voice(finding)],
                [say("voice.seller"), self._seller_voice(finding)],
            ],
            "tone": self.tone(finding),
        }

    def _place(self, finding: Json) -> str:
        """Name the panel, or else only the photo: a place nobody named is not guessed in words."""
        if finding["part"]:
            return self.words.label("part_name", finding["part"])
        if (frame := self.frame_no.get(finding.get("annotation_id") or "")) is not None:
            return frame
        if finding["capture_id"] is None:
            return self.words.say("plan.no_photo")
        return self.words.say(
            "part_unnamed",
            step=self.photo_title(finding["capture_id"]),
            photo=self.photo_no[finding["capture_id"]],
        )

    @staticmethod
    def _standing(finding: Json) -> str:
        if finding["verdict"] is not None:
            return str(finding["verdict"])
        return {"model": "suspected", "operator": "stated", "seller": "declared"}[finding["source"]]

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
        if (frame := self.pictures.frames.get(finding.get("annotation_id") or "")) is not None:
            photo = frame
        if photo is None or (finding["box"] is not None and frame is None):
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
            return self._model_near(finding)
        score = "–" if finding["model_score"] is None else self.words.score(finding["model_score"])
        return self.words.say("model.suspects", kind=kind, score=score)

    def _model_near(self, finding: Json) -> str:
        """Say what the model suspects where a person states a damage: there, or on the photo when no place is given."""
        by_model = [
            f for f in self.findings if f["source"] == "model" and _photos_of(f) & _photos_of(finding)
        ]
        if finding["box"] is not None:
            key = "model.suspects_here"
            by_model = [
                f
                for f in by_model
                if f["capture_id"] == finding["capture_id"]
                and f["box"] is not None
                and _overlap(f["box"], finding["box"])
            ]
        else:
            key = "model.suspects_on_photo"
            by_model = [f for f in by_model if finding["source"] == "seller"]
        if not by_model:
            return self.words.say("model.silent")
        return self.words.say(key, findings=", ".join(self.finding_no[f["id"]] for f in by_model))

    def _is_on_declared_photo(self, finding: Json) -> bool:
        """Whether the seller declared a damage on the photo of a finding that somebody else stated."""
        if any(self._is_declared_photo(c) for c in self.captures if c["id"] in _photos_of(finding)):
            return True
        return any(
            _photos_of(f) & _photos_of(finding)
            and (f["box"] is None or finding["box"] is None or _overlap(f["box"], finding["box"]))
            for f in self.findings
            if f["source"] == "seller"
        )

    def _operator_voice(self, finding: Json) -> str:
        words = []
        if finding["source"] == "operator":
            words.append(self.words.say("operator.added"))
            if finding["text"]:
                words.append(self.words.say("said", text=finding["text"]))
        if finding["verdict"] is not None:
            name = self.name(finding["verdict_by"])
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
        elif self._is_on_declared_photo(finding):
            words.append(self.words.say("seller.declared_on_photo"))
        if finding["dispute"]:
            words.append(self.words.say("seller.disputes_below"))
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
        derivative = self.inputs.derived.get(capture["id"])
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
            "derived": self.words.say("photo_derived") if derivative else "",
            "derived_sha": derivative or "",
            "missing": self.words.say("photo_left_out" if self._is_left_out(capture) else "photo_missing"),
        }

    def _is_left_out(self, capture: Json) -> bool:
        return self.inputs.copy_of is not None and capture["id"] in self.pictures.left_out

    def frame(self, annotation: Json) -> Json:
        """Lay out a frozen frame that was kept, with what was drawn on it."""
        say, photo = self.words.say, self.pictures.frames.get(annotation["id"])
        step = self.steps.get(annotation["step_id"] or "")
        lines = [say("frame.by", who=self.actor(annotation["by"]), at=self.at(annotation["at"]))]
        if step:
            lines.append(say("frame.step", step=step["title"]))
        if (finding := self.finding_no.get(annotation.get("finding_id") or "")) is not None:
            lines.append(say("frame.finding", finding=finding))
        return {
            "no": self.frame_no[annotation["id"]],
            "title": say("frame.title"),
            "alt": say("frame.alt", title=step["title"] if step else say("frame.title")),
            "picture": None
            if photo is None
            else {"file": photo.file, "width": photo.width_px, "height": photo.height_px},
            "drawing": self.pictures.drawings.get(annotation["id"], ""),
            "drawing_alt": say("frame.drawing_alt"),
            "text": say("said", text=annotation["text"]) if annotation["text"] else "",
            "lines": lines,
            "sha": annotation["sha256"],
            "missing": say("photo_left_out" if self.inputs.copy_of is not None else "photo_missing"),
        }

    def _decision(self, capture: Json) -> str:
        if capture["state"] == "overridden":
            who = self.actor(capture["decided_by"])
            if capture["decision_reason"]:
                return self.words.say("kept_by", who=who, reason=capture["decision_reason"])
            return self.words.say("kept_by_no_reason", who=who)
        if self._is_declared_photo(capture):
            return self.words.say("declared_kept")
        return self.words.say("accepted_by", who=self.actor(capture["decided_by"] or {"kind": "service"}))

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


def _photos_of(finding: Json) -> set[str]:
    """Give the photos a finding lies on, by capture id."""
    return {i for i in (finding["capture_id"], *finding.get("more_captures", ())) if i}


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes of one photo (``xyxy``) have any area in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
