/**
 * Sends kept photos one after the other, for as long as it takes, and forgets one only when the service has it.
 *
 * A photo that fails goes behind the others and waits on its own account, so that none holds up the rest. The queue as a
 * whole also pauses after a failure, longer each time, until anything gets through: a service in trouble is left alone.
 *
 * Photos are put into the store before they come here, so a reload finds them again with `resume()`.
 */

import { Backoff, realTimers, type Timers } from "./backoff";
import type { KeptPhoto } from "./capture";
import type { PhotoStore } from "./photo-store";
import { Refused, Unreached } from "./problems";

/** Sends one photo; resolves when the service has all of it. */
export interface Uploader {
  /**
   * @throws Refused The service will not have it.
   * @throws Unreached The network broke; what was sent is kept by the service and not sent again.
   */
  upload(photo: KeptPhoto, signal: AbortSignal, onProgress: (share: number) => void): Promise<void>;
}

/** What the page shows of a photo that is still on the phone. */
export interface Waiting {
  readonly captureId: string;
  readonly stepId: string | null;
  readonly state: "waiting" | "sending" | "refused";
  /** 0 to 1. */
  readonly share: number;
  /** Why the service will not have it: the problem's slug. */
  readonly slug: string | null;
}

/** The transfer went wrong, not the photo: bytes damaged on the way, two tabs at once, an announcement grown too old. */
const SEND_AGAIN = new Set(["checksum-mismatch", "offset-mismatch", "upload-unknown"]);
const MOST_SENDINGS = 4;
/** Not the photo's fault: the seller took the consent back, and may give it again. */
const NO_CONSENT = "consent-missing";
const FIRST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 30_000;
/** Nothing moved for so long: the connection hangs, and the other photos must not wait for it. */
export const STALLED_AFTER_MS = 30_000;

/** A photo that failed in passing: not to be tried before `due`. */
interface Setback {
  readonly backoff: Backoff;
  /** Milliseconds of the timers' clock. */
  due: number;
}

export class UploadQueue {
  private readonly timers: Timers;
  private readonly backoff: Backoff;
  private photos: KeptPhoto[] = [];
  private readonly shown = new Map<string, Waiting>();
  private readonly sendings = new Map<string, number>();
  private readonly setbacks = new Map<string, Setback>();
  private running: AbortController | null = null;
  private retry: unknown = null;
  private stopped = false;

