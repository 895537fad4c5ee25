/** Reads the objects of a PDF (ISO 32000-1, 7.3), strictly: what a report's document does not use is refused. */
import { fromLatin1 } from "./bytes";

export type PdfValue =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer" | "real"; readonly value: number }
  | { readonly kind: "name"; readonly value: string }
  /** One character an octet. */
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly PdfValue[] }
  | PdfDictionary
  | PdfStream
  | PdfReference;

export interface PdfDictionary {
  readonly kind: "dictionary";
  readonly map: ReadonlyMap<string, PdfValue>;
}

export interface PdfStream {
  readonly kind: "stream";
  readonly map: ReadonlyMap<string, PdfValue>;
  /** As it lies in the file. */
  readonly folded: Uint8Array;
}

export interface PdfReference {
  readonly kind: "reference";
  readonly number: number;
  readonly generation: number;
}

/** The structure cannot be read. */
export class BadPdf extends Error {}

const MAX_DEPTH = 64;
const SPACE = /(?:[\x00\t\n\f\r ]+|%[^\r\n]*)*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)/y;
const REFERENCE = /(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+R(?![^\x00\t\n\f\r \/<>[\](){}%])/y;
const NAME = /\/([^\x00\t\n\f\r \/<>[\](){}%]*)/y;
const HEX = /<([0-9A-Fa-f\x00\t\n\f\r ]*)>/y;
const WORD = /(?:true|false|null)(?![^\x00\t\n\f\r \/<>[\](){}%])/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\n": "", "\r": "" };

/** Reads values one after the other from a text whose characters are the file's octets. */
export class PdfLexer {
  constructor(
    readonly text: string,
    public at: number,
  ) {}

  space(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  value(depth = 0): PdfValue {
    this.space();
    if (depth > MAX_DEPTH) throw new BadPdf("nested too deep");
    const next = this.text[this.at];
    if (next === "/") return { kind: "name", value: this.name() };
    if (next === "(") return { kind: "string", value: this.literal() };
    if (next === "[") return this.array(depth);
    if (this.text.startsWith("<<", this.at)) return this.dictionary(depth);
    const hex = this.take(HEX);
    if (hex) return { kind: "string", value: fromHexDigits(hex[1]!) };
    const reference = this.take(REFERENCE);
    if (reference) return { kind: "reference", number: Number(reference[1]), generation: Number(reference[2]) };
    const number = this.take(NUMBER);
    if (number) return { kind: number[0].includes(".") ? "real" : "integer", value: Number(number[0]) };
    const word = this.take(WORD);
    if (!word) throw new BadPdf("no value");
    return word[0] === "null" ? { kind: "null" } : { kind: "boolean", value: word[0] === "true" };
  }

  private name(): string {
    const found = this.take(NAME);
    if (!found) throw new BadPdf("no name");
    return found[1]!.replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }

  private array(depth: number): PdfValue {
    const items: PdfValue[] = [];
    this.at += 1;
    for (this.space(); this.text[this.at] !== "]"; this.space()) items.push(this.value(depth + 1));
    this.at += 1;
    return { kind: "array", items };
  }

  private dictionary(depth: number): PdfDictionary {
    const map = new Map<string, PdfValue>();
    this.at += 2;
    for (this.space(); !this.text.startsWith(">>", this.at); this.space()) {
      const key = this.name();
      if (map.has(key)) throw new BadPdf("a key twice");
      map.set(key, this.value(depth + 1));
    }
    this.at += 2;
    return { kind: "dictionary", map };
  }

  private literal(): string {
    let [depth, found] = [1, ""];
    for (this.at += 1; ; ) {
      const plain = this.take(/[^()\\]*/y);
      found += plain![0];
      const stop = this.text[this.at++];
      if (stop === undefined) throw new BadPdf("a string without end");
      if (stop === "\\") {
        found += this.escaped();
        continue;
      }
      depth += stop === "(" ? 1 : -1;
      if (depth === 0) return found;
      found += stop;
    }
  }

  private escaped(): string {
    const octal = this.take(/[0-7]{1,3}/y);
    if (octal) return String.fromCharCode(Number.parseInt(octal[0], 8) & 0xff);
    const next = this.text[this.at++] ?? "";
    if (next === "\r" && this.text[this.at] === "\n") this.at += 1;
    return ESCAPES[next] ?? next;
  }
}

export function fromHexDigits(text: string): string {
  const digits = text.replace(/[\x00\s]+/g, "");
  const even = digits + "0".repeat(digits.length % 2);
  let found = "";
  for (let at = 0; at < even.length; at += 2) found += String.fromCharCode(Number.parseInt(even.slice(at, at + 2), 16));
  return found;
}

/** Reads a text string: UTF-16 with its mark, else one character an octet. */
export function pdfText(value: PdfValue | undefined): string {
  if (value?.kind !== "string") return "";
  if (!value.value.startsWith("\xfe\xff")) return value.value;
  return new TextDecoder("utf-16be").decode(fromLatin1(value.value.slice(2)));
}

/** Whether two values are written alike, without following references. */
export function isAlike(one: PdfValue, other: PdfValue): boolean {
  if (one.kind === "reference") {
    return other.kind === "reference" && one.number === other.number && one.generation === other.generation;
  }
  if (one.kind === "stream" || other.kind === "stream") return false;
  if (one.kind === "dictionary") return other.kind === "dictionary" && isAlikeBut(one, other, []);
  if (one.kind === "array") return other.kind === "array" && areAlike(one.items, other.items);
  if (one.kind === "null") return other.kind === "null";
  return one.kind === other.kind && one.value === (other as typeof one).value;
}

/** Whether two dictionaries are equal in all but some keys. */
export function isAlikeBut(before: PdfValue, after: PdfValue, apart: readonly string[]): boolean {
  if (before.kind !== "dictionary" || after.kind !== "dictionary") return false;
  const keys = [...before.map.keys()].filter((key) => !apart.includes(key));
  const others = [...after.map.keys()].filter((key) => !apart.includes(key));
  return (
    keys.length === others.length &&
    keys.every((key) => after.map.has(key) && isAlike(before.map.get(key)!, after.map.get(key)!))
  );
}

export const areAlike = (ones: readonly PdfValue[], others: readonly PdfValue[]): boolean =>
  ones.length === others.length && ones.every((one, at) => isAlike(one, others[at]!));
