/** What the seller agrees to, sentence by sentence; the same list is in the menu later. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Consents as Agreed, SellerView } from "../../core/views";
import { seller, useAct, words } from "./context";
import { HelpCorner } from "./HelpSheet";
import { LanguageSwitch } from "./LanguageSwitch";
import { OnAir } from "./OnAir";
import { Button, Heading, Trouble } from "./Parts";

/** Only what the page really does is asked for; recording is asked for when one is to begin. */
type Line = "photos" | "live_video";

function ticked(agreed: Agreed, key: Line, isTicked: boolean): Agreed {
  if (key === "photos") return { ...agreed, photos: isTicked };
  // How much an operator may do is asked when one calls; ticked here, they may look.
  return { ...agreed, live_video: isTicked, live_level: isTicked ? "watch" : "off" };
}

export function ConsentList(props: {
  readonly agreed: Agreed;
  readonly onChange: (agreed: Agreed) => void;
}): JSX.Element {
  const t = words.value.consents;
  const line = (key: Line): JSX.Element => (
    <label class="consent">
      <input
        type="checkbox"
        name={key}
        checked={props.agreed[key]}
        onChange={(event) => props.onChange(ticked(props.agreed, key, event.currentTarget.checked))}
      />
      <span>{t[key]}</span>
    </label>
  );
  return (
    <>
      <fieldset>
        <legend>{t.needed}</legend>
        {line("photos")}
      </fieldset>
      <fieldset>
        <legend>{t.optional}</legend>
        {line("live_video")}
      </fieldset>
    </>
  );
}

export function Consents(props: { readonly view: SellerView }): JSX.Element {
  const t = words.value.consents;
  const act = useAct();
  const [agreed, setAgreed] = useState<Agreed>(props.view.consents);
  const hasBegun = props.view.steps.some((step) => step.attempts > 0);
  return (
    <main class="page" data-screen="consents">
      <div class="corners">
        <HelpCorner />
        <LanguageSwitch />
      </div>
      <OnAir />
      <Heading>{t.title}</Heading>
      <p>{hasBegun ? t.withdrawn : t.text(props.view.inspection.platform_name)}</p>
      <ConsentList agreed={agreed} onChange={setAgreed} />
      <div class="actions sticky">
        <Trouble says={act.error} />
        {agreed.photos ? null : <p class="note">{t.pick}</p>}
        <Button
          id="agree"
          kind="primary"
          isBusy={act.isBusy}
          disabled={!agreed.photos}
          onClick={() => void act.run(() => seller().consent(agreed))}
        >
          {t.go}
        </Button>
      </div>
    </main>
  );
}
