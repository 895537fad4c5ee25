import { describe, expect, test, vi } from "vitest";

import {
  ANSWER_AGAIN_MS,
  ASK_SNAPSHOT,
  BadPiece,
  MirrorReceiver,
  MirrorSender,
  MOST_BUFFERED_BYTES,
  MOST_BYTES_PER_S,
  piecesOf,
  PIECE_CHARS,
  Reassembler,
  type MirrorEvent,
} from "../src/core/mirror";

/** One end of a data channel: keeps what is sent, hears what it is told. */
class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = "open";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readonly sent: string[] = [];

  send(data: unknown): void {
    this.sent.push(String(data));
  }

  says(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  opens(): void {
    this.readyState = "open";
    this.dispatchEvent(new Event("open"));
  }

  drains(): void {
    this.bufferedAmount = 0;
    this.dispatchEvent(new Event("bufferedamountlow"));
  }
}

const META = { type: 4, data: { width: 412 }, timestamp: 5 };
const FULL = { type: 2, data: {}, timestamp: 5 };
const CHANGE = { type: 3, data: { text: "x" }, timestamp: 6 };

function wholeOf(pieces: readonly string[]): unknown[] {
  const together = new Reassembler();
  return pieces.map((piece) => together.push(piece)).filter((text) => text !== null).map((text) => JSON.parse(text) as unknown);
}

describe("pieces", () => {
  test.each([0, 1, PIECE_CHARS - 1, PIECE_CHARS, 3 * PIECE_CHARS + 7])("a text of %i characters comes together again", (length) => {
    const text = "é".repeat(length);
    const pieces = piecesOf(text);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(PIECE_CHARS);
    const together = new Reassembler();
    const whole = pieces.map((piece) => together.push(piece));
    expect(whole.slice(0, -1).every((part) => part === null)).toBe(true);
    expect(whole.at(-1)).toBe(text);
  });

  test("what is no piece is refused, and the next event is whole again", () => {
    const together = new Reassembler();
    together.push("+begun");
    for (const bad of ["", "x", "?no", `.${"a".repeat(PIECE_CHARS)}`]) expect(() => together.push(bad)).toThrow(BadPiece);
    expect(together.push(".{}")).toBe("{}");
  });

  test("an event without end does not fill the desk's memory", () => {
    const together = new Reassembler();
    expect(() => {
      for (let i = 0; i < 1000; i += 1) together.push(`+${"a".repeat(PIECE_CHARS - 1)}`);
    }).toThrow(BadPiece);
  });
});

describe("the phone's end", () => {
  function sender(channel = new FakeChannel()): { channel: FakeChannel; mirror: MirrorSender; snapshots: () => number } {
    let snapshots = 0;
    const mirror: MirrorSender = new MirrorSender({
      channel,
      takeSnapshot: () => {
        snapshots += 1;
      },
      rewrite: (text) => text.replaceAll("blob:1", "/static/1"),
    });
    return { channel, mirror, snapshots: () => snapshots };
  }

  test("begins with a whole picture when the line opens, and sends nothing before it", () => {
    const closed = new FakeChannel();
    closed.readyState = "connecting";
    const { channel, mirror, snapshots } = sender(closed);
    mirror.emit(META);
    channel.opens();
    expect(snapshots()).toBe(1);
    mirror.emit(CHANGE); // of a picture that the desk does not have
    mirror.emit(META);
    mirror.emit(FULL);
    mirror.emit(CHANGE);
    expect(wholeOf(channel.sent)).toEqual([META, FULL, CHANGE]);
  });

  test("a desk that asks gets a whole picture", () => {
    const { channel, snapshots } = sender();
    channel.says(ASK_SNAPSHOT);
    channel.says("something else");
    expect(snapshots()).toBe(2);
  });

  test("a line that is too slow loses events, then gets a whole picture as soon as it is free", () => {
    const { channel, mirror, snapshots } = sender();
    mirror.emit(META);
    channel.bufferedAmount = MOST_BUFFERED_BYTES + 1;
    mirror.emit(CHANGE);
    channel.drains();
    expect(snapshots()).toBe(2);
    mirror.emit(CHANGE);
    expect(wholeOf(channel.sent)).toEqual([META]);
    mirror.emit(META);
    mirror.emit(CHANGE);
    expect(wholeOf(channel.sent)).toEqual([META, META, CHANGE]);
  });

  test("nothing leaves while the seller has paused, also when the desk asks for it", () => {
    const { channel, mirror, snapshots } = sender();
    mirror.pause(true);
    channel.says(ASK_SNAPSHOT);
    mirror.emit(META);
    mirror.emit(CHANGE);
    expect(channel.sent).toEqual([]);
    expect(snapshots()).toBe(1);
    mirror.pause(false);
    expect(snapshots()).toBe(2);
  });

  test("addresses that only this phone knows are put into others, and a closed mirror is silent", () => {
    const { channel, mirror } = sender();
    const withAddress = { ...META, data: { href: "blob:1" } };
    mirror.emit(withAddress);
    expect(channel.sent.join("")).toContain("/static/1");
    mirror.close();
    mirror.emit(META);
    channel.says(ASK_SNAPSHOT);
    expect(channel.sent).toHaveLength(1);
  });
});

