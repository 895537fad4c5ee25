/**
 * The seller's screen on the operator's desk: rrweb's events over a data channel, both ends of it.
 *
 * An event is JSON, cut into pieces of at most 16 000 characters; the first character of a piece says whether more follow
 * (`+`) or not (`.`). The desk asks for a whole picture with `snapshot`. Neither end knows rrweb or a document: the phone's
 * end is given `takeSnapshot`, the desk's end hands events on.
 *
 * Source: rrweb's guide, "Event": type 4 (Meta) begins a whole picture, type 2 (FullSnapshot) follows it.
 */

/** A message of a data channel that every browser takes. */
export const PIECE_CHARS = 16_000;
/** More than this waiting on the phone: the line is too slow for what happens on the screen. */
export const MOST_BUFFERED_BYTES = 1_000_000;
/** What a phone may send; a page of ours sends 10 kB at first and a few kB/s later. */
export const MOST_BYTES_PER_S = 512_000;
/** No single picture of our pages comes near this. */
const MOST_EVENT_CHARS = 4_000_000;
/** A desk that cannot read what it gets asks again, but not faster than this. */
const ASK_AGAIN_MS = 1_000;
/** A whole picture costs the phone some work: a desk that asks without end is answered no faster than this. */
export const ANSWER_AGAIN_MS = 500;

export const MIRROR_CHANNEL = { label: "mirror", id: 1 } as const;
/** What the desk says to get a whole picture. */
export const ASK_SNAPSHOT = "snapshot";

const META = 4;

/** An event of rrweb, as far as the line must know it. */
export interface MirrorEvent {
  readonly type: number;
  readonly data: unknown;
  /** Milliseconds since 1970: of the phone's clock when sent, of the desk's when received. */
  readonly timestamp: number;
}

export function piecesOf(text: string): string[] {
  const size = PIECE_CHARS - 1;
  const pieces: string[] = [];
  for (let from = 0; from < text.length || from === 0; from += size) {
    const isLast = from + size >= text.length;
    pieces.push((isLast ? "." : "+") + text.slice(from, from + size));
  }
  return pieces;
}

/** A piece that is none of ours, or an event without end. */
export class BadPiece extends Error {
  constructor() {
    super("The other side sent something that is no part of a mirrored screen.");
    this.name = "BadPiece";
  }
}

/** Puts pieces together again. */
export class Reassembler {
  #begun = "";

  /** The whole text when this piece was its last; `null` when more follow. @throws BadPiece */
  push(piece: string): string | null {
    const mark = piece[0];
    const isTooMuch = piece.length > PIECE_CHARS || this.#begun.length + piece.length > MOST_EVENT_CHARS;
    if ((mark !== "+" && mark !== ".") || isTooMuch) {
      this.clear();
      throw new BadPiece();
    }
    this.#begun += piece.slice(1);
    if (mark === "+") return null;
    const whole = this.#begun;
    this.clear();
    return whole;
  }

  clear(): void {
    this.#begun = "";
  }
}

/** The part of a data channel that is needed, so that tests hand in their own. */
export type MirrorChannel = Pick<
  RTCDataChannel,
  "readyState" | "bufferedAmount" | "bufferedAmountLowThreshold" | "send" | "addEventListener" | "removeEventListener"
>;

export interface MirrorSenderOptions {
  readonly channel: MirrorChannel;
  /** Make rrweb emit a whole picture (Meta, then FullSnapshot), at once. */
  readonly takeSnapshot: () => void;
  /** Put addresses that mean nothing elsewhere (`blob:`) into ones that the desk can open. */
  readonly rewrite?: (text: string) => string;
}

