import { useEffect, useRef, useState } from "preact/hooks";
import type { DrawingModel } from "./drawing-model";
import { LINE_WIDTH } from "./drawing-model";
import { over, spotNear, spotUnder, type Placed } from "./geometry";

/** Layout changes without a word (a phone turned, a picture that begins): the layer looks again so often. */
const LOOK_AGAIN_MS = 200;

export type LayerMode = "point" | "draw" | "off";

/** A clear layer over a picture of the camera: catches pointing and drawing, and shows what either side points at. */
export function PictureLayer(props: {
  /** Where the picture lies now, in this layer's pixels. */
  readonly placed: (layer: DOMRect) => Placed | null;
  readonly mode: LayerMode;
  readonly drawing: DrawingModel;
}) {
  const { drawing, mode } = props;
  const layer = useRef<SVGSVGElement>(null);
  const line = useRef<string | null>(null);
  const [now, setNow] = useState<Placed | null>(null);
  const board = drawing.board.value;

  const look = (): Placed | null => {
    const box = layer.current?.getBoundingClientRect();
    const found = box === undefined ? null : props.placed(box);
    setNow((before) => (JSON.stringify(before) === JSON.stringify(found) ? before : found));
    return found;
  };
  useEffect(() => {
    look();
    const again = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(again);
  });

  const at = (event: PointerEvent): readonly [number, number] => {
    const box = layer.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const down = (event: PointerEvent): void => {
    const placed = look();
    if (mode === "off" || placed === null || event.button !== 0) return;
    const spot = spotUnder(...at(event), placed);
    if (spot === null) return;
    layer.current!.setPointerCapture(event.pointerId);
    if (mode === "draw") line.current = drawing.begin(spot);
    else drawing.point(spot);
  };
  const moved = (event: PointerEvent): void => {
    if (now === null || event.buttons === 0) return;
    if (line.current !== null) drawing.extend(line.current, spotNear(...at(event), now), false);
    else if (mode === "point") {
      const spot = spotUnder(...at(event), now);
      if (spot !== null) drawing.point(spot);
    }
  };
  const up = (): void => {
    if (line.current !== null) drawing.extend(line.current, null, true);
    line.current = null;
  };

  return (
    <svg
      ref={layer}
      class={`layer ${mode}`}
      onPointerDown={down}
      onPointerMove={moved}
      onPointerUp={up}
      onPointerCancel={up}
    >
      {now !== null &&
        board.strokes.map((stroke) => (
          <polyline
            key={`${stroke.by}${stroke.id}`}
            class={`stroke ${stroke.by}`}
            points={stroke.points.map((spot) => over(spot, now).join(",")).join(" ")}
            stroke-width={Math.max(2, LINE_WIDTH * now.picture.width)}
          />
        ))}
      {now !== null &&
        board.marks.map((mark) => {
          const [x, y] = over(mark.at, now);
          return <circle key={mark.by} class={`mark ${mark.by}`} cx={x} cy={y} r={16} />;
        })}
    </svg>
  );
}
