/** Signed: what happens now, and the seller's copy once it is sealed. */

import type { JSX } from "preact";

import { unsent } from "../../core/session";
import { correctionTexts } from "../../locales/corrections";
import { hasNews, SinceSealed, Withdrawn } from "../since-sealed";
import { News } from "./Chrome";
import { inside, language, words } from "./context";
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
      {signature === null || signature.name === "" ? null : <p>{t.signed(signature.name)}</p>}
      <div role="status">
        {report_ready ? (
          <Report />
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

/** The sealed report: what became of it since, the seller's copies of it, and how anybody checks them. */
function Report(): JSX.Element {
  const t = words.value.done;
  const { corrections, withheld } = inside().view;
  const since = correctionTexts[language.value];
  const shown = { language: language.value, corrections, withheld };
  return (
    <>
      <Withdrawn {...shown} />
      {!withheld.report && (
        <>
          <p>{t.ready}</p>
          <a class="button primary" id="copy" href="/v1/seller/report.pdf" download="inspection.pdf">
            {t.copy}
          </a>
          <a class="button" id="bundle" href="/v1/seller/report.zip" download="inspection.zip">
            {since.bundle}
          </a>
          <p class="note">
            {since.check}{" "}
            <a id="verify" href="/verify" target="_blank" rel="noreferrer">
              {since.checkLink}
            </a>
          </p>
        </>
      )}
      {hasNews(shown) && (
        <section>
          <h2>{since.title}</h2>
          <SinceSealed {...shown} />
        </section>
      )}
    </>
  );
}
