/** Turns frames into JPEG bytes with a canvas. */

import type { Darkroom } from "../../core/camera";

const QUALITY = 0.92;

/** JPEG of anything that can be drawn. */
export async function jpeg(
  source: CanvasImageSource,
  width: number,
  height: number,
  quality = QUALITY,
): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d", { alpha: false });
  if (pen === null) throw new Error("no canvas");
  pen.drawImage(source, 0, 0, width, height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  canvas.width = canvas.height = 0; // Gives the memory back at once: iOS limits it over all canvases.
  if (blob === null) throw new Error("the canvas gave no picture");
  return blob;
}

/** A darkroom that can also develop the frame a video element shows. */
export function darkroomFor(video: () => HTMLVideoElement | null): Darkroom {
  return {
    async develop(bitmap) {
      try {
        return await jpeg(bitmap, bitmap.width, bitmap.height);
      } finally {
        bitmap.close();
      }
    },
    async developFrame() {
      const shown = video();
      if (shown === null || shown.videoWidth === 0) return null;
      return jpeg(shown, shown.videoWidth, shown.videoHeight);
    },
    measure,
  };
}

/** Pixels of a picture; zeros when this browser cannot show it. */
export async function measure(blob: Blob): Promise<{ width: number; height: number }> {
  try {
    const bitmap = await createImageBitmap(blob);
    const size = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
    return size;
  } catch {
    return { width: 0, height: 0 };
  }
}
