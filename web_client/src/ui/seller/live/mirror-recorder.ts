/** Watches this page with rrweb, for the operator's mirror and for recordings; the library is loaded when somebody looks. */

/** One event of rrweb, as it comes. */
export interface ScreenEvent {
  readonly type: number;
  readonly data: unknown;
  readonly timestamp: number;
}
type Listener = (event: ScreenEvent) => void;

/** The part of rrweb that is used; its own types name a package that is not installed. */
interface Recorder {
  (options: {
    readonly emit: Listener;
    readonly maskAllInputs: boolean;
    readonly blockClass: string;
    readonly recordCanvas: boolean;
    readonly collectFonts: boolean;
    readonly inlineImages: boolean;
    readonly inlineStylesheet: boolean;
    readonly slimDOMOptions: "all";
    readonly sampling: { readonly mousemove: boolean; readonly scroll: number; readonly media: number; readonly input: "last" };
  }): (() => void) | undefined;
  takeFullSnapshot(isCheckout?: boolean): void;
}

/** Several may listen; the page is watched while anybody does. */
export class ScreenRecorder {
  private readonly listeners = new Set<Listener>();
  private recorder: Recorder | null = null;
  private stop: (() => void) | null = null;
  private loading: Promise<void> | null = null;

  /** Begin to listen; a whole picture follows as soon as the library is here. */
  add(listener: Listener): void {
    this.listeners.add(listener);
    if (this.stop !== null) this.snapshot();
    else void this.begin();
  }

  remove(listener: Listener): void {
    this.listeners.delete(listener);
    if (this.listeners.size > 0) return;
    this.stop?.();
    this.stop = null;
  }

  /** Emit the whole page now. */
  snapshot(): void {
    if (this.stop !== null) this.recorder?.takeFullSnapshot(true);
  }

  private async begin(): Promise<void> {
    this.loading ??= import("@rrweb/record").then(
      ({ record }) => {
        this.recorder = record as unknown as Recorder;
      },
      () => {
        this.loading = null; // no network: with the next listener
      },
    );
    await this.loading;
    if (this.recorder === null || this.stop !== null || this.listeners.size === 0) return;
    this.stop =
      this.recorder({
        emit: (event) => {
          for (const listener of this.listeners) listener(event);
        },
        maskAllInputs: true,
        blockClass: "rr-block",
        recordCanvas: false,
        collectFonts: false,
        inlineImages: false,
        inlineStylesheet: true,
        slimDOMOptions: "all",
        sampling: { mousemove: false, scroll: 100, media: 1000, input: "last" },
      }) ?? null;
  }
}
