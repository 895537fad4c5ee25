/**
 * A recording's way from the phone to the service: numbered chunks, kept on the phone first, sent one after the other when no
 * photo waits, and forgotten at once when the seller takes the consent back.
 */

import { Backoff, realTimers, type Timers } from "./backoff";
import { sha256Hex } from "./capture";
import { Refused } from "./problems";

export type RecordingKind = "video" | "mirror";

export interface RecordingChunk {
  readonly inspectionId: string;
  readonly recordingId: string;
  readonly kind: RecordingKind;
  /** From 0, without gaps. */
  readonly n: number;
  readonly bytes: ArrayBuffer;
  readonly sha256: string;
}

/** A recording with chunks that are still to be sent, or whose end the service does not know. */
export interface OpenRecording {
  readonly id: string;
  /** How many chunks there are of each kind so far. */
  readonly chunks: Readonly<Partial<Record<RecordingKind, number>>>;
  readonly isOver: boolean;
}

/** Where chunks wait. */
export interface ChunkStore {
  /** @throws NoRoom */
  putChunk(chunk: RecordingChunk): Promise<void>;
  /** The first that waits, in order of recording, kind and number. */
  firstChunk(inspectionId: string): Promise<RecordingChunk | undefined>;
  removeChunk(chunk: Pick<RecordingChunk, "recordingId" | "kind" | "n">): Promise<void>;
  removeChunks(recordingId: string): Promise<void>;
  note(key: string, value: unknown): Promise<void>;
  noted<T>(key: string): Promise<T | undefined>;
}

/** What the service takes of a recording. */
export interface RecordingDoor {
  sendChunk(chunk: RecordingChunk): Promise<void>;
  finishRecording(id: string, chunks: OpenRecording["chunks"]): Promise<void>;
}

/** A store that could not be read is asked again so much later. */
const READ_AGAIN_MS = 5_000;
/** Photos go first: looked at again so often while they do. */
const LOOK_AGAIN_MS = 2_000;

export class RecordingUploads {
  #open: readonly OpenRecording[] = [];
  #isSending = false;
  /** An earlier page may have left something, and the store did not say what. */
  #isUnread = false;
  #timer: unknown = null;
  /** After a failure nothing is tried before this, however many chunks come. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Everything that changes the list happens in this order. */
  #order: Promise<unknown> = Promise.resolve();
  readonly #backoff: Backoff;

  constructor(
    private readonly inspectionId: string,
    private readonly store: ChunkStore,
    private readonly door: RecordingDoor,
    /** Whether no photo waits. */
    private readonly isFree: () => boolean,
    /** The service will take no more of this recording. */
    private readonly onRefused: (recordingId: string) => void = () => undefined,
    private readonly timers: Timers = realTimers,
    chance: () => number = Math.random,
  ) {
    this.#backoff = new Backoff(1_000, 30_000, chance);
  }

  /** Take up what an earlier page left: its recordings ended with it. A store that cannot be read is asked again later. */
  resume(): Promise<void> {
    return this.#inOrder(async () => {
      try {
        const left = leftBy(await this.store.noted(this.#key), this.#open);
        this.#isUnread = false;
        await this.#note([...left, ...this.#open]);
      } catch {
        this.#isUnread = true;
        this.timers.set(() => void this.resume(), READ_AGAIN_MS);
      }
      this.#send();
    });
  }

  begin(recordingId: string): Promise<void> {
    return this.#change((open) => [...open, { id: recordingId, chunks: {}, isOver: false }]);
  }

