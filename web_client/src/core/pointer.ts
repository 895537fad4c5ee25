/**
 * Pointing and drawing on the camera's picture: messages of the `pointer` data channel, what is on the picture because of
 * them, and where on a screen a place of the picture is.
 *
 * Places are shares (0 to 1) of the camera's picture as the camera gives it, never of a screen: each screen shows it cut or
 * with margins of its own.
 */

export const POINTER_CHANNEL = { label: "pointer", id: 2 } as const;

/** A share of the picture's width and height, from the top left. */
export type Spot = readonly [x: number, y: number];

export type PointerMessage =
  | { readonly t: "point"; readonly x: number; readonly y: number }
  /** All new points of a line; the same `id` goes on with a line that was begun. */
  | { readonly t: "stroke"; readonly id: string; readonly points: readonly Spot[]; readonly done: boolean }
  | { readonly t: "clear" };

export const FADE_MS = 3_000;
export const MOST_MESSAGE_CHARS = 4_096;
const MOST_PER_S = 60;
/** What is taken in a second: a line taken back draws all others again, at once. */
const MOST_TAKEN_PER_S = 600;
const MOST_STROKES = 100;
const MOST_POINTS = 5_000;
const MOST_POINTS_A_MESSAGE = 200;
const STROKE_ID = /^[\w-]{1,40}$/;

const isShare = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1;
const isSpot = (value: unknown): value is Spot => Array.isArray(value) && value.length === 2 && value.every(isShare);

/** A message from the other side, or `null` for anything else it may have sent. */
export function parsePointer(data: unknown): PointerMessage | null {
  if (typeof data !== "string" || data.length > MOST_MESSAGE_CHARS) return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object") return null;
  const { t, x, y, id, points, done } = value as Record<string, unknown>;
  if (t === "clear") return { t };
  if (t === "point") return isShare(x) && isShare(y) ? { t, x, y } : null;
  if (t !== "stroke" || typeof id !== "string" || !STROKE_ID.test(id) || !Array.isArray(points)) return null;
  if (points.length > MOST_POINTS_A_MESSAGE || !points.every(isSpot)) return null;
  return { t, id, points, done: done === true };
}

/** Hears the other side, and no more of it than a hand can do. */
export class PointerReceiver {
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The message, or `null` for what is none of ours, or too much. */
  take(data: unknown): PointerMessage | null {
    const now = this.#now();
    if (now - this.#since >= 1000) {
      this.#since = now;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken > MOST_TAKEN_PER_S ? null : parsePointer(data);
  }
}

export type Author = "mine" | "theirs";

export interface Mark {
  readonly by: Author;
  readonly at: Spot;
  /** Milliseconds of this device's clock; gone `FADE_MS` later. */
  readonly since: number;
}

export interface Stroke {
  readonly id: string;
  readonly by: Author;
  readonly points: readonly Spot[];
}

/** What lies over the picture. */
export interface Board {
  readonly marks: readonly Mark[];
  readonly strokes: readonly Stroke[];
}
export const EMPTY_BOARD: Board = { marks: [], strokes: [] };

/** The board after a message; each side has one point at a time, lines stay until they are cleared. */
export function draw(board: Board, by: Author, message: PointerMessage, now: number): Board {
  switch (message.t) {
    case "clear":
      return EMPTY_BOARD;
    case "point": {
      const mark: Mark = { by, at: [message.x, message.y], since: now };
      return { ...board, marks: [...board.marks.filter((other) => other.by !== by), mark] };
    }
    case "stroke": {
      const drawn = board.strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
      if (drawn + message.points.length > MOST_POINTS) return board;
      const before = board.strokes.find((stroke) => stroke.id === message.id && stroke.by === by);
      const points = [...(before?.points ?? []), ...message.points];
      const others = board.strokes.filter((stroke) => stroke !== before);
      // A line without a point is none: it would take the place of one, and spoil the drawing as evidence.
      if (points.length === 0 || (before === undefined && others.length >= MOST_STROKES)) return board;
      return { ...board, strokes: [...others, { id: message.id, by, points }] };
    }
  }
}

/** The board without the points whose time is over; the same object when none was. */
export function faded(board: Board, now: number): Board {
  const marks = board.marks.filter((mark) => now - mark.since < FADE_MS);
  return marks.length === board.marks.length ? board : { ...board, marks };
}

// --- where it is ------------------------------------------------------------------------------

export interface Size {
  readonly width: number;
  readonly height: number;
}
export type Fit = "contain" | "cover" | "fill";

/** Where the whole picture lies within its element, in the element's pixels; with `cover` it reaches beyond it. */
export function pictureWithin(
  element: Size,
  picture: Size,
  fit: Fit,
): Size & { readonly left: number; readonly top: number } {
  if (fit === "fill" || picture.width <= 0 || picture.height <= 0) return { left: 0, top: 0, ...element };
  const across = element.width / picture.width;
  const down = element.height / picture.height;
  const scale = fit === "cover" ? Math.max(across, down) : Math.min(across, down);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { left: (element.width - width) / 2, top: (element.height - height) / 2, width, height };
}

/** The place of the picture under a place of its element; `null` beside the picture. */
export function spotAt(x: number, y: number, element: Size, picture: Size, fit: Fit): Spot | null {
  const box = pictureWithin(element, picture, fit);
  const spot: Spot = [(x - box.left) / box.width, (y - box.top) / box.height];
  return isSpot(spot) ? spot : null;
}

/** The place in the element, in its pixels, of a place of the picture. */
export function placeOf(spot: Spot, element: Size, picture: Size, fit: Fit): readonly [number, number] {
  const box = pictureWithin(element, picture, fit);
  return [box.left + spot[0] * box.width, box.top + spot[1] * box.height];
}

// --- sending ----------------------------------------------------------------------------------

export type PointerChannel = Pick<RTCDataChannel, "readyState" | "bufferedAmount" | "send">;

const short = (share: number): number => Math.round(share * 10_000) / 10_000;

/** Sends at most sixty messages a second: a point between two others may be left out, a piece of a line never is. */
export class PointerSender {
  readonly #channel: PointerChannel;
  readonly #now: () => number;
  #pointedAt = Number.NEGATIVE_INFINITY;
  #held: { id: string; points: Spot[] } | null = null;
  #strokedAt = Number.NEGATIVE_INFINITY;

  constructor(channel: PointerChannel, now: () => number = () => performance.now()) {
    this.#channel = channel;
    this.#now = now;
  }

  point(spot: Spot): void {
    const now = this.#now();
    if (now - this.#pointedAt < 1000 / (MOST_PER_S / 2)) return;
    this.#pointedAt = now;
    this.#send({ t: "point", x: short(spot[0]), y: short(spot[1]) });
  }

  /** Add a point to a line; `done` sends what is left of it. */
  stroke(id: string, spot: Spot | null, done: boolean): void {
    if (this.#held !== null && this.#held.id !== id) this.#flush(true);
    this.#held ??= { id, points: [] };
    if (spot !== null) this.#held.points.push([short(spot[0]), short(spot[1])]);
    const now = this.#now();
    const isDue = now - this.#strokedAt >= 1000 / (MOST_PER_S / 2) || this.#held.points.length >= MOST_POINTS_A_MESSAGE - 1;
    if (!done && !isDue) return;
    this.#strokedAt = now;
    this.#flush(done);
  }

  clear(): void {
    this.#held = null;
    this.#send({ t: "clear" });
  }

  #flush(done: boolean): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = done ? null : { id: held.id, points: [] };
    this.#send({ t: "stroke", id: held.id, points: held.points, done });
  }

  #send(message: PointerMessage): void {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify(message));
  }
}
