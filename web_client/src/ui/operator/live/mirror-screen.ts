/**
 * Draws a mirrored screen in a frame that may run nothing, event by event, and puts the camera's live picture into it.
 *
 * rrweb plays recordings along a clock. A mirror has no use for one: every event is applied the moment it comes, so that no
 * device's clock matters and an event that cannot be applied is noticed at once.
 */

import type { Replayer } from "@rrweb/replay";
import { EVENT, MirrorGuard, type GuardOptions } from "./mirror-guard";

/** The part of rrweb's player that is needed, so that tests hand in their own. */
export interface Stage {
  /** Apply one event now. Throws when it does not fit what is shown. */
  apply(event: { readonly type: number; readonly data: unknown; readonly timestamp: number }): void;
  /** The frame's document, for as long as it is shown. */
  readonly document: Document | null;
  destroy(): void;
}

export interface MirrorScreenOptions extends GuardOptions {
  /** An empty stage; the one before is destroyed first. */
  readonly build: () => Stage;
  readonly onSize: (size: { readonly width: number; readonly height: number }) => void;
  /** Something cannot be shown: a whole picture is needed. `isHopeless` when whole pictures fail too. */
  readonly onTrouble: (isHopeless: boolean) => void;
}

/** rrweb keeps every event: after so many the next whole picture starts an empty stage, and one is asked for. */
const MOST_EVENTS = 4_000;
/** So many whole pictures that could not be shown, one after the other: this phone's screen is drawn another way. */
const MOST_FAILURES = 4;

export class MirrorScreen {
  readonly #options: MirrorScreenOptions;
  readonly #guard: MirrorGuard;
  #stage: Stage | null = null;
  #taken = 0;
  #failures = 0;
  #isWhole = false;
  #camera: MediaStream | null = null;

  constructor(options: MirrorScreenOptions) {
    this.#options = options;
    this.#guard = new MirrorGuard(options);
  }

  /** Show one event. What the phone's page would never send is not shown, and a whole picture is asked for. */
  take(event: { readonly type: number; readonly data: unknown }): void {
    try {
      const clean = this.#guard.clean(event);
      if (clean === null) return;
      if (clean.type === EVENT.META) this.#begin(clean.data);
      if (this.#stage === null || (clean.type === EVENT.INCREMENTAL && !this.#isWhole)) return;
      this.#taken += 1;
      this.#stage.apply({ ...clean, timestamp: this.#taken });
      if (clean.type === EVENT.FULL) {
        this.#isWhole = true;
        this.#failures = 0;
        this.#stage.document?.addEventListener("error", retryPicture, true);
      }
      if (clean.type === EVENT.INCREMENTAL && clean.data.source === 4) this.#tellSize(clean.data);
      this.placeCamera();
      if (this.#taken === MOST_EVENTS) this.#options.onTrouble(false);
    } catch {
      this.#failures += 1;
      this.#isWhole = false;
      this.#options.onTrouble(this.#failures >= MOST_FAILURES);
    }
  }

  /** Put the camera's stream into the mirrored picture of the camera; again whenever the screen was built anew. */
  placeCamera(camera: MediaStream | null = this.#camera): void {
    this.#camera = camera;
    const video = this.cameraElement;
    if (video === null || video.srcObject === camera) return;
    video.srcObject = camera;
    video.muted = true;
    void Promise.resolve(video.play()).catch(() => undefined); // It plays by itself once the page is shown.
  }

  /** The camera's place on the mirrored screen; `null` on screens without one. */
  get cameraElement(): HTMLVideoElement | null {
    const found = this.#stage?.document?.getElementById("cam") ?? null;
    return found?.tagName === "VIDEO" ? (found as HTMLVideoElement) : null;
  }

  destroy(): void {
    this.#stage?.destroy();
    this.#stage = null;
    this.#isWhole = false;
  }

  #begin(data: Readonly<Record<string, unknown>>): void {
    if (this.#stage === null || this.#taken >= MOST_EVENTS || this.#failures > 0) {
      this.#stage?.destroy();
      this.#stage = this.#options.build();
      this.#taken = 0;
    }
    this.#isWhole = false;
    this.#tellSize(data);
  }

  #tellSize(data: Readonly<Record<string, unknown>>): void {
    this.#options.onSize({ width: Number(data.width), height: Number(data.height) });
  }
}

const RETRY_PICTURE_MS = 2_000;
const MOST_RETRIES = 15;

/** A photo that is still on its way to the service is asked for again; until then no sign of a broken picture. */
function retryPicture(event: Event): void {
  const image = event.target as HTMLImageElement | null;
  if (image?.tagName !== "IMG") return;
  const tries = Number(image.dataset.tries ?? 0) + 1;
  image.dataset.tries = String(tries);
  image.style.visibility = "hidden";
  image.addEventListener("load", () => (image.style.visibility = ""), { once: true });
  const address = image.src;
  if (tries > MOST_RETRIES || address.startsWith("data:")) return;
  setTimeout(() => {
    if (image.isConnected && image.src === address) image.src = address;
  }, RETRY_PICTURE_MS);
}

/** rrweb's player as a stage: what lies before its start is applied at once, and the frame stays without scripts. */
export async function rrwebStage(root: HTMLElement): Promise<() => Stage> {
  const { Replayer } = await import("@rrweb/replay");
  return () => new RrwebStage(new Replayer([], { ...QUIET, root }));
}

const QUIET = {
  liveMode: true,
  mouseTail: false,
  showWarning: false,
  showDebug: false,
  triggerFocus: false,
  useVirtualDom: false,
  UNSAFE_replayCanvas: false,
  insertStyleRules: ["* { caret-color: transparent !important; }", "video { background: #000; }", "video::-webkit-media-controls { display: none !important; }"] as string[],
};

class RrwebStage implements Stage {
  constructor(private readonly player: Replayer) {
    const { iframe } = player;
    if (iframe.getAttribute("sandbox") !== "allow-same-origin") throw new Error("the mirror's frame is not closed");
    iframe.tabIndex = -1;
    // A dialog on the phone opens as one here too, and would take the keyboard with it: the desk's keys would be dead.
    iframe.inert = true;
    iframe.setAttribute("aria-hidden", "true");
    player.startLive(Number.MAX_SAFE_INTEGER);
  }

  apply(event: { readonly type: number; readonly data: unknown; readonly timestamp: number }): void {
    this.player.service.send({ type: "ADD_EVENT", payload: { event: event as never } });
    if (document.activeElement === this.player.iframe) this.player.iframe.blur();
  }

  get document(): Document | null {
    return this.player.iframe.contentDocument;
  }

  destroy(): void {
    this.player.destroy();
  }
}