  /** Keep the next chunk of a recording that was begun. @throws NoRoom */
  add(recordingId: string, kind: RecordingKind, bytes: ArrayBuffer): Promise<void> {
    return this.#inOrder(async () => {
      const recording = this.#open.find((each) => each.id === recordingId && !each.isOver);
      if (recording === undefined || bytes.byteLength === 0) return;
      const n = recording.chunks[kind] ?? 0;
      const sha256 = await sha256Hex(bytes);
      await this.store.putChunk({ inspectionId: this.inspectionId, recordingId, kind, n, bytes, sha256 });
      await this.#note(replaced(this.#open, { ...recording, chunks: { ...recording.chunks, [kind]: n + 1 } }));
      this.#send();
    });
  }

  /** No more chunks come; the service is told once it has them all. */
  finish(recordingId: string): Promise<void> {
    return this.#inOrder(async () => {
      const recording = this.#open.find((each) => each.id === recordingId);
      if (recording !== undefined) await this.#note(replaced(this.#open, { ...recording, isOver: true }));
      this.#send();
    });
  }

  /** Forget what was not sent: the consent is gone, or the service will not have it. */
  abandon(recordingId: string): Promise<void> {
    return this.#inOrder(async () => {
      await this.store.removeChunks(recordingId);
      await this.#note(this.#open.filter((each) => each.id !== recordingId));
    });
  }

  async abandonAll(): Promise<void> {
    await this.#order; // what is being taken up belongs to it
    for (const { id } of this.#open) await this.abandon(id);
  }

  /** Whether anything waits to be sent. */
  get isPending(): boolean {
    return this.#open.length > 0;
  }

  wake(): void {
    this.#backoff.reset();
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#send();
  }

  get #key(): string {
    return `recordings:${this.inspectionId}`;
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#order.then(work, work);
    this.#order = done.catch(() => undefined);
    return done;
  }

  #change(change: (open: readonly OpenRecording[]) => readonly OpenRecording[]): Promise<void> {
    return this.#inOrder(() => this.#note(change(this.#open)));
  }

  async #note(open: readonly OpenRecording[]): Promise<void> {
    this.#open = open;
    if (this.#isUnread) return; // what stands there is not known yet, and must not be lost
    await this.store.note(this.#key, open.length === 0 ? undefined : open);
  }

  #later(delay_ms: number): void {
    this.timers.clear(this.#timer);
    this.#timer = this.timers.set(() => this.#send(), delay_ms);
  }

  #send(): void {
    if (this.#isSending || this.#open.length === 0 || this.timers.now() < this.#notBefore) return;
    if (!this.isFree()) {
      this.#later(LOOK_AGAIN_MS);
      return;
    }
    this.timers.clear(this.#timer);
    this.#isSending = true;
    // Whatever is wrong with the phone's own store: the next try may find it well.
    const trying = this.#sendOne().catch(() => this.#backoff.next());
    void trying.then((wait_ms) => {
      this.#isSending = false;
      if (wait_ms === 0) this.#send();
      else if (wait_ms !== null) this.#later(wait_ms);
      if (wait_ms !== null) this.#notBefore = this.timers.now() + wait_ms;
    });
  }

  /** Milliseconds until the next try, `null` when there is nothing to do until something new comes. */
  async #sendOne(): Promise<number | null> {
    const chunk = await this.store.firstChunk(this.inspectionId);
    const over = this.#open.find((each) => each.isOver);
    const id = chunk?.recordingId ?? over?.id;
    if (id === undefined) return null;
    try {
      if (chunk !== undefined) {
        await this.door.sendChunk(chunk);
        await this.store.removeChunk(chunk);
      } else if (over !== undefined) {
        await this.door.finishRecording(over.id, over.chunks);
        await this.#change((open) => open.filter((each) => each.id !== over.id));
      }
      this.#backoff.reset();
      return 0;
    } catch (error) {
      if (!(error instanceof Refused) || error.isPassing) return this.#backoff.next();
      await this.abandon(id);
      this.onRefused(id);
      return 0;
    }
  }
}

function replaced(open: readonly OpenRecording[], by: OpenRecording): readonly OpenRecording[] {
  return open.map((each) => (each.id === by.id ? by : each));
}

/** What the store says that an earlier page left, without what is none of ours or known already. */
function leftBy(noted: unknown, known: readonly OpenRecording[]): readonly OpenRecording[] {
  if (!Array.isArray(noted)) return [];
  return noted
    .filter(isRecording)
    .filter(({ id }) => known.every((each) => each.id !== id))
    .map((recording) => ({ ...recording, isOver: true }));
}

function isRecording(value: unknown): value is OpenRecording {
  const { id, chunks } = (value ?? {}) as Partial<Record<keyof OpenRecording, unknown>>;
  return typeof id === "string" && typeof chunks === "object" && chunks !== null;
}
