import { describe, expect, test } from "vitest";

import { arrange, EMPTY, step, type Arranged } from "../src/ui/operator/queue-order";

const rows = (text: string): string[] => [...text];
const shown = (text: string): Arranged => ({ ...EMPTY, order: rows(text) });
const held = (text: string): ReadonlySet<string> => new Set(text);

describe("the operators' list", () => {
  test("stands in the service's order when nothing is selected", () => {
    expect(arrange(shown("abcd"), rows("dbca"), held("")).order).toEqual(rows("dbca"));
  });

  test("keeps the selected row in its place while the others are sorted around it", () => {
    const after = arrange(shown("abcd"), rows("dcba"), held("b"));
    expect(after.order).toEqual(rows("dbca"));
    expect([...after.displaced]).toEqual(["b"]);
  });

  test("keeps the row under the pointer too, both where they were", () => {
    expect(arrange(shown("abcde"), rows("edcba"), held("bd")).order).toEqual(rows("ebcda"));
  });

  test("moves a held row up no further than rows above it left", () => {
    expect(arrange(shown("abcd"), rows("dc"), held("d")).order).toEqual(rows("cd"));
    expect(arrange(shown("abcd"), rows("d"), held("d")).order).toEqual(rows("d"));
  });

  test("gives every row exactly one place, whatever is held and whoever came or left", () => {
    const all = rows("abcdefg");
    for (let seed = 1; seed < 400; seed += 1) {
      const shuffled = (by: number): string[] => [...all].sort((a, b) => ((a.charCodeAt(0) * by) % 17) - ((b.charCodeAt(0) * by) % 17));
      const before = shuffled(seed).slice(0, seed % 8);
      const wanted = shuffled(seed * 7 + 3).slice(0, (seed * 3) % 8);
      const keep = new Set(shuffled(seed + 5).slice(0, seed % 3));
      const after = arrange({ ...EMPTY, order: before }, wanted, keep).order;
      expect([...after].sort()).toEqual([...wanted].sort());
      // A single held row that still fits has not moved at all.
      for (const id of keep) {
        const was = before.indexOf(id);
        if (keep.size === 1 && was >= 0 && wanted.includes(id)) expect(after.indexOf(id)).toBe(Math.min(was, wanted.length - 1));
      }
    }
  });

  test("marks a row that jumped, not the many that slipped by one because of it", () => {
    expect([...arrange(shown("abcde"), rows("eabcd"), held("")).moved]).toEqual([["e", "up"]]);
    expect([...arrange(shown("abcde"), rows("bcdea"), held("")).moved]).toEqual([["a", "down"]]);
  });

  test("marks both of two rows that changed places, and a row that is new", () => {
    expect(new Map(arrange(shown("abc"), rows("acb"), held("")).moved)).toEqual(new Map([["c", "up"], ["b", "down"]]));
    expect([...arrange(shown("abc"), rows("nabc"), held("")).moved]).toEqual([["n", "new"]]);
  });

  test("marks nothing when a row only moved up because one above it left, or on the first look", () => {
    expect(arrange(shown("abc"), rows("bc"), held("")).moved.size).toBe(0);
    expect(arrange(EMPTY, rows("abc"), held("")).moved.size).toBe(0);
  });
});

describe("the selection", () => {
  test("walks the rows and stops at both ends", () => {
    expect(step(rows("abc"), "a", 1)).toBe("b");
    expect(step(rows("abc"), "c", 1)).toBe("c");
    expect(step(rows("abc"), "a", -1)).toBe("a");
  });

  test("never lands on another case by itself: a row that left selects none until a key is pressed", () => {
    expect(step(rows("abc"), "gone", 1)).toBe("a");
    expect(step(rows("abc"), null, -1)).toBe("c");
    expect(step([], "a", 1)).toBeNull();
  });
});
