/**
 * What comes from a seller's phone is whatever somebody made that phone send. Before the desk shows any of it, every event is
 * built anew from the few things a screen of ours consists of: no scripts, no frames, no addresses outside, no end of nodes.
 *
 * It stands in front of the two walls that hold anyway: rrweb's frame may not run scripts (`sandbox`), and the page's content
 * security policy, which the frame inherits, loads nothing from elsewhere.
 *
 * Source: rrweb's `packages/types`: numbers of event types, sources and node types.
 */

import { ATTRIBUTES, ELEMENTS, INPUT_TYPES, PICTURE_ATTRIBUTES } from "./mirror-words";

export const EVENT = { FULL: 2, INCREMENTAL: 3, META: 4 } as const;
const NODE = { DOCUMENT: 0, DOCTYPE: 1, ELEMENT: 2, TEXT: 3 } as const;
const SOURCE = { MUTATION: 0, SCROLL: 3, RESIZE: 4, INPUT: 5, RULE: 8, DECLARATION: 13, ADOPTED: 15 } as const;

const MOST_NODES = 20_000;
const MOST_DEPTH = 120;
const MOST_TEXT_CHARS = 20_000;
const MOST_CSS_CHARS = 500_000;
const MOST_PICTURE_CHARS = 2_000_000;
const SMALLEST_SIDE_PX = 100;
const LARGEST_SIDE_PX = 4_096;

/** An event that no page of ours would send; the mirror asks for a whole picture, and gives up when that is bad too. */
export class BadEvent extends Error {
  constructor(what: string) {
    super(`The mirrored screen has ${what}.`);
    this.name = "BadEvent";
  }
}

type Loose = Readonly<Record<string, unknown>>;

export interface CleanEvent {
  readonly type: number;
  readonly data: Loose;
}

export interface GuardOptions {
  /** Where the desk's page comes from; pictures from here may be shown. */
  readonly origin: string;
  /** The case, whose photos the desk asks for by its own door. */
  readonly inspectionId: string;
}

/** Cleans the events of one stream, in order: it remembers which nodes are styles. */
export class MirrorGuard {
  readonly #options: GuardOptions;
  readonly #nodes = new Map<number, string>();
  readonly #styleTexts = new Set<number>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** The event as it may be shown, or `null` when there is nothing in it to show. @throws BadEvent */
  clean(event: { readonly type: number; readonly data: unknown }): CleanEvent | null {
    if (event.type !== EVENT.META && event.type !== EVENT.FULL && event.type !== EVENT.INCREMENTAL) return null;
    const data = record(event.data);
    switch (event.type) {
      case EVENT.META:
        return { type: EVENT.META, data: { href: "", ...sizeOf(data) } };
      case EVENT.FULL: {
        this.#nodes.clear();
        this.#styleTexts.clear();
        const offset = record(data.initialOffset ?? {});
        const node = this.#node(data.node, 0, null);
        if (node.type !== NODE.DOCUMENT) throw new BadEvent("no document");
        return { type: EVENT.FULL, data: { node, initialOffset: { top: amount(offset.top), left: amount(offset.left) } } };
      }
      default: {
        const change = this.#change(data);
        return change === null ? null : { type: EVENT.INCREMENTAL, data: change };
      }
    }
  }

