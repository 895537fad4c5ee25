/**
 * Records a call on the seller's phone: camera with both voices, and the mirrored screen beside it, in chunks.
 *
 * The camera is drawn onto a canvas first: a recording goes on over an exchanged or reopened camera and a turned phone, which
 * would end or break it otherwise.
 */

import { CannotDo } from "../../../core/commands";
import type { SellerApi } from "../../../core/api";
import type { RecordingUploads } from "../../../core/recording";
import { cameraVideo } from "../camera-state";
import { forTheDesk, recordingId } from "../live-state";
import type { ScreenEvent, ScreenRecorder } from "./mirror-recorder";

const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"] as const;
const CHUNK_MS = 1_000;
const FPS = 15;
const LONGER_SIDE_PX = 1_280;
const VIDEO_BITS_PER_S = 800_000;
const AUDIO_BITS_PER_S = 48_000;
const MIRROR_BATCH_MS = 5_000;
const MIRROR_BATCH_CHARS = 200_000;
const MIRROR_TYPE = "application/x-ndjson";

const mediaType = (): string | undefined =>
  "MediaRecorder" in globalThis ? TYPES.find((type) => MediaRecorder.isTypeSupported(type)) : undefined;

export const canRecord = (): boolean => mediaType() !== undefined && "captureStream" in HTMLCanvasElement.prototype;

export interface Voices {
  readonly mine: MediaStreamTrack | null;
  readonly theirs: MediaStream | null;
}

export class CallRecorder {
  private running: Running | null = null;
  private starting: Promise<string> | null = null;
  private isPaused = false;
  /** Counts endings: a recording that was ended before it began does not begin. */
  private stops = 0;

  constructor(
    private readonly api: Pick<SellerApi, "record">,
    private readonly uploads: RecordingUploads,
    private readonly screen: ScreenRecorder,
    private readonly voices: () => Voices,
  ) {}

  /** Begin, unless it records. @returns The recording's id. @throws CannotDo, Refused, Unreached */
  start(): Promise<string> {
    if (this.running !== null) return Promise.resolve(this.running.id);
    this.starting ??= this.begin().finally(() => (this.starting = null));
    return this.starting;
  }

  private async begin(): Promise<string> {
    const wish = this.stops;
    const type = mediaType();
    const video = cameraVideo.peek();
    if (type === undefined || !canRecord()) throw new CannotDo("unsupported");
    if (video === null || video.videoWidth === 0) throw new CannotDo("camera-closed");
    const startedAt = new Date().toISOString();
    const { recording_id: id } = await this.api.record("video", type, startedAt, null);
    await this.api.record("mirror", MIRROR_TYPE, startedAt, id);
    await this.uploads.begin(id);
    if (wish !== this.stops) {
      await this.uploads.finish(id); // the service knows of it
      throw new CannotDo("denied");
    }
    this.running = new Running(id, type, video, this.uploads, this.screen, this.voices(), () => void this.stop());
    this.running.pause(this.isPaused);
    recordingId.value = id;
    return id;
  }

  /** The other side's stream is new, or the microphone was opened: mix them in. */
  mix(): void {
    this.running?.mix(this.voices());
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.running?.pause(isPaused);
  }

  /** End it; what was recorded is still sent, unless the consent is gone. */
  async stop(isForgotten = false): Promise<void> {
    const running = this.running;
    this.running = null;
    this.stops += 1;
    recordingId.value = null;
    await running?.end();
    if (isForgotten) await this.uploads.abandonAll();
    else if (running !== null) await this.uploads.finish(running.id);
  }
}

class Running {
  private readonly canvas = document.createElement("canvas");
  private readonly recorder: MediaRecorder;
  private readonly audio = new AudioContext();
  private readonly mixed = this.audio.createMediaStreamDestination();
  private sources: MediaStreamAudioSourceNode[] = [];
  private readonly drawing: ReturnType<typeof setInterval>;
  private readonly batching: ReturnType<typeof setInterval>;
  private lines: string[] = [];
  private chars = 0;
  private isPaused = false;
  /** Chunks are kept in the order in which they came. */
  private kept: Promise<void> = Promise.resolve();

