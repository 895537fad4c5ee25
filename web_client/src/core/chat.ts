/** In which language a message is written, so that it is read aloud by the right voice. */

import type { Language } from "./views";

const FRENCH = /[àâçèéêëîïôùûœ]|\b(le|la|les|des|une?|vous|est|pas|plus|votre|pour|avec|bonjour|merci|voiture|sur|dans|et|photo de)\b/gi;
const ENGLISH = /\b(the|a|an|you|your|is|are|not|please|hello|thanks?|with|for|car|closer|and|step|of|this|that|can|it)\b/gi;

/** The likelier language; `otherwise` when the words do not tell. */
export function languageOf(text: string, otherwise: Language): Language {
  const french = text.match(FRENCH)?.length ?? 0;
  const english = text.match(ENGLISH)?.length ?? 0;
  return french === english ? otherwise : french > english ? "fr" : "en";
}
