/** The operator's own voice: asked for once, and let go for good, also while the browser still asks for it. */

import { signal } from "@preact/signals";

export class Microphone {
  readonly isMuted = signal(false);
  /** Whether the browser gave one; without, the operator can still see, hear the seller and write. */
  readonly isThere = signal(true);
  #stream: MediaStream | null = null;
  #asking: Promise<void> | null = null;
  /** Counts closings: what the browser gives to an earlier wish is let go at once. */
  #closings = 0;

  get track(): MediaStreamTrack | null {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  async open(): Promise<void> {
    if (this.#stream !== null) return;
    this.#asking ??= this.#ask();
    await this.#asking;
  }

  toggleMute(): void {
    this.isMuted.value = !this.isMuted.value;
    this.#follow();
  }

  close(): void {
    this.#closings += 1;
    this.#asking = null;
    stop(this.#stream);
    this.#stream = null;
  }

  async #ask(): Promise<void> {
    const wish = this.#closings;
    let stream: MediaStream | null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch {
      stream = null;
    }
    if (wish !== this.#closings) return stop(stream);
    this.#asking = null;
    this.#stream = stream;
    this.isThere.value = stream !== null;
    this.#follow();
  }

  #follow(): void {
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !this.isMuted.value;
  }
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
