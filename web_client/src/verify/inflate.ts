/**
 * Unfolds DEFLATE (RFC 1951) and zlib (RFC 1950) within a bound, and says where the folded part ends.
 *
 * The browser's own DecompressionStream neither stops at a size nor tells the end of what it read, and older phones
 * have none; a verifier needs both.
 */
import { fromLatin1 } from "./bytes";

/** These bytes are not folded as they say. */
export class BadFolding extends Error {
  /** What had come out, and gone in, before that was seen. */
  size = 0;
  packed = 0;
}

/** They unfold to more than was allowed. */
export class TooMuch extends Error {}

export interface Unfolded {
  /** Null when only the size was asked for. */
  readonly content: Uint8Array | null;
  readonly size: number;
  /** Where the folded part ends. */
  readonly end: number;
}

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193,
  12289, 16385, 24577,
]; // prettier-ignore
const ORDER = fromLatin1("\x10\x11\x12\x00\x08\x07\x09\x06\x0a\x05\x0b\x04\x0c\x03\x0d\x02\x0e\x01\x0f");
const MAX_BITS = 15;
const WINDOW = 32768;
/** A ring that always holds the window, for when only the size is asked for. */
const RING = 2 * WINDOW;

/** Unfolds raw DEFLATE from a place. */
export function inflateRaw(data: Uint8Array, start: number, limit: number, isKept = true): Unfolded {
  return new Unfolder(data, start, limit, isKept).run();
}

/** Unfolds a zlib stream from a place, its checksum included. */
export function inflateZlib(data: Uint8Array, start: number, limit: number, isKept = true): Unfolded {
  const [method, flags] = [data[start], data[start + 1]];
  if (method === undefined || flags === undefined || (method & 0x0f) !== 8 || method >> 4 > 7) throw new BadFolding("no zlib");
  if ((method * 256 + flags) % 31 || flags & 0x20) throw new BadFolding("no zlib");
  const unfolder = new Unfolder(data, start + 2, limit, isKept);
  const { content, size, end } = unfolder.run();
  if (end + 4 > data.length) throw new BadFolding("cut off");
  const expected = (data[end]! << 24) | (data[end + 1]! << 16) | (data[end + 2]! << 8) | data[end + 3]!;
  if (content !== null && adler32(content) !== expected >>> 0) throw new BadFolding("checksum");
  return { content, size, end: end + 4 };
}

function adler32(data: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < data.length; ) {
    for (const until = Math.min(at + 3800, data.length); at < until; at++) {
      a += data[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** How many codes of each length there are, and the symbols in the order of their codes. */
interface Table {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function tableOf(lengths: Uint8Array): Table {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const places = new Uint16Array(MAX_BITS + 2);
  let left = 1;
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    left = 2 * left - counts[bits]!;
    if (left < 0) throw new BadFolding("too many codes");
    places[bits + 1] = places[bits]! + counts[bits]!;
  }
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length) symbols[places[length]!++] = symbol;
  });
  return { counts, symbols };
}

const FIXED_LENGTHS = tableOf(new Uint8Array(288).map((_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8)));
const FIXED_DISTANCES = tableOf(new Uint8Array(30).fill(5));

class Unfolder {
  private held = 0;
  private heldBits = 0;
  private size = 0;
  private out: Uint8Array;
  private readonly mask: number;

  constructor(
    private readonly data: Uint8Array,
    private at: number,
    private readonly limit: number,
    private readonly isKept: boolean,
  ) {
    this.out = new Uint8Array(RING);
    this.mask = isKept ? -1 : RING - 1;
  }

  run(): Unfolded {
    const start = this.at;
    try {
      return this.all();
    } catch (error) {
      if (error instanceof BadFolding) [error.size, error.packed] = [this.size, this.at - start];
      throw error;
    }
  }

