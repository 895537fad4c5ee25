/** Outlines and examples, fetched all at once while there is a network, so that no step lacks them in a tunnel. */

import { signal } from "@preact/signals";

import { shownElsewhere } from "./live-state";

const kept = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();

/** The drawing's own copy on this phone, or its address until that is there. */
export function drawing(url: string): string {
  return kept.value.get(url) ?? url;
}

/** Fetch what is not here yet; what fails is fetched with the next call. */
export async function fetchDrawings(urls: readonly (string | null)[]): Promise<void> {
  const missing = urls.filter((url): url is string => url !== null && !asked.has(url));
  await Promise.all(missing.map(fetchOne));
}

async function fetchOne(url: string): Promise<void> {
  asked.add(url);
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} for ${url}`);
    const copy = URL.createObjectURL(await response.blob());
    shownElsewhere(copy, new URL(url, location.href).pathname);
    kept.value = new Map(kept.value).set(url, copy);
  } catch {
    asked.delete(url);
  }
}
