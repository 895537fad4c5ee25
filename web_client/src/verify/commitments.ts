/** Personal values stand in a record as salted hashes; the clear values beside it must be the ones that were hashed. */
import { fromBase64Url, sha256Hex } from "./bytes";
import { canonicalBytes, hasExactly, isObject, readCanonicalObject, type Json } from "./canonical";
import { MAX_JSON_BYTES } from "./facts";

const COMMITMENT = "sha256_salted";
const SALT_BYTES = 16;

export interface Disclosure {
  readonly pointer: string;
  /** 16 bytes in base64url. */
  readonly salt: string;
  readonly value: Json;
}

/** Something about disclosures is not as it must be. */
export class BadDisclosures extends Error {}

/** Reads `disclosures.json` from anybody. */
export function readDisclosures(data: Uint8Array): { reportSha256: string; disclosures: readonly Disclosure[] } {
  if (data.length > MAX_JSON_BYTES) throw new BadDisclosures("too large");
  let value;
  try {
    value = readCanonicalObject(data);
  } catch {
    throw new BadDisclosures("not canonical");
  }
  const { report_sha256: reportSha256, disclosures } = value;
  if (!hasExactly(value, ["report_sha256", "disclosures"]) || typeof reportSha256 !== "string" || !Array.isArray(disclosures)) {
    throw new BadDisclosures("of another kind");
  }
  const found = (disclosures as readonly Json[]).map(readDisclosure);
  if (new Set(found.map((each) => each.pointer)).size !== found.length) throw new BadDisclosures("twice");
  return { reportSha256, disclosures: found };
}

/** Checks disclosures against the commitments of a record; gives the pointers nobody disclosed. */
export async function withheld(record: Json, disclosures: readonly Disclosure[]): Promise<string[]> {
  const committed = new Map(commitments(record));
  for (const { pointer, salt, value } of disclosures) {
    const hash = await sha256Hex(canonicalBytes([salt, pointer, value]));
    if (committed.get(pointer) !== hash) throw new BadDisclosures(pointer);
    committed.delete(pointer);
  }
  return [...committed.keys()].sort();
}

function readDisclosure(item: Json): Disclosure {
  if (!isObject(item) || !hasExactly(item, ["pointer", "salt", "value"])) throw new BadDisclosures("of another kind");
  const { pointer, salt, value } = item;
  const isSalt = typeof salt === "string" && fromBase64Url(salt)?.length === SALT_BYTES;
  if (typeof pointer !== "string" || !isSalt || value === undefined) throw new BadDisclosures("of another kind");
  return { pointer, salt, value };
}

/** Every commitment in a record: pointer (RFC 6901) and hash. */
function* commitments(value: Json, pointer = ""): Generator<[string, string]> {
  if (Array.isArray(value)) {
    for (const [place, item] of (value as readonly Json[]).entries()) yield* commitments(item, `${pointer}/${place}`);
  } else if (isObject(value)) {
    const hash = value[COMMITMENT];
    if (hasExactly(value, [COMMITMENT]) && typeof hash === "string") yield [pointer, hash];
    else {
      for (const [key, item] of Object.entries(value)) {
        yield* commitments(item, `${pointer}/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`);
      }
    }
  }
}
