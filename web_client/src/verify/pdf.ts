/**
 * Reads the document: its signature first, then what follows it, then what it carries and prints.
 *
 * Nothing is taken from a part that the report's own signature does not cover, but validation data and timestamps, which
 * prove themselves (ISO 32000-2, 12.8; ETSI EN 319 142-1, up to B-LTA).
 */
import { detail, Fault, Unreadable } from "./answers";
import { fromLatin1, isEqual, latin1, sha256Hex } from "./bytes";
import { canonicalBytes } from "./canonical";
import type { Trust } from "./chain";
import { factsOf, readReport, type Facts, type SignedBy } from "./facts";
import { verifyDetached } from "./jws";
import { checkAdded, type Added } from "./pdf-after";
import { digestOfSpot, findSpots, numbersOf, readContainer, verifyContainer, type Container, type Spot } from "./pdf-container";
import { PdfFile } from "./pdf-file";
import { isAlike, pdfText, type PdfValue } from "./pdf-objects";
import { embeddedFiles, prints, refuseBombs } from "./pdf-parts";
import { checkTables } from "./pdf-tables";
import { checkToken, digestOf, type Digest } from "./timestamp";
import { readCertificate } from "./x509";

export const MAX_PDF_BYTES = 256 << 20;
const DIGEST_PREFIX = "report-json-sha256:";
/** Timestamps by what follows the digest in the signature's reason. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  "": [],
  " pades-b-lt": ["signature"],
  " pades-b-lta": ["signature", "document"],
};

/** Checks a signed document and takes out what it says; throws Unreadable or a Fault. */
export async function readPdf(data: Uint8Array, trust: Trust): Promise<Facts> {
  if (data.length > MAX_PDF_BYTES) throw new Unreadable("too_large");
  const text = latin1(data);
  if (!text.startsWith("%PDF-")) throw new Unreadable("not_a_pdf");
  const spots = findSpots(text);
  const own = spots[0]!;
  const container = await readContainer(own.container);
  await verifyContainer(container, await digestOfSpot(own, data, "SHA-256"));
  refuseBombs(data, text);
  checkTables(text, own.end);
  const [facts, added] = await structured(async () => {
    const signed = new PdfFile(data.subarray(0, own.end), text.slice(0, own.end));
    const read = await readSigned(signed, own);
    const later = await checkAdded(data, text, signed, spots);
    const found = await factsFrom(read.files, { what: "document", chain: container.chain, at: read.at });
    if (!prints(signed, found.recordSha256)) throw new Fault("other_text");
    found.promised = read.promised;
    return [found, later] as [Facts, Added];
  });
  facts.details = [
    detail("record_sha256", facts.recordSha256),
    detail("text_compared", facts.recordSha256),
    detail("text_not_compared", "–"),
  ];
  facts.pdfSha256 = await sha256Hex(data);
  facts.crls = [...added.crls];
  facts.ocsps = [...added.ocsps];
  await checkStamps(data, facts, container, added, trust);
  return facts;
}

/** A hostile file can fail anywhere inside a parser; the answer is the same. */
async function structured<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("structure");
  }
}

interface Read {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly at: number;
  readonly promised: readonly string[];
}

