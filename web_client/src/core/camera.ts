/**
 * The phone's camera: opened with the widest constraints it accepts, and a still from the best way it offers.
 *
 * Source: W3C Media Capture and Streams; W3C MediaStream Image Capture.
 */

import type { Method, Still } from "./capture";
import type { Facing } from "./messages";

/** The camera cannot be used; each subclass is one thing the seller can do about it. */
export abstract class CameraError extends Error {
  abstract readonly kind: CameraTrouble;

  constructor(cause?: unknown) {
    super("The camera cannot be used.", { cause });
    this.name = new.target.name;
  }
}

export type CameraTrouble =
  | "page_denied"
  | "browser_denied"
  | "busy"
  | "none"
  | "in_app"
  | "insecure"
  | "lost";

/** The seller said no to this page, once or for good. */
export class PageDenied extends CameraError {
  readonly kind = "page_denied";
}
/** The phone's settings keep the camera from the whole browser. */
export class BrowserDenied extends CameraError {
  readonly kind = "browser_denied";
}
/** Another app or tab holds the camera. */
export class CameraBusy extends CameraError {
  readonly kind = "busy";
}
/** This device has no camera. */
export class NoCamera extends CameraError {
  readonly kind = "none";
}
/** A browser inside another app, which gives pages no camera. */
export class InAppBrowser extends CameraError {
  readonly kind = "in_app";
}
/** Browsers lend the camera to https pages only. */
export class InsecurePage extends CameraError {
  readonly kind = "insecure";
}
/** The picture stopped: a call came in, or the phone took the camera back. */
export class StreamLost extends CameraError {
  readonly kind = "lost";
}

/** Browsers built into other apps; they open links without asking and often have no camera. */
const IN_APP = /FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|Twitter|LinkedInApp|; wv\)|GSA\//;

/** Whether the page runs inside another app's browser. */
export function isInAppBrowser(userAgent: string): boolean {
  return IN_APP.test(userAgent);
}

/** What the browser offers, handed in so that tests bring their own. */
export interface CameraWorld {
  readonly mediaDevices: Pick<MediaDevices, "getUserMedia"> | undefined;
  readonly isSecureContext: boolean;
  readonly userAgent: string;
  readonly ImageCapture: ImageCaptureMaker | undefined;
  /** Whether the seller said no to this very page (Permissions API), when the browser tells. */
  readonly isDeniedForPage: () => Promise<boolean | null>;
}

/** `ImageCapture`, which the DOM library of TypeScript does not know. */
export interface ImageCaptureLike {
  takePhoto?: () => Promise<Blob>;
  grabFrame?: () => Promise<ImageBitmap>;
}
export type ImageCaptureMaker = new (track: MediaStreamTrack) => ImageCaptureLike;

/** Turns pictures into JPEG bytes; the page does it with a canvas. */
export interface Darkroom {
  /** JPEG of a bitmap. */
  develop(bitmap: ImageBitmap): Promise<Blob>;
  /** JPEG of the frame now shown, at the track's full size; `null` before the first frame. */
  developFrame(): Promise<Blob | null>;
  /** Size in pixels, zeros when this browser cannot decode it. */
  measure(blob: Blob): Promise<{ width: number; height: number }>;
}

const TAKE_PHOTO_LIMIT_MS = 6_000;

export interface OpenCamera {
  readonly stream: MediaStream;
  readonly track: MediaStreamTrack;
}

/** Which of several cameras. */
export type Wanted = { readonly facing: Facing } | { readonly deviceId: string };

/**
 * Open a camera: the one at the back, unless another is wanted.
 *
 * Where stills can only come from the video, it is asked for at 4K; else at 1080p, which keeps the phone cool.
 *
 * @throws CameraError
 */
export async function openCamera(world: CameraWorld, wanted: Wanted = { facing: "environment" }): Promise<OpenCamera> {
  if (world.mediaDevices === undefined) {
    if (!world.isSecureContext) throw new InsecurePage();
    throw isInAppBrowser(world.userAgent) ? new InAppBrowser() : new NoCamera();
  }
  const hasStills = world.ImageCapture !== undefined;
  const size = hasStills
    ? { width: { ideal: 1920 }, height: { ideal: 1440 } }
    : { width: { ideal: 3840 }, height: { ideal: 2880 } };
  const which: MediaTrackConstraints =
    "deviceId" in wanted ? { deviceId: { exact: wanted.deviceId } } : { facingMode: { ideal: wanted.facing } };
  const tries: MediaTrackConstraints[] = [{ ...which, ...size }, {}];
  for (const [index, video] of tries.entries()) {
    try {
      const stream = await world.mediaDevices.getUserMedia({ video, audio: false });
      const track = stream.getVideoTracks()[0];
      if (track === undefined) throw new NoCamera();
      return { stream, track };
    } catch (error) {
      const isTooMuch = nameOf(error) === "OverconstrainedError";
      if (!isTooMuch || index === tries.length - 1) throw await troubleFrom(error, world);
    }
  }
  throw new NoCamera();
}

const nameOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : "");

async function troubleFrom(error: unknown, world: CameraWorld): Promise<CameraError> {
  if (error instanceof CameraError) return error;
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "SecurityError": {
      if (isInAppBrowser(world.userAgent)) return new InAppBrowser(error);
      // Chrome says "Permission denied by system" when Android or the desktop keeps the camera from it.
      if (error instanceof Error && /system/i.test(error.message)) return new BrowserDenied(error);
      return (await world.isDeniedForPage()) === false ? new BrowserDenied(error) : new PageDenied(error);
    }
    case "NotReadableError":
    case "AbortError":
    case "TrackStartError":
      return new CameraBusy(error);
    default:
      return new NoCamera(error);
  }
}

/**
 * Take the best still this camera gives: `takePhoto`, else `grabFrame`, else the frame on the screen.
 *
 * @throws StreamLost None of the ways gave a picture.
 */
export async function takeStill(
  track: MediaStreamTrack,
  maker: ImageCaptureMaker | undefined,
  darkroom: Darkroom,
): Promise<Still> {
  if (track.readyState !== "live") throw new StreamLost();
  const capture = maker === undefined ? null : new maker(track);
  const ways: [Method, () => Promise<Blob | null>][] = [
    ["take_photo", async () => (capture?.takePhoto ? within(TAKE_PHOTO_LIMIT_MS, capture.takePhoto()) : null)],
    ["grab_frame", async () => (capture?.grabFrame ? darkroom.develop(await capture.grabFrame()) : null)],
    ["video_frame", () => darkroom.developFrame()],
  ];
  let last: unknown;
  for (const [method, way] of ways) {
    try {
      const blob = await way();
      if (blob !== null && blob.size > 0) return await stillFrom(blob, method, darkroom);
    } catch (error) {
      last = error; // The next way may work: takePhoto fails on many phones that have it.
    }
  }
  throw new StreamLost(last);
}

/** A still from a file or a generated picture. */
export async function stillFrom(blob: Blob, method: Method, darkroom: Pick<Darkroom, "measure">): Promise<Still> {
  const { width, height } = await darkroom.measure(blob);
  return { bytes: await blob.arrayBuffer(), mediaType: blob.type || "image/jpeg", method, width, height };
}

function within<T>(limit_ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too slow")), limit_ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
