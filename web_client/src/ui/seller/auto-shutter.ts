/** The auto-shutter on the screen: listens to the hints, counts down, presses; any touch stops it. */

import { useEffect, useRef, useState } from "preact/hooks";

import { AUTO_SHUTTER_AT_REST, countdown, hinted, resting, touched, type AutoShutterState } from "../../core/auto-shutter";
import type { Hint } from "../../core/session";

const LOOK_EVERY_MS = 100;

/** How far the countdown is, `null` while there is none. */
export function useAutoShutter(isOn: boolean, hint: Hint | null, stepId: string, press: () => void): number | null {
  const state = useRef<AutoShutterState>(AUTO_SHUTTER_AT_REST);
  const pressNow = useRef(press);
  pressNow.current = press;
  const [share, setShare] = useState<number | null>(null);
  useEffect(() => {
    state.current = AUTO_SHUTTER_AT_REST;
  }, [stepId]);
  useEffect(() => {
    if (hint !== null) state.current = hinted(state.current, hint.isOk, performance.now());
  }, [hint]);
  useEffect(() => {
    if (!isOn) {
      setShare(null);
      return undefined;
    }
    const look = (): void => {
      // A sheet in front: the seller is reading, not aiming.
      if (document.querySelector("dialog[open]") !== null) state.current = touched(state.current, performance.now());
      const now = countdown(state.current, performance.now());
      setShare(now);
      if (now !== 1) return;
      state.current = resting(state.current);
      pressNow.current();
    };
    const touch = (): void => {
      state.current = touched(state.current, performance.now());
      setShare(null);
    };
    const timer = setInterval(look, LOOK_EVERY_MS);
    addEventListener("pointerdown", touch, { capture: true });
    return () => {
      clearInterval(timer);
      removeEventListener("pointerdown", touch, { capture: true });
    };
  }, [isOn]);
  return share;
}
