/** A photo from the moment the shutter answers until the service has it. */

/** How a picture was taken, best first; `demo` is a generated picture, never a real car. */
export type Method = "take_photo" | "grab_frame" | "video_frame" | "file" | "demo";

/** Bytes of one picture, just taken. */
export interface Still {
  readonly bytes: ArrayBuffer;
  readonly mediaType: string;
  readonly method: Method;
  /** Pixels; 0 when the browser cannot decode it (HEIC). */
  readonly width: number;
  readonly height: number;
}

/** A picture that is safe on the phone. */
export interface KeptPhoto extends Still {
  readonly captureId: string;
  readonly inspectionId: string;
  /** The step it answers; `null` for a photo of declared damage. */
  readonly stepId: string | null;
  readonly sha256: string;
  /** RFC 3339, the phone's clock. */
  readonly takenAt: string;
}

/** SHA-256 as lower-case hexadecimal. */
export async function sha256Hex(bytes: ArrayBuffer, subtle: SubtleCrypto = crypto.subtle): Promise<string> {
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Put everything beside the bytes that the service will want to know. */
export async function keep(
  still: Still,
  about: { inspectionId: string; stepId: string | null; takenAt: Date; captureId: string },
): Promise<KeptPhoto> {
  return {
    ...still,
    captureId: about.captureId,
    inspectionId: about.inspectionId,
    stepId: about.stepId,
    takenAt: about.takenAt.toISOString(),
    sha256: await sha256Hex(still.bytes),
  };
}
