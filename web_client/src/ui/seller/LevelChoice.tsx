/** How much an operator may do: three sentences to choose from. */

import type { JSX } from "preact";

import type { LiveLevel } from "../../core/messages";
import { words } from "./context";

const CHOICES = ["watch", "point", "steer"] as const satisfies readonly LiveLevel[];
const CHOSEN = "live-level";

/** What to propose: what the seller chose last, else all that helps; whoever is called has asked for it or may decline. */
export function proposedLevel(): LiveLevel {
  const chosen = localStorage.getItem(CHOSEN);
  return CHOICES.find((level) => level === chosen) ?? "steer";
}

export function rememberLevel(level: LiveLevel): void {
  localStorage.setItem(CHOSEN, level);
}

export function LevelChoice(props: {
  readonly level: LiveLevel;
  readonly onChange: (level: LiveLevel) => void;
}): JSX.Element {
  const t = words.value.call;
  return (
    <fieldset class="levels">
      <legend>{t.question}</legend>
      {CHOICES.map((level) => (
        <label key={level} class="choice level">
          <input
            type="radio"
            name="live_level"
            value={level}
            checked={props.level === level}
            onChange={() => props.onChange(level)}
          />
          <span>
            <strong>{t.levels[level].name}</strong>
            <span>{t.levels[level].text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
