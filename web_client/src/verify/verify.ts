/** Asks report files what they prove, in this browser and nowhere else: files in, one verdict a report out. */
import { altered, answer, Fault, Unreadable, unreadable, type Answers } from "./answers";
import { assess } from "./assess";
import { fromUtf8, isEqual, sha256Hex } from "./bytes";
import { readBundle, readRecord } from "./bundle";
import { isObject, type Json } from "./canonical";
import type { Trust } from "./chain";
import { checkEntries, readEntry } from "./entries";
import { MAX_JSON_BYTES, type Facts, type SignedEntry } from "./facts";
import { MAX_JWS_BYTES } from "./jws";
import { MAX_PDF_BYTES, readPdf } from "./pdf";
import { MAX_BUNDLE_BYTES } from "./zip";

/** A file as the reader gave it. */
export interface Given {
  readonly name: string;
  readonly data: Blob;
}

/** What one report among the files says. */
export interface Verdict {
  /** The file, or record and signature. */
  readonly files: readonly string[];
  readonly answers: Answers;
}

const LIMITS: Readonly<Record<string, number>> = {
  json: MAX_JSON_BYTES,
  jws: MAX_JWS_BYTES,
  pdf: MAX_PDF_BYTES,
  zip: MAX_BUNDLE_BYTES,
};
const PHOTOS = ["jpg", "jpeg", "png", "webp", "heic", "heif", "bin"];
const MAX_PHOTO_BYTES = 512 << 20;

export const endingOf = (name: string): string => (/\.([^./\\]+)$/.exec(name)?.[1] ?? "").toLowerCase();

export const isPhoto = ({ name }: Given): boolean => PHOTOS.includes(endingOf(name));

const stemOf = (name: string): string => name.replace(/(.)\.[^.]*$/, "$1");

/** What the reader gave beside the reports; each stands for all of them. */
interface Beside {
  readonly photos: ReadonlyMap<string, string> | null;
  readonly log: Uint8Array | null;
  readonly disclosures: Uint8Array | null;
  readonly corrections: readonly { readonly data: Uint8Array; readonly jws: Uint8Array; readonly isRedaction: boolean }[];
}

/** Files that are one report, the record before its signature. */
type Group = readonly Given[];

/**
 * Verifies files by what they are.
 *
 * A record finds its signature by its name, or because it is the only one; photos, `log.json`, `disclosures.json` and
 * corrections with their signatures count for every report among the files.
 *
 * @returns one verdict a report, in the order given; nothing about a file is ever thrown
 */
export async function verifyFiles(files: readonly Given[], trust: Trust, now: number): Promise<Verdict[]> {
  const { reports, beside } = await sorted(files);
  const found: { verdict: Verdict; facts: Facts | null }[] = [];
  for (const group of reports) {
    const { answers, facts } = await verifyGroup(group, beside, trust, now);
    found.push({ verdict: { files: group.map((each) => each.name), answers }, facts });
  }
  return compared(found);
}

async function verifyGroup(group: Group, beside: Beside, trust: Trust, now: number): Promise<{ answers: Answers; facts: Facts | null }> {
  try {
    const facts = await factsOfGroup(group, trust);
    await add(facts, beside);
    return { answers: await assess(facts, trust, now), facts };
  } catch (error) {
    if (error instanceof Unreadable) return { answers: unreadable(error), facts: null };
    if (error instanceof Fault) return { answers: altered(error), facts: null };
    // A file that vanished while it was read, or one too large for this browser: nothing was found out about it.
    const why = error instanceof Error ? error.name : "?";
    return { answers: unreadable(new Unreadable("cannot_be_read", { error: why })), facts: null };
  }
}

async function factsOfGroup(group: Group, trust: Trust): Promise<Facts> {
  const [first, second] = group;
  const kind = endingOf(first!.name);
  if (!Object.hasOwn(LIMITS, kind)) throw new Unreadable("not_a_report_file");
  if (kind === "zip") {
    checkSize(first!);
    return readBundle(first!.data, trust);
  }
  if (kind === "pdf") return readPdf(await bytes(first!), trust);
  checkSize(first!);
  if (second === undefined) {
    throw new Unreadable("partner_missing", { name: `${stemOf(first!.name)}.${kind === "json" ? "jws" : "json"}` });
  }
  return readRecord(await bytes(first!), await bytes(second));
}

function checkSize({ name, data }: Given): void {
  if (!data.size) throw new Unreadable("empty", { name });
  if (data.size > (LIMITS[endingOf(name)] ?? MAX_JSON_BYTES)) throw new Unreadable("too_large", { name });
}

async function bytes(given: Given): Promise<Uint8Array> {
  checkSize(given);
  return new Uint8Array(await given.data.arrayBuffer());
}

