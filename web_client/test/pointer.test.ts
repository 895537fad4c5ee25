import { describe, expect, test } from "vitest";

import {
  draw,
  EMPTY_BOARD,
  faded,
  MOST_MESSAGE_CHARS,
  parsePointer,
  pictureWithin,
  placeOf,
  PointerReceiver,
  PointerSender,
  spotAt,
  type Board,
  type Fit,
} from "../src/core/pointer";

describe("places of the picture", () => {
  const phone = { width: 400, height: 800 };
  const wide = { width: 1600, height: 1200 };

  test("a picture shown whole has margins, where nothing can be pointed at", () => {
    expect(pictureWithin(phone, wide, "contain")).toEqual({ left: 0, top: 250, width: 400, height: 300 });
    expect(spotAt(200, 400, phone, wide, "contain")).toEqual([0.5, 0.5]);
    expect(spotAt(0, 250, phone, wide, "contain")).toEqual([0, 0]);
    expect(spotAt(200, 249, phone, wide, "contain")).toBeNull();
  });

  test("a picture cut to fill the screen keeps its own places: the left edge of the screen is not its left edge", () => {
    const spot = spotAt(0, 400, phone, wide, "cover");
    expect(spot?.[0]).toBeCloseTo(0.3125, 4);
    expect(spot?.[1]).toBeCloseTo(0.5, 4);
  });

  test.each(["contain", "cover", "fill"] as const)("there and back again, %s", (fit: Fit) => {
    for (const spot of [[0.5, 0.5], [0.4, 0.6], [0.55, 0.31]] as const) {
      const [x, y] = placeOf(spot, phone, wide, fit);
      const again = spotAt(x, y, phone, wide, fit);
      expect(again?.[0]).toBeCloseTo(spot[0], 6);
      expect(again?.[1]).toBeCloseTo(spot[1], 6);
    }
  });

  test("a picture that has no size yet is taken for its element", () => {
    expect(spotAt(200, 200, phone, { width: 0, height: 0 }, "contain")).toEqual([0.5, 0.25]);
  });
});

describe("what the other side sends", () => {
  test("points, lines and wiping are understood", () => {
    expect(parsePointer('{"t":"point","x":0,"y":1}')).toEqual({ t: "point", x: 0, y: 1 });
    expect(parsePointer('{"t":"stroke","id":"a-1","points":[[0.1,0.2]],"done":true}')).toEqual({
      t: "stroke",
      id: "a-1",
      points: [[0.1, 0.2]],
      done: true,
    });
    expect(parsePointer('{"t":"clear"}')).toEqual({ t: "clear" });
  });

  test.each([
    "",
    "null",
    "[]",
    '{"t":"point"}',
    '{"t":"point","x":1.2,"y":0}',
    '{"t":"point","x":"0","y":0}',
    '{"t":"stroke","id":"","points":[],"done":true}',
    '{"t":"stroke","id":"<b>","points":[],"done":true}',
    '{"t":"stroke","id":"a","points":[[0,2]],"done":true}',
    '{"t":"stroke","id":"a","points":[[0]],"done":true}',
    '{"t":"run","code":"x"}',
    `{"t":"clear","x":"${"a".repeat(MOST_MESSAGE_CHARS)}"}`,
    new ArrayBuffer(4),
  ])("anything else is nothing: %s", (data) => {
    expect(parsePointer(data)).toBeNull();
  });
});

