import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { mayBeAnalysed, reduce, START, type Call, type SellerState } from "../src/core/session";
import { settle, view } from "./fakes";

vi.mock("@rrweb/record", () => ({ record: () => () => undefined }));

const call: Call = { id: "l1", operatorName: "Ana", state: "accepted", isPaused: false, viewers: [] };
const watched = view();
const agreed = { ...watched, consents: { ...watched.consents, live_video: true, live_level: "watch" as const } };

/** A phone inside its case, its line open. */
const inside = (): SellerState => {
  const begun = reduce(START, { is: "viewed", view: agreed });
  return reduce(begun, { is: "line", state: "open" });
};
const paused = (state: SellerState, isPaused: boolean): SellerState => reduce(state, { is: "called", call: { ...call, isPaused } });

describe("a phone whose call is paused", () => {
  test("is not looked at by the service either; outside of calls and after the pause it is", () => {
    expect(mayBeAnalysed(START)).toBe(false);
    expect(mayBeAnalysed(inside())).toBe(true);
    const call_ = paused(inside(), false);
    expect(mayBeAnalysed(call_)).toBe(true);
    expect(mayBeAnalysed(paused(call_, true))).toBe(false);
    expect(mayBeAnalysed(paused(paused(call_, true), false))).toBe(true);
    expect(mayBeAnalysed(reduce(inside(), { is: "line", state: "waiting" }))).toBe(false);
  });

  test("shows no hint of before, which the shutter would go by, and none that comes late", () => {
    const hint = { code: "ok", isOk: true };
    const hinted = reduce(paused(inside(), false), { is: "hinted", hint });
    expect(hinted).toMatchObject({ hint });
    const resting = paused(hinted, true);
    expect(resting).toMatchObject({ hint: null });
    expect(reduce(resting, { is: "hinted", hint })).toMatchObject({ hint: null });
    expect(reduce(paused(resting, false), { is: "hinted", hint })).toMatchObject({ hint });
  });
});

/** A browser's connection that keeps what it is asked to send. */
class Connection {
  static all: Connection[] = [];
  signalingState = "stable";
  connectionState = "new";
  isClosed = false;
  readonly given: unknown[] = [];
  constructor() {
    Connection.all.push(this);
  }
  createDataChannel(): object {
    return new EventTarget();
  }
  addTransceiver(track: unknown): void {
    this.given.push(track);
  }
  getTransceivers(): object[] {
    return [];
  }
  async createOffer(): Promise<object> {
    return { type: "offer", sdp: "v=0" };
  }
  async setLocalDescription(): Promise<void> {}
  setConfiguration(): void {}
  close(): void {
    this.isClosed = true;
  }
}

describe("the camera on the phone", () => {
  const track = Object.assign(new EventTarget(), { readyState: "live", getSettings: () => ({}), getCapabilities: () => ({}) });
  let toBlob: (found: (picture: Blob) => void) => void;
  const looking = (): number => Connection.all.filter((each) => each.given.includes(track) && !each.isClosed).length;

  beforeEach(() => {
    Connection.all = [];
    toBlob = (found) => found(new Blob(["picture"]));
    vi.resetModules();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    vi.stubGlobal("RTCPeerConnection", Connection);
    vi.stubGlobal("MediaStream", class {});
    vi.stubGlobal("Audio", class {});
    vi.stubGlobal("navigator", { userAgent: "", language: "en", mediaDevices: undefined });
    vi.stubGlobal("isSecureContext", true);
    vi.stubGlobal("localStorage", { getItem: () => null });
    vi.stubGlobal("sessionStorage", { getItem: () => null });
    vi.stubGlobal("HTMLCanvasElement", class {});
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("document", {
      addEventListener: () => undefined,
      visibilityState: "visible",
      documentElement: {},
      createElement: () => ({ getContext: () => null, toBlob: (found: (picture: Blob) => void) => toBlob(found) }),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("leaves for nobody while the call is paused, the analysis included", async () => {
    const { LiveCall } = await import("../src/ui/seller/live/live-call");
    const { camera } = await import("../src/ui/seller/camera-state");
    const { state } = await import("../src/ui/seller/context");
    const kept = { noted: async () => undefined, note: async () => undefined, removeChunks: async () => undefined };
    state.value = inside();
    camera.value = { is: "open", stream: {} as MediaStream, track: track as unknown as MediaStreamTrack };
    const seller = { say: () => true, onMessage: new Set(), kept, live: { acts: {} }, queue: {}, iceServers: [], isRelayOnly: false };
    new LiveCall(seller as never, "i1");
    await settle();
    expect(looking()).toBe(1);
    state.value = paused(state.value, true);
    await settle();
    expect(looking()).toBe(0);
    state.value = paused(state.value, false);
    await settle();
    expect(looking()).toBe(1);
  });

  test("sends no picture that was still being made when the pause came", async () => {
    const { JpegFeed } = await import("../src/ui/seller/live/jpeg-feed");
    const { cameraVideo } = await import("../src/ui/seller/camera-state");
    cameraVideo.value = { videoWidth: 640, videoHeight: 360 } as HTMLVideoElement;
    const made: ((picture: Blob) => void)[] = [];
    toBlob = (found) => void made.push(found);
    const sent: ArrayBuffer[] = [];
    const feed = new JpegFeed((bytes) => sent.push(bytes) > 0);
    feed.run(true);
    vi.advanceTimersByTime(400);
    feed.run(false);
    for (const each of made) each(new Blob(["picture"]));
    await settle();
    expect([made.length, sent.length]).toEqual([1, 0]);
    toBlob = (found) => found(new Blob(["picture"]));
    feed.run(true);
    vi.advanceTimersByTime(400);
    await settle();
    expect(sent).toHaveLength(1);
    feed.run(false);
  });
});
