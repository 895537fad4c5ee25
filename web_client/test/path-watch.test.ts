import { describe, expect, it } from "vitest";

import { LOOK_EVERY_MS, PathWatch, trafficIn } from "../src/core/path-watch";

interface Line {
  at: number;
  sent: number;
  received: number;
}

const start = (): Line => ({ at: 0, sent: 0, received: 0 });

/** Look for some seconds at counters that grow so much a look; returns after how many ms a loss was said, or null. */
function run(
  watch: PathWatch,
  line: Line,
  seconds: number,
  received: (look: number) => number,
  { sent = 100, every_ms = LOOK_EVERY_MS } = {},
): number | null {
  const from = line.at;
  for (let look = 0; line.at - from < seconds * 1000; look += 1) {
    line.at += every_ms;
    line.sent += sent;
    line.received += received(look);
    if (watch.isLost({ sent: line.sent, received: line.received }, line.at)) return line.at - from;
  }
  return null;
}

const steadily = (): number => 60;
const silence = (): number => 0;

describe("the path under a call", () => {
  it("is lost when nothing comes back for a second, and is said to be so once", () => {
    const watch = new PathWatch();
    const line = start();
    expect(run(watch, line, 5, steadily)).toBeNull();
    expect(watch.isHeard).toBe(true);
    expect(run(watch, line, 3, silence)).toBe(1_000);
    expect(watch.isHeard).toBe(false);
    expect(run(watch, line, 20, silence)).toBeNull();
  });

  it("can be lost again once it has carried again", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    run(watch, line, 3, silence);
    expect(run(watch, line, 5, steadily)).toBeNull();
    expect(run(watch, line, 3, silence)).toBe(1_000);
  });

  it("is lost after two seconds where packets get lost anyhow", () => {
    const watch = new PathWatch();
    const line = start();
    expect(run(watch, line, 30, (look) => (look % 5 === 0 ? 0 : 60))).toBeNull();
    expect(run(watch, line, 5, (look) => (look === 0 ? 60 : 0))).toBe(2_250);
  });

  it("is not lost while every other word gets lost", () => {
    const heard = [1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1];
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    expect(run(watch, line, 60, (look) => 60 * (heard[look % heard.length] ?? 0))).toBeNull();
  });

  it("is not lost while the other side speaks now and then, as an older page does when it only listens", () => {
    expect(run(new PathWatch(), start(), 30, (look) => (look % 4 === 0 ? 80 : 0))).toBeNull();
  });

  it("is not lost when it is we who send nothing", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    expect(run(watch, line, 10, silence, { sent: 0 })).toBeNull();
  });

  it("is not lost by a hiccup", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    expect(run(watch, line, 0.75, silence)).toBeNull();
    expect(run(watch, line, 5, steadily)).toBeNull();
  });

  it("is not lost because this page stood still, as in a pocket: who did not listen cannot miss anything", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    line.at += 60_000;
    expect(run(watch, line, 0.75, silence)).toBeNull();
    expect(run(watch, line, 5, steadily)).toBeNull();
  });

  it("takes longer on a page in the background, where looks are a second apart", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 10, steadily, { every_ms: 1_000 });
    expect(run(watch, line, 10, silence, { every_ms: 1_000 })).toBe(4_000);
  });

  it("is watched from the beginning after a rest", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, steadily);
    watch.rest();
    expect(run(watch, line, 5, silence)).toBeNull();
  });
});

it("counts what passed on all paths of a connection", () => {
  const report = new Map<string, object>([
    ["a", { type: "candidate-pair", bytesSent: 10, bytesReceived: 1 }],
    ["b", { type: "candidate-pair", bytesSent: 5, bytesReceived: 2 }],
    ["c", { type: "candidate-pair" }],
    ["d", { type: "transport", bytesSent: 1000, bytesReceived: 1000 }],
  ]);
  expect(trafficIn(report as unknown as RTCStatsReport)).toEqual({ sent: 15, received: 3 });
});