  #change(data: Loose): Loose | null {
    const { source } = data;
    switch (source) {
      case SOURCE.MUTATION:
        return this.#mutation(data);
      case SOURCE.SCROLL:
        return { source, id: idOf(data.id), x: amount(data.x), y: amount(data.y) };
      case SOURCE.RESIZE:
        return { source, ...sizeOf(data) };
      case SOURCE.INPUT:
        return { source, id: idOf(data.id), text: text(data.text), isChecked: data.isChecked === true };
      case SOURCE.RULE:
        return {
          source,
          ...styled(data),
          adds: list(data.adds ?? []).map((add) => ({ ...place(record(add).index), rule: css(record(add).rule) })),
          removes: list(data.removes ?? []).map((gone) => place(record(gone).index)),
        };
      case SOURCE.DECLARATION: {
        const set = data.set === undefined ? null : record(data.set);
        const remove = data.remove === undefined ? null : record(data.remove);
        return {
          source,
          ...styled(data),
          ...place(data.index),
          ...(set && { set: { property: text(set.property), value: css(set.value), priority: text(set.priority) } }),
          ...(remove && { remove: { property: text(remove.property) } }),
        };
      }
      case SOURCE.ADOPTED:
        return {
          source,
          id: idOf(data.id),
          styleIds: list(data.styleIds).map(idOf),
          styles: list(data.styles ?? []).map((style) => ({
            styleId: idOf(record(style).styleId),
            rules: list(record(style).rules).map((rule) => ({ ...place(record(rule).index), rule: css(record(rule).rule) })),
          })),
        };
      default:
        return null; // Moves, clicks, media, canvases, fonts, selections: nothing the screen needs.
    }
  }

  #mutation(data: Loose): Loose {
    const removes = list(data.removes).map((each) => {
      const { id, parentId, isShadow } = record(each);
      return { id: idOf(id), parentId: idOf(parentId), ...(isShadow === true && { isShadow }) };
    });
    for (const { id } of removes) {
      this.#nodes.delete(id);
      this.#styleTexts.delete(id);
    }
    return {
      source: SOURCE.MUTATION,
      removes,
      adds: list(data.adds).map((each) => {
        const add = record(each);
        const parentId = idOf(add.parentId);
        const parent = this.#nodes.get(parentId) ?? null;
        return {
          parentId,
          nextId: add.nextId === null || add.nextId === undefined ? null : idOf(add.nextId),
          node: this.#node(add.node, 1, parent),
        };
      }),
      texts: list(data.texts).map((each) => {
        const change = record(each);
        const id = idOf(change.id);
        if (change.value === null) return { id, value: null };
        return { id, value: this.#styleTexts.has(id) ? css(change.value) : text(change.value) };
      }),
      attributes: list(data.attributes).map((each) => {
        const change = record(each);
        const id = idOf(change.id);
        return { id, attributes: this.#attributes(record(change.attributes), this.#nodes.get(id) ?? "div") };
      }),
    };
  }

  #node(raw: unknown, depth: number, parent: string | null): Loose & { readonly type: number } {
    if (depth > MOST_DEPTH) throw new BadEvent("too many levels");
    const node = record(raw);
    const id = idOf(node.id);
    if (this.#nodes.size >= MOST_NODES) throw new BadEvent("too many parts");
    const children = (tag: string): readonly Loose[] =>
      list(node.childNodes).map((child) => this.#node(child, depth + 1, tag));
    switch (node.type) {
      case NODE.DOCUMENT:
        this.#nodes.set(id, "#document");
        return { type: NODE.DOCUMENT, id, childNodes: children("#document") };
      case NODE.DOCTYPE:
        return { type: NODE.DOCTYPE, id, name: "html", publicId: "", systemId: "" };
      case NODE.TEXT: {
        this.#nodes.set(id, "#text");
        if (parent !== "style") return { type: NODE.TEXT, id, textContent: text(node.textContent) };
        this.#styleTexts.add(id);
        return { type: NODE.TEXT, id, isStyle: true, textContent: css(node.textContent) };
      }
      case NODE.ELEMENT:
        return this.#element(node, id, children);
      default:
        return { type: NODE.TEXT, id, textContent: "" }; // Comments and the like keep their place.
    }
  }

  #element(node: Loose, id: number, children: (tag: string) => readonly Loose[]): Loose & { readonly type: number } {
    const attributes = record(node.attributes);
    const named = text(node.tagName).toLowerCase();
    // A linked style sheet comes with its text; the link itself would be loaded.
    const tag = named === "link" && typeof attributes._cssText === "string" ? "style" : named;
    if (!ELEMENTS.has(tag)) {
      this.#nodes.set(id, "span");
      return { type: NODE.ELEMENT, id, tagName: "span", attributes: { hidden: true }, childNodes: [] };
    }
    this.#nodes.set(id, tag);
    return {
      type: NODE.ELEMENT,
      id,
      tagName: tag,
      attributes: this.#attributes(attributes, tag),
      childNodes: children(tag),
      ...(node.isSVG === true && { isSVG: true }),
      ...(node.isShadowHost === true && { isShadowHost: true }),
      ...(node.isShadow === true && { isShadow: true }),
    };
  }

  #attributes(raw: Loose, tag: string): Loose {
    const clean: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(raw)) {
      const known = name.toLowerCase();
      if (known === "__proto__") continue;
      if (value === null) {
        clean[name] = null; // taken away
      } else if (name === "_cssText") {
        if (tag === "style") clean[name] = css(value);
      } else if (PICTURE_ATTRIBUTES.has(known)) {
        const address = tag === "img" || (tag === "canvas" && known === "rr_dataurl") ? this.#picture(value) : null;
        if (address !== null) clean[name] = address;
      } else if (known === "href" || known === "xlink:href") {
        if (tag === "use" && typeof value === "string" && /^#[\w-]{1,100}$/.test(value)) clean[name] = value;
      } else if (known === "style") {
        clean[name] = typeof value === "string" ? css(value) : declarations(value);
      } else if (known === "type" && tag === "input") {
        clean[name] = INPUT_TYPES.has(String(value)) ? value : "text";
      } else if (ATTRIBUTES.has(known) || /^(data|aria)-[a-z-]{1,60}$/.test(known)) {
        clean[name] = typeof value === "string" ? bounded(withoutAddresses(value), MOST_TEXT_CHARS) : plain(value);
      }
    }
    return clean;
  }

  /** A picture that is part of the event, a drawing of the checklist, or a photo of this case by the desk's own door. */
  #picture(value: unknown): string | null {
    if (typeof value !== "string") return null;
    if (/^data:image\/(png|jpeg|webp|gif|svg\+xml)[;,]/.test(value)) return bounded(value, MOST_PICTURE_CHARS);
    let address: URL;
    try {
      address = new URL(value, this.#options.origin);
    } catch {
      return null;
    }
    // The phone may know the service by another name than the desk does: only the path is taken from it.
    const { pathname, search } = address;
    if (!/^https?:$/.test(address.protocol)) return null;
    const own = /^\/v1\/(?:seller|operator\/inspections\/[\w-]+)\/(captures|frames)\/([\w-]{1,80})(\/photo)?$/.exec(pathname);
    if (own) {
      const size = /^\?size=(thumb|full)$/.test(search) ? search : "";
      return `/v1/operator/inspections/${this.#options.inspectionId}/${own[1]}/${own[2]}${own[3] ?? ""}${size}`;
    }
    return /^\/(v1\/checklist-assets|static)\/[\w./-]{1,200}$/.test(pathname) && !pathname.includes("..") ? pathname : null;
  }
}