  constructor(
    readonly id: string,
    type: string,
    first: HTMLVideoElement,
    private readonly uploads: RecordingUploads,
    private readonly screen: ScreenRecorder,
    voices: Voices,
    /** The phone is full, or the camera's recorder gave up. */
    private readonly onBroken: () => void,
  ) {
    const scale = Math.min(1, LONGER_SIDE_PX / Math.max(first.videoWidth, first.videoHeight));
    this.canvas.width = Math.round(first.videoWidth * scale);
    this.canvas.height = Math.round(first.videoHeight * scale);
    this.draw();
    const stream = this.canvas.captureStream(FPS);
    this.mix(voices);
    for (const track of this.mixed.stream.getAudioTracks()) stream.addTrack(track);
    this.recorder = new MediaRecorder(stream, {
      mimeType: type,
      videoBitsPerSecond: VIDEO_BITS_PER_S,
      audioBitsPerSecond: AUDIO_BITS_PER_S,
    });
    this.recorder.ondataavailable = ({ data }) => this.keep("video", data);
    this.recorder.onerror = onBroken;
    this.recorder.start(CHUNK_MS);
    this.drawing = setInterval(() => this.draw(), 1000 / FPS);
    this.batching = setInterval(() => this.flush(), MIRROR_BATCH_MS);
    screen.add(this.saw);
  }

  mix(voices: Voices): void {
    for (const source of this.sources) source.disconnect();
    const streams = [voices.mine === null ? null : new MediaStream([voices.mine]), voices.theirs];
    this.sources = streams
      .filter((stream): stream is MediaStream => stream !== null && stream.getAudioTracks().length > 0)
      .map((stream) => this.audio.createMediaStreamSource(stream));
    for (const source of this.sources) source.connect(this.mixed);
    void this.audio.resume();
  }

  pause(isPaused: boolean): void {
    if (this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) {
      this.recorder.pause();
    } else {
      this.recorder.resume();
      this.screen.snapshot(); // the screen changed meanwhile
    }
  }

  async end(): Promise<void> {
    clearInterval(this.drawing);
    clearInterval(this.batching);
    this.screen.remove(this.saw);
    this.flush();
    await new Promise<void>((resolve) => {
      this.recorder.onstop = () => resolve();
      if (this.recorder.state === "inactive") resolve();
      else this.recorder.stop();
    });
    await this.kept;
    await this.audio.close();
  }

  private readonly saw = (event: ScreenEvent): void => {
    if (this.isPaused) return;
    const line = forTheDesk(JSON.stringify(event));
    this.lines.push(line);
    this.chars += line.length;
    if (this.chars > MIRROR_BATCH_CHARS) this.flush();
  };

  private flush(): void {
    if (this.lines.length === 0) return;
    const batch = new Blob([`${this.lines.join("\n")}\n`]);
    this.lines = [];
    this.chars = 0;
    this.keep("mirror", batch);
  }

  private keep(kind: "video" | "mirror", data: Blob): void {
    this.kept = this.kept
      .then(async () => this.uploads.add(this.id, kind, await data.arrayBuffer()))
      .catch((error: unknown) => {
        console.warn("The phone keeps no more of the recording.", error);
        this.onBroken();
      });
  }

  private draw(): void {
    const video = cameraVideo.peek();
    const pen = this.canvas.getContext("2d", { alpha: false });
    if (video === null || pen === null || video.videoWidth === 0 || this.isPaused) return;
    const { width, height } = this.canvas;
    const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
    const w = video.videoWidth * scale;
    const h = video.videoHeight * scale;
    if (w < width || h < height) pen.clearRect(0, 0, width, height);
    pen.drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
  }
}
