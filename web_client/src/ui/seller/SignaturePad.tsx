/** A mark drawn with the finger, kept as path data of `M` and `L` in a box of 600 by 200. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { words } from "./context";

const WIDTH = 600;
const HEIGHT = 200;
/** Points closer than this add nothing one could see. */
const STEP = 2.5;
/** The service takes 60 000 characters; this many points stay well below. */
const MOST_POINTS = 4_000;

export type Stroke = readonly (readonly [number, number])[];

/** Path data, or the empty string. */
export function pathOf(strokes: readonly Stroke[]): string {
  return strokes
    .filter((stroke) => stroke.length > 1)
    .map((stroke) => stroke.map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join(" "))
    .join(" ");
}

/** For those who cannot draw: the traditional cross. */
export const CROSS: readonly Stroke[] = [
  [
    [270, 70],
    [330, 130],
  ],
  [
    [330, 70],
    [270, 130],
  ],
];

export function SignaturePad(props: {
  readonly strokes: readonly Stroke[];
  readonly onChange: (strokes: readonly Stroke[]) => void;
}): JSX.Element {
  const t = words.value.sign;
  const pad = useRef<SVGSVGElement>(null);
  const drawing = useRef<readonly Stroke[]>(props.strokes);
  drawing.current = props.strokes;
  const active = useRef<number | null>(null);

  const at = (event: PointerEvent): readonly [number, number] => {
    const area = (pad.current as SVGSVGElement).getBoundingClientRect();
    const within = (value: number, most: number): number => Math.min(most, Math.max(0, value));
    return [
      within(((event.clientX - area.left) / area.width) * WIDTH, WIDTH),
      within(((event.clientY - area.top) / area.height) * HEIGHT, HEIGHT),
    ];
  };
  const set = (strokes: readonly Stroke[]): void => {
    drawing.current = strokes;
    props.onChange(strokes);
  };
  const down = (event: PointerEvent): void => {
    event.preventDefault();
    active.current = event.pointerId;
    pad.current?.setPointerCapture(event.pointerId);
    set([...drawing.current, [at(event)]]);
  };
  const move = (event: PointerEvent): void => {
    if (active.current !== event.pointerId) return;
    const strokes = drawing.current;
    const last = strokes[strokes.length - 1];
    const before = last?.[last.length - 1];
    if (last === undefined || before === undefined) return;
    const [x, y] = at(event);
    const points = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    if (Math.hypot(x - before[0], y - before[1]) < STEP || points >= MOST_POINTS) return;
    set([...strokes.slice(0, -1), [...last, [x, y]]]);
  };
  const up = (): void => {
    active.current = null;
  };
  return (
    <svg
      ref={pad}
      id="pad"
      class="pad rr-block"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={props.strokes.length > 0 ? t.drawn : t.draw}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      <path class="line" d={`M30 ${HEIGHT - 40}H${WIDTH - 30}`} />
      <path class="ink" d={pathOf(props.strokes)} />
    </svg>
  );
}
