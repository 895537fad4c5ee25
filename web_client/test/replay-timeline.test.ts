import { describe, expect, test, vi } from "vitest";

import type { CaptureView, ChatMessage, EventView } from "../src/core/views";
import { operatorTexts } from "../src/locales/operator";
import { feedFor, isRecorded, parseRecording, type RecordedEvent } from "../src/ui/operator/replay/recorded-mirror";
import { entriesOf, indexAt, momentAt, playOn, walk } from "../src/ui/operator/replay/timeline";

const START = Date.parse("2026-11-22T10:00:00Z");
let seq = 0;
const event = (after_s: number, kind: string, data: EventView["data"] = {}, by: EventView["actor"]["kind"] = "operator"): EventView => ({
  seq: (seq += 1),
  at: new Date(START + after_s * 1000).toISOString(),
  kind,
  actor: { kind: by, name: by === "operator" ? "Jo" : "" },
  data,
});
const capture = (id: string, step_id: string): CaptureView => ({ id, step_id }) as CaptureView;
const said: ChatMessage = { id: "m1", from: "seller", name: "Cam", text: "ready", at: new Date(START).toISOString(), read_aloud: false };

const events = [
  event(0, "consent.given", { purpose: "live_video" }, "seller"),
  event(0, "consent.given", { purpose: "pointing" }, "seller"),
  event(1, "step.entered", { step_id: "front" }, "seller"),
  event(5, "help.asked", { step_id: "front" }, "seller"),
  event(10, "operator.claimed"),
  event(12, "call.opened", { call_id: "c" }),
  event(13, "call.accepted", { call_id: "c" }, "seller"),
  event(13, "help.answered", { how: "call" }),
  event(20, "command.sent", { id: "x1", no: 1, name: "torch", args: { on: true } }),
  event(20.4, "command.acknowledged", { id: "x1", ok: true, effect: { torch: true }, error: null }, "seller"),
  event(25, "command.sent", { id: "x2", no: 2, name: "freeze", args: {} }),
  event(26, "frame.frozen", { frame_id: "f1" }, "seller"),
  event(26.5, "command.acknowledged", { id: "x2", no: 2, name: "freeze", ok: true, effect: { frame_id: "f1" }, error: null }, "seller"),
  event(30, "annotation.kept", { annotation_id: "a1", frame_id: "f1" }),
  event(31, "command.sent", { id: "x3", no: 3, name: "unfreeze", args: {} }),
  event(31.2, "command.acknowledged", { id: "x3", no: 3, name: "unfreeze", ok: true, effect: {}, error: null }, "seller"),
  event(40, "capture.received", { capture_id: "p1", step_id: "front" }, "seller"),
  event(42, "capture.retake_asked", { capture_id: "p1", step_id: "front" }, "service"),
  event(43, "chat.said", { message_id: "m1" }, "seller"),
  event(44, "call.paused", {}, "seller"),
  event(45, "consent.withdrawn", { purpose: "pointing" }, "seller"),
  event(50, "call.resumed", {}, "seller"),
  event(60, "capture.received", { capture_id: "p2", step_id: "front" }, "seller"),
  event(61, "capture.accepted", { capture_id: "p2", step_id: "front" }, "service"),
  event(62, "call.ended", { reason: "hung-up" }),
];
const entries = entriesOf({ events: [...events].reverse(), captures: [capture("p1", "front"), capture("p2", "front")], chat: [said] });
const after = (kind: string, which = 0) => momentAt(entries, entries.filter((each) => each.event.kind === kind)[which]!.event.seq - 1);

