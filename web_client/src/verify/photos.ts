/** Compares photos given with a report by hash, and recomputes the evidence they are leaves of. */
import { answer, detail, type Answer } from "./answers";
import { canonicalBytes, canonicalText, isObject, items, member, type Json, type JsonObject } from "./canonical";
import type { RedactedCopy } from "./entries";
import { redactionsOf, type Facts } from "./facts";
import { leafHash, rootOf } from "./merkle";
import { toHex } from "./bytes";

const ALGORITHM = "RFC 9162 SHA-256";
const KINDS = ["capture", "annotation", "recording", "checklist", "model"];
/** How many names a sentence lists before it counts. */
const NAMED = 5;

/**
 * Says whether the photos given are those of the report.
 *
 * A file is one of them when its hash is; a file named after a photo or step must be that very one.
 */
export async function photosAnswer(facts: Facts): Promise<Answer> {
  const captures = items(facts.record.captures);
  const root = member(facts.record, "evidence", "root");
  const details = [
    detail("photos_listed", String(captures.length)),
    detail("evidence_root", isObject(facts.record.evidence) ? String(root) : "-"),
  ];
  if (!(await evidenceFits(facts.record))) return answer("photos", "no", "evidence_root", {}, details);
  const erased = new Set(redactionsOf(facts).flatMap((entry) => entry.correction.erasedPhotos));
  const wanted = new Map(
    captures
      .filter((each) => isTrue(each.in_report) && !erased.has(String(each.id)))
      .map((each) => [String(each.id), String(each.sha256)]),
  );
  const count = { count: String(wanted.size) };
  const copies = copiesGiven(facts);
  const photos = [...(facts.photos ?? [])].filter(([name]) => !copies.has(name));
  if (facts.photos === null || (copies.size && !photos.length)) return answer("photos", "not_in_file", null, count, details);
  const given = new Set(photos.map(([, hash]) => hash));
  const wrong = photos.filter(([name, hash]) => !isOf(name, hash, captures)).map(([name]) => name).sort();
  const missing = [...wanted].filter(([, hash]) => !given.has(hash)).map(([name]) => name).sort();
  const all = [
    ...details,
    ...wrong.map((name) => detail("photo_wrong", name)),
    ...missing.map((name) => detail("photo_missing", name)),
    ...[...erased].sort().map((name) => detail("photo_erased", name)),
  ];
  if (wrong.length) return answer("photos", "no", null, { ...count, names: listed(wrong) }, all);
  if (missing.length) {
    return answer("photos", "missing", null, { ...count, missing: String(missing.length), names: listed(missing) }, all);
  }
  return answer("photos", "match", null, count, all);
}

/** Whether the evidence tree is the one of what the record lists; reports of version 1.0 have none. */
async function evidenceFits(record: JsonObject): Promise<boolean> {
  const evidence = record.evidence;
  if (evidence === undefined || evidence === null) return String(record.schema_version) === "1.0";
  try {
    const leaves = leavesOf(record);
    const hashes = await Promise.all(leaves.map((leaf) => leafHash(canonicalBytes(leaf))));
    const tree = { algorithm: ALGORITHM, root: toHex(await rootOf(hashes)), leaves };
    return canonicalText(tree) === canonicalText(evidence);
  } catch {
    return false;
  }
}

function leavesOf(record: JsonObject): JsonObject[] {
  const leaf = (kind: string, id: Json | undefined, sha256: Json | undefined): JsonObject => {
    if (id === undefined || sha256 === undefined) throw new Error("a part without id or hash");
    return { kind, id, sha256 };
  };
  const list = (value: Json | undefined): JsonObject[] => {
    if (!Array.isArray(value) || !(value as readonly Json[]).every(isObject)) throw new Error("no list");
    return value as unknown as JsonObject[];
  };
  const leaves = [
    ...list(record.captures).map((each) => leaf("capture", each.id, each.sha256)),
    ...list(record.annotations).map((each) => leaf("annotation", each.id, each.sha256)),
    ...list(record.recordings).flatMap((each) =>
      Object.entries(each.parts as JsonObject).map(([kind, part]) =>
        leaf("recording", `${String(each.id)}/${kind}`, member(part, "chain_sha256")),
      ),
    ),
    leaf("checklist", member(record, "checklist", "id"), member(record, "checklist", "sha256")),
    ...list(member(record, "models", "list")).map((each) => leaf("model", each.name, each.sha256)),
  ];
  const place = (each: JsonObject): number => KINDS.indexOf(String(each.kind));
  return leaves.sort((one, other) => place(one) - place(other) || byCodePoint(String(one.id), String(other.id)));
}

/** Orders texts as Python does: by code point, not by UTF-16 unit. */
function byCodePoint(one: string, other: string): number {
  const [mine, theirs] = [[...one], [...other]];
  for (let at = 0; at < Math.min(mine.length, theirs.length); at++) {
    const apart = mine[at]!.codePointAt(0)! - theirs[at]!.codePointAt(0)!;
    if (apart) return apart;
  }
  return mine.length - theirs.length;
}

/** The files given that are copies with parts hidden, as a statement about this report names them. */
export function copiesGiven(facts: Facts): ReadonlyMap<string, RedactedCopy> {
  const stated = new Map(redactionsOf(facts).flatMap((entry) => entry.correction.copies.map((copy) => [copy.sha256, copy])));
  const found = new Map<string, RedactedCopy>();
  for (const [name, hash] of facts.photos ?? []) {
    const copy = stated.get(hash);
    if (copy) found.set(name, copy);
  }
  return found;
}

/** Whether the original that a copy names is the one the record holds for that photo or frame. */
export function isOfReport(copy: RedactedCopy, { record }: Facts): boolean {
  const isHeld = (id: Json | undefined, hash: Json | undefined): boolean => id === copy.captureId && hash === copy.originalSha256;
  return (
    items(record.captures).some((each) => isHeld(each.id, each.sha256)) ||
    items(record.annotations).some((each) => isHeld(each.frame_id, each.sha256))
  );
}

/** Names the files given that are neither originals nor, under their own name, the copies a statement names. */
export function strangersGiven(facts: Facts): string[] {
  const [captures, copies] = [items(facts.record.captures), copiesGiven(facts)];
  const isStrange = ([name, hash]: [string, string]): boolean => {
    const copy = copies.get(name);
    if (copy === undefined) return !isOf(name, hash, captures);
    const named = namedBy(name, captures);
    return named.length > 0 && !named.some((each) => each.id === copy.captureId);
  };
  return [...(facts.photos ?? [])].filter(isStrange).map(([name]) => name).sort();
}

/** The photos a file is named after: by their own name or by their step. */
function namedBy(name: string, captures: readonly JsonObject[]): JsonObject[] {
  const stem = name.replace(/(.)\.[^.]*$/, "$1");
  return captures.filter((each) => each.id === stem || each.step_id === stem);
}

function isOf(name: string, hash: string, captures: readonly JsonObject[]): boolean {
  const named = namedBy(name, captures);
  return (named.length ? named : captures).some((each) => each.sha256 === hash);
}

const isTrue = (value: Json | undefined): boolean => Boolean(value);

function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (more > 0 ? ` (+${more})` : "");
}
