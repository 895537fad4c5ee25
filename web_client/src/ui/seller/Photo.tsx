/** A photo with a box drawn on what is meant. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Box } from "../../core/views";

export function Photo(props: {
  readonly url: string;
  readonly alt: string;
  readonly box: Box | null;
  readonly size?: { readonly width: number | null; readonly height: number | null };
}): JSX.Element {
  const { box, size } = props;
  const [seen, setSeen] = useState({ width: 0, height: 0 });
  const width = size?.width ?? seen.width;
  const height = size?.height ?? seen.height;
  const measure = (image: HTMLImageElement): void => setSeen({ width: image.naturalWidth, height: image.naturalHeight });
  return (
    <span class="photo">
      <img src={props.url} alt={props.alt} loading="lazy" onLoad={(event) => measure(event.currentTarget)} />
      {box !== null && width > 0 && height > 0 ? (
        <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
          <rect x={box[0]} y={box[1]} width={box[2] - box[0]} height={box[3] - box[1]} class="halo" />
          <rect x={box[0]} y={box[1]} width={box[2] - box[0]} height={box[3] - box[1]} />
        </svg>
      ) : null}
    </span>
  );
}
