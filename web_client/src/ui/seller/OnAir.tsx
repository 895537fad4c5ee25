/** The line that tells of a call, on every screen. */

import type { JSX } from "preact";

import { inside, seller, words } from "./context";

/** That somebody is watching, and who: one line that never leaves the screen during a call and covers no picture. */
export function OnAir(): JSX.Element {
  const { call } = inside();
  const t = words.value.call;
  return (
    <div class="on-air" role="status">
      {call?.state === "accepted" ? (
        <div class="line" id="call-on">
          <i aria-hidden="true" />
          <p>{t.on(call.operatorName)}</p>
          <button type="button" id="call-end" onClick={() => seller().answerCall("end")}>
            {t.end}
          </button>
        </div>
      ) : null}
    </div>
  );
}
