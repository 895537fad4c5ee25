/** Who asks, why, how long, which car; nothing is spent before Start is tapped. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { isInAppBrowser } from "../../core/camera";
import type { LinkPreview } from "../../core/views";
import { seller, useAct, words } from "./context";
import { CopyLink } from "./CopyLink";
import { howLong } from "./how-long";
import { LanguageSwitch } from "./LanguageSwitch";
import { Button, Heading, Trouble } from "./Parts";
import { Closed } from "./Stopped";

const OVER = new Set(["cancelled", "expired", "rejected"]);
const SIGNED = new Set(["seller_signed", "signed_off", "sealed"]);

export function Welcome(props: { readonly preview: LinkPreview }): JSX.Element {
  const { preview } = props;
  const t = words.value;
  const act = useAct();
  const [goOnAnyway, setGoOnAnyway] = useState(false);
  if (OVER.has(preview.state)) return <Closed state={preview.state} />;
  if (isInAppBrowser(navigator.userAgent) && !goOnAnyway) {
    return (
      <main class="page" data-screen="in-app">
        <LanguageSwitch />
        <Heading>{t.inApp.title}</Heading>
        <p>{t.inApp.text}</p>
        <CopyLink />
        <Button kind="quiet" onClick={() => setGoOnAnyway(true)}>
          {t.inApp.anyway}
        </Button>
      </main>
    );
  }
  const { make, model, plate } = preview.vehicle;
  // Nobody is asked for photos any more: what is left is to see what came of them.
  const isSigned = SIGNED.has(preview.state);
  const name = [make, model].filter(Boolean).join(" ");
  return (
    <main class="page" data-screen="welcome">
      <LanguageSwitch />
      <Heading>{isSigned ? t.done.title : t.welcome.title(preview.platform_name)}</Heading>
      <dl class="facts">
        <dt>{t.welcome.car}</dt>
        <dd>
          {name || t.welcome.unknownCar} {plate === null ? null : <span class="plate">{plate}</span>}
        </dd>
        {isSigned ? null : (
          <>
            <dt>{t.welcome.why}</dt>
            <dd>{t.welcome.purposes[preview.purpose]}</dd>
            <dt>{t.welcome.long}</dt>
            <dd>{howLong(preview, t)}</dd>
            <dt>{t.welcome.ready}</dt>
            <dd>{t.welcome.readyText}</dd>
          </>
        )}
      </dl>
      {isSigned ? null : <p>{t.welcome.stop}</p>}
      <div class="actions sticky">
        <Trouble says={act.error} />
        <Button id="start" kind="primary" isBusy={act.isBusy} onClick={() => void act.run(() => seller().begin())}>
          {preview.state === "ordered" || preview.state === "invited" ? t.welcome.start : t.welcome.goOn}
        </Button>
      </div>
    </main>
  );
}
