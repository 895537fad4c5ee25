import { describe, expect, it } from "vitest";
import { boxOf, nextToCheck, type CopyView } from "../src/ui/operator/publication/model";

const photo = { width: 4000, height: 3000 };
const copy = (capture_id: string, is_checked: boolean, doubts: readonly string[] = []): CopyView => ({
  capture_id,
  title: capture_id,
  ...photo,
  hidden: [],
  doubts,
  is_checked,
  copy_url: "/",
});

describe("a box drawn over what must be hidden", () => {
  it("is rounded outwards, whichever way it was drawn, and cut to the photo", () => {
    expect(boxOf([0.50001, 0.5], [0.25, 0.20001], photo)).toEqual([1000, 600, 2001, 1500]);
    expect(boxOf([-0.5, 0.9], [0.1, 7], photo)).toEqual([0, 2700, 400, 3000]);
  });
  it("is none when it was a click", () => {
    expect(boxOf([0.5, 0.5], [0.503, 0.9], photo)).toBeNull();
  });
});

describe("the copy to look at next", () => {
  it("is one that raises doubts, then any that nobody has looked at, then none", () => {
    const copies = [copy("a", true), copy("b", false), copy("c", false, ["plate_not_found"])];
    expect(nextToCheck(copies, null)).toBe("c");
    expect(nextToCheck(copies, "c")).toBe("b");
    expect(nextToCheck([copy("a", true), copy("b", false)], "b")).toBeNull();
  });
});