describe("the board", () => {
  test("each side has one point, which is gone after three seconds", () => {
    let board = draw(EMPTY_BOARD, "theirs", { t: "point", x: 0.1, y: 0.1 }, 0);
    board = draw(board, "mine", { t: "point", x: 0.9, y: 0.9 }, 1000);
    board = draw(board, "theirs", { t: "point", x: 0.2, y: 0.2 }, 2000);
    expect(board.marks.map((mark) => [mark.by, mark.at[0]])).toEqual([
      ["mine", 0.9],
      ["theirs", 0.2],
    ]);
    expect(faded(board, 3999)).toBe(board);
    expect(faded(board, 4000).marks.map((mark) => mark.by)).toEqual(["theirs"]);
    expect(faded(board, 5000).marks).toEqual([]);
  });

  test("a line goes on under its name, also when both sides use the same one, and wiping takes all", () => {
    const stroke = (x: number) => ({ t: "stroke", id: "a", points: [[x, 0.5]], done: false }) as const;
    let board = draw(EMPTY_BOARD, "theirs", stroke(0.1), 0);
    board = draw(board, "mine", stroke(0.7), 0);
    board = draw(board, "theirs", stroke(0.2), 0);
    expect(board.strokes.find((line) => line.by === "theirs")?.points).toEqual([[0.1, 0.5], [0.2, 0.5]]);
    expect(board.strokes).toHaveLength(2);
    expect(draw(board, "theirs", { t: "clear" }, 0)).toEqual(EMPTY_BOARD);
  });

  test("a flood of lines ends somewhere", () => {
    let board: Board = EMPTY_BOARD;
    const points = Array.from({ length: 200 }, () => [0.5, 0.5] as const);
    for (let i = 0; i < 500; i += 1) board = draw(board, "theirs", { t: "stroke", id: `s${i}`, points, done: true }, 0);
    expect(board.strokes.reduce((sum, line) => sum + line.points.length, 0)).toBeLessThanOrEqual(5000);
    for (let i = 0; i < 500; i += 1) board = draw(board, "mine", { t: "stroke", id: `t${i}`, points: [], done: true }, 0);
    expect(board.strokes.length).toBeLessThanOrEqual(100);
  });
});

describe("sending", () => {
  function sender(): { sent: string[]; pointer: PointerSender; tick: (ms: number) => void } {
    const sent: string[] = [];
    let now = 0;
    const channel = { readyState: "open", bufferedAmount: 0, send: (text: unknown) => sent.push(String(text)) } as never;
    return { sent, pointer: new PointerSender(channel, () => now), tick: (ms) => (now += ms) };
  }

  test("a finger that moves fast sends at most sixty messages a second, and every point of a line arrives", () => {
    const { sent, pointer, tick } = sender();
    for (let i = 0; i < 1000; i += 1) {
      pointer.point([i / 1000, 0.5]);
      pointer.stroke("a", [i / 1000, 0.5], false);
      tick(1);
    }
    pointer.stroke("a", null, true);
    expect(sent.length).toBeLessThanOrEqual(61);
    const lines = sent.map((text) => JSON.parse(text) as { t: string; points?: unknown[]; done?: boolean });
    expect(lines.filter((line) => line.t === "stroke").reduce((sum, line) => sum + (line.points?.length ?? 0), 0)).toBe(1000);
    expect(lines.at(-1)?.done).toBe(true);
    for (const text of sent) expect(parsePointer(text)).not.toBeNull();
  });
});

describe("a hand that is none", () => {
  test("a flood is let pass by, and the next second begins anew", () => {
    let now = 0;
    const receiver = new PointerReceiver(() => now);
    const point = JSON.stringify({ t: "point", x: 0.5, y: 0.5 });
    const taken = (): number => Array.from({ length: 5_000 }, () => receiver.take(point)).filter((each) => each !== null).length;
    expect(taken()).toBeLessThanOrEqual(1_000);
    now = 1_000;
    expect(receiver.take(point)).toEqual({ t: "point", x: 0.5, y: 0.5 });
  });

  test("lines without a point take no line's place", () => {
    let board: Board = EMPTY_BOARD;
    for (let n = 0; n < 500; n += 1) board = draw(board, "theirs", { t: "stroke", id: `s${n}`, points: [], done: true }, 0);
    board = draw(board, "mine", { t: "stroke", id: "m", points: [[0.1, 0.1]], done: true }, 0);
    expect(board.strokes.map((each) => each.id)).toEqual(["m"]);
  });
});