/** Puts what was given beside a report where the report itself has nothing. */
async function add(facts: Facts, beside: Beside): Promise<void> {
  if (beside.photos !== null) facts.photos = new Map([...(facts.photos ?? []), ...beside.photos]);
  if (beside.log !== null) facts.logProof = beside.log;
  if (beside.disclosures !== null) {
    if (facts.disclosures !== null && !isEqual(facts.disclosures, beside.disclosures)) throw new Fault("disclosures_differ");
    facts.disclosures = beside.disclosures;
  }
  const given: SignedEntry[] = [];
  for (const { data, jws, isRedaction } of beside.corrections) {
    try {
      given.push(await readEntry(data, jws));
    } catch (error) {
      // The report itself may be right: what was hidden is a question of its own.
      if (!(error instanceof Fault) || !isRedaction) throw error;
      facts.hasBadRedaction = true;
    }
  }
  const redaction = given.filter((entry) => entry.correction.kind === "redaction").pop();
  if (given.length && given.every((entry) => entry.correction.kind === "redaction")) facts.redaction = redaction ?? null;
  else if (given.length && !facts.entries.length) {
    facts.entries = given.sort((one, other) => one.correction.no - other.correction.no);
    checkEntries(facts.recordSha256, facts.entries);
  }
}

/** Says what each file is: a report, or something beside one. */
async function sorted(files: readonly Given[]): Promise<{ reports: Group[]; beside: Beside }> {
  const photos = new Map<string, string>();
  const records: Given[] = [];
  const reports: Group[] = [];
  const corrections: Beside["corrections"][number][] = [];
  const taken = new Set<Given>();
  let log: Uint8Array | null = null;
  let disclosures: Uint8Array | null = null;
  const signatures = files.filter((each) => endingOf(each.name) === "jws");
  for (const file of files.filter((each) => endingOf(each.name) === "json")) {
    const kind = await kindOfJson(file);
    const own = signatures.find((each) => stemOf(each.name) === stemOf(file.name));
    if (kind === "log") log = await bytes(file);
    else if (kind === "disclosures") disclosures = await bytes(file);
    else if (kind === "correction" || kind === "redaction") {
      const jws = own ? await bytes(own) : new Uint8Array();
      corrections.push({ data: await bytes(file), jws, isRedaction: kind === "redaction" });
      if (own) taken.add(own);
    } else if (kind === "record") records.push(file);
  }
  const left = signatures.filter((each) => !taken.has(each));
  for (const file of files) {
    if (records.includes(file)) {
      const partner = left.find((each) => stemOf(each.name) === stemOf(file.name)) ?? (left.length === 1 && records.length === 1 ? left[0] : undefined);
      if (partner) taken.add(partner);
      reports.push(partner ? [file, partner] : [file]);
    } else if (isPhoto(file) && file.data.size <= MAX_PHOTO_BYTES) {
      photos.set(file.name, await sha256Hex(new Uint8Array(await file.data.arrayBuffer())));
    } else if (!["json", "jws"].includes(endingOf(file.name))) reports.push([file]);
  }
  reports.push(...left.filter((each) => !taken.has(each)).map((each) => [each]));
  return { reports, beside: { photos: photos.size ? photos : null, log, disclosures, corrections } };
}

async function kindOfJson({ data }: Given): Promise<"record" | "log" | "disclosures" | "correction" | "redaction" | "evidence"> {
  if (data.size > MAX_JSON_BYTES) return "record";
  try {
    const value = JSON.parse(fromUtf8(new Uint8Array(await data.arrayBuffer()))) as Json;
    const has = (...keys: string[]): boolean => isObject(value) && keys.every((key) => Object.hasOwn(value, key));
    if (has("leaf", "head_jws")) return "log";
    if (has("report_sha256", "disclosures")) return "disclosures";
    if (has("corrects", "previous")) return isObject(value) && value.kind === "redaction" ? "redaction" : "correction";
    if (has("leaves", "root")) return "evidence";
  } catch {
    // Whoever calls it a record finds out what is wrong with it.
  }
  return "record";
}

/** Compares reports of one name, which must be the same; the later one is said to be of another. */
function compared(found: readonly { verdict: Verdict; facts: Facts | null }[]): Verdict[] {
  const first = new Map<string, Facts>();
  return found.map(({ verdict, facts }) => {
    if (facts === null) return verdict;
    const name = stemOf(verdict.files[0]!);
    const earlier = first.get(name) ?? facts;
    first.set(name, earlier);
    if (isEqual(earlier.recordBytes, facts.recordBytes) || verdict.answers.intact.code !== "yes") return verdict;
    const intact = answer("intact", "no", "files_differ", { name });
    return { ...verdict, answers: { ...verdict.answers, intact } };
  });
}
