/**
 * Reads a document's cross-reference tables in the one spelling our documents use, before anything follows them.
 *
 * Readers differ in which of two entries, trailers or keys they take, and in how far they follow tables that lead in
 * circles; a report has no two of anything (ISO 32000-2, 7.5.4 to 7.5.6: classic tables, each pointing back to the last).
 */
import { Fault } from "./answers";

/** Of all tables together; a report of 500 photos has some 10,000 objects. */
const MAX_ENTRIES = 250_000;
/** One for the document, one for the signature, one or two for every timestamp. */
const MAX_TABLES = 80;
/** Numbers a writer may have given away and not used. */
const SIZE_SLACK = 64;
const ENTRY_BYTES = 20;
const MAX_TRAILER_BYTES = 2048;
const LAST = /startxref[ \t\n\r\v\f]{1,4}(\d{1,10})[ \t\n\r\v\f]{1,4}%%EOF[ \t\n\r\v\f]{0,4}$/;
const BEGIN = /xref[ \r\n]{1,2}/y;
const SECTION = /(\d{1,7}) (\d{1,7}) ?(?:\r\n|\n|\r)/y;
const ENTRY = /^\d{10} \d{5} [nf](?:\r\n| \n| \r)$/;
const KEY =
  /\/(Size|Root|Info|Prev|ID)[ \t\n\r\v\f]*(\d{1,10} 0 R|\d{1,10}|\[(?:[ \t\n\r\v\f]*(?:<[0-9A-Fa-f]*>|\([A-Za-z0-9+/=]*\))){2}[ \t\n\r\v\f]*\])(?=[ \t\n\r\v\f/]|$)[ \t\n\r\v\f]*/y;
const TRAILER =
  /^(trailer[ \t\n\r\v\f]{0,4}<<[ \t\n\r\v\f]*)(\/[^%#<>]*(?:<[0-9A-Fa-f]*>[^%#<>]*){0,2})>>[ \t\n\r\v\f]{0,4}startxref[ \t\n\r\v\f]{1,4}(\d{1,10})[ \t\n\r\v\f]{1,4}%%EOF[ \t\n\r\v\f]{0,4}/;
const REQUIRED = ["Size", "Root", "Info", "ID"];

/** One revision's table. */
interface Table {
  readonly start: number;
  /** Where the revision ends, with its mark and the white space after it. */
  readonly end: number;
  /** Where the objects in use are, by number. */
  readonly places: ReadonlyMap<number, number>;
  /** Of its trailer. */
  readonly keys: ReadonlyMap<string, string>;
}

/**
 * Checks that all tables are of our spelling, and that one revision ends where the signature does.
 *
 * @throws Fault `structure`, `bomb`, or `cut_or_added` when something follows the signed part
 */
export function checkTables(text: string, signedEnd: number): void {
  try {
    if (readTables(text).some((table) => table.end === signedEnd)) return;
  } catch (error) {
    if (!(error instanceof Fault) || error.why === "bomb" || signedEnd === text.length) throw error;
  }
  throw new Fault("cut_or_added");
}

/** Reads every table, the oldest first; throws a Fault `structure`, or `bomb` when there are too many. */
function readTables(text: string): Table[] {
  const tail = text.slice(-64);
  let at = Number(must(LAST.exec(tail))[1]);
  let [limit, count] = [text.length, 0];
  const tables: Table[] = [];
  for (;;) {
    if (at >= limit || tables.length === MAX_TABLES) throw new Fault("structure");
    const table = readTable(text, at, MAX_ENTRIES - count);
    if (table.end > limit || (!tables.length && table.end !== text.length)) throw new Fault("structure");
    tables.unshift(table);
    count += table.places.size;
    const previous = table.keys.get("Prev");
    if (previous === undefined) break;
    [at, limit] = [Number(previous), table.start];
  }
  checkPlaces(text, tables);
  return tables;
}

function readTable(text: string, at: number, left: number): Table {
  let position = at + must(matchAt(BEGIN, text, at))[0].length;
  const places = new Map<number, number>();
  const seen = new Set<number>();
  for (let section = matchAt(SECTION, text, position); section; section = matchAt(SECTION, text, position)) {
    const [first, count] = [Number(section[1]), Number(section[2])];
    if (count + seen.size > left) throw new Fault("bomb");
    position += section[0].length;
    for (let number = first; number < first + count; number++, position += ENTRY_BYTES) {
      const entry = text.slice(position, position + ENTRY_BYTES);
      const isFree = entry[17] === "f";
      // Only the first object may be free, and no number is ever used again: readers would differ.
      const isOurs = isFree === (number === 0) && (number === 0 || entry.slice(11, 16) === "00000");
      if (!ENTRY.test(entry) || seen.has(number) || !isOurs) throw new Fault("structure");
      seen.add(number);
      if (number) places.set(number, Number(entry.slice(0, 10)));
    }
  }
  return withTrailer(text, at, position, places);
}

function withTrailer(text: string, at: number, position: number, places: ReadonlyMap<number, number>): Table {
  const trailer = must(TRAILER.exec(text.slice(position, position + MAX_TRAILER_BYTES)));
  if (Number(trailer[3]) !== at) throw new Fault("structure");
  const keys = new Map<string, string>();
  const listed = trailer[2]!;
  for (let place = 0; place < listed.length; place = KEY.lastIndex) {
    const [, name, value] = must(matchAt(KEY, listed, place)) as unknown as [string, string, string];
    const isShaped = value.endsWith("R") === ["Root", "Info"].includes(name) && value.startsWith("[") === (name === "ID");
    if (keys.has(name) || !isShaped) throw new Fault("structure");
    keys.set(name, value);
  }
  if (!REQUIRED.every((name) => keys.has(name))) throw new Fault("structure");
  return { start: at, end: position + trailer[0].length, places, keys };
}

/** Checks that every object lies in its own revision, under its own number, below the size that is named. */
function checkPlaces(text: string, tables: readonly Table[]): void {
  let [end, size] = [0, 0];
  for (const { start, end: next, places, keys } of tables) {
    let needed = Math.max(size, 1);
    for (const [number, place] of places) {
      if (place < end || place >= start || !text.startsWith(`${number} 0 obj`, place)) throw new Fault("structure");
      needed = Math.max(needed, number + 1);
    }
    const named = Number(keys.get("Size"));
    if (named < needed || named > needed + SIZE_SLACK) throw new Fault("structure");
    if (["Root", "Info"].some((name) => keys.get(name) !== tables[0]!.keys.get(name))) throw new Fault("structure");
    [end, size] = [next, named];
  }
}

/** Matches a sticky pattern at a place. */
function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function must<T>(found: T | null): T {
  if (found === null) throw new Fault("structure");
  return found;
}
