/** French or English, named in the language one would switch to. */

import type { JSX } from "preact";

import { chooseLanguage, language, words } from "./context";

export function LanguageSwitch(): JSX.Element {
  const other = language.value === "fr" ? "en" : "fr";
  return (
    <button type="button" id="language" class="button quiet language" lang={other} onClick={() => chooseLanguage(other)}>
      {words.value.otherLanguage}
    </button>
  );
}