/** Checks the signature's dictionary and reads what it names. */
async function readSigned(signed: PdfFile, own: Spot): Promise<Read> {
  const { root } = signed;
  const fields = signed.array(signed.dictionary(root.map.get("AcroForm")).map.get("Fields")).map((f) => signed.dictionary(f));
  const signatures = fields.filter((field) => field.map.has("V"));
  if (signatures.length !== 1 || root.map.has("DSS")) throw new Fault("signature_misplaced");
  const value = signatures[0]!.map.get("V")!;
  const signature = signed.dictionary(value).map;
  const references = signed.array(signature.get("Reference"));
  const transform = signed.dictionary(references[0]).map;
  const rights = signed.dictionary(root.map.get("Perms")).map.get("DocMDP");
  const level = signed.resolve(signed.dictionary(transform.get("TransformParams")).map.get("P"));
  const isAsSealed =
    fields.length === 1 &&
    references.length === 1 &&
    signed.integers(signature.get("ByteRange")).join(" ") === numbersOf(own) &&
    startsWith(signed.resolve(signature.get("Contents")), own.container) &&
    signed.name(signature.get("SubFilter")) === "ETSI.CAdES.detached" &&
    rights?.kind === "reference" &&
    isAlike(rights, value) &&
    signed.name(transform.get("TransformMethod")) === "DocMDP" &&
    level.kind === "integer" &&
    level.value === 1;
  if (!isAsSealed) throw new Fault("signature_misplaced");
  const files = embeddedFiles(signed);
  const record = files.get("report.json");
  if (record === undefined) throw new Fault("no_record");
  const digest = `${DIGEST_PREFIX}${await sha256Hex(record)}`;
  const information = signed.dictionary(signed.trailer("Info")).map;
  const reason = pdfText(signed.resolve(signature.get("Reason")));
  const rest = reason.startsWith(digest) ? reason.slice(digest.length) : reason;
  const promised = Object.hasOwn(PROMISED, rest) ? PROMISED[rest] : undefined;
  if (promised === undefined || pdfText(signed.resolve(information.get("Keywords"))) !== digest) throw new Fault("other_record");
  return { files, at: pdfTime(pdfText(signed.resolve(signature.get("M")))), promised };
}

const startsWith = (value: PdfValue, container: Uint8Array): boolean =>
  value.kind === "string" && isEqual(fromLatin1(value.value.slice(0, container.length)), container);

/** Reads the time as the seal writes it: `D:YYYYMMDDhhmmssZ`. */
function pdfTime(text: string): number {
  const found = /^D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const at = found ? Date.parse(`${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}:${found[6]}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw new Fault("structure");
  return at;
}

async function factsFrom(files: ReadonlyMap<string, Uint8Array>, signer: SignedBy): Promise<Facts> {
  const bytes = files.get("report.json")!;
  const record = knownReport(bytes);
  const facts = factsOf(bytes, await sha256Hex(bytes), record, signer);
  facts.disclosures = files.get("disclosures.json") ?? null;
  const evidence = files.get("evidence.json");
  if (evidence !== undefined && !isEqual(evidence, canonicalBytes(record.evidence ?? null))) throw new Fault("evidence_differs");
  const jws = files.get("report.jws");
  if (jws !== undefined) {
    try {
      const within = await verifyDetached(bytes, jws);
      facts.signed.push({ what: "record", chain: within.chain, at: within.at });
    } catch (error) {
      throw error instanceof Fault ? new Fault("embedded_signature") : error;
    }
  }
  return facts;
}

/** A record of a version that is not known here cannot be examined; that is not the same as wrong. */
export function knownReport(bytes: Uint8Array): ReturnType<typeof readReport> {
  try {
    return readReport(bytes);
  } catch (error) {
    if (error instanceof Fault && error.why === "unknown_schema") throw new Unreadable(error.why, error.values);
    throw error;
  }
}

/** Checks every timestamp; the first that is not good is kept as what is wrong with the document's time. */
async function checkStamps(data: Uint8Array, facts: Facts, container: Container, added: Added, trust: Trust): Promise<void> {
  try {
    const certificates = await Promise.all(added.certificates.map((der) => readCertificate(der)));
    const around = { trust, signerChain: container.chain, certificates, revokedBy: added };
    const waiting: [kind: "signature" | "document", token: Uint8Array, digest: Digest][] = [];
    if (container.token !== null) waiting.push(["signature", container.token, digestOf(container.signature)]);
    for (const spot of added.stamps) waiting.push(["document", spot.container, (hash) => digestOfSpot(spot, data, hash)]);
    for (const [kind, token, digest] of waiting) {
      facts.stamps.push({ kind, stamp: await checkToken(token, digest, around) });
    }
  } catch (error) {
    facts.timeFault = error instanceof Fault ? error : new Fault("timestamp_malformed");
  }
}
