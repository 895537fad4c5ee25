/** Pictures of a generated car, to try the service without a real one. */

import { jpeg } from "./darkroom";

/** Where the picture of a step lies. */
export function demoUrl(stepId: string): string {
  return `${import.meta.env.BASE_URL}demo_car/${stepId}.webp`;
}

/**
 * The picture's bytes; `null` when there is none for this step.
 *
 * @param attempt How many photos of this step were sent before. Two photos are never the same bytes, and the service
 *   refuses one that is: a second try is therefore developed anew.
 */
export async function demoPicture(stepId: string, attempt: number): Promise<Blob | null> {
  const response = await fetch(demoUrl(stepId));
  if (!response.ok) return null;
  const picture = new Blob([await response.arrayBuffer()], { type: "image/webp" });
  if (attempt === 0) return picture;
  const bitmap = await createImageBitmap(picture);
  return jpeg(bitmap, bitmap.width, bitmap.height, Math.max(0.7, 0.96 - attempt / 100));
}
