import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { settle } from "./fakes";

/** The parts of the phone's call that meet the browser; loaded once the browser they look at is there. */
class Track extends EventTarget {
  enabled = true;
  readyState = "live";
  stop(): void {
    this.readyState = "ended";
  }
}

let tracks: Track[];
let allow: (() => void)[];
const openMicrophones = (): number => tracks.filter((each) => each.readyState === "live").length;
const allowMicrophone = async (): Promise<void> => {
  for (const each of allow.splice(0)) each();
  await settle();
};

beforeEach(() => {
  tracks = [];
  allow = [];
  const getUserMedia = () =>
    new Promise((resolve) =>
      allow.push(() => {
        const track = new Track();
        tracks.push(track);
        resolve({ getAudioTracks: () => [track], getTracks: () => [track] });
      }),
    );
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia }, userAgent: "" });
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("localStorage", { getItem: () => null });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("document", { addEventListener: () => undefined });
  vi.stubGlobal("Audio", class {});
});
afterEach(() => vi.unstubAllGlobals());

describe("the seller's microphone", () => {
  test("does not stay open when the call ended while the browser asked for it", async () => {
    const { Voice } = await import("../src/ui/seller/live/voice");
    const { microphone } = await import("../src/ui/seller/live-state");
    const voice = new Voice(() => undefined);
    void voice.open();
    voice.close();
    await allowMicrophone();
    expect(tracks).toHaveLength(1);
    expect([openMicrophones(), microphone.value]).toEqual([0, "off"]);
  });

  test("is asked for once, opens for the call, and again for the next one", async () => {
    const { Voice } = await import("../src/ui/seller/live/voice");
    const given: unknown[] = [];
    const voice = new Voice((track) => given.push(track));
    void voice.open();
    const asked = voice.request();
    await allowMicrophone();
    expect(await asked).toEqual({ microphone: "on" });
    expect([tracks.length, openMicrophones(), given]).toEqual([1, 1, [tracks[0]]]);
    voice.mute(true);
    expect(await voice.request()).toEqual({ microphone: "muted" });
    voice.close();
    expect(openMicrophones()).toBe(0);
    void voice.open();
    await allowMicrophone();
    expect([tracks.length, openMicrophones()]).toEqual([2, 1]);
  });
});

describe("a recording on the phone", () => {
  test("that is ended while the service is asked for it never begins, and leaves nothing open", async () => {
    const made = vi.fn();
    const Recorder = Object.assign(made, { isTypeSupported: () => true });
    vi.stubGlobal("MediaRecorder", Recorder);
    vi.stubGlobal("HTMLCanvasElement", class { captureStream(): void {} });
    const { CallRecorder } = await import("../src/ui/seller/live/recorder");
    const { cameraVideo } = await import("../src/ui/seller/camera-state");
    const { recordingId } = await import("../src/ui/seller/live-state");
    cameraVideo.value = { videoWidth: 640, videoHeight: 480 } as HTMLVideoElement;
    let answer: (id: { recording_id: string }) => void = () => undefined;
    const asked: string[] = [];
    const api = {
      record: (kind: string) => {
        asked.push(kind);
        return new Promise<{ recording_id: string }>((resolve) => (answer = resolve));
      },
    };
    const told: string[] = [];
    const uploads = {
      begin: async (id: string) => void told.push(`begin ${id}`),
      finish: async (id: string) => void told.push(`finish ${id}`),
    };
    const recorder = new CallRecorder(api as never, uploads as never, {} as never, () => ({ mine: null, theirs: null }));
    const starting = recorder.start();
    const again = recorder.start();
    answer({ recording_id: "r1" });
    await settle();
    await recorder.stop();
    answer({ recording_id: "r1" });
    await expect(starting).rejects.toThrow();
    await expect(again).rejects.toThrow();
    expect(asked).toEqual(["video", "mirror"]);
    expect(told).toEqual(["begin r1", "finish r1"]);
    expect([made.mock.calls.length, recordingId.value]).toEqual([0, null]);
  });
});
