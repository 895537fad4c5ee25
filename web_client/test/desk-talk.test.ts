import { describe, expect, test, vi } from "vitest";

import type { ChatMessage } from "../src/core/messages";
import { ChatModel } from "../src/ui/operator/live/chat-model";
import { DrawingModel } from "../src/ui/operator/live/drawing-model";

const message = (id: string, over: Partial<ChatMessage> = {}): ChatMessage => ({
  id,
  from: "seller",
  name: "Cam",
  text: id,
  at: `2026-11-22T10:00:0${id.at(-1)}Z`,
  read_aloud: false,
  ...over,
});

function chat(known: ChatMessage[] = []) {
  const sent: { id: string; text: string; readAloud: boolean }[] = [];
  const line = { isOpen: true };
  const model = new ChatModel({
    send: (id, text, readAloud) => {
      if (line.isOpen) sent.push({ id, text, readAloud });
      return line.isOpen;
    },
    load: () => Promise.resolve(known),
  });
  return { model, sent, line, known };
}

describe("what is written", () => {
  test("stands once and in order, also when it comes again after a break", async () => {
    const { model, known } = chat([message("m1"), message("m2")]);
    await model.load();
    model.hear(message("m4"));
    model.hear(message("m3"));
    model.hear(message("m4"));
    known.push(message("m3"), message("m5"));
    await model.load();
    expect(model.messages.value.map((each) => each.id)).toEqual(["m1", "m2", "m3", "m4", "m5"]);
  });

  test("is unread only when the seller wrote it, it is news, and nobody looks", async () => {
    const { model, known } = chat([message("m1")]);
    await model.load();
    expect(model.unread.value).toBe(0);
    model.hear(message("m2"));
    model.hear(message("m3", { from: "operator" }));
    known.push(message("m4"));
    await model.load(); // said while the line was down
    expect(model.unread.value).toBe(2);
    model.seen();
    model.isWatched = true;
    model.hear(message("m5"));
    expect(model.unread.value).toBe(0);
  });

  test("of ours stands at once, and gives way to what the service stored", () => {
    const { model, sent } = chat();
    model.say("  come closer  ", true);
    expect(sent).toEqual([{ id: sent[0]!.id, text: "come closer", readAloud: true }]);
    expect(model.unsent.value[0]).toMatchObject({ text: "come closer", hasFailed: false });
    model.hear({ ...message("m1", { from: "operator", text: "come closer" }), client_id: sent[0]!.id } as ChatMessage);
    expect(model.unsent.value).toEqual([]);
    expect(model.messages.value.map((each) => each.text)).toEqual(["come closer"]);
  });

  test("while the line is down waits, says so, and is sent under the same id when it is back", async () => {
    const { model, sent, line } = chat();
    line.isOpen = false;
    model.say("wait", false);
    expect(model.unsent.value[0]!.hasFailed).toBe(true);
    line.isOpen = true;
    await model.load();
    expect(model.unsent.value[0]!.hasFailed).toBe(false);
    expect(sent.map((each) => each.id)).toEqual([model.unsent.value[0]!.id]);
  });

  test("and refused says so, and goes again only when somebody wants it to", async () => {
    const { model, sent } = chat();
    model.say("wait", false);
    model.say("closer", false);
    model.refused(sent[0]!.id);
    model.refused(undefined);
    expect(model.unsent.value.map((each) => each.isRefused)).toEqual([true, false]);
    await model.load();
    expect(sent.map((each) => each.text)).toEqual(["wait", "closer", "closer"]);
    model.again(sent[0]!.id);
    expect(sent.at(-1)).toEqual(sent[0]);
    expect(model.unsent.value.map((each) => each.isRefused)).toEqual([false, false]);
  });

  test("is nothing when it is empty, and never longer than the service takes", () => {
    const { model, sent } = chat();
    model.say("   ", false);
    model.say("x".repeat(900), false);
    expect(sent.map((each) => each.text.length)).toEqual([500]);
  });
});