describe("the flight recorder", () => {
  test("has the events by their number, whatever order they came in", () => {
    expect(entries.map((each) => each.event.seq)).toEqual(events.map((each) => each.seq));
  });

  test("joins each command with what came back and how long it took, each photo and each word with its event", () => {
    const [torch] = entries.filter((each) => each.event.kind === "command.sent");
    expect(torch!.answer!.event.data.effect).toEqual({ torch: true });
    expect(torch!.answer!.after_s).toBeCloseTo(0.4, 6);
    expect(entries.find((each) => each.event.kind === "capture.received")!.capture!.id).toBe("p1");
    expect(entries.find((each) => each.event.kind === "chat.said")!.message!.text).toBe("ready");
  });

  test("knows how things stood after each event, from the record alone", () => {
    expect(momentAt(entries, -1)).toMatchObject({ stepId: null, call: null, level: "off", accepted: 0 });
    expect(after("step.entered")).toMatchObject({ stepId: "front", level: "point", call: null, capture: null });
    expect(after("help.asked").asksForHelp).toBe(true);
    expect(after("call.accepted")).toMatchObject({ call: { operator: "Jo", isPaused: false }, holder: "Jo", asksForHelp: true });
    expect(after("help.answered").asksForHelp).toBe(false);
    expect(after("call.paused").call).toEqual({ operator: "Jo", isPaused: true });
    expect(after("call.resumed").call).toEqual({ operator: "Jo", isPaused: false });
    expect(after("call.ended").call).toBeNull();
  });

  test("knows what the camera did only once it did it", () => {
    expect(after("command.sent", 0).torch).toBeNull();
    expect(after("command.acknowledged", 0).torch).toBe(true);
    expect(after("frame.frozen").frameId).toBe("f1");
    expect(after("annotation.kept").frameId).toBe("f1");
    expect(after("command.acknowledged", 2).frameId).toBeNull();
  });

  test("knows consent as it was: taking back a level ends that one", () => {
    expect(after("call.paused").level).toBe("point");
    expect(after("consent.withdrawn").level).toBe("watch");
  });

  test("shows each photo as it had been judged by then, and counts accepted steps once", () => {
    expect(after("capture.received", 0).capture).toMatchObject({ view: { id: "p1" }, state: "received" });
    expect(after("capture.retake_asked").capture!.state).toBe("retake");
    expect(after("capture.received", 1)).toMatchObject({ capture: { view: { id: "p2" } }, accepted: 0 });
    expect(after("capture.accepted")).toMatchObject({ accepted: 1 });
  });

  test("finds the moment by time, also between events and outside of them", () => {
    expect(indexAt(entries, START - 1)).toBe(-1);
    expect(entries[indexAt(entries, START + 22_000)]!.event.kind).toBe("command.acknowledged");
    expect(indexAt(entries, START + 1e9)).toBe(entries.length - 1);
  });

  test("steps through one topic, and stops at both ends", () => {
    const kinds = (from: number, by: number): string => entries[walk(entries, from, by, "photos")]!.event.kind;
    expect(kinds(0, 1)).toBe("capture.received");
    expect(kinds(0, 2)).toBe("capture.retake_asked");
    expect(kinds(0, 99)).toBe("capture.accepted");
    expect(walk(entries, 3, -99, "all")).toBe(0);
    expect(walk(entries, entries.length - 1, 1, "all")).toBe(entries.length - 1);
  });

  test("plays along the clock, jumps over quiet stretches and ends at the end", () => {
    expect(playOn(0, 200, [1_000])).toBe(200);
    expect(playOn(0, 200, [60_000])).toBe(58_500);
    expect(playOn(0, 200, [0, 0])).toBeNull();
  });

  test("has words for every kind of event in both languages", () => {
    for (const each of events) {
      expect(operatorTexts.en.replay.kinds[each.kind], each.kind).toBeTruthy();
      expect(operatorTexts.fr.replay.kinds[each.kind], each.kind).toBeTruthy();
    }
  });
});

describe("a recorded screen", () => {
  const line = (timestamp: number, type: number): string => JSON.stringify({ timestamp, type, data: {} });
  const types = (list: readonly RecordedEvent[], { from, to }: { from: number; to: number }): number[] =>
    list.slice(from, to).map((each) => each.type);

  test("is put onto the service's clock, however wrong the phone's is, and stays in order when it is set right", () => {
    const read = parseRecording([line(5e12, 4), line(5e12 + 100, 2), line(10, 3), line(5e12 + 900, 3)].join("\n"), START);
    expect(read.map((each) => each.at_ms - START)).toEqual([0, 100, 100, 900]);
  });

  test("leaves out what is no event: a phone shut off in the middle of one, foreign lines", () => {
    const read = parseRecording(`${line(1, 4)}\nnull\n[]\n{"type":"x"}\n\n${line(2, 2)}\n{"type":3,"dat`, START);
    expect(read.map((each) => each.type)).toEqual([4, 2]);
    expect(parseRecording("", START)).toEqual([]);
  });

  const recorded = parseRecording(
    [line(0, 4), line(1, 2), line(1_000, 3), line(2_000, 3), line(5_000, 4), line(5_001, 2), line(6_000, 3)].join("\n"),
    START,
  );

  test("is fed on from what is shown when time goes on", () => {
    expect(feedFor(recorded, 3, START + 2_500)).toEqual({ from: 3, to: 4 });
    expect(feedFor(recorded, 4, START + 2_600)).toEqual({ from: 4, to: 4 });
  });

  test("is fed from the last whole picture when time goes back, or jumps over one", () => {
    expect(types(recorded, feedFor(recorded, 4, START + 1_500))).toEqual([4, 2, 3]);
    expect(types(recorded, feedFor(recorded, 3, START + 6_500))).toEqual([4, 2, 3]);
  });

  test("never shows half a whole picture", () => {
    expect(types(recorded, feedFor(recorded, 0, START))).toEqual([4, 2]);
    expect(types(recorded, feedFor(recorded, 4, START + 5_000))).toEqual([4, 2]);
  });

  test("shows nothing before it began, nor long after it ended", () => {
    expect(feedFor(recorded, 0, START - 1)).toEqual({ from: 0, to: 0 });
    expect(isRecorded(recorded, START - 5_000)).toBe(false);
    expect(isRecorded(recorded, START + 3_000)).toBe(true);
    expect(isRecorded(recorded, START + 600_000)).toBe(false);
    expect(isRecorded([], START)).toBe(false);
  });
});

describe("who was given a case", () => {
  test("is named, not numbered, and stays named when another holds it", async () => {
    vi.stubGlobal("navigator", { language: "en", languages: ["en"] });
    vi.stubGlobal("localStorage", { getItem: () => null });
    vi.stubGlobal("location", { pathname: "/operator" });
    const { aboutOf, nameOf } = await import("../src/ui/operator/replay/words");
    const given = event(70, "operator.handed_over", { operator_id: "op_2" });
    const taken = event(80, "operator.took_over", { operator_id: "op_3", from_id: "op_2" });
    const log = entriesOf({ events: [given, taken], captures: [], chat: [] });
    const replay = { operators: [{ id: "op_2", name: "Robin" }], steps: [], events: [] } as never;
    expect(log.map((entry) => aboutOf(replay, entry))).toEqual(["to Robin", "from Robin"]);
    expect(nameOf(replay, momentAt(log, 0).holder)).toBe("Robin");
    vi.unstubAllGlobals();
  });
});
