/**
 * Torch and zoom of a camera: what it can do, and what it really did when asked.
 *
 * Phones differ: some list a torch they do not have, some forget it when the zoom changes, some answer before they obey. So
 * every setting is read back, and the caller is told when it is not what was asked.
 *
 * Source: W3C Image Capture, sections 4 and 5 (capabilities and settings of a track).
 */

import { CannotDo } from "./commands";
import type { Facing, ZoomRange } from "./messages";

export interface LensCapabilities {
  readonly torch: boolean;
  readonly zoom: ZoomRange | null;
}

export interface LensSettings {
  readonly facing: Facing | null;
  readonly width: number;
  readonly height: number;
  /** `null`: the browser does not tell. */
  readonly torch: boolean | null;
  readonly zoom: number | null;
}

/** The part of a camera's track that is needed, so that tests hand in their own. */
export interface LensTrack {
  getCapabilities?: () => object;
  getSettings(): object;
  applyConstraints(constraints: MediaTrackConstraints): Promise<void>;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** What the camera says that it can do; nothing where the browser does not tell (Firefox before 132). */
export function capabilitiesOf(track: LensTrack): LensCapabilities {
  const told = (track.getCapabilities?.() ?? {}) as { torch?: unknown; zoom?: { min?: unknown; max?: unknown; step?: unknown } };
  // Chrome gives a boolean, the draft of the standard a list of what may be set.
  const torch = told.torch === true || (Array.isArray(told.torch) && told.torch.includes(true));
  const { min, max, step } = told.zoom ?? {};
  const zoom = isNumber(min) && isNumber(max) && max > min ? { min, max, step: isNumber(step) && step > 0 ? step : 0.1 } : null;
  return { torch, zoom };
}

/** How the camera stands now. */
export function settingsOf(track: LensTrack): LensSettings {
  const told = track.getSettings() as { facingMode?: string; width?: number; height?: number; torch?: unknown; zoom?: unknown };
  const facing = told.facingMode === "environment" || told.facingMode === "user" ? told.facingMode : null;
  return {
    facing,
    width: told.width ?? 0,
    height: told.height ?? 0,
    torch: typeof told.torch === "boolean" ? told.torch : null,
    zoom: isNumber(told.zoom) ? told.zoom : null,
  };
}

async function apply(track: LensTrack, setting: object): Promise<void> {
  try {
    await track.applyConstraints({ advanced: [setting as MediaTrackConstraintSet] });
  } catch (error) {
    const name = error instanceof Error || error instanceof DOMException ? error.name : "";
    throw new CannotDo(name === "NotAllowedError" || name === "SecurityError" ? "denied" : "no-effect", error);
  }
}

/**
 * Turn the torch on or off.
 *
 * @returns What the camera then says of its torch; `null` when it does not tell.
 * @throws CannotDo
 */
export async function setTorch(track: LensTrack, on: boolean): Promise<boolean | null> {
  if (!capabilitiesOf(track).torch) throw new CannotDo("unsupported");
  await apply(track, { torch: on });
  const { torch } = settingsOf(track);
  if (torch !== null && torch !== on) throw new CannotDo("no-effect");
  return torch;
}

/**
 * Zoom as near to `level` as this camera goes; a torch that was on stays on.
 *
 * @returns What the camera then says of its zoom; `null` when it does not tell.
 * @throws CannotDo
 */
export async function setZoom(track: LensTrack, level: number): Promise<number | null> {
  const range = capabilitiesOf(track).zoom;
  if (range === null) throw new CannotDo("unsupported");
  const before = settingsOf(track);
  const wanted = Math.min(range.max, Math.max(range.min, level));
  await apply(track, { zoom: wanted });
  const after = settingsOf(track);
  // WebKit lets the torch go out while it changes the zoom.
  if (before.torch === true && after.torch === false) await apply(track, { torch: true }).catch(() => undefined);
  if (after.zoom !== null && Math.abs(after.zoom - wanted) > range.step) throw new CannotDo("no-effect");
  return after.zoom;
}
