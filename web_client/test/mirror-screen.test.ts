import { describe, expect, test } from "vitest";

import { ASK_SNAPSHOT, MirrorReceiver, piecesOf, type MirrorChannel } from "../src/core/mirror";
import { MirrorScreen, type Stage } from "../src/ui/operator/live/mirror-screen";

const META = { type: 4, data: { href: "https://phone.example/s", width: 390, height: 844 } };
const text = (id: number, textContent: string): unknown => ({ type: 3, id, textContent });
const FULL = {
  type: 2,
  data: {
    node: { type: 0, id: 1, childNodes: [{ type: 2, id: 2, tagName: "html", attributes: {}, childNodes: [text(3, "hello")] }] },
    initialOffset: { top: 0, left: 0 },
  },
};
const says = (value: string): { type: number; data: unknown } => ({
  type: 3,
  data: { source: 0, texts: [{ id: 3, value }], attributes: [], adds: [], removes: [] },
});

class FakeStage implements Stage {
  readonly document = null;
  readonly applied: { type: number; data: Record<string, unknown>; timestamp: number }[] = [];
  isDestroyed = false;
  breaks = false;

  apply(event: { readonly type: number; readonly data: unknown; readonly timestamp: number }): void {
    if (this.breaks) throw new Error("Node with id 3 not found");
    this.applied.push(event as FakeStage["applied"][number]);
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

class FakeChannel {
  readyState = "open" as const;
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readonly said: string[] = [];
  private listener: ((event: MessageEvent) => void) | null = null;

  send(data: string): void {
    this.said.push(data);
  }

  addEventListener(kind: string, listener: (event: MessageEvent) => void): void {
    if (kind === "message") this.listener = listener;
  }

  removeEventListener(): void {
    this.listener = null;
  }

  arrives(data: unknown): void {
    this.listener?.({ data } as MessageEvent);
  }
}

function desk() {
  const stages: FakeStage[] = [];
  const channel = new FakeChannel();
  const sizes: string[] = [];
  const troubles: boolean[] = [];
  let now = 0;
  const build = (): FakeStage => {
    const stage = new FakeStage();
    stages.push(stage);
    return stage;
  };
  const screen: MirrorScreen = new MirrorScreen({
    origin: "https://desk.example",
    inspectionId: "ins_1",
    build,
    onSize: ({ width, height }) => sizes.push(`${width}x${height}`),
    onTrouble: (isHopeless) => {
      troubles.push(isHopeless);
      now += 2_000; // the phone is asked at most once a second
      receiver.ask();
    },
  });
  const receiver = new MirrorReceiver({
    channel: channel as unknown as MirrorChannel,
    onEvent: (event) => screen.take(event),
    now: () => now,
  });
  const phone = (event: { type: number; data: unknown }, timestamp = 1): void => {
    for (const piece of piecesOf(JSON.stringify({ ...event, timestamp }))) channel.arrives(piece);
  };
  return { stages, channel, sizes, troubles, screen, phone };
}

describe("the mirror on the desk", () => {
  test("asks for a whole picture, puts the pieces together and shows them in order", () => {
    const { stages, channel, sizes, phone } = desk();
    expect(channel.said).toEqual([ASK_SNAPSHOT]);
    const long = "x".repeat(15_000);
    phone(META);
    phone(FULL);
    phone(says(`a${long}`));
    phone(says("b"));
    expect(sizes).toEqual(["390x844"]);
    expect(stages).toHaveLength(1);
    expect(stages[0]!.applied.map((each) => each.type)).toEqual([4, 2, 3, 3]);
  });

  test("does not care about anybody's clock: a phone hours behind or ahead is shown in the order it came", () => {
    const { stages, phone } = desk();
    phone(META, 5e12);
    phone(FULL, 1);
    phone(says("later"), -7e9);
    const times = stages[0]!.applied.map((each) => each.timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("shows nothing of changes to a picture it never had", () => {
    const { stages, phone } = desk();
    phone(says("too early"));
    expect(stages).toHaveLength(0);
    phone(META);
    phone(says("between"));
    expect(stages[0]!.applied.map((each) => each.type)).toEqual([4]);
  });

  test("asks again when an event does not fit, and starts anew with the next whole picture", () => {
    const { stages, channel, troubles, phone } = desk();
    phone(META);
    phone(FULL);
    stages[0]!.breaks = true;
    phone(says("lost"));
    expect(troubles).toEqual([false]);
    expect(channel.said).toEqual([ASK_SNAPSHOT, ASK_SNAPSHOT]);
    phone(says("still lost"));
    phone(META);
    phone(FULL);
    expect(stages).toHaveLength(2);
    expect(stages[0]!.isDestroyed).toBe(true);
    expect(stages[1]!.applied.map((each) => each.type)).toEqual([4, 2]);
  });

  test("gives a hostile phone up after a few whole pictures that are none", () => {
    const { troubles, phone } = desk();
    for (let time = 0; time < 4; time += 1) {
      phone(META);
      phone({ type: 2, data: { node: "<script>" } });
    }
    expect(troubles).toEqual([false, false, false, true]);
  });

  test("never keeps more than a bounded number of events: it asks for a whole picture and begins again", () => {
    const { stages, troubles, phone, screen } = desk();
    phone(META);
    phone(FULL);
    for (let count = 0; count < 4_000; count += 1) screen.take(says(String(count)));
    expect(troubles).toContain(false);
    screen.take(META);
    screen.take(FULL);
    expect(stages).toHaveLength(2);
    expect(stages[0]!.isDestroyed).toBe(true);
  });
});