/** The phone's end: never more than the line carries, and after every gap a whole picture. */
export class MirrorSender {
  readonly #options: MirrorSenderOptions;
  /** The desk lacks something: only a whole picture makes sense to it. */
  #isStale = true;
  #isPaused = false;
  #isClosed = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #answer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: MirrorSenderOptions) {
    this.#options = options;
    const { channel } = options;
    channel.bufferedAmountLowThreshold = MOST_BUFFERED_BYTES / 4;
    channel.addEventListener("open", this.#refresh);
    channel.addEventListener("bufferedamountlow", this.#drained);
    channel.addEventListener("message", this.#heard);
    if (channel.readyState === "open") this.#refresh();
  }

  /** Hand on what rrweb emits. */
  emit(event: { readonly type: number }): void {
    const { channel, rewrite } = this.#options;
    if (this.#isClosed || this.#isPaused || channel.readyState !== "open") {
      this.#isStale = true;
      return;
    }
    if (channel.bufferedAmount > MOST_BUFFERED_BYTES) {
      this.#isStale = true; // Nothing is sent until the line is free; then comes a whole picture.
      return;
    }
    if (this.#isStale && event.type !== META) return;
    this.#isStale = false;
    const text = JSON.stringify(event);
    for (const piece of piecesOf(rewrite === undefined ? text : rewrite(text))) channel.send(piece);
  }

  /** The seller paused: nothing leaves. Afterwards the desk gets a whole picture. */
  pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#isStale = true;
    else this.#refresh();
  }

  close(): void {
    const { channel } = this.#options;
    this.#isClosed = true;
    clearTimeout(this.#answer);
    channel.removeEventListener("open", this.#refresh);
    channel.removeEventListener("bufferedamountlow", this.#drained);
    channel.removeEventListener("message", this.#heard);
  }

  readonly #refresh = (): void => {
    if (this.#isClosed || this.#isPaused || this.#options.channel.readyState !== "open") return;
    this.#isStale = true;
    this.#options.takeSnapshot();
  };

  readonly #drained = (): void => {
    if (this.#isStale) this.#refresh();
  };

  readonly #heard = (event: Event): void => {
    if ((event as MessageEvent).data !== ASK_SNAPSHOT) return;
    clearTimeout(this.#answer);
    const wait_ms = this.#answeredAt + ANSWER_AGAIN_MS - performance.now();
    if (wait_ms > 0) this.#answer = setTimeout(this.#giveWhole, wait_ms);
    else this.#giveWhole();
  };

  readonly #giveWhole = (): void => {
    this.#answeredAt = performance.now();
    this.#refresh();
  };
}

export interface MirrorReceiverOptions {
  readonly channel: MirrorChannel;
  /** Every event in order; `isStart` for the first of a whole picture, before which all others are worthless. */
  readonly onEvent: (event: MirrorEvent, isStart: boolean) => void;
  /** Milliseconds of this device's clock. */
  readonly now?: () => number;
}

/** The desk's end: takes no more than a bounded stream, and puts the phone's times onto this device's clock. */
export class MirrorReceiver {
  readonly #options: MirrorReceiverOptions;
  readonly #pieces = new Reassembler();
  readonly #now: () => number;
  #isStale = true;
  #askedAt = Number.NEGATIVE_INFINITY;
  #windowFrom = Number.NEGATIVE_INFINITY;
  #windowBytes = 0;

  constructor(options: MirrorReceiverOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    options.channel.addEventListener("open", this.#opened);
    options.channel.addEventListener("message", this.#heard);
    if (options.channel.readyState === "open") this.#opened();
  }

  /** Show everything anew: the view was built again, or something in it went wrong. */
  ask(): void {
    this.#isStale = true;
    this.#pieces.clear();
    const now = this.#now();
    if (this.#options.channel.readyState !== "open" || now - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = now;
    this.#options.channel.send(ASK_SNAPSHOT);
  }

  close(): void {
    this.#options.channel.removeEventListener("open", this.#opened);
    this.#options.channel.removeEventListener("message", this.#heard);
  }

  readonly #opened = (): void => this.ask();

  readonly #heard = (message: Event): void => {
    const { data } = message as MessageEvent;
    if (typeof data !== "string" || !this.#mayTake(data.length)) {
      this.ask();
      return;
    }
    try {
      const text = this.#pieces.push(data);
      if (text !== null) this.#take(parseEvent(text));
    } catch {
      this.ask();
    }
  };

  #take(event: MirrorEvent): void {
    const isStart = event.type === META;
    if (this.#isStale && !isStart) {
      this.ask();
      return;
    }
    this.#isStale = false;
    this.#options.onEvent({ ...event, timestamp: this.#now() }, isStart);
  }

  #mayTake(bytes: number): boolean {
    const now = this.#now();
    if (now - this.#windowFrom >= 1000) {
      this.#windowFrom = now;
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    return this.#windowBytes <= MOST_BYTES_PER_S;
  }
}

/** @throws BadPiece It is no event. */
function parseEvent(text: string): MirrorEvent {
  const value: unknown = JSON.parse(text);
  const type = value !== null && typeof value === "object" && "type" in value ? value.type : null;
  if (typeof type !== "number" || !Number.isInteger(type) || type < 0 || type > 20) throw new BadPiece();
  return value as MirrorEvent;
}
