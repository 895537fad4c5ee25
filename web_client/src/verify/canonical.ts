/** One spelling for one record, so that a hash of a report means something (RFC 8785). */
import { fromUtf8, isEqual, utf8, type Bytes } from "./bytes";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** The other implementation knows whole numbers apart from decimals, and refuses whole ones beyond this. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** From here on ECMAScript writes an exponent, which makes it a decimal everywhere. */
const WRITTEN_WITH_EXPONENT = 1e21;

export class NotCanonical extends Error {}

/** Writes a JSON value in the only way RFC 8785 allows. */
export function canonicalText(value: Json): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalText).join(",")}]`;
  const object = value as JsonObject;
  // The default order is that of UTF-16 code units, which is what section 3.2.3 asks for.
  const members = Object.keys(object).sort();
  return `{${members.map((key) => `${text(key)}:${canonicalText(object[key] ?? null)}`).join(",")}}`;
}

export const canonicalBytes = (value: Json): Bytes => utf8(canonicalText(value));

/** Reads bytes that are exactly the canonical form of the JSON they hold; throws `NotCanonical` for all others. */
export function readCanonical(data: Uint8Array): Json {
  try {
    const value = JSON.parse(fromUtf8(data)) as Json;
    if (isEqual(canonicalBytes(value), data)) return value;
  } catch (error) {
    // Not UTF-8, not JSON, nested deeper than the stack, or a value without a canonical form.
    throw new NotCanonical(String(error));
  }
  throw new NotCanonical("another spelling");
}

export function readCanonicalObject(data: Uint8Array): JsonObject {
  const value = readCanonical(data);
  if (!isObject(value)) throw new NotCanonical("not an object");
  return value;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Looks something up in a record that nobody has checked against the schema. */
export function member(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const key of keys) found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

/** The objects of a list that nobody has checked. */
export const items = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];

/** Whether an object has exactly these members. */
export function hasExactly(value: JsonObject, keys: readonly string[]): boolean {
  return Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));
}

function number(value: number): string {
  const isTooLarge = Number.isInteger(value) && Math.abs(value) > LARGEST && Math.abs(value) < WRITTEN_WITH_EXPONENT;
  if (!Number.isFinite(value) || isTooLarge) throw new NotCanonical("a number without a canonical form");
  return String(value);
}

function text(value: string): string {
  // A lone surrogate has no UTF-8; JSON.stringify would write it as an escape.
  if (/\p{Surrogate}/u.test(value)) {
    throw new NotCanonical("a lone surrogate");
  }
  return JSON.stringify(value);
}