/** Style text in which nothing is loaded: no imports, and no addresses but pictures in the text itself. */
export function css(value: unknown): string {
  if (typeof value !== "string") throw new BadEvent("a style that is none");
  const written = value.includes("\\") ? withoutDisguise(value) : value;
  // A space in its place: the letters before and after must not make another one.
  return bounded(withoutAddresses(written.replace(/@import[^;]*(;|$)/gi, " ")), MOST_CSS_CHARS);
}

const ADDRESS = /\b(?:url|src|image-set|-webkit-image-set|image|cross-fade)\s*\(\s*(?:"[^"]*"?|'[^']*'?|[^)]*)\s*\)?/gi;

function withoutAddresses(value: string): string {
  const written = value.includes("\\") ? withoutDisguise(value) : value;
  return /\(/.test(written) ? written.replace(ADDRESS, (found) => (isHarmless(found) ? found : "none")) : written;
}

function isHarmless(address: string): boolean {
  return /^url\(\s*["']?(?:#[\w-]+|data:image\/(?:png|jpeg|webp|gif|svg\+xml)[;,][^"'()\\]*)["']?\s*\)$/i.test(address);
}

/** `\75rl(` is `url(`: letters written by their number, or behind a backslash, are written as themselves. */
function withoutDisguise(value: string): string {
  return value
    .replace(/\\0{0,4}([46][0-9a-f]|[57][0-9a]|28)\s?/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\([g-zG-Z(@-])/g, "$1");
}

/** A style as rrweb tells changes of it: property to value, `[value, priority]`, or `false` when it went. */
function declarations(value: unknown): Loose {
  const clean: Record<string, unknown> = {};
  for (const [property, to] of Object.entries(record(value))) {
    if (!/^-{0,2}[a-z][a-z-]{0,60}$/i.test(property)) continue;
    if (to === false) clean[property] = false;
    else clean[property] = Array.isArray(to) ? [css(to[0]), text(to[1])] : css(to);
  }
  return clean;
}

function sizeOf(data: Loose): { readonly width: number; readonly height: number } {
  const side = (value: unknown): number => {
    const px = Math.round(Number(value));
    if (!(px >= SMALLEST_SIDE_PX && px <= LARGEST_SIDE_PX)) throw new BadEvent("no size of a screen");
    return px;
  };
  return { width: side(data.width), height: side(data.height) };
}

function styled(data: Loose): Loose {
  return {
    ...(data.id !== undefined && { id: idOf(data.id) }),
    ...(data.styleId !== undefined && { styleId: idOf(data.styleId) }),
  };
}

function place(index: unknown): { readonly index?: number | readonly number[] } {
  if (index === undefined) return {};
  return { index: Array.isArray(index) ? index.map(amount) : amount(index) };
}

function record(value: unknown): Loose {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new BadEvent("something that is no part of it");
  return value as Loose;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MOST_NODES) throw new BadEvent("a list without end");
  return value;
}

function idOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new BadEvent("a part without a number");
  return value;
}

const amount = (value: unknown): number => {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? Math.max(-1e6, Math.min(1e6, number)) : 0;
};

const text = (value: unknown): string => bounded(typeof value === "string" ? value : "", MOST_TEXT_CHARS);

const plain = (value: unknown): unknown => (typeof value === "boolean" || typeof value === "number" ? value : "");

function bounded(value: string, most: number): string {
  if (value.length > most) throw new BadEvent("a text without end");
  return value;
}
