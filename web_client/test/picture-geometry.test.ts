import { describe, expect, test } from "vitest";

import { over, place, scaleToFit, spotNear, spotUnder } from "../src/ui/operator/live/geometry";

const box = (left: number, top: number, width: number, height: number) => ({ left, top, width, height });

describe("a place of the camera's picture", () => {
  test("is found where the picture has margins, and not on the margins", () => {
    // 4:3 in a tall phone screen: 390 wide, so 292.5 high, in the middle of 844.
    const placed = place(box(10, 20, 390, 844), { width: 800, height: 600 }, "contain")!;
    expect(placed.picture).toEqual(box(10, 20 + (844 - 292.5) / 2, 390, 292.5));
    expect(spotUnder(10 + 195, 20 + 422, placed)).toEqual([0.5, 0.5]);
    expect(spotUnder(205, 100, placed)).toBeNull();
  });

  test("is found where the picture is cropped: the middle of the screen is the middle of the picture, its edge is not the picture's", () => {
    const placed = place(box(0, 0, 300, 600), { width: 1280, height: 720 }, "cover")!;
    expect(placed.picture.height).toBe(600);
    expect(placed.shown).toEqual(box(0, 0, 300, 600));
    expect(spotUnder(150, 300, placed)).toEqual([0.5, 0.5]);
    const [x] = spotUnder(0, 300, placed)!;
    expect(x).toBeCloseTo((600 * (16 / 9) - 300) / 2 / (600 * (16 / 9)), 6);
  });

  test.each(["contain", "cover", "fill"] as const)("comes back to where it was pointed at (%s), whatever the sizes", (fit) => {
    for (const [width, height] of [[1280, 720], [720, 1280], [4032, 3024], [640, 640]] as const) {
      for (const element of [box(0, 0, 286, 619), box(40, 9, 700, 400), box(-5, -5, 50, 900)]) {
        const placed = place(element, { width, height }, fit)!;
        for (const share of [0.05, 0.37, 0.5, 0.99]) {
          const x = placed.shown.left + share * placed.shown.width;
          const y = placed.shown.top + (1 - share) * placed.shown.height;
          const back = over(spotUnder(x, y, placed)!, placed);
          expect(back[0]).toBeCloseTo(x, 6);
          expect(back[1]).toBeCloseTo(y, 6);
        }
      }
    }
  });

  test("is mirrored with a camera that faces the seller", () => {
    const placed = place(box(0, 0, 400, 300), { width: 800, height: 600 }, "contain", true)!;
    expect(spotUnder(100, 30, placed)).toEqual([0.75, 0.1]);
    expect(over([0.75, 0.1], placed)[0]).toBeCloseTo(100, 9);
  });

  test("of a line that left the picture is the nearest of its edge", () => {
    const placed = place(box(0, 0, 400, 300), { width: 800, height: 600 }, "contain")!;
    expect(spotNear(-50, 150, placed)).toEqual([0, 0.5]);
    expect(spotNear(9_999, -3, placed)).toEqual([1, 0]);
  });

  test("is nowhere while there is no picture", () => {
    expect(place(box(0, 0, 400, 300), { width: 0, height: 0 }, "contain")).toBeNull();
    expect(place(box(0, 0, 0, 0), { width: 800, height: 600 }, "cover")).toBeNull();
  });
});

test("a phone's screen is drawn as large as its place allows, and never absurdly large", () => {
  expect(scaleToFit({ width: 390, height: 844 }, { width: 500, height: 633 })).toBeCloseTo(0.75, 6);
  expect(scaleToFit({ width: 844, height: 390 }, { width: 422, height: 633 })).toBe(0.5);
  expect(scaleToFit({ width: 100, height: 100 }, { width: 5_000, height: 5_000 })).toBe(1.5);
});
