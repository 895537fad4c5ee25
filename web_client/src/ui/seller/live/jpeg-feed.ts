/** Small pictures of the camera over the WebSocket, where video to the service does not come through. */

import { ANALYSIS_FPS, ANALYSIS_SIZE } from "../../../core/analysis";
import { cameraVideo } from "../camera-state";

const QUALITY = 0.7;
/** The service takes no larger one; a picture full of leaves is sent less sharp. */
const MOST_BYTES = 96_000;
const LOWER_QUALITY = 0.4;

export class JpegFeed {
  private timer: ReturnType<typeof setInterval> | undefined;
  private isOn = false;
  private isBusy = false;
  private readonly canvas = document.createElement("canvas");

  constructor(private readonly send: (bytes: ArrayBuffer) => boolean) {}

  run(isOn: boolean): void {
    this.isOn = isOn;
    clearInterval(this.timer);
    if (isOn) this.timer = setInterval(() => void this.sendOne(), 1000 / ANALYSIS_FPS);
  }

  private async sendOne(): Promise<void> {
    const video = cameraVideo.peek();
    if (this.isBusy || video === null || video.videoWidth === 0 || document.visibilityState !== "visible") return;
    this.isBusy = true; // a slow phone skips pictures
    try {
      const scale = Math.min(1, ANALYSIS_SIZE.width / video.videoWidth, ANALYSIS_SIZE.height / video.videoHeight);
      this.canvas.width = Math.round(video.videoWidth * scale);
      this.canvas.height = Math.round(video.videoHeight * scale);
      this.canvas.getContext("2d", { alpha: false })?.drawImage(video, 0, 0, this.canvas.width, this.canvas.height);
      let picture = await this.jpeg(QUALITY);
      if (picture !== null && picture.size > MOST_BYTES) picture = await this.jpeg(LOWER_QUALITY);
      if (picture === null || picture.size > MOST_BYTES) return;
      const bytes = await picture.arrayBuffer();
      if (this.isOn) this.send(bytes); // not after a pause that came while it was being made
    } finally {
      this.isBusy = false;
    }
  }

  private jpeg(quality: number): Promise<Blob | null> {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", quality));
  }
}
