/**
 * Reads a `.zip` from anybody within fixed bounds: every byte accounted for, nothing unfolded before it is measured.
 *
 * A small part of the format (APPNOTE 6.3.3): stored and deflated members one after the other, no encryption, no links,
 * no comments, no 64-bit records, no second name for one place.
 */
import { Fault } from "./answers";
import { isEqual, latin1 } from "./bytes";
import { inflateRaw } from "./inflate";

export const MAX_BUNDLE_BYTES = 2 ** 31;
const MAX_UNFOLDED_BYTES = 2 ** 31;
const MAX_MEMBERS = 12_000;
/** Times a member may unfold to its packed size, once it is larger than `SMALL_BYTES`. */
const MAX_RATIO = 200;
const SMALL_BYTES = 1 << 20;
/** Of the directory: its numbers, a name of less than a hundred bytes, and little more. */
const MAX_LINE_BYTES = 512;
const MAX_EXTRA_BYTES = 64;
/** Extra fields that tools add by themselves: times and owners. Others hold second names or sizes (APPNOTE 4.5.2). */
const HARMLESS: readonly number[] = [0x000a, 0x5455, 0x5855, 0x7855, 0x7875];
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const DESCRIPTOR = 0x08;
const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const REGULAR = 0o100000;
/** WebCrypto hashes nothing in pieces, so that a member must fit into memory. */
const MAX_MEMBER_BYTES = 512 << 20;

/** One member as the directory names it; its data lie where the local header says the same. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

export class Zip {
  private constructor(
    private readonly file: Blob,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /**
   * Checks the structure.
   *
   * @throws Fault `zip_malformed`, `zip_too_large`, `zip_bomb`, `zip_stranger` (named) or `zip_encrypted`
   */
  static async open(file: Blob, isAllowed: (name: string) => boolean): Promise<Zip> {
    return new Zip(file, await readDirectory(file, isAllowed));
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  sizeOf(name: string): number {
    return this.entries.get(name)?.size ?? -1;
  }

  /** A member's content; throws a Fault `zip_too_large`, or `zip_malformed` when it is not what the directory says. */
  async read(name: string, limitBytes: number = MAX_MEMBER_BYTES): Promise<Uint8Array> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new Fault("zip_malformed");
    if (entry.size > limitBytes) throw new Fault("zip_too_large", { name });
    const packed = await bytesOf(this.file, entry.start, entry.start + entry.packed);
    const content = entry.method === STORED ? packed : unfolded(packed, entry.size);
    if (content.length !== entry.size || crc32(content) !== entry.crc) throw new Fault("zip_malformed");
    return content;
  }
}

export const bytesOf = async (file: Blob, start: number, end: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(start, end).arrayBuffer());

function unfolded(packed: Uint8Array, size: number): Uint8Array {
  try {
    const { content, end } = inflateRaw(packed, 0, size);
    if (content !== null && end === packed.length) return content;
  } catch {
    // Not folded as it says, or larger than it says.
  }
  throw new Fault("zip_malformed");
}

async function readDirectory(file: Blob, isAllowed: (name: string) => boolean): Promise<Map<string, Entry>> {
  const total = file.size;
  if (total > MAX_BUNDLE_BYTES) throw new Fault("zip_too_large", { name: "-" });
  if (total < END_BYTES) throw new Fault("zip_malformed");
  const end = await view(file, total - END_BYTES, total);
  const [disk, firstDisk, here, count] = [4, 6, 8, 10].map((at) => end.getUint16(at, true)) as [number, number, number, number];
  const [length, offset] = [end.getUint32(12, true), end.getUint32(16, true)];
  if (end.getUint32(0, true) !== 0x06054b50 || disk || firstDisk || here !== count || end.getUint16(20, true)) {
    throw new Fault("zip_malformed");
  }
  if (count > MAX_MEMBERS || length > count * MAX_LINE_BYTES || offset + length !== total - END_BYTES) throw new Fault("zip_malformed");
  const directory = await view(file, offset, offset + length);
  const entries = new Map<string, Entry>();
  const names = new Set<string>();
  let [position, place] = [0, 0];
  for (let no = 0; no < count; no++) {
    const line = readLine(directory, position, place, isAllowed);
    const [entry, following] = await readMember(file, line, place);
    // On many disks they are one file.
    if (names.has(entry.name.toLowerCase())) throw new Fault("zip_stranger", { name: entry.name });
    names.add(entry.name.toLowerCase());
    entries.set(entry.name, entry);
    position = line.next;
    place = following;
  }
  if (position !== length || place !== offset) throw new Fault("zip_malformed");
  if ([...entries.values()].reduce((sum, entry) => sum + entry.size, 0) > MAX_UNFOLDED_BYTES) throw new Fault("zip_bomb");
  return entries;
}

type Line = Omit<Entry, "start"> & { readonly flags: number; readonly raw: Uint8Array; readonly extra: DataView; readonly next: number };

