/** Signed: what happens now, and the seller's copy once it is sealed. */

import type { JSX } from "preact";

import { unsent } from "../../core/session";
import { News } from "./Chrome";
import { inside, words } from "./context";
import { HelpCorner } from "./HelpSheet";
import { LanguageSwitch } from "./LanguageSwitch";
import { OnAir } from "./OnAir";
import { Heading, Icon } from "./Parts";

export function Done(): JSX.Element {
  const now = inside();
  const t = words.value.done;
  const { signature, report_ready, inspection } = now.view;
  const left = unsent(now).length;
  return (
    <main class="page" data-screen="done" data-ready={report_ready}>
      <div class="corners">
        <HelpCorner />
        <LanguageSwitch />
      </div>
      <OnAir />
      <News />
      <p class="big-mark">
        <Icon name="check" />
      </p>
      <Heading>{t.title}</Heading>
      {signature === null ? null : <p>{t.signed(signature.name)}</p>}
      <div role="status">
        {report_ready ? (
          <>
            <p>{t.ready}</p>
            <a class="button primary" id="copy" href="/v1/seller/report.pdf" download="inspection.pdf">
              {t.copy}
            </a>
            <p class="note">{t.what}</p>
          </>
        ) : (
          <p>
            <span class="spinner" aria-hidden="true" /> {inspection.state === "seller_signed" ? t.operator : t.sealing}
          </p>
        )}
      </div>
      <p class="note">{left === 0 ? words.value.queue.safe : words.value.queue.unsafe}</p>
    </main>
  );
}