  private all(): Unfolded {
    for (let isLast = false; !isLast; ) {
      isLast = this.bits(1) === 1;
      const kind = this.bits(2);
      if (kind === 0) this.stored();
      else if (kind === 1) this.codes(FIXED_LENGTHS, FIXED_DISTANCES);
      else if (kind === 2) this.codes(...this.tables());
      else throw new BadFolding("unknown block");
    }
    // Whole octets that were read ahead belong to what follows.
    const end = this.at - (this.heldBits >> 3);
    return { content: this.isKept ? this.out.subarray(0, this.size) : null, size: this.size, end };
  }

  private bits(count: number): number {
    while (this.heldBits < count) {
      const octet = this.data[this.at++];
      if (octet === undefined) throw new BadFolding("cut off");
      this.held |= octet << this.heldBits;
      this.heldBits += 8;
    }
    const value = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.heldBits -= count;
    return value;
  }

  private symbol({ counts, symbols }: Table): number {
    let [code, first, place] = [0, 0, 0];
    for (let length = 1; length <= MAX_BITS; length++) {
      code |= this.bits(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[place + (code - first)]!;
      place += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new BadFolding("no such code");
  }

  private stored(): void {
    this.at -= this.heldBits >> 3;
    this.held = this.heldBits = 0;
    const [a, b, c, d] = this.data.subarray(this.at, this.at + 4);
    if (d === undefined) throw new BadFolding("cut off");
    const length = a! | (b! << 8);
    if ((length ^ 0xffff) !== (c! | (d << 8))) throw new BadFolding("length");
    this.at += 4;
    if (this.at + length > this.data.length) throw new BadFolding("cut off");
    this.room(length);
    for (let i = 0; i < length; i++) this.out[this.size++ & this.mask] = this.data[this.at++]!;
  }

  private tables(): [Table, Table] {
    const [lengths, distances, codes] = [this.bits(5) + 257, this.bits(5) + 1, this.bits(4) + 4];
    if (lengths > 286 || distances > 30) throw new BadFolding("too many symbols");
    const short = new Uint8Array(19);
    for (let at = 0; at < codes; at++) short[ORDER[at]!] = this.bits(3);
    const table = tableOf(short);
    const all = new Uint8Array(lengths + distances);
    for (let at = 0; at < all.length; ) {
      const symbol = this.symbol(table);
      if (symbol < 16) {
        all[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0) throw new BadFolding("nothing to repeat");
      const value = symbol === 16 ? all[at - 1]! : 0;
      const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      if (at + times > all.length) throw new BadFolding("too many lengths");
      all.fill(value, at, at + times);
      at += times;
    }
    if (all[256] === 0) throw new BadFolding("no end");
    return [tableOf(all.subarray(0, lengths)), tableOf(all.subarray(lengths))];
  }

  private codes(lengths: Table, distances: Table): void {
    for (;;) {
      const symbol = this.symbol(lengths);
      if (symbol < 256) {
        this.room(1);
        this.out[this.size++ & this.mask] = symbol;
        continue;
      }
      if (symbol === 256) return;
      const length = LENGTH_BASE[symbol - 257];
      if (length === undefined) throw new BadFolding("no such length");
      const total = length + this.bits(LENGTH_BITS[symbol - 257]!);
      const code = this.symbol(distances);
      const base = DISTANCE_BASE[code];
      if (base === undefined) throw new BadFolding("no such distance");
      const distance = base + this.bits(code < 2 ? 0 : (code >> 1) - 1);
      if (distance > this.size || distance > WINDOW) throw new BadFolding("before the start");
      this.room(total);
      for (let i = 0; i < total; i++, this.size++) {
        this.out[this.size & this.mask] = this.out[(this.size - distance) & this.mask]!;
      }
    }
  }

  private room(more: number): void {
    if (this.size + more > this.limit) throw new TooMuch("unfolds to too much");
    if (!this.isKept || this.size + more <= this.out.length) return;
    const larger = new Uint8Array(Math.max(2 * this.out.length, this.size + more));
    larger.set(this.out.subarray(0, this.size));
    this.out = larger;
  }
}
