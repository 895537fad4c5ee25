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
/** The parts of a page's content that choose a font or show characters, as our documents write them. */
const SHOWN =
  /<<(?:[^<>()]|<[0-9A-Fa-f\s]*>|\((?:[^()\\]|\\[^])*\))*>>|\/(?<font>[^\s/<>[\]()%]+)\s+[-\d.]+\s+Tf|<(?<hex>[0-9A-Fa-f\s]*)>|\((?<text>(?:[^()\\]|\\[^])*)\)/g;
const SECTION = /begin(bfchar|bfrange)([^]*?)endbf(?:char|range)/g;
const PAIR = /<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g;
const RANGE = /<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*(?:<([0-9A-Fa-f]+)>|(\[[^\]]*\]))/g;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\n": "", "\r\n": "", "\r": "",
}; // prettier-ignore

/**
 * Refuses other foldings than one Flate layer, and measures each of those before anything is unfolded.
 *
 * The whole file is searched for streams, so that nothing depends on how a reader finds them.
 */
export function refuseBombs(data: Uint8Array, text: string): void {
  let count = 0;
  for (const stream of text.matchAll(STREAM_HEAD)) {
    if (count++ > MAX_STREAMS) throw new Fault("bomb");
    const begin = text.slice(Math.max(0, stream.index - MAX_HEAD_BYTES), stream.index).lastIndexOf("obj");
    const start = begin < 0 ? 0 : Math.max(0, stream.index - MAX_HEAD_BYTES) + begin;
    for (const match of text.slice(start, stream.index + stream[0].length).matchAll(FILTER)) {
      PLAIN_FILTER.lastIndex = start + match.index;
      if (!PLAIN_FILTER.test(text)) throw new Fault("other_compression");
    }
  }
  let budget = MAX_INFLATED_BYTES;
  count = 0;
  for (const stream of text.matchAll(STREAM)) {
    if (count++ > 4 * MAX_STREAMS) throw new Fault("bomb");
    try {
      budget -= inflateZlib(data, stream.index + stream[0].length, budget, false).size;
    } catch (error) {
      if (error instanceof TooMuch) throw new Fault("bomb");
      if (!(error instanceof BadFolding)) throw error;
    }
  }
}

/** The files a document carries, by name; throws a Fault on two of one name. */
export function embeddedFiles(pdf: PdfFile): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const names = pdf.root.map.get("Names");
  const tree = names === undefined ? undefined : pdf.dictionary(names).map.get("EmbeddedFiles");
  if (tree === undefined) return found;
  for (const [name, specification] of nameTree(pdf, tree, 0)) {
    if (found.has(name)) throw new Fault("structure");
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
  const tables = new Map<string, ReadonlyMap<string, string>>();
  return pagesOf(pdf).reverse().some((page) => pageText(pdf, page, tables).includes(wanted));
}

function pagesOf(pdf: PdfFile): PdfDictionary[] {
  const pages: PdfDictionary[] = [];
  const waiting: (PdfValue | undefined)[] = [pdf.root.map.get("Pages")];
  for (let seen = 0; waiting.length; ) {
    const node = pdf.dictionary(waiting.shift());
    if (++seen > MAX_PAGES) throw new Fault("structure");
    const kids = node.map.get("Kids");
    if (kids === undefined) pages.push(node);
    else waiting.unshift(...pdf.array(kids));
  }
  return pages;
}

function pageText(pdf: PdfFile, page: PdfDictionary, tables: Map<string, ReadonlyMap<string, string>>): string {
  const contents = pdf.resolve(page.map.get("Contents"));
  const streams = contents.kind === "array" ? contents.items : contents.kind === "null" ? [] : [contents];
  const content = streams.map((each) => latin1(unfoldedStream(pdf.stream(each)))).join("\n");
  const fonts = fontsOf(pdf, page, tables);
  let [shown, current]: [string, ReadonlyMap<string, string>] = ["", new Map()];
  for (const { groups } of content.matchAll(SHOWN)) {
    const { font, hex, text } = groups ?? {};
    if (font !== undefined) current = fonts.get(font) ?? new Map();
    else if (hex !== undefined) shown += decoded(fromHexDigits(hex), current);
    else if (text !== undefined) shown += decoded(unescaped(text), current);
  }
  return shown.replace(/[\u200b\s]+/g, "");
}

function fontsOf(
  pdf: PdfFile,
  page: PdfDictionary,
  tables: Map<string, ReadonlyMap<string, string>>,
): Map<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  const resources = page.map.get("Resources");
  const fonts = resources === undefined ? undefined : pdf.dictionary(resources).map.get("Font");
  for (const [name, reference] of fonts === undefined ? [] : pdf.dictionary(fonts).map) {
    const table = pdf.dictionary(reference).map.get("ToUnicode");
    if (table === undefined) continue;
    const key = reference.kind === "reference" ? `${reference.number}` : "";
    const read = (key && tables.get(key)) || tableOf(latin1(unfoldedStream(pdf.stream(table))));
    if (key) tables.set(key, read);
    found.set(name, read);
  }
  return found;
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

/** Reads which characters a font's two-byte codes stand for. */
function tableOf(cmap: string): Map<string, string> {
  const table = new Map<string, string>();
  for (const [, kind, body] of cmap.matchAll(SECTION)) {
    if (kind === "bfchar") {
      for (const [, code, text] of body!.matchAll(PAIR)) table.set(fromHexDigits(code!), utf16(text!));
      continue;
    }
    for (const [, from, until, first, list] of body!.matchAll(RANGE)) {
      const start = Number.parseInt(from!.slice(-4), 16);
      const last = Math.min(Number.parseInt(until!, 16), 0xffff);
      const listed = list === undefined ? null : [...list.matchAll(/<([0-9A-Fa-f]+)>/g)].map((each) => each[1]!);
      for (let n = 0; n <= last - start; n++) {
        const text = listed === null ? next(first!, n) : listed[n];
        if (text !== undefined) table.set(twoOctets((start + n) & 0xffff), utf16(text));
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

function nameTree(pdf: PdfFile, value: PdfValue, depth: number): [string, PdfValue][] {
  if (depth > 8) throw new Fault("structure");
  const { map } = pdf.dictionary(value);
  const kids = map.has("Kids") ? pdf.array(map.get("Kids")) : [];
  const entries = kids.flatMap((kid) => nameTree(pdf, kid, depth + 1));
  const names = map.has("Names") ? pdf.array(map.get("Names")) : [];
  for (let at = 0; at + 1 < names.length; at += 2) {
    const name = pdf.resolve(names[at]);
    if (name.kind !== "string") throw new BadPdf("a name that is none");
    entries.push([pdfText(name), names[at + 1]!]);
  }
  return entries;
}
