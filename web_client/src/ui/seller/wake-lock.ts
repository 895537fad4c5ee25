/** Keeps the screen on while photos are taken; phones that cannot, dim as usual. Source: W3C Screen Wake Lock. */

import { useEffect } from "preact/hooks";

export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let isOver = false;
    const take = async (): Promise<void> => {
      if (!("wakeLock" in navigator) || document.visibilityState !== "visible") return;
      try {
        const taken = await navigator.wakeLock.request("screen");
        if (isOver) await taken.release();
        else lock = taken;
      } catch {
        // Battery saver: the phone decides.
      }
    };
    const again = (): void => void take();
    document.addEventListener("visibilitychange", again); // The phone takes it back when the page is hidden.
    void take();
    return () => {
      isOver = true;
      document.removeEventListener("visibilitychange", again);
      void lock?.release();
    };
  }, []);
}
