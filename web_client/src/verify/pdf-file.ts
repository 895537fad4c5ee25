/** A PDF with plain cross-reference tables and its updates, as a report's document is written (ISO 32000-1, 7.5). */
import { BadPdf, PdfLexer, type PdfDictionary, type PdfReference, type PdfStream, type PdfValue } from "./pdf-objects";

const MAX_REVISIONS = 80;
const MAX_OBJECTS = 250_000;
const START = /startxref[\x00\t\n\f\r ]+(\d{1,10})[\x00\t\n\f\r ]+%%EOF[\x00\t\n\f\r ]*$/;
const SECTION = /(\d{1,10}) (\d{1,10})[ ]?(?:\r\n|\n|\r)/y;
const ENTRY = /(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)/y;
const HEAD = /(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?![A-Za-z0-9])/y;
const STREAM = /stream(?:\r\n|\n)/y;

interface Entry {
  readonly generation: number;
  readonly place: number;
}

export interface Revision {
  /** Where its table starts. */
  readonly table: number;
  /** Objects it writes, by number. */
  readonly entries: ReadonlyMap<number, Entry>;
  readonly freed: readonly number[];
  readonly trailer: PdfDictionary;
}

export const keyOf = ({ number, generation }: { number: number; generation: number }): string => `${number} ${generation}`;

export class PdfFile {
  /** Oldest first. */
  readonly revisions: readonly Revision[];
  private readonly entries = new Map<number, Entry>();
  private readonly read = new Map<number, PdfValue>();

  /**
   * Opens a file.
   *
   * @param data - its bytes
   * @param text - the same, one character an octet
   * @throws BadPdf
   */
  constructor(
    private readonly data: Uint8Array,
    readonly text: string,
  ) {
    this.revisions = this.readRevisions();
    for (const revision of this.revisions) {
      for (const number of revision.freed) this.entries.delete(number);
      for (const [number, entry] of revision.entries) this.entries.set(number, entry);
    }
    if (this.trailer("Encrypt") !== undefined) throw new BadPdf("encrypted");
  }

  /** An entry of the trailer, from the newest revision that has it. */
  trailer(key: string): PdfValue | undefined {
    return [...this.revisions].reverse().find((each) => each.trailer.map.has(key))?.trailer.map.get(key);
  }

  get trailerKeys(): readonly string[] {
    return this.revisions.flatMap((each) => [...each.trailer.map.keys()]);
  }

  get root(): PdfDictionary {
    return this.dictionary(this.trailer("Root"));
  }

  /** Follows a reference; what is referred to and not there is nothing. */
  resolve(value: PdfValue | undefined): PdfValue {
    let found: PdfValue = value ?? { kind: "null" };
    for (let steps = 0; found.kind === "reference"; steps++) {
      if (steps > 8) throw new BadPdf("references in a circle");
      found = this.object(found) ?? { kind: "null" };
    }
    return found;
  }

  /** An object by its reference; null when there is none. */
  object({ number, generation }: PdfReference): PdfValue | null {
    const entry = this.entries.get(number);
    if (entry === undefined || entry.generation !== generation) return null;
    const known = this.read.get(number);
    if (known !== undefined) return known;
    const value = this.readObject(number, entry);
    this.read.set(number, value);
    return value;
  }

  dictionary(value: PdfValue | undefined): PdfDictionary {
    const found = this.resolve(value);
    if (found.kind !== "dictionary") throw new BadPdf("no dictionary");
    return found;
  }

  stream(value: PdfValue | undefined): PdfStream {
    const found = this.resolve(value);
    if (found.kind !== "stream") throw new BadPdf("no stream");
    return found;
  }

  array(value: PdfValue | undefined): readonly PdfValue[] {
    const found = this.resolve(value);
    if (found.kind !== "array") throw new BadPdf("no list");
    return found.items;
  }

  name(value: PdfValue | undefined): string {
    const found = this.resolve(value);
    return found.kind === "name" ? found.value : "";
  }

  integers(value: PdfValue | undefined): number[] {
    return this.array(value).map((each) => {
      const found = this.resolve(each);
      if (found.kind !== "integer") throw new BadPdf("no number");
      return found.value;
    });
  }

  private readObject(number: number, entry: Entry): PdfValue {
    const lexer = new PdfLexer(this.text, entry.place);
    const head = lexer.take(HEAD);
    if (!head || Number(head[1]) !== number || Number(head[2]) !== entry.generation) throw new BadPdf("no object there");
    const value = lexer.value();
    lexer.space();
    if (value.kind !== "dictionary" || !lexer.take(STREAM)) {
      if (!this.text.startsWith("endobj", lexer.at)) throw new BadPdf("an object without end");
      return value;
    }
    const length = this.resolve(value.map.get("Length"));
    const end = length.kind === "integer" ? lexer.at + length.value : -1;
    if (end < lexer.at || end > this.data.length) throw new BadPdf("no length");
    const folded = this.data.subarray(lexer.at, end);
    lexer.at = end;
    lexer.space();
    if (!this.text.startsWith("endstream", lexer.at)) throw new BadPdf("a stream without end");
    return { kind: "stream", map: value.map, folded };
  }

  private readRevisions(): Revision[] {
    const start = START.exec(this.text.slice(-64));
    if (!start) throw new BadPdf("no end");
    const revisions: Revision[] = [];
    let table = Number(start[1]);
    for (;;) {
      const revision = this.readRevision(table);
      revisions.unshift(revision);
      if (revisions.length > MAX_REVISIONS) throw new BadPdf("too many revisions");
      const previous = revision.trailer.map.get("Prev");
      if (previous === undefined) return revisions;
      // Each revision follows the one before it, so that nothing can go round in a circle.
      if (previous.kind !== "integer" || previous.value >= table) throw new BadPdf("a revision out of order");
      table = previous.value;
    }
  }

  private readRevision(table: number): Revision {
    const lexer = new PdfLexer(this.text, table);
    if (!lexer.take(/xref[ ]?(?:\r\n|\n|\r)/y)) throw new BadPdf("no table");
    const entries = new Map<number, Entry>();
    const freed: number[] = [];
    for (let section = lexer.take(SECTION); section; section = lexer.take(SECTION)) {
      const [first, count] = [Number(section[1]), Number(section[2])];
      if (count > MAX_OBJECTS) throw new BadPdf("too many objects");
      for (let number = first; number < first + count; number++) {
        const entry = lexer.take(ENTRY);
        if (!entry || entries.has(number)) throw new BadPdf("a bad line in a table");
        if (entry[3] === "n") entries.set(number, { place: Number(entry[1]), generation: Number(entry[2]) });
        else if (number) freed.push(number);
      }
    }
    lexer.space();
    if (!lexer.take(/trailer/y)) throw new BadPdf("no trailer");
    const trailer = lexer.value();
    if (trailer.kind !== "dictionary" || trailer.map.has("XRefStm")) throw new BadPdf("no plain trailer");
    return { table, entries, freed, trailer };
  }
}