describe("the desk's end", () => {
  function receiver(): { channel: FakeChannel; seen: [number, boolean, number][]; tick: (ms: number) => void; mirror: MirrorReceiver } {
    const channel = new FakeChannel();
    const seen: [number, boolean, number][] = [];
    let now = 1_000_000;
    const mirror = new MirrorReceiver({
      channel,
      now: () => now,
      onEvent: (event: MirrorEvent, isStart) => seen.push([event.type, isStart, event.timestamp]),
    });
    return { channel, seen, tick: (ms) => (now += ms), mirror };
  }
  const say = (channel: FakeChannel, event: object): void => piecesOf(JSON.stringify(event)).forEach((piece) => channel.says(piece));

  test("asks for a whole picture, shows nothing before it, and puts the phone's times onto its own clock", () => {
    const { channel, seen } = receiver();
    expect(channel.sent).toEqual([ASK_SNAPSHOT]);
    say(channel, CHANGE);
    say(channel, META);
    say(channel, CHANGE);
    expect(seen).toEqual([
      [4, true, 1_000_000],
      [3, false, 1_000_000],
    ]);
  });

  test.each(["nonsense", ".not json", ".[]", '.{"type":"x"}', '.{"type":99}', ".null", new ArrayBuffer(8)])(
    "a bad event (%s) asks for a whole picture, not faster than once a second",
    (bad) => {
      const { channel, seen, tick } = receiver();
      say(channel, META);
      tick(1000);
      for (let i = 0; i < 50; i += 1) channel.says(bad);
      expect(channel.sent).toHaveLength(2);
      say(channel, CHANGE);
      expect(seen).toHaveLength(1);
      say(channel, META);
      expect(seen).toHaveLength(2);
    },
  );

  test("a phone that floods is cut off until the next second", () => {
    const { channel, seen, tick } = receiver();
    say(channel, META);
    const big = { ...CHANGE, data: "a".repeat(10_000) };
    for (let i = 0; i < 200; i += 1) say(channel, big);
    expect(seen.length).toBeLessThan(MOST_BYTES_PER_S / 10_000 + 2);
    tick(1000);
    say(channel, META);
    expect(seen.at(-1)).toEqual([4, true, 1_001_000]);
  });
});

describe("a desk that asks without end", () => {
  test("gets one whole picture at a time, and the last question is answered", () => {
    vi.useFakeTimers();
    const channel = new FakeChannel();
    let pictures = 0;
    const sender = new MirrorSender({ channel, takeSnapshot: () => void (pictures += 1) });
    const before = pictures;
    for (let n = 0; n < 1_000; n += 1) channel.says(ASK_SNAPSHOT);
    expect(pictures - before).toBe(1);
    vi.advanceTimersByTime(ANSWER_AGAIN_MS);
    expect(pictures - before).toBe(2);
    channel.says(ASK_SNAPSHOT);
    sender.close();
    vi.advanceTimersByTime(ANSWER_AGAIN_MS);
    expect(pictures - before).toBe(2);
    vi.useRealTimers();
  });
});
