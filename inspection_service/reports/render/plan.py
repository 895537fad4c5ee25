"""The drawing of the car: findings numbered on their panels, and for each panel how well it was seen."""

from __future__ import annotations

from typing import Final

from inspection_service.reports.render.car import AREAS, FRAMES, HEIGHT, WIDTH, Seen
from inspection_service.reports.render.context import Context
from inspection_service.reports.render.coverage import (
    POOR_GLARE_SHARE,
    POOR_SMALLEST_MM,
    panels_seen,
    seen,
    spots,
)
from inspection_service.reports.render.inputs import Json

PLAN_FILE: Final = "plan.svg"
SWATCH_FILE: Final = "swatch-{seen}.svg"
GRADES: Final[tuple[Seen, ...]] = ("well", "poor", "absent")
NAMED_GLARE_SHARE: Final = 0.02
"""Less blown-out light than this is not worth a word."""
LISTED_PHOTOS: Final = 3
"""More photos of one area than these are counted, not named."""

NAMED_AREAS: Final = 6
"""More areas than these are counted, not named."""


class Plan(Context):
    """The drawing, its legend and the table behind it."""

    def plan(self) -> Json:
        """Lay out the drawing with its numbers."""
        grades = panels_seen(self.record)
        placed = spots(self.record, self.findings)
        return {
            "file": PLAN_FILE,
            "alt": self._alt(grades),
            "width": WIDTH,
            "height": HEIGHT,
            "views": [
                {"x": frame.x, "y": frame.y, "width": frame.width, "label": self.words.say(f"plan.{view}")}
                for view, frame in FRAMES.items()
            ],
            "marks": [
                {
                    "no": self.finding_no[f["id"]],
                    "tone": self.tone(f),
                    "x": placed[f["id"]].x,
                    "y": placed[f["id"]].y,
                    "is_named": placed[f["id"]].is_named,
                    "is_disputed": f["dispute"] is not None,
                }
                for f in self.findings
                if f["id"] in placed
            ],
            "legend": [
                {
                    "file": SWATCH_FILE.format(seen=grade),
                    "short": self.words.say(f"seen.{grade}"),
                    "text": self._grade_text(grade),
                }
                for grade in GRADES
            ]
            if grades
            else [],
            "elsewhere": self._elsewhere([f for f in self.findings if f["id"] not in placed]),
            "is_graded": bool(grades),
            "unseen": self._unseen(grades, NAMED_AREAS),
            "unseen_named": self._unseen(grades, len(AREAS)),
            "is_all_well": bool(grades) and all(grades.get(area) == "well" for area in AREAS),
        }

    def _grade_text(self, grade: Seen) -> str:
        return self.words.say(
            f"plan.{grade}", mm=self.length(POOR_SMALLEST_MM), share=round(100 * POOR_GLARE_SHARE)
        )

    def _alt(self, grades: dict[str, Seen]) -> str:
        parts = [self.words.say("plan.alt")]
        for grade in GRADES:
            named = [self.area(area) for area in grades if grades[area] == grade]
            if named:
                parts.append(f"{self.words.say(f'seen.{grade}')}: {', '.join(named)}.")
        return " ".join(parts)

    def _unseen(self, grades: dict[str, Seen], most_named: int) -> list[str]:
        """Say which panels were not seen, and which badly; nothing for records from before coverage was noted."""
        if not grades:
            return []
        lines = []
        for grade, key in (("absent", "plan.not_seen"), ("poor", "plan.poorly_seen")):
            areas = [area for area in AREAS if grades.get(area) == grade]
            if len(areas) > most_named:
                lines.append(self.words.say(f"{key}.many", n=len(areas), total=len(AREAS)))
            elif areas:
                named = ", ".join(self.area(area) for area in areas)
                lines.append(self.words.count(key, len(areas), areas=named))
            elif grade == "absent":
                lines.append(self.words.say("plan.all_seen"))
        return lines

    def _elsewhere(self, findings: list[Json]) -> str:
        if not findings:
            return ""
        named = ", ".join(f"{self.finding_no[f['id']]} ({self._where(f)})" for f in findings)
        return self.words.say("plan.elsewhere", findings=named)

    def _where(self, finding: Json) -> str:
        if finding["part"]:
            return self.area(finding["part"])
        return self.photo_no.get(finding["capture_id"] or "") or self.words.say("plan.no_photo")

    def area(self, area: str) -> str:
        """Name a part or an area of the car."""
        return self.words.label("part_name", area)

    def coverage(self) -> list[Json]:
        """List for each area how well it was seen, on which photos, and what would have been visible there."""
        decided = {capture["id"]: capture["state"] for capture in self.record["captures"]}
        standing = [f for f in self.findings if f["verdict"] != "rejected"]
        rows = []
        for row in self.record.get("coverage", ()):
            grade = seen(row, decided)
            smallest, glare = row.get("smallest_visible_mm"), row.get("glare_share")
            photos = [self.photo_no[i] for i in row["captures"] if i in self.photo_no]
            named = photos if len(photos) <= LISTED_PHOTOS else photos[: LISTED_PHOTOS - 1]
            shown = ", ".join(named)
            if len(photos) > len(named):
                shown += f"\u00a0+\u00a0{len(photos) - len(named)}"
            here = [self.finding_no[f["id"]] for f in standing if f["part"] == row["area"]]
            if grade == "absent":
                smallest_text = "–"
            elif smallest is None:
                smallest_text = self.words.say("coverage.unknown")
            else:
                smallest_text = self.words.say("coverage.from", mm=self.length(smallest))
            seen_text = self.words.say(f"seen.{grade}")
            if glare is not None and glare >= NAMED_GLARE_SHARE:
                seen_text += self.words.say("coverage.glare", share=round(100 * glare))
            rows.append(
                {
                    "area": self.area(row["area"]) + (f" ({', '.join(here)})" if here else ""),
                    "grade": grade,
                    "seen": seen_text,
                    "photos": shown or "–",
                    "smallest": smallest_text,
                }
            )
        return rows

    def length(self, millimetres: float) -> str:
        """Write millimetres as exactly as they are known."""
        value = round(millimetres, 1) if millimetres < 10 else round(millimetres)
        text = f"{value:g}"
        return text.replace(".", ",") if self.words.language == "fr" else text
