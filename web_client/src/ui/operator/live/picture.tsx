import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { frameUrl } from "../api";
import type { CaseModel } from "../case-model";
import { t } from "../desk";
import { place, type Placed } from "./geometry";
import { PictureLayer, type LayerMode } from "./picture-layer";

/** Whether the operator may point and draw on what the camera shows, now. */
export function layerMode(model: CaseModel): LayerMode {
  const { live } = model;
  if (!live.isAccepted.value || live.call.value?.isPaused) return "off";
  if (live.drawing.frame.value !== null) return "draw";
  return model.level.value === "point" || model.level.value === "steer" ? "point" : "off";
}

/** The whole picture of the seller's camera, or of the shared screen; never cropped. */
export function LivePicture({ model, isScreen = false }: { readonly model: CaseModel; readonly isScreen?: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const { live } = model;
  const stream = isScreen ? live.screen.value : live.remote.value;
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  const placed = (layer: DOMRect): Placed | null => {
    const element = video.current;
    if (element === null) return null;
    return place(within(element, layer), { width: element.videoWidth, height: element.videoHeight }, "contain");
  };
  return (
    <div class={`picture ${live.call.value?.isPaused ? "paused" : ""}`}>
      {/* The seller's voice comes with the camera's stream, which is shown in several places: `Voice` is heard once. */}
      <video ref={video} class="live" autoplay playsInline muted />
      {!isScreen && <PictureLayer placed={placed} mode={layerMode(model)} drawing={live.drawing} />}
      {!isScreen && <WhyNoPicture model={model} />}
    </div>
  );
}

/** The seller's voice: one element, whatever pictures are on the screen. */
export function Voice({ model }: { readonly model: CaseModel }) {
  const audio = useRef<HTMLAudioElement>(null);
  const stream = model.live.remote.value;
  useEffect(() => {
    if (audio.current) audio.current.srcObject = stream;
  }, [stream]);
  return <audio ref={audio} autoplay />;
}

/** The frame that stands still on both sides, at the camera's full resolution, to draw on. */
export function FrozenPicture({ model, children }: { readonly model: CaseModel; readonly children?: ComponentChildren }) {
  const image = useRef<HTMLImageElement>(null);
  const [hasFailed, setFailed] = useState(false);
  const { drawing } = model.live;
  const frame = drawing.frame.value;
  if (frame === null) return null;
  const placed = (layer: DOMRect): Placed | null =>
    image.current === null ? null : place(within(image.current, layer), frame, "contain");
  return (
    <div class="picture frozen">
      <img ref={image} src={frameUrl(model.id, frame.id)} alt="" onError={() => setFailed(true)} onLoad={() => setFailed(false)} />
      <PictureLayer placed={placed} mode="draw" drawing={drawing} />
      <p class="ribbon">
        {hasFailed ? t().live.frameMissing : frame.isOver ? t().live.frameOver : t().live.frozen(frame.width, frame.height)}
      </p>
      {children}
    </div>
  );
}

/** Why there is nothing to be seen, in words, over the empty picture. */
function WhyNoPicture({ model }: { readonly model: CaseModel }) {
  const texts = t().live;
  const { live } = model;
  const camera = live.phone.value?.camera.state ?? null;
  const why =
    live.call.value?.isPaused === true
      ? texts.paused
      : live.seller.value === false
        ? texts.sellerGone
        : live.link.value !== "connected"
          ? t().link[live.link.value ?? "connecting"]
          : live.phone.value?.visible === false
            ? texts.hiddenLong
            : camera === "closed" || camera === "denied" || camera === "stalled"
              ? texts.cameraLong[camera]
              : null;
  return why === null ? null : (
    <p class="why" role="status">
      {why}
    </p>
  );
}

/** An element's box in the pixels of a layer over it. */
export function within(element: Element, layer: DOMRect): { left: number; top: number; width: number; height: number } {
  const box = element.getBoundingClientRect();
  return { left: box.left - layer.left, top: box.top - layer.top, width: box.width, height: box.height };
}
