import { describe, expect, test } from "vitest";

import { en } from "../src/locales/en";
import { fr } from "../src/locales/fr";

type Leaf = string | ((...args: never[]) => string);

function leaves(texts: unknown, path = ""): [string, Leaf][] {
  if (typeof texts === "string" || typeof texts === "function") return [[path, texts as Leaf]];
  return Object.entries(texts as object).flatMap(([key, value]) => leaves(value, `${path}/${key}`));
}

const said = (leaf: Leaf): string =>
  typeof leaf === "string" ? leaf : (leaf as (...args: unknown[]) => string)("a", "b", "c");

describe("the words", () => {
  test("every text is there in both languages, also where the type does not force it", () => {
    expect(leaves(fr).map(([path]) => path)).toEqual(leaves(en).map(([path]) => path));
  });

  test("no text is empty, and none was left untranslated", () => {
    const english = new Map(leaves(en).map(([path, leaf]) => [path, said(leaf)]));
    const same = leaves(fr).filter(([path, leaf]) => said(leaf) === english.get(path));
    for (const [path, leaf] of [...leaves(fr), ...leaves(en)]) expect(said(leaf).trim(), path).not.toBe("");
    // Words that are the same in both.
    expect(same.map(([path]) => path).sort()).toEqual(["/menu/button", "/menu/title", "/sign/code", "/takeover/code"]);
  });
});
