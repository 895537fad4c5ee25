/**
 * Checks what follows the signed range, object by object: validation data and document timestamps, nothing else.
 *
 * Every object an update touches is either one of these or one of the three that must name them (catalog, form, page),
 * and those may have changed in nothing but that (ISO 32000-2, 12.8.4 and 12.8.5; ETSI EN 319 142-1, 5.4 and 5.5).
 */
import { Fault } from "./answers";
import { readDer } from "./der";
import { numbersOf, type Spot } from "./pdf-container";
import { keyOf, PdfFile, type Revision } from "./pdf-file";
import { areAlike, isAlike, isAlikeBut, pdfText, type PdfDictionary, type PdfReference, type PdfValue } from "./pdf-objects";
import { unfoldedStream } from "./pdf-parts";
import { readCertificate, readRevocationList } from "./x509";

const MAX_ADDED_OBJECTS = 500;
const FIELD_KEYS = ["FT", "T", "TU", "Type", "Subtype", "F", "Ff", "Rect", "P", "V"];
const STAMP_KEYS = ["Type", "Filter", "SubFilter", "Contents", "ByteRange", "V"];
const STORE_KEYS = ["Type", "VRI", "Certs", "CRLs", "OCSPs"];
const VRI_KEYS = ["Type", "Cert", "CRL", "OCSP", "TU"];
const TRAILER_KEYS = ["Size", "Root", "Info", "ID", "Prev"];
const VRI_NAME = /^[0-9A-F]{40}$/;
/** Bounded on every side: a container holds thousands of digits in a row. */
const OBJECT = /(?:^|[^\d])\d{1,10}[ \t\n\r\v\f]{1,4}\d{1,5}[ \t\n\r\v\f]{1,4}obj\b/g;
const OBJECT_HERE = /^\d{1,10}[ \t\n\r\v\f]{1,4}\d{1,5}[ \t\n\r\v\f]{1,4}obj\b/;
const END = /startxref[ \t\n\r\v\f]{1,4}\d{1,10}[ \t\n\r\v\f]{1,4}%%EOF[ \t\n\r\v\f]{0,4}/y;
const BLANK = /^[ \t\n\r\v\f]*$/;
const ENDS = /endobj[ \t\n\r\v\f]*$/;

/** What the updates after a report's signature hold. */
export interface Added {
  /** Document timestamps, oldest first. */
  readonly stamps: Spot[];
  readonly certificates: Uint8Array[];
  readonly crls: Uint8Array[];
  readonly ocsps: Uint8Array[];
  /** Objects found to be validation data or part of a document timestamp. */
  readonly explained: Set<string>;
}

/**
 * Checks everything after the report's own signature.
 *
 * @throws Fault `cut_or_added` (bytes that are no update) or `changed_later` (an update that does more)
 */
export async function checkAdded(data: Uint8Array, text: string, signed: PdfFile, spots: readonly Spot[]): Promise<Added> {
  const added: Added = { stamps: [], certificates: [], crls: [], ocsps: [], explained: new Set() };
  const end = spots[0]!.end;
  if (end === data.length) return added;
  try {
    const whole = new PdfFile(data, text);
    const touched = touchedBy(whole, signed);
    checkBytes(text, end, whole.revisions.slice(signed.revisions.length));
    checkTrailers(whole, signed);
    await new Collector(whole, signed, added).collect(spots.slice(1));
    const lists = listsOfFields(signed);
    const fields = fieldsOf(whole).map(numberOf);
    for (const reference of touched) checkTouched(reference, { whole, signed, lists, fields }, added);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("cut_or_added"); // a hostile update can fail anywhere inside a parser; the answer is the same
  }
  return added;
}

