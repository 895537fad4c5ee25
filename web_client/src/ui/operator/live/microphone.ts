/** The operator's own voice. */

import { signal } from "@preact/signals";
import { CallMicrophone } from "../../../core/microphone";

export class Microphone {
  readonly isMuted = signal(false);
  /** Whether the browser gave one; without, the operator can still see, hear the seller and write. */
  readonly isThere = signal(true);
  readonly #microphone = new CallMicrophone();

  get track(): MediaStreamTrack | null {
    return this.#microphone.track;
  }

  async open(): Promise<void> {
    const opened = await this.#microphone.open();
    if (opened === "closed") return;
    this.isThere.value = opened === "open";
    this.#follow();
  }

  toggleMute(): void {
    this.isMuted.value = !this.isMuted.value;
    this.#follow();
  }

  close(): void {
    this.#microphone.close();
  }

  #follow(): void {
    if (this.track !== null) this.track.enabled = !this.isMuted.value;
  }
}
