/** One place that listens to the keyboard; typing in a field is never taken for a command. */

import { useEffect } from "preact/hooks";

export type Keys = Readonly<Record<string, (() => void) | undefined>>;

/** What a focused button or link does itself when one of these is pressed. */
const PRESSES = new Set(["Enter", " "]);

export function useKeys(keys: Keys): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("dialog[open]") !== null;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (PRESSES.has(event.key) && target.closest("button, a, summary") !== null) return;
      const act = keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  });
}
