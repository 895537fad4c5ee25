/** Corrections with their signatures: entries after a report, each naming the one before it. */
import { Fault, readMoment } from "./answers";
import { sha256Hex } from "./bytes";
import { hasExactly, isObject, NotCanonical, readCanonicalObject, type Json } from "./canonical";
import type { SignedEntry } from "./facts";
import { CORRECTION_TYPE, verifyDetached } from "./jws";

const MAX_CORRECTION_BYTES = 1 << 20;
const KEYS = [
  "schema_version", "kind", "corrects", "previous", "no", "at", "by", "reason", "text", "erased", "erased_photos",
  "pdf_sha256",
]; // prettier-ignore
const KINDS = ["addendum", "withdrawal", "redaction"];
const ACTORS = ["platform", "seller", "operator", "service"];

export interface Correction {
  readonly kind: string;
  /** SHA-256 of the record of the report. */
  readonly corrects: string;
  /** SHA-256 of the entry before this one; of the record itself for the first. */
  readonly previous: string;
  readonly no: number;
  readonly at: number;
  /** Pointers of values that nobody can disclose any more. */
  readonly erased: readonly string[];
  readonly erasedPhotos: readonly string[];
  /** Of the document issued in place of the first. */
  readonly pdfSha256: string | null;
}

/** Checks that a signature fits a correction; throws a Fault `correction_changed`. */
export async function readEntry(data: Uint8Array, jws: Uint8Array): Promise<SignedEntry> {
  try {
    const signed = await verifyDetached(data, jws, CORRECTION_TYPE);
    return { correction: readCorrection(data), sha256: await sha256Hex(data), chain: signed.chain, at: signed.at };
  } catch (error) {
    if (error instanceof Fault || error instanceof NotCanonical) throw new Fault("correction_changed");
    throw error;
  }
}

/** Checks that corrections follow the report without a gap; throws a Fault `correction_missing`. */
export function checkEntries(recordSha256: string, entries: readonly SignedEntry[]): void {
  let previous = recordSha256;
  entries.forEach(({ correction, sha256 }, place) => {
    const follows = correction.no === place + 1 && correction.previous === previous;
    if (correction.corrects !== recordSha256 || !follows) throw new Fault("correction_missing");
    previous = sha256;
  });
}

function readCorrection(data: Uint8Array): Correction {
  if (data.length > MAX_CORRECTION_BYTES) throw new NotCanonical("too large");
  const value = readCanonicalObject(data);
  const { kind, corrects, previous, no, at, by, erased, erased_photos: erasedPhotos, pdf_sha256: pdfSha256 } = value;
  const moment = readMoment(at);
  const isRight =
    hasExactly(value, KEYS) &&
    value.schema_version === "1.1" &&
    typeof kind === "string" && KINDS.includes(kind) &&
    isTexts([corrects, previous, at, value.reason, value.text]) &&
    isTexts(erased) && isTexts(erasedPhotos) &&
    (pdfSha256 === null || typeof pdfSha256 === "string") &&
    Number.isInteger(no) && isActor(by) && moment !== null; // prettier-ignore
  if (!isRight) throw new NotCanonical("a correction of another kind or version");
  return {
    kind: kind as string,
    corrects: corrects as string,
    previous: previous as string,
    no: no as number,
    at: moment,
    erased: erased as string[],
    erasedPhotos: erasedPhotos as string[],
    pdfSha256: pdfSha256 as string | null,
  };
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

const isActor = (value: Json | undefined): boolean =>
  isObject(value) &&
  hasExactly(value, ["kind", "name"]) &&
  typeof value.kind === "string" &&
  ACTORS.includes(value.kind) &&
  typeof value.name === "string";
