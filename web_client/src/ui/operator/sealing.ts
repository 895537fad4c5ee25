import type { EventView } from "../../core/views";

/** Reason code of the newest wait of a report that is being sealed; null when it has not had to wait. */
export function sealingWait(events: readonly EventView[]): string | null {
  const told = events.filter((each) => each.kind === "sealing.waiting").at(-1);
  if (told === undefined) return null;
  const reason = told.data.reason;
  return typeof reason === "string" ? reason : "";
}
