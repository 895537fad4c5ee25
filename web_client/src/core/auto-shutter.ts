/**
 * Takes the photo by itself when the picture has been good for a second: first a countdown that everybody sees, then the photo.
 * Any touch cancels it, and it then waits until the picture has been bad once, so that it does not fight with the seller.
 */

const GOOD_FOR_MS = 1_000;
const COUNTDOWN_MS = 1_500;
/** A hint this old says nothing about the picture now: the service repeats one that stays every three seconds. */
const STALE_AFTER_MS = 4_500;

export interface AutoShutterState {
  /** Since when the hints have been good; `null` while they are not. */
  readonly goodSince: number | null;
  readonly heardAt: number;
  /** Cancelled, or a photo was taken: first the picture must change. */
  readonly rests: boolean;
}

export const AUTO_SHUTTER_AT_REST: AutoShutterState = { goodSince: null, heardAt: 0, rests: false };

/** A hint came. */
export function hinted(state: AutoShutterState, isOk: boolean, now: number): AutoShutterState {
  if (!isOk) return { goodSince: null, heardAt: now, rests: false };
  const isGoingOn = state.goodSince !== null && now - state.heardAt <= STALE_AFTER_MS;
  return { ...state, goodSince: isGoingOn ? state.goodSince : now, heardAt: now };
}

/** The photo was taken: the next one by itself is of another picture. */
export function resting(state: AutoShutterState): AutoShutterState {
  return { ...state, goodSince: null, rests: true };
}

/** The seller touched the screen: a countdown is cancelled; before one, the second of good pictures begins again. */
export function touched(state: AutoShutterState, now: number): AutoShutterState {
  return countdown(state, now) === null ? { ...state, goodSince: null } : resting(state);
}

/** How far the countdown is: `null` before it began, 1 when the photo is due. */
export function countdown(state: AutoShutterState, now: number): number | null {
  if (state.rests || state.goodSince === null || now - state.heardAt > STALE_AFTER_MS) return null;
  const since = now - state.goodSince - GOOD_FOR_MS;
  return since < 0 ? null : Math.min(1, since / COUNTDOWN_MS);
}
