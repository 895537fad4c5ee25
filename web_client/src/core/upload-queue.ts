/**
 * Sends kept photos one after the other, for as long as it takes, and forgets one only when the service has it.
 *
 * Photos are put into the store before they come here, so a reload finds them again with `resume()`.
 */

import { Backoff, realTimers, type Timers } from "./backoff";
import type { KeptPhoto } from "./capture";
import type { PhotoStore } from "./photo-store";
import { Refused } from "./problems";

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
/** Not the photo's fault: the session is over, and may come back with the link. */
const SESSION_OVER = new Set([401, 403]);

export class UploadQueue {
  private readonly timers: Timers;
  private readonly backoff: Backoff;
  private photos: KeptPhoto[] = [];
  private readonly shown = new Map<string, Waiting>();
  private readonly sendings = new Map<string, number>();
  private running: AbortController | null = null;
  private retry: unknown = null;
  private stopped = false;

  constructor(
    private readonly store: PhotoStore,
    private readonly uploader: Uploader,
    private readonly onChange: (waiting: readonly Waiting[]) => void,
    private readonly onSent: (photo: KeptPhoto) => void,
    private readonly onSignedOut: () => void = () => undefined,
    timers: Timers = realTimers,
    chance: () => number = Math.random,
  ) {
    this.timers = timers;
    this.backoff = new Backoff(1_000, 30_000, chance);
  }

  /** Take up what an earlier page left behind. */
  async resume(inspectionId: string): Promise<void> {
    for (const photo of await this.store.list(inspectionId)) {
      if (!this.shown.has(photo.captureId)) this.push(photo);
    }
    this.changed();
    this.wake();
  }

  /** Keep a photo on the phone and send it when possible. Resolves when it is kept. @throws NoRoom */
  async add(photo: KeptPhoto): Promise<void> {
    await this.store.put(photo);
    this.push(photo);
    this.changed();
    this.wake();
  }

  /** The photo's bytes while it is still on the phone. */
  bytesOf(captureId: string): KeptPhoto | undefined {
    return this.photos.find((photo) => photo.captureId === captureId);
  }

  /** Forget a photo the service will not have. */
  async discard(captureId: string): Promise<void> {
    await this.forget(captureId);
    this.changed();
  }

  /** Try now: the network is back, or the page is shown again. */
  wake(): void {
    this.timers.clear(this.retry);
    this.retry = null;
    if (this.running !== null || this.stopped) return;
    const photo = this.photos.find((p) => this.shown.get(p.captureId)?.state !== "refused");
    if (photo === undefined) return;
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
    try {
      await this.uploader.upload(photo, running.signal, (share) => {
        this.backoff.reset();
        this.show(id, { state: "sending", share });
      });
      await this.forget(id);
      this.backoff.reset();
      this.onSent(photo);
    } catch (error) {
      wait_ms = this.failed(id, error);
    }
    this.running = null;
    this.changed();
    if (wait_ms === 0) this.wake();
    else if (wait_ms !== null && !this.stopped) this.retry = this.timers.set(() => this.wake(), wait_ms);
  }

  /** Milliseconds until the next try, `null` for none by itself. */
  private failed(id: string, error: unknown): number | null {
    if (error instanceof Refused && SESSION_OVER.has(error.status)) {
      this.show(id, { state: "waiting", share: 0 });
      this.onSignedOut();
      return null;
    }
    if (error instanceof Refused && !error.isPassing && !this.isWorthAnotherTry(id, error)) {
      this.show(id, { state: "refused", share: 0, slug: error.slug });
      return 0;
    }
    this.show(id, { state: "waiting", share: 0 });
    return this.backoff.next();
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