class Pipe extends EventTarget {
  readonly readyState = "open";
  readonly bufferedAmount = 0;
  readonly sent: Record<string, unknown>[] = [];

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  arrives(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
}

function drawing() {
  const pipe = new Pipe();
  const model = new DrawingModel(() => pipe as unknown as RTCDataChannel);
  model.listen(pipe as unknown as RTCDataChannel);
  return { pipe, model };
}
const FRAME = { id: "f1", width: 4032, height: 3024 };
const freeze = (effect: Record<string, unknown>) => ({
  id: "1",
  no: 1,
  name: "freeze" as const,
  args: {},
  ack: { id: "1", ok: true, effect, error: null },
});

describe("pointing and drawing", () => {
  test("shows a point on both sides and lets it fade", () => {
    vi.useFakeTimers();
    const { pipe, model } = drawing();
    model.point([0.25, 0.5]);
    expect(pipe.sent).toEqual([{ t: "point", x: 0.25, y: 0.5 }]);
    pipe.arrives({ t: "point", x: 0.1, y: 0.1 });
    expect(model.board.value.marks.map((each) => each.by)).toEqual(["mine", "theirs"]);
    vi.advanceTimersByTime(4_000);
    expect(model.board.value.marks).toEqual([]);
    vi.useRealTimers();
  });

  test("a frozen frame begins with what the phone froze, and with nothing else", () => {
    const { model } = drawing();
    model.obeyed(freeze({ frame_id: 3, width: "x" }));
    expect(model.frame.value).toBeNull();
    model.obeyed(freeze({ frame_id: "f1", width: 4032, height: 3024 }));
    expect(model.frame.value).toEqual({ ...FRAME, isOver: false });
  });

  test("keeps every point of a line, in shares of the picture, for the evidence", () => {
    const { pipe, model } = drawing();
    model.show(FRAME);
    const line = model.begin([0.1, 0.1]);
    for (let step = 1; step <= 50; step += 1) model.extend(line, [0.1 + step / 100, 0.2], false);
    model.extend(line, null, true);
    expect(model.strokes[0]!.points).toHaveLength(51);
    expect(model.strokes[0]!.width).toBeGreaterThan(0);
    expect(model.strokes[0]!.width).toBeLessThanOrEqual(0.1);
    const reached = pipe.sent.flatMap((each) => each.points as unknown[]);
    expect(reached).toHaveLength(51);
    expect(pipe.sent.at(-1)).toMatchObject({ t: "stroke", done: true });
  });

  test("takes the last own line back on both sides and leaves the others", () => {
    const { pipe, model } = drawing();
    model.show(FRAME);
    for (const x of [0.1, 0.5]) model.extend(model.begin([x, x]), [x + 0.1, x], true);
    pipe.sent.length = 0;
    model.undo();
    expect(model.strokes.map((each) => each.points[0])).toEqual([[0.1, 0.1]]);
    expect(pipe.sent[0]).toEqual({ t: "clear" });
    expect(pipe.sent.slice(1).flatMap((each) => each.points as unknown[])).toEqual([[0.1, 0.1], [0.2, 0.1]]);
  });

  test("takes the seller's lines on a frozen frame only, and nothing that is no message", () => {
    const { pipe, model } = drawing();
    const stroke = { t: "stroke", id: "s1", points: [[0.5, 0.5]], done: true };
    pipe.arrives(stroke);
    expect(model.board.value.strokes).toEqual([]);
    model.show(FRAME);
    for (const bad of ["{", "x".repeat(5_000), '{"t":"point","x":2,"y":0}', '{"t":"stroke","id":"<b>","points":[],"done":true}']) {
      pipe.arrives(bad);
    }
    pipe.arrives(stroke);
    expect(model.board.value.strokes.map((each) => each.by)).toEqual(["theirs"]);
  });

  test("stays when the seller's camera runs again while something is drawn, and goes when nothing is", () => {
    const { model } = drawing();
    model.show(FRAME);
    model.follow("open"); // said before the phone froze
    expect(model.frame.value).not.toBeNull();
    model.follow("frozen");
    model.extend(model.begin([0.1, 0.1]), null, true);
    model.follow("open");
    expect(model.frame.value!.isOver).toBe(true);
    model.show(FRAME);
    model.follow("frozen");
    model.follow("open");
    expect(model.frame.value).toBeNull();
  });
});
