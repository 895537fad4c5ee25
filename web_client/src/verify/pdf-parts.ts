/**
 * Takes a document apart: bounded streams, embedded files, and the text its pages print.
 *
 * Everything is read from the signed part alone, so that nothing added later can change what is found.
 */
import { Fault } from "./answers";
import { latin1 } from "./bytes";
import { BadFolding, inflateZlib, TooMuch } from "./inflate";
import type { PdfFile } from "./pdf-file";
import { BadPdf, fromHexDigits, pdfText, type PdfDictionary, type PdfStream, type PdfValue } from "./pdf-objects";

/** What all compressed parts together may unfold to; a report unfolds to a few megabytes. */
const MAX_INFLATED_BYTES = 256 << 20;
const MAX_EMBEDDED_BYTES = 16 << 20;
const MAX_PAGES = 2000;
/** Files inside a document; a report has four. */
const MAX_FILES = 64;
/** What all page contents and font tables together may unfold to. */
const MAX_SHOWN_BYTES = 64 << 20;
/** Characters of one font; it has two-byte codes. */
const MAX_CODES = 1 << 17;
const MAX_STREAMS = 50_000;
/** The dictionary of a stream is shorter. */
const MAX_HEAD_BYTES = 8192;
const STREAM = /stream[\x00 \t\n\r\v\f]*/g;
const STREAM_HEAD = />>[\x00 \t\n\r\v\f]*stream[\x00 \t\n\r\v\f]/g;
/** The key as readers understand it, with letters written as `#hh` or not (ISO 32000-1, 7.3.5). */
const FILTER = new RegExp(
  `/${[..."Filter"].map((c) => `(?:${c}|#${c.charCodeAt(0).toString(16)}|#${c.charCodeAt(0).toString(16).toUpperCase()})`).join("")}` +
    "(?=[\\x00 \\t\\n\\r\\v\\f/\\[(<>%{}])",
  "g",
);
/** As our own documents write it: one Flate layer, a photograph, or the kind of the signature; never an array. */
const PLAIN_FILTER = /\/Filter ?\/(?:FlateDecode|DCTDecode|Adobe\.PPKLite)(?=[ \t\n\r\v\f/>])/y;
/**
 * The parts of a page's content that choose a font or show characters, as our documents write them.
 *
 * Nothing here asks for an end that may never come: searching for it from every beginning would take for ever.
 */
const SHOWN =
  /(?<open><<)|(?<close>>>)|\/(?<font>[^\s/<>[\]()%]{1,128})\s{1,8}[-\d.]{1,32}\s{1,8}Tf|<(?<hex>[0-9A-Fa-f\s]*)|\((?<text>(?:[^()\\]|\\[^])*)/g;
const PAIR = /<([0-9A-Fa-f]{1,8})>\s{0,8}<([0-9A-Fa-f]{1,64})>/g;
const RANGE = /<([0-9A-Fa-f]{1,8})>\s{0,8}<([0-9A-Fa-f]{1,8})>\s{0,8}(?:<([0-9A-Fa-f]{1,64})>|\[([^[\]]*))/g;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\n": "", "\r\n": "", "\r": "",
}; // prettier-ignore

/**
 * Refuses other foldings than one Flate layer, and measures each of those before anything is unfolded.
 *
 * The whole file is searched for streams, so that nothing depends on how a reader finds them.
 */
export function refuseBombs(data: Uint8Array, text: string): void {
  const heads: { start: number; end: number }[] = [];
  for (const stream of text.matchAll(STREAM_HEAD)) {
    if (heads.length > MAX_STREAMS) throw new Fault("bomb");
    const earliest = Math.max(0, stream.index - MAX_HEAD_BYTES);
    const object = text.slice(earliest, stream.index).lastIndexOf("obj");
    heads.push({ start: earliest + Math.max(0, object), end: stream.index + stream[0].length });
  }
  let following = 0;
  for (const { index } of text.matchAll(FILTER)) {
    PLAIN_FILTER.lastIndex = index;
    if (PLAIN_FILTER.test(text)) continue;
    while (following < heads.length && heads[following]!.end <= index) following += 1;
    if (following < heads.length && heads[following]!.start <= index) throw new Fault("other_compression");
  }
  measure(data, text);
}

/** Unfolds whatever could be a stream, within bounds of what comes out and of what goes in. */
function measure(data: Uint8Array, text: string): void {
  let budget = MAX_INFLATED_BYTES;
  // A place inside a stream may look like the beginning of another; reports have none that unfolds for long.
  let packedBudget = 4 * data.length + MAX_INFLATED_BYTES;
  let count = 0;
  for (const stream of text.matchAll(STREAM)) {
    if (count++ > 4 * MAX_STREAMS) throw new Fault("bomb");
    const start = stream.index + stream[0].length;
    try {
      const { size, end } = inflateZlib(data, start, budget, false);
      budget -= size;
      packedBudget -= end - start;
    } catch (error) {
      if (error instanceof TooMuch) throw new Fault("bomb");
      if (!(error instanceof BadFolding)) throw error;
      budget -= error.size;
      packedBudget -= error.packed;
    }
    if (budget < 0 || packedBudget < 0) throw new Fault("bomb");
  }
}

/** The files a document carries, by name; throws a Fault on two of one name. */
export function embeddedFiles(pdf: PdfFile): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const names = pdf.root.map.get("Names");
  const tree = names === undefined ? undefined : pdf.dictionary(names).map.get("EmbeddedFiles");
  if (tree === undefined) return found;
  for (const [name, specification] of nameTree(pdf, tree)) {
    if (found.has(name) || found.size === MAX_FILES) throw new Fault("structure");
    const files = pdf.dictionary(pdf.dictionary(specification).map.get("EF"));
    found.set(name, unfoldedStream(pdf.stream(files.map.get("F"))));
  }
  return found;
}

/** Unfolds a stream within a bound. */
export function unfoldedStream(stream: PdfStream): Uint8Array {
  if (!stream.map.has("Filter")) return stream.folded;
  const { content } = inflateZlib(stream.folded, 0, MAX_EMBEDDED_BYTES);
  return content ?? new Uint8Array();
}

/**
 * Whether a page prints a text, whatever spaces and line ends stand between its characters.
 *
 * Reads the characters that pages show through their fonts' tables (ToUnicode); drawn glyphs and pictures of text say
 * nothing. Searched page by page, the last first, where a report has its proof.
 */
export function prints(pdf: PdfFile, wanted: string): boolean {
  const shown = new Shown(pdf);
  return pagesOf(pdf).reverse().some((page) => shown.textOf(page).includes(wanted));
}

function pagesOf(pdf: PdfFile): PdfDictionary[] {
  const pages: PdfDictionary[] = [];
  const waiting: (PdfValue | undefined)[] = [pdf.root.map.get("Pages")];
  for (let seen = 0; waiting.length; ) {
    const node = pdf.dictionary(waiting.shift());
    const kids = node.map.has("Kids") ? pdf.array(node.map.get("Kids")) : null;
    if (++seen + waiting.length + (kids?.length ?? 0) > MAX_PAGES) throw new Fault("structure");
    if (kids === null) pages.push(node);
    else waiting.unshift(...kids);
  }
  return pages;
}

type Codes = ReadonlyMap<string, string>;

/** Reads pages within one bound for all of them. */
class Shown {
  private left = MAX_SHOWN_BYTES;
  private readonly tables = new Map<number, Codes>();

  constructor(private readonly pdf: PdfFile) {}

  /** The characters of a page without white space. */
  textOf(page: PdfDictionary): string {
    const contents = this.pdf.resolve(page.map.get("Contents"));
    const streams = contents.kind === "array" ? contents.items : contents.kind === "null" ? [] : [contents];
    const content = streams.map((each) => this.contentOf(each)).join("\n");
    const fonts = this.fontsOf(page);
    let [shown, depth]: [string, number] = ["", 0];
    let current: Codes = new Map();
    for (const { groups } of content.matchAll(SHOWN)) {
      const { open, close, font, hex, text } = groups ?? {};
      // A property list says what nobody sees.
      if (open !== undefined) depth += 1;
      else if (close !== undefined) depth = Math.max(0, depth - 1);
      else if (font !== undefined) current = fonts.get(font) ?? new Map();
      else if (depth) continue;
      else if (hex !== undefined) shown += decoded(fromHexDigits(hex), current);
      else if (text !== undefined) shown += decoded(unescaped(text), current);
    }
    return shown.replace(/[\u200b\s]+/g, "");
  }

  private fontsOf(page: PdfDictionary): Map<string, Codes> {
    const found = new Map<string, Codes>();
    const resources = page.map.get("Resources");
    const fonts = resources === undefined ? undefined : this.pdf.dictionary(resources).map.get("Font");
    for (const [name, reference] of fonts === undefined ? [] : this.pdf.dictionary(fonts).map) {
      const stream = this.pdf.dictionary(reference).map.get("ToUnicode");
      if (stream === undefined) continue;
      const number = reference.kind === "reference" ? reference.number : -1;
      const table = this.tables.get(number) ?? tableOf(this.contentOf(stream));
      if (number >= 0) this.tables.set(number, table);
      found.set(name, table);
    }
    return found;
  }

  private contentOf(value: PdfValue): string {
    const content = unfoldedStream(this.pdf.stream(value));
    this.left -= content.length + 64;
    if (this.left < 0) throw new Fault("bomb");
    return latin1(content);
  }
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{1,3}|\r\n|[^])/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8) & 0xff) : (ESCAPES[escaped] ?? escaped),
  );

