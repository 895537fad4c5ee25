/** Where the seller was and what they wrote, in a short memory that survives a reload and needs no waiting. */

import type { Unsaid } from "./messages";
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

/** Keep the sentences that the service has not confirmed; they go again under their own ids, so none is stored twice. */
export function rememberUnsaid(memory: Memory, inspectionId: string, unsaid: readonly Unsaid[]): void {
  memory.set(`unsaid:${inspectionId}`, JSON.stringify(unsaid));
}

export function rememberedUnsaid(memory: Memory, inspectionId: string): readonly Unsaid[] {
  try {
    const kept: unknown = JSON.parse(memory.get(`unsaid:${inspectionId}`) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isUnsaid) : [];
  } catch {
    return [];
  }
}

function isUnsaid(kept: unknown): kept is Unsaid {
  const { id, text, isRefused } = (kept ?? {}) as Partial<Record<keyof Unsaid, unknown>>;
  return typeof id === "string" && typeof text === "string" && typeof isRefused === "boolean";
}
