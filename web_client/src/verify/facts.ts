/** What the parts of one report have been found to say, before anybody draws conclusions from it. */
import { Fault, type Detail } from "./answers";
import { readCanonicalObject, type JsonObject } from "./canonical";
import type { Correction } from "./entries";
import type { Stamp } from "./timestamp";
import type { Certificate } from "./x509";

export const MAX_JSON_BYTES = 16 << 20;

/** One signature that fits, and the time it claims. */
export interface SignedBy {
  readonly what: "record" | "document" | "bundle";
  readonly chain: readonly Certificate[];
  readonly at: number;
}

/** A correction: canonical JSON with a signature that fits. */
export interface SignedEntry {
  readonly correction: Correction;
  readonly sha256: string;
  readonly chain: readonly Certificate[];
  readonly at: number;
}

/** Everything found in the files of one report whose signatures fit. */
export interface Facts {
  readonly recordBytes: Uint8Array;
  readonly recordSha256: string;
  readonly record: JsonObject;
  readonly signed: SignedBy[];
  stamps: { readonly kind: "signature" | "document"; readonly stamp: Stamp }[];
  /** A timestamp that is there and is not good. */
  timeFault: Fault | null;
  /** Kinds of timestamps that the document's signature says come with it. */
  promised: readonly string[];
  crls: Uint8Array[];
  /** Answers about revocation, DER. */
  ocsps: Uint8Array[];
  disclosures: Uint8Array | null;
  pdfSha256: string | null;
  logProof: Uint8Array | null;
  /** Corrections, oldest first. */
  entries: SignedEntry[];
  /** An entry given beside the report, which says that a copy was made from it. */
  redaction: SignedEntry | null;
  /** Whether an entry was given beside the report whose signature does not fit it. */
  hasBadRedaction: boolean;
  /** SHA-256 by file name, of photos given with it. */
  photos: ReadonlyMap<string, string> | null;
  details: Detail[];
}

export function factsOf(recordBytes: Uint8Array, recordSha256: string, record: JsonObject, signer: SignedBy): Facts {
  return {
    recordBytes,
    recordSha256,
    record,
    signed: [signer],
    stamps: [],
    timeFault: null,
    promised: [],
    crls: [],
    ocsps: [],
    disclosures: null,
    pdfSha256: null,
    logProof: null,
    entries: [],
    redaction: null,
    hasBadRedaction: false,
    photos: null,
    details: [],
  };
}

/** Reads a record whose signature fits; throws a Fault `not_canonical`, `not_a_report` or `unknown_schema`. */
export function readReport(data: Uint8Array): JsonObject {
  let record: JsonObject;
  try {
    record = readCanonicalObject(data);
  } catch {
    throw new Fault("not_canonical");
  }
  if (record.kind !== "inspection_report") throw new Fault("not_a_report");
  const version = String(record.schema_version);
  if (version.split(".")[0] !== "1") throw new Fault("unknown_schema", { version: version.slice(0, 20) });
  return record;
}

/** The entries that say a copy was made with something hidden. */
export function redactionsOf(facts: Facts): SignedEntry[] {
  const given = facts.redaction === null ? [] : [facts.redaction];
  return [...facts.entries, ...given].filter((entry) => entry.correction.kind === "redaction");
}
