/**
 * Notices a camera that lies: the browser says `live`, and no pictures come. A phone call, a locked screen or another app takes
 * the camera away without a word on many phones.
 */

export type FrameVerdict = "flowing" | "stalled";

/** No picture for so long, while the page is shown: no camera is that slow. */
const STALLED_AFTER_MS = 4_000;
/** After the page comes back, a camera that was only resting has begun again by then. */
const GRACE_MS = 2_000;

export class FrameWatch {
  #frames = -1;
  #movedAt = 0;
  #hasMoved = false;

  /** Whether a picture came since the camera was opened. */
  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /**
   * Look at the number of pictures so far (any counter that only moves with them).
   *
   * @param isExpected Whether pictures should come: the camera is open and the page is shown.
   */
  look(frames: number, isExpected: boolean, now: number): FrameVerdict {
    if (!isExpected) {
      this.reset();
      return "flowing";
    }
    if (this.#frames === -1) {
      this.#frames = frames;
      this.#movedAt = now + GRACE_MS;
    } else if (frames !== this.#frames) {
      this.#frames = frames;
      this.#movedAt = now;
      this.#hasMoved = true;
    }
    return now - this.#movedAt >= STALLED_AFTER_MS ? "stalled" : "flowing";
  }

  /** The camera was opened anew. */
  reset(): void {
    this.#frames = -1;
    this.#hasMoved = false;
  }
}
