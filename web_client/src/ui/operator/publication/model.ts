/** What an operator may do about copies for the public, and where a dragged pointer lies in a photo. */

import { refusedFrom, Unreached } from "../../../core/problems";

export type HiddenKind = "plate" | "person" | "vin" | "document" | "surroundings" | "other";
export type PixelBox = readonly [number, number, number, number];

export interface HiddenRegion {
  readonly kind: HiddenKind;
  readonly box: PixelBox;
  readonly by: "model" | "rule" | "operator" | "platform";
}

export interface CopyView {
  readonly capture_id: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly hidden: readonly HiddenRegion[];
  readonly doubts: readonly string[];
  readonly is_checked: boolean;
  readonly copy_url: string;
}

export interface CopySet {
  readonly set_sha256: string;
  readonly is_complete: boolean;
  readonly photos: readonly CopyView[];
}

export interface Publication {
  readonly prepared: CopySet | null;
  readonly approved: CopySet | null;
  readonly public_url: string | null;
}

export type PublicationAct =
  | { readonly action: "prepare"; readonly surroundings: boolean }
  | { readonly action: "approve"; readonly set_sha256: string }
  | { readonly action: "withdraw" };

export interface CopyChange {
  readonly add?: readonly { readonly kind: HiddenKind; readonly box: PixelBox }[];
  readonly remove?: readonly { readonly kind: HiddenKind; readonly box: PixelBox }[];
  readonly is_checked?: boolean;
}

/** Looking through the photos of a large case takes minutes on a small machine. */
const TIMEOUT_MS = 600_000;
/** Of the longer side: a smaller drag was a click. */
const LEAST_SIDE = 0.008;

/** Ask the service about copies. @throws Refused, Unreached */
export async function askPublication(id: string, act?: PublicationAct): Promise<Publication> {
  return ask(address(id), act === undefined ? "GET" : "POST", act);
}

export async function changeCopy(id: string, captureId: string, change: CopyChange): Promise<Publication> {
  return ask(`${address(id)}/photos/${encodeURIComponent(captureId)}`, "PUT", change);
}

async function ask(url: string, method: string, body?: unknown): Promise<Publication> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Unreached();
  }
  if (!answer.ok) throw refusedFrom(answer.status, await answer.text());
  return (await answer.json()) as Publication;
}

const address = (id: string): string => `/v1/operator/inspections/${encodeURIComponent(id)}/publication`;

/** Turn two points in shares of the picture into a box in its pixels; null when it was a click. */
export function boxOf(
  from: readonly [number, number],
  to: readonly [number, number],
  photo: { readonly width: number; readonly height: number },
): PixelBox | null {
  const inside = (share: number): number => Math.min(1, Math.max(0, share));
  const across = [inside(from[0]) * photo.width, inside(to[0]) * photo.width].sort((a, b) => a - b);
  const along = [inside(from[1]) * photo.height, inside(to[1]) * photo.height].sort((a, b) => a - b);
  const least = LEAST_SIDE * Math.max(photo.width, photo.height);
  const [x1, x2] = [Math.floor(across[0]!), Math.ceil(across[1]!)];
  const [y1, y2] = [Math.floor(along[0]!), Math.ceil(along[1]!)];
  return x2 - x1 < least || y2 - y1 < least ? null : [x1, y1, x2, y2];
}

/** The copy to look at next: after this one, the first that nobody has looked at; those with doubts come first. */
export function nextToCheck(photos: readonly CopyView[], captureId: string | null): string | null {
  const open = photos.filter((photo) => !photo.is_checked && photo.capture_id !== captureId);
  return (open.find((photo) => photo.doubts.length > 0) ?? open[0])?.capture_id ?? null;
}

