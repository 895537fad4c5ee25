/** Codes of the service put into words. */

/** The words for a code; `null` for one this page does not know yet, because it was loaded before an update. */
export function inWords(words: Readonly<Record<string, string>>, code: string | null | undefined): string | null {
  return code != null && Object.hasOwn(words, code) ? (words[code] ?? null) : null;
}
