"""The first page: what car, in what state, how sure, what was not seen."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from inspection_service.reports.render.context import Context, Json

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

    def notes(self) -> list[Json]:
        """Say what is missing from a full proof, the worst first."""
        notes = self.record["notes"]
        order = (
            ("development_keys", "bad"),
            ("demonstration_pictures", "bad"),
            ("no_seller_signature", "warn"),
            ("no_operator_sign_off", "warn"),
            ("no_second_factor", "warn"),
            ("no_timestamp_authority", "plain"),
        )
        said = [
            {"text": self.words.say(f"note.{code}"), "tone": tone} for code, tone in order if notes.get(code)
        ]
        if later := notes["after_seller_signature"]:
            people = all(e["by"] and e["by"]["kind"] == "operator" for e in later)
            key = "note.after_seller_signature" if people else "note.after_seller_signature_mixed"
            warning = {"text": self.words.count(key, len(later)), "tone": "warn"}
            said.insert(sum(note["tone"] == "bad" for note in said), warning)
        return said

    def hero(self) -> Json | None:
        """Choose the picture of the whole car."""
        by_view = {s["view"]: s["capture_id"] for s in self.record["steps"] if s["capture_id"]}
        for view in HERO_VIEWS:
            photo = self.pictures.photos.get(by_view.get(view, ""))
            if photo is not None:
                alt = self.words.say("photo_alt", title=self.words.label("view", view))
                return {"file": photo.file, "width": photo.width_px, "height": photo.height_px, "alt": alt}
        return None

    def facts(self) -> list[list[str]]:
        """List what is known of the car, and how each item is known."""
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
            return self.reading(settled), self.words.say(f"known.reading.{settled['voice']}")
        if mileage["declared_km"] is not None:
            return f"{self.words.number(mileage['declared_km'])} km", self.words.say("known.declared")
        return "–", self.words.say("mileage.unread")

    def cards(self) -> list[Json]:
        """Give the four figures a hurried reader wants."""
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
                "big": self.reading(settled) if settled else say("mileage.unread"),
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

    def state(self) -> Json:
        """Say in what state the car is, by who says so."""
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
        lines.append(say("sure.model"))
        return lines

    def directions(self) -> list[Json]:
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
