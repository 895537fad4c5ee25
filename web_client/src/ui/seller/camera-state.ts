/** The one camera of the page: opened when a step is shown, reopened when the phone took it away, closed afterwards. */

import { signal } from "@preact/signals";

import {
  CameraError,
  openCamera,
  type CameraTrouble,
  type CameraWorld,
  type ImageCaptureMaker,
  type Wanted,
} from "../../core/camera";
import { CannotDo, type Effect } from "../../core/commands";
import { FrameWatch } from "../../core/frame-watch";
import { settingsOf } from "../../core/lens";

export type CameraState =
  | { readonly is: "off" | "opening" }
  | { readonly is: "open"; readonly stream: MediaStream; readonly track: MediaStreamTrack }
  | { readonly is: "trouble"; readonly trouble: CameraTrouble };

/** The live call reads the stream from here. */
export const camera = signal<CameraState>({ is: "off" });
/** The camera says that it runs, and no pictures come: a phone call, another app. It is being opened anew. */
export const isStalled = signal(false);
/** The element that shows the camera, while it is on the screen. */
export const cameraVideo = signal<HTMLVideoElement | null>(null);

export const imageCapture: ImageCaptureMaker | undefined = (globalThis as { ImageCapture?: ImageCaptureMaker })
  .ImageCapture;

const world: CameraWorld = {
  mediaDevices: navigator.mediaDevices as MediaDevices | undefined,
  isSecureContext,
  userAgent: navigator.userAgent,
  ImageCapture: imageCapture,
  async isDeniedForPage() {
    try {
      const permission = await navigator.permissions.query({ name: "camera" as PermissionName });
      return permission.state === "denied";
    } catch {
      return null; // Not every browser tells.
    }
  },
};

/** Open the camera, unless it is open. */
export async function openTheCamera(wanted?: Wanted): Promise<void> {
  const now = camera.value;
  if (now.is === "opening" || (now.is === "open" && now.track.readyState === "live")) return;
  camera.value = { is: "opening" };
  try {
    const { stream, track } = await openCamera(world, wanted);
    if ((camera.value as CameraState).is === "off") {
      track.stop(); // Closed while the browser was asking.
      return;
    }
    track.addEventListener("ended", () => {
      camera.value = { is: "trouble", trouble: "lost" };
    });
    camera.value = { is: "open", stream, track };
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    camera.value = { is: "trouble", trouble: error.kind };
  }
}

export function closeTheCamera(): void {
  const now = camera.value;
  if (now.is === "open") now.track.stop();
  camera.value = { is: "off" };
}

/** The page is shown again: phones often take the camera away meanwhile. */
export function reviveTheCamera(): void {
  const now = camera.value;
  const isGone = now.is === "open" ? now.track.readyState === "ended" : now.is === "trouble" && now.trouble === "lost";
  if (isGone) void openTheCamera();
}

/** Cameras of this phone; 0 where the browser does not tell. */
export async function cameras(): Promise<readonly MediaDeviceInfo[]> {
  try {
    return (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  } catch {
    return [];
  }
}

/**
 * Look through the other camera. The one in use is closed first: phones lend only one at a time.
 *
 * @throws CannotDo
 */
export async function switchTheCamera(): Promise<Effect> {
  const before = camera.value;
  if (before.is !== "open") throw new CannotDo("camera-closed");
  const known = await cameras();
  if (known.length < 2) throw new CannotDo("unsupported");
  const { facing } = settingsOf(before.track);
  const beforeId = before.track.getSettings().deviceId;
  const here = known.findIndex((device) => device.deviceId === beforeId);
  const next = known[(here + 1) % known.length]?.deviceId ?? "";
  const back: Wanted = beforeId === undefined ? { facing: facing ?? "environment" } : { deviceId: beforeId };
  // A phone has several lenses at its back: the other side is meant. Where sides are unknown, the next in the list.
  await reopen(facing === null ? { deviceId: next } : { facing: facing === "user" ? "environment" : "user" });
  const after = camera.value as CameraState;
  if (after.is !== "open") {
    camera.value = { is: "off" };
    await openTheCamera(back);
    throw new CannotDo("no-effect");
  }
  if (after.track.getSettings().deviceId === beforeId) throw new CannotDo("no-effect");
  const { width, height, facing: seen } = settingsOf(after.track);
  return { facing: seen, width, height };
}

async function reopen(wanted?: Wanted): Promise<void> {
  closeTheCamera();
  await openTheCamera(wanted);
}

const LOOK_EVERY_MS = 500;
const TRY_AGAIN_MS = 5_000;

/** Watch that pictures really come, and open the camera anew when they do not; returns how to stop watching. */
export function watchFrames(video: HTMLVideoElement, isShown: () => boolean): () => void {
  const watch = new FrameWatch();
  let triedAt = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const now = performance.now();
    const open = camera.peek();
    const isExpected = open.is === "open" && document.visibilityState === "visible" && isShown();
    const frames = video.getVideoPlaybackQuality?.().totalVideoFrames ?? video.currentTime;
    if (watch.look(frames, isExpected, now) === "flowing") {
      // Right after it was opened nobody knows yet.
      if (isExpected && watch.hasMoved) isStalled.value = false;
      return;
    }
    isStalled.value = true;
    if (now - triedAt < TRY_AGAIN_MS) return;
    triedAt = now;
    watch.reset();
    const facing = open.is === "open" ? settingsOf(open.track).facing : null;
    void reopen({ facing: facing ?? "environment" });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    isStalled.value = false;
  };
}
