import { beforeEach, describe, expect, test } from "vitest";

import { AnalysisSender, type AnalysisPath } from "../src/core/analysis";
import { FakeTimers, settle } from "./fakes";

/** A connection that does what the test says. */
class FakeConnection {
  connectionState: RTCPeerConnectionState = "new";
  signalingState: RTCSignalingState = "have-local-offer";
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: unknown = null;
  isClosed = false;

  constructor(readonly configuration: RTCConfiguration) {}
  addTransceiver(): void {}
  async createOffer(): Promise<RTCSessionDescriptionInit> {
    return { type: "offer", sdp: "v=0" };
  }
  async setLocalDescription(): Promise<void> {}
  async setRemoteDescription(): Promise<void> {
    throw new Error("nonsense");
  }
  close(): void {
    this.isClosed = true;
  }
  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

describe("the way of the frames to the service", () => {
  const track = { readyState: "live", getSettings: () => ({ width: 1280, height: 720 }) } as unknown as MediaStreamTrack;
  let timers: FakeTimers;
  let made: FakeConnection[];
  let paths: AnalysisPath[];
  let offers: number;
  let sender: AnalysisSender;
  const newest = (): FakeConnection => made.at(-1) as FakeConnection;

  beforeEach(() => {
    timers = new FakeTimers();
    made = [];
    paths = [];
    offers = 0;
    sender = new AnalysisSender({
      iceServers: () => [],
      relayOnly: () => true,
      send: (message) => {
        if (message.type === "analysis.offer") offers += 1;
      },
      onPath: (path) => paths.push(path),
      connect: (configuration) => {
        const connection = new FakeConnection(configuration);
        made.push(connection);
        return connection as unknown as RTCPeerConnection;
      },
      timers,
    });
  });

  test("is UDP when it comes about, only through the relay when that is wanted", async () => {
    sender.start(track);
    await settle();
    newest().becomes("connected");
    expect(paths).toEqual(["peer"]);
    expect(newest().configuration.iceTransportPolicy).toBe("relay");
    timers.pass(60_000);
    expect([made.length, offers]).toEqual([1, 1]);
  });

  test("is pictures when UDP has not come about within eight seconds, and UDP again when a later try works", async () => {
    sender.start(track);
    await settle();
    timers.pass(7_999);
    expect(paths).toEqual([]);
    timers.pass(1);
    expect(paths).toEqual(["jpeg"]);
    expect(newest().isClosed).toBe(true);
    timers.pass(60_000);
    await settle();
    expect(made).toHaveLength(2);
    expect(paths).toEqual(["jpeg"]); // pictures go on while it is tried
    newest().becomes("connected");
    expect(paths).toEqual(["jpeg", "peer"]);
  });

  test("is pictures when UDP fails three times in a row", async () => {
    sender.start(track);
    for (let i = 0; i < 3; i += 1) {
      await settle();
      newest().becomes("failed");
      if (i < 2) expect(paths).toEqual([]);
      timers.pass(4_000);
    }
    expect(paths).toEqual(["jpeg"]);
    expect(made).toHaveLength(3);
  });

  test("a connection that is lost is made anew, by whichever side noticed", async () => {
    sender.start(track);
    await settle();
    newest().becomes("connected");
    newest().becomes("disconnected");
    timers.pass(1_000);
    await settle();
    newest().becomes("connected");
    await sender.receive(null);
    timers.pass(1_000);
    await settle();
    expect(made).toHaveLength(3);
    expect(paths).toEqual(["peer"]);
  });

  test("an answer that is nonsense counts as a failure", async () => {
    sender.start(track);
    await settle();
    await sender.receive({ type: "answer", sdp: "?" });
    expect(newest().isClosed).toBe(true);
    timers.pass(1_000);
    await settle();
    expect(made).toHaveLength(2);
  });

  test("after the end nothing goes either way, and nothing is tried again", async () => {
    sender.start(track);
    await settle();
    timers.pass(8_000);
    sender.stop();
    timers.pass(600_000);
    await sender.receive(null);
    expect(paths).toEqual(["jpeg", null]);
    expect(made).toHaveLength(1);
  });
});
