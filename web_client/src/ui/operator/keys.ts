/** One place that listens to the keyboard; typing in a field is never taken for a command. */

import { useLayoutEffect, useRef } from "preact/hooks";

export type Keys = Readonly<Record<string, (() => void) | undefined>>;

/** What a focused button or link does itself when one of these is pressed. */
const PRESSES = new Set(["Enter", " "]);

export function useKeys(keys: Keys): void {
  // What the page offers and what its keys do change in the same moment: an effect would follow a frame or more later.
  const offered = useRef(keys);
  offered.current = keys;
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("dialog[open]") !== null;
      // Whoever listened first has done it, and the page may have changed since: one press is never two deeds.
      if (event.defaultPrevented) return;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (PRESSES.has(event.key) && target.closest("button, a, summary") !== null) return;
      const act = offered.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
