/** What both pages show of a report after its seal: its files, what was said since, and what is no longer kept. */

import type { JSX } from "preact";

import { reasonOf, withdrawal, wordsOf } from "../core/corrections";
import type { CorrectionView, Language, Withheld } from "../core/views";
import { correctionTexts } from "../locales/corrections";

interface Since {
  readonly language: Language;
  readonly corrections: readonly CorrectionView[];
  readonly withheld: Withheld;
}

const LOCALES: Readonly<Record<Language, string>> = { en: "en-GB", fr: "fr-FR" };

export function dateOf(at: string, language: Language): string {
  return new Date(at).toLocaleDateString(LOCALES[language], { day: "numeric", month: "long", year: "numeric" });
}

/** Whether there is anything to tell beyond the report itself. */
export function hasNews({ corrections, withheld }: Omit<Since, "language">): boolean {
  return corrections.length > 0 || withheld.personal_values || withheld.photos > 0 || withheld.report;
}

/** One sentence, first of all, when the report was withdrawn. */
export function Withdrawn({ language, corrections }: Omit<Since, "withheld">): JSX.Element | null {
  const entry = withdrawal(corrections);
  if (entry === null) return null;
  return (
    <p class="warning" role="alert" id="withdrawn">
      {correctionTexts[language].withdrawn(dateOf(entry.at, language))}
    </p>
  );
}

/** The entries made since, each with its day, its reason and its words; then what is missing and what still stands. */
export function SinceSealed({ language, corrections, withheld }: Since): JSX.Element {
  const texts = correctionTexts[language];
  const missing = [
    withheld.personal_values && texts.values,
    withheld.photos > 0 && texts.photos(withheld.photos),
    withheld.report && texts.files,
  ].filter((each) => each !== false);
  return (
    <>
      <ol class="corrections" id="corrections">
        {corrections.map((each) => (
          <li key={each.no} data-kind={each.kind}>
            <strong>{texts.kinds[each.kind]}</strong>{" "}
            <small>
              <time dateTime={each.at}>{dateOf(each.at, language)}</time>, {each.by.name && `${each.by.name}, `}
              {reasonOf(each, texts.reasons)}
            </small>
            {wordsOf(each) !== null && <p>{wordsOf(each)}</p>}
          </li>
        ))}
      </ol>
      {missing.length > 0 && (
        <div id="withheld">
          <h3>{texts.withheld}</h3>
          <ul>
            {missing.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
          <p class="note faint">{texts.still}</p>
        </div>
      )}
    </>
  );
}
