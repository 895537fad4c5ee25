import { describe, expect, test } from "vitest";

import type { EventView } from "../src/core/views";
import { viewAfter } from "../src/ui/operator/view-after";
import type { OperatorView } from "../src/ui/operator/views";

const event = (seq: number, kind: string, data: Record<string, unknown> = {}): EventView => ({
  seq,
  at: "2026-11-22T10:00:00Z",
  kind,
  actor: { kind: "operator", name: "Ana" },
  data,
});
const view = (events: readonly EventView[]): OperatorView =>
  ({ inspection: { current_step: "front" }, event_seq: events.at(-1)?.seq ?? 0, events }) as unknown as OperatorView;

describe("a case after events that tell all they change", () => {
  const before = view([event(1, "seller.joined")]);

  test("has them in its log, and the seller where the last one says", () => {
    const told = [event(2, "command.sent"), event(3, "step.entered", { step_id: "rear" }), event(4, "command.acknowledged")];
    const after = viewAfter(before, told);
    expect(after).toMatchObject({ event_seq: 4, inspection: { current_step: "rear" } });
    expect(after?.events.map((each) => each.seq)).toEqual([1, 2, 3, 4]);
    expect(before.event_seq).toBe(1);
  });

  test("is the same when it knew them already", () => {
    expect(viewAfter(before, [event(1, "command.sent")])).toBe(before);
  });

  test("must be read when something else came between", () => {
    expect(viewAfter(before, [event(3, "command.sent")])).toBeNull();
    expect(viewAfter(before, [event(2, "command.sent"), event(4, "step.entered", { step_id: "rear" })])).toBeNull();
  });

  test("shows as much of a long log as the service does", () => {
    const long = view(Array.from({ length: 200 }, (_, n) => event(n + 1, "step.entered", { step_id: "front" })));
    const after = viewAfter(long, [event(201, "command.sent")]);
    expect([after?.events.length, after?.events[0]?.seq]).toEqual([200, 2]);
  });
});
