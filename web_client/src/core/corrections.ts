/** What stands of a report after its seal, read from the entries made since. */

import type { CorrectionView } from "./views";
import { inWords } from "./words";

/** The last word on whether the report stands: its withdrawal, if there is one. */
export function withdrawal(corrections: readonly CorrectionView[]): CorrectionView | null {
  return corrections.find((each) => each.kind === "withdrawal") ?? null;
}

/** The reason of an entry in words; a code of a newer service stands as it is rather than be kept from the reader. */
export function reasonOf(entry: CorrectionView, reasons: Readonly<Record<string, string>>): string {
  return inWords(reasons, entry.reason) ?? entry.reason;
}

/** A person's own words. What the service itself writes when it withholds something, the pages say in their language. */
export function wordsOf(entry: CorrectionView): string | null {
  return entry.kind === "redaction" ? null : entry.text;
}