function decoded(codes: string, table: ReadonlyMap<string, string>): string {
  let text = "";
  for (let at = 0; at < codes.length; at += 2) text += table.get(codes.slice(at, at + 2)) ?? "";
  return text;
}

/** Reads which characters a font's two-byte codes stand for; throws a Fault `bomb` when it names more than there are. */
function tableOf(cmap: string): Codes {
  const table = new Map<string, string>();
  let count = 0;
  const put = (code: string, text: string): void => {
    if (++count > MAX_CODES) throw new Fault("bomb");
    table.set(code, utf16(text));
  };
  for (const piece of cmap.split("endbf").slice(0, -1)) {
    const section = piece.slice(piece.lastIndexOf("beginbf") + "beginbf".length);
    if (section.startsWith("char")) {
      for (const [, code, text] of section.matchAll(PAIR)) put(fromHexDigits(code!), text!);
    } else if (section.startsWith("range")) {
      for (const [, from, until, first, list] of section.matchAll(RANGE)) {
        const start = Number.parseInt(from!, 16) & 0xffff;
        const last = Math.min(Number.parseInt(until!, 16), 0xffff);
        const listed = list === undefined ? null : [...list.matchAll(/<([0-9A-Fa-f]{1,64})>/g)].map((each) => each[1]!);
        const many = listed === null ? last - start + 1 : Math.min(listed.length, 0x10000);
        for (let n = 0; n < many; n++) put(twoOctets((start + n) & 0xffff), listed === null ? next(first!, n) : listed[n]!);
      }
    }
  }
  return table;
}

