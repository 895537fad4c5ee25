/** The seller's voice and ears in a call, and what an operator writes, read aloud. */

import { CannotDo, type Effect } from "../../../core/commands";
import { CallMicrophone } from "../../../core/microphone";
import { microphone } from "../live-state";

/** The microphone of a call: opened once, muted without closing it, closed with the call. */
export class Voice {
  private readonly player = new Audio();
  private readonly mine = new CallMicrophone();
  private known: MediaStreamTrack | null = null;
  private remote: MediaStream | null = null;

  constructor(private readonly onTrack: (track: MediaStreamTrack | null) => void) {
    this.player.autoplay = true;
    // Where the browser wants a tap before it makes a sound, the next one will do.
    addEventListener("pointerup", () => void this.resume(), { passive: true });
  }

  get track(): MediaStreamTrack | null {
    return this.mine.track;
  }

  get heard(): MediaStream | null {
    return this.remote;
  }

  hear(stream: MediaStream): void {
    this.remote = stream;
    this.player.srcObject = stream;
    void this.resume();
  }

  /** Open the microphone, unless it is. @returns Whether there is one now. */
  async open(): Promise<boolean> {
    const opened = await this.mine.open();
    if (opened === "closed") return false;
    const { track } = this;
    if (track === this.known && track !== null) return true;
    this.known = track;
    microphone.value = track === null ? "denied" : "on"; // without, the operator still sees, and the seller still hears
    track?.addEventListener("ended", () => {
      microphone.value = "off";
      this.onTrack(null);
    });
    this.onTrack(track);
    return track !== null;
  }

  mute(isMuted: boolean): void {
    if (this.track === null) return;
    this.track.enabled = !isMuted;
    microphone.value = isMuted ? "muted" : "on";
  }

  close(): void {
    this.player.srcObject = null;
    this.remote = null;
    this.mine.close();
    this.known = null;
    microphone.value = "off";
  }

  /** An operator asks for the voice. */
  async request(): Promise<Effect> {
    if (!(await this.open())) throw new CannotDo("denied");
    // A seller who muted it has a reason; the operator is told how it stands.
    return { microphone: microphone.value };
  }

  private async resume(): Promise<void> {
    if (this.player.srcObject === null || !this.player.paused) return;
    await this.player.play().catch(() => undefined);
  }
}

const SOUND_S = 3;
const VIBRATION_MS = [400, 150, 400, 150, 400, 150, 400, 150, 400];

/**
 * Make the phone heard and felt, so that it is found.
 *
 * @throws CannotDo Neither worked.
 */
export async function playSound(): Promise<Effect> {
  const isVibrating = navigator.vibrate?.(VIBRATION_MS) ?? false;
  const isHeard = await ring();
  if (!isHeard && !isVibrating) throw new CannotDo(canSound() ? "no-effect" : "unsupported");
  return { played: true, sound: isHeard, vibration: isVibrating };
}

export const canSound = (): boolean => "AudioContext" in globalThis;

async function ring(): Promise<boolean> {
  if (!canSound()) return false;
  const context = new AudioContext();
  // A page that was never touched stays silent: the browser then leaves this pending.
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 500))]);
  if (context.state !== "running") {
    void context.close();
    return false;
  }
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.type = "square"; // carries further outdoors than a pure tone
  for (let at = 0; at < SOUND_S; at += 0.5) {
    tone.frequency.setValueAtTime(at % 1 === 0 ? 1320 : 990, context.currentTime + at);
    loudness.gain.setValueAtTime(0.5, context.currentTime + at);
    loudness.gain.setValueAtTime(0, context.currentTime + at + 0.4);
  }
  tone.connect(loudness).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + SOUND_S);
  tone.onended = () => void context.close();
  return true;
}

/** Read a message aloud in its language; silence where the phone has no voice for it. */
export function readAloud(text: string, language: string): void {
  if (!("speechSynthesis" in globalThis)) return;
  const said = new SpeechSynthesisUtterance(text);
  said.lang = language === "fr" ? "fr-FR" : "en-GB";
  speechSynthesis.cancel(); // the newest is what matters; some phones otherwise never begin
  speechSynthesis.speak(said);
}

export function stopReading(): void {
  if ("speechSynthesis" in globalThis) speechSynthesis.cancel();
}
