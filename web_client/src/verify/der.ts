/**
 * DER and nothing else, so that a structure has one spelling and no bit to spare.
 *
 * The restrictions of X.690, sections 10 and 11, for the types that CMS and X.509 use.
 */
import { fromUtf8, isEqual, latin1 } from "./bytes";

/** The count of unused bits and four octets: the longest list of named bits, of RFC 3161, has 26. */
const NAMED_BITS_MOST = 5;
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

const MAX_DEPTH = 32;
const CONSTRUCTED = 0x20;
const UTC = /^\d{12}Z$/;
const GENERALIZED = /^\d{14}(?:\.\d*[1-9])?Z$/;

export class NotDer extends Error {}

/** One value: its tag, its bytes with and without their head, and the values inside a constructed one. */
export interface Node {
  readonly tag: number;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
  readonly parts: readonly Node[];
}

/** Reads exactly one value; throws `NotDer` unless the bytes are its DER and nothing follows. */
export function readDer(data: Uint8Array): Node {
  const [node, end] = readValue(data, 0, data.length, 0);
  if (end !== data.length) throw new NotDer("something follows");
  return node;
}

/** The parts of a value that must have this tag and, when given, this many parts. */
export function partsOf(node: Node | undefined, tag: number, count?: number): readonly Node[] {
  if (node?.tag !== tag || (count !== undefined && node.parts.length !== count)) throw new NotDer("another structure");
  return node.parts;
}

/** The content of a value that must have this tag. */
export function contentOf(node: Node | undefined, tag: number): Uint8Array {
  if (node?.tag !== tag) throw new NotDer("another type");
  return node.content;
}

export function oidOf(node: Node | undefined): string {
  const content = contentOf(node, TAG.oid);
  const numbers: bigint[] = [];
  let value = 0n;
  for (const octet of content) {
    value = (value << 7n) | BigInt(octet & 0x7f);
    if (octet & 0x80) continue;
    numbers.push(value);
    value = 0n;
  }
  const [first = 0n, ...rest] = numbers;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join(".");
}

/** A whole number of any size, in hexadecimal without leading zeros. */
export function integerHex(node: Node | undefined): string {
  let value = 0n;
  const content = contentOf(node, TAG.integer);
  for (const octet of content) value = (value << 8n) | BigInt(octet);
  if (content[0]! & 0x80) value -= 1n << BigInt(8 * content.length);
  return value.toString(16);
}

/** A small whole number; -1 when it is larger than one. */
export function smallInteger(node: Node | undefined): number {
  const content = contentOf(node, TAG.integer);
  return content.length === 1 && content[0]! < 0x80 ? content[0]! : -1;
}

/** A moment, in milliseconds since 1970. */
export function momentOf(node: Node | undefined): number {
  if (node?.tag !== TAG.utcTime && node?.tag !== TAG.generalizedTime) throw new NotDer("not a time");
  const text = latin1(node.content);
  const short = node.tag === TAG.utcTime;
  const digits = short ? (text.slice(0, 2) < "50" ? "20" : "19") + text : text;
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(digits);
  if (!found) throw new NotDer("not a time");
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const at = Date.UTC(year, month - 1, day, hour, minute, second) + Math.floor(Number(found[7] ?? 0) * 1000);
  const again = new Date(at);
  if (again.getUTCMonth() !== month - 1 || again.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw new NotDer("not a moment");
  }
  return at;
}

/** The bits of a bit string whose length is a whole number of octets. */
export function octetsOfBits(node: Node | undefined): Uint8Array {
  const content = contentOf(node, TAG.bitString);
  if (content[0] !== 0) throw new NotDer("spare bits");
  return content.subarray(1);
}