/** Every object an update writes; none may be freed, and the signed revisions must be the same. */
function touchedBy(whole: PdfFile, signed: PdfFile): PdfReference[] {
  const before = signed.revisions.length;
  if (whole.revisions.length <= before) throw new Fault("cut_or_added");
  signed.revisions.forEach(({ table }, no) => {
    if (whole.revisions[no]!.table !== table) throw new Fault("changed_later");
  });
  const touched = new Map<string, PdfReference>();
  for (const { entries, freed } of whole.revisions.slice(before)) {
    if (freed.length) throw new Fault("changed_later");
    for (const [number, { generation }] of entries) {
      const reference = { kind: "reference", number, generation } as const;
      touched.set(keyOf(reference), reference);
    }
  }
  if (touched.size > MAX_ADDED_OBJECTS) throw new Fault("changed_later");
  return [...touched.values()];
}

/** Accounts for every byte of the updates: objects that the tables name, the tables, and nothing between. */
function checkBytes(text: string, end: number, revisions: readonly Revision[]): void {
  let position = end;
  for (const { entries, table } of revisions) {
    const starts = [...entries.values()].map((entry) => entry.place).sort((one, other) => one - other);
    if (!starts.length || !BLANK.test(text.slice(position, starts[0]))) throw new Fault("cut_or_added");
    starts.forEach((start, no) => {
      const piece = text.slice(start, starts[no + 1] ?? table);
      const head = OBJECT_HERE.exec(piece);
      const isOne = (piece.match(OBJECT) ?? []).length === 1 && piece.split("endobj").length === 2;
      if (!head || !isOne || !ENDS.test(piece) || head[0].includes("%")) throw new Fault("cut_or_added");
    });
    position = endOfTable(text, table);
  }
  if (position !== text.length) throw new Fault("cut_or_added");
}

/** Where a revision ends whose cross-reference table starts here. */
function endOfTable(text: string, table: number): number {
  const trailer = text.indexOf("trailer", table);
  END.lastIndex = trailer < 0 ? -1 : text.indexOf("startxref", trailer);
  if (trailer < 0 || END.lastIndex < 0 || !text.startsWith("xref", table) || !END.test(text)) throw new Fault("cut_or_added");
  const end = END.lastIndex;
  if (text.slice(table, end).includes("obj")) throw new Fault("cut_or_added");
  return end;
}

function checkTrailers(whole: PdfFile, signed: PdfFile): void {
  const isSame = (key: string): boolean => isAlike(must(whole.trailer(key)), must(signed.trailer(key)));
  if (!whole.trailerKeys.every((key) => TRAILER_KEYS.includes(key))) throw new Fault("changed_later");
  if (!isSame("Root") || !isSame("Info")) throw new Fault("changed_later");
  const [mine, theirs] = [whole, signed].map((pdf) => pdf.resolve(pdf.array(pdf.trailer("ID"))[0]));
  if (!isAlike(mine!, theirs!)) throw new Fault("changed_later");
}

/** Finds validation data and document timestamps where the catalog and the form name them. */
class Collector {
  constructor(
    private readonly whole: PdfFile,
    private readonly signed: PdfFile,
    private readonly added: Added,
  ) {}

  async collect(spots: readonly Spot[]): Promise<void> {
    const store = this.whole.root.map.get("DSS");
    if (store !== undefined) await this.store(store);
    if (this.signed.root.map.has("DSS")) throw new Fault("changed_later");
    const known = fieldsOf(this.signed).map(numberOf);
    const names = new Set(fieldsOf(this.signed).map((each) => this.nameOf(each)));
    const waiting = new Map(spots.map((spot) => [numbersOf(spot), spot]));
    for (const reference of fieldsOf(this.whole)) {
      if (known.includes(numberOf(reference))) continue;
      const spot = this.stamp(reference, waiting);
      // Viewers would take two fields of one name for one.
      if (names.has(this.nameOf(reference))) throw new Fault("changed_later");
      names.add(this.nameOf(reference));
      this.added.stamps.push(spot);
    }
    if (waiting.size) throw new Fault("changed_later");
    this.added.stamps.sort((one, other) => one.end - other.end);
  }

