import { useRef, useState } from "preact/hooks";
import type { Box, CaptureView, FindingView } from "../../core/views";
import { t } from "./desk";

const SMALLEST_BOX_PX = 8;

/** One photo, large, with the findings drawn on it; while marking, a drag draws a new box. */
export function Photo(props: {
  readonly capture: CaptureView;
  readonly findings: readonly FindingView[];
  readonly chosen: string | null;
  readonly isMarking: boolean;
  readonly onChoose: (findingId: string) => void;
  readonly onMark: (box: Box) => void;
}) {
  const { capture } = props;
  const [size, setSize] = useState({ width: capture.width ?? 4, height: capture.height ?? 3 });
  const [drawn, setDrawn] = useState<Box | null>(null);
  const svg = useRef<SVGSVGElement>(null);

  const at = (event: PointerEvent): readonly [number, number] => {
    const frame = svg.current!.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * size.width;
    const y = ((event.clientY - frame.top) / frame.height) * size.height;
    return [Math.min(Math.max(x, 0), size.width), Math.min(Math.max(y, 0), size.height)];
  };
  const down = (event: PointerEvent): void => {
    if (!props.isMarking) return;
    svg.current!.setPointerCapture(event.pointerId);
    const [x, y] = at(event);
    setDrawn([x, y, x, y]);
  };
  const moved = (event: PointerEvent): void => {
    if (drawn) setDrawn([drawn[0], drawn[1], ...at(event)]);
  };
  const up = (): void => {
    if (!drawn) return;
    const box = upright(drawn);
    setDrawn(null);
    if (box[2] - box[0] >= SMALLEST_BOX_PX && box[3] - box[1] >= SMALLEST_BOX_PX) props.onMark(box);
  };
  const stroke = Math.max(size.width, size.height) / 300;

  return (
    <figure class={`photo ${props.isMarking ? "marking" : ""}`} style={{ aspectRatio: `${size.width} / ${size.height}` }}>
      <img
        src={capture.photo_url}
        alt=""
        onLoad={(event) => setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })}
      />
      <svg
        ref={svg}
        viewBox={`0 0 ${size.width} ${size.height}`}
        onPointerDown={down}
        onPointerMove={moved}
        onPointerUp={up}
        onPointerCancel={() => setDrawn(null)}
      >
        {props.findings.map((finding) => finding.box && (
          <g
            key={finding.id}
            class={`box ${finding.source} ${finding.verdict ?? ""} ${finding.id === props.chosen ? "chosen" : ""}`}
            onClick={() => props.onChoose(finding.id)}
          >
            <Rectangle box={finding.box} stroke={stroke} />
            <text x={finding.box[0]} y={finding.box[1] - 2 * stroke} font-size={stroke * 6}>
              {finding.kind_label}
            </text>
          </g>
        ))}
        {drawn && <g class="box operator chosen"><Rectangle box={upright(drawn)} stroke={stroke} /></g>}
      </svg>
      {props.isMarking && <figcaption>{t().addFindingHow}</figcaption>}
    </figure>
  );
}

function Rectangle({ box, stroke }: { readonly box: Box; readonly stroke: number }) {
  return (
    <rect x={box[0]} y={box[1]} width={box[2] - box[0]} height={box[3] - box[1]} stroke-width={stroke} fill="transparent" />
  );
}

function upright(box: Box): Box {
  return [Math.min(box[0], box[2]), Math.min(box[1], box[3]), Math.max(box[0], box[2]), Math.max(box[1], box[3])];
}
