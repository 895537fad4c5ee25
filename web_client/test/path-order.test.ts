import { describe, expect, it } from "vitest";

import { PathOrder } from "../src/core/path-order";

const HOST = "candidate:1 1 udp 2122260223 192.0.2.1 5000 typ host";
const RELAY = "candidate:2 1 udp 41885439 198.51.100.1 6000 typ relay raddr 0.0.0.0 rport 0";
const TLS_RELAY = "candidate:3 1 udp 8331263 198.51.100.1 6001 typ relay raddr 0.0.0.0 rport 0";

const offer = (name: string, ...lines: string[]): RTCSessionDescriptionInit => ({
  type: "offer",
  sdp: ["v=0", `a=ice-ufrag:${name}`, "a=ice-pwd:secret", ...lines.map((line) => `a=${line}`), ""].join("\r\n"),
});
const worth = (order: PathOrder, candidate: string, name?: string): number => {
  const taken = order.candidate({ candidate, ...(name === undefined ? {} : { usernameFragment: name }) });
  return Number(taken.candidate?.split(" ")[3]);
};

describe("what the other side's addresses are worth", () => {
  it("is by their kind within one search, and less than any own address", () => {
    const order = new PathOrder();
    order.description(offer("one"));
    const [host, relay, tls] = [HOST, RELAY, TLS_RELAY].map((each) => worth(order, each, "one")) as [number, number, number];
    expect(host).toBeGreaterThan(relay);
    expect(relay).toBeGreaterThan(tls);
    expect(host).toBeLessThan(Number(TLS_RELAY.split(" ")[3]));
  });

  it("is more for the worst one of a later search than for the best of an earlier one, also when that comes late", () => {
    const order = new PathOrder();
    order.description(offer("one"));
    order.description(offer("two"));
    expect(worth(order, TLS_RELAY, "two")).toBeGreaterThan(worth(order, HOST, "one"));
    expect(worth(order, TLS_RELAY)).toBeGreaterThan(worth(order, HOST, "one"));
  });

  it("stays when the same search is described again", () => {
    const order = new PathOrder();
    order.description(offer("one"));
    const before = worth(order, RELAY, "one");
    order.description(offer("one"));
    expect(worth(order, RELAY, "one")).toBe(before);
  });

  it("is written into descriptions too, and nothing else is touched", () => {
    const order = new PathOrder();
    const taken = order.description(offer("one", RELAY));
    const expected = RELAY.replace("41885439", String(worth(order, RELAY, "one")));
    expect(taken).toEqual(offer("one", expected));
    expect(order.description({ type: "rollback" })).toEqual({ type: "rollback" });
  });

  it("leaves the end of candidates and nonsense as they are", () => {
    const order = new PathOrder();
    expect(order.candidate({ candidate: "" })).toEqual({ candidate: "" });
    expect(order.candidate({ candidate: "candidate:what is this" })).toEqual({ candidate: "candidate:what is this" });
    expect(order.candidate({ candidate: HOST, sdpMid: "0" })).toMatchObject({ sdpMid: "0" });
  });
});
