/** What events make of a case without reading it again: it is long, and reading it costs the service more than the act did. */

import type { EventView } from "../../core/views";
import type { OperatorView } from "./views";

/** Events that say themselves all that they change. */
export const TELLS_ALL: ReadonlySet<string> = new Set(["command.sent", "command.acknowledged", "step.entered"]);
/** As many as the service gives. */
const MOST_EVENTS = 200;

/** The case after events that tell all they change; `null` when others come between, which must be read. */
export function viewAfter(view: OperatorView, events: readonly EventView[]): OperatorView | null {
  return events.reduce<OperatorView | null>((now, event) => {
    if (now === null || event.seq <= now.event_seq) return now;
    if (event.seq !== now.event_seq + 1) return null;
    const step = event.kind === "step.entered" ? String(event.data.step_id) : now.inspection.current_step;
    const inspection = step === now.inspection.current_step ? now.inspection : { ...now.inspection, current_step: step };
    return { ...now, inspection, event_seq: event.seq, events: [...now.events, event].slice(-MOST_EVENTS) };
  }, view);
}
