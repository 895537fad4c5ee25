import { beforeEach, describe, expect, test } from "vitest";

import type { Incoming } from "../src/core/messages";
import { SessionSocket, sessionUrl, type LineState } from "../src/core/session-socket";
import { FakeSocket, FakeTimers } from "./fakes";

const event = (seq: number): object => ({
  type: "event",
  event: { seq, at: "", kind: "capture.judged", actor: { kind: "service", name: "" }, data: {} },
});

describe("the line to the service", () => {
  let timers: FakeTimers;
  let sockets: FakeSocket[];
  let heard: Incoming[];
  let states: LineState[];
  let line: SessionSocket;
  const last = (): FakeSocket => sockets[sockets.length - 1] as FakeSocket;

  beforeEach(() => {
    timers = new FakeTimers();
    sockets = [];
    heard = [];
    states = [];
    line = new SessionSocket({
      url: sessionUrl({ protocol: "https:", host: "cars.example" }, "i1", "seller"),
      open: (url) => {
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket;
      },
      onMessage: (message) => heard.push(message),
      onState: (state) => states.push(state),
      after: 7,
      timers,
      chance: () => 1,
    });
    line.start();
    last().opens();
  });

  test("asks for what came after the first view", () => {
    expect(last().url).toBe("wss://cars.example/v1/sessions/i1/signalling?role=seller&after=7");
  });

  test("resumes by the last number it saw, and shows no event twice", () => {
    last().says(event(8));
    last().says(event(9));
    last().breaks();
    timers.pass(500);
    expect(last().url).toContain("after=9");
    last().opens();
    last().says(event(9));
    last().says(event(10));
    const seen = heard.flatMap((message) => (message.type === "event" ? [message.event.seq] : []));
    expect(seen).toEqual([8, 9, 10]);
  });

  test("waits longer after each break, and starts anew once it has heard something", () => {
    const waits: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      const before = sockets.length;
      last().breaks();
      let waited = 0;
      while (sockets.length === before) {
        timers.pass(500);
        waited += 500;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
    last().opens();
    last().says({ type: "pong" });
    last().breaks();
    timers.pass(500);
    expect(states[states.length - 1]).toBe("connecting");
  });

  test("beats in the rhythm the service asks for, and gives up a line that says nothing", () => {
    last().says({ type: "welcome", role: "seller", seq: 7, heartbeat_s: 1, ice_servers: [], name: "" });
    const silent = last();
    timers.pass(1000);
    expect(silent.sent).toEqual([{ type: "ping" }]);
    timers.pass(2000);
    expect(silent.isClosed).toBe(true);
    timers.pass(500);
    expect(last()).not.toBe(silent);
  });

  test.each([
    [4401, "signed_out"],
    [4403, "not_yours"],
    [4404, "gone"],
    [4409, "replaced"],
  ] as const)("does not come back after %i: it is %s", (code, state) => {
    last().breaks(code);
    timers.pass(60_000);
    expect(states[states.length - 1]).toBe(state);
    expect(sockets).toHaveLength(1);
  });

  test("answers to commands wait for the line; a ring that is over is not answered", () => {
    last().breaks();
    line.send({ type: "ack", id: "k1", ok: true, effect: null, error: null });
    line.send({ type: "call.accept" });
    timers.pass(500);
    last().opens();
    expect(last().sent).toEqual([{ type: "ack", id: "k1", ok: true, effect: null, error: null }]);
  });

  test("gives up a line that does not answer soon after the network changed", () => {
    const old = last();
    line.wake();
    expect(old.sent).toEqual([{ type: "ping" }]);
    timers.pass(2_900);
    old.says({ type: "pong" });
    timers.pass(200);
    expect(old.isClosed).toBe(false);

    line.wake();
    timers.pass(3_000);
    expect(old.isClosed).toBe(true);
    timers.pass(500);
    expect(last()).not.toBe(old);
  });

  test("connects at once when the network returns", () => {
    last().breaks();
    line.wake();
    expect(sockets).toHaveLength(2);
    timers.pass(600); // The wait after the break would have ended here.
    expect(sockets).toHaveLength(2);
  });

  test("ends for good, also twice", () => {
    line.close();
    line.close();
    timers.pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(states[states.length - 1]).toBe("closed");
  });
});