const next = (first: string, more: number): string => (BigInt(`0x${first}`) + BigInt(more)).toString(16).padStart(first.length, "0");

const twoOctets = (code: number): string => String.fromCharCode(code >> 8, code & 0xff);

function utf16(hex: string): string {
  const octets = fromHexDigits(hex);
  let text = "";
  for (let at = 0; at + 1 < octets.length; at += 2) {
    text += String.fromCharCode((octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1));
  }
  return text;
}

function nameTree(pdf: PdfFile, root: PdfValue): [string, PdfValue][] {
  const entries: [string, PdfValue][] = [];
  const waiting: PdfValue[] = [root];
  for (let seen = 0; waiting.length; ) {
    const { map } = pdf.dictionary(waiting.shift());
    const kids = map.has("Kids") ? pdf.array(map.get("Kids")) : [];
    const names = map.has("Names") ? pdf.array(map.get("Names")) : [];
    seen += 1 + kids.length;
    if (seen > MAX_FILES || entries.length + names.length / 2 > MAX_FILES) throw new Fault("structure");
    waiting.push(...kids);
    for (let at = 0; at + 1 < names.length; at += 2) {
      const name = pdf.resolve(names[at]);
      if (name.kind !== "string") throw new BadPdf("a name that is none");
      entries.push([pdfText(name), names[at + 1]!]);
    }
  }
  return entries;
}
