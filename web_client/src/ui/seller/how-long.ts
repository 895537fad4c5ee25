/** How long an inspection will take, said before it is begun. */

import type { LinkPreview } from "../../core/views";
import type { Texts } from "../../locales/en";

/** All of it to who begins, what is left to who comes back: a request for one photo is not an afternoon's work. */
export function howLong(preview: LinkPreview, t: Texts): string {
  const { steps_left: left, minutes_left: minutes } = preview;
  if (left === 0) return t.welcome.nothingLeft;
  return left < preview.steps_total ? t.welcome.durationLeft(left, minutes) : t.welcome.duration(left, preview.minutes);
}
