/** Pointing and drawing on the camera's picture, and the frozen frame that a drawing may be kept with. */

import { signal } from "@preact/signals";
import type { PhoneState } from "../../../core/messages";
import {
  draw,
  EMPTY_BOARD,
  FADE_MS,
  faded,
  PointerReceiver,
  PointerSender,
  type Author,
  type Board,
  type PointerMessage,
  type Spot,
} from "../../../core/pointer";
import type { StrokeView } from "../../../core/views";
import type { SentCommand } from "./commands";

/** A frame held still on both sides, at the camera's full resolution. */
export interface FrozenFrame {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** The seller's camera runs again; the frame stays here until it is left. */
  readonly isOver: boolean;
}

/** A share of the picture's width: about 5 px on a phone, as wide as a finger-drawn line. */
export const LINE_WIDTH = 0.006;

export class DrawingModel {
  readonly frame = signal<FrozenFrame | null>(null);
  readonly board = signal<Board>(EMPTY_BOARD);
  #sender: PointerSender | null = null;
  readonly #receiver = new PointerReceiver();
  #channel: RTCDataChannel | null = null;
  #fading: ReturnType<typeof setTimeout> | undefined;
  #wasFrozen = false;
  #count = 0;

  constructor(private readonly channel: () => RTCDataChannel | null) {}

  /** Use this connection's channel from now on. */
  listen(channel: RTCDataChannel | null): void {
    this.#channel?.removeEventListener("message", this.#heard);
    this.#channel = channel;
    this.#sender = channel === null ? null : new PointerSender(channel);
    channel?.addEventListener("message", this.#heard);
  }

  /** Whether pointing reaches the phone now. */
  get isConnected(): boolean {
    return this.channel()?.readyState === "open";
  }

  point(spot: Spot): void {
    this.#sender?.point(spot);
    this.#draw("mine", { t: "point", x: spot[0], y: spot[1] });
  }

  /** Begin a line on the frozen frame; goes on with `extend`. */
  begin(spot: Spot): string {
    this.#count += 1;
    const id = `l${Date.now().toString(36)}-${this.#count}`;
    this.extend(id, spot, false);
    return id;
  }

  extend(id: string, spot: Spot | null, done: boolean): void {
    this.#sender?.stroke(id, spot, done);
    if (spot !== null) this.#draw("mine", { t: "stroke", id, points: [spot], done });
  }

  clear(): void {
    this.#sender?.clear();
    this.board.value = EMPTY_BOARD;
  }

  /** Take the last own line away; the phone knows no such word, so everything else is drawn there again. */
  undo(): void {
    const { strokes } = this.board.value;
    const last = strokes.filter((each) => each.by === "mine").at(-1);
    if (last === undefined) return;
    const rest = strokes.filter((each) => each !== last);
    this.#sender?.clear();
    for (const stroke of rest.filter((each) => each.by === "mine")) {
      for (const spot of stroke.points) this.#sender?.stroke(stroke.id, spot, false);
      this.#sender?.stroke(stroke.id, null, true);
    }
    this.board.value = { ...this.board.value, strokes: rest };
  }

  /** The lines as evidence has them: a single point is a dot of its own. */
  get strokes(): readonly StrokeView[] {
    return this.board.value.strokes.map(({ points }) => ({
      points: points.length === 1 ? [points[0]!, points[0]!] : points,
      width: LINE_WIDTH,
    }));
  }

  /** A command was carried out: a frozen frame begins or ends. */
  obeyed(command: SentCommand): void {
    if (command.name === "unfreeze") this.drop();
    if (command.name !== "freeze") return;
    const { frame_id: id, width, height } = command.ack?.effect ?? {};
    if (typeof id !== "string" || typeof width !== "number" || typeof height !== "number") return;
    this.show({ id, width, height });
  }

  show(frame: Omit<FrozenFrame, "isOver">): void {
    this.board.value = EMPTY_BOARD;
    this.#wasFrozen = false;
    this.frame.value = { ...frame, isOver: false };
  }

  /** What the phone says of its camera: when it runs again, the frame is over, and lost unless something is drawn on it. */
  follow(camera: PhoneState["camera"]["state"] | null): void {
    const frame = this.frame.value;
    if (camera === "frozen") this.#wasFrozen = true;
    if (frame === null || camera === "frozen" || !this.#wasFrozen) return;
    if (this.board.value.strokes.length === 0) this.drop();
    else this.frame.value = { ...frame, isOver: true };
  }

  /** Leave the frame; what was not kept is gone. */
  drop(): void {
    this.frame.value = null;
    this.#wasFrozen = false;
    this.board.value = EMPTY_BOARD;
  }

  #draw(by: Author, message: PointerMessage): void {
    this.board.value = draw(this.board.value, by, message, performance.now());
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => (this.board.value = faded(this.board.value, performance.now())), FADE_MS + 20);
  }

  readonly #heard = (event: MessageEvent): void => {
    const message = this.#receiver.take(event.data);
    // Lines belong on a frame that stands still; on a running picture they would point at nothing.
    if (message === null || (message.t === "stroke" && this.frame.value === null)) return;
    this.#draw("theirs", message);
  };
}
