/** The page cannot go on by itself: what happened, and the one thing to do. */

import type { JSX } from "preact";

import type { StopReason } from "../../core/session";
import type { InspectionState } from "../../core/views";
import { words } from "./context";
import { LanguageSwitch } from "./LanguageSwitch";
import { Button, Heading } from "./Parts";

/** Reasons after which loading the page again helps. */
const WORTH_RELOADING = new Set<StopReason>(["other_tab", "too_many_tries", "unexpected"]);

const reload = (): void => location.reload();

export function Stopped(props: { readonly why: StopReason }): JSX.Element {
  const t = words.value.stops[props.why];
  return (
    <main class="page" data-screen="stopped" data-why={props.why}>
      <LanguageSwitch />
      <Heading>{t.title}</Heading>
      <p>{t.text}</p>
      {WORTH_RELOADING.has(props.why) ? (
        <Button id="reload" kind="primary" onClick={reload}>
          {props.why === "other_tab" ? words.value.continueHere : words.value.tryAgain}
        </Button>
      ) : null}
    </main>
  );
}

export function Unreached(): JSX.Element {
  return (
    <main class="page" data-screen="unreached">
      <Heading>{words.value.unreachedTitle}</Heading>
      <p role="status">{words.value.unreachedText}</p>
      <Button kind="primary" onClick={reload}>
        {words.value.tryAgain}
      </Button>
    </main>
  );
}

export function Closed(props: { readonly state: InspectionState }): JSX.Element {
  const t = words.value.closed[props.state];
  return (
    <main class="page" data-screen="closed">
      <LanguageSwitch />
      <Heading>{t?.title}</Heading>
      <p>{t?.text}</p>
    </main>
  );
}
