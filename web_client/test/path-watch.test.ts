import { describe, expect, it } from "vitest";

import { LOOK_EVERY_MS, PathWatch } from "../src/core/path-watch";

/** Let counters grow by so much a look, for some seconds; returns after how many ms a loss was said, or null. */
function run(watch: PathWatch, from: Counters, seconds: number, sent: number, received: (look: number) => number): number | null {
  for (let look = 0; look * LOOK_EVERY_MS < seconds * 1000; look += 1) {
    from.at += LOOK_EVERY_MS;
    from.sent += sent;
    from.received += received(look);
    if (watch.isLost({ sent: from.sent, received: from.received }, from.at)) return (look + 1) * LOOK_EVERY_MS;
  }
  return null;
}

interface Counters {
  at: number;
  sent: number;
  received: number;
}

const start = (): Counters => ({ at: 0, sent: 0, received: 0 });

describe("the path under a call", () => {
  it("is lost when nothing comes back for a second, and is said to be so once", () => {
    const watch = new PathWatch();
    const line = start();
    expect(run(watch, line, 5, 50_000, () => 500)).toBeNull();
    expect(run(watch, line, 3, 50_000, () => 0)).toBe(1_000);
    expect(run(watch, line, 5, 50_000, () => 0)).toBeNull();
  });

  it("can be lost again once it has carried again", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, 50_000, () => 500);
    run(watch, line, 3, 50_000, () => 0);
    expect(run(watch, line, 5, 50_000, () => 500)).toBeNull();
    expect(run(watch, line, 3, 50_000, () => 0)).toBe(1_000);
  });

  it("is not lost while the other side speaks now and then, as it does when it only listens", () => {
    const watch = new PathWatch();
    expect(run(watch, start(), 30, 50_000, (look) => (look % 4 === 0 ? 80 : 0))).toBeNull();
  });

  it("is not lost when it is we who send nothing", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, 50_000, () => 500);
    expect(run(watch, line, 10, 20, () => 0)).toBeNull();
  });

  it("is not lost by a hiccup", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, 50_000, () => 500);
    expect(run(watch, line, 0.75, 50_000, () => 0)).toBeNull();
    expect(run(watch, line, 5, 50_000, () => 500)).toBeNull();
  });

  it("is watched from the beginning after a rest", () => {
    const watch = new PathWatch();
    const line = start();
    run(watch, line, 5, 50_000, () => 500);
    watch.rest();
    expect(run(watch, line, 5, 50_000, () => 0)).toBeNull();
  });
});
