import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { PeerCall, told, type LinkState, type SignalPayload } from "../src/core/call";

interface Sender {
  track: MediaStreamTrack | null;
  replaceTrack(track: MediaStreamTrack | null): Promise<void>;
}

/** A browser's connection, as far as descriptions go: every offer has its own version. */
class FakeConnection {
  static made: FakeConnection[] = [];
  readonly session = String(1000 + FakeConnection.made.length);
  version = 1;
  signalingState = "stable";
  connectionState = "new";
  localDescription: (RTCSessionDescriptionInit & { toJSON: () => object }) | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  onnegotiationneeded: (() => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  restarts = 0;
  readonly channels: { label: string; id: number }[] = [];
  readonly transceivers: { kind: string; sender: Sender }[] = [];

  constructor(public configuration: RTCConfiguration) {
    FakeConnection.made.push(this);
  }
  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }
  createDataChannel(label: string, options: { id: number }): object {
    this.channels.push({ label, id: options.id });
    return {};
  }
  addTransceiver(kind: string | MediaStreamTrack): void {
    const sender: Sender = {
      track: null,
      replaceTrack: async (track) => {
        sender.track = track;
      },
    };
    this.transceivers.push({ kind: typeof kind === "string" ? kind : "video", sender });
  }
  getTransceivers(): object[] {
    return this.transceivers.map((each) => ({ ...each, receiver: { track: { kind: each.kind } } }));
  }
  async createOffer(): Promise<object> {
    return {};
  }
  async setLocalDescription(): Promise<void> {
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    this.version += 1;
    const description = { type, sdp: `v=0\r\no=- ${this.session} ${this.version} IN IP4 0.0.0.0\r\n` } as const;
    this.localDescription = { ...description, toJSON: () => description };
    this.signalingState = type === "offer" ? "have-local-offer" : "stable";
  }
  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (description.type === "answer" && this.signalingState !== "have-local-offer") throw new Error("wrong state");
    this.remoteDescription = description;
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
  }
  restartIce(): void {
    this.restarts += 1;
  }
  close(): void {
    this.signalingState = "closed";
  }
  becomes(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

const camera = { contentHint: "" } as unknown as MediaStreamTrack;

describe("a call between two browsers", () => {
  const sent: Record<"seller" | "operator", SignalPayload[]> = { seller: [], operator: [] };
  let states: LinkState[];
  const newest = (): FakeConnection => FakeConnection.made.at(-1) as FakeConnection;
  const call = (role: "seller" | "operator", kind: "main" | "viewer" = "main"): PeerCall =>
    new PeerCall({
      role,
      kind,
      iceServers: [],
      relayOnly: true,
      send: (payload) => sent[role].push(payload),
      onRemoteStream: () => undefined,
      onState: (state) => states.push(state),
    });
  const offerOf = async (connection: FakeConnection): Promise<SignalPayload> => {
    connection.onnegotiationneeded?.();
    await Promise.resolve();
    await Promise.resolve();
    return sent.seller.at(-1) as SignalPayload;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("RTCPeerConnection", FakeConnection);
    vi.stubGlobal("MediaStream", class {});
    FakeConnection.made = [];
    sent.seller = [];
    sent.operator = [];
    states = [];
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("an answer to the offer before is passed over; the one to this offer is taken", async () => {
    call("seller");
    const first = await offerOf(newest());
    const seller = call("seller"); // built again
    const second = await offerOf(newest());
    const connection = newest();
    const desk = call("operator");
    await desk.receive(first);
    const late = sent.operator.at(-1) as SignalPayload;
    expect(desk.isFromAnother(second)).toBe(true);
    const newDesk = call("operator");
    await newDesk.receive(second);
    const right = sent.operator.at(-1) as SignalPayload;
    await seller.receive(late);
    expect(connection.remoteDescription).toBeNull();
    await seller.receive(right);
    expect(connection.signalingState).toBe("stable");
    await seller.receive(right); // twice on the way
    expect(connection.signalingState).toBe("stable");
  });

  test("the main connection carries mirror and pointer, a second viewer's only a picture", () => {
    call("seller");
    expect(newest().channels).toEqual([
      { label: "mirror", id: 1 },
      { label: "pointer", id: 2 },
    ]);
    expect(newest().transceivers.map((each) => each.kind)).toEqual(["audio", "video"]);
    expect(newest().configuration.iceTransportPolicy).toBe("relay");
    const viewer = call("seller", "viewer");
    expect(newest().channels).toEqual([]);
    expect(newest().transceivers.map((each) => each.kind)).toEqual(["video"]);
    expect([viewer.mirror, viewer.pointer]).toEqual([null, null]);
  });

  test("a paused call shows no camera, also not one that was opened meanwhile", async () => {
    const seller = call("seller");
    await seller.showCamera(camera);
    const video = newest().transceivers.find((each) => each.kind === "video")?.sender;
    expect(video?.track).toBe(camera);
    await seller.pause(true);
    expect(video?.track).toBeNull();
    await seller.showCamera(camera);
    expect(video?.track).toBeNull();
    await seller.pause(false);
    expect(video?.track).toBe(camera);
  });

  test("tries that fail one after the other are told as one failure, until a path is found", () => {
    expect(told("failed", "connecting")).toBe("failed");
    expect(told("failed", "connected")).toBe("connected");
    expect(told("connected", "connecting")).toBe("connecting");
    expect(told(null, "connecting")).toBe("connecting");
  });

  test("a path that breaks is looked for again, and given up after fifteen seconds", () => {
    call("seller");
    newest().becomes("connected");
    newest().becomes("disconnected");
    vi.advanceTimersByTime(2_000);
    expect(newest().restarts).toBe(1);
    vi.advanceTimersByTime(12_999);
    expect(states).toEqual(["connecting", "connected", "interrupted"]);
    vi.advanceTimersByTime(1);
    expect(states.at(-1)).toBe("failed");
  });

  test("a browser that never says failed is not waited for", () => {
    call("seller");
    vi.advanceTimersByTime(15_000);
    expect(states).toEqual(["connecting", "failed"]);
  });
});
