/** The one camera of the page: opened when a step is shown, reopened when the phone took it away, closed afterwards. */

import { signal } from "@preact/signals";

import {
  CameraError,
  openCamera,
  type CameraTrouble,
  type CameraWorld,
  type ImageCaptureMaker,
} from "../../core/camera";

export type CameraState =
  | { readonly is: "off" | "opening" }
  | { readonly is: "open"; readonly stream: MediaStream; readonly track: MediaStreamTrack }
  | { readonly is: "trouble"; readonly trouble: CameraTrouble };

/** The live call reads the stream from here. */
export const camera = signal<CameraState>({ is: "off" });

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
export async function openTheCamera(): Promise<void> {
  const now = camera.value;
  if (now.is === "opening" || (now.is === "open" && now.track.readyState === "live")) return;
  camera.value = { is: "opening" };
  try {
    const { stream, track } = await openCamera(world);
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
