/** The microphone of a call: asked for once, and let go for good, also while the browser still asks for it. */

/** `closed`: the call was over before the browser answered. */
export type Opened = "open" | "denied" | "closed";

export class CallMicrophone {
  #stream: MediaStream | null = null;
  #asking: Promise<Opened> | null = null;
  /** Counts closings: what the browser gives to an earlier wish is let go at once. */
  #closings = 0;

  get track(): MediaStreamTrack | null {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** Open it, unless it is, or is being opened. */
  open(): Promise<Opened> {
    if (this.track !== null && this.track.readyState !== "ended") return Promise.resolve("open");
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  close(): void {
    this.#closings += 1;
    this.#asking = null;
    stop(this.#stream);
    this.#stream = null;
  }

  async #ask(): Promise<Opened> {
    const wish = this.#closings;
    let stream: MediaStream | null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch {
      stream = null;
    }
    if (wish !== this.#closings) {
      stop(stream);
      return "closed";
    }
    this.#asking = null;
    this.#stream = stream;
    return stream === null ? "denied" : "open";
  }
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
