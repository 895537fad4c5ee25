import type { StrokeView } from "../../core/views";

/** A frame with the lines that were kept with it. */
export function Marked({ src, strokes }: { readonly src: string; readonly strokes: readonly StrokeView[] }) {
  return (
    <span class="marked">
      <img src={src} alt="" loading="lazy" />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none">
        {strokes.map((stroke, index) => (
          <polyline key={index} points={stroke.points.map((point) => point.join(",")).join(" ")} class="stroke" />
        ))}
      </svg>
    </span>
  );
}
