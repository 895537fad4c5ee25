/** Where the camera's picture lies on the desk's own layer, so that pointing means a place of the picture and not of a screen. */

import { pictureWithin, type Fit, type Size, type Spot } from "../../../core/pointer";

/** A rectangle in the layer's pixels. */
export interface Rect extends Size {
  readonly left: number;
  readonly top: number;
}

/** A picture on the layer: where all of it would lie, and the part of it that is to be seen. */
export interface Placed {
  /** The whole picture; reaches beyond `shown` where it is cropped. */
  readonly picture: Rect;
  readonly shown: Rect;
  /** Left and right are exchanged, as for a camera that faces the seller. */
  readonly isFlipped: boolean;
}

/**
 * Place a picture that fills an element.
 *
 * @param element The element's box in the layer's pixels.
 * @param picture The picture's own size, in its pixels.
 * @returns `null` while there is no picture.
 */
export function place(element: Rect, picture: Size, fit: Fit, isFlipped = false): Placed | null {
  if (!(picture.width > 0 && picture.height > 0 && element.width > 0 && element.height > 0)) return null;
  const within = pictureWithin(element, picture, fit);
  const whole = { left: element.left + within.left, top: element.top + within.top, width: within.width, height: within.height };
  return { picture: whole, shown: intersection(whole, element), isFlipped };
}

/** The place of the picture under a place of the layer; `null` where no picture is to be seen. */
export function spotUnder(x: number, y: number, { picture, shown, isFlipped }: Placed): Spot | null {
  if (x < shown.left || y < shown.top || x > shown.left + shown.width || y > shown.top + shown.height) return null;
  return spotNear(x, y, { picture, shown, isFlipped });
}

/** As `spotUnder`, for a line that left the picture: the nearest place of its edge. */
export function spotNear(x: number, y: number, { picture, shown, isFlipped }: Placed): Spot {
  const inX = Math.min(Math.max(x, shown.left), shown.left + shown.width);
  const inY = Math.min(Math.max(y, shown.top), shown.top + shown.height);
  const across = share((inX - picture.left) / picture.width);
  return [isFlipped ? 1 - across : across, share((inY - picture.top) / picture.height)];
}

/** The place of the layer, in its pixels, over a place of the picture. */
export function over(spot: Spot, { picture, isFlipped }: Placed): readonly [x: number, y: number] {
  return [picture.left + (isFlipped ? 1 - spot[0] : spot[0]) * picture.width, picture.top + spot[1] * picture.height];
}

/** How much smaller (or larger) a phone's screen is drawn to fit the place for it. */
export function scaleToFit(screen: Size, room: Size): number {
  if (!(screen.width > 0 && screen.height > 0)) return 1;
  return Math.max(0.05, Math.min(room.width / screen.width, room.height / screen.height, 1.5));
}

function intersection(a: Rect, b: Rect): Rect {
  const left = Math.max(a.left, b.left);
  const top = Math.max(a.top, b.top);
  return {
    left,
    top,
    width: Math.max(0, Math.min(a.left + a.width, b.left + b.width) - left),
    height: Math.max(0, Math.min(a.top + a.height, b.top + b.height) - top),
  };
}

const share = (value: number): number => Math.min(1, Math.max(0, value));
