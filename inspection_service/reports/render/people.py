"""Who was there, what the seller allowed, what was recorded, who signed, and what happened when."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from inspection_service.reports.render.clear import is_withheld
from inspection_service.reports.render.context import Context, parse
from inspection_service.reports.render.inputs import Json

JUDGED_EVENTS: Final = ("capture.", "finding.", "odometer.")
FOLDED_EVENTS: Final = frozenset(
    {
        "command.sent",
        "command.acknowledged",
        "chat.said",
        "capture.received",
        "capture.accepted",
        "frame.frozen",
    }
)
"""Long runs of these stand in one line; each is in the embedded record with its time."""
FOLDED_FROM: Final = 4
LEVELS: Final = ("live_video", "pointing", "steering")


class People(Context):
    """Persons, consents, recordings, signatures and the timeline."""

    def present(self) -> list[list[str]]:
        """List everybody who acted, from when to when, and how often; the service's own acts are left out."""
        acts: dict[tuple[str, str], list[str]] = {}
        for event in self.record["timeline"]:
            by = event["by"]
            if by is not None and by["kind"] != "service":
                acts.setdefault((by["kind"], self.name(by)), []).append(event["at"])
        rows = []
        for (kind, name), times in acts.items():
            times.sort()
            rows.append(
                [
                    self.words.label("role", kind),
                    name or self.words.say("role.unnamed"),
                    self.at(times[0], seconds=True),
                    self.at(times[-1], seconds=True),
                    self.words.number(len(times)),
                ]
            )
        return rows

    def calls(self) -> list[str]:
        """Say which calls there were and how long each lasted, from the events alone."""
        accepted: dict[str, Json] = {}
        lines = []
        for event in self.record["timeline"]:
            call_id = str(event["data"].get("call_id", ""))
            if event["kind"] == "call.accepted":
                accepted[call_id] = event
            elif event["kind"] == "call.ended" and (start := accepted.pop(call_id, None)) is not None:
                lasted = parse(event["at"]) - parse(start["at"])
                lines.append(
                    self.words.say("call.lasted", at=self.at(start["at"]), time=self.duration(lasted))
                )
        lines += [self.words.say("call.open", at=self.at(start["at"])) for start in accepted.values()]
        viewers = sum(event["kind"] == "viewer.joined" for event in self.record["timeline"])
        if viewers:
            lines.append(self.words.count("call.viewers", viewers))
        return lines or [self.words.say("call.none")]

    def duration(self, time: timedelta) -> str:
        """Write minutes and seconds."""
        minutes, seconds = divmod(int(time.total_seconds()), 60)
        return f"{minutes}\u00a0min {seconds:02d}\u00a0s"

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
        purpose = self.words.label("consent", consent["purpose"])
        if consent["purpose"] in LEVELS:
            level = LEVELS.index(consent["purpose"]) + 1
            purpose += f" ({self.words.say('consent.level', n=level)})"
        return [purpose, self.words.say(key, at=self.at(consent["at"]))]

    def recordings(self) -> list[Json]:
        """Lay out what was recorded, by which device, and whether it still exists."""
        return [self._recording(recording) for recording in self.record.get("recordings", ())]

    def _recording(self, recording: Json) -> Json:
        say, lines = self.words.say, []
        ended = recording.get("ended_at")
        if ended:
            lasted = self.duration(parse(ended) - parse(recording["started_at"]))
            lines.append(say("recording.times", start=self.at(recording["started_at"]), time=lasted))
        else:
            lines.append(say("recording.open", start=self.at(recording["started_at"])))
        if end := recording.get("end"):
            lines.append(self.words.label("recording.end", end))
        deleted = recording.get("deleted_at")
        lines.append(say("recording.deleted", at=self.at(deleted)) if deleted else say("recording.kept"))
        parts = recording["parts"]
        return {
            "title": say(f"recording.device.{recording['device']}"),
            "id": recording["id"],
            "lines": lines,
            "parts": [
                {
                    "kind": self.words.label("recording.part", kind),
                    "size": self.words.count("recording.chunks", part["chunks"])
                    + f", {self.words.number(part['bytes'])}\u00a0{say('bytes').lower()}",
                    "chain": part["chain_sha256"],
                }
                for kind, part in parts.items()
            ],
        }

    def signature(self, index: int, signature: Json) -> Json:
        """Lay out one person's signature."""
        say, factor = self.words.say, signature["second_factor"]
        text = say(f"factor.{factor}", to=signature["code_sent_to"] or "…")
        if signature["role"] == "operator" and factor == "none":
            text = say("factor.operator")
        drawn = signature["drawing_svg"]
        return {
            "role": say(f"signature.{signature['role']}"),
            "name": signature["name"],
            "at": self.at(signature["at"]),
            "factor": text,
            "shown": signature["shown_sha256"],
            "covers": say(f"signature.covers.{signature['role']}"),
            "mark": self.pictures.marks.get(index),
            "no_mark": drawn if is_withheld(drawn) else say("mark.unusable" if drawn else "mark.none"),
            "alt": say("mark_alt", name=signature["name"]),
            "note": say("signature.note", text=signature["note"]) if signature["note"] else "",
        }

    def timeline(self) -> list[list[str]]:
        """List the events a reader can use; long runs of the same small act stand in one line."""
        later = {e["seq"] for e in self.record["notes"]["after_seller_signature"]}
        rows: list[list[str]] = []
        run: list[Json] = []
        for event in self.record["timeline"]:
            if run and (self._text(event) != self._text(run[0]) or event["by"] != run[0]["by"]):
                rows += self._run(run, later)
                run = []
            if event["kind"] in FOLDED_EVENTS and event["seq"] not in later:
                run.append(event)
            else:
                rows += self._run(run, later) + self._lines([event], later)
                run = []
        return rows + self._run(run, later)

    def _run(self, run: list[Json], later: set[int]) -> list[list[str]]:
        if len(run) < FOLDED_FROM:
            return self._lines(run, later)
        text = self._text(run[0])
        if text is None:
            return []
        until = parse(run[-1]["at"])
        folded = self.words.say("timeline.folded", n=self.words.number(len(run)), until=f"{until:%H:%M:%S}")
        return [[self.at(run[0]["at"], seconds=True), f"{text} – {folded}", self._doer(run[0])]]

    def _lines(self, events: list[Json], later: set[int]) -> list[list[str]]:
        rows = []
        for event in events:
            text = self._text(event)
            if text is None:
                continue
            details = self._details(event)
            if event["seq"] in later:
                details.append(self.words.say("timeline.after_seller_signature"))
            rows.append([self.at(event["at"], seconds=True), " – ".join([text, *details]), self._doer(event)])
        return rows

    def _text(self, event: Json) -> str | None:
        """Name an event; a photo of declared damage is kept whatever it shows, and never said to be accepted."""
        if _is_declared_photo(event):
            return self.words.event("capture.accepted.declared")
        return self.words.event(event["kind"])

    def _details(self, event: Json) -> list[str]:
        data, details = event["data"], []
        step = self.steps.get(str(data.get("step_id", "")))
        if step:
            details.append(step["title"])
        if data.get("purpose"):
            details.append(self.words.label("consent", str(data["purpose"])))
        if event["kind"] == "command.sent":
            details.append(self.words.label("command", str(data.get("name", ""))))
        if event["kind"] == "command.acknowledged" and data.get("ok") is False:
            details.append(self.words.say("command.refused"))
        return [detail for detail in details if detail]

    def _doer(self, event: Json) -> str:
        """Name who acted; what the service does by itself is the model's work only where a model judged."""
        by = event["by"]
        is_judged = event["kind"].startswith(JUDGED_EVENTS) and not _is_declared_photo(event)
        if by is not None and by["kind"] == "service" and not is_judged:
            return self.words.say("actor.machine")
        return self.actor(by)


def _is_declared_photo(event: Json) -> bool:
    """Whether a photo was kept that answers no step: the seller sent it to declare a damage."""
    return bool(event["kind"] == "capture.accepted" and event["data"].get("step_id", "") is None)
