/** What lies over the camera's picture in a call: the frozen frame, points and lines; and the seller's finger on it. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { allows } from "../../../core/messages";
import { spotAt, type Mark, type Size, type Spot, type Stroke } from "../../../core/pointer";
import { liveLevelOf } from "../../../core/session";
import { inside, state, words } from "../context";
import { board, finger, frozen } from "../live-state";

/** Of the picture's width. */
const LINE = 0.008;
const DOT = 0.035;

export function Overlay(props: { readonly picture: Size }): JSX.Element | null {
  const still = frozen.value;
  const picture: Size = still ?? props.picture;
  const { call } = inside();
  const t = words.value.frozen;
  const canPoint = finger.value !== null && allows(liveLevelOf(state.value), "point");
  if (picture.width === 0 || call?.state !== "accepted") return null;
  return (
    <div class="overlay">
      {still === null ? null : <img id="frozen" class="picture" src={still.url} alt={t.title(call.operatorName)} />}
      <Canvas picture={picture} isFrozen={still !== null} canPoint={canPoint} />
    </div>
  );
}

function Canvas(props: { readonly picture: Size; readonly isFrozen: boolean; readonly canPoint: boolean }): JSX.Element {
  const { picture, isFrozen, canPoint } = props;
  const area = useRef<SVGSVGElement>(null);
  const stroke = useRef<string | null>(null);
  const last = useRef<Spot | null>(null);

  const spotOf = (event: PointerEvent): Spot | null => {
    const box = (area.current as SVGSVGElement).getBoundingClientRect();
    return spotAt(event.clientX - box.left, event.clientY - box.top, box, picture, "contain");
  };
  const down = (event: PointerEvent): void => {
    const spot = spotOf(event);
    if (!canPoint || spot === null || stroke.current !== null) return;
    event.preventDefault();
    area.current?.setPointerCapture(event.pointerId);
    stroke.current = crypto.randomUUID();
    put(spot);
  };
  const move = (event: PointerEvent): void => {
    const spot = spotOf(event);
    if (stroke.current === null || spot === null) return;
    const before = last.current;
    if (before !== null && Math.hypot(spot[0] - before[0], spot[1] - before[1]) < 0.004) return;
    put(spot);
  };
  const put = (spot: Spot): void => {
    last.current = spot;
    if (isFrozen) finger.value?.stroke(stroke.current ?? "", spot, false);
    else finger.value?.point(spot);
  };
  const up = (): void => {
    if (stroke.current !== null && isFrozen) finger.value?.stroke(stroke.current, null, true);
    stroke.current = null;
    last.current = null;
  };
  return (
    <svg
      ref={area}
      id="board"
      class={`board ${canPoint ? "touchable" : ""}`}
      viewBox={`0 0 ${picture.width} ${picture.height}`}
      aria-hidden="true"
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      {isFrozen ? board.value.strokes.map((line) => <Line key={`${line.by}${line.id}`} line={line} picture={picture} />) : null}
      {board.value.marks.map((mark) => (
        <Dot key={`${mark.by}${mark.since}`} mark={mark} picture={picture} />
      ))}
    </svg>
  );
}

function Line(props: { readonly line: Stroke; readonly picture: Size }): JSX.Element {
  const { line, picture } = props;
  const points = line.points.map(([x, y]) => `${x * picture.width},${y * picture.height}`).join(" ");
  const width = picture.width * LINE;
  return (
    <g class={`stroke ${line.by}`} data-stroke={line.id}>
      <polyline class="halo" points={points} stroke-width={width * 2} />
      <polyline points={points} stroke-width={width} />
    </g>
  );
}

function Dot(props: { readonly mark: Mark; readonly picture: Size }): JSX.Element {
  const { mark, picture } = props;
  const at = { cx: mark.at[0] * picture.width, cy: mark.at[1] * picture.height };
  const radius = picture.width * DOT;
  return (
    <g class={`mark ${mark.by}`} data-mark={mark.by}>
      <circle class="halo" {...at} r={radius} stroke-width={radius * 0.45} />
      <circle {...at} r={radius} stroke-width={radius * 0.25} />
      <circle class="core" {...at} r={radius * 0.18} />
    </g>
  );
}
