"""The first page: what car, in what state, how sure, what was not seen, and what weakens the proof."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from inspection_service.reports.render.clear import is_withheld, withheld_pointers
from inspection_service.reports.render.context import Context
from inspection_service.reports.render.inputs import Json

HERO_VIEWS: Final = ("front_left", "front_right", "front", "left_side", "right_side")
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


class Overview(Context):
    """The parts of the first page."""

    def head(self) -> Json:
        """Name car, platform and case."""
        inspection, vehicle = self.record["inspection"], self.record["vehicle"]
        name = " ".join(str(vehicle[key]["value"]) for key in ("make", "model") if vehicle[key]["value"])
        return {
            "platform": inspection["platform"],
            "car": name or self.words.say("vehicle_fallback"),
            "plate": vehicle["plate"]["value"] or "",
            "sealed": self.at(self.record["sealed_at"]),
            "id": inspection["id"],
            "reference": inspection["reference"] or "",
            "purpose": self.words.label("purpose", inspection["purpose"]),
        }

    def time_code(self) -> str:
        """Say by which clock the report is dated; records from before 1.1 knew only the service's own."""
        notes = self.record["notes"]
        return str(
            notes.get("time")
            or ("service_clock" if notes["no_timestamp_authority"] else "timestamp_authority")
        )

    def notes(self) -> list[Json]:
        """Say what is missing from a full proof, the worst first."""
        notes = self.record["notes"]
        said = [
            {"text": self.words.say(f"note.{code}"), "tone": "bad"}
            for code in ("development_keys", "demonstration_pictures")
            if notes.get(code)
        ]
        if later := notes["after_seller_signature"]:
            people = all(e["by"] and e["by"]["kind"] == "operator" for e in later)
            key = "note.after_seller_signature" if people else "note.after_seller_signature_mixed"
            said.append({"text": self.words.count(key, len(later)), "tone": "warn"})
        said += [
            {"text": self.words.say(f"note.{code}"), "tone": "warn"}
            for code in ("no_seller_signature", "no_operator_sign_off", "no_second_factor")
            if notes.get(code)
        ]
        time = self.time_code()
        if time != "timestamp_authority":
            said.append({"text": self.words.say(f"note.time.{time}"), "tone": "warn"})
        return said

    def copy(self) -> Json | None:
        """Say that this is a copy with something hidden, of which report, and what; ``None`` for a report itself."""
        hidden = withheld_pointers(self.record_as_signed, self.inputs.values)
        made = self.inputs.copy_of
        if made is None and not hidden:
            return None
        lines = []
        if made is not None:
            lines.append(self.words.say(f"copy.{made.kind}", no=made.no))
        codes = [*(made.hidden if made is not None else ()), *(what_stands_at(pointer) for pointer in hidden)]
        if codes:
            named = ", ".join(self.words.label("hidden", code) for code in dict.fromkeys(codes))
            lines.append(self.words.say("copy.hidden", what=named))
        if hidden:
            lines.append(self.words.count("copy.withheld", len(hidden)))
        if self.inputs.derived:
            lines.append(self.words.count("copy.derived", len(self.inputs.derived)))
        return {"lines": lines, "first": "" if made is None else made.json_sha256}

    def corrections(self) -> list[Json]:
        """List what was added to the first report after it was sealed, as far as this copy can know."""
        return [
            {
                "title": self.words.say(f"correction.{entry.kind}", no=entry.no, at=self.at(entry.at)),
                "by": entry.by,
                "text": entry.text,
            }
            for entry in self.inputs.corrections
        ]

    def hero(self) -> Json | None:
        """Choose the picture of the whole car."""
        by_view = {s["view"]: s["capture_id"] for s in self.record["steps"] if s["capture_id"]}
        for view in HERO_VIEWS:
            capture_id = by_view.get(view, "")
            photo = self.pictures.photos.get(capture_id)
            if photo is not None:
                alt = self.words.say("photo_alt", title=self.words.label("view", view))
                return {
                    "file": photo.file,
                    "width": photo.width_px,
                    "height": photo.height_px,
                    "alt": alt,
                }
        return None

    def facts(self) -> list[list[str]]:
        """List what is known of the car, and how each item is known."""
        vehicle = self.record["vehicle"]
        rows: list[list[str]] = [self._named_car()]
        for name in ("plate", "vin", "first_registration", "fuel"):
            item = vehicle[name]
            value = item["value"] or "–"
            if name == "first_registration" and item["value"] and not is_withheld(value):
                value = self.words.day(datetime.fromisoformat(item["value"]))
            if name == "fuel":
                value = self.words.label("fuel", item["value"]) or "–"
            rows.append([self.words.say(f"vehicle.{name}"), value, self._known(item, name)])
        rows.append([self.words.say("vehicle.mileage"), *self._mileage_fact()])
        return rows

    def _named_car(self) -> list[str]:
        make, model = self.record["vehicle"]["make"], self.record["vehicle"]["model"]
        value = " ".join(str(item["value"]) for item in (make, model) if item["value"]) or "–"
        return [self.words.say("vehicle.make_model"), value, self._known(make if make["value"] else model)]

    def _known(self, item: Json, name: str = "") -> str:
        for answer in ("other", "read"):
            if item.get(f"{answer}_in"):
                return self.words.count(f"known.{name}_{answer}", len(item[f"{answer}_in"]))
        if item["seen_in"]:
            key = "known.plate_seen" if item["value"] else "known.plate_only_seen"
            return self.words.count(key, len(item["seen_in"]))
        return self.words.label("known", item["known_by"])

    def _mileage_fact(self) -> tuple[str, str]:
        mileage = self.record["mileage"]
        settled = mileage["settled"]
        if settled:
            return self.reading(settled), self.words.say(f"known.reading.{settled['voice']}")
        if mileage["declared_km"] is not None:
            return f"{self.words.number(mileage['declared_km'])} km", self.words.say("known.declared")
        return "–", self.words.say("mileage.unread")

    def cards(self) -> list[Json]:
        """Give the figures a hurried reader wants."""
        say, summary, mileage = self.words.say, self.record["summary"], self.record["mileage"]
        settled, verdict = mileage["settled"], mileage.get("verdict")
        has_unit = settled is None or self.has_unit(settled)
        complete = summary["steps_not_seen"] == 0 and summary["steps_kept"] == 0
        cards = [
            self._damage_card(),
            {
                "big": f"{summary['steps_photographed']} / {summary['steps_total']}",
                "small": say("card_views"),
                "tone": "good" if complete else "warn",
            },
            {
                "big": self._mileage_figure(settled) if settled else say("mileage.unread"),
                "small": say("card_mileage" if has_unit else "card_mileage.no_unit")
                + (f" – {say(f'verdict.short.{verdict}')}" if verdict else ""),
                "tone": "bad"
                if verdict == "inconsistent"
                else "warn"
                if not settled
                else "good"
                if verdict == "consistent"
                else "plain",
            },
        ]
        if summary["control_points_total"]:
            answered, total = summary["control_points_answered"], summary["control_points_total"]
            tone = "plain" if answered == total else "warn"
            cards.append({"big": f"{answered} / {total}", "small": say("card_points"), "tone": tone})
        return cards

    def _damage_card(self) -> Json:
        say, counts = self.words.say, self.record["summary"]["findings"]
        stated, suspected = counts["confirmed"] + counts["declared"], counts["suspected"]
        nothing = self.record["summary"]["damage"] == "nothing_photographed"
        found = stated + suspected
        return {
            "big": self.words.count("card.findings", found)
            if found
            else say("card.unknown" if nothing else "card.none"),
            "small": self._who_says(counts)
            if found
            else say("card_damage" if nothing else "card_damage.covered"),
            "tone": "bad" if stated else "warn" if found or nothing else "plain",
        }

    def _who_says(self, counts: Json) -> str:
        return ", ".join(
            self.words.count(f"card.{code}", counts[code])
            for code in ("confirmed", "declared", "suspected")
            if counts[code]
        )

    def _mileage_figure(self, settled: Json) -> str:
        return self.reading(settled) if self.has_unit(settled) else self.digits(settled["reading"])

    def state(self) -> Json:
        """Say in what state the car is, by who says so."""
        summary = self.record["summary"]
        tones = {"stated": "bad", "suspected": "warn", "nothing_photographed": "warn", "none_seen": "plain"}
        lines = [
            self.words.count(f"count.{code}", summary["findings"][code])
            for code in ("confirmed", "declared", "suspected", "rejected", "disputed")
            if summary["findings"][code]
        ]
        standing = {f["capture_id"] for f in self.findings if f["verdict"] != "rejected"}
        if len(standing - {None}) > 1:
            lines.append(self.words.say("count.several"))
        return {
            "headline": self.words.say(f"damage.{summary['damage']}"),
            "lines": lines,
            "tone": tones[summary["damage"]],
        }

    def sure(self) -> list[str]:
        """Say how sure all this is."""
        say, summary = self.words.say, self.record["summary"]
        seen, total, kept = summary["steps_photographed"], summary["steps_total"], summary["steps_kept"]
        lines = [say("sure.views.all" if seen == total else "sure.views", seen=seen, total=total)]
        if kept:
            lines.append(self.words.count("sure.kept", kept, kept=kept))
        operators = [s for s in self.record["signatures"] if s["role"] == "operator"]
        if operators:
            lines += [say("sure.operator", name=s["name"], at=self.at(s["at"])) for s in operators]
        elif self.record["inspection"]["sign_off"] == "required":
            lines.append(say("sure.no_operator"))
        else:
            lines.append(say("sure.no_operator_required"))
        if summary["findings"]["disputed"]:
            lines.append(self.words.count("sure.disputes", summary["findings"]["disputed"]))
        verdict = self.record["mileage"].get("verdict")
        if verdict:
            lines.append(say(f"verdict.{verdict}"))
        lines.append(say("sure.model"))
        return lines


def what_stands_at(pointer: str) -> str:
    """Say in one word what kind of value stands at a JSON pointer of the record; ``free_text`` for all others."""
    parts = pointer.strip("/").split("/")
    if parts[0] == "vehicle":
        return "plates" if parts[1] == "plate" else parts[1]
    if parts[:2] == ["inspection", "contact"] or parts[-1] == "code_sent_to":
        return "contact"
    return {"reference": "reference", "name": "names", "drawing_svg": "marks"}.get(parts[-1], "free_text")
