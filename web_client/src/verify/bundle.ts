/** Reads a bundle: one `.zip` whose members are checked by name and hash against the signed list inside it. */
import { Fault, Unreadable } from "./answers";
import { isEqual, sha256Hex } from "./bytes";
import { hasExactly, isObject, readCanonicalObject, type Json } from "./canonical";
import type { Trust } from "./chain";
import { checkEntries, readEntry } from "./entries";
import { MAX_JSON_BYTES, factsOf, type Facts, type SignedBy } from "./facts";
import { BUNDLE_TYPE, MAX_JWS_BYTES, verifyDetached } from "./jws";
import { MAX_PROOF_BYTES } from "./log";
import { knownReport, MAX_PDF_BYTES, readPdf } from "./pdf";
import { Zip } from "./zip";

const MEMBER =
  /^(?:report\.(?:pdf|json|jws)|disclosures\.json|log\.json|bundle\.(?:json|jws)|corrections\/[0-9]{3}\.(?:json|jws)|photos\/[A-Za-z0-9_-]{1,64}\.(?:jpg|png|webp|heic|heif|bin))$/;
const LISTS = ["bundle.json", "bundle.jws"];
const MAX_LISTED = 12_000;
const MAX_LIST_BYTES = 8 << 20;
const MAX_CORRECTION_BYTES = 1 << 20;

interface Listed {
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

/** Checks a bundle and gathers what all its members say; throws Unreadable or a Fault. */
export async function readBundle(file: Blob, trust: Trust): Promise<Facts> {
  try {
    return await read(await Zip.open(file, (name) => MEMBER.test(name)), trust);
  } catch (error) {
    if (error instanceof Fault && error.why.startsWith("zip_")) throw new Unreadable(error.why, error.values);
    throw error;
  }
}

/** Checks that a signature fits a record; throws Unreadable or a Fault. */
export async function readRecord(json: Uint8Array, jws: Uint8Array): Promise<Facts> {
  if (json.length > MAX_JSON_BYTES) throw new Unreadable("too_large");
  const signed = await verifyDetached(json, jws);
  const signer: SignedBy = { what: "record", chain: signed.chain, at: signed.at };
  return factsOf(json, await sha256Hex(json), knownReport(json), signer);
}

async function read(bundle: Zip, trust: Trust): Promise<Facts> {
  const [signer, photos] = await checkList(bundle);
  if (!bundle.has("report.json") || !bundle.has("report.jws")) throw new Fault("bundle_incomplete");
  const facts = await readRecord(await bundle.read("report.json", MAX_JSON_BYTES), await bundle.read("report.jws", MAX_JWS_BYTES));
  if (bundle.has("report.pdf")) addDocument(facts, await readPdf(await bundle.read("report.pdf", MAX_PDF_BYTES), trust));
  if (bundle.has("disclosures.json")) {
    const disclosures = await bundle.read("disclosures.json", MAX_JSON_BYTES);
    if (facts.disclosures !== null && !isEqual(facts.disclosures, disclosures)) throw new Fault("disclosures_differ");
    facts.disclosures = disclosures;
  }
  if (bundle.has("log.json")) facts.logProof = await bundle.read("log.json", MAX_PROOF_BYTES);
  facts.signed.push(signer);
  facts.photos = photos.size ? photos : null;
  await addCorrections(facts, bundle);
  return facts;
}

/** Compares every member with the signed list; gives its signer, and the hashes of the photos by name. */
async function checkList(bundle: Zip): Promise<[SignedBy, Map<string, string>]> {
  if (!LISTS.every((name) => bundle.has(name))) throw new Fault("bundle_unsigned");
  const bytes = await bundle.read("bundle.json", MAX_LIST_BYTES);
  const jws = await bundle.read("bundle.jws", MAX_JWS_BYTES);
  let signer: SignedBy;
  let listed: readonly Listed[];
  try {
    const signed = await verifyDetached(bytes, jws, BUNDLE_TYPE);
    signer = { what: "bundle", chain: signed.chain, at: signed.at };
    listed = readList(bytes);
  } catch {
    throw new Fault("bundle_list_changed");
  }
  const named = new Set(listed.map((each) => each.name));
  const there = bundle.names.filter((name) => !LISTS.includes(name));
  const [missing] = [...named].filter((name) => !bundle.has(name)).sort();
  if (missing !== undefined) throw new Fault("member_removed", { name: missing });
  const [stranger] = there.filter((name) => !named.has(name)).sort();
  if (stranger !== undefined) throw new Fault("member_added", { name: stranger });
  const photos = new Map<string, string>();
  for (const { name, sha256, size } of listed) {
    const isSame = bundle.sizeOf(name) === size && (await sha256Hex(await bundle.read(name))) === sha256;
    if (!isSame) throw new Fault("member_changed", { name });
    if (name.startsWith("photos/")) photos.set(name.slice("photos/".length), sha256);
  }
  return [signer, photos];
}

function readList(bytes: Uint8Array): Listed[] {
  const value = readCanonicalObject(bytes);
  const { members } = value;
  const isList = hasExactly(value, ["v", "made_at", "members"]) && value.v === 1 && typeof value.made_at === "string";
  if (!isList || !Array.isArray(members) || members.length > MAX_LISTED) throw new Fault("bundle_list_changed");
  const listed = (members as readonly Json[]).map((each) => {
    const isMember = isObject(each) && hasExactly(each, ["name", "sha256", "size"]);
    const { name, sha256, size } = isMember ? each : {};
    const isNamed = typeof name === "string" && MEMBER.test(name) && !LISTS.includes(name);
    if (!isNamed || typeof sha256 !== "string" || !Number.isInteger(size)) throw new Fault("bundle_list_changed");
    return { name, sha256, size: size as number };
  });
  if (new Set(listed.map((each) => each.name)).size !== listed.length) throw new Fault("bundle_list_changed");
  return listed;
}

/** Puts what the document says beside what the record says; both must be the same report. */
function addDocument(facts: Facts, document: Facts): void {
  if (!isEqual(document.recordBytes, facts.recordBytes)) throw new Fault("document_of_another");
  facts.signed.push(...document.signed);
  facts.stamps = document.stamps;
  facts.timeFault = document.timeFault;
  facts.promised = document.promised;
  facts.crls.push(...document.crls);
  facts.ocsps.push(...document.ocsps);
  facts.disclosures = document.disclosures;
  facts.pdfSha256 = document.pdfSha256;
  facts.details = document.details;
}

async function addCorrections(facts: Facts, bundle: Zip): Promise<void> {
  const members = bundle.names.filter((name) => name.startsWith("corrections/"));
  const count = members.filter((name) => name.endsWith(".json")).length;
  for (let no = 1; no <= count; no++) {
    const name = `corrections/${String(no).padStart(3, "0")}`;
    if (!bundle.has(`${name}.json`) || !bundle.has(`${name}.jws`)) throw new Fault("correction_missing");
    const data = await bundle.read(`${name}.json`, MAX_CORRECTION_BYTES);
    facts.entries.push(await readEntry(data, await bundle.read(`${name}.jws`, MAX_CORRECTION_BYTES)));
  }
  if (members.length !== 2 * count) throw new Fault("correction_missing");
  checkEntries(facts.recordSha256, facts.entries);
}
