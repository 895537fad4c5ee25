/** Corrections with their signatures: entries after a report, each naming the one before it. */
import { Fault, readMoment } from "./answers";
import { sha256Hex } from "./bytes";
import { hasExactly, isObject, items, NotCanonical, readCanonicalObject, type Json } from "./canonical";
import type { SignedEntry } from "./facts";
import { CORRECTION_TYPE, verifyDetached } from "./jws";

const MAX_CORRECTION_BYTES = 1 << 20;
const KEYS = [
  "schema_version", "kind", "corrects", "previous", "no", "at", "by", "reason", "text", "erased", "erased_photos",
  "pdf_sha256",
]; // prettier-ignore
/** Only entries that speak of copies of photos have it. */
const COPIES = "copies";
const COPY_KEYS = ["capture_id", "original_sha256", "sha256", "hidden", "removed", "doubts", "checked_by", "model"];
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
  /** Of the document issued in place of the first, or beside it for the public. */
  readonly pdfSha256: string | null;
  readonly copies: readonly RedactedCopy[];
}

/** Says which original a copy of a photo comes from, and what was made unrecognisable in it. */
export interface RedactedCopy {
  readonly captureId: string;
  /** As in the evidence of the report. */
  readonly originalSha256: string;
  /** Of the copy as it is handed out. */
  readonly sha256: string;
  /** Kinds of what is hidden. */
  readonly hidden: readonly string[];
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
    hasExactly(value, Object.hasOwn(value, COPIES) ? [...KEYS, COPIES] : KEYS) &&
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
    copies: value[COPIES] === undefined ? [] : readCopies(value[COPIES]),
  };
}

/** Reads the copies of an entry; an empty list is never written. */
function readCopies(value: Json): RedactedCopy[] {
  const copies = items(value);
  if (!Array.isArray(value) || !copies.length || copies.length !== value.length) throw new NotCanonical("copies");
  return copies.map((copy) => {
    const { capture_id: captureId, original_sha256: originalSha256, sha256, hidden, removed, doubts, checked_by: by, model } = copy;
    const isRight =
      hasExactly(copy, COPY_KEYS) &&
      isTexts([captureId, originalSha256, sha256]) &&
      [by, model].every((each) => each === null || typeof each === "string") &&
      isRegions(hidden) && isRegions(removed) && isTexts(doubts); // prettier-ignore
    if (!isRight) throw new NotCanonical("a copy of another kind");
    return {
      captureId: captureId as string,
      originalSha256: originalSha256 as string,
      sha256: sha256 as string,
      hidden: items(hidden).map((region) => String(region.kind)),
    };
  });
}

const isRegions = (value: Json | undefined): boolean =>
  Array.isArray(value) && (value as readonly Json[]).every(isRegion);

function isRegion(value: Json): boolean {
  if (!isObject(value) || !hasExactly(value, ["kind", "box", "by"])) return false;
  const { kind, box, by } = value;
  return isTexts([kind, by]) && Array.isArray(box) && box.length === 4 && box.every((side) => Number.isInteger(side));
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

const isActor = (value: Json | undefined): boolean =>
  isObject(value) &&
  hasExactly(value, ["kind", "name"]) &&
  typeof value.kind === "string" &&
  ACTORS.includes(value.kind) &&
  typeof value.name === "string";