  private async store(reference: PdfValue): Promise<void> {
    const store = this.explainedDictionary(reference);
    if (!hasOnly(store, STORE_KEYS)) throw new Fault("changed_later");
    for (const key of ["Certs", "CRLs", "OCSPs"]) {
      for (const each of this.list(store, key)) {
        const content = await this.evidence(key, each);
        if (key === "Certs") this.added.certificates.push(content);
        if (key === "CRLs") this.added.crls.push(content);
        if (key === "OCSPs") this.added.ocsps.push(content);
      }
    }
    const entries = store.map.get("VRI");
    for (const [name, value] of entries === undefined ? [] : this.explainedDictionary(entries).map) {
      const entry = this.explainedDictionary(value);
      if (!VRI_NAME.test(name) || !hasOnly(entry, VRI_KEYS)) throw new Fault("changed_later");
      for (const key of ["Cert", "CRL", "OCSP"]) {
        for (const each of this.list(entry, key)) await this.evidence(`${key}s`, each);
      }
    }
  }

  /** Takes one certificate, revocation list or answer; it must be what its place says and nothing more. */
  private async evidence(kind: string, reference: PdfValue): Promise<Uint8Array> {
    const stream = this.explained(reference);
    if (stream.kind !== "stream" || ![...stream.map.keys()].every((key) => ["Length", "Filter"].includes(key))) {
      throw new Fault("changed_later");
    }
    const content = unfoldedStream(stream);
    if (kind === "Certs") await readCertificate(content);
    else if (kind === "CRLs") readRevocationList(content);
    else readDer(content);
    return content;
  }

  /** Checks an added form field: an invisible document timestamp. */
  private stamp(reference: PdfValue, waiting: Map<string, Spot>): Spot {
    const field = this.explainedDictionary(reference);
    const value = this.explainedDictionary(must(field.map.get("V")));
    const { whole } = this;
    const box = field.map.get("Rect");
    const isShown = box !== undefined && whole.array(box).some((edge) => !isZero(whole.resolve(edge)));
    const kinds = [field.map.get("FT"), value.map.get("Type"), value.map.get("SubFilter")].map((each) => whole.name(each));
    const isWidget = ([["Type", "Annot"], ["Subtype", "Widget"]] as const).every(
      ([key, only]) => !field.map.has(key) || whole.name(field.map.get(key)) === only,
    );
    const isStamp = isWidget && kinds.join(" ") === "Sig DocTimeStamp ETSI.RFC3161";
    const numbers = whole.integers(value.map.get("ByteRange")).join(" ");
    const spot = waiting.get(numbers);
    if (!hasOnly(field, FIELD_KEYS) || !hasOnly(value, STAMP_KEYS) || isShown || !isStamp || !spot) throw new Fault("changed_later");
    waiting.delete(numbers);
    return spot;
  }

  private nameOf(field: PdfValue): string {
    const name = this.whole.resolve(this.whole.dictionary(field).map.get("T"));
    if (name.kind !== "string") throw new Fault("cut_or_added");
    return pdfText(name);
  }

  private list(dictionary: PdfDictionary, key: string): readonly PdfValue[] {
    const value = dictionary.map.get(key);
    if (value === undefined) return [];
    const found = this.explained(value);
    if (found.kind !== "array") throw new Fault("cut_or_added");
    return found.items;
  }

  private explainedDictionary(value: PdfValue): PdfDictionary {
    const found = this.explained(value);
    if (found.kind !== "dictionary") throw new Fault("cut_or_added");
    return found;
  }

  private explained(value: PdfValue): PdfValue {
    if (value.kind === "reference") this.added.explained.add(keyOf(value));
    return this.whole.resolve(value);
  }
}