function readLine(directory: DataView, position: number, place: number, isAllowed: (name: string) => boolean): Line {
  if (position + CENTRAL_BYTES > directory.byteLength) throw new Fault("zip_malformed");
  const short = (at: number): number => directory.getUint16(position + at, true);
  const long = (at: number): number => directory.getUint32(position + at, true);
  const [madeBy, flags, method] = [short(4), short(8), short(10)];
  const [crc, packed, size, nameLength, extra] = [long(16), long(20), long(24), short(28), short(30)];
  const raw = new Uint8Array(directory.buffer, directory.byteOffset).slice(position + CENTRAL_BYTES, position + CENTRAL_BYTES + nameLength);
  if (long(0) !== 0x02014b50 || short(32) || short(34) || raw.length !== nameLength || long(42) !== place) {
    throw new Fault("zip_malformed");
  }
  const name = latin1(raw);
  const mode = madeBy >> 8 === UNIX ? long(38) >>> 16 : 0;
  if (!isAllowed(name) || ![0, REGULAR].includes(mode & 0o170000)) {
    throw new Fault("zip_stranger", { name: name.slice(0, 80).replace(/[^\x20-\x7e]/g, "?") });
  }
  if (flags & ~(DESCRIPTOR | UTF8 | 0x06)) throw new Fault(flags & 1 ? "zip_encrypted" : "zip_malformed");
  if (![STORED, DEFLATED].includes(method) || (method === STORED && packed !== size)) throw new Fault("zip_malformed");
  if (size > SMALL_BYTES && size > packed * MAX_RATIO) throw new Fault("zip_bomb");
  const next = position + CENTRAL_BYTES + nameLength + extra;
  if (next > directory.byteLength) throw new Fault("zip_malformed");
  const fields = new DataView(directory.buffer, directory.byteOffset + next - extra, extra);
  return { name, method, crc, packed, size, flags, raw, extra: fields, next };
}

/** Reads a member's local header, which must say what the directory says; gives where the next member must start. */
async function readMember(file: Blob, line: Line, place: number): Promise<[Entry, number]> {
  const header = await view(file, place, place + LOCAL_BYTES + line.raw.length);
  if (header.byteLength !== LOCAL_BYTES + line.raw.length) throw new Fault("zip_malformed");
  const name = new Uint8Array(header.buffer, header.byteOffset + LOCAL_BYTES);
  const isSame =
    header.getUint32(0, true) === 0x04034b50 &&
    (header.getUint16(6, true) & ~0x06) === (line.flags & ~0x06) &&
    header.getUint16(8, true) === line.method &&
    header.getUint16(26, true) === line.raw.length &&
    isEqual(name, line.raw);
  if (!isSame) throw new Fault("zip_malformed");
  const named = place + LOCAL_BYTES + line.raw.length;
  const start = named + header.getUint16(28, true);
  checkExtra(await view(file, named, start), start - named);
  checkExtra(line.extra, line.extra.byteLength);
  let end = start + line.packed;
  const sizes = [14, 18, 22].map((at) => header.getUint32(at, true));
  if (line.flags & DESCRIPTOR) end += await descriptorBytes(file, end, line);
  else if (sizes[0] !== line.crc || sizes[1] !== line.packed || sizes[2] !== line.size) throw new Fault("zip_malformed");
  const { name: shown, method, crc, packed, size } = line;
  return [{ name: shown, method, crc, packed, size, start }, end];
}

/** Refuses extra fields in which other tools would find another name or size, or anybody a hiding place. */
function checkExtra(fields: DataView, length: number): void {
  if (fields.byteLength !== length || length > MAX_EXTRA_BYTES) throw new Fault("zip_malformed");
  for (let at = 0; at < length; ) {
    if (at + 4 > length || !HARMLESS.includes(fields.getUint16(at, true))) throw new Fault("zip_malformed");
    at += 4 + fields.getUint16(at + 2, true);
    if (at > length) throw new Fault("zip_malformed");
  }
}

/** The length of the record after a member's data that repeats its sizes. */
async function descriptorBytes(file: Blob, place: number, { crc, packed, size }: Line): Promise<number> {
  const data = await bytesOf(file, place, place + 24);
  const longs = (numbers: readonly number[]): Uint8Array => {
    const written = new DataView(new ArrayBuffer(4 * numbers.length));
    numbers.forEach((number, at) => written.setUint32(4 * at, number, true));
    return new Uint8Array(written.buffer);
  };
  for (const numbers of [[crc, packed, size], [crc, packed, 0, size, 0]]) {
    for (const expected of [longs([0x08074b50, ...numbers]), longs(numbers)]) {
      if (isEqual(data.subarray(0, expected.length), expected)) return expected.length;
    }
  }
  throw new Fault("zip_malformed");
}

async function view(file: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await file.slice(start, end).arrayBuffer());
}

const CRC_TABLE = new Uint32Array(256).map((_, octet) => {
  let value = octet;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(data: Uint8Array): number {
  let value = 0xffffffff;
  for (let at = 0; at < data.length; at++) value = CRC_TABLE[(value ^ data[at]!) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
