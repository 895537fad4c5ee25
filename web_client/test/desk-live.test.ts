import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { whyNot } from "../src/ui/operator/live/commands";
import { LiveModel } from "../src/ui/operator/live/live-model";
import { FakeSocket, settle } from "./fakes";

/** A browser's connection of which only its being there counts. */
class Connection {
  static open = 0;
  signalingState = "stable";
  connectionState = "new";
  voices: unknown[] = [];
  constructor() {
    Connection.open += 1;
  }
  createDataChannel(): object {
    return new EventTarget();
  }
  getSenders(): object[] {
    return [];
  }
  getTransceivers(): object[] {
    const sender = { replaceTrack: async (track: unknown) => void this.voices.push(track) };
    return [{ receiver: { track: { kind: "audio" } }, sender }];
  }
  remoteDescription: RTCSessionDescriptionInit | null = null;
  localDescription: RTCSessionDescriptionInit | null = null;
  setConfiguration(): void {}
  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.remoteDescription = description;
  }
  async setLocalDescription(): Promise<void> {}
  close(): void {
    Connection.open -= 1;
  }
}

class Track {
  enabled = true;
  isStopped = false;
  stop(): void {
    this.isStopped = true;
  }
}

describe("the call on the desk", () => {
  let sockets: FakeSocket[];
  let tracks: Track[];
  let allow: (() => void)[];
  let live: LiveModel;
  const line = (): FakeSocket => sockets.at(-1)!;
  const microphones = (): number => tracks.filter((each) => !each.isStopped).length;

  const welcome = (callId: string | null, pageId = "p1"): void =>
    line().says({
      type: "welcome",
      role: "operator",
      heartbeat_s: 5,
      ice_servers: [],
      ice_expires_at: null,
      relay_only: false,
      live_level: "steer",
      name: "Ana",
      call_id: callId,
      page_id: pageId,
    });
  const call = (state: string, pageId = "p1", more: object = {}): void =>
    line().says({
      type: "call",
      call_id: "l1",
      state,
      operator_id: "me",
      operator_name: "Ana",
      page_id: pageId,
      paused: false,
      viewers: [],
      ...more,
    });
  const allowMicrophone = async (): Promise<void> => {
    for (const each of allow.splice(0)) each();
    await settle();
  };

  beforeEach(() => {
    sockets = [];
    tracks = [];
    allow = [];
    Connection.open = 0;
    const Line = class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
    vi.stubGlobal("WebSocket", Line);
    vi.stubGlobal("RTCPeerConnection", Connection);
    vi.stubGlobal("MediaStream", class {});
    vi.stubGlobal("location", { protocol: "https:", host: "cars.example" });
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("removeEventListener", () => undefined);
    const getUserMedia = () =>
      new Promise((resolve) =>
        allow.push(() => {
          const track = new Track();
          tracks.push(track);
          resolve({ getAudioTracks: () => [track], getTracks: () => [track] });
        }),
      );
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
    live = new LiveModel({
      id: "i1",
      me: () => "me",
      isMine: () => true,
      level: () => "steer",
      isRecording: () => false,
      changed: () => undefined,
      say: () => undefined,
      lastFrame: () => null,
      loadChat: async () => [],
    });
    live.open(0, true);
    line().opens();
    welcome(null);
  });
  afterEach(() => {
    live.close();
    vi.unstubAllGlobals();
  });

  test("goes on in the newer tab: the older says so, lets picture and microphone go, and can take it back", async () => {
    call("accepted");
    await allowMicrophone();
    expect([live.isAccepted.value, Connection.open, microphones()]).toEqual([true, 1, 1]);

    call("accepted", "p2");
    await settle();
    expect(live.call.value).toMatchObject({ isMine: true, isElsewhere: true });
    expect([live.isInCall.value, Connection.open, microphones()]).toEqual([false, 0, 0]);

    void live.toggleCall();
    await allowMicrophone();
    expect(line().sent.at(-1)).toEqual({ type: "call.open" });
    call("accepted", "p1");
    await settle();
    expect([live.isAccepted.value, Connection.open, microphones()]).toEqual([true, 1, 1]);
    expect(line().sent.at(-1)).toEqual({ type: "signal", payload: { renegotiate: "all" } });
  });

  test("closing an older tab does not hang up in the newer one", async () => {
    call("accepted", "p2");
    await settle();
    live.close();
    expect(line().sent.map((each) => each.type)).not.toContain("call.end");
  });

  test("that ended while the line was down is over here too", async () => {
    call("accepted");
    await allowMicrophone();
    welcome("l1", "p9");
    expect(live.isAccepted.value).toBe(true);
    welcome(null, "p10");
    expect(live.call.value).toMatchObject({ state: "ended", reason: "connection-lost" });
    expect([Connection.open, microphones()]).toEqual([0, 0]);
  });

  test("offers no command by what was heard before the line broke", () => {
    vi.useFakeTimers();
    call("accepted");
    const phone = { visible: true, microphone: "off", camera: { state: "open", torch: true }, capabilities: { torch: true } };
    line().says({ type: "presence", seller: true, operators: [] });
    line().says({ type: "phone", phone });
    expect(whyNot("torch", live.situation)).toBeNull();

    line().breaks();
    expect(whyNot("torch", live.situation)).toBe("no-line");
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    line().opens();
    welcome("l1", "p2");
    call("accepted", "p2");
    expect(whyNot("torch", live.situation)).toBe("no-line"); // whether the phone is back as well was not said yet
    line().says({ type: "presence", seller: true, operators: [] });
    expect(whyNot("torch", live.situation)).toBe("not-told"); // on or off? it may have changed meanwhile
    line().says({ type: "phone", phone });
    expect(whyNot("torch", live.situation)).toBeNull();
  });

  const asked = (): number => line().sent.filter((each) => each.type === "signal").length;

  test("that is answered at once is joined by the phone's own offer, and asks for no second one", async () => {
    void live.toggleCall();
    await allowMicrophone();
    call("accepted");
    await settle();
    expect([live.isAccepted.value, Connection.open, asked()]).toEqual([true, 1, 0]);
    call("ended");
    call("accepted", "p1", { call_id: "l2" });
    await allowMicrophone();
    expect([live.isAccepted.value, Connection.open, asked()]).toEqual([true, 1, 0]);
  });

  test("that goes on while the page is loaded anew asks the phone for an offer, once", async () => {
    welcome("l1");
    call("accepted");
    await allowMicrophone();
    call("accepted", "p1", { paused: true });
    await settle();
    expect([Connection.open, asked()]).toEqual([1, 1]);
  });

  test("that rang while the page was loaded anew asks for nothing when it is answered", async () => {
    welcome("l1");
    call("ringing");
    call("accepted");
    await allowMicrophone();
    expect([Connection.open, asked()]).toEqual([1, 0]);
  });

  test("that began after an earlier one went on elsewhere asks for nothing", async () => {
    call("accepted", "p2");
    call("ended", "p2");
    call("accepted", "p1", { call_id: "l2" });
    await allowMicrophone();
    expect([Connection.open, asked()]).toEqual([1, 0]);
  });

  test("a sentence that the service refuses is marked by the refusal's id", () => {
    live.chat.say("closer", false);
    line().says({ type: "problem", problem: { type: "urn:inspection:problem:claim-needed", id: line().sent.at(-1)!["id"] } });
    expect(live.chat.unsent.value).toMatchObject([{ text: "closer", isRefused: true }]);
  });

  test("that is paused shows no hint of before, and none that comes late", async () => {
    const hint = { type: "hint", code: "dark", ok: false, view: null };
    call("accepted");
    await allowMicrophone();
    line().says(hint);
    expect(live.hint.value).toMatchObject({ code: "dark" });
    call("accepted", "p1", { paused: true });
    expect(live.hint.value).toBeNull();
    line().says(hint);
    expect(live.hint.value).toBeNull();
    call("accepted");
    line().says(hint);
    expect(live.hint.value).toMatchObject({ code: "dark" });
  });

  test("asks for the microphone once, however often the call is told", async () => {
    call("accepted");
    call("accepted", "p1", { paused: true });
    expect(allow).toHaveLength(1);
    await allowMicrophone();
    expect([Connection.open, microphones()]).toEqual([1, 1]);
  });

  test("leaves no microphone and no connection behind when the case is left while the browser asks", async () => {
    call("accepted");
    live.close();
    await allowMicrophone();
    expect([Connection.open, microphones()]).toEqual([0, 0]);
  });

  test("a phone that offers again and again without a connection has no way through, and the desk says so", async () => {
    const offer = (session: number): void =>
      line().says({ type: "signal", from: "seller", payload: { description: { type: "offer", sdp: `v=0\r\no=- ${session} 2 IN IP4 0.0.0.0\r\n` } } });
    const now = vi.spyOn(Date, "now");
    now.mockReturnValue(1_000_000);
    welcome(null);
    call("accepted");
    offer(1);
    await settle();
    now.mockReturnValue(1_004_000);
    offer(2); // loaded anew after four seconds: nothing has failed yet
    await settle();
    expect(live.link.value).toBe("connecting");
    now.mockReturnValue(1_019_100);
    offer(3);
    await settle();
    expect(live.link.value).toBe("failed");
    now.mockRestore();
  });
});
