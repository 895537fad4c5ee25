/** A recorded screen: rrweb's events one a line, put onto the service's clock, and fed to a screen up to any moment. */

export interface RecordedEvent {
  /** Milliseconds since 1970, by the service's clock. */
  readonly at_ms: number;
  readonly type: number;
  readonly data: unknown;
}

const META = 4;
const MOST_LINE_CHARS = 4_000_000;
const MOST_EVENTS = 200_000;

/**
 * Read a recording. Lines that are no events (a phone that was shut off in the middle of one) are left out.
 *
 * @param startedAt_ms When the record says that it began: the phone's own clock may be hours off.
 */
export function parseRecording(lines: string, startedAt_ms: number): readonly RecordedEvent[] {
  const events: { timestamp: number; type: number; data: unknown }[] = [];
  for (const line of lines.split("\n")) {
    if (line === "" || line.length > MOST_LINE_CHARS || events.length >= MOST_EVENTS) continue;
    const event = eventIn(line);
    if (event !== null) events.push(event);
  }
  const first = events[0]?.timestamp ?? 0;
  let latest = startedAt_ms;
  // A phone's clock that was put right in the middle must not bring the screen out of order.
  return events.map(({ timestamp, type, data }) => {
    latest = Math.max(latest, startedAt_ms + (timestamp - first));
    return { at_ms: latest, type, data };
  });
}

function eventIn(line: string): { timestamp: number; type: number; data: unknown } | null {
  try {
    const value: unknown = JSON.parse(line);
    if (value === null || typeof value !== "object") return null;
    const { type, data, timestamp } = value as Record<string, unknown>;
    if (typeof type !== "number" || typeof timestamp !== "number" || !Number.isFinite(timestamp)) return null;
    return { timestamp, type, data };
  } catch {
    return null;
  }
}

/** What to feed to show a moment: on from what is shown, or from the last whole picture before it. */
export interface Feed {
  readonly from: number;
  readonly to: number;
}

/**
 * @param shown Events that are on the screen now, from the beginning.
 * @returns Indices `from` to `to` (excluded); empty when nothing was recorded by then.
 */
export function feedFor(events: readonly RecordedEvent[], shown: number, at_ms: number): Feed {
  let to = 0;
  while (to < events.length && events[to]!.at_ms <= at_ms) to += 1;
  // A whole picture is fed from its first event on; an instant later its parts are all there.
  while (to > 0 && to < events.length && events[to - 1]!.type === META) to += 1;
  let whole = to - 1;
  while (whole >= 0 && events[whole]!.type !== META) whole -= 1;
  if (whole < 0) return { from: to, to };
  const from = shown > whole && shown <= to ? shown : whole;
  return { from, to };
}

/** Whether the moment lies within what was recorded. */
export function isRecorded(events: readonly RecordedEvent[], at_ms: number): boolean {
  const first = events[0];
  const last = events.at(-1);
  return first !== undefined && last !== undefined && at_ms >= first.at_ms - 1_000 && at_ms <= last.at_ms + 60_000;
}
