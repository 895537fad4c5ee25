/** A still that both sides look at: taken at full resolution, sent to the service first, then shown. */

import { effect } from "@preact/signals";

import { takeStill } from "../../../core/camera";
import { CannotDo, type Effect } from "../../../core/commands";
import { EMPTY_BOARD } from "../../../core/pointer";
import type { FrameKept } from "../../../core/views";
import { camera, cameraVideo, imageCapture } from "../camera-state";
import { state } from "../context";
import { darkroomFor, jpeg } from "../darkroom";
import { board, frozen, shownElsewhere } from "../live-state";

/** A larger picture would not be there before the operator is told that nothing came back. */
const SEND_AT_MOST_BYTES = 2_500_000;
const SMALLER_QUALITY = 0.8;

let forget: () => void = () => undefined;

/** @throws CannotDo, Refused, Unreached */
export async function freeze(
  send: (bytes: ArrayBuffer, mediaType: string) => Promise<FrameKept>,
  inspectionId: string,
): Promise<Effect> {
  const open = camera.peek();
  const now = state.peek();
  const place = now.at === "inside" ? now.place : null;
  if (open.is !== "open" || place?.screen !== "step" || place.shot !== null) throw new CannotDo("camera-closed");
  const still = await takeStill(open.track, imageCapture, darkroomFor(() => cameraVideo.peek()));
  const picture = await lighter(new Blob([still.bytes], { type: still.mediaType }));
  const { frame_id, width, height } = await send(await picture.arrayBuffer(), picture.type);
  unfreeze();
  const url = URL.createObjectURL(picture);
  const forgetAddress = shownElsewhere(url, `/v1/operator/inspections/${inspectionId}/frames/${frame_id}`);
  forget = () => {
    forgetAddress();
    URL.revokeObjectURL(url);
  };
  board.value = EMPTY_BOARD;
  frozen.value = { frameId: frame_id, url, width, height, stepId: place.stepId };
  return { frame_id, width, height };
}

/** Back to the camera as it is now; nothing to do is done as well. */
export function unfreeze(): Effect {
  if (frozen.peek() !== null) {
    frozen.value = null;
    board.value = EMPTY_BOARD;
  }
  forget();
  forget = () => undefined;
  return {};
}

/** A frozen picture is of one step, and of a call: elsewhere the camera shows again. */
export function thawWithTheStep(): void {
  effect(() => {
    const now = state.value;
    const picture = frozen.value;
    if (picture === null) return;
    const isThere =
      now.at === "inside" &&
      now.call?.state === "accepted" &&
      now.place.screen === "step" &&
      now.place.stepId === picture.stepId &&
      now.place.shot === null;
    if (!isThere) unfreeze();
  });
}

async function lighter(picture: Blob): Promise<Blob> {
  const isSendable = picture.type === "image/jpeg" || picture.type === "image/png";
  if (isSendable && picture.size <= SEND_AT_MOST_BYTES) return picture;
  const bitmap = await createImageBitmap(picture);
  try {
    return await jpeg(bitmap, bitmap.width, bitmap.height, SMALLER_QUALITY);
  } finally {
    bitmap.close();
  }
}
