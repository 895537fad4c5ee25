/** Where the seller was, in a short memory that survives a reload and needs no waiting. */

import type { Place } from "./session";

export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

export function rememberPlace(memory: Memory, inspectionId: string, place: Place): void {
  memory.set(`place:${inspectionId}`, JSON.stringify(place));
}

export function rememberedPlace(memory: Memory, inspectionId: string): Place | null {
  const text = memory.get(`place:${inspectionId}`);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Place;
  } catch {
    return null;
  }
}