/** Whatever is not explained must be catalog, form or page, changed only where it names what was added. */
function checkTouched(reference: PdfReference, around: Around, added: Added): void {
  const { whole, signed } = around;
  const before = signed.object(reference);
  if (before === null) {
    if (!added.explained.has(keyOf(reference))) throw new Fault("changed_later");
    return;
  }
  const after = must(whole.object(reference));
  if (!isRightlyChanged(reference, before, after, around)) throw new Fault("changed_later");
}

interface Around {
  readonly whole: PdfFile;
  readonly signed: PdfFile;
  readonly lists: Lists;
  /** Numbers of all form fields as they are now. */
  readonly fields: readonly number[];
}

/** Numbers of the objects that may name an added field. */
interface Lists {
  readonly form: number;
  readonly others: readonly number[];
}

function listsOfFields(signed: PdfFile): Lists {
  const form = must(signed.root.map.get("AcroForm"));
  const pages = fieldsOf(signed).map((field) => signed.dictionary(signed.dictionary(field).map.get("P")));
  const lists = [must(signed.dictionary(form).map.get("Fields")), ...pages.map((page) => page.map.get("Annots"))];
  const others = lists.flatMap((each) => (each === undefined ? [] : [numberOf(each)]));
  return { form: numberOf(form), others: others.filter((number) => number !== -1) };
}

function isRightlyChanged(reference: PdfReference, before: PdfValue, after: PdfValue, around: Around): boolean {
  const { whole, lists, fields } = around;
  if (lists.others.includes(reference.number)) return isGrownList(before, after, fields);
  if (before.kind !== "dictionary" || after.kind !== "dictionary") return false;
  if (isAlike(reference, must(whole.trailer("Root")))) {
    return isAlikeBut(before, after, ["DSS", "AcroForm"]) && isSameForm(before, after, fields);
  }
  if (reference.number === lists.form) return isAlikeBut(before, after, ["Fields"]) && isGrown(before, after, "Fields", fields);
  const type = before.map.get("Type");
  const isPage = type?.kind === "name" && type.value === "Page";
  return isPage && isAlikeBut(before, after, ["Annots"]) && isGrown(before, after, "Annots", fields);
}

function isSameForm(before: PdfDictionary, after: PdfDictionary, fields: readonly number[]): boolean {
  const [old, changed] = [must(before.map.get("AcroForm")), must(after.map.get("AcroForm"))];
  if (old.kind !== "dictionary" || changed.kind !== "dictionary") return isAlike(old, changed);
  return isAlikeBut(old, changed, ["Fields"]) && isGrown(old, changed, "Fields", fields);
}

/** Whether a list in a dictionary has only grown by document timestamps. */
function isGrown(before: PdfDictionary, after: PdfDictionary, key: string, fields: readonly number[]): boolean {
  const empty = { kind: "array", items: [] } as const;
  const [old, changed] = [before.map.get(key) ?? empty, after.map.get(key) ?? empty];
  if (old.kind === "reference" || changed.kind === "reference") return isAlike(old, changed);
  return isGrownList(old, changed, fields);
}

function isGrownList(before: PdfValue, after: PdfValue, fields: readonly number[]): boolean {
  if (before.kind !== "array" || after.kind !== "array" || after.items.length < before.items.length) return false;
  const more = after.items.slice(before.items.length);
  return areAlike(before.items, after.items.slice(0, before.items.length)) && more.every((each) => fields.includes(numberOf(each)));
}

const fieldsOf = (pdf: PdfFile): readonly PdfValue[] => pdf.array(pdf.dictionary(pdf.root.map.get("AcroForm")).map.get("Fields"));

/** Names a field by its object; fields that are written in place have none. */
const numberOf = (value: PdfValue): number => (value.kind === "reference" ? value.number : -1);

const hasOnly = ({ map }: PdfDictionary, keys: readonly string[]): boolean => [...map.keys()].every((key) => keys.includes(key));

const isZero = (value: PdfValue): boolean => (value.kind === "integer" || value.kind === "real") && value.value === 0;

function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Fault("cut_or_added");
  return value;
}