function readValue(data: Uint8Array, start: number, limit: number, depth: number): [Node, number] {
  const tag = data[start];
  if (tag === undefined || start >= limit || tag === 0 || (tag & 0x1f) === 0x1f || depth > MAX_DEPTH) throw new NotDer("bad tag");
  const [content, end] = readLength(data, start + 1);
  if (end > limit) throw new NotDer("cut off");
  const isUniversal = (tag & 0xc0) === 0;
  const isConstructed = (tag & CONSTRUCTED) !== 0;
  if (isUniversal && isConstructed !== [0x10, 0x11].includes(tag & 0x1f)) throw new NotDer("wrong form");
  const parts: Node[] = [];
  if (isConstructed) {
    for (let at = content; at < end; ) {
      const [part, following] = readValue(data, at, end, depth + 1);
      parts.push(part);
      at = following;
    }
    if (tag === TAG.set) checkSorted(parts);
  } else if (isUniversal && !isCanonical(tag, data.subarray(content, end))) {
    throw new NotDer("another spelling");
  }
  return [{ tag, whole: data.subarray(start, end), content: data.subarray(content, end), parts }, end];
}

function checkSorted(parts: readonly Node[]): void {
  for (let at = 1; at < parts.length; at++) {
    if (isAfter(parts[at - 1]!.whole, parts[at]!.whole)) throw new NotDer("a set out of order");
  }
}

function isAfter(one: Uint8Array, other: Uint8Array): boolean {
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    if (one[at] !== other[at]) return one[at]! > other[at]!;
  }
  return one.length > other.length;
}

/** Reads a definite length in its shortest form; gives where the content starts and ends. */
function readLength(data: Uint8Array, at: number): [number, number] {
  const first = data[at];
  if (first === undefined) throw new NotDer("cut off");
  if (first < 0x80) return [at + 1, at + 1 + first];
  const count = first & 0x7f;
  if (count < 1 || count > 4 || at + 1 + count > data.length || data[at + 1] === 0) throw new NotDer("bad length");
  let length = 0;
  for (let i = 1; i <= count; i++) length = length * 256 + data[at + i]!;
  if (length < 0x80) throw new NotDer("a length that could be shorter");
  return [at + 1 + count, at + 1 + count + length];
}

function isCanonical(tag: number, content: Uint8Array): boolean {
  switch (tag) {
    case TAG.boolean:
      return content.length === 1 && (content[0] === 0 || content[0] === 0xff);
    case TAG.integer:
    case TAG.enumerated:
      return content.length === 1 || (content.length > 1 && !hasSpareOctet(content));
    case TAG.bitString:
      return isBitString(content);
    case TAG.nothing:
      return content.length === 0;
    case TAG.oid:
      return isOid(content);
    case TAG.utcTime:
      return UTC.test(latin1(content));
    case TAG.generalizedTime:
      return GENERALIZED.test(latin1(content));
    case TAG.utf8:
      return isUtf8(content);
    default:
      return true;
  }
}

function hasSpareOctet(content: Uint8Array): boolean {
  return (content[0] === 0 && content[1]! < 0x80) || (content[0] === 0xff && content[1]! >= 0x80);
}

/** Only lists of named bits end within an octet, and then with a bit that is set; keys and signatures are whole octets. */
function isBitString(content: Uint8Array): boolean {
  const spare = content[0];
  if (spare === undefined || spare > 7 || (content.length === 1 && spare)) return false;
  if (!spare) return true;
  return content.length <= NAMED_BITS_MOST && (content[content.length - 1]! & ((2 << spare) - 1)) === 1 << spare;
}

function isOid(content: Uint8Array): boolean {
  if (!content.length || content[content.length - 1]! & 0x80) return false;
  return content.every((octet, at) => octet !== 0x80 || (at > 0 && (content[at - 1]! & 0x80) !== 0));
}

function isUtf8(content: Uint8Array): boolean {
  try {
    fromUtf8(content);
    return true;
  } catch {
    return false;
  }
}

export const isSame = (one: Node | undefined, other: Uint8Array): boolean => one !== undefined && isEqual(one.whole, other);
