/** How this phone is, read from everywhere it can be read, for the operators' desks. */

import { effect } from "@preact/signals";

import { capabilitiesOf, settingsOf } from "../../../core/lens";
import type { PhoneState } from "../../../core/messages";
import { PhoneReporter } from "../../../core/phone-reporter";
import type { Seller } from "../../../core/seller";
import { camera, cameras, imageCapture, isStalled } from "../camera-state";
import { state } from "../context";
import { analysisPath, frozen, isSharingScreen, microphone } from "../live-state";
import { canRecord } from "./recorder";
import { canSound } from "./voice";

interface Battery extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}
interface Connection extends EventTarget {
  readonly effectiveType?: string;
}
const connection = (navigator as { connection?: Connection }).connection;

export const canShareScreen = (): boolean => "getDisplayMedia" in (navigator.mediaDevices ?? {});
const ENDED: readonly string[] = ["page_denied", "browser_denied", "in_app"];

/** Reports for as long as the page lives; what only a look tells (torch, zoom, bytes) is looked at again every second. */
export class PhoneStatus {
  private readonly reporter: PhoneReporter;
  private battery: Battery | null = null;
  private cameraCount = 0;
  private soon: ReturnType<typeof setTimeout> | undefined;
  /** Milliseconds to the operator's browser and back; set by the call. */
  rtt_ms: number | null = null;

  constructor(private readonly seller: Seller) {
    this.reporter = new PhoneReporter((phone) => seller.say({ type: "phone", phone }));
    void this.watchBattery();
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.countCameras());
    connection?.addEventListener("change", this.tell);
    document.addEventListener("visibilitychange", this.tell);
    effect(() => {
      // Before permission is given, browsers hide how many there are.
      if (camera.value.is === "open") void this.countCameras();
    });
    effect(() => {
      this.read();
      // Once what has changed is on the screen, and so in the operator's mirror.
      this.soon ??= setTimeout(() => {
        this.soon = undefined;
        this.tell();
      }, 0);
    });
    setInterval(this.tell, 1000);
  }

  /** The line is new: say all of it again. */
  again(): void {
    this.reporter.again();
  }

  private readonly tell = (): void => {
    const phone = this.read();
    if (phone !== null) this.reporter.report(phone);
  };

  private read(): PhoneState | null {
    const now = state.value;
    if (now.at !== "inside") return null;
    const { place } = now;
    const sending = now.waiting.find((photo) => photo.state === "sending");
    return {
      capabilities: this.capabilities(),
      camera: this.camera(),
      screen: {
        screen: place.screen,
        step_id: place.screen === "step" ? place.stepId : null,
        shot: place.screen === "step" && place.shot !== null,
      },
      battery: this.battery === null ? null : { level: this.battery.level, charging: this.battery.charging },
      network: { online: now.isOnline, type: connection?.effectiveType ?? null, rtt_ms: this.rtt_ms },
      uploads: {
        waiting: now.waiting.filter((photo) => photo.state !== "refused").length,
        bytes: this.seller.queue.bytesWaiting,
        sent_share: sending === undefined ? null : Math.round(sending.share * 100) / 100,
      },
      visible: document.visibilityState === "visible",
      microphone: microphone.value,
      sharing_screen: isSharingScreen.value,
      level: now.view.consents.live_level,
    };
  }

  private capabilities(): PhoneState["capabilities"] {
    const open = camera.value;
    const lens = open.is === "open" ? capabilitiesOf(open.track) : { torch: false, zoom: null };
    return {
      ...lens,
      cameras: this.cameraCount,
      take_photo: imageCapture !== undefined,
      screen_share: canShareScreen(),
      mirror: "MutationObserver" in globalThis,
      vibrate: "vibrate" in navigator,
      sound: canSound(),
      recording: canRecord(),
    };
  }

  private camera(): PhoneState["camera"] {
    const open = camera.value;
    const stands = open.is === "open" ? settingsOf(open.track) : { facing: null, width: 0, height: 0, torch: null, zoom: null };
    const isDenied = open.is === "trouble" && ENDED.includes(open.trouble);
    const is = open.is === "open" ? (frozen.value === null ? "open" : "frozen") : isDenied ? "denied" : "closed";
    return { state: isStalled.value ? "stalled" : is, ...stands, method: analysisPath.value };
  }

  private async countCameras(): Promise<void> {
    this.cameraCount = (await cameras()).length;
    this.tell();
  }

  private async watchBattery(): Promise<void> {
    const ask = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
    try {
      this.battery = (await ask?.call(navigator)) ?? null;
    } catch {
      this.battery = null; // Not every browser tells, and none has to.
    }
    this.battery?.addEventListener("levelchange", this.tell);
    this.battery?.addEventListener("chargingchange", this.tell);
    this.tell();
  }
}