  constructor(
    private readonly store: PhotoStore,
    private readonly uploader: Uploader,
    private readonly onChange: (waiting: readonly Waiting[]) => void,
    private readonly onSent: (photo: KeptPhoto) => void,
    /** The session is over or a consent is missing: nothing is sent until somebody wakes the queue. */
    private readonly onBarred: () => void = () => undefined,
    timers: Timers = realTimers,
    private readonly chance: () => number = Math.random,
  ) {
    this.timers = timers;
    this.backoff = new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS, chance);
  }

  /** Take up what an earlier page left behind. */
  async resume(inspectionId: string): Promise<void> {
    for (const photo of await this.store.list(inspectionId)) {
      if (!this.shown.has(photo.captureId)) this.push(photo);
    }
    this.changed();
    this.sendNext();
  }

  /** Keep a photo on the phone and send it when possible. Resolves when it is kept. @throws NoRoom */
  async add(photo: KeptPhoto): Promise<void> {
    await this.store.put(photo);
    this.push(photo);
    this.changed();
    this.sendNext();
  }

  /** The photo's bytes while it is still on the phone. */
  bytesOf(captureId: string): KeptPhoto | undefined {
    return this.photos.find((photo) => photo.captureId === captureId);
  }

  /** Bytes of the photos that are still to be sent. */
  get bytesWaiting(): number {
    const toSend = this.photos.filter((photo) => this.shown.get(photo.captureId)?.state !== "refused");
    return toSend.reduce((sum, photo) => sum + photo.bytes.byteLength, 0);
  }

  /** Forget a photo the service will not have. */
  async discard(captureId: string): Promise<void> {
    await this.forget(captureId);
    this.changed();
  }

  /** Try now: the network or the consent is back, or the page is shown again. */
  wake(): void {
    for (const setback of this.setbacks.values()) setback.due = 0;
    this.sendNext();
  }

  private sendNext(): void {
    this.timers.clear(this.retry);
    this.retry = null;
    if (this.running !== null || this.stopped) return;
    const wanted = this.photos.filter((p) => this.shown.get(p.captureId)?.state !== "refused");
    if (wanted.length === 0) return;
    const now = this.timers.now();
    const due = (p: KeptPhoto): number => this.setbacks.get(p.captureId)?.due ?? 0;
    const photo = wanted.find((p) => due(p) <= now);
    if (photo === undefined) {
      this.retry = this.timers.set(() => this.sendNext(), Math.min(...wanted.map(due)) - now);
      return;
    }
    const running = new AbortController();
    this.running = running;
    void this.send(photo, running);
  }

  /** Send nothing more: another tab has taken over. */
  stop(): void {
    this.stopped = true;
    this.timers.clear(this.retry);
    this.running?.abort();
  }

  private async send(photo: KeptPhoto, running: AbortController): Promise<void> {
    const id = photo.captureId;
    this.show(id, { state: "sending", share: 0 });
    let wait_ms: number | null = 0;
    let hasMoved = false;
    const stall = this.watchForStall(running);
    try {
      const sending = this.uploader.upload(photo, running.signal, (share) => {
        hasMoved = true;
        stall.moved();
        this.backoff.reset();
        this.show(id, { state: "sending", share });
      });
      // An upload that does not even notice that it was given up must not hold up the queue either.
      await Promise.race([sending, stall.happened]);
      await this.forget(id);
      this.backoff.reset();
      this.onSent(photo);
    } catch (error) {
      wait_ms = this.failed(photo, error, hasMoved);
    }
    stall.end();
    this.running = null;
    this.changed();
    if (wait_ms === 0) this.sendNext();
    else if (wait_ms !== null && !this.stopped) this.retry = this.timers.set(() => this.sendNext(), wait_ms);
  }

  /** Give an upload up that makes no progress. */
  private watchForStall(running: AbortController): { moved(): void; end(): void; happened: Promise<never> } {
    let timer: unknown = null;
    let stalled: (error: Unreached) => void = () => undefined;
    const happened = new Promise<never>((_, reject) => {
      stalled = reject;
    });
    const end = (): void => this.timers.clear(timer);
    const moved = (): void => {
      end();
      timer = this.timers.set(() => {
        const error = new Unreached(new Error("no progress"));
        running.abort(error);
        stalled(error);
      }, STALLED_AFTER_MS);
    };
    moved();
    return { moved, end, happened };
  }

  /** Milliseconds until the next try, `null` for none by itself. */
  private failed(photo: KeptPhoto, error: unknown, hasMoved: boolean): number | null {
    const id = photo.captureId;
    if (error instanceof Refused && (error.status === 401 || error.slug === NO_CONSENT)) {
      this.show(id, { state: "waiting", share: 0 });
      this.onBarred();
      return null;
    }
    if (error instanceof Refused && !error.isPassing && !this.isWorthAnotherTry(id, error)) {
      this.show(id, { state: "refused", share: 0, slug: error.slug });
      return 0;
    }
    this.show(id, { state: "waiting", share: 0 });
    // A break in the middle is the network's doing: the rest of the photo need not wait long for its turn.
    this.setBack(photo, hasMoved && error instanceof Unreached);
    return this.backoff.next();
  }

  /** Let the other photos go first, and this one again after a wait of its own. */
  private setBack(photo: KeptPhoto, isFresh: boolean): void {
    const backoff = this.setbacks.get(photo.captureId)?.backoff ?? new Backoff(FIRST_WAIT_MS, MOST_WAIT_MS, this.chance);
    if (isFresh) backoff.reset();
    this.setbacks.set(photo.captureId, { backoff, due: this.timers.now() + backoff.next() });
    // Unless it was discarded meanwhile.
    if (this.photos.includes(photo)) this.photos = [...this.photos.filter((other) => other !== photo), photo];
  }

  private isWorthAnotherTry(id: string, error: Refused): boolean {
    if (!SEND_AGAIN.has(error.slug)) return false;
    const times = (this.sendings.get(id) ?? 1) + 1;
    this.sendings.set(id, times);
    return times <= MOST_SENDINGS;
  }

  private push(photo: KeptPhoto): void {
    this.photos.push(photo);
    this.shown.set(photo.captureId, {
      captureId: photo.captureId,
      stepId: photo.stepId,
      state: "waiting",
      share: 0,
      slug: null,
    });
  }

  private async forget(captureId: string): Promise<void> {
    await this.store.remove(captureId);
    this.photos = this.photos.filter((photo) => photo.captureId !== captureId);
    this.shown.delete(captureId);
    this.setbacks.delete(captureId);
  }

  private show(captureId: string, change: Partial<Waiting>): void {
    const before = this.shown.get(captureId);
    if (before === undefined) return;
    this.shown.set(captureId, { ...before, ...change });
    this.changed();
  }

  private changed(): void {
    this.onChange([...this.shown.values()]);
  }
}
