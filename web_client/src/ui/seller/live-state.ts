/** What the live session shows on this phone, as signals; the parts that do the work are loaded after the camera. */

import { signal } from "@preact/signals";

import type { AnalysisPath } from "../../core/analysis";
import type { LinkState } from "../../core/call";
import type { Microphone } from "../../core/messages";
import { EMPTY_BOARD, type Board, type Spot } from "../../core/pointer";

/** The lazily loaded parts; `null` until they are here. */
export type LiveParts = typeof import("./live");
export const parts = signal<LiveParts | null>(null);
/** The call's machinery, once it is here. */
export const liveCall = signal<InstanceType<LiveParts["LiveCall"]> | null>(null);

/** How the connection to the operator stands; `null` without a call. */
export const link = signal<LinkState | null>(null);
export const microphone = signal<Microphone>("off");
export const isSharingScreen = signal(false);
export const analysisPath = signal<AnalysisPath>(null);

/** A picture that an operator froze, to talk about it. */
export interface FrozenFrame {
  readonly frameId: string;
  /** Of the copy on this phone. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly stepId: string;
}
export const frozen = signal<FrozenFrame | null>(null);
export const board = signal<Board>(EMPTY_BOARD);

/** The seller's finger on the picture; set by the call while pointing is allowed. */
export interface Finger {
  point(spot: Spot): void;
  stroke(id: string, spot: Spot | null, done: boolean): void;
  clear(): void;
}
export const finger = signal<Finger | null>(null);

/** What this phone records now. */
export const recordingId = signal<string | null>(null);

/** What of the live session is open over the page; one at a time. */
export type LivePanel =
  | { readonly is: "none" | "chat" | "control" }
  /** An operator waits for the answer. */
  | { readonly is: "recording_ask"; readonly answer: (isAgreed: boolean) => void }
  | { readonly is: "example"; readonly stepId: string };
export const livePanel = signal<LivePanel>({ is: "none" });
export const closePanel = (): void => {
  livePanel.value = { is: "none" };
};

// --- kept over reloads --------------------------------------------------------------------------

function kept(key: string, byDefault: boolean): { get(): boolean; set(on: boolean): void } {
  const value = signal(localStorage.getItem(key) === null ? byDefault : localStorage.getItem(key) === "1");
  return {
    get: () => value.value,
    set: (on) => {
      localStorage.setItem(key, on ? "1" : "0");
      value.value = on;
    },
  };
}

/** Whether an operator's messages are read aloud. */
export const readsAloud = kept("read-aloud", true);
/** Whether the photo is taken by itself once the picture is good. */
export const autoShutter = kept("auto-shutter", false);

// --- addresses that mean nothing on another device ------------------------------------------------

const elsewhere = new Map<string, string>();

/** Say under which address an operator's desk finds what this page shows from its own memory; returns how to forget it. */
export function shownElsewhere(own: string, there: string): () => void {
  elsewhere.set(own, there);
  return () => elsewhere.delete(own);
}

/** A mirrored text with the page's own addresses put into ones that work on the desk. */
export function forTheDesk(text: string): string {
  if (!text.includes("blob:")) return text;
  let rewritten = text;
  for (const [own, there] of elsewhere) rewritten = rewritten.replaceAll(own, there);
  return rewritten;
}
