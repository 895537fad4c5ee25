import { describe, expect, test } from "vitest";

import {
  isInAppBrowser,
  openCamera,
  StreamLost,
  takeStill,
  type CameraError,
  type CameraWorld,
  type Darkroom,
  type ImageCaptureLike,
  type ImageCaptureMaker,
} from "../src/core/camera";

const track = { readyState: "live" } as MediaStreamTrack;
const stream = { getVideoTracks: () => [track] } as unknown as MediaStream;
const CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36";
const INSTAGRAM = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 Instagram 400.0";

function world(getUserMedia: (c: MediaStreamConstraints) => Promise<MediaStream>, changes: Partial<CameraWorld> = {}): CameraWorld {
  return {
    mediaDevices: { getUserMedia: (c) => getUserMedia(c ?? {}) },
    isSecureContext: true,
    userAgent: CHROME,
    ImageCapture: undefined,
    isDeniedForPage: async () => null,
    ...changes,
  };
}

const failing = (name: string, message = ""): (() => Promise<MediaStream>) => {
  return async () => {
    throw new DOMException(message, name);
  };
};

async function trouble(w: CameraWorld): Promise<string> {
  return openCamera(w).then(
    () => "open",
    (error: CameraError) => error.kind,
  );
}

describe("opening the camera", () => {
  test("stills from the video ask for all the pixels there are", async () => {
    let asked: MediaStreamConstraints = {};
    await openCamera(
      world(async (c) => {
        asked = c;
        return stream;
      }),
    );
    expect(asked.video).toMatchObject({ facingMode: { ideal: "environment" }, width: { ideal: 3840 } });
    expect(asked.audio).toBe(false);
  });

  test("a camera that cannot do what was asked is opened as it is", async () => {
    let times = 0;
    const opened = await openCamera(
      world(async () => {
        times += 1;
        if (times === 1) throw new DOMException("", "OverconstrainedError");
        return stream;
      }),
    );
    expect(opened.track).toBe(track);
  });

  test.each([
    ["page_denied", world(failing("NotAllowedError"))],
    ["browser_denied", world(failing("NotAllowedError", "Permission denied by system"))],
    ["browser_denied", world(failing("NotAllowedError"), { isDeniedForPage: async () => false })],
    ["in_app", world(failing("NotAllowedError"), { userAgent: INSTAGRAM })],
    ["busy", world(failing("NotReadableError"))],
    ["none", world(failing("NotFoundError"))],
    ["none", world(failing("X"), { mediaDevices: undefined })],
    ["in_app", world(failing("X"), { mediaDevices: undefined, userAgent: INSTAGRAM })],
    ["insecure", world(failing("X"), { mediaDevices: undefined, isSecureContext: false })],
  ] as const)("tells %s from the other troubles", async (kind, w) => {
    expect(await trouble(w)).toBe(kind);
  });

  test("knows browsers inside other apps", () => {
    expect(isInAppBrowser(INSTAGRAM)).toBe(true);
    expect(isInAppBrowser(CHROME)).toBe(false);
  });
});

describe("taking a still", () => {
  const darkroom: Darkroom = {
    develop: async () => new Blob(["bitmap"], { type: "image/jpeg" }),
    developFrame: async () => new Blob(["frame"], { type: "image/jpeg" }),
    measure: async () => ({ width: 8, height: 6 }),
  };
  const maker = (made: ImageCaptureLike): ImageCaptureMaker =>
    function () {
      return made;
    } as unknown as ImageCaptureMaker;
  const fails = async (): Promise<never> => {
    throw new Error("not today");
  };

  test("the sensor's own photo comes first", async () => {
    const still = await takeStill(track, maker({ takePhoto: async () => new Blob(["photo"], { type: "image/png" }) }), darkroom);
    expect(still).toMatchObject({ method: "take_photo", mediaType: "image/png", width: 8, height: 6 });
  });

  test("a phone whose takePhoto fails gives a grabbed frame", async () => {
    const still = await takeStill(track, maker({ takePhoto: fails, grabFrame: async () => ({}) as ImageBitmap }), darkroom);
    expect(still.method).toBe("grab_frame");
  });

  test("a phone without either gives the frame on the screen", async () => {
    expect((await takeStill(track, maker({ takePhoto: fails, grabFrame: fails }), darkroom)).method).toBe("video_frame");
    expect((await takeStill(track, undefined, darkroom)).method).toBe("video_frame");
  });

  test("a camera that gives nothing at all is lost", async () => {
    const empty = { ...darkroom, developFrame: async () => null };
    await expect(takeStill(track, undefined, empty)).rejects.toBeInstanceOf(StreamLost);
    const ended = { readyState: "ended" } as MediaStreamTrack;
    await expect(takeStill(ended, undefined, darkroom)).rejects.toBeInstanceOf(StreamLost);
  });
});
