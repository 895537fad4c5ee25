import { useEffect, useRef, useState } from "preact/hooks";
import { MirrorReceiver } from "../../../core/mirror";
import type { Fit, Size } from "../../../core/pointer";
import type { CaseModel } from "../case-model";
import { t } from "../desk";
import { DrawnPhone } from "./drawn-phone";
import { place, scaleToFit, type Placed } from "./geometry";
import { MirrorScreen, rrwebStage } from "./mirror-screen";
import { layerMode } from "./picture";
import { PictureLayer } from "./picture-layer";

const USUAL: Size = { width: 390, height: 844 };
/** Nothing came of the mirror for so long after the call connected: the screen is drawn another way meanwhile. */
const MIRROR_TIMEOUT_MS = 5_000;

type Mirror = "waiting" | "shown" | "none";

/** The seller's screen, as it is: mirrored where the phone can, else drawn from what the phone says of itself. */
export function PhoneScreen({ model }: { readonly model: CaseModel }) {
  const { live } = model;
  const room = useRef<HTMLDivElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const screen = useRef<MirrorScreen | null>(null);
  const [size, setSize] = useState<Size>(USUAL);
  const [scale, setScale] = useState(0.7);
  const [mirror, setMirror] = useState<Mirror>("waiting");
  const channel = live.mirror.value;

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setScale(scaleToFit(size, entry.contentRect)));
    if (room.current) watch.observe(room.current);
    return () => watch.disconnect();
  }, [size]);

  useEffect(() => {
    setMirror(channel === null ? "none" : "waiting");
    if (channel === null || root.current === null) return;
    const stop = showMirror(channel, root.current, {
      inspectionId: model.id,
      onSize: (next) => {
        setSize((before) => (before.width === next.width && before.height === next.height ? before : next));
        setMirror("shown");
      },
      onHopeless: () => setMirror("none"),
      onScreen: (shown) => {
        screen.current = shown;
        shown?.placeCamera(live.remote.value);
      },
    });
    const late = setTimeout(() => setMirror((now) => (now === "waiting" ? "none" : now)), MIRROR_TIMEOUT_MS);
    return () => {
      clearTimeout(late);
      stop();
    };
  }, [channel]);
  useEffect(() => screen.current?.placeCamera(live.remote.value), [live.remote.value]);

  const placed = (): Placed | null => {
    const video = screen.current?.cameraElement ?? null;
    return video === null ? null : placedInMirror(video, scale);
  };
  const isMirrored = mirror === "shown" && live.phone.value?.capabilities.mirror !== false;
  // What was on the screen when the seller paused is not for looking at either.
  const isPaused = live.call.value?.isPaused ?? false;
  return (
    <div class="phone-room" ref={room}>
      <div class="phone" style={{ width: `${size.width * scale}px`, height: `${size.height * scale}px` }}>
        <div
          class="mirror"
          ref={root}
          hidden={!isMirrored || isPaused}
          style={{ width: `${size.width}px`, height: `${size.height}px`, transform: `scale(${scale})` }}
        />
        {!isMirrored && !isPaused && <DrawnPhone model={model} isWaiting={mirror === "waiting"} />}
        {isMirrored && (
          <PictureLayer placed={placed} mode={layerMode(model) === "draw" ? "off" : layerMode(model)} drawing={live.drawing} />
        )}
        {(isPaused || live.seller.value === false) && <p class="why">{isPaused ? t().live.paused : t().live.sellerGone}</p>}
      </div>
    </div>
  );
}

interface Showing {
  readonly inspectionId: string;
  readonly onSize: (size: Size) => void;
  readonly onHopeless: () => void;
  readonly onScreen: (screen: MirrorScreen | null) => void;
}

/** Show what comes over a channel until the answer is called. A hidden desk takes nothing and asks anew when it returns. */
function showMirror(channel: RTCDataChannel, root: HTMLElement, showing: Showing): () => void {
  let isOver = false;
  let screen: MirrorScreen | null = null;
  let receiver: MirrorReceiver | null = null;
  const returned = (): void => void (document.hidden || receiver?.ask());
  void rrwebStage(root).then((build) => {
    if (isOver) return;
    screen = new MirrorScreen({
      origin: location.origin,
      inspectionId: showing.inspectionId,
      build,
      onSize: showing.onSize,
      onTrouble: (isHopeless) => {
        if (!isHopeless) return receiver?.ask();
        receiver?.close();
        showing.onHopeless();
      },
    });
    receiver = new MirrorReceiver({ channel, onEvent: (event) => document.hidden || screen?.take(event) });
    showing.onScreen(screen);
    document.addEventListener("visibilitychange", returned);
  });
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", returned);
    receiver?.close();
    screen?.destroy();
    showing.onScreen(null);
  };
}

/** Where the camera's picture lies on the mirrored screen, in the pixels of the layer over it. */
function placedInMirror(video: HTMLVideoElement, scale: number): Placed | null {
  const box = video.getBoundingClientRect(); // in the frame's own pixels
  const style = video.ownerDocument.defaultView?.getComputedStyle(video);
  const element = { left: box.left * scale, top: box.top * scale, width: box.width * scale, height: box.height * scale };
  const fit: Fit = style?.objectFit === "cover" ? "cover" : style?.objectFit === "fill" ? "fill" : "contain";
  const isFlipped = style?.transform.startsWith("matrix(-1,") ?? false;
  return place(element, { width: video.videoWidth, height: video.videoHeight }, fit, isFlipped);
}
