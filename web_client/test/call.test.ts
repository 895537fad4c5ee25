import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { PeerCall, told, type LinkState, type SignalPayload } from "../src/core/call";

interface Sender {
  track: MediaStreamTrack | null;
  readonly transport: { readonly iceTransport: { onselectedcandidatepairchange: (() => void) | null } };
  /** Whether the encoding was on, each time it was set. */
  readonly active: boolean[];
  replaceTrack(track: MediaStreamTrack | null): Promise<void>;
  getParameters(): object;
  setParameters(parameters: { encodings: { active: boolean }[] }): Promise<void>;
}

/** A browser's connection, as far as descriptions and counters go: every offer has its own version. */
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
  isCarrying = true;
  private readonly bytes = { sent: 0, received: 0 };
  private readonly path: Sender["transport"] = { iceTransport: { onselectedcandidatepairchange: null } };
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
    return { readyState: "open", bufferedAmount: 0, send: () => (this.bytes.sent += 50) };
  }
  addTransceiver(kind: string | MediaStreamTrack): void {
    const sender: Sender = {
      track: null,
      transport: this.path,
      active: [],
      replaceTrack: async (track) => {
        sender.track = track;
      },
      getParameters: () => ({ encodings: [{ active: true }] }),
      setParameters: async ({ encodings }) => {
        sender.active.push(encodings[0]?.active ?? false);
      },
    };
    this.transceivers.push({ kind: typeof kind === "string" ? kind : "video", sender });
  }
  getTransceivers(): object[] {
    return this.transceivers.map((each) => ({ ...each, receiver: { track: { kind: each.kind } } }));
  }
  getSenders(): object[] {
    return this.transceivers.map((each) => each.sender);
  }
  async getStats(): Promise<object> {
    if (this.isCarrying) this.bytes.received += 50;
    const pair = { type: "candidate-pair", bytesSent: this.bytes.sent, bytesReceived: this.bytes.received };
    return new Map([["pair", pair]]);
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
  /** The browser goes another way. */
  moves(): void {
    this.isCarrying = true;
    this.path.iceTransport.onselectedcandidatepairchange?.();
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
      { label: "life", id: 3 },
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
    vi.advanceTimersByTime(4_000);
    expect(newest().restarts).toBe(2);
    vi.advanceTimersByTime(8_999);
    expect(states).toEqual(["connecting", "connected", "interrupted"]);
    vi.advanceTimersByTime(1);
    expect(states.at(-1)).toBe("failed");
  });

  test("a browser that never says failed is not waited for", () => {
    call("seller");
    vi.advanceTimersByTime(15_000);
    expect(states).toEqual(["connecting", "failed"]);
  });

  /** A seller's call that is connected and shows its camera. */
  const joined = async (): Promise<{ seller: PeerCall; connection: FakeConnection }> => {
    const seller = call("seller");
    const connection = newest();
    await seller.showCamera(camera);
    await offerOf(connection);
    await seller.receive({ description: { type: "answer", sdp: "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n" } });
    connection.becomes("connected");
    await vi.advanceTimersByTimeAsync(5_000);
    return { seller, connection };
  };

  test("a network that falls silent is given up in about a second, searched once, and whole pictures follow", async () => {
    const { connection } = await joined();
    const video = connection.transceivers.find((each) => each.kind === "video")?.sender;
    expect([connection.restarts, video?.active]).toEqual([0, []]);
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(1_250);
    expect(connection.restarts).toBe(1);
    connection.moves();
    await vi.advanceTimersByTimeAsync(0);
    expect(video?.active).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([connection.restarts, video?.active]).toEqual([1, [false, true]]);
    expect(states).toEqual(["connecting", "connected"]);
  });

  test("a search that found nothing is begun again, until there is a path", async () => {
    const { connection } = await joined();
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(9_500);
    expect(connection.restarts).toBe(3);
    connection.isCarrying = true; // in a browser that does not say that it goes another way
    await vi.advanceTimersByTimeAsync(20_000);
    expect(connection.restarts).toBe(3);
  });

  test("both sides that miss each other at once are one search", async () => {
    const { seller, connection } = await joined();
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(1_250);
    await seller.receive({ renegotiate: "path" });
    expect(connection.restarts).toBe(1);
    connection.moves();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(connection.restarts).toBe(1);
  });

  test("the desk that hears nothing asks the phone for another path", async () => {
    const desk = call("operator");
    const connection = newest();
    await desk.receive({ description: { type: "offer", sdp: "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\n" } });
    connection.becomes("connected");
    await vi.advanceTimersByTimeAsync(5_000);
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(1_250);
    expect(sent.operator.filter((each) => "renegotiate" in each)).toEqual([{ renegotiate: "path" }]);
  });

  test("another network is tried at once, however many signs of it come", async () => {
    const { seller, connection } = await joined();
    seller.restart(); // navigator.connection changed
    expect(connection.restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    seller.restart(); // online again
    connection.moves();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(connection.restarts).toBe(1);
    seller.restart(); // and back to the Wi-Fi
    expect(connection.restarts).toBe(2);
  });

  test("an offer that was made while the line was down is made again", async () => {
    const { seller, connection } = await joined();
    seller.lineIsBack();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.seller).toHaveLength(1);
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(1_250);
    await offerOf(connection); // the browser's, after the restart
    expect(sent.seller).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_500);
    seller.lineIsBack();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.seller).toHaveLength(3);
  });

  test("a call that is over is not searched for", async () => {
    const { seller, connection } = await joined();
    connection.isCarrying = false;
    await vi.advanceTimersByTimeAsync(1_250);
    seller.close();
    await vi.advanceTimersByTimeAsync(60_000);
    seller.restart();
    expect([connection.restarts, sent.seller.length]).toEqual([1, 1]);
  });
});
