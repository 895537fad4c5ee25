import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fromBase64Url, fromHex, toHex, utf8 } from "../../src/verify/bytes";
import { canonicalText, readCanonical, type Json } from "../../src/verify/canonical";
import { readDer } from "../../src/verify/der";
import { inflateRaw, inflateZlib, TooMuch } from "../../src/verify/inflate";
import { leafHash, rootFromInclusion, rootOf } from "../../src/verify/merkle";

describe("canonical JSON (RFC 8785)", () => {
  it.each([
    // Sections 3.2.2 and 3.2.3 of the standard.
    ['{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}', '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'],
    ['{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}', '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'],
    ['["\\u000f\\n\\u0041\\u0042\\"\\\\\\/"]', '["\\u000f\\nAB\\"\\\\/"]'],
  ])("writes %s", (given, expected) => {
    expect(canonicalText(JSON.parse(given) as Json)).toBe(expected);
  });

  it.each(["1.0", "-0", "9007199254740992", '{"a":1,"a":1}', '{"b":1,"a":1}', " 1", '"\\ud800"', "[1,]", "\ufeff1"])(
    "refuses another spelling: %s",
    (text) => {
      expect(() => readCanonical(utf8(text))).toThrow();
    },
  );

  it("refuses what is nested without end", () => {
    expect(() => readCanonical(utf8("[".repeat(200_000)))).toThrow();
  });
});

describe("DER", () => {
  it.each(["3000", "020100", "0101ff", "31060201010201" + "02"])("takes %s", (hex) => {
    expect(() => readDer(fromHex(hex)!)).not.toThrow();
  });
  it.each(["", "30", "3081" + "00", "020200" + "01", "010101", "3106020102020101", "300000", "3080" + "0000", "0500ff"])("refuses %s", (hex) => {
    expect(() => readDer(fromHex(hex)!)).toThrow();
  });
});

describe("unfolding", () => {
  const text = utf8("Bonjour, ".repeat(5000) + Array.from({ length: 3000 }, (_, n) => n * n).join(""));
  it.each([0, 1, 6, 9])("agrees with zlib at level %i, and says where it ends", (level) => {
    const raw = new Uint8Array([...deflateRawSync(text, { level }), 1, 2, 3]);
    const unfolded = inflateRaw(raw, 0, text.length);
    expect(toHex(unfolded.content!)).toBe(toHex(text));
    expect(unfolded.end).toBe(raw.length - 3);
    expect(inflateZlib(new Uint8Array(deflateSync(text, { level })), 0, text.length, false).size).toBe(text.length);
  });
  it("stops at its bound", () => {
    expect(() => inflateZlib(new Uint8Array(deflateSync(new Uint8Array(1 << 20))), 0, 1000)).toThrow(TooMuch);
  });
  it("refuses a wrong checksum", () => {
    const folded = new Uint8Array(deflateSync(text));
    folded[folded.length - 1]! ^= 1;
    expect(() => inflateZlib(folded, 0, text.length)).toThrow();
  });
});

describe("Merkle tree (RFC 9162)", () => {
  it("has the roots of the published test vectors", async () => {
    const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const hashes = await Promise.all(leaves.map((leaf) => leafHash(fromHex(leaf)!)));
    expect(toHex(await rootOf(hashes))).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  });
  it("takes no proof of the wrong length", async () => {
    const leaf = await leafHash(utf8("x"));
    expect(await rootFromInclusion(leaf, 0, 2, [])).toBeNull();
    expect(await rootFromInclusion(leaf, 0, 1, [leaf])).toBeNull();
    expect(await rootFromInclusion(leaf, 2, 2, [leaf])).toBeNull();
  });
});

it("base64url has one spelling", () => {
  expect(fromBase64Url("QQ")).toEqual(utf8("A"));
  for (const other of ["QR", "QQ==", "Q", "Q Q", "QQ\n"]) expect(fromBase64Url(other)).toBeNull();
});
